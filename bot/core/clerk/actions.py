"""What a clerk's word does to a submission, and whether it can be done: accept, send back, verify, put off, correct.

Called by workers/clerk_commands.py for the command line and by decide.py for answers by mail, so that both do the same. Facts in, an act
or the obstacle out; storage carries acts out (settling.py) and refuses those that have become untrue. Nothing is raised.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from bot.core.clerk.answer.refusal_grammar import kind_in, refusal_note
from bot.core.judging.lookup import LookUp
from bot.core.judging.options import Obstacle, acceptance, may_be_told, why_unverifiable
from bot.core.letters.drafts import Draft
from bot.core.letters.to_contractors import NoticeItem, SentBack, Verified
from bot.core.policy.masking import mask_keys
from bot.core.policy.policy import Formats, KeyDelivery, Office, Policy
from bot.core.records.guarantee import Guarantee
from bot.core.records.guarantee_version import Version, name_in_series
from bot.core.records.incoming_mail import CaseNote, ClerkDecision
from bot.core.records.outgoing_mail import TO_FIRM
from bot.core.records.reasons import SubmissionReason
from bot.core.records.refusal import Refusal
from bot.core.records.send_counts import canonical_mailbox
from bot.core.records.submission import Submission, SubmissionState, times_changed
from bot.core.text.normalise import clean
from bot.core.verdict.reply import notice_item

REASON_CHARACTERS = 400
KEY_ASKED = "key_asked"
"""The journal's word for it."""
KEY_IN_NOTE = "メモに認証キーらしい文字があります。記録に残るため、除いて書き直してください"


@dataclass(frozen=True, slots=True)
class Action:
    """A judgement and the letter to the sender that follows from it, if he is to be told."""

    judgement: ClerkDecision
    letter: SentBack | Verified | None = None


def accept(submission: Submission, found: LookUp, chosen: Guarantee | None = None) -> Action | Obstacle:
    """Accept for the row `chosen`, or for the one with the notice's number."""
    received = acceptance(submission.fields, found, chosen, receipt=submission.receipt_number)
    if isinstance(received, Obstacle):
        return received
    return Action(
        ClerkDecision(
            submission.receipt_number,
            SubmissionState.ACCEPTED,
            SubmissionReason.CLERK_ACCEPTED,
            guarantee_id=received.guarantee_id,
            key_received=received,
        )
    )


def refuse(
    submission: Submission,
    reason: str,
    policy: Policy,
    because: SubmissionReason = SubmissionReason.CLERK_REFUSED,
    kind: Refusal | None = None,
) -> Action | Obstacle:
    """Send back: with the letter of its kind, which `reason` may begin with, else with the reason in the clerk's words.

    What he adds in his own words goes along. They stand in a mail and in the journal, so no key may.
    """
    letter = refusal_letter(submission, reason, policy, because, kind)
    if isinstance(letter, Obstacle):
        return letter
    note = refusal_note(letter.refusal, _in_lines(reason))
    judgement = ClerkDecision(
        submission.receipt_number, SubmissionState.REFUSED, because, note=note, refusal=letter.refusal
    )
    return Action(judgement, letter if may_be_told(submission.sender, submission.reasons, policy) else None)


def refusal_letter(
    submission: Submission,
    reason: str,
    policy: Policy,
    because: SubmissionReason = SubmissionReason.CLERK_REFUSED,
    kind: Refusal | None = None,
) -> SentBack | Obstacle:
    """The letter by which a submission is sent back, as `refuse` would send it."""
    words = _in_lines(reason)
    said = kind_in(words) if kind is None else None
    kind, own = (said.kind, said.own) if said is not None else (kind, words)
    if not words and kind is None:
        return Obstacle("差出人に送る理由を書いてください")
    if len(words) > REASON_CHARACTERS:
        return Obstacle(f"理由が長すぎます（{REASON_CHARACTERS}文字まで）。短くして書き直してください")
    if mask_keys(reason, policy.formats) != reason:
        return Obstacle("理由に認証キーらしい文字があります。メールと記録に残るため、除いて書き直してください")
    item = notice_item(submission.receipt_number, submission.fields)
    office = policy.contact_for((submission.fields.product,))
    return SentBack(office, item, _closed(own), kind, because in _SEEN_IN_DSURE)


