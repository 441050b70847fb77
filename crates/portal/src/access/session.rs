//! Sessions: a cookie's secret opens the mailbox's secret until the session expires, by idleness or by age. Knows no page.

use actix_web::cookie::Cookie;
use actix_web::dev::Payload;
use actix_web::http::header;
use actix_web::{FromRequest, HttpMessage, HttpRequest};
use futures_util::future::{Ready, ready};
use sealpost_mail::{Secret, Timestamp};
use sealpost_mailbox::audit::{Actor, Event, SessionEnd};
use sealpost_mailbox::{Access, Resident};
use sealpost_store::{KeptSession, MailboxRow, NewSession, SessionRow, Settled, Store, StoreError};
use sealpost_vault::{Bearer, Held, Label, MailboxSecret, SessionHash, SessionSecret, is_of_former_version};

use crate::http::client::Client;
use crate::http::cookies::{cookie, cookie_name};
use crate::http::csrf::FormToken;
use crate::language::Language;
use crate::mailbox::profile::Profile;
use crate::problem::Problem;
use crate::state::Site;

/// A session is written to at most this often.
const TOUCH_EVERY: std::time::Duration = std::time::Duration::from_secs(30);
/// WCAG 2.2 SC 2.2.1: before time is up the reader is warned, and can extend it.
const WARN_BEFORE: std::time::Duration = std::time::Duration::from_secs(120);
/// Maximum length stored of the browser's name.
const DEVICE: usize = 200;

/// The owner of a mailbox, with a live session. There is no other way to a letter.
pub(crate) struct SignedIn {
    mailbox_id: String,
    secret: MailboxSecret,
    session: SessionHash,
    token: FormToken,
    language: Option<Language>,
    address: String,
    profile: Profile,
    ends: Timestamp,
    since: Timestamp,
    epochs: String,
    /// The mailbox is under a hold.
    is_held: bool,
    /// The mailbox's secret key, as in the session's row.
    sealed: Vec<u8>,
    /// The client of this request.
    client: Client,
}

impl SignedIn {
    pub(crate) fn mailbox_id(&self) -> &str {
        &self.mailbox_id
    }

    pub(crate) fn secret(&self) -> &MailboxSecret {
        &self.secret
    }

    /// For the forms on this session's pages.
    pub(crate) fn token(&self) -> &FormToken {
        &self.token
    }

    /// Whether the mailbox is under a hold.
    pub(crate) fn is_held(&self) -> bool {
        self.is_held
    }

    /// The language chosen by the owner.
    pub(crate) fn language(&self) -> Option<Language> {
        self.language
    }

    /// The owner's own address, for the account page.
    pub(crate) fn address(&self) -> &str {
        &self.address
    }

    /// The owner's profile.
    pub(crate) fn profile(&self) -> &Profile {
        &self.profile
    }

    /// The session's own hash, which distinguishes it from the owner's others.
    pub(crate) fn session(&self) -> &SessionHash {
        &self.session
    }

    /// Seconds until the session's expiry must be announced.
    pub(crate) fn quiet_for(&self, now: Timestamp) -> u64 {
        self.ends.since(now).saturating_sub(WARN_BEFORE).as_secs()
    }

    /// When the session expires, unless extended.
    pub(crate) fn ends(&self) -> Timestamp {
        self.ends
    }

    /// This session for the time after a change of the mailbox's epochs, which ends all others.
    pub(crate) fn going_on(&self, site: &Site, epochs: &str) -> Result<KeptSession, Problem> {
        let held = held(&self.mailbox_id, self.since, &self.epochs);
        let sealed = site.keys.sessions.go_on(&held, epochs, &self.sealed);
        let secret_sealed = sealed.map_err(|error| Problem::fault("keeping a session", error))?;
        Ok(KeptSession { hash: self.session, secret_sealed })
    }

    /// The client of this request.
    pub(crate) fn client(&self) -> Client {
        self.client
    }

    /// The store, recording that the owner did this.
    pub(crate) fn noting(&self, site: &Site, event: &Event<'_>) -> Store {
        site.noting(event, &Actor::Owner, Some(self.client))
    }

    /// The audit row, for callers that write it with their own change.
    pub(crate) fn noted(&self, site: &Site, event: &Event<'_>) -> sealpost_store::AuditRow {
        event.row(site.now(), &Actor::Owner, Some(self.client.address()))
    }

