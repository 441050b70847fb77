-- When somebody asked last that a job runs at once. A run that begins takes the wish; one that comes while it is under way
-- outlives its end.
ALTER TABLE jobs ADD COLUMN wished_at BIGINT;
