-- Lists of revoked certificates as authorities publish them, each the last good one, and what came of asking for it last. Not sealed: they
-- are public. Proven: what a list names counts by its authority's name alone, also when the list is over.
CREATE TABLE revocation_lists (
    address    TEXT NOT NULL,
    authority  TEXT NOT NULL,
    answer     TEXT NOT NULL,
    asked_at   BIGINT NOT NULL,
    again_at   BIGINT NOT NULL,
    since      BIGINT,
    good_until BIGINT,
    fetched_at BIGINT,
    list       BLOB,
    proof      BLOB,
    PRIMARY KEY (address, authority)
);
