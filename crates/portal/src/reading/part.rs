//! Parts of a letter: inline pictures, files to save or to view, and nested letters.

use actix_web::body::BoxBody;
use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderValue};
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use sealpost_mail::{Charset, InvitationStatus, Mailbox, Timestamp};
use sealpost_mailbox::audit::{Event, actions};

use crate::access::session::SignedIn;
use crate::http::download;
use crate::links;
use crate::mailbox::held;
use crate::page::{Page, show};
use crate::problem::Problem;
use crate::reading::attachment_list::Shelf;
use crate::reading::attachments_zip;
use crate::reading::invitation::{self, Card};
use crate::reading::message::{Choice, FILE_POLICY, MessageQuery};
use crate::reading::{self, ExtractedPart, File, Head, Inside, Look, PartPath, Preview, Reading, View};
use crate::state::room::Room;
use crate::state::{Site, keep_frame, off_the_loop};

/// For what a browser displays itself in a frame of our page: it can load nothing and run nothing. Without
/// `sandbox`, because browsers refuse to show a PDF in one; their viewers are isolated anyway.
const PDF_POLICY: &str =
    "default-src 'none'; object-src 'self'; style-src 'unsafe-inline'; frame-ancestors 'self'";
const LOOK_POLICY: &str = "default-src 'none'; frame-ancestors 'self'; sandbox";

#[derive(Template)]
#[template(path = "inside.html")]
struct InsidePage {
    page: Page,
    id: String,
    part: String,
    subject: Option<String>,
    from: Vec<Mailbox>,
    to: Vec<Mailbox>,
    cc: Vec<Mailbox>,
    date: Option<Timestamp>,
    view: View,
    files: Vec<File>,
    pictures: Vec<File>,
    shelf: Shelf,
    /// URL of all files at once: a nested letter has none.
    all_files: Option<String>,
    events: Vec<Card>,
    charset: Choice,
}

impl InsidePage {
    fn picture_count(&self) -> String {
        self.page.n("message-pictures", &self.shelf.pictures)
    }

    fn file_count(&self) -> String {
        self.page.n("message-attachments", &self.shelf.files)
    }
}

/// GET /m/{id}/inside/{part}: a letter that is attached to a letter.
pub(crate) async fn inside(
    site: web::Data<Site>,
    request: HttpRequest,
    owner: SignedIn,
    place: web::Path<(String, String)>,
    query: web::Query<MessageQuery>,
) -> Result<HttpResponse, Problem> {
    let (id, part) = place.into_inner();
    let path = PartPath::parse(&part).ok_or(Problem::NotFound)?;
    let letter = owner.opened(&site, &id).await?.open(&site).await?;
    let mut page = Page::owned(&site, &request, &owner).with_symbols();
    let (zone, charset) = (page.calendar.0.clone(), query.charset());
    let (here, pictures) = (id.clone(), site.prepared.most_of_one());
    let (time, words) = (site.cleaning_time(), page.language.file_words());
    let reading = site
        .cleaning(owner.mailbox_id(), move || {
            let late = &time.begins();
            let inner = reading::letter_at(&letter.bytes, &path)?;
            let within = Some(&path);
            let (head, inside) = (Head::Read, Inside::Made);
            let look = Look { id: &here, within, head, inside, charset, zone: &zone, words, pictures, late };
            Some(reading::look(&inner, &look))
        })
        .await?;
    let Reading { view, mut files, mut pictures, events, summary, frame, has_charset, .. } =
        reading.ok_or(Problem::NotFound)?;
    let shelf = query.shelf(&links::letter_inside(&id, &part), &mut files, &mut pictures);
    let charset = Choice { chosen: charset, offered: has_charset };
    if let Some(frame) = frame {
        keep_frame(&site, owner.session(), charset.frame_key(&format!("{id}/{part}")), frame);
    }
    page.here = links::letter(&id);
    let (from, to, cc, subject, date) = match summary {
        Some(s) => (s.from, s.to, s.cc, s.subject, s.date),
        None => (Vec::new(), Vec::new(), Vec::new(), None, None),
    };
    let subject = subject.filter(|s| !s.trim().is_empty());
    let template = InsidePage {
        page,
        id,
        part,
        subject,
        from,
        to,
        cc,
        date,
        view,
        files,
        pictures,
        shelf,
        all_files: None,
        events,
        charset,
    };
    show(StatusCode::OK, &template)
}

