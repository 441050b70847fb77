//! The end of a session is announced two minutes before by the script, and its button asks here for more time.
//! Without scripts every page says when the session ends, and what is sent too late comes back after the log-in.

use actix_web::{HttpResponse, web};

use crate::access::session::SignedIn;
use crate::state::Site;

/// GET /alive: the guard has prolonged the session already; says how many seconds there are until the warning.
pub(crate) async fn alive(site: web::Data<Site>, owner: SignedIn) -> HttpResponse {
    HttpResponse::Ok().content_type("text/plain; charset=utf-8").body(owner.quiet_for(site.now()).to_string())
}
