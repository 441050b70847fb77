-- Folders that owners make, and which letters lie in them. To everything else a letter stays what it is, received or sent:
-- only lists and the way back out of the trash look here. Bit 2 of a letter's flags says that it lies in one, so that the
-- inbox is read without this table.

CREATE TABLE own_folders (
    id TEXT NOT NULL PRIMARY KEY,
    mailbox_id TEXT NOT NULL REFERENCES mailboxes (id),
    key_sealed BLOB NOT NULL,
    name_sealed BLOB NOT NULL
);
CREATE INDEX own_folders_mailbox ON own_folders (mailbox_id);

CREATE TABLE filed (
    deposit_id TEXT NOT NULL PRIMARY KEY REFERENCES deposits (id) ON DELETE CASCADE,
    folder_id TEXT, -- null: taken out again
    before_id TEXT, -- where it lay before, for who takes the last move back
    moved_at BIGINT NOT NULL,
    came_at BIGINT NOT NULL -- as the letter says, for the order of the list
);
CREATE INDEX filed_folder ON filed (folder_id, came_at);
