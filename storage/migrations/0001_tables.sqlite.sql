-- All tables. Times are UTC as text (YYYY-MM-DD HH:MM:SS[.ffffff]+00:00), lists are JSON.
-- AUTOINCREMENT: a number once given (it is part of a 受付番号) never comes back.

-- Every mail that was taken, once: identity is its Message-ID and body. entered_by: the clerk's mail that brought this form. quoted:
-- subject and names of papers, sealed. desk: whose it is, where a person must read it. content: sealed.
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
    quoted TEXT,
    desk TEXT NOT NULL DEFAULT '',
    entered_by INTEGER REFERENCES mail (id),
    papers TEXT NOT NULL DEFAULT '[]',
    owner INTEGER,
    content BLOB NOT NULL
);
-- incoming: claim, next_due, list_
CREATE INDEX mail_by_state ON mail (state, id, next_attempt_at);
-- incoming.claim: of each sender's waiting mails the oldest one, answered from the index alone; it holds what waits and no more
CREATE INDEX mail_turns ON mail (mail_from, sender, next_attempt_at, attempts, id) WHERE state = 'received';
-- likewise: whether an earlier one of the same sender waits
CREATE INDEX mail_earlier ON mail (CASE WHEN COALESCE(mail_from, '') = '' THEN sender ELSE lower(mail_from) END, id, next_attempt_at) WHERE state = 'received';
-- incoming.asked_of
CREATE INDEX mail_asked ON mail (lower(sender), id) WHERE state = 'asked';
-- incoming.entered
CREATE INDEX mail_by_entry ON mail (entered_by) WHERE entered_by IS NOT NULL;
-- summary
CREATE INDEX mail_by_received_at ON mail (received_at);
CREATE INDEX mail_by_state_at ON mail (state, state_at);

-- Which mail of a mailbox is which mail of ours. name: the source's own. mail_id NULL: the server lists the mail and does not give it.
CREATE TABLE mail_place (
    mailbox TEXT NOT NULL,
    name TEXT NOT NULL,
    mail_id INTEGER REFERENCES mail (id),
    noted_at TEXT NOT NULL,
    is_canary INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (mailbox, name)
);

-- The test mails to our own inbox, of the last day. reason, reply: how the sending ended, and the relay's words. Those that came back
-- are kept here alone, and are no mails.
CREATE TABLE canary (
    name TEXT NOT NULL PRIMARY KEY,
    sent_at TEXT NOT NULL,
    reason TEXT NOT NULL,
    reply TEXT NOT NULL,
    back_at TEXT
);

-- How far each mailbox was read. watermark: mails up to this UID lay there before.
CREATE TABLE mailbox_memory (
    mailbox TEXT NOT NULL PRIMARY KEY,
    memory TEXT NOT NULL,
    looked_at TEXT NOT NULL
);

-- The last comparison of each mailbox with its server; earlier ones are in the journal.
CREATE TABLE mailbox_check (
    mailbox TEXT NOT NULL PRIMARY KEY,
    checked_at TEXT NOT NULL,
    days INTEGER NOT NULL,
    on_server INTEGER NOT NULL,
    known INTEGER NOT NULL,
    missing INTEGER NOT NULL,
    recovered INTEGER NOT NULL
);

-- Letters that a limit withheld. about: the address, domain, desk or number that the limit is about.
CREATE TABLE withheld (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    at TEXT NOT NULL,
    mail_id INTEGER NOT NULL REFERENCES mail (id),
    letter TEXT NOT NULL,
    limit_hit TEXT NOT NULL,
    about TEXT NOT NULL
);
-- summary
CREATE INDEX withheld_by_at ON withheld (at);

-- The city's register. *_fold, *_core: names and numbers as they are compared (bot/core/text.py). works_number: the city's own number of
-- a work. auth_key: sealed.
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
    jv_fold TEXT NOT NULL,
    works_number TEXT NOT NULL DEFAULT '',
    works_fold TEXT NOT NULL DEFAULT ''
);
-- look_up
CREATE INDEX guarantee_by_contractor ON guarantee (contractor_core, state, id);
CREATE INDEX guarantee_by_project ON guarantee (project_fold);
CREATE INDEX guarantee_by_jv ON guarantee (jv_fold, state, id) WHERE jv_fold <> '';
CREATE INDEX guarantee_by_works_fold ON guarantee (works_fold) WHERE works_fold <> '';
-- rows_of_sender, send_counts.lately: the row's address, and what stands behind its last @
CREATE INDEX guarantee_by_email ON guarantee (lower(email)) WHERE email <> '';
CREATE INDEX guarantee_by_domain ON guarantee (replace(lower(email), rtrim(lower(email), replace(lower(email), '@', '')), '')) WHERE email <> '';
-- lists by state
CREATE INDEX guarantee_by_state ON guarantee (state, id);

