"""Words that a clerk did not write, or that nobody sees, in his answer: no order, no form and no 配信停止 is taken from them."""

from __future__ import annotations

from base64 import b64encode
from datetime import timedelta
from pathlib import Path

import pytest

from bot.core.clerk.answer.order_grammar import read_orders
from bot.core.consent.grammar import said_in
from bot.core.mail.html import MOST_HTML, authored_text
from bot.core.mail.message import Mail
from bot.core.mail.parse import parse_mail
from bot.core.mail.reply_text import UNSEEN, answered_words
from bot.core.notice.entry_forms import forms_in_words
from bot.core.policy.policy import Desk, Formats, Policy
from bot.core.policy.policy import Office as CityOffice
from bot.core.records.clerk_orders import CommandKind
from bot.core.records.envelope import Envelope, Source
from bot.core.records.outgoing_mail import OutboxRow
from bot.core.records.submission import SubmissionState
from bot.core.verdict.known_mail import KnownMail, known_mail
from bot.workers.clerk_answers import Answers
from tests.core.clerk.test_ways_to_answer import ways
from tests.workers.conftest import DESK, INBOX, composer, store, watch  # noqa: F401 - fixtures
from tests.workers.test_clerk_answers import MX, STAFF, Held, Office, held, office  # noqa: F401 - fixtures

LETTER = (
    (Path(__file__).parents[1] / "letters" / "alert-answerable.txt").read_text("utf-8").split("\n\n", 1)[1]
)  # below its subject
FORM = "工事名：市道第５号線改良工事\n受注者名：株式会社みほん建設\n保証区分：前払金保証\n保証契約番号：10001-000001\n認証キー：aB3dEf6hIj9k"


def mail(body: str, kind: str = "html", subject: str = "Re: x", more: str = "") -> Mail:
    head = (
        f"From: yamada@city.example.jp\r\nSubject: {subject}\r\nContent-Type: text/{kind}; charset=utf-8\r\n{more}\r\n"
    )
    return parse_mail(head.encode() + body.encode()).mail


def done(answer: Mail, letter: str = LETTER) -> list[tuple[CommandKind, tuple[int, ...]]]:
    """What is ordered; nothing where a line is not understood."""
    found = read_orders(answered_words(answer.said, letter))
    return [] if found.unclear else [(one.verb, one.cases) for one in found.orders]


ACCEPT_1 = [(CommandKind.ACCEPT, (1,))]
ORDER = "1件目 承認"

# ---------------------------------------------------------------- HTML


@pytest.mark.parametrize(
    "quoting",
    [
        "<blockquote>{}</blockquote>",
        '<blockquote type="cite"><div>{}</div></blockquote>',
        '<div class="gmail_quote">{}</div>',
        '<div class="x_gmail_quote gmail_quote_container"><p>{}</p></div>',
        '<div class="gmail_extra"><br>{}</div>',
        '<div id="ydp1a2b3cyahoo_quoted_123" class="ydp1a2b3cyahoo_quoted"><div>{}</div></div>',
        '<div class="moz-forward-container">{}</div>',
        '<div class="protonmail_quote">{}</div>',
        '<div id="divRplyFwdMsg"><b>差出人:</b> x</div><div>{}</div>',
        '<div id="x_divRplyFwdMsg">x</div><p>{}</p>',
        '<div id="appendonsend"></div><hr><div>{}</div>',
        '<div style="border:none;border-top:solid #E1E1E1 1.0pt;padding:3.0pt 0mm 0mm 0mm"><p>From: x</p></div><p>{}</p>',
        '<div style="BORDER-TOP: solid #B5C4DF 1pt">From: x</div><p>{}</p>',
        '<div id="mail-editor-reference-message-container">{}</div>',
        '<div class="OutlookMessageHeader">{}</div>',
        '<hr id="stopSpelling"><p>{}</p>',
        '<hr id="zwchr" data-marker="__DIVIDER__"><div>{}</div>',
        '<div data-marker="__QUOTED_TEXT__">{}</div>',
        '<div name="messageReplySection">{}</div>',
        '<p id="reply-intro">{}</p>',
        "<q>{}</q>",
        "<blockquote title='</blockquote>'>{}</blockquote>",
        "<blockquote><!-- </blockquote> -->{}</blockquote>",
        "<blockquote><textarea></blockquote></textarea>{}</blockquote>",
        "<b><blockquote></b>{}</blockquote>",
        "<span><blockquote></span>{}</blockquote>",
        "&gt; x<br>&gt; {}",
        "&gt; x&#x2028;{}",
        "<pre>&gt; x\r{}</pre>",
    ],
)
def test_quoted_html_is_nobodys_order(quoting: str) -> None:
    assert done(mail(f"<div>お疲れ様です</div>{quoting.format(ORDER)}")) == []


