//! A list in another order than the newest first. Shows nothing, and keeps of each line only what it is sorted by.

use std::collections::HashSet;

use actix_web::web;
use sealpost_store::Page as StorePage;

use crate::access::session::SignedIn;
use crate::letters::folder_page::FolderPage;
use crate::letters::order::{Order, Rank};
use crate::mailbox::{Line, Listed};
use crate::problem::Problem;
use crate::state::Site;

/// Lines that a folder is sorted by; older ones are left out, and the page says so.
pub(crate) const MAX_SORTED: usize = 20_000;
/// Lines that are open at once for that.
const SORTED_AT_ONCE: u32 = 500;

/// Which letters are sorted.
pub(crate) enum Source<'a> {
    /// All letters of a folder.
    Folder(FolderPage),
    /// These letters, newest first.
    Letters(&'a [String]),
}

/// The ids of lines in that order. Each line is opened for it, and all but what it is sorted by forgotten: that of 20,000 takes
/// a few megabytes.
pub(crate) async fn sorted(
    site: &web::Data<Site>,
    owner: &SignedIn,
    source: Source<'_>,
    order: Order,
) -> Result<Vec<String>, Problem> {
    let mut ranks: Vec<(Rank, String)> = Vec::new();
    // What comes meanwhile moves the others on: one may be met twice.
    let mut seen = HashSet::new();
    let mut keep = |lines: Vec<Line>| {
        for line in lines.into_iter().filter(|line| seen.insert(line.row.id.clone())) {
            ranks.push((order.rank(&line, ranks.len()), line.row.id));
        }
        ranks.len()
    };
    match source {
        Source::Letters(ids) => {
            for part in ids.chunks(SORTED_AT_ONCE as usize) {
                keep(owner.lines_of(site, part).await?);
            }
        }
        Source::Folder(place) => {
            for number in 0_u32.. {
                let offset = number.saturating_mul(SORTED_AT_ONCE);
                let part = StorePage { offset, limit: SORTED_AT_ONCE };
                let Listed { lines, .. } = owner.listed(site, place.folder_ref(), part).await?;
                let is_last = lines.len() < SORTED_AT_ONCE as usize;
                if keep(lines) >= MAX_SORTED || is_last {
                    break;
                }
            }
        }
    }
    ranks.sort_by(|a, b| a.0.cmp(&b.0));
    Ok(ranks.into_iter().map(|(_, id)| id).collect())
}
