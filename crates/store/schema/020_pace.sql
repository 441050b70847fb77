-- How often owners are told of new letters, and of which letters they have not been told yet.

-- What an owner wishes (nothing: as the operator says), and when the last notice of new letters left. Only where there is
-- anything to remember.
CREATE TABLE pace (
    mailbox_id TEXT NOT NULL PRIMARY KEY REFERENCES mailboxes (id),
    wish TEXT CHECK (wish IN ('at-once', 'hourly', 'daily')),
    announced_at BIGINT
) WITHOUT ROWID;

CREATE TABLE unannounced (
    deposit_id TEXT NOT NULL PRIMARY KEY REFERENCES deposits (id) ON DELETE CASCADE,
    mailbox_id TEXT NOT NULL
) WITHOUT ROWID;
CREATE INDEX unannounced_mailbox ON unannounced (mailbox_id);
