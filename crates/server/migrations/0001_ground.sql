-- One text for SQLite and PostgreSQL: BIGINT, TEXT, BOOLEAN. Times are microseconds since 1970 in UTC (BIGINT) or
-- local dates as YYYY-MM-DD (TEXT); ids are UUID v7 as TEXT; JSON is TEXT; sealed bytes are base64 in TEXT.

-- Organisation
CREATE TABLE legal_entity (
    id TEXT PRIMARY KEY, code TEXT NOT NULL UNIQUE, name TEXT NOT NULL, country TEXT NOT NULL,
    currency TEXT NOT NULL, zone TEXT NOT NULL
);
CREATE TABLE cost_center (
    id TEXT PRIMARY KEY, code TEXT NOT NULL UNIQUE, name TEXT NOT NULL, entity_id TEXT NOT NULL REFERENCES legal_entity (id),
    owner_id TEXT -- an employee
);
CREATE TABLE employee (
    id TEXT PRIMARY KEY, number TEXT NOT NULL UNIQUE, name TEXT NOT NULL, email TEXT NOT NULL UNIQUE,
    locale TEXT NOT NULL, active BOOLEAN NOT NULL
);
CREATE TABLE department (
    id TEXT PRIMARY KEY, code TEXT NOT NULL UNIQUE, name TEXT NOT NULL, parent_id TEXT REFERENCES department (id),
    head_id TEXT REFERENCES employee (id), valid_from TEXT NOT NULL, valid_to TEXT
);
CREATE TABLE assignment (
    id TEXT PRIMARY KEY, employee_id TEXT NOT NULL REFERENCES employee (id),
    department_id TEXT NOT NULL REFERENCES department (id), entity_id TEXT NOT NULL REFERENCES legal_entity (id),
    cost_center_id TEXT REFERENCES cost_center (id), position TEXT NOT NULL, grade TEXT NOT NULL,
    is_primary BOOLEAN NOT NULL, valid_from TEXT NOT NULL, valid_to TEXT,
    UNIQUE (employee_id, department_id, entity_id, valid_from)
);
-- Who may act for whom while they are away.
CREATE TABLE delegation (
    id TEXT PRIMARY KEY, from_id TEXT NOT NULL REFERENCES employee (id), to_id TEXT NOT NULL REFERENCES employee (id),
    since TEXT NOT NULL, until TEXT NOT NULL, entity_id TEXT REFERENCES legal_entity (id),
    at_most_minor BIGINT, currency TEXT, reason TEXT NOT NULL, created_at BIGINT NOT NULL, ended_at BIGINT -- taken back early
);
CREATE INDEX delegation_from ON delegation (from_id);
CREATE INDEX delegation_to ON delegation (to_id, until);
CREATE TABLE role_grant (
    id TEXT PRIMARY KEY, employee_id TEXT NOT NULL REFERENCES employee (id), role TEXT NOT NULL,
    entity_id TEXT REFERENCES legal_entity (id)
);
CREATE TABLE payee_account (
    id TEXT PRIMARY KEY, employee_id TEXT NOT NULL REFERENCES employee (id), sealed TEXT NOT NULL, last4 TEXT NOT NULL,
    state TEXT NOT NULL, -- proposed, active, replaced, refused, withdrawn
    proposed_by TEXT NOT NULL, proposed_at BIGINT NOT NULL, decided_by TEXT, decided_at BIGINT
);
CREATE UNIQUE INDEX payee_account_active ON payee_account (employee_id) WHERE state = 'active';
CREATE UNIQUE INDEX payee_account_proposed ON payee_account (employee_id) WHERE state = 'proposed';

-- Who is who
CREATE TABLE password (employee_id TEXT PRIMARY KEY REFERENCES employee (id), hash TEXT NOT NULL, changed_at BIGINT NOT NULL);
CREATE TABLE session (
    token_hash TEXT PRIMARY KEY, employee_id TEXT NOT NULL REFERENCES employee (id), created_at BIGINT NOT NULL,
    seen_at BIGINT NOT NULL, expires_at BIGINT NOT NULL
);
CREATE INDEX session_employee ON session (employee_id);
CREATE TABLE api_token (
    id TEXT PRIMARY KEY, employee_id TEXT NOT NULL REFERENCES employee (id), name TEXT NOT NULL,
    token_hash TEXT NOT NULL UNIQUE, writes BOOLEAN NOT NULL, created_at BIGINT NOT NULL, expires_at BIGINT, used_at BIGINT,
    revoked_at BIGINT
);
CREATE INDEX api_token_employee ON api_token (employee_id);
CREATE TABLE subject_key (subject_id TEXT NOT NULL, purpose TEXT NOT NULL, sealed TEXT NOT NULL, PRIMARY KEY (subject_id, purpose));

