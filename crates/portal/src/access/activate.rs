//! The activation link: looking at it changes nothing, a complete form makes the mailbox its owner's, once.
//! Link scanners fetch pages and even submit empty forms; neither spends the token.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use sealpost_mail::{Secret, Timestamp};
use sealpost_mailbox::audit::{Actor, Event};
use sealpost_mailbox::{NewPair, Whose, portal_links};
use sealpost_store::{
    Activate, Activation, Folder, MailboxState, Page as StorePage, Proof, TokenPurpose, WrapKind,
};
use sealpost_vault::{Label, MailboxSecret, Unwrapped};
use serde::Deserialize;

use crate::access::credentials_form::{Entered, QuestionForm, Rules, questions};
use crate::access::first_login_session;
use crate::access::known_browser::{self, Of};
use crate::access::link_token::{self, Known};
use crate::access::session;
use crate::http::csrf::{Protected, Visitor};
use crate::language::Language;
use crate::mailbox;
use crate::mailbox::rekey::{own_wraps, take_over};
use crate::middleware::HINT;
use crate::page::{Page, display_name, redirect, set, show_to};
use crate::problem::Problem;
use crate::state::Site;
use crate::state::hashing_queue::Who;
use crate::state::limits::Client;

/// The letter that waits, as far as the operator lets it be seen before activation.
struct Waiting {
    from: Option<String>,
    address: Option<String>,
    subject: Option<String>,
    date: Timestamp,
    more: u64,
}

/// Where a link leads.
enum Link {
    /// To a mailbox that waits for its owner.
    Good(Box<Good>),
    /// Used already, or its mailbox is active.
    Used,
    /// A newer link has taken its place, and the mailbox still waits.
    Superseded,
    /// Too old.
    Expired,
    /// Not one of ours, or changed on the way.
    Unknown,
}

/// A mailbox that waits, opened by whoever may activate it.
pub(crate) struct Good {
    pub(crate) mailbox_id: String,
    pub(crate) tag: [u8; 32],
    pub(crate) proof: Proof,
    pub(crate) secret: MailboxSecret,
    pub(crate) address: String,
    pub(crate) language: Option<Language>,
    pub(crate) deposit_id: Option<String>,
}

#[derive(Template)]
#[template(path = "activate.html")]
pub(crate) struct ActivatePage {
    page: Page,
    /// Where the form goes.
    action: String,
    /// Whether the initial password leads here.
    by_password: bool,
    address: String,
    waiting: Option<Waiting>,
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
    /// The link for which a new one may be asked.
    pub(crate) renew: Option<String>,
    /// Whether the way by support is offered.
    pub(crate) support: bool,
}

