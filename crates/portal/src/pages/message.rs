//! Reading one letter: the page, the frame with its HTML, its pictures, its attachments, its original.

use std::collections::HashMap;

use actix_web::body::SizedStream;
use actix_web::http::{StatusCode, header};
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use sealpost_export::Format;
use sealpost_mail::{Attachment, Letter, Mailbox, Timestamp};
use serde::Deserialize;

use super::inbox::Place;
use crate::download;
use crate::html;
use crate::mailbox::OpenLetter;
use crate::markup;
use crate::page::{Page, show as render};
use crate::problem::Problem;
use crate::reply::{self, Ways};
use crate::session::SignedIn;
use crate::site::{Site, off_the_loop};
use crate::takeout;
use crate::text::{SafeHtml, to_html};

/// The frame's own policy: no script by three walls, nothing from elsewhere, no form, no place but our pages.
/// `allow-same-origin` lets our pages measure the frame and send the cookie for its pictures; without
/// `allow-scripts` nothing inside can make use of it.
const FRAME_POLICY: &str = "default-src 'none'; img-src 'self'; style-src 'self' 'unsafe-inline'; form-action 'none'; \
     base-uri 'none'; frame-ancestors 'self'; \
     sandbox allow-same-origin allow-popups allow-popups-to-escape-sandbox";
/// What is sent as a file can do nothing even where a browser shows it.
const FILE_POLICY: &str = "default-src 'none'; sandbox";

/// How the body is shown.
enum View {
    /// In the frame.
    Html,
    /// As text, because the reader asked for it or there is nothing else.
    Text { body: SafeHtml, cut: bool, has_html: bool },
    /// As text, because the HTML is too large or too deep to be made safe.
    TooComplex { body: SafeHtml, cut: bool },
    /// Not at all.
    Unreadable,
}

struct File {
    index: usize,
    name: String,
    kind: &'static str,
    size: u64,
}

#[derive(Template)]
#[template(path = "message.html")]
struct MessagePage {
    page: Page,
    id: String,
    subject: Option<String>,
    from: Vec<Mailbox>,
    to: Vec<Mailbox>,
    cc: Vec<Mailbox>,
    date: Timestamp,
    size: u64,
    expires: Option<Timestamp>,
    view: View,
    files: Vec<File>,
    ways: Ways,
    place: Place,
    trashed: Option<Timestamp>,
    has_pdf: bool,
}

impl MessagePage {
    fn file_count(&self) -> String {
        self.page.n("message-attachments", &(self.files.len() as u64))
    }
}

#[derive(Deserialize)]
pub(crate) struct Wish {
    #[serde(default)]
    view: String,
}

/// GET /m/{id}
pub(crate) async fn show(
    site: web::Data<Site>,
    request: HttpRequest,
    owner: SignedIn,
    id: web::Path<String>,
    wish: web::Query<Wish>,
) -> Result<HttpResponse, Problem> {
    let deposit = owner.deposit(&site, &id).await?;
    if deposit.row.read_at.is_none() {
        owner.mark_read(&site, &deposit).await?;
    }
    let (row, size, listed) = (deposit.row.clone(), deposit.size()?, deposit.summary.clone());
    let as_text = wish.view == "text";
    let letter = deposit.open(&site).await?;
    let (view, attachments, parsed) = off_the_loop((), move || look(&letter, as_text)).await?;
    let summary = listed.or(parsed);
    let hidden = matches!(view, View::Html);
    let files = attachments
        .into_iter()
        .filter(|file| {
            !(hidden && file.inline_cid.is_some() && download::picture_type(&file.content_type).is_some())
        })
        .map(|file| File {
            kind: kind(&file.content_type),
            name: download::file_name(&file.name, "file"),
            index: file.index,
            size: file.size,
        })
        .collect();
    let ways = summary.as_ref().map_or_else(Ways::default, |summary| {
        reply::ways(summary, owner.address(), &site.config.write)
    });
    let (from, to, cc, subject, date) = match summary {
        Some(s) => (s.from, s.to, s.cc, s.subject, s.date),
        None => (Vec::new(), Vec::new(), Vec::new(), None, None),
    };
    let template = MessagePage {
        page: Page::owned(&site, &request, &owner),
        id: row.id,
        subject: subject.filter(|s| !s.trim().is_empty()),
        from,
        to,
        cc,
        date: date.unwrap_or(row.received_at),
        size,
        expires: row.expires_at,
        view,
        files,
        ways,
        place: Place::of(row.folder),
        trashed: row.trashed_at.map(|since| since.plus(site.config.trash)),
        has_pdf: takeout::worker(&site).is_ok(),
    };
    render(StatusCode::OK, &template)
}

