//! "Forgot the answer too": a request with a note how to be reached, which support decides after checking who
//! asks. The answer and its timing are the same whether or not the address has a mailbox.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use sealpost_mail::Address;
use sealpost_mailbox::audit::Actor;
use sealpost_mailbox::{Asker, ask_support};
use serde::Deserialize;

use crate::access::login::FLOOR;
use crate::http::client::Client;
use crate::http::csrf::{Protected, Visitor};
use crate::page::{Page, show_to};
use crate::problem::HINT;
use crate::problem::Problem;
use crate::state::Site;

/// Longest note, in characters.
const MAX_NOTE: usize = 500;

#[derive(Template)]
#[template(path = "support.html")]
struct SupportPage {
    page: Page,
    kept: bool,
    longest: usize,
    address: String,
    note: String,
    address_missing: bool,
    note_missing: bool,
}

#[derive(Template)]
#[template(path = "support-sent.html")]
struct SentPage {
    page: Page,
}

/// GET /support
pub(crate) async fn form(
    site: web::Data<Site>,
    request: HttpRequest,
    visitor: Visitor,
) -> Result<HttpResponse, Problem> {
    let form = SupportForm { address: String::new(), note: String::new() };
    show_to(&visitor, StatusCode::OK, &page(&site, &request, &visitor, form, Attempt::First))
}

#[derive(Deserialize)]
pub(crate) struct SupportForm {
    #[serde(default)]
    address: String,
    #[serde(default)]
    note: String,
}

/// POST /support
pub(crate) async fn submit(
    site: web::Data<Site>,
    request: HttpRequest,
    visitor: Visitor,
    form: Protected<SupportForm>,
) -> Result<HttpResponse, Problem> {
    let form = form.verify(visitor.token())?;
    let client = Client::of(&request, &site.config.trusted_proxies);
    site.limits.attempt(client)?;
    if form.address.trim().is_empty() || form.note.trim().is_empty() {
        return show_to(&visitor, HINT, &page(&site, &request, &visitor, form, Attempt::Incomplete));
    }
    let floor = tokio::time::sleep(FLOOR);
    // A known address costs a written row; that an unknown one does not must not show.
    let noted = actix_web::rt::spawn(note(site.clone(), form, client));
    floor.await;
    if noted.is_finished()
        && let Ok(Err(problem)) = noted.await
    {
        return Err(problem);
    }
    show_to(&visitor, StatusCode::OK, &SentPage { page: Page::open(&site, &request, &visitor) })
}

/// Stores the request, if there is a mailbox it could be for.
async fn note(site: web::Data<Site>, form: SupportForm, client: Client) -> Result<(), Problem> {
    let lost = |error| Problem::fault("a request to support", error);
    let Ok(address) = Address::parse(form.address.trim()) else { return Ok(()) };
    let note: String = form.note.trim().chars().take(MAX_NOTE).collect();
    let (keys, random) = ((&site.keys.tags, &site.keys.rows), site.random.as_ref());
    let asker = Asker { actor: &Actor::Visitor, peer: Some(client.address()) };
    let asked = ask_support(&site.store, keys, &address, &note, &asker, site.now(), random).await;
    if let Some(mailbox_id) = asked.map_err(lost)? {
        tracing::info!(mailbox.id = %mailbox_id, "support was asked to restore access");
    }
    Ok(())
}

/// How often the form was sent.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Attempt {
    /// Not yet.
    First,
    /// With an empty field.
    Incomplete,
}

fn page(
    site: &web::Data<Site>,
    request: &HttpRequest,
    visitor: &Visitor,
    form: SupportForm,
    attempt: Attempt,
) -> SupportPage {
    let is_incomplete = attempt == Attempt::Incomplete;
    SupportPage {
        page: Page::open(site, request, visitor),
        kept: site.keys.escrow_public.is_some(),
        longest: MAX_NOTE,
        address_missing: is_incomplete && form.address.trim().is_empty(),
        note_missing: is_incomplete && form.note.trim().is_empty(),
        address: form.address,
        note: form.note.chars().take(MAX_NOTE).collect(),
    }
}
