//! A logged-in owner changes the password or the security question. Both require the current password: an
//! unlocked screen is not enough.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use sealpost_mail::Secret;
use sealpost_mailbox::audit::{Event, Failure};
use sealpost_mailbox::{About, LogInOutcome, NewCredential, Owner, Tried};
use sealpost_store::MailboxRow;
use sealpost_vault::MailboxSecret;
use serde::Deserialize;

use crate::access::credentials_form::{Entered, QuestionForm, Rules, questions};
use crate::access::known_browser::{self, Of};
use crate::access::session::SignedIn;
use crate::access::tell_owner::{came_from, tell, tell_of_lock};
use crate::access::throttle::{note_failure, throttle, uncounted};
use crate::http::client::Client;
use crate::http::csrf::Protected;
use crate::links;
use crate::page::{Page, redirect, set, show};
use crate::problem::HINT;
use crate::problem::Problem;
use crate::state::Site;
use crate::state::hashing_queue::Who;
use crate::state::work_pools::Hashing;

#[derive(Template)]
#[template(path = "account-password.html")]
struct PasswordPage {
    page: Page,
    entered: Entered,
    rules: Rules,
}

#[derive(Template)]
#[template(path = "account-question.html")]
struct QuestionPage {
    page: Page,
    present: Option<String>,
    entered: Entered,
    questions: Vec<(String, String)>,
    kept_by_support: bool,
}

