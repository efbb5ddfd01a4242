"""Every field says where it stood, what it was read from, how surely; and a picture proves nothing by itself."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.core.letters.to_desks import Alert, MailAlert
from bot.core.notice.document import Document, Line, OpenFailure, Page, PageCell, TextSource, Unread, text_page
from bot.core.notice.evidence import Box, cells_between, confusable_places, evidence_of
from bot.core.notice.interpret import read_paper
from bot.core.notice.key_notice import read_notices
from bot.core.notice.visual_check import VisualCheck, mark_unchecked, visual_check_for
from bot.core.policy.policy import Formats
from bot.core.records.incoming_mail import MailState
from bot.core.records.reasons import MailReason, PaperReason, SubmissionReason
from bot.core.records.secret import AuthKey
from bot.core.records.submission import Field, ReadFrom, SubmissionState
from bot.core.verdict.mail_verdict import Verdict
from tests.core.verdict.cases import (
    FIRM,
    KEY,
    NOTICE_TEXT,
    NUMBER,
    POLICY,
    SENDER,
    WORK,
    guarantee,
    look_up,
    paper,
    raw_mail,
    sort,
    submission,
)

FORMATS = Formats()
MAIL = raw_mail("Subject: 認証キー")


def seen(text: str = NOTICE_TEXT, confidence: int = 93, **changes: object) -> Document:
    """A paper whose page was recognised from a picture."""
    page = text_page(text)
    lines = tuple(
        Line(tuple(replace(cell, source=TextSource.IMAGE, confidence=confidence) for cell in line.cells))
        for line in page.lines
    )
    return replace(paper(pages=(replace(page, lines=lines),)), **changes)  # type: ignore[arg-type]


def test_each_field_of_a_notice_has_its_place_source_and_confidence() -> None:
    (reading,) = read_notices(seen().pages, FORMATS)
    found = {one.field: (one.page, one.source, one.confidence) for one in reading.evidence}
    assert found == dict.fromkeys(
        (Field.PROJECT_NAME, Field.CONTRACTOR, Field.PRODUCT, Field.NUMBER, Field.KEY), (1, TextSource.IMAGE, 93)
    )
    assert reading.is_from_image


def test_the_box_is_that_of_the_value_without_its_label() -> None:
    line = Line((PageCell("認証キー：Ab12Cd34Ef56", 100.0, 10.0, 320.0, 20.0),))
    (reading,) = read_notices(
        [Page(1, 600, 800, (Line((PageCell(f"保証契約番号：{NUMBER}", 100, 0, 300, 9),)), line))], FORMATS
    )
    evidence = reading.evidence_for(Field.KEY)
    assert evidence is not None
    # 22 columns of 10 points: the label has ten of them.
    assert evidence.box == Box(200.0, 10.0, 320.0, 20.0)


def test_a_value_over_two_lines_has_one_box_around_both() -> None:
    cells = (PageCell("道路改良", 100, 0, 180, 10), PageCell("工事", 100, 14, 140, 24))
    evidence = evidence_of(Field.PROJECT_NAME, 2, cells)
    assert evidence is not None
    assert (evidence.page, evidence.box) == (2, Box(100, 0, 180, 24))


def test_the_worst_source_and_the_least_confidence_count() -> None:
    cells = (PageCell("a", 0, 0, 1, 1), PageCell("b", 1, 0, 2, 1, TextSource.IMAGE, 71), PageCell("c", 2, 0, 3, 1))
    evidence = evidence_of(Field.KEY, 1, cells)
    assert evidence is not None
    assert (evidence.source, evidence.confidence) == (TextSource.IMAGE, 71)


def test_nothing_read_is_no_evidence() -> None:
    assert evidence_of(Field.KEY, 1, (PageCell(" ", 0, 0, 1, 1),)) is None


def test_cells_are_cut_where_the_value_begins_and_ends() -> None:
    line = Line((PageCell("番号：12", 0, 0, 80, 10), PageCell("続き", 90, 0, 130, 10)))
    assert [(c.text, c.x0, c.x1) for c in cells_between(line, (0, 3), (2, 0))] == [
        ("12", 60.0, 80.0),
        ("続き", 90, 130),
    ]


@pytest.mark.parametrize(
    ("letters", "places"), [("acdefhkmnprt", ()), ("0aO1lI", (1, 3, 4, 5, 6)), ("xS5Z2B8u", (2, 3, 4, 5, 6, 7, 8))]
)
def test_places_where_letters_are_taken_for_others_are_counted_from_one(letters: str, places: tuple[int, ...]) -> None:
    assert confusable_places(letters) == places


# -- what a picture is worth


def only(verdict: Verdict) -> tuple[SubmissionState, tuple[SubmissionReason, ...], ReadFrom]:
    (one,) = verdict.submissions
    return one.state, one.reasons, one.read_from


def test_a_key_from_a_picture_is_held_though_number_and_names_agree() -> None:
    verdict = sort(MAIL, seen(), register=lambda said: look_up(guarantee(), number=said.number))
    assert only(verdict) == (SubmissionState.HELD, (SubmissionReason.READ_FROM_IMAGE,), ReadFrom.OCR)


def test_a_key_from_a_picture_is_accepted_where_the_register_has_that_very_key() -> None:
    verdict = sort(MAIL, seen(), register=lambda said: look_up(guarantee(auth_key=KEY), number=said.number))
    assert only(verdict)[:2] == (SubmissionState.ACCEPTED, (SubmissionReason.NUMBER_AND_KEY_MATCH,))


def test_names_with_misread_letters_do_not_speak_against_the_registers_own_key() -> None:
    text = NOTICE_TEXT.replace(WORK, WORK.replace("道", "造", 1)).replace(FIRM, FIRM.replace("建", "健", 1))
    verdict = sort(MAIL, seen(text), register=lambda said: look_up(guarantee(auth_key=KEY), number=said.number))
    assert only(verdict)[0] is SubmissionState.ACCEPTED
    assert any("ほぼ一致" in sentence for sentence in verdict.submissions[0].evidence)


def test_another_works_name_on_a_picture_is_held_even_with_the_registers_key() -> None:
    text = NOTICE_TEXT.replace(WORK, "若葉ポンプ場機械設備更新工事")
    verdict = sort(MAIL, seen(text), register=lambda said: look_up(guarantee(auth_key=KEY), number=said.number))
    assert only(verdict)[:2] == (SubmissionState.HELD, (SubmissionReason.PROJECT_NAME_DIFFERS,))


def test_a_sender_is_not_told_that_a_picture_of_his_differs() -> None:
    known = guarantee(auth_key=AuthKey("zzzzzzzzzzzz"), email=SENDER)
    verdict = sort(MAIL, seen(), register=lambda said: look_up(known, number=said.number))
    assert SubmissionReason.KEY_DIFFERS in verdict.submissions[0].reasons
    assert [draft.context.__class__.__name__ for draft in verdict.drafts if draft.answers] == ["Receipt"]


def test_a_picture_read_wrongly_before_does_not_stand_against_the_notice_itself() -> None:
    misread = submission(read_from=ReadFrom.OCR, reasons=(SubmissionReason.READ_FROM_IMAGE,))
    misread = replace(misread, fields=replace(misread.fields, auth_key=AuthKey(KEY.reveal().replace("I", "1"))))
    verdict = sort(MAIL, paper(), register=lambda said: look_up(guarantee(), number=said.number, earlier=(misread,)))
    assert only(verdict)[0] is SubmissionState.ACCEPTED


# -- what the desk sees of it


def alert_of(verdict: Verdict) -> Alert:
    return next(draft.context for draft in verdict.drafts if isinstance(draft.context, Alert))


def test_the_alert_says_what_was_read_from_a_picture_and_never_a_letter_of_the_key() -> None:
    verdict = sort(MAIL, seen(), register=lambda said: look_up(guarantee(), number=said.number))
    (case,) = alert_of(verdict).cases
    assert [field.note for field in case.fields] == ["画像から読取り、読取りの確度93%"] * 4
    assert "12文字を画像から読み取りました" in case.key_state
    assert KEY.reveal() not in repr(verdict.drafts)


def test_the_alert_asks_for_a_picture_of_the_page_with_its_fields() -> None:
    policy = replace(POLICY, pictures=True)
    verdict = sort(MAIL, seen(), policy=policy, register=lambda said: look_up(guarantee(), number=said.number))
    (view,) = next(draft.views for draft in verdict.drafts if isinstance(draft.context, Alert))
    assert (view.part, view.page, view.is_recognised) == ("2", 1, True)
    assert {field for field, _ in view.boxes} >= {Field.NUMBER, Field.KEY}


def test_no_picture_is_asked_for_where_the_city_wants_none() -> None:
    verdict = sort(MAIL, seen(), register=lambda said: look_up(guarantee(), number=said.number))
    assert [draft.views for draft in verdict.drafts] == [()] * len(verdict.drafts)


# -- pages that stay unread


def test_a_good_notice_beside_an_unread_page_is_accepted_and_the_desk_is_told_of_the_page() -> None:
    document = paper(unread=(Unread(2, OpenFailure.NO_TEXT),))
    verdict = sort(MAIL, document, register=lambda said: look_up(guarantee(), number=said.number))
    assert only(verdict)[0] is SubmissionState.ACCEPTED
    assert verdict.reason is MailReason.NOTICE_AND_UNREAD
    told = next(draft.context for draft in verdict.drafts if isinstance(draft.context, MailAlert))
    assert any("2ページ" in line for line in told.papers)


OTHER_NUMBER, OTHER_KEY = "49965-719831", "Qr7sTu8vWx9y"


@pytest.mark.parametrize(
    "rest",
    [
        f"保祉契約洛号 {OTHER_NUMBER}\n認汕キ {OTHER_KEY}",
        f"保祉契約洛号：{OTHER_NUMBER.replace('-', '－')}",
        f"認祉キ：{OTHER_KEY}",
    ],
)
def test_a_notice_whose_labels_were_misread_beside_another_is_told_to_a_desk(rest: str) -> None:
    picture = seen(f"{NOTICE_TEXT}\n{rest}")
    verdict = sort(MAIL, picture, register=lambda said: look_up(guarantee(auth_key=KEY), number=said.number))
    assert only(verdict)[0] is SubmissionState.ACCEPTED
    assert verdict.reason is MailReason.NOTICE_AND_UNREAD
    assert PaperReason.MORE_ON_PICTURE in {one.reason for one in verdict.papers}
    told = next(draft.context for draft in verdict.drafts if isinstance(draft.context, MailAlert))
    assert any("1ページ" in line for line in told.papers)
    assert OTHER_KEY not in repr(verdict.drafts)


@pytest.mark.parametrize("rest", ["", f"保証契約番号 {NUMBER}", "電話 03-5550-1234", "令和８年６月３日"])
def test_what_else_stands_on_a_picture_of_a_notice_is_no_second_one(rest: str) -> None:
    said = read_paper(seen(f"{NOTICE_TEXT}\n{rest}"), FORMATS)
    assert (len(said.notices), said.besides) == (1, ())


def test_unread_pages_are_told_once_for_each_cause() -> None:
    pages = ((2, OpenFailure.NO_TEXT), (3, OpenFailure.NO_TEXT), (21, OpenFailure.LIMITS))
    unread = (*(Unread(*one) for one in pages), *(Unread(page, OpenFailure.NOT_REACHED) for page in (5, 7, 8, 9)))
    said = read_paper(paper(unread=unread), FORMATS)
    assert [(one.name, one.reason) for one in said.besides] == [
        ("認証キー.pdf（2～3ページ）", PaperReason.NO_TEXT),
        ("認証キー.pdf（21ページ）", PaperReason.LIMITS),
        ("認証キー.pdf（5・7～9ページ）", PaperReason.NOT_REACHED),
    ]


@pytest.mark.parametrize(
    ("document", "look"),
    [
        (paper(), VisualCheck.CHECK),
        (paper("請求書"), VisualCheck.NONE),
        (paper(pages=(), trouble=OpenFailure.NO_TEXT), VisualCheck.READ),
        (paper("請求書", unread=(Unread(2, OpenFailure.SCANNED_TEXT),)), VisualCheck.READ),
        (paper(pages=(), trouble=OpenFailure.ENCRYPTED), VisualCheck.NONE),
        (paper(pages=(), trouble=OpenFailure.ORNAMENT, media_type="image/png"), VisualCheck.NONE),
    ],
)
def test_what_a_second_look_may_give(document: Document, look: VisualCheck) -> None:
    assert visual_check_for([document], [read_paper(document, FORMATS)]) is look


def test_what_could_not_be_looked_at_is_for_a_person() -> None:
    said = mark_unchecked(read_paper(paper(), FORMATS))
    assert [reading.doubts for reading in said.notices] == [(SubmissionReason.NOT_SEEN,)]


def test_a_desk_sees_a_picture_of_which_only_the_kind_could_be_told() -> None:
    verdict = sort(MAIL, seen("保証証書（前払金保証）\n保証金額 20,000,000円\n保証期限 令和9年3月25日"))
    assert [one.reason for one in verdict.papers] == [PaperReason.TEXT_OF_PICTURE]
    assert {type(draft.context).__name__ for draft in verdict.drafts} == {"NoticeWanted", "MailAlert"}


def test_a_picture_that_says_nothing_is_asked_for_as_a_pdf_and_shown_to_a_desk() -> None:
    verdict = sort(MAIL, seen("ぬぬぬ ぬぬぬ"))
    assert [one.reason for one in verdict.papers] == [PaperReason.NO_SIGN_ON_PICTURE]
    assert {type(draft.context).__name__ for draft in verdict.drafts} == {"NoticeWanted", "MailAlert"}


# -- several looks at one notice


def test_of_a_scan_and_its_pdf_in_one_mail_the_pdf_counts() -> None:
    similar = NOTICE_TEXT.replace(KEY.reveal(), KEY.reveal().replace("I", "l"))
    for papers in ((seen(similar), paper()), (paper(), seen(similar)), (seen(), paper())):
        verdict = sort(MAIL, *papers, register=lambda said: look_up(guarantee(), number=said.number))
        assert only(verdict) == (SubmissionState.ACCEPTED, (SubmissionReason.NUMBER_MATCHES,), ReadFrom.PDF_TEXT)


def test_a_scan_with_another_key_than_the_pdf_beside_it_stops_both() -> None:
    other = NOTICE_TEXT.replace(KEY.reveal(), "zzzzwwwwkkkk")
    verdict = sort(MAIL, seen(other), paper(), register=lambda said: look_up(guarantee(), number=said.number))
    assert [one.state for one in verdict.submissions] == [SubmissionState.HELD] * 2


def test_a_waiting_scan_with_a_wholly_different_key_stops_the_next_notice_of_its_number() -> None:
    waiting = submission(read_from=ReadFrom.OCR, reasons=(SubmissionReason.READ_FROM_IMAGE,))
    waiting = replace(waiting, fields=replace(waiting.fields, auth_key=AuthKey("zzzzwwwwkkkk")))
    verdict = sort(MAIL, paper(), register=lambda said: look_up(guarantee(), number=said.number, earlier=(waiting,)))
    assert only(verdict)[:2] == (SubmissionState.HELD, (SubmissionReason.OTHER_KEY_BEFORE,))


def test_a_recognised_page_without_a_notice_beside_a_good_one_is_told_to_a_desk() -> None:
    blurred = replace(seen("ぬぬぬ ぬぬぬ").pages[0], number=2)
    document = paper(pages=(*paper().pages, blurred))
    verdict = sort(MAIL, document, register=lambda said: look_up(guarantee(), number=said.number))
    assert (only(verdict)[0], verdict.reason) == (SubmissionState.ACCEPTED, MailReason.NOTICE_AND_UNREAD)


@pytest.mark.parametrize("media_type", ["application/pdf", "image/tiff", "image/heic", "image/jpeg"])
def test_a_fax_without_a_sender_is_shown_to_a_person(media_type: str) -> None:
    fax = paper(pages=(), trouble=OpenFailure.NO_TEXT, media_type=media_type)
    assert sort(MAIL, fax, mail_from="").state is MailState.PASSED_ON


def test_an_ornament_in_a_machines_mail_is_nobodys_fax() -> None:
    logo = paper(pages=(), trouble=OpenFailure.ORNAMENT, media_type="image/png")
    assert sort(MAIL, logo, mail_from="").state is MailState.IGNORED