HIDING = [
    "<p hidden>{}</p>",
    '<p aria-hidden="true">{}</p>',
    *(f'<p style="{one}">{{}}</p>' for one in (
        "display:none", "display: none !important", "DISPLAY:/**/NONE", "d\\69splay:none", "visibility:hidden", "visibility:collapse",
        "opacity:0", "opacity:.01", "filter:opacity(0)", "font-size:0", "font-size:1px", "font-size:.1em", "font-size:2%", "font:0/0 a",
        "font:1px serif", "font-size:calc(1px)", "font-size:var(--a)", "color:#fff", "color:white", "color:#FEFEFE", "color:rgb(250,250,250)",
        "color:rgba(0,0,0,0)", "color:transparent", "color:hsl(0 0% 100%)", "background:#000", "background-color:black;color:#111",
        "background-image:url(cid:x)", "-webkit-text-fill-color:transparent", "position:absolute;left:-9999px", "position:fixed;top:9999px",
        "text-indent:-9999px", "margin-left:-999em", "padding-left:5000px", "max-height:0;overflow:hidden", "height:1px;overflow:hidden",
        "width:0;overflow:hidden;white-space:nowrap", "clip:rect(0,0,0,0)", "clip-path:inset(100%)", "transform:scale(0)",
        "transform:translateX(-9999px)", "zoom:0", "mso-hide:all", "line-height:0", "text-decoration:line-through",
        "text-decoration-line:underline line-through", "direction:rtl;unicode-bidi:bidi-override", "content-visibility:hidden",
        "mask:url(#x)", "letter-spacing:-1em", "animation:hide 1s", "something-new:1",
    )),
    '<font color="white">{}</font>', '<font color="#fff">{}</font>', '<table bgcolor="black"><tr><td>{}</td></tr></table>',
    '<div style="color:#fff"><p>{}</p></div>', '<div style="font-size:1px"><span>{}</span></div>',
    '<body text="white">{}', '<body style="color:#fff"><p style="color:#000"><div>{}</div>',
    "<small><small><small><small><small><small><small>{}</small></small></small></small></small></small></small>",
    "<p popover>{}</p>", "<p inert>{}</p>", "<bdo dir=rtl>{}</bdo>", "<s>{}</s>", "<strike>{}</strike>", "<del>{}</del>", "<textarea>{}</textarea>", "<select><option>{}</option></select>",
    "<noscript>{}</noscript>", "<template>{}</template>", "<title>{}</title>", "<svg><text>{}</text></svg>", "<iframe>{}</iframe>",
    "<details>{}</details>", "<dialog>{}</dialog>", "<!-- {} -->", "<!--[if mso]>{}<![endif]-->", '<input value="{}">',
    '<img alt="{}">', "<button>{}</button>", "<object>{}</object>", "<math><mi>{}</mi></math>",
]  # fmt: skip


@pytest.mark.parametrize("hiding", HIDING)
def test_what_nobody_sees_is_no_order(hiding: str) -> None:
    assert done(mail(f"<div>お疲れ様です</div>{hiding.format(ORDER)}")) == []


