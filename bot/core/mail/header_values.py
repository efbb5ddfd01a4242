"""A header field's bytes to characters: encoded words (RFC 2047), raw 8-bit text, parameters (RFC 2231), file names.

Called by parse.py and addresses.py. Nothing is raised on any input; time is linear, or bounded by the caller's limits. A result
for display (`decode_header_value`, `decode_file_name`, `one_line`) has no control, line end, zero-width or bidi character. As
lenient as mail programs: encoded words in quotes, encoded words without a blank between them.
"""

from __future__ import annotations

import binascii
import html
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import islice
from types import MappingProxyType

from bot.core.mail.charset import LOST, decode
from bot.core.text.control_characters import CONTROLS, HIDDEN, SURROGATES
from bot.core.text.lazy_pattern import LazyPattern

# ---------------------------------------------------------------- characters that must not be displayed

_BLANKS = LazyPattern("[\t\n\x0b\x0c\r\x1c-\x1e\x85\u2028\u2029]+")
_INVISIBLE = LazyPattern(f"[{CONTROLS}{HIDDEN}]")
_SURROGATES = LazyPattern(f"[{SURROGATES}]")


def one_line(text: str) -> str:
    """The text on one line, without invisible and bidi characters."""
    return _SURROGATES.sub(LOST, _INVISIBLE.sub("", _BLANKS.sub(" ", text))).strip()


def unfold(raw: bytes) -> bytes:
    """A folded value on one line (RFC 5322 §2.2.3)."""
    return raw.translate(None, b"\r\n").strip(b" \t")


# ---------------------------------------------------------------- fields that may stand once

ONCE = frozenset(
    "date from sender reply-to to cc bcc message-id in-reply-to references subject mime-version content-type content-transfer-encoding"  # noqa: SIM905 - names read better as a line
    " content-disposition content-id content-description content-language content-md5 content-location".split(),
)
"""In lower case: RFC 5322 §3.6 (the table), RFC 2045 §3."""


def repeated_fields(fields: Iterable[tuple[str, object]]) -> tuple[str, ...]:
    """The names, in lower case, of the fields that may stand once and stand twice. `fields`: names and values of one header block.

    Programs choose differently among them, and a signature covers the last: such a mail is nobody's word.
    """
    counts = Counter(name.strip().lower() for name, _ in fields)
    return tuple(name for name, count in counts.items() if count > 1 and name in ONCE)


# ---------------------------------------------------------------- RFC 2047

# The text may hold what it should not ("?", blanks), and the end may be missing where a field was cut.
_WORD = LazyPattern(r"=\?([!-<>@-~]{1,60})\?(?:([bB])\?([A-Za-z0-9+/=_ \t-]*)|([qQ])\?(.*?))(?:\?=|\Z)", re.DOTALL)


def decode_words(text: str) -> str:
    """Decode the encoded words in a text that is otherwise decoded."""
    out: list[str] = []
    run: list[tuple[str, bytes]] = []  # adjacent words: a character may be split between two of them
    end = 0
    for match in _WORD.finditer(text):
        between = text[end : match.start()]
        if between.strip(" \t\r\n") or not run:
            out += (_run_text(run), between)
            run = []
        label = match[1].partition("*")[0]  # RFC 2231 §5: a language may follow
        run.append((label.lower(), _word_bytes(match)))
        end = match.end()
    return "".join((*out, _run_text(run), text[end:]))


def _word_bytes(match: re.Match[str]) -> bytes:
    if match[2]:
        return from_base64(match[3].encode())
    return binascii.a2b_qp(match[5].encode("utf-8", "replace"), header=True)


def _run_text(run: list[tuple[str, bytes]]) -> str:
    """Words of one charset are joined before they are decoded, unless they are whole only one by one."""
    out: list[str] = []
    start = 0
    for number in range(1, len(run) + 1):
        if number == len(run) or run[number][0] != run[start][0]:
            label = run[start][0]
            words = [data for _, data in run[start:number]]
            joined = decode(b"".join(words), label)
            if joined.lost and len(words) > 1:
                singly = [decode(word, label) for word in words]
                out.append(joined.text if any(one.lost for one in singly) else "".join(one.text for one in singly))
            else:
                out.append(joined.text)
            start = number
    return "".join(out)


