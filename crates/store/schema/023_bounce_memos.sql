-- The table is named by what it holds: of each mail about a letter, whom to tell when a report on it comes back. It holds
-- no notices, and its sealed column no ticket of the queue.

ALTER TABLE notices RENAME TO bounce_memos;
ALTER TABLE bounce_memos RENAME COLUMN ticket_sealed TO memo_sealed;
