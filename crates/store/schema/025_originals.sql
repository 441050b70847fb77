-- Encrypted letters from the world as they came, kept for a while so that they can be opened again. The body is the one that
-- was received; what else there is of the letter is sealed, with id and body bound.
CREATE TABLE originals (
    id         TEXT NOT NULL PRIMARY KEY,
    body_id    TEXT NOT NULL REFERENCES bodies (id),
    state      TEXT NOT NULL CHECK (state IN ('opened', 'closed')),
    sealed     BLOB NOT NULL,
    created_at BIGINT NOT NULL,
    until      BIGINT NOT NULL
);
CREATE INDEX originals_body ON originals (body_id);
CREATE INDEX originals_until ON originals (until);
