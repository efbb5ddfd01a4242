"""Papers that are no key notices: what contractors attach beside it, or by mistake instead of it."""

from __future__ import annotations

from dataclasses import dataclass

from notices import EAST, Mint, Notice
from printed import page_html, table_html

COMPLETION_TITLE = "電子保証（認証キー）発行完了のお知らせ"


@dataclass(frozen=True, slots=True)
class Other:
    """A paper: a web page to print, or lines (x, y from the top, text) to draw."""

    kind: str
    page: str = ""
    lines: tuple[tuple[float, float, str], ...] = ()
    notices: tuple[Notice, ...] = ()


def other_papers(mint: Mint) -> tuple[dict[str, Other], dict[str, Other]]:
    """Give the papers to print and the papers to draw."""
    printed = {
        "certificate": Other("certificate", _certificate(mint())),
        "certificate-changed": Other("certificate", _certificate(mint(product="契約保証"), "変更－１")),
        "net-desk-screen": _net_desk(mint()),
        "completion-mail": Other("completion_mail", _completion_mail(mint())),
        "claim": Other("claim", _claim(mint())),
        "works-contract": Other("works_contract", _contract(mint())),
        "insurer-access": Other("insurer_access", _insurer_access(mint())),
    }
    drawn = {
        "claim-drawn": Other("claim", lines=_drawn_claim(mint())),
        "cover-letter": Other("other", lines=_cover_letter(mint())),
    }
    return printed, drawn


def _certificate(notice: Notice, change: str = "") -> str:
    rows: list[tuple[str, ...]] = [
        ("保証契約番号", notice.number),
        ("保証契約者", f"いなほ市水辺１－２－３　{notice.contractor}"),
        ("保証証書番号", "００１２３"),
        ("保証金額（総額）", "20,000,000円"),
        ("保証期限", "令和９年３月２５日"),
        ("工事名", notice.project_name),
        ("請負金額（総額）", "50,000,000円"),
        ("工期", "令和８年６月１日 ～ 令和９年２月２８日"),
        ("請負契約日", "令和８年５月２９日"),
        ("預託金融機関", "みのり銀行　水辺支店"),
    ]
    return page_html(
        f"<p class=right>令和８年６月３日</p><h1>保証証書（{notice.product}）</h1><p class=centre>{change}</p>"
        + table_html(rows)
        + f"<p>当社は、{notice.product}約款に基づき上記のとおり保証契約を締結し、その責に任じます。</p>"
        f"<p class=right>{EAST}<br>取締役社長　保証 太郎</p><p>取扱箇所　水辺支店</p>"
        "<p class=note>（注）１．保証契約を変更した場合は、表題の下に変更－の表示と変更の発生番号を付記し、"
        "変更後の契約内容を表示します。</p>"
    )


def _net_desk(notice: Notice) -> Other:
    overview: list[tuple[str, ...]] = [
        ("保証契約番号", notice.number, "請負契約者", f"{notice.contractor} 様"),
        ("工事名", notice.project_name, "発注者名", "いなほ市長"),
        ("請負金額", "50,000,000円", "保証金額", "20,000,000円"),
        ("商品名", notice.product, "預託金融機関", "みのり銀行 水辺支店"),
    ]
    body = (
        "<p>保証契約一覧　電子保証履歴一覧</p>"
        f"<p>電子保証概要（{notice.product}）※最新の情報を表示しています。</p>"
        + table_html(overview)
        + "<p>認証キー　※発注者にお知らせください。（印刷ボタンをクリックして、PDFデータを発注者に提出することを"
        "お奨めします。）</p>"
        + table_html([("認証キー", notice.auth_key, "印刷")])
        + "<p>電子保証情報（履歴情報）※訂正、変更取消された履歴は表示されません。</p>"
        + table_html([("No.", "電子保証発行日時", "対象", "電子保証"), ("1", "2026/06/03 10:15", "新規", "選択")])
    )
    return Other("net_desk_screen", page_html(body, "IPAexGothic"), notices=(notice,))


