-- Files on their way into a draft, piece by piece. Each piece is a body under a key of its own; that key is sealed
-- under the draft's, bound to file and offset, so that no piece can stand in another's place.

CREATE TABLE uploads (
    id TEXT NOT NULL PRIMARY KEY,
    draft_id TEXT NOT NULL REFERENCES drafts (id),
    size BIGINT NOT NULL, -- of the file itself, as it was announced; its room is taken from the start
    received BIGINT NOT NULL DEFAULT 0,
    begun_at BIGINT NOT NULL,
    touched_at BIGINT NOT NULL, -- the last piece; what stands still too long goes
    facts_sealed BLOB NOT NULL
);
CREATE INDEX uploads_draft ON uploads (draft_id, begun_at);
CREATE INDEX uploads_touched ON uploads (touched_at);

CREATE TABLE upload_pieces (
    upload_id TEXT NOT NULL REFERENCES uploads (id),
    place BIGINT NOT NULL, -- the offset of its first octet in the file
    body_id TEXT NOT NULL REFERENCES bodies (id),
    key_sealed BLOB NOT NULL,
    PRIMARY KEY (upload_id, place)
);
CREATE INDEX upload_pieces_body ON upload_pieces (body_id);
