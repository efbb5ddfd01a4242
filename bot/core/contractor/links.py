"""Links to files that a sender has put somewhere else instead of attaching them. Nobody opens one.

Called by core/notice/interpret.py in the reading child. Known services are data (transfer_services.toml, read at import); any other link
counts where the mail's own words announce a download. Links that a gateway has wrapped are unwrapped. Pure; linear; nothing is raised.
"""

from __future__ import annotations

import tomllib
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from importlib.resources import files
from itertools import islice
from urllib.parse import unquote

from bot.core.mail.gateways import says_taken_out
from bot.core.mail.message import Mail
from bot.core.mail.quoting import submitted_words
from bot.core.text.boilerplate import own_paragraphs
from bot.core.text.lazy_pattern import LazyPattern
from bot.core.text.normalise import fold


@dataclass(frozen=True, slots=True)
class FileLink:
    """Where a file lies. `service`: its name; "" = not a known one."""

    host: str
    service: str

    @property
    def words(self) -> str:
        """What a clerk reads."""
        return f"{self.service}（{self.host}）" if self.service else self.host


@dataclass(frozen=True, slots=True)
class _Service:
    name: str
    hosts: tuple[str, ...]
    where: LazyPattern[str]


def _services() -> Iterator[_Service]:
    table = tomllib.loads(files(__package__).joinpath("transfer_services.toml").read_text("utf-8"))
    for one in table["service"]:
        yield _Service(one["name"], tuple(one["hosts"]), LazyPattern(one.get("where", r"[^\s?#]|\?.")))


_SERVICES = tuple(_services())
_BY_HOST = {host: service for service in _SERVICES for host in service.hosts}

# From here one can get files without their being a contractor's: the sureties' own pages, offices, maps, signing services.
_OF_OTHERS = ("ejcs.co.jp", "wjcs.net", "lg.jp", "go.jp", "google.com", "goo.gl", "cloudsign.jp", "docusign.net")

_CHARACTERS = 20_000
_MOST = 20
_URL = LazyPattern(r"https?://([a-z0-9.-]{3,200})(?::[0-9]{1,5})?/?([^\s<>\"'、。」）)］\]]*)")
_BARE = LazyPattern(r"(?:^|[^a-z0-9@/._-])((?:[a-z0-9-]{1,63}\.){1,6}[a-z]{2,24})/([^\s<>\"'、。」）)［］\]]+)")
# Proofpoint's second way of wrapping.
_WRAPPED = LazyPattern(r"(https?)-3a__([a-z0-9.-]{3,200})_")
# In folded text: what says that there is a file behind a link.
_ANNOUNCES = LazyPattern(
    r"ダウンロ-ド|ダウンロード|download|dlキー|(?:保存|公開|有効|掲載|閲覧)期[限間]|expires"
    r"|共有(?:リンク|フォルダ|ファイル|url|しま|いた|され)|リンク(?:先|から|より|を?(?:お?送|共有|開|クリック))"
    r"|ファイル(?:転送|便|共有|送信|ストレ|サーバ|の?受(?:取|け取))|クラウド|ストレージ|アップロード|アップしま|アップいた"
    r"|(?:url|リンク|アドレス|サイト)(?:より|から|にて|に(?:て|アクセス|置|格納)|を(?:ご?参照|ご?確認|クリック|開))|shared|sharing|transfer|url *(?:です|は|を|に|→|⇒|:)|pdf(?:は|を)?こちら|添付(?:メ[-ー]ル|ファイル|書類)?が(?:送れ|できま)|(?:下記|上記|以下|こちら|次)(?:に|へ)(?:て)?(?:保存|格納|保管|アップ|掲載|置[いき]|上げ|載せ|登録|送信)|分離|切り離|隔離|(?:ドライブ|サ[ー-]ビス|サーバ[ー-]?|フォルダ[ー-]?|サイト|ペ[ー-]ジ|場所|ところ)に[^。]{0,16}(?:置|入れ|上げ|載せ|格納|保管|保存|用意)|(?:下記|上記|以下|こちら|ここ)(?:より|から)(?:お取り|取得|入手|受け?取|ご?覧|開|保存)|[^ /]\.(?:pdf|zip)(?:$|[(「」)])"
)
_KANA = LazyPattern(r"[ぁ-んァ-ヶ]")
# Words that hand something over: enough where the link itself looks like one to a single file.
_HANDS_OVER = LazyPattern(
    r"送(?:り|付|信)|提出|添付|キ[ー-](?:です|になります|でございます)|(?:pdf|お知らせ|書類|デ-タ|データ|ファイル)(?:です|になります)|ご?確認|査収|受け?取|取得|入手|閲覧|開いて|こちら(?:から|より|です|に)|認証キ"
)
_LIKE_A_TOKEN = LazyPattern(
    r"(?:^|[/=?&])[a-z_-]*[0-9][a-z0-9_-]{4,}/?$|(?:^|[/=?&])[a-z0-9_-]{16,}|\.(?:pdf|zip|7z|lzh)$"
)
_NEAR = 3
"""A link and what announces it stand within so many lines."""


