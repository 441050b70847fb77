-- What the operator's own systems are told of letters (webhooks): a row for each receiver, written with what it tells of.

-- The receivers, as the configuration has them, and of what they hear: words between blanks.
CREATE TABLE hooks (
    name TEXT NOT NULL PRIMARY KEY,
    kinds TEXT NOT NULL
) WITHOUT ROWID;

-- A row goes when its receiver has it.
CREATE TABLE hook_events (
    id TEXT NOT NULL PRIMARY KEY,
    hook TEXT NOT NULL,
    kind TEXT NOT NULL,
    at BIGINT NOT NULL,
    letter TEXT NOT NULL,
    mailbox TEXT NOT NULL,
    detail TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('queued', 'dead')),
    attempts BIGINT NOT NULL,
    due_at BIGINT NOT NULL,
    last_error TEXT,
    memo_sealed BLOB, -- whose the letter is and whom it is for
    proof BLOB -- over all of the above that a receiver is told
) WITHOUT ROWID;
CREATE INDEX hook_events_due ON hook_events (hook, state, due_at);