/// Looks into a letter: how to show it, and what is attached.
fn look(letter: &OpenLetter, as_text: bool) -> (View, Vec<Attachment>, Option<sealpost_mail::Summary>) {
    let Ok(letter) = Letter::parse(&letter.bytes) else { return (View::Unreadable, Vec::new(), None) };
    let html = letter.html();
    let text = || {
        let (body, cut) = to_html(&letter.text().unwrap_or_default());
        (body, cut)
    };
    let view = match html {
        Some(html) if !as_text && markup::is_showable(&html) => View::Html,
        Some(_) if !as_text => {
            let (body, cut) = text();
            View::TooComplex { body, cut }
        }
        html => {
            let (body, cut) = text();
            View::Text { body, cut, has_html: html.is_some() }
        }
    };
    (view, letter.attachments(), Some(letter.summary()))
}

/// The icon of a type.
pub(crate) fn kind(content_type: &str) -> &'static str {
    match content_type {
        "application/pdf" => "pdf",
        "message/rfc822" => "mail",
        "text/calendar" => "calendar",
        _ if content_type.starts_with("image/") => "image",
        _ if content_type.contains("zip") || content_type.contains("compressed") => "archive",
        _ => "file",
    }
}

#[derive(Template)]
#[template(path = "frame.html")]
struct FramePage {
    page: Page,
    body: Markup,
    remote_images: u64,
}

/// Markup that the sanitiser made.
struct Markup(String);

impl std::fmt::Display for Markup {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl askama::filters::HtmlSafe for Markup {}

/// GET /m/{id}/html
pub(crate) async fn frame(
    site: web::Data<Site>,
    request: HttpRequest,
    owner: SignedIn,
    id: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let letter = owner.deposit(&site, &id).await?.open(&site).await?;
    let id = id.into_inner();
    let cleaned = site
        .cleaning(move || {
            let letter = Letter::parse(&letter.bytes).ok()?;
            let html = letter.html().filter(|html| markup::is_showable(html))?;
            let inline: HashMap<String, String> = letter
                .attachments()
                .into_iter()
                .filter(|file| download::picture_type(&file.content_type).is_some())
                .filter_map(|file| Some((file.inline_cid?, format!("/m/{id}/inline/{}", file.index))))
                .collect();
            Some(html::clean(&html, &inline))
        })
        .await?
        .ok_or(Problem::NotFound)?;
    let template = FramePage {
        page: Page::owned(&site, &request, &owner),
        body: Markup(cleaned.markup),
        remote_images: cleaned.remote_images as u64,
    };
    let mut response = render(StatusCode::OK, &template)?;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_SECURITY_POLICY, header::HeaderValue::from_static(FRAME_POLICY));
    headers.insert(header::X_FRAME_OPTIONS, header::HeaderValue::from_static("SAMEORIGIN"));
    Ok(response)
}

/// GET /m/{id}/inline/{part}: pictures only, and only where the frame asks.
pub(crate) async fn inline(
    site: web::Data<Site>,
    owner: SignedIn,
    place: web::Path<(String, usize)>,
) -> Result<HttpResponse, Problem> {
    let (id, index) = place.into_inner();
    let letter = owner.deposit(&site, &id).await?.open(&site).await?;
    let (file, bytes) = part_of(letter, index).await?;
    let content_type = download::picture_type(&file.content_type).filter(|_| file.inline_cid.is_some());
    let content_type = content_type.ok_or(Problem::NotFound)?;
    Ok(HttpResponse::Ok()
        .content_type(content_type)
        .insert_header((header::CONTENT_SECURITY_POLICY, FILE_POLICY))
        .body(bytes))
}

/// GET /m/{id}/part/{part}
pub(crate) async fn part(
    site: web::Data<Site>,
    owner: SignedIn,
    place: web::Path<(String, usize)>,
) -> Result<HttpResponse, Problem> {
    let (id, index) = place.into_inner();
    let letter = owner.deposit(&site, &id).await?.open(&site).await?;
    let (file, bytes) = part_of(letter, index).await?;
    Ok(HttpResponse::Ok()
        .content_type(download::safe_type(&file.content_type))
        .insert_header(download::attachment(&download::file_name(&file.name, "file")))
        .insert_header((header::CONTENT_SECURITY_POLICY, FILE_POLICY))
        .body(bytes))
}

async fn part_of(letter: OpenLetter, index: usize) -> Result<(Attachment, Vec<u8>), Problem> {
    off_the_loop((), move || {
        let letter = Letter::parse(&letter.bytes).ok()?;
        let file = letter.attachments().into_iter().find(|file| file.index == index)?;
        let bytes = letter.attachment_bytes(index)?.into_owned();
        Some((file, bytes))
    })
    .await?
    .ok_or(Problem::NotFound)
}

/// GET /m/{id}/eml: byte for byte what arrived.
pub(crate) async fn eml(
    site: web::Data<Site>,
    owner: SignedIn,
    id: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let deposit = owner.deposit(&site, &id).await?;
    let name = takeout::name(&site, &deposit.row, deposit.summary.as_ref(), Format::Eml);
    let size = deposit.size()?;
    let pieces = deposit.stream().await?;
    Ok(HttpResponse::Ok()
        .content_type("message/rfc822")
        .insert_header(download::attachment(&name))
        .insert_header((header::CONTENT_SECURITY_POLICY, FILE_POLICY))
        .body(SizedStream::new(size, pieces)))
}
