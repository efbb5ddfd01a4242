"""One held notice as an alert tells it: what was read beside what the register says, and the page to show.

Called by alerts.py and by what shows cases to clerks. Pure; nothing is raised.
"""

from __future__ import annotations

from bot.core.judging.history import reasons_in_words
from bot.core.judging.notice_verdict import NoticeVerdict
from bot.core.letters.to_desks import AlertCase, FieldLine
from bot.core.notice.document import TextSource
from bot.core.notice.evidence import Evidence, View, confusable_places
from bot.core.policy.policy import Desk, desks_for
from bot.core.records.guarantee_version import certificate_name
from bot.core.records.secret import AuthKey
from bot.core.records.submission import Field, ReadFrom, SubmissionState
from bot.core.text.normalise import clean


def work_of(judged: NoticeVerdict) -> str:
    """The work's name as the notice says it, else as the register does."""
    return clean(judged.notice.fields.project_name) or (judged.guarantee.project_name if judged.guarantee else "")


def desks_of(judged: NoticeVerdict, desks: tuple[Desk, ...]) -> tuple[Desk, ...]:
    """The desks that a case concerns: by the register's row, else by the notice's product."""
    guarantee = judged.guarantee
    product = judged.notice.fields.product
    if product is None and guarantee is not None:
        product = guarantee.product
    return desks_for(desks, product, guarantee.desk if guarantee else "")


def alert_case(receipt_number: str, judged: NoticeVerdict) -> AlertCase:
    """A held notice as an alert tells it: what was read beside what the register says, and why."""
    fields, guarantee = judged.notice.fields, judged.guarantee
    product = fields.product_as_written or (fields.product.words if fields.product else "")
    lines = (
        _line(judged, Field.PROJECT_NAME, clean(fields.project_name), guarantee.project_name if guarantee else ""),
        _line(judged, Field.CONTRACTOR, clean(fields.contractor), guarantee.firms if guarantee else ""),
        _line(judged, Field.PRODUCT, clean(product), guarantee.product.words if guarantee else ""),
        _line(judged, Field.NUMBER, clean(fields.number_as_written), guarantee.number if guarantee else ""),
    )
    which = (f"台帳の保証は「{certificate_name(guarantee.revision)}」です",) if guarantee and guarantee.revision else ()
    return AlertCase(
        receipt_number=receipt_number,
        reasons=reasons_in_words(judged.reasons, fields, guarantee, judged.earlier),
        fields=lines,
        key_state=_key_state(judged),
        evidence=(*judged.evidence, *which),
        document_name=judged.notice.document_name,
        why_not=judged.offer.why_not if judged.offer is not None else "",
    )


def _line(judged: NoticeVerdict, field: Field, read: str, registered: str) -> FieldLine:
    return FieldLine(field.words, read, registered, _how_read(judged.notice.evidence_for(field)))


def _how_read(evidence: Evidence | None) -> str:
    """How a field was read, where it was not simply printed text; of a number also what a second look made of it."""
    if evidence is None or (evidence.source is TextSource.TEXT and not evidence.alternatives):
        return ""
    notes = {
        TextSource.FORM_FIELD: ["入力欄の値です"],
        TextSource.ANNOTATION: ["注釈の文字です"],
        TextSource.IMAGE: [f"画像から読取り、読取りの確度{evidence.confidence}%"],
    }.get(evidence.source, [])
    if evidence.alternatives and evidence.field is Field.NUMBER:
        notes.append("別の読取り: " + "、".join(clean(one.reveal(), 30) for one in evidence.alternatives))
    return "。".join(notes)


MOST_VIEWS = 6  # pictures in one mail: a city's gateway takes some MB


def page_views(judged: NoticeVerdict) -> tuple[View, ...]:
    """The page to show for a held notice: where its key stands, else its number."""
    notice = judged.notice
    shown = notice.evidence_for(Field.KEY) or notice.evidence_for(Field.NUMBER)
    if (
        judged.state is not SubmissionState.HELD
        or shown is None
        or not notice.part
        or notice.read_from is ReadFrom.BODY
    ):
        return ()
    on_page = [one for one in notice.evidence if one.page == shown.page]
    is_recognised = shown.source is TextSource.IMAGE
    return (View(notice.part, shown.page, tuple((one.field, one.box) for one in on_page), is_recognised),)


def _key_state(judged: NoticeVerdict) -> str:
    """What is known about the key, without a letter of it."""
    key = judged.notice.fields.auth_key
    if key is None:
        return "読み取れませんでした"
    count = len(key.reveal())
    registered = judged.guarantee.auth_key if judged.guarantee else None
    evidence = judged.notice.evidence_for(Field.KEY)
    is_image = evidence is not None and evidence.source is TextSource.IMAGE
    how = f"{count}文字を画像から読み取りました" if is_image else f"{count}文字を読み取りました"
    if registered is None:
        told = f"{how}（台帳にキーの登録なし）"
    else:
        told = f"{how}（台帳のキーと{'一致' if key.same_as(registered) else '不一致'}）"
    return told + ("" if evidence is None else _what_to_compare(key, evidence, is_image=is_image))


def _what_to_compare(key: AuthKey, evidence: Evidence, *, is_image: bool) -> str:
    """Which letters of a key a person should look at, by their places alone."""
    places = confusable_places(key.reveal()) if is_image else ()
    words = f"。見間違えやすい文字: {'・'.join(map(str, places))}文字目" if places else ""
    for other in evidence.alternatives:
        if len(other.reveal()) != len(key.reveal()):
            words += f"。別の読取りでは{len(other.reveal())}文字"
        else:
            pairs = zip(key.reveal(), other.reveal(), strict=True)
            differing = [str(place) for place, (a, b) in enumerate(pairs, 1) if a != b]
            words += f"。別の読取りと{'・'.join(differing)}文字目が相違"
    return words
