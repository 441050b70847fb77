//! The activation link: viewing it changes nothing, and a complete form activates the mailbox, once. Link
//! scanners fetch pages and even submit empty forms; neither spends the token.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use sealpost_mail::{ActivateBy, Secret, Timestamp};
use sealpost_mailbox::{Activated, ActivationLink, Chosen, NewPair, OpenedPending};
use sealpost_store::{Folder, Page as StorePage, Proof};
use sealpost_vault::MailboxSecret;
use serde::Deserialize;

use crate::access::credentials_form::{Entered, QuestionForm, Rules, questions};
use crate::access::first_login_session;
use crate::access::known_browser::{self, Of};
use crate::access::session;
use crate::http::client::Client;
use crate::http::cookies::{cookie_name, no_cookie};
use crate::http::csrf::{Protected, Visitor};
use crate::language::Language;
use crate::links;
use crate::mailbox;
use crate::page::{Page, display_name, redirect, set, show_to};
use crate::problem::HINT;
use crate::problem::Problem;
use crate::state::Site;
use crate::state::hashing_queue::Who;
use crate::state::work_pools::{Hashing, Sealing};

/// The waiting letter, as far as the operator lets it be seen before activation.
struct WaitingLetter {
    from: Option<String>,
    address: Option<String>,
    subject: Option<String>,
    date: Timestamp,
    more: u64,
}

#[derive(Template)]
#[template(path = "activate.html")]
pub(crate) struct ActivatePage {
    page: Page,
    /// Target of the form.
    action: String,
    /// How the owner reached the form.
    came_by: ActivateBy,
    address: String,
    waiting: Option<WaitingLetter>,
    questions: Vec<(String, String)>,
    entered: Entered,
    rules: Rules,
    kept_by_support: bool,
}

#[derive(Template)]
#[template(path = "link.html")]
pub(crate) struct LinkPage {
    pub(crate) page: Page,
    pub(crate) title: &'static str,
    pub(crate) text: &'static str,
    pub(crate) to_log_in: bool,
    /// The link for which a new one can be requested.
    pub(crate) renew: Option<String>,
    /// Whether the way through support is offered.
    pub(crate) support: bool,
}

/// GET /a/{token}
pub(crate) async fn form(
    site: web::Data<Site>,
    request: HttpRequest,
    visitor: Visitor,
    token: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    match site.access(None).activation_link(&token).await? {
        ActivationLink::Good(good) => {
            let page = page_for(&site, &request, &visitor, &good);
            let template = whole(&site, page, links::activation(&token), *good, Entered::default()).await?;
            show_to(&visitor, StatusCode::OK, &template)
        }
        bad @ (ActivationLink::Used
        | ActivationLink::Superseded
        | ActivationLink::Expired
        | ActivationLink::Unknown) => explain(&site, &request, &visitor, &bad, &token),
    }
}

#[derive(Deserialize)]
pub(crate) struct ActivateForm {
    #[serde(default)]
    password: String,
    #[serde(default)]
    repeat: String,
    #[serde(default)]
    question: String,
    #[serde(default)]
    own_question: String,
    #[serde(default)]
    answer: String,
    #[serde(default)]
    language: String,
}

/// POST /a/{token}
pub(crate) async fn submit(
    site: web::Data<Site>,
    request: HttpRequest,
    visitor: Visitor,
    token: web::Path<String>,
    form: Protected<ActivateForm>,
) -> Result<HttpResponse, Problem> {
    let form = form.verify(visitor.token())?;
    site.limits.attempt(Client::of(&request, &site.config.trusted_proxies))?;
    let good = match site.access(None).activation_link(&token).await? {
        ActivationLink::Good(good) => good,
        bad @ (ActivationLink::Used
        | ActivationLink::Superseded
        | ActivationLink::Expired
        | ActivationLink::Unknown) => {
            return explain(&site, &request, &visitor, &bad, &token);
        }
    };
    let page = page_for(&site, &request, &visitor, &good);
    let Sent { page, entered, question, password, answer } = judge(&site, page, form, &good).await?;
    if !entered.is_good() {
        let template = whole(&site, page, links::activation(&token), *good, entered).await?;
        return show_to(&visitor, HINT, &template);
    }
    let chosen = Chosen { password, question, answer, language: page.language.tag().to_owned() };
    match carry_out(&site, &request, &good, chosen).await? {
        Activated::Done(secret) => enter(&site, &request, &good, &secret).await,
        Activated::TooLate => explain(&site, &request, &visitor, &ActivationLink::Used, ""),
        Activated::Overtaken => Err(OVERTAKEN),
    }
}

/// Logs the new owner in.
pub(crate) async fn enter(
    site: &web::Data<Site>,
    request: &HttpRequest,
    good: &OpenedPending,
    secret: &MailboxSecret,
) -> Result<HttpResponse, Problem> {
    tracing::info!(mailbox.id = %good.mailbox_id, "mailbox activated");
    let Some(cookie) = session::begin(site, request, &good.mailbox_id, NewPair::EPOCHS, secret).await? else {
        return Ok(redirect(links::LOGIN));
    };
    let mut response = redirect(&links::saying(links::INBOX, ("welcome", "1")));
    set(&mut response, &cookie)?;
    let public_key = secret.public().to_bytes();
    let of = Of { tag: &good.tag, public_key: &public_key, epochs: NewPair::EPOCHS };
    set(&mut response, &known_browser::remember(site, request, &of))?;
    for what in ["visit", first_login_session::COOKIE] {
        set(&mut response, &no_cookie(&site.origin, what))?;
    }
    Ok(response)
}

