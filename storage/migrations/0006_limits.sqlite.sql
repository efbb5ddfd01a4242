-- Letters are counted by mailbox (without +tag) and by organisation; what a limit withheld is told in the summary.

ALTER TABLE outbox ADD COLUMN counted_as TEXT NOT NULL DEFAULT '';
ALTER TABLE outbox ADD COLUMN counted_domain TEXT NOT NULL DEFAULT '';
UPDATE outbox SET counted_as = recipient_fold, counted_domain = substr(recipient_fold, instr(recipient_fold, '@') + 1);

-- about: the address, domain, desk or number that the limit is about
CREATE TABLE withheld (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    at TEXT NOT NULL,
    mail_id INTEGER NOT NULL REFERENCES mail (id),
    letter TEXT NOT NULL,
    limit_hit TEXT NOT NULL,
    about TEXT NOT NULL
);

-- letters_lately, answered from the indexes alone; the last one also serves last_summary_at
CREATE INDEX outbox_by_counted_as ON outbox (counted_as, created_at, letter, state);
CREATE INDEX outbox_by_counted_domain ON outbox (counted_domain, created_at, letter, state);
DROP INDEX outbox_by_letter;
CREATE INDEX outbox_by_letter ON outbox (letter, created_at, state);
CREATE INDEX submission_by_sender ON submission (lower(sender), received_at);
-- summary
CREATE INDEX withheld_by_at ON withheld (at);
