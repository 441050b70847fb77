//! "Forgot password", second half: the answer to the security question opens the mailbox's secret, which is
//! wrapped anew. Looking at the page, or sending it blank, changes and counts nothing.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use sealpost_mail::{Address, Secret};
use sealpost_store::{MailboxRow, MailboxState, NewWrap, Reset, ResetPassword, TokenPurpose, WrapKind};
use sealpost_vault::{Argon2Cost, MailboxSecret, Token, TokenPurpose as VaultPurpose, Unwrapped};
use serde::Deserialize;

use super::activate::LinkPage;
use super::login::FLOOR;
use crate::chosen::{Entered, Rules, questions};
use crate::csrf::{Protected, Visitor};
use crate::front::MEND;
use crate::language::Language;
use crate::limits::Client;
use crate::outbox::{About, Outgoing};
use crate::page::{Page, redirect, set, show_to};
use crate::problem::Problem;
use crate::session;
use crate::site::{HashingTurn, Site};
use crate::tries;

/// Where a reset link leads.
enum Link {
    /// To a mailbox with a question.
    Good(Box<Good>),
    /// To a question that nobody has the answer to.
    Decoy([u8; 32]),
    /// There were too many wrong answers.
    Closed,
    /// Used already.
    Used,
    /// Too old.
    Expired,
    /// Not one of ours, or changed on the way.
    Unknown,
}

struct Good {
    mailbox: MailboxRow,
    token_hash: [u8; 32],
    question: String,
    wrap: Vec<u8>,
}

#[derive(Template)]
#[template(path = "reset.html")]
struct ResetPage {
    page: Page,
    token: String,
    question: String,
    /// Tries left, once there was a wrong one.
    tries: Option<u64>,
    entered: Entered,
    rules: Rules,
}

/// GET /r/{token}
pub(crate) async fn form(
    site: web::Data<Site>,
    request: HttpRequest,
    visitor: Visitor,
    token: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let link = look(&site, &token).await?;
    let page = page_for(&site, &request, &visitor, &link);
    answer(&site, &visitor, page, token.into_inner(), &link, StatusCode::OK, Entered::default(), None)
}

#[derive(Deserialize)]
pub(crate) struct ResetForm {
    #[serde(default)]
    answer: String,
    #[serde(default)]
    password: String,
    #[serde(default)]
    repeat: String,
}

/// POST /r/{token}
pub(crate) async fn submit(
    site: web::Data<Site>,
    request: HttpRequest,
    visitor: Visitor,
    token: web::Path<String>,
    form: Protected<ResetForm>,
) -> Result<HttpResponse, Problem> {
    let form = form.verify(visitor.token())?;
    site.limits.attempt(Client::of(&request, &site.config.trusted_proxies))?;
    let link = look(&site, &token).await?;
    let page = page_for(&site, &request, &visitor, &link);
    let mut entered = Entered::default();
    // Without the address: whoever does not know the answer learns nothing about it here.
    entered.judge_password(&site, &form.password, &form.repeat, "");
    if form.answer.trim().is_empty() {
        entered.answer_error = Some("answer-missing");
    } else if form.answer.trim().to_lowercase() == form.password.to_lowercase() {
        entered.answer_error = Some("answer-is-password");
    }
    entered.answer = form.answer.chars().take(200).collect();
    let token = token.into_inner();
    let refuse = |page, link: &Link, entered, tries| {
        answer(&site, &visitor, page, token.clone(), link, MEND, entered, tries)
    };
    if !entered.is_good() {
        return refuse(page, &link, entered, None);
    }
    let given = Secret::new(form.answer);
    // As at the log-in: after the queue, a decoy takes as long as a mailbox.
    let turn = site.hashing_turn().await?;
    let floor = tokio::time::sleep(FLOOR);
    match &link {
        Link::Good(good) => match try_answer(&site, turn, good, given).await? {
            Tried::Right(opened) => {
                entered.judge_password(&site, &form.password, &form.repeat, &good_address(&site, good)?);
                if !entered.is_good() {
                    return refuse(page, &link, entered, None);
                }
                finish(&site, good, opened, Secret::new(form.password)).await
            }
            Tried::Wrong { left } if left > 0 => {
                floor.await;
                entered.answer_error = Some("answer-wrong");
                refuse(page, &link, entered, Some(left))
            }
            Tried::Wrong { .. } => {
                floor.await;
                refuse(page, &Link::Closed, entered, None)
            }
        },
        Link::Decoy(tag) => {
            let (pepper, most) = (site.keys.pepper.clone(), site.config.locks.answers);
            let count = site.decoys.wrong(*tag, site.now());
            let _always_wrong = turn
                .run(move || {
                    MailboxSecret::dummy_unwrap_password(&given, &pepper, &Argon2Cost::standard()).is_ok()
                })
                .await?;
            floor.await;
            if count >= most {
                return refuse(page, &Link::Closed, entered, None);
            }
            entered.answer_error = Some("answer-wrong");
            refuse(page, &link, entered, Some(u64::from(most - count)))
        }
        Link::Closed | Link::Used | Link::Expired | Link::Unknown => refuse(page, &link, entered, None),
    }
}

