//! `sealpost adopt`: proves rows of a store from before rows were proven (decision 0022): lists them first, and proves them with
//! `--yes`. Never done automatically, and only for rows that can be so old: an attacker who writes rows could provoke it.

use std::fmt;
use std::path::Path;
use std::process::ExitCode;

use sealpost_mail::{Clock as _, SystemClock, Timestamp};
use sealpost_mailbox::audit::{Actor, Event, fact_proof};
use sealpost_store::{
    AskedRow, AuditRow, FactKind, FactRow, Provable, ProvenAnew, ProvenFact, Store, StoreError, UnprovenRow,
};
use sealpost_support::instant;
use sealpost_vault::{PortalRole, UNPROVEN};

use super::{complain, complain_all, fail, say, with_store};
use crate::config::checked::Plan;
use crate::roles::Roles;

/// What to do with the rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Request {
    /// List what would be vouched for.
    List,
    /// Vouch for it.
    Vouch,
}

pub(super) fn run(config: &Path, request: Request, old_until: Option<Timestamp>) -> ExitCode {
    // The portal handles letters and drafts: its keys prove both.
    let (plan, keys) = match Plan::load(config, Roles::PORTAL) {
        Ok(loaded) => loaded,
        Err(problems) => return complain_all(&problems),
    };
    let Some(keys) = keys.portal else { return ExitCode::FAILURE };
    match with_store(&plan, &keys.queue.audit, async |store| adopt(store, &keys, request, old_until).await) {
        Ok(seen) => told(&seen, request),
        Err(error) => fail(&error),
    }
}

/// What was found.
#[derive(Debug, Default)]
struct Seen {
    letters: usize,
    drafts: usize,
    /// Statement rows: rows that only record that something is to be done or known.
    others: usize,
    /// Rows that cannot be that old.
    refused: usize,
}

fn told(seen: &Seen, request: Request) -> ExitCode {
    let Seen { letters, drafts, others, refused } = *seen;
    if refused > 0 {
        complain(format_args!(
            "{refused} rows without a proof cannot be from before there were proofs: somebody else wrote them, and they stay \
             what they are"
        ));
    }
    match request {
        Request::Vouch => {
            say(format_args!("{letters} letters and {drafts} drafts adopted"));
            if others > 0 {
                say(format_args!("{others} requests, bounced addresses and letters gone unread adopted"));
            }
            ExitCode::SUCCESS
        }
        Request::List if letters + drafts + others == 0 => {
            say("nothing to vouch for");
            ExitCode::SUCCESS
        }
        Request::List => {
            say(format_args!(
                "{letters} letters, {drafts} drafts and {others} requests, bounced addresses and letters gone unread have no proof"
            ));
            complain(
                "nothing was done: once you know that nobody else wrote these rows, run it again with --yes",
            );
            ExitCode::FAILURE
        }
    }
}

async fn adopt(
    store: &Store,
    keys: &PortalRole,
    request: Request,
    old_until: Option<Timestamp>,
) -> Result<Seen, StoreError> {
    for row in store.audit_about("store").await?.iter().filter(|row| row.action == "key.adopted") {
        complain(format_args!("vouched for before: {}: {}", shown(row.at), row.detail));
    }
    let since = store.proven_since().await?;
    if since.is_none() {
        complain("the store does not say since when rows are proven: look at the dates yourself");
    }
    let began = vec![noted(&Event::AdoptionBegan)];
    let mut work = Adopting { store, keys, request, newest: old_until.or(since), began };
    let mut seen = Seen::default();
    for what in [Provable::Letter, Provable::Draft] {
        work.sealed(what, &mut seen).await?;
    }
    for kind in FactKind::ALL {
        work.said(kind, &mut seen).await?;
    }
    if request == Request::Vouch {
        let Seen { letters, drafts, others, refused: _ } = seen;
        store.append_audit(vec![noted(&Event::RowsAdopted { letters, drafts, others })]).await?;
    }
    Ok(seen)
}

fn noted(event: &Event<'_>) -> AuditRow {
    event.row(SystemClock.now(), &Actor::of_command(), None)
}

struct Adopting<'a> {
    store: &'a Store,
    keys: &'a PortalRole,
    request: Request,
    /// Rows made later are not that old; `None`: unknown.
    newest: Option<Timestamp>,
    /// The audit rows to write with the first rows vouched for; empty once written.
    began: Vec<AuditRow>,
}

/// Why a row cannot be older than the proofs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum NotFromBefore {
    TooYoung,
    LetterIsThere,
    Unreadable,
}

impl fmt::Display for NotFromBefore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::TooYoung => "it was made when rows were proven already",
            Self::LetterIsThere => "the letter lies in its mailbox",
            Self::Unreadable => "it cannot be read",
        })
    }
}

