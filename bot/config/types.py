"""What a setting's value may be: annotated types with their checks, and the base of every section.

Used by the files of sections. A check raises ValueError with Japanese words for the operator.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from bot.core.mail.subject_forms import PROFILE_NAMES, template_of
from bot.core.policy.policy import within
from bot.core.register.headers import meanings, sheet_products
from bot.core.register.layout import Layout
from bot.core.text.lazy_pattern import LazyPattern, form
from bot.core.text.re2_language import SlowPatternError

LOCAL_PART_OCTETS = 64

_ADDRESS = LazyPattern(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?")

_DOMAIN = LazyPattern(r"(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z][A-Za-z0-9-]{0,61}[A-Za-z0-9]")

_SELECTOR = LazyPattern(r"[A-Za-z0-9](?:[A-Za-z0-9_-]{0,62})(?:\.[A-Za-z0-9][A-Za-z0-9_-]{0,62}){0,3}")
_LAST_PORT = 65535


def _address(text: str) -> str:
    if not _ADDRESS.fullmatch(text):
        raise ValueError("メールアドレスを1つだけ書いてください（例: hosho@city.example.jp）")
    return text


def _address_or_nothing(text: str) -> str:
    return _address(text) if text else ""


def _path(value: object) -> object:
    if value == "":  # else it would be the folder of the settings file
        raise ValueError("空欄です。使わないときは行ごと削除してください")
    return value


def _pattern(text: str) -> str:
    try:
        _ = form(text).compiled, within(text).compiled
    except SlowPatternError:
        raise ValueError("繰返し（* や +）に上限がありません。{1,20} のように書いてください") from None
    except re.error as error:
        raise ValueError(f"正規表現として読めません（{error}）") from None
    return text


def _https(text: str) -> str:
    if not text.startswith("https://") or len(text) == len("https://"):
        raise ValueError("https:// で始まるアドレスを書いてください（例: https://login.microsoftonline.com）")
    return text.rstrip("/")


def _domain(text: str) -> str:
    if not _DOMAIN.fullmatch(text):
        raise ValueError("ドメインだけを書いてください（@ は付けません。例: city.example.jp）")
    return text


def _name_server(text: str) -> str:
    host, _, port = text.rpartition(":")
    for address in (text.strip("[]"), host.strip("[]") if port.isdecimal() and 0 < int(port) <= _LAST_PORT else ""):
        try:
            ipaddress.ip_address(address)
        except ValueError:
            continue
        return text
    raise ValueError("DNSサーバーのIPアドレスを書いてください（例: 192.0.2.53、192.0.2.53:5353）")


def _selector(text: str) -> str:
    if not _SELECTOR.fullmatch(text):
        raise ValueError("DKIM-Signature の s= にある名前を書いてください（例: mail2026）")
    return text.lower()


def _sender(text: str) -> str:
    if not (_ADDRESS.fullmatch(text) or _DOMAIN.fullmatch(text)):
        raise ValueError("メールアドレスかドメインを1つだけ書いてください（例: kensetsu.example.jp）")
    return text


def _columns(names: Mapping[str, str]) -> Mapping[str, str]:
    meanings(
        Layout(columns=tuple(names.items()))
    )  # raises ValueError, in Japanese, for a name that is no column of ours
    return names


def _sheets(names: Mapping[str, str]) -> Mapping[str, str]:
    sheet_products(Layout(sheets=tuple(names.items())))  # raises ValueError, in Japanese, for words that are no product
    return names


def _profile(name: str) -> str:
    if name not in PROFILE_NAMES:
        raise ValueError(f"知らない書き方です。選べるのは {'、'.join(PROFILE_NAMES)} です")
    return name


def _template(text: str) -> str:
    template_of(text)  # raises ValueError, in Japanese
    return text


MONTH_DAY = r"^(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$"

Domain = Annotated[str, AfterValidator(_domain)]

NameServer = Annotated[str, AfterValidator(_name_server)]

Selector = Annotated[str, AfterValidator(_selector)]

Sender = Annotated[str, AfterValidator(_sender)]

Columns = Annotated[Mapping[str, str], AfterValidator(_columns)]

Sheets = Annotated[Mapping[str, str], AfterValidator(_sheets)]

MailAddress = Annotated[str, AfterValidator(_address)]

MailAddressOrNothing = Annotated[str, AfterValidator(_address_or_nothing)]

FilePath = Annotated[Path, BeforeValidator(_path)]

HttpsUrl = Annotated[str, AfterValidator(_https)]

Pattern = Annotated[str, AfterValidator(_pattern)]

SubjectProfile = Annotated[str, AfterValidator(_profile)]

SubjectTemplate = Annotated[str, AfterValidator(_template)]

Port = Annotated[int, Field(ge=1, le=65535)]

Tls = Literal["implicit", "starttls", "none"]


class Section(BaseModel):
    """A table of the file. An unknown key is an error: a misspelt setting must not be a silent default."""

    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True, defer_build=True)


Days = Annotated[int, Field(ge=0, le=365)]


def is_loopback(host: str) -> bool:
    """Whether the host is this very machine."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