-- The versions of each guarantee (電子保証履歴), and what clerks saw of them in D-Sure. Both stay for ever; a version's values are
-- those that the register had with it. Its running number is its place by revision and id.
CREATE TABLE guarantee_version (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    guarantee_id INTEGER NOT NULL REFERENCES guarantee (id),
    revision INTEGER NOT NULL,
    kind TEXT NOT NULL,
    is_on_paper INTEGER NOT NULL,
    project_name TEXT NOT NULL,
    contractor TEXT NOT NULL,
    jv_name TEXT NOT NULL,
    contract_amount_yen INTEGER,
    guarantee_amount_yen INTEGER,
    expires_on TEXT,
    works_start_on TEXT,
    works_end_on TEXT,
    contracted_on TEXT,
    deposit_bank TEXT NOT NULL,
    issued_at TEXT,
    learnt_at TEXT NOT NULL,
    source TEXT NOT NULL,
    actor TEXT NOT NULL
);
CREATE INDEX guarantee_version_of ON guarantee_version (guarantee_id, revision, id);

CREATE TABLE guarantee_seen (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    version_id INTEGER NOT NULL REFERENCES guarantee_version (id),
    at TEXT NOT NULL,
    actor TEXT NOT NULL,
    result TEXT NOT NULL,
    receipt_number TEXT NOT NULL,
    note TEXT NOT NULL
);
CREATE INDEX guarantee_seen_of ON guarantee_seen (version_id, id);

-- The notices of the mails. quoted: what they say, as written, sealed. auth_key: sealed; key_mark: finds equal keys.
-- moved_from: the desks at whose addresses a notice arrived that is another desk's, a name a line.
CREATE TABLE submission (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    receipt_number TEXT NOT NULL UNIQUE,
    mail_id INTEGER NOT NULL REFERENCES mail (id),
    state TEXT NOT NULL,
    state_at TEXT NOT NULL,
    reasons TEXT NOT NULL,
    product TEXT,
    number TEXT NOT NULL,
    quoted TEXT NOT NULL,
    auth_key TEXT,
    key_mark TEXT NOT NULL,
    read_from TEXT NOT NULL,
    guarantee_id INTEGER REFERENCES guarantee (id),
    sender TEXT NOT NULL,
    received_at TEXT NOT NULL,
    sender_proven INTEGER NOT NULL,
    moved_from TEXT NOT NULL DEFAULT ''
);
-- A machine or a clerk may take one notice for a guarantee; whoever comes second must decide anew.
CREATE UNIQUE INDEX submission_taken ON submission (guarantee_id) WHERE state IN ('accepted', 'verified');
-- look_up
CREATE INDEX submission_by_number ON submission (number);
CREATE INDEX submission_by_guarantee ON submission (guarantee_id);
CREATE INDEX submission_by_key ON submission (key_mark);
-- send_counts.lately
CREATE INDEX submission_by_sender ON submission (lower(sender), received_at);
CREATE INDEX submission_by_domain ON submission (replace(lower(sender), rtrim(lower(sender), replace(lower(sender), '@', '')), '')) WHERE state IN ('accepted', 'verified');
-- lists, mail show, summary
CREATE INDEX submission_by_mail ON submission (mail_id);
CREATE INDEX submission_by_state ON submission (state, state_at);

-- submissions.find: the pairs of letters in a case's words, each a bit whose place only the key file tells.
CREATE TABLE case_words (
    submission_id INTEGER PRIMARY KEY REFERENCES submission (id),
    words_0 INTEGER NOT NULL,
    words_1 INTEGER NOT NULL,
    words_2 INTEGER NOT NULL,
    words_3 INTEGER NOT NULL,
    words_4 INTEGER NOT NULL,
    words_5 INTEGER NOT NULL,
    words_6 INTEGER NOT NULL,
    words_7 INTEGER NOT NULL,
    words_8 INTEGER NOT NULL,
    words_9 INTEGER NOT NULL,
    words_10 INTEGER NOT NULL,
    words_11 INTEGER NOT NULL,
    words_12 INTEGER NOT NULL,
    words_13 INTEGER NOT NULL,
    words_14 INTEGER NOT NULL,
    words_15 INTEGER NOT NULL
);

-- Consent to issuance-complete mails, as events that are never changed. guarantee_id NULL: everything to the address, which is in
-- lower case. What counts at a moment is reckoned from them (bot/core/consent.py).
CREATE TABLE consent (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    at TEXT NOT NULL,
    address TEXT NOT NULL,
    guarantee_id INTEGER REFERENCES guarantee (id),
    given INTEGER NOT NULL,
    wording TEXT NOT NULL,
    origin TEXT NOT NULL,
    source TEXT NOT NULL,
    actor TEXT NOT NULL
);
CREATE INDEX consent_by_address ON consent (address, id);

CREATE TRIGGER consent_no_update BEFORE UPDATE ON consent
BEGIN
    SELECT RAISE(ABORT, 'consent is append-only');
END;

CREATE TRIGGER consent_no_delete BEFORE DELETE ON consent
BEGIN
    SELECT RAISE(ABORT, 'consent is append-only');
END;

