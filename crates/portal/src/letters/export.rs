//! Exporting letters: one as `.pdf`, `.eml` or `.msg`, many as one `.zip`; and the page that asks for the
//! format, and offers to delete what has been saved.

use std::collections::{HashMap, HashSet};

use actix_web::body::SizedStream;
use actix_web::http::{StatusCode, header};
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use sealpost_export::Format;
use sealpost_mail::caseless;
use sealpost_mailbox::audit::Event;
use sealpost_store::{Folder, Page as StorePage};
use serde::Serialize;

use crate::access::session::SignedIn;
use crate::http::csrf::Protected;
use crate::http::download;
use crate::letters::archive::{self, ArchivedLetter, Explanation, NotMade};
use crate::letters::folder_page::FolderPage;
use crate::letters::repeated_fields::Fields;
use crate::links;
use crate::mailbox::Deposit;
use crate::page::{Page, redirect, show};
use crate::problem::Problem;
use crate::state::Site;
use crate::state::export_progress::ExportStatus;
use sealpost_mailbox::is_id;

/// A file sent for download can do nothing even if a browser displays it.
const FILE_POLICY: &str = "default-src 'none'; sandbox";
/// Letters per query when everything is exported.
const AT_ONCE: u32 = 500;

#[derive(Template)]
#[template(path = "export.html")]
struct ExportPage {
    page: Page,
    place: FolderPage,
    /// The ids of the letters; empty for all of them.
    ids: Vec<String>,
    count: u64,
    bytes: u64,
    has_pdf: bool,
    /// The id under which the page asks for the archive's progress.
    watch: String,
}

impl ExportPage {
    fn shown_size(&self) -> String {
        self.page.size(&self.bytes)
    }
}

#[derive(Template)]
#[template(path = "not-made.html")]
struct NotMadePage {
    page: Page,
    id: String,
    no_worker: bool,
}

/// The page for chosen letters.
pub(crate) async fn choose(
    site: &web::Data<Site>,
    request: &HttpRequest,
    owner: &SignedIn,
    place: FolderPage,
    ids: Vec<String>,
) -> Result<HttpResponse, Problem> {
    let (mut found, mut bytes) = (Vec::new(), 0_u64);
    for id in ids {
        let deposit = site.store.deposit(owner.mailbox_id(), &id).await;
        let deposit = deposit.map_err(|error| Problem::fault("reading a letter", error))?;
        if let Some(deposit) = deposit {
            bytes = bytes.saturating_add(u64::try_from(deposit.row.size).unwrap_or(0));
            found.push(id);
        }
    }
    if found.is_empty() {
        return Ok(redirect(&format!("{}?done=none", place.path())));
    }
    let mut page = Page::owned(site, request, owner).with_folders(owner.own_folders(site).await?);
    page.here = place.path();
    let has_pdf = archive::worker(site).is_ok();
    let count = found.len() as u64;
    show(
        StatusCode::OK,
        &ExportPage { page, place, ids: found, count, bytes, has_pdf, watch: site.random.id() },
    )
}

/// GET /export: everything.
pub(crate) async fn everything(
    site: web::Data<Site>,
    request: HttpRequest,
    owner: SignedIn,
) -> Result<HttpResponse, Problem> {
    let (mut count, mut bytes) = (0, 0);
    for folder in [Folder::Inbox, Folder::Sent] {
        let counts = site.store.deposit_counts(owner.mailbox_id(), folder).await;
        let counts = counts.map_err(|error| Problem::fault("counting letters", error))?;
        count += counts.total;
        bytes += counts.bytes;
    }
    if count == 0 {
        return Ok(redirect(links::INBOX));
    }
    let page = Page::owned(&site, &request, &owner);
    let has_pdf = archive::worker(&site).is_ok();
    let watch = site.random.id();
    let template =
        ExportPage { page, place: FolderPage::Inbox, ids: Vec::new(), count, bytes, has_pdf, watch };
    show(StatusCode::OK, &template)
}

