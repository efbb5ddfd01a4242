alarm.id bigint NO
alarm.kind text NO
alarm.subject text NO
alarm.since timestamp with time zone NO
alarm.detail text NO
alarm.told_on text NO
alarm.absent_since timestamp with time zone YES
canary.name text NO
canary.sent_at timestamp with time zone NO
canary.reason text NO
canary.reply text NO
canary.back_at timestamp with time zone YES
case_words.submission_id bigint NO
case_words.words_0 bigint NO
case_words.words_1 bigint NO
case_words.words_2 bigint NO
case_words.words_3 bigint NO
case_words.words_4 bigint NO
case_words.words_5 bigint NO
case_words.words_6 bigint NO
case_words.words_7 bigint NO
case_words.words_8 bigint NO
case_words.words_9 bigint NO
case_words.words_10 bigint NO
case_words.words_11 bigint NO
case_words.words_12 bigint NO
case_words.words_13 bigint NO
case_words.words_14 bigint NO
case_words.words_15 bigint NO
consent.id bigint NO
consent.at timestamp with time zone NO
consent.address text NO
consent.guarantee_id bigint YES
consent.given boolean NO
consent.wording text NO
consent.origin text NO
consent.source text NO
consent.actor text NO
dead_address.address text NO
dead_address.since timestamp with time zone NO
dead_address.why text NO
dead_address.outbox_id bigint NO
disposed.row_kind text NO
disposed.row_id bigint NO
disposed.what text NO
guarantee.id bigint NO
guarantee.project_name text NO
guarantee.contractor text NO
guarantee.product text NO
guarantee.number text YES
guarantee.revision integer NO
guarantee.jv_name text NO
guarantee.orderer text NO
guarantee.contract_amount_yen bigint YES
guarantee.guarantee_amount_yen bigint YES
guarantee.expires_on date YES
guarantee.works_start_on date YES
guarantee.works_end_on date YES
guarantee.contracted_on date YES
guarantee.deposit_bank text NO
guarantee.auth_key text YES
guarantee.issued_at timestamp with time zone YES
guarantee.wants_issued_mail boolean NO
guarantee.email text NO
guarantee.desk text NO
guarantee.state text NO
guarantee.project_fold text NO
guarantee.contractor_fold text NO
guarantee.contractor_core text NO
guarantee.jv_fold text NO
guarantee.works_number text NO default ''::text
guarantee.works_fold text NO default ''::text
guarantee_seen.id bigint NO
guarantee_seen.version_id bigint NO
guarantee_seen.at timestamp with time zone NO
guarantee_seen.actor text NO
guarantee_seen.result text NO
guarantee_seen.receipt_number text NO
guarantee_seen.note text NO
guarantee_version.id bigint NO
guarantee_version.guarantee_id bigint NO
guarantee_version.revision integer NO
guarantee_version.kind text NO
guarantee_version.is_on_paper boolean NO
guarantee_version.project_name text NO
guarantee_version.contractor text NO
guarantee_version.jv_name text NO
guarantee_version.contract_amount_yen bigint YES
guarantee_version.guarantee_amount_yen bigint YES
guarantee_version.expires_on date YES
guarantee_version.works_start_on date YES
guarantee_version.works_end_on date YES
guarantee_version.contracted_on date YES
guarantee_version.deposit_bank text NO
guarantee_version.issued_at timestamp with time zone YES
guarantee_version.learnt_at timestamp with time zone NO
guarantee_version.source text NO
guarantee_version.actor text NO
journal.id bigint NO
journal.at timestamp with time zone NO
journal.actor text NO
journal.event text NO
journal.subject_kind text NO
journal.subject_id text NO
journal.detail jsonb NO
journal.hash text NO
journal_head.only_one integer NO
journal_head.number bigint NO
journal_head.hash text NO
legal_hold.mail_id bigint NO
legal_hold.why text NO
legal_hold.actor text NO
mail.id bigint NO
mail.identity text NO
mail.digest text NO
mail.source text NO
mail.peer text NO
mail.mail_from text YES
mail.rcpt_tos jsonb NO
mail.received_at timestamp with time zone NO
mail.size_bytes bigint NO
mail.state text NO
mail.reason text YES
mail.no_reply text YES
mail.error text NO default ''::text
mail.attempts integer NO default 0
mail.next_attempt_at timestamp with time zone NO
mail.state_at timestamp with time zone NO
mail.sender text NO default ''::text
mail.quoted text YES
mail.desk text NO default ''::text
mail.entered_by bigint YES
mail.papers jsonb NO default '[]'::jsonb
mail.owner integer YES
mail.content bytea NO
mail_place.mailbox text NO
mail_place.name text NO
mail_place.mail_id bigint YES
mail_place.noted_at timestamp with time zone NO
mail_place.is_canary integer NO default 0
mailbox_check.mailbox text NO
mailbox_check.checked_at timestamp with time zone NO
mailbox_check.days integer NO
mailbox_check.on_server integer NO
mailbox_check.known integer NO
mailbox_check.missing integer NO
mailbox_check.recovered integer NO
mailbox_memory.mailbox text NO
mailbox_memory.memory text NO
mailbox_memory.looked_at timestamp with time zone NO
outbox.id bigint NO
outbox.dedupe_key text NO
outbox.letter text NO
outbox.recipient text NO
outbox.recipient_fold text NO
outbox.reverse_path text NO
outbox.quoted text NO
outbox.message_id text NO
outbox.submission text NO
outbox.guarantee_id bigint YES
outbox.state text NO
outbox.reason text NO
outbox.reply text NO
outbox.attempts integer NO
outbox.created_at timestamp with time zone NO
outbox.queued_at timestamp with time zone NO
outbox.next_attempt_at timestamp with time zone NO
outbox.owner integer YES
outbox.done_at timestamp with time zone YES
outbox.content bytea NO
outbox.unsure_attempts integer NO default 0
outbox.counted_as text NO default ''::text
outbox.counted_domain text NO default ''::text
outbox.consent_id bigint YES
outbox.consent_at timestamp with time zone YES
outbox.consent_seen bigint YES
reminder.id bigint NO
reminder.kind text NO
reminder.about text NO
reminder.recipient text NO
reminder.level integer NO
reminder.told_at timestamp with time zone NO
reminder.count integer NO
reminder.outbox_id bigint NO
reminder_done.id bigint NO
reminder_done.kind text NO
reminder_done.about text NO
reminder_done.at timestamp with time zone NO
reminder_done.actor text NO
reminder_done.note text NO
schema_version.version integer NO
schema_version.name text NO
schema_version.applied_at timestamp with time zone NO
schema_version.checksum text NO
submission.id bigint NO
submission.receipt_number text NO
submission.mail_id bigint NO
submission.state text NO
submission.state_at timestamp with time zone NO
submission.reasons jsonb NO
submission.product text YES
submission.number text NO
submission.quoted text NO
submission.auth_key text YES
submission.key_mark text NO
submission.read_from text NO
submission.guarantee_id bigint YES
submission.sender text NO
submission.received_at timestamp with time zone NO
submission.sender_proven boolean NO
submission.moved_from text NO default ''::text
ticket.id bigint NO
ticket.token text NO
ticket.outbox_id bigint NO
ticket.desk text NO
ticket.expires_at timestamp with time zone NO
ticket_case.id bigint NO
ticket_case.ticket_id bigint NO
ticket_case.place integer NO
ticket_case.receipt_number text NO
ticket_case.mail_id bigint YES
ticket_case.candidates jsonb NO
ticket_case.spent_at timestamp with time zone YES
vault.only_one integer NO
vault.key_id text NO
vault.secret text NO
withheld.id bigint NO
withheld.at timestamp with time zone NO
withheld.mail_id bigint NO
withheld.letter text NO
withheld.limit_hit text NO
withheld.about text NO
worker.name text NO
worker.started_at timestamp with time zone NO
worker.done_at timestamp with time zone YES
worker.failing_since timestamp with time zone YES
worker.failures integer NO
worker.trouble text NO
CREATE INDEX consent_by_address ON public.consent USING btree (address, id)
CREATE INDEX guarantee_by_contractor ON public.guarantee USING btree (contractor_core, state, id)
CREATE INDEX guarantee_by_domain ON public.guarantee USING btree (replace(lower(email), rtrim(lower(email), replace(lower(email), '@'::text, ''::text)), ''::text)) WHERE (email <> ''::text)
CREATE INDEX guarantee_by_email ON public.guarantee USING btree (lower(email)) WHERE (email <> ''::text)
CREATE INDEX guarantee_by_jv ON public.guarantee USING btree (jv_fold, state, id) WHERE (jv_fold <> ''::text)
CREATE INDEX guarantee_by_project ON public.guarantee USING btree (project_fold)
CREATE INDEX guarantee_by_state ON public.guarantee USING btree (state, id)
CREATE INDEX guarantee_by_works_fold ON public.guarantee USING btree (works_fold) WHERE (works_fold <> ''::text)
CREATE INDEX guarantee_seen_of ON public.guarantee_seen USING btree (version_id, id)
CREATE INDEX guarantee_version_of ON public.guarantee_version USING btree (guarantee_id, revision, id)
CREATE INDEX journal_by_subject ON public.journal USING btree (subject_kind, subject_id)
CREATE INDEX mail_asked ON public.mail USING btree (lower(sender), id) WHERE (state = 'asked'::text)
CREATE INDEX mail_by_entry ON public.mail USING btree (entered_by) WHERE (entered_by IS NOT NULL)
CREATE INDEX mail_by_received_at ON public.mail USING btree (received_at)
CREATE INDEX mail_by_state ON public.mail USING btree (state, id, next_attempt_at)
CREATE INDEX mail_by_state_at ON public.mail USING btree (state, state_at)
CREATE INDEX mail_earlier ON public.mail USING btree ((
CASE
    WHEN (COALESCE(mail_from, ''::text) = ''::text) THEN sender
    ELSE lower(mail_from)
END), id, next_attempt_at) WHERE (state = 'received'::text)
CREATE INDEX mail_owned ON public.mail USING btree (owner) WHERE (owner IS NOT NULL)
CREATE INDEX mail_turns ON public.mail USING btree (mail_from, sender, next_attempt_at, attempts, id) WHERE (state = 'received'::text)
CREATE INDEX outbox_by_counted_as ON public.outbox USING btree (counted_as, created_at, letter, state)
CREATE INDEX outbox_by_counted_domain ON public.outbox USING btree (counted_domain, created_at, letter, state)
CREATE INDEX outbox_by_letter ON public.outbox USING btree (letter, created_at, state)
CREATE INDEX outbox_by_message_id ON public.outbox USING btree (message_id)
CREATE INDEX outbox_by_recipient ON public.outbox USING btree (recipient_fold, created_at)
CREATE INDEX outbox_by_reverse_path ON public.outbox USING btree (reverse_path)
CREATE INDEX outbox_by_state ON public.outbox USING btree (state, next_attempt_at, id, recipient_fold)
CREATE INDEX outbox_by_submission ON public.outbox USING btree (submission)
CREATE INDEX outbox_owned ON public.outbox USING btree (owner) WHERE (owner IS NOT NULL)
CREATE INDEX reminder_by_outbox ON public.reminder USING btree (outbox_id)
CREATE INDEX submission_by_domain ON public.submission USING btree (replace(lower(sender), rtrim(lower(sender), replace(lower(sender), '@'::text, ''::text)), ''::text)) WHERE (state = ANY (ARRAY['accepted'::text, 'verified'::text]))
CREATE INDEX submission_by_guarantee ON public.submission USING btree (guarantee_id)
CREATE INDEX submission_by_key ON public.submission USING btree (key_mark)
CREATE INDEX submission_by_mail ON public.submission USING btree (mail_id)
CREATE INDEX submission_by_number ON public.submission USING btree (number)
CREATE INDEX submission_by_sender ON public.submission USING btree (lower(sender), received_at)
CREATE INDEX submission_by_state ON public.submission USING btree (state, state_at)
CREATE INDEX ticket_by_outbox ON public.ticket USING btree (outbox_id)
CREATE INDEX withheld_by_at ON public.withheld USING btree (at)
CREATE TRIGGER consent_no_delete BEFORE DELETE ON public.consent FOR EACH ROW EXECUTE FUNCTION consent_is_append_only()
CREATE TRIGGER consent_no_truncate BEFORE TRUNCATE ON public.consent FOR EACH STATEMENT EXECUTE FUNCTION consent_is_append_only()
CREATE TRIGGER consent_no_update BEFORE UPDATE ON public.consent FOR EACH ROW EXECUTE FUNCTION consent_is_append_only()
CREATE TRIGGER journal_no_delete BEFORE DELETE ON public.journal FOR EACH ROW EXECUTE FUNCTION journal_is_append_only()
CREATE TRIGGER journal_no_truncate BEFORE TRUNCATE ON public.journal FOR EACH STATEMENT EXECUTE FUNCTION journal_is_append_only()
CREATE TRIGGER journal_no_update BEFORE UPDATE ON public.journal FOR EACH ROW EXECUTE FUNCTION journal_is_append_only()
CREATE UNIQUE INDEX alarm_kind_subject_key ON public.alarm USING btree (kind, subject)
CREATE UNIQUE INDEX alarm_pkey ON public.alarm USING btree (id)
CREATE UNIQUE INDEX canary_pkey ON public.canary USING btree (name)
CREATE UNIQUE INDEX case_words_pkey ON public.case_words USING btree (submission_id)
CREATE UNIQUE INDEX consent_pkey ON public.consent USING btree (id)
CREATE UNIQUE INDEX dead_address_pkey ON public.dead_address USING btree (address)
CREATE UNIQUE INDEX disposed_pkey ON public.disposed USING btree (row_kind, row_id, what)
CREATE UNIQUE INDEX guarantee_number_key ON public.guarantee USING btree (number)
CREATE UNIQUE INDEX guarantee_pkey ON public.guarantee USING btree (id)
CREATE UNIQUE INDEX guarantee_seen_pkey ON public.guarantee_seen USING btree (id)
CREATE UNIQUE INDEX guarantee_version_pkey ON public.guarantee_version USING btree (id)
CREATE UNIQUE INDEX journal_head_pkey ON public.journal_head USING btree (only_one)
CREATE UNIQUE INDEX journal_pkey ON public.journal USING btree (id)
CREATE UNIQUE INDEX legal_hold_pkey ON public.legal_hold USING btree (mail_id)
CREATE UNIQUE INDEX mail_identity_key ON public.mail USING btree (identity)
CREATE UNIQUE INDEX mail_pkey ON public.mail USING btree (id)
CREATE UNIQUE INDEX mail_place_pkey ON public.mail_place USING btree (mailbox, name)
CREATE UNIQUE INDEX mailbox_check_pkey ON public.mailbox_check USING btree (mailbox)
CREATE UNIQUE INDEX mailbox_memory_pkey ON public.mailbox_memory USING btree (mailbox)
CREATE UNIQUE INDEX outbox_dedupe_key_key ON public.outbox USING btree (dedupe_key)
CREATE UNIQUE INDEX outbox_pkey ON public.outbox USING btree (id)
CREATE UNIQUE INDEX reminder_done_kind_about_key ON public.reminder_done USING btree (kind, about)
CREATE UNIQUE INDEX reminder_done_pkey ON public.reminder_done USING btree (id)
CREATE UNIQUE INDEX reminder_kind_about_recipient_key ON public.reminder USING btree (kind, about, recipient)
CREATE UNIQUE INDEX reminder_pkey ON public.reminder USING btree (id)
CREATE UNIQUE INDEX schema_version_pkey ON public.schema_version USING btree (version)
CREATE UNIQUE INDEX submission_pkey ON public.submission USING btree (id)
CREATE UNIQUE INDEX submission_receipt_number_key ON public.submission USING btree (receipt_number)
CREATE UNIQUE INDEX submission_taken ON public.submission USING btree (guarantee_id) WHERE (state = ANY (ARRAY['accepted'::text, 'verified'::text]))
CREATE UNIQUE INDEX ticket_case_pkey ON public.ticket_case USING btree (id)
CREATE UNIQUE INDEX ticket_case_ticket_id_place_key ON public.ticket_case USING btree (ticket_id, place)
CREATE UNIQUE INDEX ticket_pkey ON public.ticket USING btree (id)
CREATE UNIQUE INDEX ticket_token_key ON public.ticket USING btree (token)
CREATE UNIQUE INDEX vault_pkey ON public.vault USING btree (only_one)
CREATE UNIQUE INDEX withheld_pkey ON public.withheld USING btree (id)
CREATE UNIQUE INDEX worker_pkey ON public.worker USING btree (name)
alarm alarm_kind_subject_key UNIQUE (kind, subject)
alarm alarm_pkey PRIMARY KEY (id)
canary canary_pkey PRIMARY KEY (name)
case_words case_words_pkey PRIMARY KEY (submission_id)
case_words case_words_submission_id_fkey FOREIGN KEY (submission_id) REFERENCES submission(id)
consent consent_guarantee_id_fkey FOREIGN KEY (guarantee_id) REFERENCES guarantee(id)
consent consent_pkey PRIMARY KEY (id)
dead_address dead_address_outbox_id_fkey FOREIGN KEY (outbox_id) REFERENCES outbox(id)
dead_address dead_address_pkey PRIMARY KEY (address)
disposed disposed_pkey PRIMARY KEY (row_kind, row_id, what)
guarantee guarantee_number_key UNIQUE (number)
guarantee guarantee_pkey PRIMARY KEY (id)
guarantee_seen guarantee_seen_pkey PRIMARY KEY (id)
guarantee_seen guarantee_seen_version_id_fkey FOREIGN KEY (version_id) REFERENCES guarantee_version(id)
guarantee_version guarantee_version_guarantee_id_fkey FOREIGN KEY (guarantee_id) REFERENCES guarantee(id)
guarantee_version guarantee_version_pkey PRIMARY KEY (id)
journal journal_pkey PRIMARY KEY (id)
journal_head journal_head_only_one_check CHECK ((only_one = 1))
journal_head journal_head_pkey PRIMARY KEY (only_one)
legal_hold legal_hold_mail_id_fkey FOREIGN KEY (mail_id) REFERENCES mail(id)
legal_hold legal_hold_pkey PRIMARY KEY (mail_id)
mail mail_entered_by_fkey FOREIGN KEY (entered_by) REFERENCES mail(id)
mail mail_identity_key UNIQUE (identity)
mail mail_pkey PRIMARY KEY (id)
mail_place mail_place_mail_id_fkey FOREIGN KEY (mail_id) REFERENCES mail(id)
mail_place mail_place_pkey PRIMARY KEY (mailbox, name)
mailbox_check mailbox_check_pkey PRIMARY KEY (mailbox)
mailbox_memory mailbox_memory_pkey PRIMARY KEY (mailbox)
outbox outbox_consent_id_fkey FOREIGN KEY (consent_id) REFERENCES consent(id)
outbox outbox_dedupe_key_key UNIQUE (dedupe_key)
outbox outbox_guarantee_id_fkey FOREIGN KEY (guarantee_id) REFERENCES guarantee(id)
outbox outbox_pkey PRIMARY KEY (id)
reminder reminder_kind_about_recipient_key UNIQUE (kind, about, recipient)
reminder reminder_outbox_id_fkey FOREIGN KEY (outbox_id) REFERENCES outbox(id)
reminder reminder_pkey PRIMARY KEY (id)
reminder_done reminder_done_kind_about_key UNIQUE (kind, about)
reminder_done reminder_done_pkey PRIMARY KEY (id)
schema_version schema_version_pkey PRIMARY KEY (version)
submission submission_guarantee_id_fkey FOREIGN KEY (guarantee_id) REFERENCES guarantee(id)
submission submission_mail_id_fkey FOREIGN KEY (mail_id) REFERENCES mail(id)
submission submission_pkey PRIMARY KEY (id)
submission submission_receipt_number_key UNIQUE (receipt_number)
ticket ticket_outbox_id_fkey FOREIGN KEY (outbox_id) REFERENCES outbox(id)
ticket ticket_pkey PRIMARY KEY (id)
ticket ticket_token_key UNIQUE (token)
ticket_case ticket_case_mail_id_fkey FOREIGN KEY (mail_id) REFERENCES mail(id)
ticket_case ticket_case_pkey PRIMARY KEY (id)
ticket_case ticket_case_ticket_id_fkey FOREIGN KEY (ticket_id) REFERENCES ticket(id)
ticket_case ticket_case_ticket_id_place_key UNIQUE (ticket_id, place)
vault vault_only_one_check CHECK ((only_one = 1))
vault vault_pkey PRIMARY KEY (only_one)
withheld withheld_mail_id_fkey FOREIGN KEY (mail_id) REFERENCES mail(id)
withheld withheld_pkey PRIMARY KEY (id)
worker worker_pkey PRIMARY KEY (name)
