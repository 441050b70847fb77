//! Log-in and log-out. The same answer, after the same time, for an unknown address, a wrong password, a
//! locked and a pending mailbox: nobody learns here who has a mailbox.

use std::time::Duration;

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use sealpost_mail::{Address, Secret, Timestamp};
use sealpost_store::{LoginOutcome, MailboxRow, MailboxState, WrapKind};
use sealpost_vault::{Argon2Cost, MailboxSecret, Unwrapped};
use serde::Deserialize;

use crate::csrf::{Protected, Visitor};
use crate::front::MEND;
use crate::limits::Client;
use crate::mailbox::is_id;
use crate::outbox::{About, Outgoing};
use crate::page::{Page, redirect, set, show_to};
use crate::problem::Problem;
use crate::session::{self, SignedIn};
use crate::site::Site;

/// No refusal is faster than this, whatever had to be asked for it.
pub(super) const FLOOR: Duration = Duration::from_millis(400);
const LONGEST_LOCK: Duration = Duration::from_secs(24 * 60 * 60);

/// What is said above the form.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Note {
    None,
    /// Logged out.
    Left,
    /// The session ran out.
    Over,
    /// Address or password is wrong.
    Wrong,
    /// A new password is set.
    Reset,
    /// The mailbox is deleted.
    Deleted,
    /// Too many tries: wait.
    Wait(u64),
}

#[derive(Template)]
#[template(path = "login.html")]
struct LoginPage {
    page: Page,
    note: Note,
    address: String,
    to: String,
}

impl LoginPage {
    fn is_wrong(&self) -> bool {
        self.note == Note::Wrong
    }
}

#[derive(Deserialize)]
pub(crate) struct Arrival {
    #[serde(default)]
    note: String,
    #[serde(default)]
    to: String,
}

/// GET /
pub(crate) async fn form(
    site: web::Data<Site>,
    request: HttpRequest,
    arrival: web::Query<Arrival>,
    visitor: Visitor,
) -> Result<HttpResponse, Problem> {
    match session::find(&site, &request).await {
        Ok(_signed_in) => return Ok(redirect(target(&arrival.to).unwrap_or("/inbox"))),
        Err(Problem::SignIn | Problem::SessionOver) => {}
        Err(other) => return Err(other),
    }
    let note = match arrival.note.as_str() {
        "left" => Note::Left,
        "over" => Note::Over,
        "reset" => Note::Reset,
        "deleted" => Note::Deleted,
        _ => Note::None,
    };
    let to = target(&arrival.to).unwrap_or_default().to_owned();
    let template =
        LoginPage { page: Page::open(&site, &request, &visitor), note, address: String::new(), to };
    show_to(&visitor, StatusCode::OK, &template)
}

#[derive(Deserialize)]
pub(crate) struct LoginForm {
    #[serde(default)]
    address: String,
    #[serde(default)]
    password: String,
    #[serde(default)]
    to: String,
}

/// POST /login
pub(crate) async fn submit(
    site: web::Data<Site>,
    request: HttpRequest,
    visitor: Visitor,
    form: Protected<LoginForm>,
) -> Result<HttpResponse, Problem> {
    let LoginForm { address, password, to } = form.verify(visitor.token())?;
    let (now, password) = (site.now(), Secret::new(password));
    site.limits.attempt(Client::of(&request, &site.config.trusted_proxies))?;
    // What is no address has a tag too, so that it takes the same way.
    let typed = address.trim();
    let identity = Address::parse(typed).map_or_else(|_none| typed.to_lowercase(), |a| a.identity());
    let tag = site.keys.tags.address_tag(&identity);
    let refused = |note| {
        let template = LoginPage {
            page: Page::open(&site, &request, &visitor),
            note,
            address: address.clone(),
            to: target(&to).unwrap_or_default().to_owned(),
        };
        show_to(
            &visitor,
            if matches!(note, Note::Wait(_)) { StatusCode::TOO_MANY_REQUESTS } else { MEND },
            &template,
        )
    };
    if let Err(Problem::TooMany { seconds }) = site.limits.may_try(&tag, now) {
        return refused(Note::Wait(seconds));
    }
    let floor = tokio::time::sleep(FLOOR);
    // Counted before the password is looked at: parallel tries cannot slip through.
    site.limits.wrong(tag, now);
    if let Some((mailbox_id, opened)) = sign_in(&site, tag, password, now).await?
        && let Some(cookie) = session::begin(&site, &request, &mailbox_id, &opened).await?
    {
        site.limits.right(&tag);
        let mut response = redirect(target(&to).unwrap_or("/inbox"));
        set(&mut response, &cookie)?;
        set(&mut response, &session::no_cookie(&site, "visit"))?;
        return Ok(response);
    }
    floor.await;
    refused(Note::Wrong)
}