-- CRM
CREATE TABLE connection (
    id TEXT PRIMARY KEY, kind TEXT NOT NULL, name TEXT NOT NULL UNIQUE, settings TEXT NOT NULL, sealed TEXT,
    paused BOOLEAN NOT NULL, created_at BIGINT NOT NULL, mapping TEXT NOT NULL DEFAULT '{}'
);
CREATE TABLE crm_user (
    id TEXT PRIMARY KEY, connection_id TEXT REFERENCES connection (id), external_id TEXT NOT NULL, name TEXT NOT NULL,
    email TEXT NOT NULL, employee_id TEXT REFERENCES employee (id), UNIQUE (connection_id, external_id)
);
CREATE TABLE account (
    id TEXT PRIMARY KEY, connection_id TEXT REFERENCES connection (id), external_id TEXT NOT NULL, revision TEXT NOT NULL,
    read_at BIGINT NOT NULL, deleted BOOLEAN NOT NULL, name TEXT NOT NULL, tax_id TEXT NOT NULL, city TEXT NOT NULL,
    country TEXT NOT NULL, phone TEXT NOT NULL, owner_id TEXT REFERENCES employee (id), crm_owner TEXT, url TEXT,
    email TEXT NOT NULL DEFAULT '', website TEXT NOT NULL DEFAULT '',
    new_on TEXT, -- the day it came as a new customer; none for history
    UNIQUE (connection_id, external_id)
);
CREATE INDEX account_owner ON account (owner_id);
CREATE INDEX account_new ON account (new_on);
CREATE TABLE contact (
    id TEXT PRIMARY KEY, connection_id TEXT REFERENCES connection (id), external_id TEXT NOT NULL, revision TEXT NOT NULL,
    read_at BIGINT NOT NULL, deleted BOOLEAN NOT NULL, name TEXT NOT NULL, account_id TEXT REFERENCES account (id),
    title TEXT NOT NULL, email TEXT NOT NULL, phone TEXT NOT NULL, url TEXT, UNIQUE (connection_id, external_id)
);
CREATE INDEX contact_account ON contact (account_id);
CREATE TABLE deal (
    id TEXT PRIMARY KEY, connection_id TEXT REFERENCES connection (id), external_id TEXT NOT NULL, revision TEXT NOT NULL,
    read_at BIGINT NOT NULL, deleted BOOLEAN NOT NULL, name TEXT NOT NULL, account_id TEXT REFERENCES account (id),
    contact_id TEXT REFERENCES contact (id), owner_id TEXT REFERENCES employee (id), crm_owner TEXT, stage TEXT NOT NULL,
    stage_kind TEXT NOT NULL, -- open, won, lost
    amount_minor BIGINT, currency TEXT, close_on TEXT, won_at BIGINT, url TEXT, UNIQUE (connection_id, external_id)
);
CREATE INDEX deal_account ON deal (account_id);
CREATE INDEX deal_owner ON deal (owner_id);
CREATE INDEX deal_won ON deal (stage_kind, won_at);
CREATE TABLE project (
    id TEXT PRIMARY KEY, connection_id TEXT REFERENCES connection (id), external_id TEXT NOT NULL, revision TEXT NOT NULL,
    read_at BIGINT NOT NULL, deleted BOOLEAN NOT NULL, name TEXT NOT NULL, account_id TEXT REFERENCES account (id),
    deal_id TEXT REFERENCES deal (id), url TEXT, UNIQUE (connection_id, external_id)
);
CREATE INDEX project_account ON project (account_id);
CREATE INDEX project_deal ON project (deal_id);
CREATE TABLE sales_order (
    id TEXT PRIMARY KEY, connection_id TEXT REFERENCES connection (id), external_id TEXT NOT NULL, revision TEXT NOT NULL,
    read_at BIGINT NOT NULL, deleted BOOLEAN NOT NULL, number TEXT NOT NULL, account_id TEXT REFERENCES account (id),
    deal_id TEXT REFERENCES deal (id), amount_minor BIGINT, currency TEXT, state TEXT NOT NULL, ordered_on TEXT, url TEXT,
    UNIQUE (connection_id, external_id)
);
CREATE INDEX sales_order_account ON sales_order (account_id);
CREATE INDEX sales_order_deal ON sales_order (deal_id);
CREATE TABLE activity (
    id TEXT PRIMARY KEY, connection_id TEXT REFERENCES connection (id), external_id TEXT NOT NULL, revision TEXT NOT NULL,
    read_at BIGINT NOT NULL, deleted BOOLEAN NOT NULL, kind TEXT NOT NULL, subject TEXT NOT NULL,
    account_id TEXT REFERENCES account (id), contact_id TEXT REFERENCES contact (id), deal_id TEXT REFERENCES deal (id),
    owner_id TEXT REFERENCES employee (id), crm_owner TEXT, happened_on TEXT NOT NULL, until TEXT, -- its last day, if it lasted longer than one
    place TEXT NOT NULL, url TEXT,
    UNIQUE (connection_id, external_id)
);
CREATE INDEX activity_deal ON activity (deal_id);
CREATE INDEX activity_account ON activity (account_id);
CREATE INDEX activity_owner ON activity (owner_id, happened_on);
CREATE INDEX activity_day ON activity (happened_on);
CREATE TABLE crm_raw (
    connection_id TEXT NOT NULL REFERENCES connection (id), object TEXT NOT NULL, external_id TEXT NOT NULL,
    revision TEXT NOT NULL, body TEXT NOT NULL, read_at BIGINT NOT NULL, PRIMARY KEY (connection_id, object, external_id)
);
CREATE INDEX crm_raw_newest ON crm_raw (connection_id, object, read_at);
-- Outlay's own records have no connection, and still one row for each of their ids.
CREATE UNIQUE INDEX crm_user_own ON crm_user (external_id) WHERE connection_id IS NULL;
CREATE UNIQUE INDEX account_own ON account (external_id) WHERE connection_id IS NULL;
CREATE UNIQUE INDEX contact_own ON contact (external_id) WHERE connection_id IS NULL;
CREATE UNIQUE INDEX deal_own ON deal (external_id) WHERE connection_id IS NULL;
CREATE UNIQUE INDEX project_own ON project (external_id) WHERE connection_id IS NULL;
CREATE UNIQUE INDEX sales_order_own ON sales_order (external_id) WHERE connection_id IS NULL;
CREATE UNIQUE INDEX activity_own ON activity (external_id) WHERE connection_id IS NULL;
-- References to records that have not come yet; repaired and removed when they do.
CREATE TABLE crm_awaited (
    child_id TEXT NOT NULL, field TEXT NOT NULL, child TEXT NOT NULL, -- the object that refers
    connection TEXT NOT NULL, object TEXT NOT NULL, external_id TEXT NOT NULL, -- what it refers to; '' is no connection
    PRIMARY KEY (child_id, field)
);
CREATE INDEX crm_awaited_parent ON crm_awaited (external_id, object, connection);
CREATE TABLE sync_cursor (
    connection_id TEXT NOT NULL REFERENCES connection (id), object TEXT NOT NULL, position TEXT NOT NULL,
    moved_at BIGINT NOT NULL, whole_at BIGINT, -- when a page came; when nothing newer was left
    PRIMARY KEY (connection_id, object)
);
-- How far the first reading of each kind is.
CREATE TABLE sync_first (
    connection_id TEXT NOT NULL REFERENCES connection (id), object TEXT NOT NULL, expected BIGINT, -- none if the CRM does not tell
    seen BIGINT NOT NULL, ended_at BIGINT, PRIMARY KEY (connection_id, object)
);
CREATE TABLE sync_run (
    id TEXT PRIMARY KEY, connection_id TEXT NOT NULL REFERENCES connection (id), started_at BIGINT NOT NULL,
    ended_at BIGINT, seen BIGINT NOT NULL, changed BIGINT NOT NULL, refused BIGINT NOT NULL, error TEXT
);
CREATE INDEX sync_run_connection ON sync_run (connection_id, started_at);
CREATE INDEX sync_run_ended ON sync_run (ended_at);
-- Records that a pull could not take: kept until the same record is taken.
CREATE TABLE sync_refused (
    connection_id TEXT NOT NULL REFERENCES connection (id), object TEXT NOT NULL, external_id TEXT NOT NULL,
    reason TEXT NOT NULL, raw TEXT NOT NULL, tries BIGINT NOT NULL, at BIGINT NOT NULL,
    PRIMARY KEY (connection_id, object, external_id)
);
-- Records that came in each minute (since 1970), for a week.
CREATE TABLE sync_rate (
    connection_id TEXT NOT NULL REFERENCES connection (id), object TEXT NOT NULL, minute BIGINT NOT NULL, seen BIGINT NOT NULL,
    PRIMARY KEY (connection_id, object, minute)
);
-- What was asked of a CRM in each minute (since 1970), for a week; throttled: it bade to wait.
CREATE TABLE sync_usage (
    connection_id TEXT NOT NULL REFERENCES connection (id), minute BIGINT NOT NULL, requests BIGINT NOT NULL,
    throttled BIGINT NOT NULL, failed BIGINT NOT NULL, PRIMARY KEY (connection_id, minute)
);
-- What CRMs told by themselves, so that one that is told twice is known; gone after a week.
CREATE TABLE hook_event (
    connection_id TEXT NOT NULL REFERENCES connection (id), event TEXT NOT NULL, object TEXT NOT NULL, at BIGINT NOT NULL,
    PRIMARY KEY (connection_id, event)
);
-- How far the stored records of a kind have been read again by the rules last put into force.
CREATE TABLE mapping_run (
    connection_id TEXT NOT NULL REFERENCES connection (id), object TEXT NOT NULL, run_id TEXT NOT NULL, started_at BIGINT NOT NULL,
    ended_at BIGINT, total BIGINT NOT NULL, seen BIGINT NOT NULL, changed BIGINT NOT NULL, refused BIGINT NOT NULL,
    drafted BIGINT NOT NULL, anew BOOLEAN NOT NULL, -- whether the CRM is asked for them
    phase TEXT NOT NULL, -- refused: the dead letters; stored: the others
    position TEXT NOT NULL, -- the last id that was read in this phase
    PRIMARY KEY (connection_id, object)
);
-- The last reconcile of each connection, and what it found.
CREATE TABLE reconcile_run (
    id TEXT PRIMARY KEY, connection_id TEXT NOT NULL REFERENCES connection (id), started_at BIGINT NOT NULL,
    ended_at BIGINT, error TEXT
);
CREATE INDEX reconcile_run_connection ON reconcile_run (connection_id);
CREATE TABLE reconcile_object (
    run_id TEXT NOT NULL REFERENCES reconcile_run (id), object TEXT NOT NULL, equal BIGINT NOT NULL, missing BIGINT NOT NULL,
    extra BIGINT NOT NULL, differing BIGINT NOT NULL, PRIMARY KEY (run_id, object)
);
CREATE TABLE reconcile_difference (
    run_id TEXT NOT NULL REFERENCES reconcile_run (id), object TEXT NOT NULL, external_id TEXT NOT NULL, what TEXT NOT NULL,
    mended BOOLEAN NOT NULL, PRIMARY KEY (run_id, object, external_id)
);
-- Files looked at and not yet imported, sealed since they hold people's data; gone after a day.
CREATE TABLE import_file (
    id TEXT PRIMARY KEY, employee_id TEXT NOT NULL REFERENCES employee (id), kind TEXT NOT NULL, name TEXT NOT NULL,
    sealed TEXT NOT NULL, seen TEXT NOT NULL, -- what was stored for its rows
    created_at BIGINT NOT NULL, preview TEXT NOT NULL, started_at BIGINT, report TEXT
);
-- Folders of files that are watched; one that was removed keeps its history for when it is set up again.
CREATE TABLE watched_folder (
    id TEXT PRIMARY KEY, path TEXT NOT NULL UNIQUE, kind TEXT NOT NULL, owner_id TEXT NOT NULL REFERENCES employee (id),
    paused BOOLEAN NOT NULL, removed BOOLEAN NOT NULL, created_at BIGINT NOT NULL, looked_at BIGINT,
    trouble TEXT -- why the last look could not do its work
);
-- What the last look at a folder saw and did not take yet.
CREATE TABLE watched_file (
    folder_id TEXT NOT NULL REFERENCES watched_folder (id), name TEXT NOT NULL, size BIGINT NOT NULL, modified BIGINT NOT NULL,
    PRIMARY KEY (folder_id, name)
);
CREATE TABLE watched_run (
    id TEXT PRIMARY KEY, folder_id TEXT NOT NULL REFERENCES watched_folder (id), name TEXT NOT NULL, sha256 TEXT NOT NULL,
    size BIGINT NOT NULL, modified BIGINT NOT NULL, started_at BIGINT NOT NULL, ended_at BIGINT,
    state TEXT NOT NULL, -- running, taken, refused, again, gone
    moved BOOLEAN NOT NULL, -- whether its file is where it belongs
    target TEXT, -- that place, in the folder
    tries BIGINT NOT NULL, report TEXT, rejected TEXT, problem TEXT
);
CREATE UNIQUE INDEX watched_run_once ON watched_run (folder_id, sha256) WHERE state IN ('running', 'taken');
CREATE INDEX watched_run_folder ON watched_run (folder_id, started_at);
CREATE INDEX watched_run_unmoved ON watched_run (folder_id) WHERE NOT moved;
-- Exports at set times: the next one, and those that were.
CREATE TABLE export_plan (
    id TEXT PRIMARY KEY, path TEXT NOT NULL UNIQUE, kinds TEXT NOT NULL, format TEXT NOT NULL,
    every_hours BIGINT, daily_at TEXT, -- one of them
    entity_id TEXT NOT NULL REFERENCES legal_entity (id), owner_id TEXT NOT NULL REFERENCES employee (id), paused BOOLEAN NOT NULL,
    created_at BIGINT NOT NULL, next_at BIGINT NOT NULL
);
CREATE TABLE export_run (
    id TEXT PRIMARY KEY, plan_id TEXT NOT NULL REFERENCES export_plan (id), due_at BIGINT, -- none for one by hand
    started_at BIGINT NOT NULL, ended_at BIGINT, files TEXT NOT NULL, problem TEXT, UNIQUE (plan_id, due_at)
);
CREATE INDEX export_run_plan ON export_run (plan_id, started_at);
-- What was last written to a CRM record: a rebuilt figure has a rising revision, and an echo is known.
CREATE TABLE write_back (
    target TEXT PRIMARY KEY, -- deal:ID or account:ID
    connection_id TEXT NOT NULL, revision BIGINT NOT NULL, body TEXT NOT NULL, note_id TEXT, written_at BIGINT NOT NULL
);
-- Fields of CRM records changed here; what was sent stays, so that our own echo is known.
CREATE TABLE record_edit (
    id TEXT PRIMARY KEY, connection_id TEXT NOT NULL REFERENCES connection (id), object TEXT NOT NULL, record_id TEXT NOT NULL,
    field TEXT NOT NULL, was TEXT NOT NULL, value TEXT NOT NULL, by_id TEXT NOT NULL REFERENCES employee (id), at BIGINT NOT NULL,
    state TEXT NOT NULL, -- pending, written, conflict, failed, withdrawn
    reason TEXT, said TEXT, -- why, as a code, and the CRM's words
    theirs TEXT, theirs_at BIGINT, -- what the CRM held instead
    tried_at BIGINT, settled_at BIGINT, revision TEXT, seen_at BIGINT -- first sent; ended; of the record then; came back
);
CREATE INDEX record_edit_record ON record_edit (record_id, id);
CREATE INDEX record_edit_connection ON record_edit (connection_id, state, id);
CREATE INDEX record_edit_by ON record_edit (by_id, state);
CREATE TABLE write_policy (
    connection_id TEXT NOT NULL REFERENCES connection (id), object TEXT NOT NULL, field TEXT NOT NULL,
    policy TEXT NOT NULL, -- off, ask, crm, outlay, latest, blanks
    PRIMARY KEY (connection_id, object, field)
);