def file_links(mail: Mail, *, has_notice: bool = False) -> tuple[FileLink, ...]:
    """The links to files, each host once, in the mail's order. `has_notice`: what a gateway says above one took nothing that is missed."""
    lines = unicodedata.normalize("NFKC", submitted_words(mail)[:_CHARACTERS]).splitlines()
    found = [known for url in _urls("\n".join(lines)) if (known := _known(*url))]
    found += [known for target in mail.targets for url in _urls(target) if (known := _known(*url))]
    announced = _announced(mail, lines, is_missed=not has_notice) if any(map(_KANA.search, lines)) else ()
    return tuple({one.host: one for one in islice((*announced, *found), _MOST)}.values())


def _urls(text: str) -> Iterator[tuple[str, str]]:
    """Host and what follows it, of each link; of one that a gateway has wrapped in its own, that of the link within."""
    text = _WRAPPED.sub(r"\1://\2/", text.lower())
    unwrapped = unquote(unquote(text)) if "%" in text else text
    for pattern in (_URL, _BARE):
        for link in pattern.finditer(unwrapped):
            inner = _URL.search(link[2]) or link
            yield inner[1].strip("."), inner[2]


def _known(host: str, rest: str) -> FileLink | None:
    labels = host.split(".")
    for start in range(len(labels) - 1):
        service = _BY_HOST.get(".".join(labels[start:]))
        if service is not None:
            return FileLink(host, service.name) if service.where.match(rest) else None
    return None


def _announced(mail: Mail, lines: Sequence[str], *, is_missed: bool) -> Iterator[FileLink]:
    """Links to hosts that nobody knows, in the paragraphs of a sender's own that announce a download."""
    stated = own_paragraphs("\n".join(lines))
    told = [line for one, own in stated for line in (one if is_missed and _is_of_gateway(one) else own).split("\n")]
    bare = list(map(_without_links, told))
    loud = [place for place, line in enumerate(bare) if _ANNOUNCES.search(line)]
    soft = [place for place, line in enumerate(bare) if _HANDS_OVER.search(line)]
    for place, line in enumerate(told):
        urls = list(_urls(line))
        if _is_near(place, loud):
            yield from _others(urls)
        elif _is_near(place, soft):
            yield from _others(url for url in urls if _LIKE_A_TOKEN.search(url[1]))
    if loud or soft:
        urls = [url for target in mail.targets for url in _urls(target)]
        yield from _others(url for url in urls if loud or _LIKE_A_TOKEN.search(url[1]))


def _is_of_gateway(paragraph: str) -> bool:
    """Whether a server says where it has put what was attached: boilerplate, but it holds the file."""
    return says_taken_out(paragraph) and _URL.search(paragraph.lower()) is not None


def _is_near(place: int, others: Sequence[int]) -> bool:
    return any(abs(place - other) <= _NEAR for other in others)


def _without_links(line: str) -> str:
    """The line folded, its links left out: a word in an address announces nothing."""
    return fold(_URL.sub("", line.lower()))


def _others(urls: Iterable[tuple[str, str]]) -> Iterator[FileLink]:
    for host, rest in urls:
        is_anybodys = any(host == one or host.endswith(f".{one}") for one in _OF_OTHERS)
        if len(rest) > 1 and "." in host and not is_anybodys and _known(host, rest) is None:
            yield FileLink(host, "")
