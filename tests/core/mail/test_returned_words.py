"""A mail that somebody sends back is no submission; a contractor who repeats or mends his own sends a submission."""

from __future__ import annotations

import pytest

from bot.core.mail.delivery_status import Report
from bot.core.mail.parse import parse_mail
from bot.core.mail.quoting import is_returning
from bot.core.records.reasons import SubmissionReason
from bot.core.records.submission import SubmissionState
from tests.core.verdict.cases import guarantee, look_up, paper, raw_mail, sort

SENT_BACK = (
    "宛先違いのため返送します。",
    "このメールは弊社宛てではないようです。返送いたします。",
    "心当たりのないメールが届きましたので返送いたします。",
    "誤って届いたようですのでお返しします。",
    "宛先を間違えていらっしゃるようです。",
    "当課あてのものではないため、お返しいたします。",
)
OWN = (
    "お世話になっております。届いていないようですので再送します。",
    "エラーで戻ってきたため、再度お送りします。",
    "ご指摘の箇所を修正のうえ返送いたします。",
    "先ほどのメールは誤送信でした。正しいものをお送りします。",
    "先日誤って別の工事のものをお送りしました。差し替えをお願いします。",
    "送付先を間違えておりましたので、改めてお送りします。",
)


def returning(body: str, subject: str = "認証キー", report: Report | None = None) -> bool:
    return is_returning(parse_mail(raw_mail(f"Subject: {subject}", body)).mail, report or Report())


@pytest.mark.parametrize("words", SENT_BACK)
def test_words_of_somebody_for_whom_it_was_not_meant(words: str) -> None:
    assert returning(words)


@pytest.mark.parametrize("words", OWN)
def test_words_of_a_contractor_about_his_own_mail(words: str) -> None:
    assert not returning(words)


@pytest.mark.parametrize("subject", ["【返送】認証キー", "返送：認証キー", "（返戻）お知らせ"])
def test_a_subject_that_says_so(subject: str) -> None:
    assert returning("ご確認ください。", subject)


def test_a_delivery_report_returns_others_whatever_it_says() -> None:
    assert returning("認証キーをお送りします。", report=Report(actions=("failed",)))


def test_a_good_notice_in_a_mail_that_is_sent_back_is_held() -> None:
    verdict = sort(
        raw_mail("Subject: 認証キー", SENT_BACK[0]),
        paper(),
        register=lambda said: look_up(guarantee(), number=said.number),
    )
    (submission,) = verdict.submissions
    assert (submission.state, submission.reasons) == (SubmissionState.HELD, (SubmissionReason.SENT_BACK,))
