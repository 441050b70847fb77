-- The way in: why a session was ended, how long a count is remembered, requests of more than one person.

-- Sessions that somebody ended from elsewhere: their browsers are told.
CREATE TABLE ended_sessions (
    hash BLOB NOT NULL PRIMARY KEY,
    why TEXT NOT NULL CHECK (why IN ('password', 'question', 'reset', 'everywhere', 'support', 'deleted')),
    at BIGINT NOT NULL
) WITHOUT ROWID;

-- Wrong answers are remembered longer than wrong passwords: there are fewer of them to try.
ALTER TABLE tries ADD COLUMN forget_at BIGINT NOT NULL DEFAULT 0;
UPDATE tries SET forget_at = CASE WHEN last_at > open_at THEN last_at ELSE open_at END + 21600000;

-- Anybody may ask for access to a mailbox: each asks for themselves, and nobody stands before the others. Renewals
-- say nothing but that they are wished for, so one is enough.
DROP INDEX requests_open;
CREATE UNIQUE INDEX requests_renewal ON requests (mailbox_id) WHERE state = 'open' AND kind = 'renewal';
