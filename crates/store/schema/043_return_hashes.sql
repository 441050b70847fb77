-- The token in a mail's reverse-path was the key of its memo's row, which whoever reads the database could put together. It
-- is a random word now, and the row holds a hash of it. Memos of mails from before have none: `token` finds them as it did.

ALTER TABLE bounce_memos ADD COLUMN return_hash BLOB; -- null: of before, the reverse-path holds `token`
CREATE UNIQUE INDEX bounce_memos_return_hash ON bounce_memos (return_hash) WHERE return_hash IS NOT NULL;
