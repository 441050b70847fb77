//! Browsers from which somebody has logged in: their wrong passwords count apart from strangers'. Their cookie opens
//! nothing, is no factor, and is worth nothing any more once the mailbox has another password, question or key pair, or
//! its owner has left everywhere. Knows no page.

use actix_web::HttpRequest;
use actix_web::cookie::Cookie;
use actix_web::cookie::time::Duration;

use crate::http::cookies::{cookie, cookie_name};
use crate::problem::Problem;
use crate::state::Site;

const COOKIE: &str = "known";
/// Kept so long by a browser from which somebody has logged in.
const KEPT: Duration = Duration::days(180);

/// Of whose mailbox a browser is known.
pub(crate) struct Of<'a> {
    /// The tag of its address.
    pub(crate) tag: &'a [u8; 32],
    pub(crate) public_key: &'a [u8],
    pub(crate) epochs: &'a str,
}

/// The cookie for a browser from which somebody has just logged in: the one it has, if that is good, else a new one. So
/// that one browser counts once, however often it comes.
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

/// Under which tag the passwords of this request for the address of that tag count: the browser's own if it is known,
/// else the address's.
pub(crate) async fn tries_of(
    site: &Site,
    request: &HttpRequest,
    tag: &[u8; 32],
) -> Result<[u8; 32], Problem> {
    let cookie = request.cookie(&cookie_name(&site.origin, COOKIE));
    let Some(device) = cookie.and_then(|cookie| site.keys.tags.known_device(tag, cookie.value())) else {
        return Ok(*tag);
    };
    // Asked for nobody but who has been in this mailbox: how long it takes tells them nothing.
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