/// POST /export/zip: the archive.
pub(crate) async fn archive(
    site: web::Data<Site>,
    request: HttpRequest,
    owner: SignedIn,
    form: Protected<Vec<(String, String)>>,
) -> Result<HttpResponse, Problem> {
    let fields = Fields::new(form.verify(owner.token())?);
    let format = Format::parse(fields.one("format")).ok_or(Problem::BadForm("no such format"))?;
    let page = Page::owned(&site, &request, &owner).with_folders(owner.own_folders(&site).await?);
    let wanted = if fields.one("scope") == "all" {
        whole_mailbox(&site, &owner, &page).await?
    } else {
        let one = |id| ArchivedLetter { id, folder: String::new() };
        fields.ids().into_iter().map(one).collect()
    };
    if wanted.is_empty() {
        return Ok(redirect(&links::saying(links::INBOX, ("done", "none"))));
    }
    let file = format!("{} {}.zip", page.portal(), site.calendar.file(site.now()));
    let explanation = Explanation {
        file: page.t("export-note-file"),
        text: page.t("export-note"),
        damaged: page.t("export-note-damaged"),
    };
    let watch = Some(fields.one("watch")).filter(|watch| is_id(watch));
    let tally = watch.map(|watch| site.tallies.begin(owner.session(), watch, wanted.len() as u64));
    let language = page.language;
    let whole = Event::ArchiveExported {
        mailbox: owner.mailbox_id(),
        letters: wanted.len(),
        format: format.extension(),
    };
    let each = wanted.iter().map(|one| exported(&owner, &one.id, format));
    let events: Vec<Event<'_>> = std::iter::once(whole).chain(each).collect();
    owner.note(&site, &events).await?;
    tracing::info!(letters = wanted.len(), format = format.extension(), "letters exported");
    let pieces = archive::archive(site.clone(), owner, language, wanted, format, explanation, tally);
    Ok(HttpResponse::Ok()
        .content_type("application/zip")
        .insert_header(download::attachment(&download::file_name(&file, "messages.zip")))
        .insert_header((header::CONTENT_SECURITY_POLICY, FILE_POLICY))
        .streaming(pieces))
}

/// Records that a letter was downloaded: for its sender and in the audit trail.
pub(crate) async fn note_taken(
    site: &Site,
    owner: &SignedIn,
    deposit: &Deposit,
    format: Format,
) -> Result<(), Problem> {
    owner.mark_taken(site, deposit).await;
    owner.note(site, &[exported(owner, &deposit.row.id, format)]).await
}

fn exported<'a>(owner: &'a SignedIn, letter: &'a str, format: Format) -> Event<'a> {
    Event::LetterExported { letter, mailbox: owner.mailbox_id(), format: format.extension() }
}

#[derive(Serialize)]
struct Progress {
    done: u64,
    all: u64,
    state: &'static str,
}

/// GET /export/progress/{part}: progress of an archive of this session.
pub(crate) async fn progress(
    site: web::Data<Site>,
    owner: SignedIn,
    watch: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let ExportStatus { done, all, state } =
        site.tallies.status(owner.session(), &watch).ok_or(Problem::NotFound)?;
    Ok(HttpResponse::Ok().json(Progress { done, all, state }))
}

async fn whole_mailbox(site: &Site, owner: &SignedIn, page: &Page) -> Result<Vec<ArchivedLetter>, Problem> {
    let mut wanted = Vec::new();
    let mut names = FolderNames::default();
    for folder in [Folder::Inbox, Folder::Sent] {
        for number in 0_u32.. {
            let part = StorePage { offset: number.saturating_mul(AT_ONCE), limit: AT_ONCE };
            let rows = site.store.deposits(owner.mailbox_id(), folder, part).await;
            let rows = rows.map_err(|error| Problem::fault("reading a folder", error))?;
            let last = rows.len() < AT_ONCE as usize;
            wanted.extend(rows.into_iter().map(|row| {
                let place = FolderPage::of(&row);
                let folder = names.of(place.name(), &place.title(page));
                ArchivedLetter { id: row.id, folder }
            }));
            if last {
                break;
            }
        }
    }
    Ok(wanted)
}

