//! What is done with letters, one or many: into the trash, back, away for good, or on to the export page.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use sealpost_mailbox::audit::{Event, LetterGone};
use sealpost_store::Page as StorePage;

use crate::access::session::SignedIn;
use crate::http::csrf::Protected;
use crate::letters::export;
use crate::letters::inbox::FolderPage;
use crate::letters::search::MAX_LINES;
use crate::mailbox::is_id;
use crate::page::{Page, redirect, show};
use crate::problem::Problem;
use crate::state::Site;

/// Letters in one go.
const MAX_CHOSEN: usize = 500;

/// A form whose fields may come more than once.
pub(crate) struct Fields(Vec<(String, String)>);

impl Fields {
    pub(crate) fn new(fields: Vec<(String, String)>) -> Self {
        Self(fields)
    }

    pub(crate) fn one(&self, name: &str) -> &str {
        self.0.iter().find(|(key, _)| key == name).map_or("", |(_, value)| value)
    }

    /// The chosen letters, each once; what cannot be an id is no letter.
    pub(crate) fn ids(&self) -> Vec<String> {
        let mut ids: Vec<String> = Vec::new();
        for (_, id) in self.0.iter().filter(|(key, value)| key == "id" && is_id(value)) {
            if !ids.contains(id) {
                ids.push(id.clone());
            }
        }
        ids.truncate(MAX_CHOSEN);
        ids
    }
}

#[derive(Template)]
#[template(path = "destroy.html")]
struct DestroyPage {
    page: Page,
    ids: Vec<String>,
    /// Instead of `ids`: everything in the trash.
    all: bool,
    count: u64,
}

/// POST /letters
pub(crate) async fn act(
    site: web::Data<Site>,
    request: HttpRequest,
    owner: SignedIn,
    form: Protected<Vec<(String, String)>>,
) -> Result<HttpResponse, Problem> {
    let fields = Fields::new(form.verify(owner.token())?);
    let place = FolderPage::parse(fields.one("folder"));
    let ids = fields.ids();
    let what = fields.one("do");
    let lost = |error| Problem::fault("moving letters", error);
    if ids.is_empty() && what != "empty" {
        return Ok(redirect(&format!("{}?done=none", place.path())));
    }
    let done = |word: &str, n: usize| Ok(redirect(&format!("{}?done={word}&n={n}", place.path())));
    match what {
        "trash" => {
            let noting = owner.noting(&site, &Event::LetterTrashed);
            let n = noting.trash_deposits(owner.mailbox_id(), &ids, site.now()).await.map_err(lost)?;
            done("trashed", n)
        }
        "restore" => {
            let noting = owner.noting(&site, &Event::LetterRestored);
            let n = noting.restore_deposits(owner.mailbox_id(), &ids).await.map_err(lost)?;
            done("restored", n)
        }
        "destroy" | "empty" => {
            if owner.is_held() {
                return Ok(redirect(&format!("{}?done=held", FolderPage::Trash.path())));
            }
            let all = what == "empty";
            let ids = if all { in_trash(&site, &owner).await? } else { ids };
            if fields.one("sure") == "yes" {
                let noting = owner.noting(&site, &Event::LetterGone { why: LetterGone::Deleted });
                let n = noting.delete_trashed(owner.mailbox_id(), &ids).await.map_err(lost)?;
                return done("destroyed", n);
            }
            let mut page = Page::owned(&site, &request, &owner);
            FolderPage::Trash.path().clone_into(&mut page.here);
            let count = ids.len() as u64;
            let template = DestroyPage { page, ids: if all { Vec::new() } else { ids }, all, count };
            show(StatusCode::OK, &template)
        }
        "export" => export::choose(&site, &request, &owner, place, ids).await,
        _ => Err(Problem::BadForm("unknown action")),
    }
}

async fn in_trash(site: &Site, owner: &SignedIn) -> Result<Vec<String>, Problem> {
    let all = StorePage { offset: 0, limit: MAX_LINES };
    let rows = site.store.deposits(owner.mailbox_id(), FolderPage::Trash.folder(), all).await;
    let rows = rows.map_err(|error| Problem::fault("reading the trash", error))?;
    Ok(rows.into_iter().map(|row| row.id).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_ids_are_chosen_and_each_once() {
        let id = "0123456789abcdef0123456789abcdef";
        let pair = |key: &str, value: &str| (key.to_owned(), value.to_owned());
        let fields =
            Fields::new(vec![pair("id", id), pair("id", id), pair("id", "../x"), pair("do", "trash")]);
        assert_eq!(fields.ids(), [id]);
        assert_eq!((fields.one("do"), fields.one("none")), ("trash", ""));
    }
}
