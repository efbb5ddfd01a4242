"""Which change of the register is a new certificate, what it is called, and what a clerk is told who looks at it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.letters.case_texts import case_for_dsure
from bot.core.policy.policy import Desk, Office, Policy
from bot.core.records.guarantee import CertificateValues, Guarantee, GuaranteeState, Product
from bot.core.records.guarantee_version import (
    Seen,
    Version,
    VersionKind,
    changed_since,
    filled,
    kind_of,
    name_in_series,
    name_of,
    notes_for_dsure,
    version_name,
)
from bot.core.records.reasons import SubmissionReason
from bot.core.records.submission import SubmissionState
from tests.storage.samples import submission

POLICY = Policy(
    Office("見本市", "契約課", "", "", "", ""), ("hosho@city.example.jp",), (Desk("契約課", "keiyaku@city.example.jp"),)
)
S, K = GuaranteeState, VersionKind
AT = datetime(2026, 4, 1, 1, 0, tzinfo=UTC)
LATER = AT + timedelta(days=30)
ROW = Guarantee(
    "市道1号線舗装工事",
    "見本建設株式会社",
    Product.ADVANCE_PAYMENT,
    number="00123-000456",
    contract_amount_yen=50_000_000,
    guarantee_amount_yen=20_000_000,
    expires_on=date(2027, 3, 31),
    works_start_on=date(2026, 4, 1),
    works_end_on=date(2027, 3, 20),
    contracted_on=date(2026, 3, 30),
    deposit_bank="見本銀行",
    issued_at=AT,
    state=S.VERIFIED,
)


@pytest.mark.parametrize(
    ("changes", "kind"),
    [
        ({"revision": 1}, K.CHANGE),
        ({"revision": 3, "guarantee_amount_yen": 25_000_000, "issued_at": LATER}, K.CHANGE),
        ({"guarantee_amount_yen": 20_000_001}, K.CORRECTION),
        ({"expires_on": date(2027, 4, 30)}, K.CORRECTION),
        ({"works_start_on": date(2026, 4, 2)}, K.CORRECTION),
        ({"works_end_on": date(2027, 3, 21), "issued_at": LATER}, K.CORRECTION),
        ({"issued_at": AT - timedelta(hours=1)}, K.CORRECTION),
        ({"issued_at": LATER}, K.REISSUE),
        ({"state": S.ON_PAPER}, K.REISSUE),
        ({"state": S.ON_PAPER, "revision": 1}, K.CHANGE),
        ({"state": S.CANCELLED}, K.CANCELLATION),
        ({"state": S.CANCELLED, "revision": 1, "expires_on": date(2027, 4, 30)}, K.CANCELLATION),
        ({"state": S.EXPIRED}, None),
        ({"contract_amount_yen": 55_000_000}, None),
        ({"project_name": "市道１号線舗装工事（その1）", "contractor": "見本建設(株)", "jv_name": "見本JV"}, None),
        ({"contracted_on": date(2026, 3, 31), "deposit_bank": "例示銀行"}, None),
        ({"email": "a@example.jp", "desk": "契約課", "wants_issued_mail": True, "orderer": "見本市長"}, None),
        ({"guarantee_amount_yen": None, "expires_on": None, "issued_at": None}, None),
        ({}, None),
    ],
)
def test_what_a_change_of_a_seen_guarantee_is(changes: dict[str, object], kind: K | None) -> None:
    assert kind_of(ROW, replace(ROW, **changes)) is kind


@pytest.mark.parametrize(
    ("before", "after", "kind"),
    [
        ({"state": S.CANCELLED}, {"state": S.EXPECTED}, K.REISSUE),
        ({"state": S.CANCELLED}, {"state": S.ISSUED, "revision": 1, "issued_at": LATER}, K.REISSUE),
        ({"state": S.CANCELLED}, {"state": S.ON_PAPER}, K.REISSUE),
        ({"state": S.CANCELLED}, {"state": S.EXPIRED}, None),
        ({"state": S.CANCELLED}, {"state": S.CANCELLED, "guarantee_amount_yen": 1}, None),
        ({"state": S.ON_PAPER}, {"state": S.ISSUED}, K.REISSUE),
        ({"state": S.ON_PAPER}, {"state": S.ON_PAPER, "revision": 1}, K.CHANGE),
        ({"state": S.EXPECTED, "issued_at": None}, {"state": S.ON_PAPER}, None),  # nothing had been issued yet
        ({"state": S.EXPECTED, "issued_at": None}, {"state": S.ISSUED, "issued_at": AT}, None),  # learnt, not changed
        ({"guarantee_amount_yen": None, "works_end_on": None}, {"guarantee_amount_yen": 1}, None),
        ({"state": S.EXPIRED}, {"state": S.EXPECTED, "revision": 1, "expires_on": date(2028, 3, 31)}, K.CHANGE),
        ({"revision": 1}, {"revision": 0}, None),
    ],
)
def test_what_a_change_is_from_other_states(
    before: dict[str, object], after: dict[str, object], kind: K | None
) -> None:
    old = replace(ROW, **before)
    assert kind_of(old, replace(old, **after)) is kind


@pytest.mark.parametrize(
    ("changes", "kind"),
    [
        ({"state": S.EXPECTED}, K.NEW),
        ({"state": S.ON_PAPER}, K.NEW),
        ({"revision": 2}, K.CHANGE),
        ({"state": S.CANCELLED}, K.CANCELLATION),
    ],
)
def test_what_a_new_row_is(changes: dict[str, object], kind: K) -> None:
    row = replace(ROW, state=S.ISSUED, **{name: value for name, value in changes.items() if name != "state"})
    row = replace(row, state=changes.get("state", S.ISSUED))
    assert kind_of(None, row) is kind
    assert kind_of(None, row, K.REISSUE) is K.REISSUE


@pytest.mark.parametrize(
    ("changes", "said", "kind"),
    [
        ({"revision": 1}, K.CORRECTION, K.CORRECTION),
        ({"expires_on": date(2027, 4, 30)}, K.REISSUE, K.REISSUE),
        ({"expires_on": date(2027, 4, 30)}, K.NEW, K.CORRECTION),  # a ledger that says 新規 of whatever has no 変更番号
        ({"expires_on": date(2027, 4, 30)}, K.CHANGE, K.CORRECTION),
        ({"state": S.CANCELLED}, K.CANCELLATION, K.CANCELLATION),
        ({"contract_amount_yen": 1}, K.CHANGE, None),
        ({}, K.CORRECTION, None),  # the same file once more
    ],
)
def test_a_files_word_names_a_change_and_makes_none(changes: dict[str, object], said: K, kind: K | None) -> None:
    assert kind_of(ROW, replace(ROW, **changes), said) is kind


@given(
    st.sampled_from(S), st.sampled_from(S), st.integers(0, 3), st.sampled_from([None, *K]), st.sampled_from([None, 1])
)
def test_nothing_new_is_no_version_whatever_is_said(
    before: S, after: S, revision: int, said: K | None, yen: int | None
):
    old = replace(ROW, state=before, revision=revision, guarantee_amount_yen=yen)
    assert kind_of(old, old, said) is None
    new = replace(old, state=after)
    assert kind_of(new, new, said) is None


def test_every_kind_has_its_word_and_versions_their_names() -> None:
    names = [version_name(kind, revision) for revision in (0, 1) for kind in K]
    assert names == [
        *("新規", "変更", "訂正（新規）", "取消し（新規）", "再発行（新規）"),
        *("変更－1", "変更－1", "訂正（変更－1）", "取消し（変更－1）", "再発行（変更－1）"),
    ]


def version(kind: K = K.NEW, revision: int = 0, *seen: Seen, **changes: object) -> Version:
    values = {name: changes.pop(name) for name in list(changes) if name in CertificateValues.__dataclass_fields__}
    plain = Version(
        1, revision, kind, False, replace(CertificateValues.of(ROW), **values), AT, "台帳.csv", "契約課A", seen
    )
    return replace(plain, **changes)


def seen(result: SubmissionReason = SubmissionReason.VERIFIED_IN_DSURE, note: str = "") -> Seen:
    return Seen(LATER, "yamada@city.example.jp", result, "20261122-0001-1", note)


def test_the_first_version_needs_no_name() -> None:
    assert name_in_series(()) == name_in_series((version(),)) == ""
    assert name_in_series((version(), version(K.CHANGE, 1))) == "変更－1"
    assert name_in_series((version(K.CHANGE, 2),)) == "変更－2"
    assert name_of(version(K.CHANGE, 1, is_on_paper=True)) == "変更－1・紙"


def test_what_is_learnt_later_fills_what_was_not_known_and_changes_nothing() -> None:
    known = CertificateValues("", "", contract_amount_yen=5, deposit_bank="", issued_at=None)
    now = CertificateValues("", "", contract_amount_yen=6, deposit_bank="見本銀行", issued_at=AT)
    assert filled(known, now) == CertificateValues("", "", contract_amount_yen=5, deposit_bank="見本銀行", issued_at=AT)


def test_a_clerk_is_told_what_was_seen_last_and_what_has_changed_since() -> None:
    first = version(K.NEW, 0, seen())
    second = version(K.CHANGE, 1, guarantee_amount_yen=25_000_000, expires_on=date(2027, 6, 30))
    notes = notes_for_dsure(replace(ROW, revision=1, contract_amount_yen=50_000_000), (first, second))
    assert notes == (
        "前回の確認：令和8年5月1日 10時00分 確認済（新規の証書、yamada@city.example.jp）",
        "その後の変更：保証金額 20,000,000円→25,000,000円",
        "その後の変更：保証期限 令和9年3月31日→令和9年6月30日",
    )


def test_a_contract_amount_alone_is_a_note_and_no_difference() -> None:
    raised = replace(ROW, contract_amount_yen=55_000_000)
    (note,) = notes_for_dsure(raised, (version(),))
    assert note.startswith("請負金額は、この証書のときは50,000,000円でした")
    assert "相違ではありません" in note
    assert notes_for_dsure(ROW, (version(),)) == ()
    assert notes_for_dsure(None, ()) == ()


def test_a_case_for_d_sure_names_the_certificate_to_look_for() -> None:
    fresh = submission(state=SubmissionState.ACCEPTED, reasons=(SubmissionReason.NUMBER_MATCHES,))
    once_more = replace(
        fresh, reasons=(*fresh.reasons, SubmissionReason.VERIFIED_IN_DSURE, SubmissionReason.GUARANTEE_CHANGED)
    )
    series = (version(K.NEW, 0, seen()), version(K.CHANGE, 1))
    assert case_for_dsure(1, fresh, ROW, POLICY.keys, (version(),)).state == "受付済（D-Sure未確認）"
    shown = case_for_dsure(1, once_more, ROW, POLICY.keys, series)
    assert shown.state == "変更－1：D-Sureで改めて確認"
    assert ("対象の証書", "変更－1") in [(line.label, line.registered) for line in shown.fields]


def test_a_letter_written_before_a_change_is_about_another_certificate() -> None:
    first, second = version(), version(K.CHANGE, 1, learnt_at=LATER)
    assert changed_since((first, second), AT) == second
    assert changed_since((first, second), LATER) is None
    assert changed_since((first,), AT - timedelta(days=1)) is None
    assert changed_since((first, second), None) is None