/// GET /a/{token}
pub(crate) async fn form(
    site: web::Data<Site>,
    request: HttpRequest,
    visitor: Visitor,
    token: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    match look(&site, &token).await? {
        Link::Good(good) => {
            let page = page_for(&site, &request, &visitor, &good);
            let template =
                whole(&site, page, portal_links::activation(&token), *good, Entered::default()).await?;
            show_to(&visitor, StatusCode::OK, &template)
        }
        bad @ (Link::Used | Link::Superseded | Link::Expired | Link::Unknown) => {
            explain(&site, &request, &visitor, &bad, &token)
        }
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
    let good = match look(&site, &token).await? {
        Link::Good(good) => good,
        bad @ (Link::Used | Link::Superseded | Link::Expired | Link::Unknown) => {
            return explain(&site, &request, &visitor, &bad, &token);
        }
    };
    let page = page_for(&site, &request, &visitor, &good);
    let Sent { page, entered, question, password, answer } = judge(&site, page, form, &good).await?;
    if !entered.is_good() {
        let template = whole(&site, page, portal_links::activation(&token), *good, entered).await?;
        return show_to(&visitor, HINT, &template);
    }
    match carry_out(&site, &request, &good, password, answer, &question, page.language).await? {
        Carried::Activated(secret) => enter(&site, &request, &good, &secret).await,
        Carried::TooLate => explain(&site, &request, &visitor, &Link::Used, ""),
    }
}

/// Signs the new owner in.
pub(crate) async fn enter(
    site: &web::Data<Site>,
    request: &HttpRequest,
    good: &Good,
    secret: &MailboxSecret,
) -> Result<HttpResponse, Problem> {
    tracing::info!(mailbox.id = %good.mailbox_id, "mailbox activated");
    let Some(cookie) = session::begin(site, request, &good.mailbox_id, NewPair::EPOCHS, secret).await? else {
        return Ok(redirect("/"));
    };
    let mut response = redirect("/inbox?welcome=1");
    set(&mut response, &cookie)?;
    let public_key = secret.public().to_bytes();
    let of = Of { tag: &good.tag, public_key: &public_key, epochs: NewPair::EPOCHS };
    set(&mut response, &known_browser::remember(site, request, &of))?;
    for what in ["visit", first_login_session::COOKIE] {
        set(&mut response, &session::no_cookie(site, what))?;
    }
    Ok(response)
}

/// What a link's token stands for, without changing anything.
async fn look(site: &Site, text: &str) -> Result<Link, Problem> {
    let lost = |error| Problem::fault("looking up a link", error);
    let known = link_token::known(site, TokenPurpose::Activation, text).await?;
    let Some(Known { token, hash: token_hash, row }) = known else { return Ok(Link::Unknown) };
    let Some(mailbox) = site.store.mailbox(&row.mailbox_id).await.map_err(lost)? else {
        return Ok(Link::Unknown);
    };
    match mailbox.state {
        // Nobody has a password yet, or has one no more: what spent the link is a newer one.
        MailboxState::Pending if row.spent_at.is_some() => return Ok(Link::Superseded),
        MailboxState::Pending => {}
        MailboxState::Active | MailboxState::Locked => return Ok(Link::Used),
        MailboxState::Deleted => return Ok(Link::Expired),
    }
    if row.expires_at <= site.now() {
        return Ok(Link::Expired);
    }
    let Some(wrap) = site.store.wrap(&mailbox.id, WrapKind::Activation).await.map_err(lost)? else {
        return Ok(Link::Expired);
    };
    let secret = match MailboxSecret::unwrap_activation(&wrap, &mailbox.id, &token, &site.keys.pepper) {
        Ok(Unwrapped::Opened(secret)) => secret,
        // The token is known, but a newer one has taken the wrap over.
        Ok(Unwrapped::Wrong) => return Ok(Link::Superseded),
        Err(error) => return Err(Problem::fault("opening an activation wrap", error)),
    };
    let Some(resident) = session::resident_of(site, &mailbox, &secret, "activation") else {
        return Ok(Link::Unknown);
    };
    Ok(Link::Good(Box::new(Good {
        proof: Proof::Token(token_hash),
        tag: mailbox.tag,
        secret,
        address: resident.address_text().to_owned(),
        language: Language::parse(&mailbox.language).filter(|language| site.languages.contains(language)),
        deposit_id: row.deposit_id,
        mailbox_id: mailbox.id,
    })))
}

/// The mailbox's language, unless the reader has chosen one here.
pub(crate) fn page_for(
    site: &web::Data<Site>,
    request: &HttpRequest,
    visitor: &Visitor,
    good: &Good,
) -> Page {
    let mut page = Page::open(site, request, visitor);
    let chosen = request.cookie(&session::cookie_name(site, "language")).is_some();
    if let Some(language) = good.language.filter(|_| !chosen) {
        page.language = language;
    }
    page
}

/// The page with its form.
pub(crate) async fn whole(
    site: &web::Data<Site>,
    page: Page,
    action: String,
    good: Good,
    entered: Entered,
) -> Result<ActivatePage, Problem> {
    Ok(ActivatePage {
        waiting: waiting(site, &good).await?,
        questions: questions(site, page.language),
        address: good.address.clone(),
        rules: site.config.password.into(),
        kept_by_support: site.keys.escrow_public.is_some(),
        by_password: matches!(good.proof, Proof::Newcomer(_)),
        page,
        action,
        entered,
    })
}

/// The letter named in the mail that carried the link; else the newest.
async fn waiting(site: &Site, good: &Good) -> Result<Option<Waiting>, Problem> {
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
    Ok(Some(Waiting {
        from: from.and_then(display_name).map(str::to_owned),
        address: from.and_then(|f| f.address.clone()),
        subject: summary.as_ref().and_then(|s| s.subject.clone()).filter(|_| site.config.show_subject),
        date: row.received_at,
        more: counts.total.saturating_sub(1),
    }))
}

/// A form, judged.
pub(crate) struct Sent {
    /// In the language chosen.
    pub(crate) page: Page,
    pub(crate) entered: Entered,
    pub(crate) question: String,
    pub(crate) password: Secret<String>,
    pub(crate) answer: Secret<String>,
}

/// Judges a form.
pub(crate) async fn judge(
    site: &Site,
    mut page: Page,
    form: ActivateForm,
    good: &Good,
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

/// What came of an activation.
pub(crate) enum Carried {
    /// The mailbox is its owner's; this is its new secret.
    Activated(Box<MailboxSecret>),
    /// Somebody was quicker, or the link has run out meanwhile.
    TooLate,
}

/// Gives the mailbox a new key pair, wraps its secret under what its owner chose, and makes it active in one
/// transaction.
pub(crate) async fn carry_out(
    site: &web::Data<Site>,
    request: &HttpRequest,
    good: &Good,
    password: Secret<String>,
    answer: Secret<String>,
    question: &str,
    language: Language,
) -> Result<Carried, Problem> {
    let pair = NewPair::generate(site.random.as_ref());
    let who = Who::Owner(good.mailbox_id.as_bytes().to_vec());
    let wraps = own_wraps(&pair, site, &who, &good.mailbox_id, password, answer).await?;
    let question_sealed =
        site.keys.rows.seal(Label::Question, &good.mailbox_id, question.as_bytes(), site.random.as_ref());
    let whose = Whose { mailbox_id: &good.mailbox_id, address: &good.address };
    for _ in 0..NewPair::RACES {
        let wish = Activate {
            mailbox_id: good.mailbox_id.clone(),
            proof: good.proof,
            now: site.now(),
            rekey: take_over(&pair, site, &whose, &good.secret).await?,
            wraps: wraps.clone(),
            question_sealed: Some(question_sealed.clone()),
            language: language.tag().to_owned(),
            letters_until: site.config.retention.activated(site.now()),
        };
        let client = Client::of(request, &site.config.trusted_proxies);
        let event = Event::MailboxActivated { mailbox: &good.mailbox_id };
        let ended = site.noting(&event, &Actor::Owner, Some(client)).activate(wish).await;
        match ended.map_err(|error| Problem::fault("activating a mailbox", error))? {
            Activation::Activated => return Ok(Carried::Activated(Box::new(pair.secret))),
            Activation::NotPending | Activation::TokenSpent => return Ok(Carried::TooLate),
            Activation::Moved => {}
        }
    }
    Err(Problem::Busy("letters come faster than a mailbox is opened"))
}

fn explain(
    site: &web::Data<Site>,
    request: &HttpRequest,
    visitor: &Visitor,
    link: &Link,
    token: &str,
) -> Result<HttpResponse, Problem> {
    let (status, title, text, to_log_in) = match link {
        Link::Used => (StatusCode::GONE, "link-used-title", "link-used-text", true),
        Link::Superseded => (StatusCode::GONE, "link-superseded-title", "link-superseded-text", false),
        Link::Expired => (StatusCode::GONE, "link-expired-title", "link-expired-text", false),
        Link::Unknown | Link::Good(_) => {
            (StatusCode::NOT_FOUND, "link-unknown-title", "link-unknown-text", false)
        }
    };
    let renew = match link {
        Link::Expired | Link::Superseded => Some(token.to_owned()),
        Link::Used | Link::Unknown | Link::Good(_) => None,
    };
    let page = Page::open(site, request, visitor);
    let template = LinkPage { page, title, text, to_log_in, renew, support: false };
    show_to(visitor, status, &template)
}
