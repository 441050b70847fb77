//! A form submitted after the session had expired: the log-in page carries its text in its own form, and after the
//! log-in it is saved in its draft. Nothing is stored before that; files must be chosen again.

use actix_web::dev::Payload;
use actix_web::{FromRequest as _, HttpRequest, HttpResponse, web};
use sealpost_vault::SessionSecret;

use crate::access::login::late_page;
use crate::access::typed_text::Typed;
use crate::http::cookies::cookie_name;
use crate::http::csrf::{FormToken, Visitor};
use crate::http::multipart::Sheet;
use crate::state::Site;

/// Bytes of files that are read and discarded, so that the browser gets an answer.
const PATIENCE_BYTES: u64 = 64 * 1024 * 1024;

/// The log-in page for an editor form whose session has expired. `None` if it is not such a form: it must carry the
/// token that belongs to the cookie, as always.
pub(crate) async fn typed(
    site: &web::Data<Site>,
    request: &HttpRequest,
    mut payload: Payload,
) -> Option<HttpResponse> {
    // Clients without a session must not use up the memory of those with one.
    let _few = site.late()?;
    let cookie = request.cookie(&cookie_name(&site.origin, "session"))?;
    let token = FormToken::new(SessionSecret::parse(cookie.value())?.csrf());
    let body = web::Payload::from_request(request, &mut payload).await.ok()?;
    let mut sheet = Sheet::open(request, body, &token).await.ok()?;
    let mut passed = 0_u64;
    while let Some(mut file) = sheet.next_file().await.ok()? {
        while let Some(bytes) = file.next().await.ok()? {
            passed = passed.saturating_add(bytes.len() as u64);
            if passed > PATIENCE_BYTES {
                return None;
            }
        }
    }
    let mut fields = sheet.finish().ok()?;
    let mut field = |name| fields.take(name).unwrap_or_default();
    let typed = Typed {
        to: field("to"),
        cc: field("cc"),
        subject: field("subject"),
        text: field("text"),
        carried: false,
    };
    // The script's automatic saving: the script reports the failure.
    if field("do") == "keep" {
        return None;
    }
    let visitor = Visitor::from_request(request, &mut Payload::None).await.ok()?;
    late_page(site, request, &visitor, typed.weighed()).ok()
}
