//! Moves one or many letters into an owner's folder: the page that asks for the folder, and the move. Knows
//! no seal.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use sealpost_mail::Timestamp;

use crate::access::session::SignedIn;
use crate::letters::folder_page::FolderPage;
use crate::letters::folders::{reserved, wrong};
use crate::letters::repeated_fields::Fields;
use crate::letters::selection::{Meant, carried};
use crate::mailbox::own_folder::{FolderId, MAX_NAME};
use crate::mailbox::own_folders::{MAX_FOLDERS, Named};
use crate::page::{Page, show};
use crate::problem::HINT;
use crate::problem::Problem;
use crate::state::Site;

/// Letters per transaction.
const AT_ONCE: usize = 200;

#[derive(Template)]
#[template(path = "move.html")]
struct MovePage {
    page: Page,
    place: FolderPage,
    /// Empty if all letters are meant.
    ids: Vec<String>,
    all: bool,
    carried: Vec<(&'static str, String)>,
    count: u64,
    wrong: Option<&'static str>,
    typed: String,
}

impl MovePage {
    fn error(&self) -> Option<String> {
        self.wrong.map(|key| self.page.n(key, &u64::from(MAX_FOLDERS)))
    }

    fn max_name() -> usize {
        MAX_NAME
    }
}

/// Result of a move.
pub(crate) enum Moved {
    Done {
        letters: usize,
        at: Timestamp,
    },
    /// The page that asks for the folder.
    Asked(HttpResponse),
}

/// The target folder, as chosen on the page.
enum To {
    Own(FolderId),
    New,
    /// Out of the owner's folders.
    House,
    Unsaid,
}

impl To {
    fn of(fields: &Fields) -> Self {
        match (fields.one("to-folder"), fields.one("name").trim()) {
            ("", "") => Self::Unsaid,
            ("", _) | ("new", _) => Self::New,
            ("house", _) => Self::House,
            (id, _) => FolderId::parse(id).map_or(Self::Unsaid, Self::Own),
        }
    }
}

/// Moves them, or asks for the folder.
pub(crate) async fn moved(
    site: &web::Data<Site>,
    request: &HttpRequest,
    owner: &SignedIn,
    place: FolderPage,
    fields: &Fields,
    ids: Vec<String>,
) -> Result<Moved, Problem> {
    let folders = owner.own_folders(site).await?;
    let is_there = |id: FolderId| folders.iter().any(|folder| folder.id == id);
    let named = match (fields.one("sure") == "yes", To::of(fields)) {
        (false, _) => Err(None),
        (true, To::Unsaid) => Err(Some("move-unsaid")),
        (true, To::House) => Ok(None),
        (true, To::Own(id)) if is_there(id) => Ok(Some(id)),
        (true, To::Own(_)) => Err(Some("folder-gone")),
        (true, To::New) => {
            let reserved = reserved(&Page::owned(site, request, owner));
            let named = owner.make_folder(site, fields.one("name"), &reserved).await?;
            match named {
                Named::Done(id) => Ok(Some(id)),
                Named::Nameless | Named::Taken | Named::TooMany | Named::NoSuchFolder => Err(wrong(named)),
            }
        }
    };
    let to = match named {
        Ok(to) => to,
        Err(wrong) => {
            let mut page = Page::owned(site, request, owner).with_folders(folders);
            page.here = place.path();
            let all = matches!(Meant::of(fields), Meant::All);
            let template = MovePage {
                page,
                place,
                count: ids.len() as u64,
                // As ticked: what belongs to them is looked up again.
                ids: if all { Vec::new() } else { fields.ids() },
                all,
                carried: carried(fields),
                wrong,
                typed: fields.one("name").chars().take(MAX_NAME).collect(),
            };
            let status = if wrong.is_some() { HINT } else { StatusCode::OK };
            return show(status, &template).map(Moved::Asked);
        }
    };
    let (now, to) = (site.now(), to.as_ref().map(FolderId::as_str));
    let mut letters = 0;
    for part in ids.chunks(AT_ONCE) {
        let moved = site.store.move_deposits(owner.mailbox_id(), part, to, now).await;
        letters += moved.map_err(|error| Problem::fault("moving letters", error))?;
    }
    Ok(Moved::Done { letters, at: now })
}

/// Undoes one move.
pub(crate) async fn back(site: &Site, owner: &SignedIn, at: Timestamp) -> Result<usize, Problem> {
    let lost = |error| Problem::fault("moving letters back", error);
    let ids = site.store.moved_at(owner.mailbox_id(), at).await.map_err(lost)?;
    let mut letters = 0;
    for part in ids.chunks(AT_ONCE) {
        letters += site.store.move_back(owner.mailbox_id(), part).await.map_err(lost)?;
    }
    Ok(letters)
}
