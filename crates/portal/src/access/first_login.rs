//! The first log-in with an initial password: the owner must choose a password and a question, after which
//! the initial password is void.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use sealpost_mail::Address;
use sealpost_mailbox::{About, Activated, Chosen, OpenedPending, Outgoing};

use crate::access::activate::{self, ActivateForm, Sent};
use crate::access::credentials_form::Entered;
use crate::access::first_login_session::Newcomer;
use crate::access::tell_owner::came_from;
use crate::http::client::Client;
use crate::http::csrf::{Protected, Visitor};
use crate::language::Language;
use crate::links;
use crate::page::{redirect, show_to};
use crate::problem::HINT;
use crate::problem::Problem;
use crate::state::Site;
use crate::state::hashing_queue::Who;
use crate::state::work_pools::Hashing;

/// GET /first
pub(crate) async fn form(
    site: web::Data<Site>,
    request: HttpRequest,
    visitor: Visitor,
    newcomer: Newcomer,
) -> Result<HttpResponse, Problem> {
    let Newcomer { mailbox, secret, hash } = newcomer;
    let good = site.access(None).first_log_in(mailbox, secret, hash)?;
    let page = activate::page_for(&site, &request, &visitor, &good);
    let template =
        activate::whole(&site, page, links::FIRST_LOGIN.to_owned(), good, Entered::default()).await?;
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
    let Newcomer { mailbox, secret, hash } = newcomer;
    let good = site.access(None).first_log_in(mailbox, secret, hash)?;
    let page = activate::page_for(&site, &request, &visitor, &good);
    let Sent { page, mut entered, question, password, answer } =
        activate::judge(&site, page, form, &good).await?;
    let who = Who::Owner(good.mailbox_id.as_bytes().to_vec());
    let hashing = Hashing { site: &site, who: &who };
    if entered.is_good() && site.access(None).is_initial(hashing, &good, &password).await? {
        entered.password_errors.push("password-is-initial");
    }
    if !entered.is_good() {
        let template = activate::whole(&site, page, links::FIRST_LOGIN.to_owned(), good, entered).await?;
        return show_to(&visitor, HINT, &template);
    }
    let language = page.language;
    let chosen = Chosen { password, question, answer, language: language.tag().to_owned() };
    match activate::carry_out(&site, &request, &good, chosen).await? {
        Activated::Done(secret) => {
            tell_owner(&site, &request, &good, language).await;
            activate::enter(&site, &request, &good, &secret).await
        }
        // Another browser was quicker.
        Activated::TooLate => Ok(redirect(links::LOGIN)),
        Activated::Overtaken => Err(activate::OVERTAKEN),
    }
}

/// The initial password may have been told to another person: a reader of the recipient's mail learns that
/// the mailbox is in use. If the mail cannot be sent, the owner is let in nevertheless.
async fn tell_owner(site: &Site, request: &HttpRequest, good: &OpenedPending, language: Language) {
    let Ok(to) = Address::parse(&good.address) else { return };
    let outgoing = Outgoing {
        mailbox_id: good.mailbox_id.clone(),
        to,
        language: language.tag().to_owned(),
        about: About::PasswordChanged { network: came_from(site, request) },
    };
    if let Err(error) = site.outbox.post(outgoing).await {
        tracing::error!(mailbox.id = %good.mailbox_id, error = %error, "the recipient was not notified of a first log-in");
    }
}
