-- What runs by the clock: when it is due, who has it, and how each run ended.
CREATE TABLE jobs (
    name TEXT NOT NULL PRIMARY KEY,
    due_at BIGINT NOT NULL,
    lease_owner TEXT,
    lease_until BIGINT
) WITHOUT ROWID;

CREATE TABLE job_runs (
    number INTEGER PRIMARY KEY,
    job TEXT NOT NULL,
    begun_at BIGINT NOT NULL,
    ended_at BIGINT, -- null: it runs, or its process has ended
    counts TEXT NOT NULL DEFAULT '',
    error TEXT
);
CREATE INDEX job_runs_job ON job_runs (job, number);

-- When a mailbox's owner was reminded last, and of what. One mail reminds of everything that is due by then.
CREATE TABLE reminded (
    mailbox_id TEXT NOT NULL REFERENCES mailboxes (id),
    about TEXT NOT NULL CHECK (about IN ('letters', 'mailbox')),
    at BIGINT NOT NULL,
    PRIMARY KEY (mailbox_id, about)
) WITHOUT ROWID;

-- Addresses that mail for their owners came back from; after some of them nothing more is sent until support clears it.
CREATE TABLE unreachable (
    mailbox_id TEXT NOT NULL PRIMARY KEY REFERENCES mailboxes (id),
    bounces BIGINT NOT NULL,
    last_at BIGINT NOT NULL,
    status TEXT NOT NULL
) WITHOUT ROWID;

-- Letters whose senders have been told that nobody fetches them.
CREATE TABLE told_unfetched (
    deposit_id TEXT NOT NULL PRIMARY KEY REFERENCES deposits (id) ON DELETE CASCADE,
    at BIGINT NOT NULL
) WITHOUT ROWID;

-- Letters that went unread when their time was over, until their senders have been told.
CREATE TABLE expired_unread (
    deposit_id TEXT NOT NULL PRIMARY KEY,
    expired_at BIGINT NOT NULL,
    received_at BIGINT NOT NULL,
    memo_sealed BLOB NOT NULL
) WITHOUT ROWID;
