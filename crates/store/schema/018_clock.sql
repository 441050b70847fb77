-- What the jobs last believed the time to be. A clock that is far ahead of it deletes nothing before an operator has looked.
CREATE TABLE believed_time (
    one BIGINT NOT NULL PRIMARY KEY CHECK (one = 1),
    at BIGINT NOT NULL
) WITHOUT ROWID;
INSERT INTO believed_time (one, at) SELECT 1, begun_at FROM job_runs ORDER BY number DESC LIMIT 1;
