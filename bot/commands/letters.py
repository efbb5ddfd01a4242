"""`letters list|preview|check`: the letters as they go out, and whether the city's own words of them are in order. Exit codes as in commands/shared/common.py."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import click

from bot.clock import utc_now
from bot.commands.shared.common import EXIT_FAILED, config_option, run
from bot.commands.shared.language import Group, argument, option
from bot.commands.shared.letter_previews import Choice, PreviewError, Previews
from bot.commands.summary import sweeps_of
from bot.composing import composer_of, letters_folder
from bot.config.settings import load
from bot.config.to_policy import policy_of
from bot.core.clerk.answer.refusal_grammar import kind_named
from bot.core.letters.contexts import Context
from bot.core.letters.sample_values import ADVANCE, RECEIVED
from bot.core.letters.samples import SAMPLES
from bot.core.letters.to_contractors import Difference, DifferingItem, NoticeWanted, ReceiptDiffers, SentBack
from bot.core.notice.missing_notice import Request
from bot.core.policy.policy import Office
from bot.core.records.outgoing_mail import Letter
from bot.core.records.refusal import Refusal
from bot.office import CommandContext, command_context
from bot.outbound.compose import Composer
from bot.outbound.template_check import check_letters, check_spelling
from bot.outbound.templates import IN_ENGLISH, Worded

letters = Group("letters")


@letters.command("list", ja="文面の一覧と、市が自分で書いた文面を示します。")
@config_option
@run
async def list_(*, config_path: Path) -> None:
    """List the letters, and which of them the city words itself."""
    folder = letters_folder(load(config_path))
    for letter in Letter:
        own = folder is not None and (folder / f"{letter}.j2").exists()
        click.echo(f"{letter}.j2\t{letter.words}{'（市の文面）' if own else ''}")


@letters.command(
    ja="文面を、実際に送るときの形で示します。見本の値か、実際の案件で作ります。\n\n送信も保存もしません。"
)
@argument("letter", type=click.Choice([letter.value for letter in Letter]))
@option(
    "--case",
    "--receipt",
    "case",
    default="",
    ja="この受付番号の案件で作ります。",
    en="With this submission, by its receipt number.",
)
@option(
    "--mail",
    "mail_id",
    type=int,
    ja="この番号の受信メールで作ります（receipt、notice_wanted、mail_alert）。",
    en="With this received mail (receipt, notice_wanted, mail_alert).",
)
@option(
    "--guarantee",
    "guarantee_id",
    type=int,
    ja="台帳のこの番号の行で作ります（issued）。",
    en="With this row of the register (issued).",
)
@option(
    "--now",
    is_flag=True,
    ja="今のデータベースの内容で作ります（summary）。",
    en="With what the database says now (summary).",
)
@option(
    "--kind",
    default="",
    ja="種類（sent_back では「保証期限」など、ほかに notice_wanted、receipt_differs）。",
    en="Of sent_back (保証期限 ...), notice_wanted or receipt_differs.",
)
@option("--reason", default="", ja="担当者が書く理由（sent_back）。", en="What a clerk would write (sent_back).")
@option(
    "--answer",
    default="",
    ja="--case とともに、担当者がこう返信したときに送る全てのメールを示します。",
    en="With --case: all letters that this answer of a clerk would bring.",
)
@config_option
@run
async def preview(
    letter: str,
    *,
    case: str,
    mail_id: int | None,
    guarantee_id: int | None,
    now: bool,
    kind: str,
    reason: str,
    answer: str,
    config_path: Path,
) -> None:
    """Show LETTER as it would go out, in the office's words: with invented values, or with a real case.

    Nothing is sent, queued or written.
    """
    wanted, choice = Letter(letter), Choice(_kind(Letter(letter), kind), reason)
    if not (case or mail_id or guarantee_id or now):
        click.echo(_RULE.join(_samples(wanted, choice, config_path)))
        return
    async with command_context(config_path) as office:
        try:
            contexts = await _real(wanted, choice, office, case, mail_id, guarantee_id, answer)
        except PreviewError as error:
            raise click.UsageError(str(error)) from None
        click.echo(
            _RULE.join(_shown(composer_of(office.config, office.letter_secret).word(context)) for context in contexts)
        )


async def _real(
    letter: Letter,
    choice: Choice,
    office: CommandContext,
    case: str,
    mail_id: int | None,
    guarantee_id: int | None,
    answer: str,
) -> tuple[Context, ...]:
    """The letter about what the options name."""
    previews = Previews(office.store, office.policy, utc_now)
    if case and answer:
        return await previews.of_answer(case, answer)
    if case:
        return await previews.of_case(letter, case, choice)
    if mail_id is not None:
        return await previews.of_mail(letter, mail_id, choice)
    if guarantee_id is not None and letter is Letter.ISSUED:
        return await previews.of_guarantee(guarantee_id)
    if letter is Letter.SUMMARY and guarantee_id is None:
        sweeps = sweeps_of(office)
        since, until = await sweeps.last_span()
        return tuple([context for _, context in await sweeps.summary(since=since, until=until)])
    raise PreviewError("--guarantee は issued、--now は summary だけで使えます")


_RULE = "\n" + "=" * 70 + "\n\n"


def _shown(worded: Worded) -> str:
    return f"件名: {worded.subject}\n\n{worded.text}"


def _kind(letter: Letter, name: str) -> Refusal | Request | Difference | None:
    """The kind by its name or value, for the letters that have some."""
    if not name:
        return None
    if letter not in _KINDS:
        raise click.UsageError("--kind は sent_back、notice_wanted、receipt_differs だけで使えます")
    found = {one.value: one for one in _KINDS[letter]}.get(name)
    found = found or (kind_named(name) if letter is Letter.SENT_BACK else None)
    if found is None:
        raise click.UsageError(f"「{name}」という種類はありません（{'、'.join(one.value for one in _KINDS[letter])}）")
    return found


_KINDS: Mapping[Letter, Sequence[Refusal | Request | Difference]] = {
    Letter.NOTICE_WANTED: tuple(Request),
    Letter.RECEIPT_DIFFERS: tuple(Difference),
    Letter.SENT_BACK: tuple(Refusal),
}


def _samples(letter: Letter, choice: Choice, config_path: Path) -> list[str]:
    """The letter with invented values."""
    config = load(config_path)
    composer = Composer(
        sender=config.mail.inboxes[0],
        bounces=config.mail.inboxes[0],
        secret=bytes(16),
        templates_dir=letters_folder(config),
        english=config.letters.english,
    )
    office = policy_of(config).office
    shown = (_of_kind(office, choice),) if choice.kind else SAMPLES[letter]
    return [_shown(composer.word(replace(sample, office=office))) for sample in shown]


def _of_kind(office: Office, choice: Choice) -> Context:
    match choice.kind:
        case Request():
            return NoticeWanted(office, RECEIVED, choice.kind)
        case Difference():
            return ReceiptDiffers(office, RECEIVED, (), (DifferingItem(ADVANCE, (choice.kind,)),))
        case _:
            return SentBack(office, ADVANCE, choice.reason, choice.kind)


@letters.command(
    ja="全ての文面を確かめます（足りない値、長い件名、書いてはならないもの、公用文の表記）。誤りがあれば、終了コードが1になります。"
)
@config_option
@run
async def check(*, config_path: Path) -> None:
    """Check every letter: missing values, long subjects, what no letter may hold, spelling. Exit code 1 when something is wrong."""
    config = load(config_path)
    folder, policy = letters_folder(config), policy_of(config)
    office = policy.office
    names = {office.city, office.department, office.system_name, *(desk.name for desk in policy.desks)}
    faults = check_letters(folder, policy.formats) + check_spelling(folder, names)
    for fault in faults:
        click.echo(f"{fault.file}: {fault.words}")
    if faults:
        raise click.exceptions.Exit(EXIT_FAILED)
    click.echo(f"{len(Letter)}通の文面と、{len(IN_ENGLISH)}通の英文に、誤りはありません")
