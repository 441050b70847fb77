//! Newcomers: those who have entered the initial password and must choose their own first. Opens one page and
//! nothing else: only activation leads from here to a `SignedIn`.

use std::time::Duration;

use actix_web::cookie::Cookie;
use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpMessage, HttpRequest};
use futures_util::future::{Ready, ready};
use sealpost_store::{MailboxRow, MailboxState, NewNewcomer};
use sealpost_vault::{Bearer, Held, MailboxSecret, SessionHash, SessionSecret};

use crate::access::session::{is_of, refused};
use crate::http::cookies::{cookie, cookie_name};
use crate::problem::Problem;
use crate::state::Site;
use sealpost_mail::ActivateBy;

/// The name of the cookie.
pub(crate) const COOKIE: &str = "first";
/// Time for choosing a password; every view of the page restarts it.
const LASTS: Duration = Duration::from_secs(2 * 60 * 60);

/// A client with the initial password of a pending mailbox.
pub(crate) struct Newcomer {
    /// The row of the mailbox.
    pub(crate) mailbox: MailboxRow,
    /// The secret key of the mailbox.
    pub(crate) secret: MailboxSecret,
    /// Authorises the activation.
    pub(crate) hash: SessionHash,
}

/// Put there by the guard of the route; a route without that guard has none.
impl FromRequest for Newcomer {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(request.extensions_mut().remove::<Self>().ok_or(Problem::SignIn))
    }
}

fn held(mailbox_id: &str) -> Held<'_> {
    // Its row has no beginning: it ends with the activation.
    Held { bearer: Bearer::Newcomer, mailbox_id, since: 0, epochs: "" }
}

/// The newcomer of a request.
pub(crate) async fn find(site: &Site, request: &HttpRequest) -> Result<Newcomer, Problem> {
    match site.config.activate_by {
        ActivateBy::InitialPassword => {}
        // Initial passwords are not used.
        ActivateBy::Link => return Err(Problem::SignIn),
    }
    let cookie = request.cookie(&cookie_name(&site.origin, COOKIE)).ok_or(Problem::SignIn)?;
    let secret = SessionSecret::parse(cookie.value()).ok_or(Problem::SessionOver)?;
    let (hash, now) = (secret.hash(), site.now());
    let lost = |error| Problem::fault("looking up a newcomer", error);
    let row = site.store.newcomer(&hash, now).await.map_err(lost)?.ok_or(Problem::SessionOver)?;
    let mailbox = site.store.mailbox(&row.mailbox_id).await.map_err(lost)?.ok_or(Problem::SessionOver)?;
    match mailbox.state {
        MailboxState::Pending => {}
        MailboxState::Active | MailboxState::Locked | MailboxState::Deleted => {
            return Err(Problem::SessionOver);
        }
    }
    let opened = secret.open_mailbox_secret(&row.secret_sealed, &held(&row.mailbox_id), &site.keys.sessions);
    let opened = opened.map_err(|error| refused("newcomer", &mailbox.id, error))?;
    if !is_of(site, &mailbox, &opened, "newcomer") {
        return Err(Problem::SessionOver);
    }
    site.store.touch_newcomer(&hash, now, now.plus(LASTS)).await.map_err(lost)?;
    Ok(Newcomer { mailbox, secret: opened, hash })
}

/// Begins a newcomer session. `None`: the mailbox is not pending any more.
pub(crate) async fn begin(
    site: &Site,
    mailbox_id: &str,
    opened: &MailboxSecret,
) -> Result<Option<Cookie<'static>>, Problem> {
    let (text, hash) = SessionSecret::issue(site.random.as_ref());
    let secret =
        SessionSecret::parse(text.expose()).ok_or_else(|| Problem::Fault("newcomer's cookie".into()))?;
    let newcomer = NewNewcomer {
        hash,
        mailbox_id: mailbox_id.to_owned(),
        secret_sealed: secret.seal_mailbox_secret(
            opened,
            &held(mailbox_id),
            &site.keys.sessions,
            site.random.as_ref(),
        ),
        expires_at: site.now().plus(LASTS),
    };
    let begun = site.store.begin_newcomer(newcomer).await;
    let begun = begun.map_err(|error| Problem::fault("remembering a newcomer", error))?;
    Ok(begun.then(|| cookie(&site.origin, cookie_name(&site.origin, COOKIE), text.expose().clone())))
}
