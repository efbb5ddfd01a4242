"""What a mail brings: its papers by kind, its notices once each, and the one thing to ask for."""

from __future__ import annotations

import pytest

from bot.core.mail.quoting import own_words
from bot.core.notice.document import Document, OpenFailure
from bot.core.notice.interpret import MOST_NOTICES, UnderstoodMail, understand
from bot.core.notice.missing_notice import Request
from bot.core.policy.policy import Formats
from bot.core.records.paper import Paper, PaperKind
from bot.core.records.reasons import PaperReason
from bot.core.records.reasons import SubmissionReason as Why
from bot.core.records.submission import ReadFrom
from tests.core.verdict.cases import KEY, NOTICE_TEXT, NUMBER, OTHER_KEY, paper, read_mail

TYPED = f"保証契約番号：{NUMBER}\n認証キー：{KEY.reveal()}\n"
TYPED_OTHER_KEY = TYPED.replace(KEY.reveal(), OTHER_KEY.reveal())
SCREEN = "電子保証概要（前払金保証）※最新の情報を表示しています。\n" + NOTICE_TEXT.partition("記\n")[2]


def seen(*papers: Document, **mail: str) -> UnderstoodMail:
    return understand(read_mail(*papers, **mail), Formats())


def notices(understood: UnderstoodMail) -> list[tuple[str, str, ReadFrom, tuple[Why, ...]]]:
    return [
        (n.fields.number, n.fields.auth_key.reveal(), n.read_from, n.doubts)
        for n in understood.notices
        if n.fields.auth_key
    ]


IN_PDF = (NUMBER, KEY.reveal(), ReadFrom.PDF_TEXT, ())


def test_a_notice_is_found_by_its_title_and_labels():
    understood = seen(paper())
    assert understood.papers == (
        Paper("認証キー.pdf", PaperKind.KEY_NOTICE, PaperReason.LABELS_AND_TITLE, "東日本建設業保証"),
    )
    assert notices(understood) == [IN_PDF]
    assert understood.request is None


def test_a_file_without_name_is_called_by_its_part():
    assert [p.name for p in seen(paper(name="")).papers] == ["添付2"]


def test_a_key_in_a_files_name_is_not_shown():
    assert [p.name for p in seen(paper(name=f"鍵_{KEY.reveal()}.pdf")).papers] == ["鍵_＊＊＊＊＊＊.pdf"]
    assert [p.name for p in seen(paper(name="Scan20261122103000.pdf")).papers] == ["Scan20261122103000.pdf"]


def test_a_complete_paper_without_title_is_taken_and_an_incomplete_one_left_to_a_person():
    untitled = NOTICE_TEXT.partition("記\n")[2]
    assert notices(seen(paper(untitled))) == [IN_PDF]
    ((*_, doubts),) = notices(seen(paper(TYPED)))
    assert doubts == (Why.NOT_THE_NOTICE_ITSELF,)


def test_a_print_of_the_screen_is_read_for_a_person():
    understood = seen(paper(SCREEN))
    assert understood.papers == (Paper("認証キー.pdf", PaperKind.NET_DESK_SCREEN, PaperReason.TEXT_OF_PAPER),)
    assert notices(understood) == [(*IN_PDF[:3], (Why.NOT_THE_NOTICE_ITSELF,))]


@pytest.mark.parametrize("texts", [(SCREEN, NOTICE_TEXT), (NOTICE_TEXT, SCREEN)])
def test_the_notice_itself_counts_before_a_print_of_the_screen(texts):
    understood = seen(*(paper(text, name=f"{n}.pdf") for n, text in enumerate(texts)))
    assert notices(understood) == [IN_PDF]
    assert understood.notices[0].document_name == f"{texts.index(NOTICE_TEXT)}.pdf"


def test_the_paper_counts_before_the_body_that_repeats_it():
    understood = seen(paper(), body=TYPED)
    assert notices(understood) == [IN_PDF]
    assert [p.kind for p in understood.papers] == [PaperKind.KEY_NOTICE, PaperKind.KEY_IN_BODY]


