//! Reading one letter: the page, the frame with its HTML, its pictures, its attachments, its original.

use actix_web::body::SizedStream;
use actix_web::http::{StatusCode, header};
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use sealpost_export::Format;
use sealpost_mail::{CHARSETS, Charset, InvitationStatus, Mailbox, Parsed, Timestamp};
use sealpost_store::Folder;
use serde::Deserialize;

use crate::access::session::SignedIn;
use crate::http::download;
use crate::letters::archive;
use crate::letters::conversation::ConversationLetters;
use crate::letters::export::note_taken;
use crate::letters::folder_page::FolderPage;
use crate::letters::inbox::groups;
use crate::letters::list_page::ListPage;
use crate::letters::withdrawn;
use crate::links;
use crate::mailbox::Line;
use crate::page::{Page, display_name, redirect, show as render};
use crate::problem::Problem;
use crate::reading::attachment_list::Shelf;
use crate::reading::invitation::{self, Card};
use crate::reading::{self, File, Head, Inside, Look, Preview, Reading, View};
use crate::state::{Site, keep_frame};
use crate::writing::reply::{self, Ways};

/// A file sent for download can do nothing even if a browser displays it.
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
    pictures: Vec<File>,
    shelf: Shelf,
    /// URL of all files at once.
    all_files: Option<String>,
    charset: Choice,
    ways: Ways,
    place: FolderPage,
    /// Received, not written here.
    came: bool,
    trashed: Option<Timestamp>,
    has_pdf: bool,
    events: Vec<Card>,
    whole: bool,
    /// A reply has just been sent.
    sent: bool,
    beside: Vec<Related>,
    older_beside: u64,
    /// The page of the list that it was opened from.
    list: ListPage,
    /// Id of this letter's row in the list.
    line: String,
}

/// A letter of the same conversation.
struct Related {
    id: String,
    /// Written by the owner: `person` is the recipient.
    is_sent: bool,
    person: Option<String>,
    received: Timestamp,
    unread: bool,
    place: FolderPage,
}

impl MessagePage {
    /// The address of the list that it was opened from.
    fn way_back(&self) -> String {
        format!("{}{}", self.place.path(), self.list.query())
    }

    /// This letter's address, shown as it looks.
    fn as_html(&self) -> String {
        format!("{}{}", links::letter(&self.id), self.list.query())
    }

    /// The same, shown as text.
    fn as_text(&self) -> String {
        links::saying(&self.as_html(), ("view", "text"))
    }

    fn beside_title(&self) -> String {
        self.page.n("conversation-title", &(self.beside.len() as u64 + self.older_beside))
    }

    fn older(&self) -> String {
        self.page.n("conversation-older", &self.older_beside)
    }

    fn picture_count(&self) -> String {
        self.page.n("message-pictures", &self.shelf.pictures)
    }

    fn file_count(&self) -> String {
        self.page.n("message-attachments", &self.shelf.files)
    }
}

#[derive(Deserialize)]
pub(crate) struct MessageQuery {
    #[serde(default)]
    view: String,
    #[serde(default)]
    charset: String,
    #[serde(default)]
    done: String,
    /// Page number of its files.
    #[serde(default)]
    files: Option<usize>,
    /// The list that it was opened from.
    #[serde(default)]
    sort: String,
    #[serde(default)]
    page: Option<u32>,
}

impl MessageQuery {
    /// The letter's files on the requested page; `place` is the URL of that page.
    pub(super) fn shelf(&self, place: &str, files: &mut Vec<File>, pictures: &mut Vec<File>) -> Shelf {
        let mut address = format!("{place}?");
        for (name, value) in self.list().pairs() {
            address.push_str(&format!("{name}={value}&"));
        }
        if self.view == "text" {
            address.push_str("view=text&");
        }
        if let Some(charset) = self.charset() {
            address.push_str(&format!("charset={}&", charset.label()));
        }
        Shelf::cut(files, pictures, self.files, address)
    }

    fn list(&self) -> ListPage {
        ListPage::parse(&self.sort, self.page)
    }

    pub(super) fn charset(&self) -> Option<Charset> {
        Charset::parse(&self.charset)
    }
}

/// The charset in which the reader wants to see a letter whose declared one is wrong.
pub(super) struct Choice {
    pub(super) chosen: Option<Charset>,
    /// Whether a choice makes a difference.
    pub(super) offered: bool,
}

impl Choice {
    /// The query string that carries the choice.
    pub(super) fn query(&self) -> String {
        self.chosen.map(|charset| format!("?charset={}", charset.label())).unwrap_or_default()
    }

    /// The key under which a frame made with this choice is cached.
    pub(super) fn frame_key(&self, letter: &str) -> String {
        self.chosen.map_or_else(|| letter.to_owned(), |charset| format!("{letter}/~{}", charset.label()))
    }

    pub(super) fn is(&self, label: &str) -> bool {
        self.chosen.is_some_and(|charset| charset.label() == label)
    }

    /// Label and the region of the world that uses it.
    pub(super) fn all() -> impl Iterator<Item = (&'static str, &'static str)> {
        CHARSETS.into_iter().map(|label| {
            let world = match label {
                "utf-8" => "charset-unicode",
                "windows-1250" | "iso-8859-2" => "charset-central",
                "windows-1251" | "koi8-r" => "charset-cyrillic",
                "windows-1253" => "charset-greek",
                "windows-1254" => "charset-turkish",
                "windows-1257" => "charset-baltic",
                "macintosh" => "charset-mac",
                "ibm850" => "charset-dos",
                "iso-2022-jp" | "shift_jis" => "charset-japanese",
                "gb18030" => "charset-chinese",
                "euc-kr" => "charset-korean",
                _ => "charset-west",
            };
            (label, world)
        })
    }
}

