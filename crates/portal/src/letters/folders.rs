//! The owner's folders: the page where they are created, renamed and removed. No letter is deleted with a
//! folder. Knows no seal.

use std::collections::HashMap;

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use sealpost_store::ThrownAway;
use serde::Deserialize;

use crate::access::session::SignedIn;
use crate::http::csrf::Protected;
use crate::letters::folder_page::FolderPage;
use crate::links;
use crate::mailbox::own_folder::{FolderId, MAX_NAME, OwnFolder};
use crate::mailbox::own_folders::{MAX_FOLDERS, Named};
use crate::page::{Page, redirect, show};
use crate::problem::HINT;
use crate::problem::Problem;
use crate::state::Site;

#[derive(Template)]
#[template(path = "folders.html")]
struct FoldersPage {
    page: Page,
    counts: HashMap<String, u64>,
    /// The last action.
    done: Option<&'static str>,
    /// The error of a name: the new one's, or that of a folder.
    wrong: Option<(Option<FolderId>, &'static str)>,
    /// The name as typed.
    typed: String,
}

impl FoldersPage {
    fn count(&self, folder: &OwnFolder) -> String {
        self.page.n("inbox-count", self.counts.get(folder.id.as_str()).unwrap_or(&0))
    }

    fn max_name() -> usize {
        MAX_NAME
    }

    /// The error of the field for a new folder.
    fn error(&self) -> Option<String> {
        self.wrong.filter(|(which, _)| which.is_none()).map(|(_, key)| self.said(key))
    }

    /// The error of the field for that folder's name.
    fn error_of(&self, folder: &OwnFolder) -> Option<String> {
        self.wrong.filter(|(which, _)| *which == Some(folder.id)).map(|(_, key)| self.said(key))
    }

    fn said(&self, key: &str) -> String {
        self.page.n(key, &u64::from(MAX_FOLDERS))
    }
}

#[derive(Template)]
#[template(path = "folder-remove.html")]
struct RemovePage {
    page: Page,
    folder: OwnFolder,
    count: u64,
}

#[derive(Deserialize)]
pub(crate) struct FoldersQuery {
    #[serde(default)]
    done: String,
}

/// GET /folders
pub(crate) async fn list(
    site: web::Data<Site>,
    request: HttpRequest,
    owner: SignedIn,
    query: web::Query<FoldersQuery>,
) -> Result<HttpResponse, Problem> {
    let done = match query.done.as_str() {
        "made" => Some("folder-made"),
        "renamed" => Some("folder-renamed"),
        "removed" => Some("folder-removed"),
        _ => None,
    };
    folders_page(&site, &request, &owner, StatusCode::OK, done, None, String::new()).await
}

#[derive(Deserialize)]
pub(crate) struct Form {
    #[serde(default, rename = "do")]
    what: String,
    #[serde(default)]
    folder: String,
    #[serde(default)]
    name: String,
    #[serde(default)]
    sure: String,
}

/// POST /folders
pub(crate) async fn act(
    site: web::Data<Site>,
    request: HttpRequest,
    owner: SignedIn,
    form: Protected<Form>,
) -> Result<HttpResponse, Problem> {
    let form = form.verify(owner.token())?;
    let reserved = reserved(&Page::owned(&site, &request, &owner));
    let which = FolderId::parse(&form.folder);
    let (named, done) = match (form.what.as_str(), which) {
        ("make", _) => (owner.make_folder(&site, &form.name, &reserved).await?, "made"),
        ("rename", Some(id)) => (owner.rename_folder(&site, id, &form.name, &reserved).await?, "renamed"),
        ("remove", Some(id)) => return remove(&site, &request, &owner, id, Consent::of(&form.sure)).await,
        _ => return Err(Problem::BadForm("unknown action")),
    };
    match wrong(named) {
        None => Ok(redirect(&links::saying(links::FOLDERS, ("done", done)))),
        Some(key) => {
            let which = which.filter(|_| form.what == "rename");
            folders_page(&site, &request, &owner, HINT, None, Some((which, key)), form.name).await
        }
    }
}

/// The error of a refused name.
pub(crate) fn wrong(named: Named) -> Option<&'static str> {
    match named {
        Named::Done(_) => None,
        Named::Nameless => Some("folder-nameless"),
        Named::Taken => Some("folder-taken"),
        Named::TooMany => Some("folder-too-many"),
        Named::NoSuchFolder => Some("folder-gone"),
    }
}

/// Names that a folder would be confused with.
pub(crate) fn reserved(page: &Page) -> Vec<String> {
    let house = FolderPage::ALL.iter().map(|place| place.title(page));
    house.chain([page.t("drafts-title")]).collect()
}

/// Whether the owner has confirmed removing a folder that contains letters.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Consent {
    Given,
    Missing,
}

impl Consent {
    fn of(field: &str) -> Self {
        if field == "yes" { Self::Given } else { Self::Missing }
    }
}

async fn remove(
    site: &web::Data<Site>,
    request: &HttpRequest,
    owner: &SignedIn,
    id: FolderId,
    consent: Consent,
) -> Result<HttpResponse, Problem> {
    let count = counts(site, owner).await?.remove(id.as_str()).unwrap_or(0);
    let mut page = Page::owned(site, request, owner);
    if !page.is_held && (count == 0 || consent == Consent::Given) {
        let removed = site.store.remove_folder(owner.mailbox_id(), id.as_str()).await;
        match removed.map_err(|error| Problem::fault("removing a folder", error))? {
            ThrownAway::Gone | ThrownAway::NotThere => {
                return Ok(redirect(&links::saying(links::FOLDERS, ("done", "removed"))));
            }
            // A hold has just begun.
            ThrownAway::Held => page.is_held = true,
        }
    }
    let folders = owner.own_folders(site).await?;
    let folder = folders.into_iter().find(|folder| folder.id == id).ok_or(Problem::NotFound)?;
    links::FOLDERS.clone_into(&mut page.here);
    show(StatusCode::OK, &RemovePage { page, folder, count })
}

async fn counts(site: &Site, owner: &SignedIn) -> Result<HashMap<String, u64>, Problem> {
    let counts = site.store.folder_counts(owner.mailbox_id()).await;
    Ok(counts.map_err(|error| Problem::fault("counting letters", error))?.into_iter().collect())
}

async fn folders_page(
    site: &web::Data<Site>,
    request: &HttpRequest,
    owner: &SignedIn,
    status: StatusCode,
    done: Option<&'static str>,
    wrong: Option<(Option<FolderId>, &'static str)>,
    typed: String,
) -> Result<HttpResponse, Problem> {
    let page = Page::owned(site, request, owner).with_folders(owner.own_folders(site).await?);
    let counts = counts(site, owner).await?;
    let typed = typed.chars().take(MAX_NAME).collect();
    show(status, &FoldersPage { page, counts, done, wrong, typed })
}
