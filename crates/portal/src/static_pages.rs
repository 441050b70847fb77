//! Pages and files that are the same for everyone: accessibility statement, static files, robots.

use actix_web::http::header::Encoding;
use actix_web::http::{StatusCode, header};
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use sealpost_store::DiskSpace;

use crate::http::csrf::Visitor;
use crate::page::{Page, redirect, show_to};
use crate::problem::Problem;
use crate::state::Site;

#[derive(Template)]
#[template(path = "accessibility.html")]
struct AccessibilityPage {
    page: Page,
}

/// GET /accessibility
pub(crate) async fn accessibility(
    site: web::Data<Site>,
    request: HttpRequest,
    visitor: Visitor,
) -> Result<HttpResponse, Problem> {
    let template = AccessibilityPage { page: Page::open(&site, &request, &visitor) };
    show_to(&visitor, StatusCode::OK, &template)
}

/// GET /static/{file}: the name contains the hash of the content, so it may be cached for ever.
pub(crate) async fn file(
    site: web::Data<Site>,
    name: web::Path<String>,
    accepted: Option<web::Header<header::AcceptEncoding>>,
) -> Result<HttpResponse, Problem> {
    let asset = site.assets.get(&name).ok_or(Problem::NotFound)?;
    let ours = [Encoding::gzip(), Encoding::identity()];
    let takes_gzip =
        accepted.is_some_and(|accepted| accepted.negotiate(ours.iter()) == Some(Encoding::gzip()));
    let mut answer = HttpResponse::Ok();
    answer
        .content_type(asset.content_type)
        .insert_header((header::CACHE_CONTROL, "public, max-age=31536000, immutable"))
        .insert_header((header::VARY, "accept-encoding"));
    match &asset.gzip {
        Some(gzip) if takes_gzip => {
            Ok(answer.insert_header((header::CONTENT_ENCODING, "gzip")).body(gzip.clone()))
        }
        Some(_) | None => Ok(answer.body(asset.bytes.clone())),
    }
}

/// GET /robots.txt
pub(crate) async fn robots() -> HttpResponse {
    HttpResponse::Ok().content_type("text/plain; charset=utf-8").body("User-agent: *\nDisallow: /\n")
}

/// GET /ready, for monitoring: whether letters are accepted and rows are written. Says no more.
pub(crate) async fn ready(site: web::Data<Site>) -> HttpResponse {
    let well = !site.store.is_halted() && site.store.disk_space_for(0) == DiskSpace::Enough;
    let mut answer = if well { HttpResponse::Ok() } else { HttpResponse::ServiceUnavailable() };
    answer
        .content_type("text/plain; charset=utf-8")
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .body(if well { "ready\n" } else { "not ready\n" })
}

/// GET /favicon.ico, for browsers that do not read the page.
pub(crate) async fn icon(site: web::Data<Site>) -> HttpResponse {
    redirect(&site.assets.logo)
}