/// Whether this password opens the mailbox of that tag. Does the same work either way.
pub(super) async fn sign_in(
    site: &web::Data<Site>,
    tag: [u8; 32],
    password: Secret<String>,
    now: Timestamp,
) -> Result<Option<(String, MailboxSecret)>, Problem> {
    let lost = |error| Problem::fault("log-in", error);
    let mailbox = site.store.mailboxes_by_tag(&[tag]).await.map_err(lost)?.pop();
    let open = |m: &MailboxRow| match m.state {
        MailboxState::Active => true,
        MailboxState::Locked { until } => until.is_some_and(|until| until <= now),
        MailboxState::Pending | MailboxState::Deleted => false,
    };
    let wrap = match &mailbox {
        Some(mailbox) => site.store.wrap(&mailbox.id, WrapKind::Password).await.map_err(lost)?,
        None => None,
    };
    let (pepper, id) = (site.keys.pepper.clone(), mailbox.as_ref().map(|m| m.id.clone()).unwrap_or_default());
    let wrap = wrap.filter(|_| mailbox.as_ref().is_some_and(open));
    let verdict = site
        .hash(move || match wrap {
            Some(wrap) => MailboxSecret::unwrap_password(&wrap, &id, &password, &pepper),
            None => MailboxSecret::dummy_unwrap_password(&password, &pepper, &Argon2Cost::standard()),
        })
        .await?
        .map_err(|error| Problem::fault("opening a password wrap", error))?;
    let Some(mailbox) = mailbox.filter(open) else { return Ok(None) };
    match verdict {
        Unwrapped::Opened(opened) => {
            match mailbox.state {
                MailboxState::Locked { .. } => {
                    site.store.unlock_mailbox(&mailbox.id).await.map_err(lost)?;
                }
                MailboxState::Active | MailboxState::Pending | MailboxState::Deleted => {}
            }
            site.store.record_login(&mailbox.id, LoginOutcome::Good, now).await.map_err(lost)?;
            Ok(Some((mailbox.id, opened)))
        }
        Unwrapped::Wrong => {
            count_wrong(site, &mailbox, now).await?;
            Ok(None)
        }
    }
}

/// Counts a wrong password, locks the mailbox if there were too many, and tells its owner.
async fn count_wrong(site: &Site, mailbox: &MailboxRow, now: Timestamp) -> Result<(), Problem> {
    let lost = |error| Problem::fault("counting a wrong password", error);
    let counts = site.store.record_login(&mailbox.id, LoginOutcome::Wrong, now).await.map_err(lost)?;
    let locks = site.config.locks;
    let over = counts.map(|c| c.failed_logins - i64::from(locks.passwords));
    let Some(over) = over.filter(|over| *over >= 0) else {
        return Ok(());
    };
    let doublings = u32::try_from(over).unwrap_or(u32::MAX).min(10);
    let until = now.plus(locks.first.saturating_mul(1 << doublings).min(LONGEST_LOCK));
    if !site.store.lock_mailbox(&mailbox.id, Some(until)).await.map_err(lost)? {
        return Ok(());
    }
    tracing::warn!(mailbox.id = %mailbox.id, "mailbox locked after too many wrong passwords");
    let Ok(to) = Address::parse(&session::address_of(site, mailbox)?) else { return Ok(()) };
    let outgoing = Outgoing {
        mailbox_id: mailbox.id.clone(),
        to,
        language: mailbox.language.clone(),
        about: About::MailboxLocked { until: Some(until) },
    };
    if let Err(error) = site.outbox.post(outgoing).await {
        tracing::error!(mailbox.id = %mailbox.id, error = %error, "the owner of a locked mailbox was not told");
    }
    Ok(())
}

#[derive(Deserialize)]
pub(crate) struct Nothing {}

/// POST /logout
pub(crate) async fn leave(
    site: web::Data<Site>,
    owner: SignedIn,
    form: Protected<Nothing>,
) -> Result<HttpResponse, Problem> {
    let Nothing {} = form.verify(owner.token())?;
    owner.end(&site).await?;
    let mut response = redirect("/?note=left");
    set(&mut response, &session::no_cookie(&site, "session"))?;
    Ok(response)
}

/// A page that may be gone to after the log-in: the inbox or one message, nothing else.
pub(crate) fn target(to: &str) -> Option<&str> {
    (to == "/inbox" || to.strip_prefix("/m/").is_some_and(is_id)).then_some(to)
}

#[cfg(test)]
mod tests {
    use super::target;

    #[test]
    fn nobody_is_sent_elsewhere_after_the_log_in() {
        let id = "0123456789abcdef0123456789abcdef";
        assert_eq!(target("/inbox"), Some("/inbox"));
        assert!(target(&format!("/m/{id}")).is_some());
        for bad in [
            "",
            "/",
            "//evil.example",
            "https://evil.example",
            "/m/x",
            "/logout",
            "/m/../a",
            "/inbox\r\nx: y",
        ] {
            assert_eq!(target(bad), None, "{bad:?}");
        }
        assert_eq!(target(&format!("/m/{id}/eml")), None);
    }
}