/// GET /m/{id}
pub(crate) async fn show(
    site: web::Data<Site>,
    request: HttpRequest,
    owner: SignedIn,
    id: web::Path<String>,
    query: web::Query<MessageQuery>,
) -> Result<HttpResponse, Problem> {
    let id = id.into_inner();
    let deposit = match owner.opened(&site, &id).await {
        Ok(deposit) => deposit,
        // The link in the notice leads to a page that says so.
        Err(Problem::NotFound) if withdrawn::of(&site, &owner).await?.iter().any(|one| one.id == id) => {
            return Ok(redirect(links::INBOX));
        }
        Err(problem) => return Err(problem),
    };
    let (row, size, listed) = (deposit.row.clone(), deposit.size()?, deposit.summary.clone());
    let charset = query.charset();
    let head = if listed.is_some() && charset.is_none() { Head::Listed } else { Head::Read };
    let kept = Choice { chosen: charset, offered: false }.frame_key(&id);
    let inside = match query.view.as_str() {
        "text" => Inside::Unwanted,
        _ if site.prepared.frame(owner.session(), &kept).is_some() => Inside::Waits,
        _ => Inside::Made,
    };
    let letter = deposit.open(&site).await?;
    let place = FolderPage::of(&row);
    let mut page = Page::owned(&site, &request, &owner).with_symbols();
    if place.is_own() {
        page = page.with_folders(owner.own_folders(&site).await?);
    }
    let zone = page.calendar.0.clone();
    let (here, pictures) = (id.clone(), site.prepared.most_of_one());
    let (time, words) = (site.cleaning_time(), page.language.file_words());
    let reading = site
        .cleaning(owner.mailbox_id(), move || {
            let late = &time.begins();
            let look =
                Look { id: &here, within: None, head, inside, charset, zone: &zone, words, pictures, late };
            reading::look(&letter.bytes, &look)
        })
        .await?;
    let Reading { view, mut files, mut pictures, events, summary: parsed, frame, extent, has_charset } =
        reading;
    let shelf = query.shelf(&links::letter(&id), &mut files, &mut pictures);
    let charset = Choice { chosen: charset, offered: has_charset };
    if let Some(frame) = frame {
        keep_frame(&site, owner.session(), kept, frame);
    }
    let summary = if charset.chosen.is_some() { parsed.or(listed) } else { listed.or(parsed) };
    let ways = summary
        .as_ref()
        .map_or_else(Ways::default, |summary| reply::ways(summary, owner.address(), &site.config.write));
    let (from, to, cc, subject, date) = match summary {
        Some(s) => (s.from, s.to, s.cc, s.subject, s.date),
        None => (Vec::new(), Vec::new(), Vec::new(), None, None),
    };
    let ConversationLetters { lines, more } = owner.beside(&site, &row.id).await?;
    // In a list of conversations the newest letter represents all of them.
    let grouped = owner.profile().grouped && groups(place);
    let newest = lines.iter().rev().find(|line| grouped && FolderPage::of(&line.row) == place);
    let line = newest.map_or_else(|| row.id.clone(), |line| line.row.id.clone());
    if lines.iter().any(|line| FolderPage::of(&line.row).is_own()) && page.own_folders.is_empty() {
        page = page.with_folders(owner.own_folders(&site).await?);
    }
    let template = MessagePage {
        beside: lines.into_iter().map(related).collect(),
        older_beside: more,
        list: query.list(),
        line,
        page,
        all_files: (shelf.files + shelf.pictures > 1).then(|| links::letter_files(&row.id)),
        id: row.id,
        came: row.folder == Folder::Inbox,
        subject: subject.filter(|s| !s.trim().is_empty()),
        from,
        to,
        cc,
        date: date.unwrap_or(row.received_at),
        size,
        expires: row.expires_at.filter(|_| !owner.is_held()),
        view,
        files,
        pictures,
        shelf,
        charset,
        ways,
        place,
        trashed: row.trashed_at.map(|since| site.config.retention.trashed(since)),
        has_pdf: archive::worker(&site).is_ok(),
        events,
        whole: extent == Parsed::Whole,
        sent: query.done == "sent",
    };
    render(StatusCode::OK, &template)
}

fn related(line: Line) -> Related {
    let Line { row, summary } = line;
    let place = FolderPage::of(&row);
    let is_sent = row.folder == Folder::Sent;
    let people = summary.as_ref().map(|s| if is_sent { &s.to } else { &s.from });
    let person = people.and_then(|all| all.first()).and_then(display_name).map(str::to_owned);
    let unread = row.is_unread() && !is_sent;
    Related { received: row.received_at, id: row.id, is_sent, person, unread, place }
}

pub(crate) use crate::reading::kind;

/// GET /m/{id}/eml: byte for byte what arrived.
pub(crate) async fn eml(
    site: web::Data<Site>,
    owner: SignedIn,
    id: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let deposit = owner.deposit(&site, &id).await?;
    let name = archive::name(&site, &deposit.row, deposit.summary.as_ref(), Format::Eml);
    let size = deposit.size()?;
    let pieces = deposit.clone().stream().await?;
    note_taken(&site, &owner, &deposit, Format::Eml).await?;
    Ok(HttpResponse::Ok()
        .content_type("message/rfc822")
        .insert_header(download::attachment(&name))
        .insert_header((header::CONTENT_SECURITY_POLICY, FILE_POLICY))
        .body(SizedStream::new(size, pieces)))
}
