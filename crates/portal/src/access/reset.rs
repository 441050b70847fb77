//! "Forgot password", second half: the answer to the security question opens the mailbox's secret key, which is wrapped
//! anew. Viewing the page, or submitting it blank, changes and counts nothing.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use sealpost_mail::Secret;
use sealpost_mailbox::audit::Failure;
use sealpost_mailbox::{About, NewPair, NewPassword, Replaced, ResetLink, ResetProof, Tried, Whose};
use sealpost_store::{MailboxRow, MailboxState, WrapKind};
use sealpost_vault::MailboxSecret;
use serde::Deserialize;

use crate::access::activate::LinkPage;
use crate::access::credentials_form::{Entered, Rules};
use crate::access::known_browser::{self, Of, answers_of};
use crate::access::login::FLOOR;
use crate::access::session;
use crate::access::tell_owner::{came_from, tell};
use crate::access::throttle::{closing, note_failure, throttle, uncounted};
use crate::config::ResetBy;
use crate::http::client::Client;
use crate::http::cookies::{cookie_name, no_cookie};
use crate::http::csrf::{Protected, Visitor};
use crate::language::Language;
use crate::links;
use crate::page::{Page, redirect, set, show_to};
use crate::problem::HINT;
use crate::problem::Problem;
use crate::state::Site;
use crate::state::decoys::{self, Pass};
use crate::state::hashing_queue::Who;
use crate::state::work_pools::{Hashing, Sealing};

/// Where a reset link leads.
enum Link {
    /// To a mailbox with a question.
    Good(Box<Good>),
    /// To a question without an answer.
    Decoy([u8; 32]),
    /// There were too many wrong answers, or the mailbox is locked; its id, if it exists.
    Closed(Option<String>),
    /// The link was used before.
    Used,
    /// The link has expired.
    Expired,
    /// Not one of ours, or changed on the way.
    Unknown,
}

struct Good {
    mailbox: MailboxRow,
    proof: ResetProof,
    question: String,
    /// Whether the page may show that question to the client.
    shown: bool,
    wrap: Vec<u8>,
}

impl Good {
    /// Whether the link came by mail, so that its bearer reads its owner's mail.
    fn is_mailed(&self) -> bool {
        match self.proof {
            ResetProof::Mailed(_) => true,
            ResetProof::Shown { .. } => false,
        }
    }
}

