//! Known browsers, from which an owner has logged in: their failed passwords count separately from strangers'. Their
//! cookie opens nothing, is no authentication factor, and becomes void when the password, question or key pair of the
//! mailbox changes, or its owner logs out everywhere. Knows no page.

use actix_web::HttpRequest;
use actix_web::cookie::Cookie;
use actix_web::cookie::time::Duration;

use crate::http::cookies::{cookie, cookie_name};
use crate::problem::Problem;
use crate::state::Site;

const COOKIE: &str = "known";
/// How long a browser keeps the cookie.
const KEPT: Duration = Duration::days(180);

/// The mailbox that a browser is known for.
pub(crate) struct Of<'a> {
    /// The tag of its address.
    pub(crate) tag: &'a [u8; 32],
    pub(crate) public_key: &'a [u8],
    pub(crate) epochs: &'a str,
}

/// The cookie for a browser from which an owner has just logged in: its present one if valid, otherwise a new one. So a
/// browser counts once, however often it logs in.
pub(crate) fn remember(site: &Site, request: &HttpRequest, of: &Of<'_>) -> Cookie<'static> {
    let word = site.keys.tags.device_word(of.public_key, of.epochs);
    let present = request.cookie(&cookie_name(&site.origin, COOKIE)).filter(|cookie| {
        let device = site.keys.tags.known_device(of.tag, cookie.value());
        device.is_some_and(|device| device.word == word)
    });
    let text = match present {
        Some(present) => present.value().to_owned(),
        None => site.keys.tags.know_device(of.tag, &word, site.random.as_ref()).expose().clone(),
    };
    let mut cookie = cookie(&site.origin, cookie_name(&site.origin, COOKIE), text);
    cookie.set_max_age(KEPT);
    cookie
}

/// The tag under which failed passwords of this request for that address count: the browser's own if it is known,
/// otherwise the address's.
pub(crate) async fn tries_of(
    site: &Site,
    request: &HttpRequest,
    tag: &[u8; 32],
) -> Result<[u8; 32], Problem> {
    let cookie = request.cookie(&cookie_name(&site.origin, COOKIE));
    let Some(device) = cookie.and_then(|cookie| site.keys.tags.known_device(tag, cookie.value())) else {
        return Ok(*tag);
    };
    // Looked up only for those who have been in this mailbox: its timing tells them nothing new.
    let found = site.store.mailboxes_by_tag(&[*tag]).await;
    let mailbox = found.map_err(|error| Problem::fault("looking up a mailbox", error))?.pop();
    let word = mailbox.map(|mailbox| site.keys.tags.device_word(&mailbox.public_key, &mailbox.epochs));
    Ok(if word == Some(device.word) { device.tag } else { *tag })
}

/// The same for answers.
pub(crate) async fn answers_of(
    site: &Site,
    request: &HttpRequest,
    tag: &[u8; 32],
) -> Result<[u8; 32], Problem> {
    Ok(site.keys.tags.count_tag("answer", &tries_of(site, request, tag).await?))
}