    /// The ways into mailboxes, for this owner.
    pub(crate) fn access<'a>(&self, site: &'a Site) -> Access<'a> {
        site.access(Some(self.client))
    }

    /// Records in the audit trail what changes no row: before it happens; if that fails, it does not happen.
    pub(crate) async fn note(&self, site: &Site, events: &[Event<'_>]) -> Result<(), Problem> {
        let from = Some(self.client.address());
        let rows = events.iter().map(|event| event.row(site.now(), &Actor::Owner, from)).collect();
        site.store.append_audit(rows).await.map_err(|error| Problem::fault("the audit trail", error))
    }

    /// Ends the session.
    pub(crate) async fn end(self, site: &Site) -> Result<(), Problem> {
        site.prepared.leave(&self.session);
        let ended = Event::SessionEnded { mailbox: &self.mailbox_id, why: SessionEnd::LoggedOut };
        self.noting(site, &ended)
            .end_session(&self.session)
            .await
            .map_err(|error| Problem::fault("ending a session", error))
    }
}

/// Put there by the guard of the route; a route without that guard has none.
impl FromRequest for SignedIn {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(request.extensions_mut().remove::<Self>().ok_or(Problem::SignIn))
    }
}

/// The session named by a request, whether or not it exists.
pub(crate) fn claimed(site: &Site, request: &HttpRequest) -> Option<SessionHash> {
    let cookie = request.cookie(&cookie_name(&site.origin, "session"))?;
    Some(SessionSecret::parse(cookie.value())?.hash())
}

/// The session of a request, extended.
pub(crate) async fn find(site: &Site, request: &HttpRequest) -> Result<SignedIn, Problem> {
    let cookie = request.cookie(&cookie_name(&site.origin, "session")).ok_or(Problem::SignIn)?;
    let secret = SessionSecret::parse(cookie.value()).ok_or(Problem::SessionOver)?;
    let (hash, now) = (secret.hash(), site.now());
    let (row, mailbox) = rows(site, &hash, now).await?;
    let held = held(&row.mailbox_id, row.created_at, &mailbox.epochs);
    let opened = secret.open_mailbox_secret(&row.secret_sealed, &held, &site.keys.sessions);
    if opened.is_err() && is_of_former_version(&row.secret_sealed) {
        tracing::info!(mailbox.id = %mailbox.id, "a session of the previous version has ended");
        return Err(Problem::SessionOver);
    }
    let opened = opened.map_err(|error| refused("session", &mailbox.id, error))?;
    let resident = site.access(None).resident(&mailbox, &opened, "session").ok_or(Problem::SessionOver)?;
    let mut until = row.expires_at;
    if now.since(row.last_seen_at) >= TOUCH_EVERY {
        let wanted = ends(site, row.created_at, now);
        match site.store.touch_session(&hash, now, wanted).await {
            Ok(true) => until = wanted,
            Ok(false) => return Err(Problem::SessionOver),
            // A store that cannot write now must not end a live session.
            Err(error) => tracing::warn!(%error, "a session could not be prolonged"),
        }
    }
    Ok(SignedIn {
        is_held: mailbox.held_since.is_some(),
        token: FormToken::new(secret.csrf()),
        session: hash,
        language: Language::parse(&mailbox.language).filter(|l| site.languages.contains(l)),
        address: resident.address_text().to_owned(),
        profile: Profile::of(site, &mailbox)?,
        ends: until,
        since: row.created_at,
        epochs: mailbox.epochs,
        sealed: row.secret_sealed,
        mailbox_id: row.mailbox_id,
        secret: opened,
        client: Client::of(request, &site.config.trusted_proxies),
    })
}

/// The session's row and its mailbox's, if both are in force.
async fn rows(site: &Site, hash: &SessionHash, now: Timestamp) -> Result<(SessionRow, MailboxRow), Problem> {
    let lost = |error| Problem::fault("looking up a session", error);
    let Some((row, mailbox)) = site.store.session(hash, now).await.map_err(lost)? else {
        let ended = site.store.ended_session(hash).await.map_err(lost)?;
        return Err(ended.map_or(Problem::SessionOver, Problem::SessionEnded));
    };
    if now >= row.created_at.plus(site.config.session.absolute) {
        return Err(Problem::SessionOver);
    }
    Ok((row, mailbox))
}

fn held<'a>(mailbox_id: &'a str, since: Timestamp, epochs: &'a str) -> Held<'a> {
    Held { bearer: Bearer::Owner, mailbox_id, since: since.0, epochs }
}

