//! The first log-in with an initial password: an own password and a question must be chosen, then it is void.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use sealpost_mail::{Address, Secret};
use sealpost_mailbox::{About, Outgoing};
use sealpost_store::{Proof, WrapKind};
use sealpost_vault::{MailboxSecret, Unwrapped};

use crate::access::activate::{self, ActivateForm, Carried, Good, Sent};
use crate::access::credentials_form::Entered;
use crate::access::first_login_session::Newcomer;
use crate::access::reset::came_from;
use crate::access::session;
use crate::http::csrf::{Protected, Visitor};
use crate::language::Language;
use crate::middleware::HINT;
use crate::page::{redirect, show_to};
use crate::problem::Problem;
use crate::state::Site;
use crate::state::hashing_queue::Who;
use crate::state::limits::Client;

/// Where the form goes.
const HERE: &str = "/first";

/// GET /first
pub(crate) async fn form(
    site: web::Data<Site>,
    request: HttpRequest,
    visitor: Visitor,
    newcomer: Newcomer,
) -> Result<HttpResponse, Problem> {
    let good = good(&site, newcomer)?;
    let page = activate::page_for(&site, &request, &visitor, &good);
    let template = activate::whole(&site, page, HERE.to_owned(), good, Entered::default()).await?;
    show_to(&visitor, StatusCode::OK, &template)
}

/// POST /first
pub(crate) async fn submit(
    site: web::Data<Site>,
    request: HttpRequest,
    visitor: Visitor,
    newcomer: Newcomer,
    form: Protected<ActivateForm>,
) -> Result<HttpResponse, Problem> {
    let form = form.verify(visitor.token())?;
    site.limits.attempt(Client::of(&request, &site.config.trusted_proxies))?;
    let good = good(&site, newcomer)?;
    let page = activate::page_for(&site, &request, &visitor, &good);
    let Sent { page, mut entered, question, password, answer } =
        activate::judge(&site, page, form, &good).await?;
    if entered.is_good() && is_initial(&site, &good, &password).await? {
        entered.password_errors.push("password-is-initial");
    }
    if !entered.is_good() {
        let template = activate::whole(&site, page, HERE.to_owned(), good, entered).await?;
        return show_to(&visitor, HINT, &template);
    }
    match activate::carry_out(&site, &request, &good, password, answer, &question, page.language).await? {
        Carried::Activated(secret) => {
            tell_owner(&site, &request, &good, page.language).await;
            activate::enter(&site, &request, &good, &secret).await
        }
        // Somebody was quicker, in another browser.
        Carried::TooLate => Ok(redirect("/")),
    }
}

/// The password was told, perhaps to somebody else: whoever reads the recipient's mail learns that the mailbox is in
/// use. That it is not said is no reason to keep its owner out.
async fn tell_owner(site: &Site, request: &HttpRequest, good: &Good, language: Language) {
    let Ok(to) = Address::parse(&good.address) else { return };
    let outgoing = Outgoing {
        mailbox_id: good.mailbox_id.clone(),
        to,
        language: language.tag().to_owned(),
        about: About::PasswordChanged { forgotten: false, network: came_from(site, request) },
    };
    if let Err(error) = site.outbox.post(outgoing).await {
        tracing::error!(mailbox.id = %good.mailbox_id, error = %error, "nobody was told of a first log-in");
    }
}

fn good(site: &Site, newcomer: Newcomer) -> Result<Good, Problem> {
    let Newcomer { mailbox, secret, hash } = newcomer;
    Ok(Good {
        proof: Proof::Newcomer(hash),
        secret,
        address: session::address_of(site, &mailbox)?,
        language: Language::parse(&mailbox.language).filter(|language| site.languages.contains(language)),
        deposit_id: None,
        tag: mailbox.tag,
        mailbox_id: mailbox.id,
    })
}

/// Somebody else has told it, and it may lie in two mailboxes and on a note.
async fn is_initial(site: &Site, good: &Good, password: &Secret<String>) -> Result<bool, Problem> {
    let wrap = site.store.wrap(&good.mailbox_id, WrapKind::Initial).await;
    let wrap = wrap.map_err(|error| Problem::fault("looking up an initial password", error))?;
    let (id, pepper, password) = (good.mailbox_id.clone(), site.keys.pepper.clone(), password.clone());
    let Some(wrap) = wrap else { return Ok(false) };
    let verdict = site
        .hash(&Who::Owner(good.mailbox_id.as_bytes().to_vec()), move || {
            MailboxSecret::unwrap_initial(&wrap, &id, &password, &pepper)
        })
        .await?;
    match verdict.map_err(|error| Problem::fault("opening an initial password", error))? {
        Unwrapped::Opened(_) => Ok(true),
        Unwrapped::Wrong => Ok(false),
    }
}
