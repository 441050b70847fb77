//! Sorts a list in an order other than newest first. Shows nothing, and keeps only the sort key of each row.

use std::collections::HashSet;

use actix_web::web;
use sealpost_store::Page as StorePage;

use crate::access::session::SignedIn;
use crate::letters::folder_page::FolderPage;
use crate::letters::order::{Order, Rank};
use crate::mailbox::{Line, Listed};
use crate::problem::Problem;
use crate::state::Site;

/// Maximum rows sorted; older ones are left out, and the page says so.
pub(crate) const MAX_SORTED: usize = 20_000;
/// Rows opened at once for that.
const SORTED_AT_ONCE: u32 = 500;

/// The letters to sort.
pub(crate) enum Source<'a> {
    /// All letters of a folder.
    Folder(FolderPage),
    /// These letters, newest first.
    Letters(&'a [String]),
}

/// The ids in that order. Each row is opened, and all but its sort key discarded: 20,000 keys take a few megabytes.
pub(crate) async fn sorted(
    site: &web::Data<Site>,
    owner: &SignedIn,
    source: Source<'_>,
    order: Order,
) -> Result<Vec<String>, Problem> {
    let mut ranks: Vec<(Rank, String)> = Vec::new();
    // Letters arriving meanwhile shift the others: one may be met twice.
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