def decode_header_value(raw: bytes) -> str:
    """A field's value for display: unfolded, encoded words and raw 8-bit text decoded."""
    return one_line(decode_words(decode(unfold(raw), None).text))


def decode_structured_value(raw: bytes) -> str:
    """A structured field's value: raw 8-bit text decoded, encoded words not, because they could change its syntax."""
    return one_line(decode(unfold(raw), None).text)


# ---------------------------------------------------------------- base64

_BASE64 = bytes(range(0x41, 0x5B)) + bytes(range(0x61, 0x7B)) + b"0123456789+/="
_NOT_BASE64 = bytes(byte for byte in range(256) if byte not in _BASE64)
_URL_SAFE = bytes.maketrans(b"-_", b"+/")
_PADDED_PIECES = 100  # blocks that were encoded one by one and put together; more is nonsense


_PADDING = LazyPattern(rb"=+")


def from_base64(data: bytes, *, url_safe: bool = True) -> bytes:
    """Decode base64 leniently: skip other characters, add missing padding, accept padding inside."""
    letters = (data.translate(_URL_SAFE) if url_safe else data).translate(None, _NOT_BASE64)
    # Nearly always it is one piece; the pattern looks at each letter of a file.
    whole = letters.rstrip(b"=")
    pieces = _PADDING.split(letters, maxsplit=_PADDED_PIECES) if b"=" in whole else [whole]
    pieces[-1] = pieces[-1].replace(b"=", b"")
    out = []
    for piece in pieces:
        bytewise = piece[: len(piece) - (len(piece) % 4 == 1)]  # a single letter encodes no byte
        out.append(binascii.a2b_base64(bytewise + b"=" * (-len(bytewise) % 4)))
    return b"".join(out)


# ---------------------------------------------------------------- transfer encodings (RFC 2045 §6)

_COMMENT = LazyPattern(rb"\([^()]*\)")
_NO_LETTER = LazyPattern(rb"[^0-9a-z]")


def transfer_encoding(raw: bytes) -> str:
    """What Content-Transfer-Encoding means, by letters and digits in lower case: `base 64` and `Base64 (Mac); x` are "base64"."""
    return _NO_LETTER.sub(b"", _COMMENT.sub(b"", unfold(raw)[:200]).lower().partition(b";")[0]).decode("ascii")


_HEADING = 64
# How files of the kinds that are read begin: PDF, ZIP and Office, JPEG, PNG, GIF, TIFF, older Office, 7-Zip, RAR, RTF.
_KNOWN_FILES = (
    b"%PDF-", b"PK\x03\x04", b"\xff\xd8\xff", b"\x89PNG", b"GIF8", b"II*\0", b"MM\0*", b"\xd0\xcf\x11\xe0", b"7z\xbc\xaf", b"Rar!", b"{\\rtf",
)  # fmt: skip


def undeclared_file(body: bytes) -> bytes:
    """The file that a body holds in base64 without saying so; b"" where it is none of a known kind."""
    start = body.lstrip()[: 2 * _HEADING]
    if not from_base64(start[:_HEADING], url_safe=False).startswith(_KNOWN_FILES) or body.strip().translate(
        None, _BASE64 + b"\r\n"
    ):
        return b""
    return from_base64(body, url_safe=False)


# ---------------------------------------------------------------- parameters

# A semicolon ends a value only where a parameter follows: unquoted ISO-2022-JP has semicolons of its own (子 is ";R").
_PARAMETER = LazyPattern(r";[ \t]*([A-Za-z0-9_.-]{1,40})(\*[0-9]{1,3})?(\*)?[ \t]*=[ \t]*")
_QUOTED_VALUE = LazyPattern(r'"((?:[^"\\]|\\.)*)(?:"|\Z)', re.DOTALL)
_VALUE_ENDS = LazyPattern(r";[ \t]*(?:\Z|[A-Za-z0-9_.-]{1,40}(?:\*[0-9]{0,3})?\*?[ \t]*=)")
_LETTERS_FOLLOW = LazyPattern(r"[^; \t]")  # behind "": quotes within quotes
_QUOTED_PAIR = LazyPattern(r'\\(["\\])')  # only these: old programs write whole Windows paths between quotes
_PERCENT = LazyPattern(rb"%([0-9A-Fa-f]{2})")
_PARAMETERS = 200


