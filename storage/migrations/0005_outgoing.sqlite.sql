-- What comes back of our letters, and to whom no more are sent.

-- Attempts of which nobody knows whether the relay took the mail: it was cut off after the final dot, or we died.
ALTER TABLE outbox ADD COLUMN unsure_attempts INTEGER NOT NULL DEFAULT 0;

-- why: the words of the report or the relay; outbox_id: the letter that bounced.
CREATE TABLE dead_address (
    address TEXT NOT NULL PRIMARY KEY,
    since TEXT NOT NULL,
    why TEXT NOT NULL,
    outbox_id INTEGER NOT NULL REFERENCES outbox (id)
);

-- A report names its letter by one of these.
CREATE INDEX outbox_by_message_id ON outbox (message_id);
CREATE INDEX outbox_by_reverse_path ON outbox (reverse_path);
-- submissions show
CREATE INDEX outbox_by_submission ON outbox (submission);
-- claim_outgoing passes over addresses to which a letter is on its way: without reading their rows
DROP INDEX outbox_by_state;
CREATE INDEX outbox_by_state ON outbox (state, next_attempt_at, id, recipient_fold);
