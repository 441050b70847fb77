//! Renews an expired link by mail, to the mailbox's own address and never on the page; at once, or after a decision of
//! support. A person who asks for a new password without ever having had one gets the first link again.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use sealpost_mail::{Address, Timestamp};
use sealpost_mailbox::audit::{Actor, Event};
use sealpost_mailbox::{About, Outgoing, Renewed};
use sealpost_store::{Folder, MailboxRow, Page as StorePage, RequestKind};
use sealpost_vault::{MailboxSecret, Token};
use serde::Deserialize;

use crate::access::login::FLOOR;
use crate::access::session;
use crate::access::tell_owner::tell;
use crate::access::throttle::{throttle, uncounted};
use crate::config::Renewal;
use crate::http::client::Client;
use crate::http::csrf::{Protected, Visitor};
use crate::mailbox;
use crate::page::{Page, show_to};
use crate::problem::Problem;
use crate::state::Site;

#[derive(Template)]
#[template(path = "renew-sent.html")]
struct SentPage {
    page: Page,
    at_once: bool,
}

#[derive(Deserialize)]
pub(crate) struct Nothing {}

/// POST /a/{token}/renew
pub(crate) async fn submit(
    site: web::Data<Site>,
    request: HttpRequest,
    visitor: Visitor,
    token: web::Path<String>,
    form: Protected<Nothing>,
) -> Result<HttpResponse, Problem> {
    let Nothing {} = form.verify(visitor.token())?;
    let client = Client::of(&request, &site.config.trusted_proxies);
    site.limits.attempt(client)?;
    let floor = tokio::time::sleep(FLOOR);
    if let Some(mailbox) = site.access(None).waiting_mailbox(&token).await? {
        match site.config.renewal {
            Renewal::AtOnce => send(&site, &mailbox, client).await?,
            Renewal::Request => {
                let event = Event::RequestMade { mailbox: &mailbox.id, kind: RequestKind::Renewal.as_str() };
                let noting = site.noting(&event, &Actor::Visitor, Some(client));
                let asked = noting.ask(&mailbox.id, RequestKind::Renewal, None, site.now()).await;
                asked.map_err(|error| Problem::fault("a request to support", error))?;
            }
        }
    }
    floor.await;
    let at_once = match site.config.renewal {
        Renewal::AtOnce => true,
        Renewal::Request => false,
    };
    show_to(&visitor, StatusCode::OK, &SentPage { page: Page::open(&site, &request, &visitor), at_once })
}

/// Sends the first link again to a person who claims a forgotten password: it is still valid, so it is not changed. An
/// expired one is renewed if the operator allows that at once. Anybody may ask, so it is done once an hour at most.
pub(crate) async fn remind(site: &Site, mailbox: &MailboxRow, client: Client) -> Result<(), Problem> {
    let lost = |error| Problem::fault("reminding of a link", error);
    if !throttle(site).may_remind(&mailbox.id).await.map_err(uncounted)? {
        return Ok(());
    }
    let ends = site.store.activation_end(&mailbox.id).await.map_err(lost)?;
    let ends = ends.filter(|ends| *ends > site.now());
    match (ends, site.access(None).kept_link(mailbox).await?, site.config.renewal) {
        (Some(ends), Some((token, secret)), _) => post(site, mailbox, &secret, &token, ends).await,
        (None, Some(_), Renewal::AtOnce) => send(site, mailbox, client).await,
        (None, Some(_), Renewal::Request) | (_, None, _) => Ok(()),
    }
}

/// Replaces the old links by a new one, and mails it like the first one.
async fn send(site: &Site, mailbox: &MailboxRow, client: Client) -> Result<(), Problem> {
    match site.access(Some(client)).renew_link(mailbox, &site.config.retention).await? {
        Some(Renewed { token, secret, expires }) => post(site, mailbox, &secret, &token, expires).await,
        None => Ok(()),
    }
}

/// Queues a mail like the first one.
async fn post(
    site: &Site,
    mailbox: &MailboxRow,
    secret: &MailboxSecret,
    token: &Token,
    expires: Timestamp,
) -> Result<(), Problem> {
    let lost = |error| Problem::fault("renewing a link", error);
    if mailbox.activated_at.is_some() {
        return tell(site, mailbox, About::Reactivation { token: token.text(), expires }).await;
    }
    let newest = StorePage { offset: 0, limit: 1 };
    let row = site.store.deposits(&mailbox.id, Folder::Inbox, newest).await.map_err(lost)?.pop();
    let summary = row.as_ref().and_then(|row| mailbox::waiting(site, &mailbox.id, secret, row));
    let from = summary.as_ref().and_then(|s| s.from.first());
    let Ok(to) = Address::parse(&session::address_of(site, mailbox)?) else { return Ok(()) };
    let outgoing = Outgoing {
        mailbox_id: mailbox.id.clone(),
        to,
        language: mailbox.language.clone(),
        about: About::Activation {
            from_name: from.and_then(|from| from.name.clone()),
            from_address: from.and_then(|from| from.address.clone()).unwrap_or_default(),
            subject: summary.as_ref().and_then(|s| s.subject.clone()),
            date: row.map_or_else(|| site.now(), |row| row.received_at),
            token: token.text(),
            expires,
        },
    };
    site.outbox.post(outgoing).await.map_err(|error| Problem::fault("mailing a new link", error))
}
