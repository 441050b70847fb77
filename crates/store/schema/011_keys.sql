-- Keys: rows are proven (decision 0022).

-- Which password and which answer since the mailbox got its key pair; sealed together with the address, so that a wrap
-- of former times does not come back.
ALTER TABLE mailboxes ADD COLUMN epochs TEXT NOT NULL DEFAULT '';

-- Without a proof: their owners log in once more.
DELETE FROM sessions;
DELETE FROM newcomers;
