//! The end of a session is announced two minutes before. This page is where browsers without scripts are
//! taken then; to look at it prolongs nothing, its link does.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use serde::Deserialize;

use super::language::own_path;
use crate::csrf::Visitor;
use crate::page::{Page, show_to};
use crate::problem::Problem;
use crate::session::SignedIn;
use crate::site::Site;

#[derive(Template)]
#[template(path = "idle.html")]
struct IdlePage {
    page: Page,
    back: String,
}

#[derive(Deserialize)]
pub(crate) struct Wish {
    #[serde(default)]
    back: String,
}

/// GET /idle
pub(crate) async fn warn(
    site: web::Data<Site>,
    request: HttpRequest,
    visitor: Visitor,
    wish: web::Query<Wish>,
) -> Result<HttpResponse, Problem> {
    let back = own_path(&wish.back).unwrap_or("/inbox").to_owned();
    show_to(&visitor, StatusCode::OK, &IdlePage { page: Page::open(&site, &request, &visitor), back })
}

/// GET /alive: the guard has prolonged the session already; says how many seconds there are until the warning.
pub(crate) async fn alive(site: web::Data<Site>, owner: SignedIn) -> HttpResponse {
    HttpResponse::Ok().content_type("text/plain; charset=utf-8").body(owner.quiet_for(site.now()).to_string())
}
