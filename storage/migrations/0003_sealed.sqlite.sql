-- Keys and mails are sealed, the journal is a chain. What is in the rows already, storage/sealing.py seals and chains in the
-- same transaction.

-- key_id: the key of the file that seals now; secret: sealed by it, proves that file and database belong together, and is
-- what derived secrets come from; plain_left: free pages may still hold what was plain before.
CREATE TABLE vault (
    only_one INTEGER NOT NULL PRIMARY KEY CHECK (only_one = 1),
    key_id TEXT NOT NULL,
    secret TEXT NOT NULL,
    plain_left INTEGER NOT NULL
);

-- The journal's last line. A transaction that writes lines locks it last.
CREATE TABLE journal_head (
    only_one INTEGER NOT NULL PRIMARY KEY CHECK (only_one = 1),
    number INTEGER NOT NULL,
    hash TEXT NOT NULL
);
INSERT INTO journal_head VALUES (1, 0, '0000000000000000000000000000000000000000000000000000000000000000');

-- '' = not chained yet: the lines of an older database, for a moment.
ALTER TABLE journal ADD COLUMN hash TEXT NOT NULL DEFAULT '';
DROP TRIGGER journal_no_update;
CREATE TRIGGER journal_no_update BEFORE UPDATE ON journal WHEN OLD.hash <> ''
BEGIN
    SELECT RAISE(ABORT, 'the journal is append-only');
END;
