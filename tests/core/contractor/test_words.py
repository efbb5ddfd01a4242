"""What contractors write in their own words, by kind: the tables are data, whoever knows a phrase that is read wrongly adds it."""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.contractor.links import file_links
from bot.core.contractor.matter import Matter, echoes_us, matter_of
from bot.core.contractor.sentences import Purpose, purpose_of
from bot.core.contractor.splitting import sentences
from bot.core.mail.message import Mail
from bot.core.mail.parse import parse_mail
from bot.core.notice.missing_notice import Request
from bot.core.records.paper import PaperKind
from tests.core.verdict.cases import paper, raw_mail, read_mail
from tests.reading import understood

MAILS: list[dict[str, Any]] = [
    one
    for name in ("mails", "firms", "unseen", "unseen_second")
    for one in tomllib.loads(Path(__file__).with_name(f"{name}.toml").read_text("utf-8"))["mail"]
]


def mail(body: str, subject: str = "電子保証") -> Mail:
    return parse_mail(raw_mail(f"Subject: {subject}", body)).mail


RIGHT: dict[str, Callable[[Matter], bool]] = {
    "courtesy": lambda matter: not matter.asks and not (matter.asks_arrival and matter.is_of_earlier),
    "question": lambda matter: matter.asks and not matter.only_thanks,
    "forgotten": lambda matter: matter.sends,
    "arrived": lambda matter: matter.asks_arrival,
    "thanks": lambda matter: matter.only_thanks,
    "other": lambda matter: not matter.sends,
    "work": lambda matter: not matter.only_thanks,
}


@pytest.mark.parametrize("kind", RIGHT)
def test_words_are_told_apart_by_kind(kind: str) -> None:
    told = [one for one in MAILS if one["kind"] == kind]
    wrong = [
        one["body"] for one in told if not RIGHT[kind](matter_of(mail(one["body"], one.get("subject", "電子保証"))))
    ]
    assert len(told) >= 7
    assert wrong == []


def test_links_to_files_are_found_by_service_or_by_what_announces_them() -> None:
    found = {one["body"]: [link.host for link in file_links(mail(one["body"]))] for one in MAILS}
    expected = {one["body"]: [one["host"]] if "host" in one else [] for one in MAILS}
    assert found == expected
    assert all("host" in one for one in MAILS if one["kind"] == "link")


FRAME = """桑野市役所 契約課 様

いつもお世話になっております。
有限会社北野造園の北野です。
認証キーのPDFを添付いたします。
{}
よろしくお願いいたします。

北野造園 北野
"""


@pytest.mark.parametrize("kind", ["question", "courtesy"])
def test_a_sentence_beside_a_notice(kind: str) -> None:
    told: list[str] = tomllib.loads(Path(__file__).with_name("beside.toml").read_text("utf-8"))[kind]
    assert len(told) > 50
    assert [one for one in told if not RIGHT[kind](matter_of(mail(FRAME.format(one))))] == []


AT_LEAST = {"courtesy": 41, "question": 41, "forgotten": 10, "arrived": 11, "thanks": 12, "other": 12}
"""So many of the third set are read right: what is mended raises these."""


@pytest.mark.parametrize("kind", AT_LEAST)
def test_the_third_set_is_read_as_well_as_before(kind: str) -> None:
    every = tomllib.loads(Path(__file__).with_name("unseen_third.toml").read_text("utf-8"))["mail"]
    told = [RIGHT[kind](matter_of(mail(one["body"], one["subject"]))) for one in every if one["kind"] == kind]
    assert sum(told) >= AT_LEAST[kind]


HTML = """Content-Type: text/html; charset=utf-8

<p>お知らせはこちらです。</p><a href="https://113.gigafile.nu/1207-b2a1?a=1&amp;b=2">こちら</a>
<blockquote><a href="https://xfs.jp/a1b2c">前のもの</a></blockquote>"""


def test_a_link_in_html_counts_above_what_is_quoted() -> None:
    sent = parse_mail(f"From: koji@kensetsu.example.jp\nSubject: x\n{HTML}".encode()).mail
    assert [link.words for link in file_links(sent)] == ["ギガファイル便（113.gigafile.nu）"]