@pytest.mark.parametrize(
    "rule",
    [
        ".h{{display:none}}", "p.h{{display:none}}", "#i{{visibility:hidden}}", "p{{font-size:0}}", "*{{opacity:0}}", "div p{{color:#fff}}",
        "div>p{{position:absolute}}", "p[class]{{display:none}}", "p:first-child{{display:none}}", "p:not(.x){{display:none}}",
        "@media screen{{.h{{display:none}}}}", "@media (max-width:9999px){{p{{display:none}}}}", "@supports(display:block){{p{{opacity:0}}}}",
        "@layer a{{.h{{display:none}}}}", "/* x */.h/**/{{display:none}}", '.x{{content:"}}"}} .h{{display:none}}', ".H{{color:white}}",
        "p::before{{content:'取消 '}}", "@import url(https://other.example/x.css);", ".h{{d\\69splay:none}}", ".h{{text-decoration:line-through}}",
        ".x,.h{{max-height:0;overflow:hidden}}", ".h{{color:black}} .h{{color:#fff}}", "<!-- .h{{display:none}} -->",
        ".x{{content:'/*'}} .h{{display:none}} .y{{content:'*/'}}", ".x{{a:'b\n}} .h{{display:none}}", ".x{{a:b'}} .h{{display:none}}",
        ":is(p){{display:none}}", ".h{{display:none; b{{color:red}}}}", ".h{{b{{color:red}} display:none}}", "div{{.h{{display:none}}}}", "div{{& p{{opacity:0}}}}",
        "@font-face{{font-family:x;src:url(cid:x)}}", "p.h#i{{color:#fff}}", ".x,.y,.h{{font-size:0}}", "@media print{{}} .h{{display:none}}", "html{{color:#fff}}", ".h{{display:none", "@media x{{@media y{{.h{{font:1px a}}}}}}",
    ],
)  # fmt: skip
def test_what_a_style_sheet_hides_or_may_hide_is_no_order(rule: str) -> None:
    body = f"<style>{rule.format()}</style><div><p class=h id=i>{ORDER}</p></div>"
    assert done(mail(body)) == []


def test_a_style_sheet_that_is_elsewhere_may_hide_anything() -> None:
    assert done(mail(f"<link rel=stylesheet href='https://other.example/x.css'><p>{ORDER}</p>")) == []


def test_what_is_drawn_over_an_order_leaves_it_unclear() -> None:
    assert done(mail(f"<p>{ORDER}</p><div style='margin-top:-30px;background:#fff'>&nbsp;</div>")) == []
    assert done(mail(f"<p>{ORDER}</p><img src='cid:x' style='position:absolute;top:0;left:0'>")) == []


@pytest.mark.parametrize(
    "beside",
    [
        "<div style='box-shadow:0 0 0 400px #fff;display:inline-block'>&nbsp;</div>",
        "<div style='outline:400px solid #fff'>&nbsp;</div>",
        "<div style='border-image:url(cid:x) 30 / 1px / 400px'>&nbsp;</div>",
        "<div style='transform:translateY(-30px)'>&nbsp;</div>",
        "<div style='position:relative;top:-30px'>&nbsp;</div>",
        "<div style='position:sticky;top:0'>&nbsp;</div>",
        "<span style='display:inline-block;margin-left:-50px'>&nbsp;</span>",
        "<table><colgroup><col style='visibility:collapse'></colgroup><tr><td>x</table>",
        "<style>.c{position:fixed}</style><div class=c>&nbsp;</div>",
    ],
)
def test_what_may_cover_other_words_leaves_them_unclear(beside: str) -> None:
    assert done(mail(f"<p>{ORDER}</p>{beside}")) == []


def test_words_that_are_partly_unseen_are_unclear_and_told_so() -> None:
    found = read_orders(answered_words(mail("<p>1件目 承認<s>しない</s></p>").said))
    assert found.unclear == ("1件目 承認〔見えない文字、取消線などの文字〕",)


