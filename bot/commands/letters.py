"""`letters list|preview|check`: the letters as they go out, and whether the city's own words of them are in order. Exit codes as in common.py."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import click

from bot.app import letters_folder, policy_of
from bot.commands.common import EXIT_FAILED, bureau, config_option, run
from bot.config import load
from bot.core.answering import notice_item
from bot.core.letter_samples import SAMPLES
from bot.core.letters import Context, Office, Receipt, SentBack, Verified
from bot.core.outbox import Letter
from bot.core.policy import Policy
from bot.core.submission import Submission
from bot.core.summarising import LETTER_WORDS
from bot.outbound.checking import check_letters
from bot.outbound.compose import Composer, Worded


@click.group()
def letters() -> None:
    """The letters (文面)."""


@letters.command("list")
@config_option
@run
async def list_(*, config_path: Path) -> None:
    """List the letters, and which of them the city words itself."""
    folder = letters_folder(load(config_path))
    for letter in Letter:
        own = folder is not None and (folder / f"{letter}.j2").exists()
        click.echo(f"{letter}.j2\t{LETTER_WORDS[letter]}{'（市の文面）' if own else ''}")


@letters.command()
@click.argument("letter", type=click.Choice([letter.value for letter in Letter]))
@click.option("--receipt", default="", help="With this case instead of an invented one (receipt, verified, sent_back).")
@config_option
@run
async def preview(letter: str, *, receipt: str, config_path: Path) -> None:
    """Show LETTER as it would go out, in the office's words: with invented values, or with a real case."""
    if receipt:
        async with bureau(config_path) as office:
            submission = await office.store.submission(receipt)
            shown = [office.composer.word(_real(Letter(letter), submission, office.policy))]
    else:
        config = load(config_path)
        composer = Composer(
            sender=config.mail.inboxes[0],
            bounces=config.mail.inboxes[0],
            secret=bytes(16),
            templates_dir=letters_folder(config),
            english=config.letters.english,
        )
        office_words = policy_of(config).office
        shown = [composer.word(_of_office(sample, office_words)) for sample in SAMPLES[Letter(letter)]]
    click.echo(_RULE.join(map(_shown, shown)))


_RULE = "\n" + "=" * 70 + "\n\n"


def _shown(worded: Worded) -> str:
    return f"件名: {worded.subject}\n\n{worded.text}"


def _of_office(sample: Context, office: Office) -> Context:
    return replace(sample, office=office)


def _real(letter: Letter, submission: Submission, policy: Policy) -> Context:
    item = notice_item(submission.receipt_number, submission.fields)
    match letter:
        case Letter.RECEIPT:
            return Receipt(policy.office, submission.received_at, (item,))
        case Letter.VERIFIED:
            return Verified(policy.office, item, submission.received_at)
        case Letter.SENT_BACK:
            return SentBack(policy.office, item, "（ここに、担当者の書いた理由が入ります）")
        case _:
            raise click.UsageError("--receipt は receipt、verified、sent_back だけで使えます")


@letters.command()
@config_option
@run
async def check(*, config_path: Path) -> None:
    """Check every letter: missing values, long subjects, what no letter may hold. Exit code 1 when something is wrong."""
    config = load(config_path)
    faults = check_letters(letters_folder(config), policy_of(config).formats)
    for fault in faults:
        click.echo(f"{fault.file}: {fault.words}")
    if faults:
        raise click.exceptions.Exit(EXIT_FAILED)
    click.echo(f"{len(Letter)}通の文面に、誤りはありません")
