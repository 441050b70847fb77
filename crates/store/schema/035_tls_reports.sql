-- How sessions with servers of recipients' domains went under TLS, counted by day until the domain is told (RFC 8460). Tags are
-- keyed and what was seen is sealed: it says whom letters go to.
CREATE TABLE tls_sessions (
    tag          BLOB NOT NULL PRIMARY KEY,
    report_tag   BLOB NOT NULL,
    day          BIGINT NOT NULL,
    facts_sealed BLOB NOT NULL,
    sessions     BIGINT NOT NULL
) WITHOUT ROWID;
CREATE INDEX tls_sessions_report ON tls_sessions (day, report_tag);

-- Which domains have been told of which day, or were found to wish nothing.
CREATE TABLE tls_reported (
    report_tag BLOB NOT NULL PRIMARY KEY,
    day        BIGINT NOT NULL
) WITHOUT ROWID;

-- Reports that go by https. One that has begun is not begun again unless its receiver has said that it did not take it.
CREATE TABLE tls_submissions (
    id            TEXT NOT NULL PRIMARY KEY,
    report_sealed BLOB NOT NULL,
    attempts      BIGINT NOT NULL,
    due_at        BIGINT NOT NULL,
    expires_at    BIGINT NOT NULL,
    begun_at      BIGINT
) WITHOUT ROWID;
