-- Retention: what the hourly job looks for is found without reading whole tables.

CREATE INDEX deposits_expiry ON deposits (expires_at) WHERE expires_at IS NOT NULL;
CREATE INDEX tokens_expiry ON tokens (expires_at);
CREATE INDEX notices_age ON notices (created_at);
CREATE INDEX threads_age ON threads (created_at);
CREATE INDEX mailboxes_pending ON mailboxes (created_at) WHERE state = 'pending';
CREATE INDEX mailboxes_deleted ON mailboxes (id) WHERE state = 'deleted';