@pytest.mark.parametrize(
    "body",
    [
        f'<div dir="ltr">{ORDER}<br></div><br><div class="gmail_quote"><div class="gmail_attr">x:<br></div><blockquote>2件目 承認</blockquote></div>',
        '<html><head><style><!--\n@font-face{font-family:"ＭＳ ゴシック";panose-1:2 11 6 9;}\np.MsoNormal, li.MsoNormal{margin:0mm;font-size:10.5pt;font-family:"游ゴシック",sans-serif;}\na:link, span.MsoHyperlink{mso-style-priority:99;color:#0563C1;text-decoration:underline;}\nspan.EmailStyle17{mso-style-type:personal-compose;color:windowtext;}\n.MsoChpDefault{mso-style-type:export-only;}\n@page WordSection1{size:612.0pt 792.0pt;margin:99.25pt 30.0mm;}\ndiv.WordSection1{page:WordSection1;}\n--></style></head><body lang=JA link="#0563C1" vlink="#954F72" style="word-wrap:break-word;text-justify-trim:none"><div class=WordSection1><p class=MsoNormal><span lang=EN-US style="font-size:10.5pt;font-family:&quot;Yu Gothic&quot;,sans-serif;color:black;mso-fareast-language:JA">1</span>件目　承認<o:p></o:p></p><p class=MsoNormal><o:p>&nbsp;</o:p></p><div><div style="border:none;border-top:solid #E1E1E1 1.0pt;padding:3.0pt 0mm 0mm 0mm"><p class=MsoNormal><b>From:</b> x</p></div></div><p>2件目 承認</p></div></body></html>',
        f'<html><head><meta http-equiv="content-type" content="text/html; charset=utf-8"></head><body dir="auto" style="overflow-wrap: break-word; -webkit-nbsp-mode: space; line-break: after-white-space;">{ORDER}<br id="lineBreakAtBeginningOfMessage"><div><br><blockquote type="cite"><div>x</div></blockquote></div></body></html>',
        f'<html><head><style type="text/css" style="display:none;"> P {{margin-top:0;margin-bottom:0;}} </style></head><body dir="ltr"><div class="elementToProof" style="font-family: Calibri, Arial, Helvetica, sans-serif; font-size: 12pt; color: rgb(0, 0, 0);">{ORDER}</div><div id="appendonsend"></div><hr style="display:inline-block;width:98%" tabindex="-1"><div id="divRplyFwdMsg" dir="ltr">2件目 承認</div></body></html>',
        f'<html><head></head><body text="#000000" bgcolor="#FFFFFF"><p>{ORDER}</p><div class="moz-cite-prefix">2026/11/24 10:00 x:<br></div><blockquote type="cite" cite="mid:x">2件目 承認</blockquote></body></html>',
        f'<div style="font-family:sans-serif;color:#222222;background-color:#ffffff;white-space:pre-wrap">お疲れ様です\n{ORDER}</div>',
        f"<table border=0 cellpadding=0 style='border-collapse:collapse;mso-yfti-tbllook:1184'><tr><td style='padding:0mm 5.4pt'>{ORDER}</td></tr></table>",
        f"<div>{ORDER}</div><div style='color:#666;font-size:9pt'>-- <br>契約課 山田</div>",
    ],
)  # fmt: skip
def test_an_answer_as_mail_programs_write_it_is_read(body: str) -> None:
    assert done(mail(body)) == ACCEPT_1


def test_a_plain_text_beside_html_says_no_more_than_is_seen_there() -> None:
    parts = "--b\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n{}\r\n--b\r\nContent-Type: text/html; charset=utf-8\r\n\r\n{}\r\n--b--\r\n"
    head = "From: a@city.example.jp\r\nIn-Reply-To: <x@city.example.jp>\r\nContent-Type: multipart/alternative; boundary=b\r\n\r\n"

    def both(plain: str, html: str) -> Mail:
        return parse_mail((head + parts.format(plain, html)).encode()).mail

    assert done(both("1件目 承認\n2件目 承認", "<p>1件目 承認</p><p><s>2件目 承認</s></p>")) == []
    assert done(both(ORDER, f"<p style='display:none'>{ORDER}</p>")) == []
    assert done(both(ORDER, f"<p>{ORDER}</p>")) == ACCEPT_1
    assert done(both(f"> x\n{ORDER}", f"<div class=gmail_quote>x<div>{ORDER}</div></div>")) == ACCEPT_1


def test_other_markup_than_html_is_not_read_for_orders() -> None:
    assert done(mail(f"<fixed>{ORDER}</fixed>", "enriched")) == []


