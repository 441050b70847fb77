//! The folder pages: inbox, sent, trash and the owner's own, paginated and sorted, or the results of a search
//! over all of them.

use std::collections::HashMap;

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use sealpost_mail::Timestamp;
use sealpost_store::{DepositCounts, Folder, Page as StorePage};
use serde::Deserialize;

use crate::access::session::SignedIn;
use crate::http::csrf::Protected;
use crate::http::download;
use crate::letters::conversation::Talk;
use crate::letters::folder_page::FolderPage;
use crate::letters::list_page::{ListPage, query_string};
use crate::letters::order::Order;
use crate::letters::repeated_fields::MAX_CHOSEN;
use crate::letters::search::SearchResults;
use crate::letters::search_query::Question;
use crate::letters::sorted::{MAX_SORTED, Source, sorted};
use crate::letters::withdrawn::{self, Withdrawn};
use crate::mailbox::own_folder::FolderId;
use crate::mailbox::{Line, Listed};
use crate::page::{Page, display_name, redirect, show};
use crate::problem::Problem;
use crate::state::Site;

/// Letters that expire within this many days are marked.
const SOON: u64 = 7;

/// A row as the page shows it.
struct InboxLine {
    id: String,
    /// The letter opened by a click: in a conversation partly read, the one where reading stopped.
    opens: String,
    /// Number of letters in the conversation shown by this row; 1 if letters are shown singly.
    letters: u64,
    unread_letters: u64,
    /// Folder of the letter.
    place: FolderPage,
    /// Written by the owner: `person` is the recipient.
    is_sent: bool,
    person: Option<String>,
    subject: Option<String>,
    /// The first words of its text.
    preview: Option<String>,
    received: Timestamp,
    size: u64,
    attachments: u64,
    unread: bool,
    expires: Option<Timestamp>,
}

/// The state of a search, apart from its letters.
struct Searched {
    /// The words as entered.
    words: String,
    unread: bool,
    with_files: bool,
    from: String,
    to: String,
    /// The query was empty.
    is_empty: bool,
    unread_texts: u64,
    left_out: u64,
    more: bool,
}

/// The last action.
enum Done {
    Nothing,
    NoneChosen,
    Sent,
    /// Number and time, by which the deletion can be undone.
    Trashed(u64, Option<Timestamp>),
    /// Moved to another folder: number and time, by which the move can be undone.
    Moved(u64, Option<Timestamp>),
    Read(u64),
    Unread(u64),
    /// More than can be exported at once.
    TooMany,
    Restored(u64),
    Destroyed(u64),
    Held,
}

#[derive(Template)]
#[template(path = "inbox.html")]
struct InboxPage {
    page: Page,
    place: FolderPage,
    entries: Vec<InboxLine>,
    withdrawn: Vec<Withdrawn>,
    counts: DepositCounts,
    number: u32,
    pages: u32,
    welcome: bool,
    /// Letters here expire.
    letters_go: bool,
    order: Order,
    /// Number of letters too old to be sorted.
    unsorted: u64,
    searched: Option<Searched>,
    /// Each row is a conversation.
    grouped: bool,
    done: Done,
    trash_days: u64,
    /// Time of the page: "all" means the letters that had arrived by then.
    seen: Timestamp,
}

impl Searched {
    /// Whether a filter besides the words is or may be set: then the form is expanded.
    fn is_narrowed(&self, order: &Order) -> bool {
        let days = !self.from.is_empty() || !self.to.is_empty();
        self.is_empty || self.unread || self.with_files || days || *order != Order::Newest
    }
}

impl InboxPage {
    fn is_soon(days: u64) -> bool {
        days <= SOON
    }

    fn heading(&self) -> String {
        self.place.title(&self.page)
    }

    fn order_name(&self, order: &Order) -> String {
        match order {
            Order::Newest => self.page.t("sort-newest"),
            Order::Oldest => self.page.t("sort-oldest"),
            Order::Person if self.place == FolderPage::Sent => self.page.t("sort-recipient"),
            Order::Person => self.page.t("sort-sender"),
            Order::Subject => self.page.t("sort-subject"),
            Order::Largest => self.page.t("sort-largest"),
        }
    }