/// What a link's token stands for, without changing anything.
async fn look(site: &Site, text: &str) -> Result<Link, Problem> {
    let lost = |error| Problem::fault("looking up a reset link", error);
    let Some(token) = Token::parse(text) else { return Ok(Link::Unknown) };
    let (token_hash, now) = (site.keys.tokens.hash_of(VaultPurpose::Reset, &token), site.now());
    if let Some(tag) = site.decoys.find(&token_hash, now) {
        let closed = site.decoys.count(&tag, now) >= site.config.locks.answers;
        return Ok(if closed { Link::Closed } else { Link::Decoy(tag) });
    }
    let Some(row) = site.store.token(&token_hash).await.map_err(lost)? else { return Ok(Link::Unknown) };
    match row.purpose {
        TokenPurpose::Reset => {}
        TokenPurpose::Activation => return Ok(Link::Unknown),
    }
    if row.spent_at.is_some() {
        return Ok(Link::Used);
    }
    let Some(mailbox) = site.store.mailbox(&row.mailbox_id).await.map_err(lost)? else {
        return Ok(Link::Unknown);
    };
    match mailbox.state {
        MailboxState::Active => {}
        MailboxState::Locked => return Ok(Link::Closed),
        MailboxState::Pending | MailboxState::Deleted => return Ok(Link::Expired),
    }
    if row.expires_at <= now {
        return Ok(Link::Expired);
    }
    if mailbox.failed_answers >= i64::from(site.config.locks.answers) {
        return Ok(Link::Closed);
    }
    let wrap = site.store.wrap(&mailbox.id, WrapKind::Answer).await.map_err(lost)?;
    let (Some(wrap), Some(sealed)) = (wrap, &mailbox.question_sealed) else { return Ok(Link::Closed) };
    let question = site
        .keys
        .rows
        .open("question", &mailbox.id, sealed)
        .map_err(|error| Problem::fault("opening a question", error))?;
    let question = String::from_utf8_lossy(question.expose()).into_owned();
    Ok(Link::Good(Box::new(Good { mailbox, token_hash, question, wrap })))
}

/// What came of an answer.
enum Tried {
    Right(MailboxSecret),
    Wrong { left: u64 },
}

/// Tries an answer. Counted before it is looked at: parallel tries cannot slip through.
async fn try_answer(
    site: &Site,
    turn: HashingTurn,
    good: &Good,
    given: Secret<String>,
) -> Result<Tried, Problem> {
    let lost = |error| Problem::fault("trying an answer", error);
    let most = i64::from(site.config.locks.answers);
    let count = site.store.count_wrong_answer(&good.mailbox.id).await.map_err(lost)?.unwrap_or(i64::MAX);
    if count > most {
        return Ok(Tried::Wrong { left: 0 });
    }
    let (wrap, id, pepper) = (good.wrap.clone(), good.mailbox.id.clone(), site.keys.pepper.clone());
    let verdict = turn
        .run(move || MailboxSecret::unwrap_answer(&wrap, &id, &given, &pepper))
        .await?
        .map_err(|error| Problem::fault("opening an answer wrap", error))?;
    match verdict {
        Unwrapped::Opened(opened) => {
            site.store.forgive_answers(&good.mailbox.id).await.map_err(lost)?;
            Ok(Tried::Right(opened))
        }
        Unwrapped::Wrong => {
            if count == most {
                tracing::warn!(mailbox.id = %good.mailbox.id, "too many wrong answers: only support can help");
                tell(site, &good.mailbox, About::AnswersUsedUp).await?;
            }
            Ok(Tried::Wrong { left: u64::try_from(most - count).unwrap_or(0) })
        }
    }
}