@pytest.mark.parametrize(
    "unit", ["<div>", "<ul><li>", "<b>", "<p style='color:red;", "<style>.a{", "/*", "<p class='a ", "("]
)
def test_the_tree_of_more_html_than_a_person_writes_is_not_built(unit: str) -> None:
    assert authored_text(unit * (MOST_HTML // len(unit) + 1)) == UNSEEN
    assert done(mail(f"<p>{ORDER}</p>" + "<br>" * 10_000)) == []
    assert authored_text("<p>x</p>" * 3_000) != UNSEEN


# ---------------------------------------------------------------- plain text


SEPARATORS = ["\u2028", "\u2029", "\x0b", "\x0c", "\x85", "\x1c", "\x1d", "\x1e", "\r"]


@pytest.mark.parametrize("separator", SEPARATORS)
def test_only_a_line_end_of_the_mail_ends_a_quoted_line(separator: str) -> None:
    assert done(mail(f"お疲れ様です\r\n> このメールに{separator}{ORDER}\r\n> 終わり\r\n", "plain")) == []
    assert done(mail(f"> x{separator}{separator}{ORDER}", "plain")) == []
    assert answered_words(f"> x{separator}{ORDER}").lines == ()


@pytest.mark.parametrize("separator", ["\u2028", "\x0b", "\x85"])
def test_a_line_of_his_own_may_be_broken_by_anything(separator: str) -> None:
    assert done(mail(f"お疲れ様です{separator}{ORDER}{separator}よろしくお願いします\r\n> x\r\n", "plain")) == ACCEPT_1


@pytest.mark.parametrize(
    "body",
    [
        "> このメールに返信し、1行目に次のどれかを書いてください。\n承認\n> 　… 受け付けます（台帳の、番号が同じ行）",
        "> このメールに返信し、1行目に次のどれかを書いてください。\n\n承認",
        "> 1行目に次のどれかを\n書いてください。\n承認\n　… 受け付けます（台帳の、番号が同じ行）\n> 差戻し 理由",
        "> … 理由に応じた文面で差し戻します\n保留 メモ\n> … 確認待ちのまま、メモを記録します",
        "> このメールに「\n承認\n> 」又は「差戻し 理由」と返信してください。",
        "> このメールに「承認」又は「\n差戻し 理由\n> 」と返信してください。",
        "内容を確認し、このメールに「承認」又は「差戻し 理由」と返信してください。\n■ 返信のしかた\nこのメールに返信し、1行目に次のどれかを書いてください。\n承認",
    ],
)
def test_what_a_program_broke_out_of_a_quoted_line_is_no_order(body: str) -> None:
    assert done(mail(body, "plain")) == []


def test_an_order_between_quoted_lines_is_read() -> None:
    quoted = [f"> {line}" for line in LETTER.splitlines()[2:]]
    place = quoted.index("> ■ 受付番号 20261122-0042-1")
    body = "\n".join([*quoted[: place + 1], ORDER, *quoted[place + 1 :]])
    assert done(mail(body, "plain")) == ACCEPT_1


def test_the_ways_to_answer_mean_the_same_to_the_letter_that_is_answered() -> None:
    for way in ways():
        below_it, alone = answered_words(way.says, LETTER), answered_words(way.says)
        if below_it == alone:
            continue  # the same words are read to the same orders
        found, told = read_orders(below_it), read_orders(alone)
        if way.sure or not found.unclear:
            assert (found.orders, bool(found.unclear)) == (told.orders, bool(told.unclear)) or not found.orders, way


# ---------------------------------------------------------------- an office with clerks


@pytest.fixture
def policy() -> Policy:
    city = CityOffice("見本市", "契約課", "", "", "", "電子保証受付システム")
    desk = Desk("契約課", DESK, staff=frozenset({STAFF}))
    window, domains = timedelta(days=30), frozenset({"city.example.jp"})
    return Policy(city, (INBOX,), (desk,), authserv_id=MX, reply_window=window, staff_domains=domains)


def answer(to: OutboxRow, body: str, kind: str) -> bytes:
    subject = b64encode(f"RE: {to.mail.subject}".encode()).decode()
    head = (
        f"Authentication-Results: {MX}; dmarc=pass header.from=city.example.jp\r\nFrom: {STAFF}\r\nTo: {INBOX}\r\n"
        f"Message-ID: <html-answer@city.example.jp>\r\nIn-Reply-To: {to.mail.message_id}\r\n"
        f"Subject: =?utf-8?b?{subject}?=\r\nContent-Type: text/{kind}; charset=utf-8\r\n\r\n"
    )
    return (head + body.replace("\n", "\r\n")).encode()


@pytest.mark.parametrize(
    ("body", "kind", "state"),
    [
        ("<p>承認します</p><div class=gmail_quote>差戻し 金額が違います</div>", "html", SubmissionState.ACCEPTED),
        ("<p>お疲れ様です</p><blockquote>承認</blockquote>", "html", SubmissionState.HELD),
        ("<style>.a{display:none}</style><p>お疲れ様です</p><p class=a>承認</p>", "html", SubmissionState.HELD),
        ("お疲れ様です。\n\n> 内容を確認し、このメールに\u2028承認\n", "plain", SubmissionState.HELD),
        (
            "お疲れ様です。\n\n> 内容を確認し、このメールに「承認」又は「\n差戻し 理由\n> 」と返信してください。\n",
            "plain",
            SubmissionState.HELD,
        ),
        (
            "> 1行目に次のどれかを書いてください。\n承認\n> … 受け付けます（台帳の、番号が同じ行）\n",
            "plain",
            SubmissionState.HELD,
        ),
        ("承認\n\n> 1行目に次のどれかを書いてください。\n> 承認 … 受け付けます\n", "plain", SubmissionState.ACCEPTED),
    ],
)
async def test_a_case_is_decided_by_the_clerks_own_words_alone(office: Office, held: Held, body, kind, state) -> None:  # noqa: F811
    alert = await held()
    await office.receive(answer(alert, body, kind))
    assert await office.state() is state


# ---------------------------------------------------------------- forms and 配信停止


@pytest.mark.parametrize(
    "body",
    [
        f"<blockquote>{FORM}</blockquote>".replace("\n", "<br>"),
        f"<div style='display:none'>{FORM}</div>".replace("\n", "<br>"),
        f"<div class=gmail_quote>{FORM}</div>".replace("\n", "<br>"),
        f"<p>工事名：別の工事<s>{FORM}</s></p>".replace("\n", "<br>"),
    ],
)
def test_forms_are_not_taken_from_what_is_quoted_or_not_seen(body: str) -> None:
    found = forms_in_words(mail(body, subject="x"), "手入力", Formats(), "x")
    assert found is None or found.forms == ()


def test_forms_are_not_taken_from_a_quotation_that_was_broken() -> None:
    for separator in SEPARATORS:
        body = "\r\n".join(f"> x{separator}{line}" for line in FORM.splitlines())
        assert forms_in_words(mail(body, "plain"), "手入力", Formats(), "x") is None
    broken = f"> 下記のとおり、前回お知らせした内容を再度お送りしますのでご確認ください。\n{FORM}"
    found = forms_in_words(mail(broken, "plain"), "手入力", Formats(), "x")
    assert found is not None
    assert found.forms == ()


@pytest.mark.parametrize(
    "body",
    [
        "<p>承知しました</p><blockquote>配信停止</blockquote>",
        "<p>承知しました</p><p style='display:none'>配信停止</p>",
        "<p>承知しました</p><s>配信停止</s>",
        "<p>承知しました</p><div class=yahoo_quoted>配信停止</div>",
    ],
)
def test_a_contractors_wish_is_not_taken_from_what_is_quoted_or_not_seen(body: str) -> None:
    assert said_in(mail(body)) is None


@pytest.mark.parametrize("separator", SEPARATORS)
def test_a_contractors_wish_is_not_taken_from_a_broken_quotation(separator: str) -> None:
    told = "今後このお知らせが不要な場合は、件名に次の語を書いて返信してください。"
    assert said_in(mail(f"承知しました。\r\n> {told}{separator}配信停止\r\n", "plain")) is None
    assert said_in(mail(f"承知しました。\r\n> {told}\r\n配信停止\r\n> と書いて\r\n", "plain")) is None


def test_a_wish_of_his_own_is_taken_from_html() -> None:
    found = said_in(mail("<p>配信停止を希望します</p><blockquote>配信再開</blockquote>"))
    assert found is not None
    assert not found.granted


def test_a_text_that_holds_the_mark_of_unseen_text_is_unclear() -> None:
    assert done(mail(f"{ORDER}{UNSEEN}", "plain")) == []


@pytest.mark.parametrize(
    ("sender", "told"),
    [
        (STAFF, True),
        ("other@city.example.jp", True),
        (DESK, True),
        ("koji@kensetsu.example.jp", False),
        ("yamada@city.example.jp.example.com", False),
        ("yamada@city.example.jp, koji@kensetsu.example.jp", False),
    ],
)
async def test_a_letter_reaches_no_strangers_child(office: Office, held: Held, policy, sender, told) -> None:  # noqa: F811
    """A stranger's child could tell them in a receipt to him; to the city's own addresses none is mailed."""
    alert = await held()
    answers = Answers(office.store, policy)
    envelope = Envelope(Source.SMTP, "x@example.com", (INBOX,), alert.created_at)

    def answer(fields: str) -> KnownMail:
        return known_mail(f"From: {sender}\r\n{fields}\r\n\r\n承認\r\n".encode(), envelope, policy)

    by_thread, by_ticket = f"In-Reply-To: {alert.mail.message_id}", f"Subject: {alert.mail.subject}"
    for one in (by_thread, by_ticket):
        assert await answers.letter(answer(one)) == (alert.mail.text if told else "")
    assert await answers.letter(answer("Subject: 承認")) is None
    assert await answers.letter(answer(f"Auto-Submitted: auto-replied\r\n{by_thread}")) is None