    /// Whether there is a choice.
    fn offers_groups(&self) -> bool {
        groups(self.place) && self.searched.is_none()
    }

    fn too_many(&self) -> String {
        self.page.n("done-many", &(MAX_CHOSEN as u64))
    }

    /// The URL of another page of the same list.
    fn turn(&self, number: u32) -> String {
        format!("{}{}", self.place.path(), ListPage { order: self.order, number }.query())
    }

    /// What a letter's address says of the list that it is opened from. What was searched for is in no address.
    fn opened_from(&self) -> String {
        let here = ListPage { order: self.order, number: self.number };
        if self.searched.is_none() { here.query() } else { String::new() }
    }
}

#[derive(Deserialize)]
pub(crate) struct ListQuery {
    #[serde(default)]
    page: Option<u32>,
    #[serde(default)]
    welcome: String,
    #[serde(default)]
    sort: String,
    #[serde(default)]
    done: String,
    #[serde(default)]
    n: Option<u64>,
    #[serde(default)]
    at: Option<i64>,
}

impl ListQuery {
    /// The URL of that page, with the message to show.
    fn on(&self, place: FolderPage, page: ListPage) -> String {
        let Self { done, n, at, .. } = self;
        let mut pairs = page.pairs();
        // A word taken from a URL is put into one only if it is of our form.
        let word = done.bytes().all(|byte| byte.is_ascii_lowercase());
        if word && !done.is_empty() {
            pairs.push(("done", done.clone()));
        }
        pairs.extend(n.map(|n| ("n", n.to_string())));
        pairs.extend(at.map(|at| ("at", at.to_string())));
        format!("{}{}", place.path(), query_string(&pairs))
    }
}

/// GET /inbox
pub(crate) async fn inbox(
    site: web::Data<Site>,
    request: HttpRequest,
    owner: SignedIn,
    query: web::Query<ListQuery>,
) -> Result<HttpResponse, Problem> {
    list(&site, &request, &owner, FolderPage::Inbox, &query).await
}

/// GET /sent
pub(crate) async fn sent(
    site: web::Data<Site>,
    request: HttpRequest,
    owner: SignedIn,
    query: web::Query<ListQuery>,
) -> Result<HttpResponse, Problem> {
    list(&site, &request, &owner, FolderPage::Sent, &query).await
}

/// GET /trash
pub(crate) async fn trash(
    site: web::Data<Site>,
    request: HttpRequest,
    owner: SignedIn,
    query: web::Query<ListQuery>,
) -> Result<HttpResponse, Problem> {
    list(&site, &request, &owner, FolderPage::Trash, &query).await
}

/// GET /folder/{id}
pub(crate) async fn own(
    site: web::Data<Site>,
    request: HttpRequest,
    owner: SignedIn,
    id: web::Path<String>,
    query: web::Query<ListQuery>,
) -> Result<HttpResponse, Problem> {
    let id = FolderId::parse(&id).ok_or(Problem::NotFound)?;
    list(&site, &request, &owner, FolderPage::Own(id), &query).await
}

