"""The verdict on a mail by which a contractor stops the city's issuance-complete mails to his address, or resumes them.

Called by the sorter once a clerk's answer is ruled out. Only a sender whom the city's own MX proved speaks for his address; whatever is not
surely his and surely clear has no verdict here and goes the usual way, to a person. The confirmation is the same for every address,
known to the register or not. Nothing is raised.
"""

from __future__ import annotations

from bot.core.letters.drafts import Draft
from bot.core.letters.to_contractors import ConsentNoted
from bot.core.notice.interpret import UnderstoodMail
from bot.core.policy.masking import mask_keys
from bot.core.policy.policy import Policy
from bot.core.records.consent import ConsentStatement, Origin
from bot.core.records.incoming_mail import MailState
from bot.core.records.outgoing_mail import Letter
from bot.core.records.paper import is_file
from bot.core.records.reasons import MailReason, NoReplyReason
from bot.core.verdict.mail_verdict import MailFacts, Verdict
from bot.core.verdict.reply import is_the_citys
from bot.core.verdict.send_limits import withheld_reply


def consent_verdict(facts: MailFacts, understood: UnderstoodMail, policy: Policy) -> Verdict | None:
    """The verdict; None when the mail is no such word, or nobody can be sure whose it is."""
    sender = facts.sender.address
    if not policy.accepts_opt_out or facts.automatic is not None or facts.opens:
        return None
    if sender is None or not facts.sender.is_proven or is_the_citys(sender.addr_spec, policy):
        return None
    if understood.notices or any(is_file(paper) for paper in understood.papers):
        return None
    said = facts.words.opt_out
    if said is None:
        return None
    address = sender.addr_spec
    noted = ConsentNoted(policy.office, facts.envelope.received_at, said.granted, address, policy.inboxes[0])
    draft = Draft(noted, address, f"consent/{facts.digest}/{address}")
    limit = withheld_reply(Letter.CONSENT, address, facts.lately, policy.limits, policy.free_mail_domains)
    is_told = policy.replies_enabled and limit is None
    why_not = NoReplyReason.LIMIT_REACHED if policy.replies_enabled else NoReplyReason.DISABLED
    return Verdict(
        MailState.ANSWERED,
        MailReason.CONSENT_GIVEN if said.granted else MailReason.CONSENT_WITHDRAWN,
        address,
        facts.words.subject,
        drafts=(draft,) if is_told else (),
        no_reply=None if is_told else why_not,
        withheld=(limit,) if policy.replies_enabled and limit is not None else (),
        word=ConsentStatement(
            address,
            said.granted,
            mask_keys(said.wording, policy.formats),
            Origin.MAIL,
            f"メール{facts.mail_id}",
            address,
        ),
    )
