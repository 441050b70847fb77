//! The owner's account page: details, sessions, deletion of the mailbox. Of letters it knows only their
//! number.

use actix_web::cookie::time::Duration;
use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use sealpost_mail::{Secret, Timestamp};
use sealpost_mailbox::audit::{Event, MailboxGone};
use sealpost_mailbox::{About, LastUse, Owner};
use sealpost_store::{Folder, Pace};
use sealpost_vault::Label;
use serde::Deserialize;

use crate::access::credentials::{Confirmed, confirm, mailbox};
use crate::access::session::SignedIn;
use crate::access::tell_owner::{came_from, tell};
use crate::http::cookies::{cookie, cookie_name, no_cookie};
use crate::http::csrf::Protected;
use crate::language::Language;
use crate::links;
use crate::mailbox::profile::{MAX_NAME, PAGE_SIZES, Profile, ZONES, clean_name, device};
use crate::page::{Page, redirect, set, show};
use crate::problem::HINT;
use crate::problem::Problem;
use crate::state::Site;

/// A session as its owner sees it.
struct Session {
    browser: &'static str,
    system: &'static str,
    began: Timestamp,
    seen: Timestamp,
    here: bool,
}

#[derive(Template)]
#[template(path = "account.html")]
struct AccountPage {
    page: Page,
    saved: bool,
    secrets: bool,
    name: String,
    longest: usize,
    zones: Vec<(String, bool)>,
    pace: Pace,
    per_page: u32,
    grouped: bool,
    sessions: Vec<Session>,
    /// When the mailbox is deleted if it stays unused.
    goes: Option<Timestamp>,
}

impl AccountPage {
    fn sizes(&self) -> [(u32, bool); 3] {
        PAGE_SIZES.map(|size| (size, size == self.per_page))
    }

    /// Value, label and whether it is the current one.
    fn paces(&self) -> [(&'static str, String, bool); 3] {
        Pace::CHOICES.map(|pace| {
            let words = match pace {
                Pace::AtOnce => "pace-at-once",
                Pace::Hourly => "pace-hourly",
                Pace::Daily => "pace-daily",
            };
            (pace.as_str(), self.page.t(words), pace == self.pace)
        })
    }
}

#[derive(Template)]
#[template(path = "account-delete.html")]
struct DeletePage {
    page: Page,
    letters: u64,
    /// The invalid field, and the key of the message.
    complaint: Option<(&'static str, &'static str)>,
}

impl DeletePage {
    fn wrong_in(&self, field: &str) -> Option<&'static str> {
        self.complaint.filter(|(at, _)| *at == field).map(|(_, key)| key)
    }
}

#[derive(Deserialize)]
pub(crate) struct AccountQuery {
    #[serde(default)]
    note: String,
}

/// GET /account
pub(crate) async fn show_account(
    site: web::Data<Site>,
    request: HttpRequest,
    owner: SignedIn,
    query: web::Query<AccountQuery>,
) -> Result<HttpResponse, Problem> {
    let rows = site
        .store
        .sessions(owner.mailbox_id(), site.now())
        .await
        .map_err(|error| Problem::fault("listing sessions", error))?;
    let sessions = rows
        .into_iter()
        .map(|row| {
            let opened = site.keys.rows.open(Label::Device, &row.mailbox_id, &row.device_sealed);
            let agent = opened.map(|plain| String::from_utf8_lossy(plain.expose()).into_owned());
            let (browser, system) = device(&agent.unwrap_or_default());
            let here = row.hash == *owner.session();
            Session { browser, system, began: row.created_at, seen: row.last_seen_at, here }
        })
        .collect();
    let goes = site.config.retention.unused(&LastUse::from(&mailbox(&site, &owner).await?));
    let zone = owner.profile().zone.clone().unwrap_or_else(|| site.config.time_zone.clone());
    let mut zones: Vec<String> = ZONES.iter().map(|zone| (*zone).to_owned()).collect();
    for extra in [&site.config.time_zone, &zone] {
        if !zones.contains(extra) {
            zones.insert(0, extra.clone());
        }
    }
    let pace = site.store.pace(owner.mailbox_id()).await;
    let pace = pace
        .map_err(|error| Problem::fault("reading how often notices are sent", error))?
        .unwrap_or(site.config.pace);
    let template = AccountPage {
        pace,
        per_page: owner.profile().per_page(),
        grouped: owner.profile().grouped,
        page: Page::owned(&site, &request, &owner),
        saved: query.note == "saved",
        secrets: query.note == "secrets",
        name: owner.profile().name.clone().unwrap_or_default(),
        longest: MAX_NAME,
        zones: zones.into_iter().map(|name| (name.clone(), name == zone)).collect(),
        sessions,
        goes,
    };
    show(StatusCode::OK, &template)
}

#[derive(Deserialize)]
pub(crate) struct Details {
    #[serde(default)]
    name: String,
    #[serde(default)]
    language: String,
    #[serde(default)]
    zone: String,
    /// A ticked box, or empty.
    #[serde(default)]
    keys: String,
    /// Whether lists show conversations, as sent by the form.
    #[serde(default)]
    grouped: String,
    #[serde(default)]
    pace: String,
    #[serde(default)]
    size: String,
}

