-- MTA-STS policies of the domains that mail goes to (RFC 8461), sealed and under keyed tags: they say whom letters go to, and one
-- that somebody else wrote must not count.
CREATE TABLE mta_sts_policies (
    tag           BLOB NOT NULL PRIMARY KEY,
    policy_sealed BLOB NOT NULL,
    fetched_at    BIGINT NOT NULL,
    good_until    BIGINT NOT NULL
) WITHOUT ROWID;
CREATE INDEX mta_sts_policies_end ON mta_sts_policies (good_until);
CREATE INDEX mta_sts_policies_age ON mta_sts_policies (fetched_at);
