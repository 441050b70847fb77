//! A draft is begun: an empty one, a reply, or a forwarded letter with its files. Shows no page.

use std::sync::Arc;

use actix_web::{HttpRequest, HttpResponse, web};
use sealpost_export::Format;
use sealpost_mail::{Attachment, Letter, Parsed, Summary};
use sealpost_mailbox::{Content, Draft};
use serde::Deserialize;

use crate::access::session::SignedIn;
use crate::http::csrf::Protected;
use crate::language::Values;
use crate::letters::archive;
use crate::links;
use crate::mailbox::OpenLetter;
use crate::page::{Page, display_name, redirect};
use crate::problem::Problem;
use crate::state::{Site, off_the_loop};
use crate::writing::draft::push;
use crate::writing::reply::{self, Kind};
use crate::writing::return_to::ReturnTo;

#[derive(Deserialize)]
pub(crate) struct Start {
    #[serde(default)]
    kind: String,
    #[serde(default)]
    letter: String,
    /// The folder from which the letter was begun.
    #[serde(default)]
    came: String,
}

/// POST /write: begins a draft. A form and not a link, because it creates something.
pub(crate) async fn begin(
    site: web::Data<Site>,
    request: HttpRequest,
    owner: SignedIn,
    form: Protected<Start>,
) -> Result<HttpResponse, Problem> {
    let Start { kind, letter, came } = form.verify(owner.token())?;
    if !site.config.write.is_on() {
        return Err(Problem::NotFound);
    }
    let kind = Kind::parse(&kind);
    let page = Page::owned(&site, &request, &owner);
    if kind == Kind::New {
        let content = Content { came_from: ReturnTo::parse(&came).word(), ..Content::default() };
        return Ok(match owner.begin_draft(&site, content).await? {
            Some(draft) => redirect(&links::draft(&draft.id)),
            None => no_room_for_one(),
        });
    }
    let deposit = owner.opened(&site, &letter).await?;
    let (listed, row) = (deposit.summary.clone(), deposit.row.clone());
    let received = row.received_at;
    let open = Arc::new(deposit.open(&site).await?);
    let looked = Arc::clone(&open);
    let (parsed, text, files) = off_the_loop((), move || match Letter::parse_some(&looked.bytes) {
        Ok((letter, Parsed::Whole)) => {
            (Some(letter.summary()), letter.text().unwrap_or_default(), Some(letter.attachments()))
        }
        Ok((letter, Parsed::Partly)) => (Some(letter.summary()), letter.text().unwrap_or_default(), None),
        Err(_unreadable) => (None, String::new(), None),
    })
    .await?;
    let summary = listed.or(parsed).ok_or(Problem::NotFound)?;
    let words = words(&page, kind, &summary, received);
    let mut content = reply::content(kind, &summary, &text, owner.address(), &site.config.write, &words);
    content.came_from = ReturnTo::Letter(row.id.clone()).word();
    let Some(draft) = owner.begin_draft(&site, content).await? else {
        return Ok(no_room_for_one());
    };
    let mut to = links::draft(&draft.id);
    if kind == Kind::Forward {
        let complete = match files {
            Some(files) => carry(&site, &page, &owner, &draft, &open, files).await?,
            None => {
                let name = archive::name(&site, &row, Some(&summary), Format::Eml);
                carry_original(&site, &owner, &draft, &open, name).await?
            }
        };
        if !complete {
            to = links::saying(&to, ("note", "left-out"));
        }
    }
    Ok(redirect(&to))
}

/// The maximum number of drafts is reached.
pub(super) fn no_room_for_one() -> HttpResponse {
    redirect(&links::saying(links::DRAFTS, ("note", "full")))
}

fn words(page: &Page, kind: Kind, summary: &Summary, received: sealpost_mail::Timestamp) -> reply::Words {
    let who =
        summary.from.first().and_then(display_name).map_or_else(|| page.t("sender-unknown"), str::to_owned);
    let date = page.date_long(&summary.date.unwrap_or(received));
    let values = Values::from([
        ("who".into(), who.into()),
        ("date".into(), date.into()),
        ("subject".into(), summary.subject.clone().unwrap_or_default().into()),
    ]);
    let above = match kind {
        Kind::Forward => page.language.say_with("write-forwarded", Some(&values)),
        Kind::New | Kind::Reply | Kind::All => page.language.say_with("write-quoted", Some(&values)),
    };
    reply::Words { re: page.t("write-re"), forwarded: page.t("write-fwd"), above }
}

/// A letter that cannot be parsed completely is attached as it is, so that nothing of it is missing.
async fn carry_original(
    site: &web::Data<Site>,
    owner: &SignedIn,
    draft: &Draft,
    letter: &OpenLetter,
    name: String,
) -> Result<bool, Problem> {
    if letter.bytes.len() as u64 > site.config.write.max_size {
        return Ok(false);
    }
    let mut upload = owner.new_file(site, draft, letter.bytes.len() as u64)?;
    push(&mut upload, &letter.bytes).await?;
    owner.add_file(site, draft, upload, name, "message/rfc822".to_owned()).await
}

/// Copies a letter's files, including pictures in its text, into a draft, as far as they fit.
async fn carry(
    site: &web::Data<Site>,
    page: &Page,
    owner: &SignedIn,
    draft: &Draft,
    letter: &Arc<OpenLetter>,
    files: Vec<Attachment>,
) -> Result<bool, Problem> {
    let words = page.language.file_words();
    let mut free = site.config.write.max_size;
    let mut complete = true;
    for file in files {
        if file.size > free {
            complete = false;
            continue;
        }
        let letter = Arc::clone(letter);
        let bytes = off_the_loop((), move || {
            let (parsed, _) = Letter::parse_some(&letter.bytes).ok()?;
            parsed.attachment_bytes(file.index).map(std::borrow::Cow::into_owned)
        })
        .await?;
        let Some(bytes) = bytes else { continue };
        free = free.saturating_sub(bytes.len() as u64);
        let mut upload = owner.new_file(site, draft, bytes.len() as u64)?;
        push(&mut upload, &bytes).await?;
        let name = file.name.in_words(&words);
        complete &= owner.add_file(site, draft, upload, name, file.content_type).await?;
    }
    Ok(complete)
}
