//! The list of drafts.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use serde::Deserialize;

use crate::access::session::SignedIn;
use crate::letters::folder_page::FolderPage;
use crate::page::{Page, show};
use crate::problem::Problem;
use crate::state::Site;
use sealpost_mailbox::Draft;

#[derive(Template)]
#[template(path = "drafts.html")]
struct DraftsPage {
    page: Page,
    drafts: Vec<Draft>,
    gone: bool,
    full: bool,
}

#[derive(Deserialize)]
pub(crate) struct DraftsQuery {
    #[serde(default)]
    note: String,
}

/// GET /drafts
pub(crate) async fn list(
    site: web::Data<Site>,
    request: HttpRequest,
    owner: SignedIn,
    query: web::Query<DraftsQuery>,
) -> Result<HttpResponse, Problem> {
    let template = DraftsPage {
        page: Page::owned(&site, &request, &owner).with_folders(owner.own_folders(&site).await?),
        drafts: owner.drafts(&site).await?,
        gone: query.note == "gone",
        full: query.note == "full",
    };
    show(StatusCode::OK, &template)
}
