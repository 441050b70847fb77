-- The first schema. Portable: BIGINT milliseconds since 1970, TEXT identifiers, BLOB sealed bytes.
-- Every *_sealed, sealed and bytes column holds what only the vault can open.
-- WITHOUT ROWID is SQLite's word for a table that lies in the order of its key: one page to write and not two.
-- An engine that does not know it leaves it out.

CREATE TABLE bodies (
    id TEXT NOT NULL PRIMARY KEY,
    size BIGINT NOT NULL,
    place TEXT NOT NULL CHECK (place IN ('row', 'file')),
    bytes BLOB -- null when the body is a file; last, so that the rest is read without it
);

CREATE TABLE mailboxes (
    id TEXT NOT NULL PRIMARY KEY,
    tag BLOB NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('pending', 'active', 'locked', 'deleted')),
    locked_until BIGINT,
    language TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    activated_at BIGINT,
    last_seen_at BIGINT,
    failed_logins BIGINT NOT NULL DEFAULT 0,
    failed_answers BIGINT NOT NULL DEFAULT 0,
    address_sealed BLOB NOT NULL,
    question_sealed BLOB,
    public_key BLOB NOT NULL
);
-- One mailbox per address; a deleted one does not stand in the way of the next.
CREATE UNIQUE INDEX mailboxes_tag ON mailboxes (tag) WHERE state <> 'deleted';

CREATE TABLE wraps (
    mailbox_id TEXT NOT NULL REFERENCES mailboxes (id),
    kind TEXT NOT NULL CHECK (kind IN ('activation', 'link', 'password', 'answer', 'escrow')),
    sealed BLOB NOT NULL,
    PRIMARY KEY (mailbox_id, kind)
) WITHOUT ROWID;

CREATE TABLE tokens (
    hash BLOB NOT NULL PRIMARY KEY,
    mailbox_id TEXT NOT NULL REFERENCES mailboxes (id),
    purpose TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    spent_at BIGINT,
    deposit_id TEXT
) WITHOUT ROWID;
CREATE INDEX tokens_mailbox ON tokens (mailbox_id);

CREATE TABLE deposits (
    id TEXT NOT NULL PRIMARY KEY,
    mailbox_id TEXT NOT NULL REFERENCES mailboxes (id),
    body_id TEXT NOT NULL REFERENCES bodies (id),
    folder TEXT NOT NULL CHECK (folder IN ('inbox', 'sent', 'draft', 'trash')),
    size BIGINT NOT NULL,
    received_at BIGINT NOT NULL,
    read_at BIGINT,
    expires_at BIGINT,
    flags BIGINT NOT NULL DEFAULT 0,
    listing_sealed BLOB NOT NULL,
    key_sealed BLOB NOT NULL,
    head_sealed BLOB NOT NULL -- last: the list is read without it
);
CREATE INDEX deposits_list ON deposits (mailbox_id, folder, received_at);
CREATE INDEX deposits_body ON deposits (body_id);

-- Message-IDs of letters that are or were in the portal; they outlive the letters.
CREATE TABLE threads (
    tag BLOB NOT NULL PRIMARY KEY,
    created_at BIGINT NOT NULL
) WITHOUT ROWID;

CREATE TABLE sessions (
    hash BLOB NOT NULL PRIMARY KEY,
    mailbox_id TEXT NOT NULL REFERENCES mailboxes (id),
    created_at BIGINT NOT NULL,
    last_seen_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    secret_sealed BLOB NOT NULL,
    device_sealed BLOB NOT NULL
);
CREATE INDEX sessions_mailbox ON sessions (mailbox_id);

-- A lease moves due_at to its own end: a leased leg is not due, an abandoned one is due again by itself.
CREATE TABLE legs (
    id TEXT NOT NULL PRIMARY KEY,
    arrival_id TEXT NOT NULL,
    body_id TEXT REFERENCES bodies (id), -- null: what goes out is written when it goes
    destination TEXT NOT NULL,
    purpose TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('queued', 'frozen')),
    attempts BIGINT NOT NULL DEFAULT 0,
    due_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    delay_noted BIGINT NOT NULL DEFAULT 0,
    lease_owner TEXT,
    lease_until BIGINT,
    last_code BIGINT,
    last_enhanced TEXT,
    ticket_sealed BLOB NOT NULL -- last, so that the queue is read without it
);
CREATE INDEX legs_due ON legs (destination, due_at) WHERE state = 'queued';
CREATE INDEX legs_body ON legs (body_id) WHERE body_id IS NOT NULL;

-- What a report that comes back leads to. The token is the letter's id and two digits: a letter's tokens lie
-- together, and go with it.
CREATE TABLE notices (
    token TEXT NOT NULL PRIMARY KEY,
    mailbox_id TEXT NOT NULL,
    deposit_id TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    ticket_sealed BLOB NOT NULL
) WITHOUT ROWID;

CREATE TABLE fingerprints (
    fingerprint BLOB NOT NULL PRIMARY KEY,
    committed_at BIGINT NOT NULL
) WITHOUT ROWID;

CREATE TABLE audit (
    seq INTEGER PRIMARY KEY,
    at BIGINT NOT NULL,
    actor TEXT NOT NULL,
    action TEXT NOT NULL,
    subject_id TEXT NOT NULL,
    detail TEXT NOT NULL
);