-- Letters: to be sent, and sent. quoted: subject and text, sealed. content: complete, as bytes; sealed.
-- unsure_attempts: after how many the relay may have taken the mail: it was cut off after the final dot, or we died.
-- counted_as, counted_domain: the mailbox (without +tag; a share behind it) and the organisation by which letters are counted.
-- consent_*: what permitted an issuance-complete mail, when that was last asked before it left, and the address's last event then;
-- NULL for other letters.
CREATE TABLE outbox (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    dedupe_key TEXT NOT NULL UNIQUE,
    letter TEXT NOT NULL,
    recipient TEXT NOT NULL,
    recipient_fold TEXT NOT NULL,
    reverse_path TEXT NOT NULL,
    quoted TEXT NOT NULL,
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
    owner INTEGER,
    done_at TEXT,
    content BLOB NOT NULL,
    unsure_attempts INTEGER NOT NULL DEFAULT 0,
    counted_as TEXT NOT NULL DEFAULT '',
    counted_domain TEXT NOT NULL DEFAULT '',
    consent_id INTEGER REFERENCES consent (id),
    consent_at TEXT,
    consent_seen INTEGER
);
-- outbox: claim, next_due; claim passes over addresses to which a letter is on its way without reading their rows
CREATE INDEX outbox_by_state ON outbox (state, next_attempt_at, id, recipient_fold);
-- send_counts.lately, answered from the indexes alone; the last one serves summary.last_at too
CREATE INDEX outbox_by_counted_as ON outbox (counted_as, created_at, letter, state);
CREATE INDEX outbox_by_counted_domain ON outbox (counted_domain, created_at, letter, state);
CREATE INDEX outbox_by_letter ON outbox (letter, created_at, state);
-- what went to an address lately
CREATE INDEX outbox_by_recipient ON outbox (recipient_fold, created_at);
-- a report names its letter by one of these
CREATE INDEX outbox_by_message_id ON outbox (message_id);
CREATE INDEX outbox_by_reverse_path ON outbox (reverse_path);
-- submissions show
CREATE INDEX outbox_by_submission ON outbox (submission);

-- To whom no more letters are sent. why: the words of the report or the relay; outbox_id: the letter that bounced.
CREATE TABLE dead_address (
    address TEXT NOT NULL PRIMARY KEY,
    since TEXT NOT NULL,
    why TEXT NOT NULL,
    outbox_id INTEGER NOT NULL REFERENCES outbox (id)
);

-- What lets a clerk answer a letter: a token for the letter, and a row for each case that it is about: a submission, or a mail
-- that a person must read. candidates: rows of the register, JSON.
CREATE TABLE ticket (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    token TEXT NOT NULL UNIQUE,
    outbox_id INTEGER NOT NULL REFERENCES outbox (id),
    desk TEXT NOT NULL,
    expires_at TEXT NOT NULL
);
-- a letter by its Message-ID, where the token was lost from the subject
CREATE INDEX ticket_by_outbox ON ticket (outbox_id);

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

-- How the daemon's workers are doing, as it last said; a row for each.
CREATE TABLE worker (
    name TEXT NOT NULL PRIMARY KEY,
    started_at TEXT NOT NULL,
    done_at TEXT,
    failing_since TEXT,
    failures INTEGER NOT NULL,
    trouble TEXT NOT NULL
);

-- Mails that must stay whatever their age, with all that belongs to them.
CREATE TABLE legal_hold (
    mail_id INTEGER NOT NULL PRIMARY KEY REFERENCES mail (id),
    why TEXT NOT NULL,
    actor TEXT NOT NULL
);

-- Which rows were emptied, and of what (bot/core/records/retention.py); when and by whom the journal tells.
CREATE TABLE disposed (
    row_kind TEXT NOT NULL,
    row_id INTEGER NOT NULL,
    what TEXT NOT NULL,
    PRIMARY KEY (row_kind, row_id, what)
);

-- Who did what when; each line's hash holds the one before it (bot/core/records/journal.py).
CREATE TABLE journal (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    at TEXT NOT NULL,
    actor TEXT NOT NULL,
    event TEXT NOT NULL,
    subject_kind TEXT NOT NULL,
    subject_id TEXT NOT NULL,
    detail TEXT NOT NULL,
    hash TEXT NOT NULL
);
CREATE INDEX journal_by_subject ON journal (subject_kind, subject_id);

CREATE TRIGGER journal_no_update BEFORE UPDATE ON journal
BEGIN
    SELECT RAISE(ABORT, 'the journal is append-only');
END;

CREATE TRIGGER journal_no_delete BEFORE DELETE ON journal
BEGIN
    SELECT RAISE(ABORT, 'the journal is append-only');
END;

-- The journal's last line. A transaction that writes lines locks it last.
CREATE TABLE journal_head (
    only_one INTEGER NOT NULL PRIMARY KEY CHECK (only_one = 1),
    number INTEGER NOT NULL,
    hash TEXT NOT NULL
);
INSERT INTO journal_head VALUES (1, 0, '0000000000000000000000000000000000000000000000000000000000000000');

-- key_id: the key of the file that seals now; secret: sealed by it, proves that file and database belong together, and is
-- what derived secrets come from.
CREATE TABLE vault (
    only_one INTEGER NOT NULL PRIMARY KEY CHECK (only_one = 1),
    key_id TEXT NOT NULL,
    secret TEXT NOT NULL
);
