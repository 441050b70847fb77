//! The inbox: newest first, in pages.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use sealpost_mail::Timestamp;
use sealpost_store::Page as StorePage;
use serde::Deserialize;

use crate::mailbox::Line;
use crate::page::{Page, display_name, redirect, show};
use crate::problem::Problem;
use crate::session::SignedIn;
use crate::site::Site;

/// Letters per page.
const PER_PAGE: u32 = 25;
/// A letter that goes in so many days is marked.
const SOON: u64 = 7;

/// A line as the page shows it.
struct Entry {
    id: String,
    from: Option<String>,
    subject: Option<String>,
    received: Timestamp,
    size: u64,
    attachments: u64,
    unread: bool,
    expires: Option<Timestamp>,
}

#[derive(Template)]
#[template(path = "inbox.html")]
struct InboxPage {
    page: Page,
    entries: Vec<Entry>,
    total: u64,
    unread: u64,
    number: u32,
    pages: u32,
    welcome: bool,
}

impl InboxPage {
    fn is_soon(days: u64) -> bool {
        days <= SOON
    }
}

#[derive(Deserialize)]
pub(crate) struct Wish {
    #[serde(default)]
    page: Option<u32>,
    #[serde(default)]
    welcome: String,
}

/// GET /inbox
pub(crate) async fn list(
    site: web::Data<Site>,
    request: HttpRequest,
    owner: SignedIn,
    wish: web::Query<Wish>,
) -> Result<HttpResponse, Problem> {
    let number = wish.page.unwrap_or(1).max(1);
    let part = StorePage { offset: (number - 1).saturating_mul(PER_PAGE), limit: PER_PAGE };
    let (lines, counts) = owner.inbox(&site, part).await?;
    let pages = u32::try_from(counts.total.div_ceil(u64::from(PER_PAGE))).unwrap_or(u32::MAX).max(1);
    if number > pages {
        return Ok(redirect("/inbox"));
    }
    let template = InboxPage {
        page: Page::owned(&site, &request, &owner),
        entries: lines.into_iter().map(entry).collect(),
        total: counts.total,
        unread: counts.unread,
        number,
        pages,
        welcome: wish.welcome == "1",
    };
    show(StatusCode::OK, &template)
}

fn entry(line: Line) -> Entry {
    let Line { row, summary } = line;
    let from = summary.as_ref().and_then(|s| s.from.first()).and_then(display_name).map(str::to_owned);
    let real =
        |s: &sealpost_mail::Summary| s.attachments.iter().filter(|a| a.inline_cid.is_none()).count() as u64;
    Entry {
        from,
        attachments: summary.as_ref().map_or(0, real),
        subject: summary.and_then(|s| s.subject).filter(|subject| !subject.trim().is_empty()),
        received: row.received_at,
        size: u64::try_from(row.size).unwrap_or(0),
        unread: row.read_at.is_none(),
        expires: row.expires_at,
        id: row.id,
    }
}
