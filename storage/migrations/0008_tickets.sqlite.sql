-- What lets a clerk answer a letter: a token for the letter, and a row for each case that it is about: a submission, or a mail
-- that a person must read. candidates: rows of the register, JSON.

CREATE TABLE ticket (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    token TEXT NOT NULL UNIQUE,
    outbox_id INTEGER NOT NULL REFERENCES outbox (id),
    desk TEXT NOT NULL,
    expires_at TEXT NOT NULL
);

CREATE TABLE ticket_case (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    ticket_id INTEGER NOT NULL REFERENCES ticket (id),
    place INTEGER NOT NULL,
    receipt_number TEXT NOT NULL,
    mail_id INTEGER REFERENCES mail (id),
    candidates TEXT NOT NULL,
    spent_at TEXT,
    UNIQUE (ticket_id, place)
);

-- a letter by its Message-ID, where the token was lost from the subject
CREATE INDEX ticket_by_outbox ON ticket (outbox_id);