#[derive(Template)]
#[template(path = "reset.html")]
struct ResetPage {
    page: Page,
    token: String,
    question: String,
    /// Tries left, after a wrong one.
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
    let floor = tokio::time::sleep(FLOOR);
    let link = look(&site, &request, &token).await?;
    if !by_mail(&site) {
        // Opening a mailbox takes longer than a decoy.
        floor.await;
    }
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
    let link = look(&site, &request, &token).await?;
    let page = page_for(&site, &request, &visitor, &link);
    let mut entered = Entered::default();
    // Without the address: a client that does not know the answer learns nothing about it here.
    entered.judge_password(&site, &form.password, &form.repeat, "").await?;
    if form.answer.trim().is_empty() {
        entered.answer_error = Some("answer-missing");
    } else if form.answer.trim().to_lowercase() == form.password.to_lowercase() {
        entered.answer_error = Some("answer-is-password");
    }
    entered.answer = form.answer.chars().take(200).collect();
    let token = token.into_inner();
    let refuse = |page, link: &Link, entered, tries| {
        answer(&site, &visitor, page, token.clone(), link, HINT, entered, tries)
    };
    if !entered.is_good() {
        return refuse(page, &link, entered, None);
    }
    let given = Secret::new(form.answer);
    // As for the log-in: after the queue, a decoy takes as long as a mailbox.
    let client = Client::of(&request, &site.config.trusted_proxies);
    let of = match &link {
        Link::Good(good) => Some(good.mailbox.tag),
        Link::Decoy(tag) => Some(*tag),
        Link::Closed(_) | Link::Used | Link::Expired | Link::Unknown => None,
    };
    let known = match &of {
        Some(tag) => known_browser::tries_of(&site, &request, tag).await? != *tag,
        None => false,
    };
    let mailed = matches!(&link, Link::Good(good) if good.is_mailed());
    let who = match of {
        Some(tag) if known || mailed => Who::Owner(tag.to_vec()),
        Some(_) | None => Who::Stranger(client),
    };
    let turn = site.hashing_turn(&who).await?;
    let floor = tokio::time::sleep(FLOOR);
    let (tag, good) = match &link {
        Link::Good(good) => (good.mailbox.tag, Some(good)),
        Link::Decoy(tag) => (*tag, None),
        Link::Closed(mailbox) => {
            drop(turn);
            note_failure(&site, Failure::Refused, mailbox.as_deref(), client).await?;
            floor.await;
            return refuse(page, &link, entered, None);
        }
        Link::Used | Link::Expired | Link::Unknown => {
            return refuse(page, &link, entered, None);
        }
    };
    // Counted before it is checked, so that parallel tries cannot slip through. A client without a link from the
    // owner's mail is also counted by network.
    let waits = if good.is_none_or(|good| !good.is_mailed()) && !known {
        throttle(&site).network_waits(client.address()).await.map_err(uncounted)?
    } else {
        None
    };
    let tried = match waits {
        Some(seconds) => Tried::Wait(seconds),
        None => {
            let whose = answers_of(&site, &request, &tag).await?;
            throttle(&site).answer(&tag, whose).await.map_err(uncounted)?
        }
    };
    let mailbox_id = good.map(|good| good.mailbox.id.as_str());
    let counted = match tried {
        Tried::Counted(counted) => counted,
        Tried::Wait(_) => {
            drop(turn);
            note_failure(&site, Failure::Refused, mailbox_id, client).await?;
            floor.await;
            return refuse(page, &Link::Closed(None), entered, None);
        }
    };
    let on = good.map(|good| (&good.mailbox, good.wrap.as_slice()));
    if let Some(opened) = site.access(None).try_answer(turn, on, given.clone()).await?
        && let Some(good) = good
    {
        throttle(&site).right(counted).await.map_err(uncounted)?;
        entered.judge_password(&site, &form.password, &form.repeat, &good_address(&site, good)?).await?;
        if !entered.is_good() {
            return refuse(page, &link, entered, None);
        }
        return finish(&site, &request, good, opened, Secret::new(form.password), given).await;
    }
    site.turns.wrong(client, site.now());
    throttle(&site).wrong_from(client.address()).await.map_err(uncounted)?;
    note_failure(&site, Failure::Wrong, mailbox_id, client).await?;
    let closing = closing(&site, mailbox_id, client);
    let (left, until) = (counted.left(), throttle(&site).wrong(counted, &closing).await.map_err(uncounted)?);
    if let (Some(good), Some(until)) = (good, until) {
        tracing::warn!(mailbox.id = %good.mailbox.id, "too many wrong answers");
        tell(&site, &good.mailbox, About::AnswersUsedUp { until }).await?;
    }
    floor.await;
    if left == 0 {
        return refuse(page, &Link::Closed(None), entered, None);
    }
    entered.answer_error = Some("answer-wrong");
    refuse(page, &link, entered, Some(left))
}

fn by_mail(site: &Site) -> bool {
    match site.config.reset {
        ResetBy::LinkAndAnswer => true,
        ResetBy::Answer => false,
    }
}

/// What a link's token refers to, without changing anything.
async fn look(site: &Site, request: &HttpRequest, text: &str) -> Result<Link, Problem> {
    if let (ResetBy::Answer, Some(pass)) = (site.config.reset, Pass::read(site, text)) {
        return look_by(site, request, &pass).await;
    }
    let (mailbox, hash) = match site.access(None).reset_link(text).await? {
        ResetLink::Good(mailbox, hash) => (*mailbox, hash),
        ResetLink::Locked(mailbox) => return Ok(Link::Closed(Some(mailbox))),
        ResetLink::Used => return Ok(Link::Used),
        ResetLink::Expired => return Ok(Link::Expired),
        ResetLink::Unknown => return Ok(Link::Unknown),
    };
    let whose = answers_of(site, request, &mailbox.tag).await?;
    if throttle(site).is_closed(&whose).await.map_err(uncounted)? {
        return Ok(Link::Closed(Some(mailbox.id)));
    }
    let wrap = site.store.wrap(&mailbox.id, WrapKind::Answer).await;
    let wrap = wrap.map_err(|error| Problem::fault("looking up a reset link", error))?;
    let question = site.access(None).question(&mailbox)?;
    let (Some(wrap), Some(question)) = (wrap, question) else { return Ok(Link::Closed(Some(mailbox.id))) };
    let proof = ResetProof::Mailed(hash);
    Ok(Link::Good(Box::new(Good { mailbox, proof, question, shown: true, wrap })))
}

