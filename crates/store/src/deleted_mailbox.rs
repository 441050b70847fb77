//! What remains of a deleted mailbox: its tag, so that it is known to be gone, and nothing else. The one list of tables
//! that have rows of mailboxes; a test checks it against the schema.

use crate::statement::{Batch, sql};

/// Rows of a mailbox, only if it is deleted: if it turns out to exist, nothing is removed.
macro_rules! remains {
    ($table:literal) => {
        concat!(
            "DELETE FROM ",
            $table,
            " WHERE mailbox_id = ?1 AND EXISTS (SELECT 1 FROM mailboxes WHERE id = ?1 AND state = 'deleted')"
        )
    };
}

/// What its own row becomes, as the SET list of an UPDATE: only what tells that it is gone stays. `$nothing` is a parameter
/// with no bytes, for columns that must have some.
macro_rules! deleted_row {
    ($nothing:literal) => {
        concat!(
            "state = 'deleted', address_sealed = ",
            $nothing,
            ", question_sealed = NULL, profile_sealed = NULL, public_key = ",
            $nothing
        )
    };
}

pub(crate) use deleted_row;

/// Removes all ways into it, all sessions and the owner's support requests. Letters and drafts are removed before,
/// because they have bodies.
pub(crate) fn forget_deleted(batch: &mut Batch, mailbox_id: &str) {
    forget_replaced(batch, mailbox_id);
    batch.add(sql!(remains!("requests"), mailbox_id));
}

/// The same for a mailbox that support has replaced by another one: support requests and decisions are kept.
pub(crate) fn forget_replaced(batch: &mut Batch, mailbox_id: &str) {
    batch.add(sql!(remains!("wraps"), mailbox_id));
    batch.add(sql!(remains!("newcomers"), mailbox_id));
    batch.add(sql!(remains!("sessions"), mailbox_id));
    // Whom its letters went to, sealed, for reports that have no reader any more.
    batch.add(sql!(remains!("bounce_memos"), mailbox_id));
    batch.add(sql!(remains!("withdrawn"), mailbox_id));
    batch.add(sql!(remains!("reminded"), mailbox_id));
    batch.add(sql!(remains!("unreachable"), mailbox_id));
    batch.add(sql!(remains!("pace"), mailbox_id));
    batch.add(sql!(remains!("unannounced"), mailbox_id));
    batch.add(sql!(remains!("own_folders"), mailbox_id));
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::fs;
    use std::path::Path;

    use crate::engine::empty;

    /// Bytes in the row of a mailbox that stay: its tag is what it is known to be gone by.
    const KEPT: [&str; 1] = ["tag"];

    #[test]
    fn no_sealed_column_of_a_mailbox_outlives_it() {
        let connection = empty();
        let mut columns =
            connection.prepare("SELECT name, type FROM pragma_table_info('mailboxes')").unwrap();
        let found: Vec<(String, String)> = columns
            .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))
            .unwrap()
            .map(Result::unwrap)
            .collect();
        let bytes: Vec<&str> = found
            .iter()
            .filter(|(name, kind)| kind == "BLOB" || name.ends_with("_sealed"))
            .map(|(name, _)| name.as_str())
            .filter(|name| !KEPT.contains(name))
            .collect();
        assert!(bytes.len() > 3, "the search finds too little: {found:?}");
        let emptied: Vec<&str> =
            deleted_row!("?2").split(", ").filter_map(|set| Some(set.split_once(" = ")?.0)).collect();
        let kept: Vec<&str> = bytes.into_iter().filter(|name| !emptied.contains(name)).collect();
        assert!(kept.is_empty(), "a deleted mailbox keeps {kept:?}");
    }

    #[test]
    fn a_mailbox_is_deleted_by_one_list_of_columns() {
        let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("src")];
        let mut deleting = 0;
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                    continue;
                }
                let text = fs::read_to_string(&path).unwrap();
                let own = path.ends_with("deleted_mailbox.rs");
                assert!(own || !text.contains("SET state = 'deleted'"), "{}: deleted_row!", path.display());
                deleting += usize::from(!own && text.contains("deleted_row!("));
            }
        }
        assert_eq!(deleting, 3, "by hand, for another one, by its time");
    }

    /// Cleared elsewhere: letters and drafts before the mailbox is deleted, each with its bodies; hashes of links,
    /// which open nothing any more, are kept until they expire to explain themselves, unless the owner deleted the
    /// mailbox.
    const ELSEWHERE: [&str; 3] = ["deposits", "drafts", "tokens"];

    #[test]
    fn no_table_with_rows_of_mailboxes_is_forgotten() {
        let connection = empty();
        let mut tables = connection
            .prepare(
                "SELECT m.name FROM sqlite_master m JOIN pragma_table_info(m.name) c
                 WHERE m.type = 'table' AND c.name = 'mailbox_id'",
            )
            .unwrap();
        let found: BTreeSet<String> =
            tables.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
        let ours = include_str!("deleted_mailbox.rs");
        let forgotten: Vec<&String> = found
            .iter()
            .filter(|table| {
                !ELSEWHERE.contains(&table.as_str()) && !ours.contains(&format!("remains!(\"{table}\")"))
            })
            .collect();
        assert!(forgotten.is_empty(), "rows of a deleted mailbox stay in {forgotten:?}");
        assert!(found.len() > 6, "{found:?}");
    }
}
