//! The frame that shows the HTML of a letter, or of a letter within it. What may stand in it is decided by the
//! sanitiser ([`super::html`]).

use actix_web::http::{StatusCode, header};
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use sealpost_mail::Letter;

use crate::access::session::SignedIn;
use crate::page::{Page, show};
use crate::problem::Problem;
use crate::reading::message::{Choice, MessageQuery};
use crate::reading::{self, PartPath, wide_tables};
use crate::state::Site;
use crate::state::frame_cache::Frame;

/// The frame's Content-Security-Policy: no scripts, no forms, nothing from elsewhere, framed by our pages only.
/// `allow-same-origin` lets our pages measure the frame and lets its pictures carry the cookie; without `allow-scripts`
/// nothing inside can use it.
const FRAME_POLICY: &str = "default-src 'none'; img-src 'self'; style-src 'unsafe-inline'; form-action 'none'; \
     base-uri 'none'; frame-ancestors 'self'; \
     sandbox allow-same-origin allow-popups allow-popups-to-escape-sandbox";

#[derive(Template)]
#[template(path = "frame.html")]
struct FramePage<'a> {
    page: Page,
    body: Markup<'a>,
    remote_images: u64,
    domains: String,
}

/// Markup produced by the sanitiser.
struct Markup<'a>(&'a str);

impl std::fmt::Display for Markup<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.0)
    }
}

impl askama::filters::HtmlSafe for Markup<'_> {}

/// GET /m/{id}/html
pub(crate) async fn of_letter(
    site: web::Data<Site>,
    request: HttpRequest,
    owner: SignedIn,
    id: web::Path<String>,
    query: web::Query<MessageQuery>,
) -> Result<HttpResponse, Problem> {
    respond(&site, &request, &owner, (id.into_inner(), None), &query).await
}

/// GET /m/{id}/inside/{part}/html
pub(crate) async fn of_inner_letter(
    site: web::Data<Site>,
    request: HttpRequest,
    owner: SignedIn,
    place: web::Path<(String, String)>,
    query: web::Query<MessageQuery>,
) -> Result<HttpResponse, Problem> {
    let (id, part) = place.into_inner();
    let path = PartPath::parse(&part).ok_or(Problem::NotFound)?;
    respond(&site, &request, &owner, (id, Some((part, path))), &query).await
}

/// The frame of a letter, or of the letter at a part of it: from the cache, or made now.
async fn respond(
    site: &web::Data<Site>,
    request: &HttpRequest,
    owner: &SignedIn,
    (id, within): (String, Option<(String, PartPath)>),
    query: &MessageQuery,
) -> Result<HttpResponse, Problem> {
    let charset = query.charset();
    let place = within.as_ref().map_or_else(|| id.clone(), |(part, _path)| format!("{id}/{part}"));
    let kept = Choice { chosen: charset, offered: false }.frame_key(&place);
    if let Some(frame) = site.prepared.frame(owner.session(), &kept) {
        owner.still_has(site, &id).await?;
        return page(site, request, owner, &frame);
    }
    let letter = owner.opened(site, &id).await?.open(site).await?;
    let time = site.cleaning_time();
    let cleaned = site.cleaning(owner.mailbox_id(), move || {
        let late = &time.begins();
        let (inner, prefix) = match &within {
            Some((_part, path)) => (Some(reading::letter_at(&letter.bytes, path)?), path.prefix()),
            None => (None, String::new()),
        };
        let bytes = inner.as_deref().unwrap_or(&letter.bytes);
        reading::frame(&Letter::parse_some_in(bytes, charset).ok()?.0, &id, &prefix, 0, late)
    });
    let frame = cleaned.await?.ok_or(Problem::NotFound)?;
    page(site, request, owner, &frame)
}

fn page(
    site: &web::Data<Site>,
    request: &HttpRequest,
    owner: &SignedIn,
    frame: &Frame,
) -> Result<HttpResponse, Problem> {
    let page = Page::owned(site, request, owner);
    let label = |number: usize| page.v("table-region", "number", number.to_string().as_str());
    let markup = wide_tables::boxed(frame.markup.expose(), &label);
    let template = FramePage {
        page,
        body: Markup(&markup),
        remote_images: frame.remote_images,
        domains: frame.domains.join(", ") + if frame.more_domains { ", …" } else { "" },
    };
    let mut response = show(StatusCode::OK, &template)?;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_SECURITY_POLICY, header::HeaderValue::from_static(FRAME_POLICY));
    headers.insert(header::X_FRAME_OPTIONS, header::HeaderValue::from_static("SAMEORIGIN"));
    Ok(response)
}
