-- Letters that were taken back: their recipients see that there was one, and by whom it was withdrawn. No content.
CREATE TABLE withdrawn (
    deposit_id TEXT NOT NULL PRIMARY KEY,
    mailbox_id TEXT NOT NULL REFERENCES mailboxes (id),
    received_at BIGINT NOT NULL,
    withdrawn_at BIGINT NOT NULL,
    forget_at BIGINT NOT NULL,
    by_sealed BLOB NOT NULL
) WITHOUT ROWID;
CREATE INDEX withdrawn_mailbox ON withdrawn (mailbox_id, received_at);
