//! The page behind the link that an owner gets who wished by mail that the mailbox be deleted: looking changes nothing, a
//! ticked box and a button delete it. Knows neither letter nor address.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use sealpost_mailbox::audit::{Actor, Event, MailboxGone};
use sealpost_store::{MailboxRow, MailboxState, TokenPurpose};
use serde::Deserialize;

use crate::access::activate::LinkPage;
use crate::access::link_token::{self, Known};
use crate::access::reset::{came_from, tell};
use crate::http::csrf::{Protected, Visitor};
use crate::middleware::HINT;
use crate::page::{Page, redirect, show_to};
use crate::problem::Problem;
use crate::state::Site;
use crate::state::limits::Client;

/// Where a link leads.
enum Link {
    /// To a mailbox that may be deleted.
    Good(Box<MailboxRow>, [u8; 32]),
    /// To one that is held.
    Held,
    /// Too old, or overtaken by what its owner did since.
    Expired,
    /// Not one of ours, changed on the way, or its mailbox is gone.
    Unknown,
}

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
    match look(&site, &token).await? {
        Link::Good(_mailbox, _hash) => {
            show_to(&visitor, StatusCode::OK, &page(&site, &request, &visitor, &token, None))
        }
        bad @ (Link::Held | Link::Expired | Link::Unknown) => explain(&site, &request, &visitor, &bad),
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
    let (mailbox, token_hash) = match look(&site, &token).await? {
        Link::Good(mailbox, hash) => (mailbox, hash),
        bad @ (Link::Held | Link::Expired | Link::Unknown) => {
            return explain(&site, &request, &visitor, &bad);
        }
    };
    // A scanner that sends forms ticks nothing.
    if sure != "yes" {
        let template = page(&site, &request, &visitor, &token, Some("delete-sure-missing"));
        return show_to(&visitor, HINT, &template);
    }
    let lost = |error| Problem::fault("deleting a mailbox", error);
    let gone = Event::MailboxDeleted { why: MailboxGone::WishedByMail };
    if !site
        .noting(&gone, &Actor::Owner, Some(client))
        .delete_mailbox_by_link(&mailbox.id, &token_hash, site.now())
        .await
        .map_err(lost)?
    {
        // Held in this moment, gone, or overtaken by what its owner did.
        let now = look(&site, &token).await?;
        return explain(&site, &request, &visitor, &now);
    }
    tracing::info!(mailbox.id = %mailbox.id, "mailbox deleted by its owner's wish");
    tell(&site, &mailbox, sealpost_mailbox::About::MailboxDeleted { network: came_from(&site, &request) })
        .await?;
    Ok(redirect("/?note=deleted"))
}

/// What a link's token stands for, without changing anything.
async fn look(site: &Site, text: &str) -> Result<Link, Problem> {
    let lost = |error| Problem::fault("looking up a link", error);
    let Some(Known { row, hash, .. }) = link_token::known(site, TokenPurpose::Deletion, text).await? else {
        return Ok(Link::Unknown);
    };
    let Some(mailbox) = site.store.mailbox(&row.mailbox_id).await.map_err(lost)? else {
        return Ok(Link::Unknown);
    };
    Ok(match mailbox.state {
        MailboxState::Deleted => Link::Unknown,
        // Support has locked it because somebody else may have its mail.
        MailboxState::Locked => Link::Expired,
        MailboxState::Pending | MailboxState::Active => {
            match (row.spent_at.is_some() || row.expires_at <= site.now(), mailbox.held_since) {
                (true, _) => Link::Expired,
                (false, Some(_)) => Link::Held,
                (false, None) => Link::Good(Box::new(mailbox), hash),
            }
        }
    })
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
    link: &Link,
) -> Result<HttpResponse, Problem> {
    let (status, title, text) = match link {
        Link::Held => (StatusCode::OK, "wish-held-title", "delete-held"),
        Link::Expired => (StatusCode::GONE, "link-expired-title", "wish-expired-text"),
        Link::Unknown | Link::Good(_, _) => {
            (StatusCode::NOT_FOUND, "link-unknown-title", "wish-unknown-text")
        }
    };
    let page = Page::open(site, request, visitor);
    let template = LinkPage { page, title, text, to_log_in: true, renew: None, support: false };
    show_to(visitor, status, &template)
}
