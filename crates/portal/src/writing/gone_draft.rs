//! What was typed into a draft that is not there any more: sent by the first of two presses, or thrown away elsewhere. It
//! is never lost: unless it has been sent, it becomes a draft of its own, and its writer is told so.

use sealpost_mail::Letter;
use sealpost_mailbox::{Content, Draft};
use sealpost_store::{Folder, Page};

use crate::access::session::SignedIn;
use crate::problem::Problem;
use crate::state::{Site, off_the_loop};

/// Of the letters sent last, so many are compared.
const LOOKED_AT: u32 = 10;

/// What became of it.
pub(crate) enum Fate {
    /// Those very words have been sent, or there were none.
    Sent,
    /// They are a draft again: the one with this id.
    Kept(String),
    /// There are too many drafts already.
    NoRoom,
}

/// `begun`: a draft that has already been begun for its files.
pub(crate) async fn settle(
    site: &Site,
    owner: &SignedIn,
    content: Content,
    begun: Option<Draft>,
) -> Result<Fate, Problem> {
    let is_empty = [&content.to, &content.subject, &content.text].iter().all(|text| text.trim().is_empty());
    let sent = if is_empty { begun.is_none() } else { was_sent(site, owner, &content).await? };
    if sent {
        if let Some(begun) = &begun {
            owner.discard(site, begun).await?;
        }
        return Ok(Fate::Sent);
    }
    let Some(mut draft) = begun else {
        return Ok(owner
            .begin_draft(site, content)
            .await?
            .map_or(Fate::NoRoom, |draft| Fate::Kept(draft.id)));
    };
    draft.content = content;
    Ok(if owner.save_draft(site, &draft).await? { Fate::Kept(draft.id) } else { Fate::NoRoom })
}

async fn was_sent(site: &Site, owner: &SignedIn, typed: &Content) -> Result<bool, Problem> {
    let page = Page { offset: 0, limit: LOOKED_AT };
    let sent = site.store.deposits(owner.mailbox_id(), Folder::Sent, page).await;
    for row in sent.map_err(|error| Problem::fault("reading a folder", error))? {
        let deposit = match owner.deposit(site, &row.id).await {
            Ok(deposit) => deposit,
            Err(Problem::NotFound | Problem::Damaged(_)) => continue,
            Err(other) => return Err(other),
        };
        let subject = deposit.summary.as_ref().and_then(|summary| summary.subject.clone());
        if subject.unwrap_or_default().trim() != typed.subject.trim() {
            continue;
        }
        let open = deposit.open(site).await?;
        let text = off_the_loop((), move || Letter::parse(&open.bytes).ok().and_then(|letter| letter.text()));
        if words(&text.await?.unwrap_or_default()) == words(&typed.text) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// However the lines were broken on the way.
fn words(text: &str) -> Vec<&str> {
    text.split_whitespace().collect()
}
