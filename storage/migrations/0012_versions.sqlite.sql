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

CREATE TABLE guarantee_seen (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    version_id INTEGER NOT NULL REFERENCES guarantee_version (id),
    at TEXT NOT NULL,
    actor TEXT NOT NULL,
    result TEXT NOT NULL,
    receipt_number TEXT NOT NULL,
    note TEXT NOT NULL
);

CREATE INDEX guarantee_version_of ON guarantee_version (guarantee_id, revision, id);
CREATE INDEX guarantee_seen_of ON guarantee_seen (version_id, id);

-- What older programs knew: one version of each row, and who has verified it.
INSERT INTO guarantee_version (
    guarantee_id, revision, kind, is_on_paper, project_name, contractor, jv_name, contract_amount_yen,
    guarantee_amount_yen, expires_on, works_start_on, works_end_on, contracted_on, deposit_bank, issued_at,
    learnt_at, source, actor
)
SELECT
    id, revision,
    CASE WHEN state = 'cancelled' THEN 'cancellation' WHEN revision > 0 THEN 'change' ELSE 'new' END,
    state = 'on_paper', project_name, contractor, jv_name, contract_amount_yen, guarantee_amount_yen, expires_on,
    works_start_on, works_end_on, contracted_on, deposit_bank, issued_at, strftime('%Y-%m-%d %H:%M:%S', 'now') || '+00:00', '移行時', 'bot'
FROM guarantee ORDER BY id;

INSERT INTO guarantee_seen (version_id, at, actor, result, receipt_number, note)
SELECT
    version.id, submission.state_at,
    coalesce((
        SELECT journal.actor FROM journal
        WHERE journal.subject_kind = 'submission' AND journal.subject_id = submission.receipt_number
            AND journal.event = 'submission.verified'
        ORDER BY journal.id DESC LIMIT 1
    ), 'bot'),
    'verified_in_dsure', submission.receipt_number, ''
FROM submission JOIN guarantee_version AS version ON version.guarantee_id = submission.guarantee_id
WHERE submission.state = 'verified' ORDER BY submission.id;
