-- Letters that went unread are not only those whose time was over: the table is named by what it holds, and says how.

ALTER TABLE expired_unread RENAME TO gone_unread;
ALTER TABLE gone_unread RENAME COLUMN expired_at TO gone_at;
ALTER TABLE gone_unread ADD COLUMN how TEXT NOT NULL DEFAULT 'expired' CHECK (how IN ('expired', 'deleted', 'mailbox'));
