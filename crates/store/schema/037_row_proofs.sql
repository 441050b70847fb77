-- Rows that only say that something is to be done or known: proven in the transaction that writes them, as events are. What
-- was there before has no proof and says nothing, until an operator vouches for it (sealpost adopt).

ALTER TABLE gone_unread ADD COLUMN proof BLOB; -- over all but the memo, which is sealed for its letter
ALTER TABLE unreachable ADD COLUMN proof BLOB; -- over all of it
ALTER TABLE requests ADD COLUMN proof BLOB; -- over all of it
