-- What was found when somewhere was asked for a partner's keys, or that there was nothing, for a while. The tag is keyed, and
-- what was found is sealed: it says whom letters go to.
CREATE TABLE key_lookups (
    tag           BLOB NOT NULL PRIMARY KEY,
    answer_sealed BLOB NOT NULL,
    asked_at      BIGINT NOT NULL,
    good_until    BIGINT NOT NULL
) WITHOUT ROWID;