-- Evidence
CREATE TABLE document (
    id TEXT PRIMARY KEY, sha256 TEXT NOT NULL, part BIGINT NOT NULL DEFAULT 0, bytes BIGINT NOT NULL, media_type TEXT NOT NULL,
    name TEXT NOT NULL, sealed_key TEXT NOT NULL, uploaded_by TEXT NOT NULL REFERENCES employee (id), uploaded_at BIGINT NOT NULL,
    invoice_identity TEXT, invoice TEXT, grade TEXT NOT NULL, gross_minor BIGINT, currency TEXT, seller TEXT, issued_on TEXT,
    claim_id TEXT,
    state TEXT NOT NULL, -- what it is by itself: reading, unread, ready, duplicate, invalid, red
    shelf TEXT NOT NULL, -- where its owner finds it: its state, or matched or claimed while a claim has it
    first_id TEXT, -- the owner's first document of the same invoice
    refusal TEXT, -- why it could not be read, as JSON
    paper TEXT, -- the kind that its title names, as tax law tells them apart: special, ordinary …
    red_of TEXT, -- the number of the invoice that it reverses
    reversed_by TEXT, -- the document that reverses it
    print TEXT, near_id TEXT -- of a picture: what it looks like, and the first of those that look the same
);
CREATE INDEX document_uploader ON document (uploaded_by, id);
CREATE INDEX document_shelf ON document (uploaded_by, shelf, id);
CREATE INDEX document_identity ON document (invoice_identity) WHERE invoice_identity IS NOT NULL;
CREATE INDEX document_red ON document (red_of) WHERE red_of IS NOT NULL;
CREATE INDEX document_near ON document (near_id) WHERE near_id IS NOT NULL;
-- Parts of what pictures look like: two that look the same share some.
CREATE TABLE picture_mark (mark TEXT NOT NULL, document_id TEXT NOT NULL, PRIMARY KEY (mark, document_id));
-- The service that asks the tax bureau; one row at most.
CREATE TABLE verifier (
    id BIGINT PRIMARY KEY, url TEXT NOT NULL, sealed TEXT NOT NULL, paused BOOLEAN NOT NULL, created_at BIGINT NOT NULL
);
-- What was asked about a document last, and what was answered last; n counts the questions.
CREATE TABLE verification (
    document_id TEXT PRIMARY KEY REFERENCES document (id), n BIGINT NOT NULL, pending BOOLEAN NOT NULL, question TEXT NOT NULL,
    at BIGINT NOT NULL, state TEXT, fields TEXT, provider TEXT, asked_at BIGINT,
    answered TEXT -- the question that was answered
);
-- A file with two invoices is two documents, the parts 0 and 1.
CREATE UNIQUE INDEX document_once ON document (sha256, uploaded_by, part);
CREATE INDEX document_claim ON document (claim_id);
CREATE TABLE invoice_use (identity TEXT PRIMARY KEY, claim_id TEXT NOT NULL, since TEXT NOT NULL);
CREATE INDEX invoice_use_claim ON invoice_use (claim_id);
CREATE TABLE fx_rate (
    published_on TEXT NOT NULL, base TEXT NOT NULL, quote TEXT NOT NULL, value TEXT NOT NULL, source TEXT NOT NULL,
    PRIMARY KEY (base, quote, published_on)
);

