-- Serving processes over one database server: who they are, how long each may be silent, and when each last gave a sign of
-- life, by the database's clock. Without a row here nothing that such a process writes is kept.
CREATE TABLE nodes (
    incarnation TEXT NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    roles TEXT NOT NULL,
    version TEXT NOT NULL,
    silence BIGINT NOT NULL, -- in milliseconds
    begun_at BIGINT NOT NULL,
    seen_at BIGINT NOT NULL
) WITHOUT ROWID;
