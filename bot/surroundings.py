"""What the machine may lack and every command needs: UTF-8, standard streams, a name for the user.

Used by `python -m bot`, cli.py, the commands and the store. Containers run under a uid without a name, units without a terminal, servers in
locales that know no Japanese. Raises nothing; `speak_utf8` may start the program anew.
"""

from __future__ import annotations

import getpass
import io
import locale
import os
import sys
from contextlib import suppress
from pathlib import Path

from bot.core.text.control_characters import escaped

_UTF8 = "PYTHONUTF8"


def speak_utf8() -> None:
    """Start the program anew in Python's UTF-8 mode (PEP 540) where the locale is of another encoding: file names are UTF-8, too."""
    is_utf8 = sys.getfilesystemencoding() == "utf-8"
    if not is_utf8 and sys.executable and not sys.flags.ignore_environment and os.environ.get(_UTF8) != "1":
        os.execve(sys.executable, [sys.executable, *sys.orig_argv[1:]], os.environ | {_UTF8: "1"})  # noqa: S606 - ourselves


def prepare_streams() -> None:
    """Let standard streams be there and write UTF-8; what no encoding takes is written as an escape.

    A closed one becomes /dev/null, and keeps its descriptor from the next file that is opened, which would get what is printed.
    """
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, Path(os.devnull).open(mode, encoding="utf-8"))  # noqa: SIM115 - for the process's life
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")


def let_go_of_streams() -> None:
    """Write what is left; what can't be written goes to /dev/null, so that Python's end does not try and complain once more."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError):
            with suppress(OSError, ValueError), Path(os.devnull).open("wb") as nothing:
                os.dup2(nothing.fileno(), stream.fileno())


def as_typed(words: str) -> str | None:
    """An argument's words: in UTF-8, else in the locale's encoding; None where they are in neither."""
    try:
        words.encode()
    except UnicodeEncodeError:
        with suppress(LookupError, UnicodeDecodeError, locale.Error):
            locale.setlocale(locale.LC_CTYPE, "")
            return os.fsencode(words).decode(locale.nl_langinfo(locale.CODESET))
        return None
    return words


def user_name() -> str:
    """Who runs the program, for the journal: his name, or his uid where that has none."""
    try:
        return escaped(getpass.getuser())[:80]
    except (KeyError, OSError, ImportError):  # KeyError until Python 3.12
        return f"uid {os.getuid()}"


def has_name() -> bool:
    """Whether who runs the program has a name, by which a database's driver would log in."""
    return user_name() != f"uid {os.getuid()}"
