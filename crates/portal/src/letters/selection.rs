//! Which letters a list form refers to: the ticked ones, or all of the folder or search. Opens only what a
//! search opens.

use actix_web::{HttpRequest, web};
use sealpost_mail::Timestamp;

use crate::access::session::SignedIn;
use crate::letters::folder_page::FolderPage;
use crate::letters::repeated_fields::Fields;
use crate::letters::search_query::Question;
use crate::page::Page;
use crate::problem::Problem;
use crate::state::Site;

/// More letters than any mailbox has; a bound nevertheless.
pub(crate) const MAX_ALL: u32 = 50_000;
/// Fields that a form carries on, besides the ids, to say which letters are meant.
const CARRIED: [&str; 8] = ["seen", "grouped", "words", "unread", "files", "from", "to", "sort"];

/// The letters that a form refers to.
pub(crate) enum Meant {
    /// The ones that are ticked.
    Ticked,
    /// All of them, on every page.
    All,
}

impl Meant {
    pub(crate) fn of(fields: &Fields) -> Self {
        if fields.one("all") == "1" { Self::All } else { Self::Ticked }
    }
}

/// Their ids. Letters that arrived after the page was made do not belong to "all".
pub(crate) async fn chosen(
    site: &web::Data<Site>,
    request: &HttpRequest,
    owner: &SignedIn,
    place: FolderPage,
    fields: &Fields,
) -> Result<Vec<String>, Problem> {
    match Meant::of(fields) {
        // A row of the list was a conversation.
        Meant::Ticked if fields.one("grouped") == "1" => {
            let talks = owner.talks(site).await?;
            Ok(talks.whole(&fields.ids(), place, seen(site, fields)))
        }
        Meant::Ticked => Ok(fields.ids()),
        Meant::All => all(site, request, owner, place, fields).await,
    }
}

async fn all(
    site: &web::Data<Site>,
    request: &HttpRequest,
    owner: &SignedIn,
    place: FolderPage,
    fields: &Fields,
) -> Result<Vec<String>, Problem> {
    let seen = seen(site, fields);
    let text = |name: &str| fields.one(name).to_owned();
    let question = Question {
        words: text("words"),
        unread: text("unread"),
        files: text("files"),
        from: text("from"),
        to: text("to"),
        ..Question::default()
    };
    let sought = question.sought(&Page::owned(site, request, owner).calendar.0);
    if sought.is_empty() {
        let ids = site.store.deposit_ids(owner.mailbox_id(), place.folder_ref(), seen, MAX_ALL).await;
        return ids.map_err(|error| Problem::fault("reading a folder", error));
    }
    let found = owner.search(site, &sought).await?;
    let rows = found.lines.into_iter().map(|line| line.row);
    Ok(rows.filter(|row| row.received_at <= seen).map(|row| row.id).collect())
}

/// When the list was made.
fn seen(site: &Site, fields: &Fields) -> Timestamp {
    fields.one("seen").parse().map_or_else(|_none| site.now(), Timestamp).min(site.now())
}

/// The fields that a confirmation page sends again.
pub(crate) fn carried(fields: &Fields) -> Vec<(&'static str, String)> {
    let one = |name| (name, fields.one(name).chars().take(200).collect::<String>());
    CARRIED.into_iter().map(one).filter(|(_, value)| !value.is_empty()).collect()
}
