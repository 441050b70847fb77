-- Arriving: who has shown the initial password and not chosen an own one yet, and tries to log in.

-- Not sessions: nothing in a mailbox can be read with them.
CREATE TABLE newcomers (
    hash BLOB NOT NULL PRIMARY KEY,
    mailbox_id TEXT NOT NULL REFERENCES mailboxes (id),
    expires_at BIGINT NOT NULL,
    secret_sealed BLOB NOT NULL
) WITHOUT ROWID;
CREATE INDEX newcomers_mailbox ON newcomers (mailbox_id);

-- Wrong passwords, by the tag of an address whether or not it has a mailbox, or of a device, or of a session.
CREATE TABLE tries (
    whose BLOB NOT NULL PRIMARY KEY,
    wrong BIGINT NOT NULL,
    last_at BIGINT NOT NULL,
    open_at BIGINT NOT NULL,
    told_at BIGINT
) WITHOUT ROWID;

-- What wrong passwords close is the way in, no longer the mailbox: 'locked' is what support has locked.
UPDATE mailboxes SET state = 'active' WHERE state = 'locked' AND locked_until IS NOT NULL;
ALTER TABLE mailboxes DROP COLUMN locked_until;
ALTER TABLE mailboxes DROP COLUMN failed_logins;
