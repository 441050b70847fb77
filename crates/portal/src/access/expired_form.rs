//! What was typed and sent when the session was over already: the log-in page holds it in its own form, and after
//! the log-in it is in its draft. Nothing is stored before that; files have to be chosen again.

use actix_web::dev::Payload;
use actix_web::{FromRequest as _, HttpRequest, HttpResponse, web};
use sealpost_vault::{MailboxSecret, SessionSecret};

use crate::access::login::{LoginForm, late_page};
use crate::access::session;
use crate::http::csrf::{FormToken, Visitor};
use crate::http::multipart::Sheet;
use crate::problem::Problem;
use crate::state::Site;
use crate::writing::draft;

/// What the log-in form can carry, as it is encoded. Longer texts are shown, to be copied.
const MAX_CARRIED: usize = 48 * 1024;
/// Bytes of files that are read past, so that the browser gets an answer.
const PATIENCE_BYTES: u64 = 64 * 1024 * 1024;

/// What was typed.
#[derive(Clone, Default)]
pub(crate) struct Typed {
    pub(crate) to: String,
    pub(crate) cc: String,
    pub(crate) subject: String,
    pub(crate) text: String,
    /// Whether the form can carry it.
    pub(crate) carried: bool,
}

impl Typed {
    /// What the log-in form brought along.
    pub(crate) fn of(form: &LoginForm) -> Option<Self> {
        form.kept.then(|| Self {
            to: form.kept_to.clone(),
            cc: form.kept_cc.clone(),
            subject: form.kept_subject.clone(),
            text: form.kept_text.clone(),
            carried: true,
        })
    }

    fn weighed(mut self) -> Self {
        let encoded =
            |text: &str| text.bytes().map(|b| if b.is_ascii_alphanumeric() { 1 } else { 3 }).sum::<usize>();
        let all = [&self.to, &self.cc, &self.subject, &self.text];
        self.carried = all.into_iter().map(|text| encoded(text)).sum::<usize>() <= MAX_CARRIED;
        self
    }
}

/// The log-in page for a form of the editor whose session is over. Nothing if it is no such form: it must carry the
/// token that belongs to the cookie, as ever.
pub(crate) async fn typed(
    site: &web::Data<Site>,
    request: &HttpRequest,
    mut payload: Payload,
) -> Option<HttpResponse> {
    // Whoever has no session must not take the memory of those who have.
    let _few = site.late()?;
    let cookie = request.cookie(&session::cookie_name(site, "session"))?;
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

/// Puts what was typed into the draft it was typed for. `false`: that draft is not there, or not this mailbox's.
pub(crate) async fn restore(
    site: &Site,
    mailbox_id: &str,
    secret: &MailboxSecret,
    to: &str,
    typed: Typed,
) -> Result<bool, Problem> {
    let Some(id) = to.strip_prefix("/w/") else { return Ok(false) };
    let mut found = match draft::find(site, mailbox_id, secret, id).await {
        Ok(found) => found,
        Err(Problem::NotFound) => return Ok(false),
        Err(other) => return Err(other),
    };
    found.content.type_in(Some(typed.to), Some(typed.cc), Some(typed.subject), Some(typed.text));
    draft::save(site, mailbox_id, secret, &found).await
}
