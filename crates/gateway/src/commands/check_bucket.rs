//! `sealpost check` on the bucket: it exists, we have the rights we need, and deleted objects are gone.
//! Leaves nothing there.

use std::path::Path;

use sealpost_mail::{Random as _, SystemRandom};
use sealpost_store::LargeBodies;

use crate::config::checked::Plan;
use crate::config::file::{self as config, Problem};

/// The findings as a line of output, and the problems; none if large letters are in a folder.
pub(super) fn look(plan: &mut Plan, file: &Path) -> (Option<String>, Vec<Problem>) {
    let LargeBodies::Bucket(bucket) = &plan.bodies else { return (None, Vec::new()) };
    let mut source = match config::read(file) {
        Ok((_config, source)) => source,
        Err(problems) => return (None, problems),
    };
    let facts = match bucket.facts(&plan.data, &SystemRandom.id()) {
        Ok(facts) => facts,
        Err(error) => {
            source.near(
                "[store.s3]",
                format!("the bucket cannot be used: {error}"),
                "make it, and let these keys list it and read, write and delete in it; or check with --offline",
            );
            return (None, source.problems);
        }
    };
    if !facts.gives_ranges || !facts.takes_parts {
        source.near(
            "[store.s3]",
            "the server does not know ranges or uploads in parts: large letters could not be kept or read there",
            "use one that does",
        );
    }
    if facts.keeps_versions {
        let at = source.text.find("[store.s3]").unwrap_or_default();
        source.warn(
            at,
            "the bucket keeps versions: what is deleted stays there",
            "switch versions and object lock off, or let a lifecycle rule take former versions as soon as you promise \
             letters to be gone",
        );
    }
    plan.warnings.extend(source.warnings);
    let whose = match &facts.belongs_to {
        Some(id) => format!("of the store {id}"),
        None => "of nobody yet".to_owned(),
    };
    (Some(format!("bucket: {} at {}, {whose}", bucket.bucket, bucket.endpoint)), source.problems)
}
