//! Log-in and log-out. The answer and its timing are the same for an unknown address, a wrong password, a
//! locked and a pending mailbox: the answer does not disclose who has a mailbox.

use std::time::Duration;

use actix_web::cookie::Cookie;
use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use sealpost_mail::{Address, Secret};
use sealpost_mailbox::audit::Failure;
use sealpost_mailbox::{About, LogInOutcome, Tried, is_id};
use sealpost_store::Ended;
use serde::Deserialize;

use crate::access::first_login_session;
use crate::access::known_browser::{self, Of, answers_of};
use crate::access::session::{self, SignedIn};
use crate::access::tell_owner::{tell, tell_of_lock};
use crate::access::throttle::{closing, note_failure, throttle, uncounted};
use crate::access::typed_text::{self, Typed};
use crate::http::client::Client;
use crate::http::cookies::{cookie_name, no_cookie};
use crate::http::csrf::{Protected, Visitor};
use crate::http::network;
use crate::links;
use crate::page::{Page, redirect, set, show_to};
use crate::problem::HINT;
use crate::problem::Problem;
use crate::state::Site;
use crate::state::hashing_queue::Who;
use sealpost_mail::ActivateBy;

/// After its turn in the queue, no refusal is faster than this, whatever had to be looked up.
pub(crate) const FLOOR: Duration = Duration::from_millis(400);

/// Prefix of the note that says why a session was ended.
pub(crate) const ENDED: &str = "ended-";

/// The note above the form.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Note {
    None,
    /// The owner has logged out.
    Left,
    /// The session expired.
    Over,
    /// The session was ended, for this reason.
    Ended(Ended),
    /// The session expired while something was written, which is kept here.
    Kept,
    /// Address or password is wrong.
    Wrong,
    /// A new password is set.
    Reset,
    /// The mailbox is deleted.
    Deleted,
    /// Too many tries: wait this number of seconds.
    Wait(u64),
    /// Too many tries: wait this number of minutes.
    WaitLong(u64),
}

impl Note {
    fn wait(seconds: u64) -> Self {
        if seconds < 120 { Self::Wait(seconds) } else { Self::WaitLong(seconds.div_ceil(60)) }
    }
}

#[derive(Template)]
#[template(path = "login.html")]
struct LoginPage {
    page: Page,
    note: Note,
    address: String,
    to: String,
    /// How mailboxes are activated.
    activate_by: ActivateBy,
    /// What was submitted after the session had expired.
    typed: Option<Typed>,
}

impl LoginPage {
    fn new(site: &Site, page: Page, note: Note) -> Self {
        let activate_by = site.config.activate_by;
        Self { page, note, address: String::new(), to: String::new(), activate_by, typed: None }
    }

    fn is_carried(&self) -> bool {
        self.typed.as_ref().is_some_and(|typed| typed.carried)
    }

    /// The key of the reason why the session ended.
    fn ended(&self) -> Option<&'static str> {
        match self.note {
            Note::Ended(Ended::PasswordChanged) => Some("login-ended-password"),
            Note::Ended(Ended::QuestionChanged) => Some("login-ended-question"),
            Note::Ended(Ended::PasswordReset) => Some("login-ended-reset"),
            Note::Ended(Ended::Everywhere) => Some("login-ended-everywhere"),
            Note::Ended(Ended::Support) => Some("login-ended-support"),
            Note::Ended(Ended::Deleted) => Some("login-ended-deleted"),
            Note::None
            | Note::Left
            | Note::Over
            | Note::Kept
            | Note::Wrong
            | Note::Reset
            | Note::Deleted
            | Note::Wait(_)
            | Note::WaitLong(_) => None,
        }
    }

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
        Ok(_signed_in) => return Ok(redirect(target(&arrival.to).unwrap_or(links::INBOX))),
        Err(Problem::SignIn | Problem::SessionOver | Problem::SessionEnded(_)) => {}
        Err(other) => return Err(other),
    }
    let note = match arrival.note.as_str() {
        "left" => Note::Left,
        "over" => Note::Over,
        word if word.starts_with(ENDED) => {
            word.strip_prefix(ENDED).and_then(Ended::of).map_or(Note::Over, Note::Ended)
        }
        "reset" => Note::Reset,
        "deleted" => Note::Deleted,
        _ => Note::None,
    };
    match first_login_session::find(&site, &request).await {
        Ok(_) => return Ok(redirect(links::FIRST_LOGIN)),
        Err(Problem::SignIn | Problem::SessionOver | Problem::SessionEnded(_)) => {}
        Err(other) => return Err(other),
    }
    let mut template = LoginPage::new(&site, Page::open(&site, &request, &visitor), note);
    target(&arrival.to).unwrap_or_default().clone_into(&mut template.to);
    show_to(&visitor, StatusCode::OK, &template)
}

