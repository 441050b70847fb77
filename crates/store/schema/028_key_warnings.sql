-- Which step towards its end the operator was last told of a key, ours or a partner's. A key with another end (renewed,
-- certified anew) begins again.
CREATE TABLE key_warnings (
    key_id  TEXT PRIMARY KEY,
    ends_at BIGINT NOT NULL,
    days    BIGINT NOT NULL, -- the step: so many days before the end, or fewer
    at      BIGINT NOT NULL
);
