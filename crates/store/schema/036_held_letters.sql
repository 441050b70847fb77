-- What a hold has stopped besides ends: how long letters have waited for their owners, and when those were reminded.

-- From when a letter's waiting counts where a hold kept it: later than it came by as many days as its clock stood. Letters
-- without a row count from when they came. Beside the deposit, like trash.
CREATE TABLE waits_from (
    deposit_id TEXT NOT NULL PRIMARY KEY REFERENCES deposits (id) ON DELETE CASCADE,
    at BIGINT NOT NULL
) WITHOUT ROWID;

-- When the last reminder was, as the clock of the letters counts it; null: as everybody's does. The next one clears it.
ALTER TABLE reminded ADD COLUMN counted_at BIGINT;
