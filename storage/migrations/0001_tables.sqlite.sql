-- The first tables. Times are UTC as text (YYYY-MM-DD HH:MM:SS[.ffffff]+00:00), lists are JSON.
-- AUTOINCREMENT: a number once given (it is part of a 受付番号) never comes back.

CREATE TABLE mail (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    identity TEXT NOT NULL UNIQUE,
    digest TEXT NOT NULL,
    source TEXT NOT NULL,
    peer TEXT NOT NULL,
    mail_from TEXT,
    rcpt_tos TEXT NOT NULL,
    received_at TEXT NOT NULL,
    size_bytes INTEGER NOT NULL,
    state TEXT NOT NULL,
    reason TEXT,
    no_reply TEXT,
    error TEXT NOT NULL DEFAULT '',
    attempts INTEGER NOT NULL DEFAULT 0,
    next_attempt_at TEXT NOT NULL,
    state_at TEXT NOT NULL,
    sender TEXT NOT NULL DEFAULT '',
    subject TEXT NOT NULL DEFAULT '',
    papers TEXT NOT NULL DEFAULT '[]',
    content BLOB NOT NULL
);

CREATE TABLE mailbox_cursor (
    mailbox TEXT NOT NULL PRIMARY KEY,
    uidvalidity INTEGER NOT NULL,
    last_uid INTEGER NOT NULL,
    looked_at TEXT NOT NULL
);

CREATE TABLE guarantee (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    project_name TEXT NOT NULL,
    contractor TEXT NOT NULL,
    product TEXT NOT NULL,
    number TEXT UNIQUE,
    revision INTEGER NOT NULL,
    jv_name TEXT NOT NULL,
    orderer TEXT NOT NULL,
    contract_amount_yen INTEGER,
    guarantee_amount_yen INTEGER,
    expires_on TEXT,
    works_start_on TEXT,
    works_end_on TEXT,
    contracted_on TEXT,
    deposit_bank TEXT NOT NULL,
    auth_key TEXT,
    issued_at TEXT,
    wants_issued_mail INTEGER NOT NULL,
    email TEXT NOT NULL,
    desk TEXT NOT NULL,
    state TEXT NOT NULL,
    project_fold TEXT NOT NULL,
    contractor_fold TEXT NOT NULL,
    contractor_core TEXT NOT NULL,
    jv_fold TEXT NOT NULL
);

CREATE TABLE submission (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    receipt_number TEXT NOT NULL UNIQUE,
    mail_id INTEGER NOT NULL REFERENCES mail (id),
    state TEXT NOT NULL,
    state_at TEXT NOT NULL,
    reasons TEXT NOT NULL,
    project_name TEXT NOT NULL,
    contractor TEXT NOT NULL,
    product TEXT,
    product_as_written TEXT NOT NULL,
    number TEXT NOT NULL,
    number_as_written TEXT NOT NULL,
    auth_key TEXT,
    key_mark TEXT NOT NULL,
    read_from TEXT NOT NULL,
    document_name TEXT NOT NULL,
    evidence TEXT NOT NULL,
    guarantee_id INTEGER REFERENCES guarantee (id),
    sender TEXT NOT NULL,
    received_at TEXT NOT NULL,
    sender_proven INTEGER NOT NULL
);

CREATE TABLE outbox (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    dedupe_key TEXT NOT NULL UNIQUE,
    letter TEXT NOT NULL,
    recipient TEXT NOT NULL,
    recipient_fold TEXT NOT NULL,
    reverse_path TEXT NOT NULL,
    subject TEXT NOT NULL,
    text TEXT NOT NULL,
    message_id TEXT NOT NULL,
    submission TEXT NOT NULL,
    guarantee_id INTEGER REFERENCES guarantee (id),
    state TEXT NOT NULL,
    reason TEXT NOT NULL,
    reply TEXT NOT NULL,
    attempts INTEGER NOT NULL,
    created_at TEXT NOT NULL,
    queued_at TEXT NOT NULL,
    next_attempt_at TEXT NOT NULL,
    done_at TEXT,
    content BLOB NOT NULL
);

CREATE TABLE opt_out (
    address TEXT NOT NULL PRIMARY KEY,
    at TEXT NOT NULL,
    actor TEXT NOT NULL,
    source TEXT NOT NULL
);

CREATE TABLE journal (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    at TEXT NOT NULL,
    actor TEXT NOT NULL,
    event TEXT NOT NULL,
    subject_kind TEXT NOT NULL,
    subject_id TEXT NOT NULL,
    detail TEXT NOT NULL
);

-- A machine or a clerk may take one notice for a guarantee; whoever comes second must decide anew.
CREATE UNIQUE INDEX submission_taken ON submission (guarantee_id) WHERE state IN ('accepted', 'verified');

CREATE TRIGGER journal_no_update BEFORE UPDATE ON journal
BEGIN
    SELECT RAISE(ABORT, 'the journal is append-only');
END;

CREATE TRIGGER journal_no_delete BEFORE DELETE ON journal
BEGIN
    SELECT RAISE(ABORT, 'the journal is append-only');
END;
