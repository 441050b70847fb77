-- The audit trail as a chain: each row proven over the row before it. Rows from before have no proof.
ALTER TABLE audit RENAME COLUMN subject_id TO object;
-- Not "mailbox_id": the trail outlives the mailbox.
ALTER TABLE audit ADD COLUMN mailbox TEXT NOT NULL DEFAULT '';
ALTER TABLE audit ADD COLUMN network TEXT NOT NULL DEFAULT '';
ALTER TABLE audit ADD COLUMN outcome TEXT NOT NULL DEFAULT '';
-- Which process wrote it, by the name of its key, and which server key that key is of.
ALTER TABLE audit ADD COLUMN writer TEXT NOT NULL DEFAULT '';
ALTER TABLE audit ADD COLUMN key_id BIGINT NOT NULL DEFAULT 0;
ALTER TABLE audit ADD COLUMN proof BLOB;

-- Two rows at most: which row is the last one, and up to which one the operator has let the trail go.
CREATE TABLE audit_anchors (
    kind TEXT PRIMARY KEY,          -- head, pruned
    seq BIGINT NOT NULL,
    at BIGINT NOT NULL,
    proof BLOB NOT NULL,            -- of that row
    writer TEXT NOT NULL,
    key_id BIGINT NOT NULL,
    anchor_proof BLOB NOT NULL      -- of this one
);

-- What may happen without end: counted by network and minute, and a row of the trail once the minute is over.
CREATE TABLE audit_counts (
    minute BIGINT NOT NULL,
    action TEXT NOT NULL,
    network TEXT NOT NULL,
    count BIGINT NOT NULL,
    PRIMARY KEY (minute, action, network)
);