/// The log-in page that carries what was typed after the session had expired.
pub(crate) fn late_page(
    site: &web::Data<Site>,
    request: &HttpRequest,
    visitor: &Visitor,
    typed: Typed,
) -> Result<HttpResponse, Problem> {
    let mut page = Page::open(site, request, visitor);
    // There is no page to return to in another language.
    page.here = "/".to_owned();
    let mut template = LoginPage::new(site, page, Note::Kept);
    target(request.path()).unwrap_or_default().clone_into(&mut template.to);
    template.typed = Some(typed);
    show_to(visitor, StatusCode::OK, &template)
}

#[derive(Deserialize)]
pub(crate) struct LoginForm {
    #[serde(default)]
    address: String,
    #[serde(default)]
    password: String,
    #[serde(default)]
    to: String,
    /// Whether the form carries text typed after the session had expired.
    #[serde(default)]
    pub(crate) kept: bool,
    #[serde(default)]
    pub(crate) kept_to: String,
    #[serde(default)]
    pub(crate) kept_cc: String,
    #[serde(default)]
    pub(crate) kept_subject: String,
    #[serde(default)]
    pub(crate) kept_text: String,
}

impl LoginForm {
    /// What was typed before the session expired, if the form carries it.
    fn typed(&self) -> Option<Typed> {
        self.kept.then(|| Typed {
            to: self.kept_to.clone(),
            cc: self.kept_cc.clone(),
            subject: self.kept_subject.clone(),
            text: self.kept_text.clone(),
            carried: true,
        })
    }
}

