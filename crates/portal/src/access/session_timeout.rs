//! The script announces a session's expiry two minutes before, and its button requests an extension here.
//! Without scripts every page says when the session expires, and what is sent too late is kept over the
//! log-in.

use actix_web::{HttpResponse, web};

use crate::access::session::SignedIn;
use crate::state::Site;

/// GET /alive: the guard has already extended the session; returns the seconds until the warning.
pub(crate) async fn alive(site: web::Data<Site>, owner: SignedIn) -> HttpResponse {
    HttpResponse::Ok().content_type("text/plain; charset=utf-8").body(owner.quiet_for(site.now()).to_string())
}