/// The same for a link that anybody gets for any address: the same lookups are made for every address, and one without
/// a question leads to a decoy.
async fn look_by(site: &Site, request: &HttpRequest, pass: &Pass) -> Result<Link, Problem> {
    let lost = |error| Problem::fault("looking up a reset link", error);
    let used = site.store.token(&pass.hash).await.map_err(lost)?;
    let mailbox = site.store.mailboxes_by_tag(&[pass.tag]).await.map_err(lost)?.pop();
    let id = mailbox.as_ref().map(|mailbox| mailbox.id.clone()).unwrap_or_default();
    let wrap = site.store.wrap(&id, WrapKind::Answer).await.map_err(lost)?;
    let whose = answers_of(site, request, &pass.tag).await?;
    if used.is_some() {
        return Ok(Link::Used);
    }
    if pass.expires <= site.now() {
        return Ok(Link::Expired);
    }
    if throttle(site).is_closed(&whose).await.map_err(uncounted)? {
        return Ok(Link::Closed(mailbox.map(|mailbox| mailbox.id)));
    }
    let mailbox = mailbox.filter(|mailbox| match mailbox.state {
        MailboxState::Active => true,
        MailboxState::Pending | MailboxState::Locked | MailboxState::Deleted => false,
    });
    let (Some(mailbox), Some(wrap)) = (mailbox, wrap) else { return Ok(Link::Decoy(pass.tag)) };
    let Some(question) = site.access(None).question(&mailbox)? else { return Ok(Link::Decoy(pass.tag)) };
    // Its owner's own wording would show a stranger that there is a mailbox.
    let known = known_browser::tries_of(site, request, &pass.tag).await? != pass.tag;
    let shown = known || decoys::is_offered(site, &question);
    let proof = ResetProof::Shown { hash: pass.hash, expires: pass.expires };
    Ok(Link::Good(Box::new(Good { mailbox, proof, question, shown, wrap })))
}

/// Sets the new password, ends all sessions and informs the owner.
async fn finish(
    site: &Site,
    request: &HttpRequest,
    good: &Good,
    opened: MailboxSecret,
    password: Secret<String>,
    answer: Secret<String>,
) -> Result<HttpResponse, Problem> {
    let mailbox = &good.mailbox;
    let who = Who::Owner(mailbox.tag.to_vec());
    let (hashing, sealing) = (Hashing { site, who: &who }, Sealing { site, mailbox_id: &mailbox.id });
    let address = good_address(site, good)?;
    let whose = Whose { mailbox_id: &mailbox.id, address: &address };
    let access = site.access(Some(Client::of(request, &site.config.trusted_proxies)));
    let new = NewPassword { password, answer };
    let secret = match access.replace_password(hashing, sealing, whose, &opened, good.proof, new).await? {
        Replaced::Done(secret) => secret,
        Replaced::TooLate => return Ok(redirect(links::FORGOT)),
        Replaced::Overtaken => return Err(Problem::Busy("letters come faster than a password is replaced")),
    };
    tracing::info!(mailbox.id = %mailbox.id, "forgotten password replaced");
    // Resets the throttle: failed guesses by others keep out neither the owner now nor this browser later.
    throttle(site).forgive(&mailbox.tag).await.map_err(uncounted)?;
    tell(site, mailbox, About::PasswordReset { network: came_from(site, request) }).await?;
    let mut response = redirect(&links::saying(links::LOGIN, ("note", "reset")));
    let public_key = secret.public().to_bytes();
    let of = Of { tag: &mailbox.tag, public_key: &public_key, epochs: NewPair::EPOCHS };
    set(&mut response, &known_browser::remember(site, request, &of))?;
    set(&mut response, &no_cookie(&site.origin, "session"))?;
    Ok(response)
}

fn good_address(site: &Site, good: &Good) -> Result<String, Problem> {
    session::address_of(site, &good.mailbox)
}

/// The mailbox's language, unless the reader has chosen one here; decoys follow the browser.
fn page_for(site: &web::Data<Site>, request: &HttpRequest, visitor: &Visitor, link: &Link) -> Page {
    let mut page = Page::open(site, request, visitor);
    let chosen = request.cookie(&cookie_name(&site.origin, "language")).is_some();
    // With the answer alone, the language would distinguish a mailbox from a decoy.
    if let (Link::Good(good), ResetBy::LinkAndAnswer, false) = (link, site.config.reset, chosen)
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
        Link::Good(good) if !good.shown => decoys::question(site, &good.mailbox.tag, page.language),
        Link::Good(good) if !good.is_mailed() => {
            decoys::translated(site, &good.question, page.language).unwrap_or_else(|| good.question.clone())
        }
        Link::Good(good) => good.question.clone(),
        Link::Decoy(tag) => decoys::question(site, tag, page.language),
        Link::Closed(_) => return dead_end(visitor, page, "reset-closed-title", "reset-closed-text"),
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
