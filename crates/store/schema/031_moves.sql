-- A store that moves to another place. 'coming': this one is not whole yet; 'leaving': rows of this one are being copied;
-- 'left': the other one is the store now. Nobody serves meanwhile. Both sides have the same id.
CREATE TABLE moves (
    id    TEXT NOT NULL PRIMARY KEY,
    state TEXT NOT NULL CHECK (state IN ('coming', 'leaving', 'left'))
) WITHOUT ROWID;
