//! Every schema migration ever released, in order, and which program versions can work with a given schema. How a
//! migration is run is up to each engine.

use std::sync::Arc;

use crate::audit_proof::AuditProver;
use crate::audit_row::AuditRow;
use crate::error::StoreError;

/// Numbered files in ascending order. A released one is never edited.
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
    (30, include_str!("../../schema/030_objects.sql")),
    (31, include_str!("../../schema/031_moves.sql")),
    (32, include_str!("../../schema/032_job_wishes.sql")),
    (33, include_str!("../../schema/033_key_lookups.sql")),
    (34, include_str!("../../schema/034_mta_sts_policies.sql")),
    (35, include_str!("../../schema/035_tls_reports.sql")),
    (36, include_str!("../../schema/036_held_letters.sql")),
    (37, include_str!("../../schema/037_row_proofs.sql")),
    (38, include_str!("../../schema/038_migration_times.sql")),
    (40, include_str!("../../schema/040_revocation_lists.sql")),
    (41, include_str!("../../schema/041_ended_session_proofs.sql")),
    (42, include_str!("../../schema/042_rests_and_answers.sql")),
    (43, include_str!("../../schema/043_return_hashes.sql")),
];

/// The oldest program (by the newest schema it knows) that works with the present schema: it does not query what was
/// added since. Raised only when something that older programs use is removed or renamed, one release after it fell out
/// of use.
pub(crate) const OLDEST_PROGRAM: i64 = 27;

/// What opening a store may do to its schema.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SchemaRequest {
    /// Migrate if no other process has the store open.
    #[default]
    IfAlone,
    /// Leave it alone; create it if there is none.
    Never,
    /// Migrate, even if others have it open: programs that do not know an addition ignore it.
    Now,
}

/// How a schema is migrated, if at all.
#[derive(Clone, Debug)]
pub(crate) struct Migration {
    pub(crate) request: SchemaRequest,
    /// No other process has the folder open.
    pub(crate) alone: bool,
    /// The audit row that records the migration.
    pub(crate) note: Option<AuditRow>,
    /// Proves that row.
    pub(crate) prover: Option<Arc<dyn AuditProver>>,
}

impl Migration {
    /// The audit row, if the store existed before these migrations.
    pub(crate) fn note(&self, there: &[(i64, Option<i64>)]) -> Option<&AuditRow> {
        self.note.as_ref().filter(|_row| !there.is_empty())
    }
}

/// What is to be done to a schema.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Due {
    /// Nothing: it is ours, or a newer one that we can work with.
    Nothing,
    /// These migrations, by number.
    Changes(Vec<i64>),
}

/// Decides what to do with a schema that has these migrations, each with the oldest program that works with it.
pub(crate) fn due(
    there: &[(i64, Option<i64>)],
    request: SchemaRequest,
    alone: bool,
) -> Result<Due, StoreError> {
    let known = newest();
    let newer = there.iter().filter(|(version, _)| *version > known);
    // A migration without that number is from before it was recorded: no older program works with it.
    let least = newer.map(|(version, least)| least.unwrap_or(*version)).max();
    if let Some(found) = least.filter(|least| *least > known) {
        return Err(StoreError::NewerSchema { found, known });
    }
    let missing: Vec<i64> = MIGRATIONS
        .iter()
        .map(|(version, _)| *version)
        .filter(|version| !there.iter().any(|(applied, _)| applied == version))
        .collect();
    let may = match request {
        SchemaRequest::Now => true,
        SchemaRequest::IfAlone => alone || there.is_empty(),
        SchemaRequest::Never => there.is_empty(),
    };
    match (missing.is_empty(), may) {
        (true, _) => Ok(Due::Nothing),
        (false, true) => Ok(Due::Changes(missing)),
        (false, false) => Err(StoreError::OlderSchema { known }),
    }
}

/// The newest schema this program knows.
#[must_use]
pub fn newest() -> i64 {
    MIGRATIONS.iter().map(|(version, _)| *version).max().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_ascend() {
        assert!(MIGRATIONS.is_sorted_by(|(before, _), (after, _)| before < after));
    }

    #[test]
    fn a_newer_schema_is_used_if_it_says_that_we_may_and_an_older_one_changed_by_who_may() {
        let all: Vec<(i64, Option<i64>)> = MIGRATIONS.iter().map(|(version, _)| (*version, None)).collect();
        let with = |more: &[(i64, Option<i64>)]| [all.as_slice(), more].concat();
        let known = newest();
        assert_eq!(due(&all, SchemaRequest::Never, false).unwrap(), Due::Nothing);
        assert_eq!(due(&with(&[(99, Some(known))]), SchemaRequest::Now, true).unwrap(), Due::Nothing);
        for newer in [[(99, Some(known + 1))], [(99, None)]] {
            let refused = due(&with(&newer), SchemaRequest::Now, true).unwrap_err();
            assert!(matches!(refused, StoreError::NewerSchema { .. }), "{refused}");
        }
        let older = &all[..all.len() - 1];
        let last = Due::Changes(vec![known]);
        assert_eq!(due(older, SchemaRequest::Now, false).unwrap(), last);
        assert_eq!(due(older, SchemaRequest::IfAlone, true).unwrap(), last);
        for (request, alone) in [(SchemaRequest::IfAlone, false), (SchemaRequest::Never, true)] {
            let refused = due(older, request, alone).unwrap_err();
            assert!(refused.to_string().contains("sealpost migrate"), "{refused}");
        }
        assert!(
            matches!(due(&[], SchemaRequest::Never, false).unwrap(), Due::Changes(every) if every.len() == all.len())
        );
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
