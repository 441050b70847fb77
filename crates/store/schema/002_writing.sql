-- What a recipient is writing. Beside deposits and not among them: a draft changes, a deposit never does.
-- A draft's key is sealed to the mailbox; text, file names and files are sealed under that key.

CREATE TABLE drafts (
    id TEXT NOT NULL PRIMARY KEY,
    mailbox_id TEXT NOT NULL REFERENCES mailboxes (id),
    created_at BIGINT NOT NULL,
    changed_at BIGINT NOT NULL,
    -- Counts up with every file added or removed: a letter is sent with the files its writer saw, or not at all.
    files_version BIGINT NOT NULL DEFAULT 0,
    key_sealed BLOB NOT NULL,
    content_sealed BLOB NOT NULL
);
CREATE INDEX drafts_mailbox ON drafts (mailbox_id, changed_at);

CREATE TABLE draft_files (
    id TEXT NOT NULL PRIMARY KEY,
    draft_id TEXT NOT NULL REFERENCES drafts (id),
    body_id TEXT NOT NULL REFERENCES bodies (id),
    size BIGINT NOT NULL, -- of the file itself, as its owner counts
    added_at BIGINT NOT NULL,
    facts_sealed BLOB NOT NULL
);
CREATE INDEX draft_files_draft ON draft_files (draft_id, added_at);
CREATE INDEX draft_files_body ON draft_files (body_id);
