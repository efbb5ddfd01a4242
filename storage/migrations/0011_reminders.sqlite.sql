-- What whom was told of a due: kind and about name it, recipient is in lower case, outbox_id is the last mail about it. And what
-- clerks have said is dealt with, where nothing else tells its end.

CREATE TABLE reminder (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    kind TEXT NOT NULL,
    about TEXT NOT NULL,
    recipient TEXT NOT NULL,
    level INTEGER NOT NULL,
    told_at TEXT NOT NULL,
    count INTEGER NOT NULL,
    outbox_id INTEGER NOT NULL REFERENCES outbox (id),
    UNIQUE (kind, about, recipient)
);

-- a mail that is about to leave asks whether it is still true
CREATE INDEX reminder_by_outbox ON reminder (outbox_id);

CREATE TABLE reminder_done (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    kind TEXT NOT NULL,
    about TEXT NOT NULL,
    at TEXT NOT NULL,
    actor TEXT NOT NULL,
    note TEXT NOT NULL,
    UNIQUE (kind, about)
);