def test_one_number_with_two_keys_in_one_mail_is_sure_of_neither():
    doubts = [n[3] for n in notices(seen(paper(), body=TYPED_OTHER_KEY))]
    assert doubts == [(Why.TWO_KEYS_IN_MAIL,), (Why.TYPED_IN_BODY, Why.TWO_KEYS_IN_MAIL)]


def test_the_same_paper_twice_is_one_notice():
    assert notices(seen(paper(), paper(name="2.pdf"))) == [IN_PDF]


def test_several_notices_are_kept_in_the_mails_order():
    second = NOTICE_TEXT.replace(NUMBER, "20002-000002")
    assert [n[0] for n in notices(seen(paper(second), paper()))] == ["20002-000002", NUMBER]


def test_what_is_typed_in_the_body_is_read_for_a_person():
    assert notices(seen(body=TYPED)) == [(NUMBER, KEY.reveal(), ReadFrom.BODY, (Why.TYPED_IN_BODY,))]
    assert notices(seen(body=f"認証キー：{KEY.reveal()}")) == []


@pytest.mark.parametrize(
    "words",
    [
        "保証契約番号は{number}、認証キーは{key}です。",
        "認証キーは「{key}」、保証契約番号は「{number}」となります。",
        "下記工事の認証キーは {key} （保証契約番号 {number}）です。",
        "保証契約番号／認証キー：{number}／{key}",
        "「保証契約番号」{number}\n「認証ｷｰ」{key}",
        "保証契約番号（{number}）、認証キー（{key}）",
        "| 保証契約番号 | {number} |\n| 認証キー | {key} |",
        "保証契約番号は\n{number}\n認証キーは\n{key}\nです。",
    ],
)
def test_number_and_key_told_in_a_sentence_are_read_for_a_person(words: str):
    body = f"お世話になります。\n{words.format(number=NUMBER, key=KEY.reveal())}\n--\n電話 0297-00-0000"
    assert notices(seen(body=body)) == [(NUMBER, KEY.reveal(), ReadFrom.BODY, (Why.TYPED_IN_BODY,))]


@pytest.mark.parametrize(
    "words",
    [
        f"保証契約番号は{NUMBER}です。認証キーは追ってお知らせします。\n担当 kensetsukouj",
        f"保証契約番号は{NUMBER}と20002-000002、認証キーは{KEY.reveal()}です。",
        f"保証契約番号は{NUMBER}と20002-000002、認証キーは{KEY.reveal()}と{OTHER_KEY.reveal()}です。",
        f"電話番号 0297-00-0000、認証キーは{KEY.reveal()}です。",
    ],
)
def test_a_sentence_that_pairs_no_number_with_a_key_gives_none(words: str):
    assert notices(seen(body=words)) == []


@pytest.mark.parametrize(
    "quoted",
    [
        "".join(f"> {line}\n" for line in TYPED.splitlines()),
        f"-----Original Message-----\n{TYPED}",
        f"----- 元のメッセージ -----\n{TYPED}",
        f"________________________________\n{TYPED}",
        f"On Mon, 2 Nov 2026 at 10:00, somebody wrote:\n{TYPED}",
        f"2026年11月2日(月) 10:00 契約課 <hosho@city.example.jp>のメール:\n{TYPED}",
    ],
)
def test_what_a_body_quotes_is_not_what_it_says(quoted: str):
    assert own_words(f"届きましたか。\n{quoted}") == "届きましたか。"
    assert notices(seen(body=f"届きましたか。\n{quoted}")) == []