/// GET /m/{id}/inline/{part}: pictures only, and only if the frame requests it.
pub(crate) async fn inline(
    site: web::Data<Site>,
    owner: SignedIn,
    place: web::Path<(String, String)>,
) -> Result<HttpResponse, Problem> {
    let (content_type, body) = match site.prepared.picture(owner.session(), &place.0, &place.1) {
        Some((content_type, bytes)) => {
            owner.still_has(&site, &place.0).await?;
            (content_type, BoxBody::new(bytes))
        }
        None if PartPath::parse(&place.1).is_some_and(|path| path.written_in().is_some()) => {
            written(&site, &owner, &place).await?
        }
        None => {
            let (file, room) = found(&site, &owner, &place, None).await?;
            let content_type = download::picture_type(&file.content_type).filter(|_| file.is_inline);
            (content_type.ok_or(Problem::NotFound)?, BoxBody::new(held(file.bytes, room)))
        }
    };
    Ok(HttpResponse::Ok()
        .content_type(content_type)
        .insert_header((header::CONTENT_SECURITY_POLICY, FILE_POLICY))
        .body(body))
}

/// A picture embedded in a letter's markup, when its frame is no longer cached.
async fn written(
    site: &Site,
    owner: &SignedIn,
    place: &(String, String),
) -> Result<(&'static str, BoxBody), Problem> {
    let (id, part) = place.clone();
    let within = PartPath::parse(&part).and_then(|path| path.written_in()).ok_or(Problem::NotFound)?;
    let letter = owner.opened(site, &id).await?.open(site).await?;
    let time = site.cleaning_time();
    let picture = site
        .cleaning(owner.mailbox_id(), move || {
            reading::written_picture(&letter.bytes, &id, &within, &part, &time.begins())
        })
        .await?;
    let picture = picture.ok_or(Problem::NotFound)?;
    Ok((picture.content_type, BoxBody::new(picture.bytes)))
}

/// GET /m/{id}/part/{part}: a file to save. What is directly in the letter is streamed; what is nested, or
/// encoded otherwise, has its memory reserved until it has been downloaded.
pub(crate) async fn part(
    site: web::Data<Site>,
    request: HttpRequest,
    owner: SignedIn,
    place: web::Path<(String, String)>,
) -> Result<HttpResponse, Problem> {
    let (id, part) = &*place;
    let path = PartPath::parse(part).ok_or(Problem::NotFound)?;
    let deposit = owner.opened(&site, id).await?;
    let letter = deposit.open_to_keep(&site).await?;
    let looked = off_the_loop((), move || {
        let placed = reading::place_at(&letter.bytes, &path);
        let found = if placed.is_none() { reading::file_at(&letter.bytes, &path) } else { None };
        let room = found.as_ref().map(|found| found.bytes.len());
        (placed, found, room.map(|bytes| letter.room_for(bytes)))
    });
    let (name, content_type, body) = match looked.await? {
        (Some((file, place)), _, _) => (file.name, file.content_type, deposit.part(place).await?),
        (None, Some(found), Some(room)) => (found.name, found.content_type, held(found.bytes, room)),
        (None, _, _) => return Err(Problem::NotFound),
    };
    let name = name.in_words(&Page::owned(&site, &request, &owner).language.file_words());
    owner.note(&site, &[attachment_taken(&owner, id)]).await?;
    Ok(HttpResponse::Ok()
        .content_type(download::safe_type(&content_type))
        .insert_header(download::attachment(&name))
        .insert_header((header::CONTENT_SECURITY_POLICY, FILE_POLICY))
        .body(body))
}

