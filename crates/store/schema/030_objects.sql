-- What is in the bucket of large bodies, or on its way there or out of it. A body of this kind has place = 'file'; that it is
-- an object stands here. Whoever puts one there says so before ('coming') and keeps it with the row that needs it; whoever
-- cleans up turns 'coming' into 'gone'. So one row decides between the two. `life` is whose it is, as in `nodes`; '' where
-- nobody can be told from another, 'found' for an object that nobody had announced, known since `seen_at`.
CREATE TABLE objects (
    body    TEXT NOT NULL PRIMARY KEY,
    state   TEXT NOT NULL CHECK (state IN ('coming', 'kept', 'gone')),
    life    TEXT NOT NULL,
    seen_at BIGINT
) WITHOUT ROWID;
CREATE INDEX objects_moving ON objects (body) WHERE state <> 'kept';

-- The shelf of each in the bucket: the last two characters of its id, which spread.
CREATE INDEX objects_shelf ON objects (substr(body, length(body) - 1));
