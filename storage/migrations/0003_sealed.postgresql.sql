-- The same as 0003_sealed.sqlite.sql.

-- key_id: the key of the file that seals now; secret: sealed by it, proves that file and database belong together, and is
-- what derived secrets come from; plain_left: dead rows may still hold what was plain before.
CREATE TABLE vault (
    only_one INTEGER NOT NULL PRIMARY KEY CHECK (only_one = 1),
    key_id TEXT NOT NULL,
    secret TEXT NOT NULL,
    plain_left INTEGER NOT NULL
);

-- The journal's last line. A transaction that writes lines locks it last.
CREATE TABLE journal_head (
    only_one INTEGER NOT NULL PRIMARY KEY CHECK (only_one = 1),
    number BIGINT NOT NULL,
    hash TEXT NOT NULL
);
INSERT INTO journal_head VALUES (1, 0, '0000000000000000000000000000000000000000000000000000000000000000');

-- '' = not chained yet: the lines of an older database, for a moment.
ALTER TABLE journal ADD COLUMN hash TEXT NOT NULL DEFAULT '';
DROP TRIGGER journal_append_only ON journal;
CREATE TRIGGER journal_no_update BEFORE UPDATE ON journal
FOR EACH ROW WHEN (OLD.hash <> '') EXECUTE FUNCTION journal_is_append_only();
CREATE TRIGGER journal_no_delete BEFORE DELETE ON journal
FOR EACH ROW EXECUTE FUNCTION journal_is_append_only();
CREATE TRIGGER journal_no_truncate BEFORE TRUNCATE ON journal
FOR EACH STATEMENT EXECUTE FUNCTION journal_is_append_only();
