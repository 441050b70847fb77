//! The page behind a deletion link, which an owner gets by mail on request: viewing it changes nothing, a
//! ticked box and a button delete the mailbox. Knows neither letter nor address.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use sealpost_mailbox::audit::{Actor, Event, MailboxGone};
use sealpost_mailbox::{About, DeletionLink};
use serde::Deserialize;

use crate::access::activate::LinkPage;
use crate::access::tell_owner::{came_from, tell};
use crate::http::client::Client;
use crate::http::csrf::{Protected, Visitor};
use crate::links;
use crate::page::{Page, redirect, show_to};
use crate::problem::HINT;
use crate::problem::Problem;
use crate::state::Site;

#[derive(Template)]
#[template(path = "deletion.html")]
struct DeletionPage {
    page: Page,
    token: String,
    wrong: Option<&'static str>,
}

/// GET /d/{token}
pub(crate) async fn form(
    site: web::Data<Site>,
    request: HttpRequest,
    visitor: Visitor,
    token: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    match site.access(None).deletion_link(&token).await? {
        DeletionLink::Good(_mailbox, _hash) => {
            show_to(&visitor, StatusCode::OK, &page(&site, &request, &visitor, &token, None))
        }
        bad @ (DeletionLink::Held | DeletionLink::Expired | DeletionLink::Unknown) => {
            explain(&site, &request, &visitor, &bad)
        }
    }
}

#[derive(Deserialize)]
pub(crate) struct DeletionForm {
    #[serde(default)]
    sure: String,
}

/// POST /d/{token}
pub(crate) async fn submit(
    site: web::Data<Site>,
    request: HttpRequest,
    visitor: Visitor,
    token: web::Path<String>,
    form: Protected<DeletionForm>,
) -> Result<HttpResponse, Problem> {
    let DeletionForm { sure } = form.verify(visitor.token())?;
    let client = Client::of(&request, &site.config.trusted_proxies);
    site.limits.attempt(client)?;
    let (mailbox, token_hash) = match site.access(None).deletion_link(&token).await? {
        DeletionLink::Good(mailbox, hash) => (mailbox, hash),
        bad @ (DeletionLink::Held | DeletionLink::Expired | DeletionLink::Unknown) => {
            return explain(&site, &request, &visitor, &bad);
        }
    };
    // A scanner that submits forms ticks no box.
    if sure != "yes" {
        let template = page(&site, &request, &visitor, &token, Some("delete-sure-missing"));
        return show_to(&visitor, HINT, &template);
    }
    let lost = |error| Problem::fault("deleting a mailbox", error);
    let gone = Event::MailboxDeleted { why: MailboxGone::RequestedByMail };
    if !site
        .noting(&gone, &Actor::Owner, Some(client))
        .delete_mailbox_by_link(&mailbox.id, &token_hash, site.config.unread, site.now())
        .await
        .map_err(lost)?
    {
        // Just put under a hold, gone, or invalidated by what its owner did.
        let now = site.access(None).deletion_link(&token).await?;
        return explain(&site, &request, &visitor, &now);
    }
    tracing::info!(mailbox.id = %mailbox.id, "mailbox deleted as its owner requested by mail");
    tell(&site, &mailbox, About::MailboxDeletedAsRequested { network: came_from(&site, &request) }).await?;
    Ok(redirect(&links::saying(links::LOGIN, ("note", "deleted"))))
}

fn page(
    site: &web::Data<Site>,
    request: &HttpRequest,
    visitor: &Visitor,
    token: &str,
    wrong: Option<&'static str>,
) -> DeletionPage {
    DeletionPage { page: Page::open(site, request, visitor), token: token.to_owned(), wrong }
}

fn explain(
    site: &web::Data<Site>,
    request: &HttpRequest,
    visitor: &Visitor,
    link: &DeletionLink,
) -> Result<HttpResponse, Problem> {
    let (status, title, text) = match link {
        DeletionLink::Held => (StatusCode::OK, "deletion-request-held-title", "delete-held"),
        DeletionLink::Expired => (StatusCode::GONE, "link-expired-title", "deletion-request-expired-text"),
        DeletionLink::Unknown | DeletionLink::Good(_, _) => {
            (StatusCode::NOT_FOUND, "link-unknown-title", "deletion-request-unknown-text")
        }
    };
    let page = Page::open(site, request, visitor);
    let template = LinkPage { page, title, text, to_log_in: true, renew: None, support: false };
    show_to(visitor, status, &template)
}
