-- Destinations to which nothing comes through, for who looks at the queue: one row each, by whoever delivers, gone with the
-- first letter that is answered. Nothing is decided by it.
CREATE TABLE resting (
    destination TEXT NOT NULL PRIMARY KEY,
    since BIGINT NOT NULL, -- when the first rest began
    until BIGINT NOT NULL, -- nobody is tried before; afterwards some are, and the others wait for what comes of it
    code BIGINT NOT NULL,
    enhanced TEXT NOT NULL,
    cause TEXT -- in our words; null: the server said why, and its words are not kept
) WITHOUT ROWID;

-- What an authority said of a certificate is shown to people and says when it is asked again: proven, as lists of revoked
-- certificates are. What was there before says nothing: it is asked anew.
DELETE FROM ocsp_answers;
ALTER TABLE ocsp_answers ADD COLUMN proof BLOB; -- over all of it