/// Result of asking for the current password.
pub(crate) enum Confirmed {
    Right(MailboxSecret),
    /// The key of the message to show.
    Not(&'static str),
}

/// Whether the user knows the password. Wrong ones count for this session: they lock out no other session, and
/// those of others do not count here.
pub(crate) async fn confirm(
    site: &web::Data<Site>,
    request: &HttpRequest,
    owner: &SignedIn,
    password: Secret<String>,
) -> Result<Confirmed, Problem> {
    if password.expose().is_empty() {
        return Ok(Confirmed::Not("current-missing"));
    }
    let client = Client::of(request, &site.config.trusted_proxies);
    site.limits.attempt(client)?;
    confirm_counted(site, client, owner, password).await
}

/// The same, after the attempt was counted.
async fn confirm_counted(
    site: &web::Data<Site>,
    client: Client,
    owner: &SignedIn,
    password: Secret<String>,
) -> Result<Confirmed, Problem> {
    let counted = match throttle(site).password(*owner.session()).await.map_err(uncounted)? {
        Tried::Counted(counted) => counted,
        Tried::Wait(_) => {
            note_failure(site, Failure::Refused, Some(owner.mailbox_id()), client).await?;
            return Ok(Confirmed::Not("current-wait"));
        }
    };
    let mailbox = mailbox(site, owner).await?;
    let turn = site.hashing_turn(&whose(owner)).await?;
    match site.access(None).try_password(turn, Some(&mailbox), password).await? {
        LogInOutcome::Owner(opened) => {
            throttle(site).right(counted).await.map_err(uncounted)?;
            Ok(Confirmed::Right(opened))
        }
        LogInOutcome::Newcomer(_) | LogInOutcome::Stranger => {
            note_failure(site, Failure::Wrong, Some(owner.mailbox_id()), client).await?;
            let closed = owner.noting(site, &Event::LogInClosed { mailbox: owner.mailbox_id() });
            if let Some(until) = throttle(site).wrong(counted, &closed).await.map_err(uncounted)? {
                tell_of_lock(site, &mailbox, until).await?;
            }
            Ok(Confirmed::Not("current-wrong"))
        }
    }
}

/// The queue entry of a logged-in owner.
fn whose(owner: &SignedIn) -> Who {
    Who::Owner(owner.mailbox_id().as_bytes().to_vec())
}

pub(crate) async fn mailbox(site: &Site, owner: &SignedIn) -> Result<MailboxRow, Problem> {
    let found = site.store.mailbox(owner.mailbox_id()).await;
    found.map_err(|error| Problem::fault("looking up a mailbox", error))?.ok_or(Problem::SessionOver)
}

/// GET /account/password
pub(crate) async fn password_form(
    site: web::Data<Site>,
    request: HttpRequest,
    owner: SignedIn,
) -> Result<HttpResponse, Problem> {
    password_page(&site, &request, &owner, StatusCode::OK, Entered::default())
}

#[derive(Deserialize)]
pub(crate) struct PasswordForm {
    #[serde(default)]
    current: String,
    #[serde(default)]
    password: String,
    #[serde(default)]
    repeat: String,
}

/// POST /account/password
pub(crate) async fn change_password(
    site: web::Data<Site>,
    request: HttpRequest,
    owner: SignedIn,
    form: Protected<PasswordForm>,
) -> Result<HttpResponse, Problem> {
    let form = form.verify(owner.token())?;
    let mut entered = Entered::default();
    if form.current.is_empty() {
        entered.current_error = Some("current-missing");
        return password_page(&site, &request, &owner, HINT, entered);
    }
    // Judging takes longer than other pages: it is counted like the change itself.
    let client = Client::of(&request, &site.config.trusted_proxies);
    site.limits.attempt(client)?;
    entered.judge_password(&site, &form.password, &form.repeat, owner.address()).await?;
    let opened = match entered.is_good() {
        true => match confirm_counted(&site, client, &owner, Secret::new(form.current)).await? {
            Confirmed::Right(opened) => Some(opened),
            Confirmed::Not(key) => {
                entered.current_error = Some(key);
                None
            }
        },
        false => None,
    };
    let Some(opened) = opened else { return password_page(&site, &request, &owner, HINT, entered) };
    let new = NewCredential::Password(Secret::new(form.password));
    change(&site, &owner, &opened, new).await?;
    let network = came_from(&site, &request);
    done(&site, &request, &owner, About::PasswordChanged { network }).await
}

/// GET /account/question
pub(crate) async fn question_form(
    site: web::Data<Site>,
    request: HttpRequest,
    owner: SignedIn,
) -> Result<HttpResponse, Problem> {
    question_page(&site, &request, &owner, StatusCode::OK, Entered::default()).await
}

#[derive(Deserialize)]
pub(crate) struct AnswerForm {
    #[serde(default)]
    current: String,
    #[serde(default)]
    question: String,
    #[serde(default)]
    own_question: String,
    #[serde(default)]
    answer: String,
}

/// POST /account/question
pub(crate) async fn change_question(
    site: web::Data<Site>,
    request: HttpRequest,
    owner: SignedIn,
    form: Protected<AnswerForm>,
) -> Result<HttpResponse, Problem> {
    let form = form.verify(owner.token())?;
    let language = Page::owned(&site, &request, &owner).language;
    let mut entered = Entered::default();
    let asked =
        QuestionForm { question: &form.question, own_question: &form.own_question, answer: &form.answer };
    let question = entered.judge_question(&site, &asked, &questions(&site, language), &form.current);
    let opened = match entered.is_good() {
        true => match confirm(&site, &request, &owner, Secret::new(form.current)).await? {
            Confirmed::Right(opened) => Some(opened),
            Confirmed::Not(key) => {
                entered.current_error = Some(key);
                None
            }
        },
        false => None,
    };
    let Some(opened) = opened else { return question_page(&site, &request, &owner, HINT, entered).await };
    let new = NewCredential::Question { question, answer: Secret::new(form.answer) };
    change(&site, &owner, &opened, new).await?;
    let network = came_from(&site, &request);
    done(&site, &request, &owner, About::QuestionChanged { network }).await
}

/// Informs the owner; other known browsers are forgotten.
async fn done(
    site: &Site,
    request: &HttpRequest,
    owner: &SignedIn,
    about: About,
) -> Result<HttpResponse, Problem> {
    let row = mailbox(site, owner).await?;
    tell(site, &row, about).await?;
    let mut response = redirect(&links::saying(links::ACCOUNT, ("note", "secrets")));
    let of = Of { tag: &row.tag, public_key: &row.public_key, epochs: &row.epochs };
    set(&mut response, &known_browser::remember(site, request, &of))?;
    Ok(response)
}

/// Stores the change, and ends all sessions but this one.
async fn change(
    site: &Site,
    signed_in: &SignedIn,
    secret: &MailboxSecret,
    new: NewCredential,
) -> Result<(), Problem> {
    let row = mailbox(site, signed_in).await?;
    let (owner, who) = (Owner { mailbox: &row, secret, address: signed_in.address() }, whose(signed_in));
    let hashing = Hashing { site, who: &who };
    let keep = |epochs: &str| signed_in.going_on(site, epochs);
    match signed_in.access(site).change_credential(hashing, owner, new, keep).await? {
        true => Ok(()),
        false => Err(Problem::SessionOver),
    }
}

fn password_page(
    site: &web::Data<Site>,
    request: &HttpRequest,
    owner: &SignedIn,
    status: StatusCode,
    entered: Entered,
) -> Result<HttpResponse, Problem> {
    let page = Page::owned(site, request, owner);
    show(status, &PasswordPage { page, entered, rules: site.config.password.into() })
}

async fn question_page(
    site: &web::Data<Site>,
    request: &HttpRequest,
    owner: &SignedIn,
    status: StatusCode,
    entered: Entered,
) -> Result<HttpResponse, Problem> {
    let page = Page::owned(site, request, owner);
    let row = mailbox(site, owner).await?;
    // A question that cannot be opened must not keep its owner from choosing another.
    let present = site.access(None).question(&row).unwrap_or_default();
    let template = QuestionPage {
        present: present.filter(|text| !text.is_empty()),
        entered,
        questions: questions(site, page.language),
        kept_by_support: site.keys.escrow_public.is_some(),
        page,
    };
    show(status, &template)
}