async fn list(
    site: &web::Data<Site>,
    request: &HttpRequest,
    owner: &SignedIn,
    place: FolderPage,
    query: &ListQuery,
) -> Result<HttpResponse, Problem> {
    let ListPage { order, number } = ListPage::parse(&query.sort, query.page);
    let per_page = owner.profile().per_page();
    let offset = (number - 1).saturating_mul(per_page);
    let grouped = owner.profile().grouped && groups(place);
    let part = match (grouped, order) {
        // Only counts and folders.
        (true, _) | (false, Order::Oldest | Order::Person | Order::Subject | Order::Largest) => {
            StorePage { offset: 0, limit: 0 }
        }
        (false, Order::Newest) => StorePage { offset, limit: per_page },
    };
    let Listed { mut lines, counts, folders } = owner.listed(site, place.folder_ref(), part).await?;
    let (mut unsorted, mut all, mut talks, mut heads) = (0, counts.total, HashMap::new(), Vec::new());
    if grouped {
        let mut found = owner.talks(site).await?.in_place(place);
        all = found.len() as u64;
        if order == Order::Newest {
            found = found.into_iter().skip(offset as usize).take(per_page as usize).collect();
        } else {
            found.truncate(MAX_SORTED);
        }
        heads = found.iter().filter_map(|talk| talk.ids.first().cloned()).collect();
        talks = heads.iter().cloned().zip(found).collect();
    }
    if order != Order::Newest {
        let source = if grouped { Source::Letters(&heads) } else { Source::Folder(place) };
        let sorted = sorted(site, owner, source, order).await?;
        unsorted = all.saturating_sub(sorted.len() as u64);
        heads = sorted.into_iter().skip(offset as usize).take(per_page as usize).collect();
    }
    if grouped || order != Order::Newest {
        lines = owner.lines_of(site, &heads).await?;
    }
    if let FolderPage::Own(id) = place
        && !folders.iter().any(|folder| folder.id == id)
    {
        return Err(Problem::NotFound);
    }
    let listed = all.saturating_sub(unsorted);
    let pages = pages_of(listed, per_page);
    if number > pages {
        return Ok(redirect(&query.on(place, ListPage { order, number: pages })));
    }
    let withdrawn = match (place, number) {
        (FolderPage::Inbox, 1) => withdrawn::of(site, owner).await?,
        (FolderPage::Inbox | FolderPage::Sent | FolderPage::Trash | FolderPage::Own(_), _) => Vec::new(),
    };
    let n = query.n.unwrap_or(0);
    let template = InboxPage {
        page: Page::owned(site, request, owner).with_folders(folders),
        place,
        entries: lines
            .into_iter()
            .map(|line| {
                let talk = talks.remove(&line.row.id);
                grouped_entry(entry(site, owner, line), talk)
            })
            .collect(),
        withdrawn,
        counts,
        number,
        pages,
        welcome: query.welcome == "1",
        letters_go: site.config.retention.activated(site.now()).is_some(),
        order,
        unsorted,
        searched: None,
        grouped,
        done: match query.done.as_str() {
            "none" => Done::NoneChosen,
            "sent" => Done::Sent,
            "trashed" => Done::Trashed(n, query.at.map(Timestamp)),
            "moved" => Done::Moved(n, query.at.map(Timestamp)),
            "back" => Done::Moved(n, None),
            "read" => Done::Read(n),
            "unread" => Done::Unread(n),
            "many" => Done::TooMany,
            "restored" => Done::Restored(n),
            "destroyed" => Done::Destroyed(n),
            "held" => Done::Held,
            _ => Done::Nothing,
        },
        trash_days: trash_days(site),
        seen: site.now(),
    };
    show(StatusCode::OK, &template)
}

#[derive(Deserialize)]
pub(crate) struct From {
    #[serde(default)]
    folder: String,
}

/// GET /search: the search form before anything is searched.
pub(crate) async fn search_form(
    site: web::Data<Site>,
    request: HttpRequest,
    owner: SignedIn,
    from: web::Query<From>,
) -> Result<HttpResponse, Problem> {
    let question = Question { folder: from.into_inner().folder, ..Question::default() };
    answer(&site, &request, &owner, question).await
}

/// POST /search: search words must not be in a URL, which logs and histories keep.
pub(crate) async fn search(
    site: web::Data<Site>,
    request: HttpRequest,
    owner: SignedIn,
    form: Protected<Question>,
) -> Result<HttpResponse, Problem> {
    let question = form.verify(owner.token())?;
    answer(&site, &request, &owner, question).await
}

