-- What was last said when an authority was asked about a partner's certificate. For people to see and for pauses between
-- questions: what an answer changes stands in the key's own row, sealed.
CREATE TABLE ocsp_answers (
    key_id   TEXT PRIMARY KEY,
    answer   TEXT NOT NULL,
    asked_at BIGINT NOT NULL,
    again_at BIGINT NOT NULL
);
