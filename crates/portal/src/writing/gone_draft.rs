//! Text typed into a draft that no longer exists: sent by the first of two presses, or discarded elsewhere.
//! It is never lost: unless it has been sent, it becomes a draft of its own, and its author is told so.

use std::collections::BTreeSet;

use sealpost_mail::{Address, Letter, Summary};
use sealpost_mailbox::{Content, Draft};
use sealpost_store::{Folder, Page, SavedDraft};

use crate::access::session::SignedIn;
use crate::problem::Problem;
use crate::state::{Site, off_the_loop};
use crate::writing::addresses;

/// Number of the most recent sent letters that are compared.
const LOOKED_AT: u32 = 10;

/// What became of it.
pub(crate) enum Fate {
    /// The same text has been sent to the same people with the same files, or it was empty.
    Sent,
    /// It is a draft again, with this id.
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
    let sent =
        if is_empty { begun.is_none() } else { was_sent(site, owner, &content, begun.as_ref()).await? };
    if sent {
        if let Some(begun) = &begun {
            // Under a hold it stays among the drafts, although already sent.
            let _thrown_away = owner.discard(site, begun).await?;
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
    Ok(match owner.save_draft(site, &draft).await? {
        SavedDraft::Saved => Fate::Kept(draft.id),
        // It was begun a moment ago.
        SavedDraft::Gone | SavedDraft::Held => Fate::NoRoom,
    })
}

async fn was_sent(
    site: &Site,
    owner: &SignedIn,
    typed: &Content,
    begun: Option<&Draft>,
) -> Result<bool, Problem> {
    // Changing the recipient and pressing again means another letter.
    let Some(people) = people(typed) else { return Ok(false) };
    let files: Vec<(String, u64)> = match begun {
        Some(begun) => {
            let now = owner.draft(site, &begun.id).await?;
            now.files.into_iter().map(|file| (file.facts.name, file.size)).collect()
        }
        None => Vec::new(),
    };
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
        let letter = off_the_loop((), move || {
            let letter = Letter::parse(&open.bytes).ok()?;
            Some((letter.summary(), letter.text()))
        });
        let Some((summary, text)) = letter.await? else { continue };
        let all_here = files.iter().all(|(name, size)| {
            summary
                .attachments
                .iter()
                .any(|sent| sent.name.given() == Some(name.as_str()) && sent.size == *size)
        });
        if all_here
            && words(&text.unwrap_or_default()) == words(&typed.text)
            && sent_to(&summary).is_superset(&people)
        {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The recipients named by the form; `None`: one of them has no address.
fn people(typed: &Content) -> Option<BTreeSet<String>> {
    let all = addresses(&typed.to).into_iter().chain(addresses(&typed.cc));
    all.map(|one| one.ok().map(|address| address.identity())).collect()
}

fn sent_to(summary: &Summary) -> BTreeSet<String> {
    let written = summary.to.iter().chain(&summary.cc).filter_map(|one| one.address.as_deref());
    written.filter_map(|one| Address::parse(one).ok()).map(|address| address.identity()).collect()
}

/// Independent of how the lines were broken in transit.
fn words(text: &str) -> Vec<&str> {
    text.split_whitespace().collect()
}