/// Folder names in an archive: safe wherever it is unpacked, and distinct even if case is ignored.
#[derive(Default)]
struct FolderNames {
    given: HashMap<String, String>,
    taken: HashSet<String>,
}

impl FolderNames {
    fn of(&mut self, place: String, title: &str) -> String {
        if let Some(given) = self.given.get(&place) {
            return given.clone();
        }
        let flat = title.replace(['/', '\\'], " ");
        // Windows opens a device for "CON" and "con.x"; a name of dots only is invalid.
        let safe =
            sealpost_mail::file_name(&download::file_name(&flat, "_")).unwrap_or_else(|| "_".to_owned());
        let mut name = safe.clone();
        let mut number = 2;
        while !self.taken.insert(caseless(&name)) {
            name = format!("{safe} ({number})");
            number += 1;
        }
        self.given.insert(place, name.clone());
        name
    }
}

/// GET /m/{id}/msg
pub(crate) async fn msg(
    site: web::Data<Site>,
    request: HttpRequest,
    owner: SignedIn,
    id: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    one(&site, &request, &owner, &id, Format::Msg).await
}

/// GET /m/{id}/pdf
pub(crate) async fn pdf(
    site: web::Data<Site>,
    request: HttpRequest,
    owner: SignedIn,
    id: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    one(&site, &request, &owner, &id, Format::Pdf).await
}

async fn one(
    site: &web::Data<Site>,
    request: &HttpRequest,
    owner: &SignedIn,
    id: &str,
    format: Format,
) -> Result<HttpResponse, Problem> {
    let deposit = owner.deposit(site, id).await?;
    let mut page = Page::owned(site, request, owner);
    let file = archive::name(site, &deposit.row, deposit.summary.as_ref(), format);
    match archive::made(site, page.language, deposit.clone(), format).await? {
        Ok(made) => {
            note_taken(site, owner, &deposit, format).await?;
            Ok(HttpResponse::Ok()
                .content_type(format.content_type())
                .insert_header(download::attachment(&file))
                .insert_header((header::CONTENT_SECURITY_POLICY, FILE_POLICY))
                .body(SizedStream::new(made.size, made.pieces)))
        }
        Err(NotMade::NotNow) => Err(Problem::Busy("typesetting")),
        Err(why @ (NotMade::NoWorker | NotMade::NotThis)) => {
            page.here = links::letter(id);
            let no_worker = matches!(why, NotMade::NoWorker);
            let template = NotMadePage { page, id: id.to_owned(), no_worker };
            show(StatusCode::SERVICE_UNAVAILABLE, &template)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::FolderNames;

    #[test]
    fn folders_of_an_archive_are_safe_and_no_two_alike() {
        let mut names = FolderNames::default();
        let mut name = |id: &str, title: &str| names.of(id.to_owned(), title);
        assert_eq!(name("inbox", "Inbox"), "Inbox");
        assert_eq!(name("1", "CON"), "_CON");
        assert_eq!(name("2", "con."), "_con (2)");
        assert_eq!(name("3", ".."), "_");
        assert_eq!(name("4", "inbox"), "inbox (2)");
        assert_eq!(name("4", "inbox"), "inbox (2)");
        assert_eq!(name("5", "Kfz/2026"), "Kfz 2026");
        assert_eq!(name("6", "aux.2026"), "_aux.2026");
        assert_eq!(name("7", "GRÖSSE"), "GRÖSSE");
        assert_eq!(name("8", "größe"), "größe (2)");
    }
}
