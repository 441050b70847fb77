-- The words of a letter, sealed under its own key, for who searches. Beside the deposit and not in it: no list reads
-- them. They go with the letter.
CREATE TABLE words (
    deposit_id TEXT NOT NULL PRIMARY KEY REFERENCES deposits (id) ON DELETE CASCADE,
    sealed BLOB NOT NULL
);