def _completion_mail(notice: Notice) -> str:
    headers: list[tuple[str, ...]] = [
        ("差出人:", "netdesk@hosho.example.jp"),
        ("宛先:", "koji@kensetsu.example.jp"),
        ("件名:", COMPLETION_TITLE),
    ]
    return page_html(
        table_html(headers, "")
        + f"<p>{notice.contractor}　御中</p><p>お申込みいただきました下記の電子保証の発行が完了いたしました。</p>"
        f"<p>工事名：{notice.project_name}</p><p>商品：{notice.product}</p>"
        "<p>ネットデスクにログインのうえ、「認証キー」をダウンロードし、発注者様にご提出ください。</p>"
        f"<p>{EAST}</p>",
        "IPAexGothic",
    )


def _claim(notice: Notice) -> str:
    rows: list[tuple[str, ...]] = [
        ("工事名", notice.project_name),
        ("請負代金額", "金５０，０００，０００円"),
        ("前払金請求額", "金２０，０００，０００円"),
        ("契約年月日", "令和８年５月２９日"),
        ("工期", "令和８年６月１日から令和９年２月２８日まで"),
        ("保証契約番号", notice.number),
        ("振込先", "みのり銀行　水辺支店　普通　０１２３４５６"),
    ]
    return page_html(
        "<p class=right>令和８年６月４日</p><h1>前払金請求書</h1><p>いなほ市長　様</p>"
        f"<p class=right>受注者　{notice.contractor}</p><p>下記のとおり前払金を請求します。</p><p class=centre>記</p>"
        + table_html(rows)
    )


def _contract(notice: Notice) -> str:
    return page_html(
        f"<h1>建設工事請負契約書</h1><p>１　工事名　{notice.project_name}</p><p>２　工事場所　いなほ市水辺地内</p>"
        "<p>３　工期　令和８年６月１日から令和９年２月２８日まで</p>"
        "<p>４　請負代金額　金５０，０００，０００円（うち取引に係る消費税及び地方消費税の額　４，５４５，４５４円）</p>"
        "<p>５　契約保証金　免除（公共工事履行保証証券又は前払金保証事業会社の保証による。）</p>"
        "<p>上記の工事について、発注者と受注者は、各々の対等な立場における合意に基づいて、公正な請負契約を締結し、"
        "信義に従って誠実にこれを履行するものとする。</p>"
        f"<p>発注者　いなほ市長</p><p>受注者　{notice.contractor}</p>"
    )


def _insurer_access(notice: Notice) -> str:
    rows: list[tuple[str, ...]] = [
        ("証券番号", "ABC1234567"),
        ("閲覧用URL", "https://kakunin.hoken.example.jp/view"),
        ("閲覧用パスワード", "x7Kp29Qd"),
        ("工事名", notice.project_name),
    ]
    return page_html(
        "<h1>履行保証保険証券　電子証券閲覧のご案内</h1>"
        f"<p>{notice.contractor}　御中</p><p>保証証券等確認システムにて、下記の証券をご確認いただけます。</p>"
        + table_html(rows)
        + "<p>みのり損害保険株式会社</p>"
    )


def _drawn_claim(notice: Notice) -> tuple[tuple[float, float, str], ...]:
    return (
        (250, 90, "前　払　金　請　求　書"),
        (60, 130, "いなほ市長　様"),
        (330, 160, f"受注者　{notice.contractor}"),
        (60, 210, "次のとおり前払金を請求します。"),
        (60, 250, "工　事　名"),
        (190, 250, notice.project_name),
        (60, 280, "請 求 金 額"),
        (190, 280, "金　２０，０００，０００　円"),
        (60, 310, "請負代金額"),
        (190, 310, "金　５０，０００，０００　円"),
        (60, 340, "前払金保証契約番号"),
        (190, 340, notice.number),
        (60, 380, "振込先　みのり銀行　水辺支店　普通預金　０１２３４５６"),
    )


def _cover_letter(notice: Notice) -> tuple[tuple[float, float, str], ...]:
    return (
        (270, 90, "書類送付のご案内"),
        (60, 130, "いなほ市契約課　御中"),
        (330, 160, notice.contractor),
        (60, 210, "拝啓　時下ますますご清栄のこととお慶び申し上げます。"),
        (60, 235, "下記の書類をお送りいたしますので、ご査収のほどよろしくお願い申し上げます。"),
        (290, 270, "記"),
        (60, 300, f"件名　{notice.project_name}"),
        (60, 325, "・着手届　１部"),
        (60, 350, "・工程表　１部"),
        (60, 375, "・現場代理人等選任通知書　１部"),
        (490, 410, "以上"),
    )