def _closed(words: str) -> str:
    """With the full stop that a line of an answer has lost."""
    return f"{words}。" if "ぁ" <= words[-1:] <= "ん" else words


_SEEN_IN_DSURE = frozenset({SubmissionReason.DSURE_DIFFERS, SubmissionReason.NOT_IN_DSURE})


def _in_lines(reason: str) -> str:
    """The reason's lines, each cleaned and none so long that a letter would cut it."""
    lines = (clean(line, 10 * REASON_CHARACTERS) for line in reason.splitlines())
    pieces = (line[at : at + _LINE_CHARACTERS] for line in lines for at in range(0, len(line), _LINE_CHARACTERS))
    return "\n".join(pieces)


_LINE_CHARACTERS = 180  # a value of a letter has 200


def verify(
    submission: Submission,
    policy: Policy,
    at: datetime,
    row: Guarantee | None = None,
    versions: tuple[Version, ...] = (),
) -> Action | Obstacle:
    """Record that the certificate was seen in D-Sure and found right, and tell the contractor. `row`: the register's, if known."""
    if why := why_unverifiable(row):
        return Obstacle(why)
    office = policy.contact_for((row.product if row else submission.fields.product,), row.desk if row else "")
    letter = verified_letter(submission, office, at, versions)
    judgement = ClerkDecision(
        submission.receipt_number, SubmissionState.VERIFIED, SubmissionReason.VERIFIED_IN_DSURE, versions=len(versions)
    )
    return Action(judgement, letter if may_be_told(submission.sender, submission.reasons, policy) else None)


def verified_letter(
    submission: Submission, office: Office, at: datetime, versions: tuple[Version, ...] = ()
) -> Verified:
    """That the certificate was seen `at`; `versions`: the row's, oldest first."""
    item = notice_item(submission.receipt_number, submission.fields)
    return Verified(office, item, at, name_in_series(versions))


def letter_drafts(
    submission: Submission, letter: SentBack | Verified, row: Guarantee | None, policy: Policy
) -> tuple[Draft, ...]:
    """The letter to the sender, and to the register's own address where the city wants that and somebody else sent the notice.

    `row`: the register's of the notice's number; the firm reads its words, not the sender's.
    """
    draft = letter_draft(submission, letter)
    if row is None or row.guarantee_id != submission.guarantee_id or not policy.final_letters_to_firm:
        return (draft,)
    if not row.email or canonical_mailbox(row.email) == canonical_mailbox(submission.sender):
        return (draft,)
    item = NoticeItem(submission.receipt_number, row.project_name, row.contractor, row.product.words, row.number)
    to_firm = replace(
        draft, context=replace(letter, item=item), recipient=row.email, dedupe_key=f"{draft.dedupe_key}{TO_FIRM}"
    )
    return draft, to_firm


def letter_draft(submission: Submission, letter: SentBack | Verified) -> Draft:
    """The letter to the sender: one for each word on a submission; each change of the guarantee may be verified once more."""
    receipt, changed = submission.receipt_number, times_changed(submission)
    kind = "sent_back" if isinstance(letter, SentBack) else "verified"
    again = f"/{changed}" if changed and kind == "verified" else ""
    return Draft(letter, submission.sender, f"{kind}/{receipt}{again}", submission=receipt)


def put_off(submission: Submission, note: str, formats: Formats) -> CaseNote | Obstacle:
    """Leave it waiting; the note stands in the journal."""
    words = clean(note, REASON_CHARACTERS)
    if mask_keys(note, formats) != note:
        return Obstacle(KEY_IN_NOTE)
    return CaseNote(submission.receipt_number, "put_off", words)


def send_key(submission: Submission, delivery: KeyDelivery) -> CaseNote | Obstacle:
    """Mail the key of what waits for D-Sure to the desk, however often that was done before."""
    if delivery is not KeyDelivery.SEPARATE:
        return Obstacle("認証キーを別のメールで送る設定になっていません（設定 answers.keys）")
    if submission.state is not SubmissionState.ACCEPTED or submission.fields.auth_key is None:
        return Obstacle("認証キーを送れるのは、受付済でD-Sureの確認を待つものだけです")
    return CaseNote(submission.receipt_number, KEY_ASKED, "")
