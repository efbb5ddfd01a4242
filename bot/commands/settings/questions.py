"""The ten questions of `init`: how each is asked, which answers are taken, and what the settings' tables say then.

Used by init.py alone. An answer's check raises ValueError with Japanese words. Pure.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from bot.config.secrecy import holds_password
from bot.config.types import Domain, MailAddress, is_loopback
from bot.core.text.lazy_pattern import LazyPattern

Answers = Mapping[str, str]
Table = dict[str, object]

IMAP_PASSWORD, RELAY_PASSWORD = "imap-password", "relay-password"
_DOORS = ("lmtp", "smtp", "imap")
_YES, _NO = "はい", "いいえ"
_CANARY_MINUTES = 60
_RELAY = LazyPattern(r"(\[[0-9A-Fa-f:.]{2,45}\]|[A-Za-z0-9.-]{1,253})(?::([0-9]{1,5}))?")
_PLAIN_PATH = LazyPattern(r"/[A-Za-z0-9_./-]{0,200}")
_URL = LazyPattern(r"postgres(?:ql)?://[^\s]{1,300}")
_SUBMISSION, _SMTPS, _SMTP = 587, 465, 25
_HIGHEST = 65535


@dataclass(frozen=True, slots=True)
class Question:
    """`key`: its name in a file of answers. `number`: of the ten; "" where it goes on from the one before."""

    key: str
    number: str
    words: str
    check: Callable[[str], str]
    default: Callable[[Answers], str] | None = None  # None: there is none, and an answer is needed
    is_asked: Callable[[Answers], bool] = lambda _: True
    is_secret: bool = False


def _of_type(kind: Any, what: str) -> Callable[[str], str]:
    adapter: TypeAdapter[str] = TypeAdapter(kind)

    def check(text: str) -> str:
        try:
            return adapter.validate_python(text)
        except ValidationError:
            raise ValueError(what) from None

    return check


_address = _of_type(MailAddress, "メールアドレスを1つ書いてください（例: hosho@city.example.jp）")
_domain = _of_type(Domain, "ドメインだけを書いてください（例: city.example.jp）")


def _words(text: str) -> str:
    if not text or not text.isprintable():
        raise ValueError("1行で書いてください")
    return text


def _or_nothing(check: Callable[[str], str]) -> Callable[[str], str]:
    return lambda text: check(text) if text else ""


def _desks(text: str) -> str:
    for name, address in desks_in(text):
        if not name:
            raise ValueError("「契約課 keiyaku@city.example.jp」のように、名称とアドレスを書いてください")
        _address(address)
    return text


def desks_in(text: str) -> list[tuple[str, str]]:
    """契約課 a@b.example、道路課 c@b.example → names and addresses."""
    return [
        (name.strip(), address)
        for one in text.replace(",", "、").split("、")
        for name, _, address in [one.replace("\u3000", " ").strip().rpartition(" ")]
    ]


def _door(text: str) -> str:
    if text.lower() not in _DOORS:
        raise ValueError(f"{'、'.join(_DOORS)} のどれかを書いてください")
    return text.lower()


def _server(text: str) -> str:
    found = _RELAY.fullmatch(text)
    if not found or not 0 < int(found[2] or _SMTP) <= _HIGHEST:
        raise ValueError(
            "サーバーの名前を書いてください（例: relay.city.example.jp、ポートを変えるときは :587 を付けます）"
        )
    return text


def _yes_or_no(text: str) -> str:
    if text not in (_YES, _NO):
        raise ValueError(f"{_YES}か{_NO}を書いてください")
    return text


def _folder(text: str) -> str:
    if not _PLAIN_PATH.fullmatch(text) or ".." in text.split("/"):
        raise ValueError("/ で始まる場所を、半角の英数字で書いてください（例: /var/lib/hosho-bot）")
    return text.rstrip("/") or "/"


def _database(text: str) -> str:
    if not _URL.fullmatch(text):
        raise ValueError("空欄（SQLite）か、postgres://利用者@ホスト/名前 を書いてください")
    if holds_password(text):
        raise ValueError(
            "パスワードは書かず、利用者 hosho-bot の ~/.pgpass か、認証の設定（peer など）をお使いください"
        )
    return text


def _nothing(_: Answers) -> str:
    return ""


def _is_imap(answers: Answers) -> bool:
    return answers["door"] == "imap"


def _has_relay(answers: Answers) -> bool:
    return bool(answers["relay"])


QUESTIONS = (
    Question("city", "1", "市の名称（例: 取手市）", _words),
    Question("department", "2", "担当部署（なければ空欄。例: 財政部 契約課）", _or_nothing(_words), _nothing),
    Question("inbox", "3", "「認証キー」のお知らせを受け付けるアドレス", _address),
    Question("staff_domain", "4", "職員のメールのドメイン", _domain, lambda told: told["inbox"].rpartition("@")[2]),
    Question(
        "desks",
        "5",
        "確認を担当する課の名称とアドレス（2つ以上は「、」で区切る。例: 契約課 keiyaku@city.example.jp）",
        _desks,
    ),
    Question(
        "operator",
        "6",
        "このシステムの管理者のアドレス（警報の送り先。空欄なら全ての担当）",
        _or_nothing(_address),
        _nothing,
    ),
    Question(
        "door", "7", "受信の方法（lmtp、smtp: メールサーバーから渡す。imap: 受信箱を見に行く）", _door, lambda _: "lmtp"
    ),
    Question("imap_host", "", "  IMAPサーバー", _server, is_asked=_is_imap),
    Question("imap_user", "", "  その利用者名", _words, lambda told: told["inbox"], _is_imap),
    Question("imap_password", "", "  そのパスワード（表示されません）", _words, is_asked=_is_imap, is_secret=True),
    Question(
        "relay",
        "8",
        "送信に使う中継サーバー（例: relay.city.example.jp。空欄なら外へ送らず、フォルダに書く）",
        _or_nothing(_server),
        _nothing,
    ),
    Question(
        "relay_user",
        "",
        "  その利用者名（認証しないときは空欄）",
        _or_nothing(_words),
        _nothing,
        _has_relay,
    ),
    Question(
        "relay_password",
        "",
        "  そのパスワード（表示されません）",
        _words,
        is_asked=lambda told: bool(told["relay_user"]),
        is_secret=True,
    ),
    Question(
        "canary",
        "",
        "  1時間ごとに試験メールを送り、受付アドレスに戻ることを確かめるか（はい、いいえ）",
        _yes_or_no,
        lambda _: _NO,
        _has_relay,
    ),
    Question("folder", "9", "データを置くフォルダ", _folder, lambda _: "/var/lib/hosho-bot"),
    Question(
        "database",
        "10",
        "データベース（空欄なら SQLite。PostgreSQL は postgres://利用者@ホスト/名前）",
        _or_nothing(_database),
        _nothing,
    ),
)


def tables(answers: Answers) -> dict[str, Table | list[Table]]:
    """The settings that these answers are."""
    told = {question.key: "" for question in QUESTIONS} | dict(answers)
    made: dict[str, Table | list[Table]] = {
        "office": _given(city=told["city"], department=told["department"]),
        "mail": {"inboxes": [told["inbox"]], "staff_domains": [told["staff_domain"]]},
        "desks": [{"name": name, "address": address} for name, address in desks_in(told["desks"])],
        "storage": _given(folder=told["folder"], url=told["database"], key_file=str(Path("keys", "hosho.key"))),
        "operator": _given(address=told["operator"]),
        told["door"]: {"enabled": True},
    }
    if told["door"] == "imap":
        host, port = _host_and_port(told["imap_host"], 993)
        tls = "none" if is_loopback(host) else "starttls" if port == 143 else "implicit"
        login = {"user": told["imap_user"], "password_file": IMAP_PASSWORD}
        made["imap"] = {"enabled": True, "host": host, "port": port, "tls": tls, **login}
    if told["relay"]:
        made["outgoing"] = _outgoing(told)
    if told["canary"] == _YES:
        made["canary"] = {"every_minutes": _CANARY_MINUTES}
    return made


def _outgoing(told: Answers) -> Table:
    is_here = is_loopback(told["relay"].partition(":")[0])
    usual = _SUBMISSION if told["relay_user"] else _SMTP
    host, port = _host_and_port(told["relay"], usual)
    tls = "none" if is_here else "implicit" if port == _SMTPS else "starttls"
    login = {"user": told["relay_user"], "password_file": RELAY_PASSWORD} if told["relay_user"] else {}
    return {"method": "smtp", "host": host, "port": port, "tls": tls, **login}


def _host_and_port(server: str, usual: int) -> tuple[str, int]:
    found = _RELAY.fullmatch(server)
    return (found[1].strip("[]"), int(found[2] or usual)) if found else (server, usual)


def _given(**values: str) -> Table:
    return {key: value for key, value in values.items() if value}
