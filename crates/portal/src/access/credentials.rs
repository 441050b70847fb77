//! A signed-in owner chooses another password or another question. Each takes the present password: an
//! unlocked screen is not enough.

use std::sync::Arc;

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use sealpost_mail::Secret;
use sealpost_mailbox::audit::{Credentials, Event, SessionEnd};
use sealpost_mailbox::{About, Tried};
use sealpost_mailbox::{Epochs, seal_address};
use sealpost_store::{ChangeSecrets, Ended, KeptSession, MailboxRow, NewWrap, WrapKind};
use sealpost_vault::{Argon2Cost, Label, MailboxSecret};
use serde::Deserialize;

use crate::access::authenticate::{self, Came};
use crate::access::credentials_form::{Entered, QuestionForm, Rules, questions};
use crate::access::known_browser::{self, Of};
use crate::access::reset::{came_from, tell};
use crate::access::session::{self, SignedIn};
use crate::access::throttle::{throttle, uncounted};
use crate::http::csrf::Protected;
use crate::middleware::HINT;
use crate::page::{Page, redirect, set, show};
use crate::problem::Problem;
use crate::state::Site;
use crate::state::hashing_queue::Who;
use crate::state::limits::Client;

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

/// What came of asking for the present password.
pub(crate) enum Confirmed {
    Right(MailboxSecret),
    /// The key of what to say.
    Not(&'static str),
}

/// Whether whoever sits there knows the password. Wrong ones count for this session: they shut nobody else
/// out, and nobody else's count here.
pub(crate) async fn confirm(
    site: &web::Data<Site>,
    request: &HttpRequest,
    owner: &SignedIn,
    password: Secret<String>,
) -> Result<Confirmed, Problem> {
    if password.expose().is_empty() {
        return Ok(Confirmed::Not("current-missing"));
    }
    site.limits.attempt(Client::of(request, &site.config.trusted_proxies))?;
    confirm_counted(site, owner, password).await
}

/// The same, where the attempt has been counted.
async fn confirm_counted(
    site: &web::Data<Site>,
    owner: &SignedIn,
    password: Secret<String>,
) -> Result<Confirmed, Problem> {
    let counted = match throttle(site).password(*owner.session()).await.map_err(uncounted)? {
        Tried::Counted(counted) => counted,
        Tried::Wait(_) => return Ok(Confirmed::Not("current-wait")),
    };
    let mailbox = mailbox(site, owner).await?;
    match authenticate::try_password(site, site.hashing_turn(&whose(owner)).await?, Some(&mailbox), password)
        .await?
    {
        Came::Owner(opened) => {
            throttle(site).right(counted).await.map_err(uncounted)?;
            Ok(Confirmed::Right(opened))
        }
        Came::Newcomer(_) | Came::Stranger => {
            let closed = owner.noting(site, &Event::LogInClosed { mailbox: owner.mailbox_id() });
            if let Some(until) = throttle(site).wrong(counted, &closed).await.map_err(uncounted)? {
                authenticate::tell_of_lock(site, &mailbox, until).await?;
            }
            Ok(Confirmed::Not("current-wrong"))
        }
    }
}

/// The line a signed-in owner waits in.
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
    // Judging takes longer than other pages: it is counted as what follows would be.
    site.limits.attempt(Client::of(&request, &site.config.trusted_proxies))?;
    entered.judge_password(&site, &form.password, &form.repeat, owner.address()).await?;
    let opened = match entered.is_good() {
        true => match confirm_counted(&site, &owner, Secret::new(form.current)).await? {
            Confirmed::Right(opened) => Some(opened),
            Confirmed::Not(key) => {
                entered.current_error = Some(key);
                None
            }
        },
        false => None,
    };
    let Some(opened) = opened else { return password_page(&site, &request, &owner, HINT, entered) };
    let mailbox_now = mailbox(&site, &owner).await?;
    let Epochs { row: epochs, wrap_id: id } =
        Epochs::next(&mailbox_now, WrapKind::Password, site.random.as_ref());
    let (pepper, random) = (site.keys.pepper.clone(), Arc::clone(&site.random));
    let password = Secret::new(form.password);
    let sealed = site
        .hash(&whose(&owner), move || {
            opened.wrap_password(&id, &password, &pepper, &Argon2Cost::standard(), random.as_ref())
        })
        .await?
        .map_err(|error| Problem::fault("wrapping a mailbox", error))?;
    let changed = Changed {
        wraps: vec![NewWrap { kind: WrapKind::Password, sealed }],
        question_sealed: None,
        keep: Some(owner.going_on(&site, &epochs)?),
        why: Ended::PasswordChanged,
    };
    change(&site, &owner, &mailbox_now, epochs, changed).await?;
    let network = came_from(&site, &request);
    done(&site, &request, &owner, About::PasswordChanged { forgotten: false, network }).await
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
    let mailbox_now = mailbox(&site, &owner).await?;
    let Epochs { row: epochs, wrap_id: id } =
        Epochs::next(&mailbox_now, WrapKind::Answer, site.random.as_ref());
    let (pepper, random) = (site.keys.pepper.clone(), Arc::clone(&site.random));
    let answer = Secret::new(form.answer);
    let sealed = site
        .hash(&whose(&owner), move || {
            opened.wrap_answer(&id, &answer, &pepper, &Argon2Cost::standard(), random.as_ref())
        })
        .await?
        .map_err(|error| Problem::fault("wrapping a mailbox", error))?;
    let question_sealed =
        site.keys.rows.seal(Label::Question, owner.mailbox_id(), question.as_bytes(), site.random.as_ref());
    let changed = Changed {
        wraps: vec![NewWrap { kind: WrapKind::Answer, sealed }],
        question_sealed: Some(question_sealed),
        keep: Some(owner.going_on(&site, &epochs)?),
        why: Ended::QuestionChanged,
    };
    change(&site, &owner, &mailbox_now, epochs, changed).await?;
    let network = came_from(&site, &request);
    done(&site, &request, &owner, About::QuestionChanged { network }).await
}