@pytest.mark.parametrize(
    ("sentence", "purpose"),
    [
        ("ご確認いただけますでしょうか", Purpose.COURTESY),
        ("ご確認いただけましたでしょうか", Purpose.ARRIVAL),
        ("いつご確認いただけますでしょうか", Purpose.QUESTION),
        ("契約日をご確認いただけますでしょうか", Purpose.QUESTION),
        ("この内容でよろしいでしょうか", Purpose.QUESTION),
        ("お支払いの時期をご連絡ください", Purpose.WISH),
        ("先に送った分を破棄願います", Purpose.WISH),
        ("受付番号がわかりません", Purpose.WISH),
        ("不備がございましたらご連絡ください", Purpose.COURTESY),
        ("契約に変更があった場合の手続を教えてください", Purpose.QUESTION),
        ("追加の書類が必要な場合の提出方法をご連絡ください", Purpose.WISH),
        ("紙でも必要でしたらその旨ご連絡いただけますか", Purpose.QUESTION),
        ("届きましたらご一報いただけますでしょうか", Purpose.COURTESY),
        ("ご対応いただきありがとうございました", Purpose.THANKS),
        ("承知いたしました", Purpose.THANKS),
        ("承知しました。番号は12345-678901です", Purpose.THANKS),
        ("請求書は後日郵送いたします", Purpose.STATEMENT),
        ("認証キーを提出いたします", Purpose.SENDING),
        ("ご教示いただいたとおり提出いたします", Purpose.SENDING),
        ("書類は届いておりますか", Purpose.ARRIVAL),
        ("このままでも受け付けていただけますか", Purpose.QUESTION),
        ("先日できなかった押印を済ませ、添付いたします", Purpose.SENDING),
        ("保存がうまくできず困っております", Purpose.WISH),
        ("ご連絡は事務所までお願いいたします", Purpose.COURTESY),
        ("今しばらくお待ちください", Purpose.STATEMENT),
        ("担当者が変わりましたのでお知らせします", Purpose.WISH),
        ("担当者が変わり、代表者名も改めました", Purpose.WISH),
        ("番号が分かりにくいので、件名に入れておきました", Purpose.STATEMENT),
        ("番号が分かりにくいので、電話しました", Purpose.WISH),
        ("番号が分かりにくく、電話しましたが、まだ分かりません", Purpose.WISH),
        ("原因は保存の設定を間違えていたことでした", Purpose.STATEMENT),
        ("ダウンロードのボタンが押せない状態です", Purpose.WISH),
        ("保証会社からは登録できないと言われました", Purpose.WISH),
        ("前払金のお支払いを進めていただきたく、認証キーを送付します", Purpose.SENDING),
        ("契約書を返していただきたく、認証キーを送付します", Purpose.WISH),
        ("先の分は削除していただき、不備がございましたらご連絡ください", Purpose.WISH),
        ("□要返信 ■ご査収 □至急", Purpose.COURTESY),
        ("□原本は必要でしょうか", Purpose.QUESTION),
        ("このままでいいですよね", Purpose.QUESTION),
        ("これで足りますかね", Purpose.QUESTION),
        ("宛名は市長名でよかったでしたっけ", Purpose.QUESTION),
        ("経理の長塚あかね", Purpose.STATEMENT),
        ("先日教えていただいたのですが、忘れたのでもう一度教えてください", Purpose.QUESTION),
        ("保証会社の人が教えてくれたので送れました", Purpose.STATEMENT),
        ("控えとしてお納めいただければと思います", Purpose.COURTESY),
        ("控えをお送りいただければと思います", Purpose.QUESTION),
        ("控えとして1部お返しください", Purpose.WISH),
        ("手配済みですのでご安心ください", Purpose.STATEMENT),
        ("間違っていたら言ってください", Purpose.COURTESY),
        ("出し直しが必要なら言ってください", Purpose.WISH),
        ("文字が小さいかもしれませんがご容赦ください", Purpose.STATEMENT),
        ("パソコンが動かず、今日になってしまいました", Purpose.STATEMENT),
        ("パソコンが動かず、今日も送れませんでした", Purpose.WISH),
        ("資材が入らず、着工が遅れました", Purpose.WISH),
        ("保証会社につながらず、送付が遅れました", Purpose.STATEMENT),
        ("住所変更等がございましたらご連絡ください", Purpose.COURTESY),
        ("株式会社みのり設計佐伯弘子", Purpose.COURTESY),
        ("株式会社みのり設計代表者変更", Purpose.WISH),
        ("システムが止まり、請求が遅れると困ります", Purpose.WISH),
        ("流量計取替工事のお知らせを転付します", Purpose.SENDING),
        ("保証のメール行ってる?", Purpose.ARRIVAL),
        ("そちらに着いてますかね", Purpose.ARRIVAL),
        ("受付になっていますか", Purpose.ARRIVAL),
        ("受付になっている日を教えてください", Purpose.QUESTION),
        ("来月から産休に入ります", Purpose.WISH),
        ("以降のご連絡は後任の戸川宛にお願いします", Purpose.WISH),
        ("後任の戸川と申します", Purpose.COURTESY),
        ("無事に終えられたのも皆様のおかげと存じます", Purpose.THANKS),
        ("行き違いの際はご容赦ください", Purpose.COURTESY),
    ],
)
def test_a_sentence_is_read_by_the_classes_of_its_words(sentence: str, purpose: Purpose) -> None:
    assert purpose_of(next(sentences([sentence]))) is purpose


