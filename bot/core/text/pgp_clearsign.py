"""The text of PGP's cleartext signatures (RFC 9580 §7), without the signature's framework.

Called for mail bodies, and by documents/archives/unpack.py for text files. No signature is verified. Linear; pure; nothing is
raised.
"""

from __future__ import annotations

import re

from bot.core.text.lazy_pattern import LazyPattern

_BEGINS = LazyPattern(r"^-----BEGIN PGP SIGNED MESSAGE-----[ \t]{0,80}+\r?$", re.MULTILINE)
_SIGNATURE = LazyPattern(r"^-----BEGIN PGP SIGNATURE-----[ \t]{0,80}+\r?$", re.MULTILINE)
_ENDS = LazyPattern(r"^-----END PGP SIGNATURE-----[ \t]{0,80}+\r?$\n?", re.MULTILINE)
# Which digest was used, then an empty line.
_HEADERS = LazyPattern(r"\r?\n(?:(?:Hash|Charset|Comment|Version|NotDashEscaped): ?[^\r\n]*\r?\n)*(?:[ \t]*\r?\n)?")
_ESCAPED = LazyPattern(r"^- ", re.MULTILINE)


def clear_signed(text: str) -> str | None:
    """The whole text with every clear-signed part as it was before it was signed; None when there is no such part.

    What stands before and after stays. A part whose signature was cut off goes as far as the text.
    """
    out: list[str] = []
    place = 0
    while begins := _BEGINS.search(text, place):
        out.append(text[place : begins.start()])
        headers = _HEADERS.match(text, begins.end())
        start = headers.end() if headers else begins.end()
        signature = _SIGNATURE.search(text, start)
        out.append(_ESCAPED.sub("", text[start : signature.start() if signature else len(text)]))
        ends = _ENDS.search(text, signature.end()) if signature else None
        place = ends.end() if ends else len(text)
    if not place:
        return None
    return "".join((*out, text[place:]))
