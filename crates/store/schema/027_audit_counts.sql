-- Wrong passwords are counted for the mailbox that they were meant for as well.
ALTER TABLE audit_counts RENAME TO audit_counts_before;
CREATE TABLE audit_counts (
    minute BIGINT NOT NULL,
    action TEXT NOT NULL,
    mailbox TEXT NOT NULL, -- empty: nobody's address
    network TEXT NOT NULL,
    count BIGINT NOT NULL,
    PRIMARY KEY (minute, action, mailbox, network)
);
INSERT INTO audit_counts (minute, action, mailbox, network, count)
    SELECT minute, action, '', network, count FROM audit_counts_before;
DROP TABLE audit_counts_before;