@pytest.mark.parametrize(
    "beside",
    [
        "番号は12345-678901です。",
        "着工届は明日提出します。",
        "契約日を20日に変更しました。",
        "PDFを付けましたので、よろしくお願いします。",
        "ご確認をお願いいたします。",
        "代表者が代わりました。",
        "明日の10時でいいですね。",
        "まだ入金されておりません。",
        "契約書は持ち帰りを希望します。",
    ],
)
def test_what_makes_work_beside_an_acknowledgement_is_no_mere_thanks(beside: str) -> None:
    assert matter_of(mail("承知しました。社内で共有いたしました。")).only_thanks
    assert not matter_of(mail(f"承知しました。{beside}")).only_thanks


def test_a_line_that_a_program_wrapped_is_one_sentence() -> None:
    body = "お忙しいところ恐れ入りますが、添付の書類の内容をご確認い\nただけますでしょうか。"
    assert not matter_of(mail(body)).asks


OURS = "お手数ですが、「認証キー」のお知らせ（PDF）を添付して、このメールにご返信ください。"


def test_who_gives_our_letter_back_says_nothing_of_his_own() -> None:
    assert echoes_us(f"受け付けました。\n{OURS}")
    assert not echoes_us(f"添付します。\n> {OURS}")


@pytest.mark.parametrize(
    ("body", "papers", "request_"),
    [
        ("認証キーをお送りします。\nhttps://xgf.nu/a1B2c", (), Request.FILE_ITSELF),
        ("https://xgf.nu/a1B2c", (), Request.FILE_ITSELF),
        ("請求書を添付します。認証キーは https://xgf.nu/a1B2c", (paper("前払金請求書\n請求金額 1,000円"),), Request.FILE_ITSELF),
        ("書類一式をお送りします。", (), Request.NOTICE_MISSING),
        ("請求書を添付します。", (), None),
        ("打合せの資料を添付します。", (), None),
        ("添付します。原本も必要でしょうか。", (), None),
    ],
)  # fmt: skip
def test_the_sender_is_asked_by_kind(body: str, papers: tuple[Any, ...], request_: Request | None) -> None:
    found = understood(read_mail(*papers, headers="Subject: 書類", body=body))
    assert found.request is request_
    assert any(one.kind is PaperKind.TRANSFER_LINK for one in found.papers) is ("xgf" in body)


@given(st.text(alphabet="あかさたなのをにがはですますか、。?ご確認いただけ届認証キー https://x.nu/1\n", max_size=300))
def test_no_words_raise(body: str) -> None:
    matter_of(mail(body))
    file_links(mail(body))


@pytest.mark.parametrize(
    ("subject", "body"),
    [
        (
            "FW: 電子保証が発行されました",
            "電子保証発行日時：2026/11/20 14:30\n\n認証キーはネットデスクでご確認いただけます。",
        ),
        (
            "転送します",
            "電子証書発行のご連絡\n\n電子証書の発行を完了しました。認証キーのお知らせにつきましては、会員ページよりダウンロード願います。",
        ),
        ("FW: 手続完了", "契約保証の電子保証手続が完了しました。発注者様への認証キーのご提出をお忘れなく。"),
    ],
)
def test_a_suretys_mail_that_all_is_done_is_known_in_other_words(subject: str, body: str) -> None:
    found = understood(read_mail(headers=f"Subject: {subject}", body=body))
    assert found.request is Request.NOTICE_INSTEAD_OF_COMPLETION_MAIL


def test_an_advertisement_with_links_asks_for_nothing() -> None:
    english = "Download it right now: http://soft.example.com/gen.html\nsee http://t.example.com/qq123456"
    japanese = "新製品のカタログはこちらからダウンロードできます。https://shop.example.jp/catalog/2026"
    assert file_links(mail(english, "New version")) == ()
    assert understood(read_mail(headers="Subject: 新製品のご案内", body=japanese)).request is None