/// Tells the owner; every other browser that was known is known no more.
async fn done(
    site: &Site,
    request: &HttpRequest,
    owner: &SignedIn,
    about: About,
) -> Result<HttpResponse, Problem> {
    let row = mailbox(site, owner).await?;
    tell(site, &row, about).await?;
    let mut response = redirect("/account?note=secrets");
    let of = Of { tag: &row.tag, public_key: &row.public_key, epochs: &row.epochs };
    set(&mut response, &known_browser::remember(site, request, &of))?;
    Ok(response)
}

/// What is other from now on, beside the epochs.
pub(crate) struct Changed {
    pub(crate) wraps: Vec<NewWrap>,
    pub(crate) question_sealed: Option<Vec<u8>>,
    /// The session that goes on.
    pub(crate) keep: Option<KeptSession>,
    /// What the others are told.
    pub(crate) why: Ended,
}

/// Puts it into the rows, and ends all sessions but one.
pub(crate) async fn change(
    site: &Site,
    owner: &SignedIn,
    mailbox: &MailboxRow,
    epochs: String,
    changed: Changed,
) -> Result<(), Problem> {
    let Changed { wraps, question_sealed, keep, why } = changed;
    // What was opened is the mailbox's own still: a reset in between has given it another pair.
    if !session::is_of(site, mailbox, owner.secret(), "session") {
        return Err(Problem::SessionOver);
    }
    let public = owner.secret().public();
    let wish = ChangeSecrets {
        old_address: mailbox.address_sealed.clone(),
        address_sealed: seal_address(
            &site.keys.rows,
            &public,
            &mailbox.id,
            &epochs,
            owner.address(),
            site.random.as_ref(),
        ),
        epochs,
        mailbox_id: owner.mailbox_id().to_owned(),
        now: site.now(),
        wraps,
        question_sealed,
        keep_session: keep,
        why,
    };
    let mailbox = owner.mailbox_id();
    let event = match why {
        Ended::QuestionChanged => Event::CredentialsChanged { mailbox, what: Credentials::Question },
        Ended::Everywhere => Event::SessionEnded { mailbox, why: SessionEnd::Everywhere },
        Ended::PasswordChanged | Ended::PasswordReset | Ended::Support | Ended::Deleted => {
            Event::CredentialsChanged { mailbox, what: Credentials::Password }
        }
    };
    let changed = owner.noting(site, &event).change_secrets(wish).await;
    match changed.map_err(|error| Problem::fault("changing secrets", error))? {
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
    let present = row.question_sealed.as_ref().map(|sealed| {
        let opened = site.keys.rows.open(Label::Question, &row.id, sealed);
        opened.map(|plain| String::from_utf8_lossy(plain.expose()).into_owned()).unwrap_or_default()
    });
    let template = QuestionPage {
        present: present.filter(|text| !text.is_empty()),
        entered,
        questions: questions(site, page.language),
        kept_by_support: site.keys.escrow_public.is_some(),
        page,
    };
    show(status, &template)
}