/// POST /login
pub(crate) async fn submit(
    site: web::Data<Site>,
    request: HttpRequest,
    visitor: Visitor,
    form: Protected<LoginForm>,
) -> Result<HttpResponse, Problem> {
    let form = form.verify(visitor.token())?;
    let typed = form.typed();
    let LoginForm { address, password, to, .. } = form;
    let client = Client::of(&request, &site.config.trusted_proxies);
    // An invalid address has a tag too, so that it is processed in the same way.
    let named = address.trim();
    let identity = Address::parse(named).map_or_else(|_none| named.to_lowercase(), |a| a.identity());
    let tag = site.keys.tags.address_tag(&identity);
    let whose = known_browser::tries_of(&site, &request, &tag).await?;
    // A known browser is counted separately, whatever shares its network address.
    if whose == tag {
        site.limits.attempt(client)?;
    }
    let refused = |status, note| {
        let mut template = LoginPage::new(&site, Page::open(&site, &request, &visitor), note);
        template.address.clone_from(&address);
        target(&to).unwrap_or_default().clone_into(&mut template.to);
        template.typed.clone_from(&typed);
        show_to(&visitor, status, &template)
    };
    // Waiting in the queue comes before anything is looked up. Only what comes after it can distinguish
    // addresses, and that takes equally long for all of them, however many are waiting.
    let who = if whose == tag { Who::Stranger(client) } else { Who::Owner(tag.to_vec()) };
    let turn = site.hashing_turn(&who).await?;
    let floor = tokio::time::sleep(FLOOR);
    let lost = |error| Problem::fault("log-in", error);
    let mailbox = site.store.mailboxes_by_tag(&[tag]).await.map_err(lost)?.pop();
    let mailbox_id = mailbox.as_ref().map(|mailbox| mailbox.id.as_str());
    // A known browser does not have to wait for what others do at the same network address.
    let seconds = if whose == tag {
        throttle(&site).network_waits(client.address()).await.map_err(uncounted)?
    } else {
        None
    };
    let tried = match seconds {
        Some(seconds) => Tried::Wait(seconds),
        None => throttle(&site).password_of(&tag, whose).await.map_err(uncounted)?,
    };
    let counted = match tried {
        Tried::Counted(counted) => counted,
        Tried::Wait(seconds) => {
            drop(turn);
            note_failure(&site, Failure::Refused, mailbox_id, client).await?;
            floor.await;
            return refused(StatusCode::TOO_MANY_REQUESTS, Note::wait(seconds));
        }
    };
    let came = site.access(None).try_password(turn, mailbox.as_ref(), Secret::new(password)).await?;
    match (came, mailbox) {
        (LogInOutcome::Owner(opened), Some(mailbox)) => {
            let mut settled = counted.settled();
            if whose != tag {
                settled.forgiven.push(answers_of(&site, &request, &tag).await?);
            }
            let begun = session::begin_by_log_in(&site, &request, &mailbox, &opened, &settled).await?;
            if let Some(cookie) = begun {
                if whose == tag {
                    site.limits.right(client);
                    let about = About::NewBrowser { network: network::shortened(client) };
                    tell(&site, &mailbox, about).await?;
                }
                let mut next = target(&to).unwrap_or(links::INBOX).to_owned();
                if let Some(typed) = typed.clone() {
                    next = match typed_text::restore(&site, &mailbox.id, &opened, &next, typed).await {
                        Ok(true) => links::saying(&next, ("note", "late")),
                        Ok(false) => links::DRAFTS.to_owned(),
                        Err(problem) => {
                            // The page still has the text; an error page would not.
                            tracing::error!(http.problem = %problem, "a late text is not in its draft");
                            return refused(StatusCode::SERVICE_UNAVAILABLE, Note::Kept);
                        }
                    };
                }
                let of = Of { tag: &tag, public_key: &mailbox.public_key, epochs: &mailbox.epochs };
                let known = known_browser::remember(&site, &request, &of);
                return welcome(&site, &next, &[cookie, known, no_cookie(&site.origin, "visit")]);
            }
        }
        (LogInOutcome::Newcomer(opened), Some(mailbox)) => {
            if let Some(cookie) = first_login_session::begin(&site, &mailbox.id, &opened).await? {
                throttle(&site).right(counted).await.map_err(uncounted)?;
                // A client that is counted separately has used nothing that could be returned.
                if whose == tag {
                    site.limits.right(client);
                }
                return welcome(&site, links::FIRST_LOGIN, &[cookie]);
            }
        }
        (LogInOutcome::Stranger, mailbox) => {
            site.turns.wrong(client, site.now());
            throttle(&site).wrong_from(client.address()).await.map_err(uncounted)?;
            let mailbox_id = mailbox.as_ref().map(|mailbox| mailbox.id.as_str());
            note_failure(&site, Failure::Wrong, mailbox_id, client).await?;
            let closing = closing(&site, mailbox_id, client);
            let until = throttle(&site).wrong(counted, &closing).await.map_err(uncounted)?;
            if let (Some(mailbox), Some(until)) = (mailbox, until) {
                tell_of_lock(&site, &mailbox, until).await?;
            }
        }
        (LogInOutcome::Owner(_) | LogInOutcome::Newcomer(_), None) => {}
    }
    floor.await;
    refused(HINT, Note::Wrong)
}

/// Redirects to `to`, with these cookies.
fn welcome(site: &Site, to: &str, cookies: &[Cookie<'static>]) -> Result<HttpResponse, Problem> {
    let mut response = redirect(to);
    // A user is not a newcomer and an owner at once.
    if cookies.iter().all(|cookie| cookie.name() != cookie_name(&site.origin, first_login_session::COOKIE)) {
        set(&mut response, &no_cookie(&site.origin, first_login_session::COOKIE))?;
    }
    cookies.iter().try_for_each(|cookie| set(&mut response, cookie))?;
    Ok(response)
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
    let mut response = redirect(&links::saying(links::LOGIN, ("note", "left")));
    set(&mut response, &no_cookie(&site.origin, "session"))?;
    Ok(response)
}

/// A page that may be opened after the log-in: the inbox, one message or one draft, nothing else.
pub(crate) fn target(to: &str) -> Option<&str> {
    let one = links::letter_of(to).or_else(|| links::draft_of(to)).is_some_and(is_id);
    (to == links::INBOX || one).then_some(to)
}

#[cfg(test)]
mod tests {
    use super::target;

    #[test]
    fn nobody_is_sent_elsewhere_after_the_log_in() {
        let id = "0123456789abcdef0123456789abcdef";
        assert_eq!(target("/inbox"), Some("/inbox"));
        assert!(target(&format!("/m/{id}")).is_some() && target(&format!("/w/{id}")).is_some());
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
