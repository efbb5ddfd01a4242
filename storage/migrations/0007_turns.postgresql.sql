-- claim_mail: of each sender's waiting mails the oldest one, answered from the index alone. It holds what waits, and no more.
CREATE INDEX mail_turns ON mail (mail_from, sender, next_attempt_at, attempts, id) WHERE state = 'received';
