//! Reading one letter: the page, the frame with its HTML, its pictures, its attachments, its original.

use actix_web::body::SizedStream;
use actix_web::http::{StatusCode, header};
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use sealpost_export::Format;
use sealpost_mail::{Letter, Mailbox, Timestamp};
use serde::Deserialize;

use crate::access::session::SignedIn;
use crate::http::download;
use crate::letters::archive;
use crate::letters::inbox::FolderPage;
use crate::page::{Page, show as render};
use crate::problem::Problem;
use crate::reading::invitation::{Event, Moment};
use crate::reading::{self, File, Look, Preview, Reading, View};
use crate::state::Site;
use crate::state::frame_cache::{self, Frame};
use crate::writing::reply::{self, Ways};

/// The frame's own policy: no script by three walls, nothing from elsewhere, no form, no place but our pages.
/// `allow-same-origin` lets our pages measure the frame and send the cookie for its pictures; without
/// `allow-scripts` nothing inside can make use of it.
const FRAME_POLICY: &str = "default-src 'none'; img-src 'self'; style-src 'unsafe-inline'; form-action 'none'; \
     base-uri 'none'; frame-ancestors 'self'; \
     sandbox allow-same-origin allow-popups allow-popups-to-escape-sandbox";
/// What is sent as a file can do nothing even where a browser shows it.
pub(crate) const FILE_POLICY: &str = "default-src 'none'; sandbox";

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
    place: FolderPage,
    trashed: Option<Timestamp>,
    has_pdf: bool,
    events: Vec<Event>,
    whole: bool,
}

impl MessagePage {
    fn when(&self, moment: &Moment) -> String {
        match moment {
            Moment::Day(at) => self.page.date_day(at),
            Moment::Time(at) => self.page.date_long(at),
        }
    }

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
    let id = id.into_inner();
    let deposit = owner.deposit(&site, &id).await?;
    if deposit.row.read_at.is_none() {
        owner.mark_read(&site, &deposit).await;
    }
    let (row, size, listed) = (deposit.row.clone(), deposit.size()?, deposit.summary.clone());
    let as_text = wish.view == "text";
    let letter = deposit.open(&site).await?;
    let zone = site.calendar.0.clone();
    let (here, pictures) = (id.clone(), site.prepared.most_of_one());
    let reading = site
        .cleaning(owner.mailbox_id(), move || {
            let look = Look { id: &here, within: None, as_text, zone: &zone, pictures };
            reading::look(&letter.bytes, &look)
        })
        .await?;
    let Reading { view, files, events, summary: parsed, frame, whole } = reading;
    if let Some(frame) = frame {
        frame_cache::keep(&site, owner.session(), id.clone(), frame);
    }
    let summary = listed.or(parsed);
    let ways = summary
        .as_ref()
        .map_or_else(Ways::default, |summary| reply::ways(summary, owner.address(), &site.config.write));
    let (from, to, cc, subject, date) = match summary {
        Some(s) => (s.from, s.to, s.cc, s.subject, s.date),
        None => (Vec::new(), Vec::new(), Vec::new(), None, None),
    };
    let template = MessagePage {
        page: Page::owned(&site, &request, &owner).with_symbols(),
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
        place: FolderPage::of(row.folder),
        trashed: row.trashed_at.map(|since| since.plus(site.config.trash)),
        has_pdf: archive::worker(&site).is_ok(),
        events,
        whole,
    };
    render(StatusCode::OK, &template)
}

pub(crate) use crate::reading::kind;

#[derive(Template)]
#[template(path = "frame.html")]
struct FramePage<'a> {
    page: Page,
    body: Markup<'a>,
    remote_images: u64,
    domains: String,
}

/// Markup that the sanitiser made.
struct Markup<'a>(&'a str);

impl std::fmt::Display for Markup<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.0)
    }
}

impl askama::filters::HtmlSafe for Markup<'_> {}

/// GET /m/{id}/html
pub(crate) async fn frame(
    site: web::Data<Site>,
    request: HttpRequest,
    owner: SignedIn,
    id: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let id = id.into_inner();
    if let Some(frame) = site.prepared.frame(owner.session(), &id) {
        return frame_page(&site, &request, &owner, &frame);
    }
    let letter = owner.deposit(&site, &id).await?.open(&site).await?;
    let frame = site
        .cleaning(owner.mailbox_id(), move || {
            reading::frame(&Letter::parse_some(&letter.bytes).ok()?.0, &id, "", 0)
        })
        .await?
        .ok_or(Problem::NotFound)?;
    frame_page(&site, &request, &owner, &frame)
}

/// The inside of a frame.
pub(crate) fn frame_page(
    site: &web::Data<Site>,
    request: &HttpRequest,
    owner: &SignedIn,
    frame: &Frame,
) -> Result<HttpResponse, Problem> {
    let template = FramePage {
        page: Page::owned(site, request, owner),
        body: Markup(frame.markup.expose()),
        remote_images: frame.remote_images,
        domains: frame.domains.join(", ") + if frame.more_domains { ", …" } else { "" },
    };
    let mut response = render(StatusCode::OK, &template)?;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_SECURITY_POLICY, header::HeaderValue::from_static(FRAME_POLICY));
    headers.insert(header::X_FRAME_OPTIONS, header::HeaderValue::from_static("SAMEORIGIN"));
    Ok(response)
}

/// GET /m/{id}/eml: byte for byte what arrived.
pub(crate) async fn eml(
    site: web::Data<Site>,
    owner: SignedIn,
    id: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let deposit = owner.deposit(&site, &id).await?;
    let name = archive::name(&site, &deposit.row, deposit.summary.as_ref(), Format::Eml);
    let size = deposit.size()?;
    let pieces = deposit.stream().await?;
    Ok(HttpResponse::Ok()
        .content_type("message/rfc822")
        .insert_header(download::attachment(&name))
        .insert_header((header::CONTENT_SECURITY_POLICY, FILE_POLICY))
        .body(SizedStream::new(size, pieces)))
}
