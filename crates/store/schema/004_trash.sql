-- Deposits in the trash: when they came there, and where they go back to. Beside the deposit and not in it:
-- a column behind its head would make every list read through all heads.
CREATE TABLE trash (
    deposit_id TEXT NOT NULL PRIMARY KEY REFERENCES deposits (id) ON DELETE CASCADE,
    since BIGINT NOT NULL,
    came_from TEXT NOT NULL CHECK (came_from IN ('inbox', 'sent'))
);
CREATE INDEX trash_since ON trash (since);