-- Policies and flows: immutable versions
CREATE TABLE policy_version (
    policy TEXT NOT NULL, version BIGINT NOT NULL, entity_id TEXT NOT NULL REFERENCES legal_entity (id),
    effective_from TEXT NOT NULL, body TEXT NOT NULL, published_by TEXT, published_at BIGINT NOT NULL, report TEXT,
    PRIMARY KEY (policy, version)
);
CREATE TABLE flow_version (
    flow TEXT NOT NULL, version BIGINT NOT NULL, entity_id TEXT NOT NULL REFERENCES legal_entity (id),
    effective_from TEXT NOT NULL, body TEXT NOT NULL, published_by TEXT, published_at BIGINT NOT NULL, report TEXT,
    PRIMARY KEY (flow, version, entity_id)
);
-- What an entity earns in a year, in its currency: as finance sets it, for the meter of what counts against tax.
CREATE TABLE entity_revenue (
    entity_id TEXT NOT NULL REFERENCES legal_entity (id), year BIGINT NOT NULL, minor BIGINT NOT NULL, set_by TEXT,
    set_at BIGINT NOT NULL, PRIMARY KEY (entity_id, year)
);
-- Policies and flows on their way to a version. version: counts each save; base: the version it began from; seen: the highest
-- version when it was last saved; authors: everybody who wrote in it, a space between.
CREATE TABLE rules_draft (
    id TEXT PRIMARY KEY, kind TEXT NOT NULL, -- policy, flow
    entity_id TEXT NOT NULL REFERENCES legal_entity (id), body TEXT NOT NULL, version BIGINT NOT NULL, base TEXT,
    seen BIGINT NOT NULL, effective_from TEXT NOT NULL,
    state TEXT NOT NULL, -- editing, in_review, published, dropped
    note TEXT NOT NULL, authors TEXT NOT NULL, edited_by TEXT NOT NULL, edited_at BIGINT NOT NULL, created_at BIGINT NOT NULL,
    decided_by TEXT, decided_at BIGINT, published TEXT
);
CREATE INDEX rules_draft_entity ON rules_draft (entity_id, state);
-- Past claims replayed under a draft; version: the save that was tried.
CREATE TABLE rules_trial (
    id TEXT PRIMARY KEY, draft_id TEXT NOT NULL REFERENCES rules_draft (id), version BIGINT NOT NULL, from_day TEXT NOT NULL,
    to_day TEXT NOT NULL, state TEXT NOT NULL, -- running, done, failed
    asked_by TEXT, started_at BIGINT NOT NULL, ended_at BIGINT, report TEXT
);
CREATE INDEX rules_trial_draft ON rules_trial (draft_id, id);
-- Drafts that run along: what was submitted since is decided under them, too, without effect. version: the save that runs; seq: the
-- last numbered event that it looked at; failed: the draft could not decide.
CREATE TABLE rules_shadow (
    draft_id TEXT PRIMARY KEY REFERENCES rules_draft (id), version BIGINT NOT NULL, begun_at BIGINT NOT NULL, seq BIGINT NOT NULL,
    claims BIGINT NOT NULL, erased BIGINT NOT NULL, differ BIGINT NOT NULL, routes BIGINT NOT NULL, to_auto BIGINT NOT NULL,
    from_auto BIGINT NOT NULL, findings BIGINT NOT NULL, failed BIGINT NOT NULL
);
-- Submissions that a draft which runs along decides another way; what came out on both sides, as JSON.
CREATE TABLE rules_shadow_claim (
    draft_id TEXT NOT NULL REFERENCES rules_draft (id), claim_id TEXT NOT NULL, n BIGINT NOT NULL, seq BIGINT NOT NULL,
    at BIGINT NOT NULL, found TEXT NOT NULL, PRIMARY KEY (draft_id, claim_id, n)
);
CREATE INDEX rules_shadow_claim_seq ON rules_shadow_claim (draft_id, seq);
-- Decisions to be kept as they are, one of a claim: an input, sealed for its claimant, and what must come out, as JSON.
CREATE TABLE golden_case (
    id TEXT PRIMARY KEY, claim_id TEXT NOT NULL UNIQUE, entity_id TEXT NOT NULL REFERENCES legal_entity (id), name TEXT NOT NULL, number TEXT NOT NULL,
    subject_id TEXT NOT NULL, policy TEXT NOT NULL, flow TEXT NOT NULL, org TEXT NOT NULL, sealed TEXT NOT NULL,
    expected TEXT NOT NULL, made_by TEXT NOT NULL, made_at BIGINT NOT NULL
);
CREATE INDEX golden_case_entity ON golden_case (entity_id);
-- Which CRM events begin which drafts. Versions never change; the highest is in force, and the standard rules before the first.
CREATE TABLE draft_rules (version BIGINT PRIMARY KEY, body TEXT NOT NULL, changed_by TEXT, changed_at BIGINT NOT NULL);

