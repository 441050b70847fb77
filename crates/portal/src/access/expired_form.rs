//! What was typed and sent when the session was over already: the log-in page holds it in its own form, and after
//! the log-in it is in its draft. Nothing is stored before that; files have to be chosen again.

use actix_web::dev::Payload;
use actix_web::{FromRequest as _, HttpRequest, HttpResponse, web};
use sealpost_vault::SessionSecret;

use crate::access::login::late_page;
use crate::access::typed_text::Typed;
use crate::http::cookies::cookie_name;
use crate::http::csrf::{FormToken, Visitor};
use crate::http::multipart::Sheet;
use crate::state::Site;

/// Bytes of files that are read past, so that the browser gets an answer.
const PATIENCE_BYTES: u64 = 64 * 1024 * 1024;

/// The log-in page for a form of the editor whose session is over. Nothing if it is no such form: it must carry the
/// token that belongs to the cookie, as ever.
pub(crate) async fn typed(
    site: &web::Data<Site>,
    request: &HttpRequest,
    mut payload: Payload,
) -> Option<HttpResponse> {
    // Whoever has no session must not take the memory of those who have.
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
    // The script's own saving: it says by itself that it failed.
    if field("do") == "keep" {
        return None;
    }
    let visitor = Visitor::from_request(request, &mut Payload::None).await.ok()?;
    late_page(site, request, &visitor, typed.weighed()).ok()
}