@pytest.mark.parametrize("count", [MOST_NOTICES, MOST_NOTICES + 1])
def test_too_many_notices_are_left_to_a_person(count: int):
    texts = [f"保証契約番号：{10000 + n}-000001\n認証キー：{KEY.reveal()}" for n in range(count)]
    understood = seen(paper(pages=(), trouble=OpenFailure.NO_TEXT, name="scan.pdf"), body="\n".join(texts))
    if count == MOST_NOTICES:
        assert len(understood.notices) == count
        assert understood.papers[1].reason is PaperReason.TYPED_IN_BODY
    else:
        assert (understood.notices, understood.request) == ((), None)
        assert [p.reason for p in understood.papers] == [PaperReason.NO_TEXT, PaperReason.LIMITS]


# -- what to ask for


@pytest.mark.parametrize(
    ("trouble", "wanted"),
    [
        (OpenFailure.ENCRYPTED, Request.WITHOUT_PASSWORD),
        (OpenFailure.ARCHIVE, Request.UNPACKED),
        (OpenFailure.NO_TEXT, Request.ORIGINAL_PDF),
        (OpenFailure.DAMAGED, Request.READABLE_FILE),
        (OpenFailure.GARBLED, Request.READABLE_FILE),
        (OpenFailure.LIMITS, Request.READABLE_FILE),
        (OpenFailure.TOO_LARGE, Request.READABLE_FILE),
        (OpenFailure.ATTACHED_MAIL, None),
        (OpenFailure.UNKNOWN_FORMAT, Request.READ_FORMAT),
    ],
)
def test_a_file_that_can_not_be_read_is_asked_for_again_where_a_notice_was_meant(trouble, wanted):
    closed = paper(pages=(), trouble=trouble, name="1.pdf")
    assert seen(closed).request is wanted
    assert seen(closed, headers="Subject: 打合せ資料").request is None
    assert len(seen(closed).papers) == 1


@pytest.mark.parametrize(
    ("text", "kind", "wanted"),
    [
        (
            "保証書（前払金保証）\n保証金額 20,000,000円\n保証期限",
            PaperKind.CERTIFICATE,
            "notice_instead_of_certificate",
        ),
        (
            "電子保証（認証キー）発行完了のお知らせ\nネットデスクにログインしてください",
            PaperKind.COMPLETION_MAIL,
            "notice_instead_of_completion_mail",
        ),
        ("電子保証概要（前払金保証）\n商品名", PaperKind.NET_DESK_SCREEN, "notice_instead_of_screen"),
        ("前払金請求書\n請求金額 1円", PaperKind.CLAIM, "notice_with_claim"),
        ("工事請負契約書", PaperKind.WORKS_CONTRACT, None),
        ("保証証券等確認システム\n閲覧用URL", PaperKind.INSURER_ACCESS, None),
        ("ご挨拶", PaperKind.OTHER, None),
        ("電子保証にかかる「認証キー」のお知らせ", PaperKind.KEY_NOTICE, "original_pdf"),
    ],
)
def test_another_paper_is_named_and_the_notice_asked_for_in_its_place(text, kind, wanted):
    understood = seen(paper(text), headers="Subject: 書類")
    assert [p.kind for p in understood.papers] == [kind]
    assert understood.request == wanted


@pytest.mark.parametrize(
    ("subject", "body", "wanted"),
    [
        ("認証キーの送付", "認証キーのお知らせを添付しますのでご確認ください。", Request.NOTICE_MISSING),
        ("認証キーについて", "認証キーをお送りする宛先はこちらでよろしいでしょうか。", None),
        ("認証キー", "ダウンロードの方法を教えてください。", None),
        ("打合せ", "資料を添付します。", None),
        (
            "Fwd: 電子保証（認証キー）発行完了のお知らせ",
            "下記のとおり届きました。",
            Request.NOTICE_INSTEAD_OF_COMPLETION_MAIL,
        ),
    ],
)
def test_a_mail_without_papers_is_asked_for_one_only_when_it_says_that_it_brings_one(subject, body, wanted):
    assert seen(headers=f"Subject: {subject}", body=body).request is wanted


def test_where_a_notice_was_found_nothing_is_asked_for():
    assert seen(paper(), paper(pages=(), trouble=OpenFailure.ENCRYPTED)).request is None
