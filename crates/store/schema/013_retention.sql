-- Retention: mailboxes nobody uses, holds, and what is wished for single letters.

-- When a letter came last, or a hold ended: with last_seen_at what a mailbox's time is counted from. Letters go sooner
-- than mailboxes, so their rows do not tell. For mailboxes of before it is when anybody's letter came last.
ALTER TABLE mailboxes ADD COLUMN reached_at BIGINT;
UPDATE mailboxes SET reached_at = (SELECT max(received_at) FROM deposits);

-- Since then nothing of the mailbox goes, whatever its time.
ALTER TABLE mailboxes ADD COLUMN held_since BIGINT;

-- When single letters go, by their sender's wish or a rule, whatever becomes of their mailbox meanwhile. Beside the
-- deposit, like trash.
CREATE TABLE wished (
    deposit_id TEXT NOT NULL PRIMARY KEY REFERENCES deposits (id) ON DELETE CASCADE,
    until BIGINT NOT NULL
) WITHOUT ROWID;