/// The new password, all sessions ended, the owner told.
async fn finish(
    site: &Site,
    good: &Good,
    opened: MailboxSecret,
    password: Secret<String>,
) -> Result<HttpResponse, Problem> {
    let mailbox = &good.mailbox;
    let (id, pepper, random) =
        (mailbox.id.clone(), site.keys.pepper.clone(), std::sync::Arc::clone(&site.random));
    let sealed = site
        .hash(move || opened.wrap_password(&id, &password, &pepper, &Argon2Cost::standard(), random.as_ref()))
        .await?
        .map_err(|error| Problem::fault("wrapping a mailbox", error))?;
    let wish = ResetPassword {
        mailbox_id: mailbox.id.clone(),
        token_hash: good.token_hash,
        now: site.now(),
        wrap: NewWrap { kind: WrapKind::Password, sealed },
    };
    let ended = site.store.reset_password(wish).await;
    match ended.map_err(|error| Problem::fault("setting a new password", error))? {
        Reset::Done => {}
        Reset::NotActive | Reset::TokenSpent => return Ok(redirect("/forgot")),
    }
    tracing::info!(mailbox.id = %mailbox.id, "forgotten password replaced");
    // Whoever was guessing passwords does not keep the owner out now, and not from this browser later.
    tries::forgive(site, &mailbox.tag).await?;
    tell(site, mailbox, About::PasswordChanged { forgotten: true }).await?;
    let mut response = redirect("/?note=reset");
    set(&mut response, &session::known_device(site, &mailbox.tag))?;
    set(&mut response, &session::no_cookie(site, "session"))?;
    Ok(response)
}

/// Tells the owner by mail what has happened to the way in.
pub(super) async fn tell(site: &Site, mailbox: &MailboxRow, about: About) -> Result<(), Problem> {
    let Ok(to) = Address::parse(&session::address_of(site, mailbox)?) else { return Ok(()) };
    let outgoing = Outgoing { mailbox_id: mailbox.id.clone(), to, language: mailbox.language.clone(), about };
    if let Err(error) = site.outbox.post(outgoing).await {
        tracing::error!(mailbox.id = %mailbox.id, error = %error, "the owner of a mailbox was not told");
    }
    Ok(())
}

fn good_address(site: &Site, good: &Good) -> Result<String, Problem> {
    session::address_of(site, &good.mailbox)
}

/// The mailbox's language, unless the reader has chosen one here; decoys follow the browser.
fn page_for(site: &web::Data<Site>, request: &HttpRequest, visitor: &Visitor, link: &Link) -> Page {
    let mut page = Page::open(site, request, visitor);
    let chosen = request.cookie(&session::cookie_name(site, "language")).is_some();
    // With the answer alone the language would tell a mailbox from a decoy.
    if let (Link::Good(good), crate::config::ResetBy::LinkAndAnswer, false) =
        (link, site.config.reset, chosen)
        && let Some(language) = Language::parse(&good.mailbox.language)
        && site.languages.contains(&language)
    {
        page.language = language;
    }
    page
}

#[expect(clippy::too_many_arguments, reason = "what a page consists of")]
fn answer(
    site: &web::Data<Site>,
    visitor: &Visitor,
    page: Page,
    token: String,
    link: &Link,
    status: StatusCode,
    entered: Entered,
    tries: Option<u64>,
) -> Result<HttpResponse, Problem> {
    let question = match link {
        Link::Good(good) => good.question.clone(),
        Link::Decoy(tag) => {
            let offered = questions(site, page.language);
            let [first, ..] = *tag;
            let nth = usize::from(first) % offered.len().max(1);
            offered.into_iter().nth(nth).map(|(_, text)| text).unwrap_or_default()
        }
        Link::Closed => return dead_end(visitor, page, "reset-closed-title", "reset-closed-text"),
        Link::Used => return dead_end(visitor, page, "reset-used-title", "reset-used-text"),
        Link::Expired => return dead_end(visitor, page, "reset-expired-title", "reset-expired-text"),
        Link::Unknown => return dead_end(visitor, page, "link-unknown-title", "link-unknown-text"),
    };
    let rules = site.config.password.into();
    show_to(visitor, status, &ResetPage { page, token, question, tries, entered, rules })
}

fn dead_end(
    visitor: &Visitor,
    page: Page,
    title: &'static str,
    text: &'static str,
) -> Result<HttpResponse, Problem> {
    let support = title == "reset-closed-title";
    show_to(visitor, StatusCode::GONE, &LinkPage { page, title, text, to_log_in: true, renew: None, support })
}
