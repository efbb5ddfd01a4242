-- An index for every question that the daemon asks again and again.

-- claim_mail, next_mail_due, lists by state
CREATE INDEX mail_by_state ON mail (state, id, next_attempt_at);
-- summary
CREATE INDEX mail_by_received_at ON mail (received_at);
CREATE INDEX mail_by_state_at ON mail (state, state_at);

-- look_up
CREATE INDEX guarantee_by_contractor ON guarantee (contractor_core);
CREATE INDEX guarantee_by_project ON guarantee (project_fold);
CREATE INDEX guarantee_by_jv ON guarantee (jv_fold);
CREATE INDEX guarantee_by_state ON guarantee (state, id);
CREATE INDEX submission_by_number ON submission (number);
CREATE INDEX submission_by_guarantee ON submission (guarantee_id);
CREATE INDEX submission_by_key ON submission (key_mark);

-- lists, mail show, summary
CREATE INDEX submission_by_mail ON submission (mail_id);
CREATE INDEX submission_by_state ON submission (state, state_at);

-- claim_outgoing, next_outgoing_due
CREATE INDEX outbox_by_state ON outbox (state, next_attempt_at, id);
-- letters_since
CREATE INDEX outbox_by_recipient ON outbox (recipient_fold, created_at);
-- last_summary_at
CREATE INDEX outbox_by_letter ON outbox (letter, created_at);

CREATE INDEX journal_by_subject ON journal (subject_kind, subject_id);
