-- What somebody has sent lately, counted in slots of time: mailboxes, senders and logins, each by its tag. Every
-- process that shares the store counts here.
CREATE TABLE sent_lately (
    whose BLOB NOT NULL,
    slot BIGINT NOT NULL, -- when it begins
    letters BIGINT NOT NULL,
    recipients BIGINT NOT NULL,
    PRIMARY KEY (whose, slot)
) WITHOUT ROWID;
CREATE INDEX sent_lately_slot ON sent_lately (slot);

-- How much a mailbox holds, without reading its letters.
CREATE INDEX deposits_size ON deposits (mailbox_id, size);
