-- Consent to issuance-complete mails, as events that are never changed. guarantee_id NULL: everything to the address, which is in
-- lower case. What counts at a moment is reckoned from them (bot/core/consent.py). The register's wishes of the time before are put in by
-- storage/consent.py in the same transaction.
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

INSERT INTO consent (at, address, guarantee_id, given, wording, origin, source, actor)
SELECT at, address, NULL, 0, '', 'earlier', source, actor FROM opt_out ORDER BY at, address;
DROP TABLE opt_out;

CREATE TRIGGER consent_no_update BEFORE UPDATE ON consent
BEGIN
    SELECT RAISE(ABORT, 'consent is append-only');
END;

CREATE TRIGGER consent_no_delete BEFORE DELETE ON consent
BEGIN
    SELECT RAISE(ABORT, 'consent is append-only');
END;

-- What permitted an issuance-complete mail, when that was last asked before it left, and the address's last event then; NULL for
-- other letters and older ones.
ALTER TABLE outbox ADD COLUMN consent_id INTEGER REFERENCES consent (id);
ALTER TABLE outbox ADD COLUMN consent_at TEXT;
ALTER TABLE outbox ADD COLUMN consent_seen INTEGER;
