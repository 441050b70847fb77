//! "Forgot password", first half: the client names an address. The answer and its timing are the same whether
//! or not the address has a mailbox; the next step is in its owner's mail.

use std::time::Duration;

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use sealpost_mail::{Address, Secret, Timestamp};
use sealpost_mailbox::{About, Outgoing, ResetToken};
use sealpost_store::{MailboxRow, MailboxState};
use serde::Deserialize;

use crate::access::login::FLOOR;
use crate::access::renew;
use crate::access::session;
use crate::config::ResetBy;
use crate::http::client::Client;
use crate::http::csrf::{Protected, Visitor};
use crate::links;
use crate::page::{Page, redirect, show_to};
use crate::problem::HINT;
use crate::problem::Problem;
use crate::state::Site;
use crate::state::decoys::Pass;

/// Time for answering the question if no mail is sent.
const PAGE_LASTS: Duration = Duration::from_secs(15 * 60);

#[derive(Template)]
#[template(path = "forgot.html")]
struct ForgotPage {
    page: Page,
    by_mail: bool,
    missing: bool,
}

#[derive(Template)]
#[template(path = "forgot-sent.html")]
struct SentPage {
    page: Page,
    address: String,
}

/// GET /forgot
pub(crate) async fn form(
    site: web::Data<Site>,
    request: HttpRequest,
    visitor: Visitor,
) -> Result<HttpResponse, Problem> {
    let page = Page::open(&site, &request, &visitor);
    let template = ForgotPage { page, by_mail: by_mail(&site), missing: false };
    show_to(&visitor, StatusCode::OK, &template)
}

#[derive(Deserialize)]
pub(crate) struct ForgotForm {
    #[serde(default)]
    address: String,
}

/// POST /forgot
pub(crate) async fn submit(
    site: web::Data<Site>,
    request: HttpRequest,
    visitor: Visitor,
    form: Protected<ForgotForm>,
) -> Result<HttpResponse, Problem> {
    let ForgotForm { address } = form.verify(visitor.token())?;
    let client = Client::of(&request, &site.config.trusted_proxies);
    site.limits.attempt(client)?;
    let page = Page::open(&site, &request, &visitor);
    let typed = address.trim().to_owned();
    if typed.is_empty() {
        return show_to(&visitor, HINT, &ForgotPage { page, by_mail: by_mail(&site), missing: true });
    }
    let floor = tokio::time::sleep(FLOOR);
    let identity = Address::parse(&typed).map_or_else(|_none| typed.to_lowercase(), |a| a.identity());
    let tag = site.keys.tags.address_tag(&identity);
    match site.config.reset {
        ResetBy::LinkAndAnswer => {
            // In the background: how long writing and queueing a mail takes, or whether it fails, reveals
            // nothing.
            let site = site.clone();
            actix_web::rt::spawn(async move {
                if let Err(problem) = patiently(async || begin(&site, tag, client).await).await {
                    tracing::error!(http.problem = %problem, "a reset link was not mailed");
                }
            });
            floor.await;
            show_to(&visitor, StatusCode::OK, &SentPage { page, address: typed })
        }
        ResetBy::Answer => {
            // Nothing is looked up or stored: it cannot reveal who has a mailbox.
            let pass = Pass::issue(&site, &tag, site.now().plus(PAGE_LASTS));
            floor.await;
            Ok(redirect(&links::reset(&pass)))
        }
    }
}

fn by_mail(site: &Site) -> bool {
    match site.config.reset {
        ResetBy::LinkAndAnswer => true,
        ResetBy::Answer => false,
    }
}

/// Runs it, retrying while the store is only busy: a link was promised.
async fn patiently<T>(mut attempt: impl AsyncFnMut() -> Result<T, Problem>) -> Result<T, Problem> {
    for seconds in [1, 2, 4, 8, 16, 32, 64] {
        match attempt().await {
            Err(Problem::Busy(_)) => tokio::time::sleep(Duration::from_secs(seconds)).await,
            done => return done,
        }
    }
    attempt().await
}

/// Mails a link to the owner of that address, if it has a mailbox.
async fn begin(site: &Site, tag: [u8; 32], client: Client) -> Result<(), Problem> {
    let lost = |error| Problem::fault("a forgotten password", error);
    let mailbox = site.store.mailboxes_by_tag(&[tag]).await.map_err(lost)?.pop();
    let Some(mailbox) = mailbox else { return Ok(()) };
    // No password has been chosen yet: what is missing is the first mail.
    if mailbox.state == MailboxState::Pending {
        renew::remind(site, &mailbox, client).await?;
    }
    if let Some(ResetToken { text, expires }) = site.access(Some(client)).begin_reset(&mailbox).await? {
        patiently(async || mail(site, &mailbox, text.clone(), expires).await).await?;
    }
    Ok(())
}

async fn mail(
    site: &Site,
    mailbox: &MailboxRow,
    token: Secret<String>,
    expires: Timestamp,
) -> Result<(), Problem> {
    let Ok(to) = Address::parse(&session::address_of(site, mailbox)?) else { return Ok(()) };
    let outgoing = Outgoing {
        mailbox_id: mailbox.id.clone(),
        to,
        language: mailbox.language.clone(),
        about: About::ResetLink { token, expires },
    };
    site.outbox.post(outgoing).await.map_err(|error| Problem::fault("mailing a reset link", error))
}