/// POST /account
pub(crate) async fn save(
    site: web::Data<Site>,
    owner: SignedIn,
    form: Protected<Details>,
) -> Result<HttpResponse, Problem> {
    let lost = |error| Problem::fault("saving a profile", error);
    let Details { name, language, zone, keys, grouped, pace, size } = form.verify(owner.token())?;
    // Any existing zone: the list is a suggestion, not a restriction.
    let zone = Some(zone).filter(|zone| jiff::tz::TimeZone::get(zone).is_ok());
    let old = owner.profile().clone();
    let zone = zone.or_else(|| old.zone.clone());
    let page_size = size.parse().ok().or(old.page_size);
    let (no_keys, grouped) = (keys != "1", grouped == "1");
    let profile = Profile { name: clean_name(&name), zone, page_size, no_keys, grouped };
    profile.save(&site, owner.mailbox_id()).await?;
    if let Some(pace) = Pace::named(&pace) {
        site.store.set_pace(owner.mailbox_id(), pace).await.map_err(lost)?;
    }
    let mut response = redirect(&links::saying(links::ACCOUNT, ("note", "saved")));
    if let Some(language) = Language::parse(&language).filter(|l| site.languages.contains(l)) {
        site.store.set_language(owner.mailbox_id(), language.tag()).await.map_err(lost)?;
        let mut cookie =
            cookie(&site.origin, cookie_name(&site.origin, "language"), language.tag().to_owned());
        cookie.set_max_age(Duration::days(365));
        set(&mut response, &cookie)?;
    }
    Ok(response)
}

#[derive(Deserialize)]
pub(crate) struct Nothing {}

/// POST /account/leave: ends every session, including this one.
pub(crate) async fn leave_everywhere(
    site: web::Data<Site>,
    owner: SignedIn,
    form: Protected<Nothing>,
) -> Result<HttpResponse, Problem> {
    let Nothing {} = form.verify(owner.token())?;
    let row = mailbox(&site, &owner).await?;
    let whose = Owner { mailbox: &row, secret: owner.secret(), address: owner.address() };
    if !owner.access(&site).leave_everywhere(whose).await? {
        return Err(Problem::SessionOver);
    }
    gone(&site, "/?note=left")
}

/// GET /account/delete
pub(crate) async fn delete_form(
    site: web::Data<Site>,
    request: HttpRequest,
    owner: SignedIn,
) -> Result<HttpResponse, Problem> {
    delete_page(&site, &request, &owner, StatusCode::OK, None).await
}

#[derive(Deserialize)]
pub(crate) struct DeleteForm {
    #[serde(default)]
    current: String,
    #[serde(default)]
    sure: String,
}

/// POST /account/delete
pub(crate) async fn delete(
    site: web::Data<Site>,
    request: HttpRequest,
    owner: SignedIn,
    form: Protected<DeleteForm>,
) -> Result<HttpResponse, Problem> {
    let DeleteForm { current, sure } = form.verify(owner.token())?;
    if sure != "yes" {
        return delete_page(&site, &request, &owner, HINT, Some(("sure", "delete-sure-missing"))).await;
    }
    if owner.is_held() {
        return delete_page(&site, &request, &owner, HINT, Some(("sure", "delete-held"))).await;
    }
    match confirm(&site, &request, &owner, Secret::new(current)).await? {
        Confirmed::Right(_) => {}
        Confirmed::Not(key) => {
            return delete_page(&site, &request, &owner, HINT, Some(("current", key))).await;
        }
    }
    let lost = |error| Problem::fault("deleting a mailbox", error);
    // The address is deleted with the mailbox; a reader of that mail learns of it nevertheless.
    let row = mailbox(&site, &owner).await?;
    let noting = owner.noting(&site, &Event::MailboxDeleted { why: MailboxGone::Owner });
    noting.delete_mailbox(owner.mailbox_id(), site.config.unread, site.now()).await.map_err(lost)?;
    tracing::info!(mailbox.id = %owner.mailbox_id(), "mailbox deleted by its owner");
    tell(&site, &row, About::MailboxDeleted { network: came_from(&site, &request) }).await?;
    gone(&site, "/?note=deleted")
}

async fn delete_page(
    site: &web::Data<Site>,
    request: &HttpRequest,
    owner: &SignedIn,
    status: StatusCode,
    complaint: Option<(&'static str, &'static str)>,
) -> Result<HttpResponse, Problem> {
    let mut letters = 0;
    for folder in [Folder::Inbox, Folder::Sent, Folder::Trash] {
        let counts = site.store.deposit_counts(owner.mailbox_id(), folder).await;
        letters += counts.map_err(|error| Problem::fault("counting letters", error))?.total;
    }
    show(status, &DeletePage { page: Page::owned(site, request, owner), letters, complaint })
}

/// Redirects, with a cookie that opens nothing any more.
fn gone(site: &Site, to: &str) -> Result<HttpResponse, Problem> {
    let mut response = redirect(to);
    set(&mut response, &no_cookie(&site.origin, "session"))?;
    Ok(response)
}
