-- Access: what owners say of themselves, initial passwords, requests that support decides.

-- Name shown and time zone, sealed together.
ALTER TABLE mailboxes ADD COLUMN profile_sealed BLOB;

-- A further kind of wrap: the initial password, told to the recipient by telephone or letter.
CREATE TABLE wraps_3 (
    mailbox_id TEXT NOT NULL REFERENCES mailboxes (id),
    kind TEXT NOT NULL CHECK (kind IN ('activation', 'link', 'initial', 'password', 'answer', 'escrow')),
    sealed BLOB NOT NULL,
    PRIMARY KEY (mailbox_id, kind)
) WITHOUT ROWID;
INSERT INTO wraps_3 (mailbox_id, kind, sealed) SELECT mailbox_id, kind, sealed FROM wraps;
DROP TABLE wraps;
ALTER TABLE wraps_3 RENAME TO wraps;

-- What recipients ask of support. At most one open request of a kind per mailbox.
CREATE TABLE requests (
    number INTEGER PRIMARY KEY,
    mailbox_id TEXT NOT NULL REFERENCES mailboxes (id),
    kind TEXT NOT NULL CHECK (kind IN ('renewal', 'access')),
    state TEXT NOT NULL CHECK (state IN ('open', 'released', 'refused')),
    created_at BIGINT NOT NULL,
    decided_at BIGINT,
    note_sealed BLOB,
    decision_sealed BLOB
);
CREATE UNIQUE INDEX requests_open ON requests (mailbox_id, kind) WHERE state = 'open';
CREATE INDEX requests_mailbox ON requests (mailbox_id);
