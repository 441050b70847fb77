-- Wrong answers are counted by tag, in tries (010), like wrong passwords: also where there is no mailbox.
ALTER TABLE mailboxes DROP COLUMN failed_answers;
