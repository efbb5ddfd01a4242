"""Rules over several sections, on what was written, so that they speak even when a section is wrong.

Called by settings.py. Yields mistakes; raises nothing.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator, Mapping, Sequence
from functools import partial

from bot.config.mistakes import CURES, Mistake
from bot.config.types import LOCAL_PART_OCTETS, is_loopback
from bot.core.policy.conditions import KINDS
from bot.core.records.own_identifiers import TOKEN_CHARACTERS


def between_sections(data: Mapping[str, object]) -> Iterator[Mistake]:
    """Rules over several sections, on what was written, so that they speak even when a section is wrong."""
    table = partial(_table, data)

    # A door whose `enabled` is no true or false is reported as such, and was meant.
    doors = [table(name).get("enabled", False) for name in ("smtp", "lmtp", "imap")]
    if all(door is False for door in doors) and not table("folder").get("path"):
        yield Mistake(
            "smtp / lmtp / imap / folder",
            "受信の方法が1つも選ばれていません",
            "smtp.enabled、lmtp.enabled、imap.enabled のどれかを true にするか、folder.path を書いてください",
        )
    for name in ("base", "register_"):  # our own names of fields, not the file's
        if name in data:
            yield Mistake(name, *CURES["extra_forbidden"])
    desks = data.get("desks")
    if isinstance(desks, list) and not desks:
        yield Mistake("desks", "担当が1つもありません", "[[desks]] に name と address を書いてください")
    yield from _doubled(table("mail").get("inboxes"), desks)
    yield from _to_ourselves(data, desks)
    yield from _desk_rules(data.get("desk_rules"), desks)
    yield from _too_long(table("mail"))
    oauth = table("oauth")
    if oauth:
        yield from _incomplete("oauth", oauth, ("tenant", "client_id", "secret_file"), "[oauth]")
        if importlib.util.find_spec("msal") is None:
            cure = "msal を Python の環境に入れてください（pip install msal）"
            yield Mistake("oauth", "msal というパッケージがありません", cure)
    if table("imap").get("enabled") is True:
        yield from _incomplete("imap", table("imap"), ("host", "user"), "enabled = true")
        yield from _login("imap", table("imap"), "enabled = true の", has_oauth=bool(oauth))
    yield from _canary(data)
    yield from _shadow(data)
    yield from _watching(table("monitoring"))
    if table("retention").get("approver") and not table("mail").get("authserv_id"):
        cure = "mail.authserv_id を書くか、approver を省いて disposal approve で承認してください"
        yield Mistake("retention.approver", "差出人を確認できないため、返信では承認できません", cure)
    yield from _reminders(table("reminders"), desks)
    yield from _conditions(table("conditions"))
    yield from _outgoing(table("outgoing"), has_oauth=bool(oauth))
    smtp, lmtp = table("smtp"), table("lmtp")
    if (
        smtp.get("enabled") is True
        and lmtp.get("enabled") is True
        and smtp.get("port", 2525) == lmtp.get("port", 2424)
        and smtp.get("host", "127.0.0.1") == lmtp.get("host", "127.0.0.1")
    ):
        yield Mistake("lmtp.port", "smtp.port と同じです", "どちらかを別の番号にしてください")


def _canary(data: Mapping[str, object]) -> Iterator[Mistake]:
    """That a test mail can come back, and that what is told of it goes another way."""
    canary, outgoing = _table(data, "canary"), _table(data, "outgoing")
    if not canary.get("every_minutes"):
        return
    if outgoing.get("method") != "smtp":
        cure = 'outgoing.method = "smtp" とするか、every_minutes を 0 にしてください'
        yield Mistake("canary.every_minutes", "外へ送らない設定のため、試験メールは戻りません", cure)
    if not (host := canary.get("tell_host")):
        return
    other = (_place(host), canary.get("tell_port", 25))
    places = [("outgoing", (_place(outgoing.get("host")), outgoing.get("port", 587)))]
    for name, port in (("smtp", 2525), ("lmtp", 2424)):
        door = _table(data, name)
        if door.get("enabled") is True:
            places.append((name, (_place(door.get("host", "127.0.0.1")), door.get("port", port))))
    for name, place in places:
        if place == other:
            cure = "別の中継サーバーのホストとポートを書くか、空欄にしてください"
            yield Mistake("canary.tell_host", f"[{name}] と同じ所です", cure)


def _shadow(data: Mapping[str, object]) -> Iterator[Mistake]:
    """That nothing reaches a desk while the program runs beside the people."""
    if _table(data, "outgoing").get("shadow") is not True:
        return
    if not _table(data, "operator").get("address"):
        cure = "operator.address に、システム担当者のアドレスを書いてください"
        yield Mistake("operator.address", "空欄では、試験運用（outgoing.shadow）の警報が担当に届きます", cure)
    elif str(_table(data, "operator")["address"]).lower() in {
        str(desk.get(key, "")).lower() for desk in _tables(data.get("desks")) for key in ("address", "deputy", "head")
    }:
        cure = "システム担当者が読む別のアドレスにしてください"
        yield Mistake(
            "operator.address", "担当のアドレスのため、試験運用（outgoing.shadow）の警報が担当に届きます", cure
        )
    if _table(data, "canary").get("every_minutes"):
        cure = "every_minutes を 0 にしてください"
        yield Mistake("canary.every_minutes", "試験運用（outgoing.shadow）では、試験メールは送れません", cure)


def _place(host: object) -> str:
    name = str(host).lower()
    return "127.0.0.1" if is_loopback(name) else name


def _watching(monitoring: Mapping[str, object]) -> Iterator[Mistake]:
    """That what watches from outside has its packages, which are an extra."""
    for key, package in (("listen", "aiohttp"), ("listen", "prometheus_client"), ("heartbeat_url", "aiohttp")):
        if monitoring.get(key) and importlib.util.find_spec(package) is None:
            cure = "./run setup で、この版のパッケージを入れるか、空欄にしてください"
            yield Mistake(f"monitoring.{key}", f"{package} というパッケージがありません", cure)


def _conditions(conditions: Mapping[str, object]) -> Iterator[Mistake]:
    """Kinds of contract that no words tell, and ranges that are empty."""
    words, kinds = conditions.get("kind_words", dict(KINDS)), conditions.get("kinds")
    if isinstance(words, Mapping) and isinstance(kinds, list):
        for kind in kinds:
            if kind not in words:
                yield Mistake(
                    "conditions.kinds",
                    f"「{kind}」を見分ける言葉がありません",
                    f"{'、'.join(words)} から選ぶか、kind_words に書いてください",
                )
    for least, most in (("least_yen", "most_yen"), ("contracted_from", "contracted_until")):
        low, high = conditions.get(least), conditions.get(most)
        if low is not None and type(low) is type(high) and low > high:  # type: ignore[operator]
            yield Mistake(f"conditions.{most}", f"{least} より小さい値です", "範囲を確かめてください")


def _too_long(mail: Mapping[str, object]) -> Iterator[Mistake]:
    """A bounce address has to leave room for its extension in 64 octets (RFC 5321 §4.5.3.1.1)."""
    inboxes = mail.get("inboxes")
    address = mail.get("bounce_address") or (inboxes[0] if isinstance(inboxes, list) and inboxes else "")
    local = str(address).rpartition("@")[0]
    if mail.get("bounce_delimiter") and len(local) > LOCAL_PART_OCTETS - 1 - TOKEN_CHARACTERS:
        cure = f"@ の前が{LOCAL_PART_OCTETS - 1 - TOKEN_CHARACTERS}文字以内のアドレスを mail.bounce_address に書くか、bounce_delimiter を省いてください"
        yield Mistake("mail.bounce_delimiter", f"{address} では長すぎて符号を付けられません", cure)


def _doubled(inboxes: object, desks: object) -> Iterator[Mistake]:
    """Addresses that would make a mail go round, and names that would not tell two desks apart."""
    own = _written(inboxes)
    if len(set(own)) != len(own):
        yield Mistake("mail.inboxes", "同じアドレスが2回あります", "1つにしてください")
    tables = _tables(desks)
    for place, desk in enumerate(tables, 1):
        for address in _written(desk.get("inboxes")):
            if address in own:
                cure = "mail.inboxes か、1つの担当の inboxes の、どちらか1か所だけに書いてください"
                yield Mistake(f"desks（{place}番目）.inboxes", f"{address} がほかの所にもあります", cure)
            own.append(address)
    for place, desk in enumerate(tables, 1):
        for key in ("address", "deputy", "head"):
            if str(desk.get(key, "")).lower() in own:
                cure = "担当者が読む別のアドレスにしてください"
                what = "受け付けるアドレス（mail.inboxes、desks.inboxes）と同じです"
                yield Mistake(f"desks（{place}番目）.{key}", what, cure)
        if any(desk.get("name") == other.get("name") for other in tables[: place - 1]):
            yield Mistake(f"desks（{place}番目）.name", "同じ名称の担当があります", "別の名称にしてください")


def _table(data: Mapping[str, object], name: str) -> Mapping[str, object]:
    """The section, empty where it is none."""
    value = data.get(name)
    return value if isinstance(value, Mapping) else {}


def _tables(desks: object) -> list[Mapping[str, object]]:
    """The desks among what was written as such."""
    return [desk for desk in desks if isinstance(desk, Mapping)] if isinstance(desks, list) else []


def _to_ourselves(data: Mapping[str, object], desks: object) -> Iterator[Mistake]:
    """Letters that would come back in by our own door: alarms, keys, and all that leaves by a relay that is ourselves."""
    table = partial(_table, data)
    tables = _tables(desks)
    ours = {*_written(table("mail").get("inboxes")), *(one for desk in tables for one in _written(desk.get("inboxes")))}
    places: list[tuple[str, list[str]]] = [
        ("operator.address", [str(table("operator").get("address", ""))]),
        ("retention.approver", [str(table("retention").get("approver", ""))]),
    ]
    for place, desk in enumerate(tables, 1):
        places += [(f"desks（{place}番目）.keys_address", [str(desk.get("keys_address", ""))])]
        places += [(f"desks（{place}番目）.staff", _written(desk.get("staff")))]
    for key, addresses in places:
        if any(address.lower() in ours for address in addresses):
            what = "受け付けるアドレス（mail.inboxes、desks.inboxes）と同じです"
            yield Mistake(key, what, "人が読む別のアドレスにしてください")
    outgoing = table("outgoing")
    if outgoing.get("method") != "smtp":
        return
    for name, port in (("smtp", 2525), ("lmtp", 2424)):
        door = table(name)
        is_here = str(outgoing.get("host", "")) in {str(door.get("host", "127.0.0.1")), "localhost", "127.0.0.1", "::1"}
        if door.get("enabled") is True and is_here and outgoing.get("port", 587) == door.get("port", port):
            cure = "市の中継サーバーのホストとポートを書いてください"
            yield Mistake("outgoing.port", f"送信先が、本システム自身の受け口（[{name}]）です", cure)


def _desk_rules(rules: object, desks: object) -> Iterator[Mistake]:
    """That each rule gives mails to a desk that there is, and that only one desk gets the rest."""
    tables = _tables(desks)
    names = [desk.get("name") for desk in tables]
    for place, rule in enumerate(rules if isinstance(rules, list) else (), 1):
        if isinstance(rule, Mapping) and rule.get("desk") and rule["desk"] not in names:
            cure = "[[desks]] の name のどれかを書いてください"
            yield Mistake(f"desk_rules（{place}番目）.desk", f"「{rule['desk']}」という担当はありません", cure)
    if sum(desk.get("default") is True for desk in tables) > 1:
        yield Mistake("desks.default", "2つ以上の担当に書かれています", "1つの担当だけに書いてください")


def _reminders(table: Mapping[str, object], desks: object) -> Iterator[Mistake]:
    """That each step goes to somebody, and comes after the one before."""
    deputy, head = table.get("held_deputy_days", 0), table.get("held_head_days", 0)
    if isinstance(deputy, int) and isinstance(head, int) and 0 < head <= deputy:
        cure = "held_deputy_days より大きくしてください"
        yield Mistake("reminders.held_head_days", "代理の方に知らせる日数より後になっていません", cure)
    tables = _tables(desks)
    for days, key in ((deputy, "deputy"), (head, "head")):
        if days and tables and not any(desk.get(key) for desk in tables):
            cure = f"[[desks]] に {key} を書いてください"
            yield Mistake(f"reminders.held_{key}_days", "知らせる相手がどの担当にもありません", cure)
    absences = table.get("absences")
    for place, one in enumerate(absences if isinstance(absences, list) else (), 1):
        dates = (one.get("since"), one.get("until")) if isinstance(one, Mapping) else ()
        first, last = (str(day) for day in dates) if dates else ("", "")
        if last and last < first:
            cure = "since より後の日にしてください"
            yield Mistake(f"reminders.absences（{place}番目）.until", "不在の最初の日より前です", cure)


def _written(addresses: object) -> list[str]:
    return [str(address).lower() for address in addresses] if isinstance(addresses, list) else []


def _outgoing(table: Mapping[str, object], *, has_oauth: bool) -> Iterator[Mistake]:
    if table.get("method") != "smtp":
        return
    yield from _incomplete("outgoing", table, ("host",), 'method = "smtp"')
    if table.get("user"):
        yield from _login("outgoing", table, "user を書いた", has_oauth=has_oauth)
    elif any(table.get(key) for key in ("password_file", "token_command")) or table.get("auth") == "xoauth2":
        yield Mistake("outgoing.user", "認証の設定がありますが、利用者名がありません", "user を書いてください")


def _login(name: str, table: Mapping[str, object], because: str, *, has_oauth: bool) -> Iterator[Mistake]:
    """Where the password or token comes from: one place, and one that fits the way of logging in."""
    command, file = bool(table.get("token_command")), bool(table.get("password_file"))
    by_token = table.get("auth", "password") == "xoauth2"
    if command and file:
        yield Mistake(f"{name}.token_command", "password_file と両方が書かれています", "どちらかを省いてください")
    elif command and not by_token:
        cure = 'auth = "xoauth2" と書いてください'
        yield Mistake(f"{name}.token_command", "auth が xoauth2 でないときは使えません", cure)
    elif not (command or file or (by_token and has_oauth)):
        cure = (
            "password_file か token_command か [oauth] を書いてください"
            if by_token
            else "password_file を書いてください"
        )
        yield Mistake(f"{name}.password_file", f"{because}ときは必要です", cure)


def _incomplete(name: str, table: Mapping[str, object], needed: Sequence[str], because: str) -> Iterator[Mistake]:
    """What a connection needs once it is wanted; and that it is not made in the clear to another machine."""
    for key in needed:
        if not table.get(key):
            yield Mistake(f"{name}.{key}", f"{because} のときは必要です", f"{key} を書いてください")
    host = table.get("host")
    if table.get("tls") == "none" and isinstance(host, str) and host and not is_loopback(host):
        cure = "implicit か starttls にしてください（none は host がこのマシンのときだけ使えます）"
        yield Mistake(f"{name}.tls", "暗号化せずに別のマシンへはつなげません", cure)
