//! Every schema change ever released, in the order they are made. How one is made is each engine's own business.

/// One numbered file after the other; never back. A released one is never edited.
pub(crate) const MIGRATIONS: &[(i64, &str)] = &[
    (1, include_str!("../../schema/001_main.sql")),
    (2, include_str!("../../schema/002_writing.sql")),
    (3, include_str!("../../schema/003_access.sql")),
    (4, include_str!("../../schema/004_trash.sql")),
    (5, include_str!("../../schema/005_retention.sql")),
    (6, include_str!("../../schema/006_arriving.sql")),
    (7, include_str!("../../schema/007_uploads.sql")),
    (9, include_str!("../../schema/009_quotas.sql")),
    (10, include_str!("../../schema/010_access.sql")),
    (11, include_str!("../../schema/011_keys.sql")),
    (12, include_str!("../../schema/012_answers.sql")),
    (13, include_str!("../../schema/013_retention.sql")),
    (14, include_str!("../../schema/014_withdrawn.sql")),
    (15, include_str!("../../schema/015_partners.sql")),
    (16, include_str!("../../schema/016_words.sql")),
    (17, include_str!("../../schema/017_jobs.sql")),
    (18, include_str!("../../schema/018_clock.sql")),
    (19, include_str!("../../schema/019_audit.sql")),
    (20, include_str!("../../schema/020_pace.sql")),
    (21, include_str!("../../schema/021_hooks.sql")),
    (22, include_str!("../../schema/022_nodes.sql")),
    (23, include_str!("../../schema/023_bounce_memos.sql")),
    (24, include_str!("../../schema/024_folders.sql")),
    (25, include_str!("../../schema/025_originals.sql")),
    (26, include_str!("../../schema/026_gone_unread.sql")),
    (27, include_str!("../../schema/027_audit_counts.sql")),
    (28, include_str!("../../schema/028_key_warnings.sql")),
    (29, include_str!("../../schema/029_ocsp_answers.sql")),
];

/// The newest schema this program knows.
pub(crate) fn newest() -> i64 {
    MIGRATIONS.iter().map(|(version, _)| *version).max().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::MIGRATIONS;

    #[test]
    fn versions_ascend() {
        assert!(MIGRATIONS.is_sorted_by(|(before, _), (after, _)| before < after));
    }

    #[test]
    fn every_file_is_in_the_list() {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("schema");
        let mut files: Vec<(i64, String)> = std::fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .map(|path| {
                let name = path.file_name().unwrap().to_str().unwrap();
                (name.split('_').next().unwrap().parse().unwrap(), std::fs::read_to_string(&path).unwrap())
            })
            .collect();
        files.sort();
        let listed: Vec<(i64, String)> =
            MIGRATIONS.iter().map(|(version, text)| (*version, (*text).to_owned())).collect();
        assert!(files == listed, "schema/ and the list above differ");
    }
}
