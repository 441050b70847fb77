-- Why a session ended is said to a person, so it is proven as other rows that say something are. Those of before say nothing: their
-- browsers hear that the session is over, and no more.

DELETE FROM ended_sessions;
ALTER TABLE ended_sessions ADD COLUMN proof BLOB; -- over all of it
