//! Cookies: their names and attributes. Does not know what they contain.

use actix_web::cookie::{Cookie, SameSite};

use crate::http::origin::PublicOrigin;

/// `__Host-` binds a cookie to this very host (RFC 6265bis §4.1.3.2); it needs https, so the plain demo on
/// loopback goes without.
pub(crate) fn cookie_name(origin: &PublicOrigin, what: &str) -> String {
    if origin.https { format!("__Host-sealpost-{what}") } else { format!("sealpost-{what}") }
}

/// `Lax`, not `Strict`: a logged-in owner who follows the link in a notice must reach the inbox. No GET
/// changes anything, and every form carries its own proof (csrf.rs).
pub(crate) fn cookie(origin: &PublicOrigin, name: String, value: String) -> Cookie<'static> {
    Cookie::build(name, value)
        .path("/")
        .secure(origin.https)
        .http_only(true)
        .same_site(SameSite::Lax)
        .finish()
}

/// A cookie that removes itself.
pub(crate) fn no_cookie(origin: &PublicOrigin, what: &str) -> Cookie<'static> {
    let mut gone = cookie(origin, cookie_name(origin, what), String::new());
    gone.make_removal();
    gone
}