async fn answer(
    site: &web::Data<Site>,
    request: &HttpRequest,
    owner: &SignedIn,
    question: Question,
) -> Result<HttpResponse, Problem> {
    let place = FolderPage::parse(&question.folder);
    let mut page = Page::owned(site, request, owner).with_folders(owner.own_folders(site).await?);
    page.here = place.path();
    let sought = question.sought(&page.calendar.0);
    let is_empty = sought.is_empty();
    let found = if is_empty { SearchResults::default() } else { owner.search(site, &sought).await? };
    let total = found.lines.len() as u64;
    let unread = found.lines.iter().filter(|line| line.row.is_unread()).count() as u64;
    let per_page = owner.profile().per_page();
    let pages = pages_of(total, per_page);
    let number = question.page.unwrap_or(1).clamp(1, pages);
    let lines = found.lines.into_iter().skip(((number - 1) * per_page) as usize).take(per_page as usize);
    let Question { words, from, to, .. } = question;
    let short = |text: String| text.chars().take(200).collect::<String>();
    let template = InboxPage {
        page,
        place,
        entries: lines.map(|line| entry(site, owner, line)).collect(),
        withdrawn: Vec::new(),
        counts: DepositCounts { total, unread, bytes: 0 },
        number,
        pages,
        welcome: false,
        letters_go: false,
        order: sought.order,
        unsorted: 0,
        searched: Some(Searched {
            words: short(words),
            unread: sought.unread,
            with_files: sought.with_files,
            from: short(from),
            to: short(to),
            is_empty,
            unread_texts: found.unread_texts,
            left_out: found.left_out,
            more: found.more,
        }),
        grouped: false,
        done: Done::Nothing,
        trash_days: trash_days(site),
        seen: site.now(),
    };
    show(StatusCode::OK, &template)
}

/// Folders in which related letters can be shown as one row, if their owner wants it.
pub(crate) fn groups(place: FolderPage) -> bool {
    match place {
        FolderPage::Inbox | FolderPage::Own(_) => true,
        FolderPage::Sent | FolderPage::Trash => false,
    }
}

/// The row of a conversation: that of its newest letter.
fn grouped_entry(entry: InboxLine, talk: Option<Talk>) -> InboxLine {
    let Some(talk) = talk else { return entry };
    InboxLine {
        opens: talk.next,
        letters: talk.letters,
        unread_letters: talk.unread,
        unread: talk.unread > 0,
        ..entry
    }
}

fn pages_of(letters: u64, per_page: u32) -> u32 {
    u32::try_from(letters.div_ceil(u64::from(per_page))).unwrap_or(u32::MAX).max(1)
}

/// For how many days deleted letters can be restored.
pub(crate) fn trash_days(site: &Site) -> u64 {
    let (retention, now) = (&site.config.retention, site.now());
    retention.days(now, retention.trashed(now)).into()
}

fn entry(site: &Site, owner: &SignedIn, line: Line) -> InboxLine {
    let Line { row, summary } = line;
    let place = FolderPage::of(&row);
    let is_sent = row.folder == Folder::Sent;
    let people = |s: &sealpost_mail::Summary| {
        let all = if is_sent { &s.to } else { &s.from };
        all.first().and_then(display_name).map(str::to_owned)
    };
    let real = |s: &sealpost_mail::Summary| {
        s.attachments.iter().filter(|file| !download::is_in_its_place(file)).count() as u64
    };
    // In the trash a letter expires with the trash's time, unless its own is earlier.
    let trashed = row.trashed_at.map(|since| site.config.retention.trashed(since));
    InboxLine {
        person: summary.as_ref().and_then(people),
        attachments: summary.as_ref().map_or(0, real),
        preview: summary.as_ref().and_then(|s| s.preview.clone()),
        subject: summary.and_then(|s| s.subject).filter(|subject| !subject.trim().is_empty()),
        received: row.received_at,
        size: u64::try_from(row.size).unwrap_or(0),
        unread: row.is_unread() && row.folder == Folder::Inbox,
        is_sent,
        expires: [trashed, row.expires_at].into_iter().flatten().min().filter(|_| !owner.is_held()),
        opens: row.id.clone(),
        letters: 1,
        unread_letters: 0,
        id: row.id,
        place,
    }
}
