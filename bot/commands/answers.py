"""`answers read`: what would be understood of a clerk's answer. Nothing is done, and no database or setting is asked.

A text is a plain file, a mail (.eml), or standard input. Whether the case can take the order is known only when the answer comes.
Exit codes as in commands/shared/basics.py.
"""

from __future__ import annotations

from dataclasses import asdict, replace
from pathlib import Path

import click

from bot.commands.shared.basics import echo_json, json_option
from bot.commands.shared.language import Group, argument, option
from bot.core.clerk.answer.order_grammar import read_answer
from bot.core.clerk.answer.proposal import proposable_in
from bot.core.clerk.answer.understanding import LetterKind, Understood, UnderstoodOrder, understand
from bot.core.mail.charset import decode
from bot.core.mail.parse import parse_mail
from bot.core.policy.masking import mask_keys
from bot.core.policy.policy import Formats
from bot.core.records.clerk_orders import ParsedReply
from bot.core.text.control_characters import escaped
from bot.core.text.lazy_pattern import LazyPattern
from bot.core.text.persons import names_of

_KINDS = {LetterKind.ALERT: "要確認", LetterKind.SUMMARY: "定時報告", LetterKind.MAIL: "お知らせのないメール"}
_HEADER = LazyPattern(
    rb"^(?:\xef\xbb\xbf)?(?:return-path|received|from|delivered-to|authentication-results|mime-version|date|message-id):",
    2,
)
"""How a mail begins, whatever its file is called (flag 2: re.IGNORECASE)."""
_STANDARD_INPUT = "-"

answers = Group("answers")


@answers.command(
    "read",
    ja="担当者の返信（本文のファイルか .eml、省略すると標準入力）がどう読み取られるかを示します。何も処理しません。",
)
@argument(
    "files",
    metavar="[FILE]...",
    nargs=-1,
    type=click.Path(exists=True, dir_okay=False, allow_dash=True, path_type=Path),
)
@option(
    "--kind",
    type=click.Choice([kind.value for kind in LetterKind]),
    default=LetterKind.ALERT.value,
    show_default=True,
    ja="何への返信か。alert は要確認、summary は定時報告、mail はお知らせのないメール。",
    en="What is answered: an alert, a summary, or an alert about a mail without a notice.",
)
@json_option
def read(*, files: tuple[Path, ...], kind: str, as_json: bool) -> None:
    """Show what would be understood of a clerk's answer (texts or .eml files; standard input without any); nothing is done."""
    for file in files or (Path(_STANDARD_INPUT),):
        name = str(file)
        with click.open_file(name, "rb") as opened:
            ordered = _answer_in(opened.read(), name)
        found = understand(ordered, LetterKind(kind))
        if as_json:
            echo_json({"file": name, **_masked(found)})
        else:
            _show(name, found, understand(ParsedReply(ordered.proposed), LetterKind(kind)), LetterKind(kind))


def _answer_in(content: bytes, name: str) -> ParsedReply:
    """The orders of a text, or of a mail."""
    sayings: tuple[str, ...] = (decode(content, None).text.replace("\r\n", "\n"),)
    names = frozenset[str]()
    if name.lower().endswith(".eml") or _HEADER.match(content):
        mail = parse_mail(content).mail
        sayings, names = mail.sayings, names_of(one.display_name for one in mail.from_)
    found = read_answer(sayings, "", names)
    return replace(found, proposed=proposable_in(sayings, "", names).orders) if found.unclear else found


def _masked(found: Understood) -> dict[str, object]:
    """As JSON has it; a key that somebody wrote is masked."""
    formats = Formats()
    return {
        "acts": found.acts,
        "orders": [{**asdict(one), "words": mask_keys(one.words, formats)} for one in found.orders],
        "unclear": [mask_keys(line, formats) for line in found.unclear],
    }


def _show(name: str, found: Understood, proposed: Understood, kind: LetterKind) -> None:
    formats = Formats()
    click.echo(escaped(f"{name}（{_KINDS[kind]}への返信）"))
    for one in found.orders:
        click.echo(escaped(f"  {_in_words(one)}"))
    for line in found.unclear:
        click.echo(escaped(f"  分からない点：{mask_keys(line, formats)}"))
    if proposed.acts:
        asked = "、".join(map(_in_words, proposed.orders))
        click.echo(escaped(f"  何も処理せず、次のとおりでよいかを尋ねます：{asked}"))
    elif not found.acts:
        click.echo(
            "  何も処理せず、書き方をお知らせします" if found.unclear or not found.orders else "  何も処理しません"
        )


def _in_words(one: UnderstoodOrder) -> str:
    candidate = f"（候補の{one.candidate}番）" if one.candidate else ""
    words = f"：{mask_keys(one.words, Formats())}" if one.words else ""
    return f"{'・'.join(one.cases)} {one.order}{candidate}{words}".replace("\n", "／")
