-- MTA-STS policies of the domains that mail goes to (RFC 8461), as they were fetched: a service that starts while a policy's
-- host cannot be reached goes on asking for what the policy asks.
CREATE TABLE sts_policies (
    domain     TEXT NOT NULL PRIMARY KEY,
    policy_id  TEXT NOT NULL,
    text       BLOB NOT NULL,
    fetched_at BIGINT NOT NULL,
    good_until BIGINT NOT NULL
) WITHOUT ROWID;
CREATE INDEX sts_policies_end ON sts_policies (good_until);
