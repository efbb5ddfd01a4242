-- Which mail of a mailbox is which mail of ours, what the daily comparison with the server found, and open alarms.

-- mail_id NULL: it was gone before we could fetch it.
CREATE TABLE mail_place (
    mailbox TEXT NOT NULL,
    uidvalidity INTEGER NOT NULL,
    uid INTEGER NOT NULL,
    mail_id INTEGER REFERENCES mail (id),
    noted_at TEXT NOT NULL,
    PRIMARY KEY (mailbox, uidvalidity, uid)
);

-- Mails up to this UID are not counted. Those of an older program have no place: for them it is where reading stood.
ALTER TABLE mailbox_cursor ADD COLUMN watermark INTEGER NOT NULL DEFAULT 0;
UPDATE mailbox_cursor SET watermark = last_uid;

-- The last comparison of each mailbox; older ones are in the journal.
CREATE TABLE mailbox_check (
    mailbox TEXT NOT NULL PRIMARY KEY,
    checked_at TEXT NOT NULL,
    days INTEGER NOT NULL,
    on_server INTEGER NOT NULL,
    known INTEGER NOT NULL,
    missing INTEGER NOT NULL,
    recovered INTEGER NOT NULL
);

-- One row for each alarm that is open. told_on: the day (JST) of its last mail; absent_since: it was not found any more
-- since then, and is over after a while.
CREATE TABLE alarm (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    kind TEXT NOT NULL,
    subject TEXT NOT NULL,
    since TEXT NOT NULL,
    detail TEXT NOT NULL,
    told_on TEXT NOT NULL,
    absent_since TEXT,
    UNIQUE (kind, subject)
);