/// Begins a session, always under a new secret (no fixation). `None`: the mailbox is not active.
pub(crate) async fn begin(
    site: &Site,
    request: &HttpRequest,
    mailbox_id: &str,
    epochs: &str,
    opened: &MailboxSecret,
) -> Result<Option<Cookie<'static>>, Problem> {
    let (text, session) = issue(site, request, mailbox_id, epochs, opened).await?;
    let begun = noting_log_in(site, request, mailbox_id).begin_session(session).await;
    begun_as(site, begun, &text)
}

/// The same for a user whose password was right: failed tries are settled with it.
pub(crate) async fn begin_by_log_in(
    site: &Site,
    request: &HttpRequest,
    mailbox: &MailboxRow,
    opened: &MailboxSecret,
    settled: &Settled,
) -> Result<Option<Cookie<'static>>, Problem> {
    let (text, session) = issue(site, request, &mailbox.id, &mailbox.epochs, opened).await?;
    let store = noting_log_in(site, request, &mailbox.id);
    begun_as(site, store.begin_session_by_log_in(session, settled).await, &text)
}

fn noting_log_in(site: &Site, request: &HttpRequest, mailbox_id: &str) -> Store {
    let client = Client::of(request, &site.config.trusted_proxies);
    site.noting(&Event::LoggedIn { mailbox: mailbox_id }, &Actor::Owner, Some(client))
}

/// The cookie of a new session.
fn begun_as(
    site: &Site,
    begun: Result<bool, StoreError>,
    text: &Secret<String>,
) -> Result<Option<Cookie<'static>>, Problem> {
    let begun = begun.map_err(|error| Problem::fault("beginning a session", error))?;
    Ok(begun.then(|| cookie(&site.origin, cookie_name(&site.origin, "session"), text.expose().clone())))
}

/// A new secret for the cookie, and the row of its session.
async fn issue(
    site: &Site,
    request: &HttpRequest,
    mailbox_id: &str,
    epochs: &str,
    opened: &MailboxSecret,
) -> Result<(Secret<String>, NewSession), Problem> {
    // A new log-in in the same browser replaces its earlier session.
    if let Some(old) =
        request.cookie(&cookie_name(&site.origin, "session")).and_then(|c| SessionSecret::parse(c.value()))
    {
        site.store
            .end_session(&old.hash())
            .await
            .map_err(|error| Problem::fault("ending a session", error))?;
    }
    let (text, hash) = SessionSecret::issue(site.random.as_ref());
    let secret =
        SessionSecret::parse(text.expose()).ok_or_else(|| Problem::Fault("session cookie".into()))?;
    let now = site.now();
    let device: String = request
        .headers()
        .get(header::USER_AGENT)
        .and_then(|agent| agent.to_str().ok())
        .map(|agent| agent.chars().take(DEVICE).collect())
        .unwrap_or_default();
    let session = NewSession {
        hash,
        mailbox_id: mailbox_id.to_owned(),
        secret_sealed: secret.seal_mailbox_secret(
            opened,
            &held(mailbox_id, now, epochs),
            &site.keys.sessions,
            site.random.as_ref(),
        ),
        created_at: now,
        expires_at: ends(site, now, now),
        device_sealed: site.keys.rows.seal(
            Label::Device,
            mailbox_id,
            device.as_bytes(),
            site.random.as_ref(),
        ),
    };
    Ok((text, session))
}

fn ends(site: &Site, began: Timestamp, now: Timestamp) -> Timestamp {
    now.plus(site.config.session.idle).min(began.plus(site.config.session.absolute))
}

/// A row that this gateway did not write, or not for this mailbox: its bearer is asked to log in.
pub(crate) fn refused(kind: &'static str, mailbox_id: &str, error: impl std::fmt::Display) -> Problem {
    tracing::error!(row.kind = kind, mailbox.id = %mailbox_id, %error, "a row failed verification and was refused");
    Problem::SessionOver
}

/// Whether what was opened is the mailbox's own key, and its row is ours.
pub(crate) fn is_of(site: &Site, mailbox: &MailboxRow, opened: &MailboxSecret, kind: &'static str) -> bool {
    site.access(None).resident(mailbox, opened, kind).is_some()
}

/// The address of a mailbox, for its owner.
pub(crate) fn address_of(site: &Site, mailbox: &MailboxRow) -> Result<String, Problem> {
    let resident = Resident::of(mailbox, &site.keys.rows, &site.keys.tags);
    let resident = resident.map_err(|error| Problem::fault("opening an address", error))?;
    Ok(resident.address_text().to_owned())
}
