-- The same as 0005_outgoing.sqlite.sql.

ALTER TABLE outbox ADD COLUMN unsure_attempts INTEGER NOT NULL DEFAULT 0;

CREATE TABLE dead_address (
    address TEXT NOT NULL PRIMARY KEY,
    since TIMESTAMPTZ NOT NULL,
    why TEXT NOT NULL,
    outbox_id BIGINT NOT NULL REFERENCES outbox (id)
);

CREATE INDEX outbox_by_message_id ON outbox (message_id);
CREATE INDEX outbox_by_reverse_path ON outbox (reverse_path);
CREATE INDEX outbox_by_submission ON outbox (submission);
DROP INDEX outbox_by_state;
CREATE INDEX outbox_by_state ON outbox (state, next_attempt_at, id, recipient_fold);