-- Claims
CREATE TABLE claim (
    id TEXT PRIMARY KEY, number TEXT NOT NULL UNIQUE, version BIGINT NOT NULL, status TEXT NOT NULL,
    entity_id TEXT NOT NULL REFERENCES legal_entity (id), claimant_id TEXT NOT NULL REFERENCES employee (id),
    department_id TEXT NOT NULL REFERENCES department (id), currency TEXT NOT NULL, title TEXT NOT NULL,
    claimed_minor BIGINT NOT NULL, line_count BIGINT NOT NULL, grade TEXT NOT NULL, worst_finding TEXT,
    account_id TEXT REFERENCES account (id), deal_id TEXT REFERENCES deal (id), origin TEXT UNIQUE,
    created_at BIGINT NOT NULL, updated_at BIGINT NOT NULL, submitted_at BIGINT,
    due_at BIGINT, -- when the next of its time limits is over
    body TEXT NOT NULL
);
CREATE INDEX claim_due ON claim (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX claim_claimant ON claim (claimant_id, updated_at);
CREATE INDEX claim_status ON claim (status, updated_at);
CREATE INDEX claim_updated ON claim (updated_at);
CREATE INDEX claim_amount ON claim (claimed_minor);
CREATE INDEX claim_department ON claim (department_id, updated_at);
CREATE INDEX claim_entity ON claim (entity_id, status, updated_at);
CREATE TABLE allocation (
    claim_id TEXT NOT NULL REFERENCES claim (id), line_id TEXT NOT NULL, pos BIGINT NOT NULL, category TEXT NOT NULL,
    incurred_on TEXT NOT NULL, account_id TEXT, deal_id TEXT, project_id TEXT, cost_center_id TEXT, minor BIGINT NOT NULL,
    PRIMARY KEY (claim_id, line_id, pos)
);
CREATE INDEX allocation_account ON allocation (account_id, claim_id, minor);
CREATE INDEX allocation_deal ON allocation (deal_id, claim_id, minor);
CREATE INDEX allocation_day ON allocation (incurred_on, category);
CREATE INDEX allocation_project ON allocation (project_id, claim_id);
-- Words of the invoices of accepted lines, each with the category that was accepted.
CREATE TABLE accepted_word (
    entity_id TEXT NOT NULL, word TEXT NOT NULL, line_id TEXT NOT NULL, claim_id TEXT NOT NULL REFERENCES claim (id),
    category TEXT NOT NULL, PRIMARY KEY (entity_id, word, line_id)
);
CREATE INDEX accepted_word_claim ON accepted_word (claim_id);
CREATE TABLE task (
    id TEXT PRIMARY KEY, claim_id TEXT NOT NULL REFERENCES claim (id), assignee_id TEXT NOT NULL REFERENCES employee (id),
    step BIGINT NOT NULL, opened_at BIGINT NOT NULL, closed_at BIGINT, outcome TEXT NOT NULL, -- open, or how it ended; copied for who got a copy
    step_name TEXT NOT NULL DEFAULT '', -- in both languages, as JSON; empty for copies
    why TEXT NOT NULL DEFAULT '' -- what made them the one who is asked: heads, holds, position …
);
-- Links in mails, by which a task may be approved once.
CREATE TABLE mail_link (
    token_hash TEXT PRIMARY KEY, task_id TEXT NOT NULL REFERENCES task (id), employee_id TEXT NOT NULL REFERENCES employee (id),
    content_hash TEXT NOT NULL, expires_at BIGINT NOT NULL, used_at BIGINT
);
CREATE INDEX mail_link_expires ON mail_link (expires_at);
-- Chats in which a task may be decided by a card.
CREATE TABLE chat (
    kind TEXT PRIMARY KEY, settings TEXT NOT NULL, sealed TEXT NOT NULL, paused BOOLEAN NOT NULL, created_at BIGINT NOT NULL
);
-- Whose account is whose. `contact` is what it was looked up by: it counts only as long as that is theirs.
CREATE TABLE chat_account (
    kind TEXT NOT NULL, employee_id TEXT NOT NULL REFERENCES employee (id), mobile TEXT NOT NULL, contact TEXT NOT NULL,
    account TEXT, looked_at BIGINT, PRIMARY KEY (kind, employee_id)
);
CREATE INDEX chat_account_account ON chat_account (kind, account);
-- The one card of a task for each who may act on it, and what it shows.
CREATE TABLE chat_card (
    task_id TEXT NOT NULL REFERENCES task (id), employee_id TEXT NOT NULL REFERENCES employee (id), kind TEXT NOT NULL,
    message TEXT NOT NULL, shows TEXT NOT NULL, at BIGINT NOT NULL, PRIMARY KEY (task_id, employee_id)
);
-- Presses of cards, each event once for a task.
CREATE TABLE chat_press (
    kind TEXT NOT NULL, event TEXT NOT NULL, task_id TEXT NOT NULL REFERENCES task (id), employee_id TEXT NOT NULL REFERENCES employee (id),
    done BOOLEAN NOT NULL, said TEXT NOT NULL, at BIGINT NOT NULL, PRIMARY KEY (kind, event, task_id)
);
CREATE INDEX task_inbox ON task (assignee_id, outcome, opened_at);
CREATE INDEX task_done ON task (assignee_id, closed_at);
CREATE INDEX task_claim ON task (claim_id);
CREATE INDEX task_why ON task (why) WHERE outcome = 'open';
CREATE INDEX task_opened ON task (opened_at) WHERE outcome = 'open';
-- The organisation when open tasks were last given to whom it names: one row.
CREATE TABLE org_look (one BIGINT PRIMARY KEY, snapshot TEXT NOT NULL, looked_at BIGINT NOT NULL);
CREATE TABLE claim_number (month TEXT PRIMARY KEY, last BIGINT NOT NULL);

-- The trail: an envelope anybody may keep, and a payload sealed for its subject. Rows are never changed.
CREATE TABLE event (
    id TEXT PRIMARY KEY, claim_id TEXT NOT NULL, n BIGINT NOT NULL, kind TEXT NOT NULL, actor TEXT NOT NULL,
    subject_id TEXT NOT NULL, at BIGINT NOT NULL, policy TEXT, flow TEXT, content_hash TEXT NOT NULL, leaf TEXT NOT NULL,
    payload TEXT NOT NULL, UNIQUE (claim_id, n)
);
-- What each submission was decided on, sealed for its claimant: input, salt and outcome in brief. outcome_hash: of the salt and
-- the outcome in full, which is found again by replaying. is_first: the claim had not been handed in before.
CREATE TABLE decision (
    claim_id TEXT NOT NULL, n BIGINT NOT NULL, entity_id TEXT NOT NULL, at BIGINT NOT NULL, is_first BOOLEAN NOT NULL,
    subject_id TEXT NOT NULL, policy TEXT NOT NULL, flow TEXT NOT NULL, org TEXT NOT NULL, content_hash TEXT NOT NULL,
    outcome_hash TEXT NOT NULL, sealed TEXT NOT NULL, PRIMARY KEY (claim_id, n)
);
CREATE INDEX decision_entity ON decision (entity_id, is_first, at, claim_id);
-- Which rules found something in a submission, once each.
CREATE TABLE decision_rule (
    claim_id TEXT NOT NULL, n BIGINT NOT NULL, rule TEXT NOT NULL, severity TEXT NOT NULL, entity_id TEXT NOT NULL, at BIGINT NOT NULL,
    PRIMARY KEY (claim_id, n, rule)
);
CREATE INDEX decision_rule_entity ON decision_rule (entity_id, at, rule, severity, claim_id);
-- The organisation as decisions saw it, without names; once for each state, by the SHA-256 of its canonical JSON.
CREATE TABLE org_snapshot (hash TEXT PRIMARY KEY, body TEXT NOT NULL, taken_at BIGINT NOT NULL);
CREATE TABLE event_sequence (seq BIGINT PRIMARY KEY, event_id TEXT NOT NULL UNIQUE);
CREATE TABLE event_unsequenced (event_id TEXT PRIMARY KEY);
CREATE TABLE audit_entry (
    id TEXT PRIMARY KEY, at BIGINT NOT NULL, actor TEXT NOT NULL, action TEXT NOT NULL, resource TEXT NOT NULL,
    request_id TEXT, detail TEXT NOT NULL
);
CREATE INDEX audit_entry_at ON audit_entry (at);
CREATE INDEX audit_entry_resource ON audit_entry (resource, at);

-- The outbox
-- To-dos in a CRM for drafts that Outlay began; noted before they are written, so that what may be there is closed.
CREATE TABLE crm_todo (
    claim_id TEXT PRIMARY KEY REFERENCES claim (id), connection_id TEXT NOT NULL, object TEXT NOT NULL,
    external_id TEXT NOT NULL, is_open BOOLEAN NOT NULL, written_at BIGINT NOT NULL
);
CREATE TABLE job (
    id TEXT PRIMARY KEY, kind TEXT NOT NULL, key TEXT NOT NULL UNIQUE, ordering TEXT, payload TEXT NOT NULL,
    state TEXT NOT NULL, -- ready, running, done, dead
    attempts BIGINT NOT NULL, waits BIGINT NOT NULL, -- how many of them ended since another system was away
    first_at BIGINT, run_at BIGINT NOT NULL, lease_until BIGINT, leased_by TEXT, error TEXT, created_at BIGINT NOT NULL,
    ended_at BIGINT
);
CREATE INDEX job_due ON job (state, run_at);
CREATE INDEX job_ordering ON job (ordering, state);
CREATE UNIQUE INDEX job_in_flight ON job (ordering) WHERE state = 'running';
CREATE INDEX job_ended ON job (state, ended_at);
CREATE TABLE lease (name TEXT PRIMARY KEY, holder TEXT NOT NULL, until BIGINT NOT NULL);

-- Money
CREATE TABLE entity_account (
    id TEXT PRIMARY KEY, entity_id TEXT NOT NULL REFERENCES legal_entity (id), sealed TEXT NOT NULL, last4 TEXT NOT NULL,
    state TEXT NOT NULL, -- active, replaced
    set_by TEXT NOT NULL REFERENCES employee (id), set_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX entity_account_active ON entity_account (entity_id) WHERE state = 'active';
CREATE TABLE payment_batch (
    id TEXT PRIMARY KEY, number TEXT NOT NULL UNIQUE, entity_id TEXT NOT NULL REFERENCES legal_entity (id),
    currency TEXT NOT NULL, account_id TEXT NOT NULL REFERENCES entity_account (id), status TEXT NOT NULL, -- open, settled
    execute_on TEXT NOT NULL, created_by TEXT NOT NULL REFERENCES employee (id), created_at BIGINT NOT NULL,
    total_minor BIGINT NOT NULL, payment_count BIGINT NOT NULL
);
CREATE INDEX payment_batch_entity ON payment_batch (entity_id, created_at);
CREATE TABLE batch_number (month TEXT PRIMARY KEY, last BIGINT NOT NULL);
CREATE TABLE payable (
    claim_id TEXT PRIMARY KEY REFERENCES claim (id), entity_id TEXT NOT NULL, employee_id TEXT NOT NULL REFERENCES employee (id),
    minor BIGINT NOT NULL, currency TEXT NOT NULL, status TEXT NOT NULL, -- pending, paying, paid
    account_id TEXT REFERENCES payee_account (id), approved_at BIGINT NOT NULL
);
CREATE INDEX payable_status ON payable (status, entity_id, approved_at);
CREATE TABLE payment (
    id TEXT PRIMARY KEY, batch_id TEXT NOT NULL REFERENCES payment_batch (id), claim_id TEXT NOT NULL REFERENCES claim (id),
    end_to_end_id TEXT NOT NULL UNIQUE, account_id TEXT NOT NULL REFERENCES payee_account (id), minor BIGINT NOT NULL,
    currency TEXT NOT NULL, status TEXT NOT NULL, -- pending, posted, failed
    reason TEXT, settled_on TEXT
);
CREATE INDEX payment_batch_id ON payment (batch_id, end_to_end_id);
CREATE INDEX payment_state ON payment (batch_id, status);
CREATE UNIQUE INDEX payment_once ON payment (claim_id) WHERE status <> 'failed';
-- Money to be had back, since the seller reversed an invoice after its claim was paid; once for each invoice.
CREATE TABLE recovery (
    id TEXT PRIMARY KEY, claim_id TEXT NOT NULL REFERENCES claim (id), invoice TEXT NOT NULL, document_id TEXT NOT NULL,
    red_id TEXT NOT NULL, entity_id TEXT NOT NULL, employee_id TEXT NOT NULL REFERENCES employee (id), minor BIGINT NOT NULL,
    currency TEXT NOT NULL, state TEXT NOT NULL, -- open, settled
    started_at BIGINT NOT NULL, settled_at BIGINT, settled_by TEXT, note TEXT, UNIQUE (claim_id, invoice)
);
CREATE INDEX recovery_state ON recovery (state, entity_id, started_at);

-- Read models, kept by the commit. dim: account, deal, project, department, entity; key '' is what serves no account or
-- no deal; employee_id: whose claims, '' is everybody's; entity_id: who pays; category '' is the sum over all. The cost of
-- a deal is the sum over the entities, per currency.
CREATE TABLE spend (
    dim TEXT NOT NULL, key TEXT NOT NULL, employee_id TEXT NOT NULL, entity_id TEXT NOT NULL, currency TEXT NOT NULL,
    category TEXT NOT NULL, month TEXT NOT NULL, pending_minor BIGINT NOT NULL, paid_minor BIGINT NOT NULL,
    PRIMARY KEY (dim, key, employee_id, entity_id, currency, category, month)
);
CREATE INDEX spend_month ON spend (
    entity_id, dim, employee_id, category, currency, month, key, pending_minor, paid_minor
);
-- What things are found by: the bigrams of each between spaces, and each bigram once for a block of things that came together.
CREATE TABLE search_text (id TEXT PRIMARY KEY, object TEXT NOT NULL, block BIGINT NOT NULL, grams TEXT NOT NULL);
CREATE INDEX search_text_block ON search_text (block);
CREATE TABLE search_gram (gram TEXT NOT NULL, object TEXT NOT NULL, block BIGINT NOT NULL, PRIMARY KEY (gram, object, block));

-- Answers to creating requests, so that a repeated one makes nothing twice. status: 0 running, 1 carried out in the same
-- commit as what it did, else the status of the answer kept.
CREATE TABLE idempotency (
    key TEXT NOT NULL, employee_id TEXT NOT NULL, request_hash TEXT NOT NULL, status BIGINT NOT NULL, body TEXT NOT NULL,
    location TEXT, created_at BIGINT NOT NULL, PRIMARY KEY (employee_id, key)
);
CREATE INDEX idempotency_created ON idempotency (created_at);

-- A mark for each thing that processes keep in memory (organisation, policies): another one after each change.
CREATE TABLE generation (name TEXT PRIMARY KEY, n BIGINT NOT NULL);
INSERT INTO generation (name, n) VALUES ('org', 1), ('policies', 1), ('drafts', 1);
