"""Every paper that contractors send is called by its kind, also where OCR has read it a little wrong."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from bot.config.reading import PapersSection
from bot.core import issuers
from bot.core.notice.document import Document, OpenFailure
from bot.core.notice.interpret import UnderstoodMail, understand
from bot.core.notice.missing_notice import Request
from bot.core.notice.paper_kinds import is_signature, issuer_of, kind_of_text, kind_of_trouble
from bot.core.policy.policy import Formats
from bot.core.records.paper import PaperKind, PaperRule, PaperRules
from bot.core.records.reasons import PaperReason, SubmissionReason
from tests.core.notice.kind_cases import TEXTS
from tests.core.verdict.cases import FIRM, KEY, NOTICE_TEXT, NUMBER, WORK, paper, read_mail

CASES = [(text, kind) for kind, texts in TEXTS.items() for text in texts]
LABELS = NOTICE_TEXT.partition("記\n")[2]


@pytest.mark.parametrize(("text", "kind"), CASES, ids=[f"{kind}-{n}" for n, (_, kind) in enumerate(CASES)])
def test_a_paper_is_called_by_its_kind(text: str, kind: PaperKind):
    assert kind_of_text(text)[0] is kind


@pytest.mark.parametrize("kind", TEXTS)
def test_a_kind_is_tried_with_six_texts_and_more(kind: PaperKind):
    assert len(set(TEXTS[kind])) >= 6


@pytest.mark.parametrize(("text", "kind"), CASES, ids=[f"{kind}-{n}" for n, (_, kind) in enumerate(CASES)])
def test_blanks_and_a_letterhead_change_no_kind(text: str, kind: PaperKind):
    spaced = "\n".join(" ".join(line) for line in text.split("\n"))
    assert kind_of_text(spaced)[0] is kind
    assert kind_of_text(f"令和8年6月3日\n\n　見本市長　様\n{text}\n1/1")[0] is kind


def test_every_sign_is_of_a_kind_and_every_kind_that_text_tells_has_signs():
    told = {PaperKind(sign.kind) for sign in issuers.SIGNS}
    untold = {
        *(PaperKind.IMAGE_NOTICE, PaperKind.KEY_IN_BODY, PaperKind.SIGNATURE),
        *(PaperKind.ATTACHED_MAIL, PaperKind.UNREADABLE, PaperKind.TRANSFER_LINK),
    }
    assert told | untold == set(PaperKind)
    assert all(kind_of_trouble(trouble) for trouble in OpenFailure)


def test_what_ocr_confuses_is_in_one_row_only_and_is_nothing_that_patterns_are_written_with():
    letters = "".join(issuers.LOOK_ALIKES)
    assert len(set(letters)) == len(letters)
    assert not any(letter.isascii() for letter in letters)


# -- the notice among the others


@pytest.mark.parametrize(
    "besides",
    [
        "前払金請求手続（前払金保証）、又は請負契約締結手続（契約保証）が完了いたします。",
        "前払金請求書と併せて提出してください。",
        "工事請負契約書の締結前に提出してください。",
        "保証書は電子保証のため、お送りしません。",
        "ネットデスクにログインのうえ、ご確認ください。",
    ],
)
def test_a_notice_that_speaks_of_other_papers_stays_a_notice(besides: str):
    (found,) = see(paper(f"{NOTICE_TEXT}{besides}")).papers
    assert (found.kind, found.reason) == (PaperKind.KEY_NOTICE, PaperReason.LABELS_AND_TITLE)


@pytest.mark.parametrize("kind", [PaperKind.CERTIFICATE, PaperKind.VIEWING_SCREEN])
def test_a_certificate_shows_a_number_but_no_key_even_beside_an_empty_field_for_one(kind: PaperKind):
    for text in TEXTS[kind][:3]:
        understood = see(paper(f"{text}\n認証キー："))
        assert ([p.kind for p in understood.papers], understood.notices) == ([kind], ())


def test_a_claim_that_tells_the_key_is_read_for_a_person():
    understood = see(paper(f"前払金請求書\n{LABELS}請求金額 20,000,000円"))
    assert [p.kind for p in understood.papers] == [PaperKind.CLAIM]
    assert [n.doubts for n in understood.notices] == [(SubmissionReason.NOT_THE_NOTICE_ITSELF,)]


# -- whose it is


@pytest.mark.parametrize(
    ("text", "issuer"),
    [
        ("電子保証にかかる「認証キー」のお知らせ\n東日本建設業保証株式会社", "東日本建設業保証"),
        ("電子証書閲覧用「認証キー」等のお知らせ\n西日本建設業保証株式会社", "西日本建設業保証"),
        ("電子証書にかかる「認証キー」のお知らせ\n北海道建設業信用保証株式会社", "北海道建設業信用保証"),
        ("電子認証にかかる「認証キー」のお知らせ", "北海道建設業信用保証"),
        ("認証キーのお知らせ\n東日本建設業保証(株)", "東日本建設業保証"),
        ("電子保証に係る「認证キ一」のお知らせ", "東日本建設業保証"),
        ("保証証券等確認システム\n閲覧用URL", "損害保険会社"),
        ("認証キーのお知らせ", ""),
        ("東日本建設業保証株式会社 西日本建設業保証株式会社", ""),
        ("", ""),
    ],
)
def test_an_issuer_is_told_by_the_papers_own_words(text: str, issuer: str):
    assert issuer_of(text) == issuer


def test_forms_of_numbers_and_keys_are_the_known_issuers_unless_the_config_has_its_own():
    assert (Formats().numbers, Formats().keys) == (issuers.NUMBER_PATTERNS, issuers.KEY_PATTERNS)
    assert Formats().is_number(NUMBER)
    assert Formats().is_key(KEY.reveal())


# -- signatures


@pytest.mark.parametrize(
    "name", ["smime.p7s", "signature.asc", "SMIME.P7S", "OpenPGP_signature.asc", "mail.eml/smime.p7s"]
)
def test_a_signature_is_no_paper_for_anybody(name: str):
    signature = paper(pages=(), trouble=OpenFailure.UNKNOWN_FORMAT, name=name, media_type="application/octet-stream")
    understood = see(signature, body="認証キーのお知らせを添付します。")
    assert [p.kind for p in understood.papers] == [PaperKind.SIGNATURE]
    assert understood.request is Request.NOTICE_MISSING


def test_a_signatures_ornament_is_no_file_that_may_be_the_notice():
    logo = paper(pages=(), trouble=OpenFailure.ORNAMENT, name="image001.png", media_type="image/png")
    understood = see(logo, body="認証キーのお知らせを添付します。")
    assert [p.reason for p in understood.papers] == [PaperReason.ORNAMENT]
    assert understood.request is Request.NOTICE_MISSING


@pytest.mark.parametrize(
    "changes",
    [
        {"name": "smime.p7s", "trouble": OpenFailure.NO_TEXT},
        {"name": "smime.p7s", "size_bytes": 1_000_000, "trouble": OpenFailure.UNKNOWN_FORMAT},
        {"name": "認証キー.doc", "trouble": OpenFailure.UNKNOWN_FORMAT},
    ],
)
def test_a_paper_does_not_hide_behind_a_signatures_name(changes):
    assert not is_signature(paper(pages=(), **changes))


def test_a_signature_in_letters_is_one():
    assert kind_of_text("\n-----BEGIN PGP SIGNATURE-----\niQIz") == (PaperKind.SIGNATURE, PaperReason.SIGNATURE)


# -- what the city decides


def see(*papers: Document, rules: dict[str, str] | None = None, **mail: str) -> UnderstoodMail:
    mail.setdefault("headers", "Subject: 認証キー")
    return understand(read_mail(*papers, **mail), Formats(papers=PaperRules.deciding(rules or {})))


ASKED = {
    PaperKind.CERTIFICATE: Request.NOTICE_INSTEAD_OF_CERTIFICATE,
    PaperKind.VIEWING_SCREEN: Request.NOTICE_INSTEAD_OF_VIEWING_SCREEN,
    PaperKind.NET_DESK_SCREEN: Request.NOTICE_INSTEAD_OF_SCREEN,
    PaperKind.COMPLETION_MAIL: Request.NOTICE_INSTEAD_OF_COMPLETION_MAIL,
    PaperKind.INSURER_ACCESS: Request.INSURER_ACCESS,
    PaperKind.INSURER_SECURITY: Request.INSURER_SECURITY,
    PaperKind.BANK_GUARANTEE: Request.BANK_GUARANTEE,
    PaperKind.CLAIM: Request.NOTICE_WITH_CLAIM,
    PaperKind.WORKS_CONTRACT: Request.NOTICE_WITH_CONTRACT,
}


@pytest.mark.parametrize("kind", ASKED)
def test_a_kind_is_asked_about_only_where_the_city_says_so(kind: PaperKind):
    papers = [paper(text) for text in TEXTS[kind][:1]]
    wishes = {rule: see(*papers, rules={kind: rule}).request for rule in PaperRule}
    assert wishes == {PaperRule.ACCEPT: None, PaperRule.ASK: ASKED[kind], PaperRule.PERSON: None}
    by_default = see(*papers).request
    assert by_default == (ASKED[kind] if kind.rule is PaperRule.ASK else None)


@pytest.mark.parametrize(("rule", "wanted"), [("ask", Request.ORIGINAL_PDF), ("person", None), ("accept", None)])
def test_a_picture_of_a_notice_is_asked_for_again_where_the_city_says_so(rule, wanted):
    for trouble in (OpenFailure.NO_TEXT, OpenFailure.SCANNED_TEXT):
        scan = paper(pages=(), trouble=trouble, name="scan.pdf")
        assert see(scan, rules={"image_notice": rule}).request is wanted


def test_a_claim_beside_a_closed_file_asks_for_that_file():
    claim, closed = (
        paper(TEXTS[PaperKind.CLAIM][0], name="2.pdf"),
        paper(pages=(), trouble=OpenFailure.ENCRYPTED, name="1.pdf"),
    )
    assert see(claim, closed).request is Request.WITHOUT_PASSWORD
    assert see(claim, closed, headers="Subject: 書類").request is None


def test_a_claim_beside_its_notice_asks_for_nothing():
    understood = see(paper(TEXTS[PaperKind.CLAIM][0]), paper())
    assert (len(understood.notices), understood.request) == (1, None)


def test_an_insurers_password_forwarded_in_words_is_answered_where_the_city_says_so():
    body = "保険会社から届きました。\n閲覧用URL https://kakunin.hoken.example.jp/v\n閲覧用パスワード x7Kp29Qd"
    assert (
        see(headers="Subject: 契約保証", body=body, rules={"insurer_access": "ask"}).request is Request.INSURER_ACCESS
    )
    assert see(headers="Subject: 契約保証", body=body).request is None


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        (PaperKind.NET_DESK_SCREEN, f"電子保証概要（前払金保証）\n{LABELS}"),
        (PaperKind.VIEWING_SCREEN, f"保証確認サービス（D-Sure）\n{LABELS}"),
        (PaperKind.CERTIFICATE, f"保証証書（前払金保証）\n{LABELS}"),
    ],
)
def test_what_the_city_takes_for_the_notice_is_read_without_doubt(kind: PaperKind, text: str):
    for rule, doubts in {"accept": (), "ask": (SubmissionReason.NOT_THE_NOTICE_ITSELF,)}.items():
        understood = see(paper(text), rules={kind: rule})
        assert [p.kind for p in understood.papers] == [kind]
        assert [(n.fields.number, n.doubts) for n in understood.notices] == [(NUMBER, doubts)]


def test_the_configs_section_has_every_kind_that_a_city_decides_about_and_the_tables_defaults():
    defaults = PapersSection().model_dump()
    assert defaults == {kind.value: kind.rule for kind in PaperKind if kind.rule is not None}
    assert PaperRules.deciding(defaults).of(PaperKind.CLAIM) is PaperKind.CLAIM.rule


def test_the_config_takes_no_word_that_is_no_rule():
    with pytest.raises(ValidationError):
        PapersSection(claim="refuse")  # type: ignore[arg-type]


def test_rules_travel_to_the_reading_child_as_they_are():
    formats, adapter = Formats(papers=PaperRules.deciding({"claim": "person"})), TypeAdapter(Formats)
    assert adapter.validate_json(adapter.dump_json(formats)) == formats
    assert formats.papers.of(PaperKind.CLAIM) is PaperRule.PERSON
    assert formats.papers.of(PaperKind.CERTIFICATE) is PaperRule.ASK


# -- any text

_WORDS = st.sampled_from(
    [
        *"認証キー保証契約番号お知らせ請求書金額期限銀行\n（）「」- ",
        "D-Sure",
        "電子保証",
        WORK,
        FIRM,
        *(t for t, _ in CASES),
    ]
)


@settings(deadline=None)
@given(st.one_of(st.text(), st.lists(_WORDS, max_size=30).map("".join)))
def test_any_text_is_some_paper(text: str):
    kind, reason = kind_of_text(text)
    assert isinstance(kind, PaperKind)
    assert isinstance(reason, PaperReason)
    assert isinstance(issuer_of(text), str)


@pytest.mark.parametrize(
    "piece", ["保証金額", "保証人", "銀行", "認証キー", "閲覧用", "保証契約一覧", "請求書\n", " ", "\n", "あ", "Dーe-"]
)
def test_a_long_text_takes_no_time(piece: str):
    text = piece * (200_000 // len(piece))
    before = time.process_time()
    kind_of_text(text)
    issuer_of(text)
    assert time.process_time() - before < 0.2