def parameters(value: str) -> MappingProxyType[str, str]:
    """Parameters of Content-Type and Content-Disposition, names in lower case; of two with one name the first counts.

    Continuations and charsets (RFC 2231) are resolved; a charset's name wins over the plain one (RFC 6266 §4.3).
    """
    plain: dict[str, str] = {}
    pieces: dict[str, dict[int, tuple[bool, str]]] = {}
    for name, number, star, text in islice(_raw_parameters(value), _PARAMETERS):
        if number or star:
            pieces.setdefault(name, {}).setdefault(int(number[1:] or 0) if number else 0, (bool(star), text))
        else:
            plain.setdefault(name, text)
    extended = {name: _join_pieces(numbered) for name, numbered in pieces.items()}
    return MappingProxyType({**plain, **{name: text for name, text in extended.items() if text}})


def _raw_parameters(value: str) -> Iterator[tuple[str, str, str, str]]:
    rest = value
    while found := _PARAMETER.search(rest):
        rest = rest[found.end() :]
        quoted = _QUOTED_VALUE.match(rest)
        if quoted and (quoted[1] or not _LETTERS_FOLLOW.match(rest, quoted.end())):
            text, end = _QUOTED_PAIR.sub(r"\1", quoted[1]), quoted.end()
        else:
            ends = _VALUE_ENDS.search(rest)
            end = ends.start() if ends else len(rest)
            text = rest[:end].strip(' \t"')
        rest = rest[end:]
        yield found[1].lower(), found[2] or "", found[3] or "", text


def _join_pieces(numbered: dict[int, tuple[bool, str]]) -> str:
    """RFC 2231 §3 and §4: all the bytes first, then the charset, since a character may be split."""
    label: str | None = None
    data = b""
    for order, number in enumerate(sorted(numbered)):
        is_encoded, text = numbered[number]
        if is_encoded and text.count("'") >= 2 and (order == 0 or text.lower().startswith(f"{label}'".lower())):
            label, _, text = text.split("'", 2)  # some programs write the charset into each piece
        octets = text.encode("utf-8", "replace")
        data += _PERCENT.sub(lambda match: bytes((int(match[1], 16),)), octets) if is_encoded else octets
    return decode(data, label).text


# ---------------------------------------------------------------- file names

MAX_FILE_NAME = 100
_LONGEST_ENDING = 10  # ".xlsx", ".tar.gz": kept when a name is cut


def decode_file_name(disposition: bytes, content_type: bytes = b"") -> str:
    """The attachment's name from Content-Disposition's and Content-Type's values, cleaned for display; "" = none.

    Composed characters (NFC, a Mac sends them apart), no folders, no controls, at most 100 characters.
    """
    names: list[str] = []
    for raw, parameter in ((disposition, "filename"), (content_type, "name")):
        # Raw cp932 and ISO-2022-JP hold quotes and backslashes inside characters: decode first, split then.
        found = parameters(decode(unfold(raw), None).text)
        names += (found.get(parameter, ""),)
    cleaned = [name for name in (_clean_file_name(decode_words(_unescape(name))) for name in names) if name]
    whole = [name for name in cleaned if LOST not in name and "??" not in name]
    return next(iter(whole or cleaned), "")


def _unescape(name: str) -> str:
    """Decode %E8%A6%8B… and &#38651;… in a plain parameter, as web mailers write them; the former only when it is text."""
    if not name.isascii():
        return name
    if "&#" in name:
        return html.unescape(name)
    if name.count("%") < 3:
        return name
    found = decode(_PERCENT.sub(lambda match: bytes((int(match[1], 16),)), name.encode()), None)
    return name if found.lost else found.text


_FOLDERS = LazyPattern(r"[/\\]")


def _clean_file_name(name: str) -> str:
    base: str = _FOLDERS.split(one_line(unicodedata.normalize("NFC", name)))[-1].strip().strip('"')
    if len(base) > 2 and base[0] == base[-1] == "'":
        base = base[1:-1]
    if not base.strip(". "):
        return ""
    if len(base) <= MAX_FILE_NAME:
        return base
    stem, dot, ending = base.rpartition(".")
    if not dot or len(ending) >= _LONGEST_ENDING:
        return base[:MAX_FILE_NAME]
    return f"{stem[: MAX_FILE_NAME - len(ending) - 1]}.{ending}"
