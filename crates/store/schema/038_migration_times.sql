-- When each change was made: rows without a proof that were made after 037 are not from before it. What was changed before this
-- says nothing.

ALTER TABLE schema_version ADD COLUMN applied_at BIGINT;