/// The audit event for files of a letter that are downloaded, one or all.
fn attachment_taken<'a>(owner: &'a SignedIn, letter: &'a str) -> Event<'a> {
    Event::LetterExported { letter, mailbox: owner.mailbox_id(), format: actions::ATTACHMENT }
}

/// GET /m/{id}/files: all of them at once.
pub(crate) async fn files(
    site: web::Data<Site>,
    request: HttpRequest,
    owner: SignedIn,
    id: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let deposit = owner.opened(&site, &id).await?;
    let page = Page::owned(&site, &request, &owner);
    let subject = deposit.summary.as_ref().and_then(|s| s.subject.clone()).unwrap_or_default();
    let stem: String = subject.chars().take(60).collect();
    let name = format!("{} {}.zip", stem.replace('.', " ").trim(), page.t("files-zip"));
    let pieces = attachments_zip::files(site.clone(), deposit, page.language.file_words())
        .await?
        .ok_or(Problem::NotFound)?;
    owner.note(&site, &[attachment_taken(&owner, &id)]).await?;
    Ok(HttpResponse::Ok()
        .content_type("application/zip")
        .insert_header(download::attachment(&download::file_name(&name, "files.zip")))
        .insert_header((header::CONTENT_SECURITY_POLICY, FILE_POLICY))
        .streaming(pieces))
}

/// GET /m/{id}/view/{part}: a picture, a PDF or a text, to look at in the page.
pub(crate) async fn view(
    site: web::Data<Site>,
    owner: SignedIn,
    place: web::Path<(String, String)>,
    query: web::Query<MessageQuery>,
) -> Result<HttpResponse, Problem> {
    let (mut file, room) = found(&site, &owner, &place, query.charset()).await?;
    let size = file.bytes.len() as u64;
    let (content_type, policy, bytes) = match reading::preview(&file.content_type, size) {
        Preview::None => return Err(Problem::NotFound),
        Preview::Picture => {
            let content_type = download::picture_type(&file.content_type).ok_or(Problem::NotFound)?;
            (content_type, LOOK_POLICY, file.bytes)
        }
        Preview::Pdf => {
            // Some write something before it, and readers look for it (ISO 32000-1, annex H). Anything else
            // is not shown as a PDF.
            let start = file.bytes.get(..file.bytes.len().min(1024)).unwrap_or_default();
            let at = start.windows(5).position(|five| five == b"%PDF-").ok_or(Problem::NotFound)?;
            ("application/pdf", PDF_POLICY, file.bytes.split_off(at))
        }
        Preview::Text => {
            let text = file.text.ok_or(Problem::NotFound)?;
            ("text/plain; charset=utf-8", LOOK_POLICY, text.into_bytes())
        }
    };
    let mut response = HttpResponse::Ok().content_type(content_type).body(held(bytes, room));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(policy));
    headers.insert(header::X_FRAME_OPTIONS, HeaderValue::from_static("SAMEORIGIN"));
    headers.insert(header::CONTENT_DISPOSITION, HeaderValue::from_static("inline"));
    Ok(response)
}

async fn found(
    site: &Site,
    owner: &SignedIn,
    place: &(String, String),
    charset: Option<Charset>,
) -> Result<(ExtractedPart, Room), Problem> {
    let (id, part) = place;
    let path = PartPath::parse(part).ok_or(Problem::NotFound)?;
    let letter = owner.opened(site, id).await?.open_to_keep(site).await?;
    let found = off_the_loop((), move || {
        let found = reading::file_in(&letter.bytes, &path, charset)?;
        let text = found.text.as_ref().map_or(0, String::len);
        let room = letter.room_for(found.bytes.len() + text);
        Some((found, room))
    });
    found.await?.ok_or(Problem::NotFound)
}