impl Adopting<'_> {
    /// The store, which records the beginning until something was changed.
    fn noting(&self) -> Store {
        self.store.audited(self.began.clone())
    }

    /// Counts the rows changed by the last transaction.
    fn changed(&mut self, rows: usize) -> usize {
        if rows > 0 {
            self.began.clear();
        }
        rows
    }

    async fn sealed(&mut self, what: Provable, seen: &mut Seen) -> Result<(), StoreError> {
        let (kind, mut after) = (kind_word(what), String::new());
        loop {
            let found = self.store.unproven_rows(what, UNPROVEN, &after).await?;
            let Some(last) = found.last() else { return Ok(()) };
            after.clone_from(&last.id);
            let mut proven = Vec::new();
            for row in found {
                let name = format!("{} in mailbox {}", row.id, row.mailbox_id);
                if seen.may(kind, &name, Some(row.at), self.too_young(row.at)) {
                    let proof = self.proof(&row);
                    proven.push((row, proof));
                }
            }
            let count = match self.request {
                Request::List => proven.len(),
                Request::Vouch => {
                    let rows = self.noting().prove_rows(proven).await?;
                    self.changed(rows)
                }
            };
            match what {
                Provable::Letter => seen.letters += count,
                Provable::Draft => seen.drafts += count,
            }
        }
    }

    fn proof(&self, UnprovenRow { what, id, mailbox_id, at: _, sealed }: &UnprovenRow) -> Vec<u8> {
        match what {
            Provable::Letter => self.keys.queue.deposits.prove(mailbox_id, id, sealed),
            Provable::Draft => self.keys.sessions.prove_draft(mailbox_id, id, sealed),
        }
    }

    /// Rows without a proof. One that has another proof was not written by an earlier version.
    async fn said(&mut self, kind: FactKind, seen: &mut Seen) -> Result<(), StoreError> {
        let mut after = None;
        loop {
            let page = self.store.fact_rows(kind, after.as_ref()).await?;
            let Some(last) = page.last else { return Ok(()) };
            after = Some(last);
            let mut bare = Vec::new();
            for row in page.rows {
                match row {
                    FactRow::Says { said, proof } if proof.is_empty() => bare.push(said),
                    FactRow::Says { .. } => {}
                    FactRow::Unreadable { id } => {
                        let _refused = seen.may(kind.as_str(), &id, None, Some(NotFromBefore::Unreadable));
                    }
                }
            }
            let there = self.store.are_there(&bare.iter().filter_map(gone).collect::<Vec<_>>()).await?;
            let mut proven = Vec::new();
            for said in bare {
                let at = made(&said);
                let lies = gone(&said).is_some_and(|letter| there.contains(&letter));
                let reason = if lies { Some(NotFromBefore::LetterIsThere) } else { self.too_young(at) };
                if seen.may(kind.as_str(), &said.id(), Some(at), reason) {
                    let proof = fact_proof(self.keys.queue.audit.events(), &said);
                    proven.push(ProvenAnew { said, before: Vec::new(), proof });
                }
            }
            seen.others += match self.request {
                Request::List => proven.len(),
                Request::Vouch => {
                    let rows = self.noting().prove_facts(proven).await?;
                    self.changed(rows)
                }
            };
        }
    }

    fn too_young(&self, at: Timestamp) -> Option<NotFromBefore> {
        self.newest.is_some_and(|newest| at > newest).then_some(NotFromBefore::TooYoung)
    }
}

impl Seen {
    /// Names the row, and decides whether it may be proven.
    fn may(&mut self, kind: &str, id: &str, at: Option<Timestamp>, reason: Option<NotFromBefore>) -> bool {
        // The writer of the row must not control the operator's terminal.
        let (id, at) = (id.escape_debug(), at.map_or_else(|| "-".to_owned(), shown));
        match reason {
            Some(reason) => {
                complain(format_args!("not from before: {kind} {id}, {at}: {reason}"));
                self.refused += 1;
                false
            }
            None => {
                say(format_args!("{kind} {id}, {at}"));
                true
            }
        }
    }
}

/// The letter that the row says is gone.
fn gone(said: &ProvenFact) -> Option<String> {
    match said {
        ProvenFact::GoneUnread { deposit_id, .. } => Some(deposit_id.clone()),
        ProvenFact::CameBack { .. } | ProvenFact::Request(_) | ProvenFact::SessionEnded { .. } => None,
    }
}

/// When the row says it happened.
fn made(said: &ProvenFact) -> Timestamp {
    match said {
        ProvenFact::GoneUnread { gone_at: at, .. }
        | ProvenFact::CameBack { last_at: at, .. }
        | ProvenFact::SessionEnded { at, .. }
        | ProvenFact::Request(AskedRow { created_at: at, .. }) => *at,
    }
}

fn shown(at: Timestamp) -> String {
    instant(Some(at)).unwrap_or_else(|| at.0.to_string())
}

fn kind_word(what: Provable) -> &'static str {
    match what {
        Provable::Letter => "letter",
        Provable::Draft => "draft",
    }
}