/// The mailbox's language, unless the reader has chosen one here.
pub(crate) fn page_for(
    site: &web::Data<Site>,
    request: &HttpRequest,
    visitor: &Visitor,
    good: &OpenedPending,
) -> Page {
    let mut page = Page::open(site, request, visitor);
    let chosen = request.cookie(&cookie_name(&site.origin, "language")).is_some();
    let own = Language::parse(&good.language).filter(|language| site.languages.contains(language));
    if let Some(language) = own.filter(|_| !chosen) {
        page.language = language;
    }
    page
}

/// Renders the page with its form.
pub(crate) async fn whole(
    site: &web::Data<Site>,
    page: Page,
    action: String,
    good: OpenedPending,
    entered: Entered,
) -> Result<ActivatePage, Problem> {
    Ok(ActivatePage {
        waiting: waiting(site, &good).await?,
        questions: questions(site, page.language),
        address: good.address.clone(),
        rules: site.config.password.into(),
        kept_by_support: site.keys.escrow_public.is_some(),
        came_by: match good.proof {
            Proof::Newcomer(_) => ActivateBy::InitialPassword,
            Proof::Token(_) => ActivateBy::Link,
        },
        page,
        action,
        entered,
    })
}

/// The letter named in the mail that carried the link; otherwise the newest.
async fn waiting(site: &Site, good: &OpenedPending) -> Result<Option<WaitingLetter>, Problem> {
    let lost = |error| Problem::fault("looking up the waiting letter", error);
    let named = match &good.deposit_id {
        Some(id) => site.store.deposit(&good.mailbox_id, id).await.map_err(lost)?.map(|letter| letter.row),
        None => None,
    };
    let row = match named {
        Some(row) => Some(row),
        None => {
            let first = StorePage { offset: 0, limit: 1 };
            site.store.deposits(&good.mailbox_id, Folder::Inbox, first).await.map_err(lost)?.pop()
        }
    };
    let Some(row) = row else { return Ok(None) };
    let counts = site.store.deposit_counts(&good.mailbox_id, Folder::Inbox).await.map_err(lost)?;
    let summary = mailbox::waiting(site, &good.mailbox_id, &good.secret, &row);
    let from = summary.as_ref().and_then(|s| s.from.first());
    Ok(Some(WaitingLetter {
        from: from.and_then(display_name).map(str::to_owned),
        address: from.and_then(|f| f.address.clone()),
        subject: summary.as_ref().and_then(|s| s.subject.clone()).filter(|_| site.config.show_subject),
        date: row.received_at,
        more: counts.total.saturating_sub(1),
    }))
}

/// A checked activation form.
pub(crate) struct Sent {
    /// In the chosen language.
    pub(crate) page: Page,
    pub(crate) entered: Entered,
    pub(crate) question: String,
    pub(crate) password: Secret<String>,
    pub(crate) answer: Secret<String>,
}

/// Checks an activation form.
pub(crate) async fn judge(
    site: &Site,
    mut page: Page,
    form: ActivateForm,
    good: &OpenedPending,
) -> Result<Sent, Problem> {
    let chosen = Language::parse(&form.language).filter(|language| site.languages.contains(language));
    if let Some(chosen) = chosen {
        page.language = chosen;
    }
    let mut entered = Entered::default();
    entered.judge_password(site, &form.password, &form.repeat, &good.address).await?;
    let asked =
        QuestionForm { question: &form.question, own_question: &form.own_question, answer: &form.answer };
    let question = entered.judge_question(site, &asked, &questions(site, page.language), &form.password);
    let (password, answer) = (Secret::new(form.password), Secret::new(form.answer));
    Ok(Sent { page, entered, question, password, answer })
}

/// Activates the mailbox.
pub(crate) async fn carry_out(
    site: &Site,
    request: &HttpRequest,
    waiting: &OpenedPending,
    chosen: Chosen,
) -> Result<Activated, Problem> {
    let client = Client::of(request, &site.config.trusted_proxies);
    let who = Who::Owner(waiting.mailbox_id.as_bytes().to_vec());
    let (hashing, sealing) = (Hashing { site, who: &who }, Sealing { site, mailbox_id: &waiting.mailbox_id });
    site.access(Some(client)).activate(hashing, sealing, waiting, chosen, &site.config.retention).await
}

/// Nothing is changed, and the same form may succeed a moment later.
pub(crate) const OVERTAKEN: Problem = Problem::Busy("letters come faster than a mailbox is opened");

fn explain(
    site: &web::Data<Site>,
    request: &HttpRequest,
    visitor: &Visitor,
    link: &ActivationLink,
    token: &str,
) -> Result<HttpResponse, Problem> {
    let (status, title, text, to_log_in) = match link {
        ActivationLink::Used => (StatusCode::GONE, "link-used-title", "link-used-text", true),
        ActivationLink::Superseded => {
            (StatusCode::GONE, "link-superseded-title", "link-superseded-text", false)
        }
        ActivationLink::Expired => (StatusCode::GONE, "link-expired-title", "link-expired-text", false),
        ActivationLink::Unknown | ActivationLink::Good(_) => {
            (StatusCode::NOT_FOUND, "link-unknown-title", "link-unknown-text", false)
        }
    };
    let renew = match link {
        ActivationLink::Expired | ActivationLink::Superseded => Some(token.to_owned()),
        ActivationLink::Used | ActivationLink::Unknown | ActivationLink::Good(_) => None,
    };
    let page = Page::open(site, request, visitor);
    let template = LinkPage { page, title, text, to_log_in, renew, support: false };
    show_to(visitor, status, &template)
}
