-- Retention: what the hourly job looks for is found without reading whole tables. What it looks for by night is
-- found by reading them, because an index would have to be written with every letter.

CREATE INDEX deposits_expiry ON deposits (expires_at) WHERE expires_at IS NOT NULL;
CREATE INDEX mailboxes_pending ON mailboxes (created_at) WHERE state = 'pending';
