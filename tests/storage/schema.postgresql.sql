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
journal.id bigint NO
journal.at timestamp with time zone NO
journal.actor text NO
journal.event text NO
journal.subject_kind text NO
journal.subject_id text NO
journal.detail jsonb NO
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
mail.subject text NO default ''::text
mail.papers jsonb NO default '[]'::jsonb
mail.content bytea NO
mailbox_cursor.mailbox text NO
mailbox_cursor.uidvalidity bigint NO
mailbox_cursor.last_uid bigint NO
mailbox_cursor.looked_at timestamp with time zone NO
opt_out.address text NO
opt_out.at timestamp with time zone NO
opt_out.actor text NO
opt_out.source text NO
outbox.id bigint NO
outbox.dedupe_key text NO
outbox.letter text NO
outbox.recipient text NO
outbox.recipient_fold text NO
outbox.reverse_path text NO
outbox.subject text NO
outbox.text text NO
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
outbox.done_at timestamp with time zone YES
outbox.content bytea NO
schema_version.version integer NO
schema_version.name text NO
schema_version.applied_at timestamp with time zone NO
submission.id bigint NO
submission.receipt_number text NO
submission.mail_id bigint NO
submission.state text NO
submission.state_at timestamp with time zone NO
submission.reasons jsonb NO
submission.project_name text NO
submission.contractor text NO
submission.product text YES
submission.product_as_written text NO
submission.number text NO
submission.number_as_written text NO
submission.auth_key text YES
submission.key_mark text NO
submission.read_from text NO
submission.document_name text NO
submission.evidence jsonb NO
submission.guarantee_id bigint YES
submission.sender text NO
submission.received_at timestamp with time zone NO
submission.sender_proven boolean NO
CREATE INDEX guarantee_by_contractor ON public.guarantee USING btree (contractor_core)
CREATE INDEX guarantee_by_jv ON public.guarantee USING btree (jv_fold)
CREATE INDEX guarantee_by_project ON public.guarantee USING btree (project_fold)
CREATE INDEX guarantee_by_state ON public.guarantee USING btree (state, id)
CREATE INDEX journal_by_subject ON public.journal USING btree (subject_kind, subject_id)
CREATE INDEX mail_by_received_at ON public.mail USING btree (received_at)
CREATE INDEX mail_by_state ON public.mail USING btree (state, id, next_attempt_at)
CREATE INDEX mail_by_state_at ON public.mail USING btree (state, state_at)
CREATE INDEX outbox_by_letter ON public.outbox USING btree (letter, created_at)
CREATE INDEX outbox_by_recipient ON public.outbox USING btree (recipient_fold, created_at)
CREATE INDEX outbox_by_state ON public.outbox USING btree (state, next_attempt_at, id)
CREATE INDEX submission_by_guarantee ON public.submission USING btree (guarantee_id)
CREATE INDEX submission_by_key ON public.submission USING btree (key_mark)
CREATE INDEX submission_by_mail ON public.submission USING btree (mail_id)
CREATE INDEX submission_by_number ON public.submission USING btree (number)
CREATE INDEX submission_by_state ON public.submission USING btree (state, state_at)
CREATE TRIGGER journal_append_only BEFORE DELETE OR UPDATE ON public.journal FOR EACH ROW EXECUTE FUNCTION journal_is_append_only()
CREATE UNIQUE INDEX guarantee_number_key ON public.guarantee USING btree (number)
CREATE UNIQUE INDEX guarantee_pkey ON public.guarantee USING btree (id)
CREATE UNIQUE INDEX journal_pkey ON public.journal USING btree (id)
CREATE UNIQUE INDEX mail_identity_key ON public.mail USING btree (identity)
CREATE UNIQUE INDEX mail_pkey ON public.mail USING btree (id)
CREATE UNIQUE INDEX mailbox_cursor_pkey ON public.mailbox_cursor USING btree (mailbox)
CREATE UNIQUE INDEX opt_out_pkey ON public.opt_out USING btree (address)
CREATE UNIQUE INDEX outbox_dedupe_key_key ON public.outbox USING btree (dedupe_key)
CREATE UNIQUE INDEX outbox_pkey ON public.outbox USING btree (id)
CREATE UNIQUE INDEX schema_version_pkey ON public.schema_version USING btree (version)
CREATE UNIQUE INDEX submission_pkey ON public.submission USING btree (id)
CREATE UNIQUE INDEX submission_receipt_number_key ON public.submission USING btree (receipt_number)
CREATE UNIQUE INDEX submission_taken ON public.submission USING btree (guarantee_id) WHERE (state = ANY (ARRAY['accepted'::text, 'verified'::text]))
guarantee guarantee_number_key UNIQUE (number)
guarantee guarantee_pkey PRIMARY KEY (id)
journal journal_pkey PRIMARY KEY (id)
mail mail_identity_key UNIQUE (identity)
mail mail_pkey PRIMARY KEY (id)
mailbox_cursor mailbox_cursor_pkey PRIMARY KEY (mailbox)
opt_out opt_out_pkey PRIMARY KEY (address)
outbox outbox_dedupe_key_key UNIQUE (dedupe_key)
outbox outbox_guarantee_id_fkey FOREIGN KEY (guarantee_id) REFERENCES guarantee(id)
outbox outbox_pkey PRIMARY KEY (id)
schema_version schema_version_pkey PRIMARY KEY (version)
submission submission_guarantee_id_fkey FOREIGN KEY (guarantee_id) REFERENCES guarantee(id)
submission submission_mail_id_fkey FOREIGN KEY (mail_id) REFERENCES mail(id)
submission submission_pkey PRIMARY KEY (id)
submission submission_receipt_number_key UNIQUE (receipt_number)
