//! Recipients' requests to support, and support's decisions. Releasing is the only way from active back to pending, and
//! only together with an open request that names the mailbox.

use std::collections::{BTreeMap, BTreeSet};

use sealpost_mail::Timestamp;

use crate::column_values::{ColumnWord as _, Ended, LetterEvent, RequestKind, RequestState, UnreadEnd};
use crate::deleted_mailbox::{deleted_row, forget_replaced};
use crate::deposit::remove_letter;
use crate::ended_sessions::end_sessions;
use crate::error::StoreError;
use crate::fact_rows::Reading;
use crate::first_login::forget_newcomers_of;
use crate::hook::tell_all_gone;
use crate::leg::NewLeg;
use crate::mailbox::{NewMailbox, bodies_of};
use crate::proven_facts::{AskedRow, FactKind, ProvenFact, Proves};
use crate::row_proof::request_words;
use crate::sender_status::Unread;
use crate::statement::{Batch, Outcome, Refusal, Row, Statement, sql};
use crate::store::Store;
use crate::token::NewToken;
use crate::wrap_row::NewWrap;

/// Maximum of open access requests per mailbox.
pub const MAX_OPEN: i64 = 20;

/// A request.
#[derive(Clone, Debug)]
pub struct RequestRow {
    /// The number support uses for it.
    pub number: i64,
    /// The mailbox.
    pub mailbox_id: String,
    /// What is requested.
    pub kind: RequestKind,
    /// Its state.
    pub state: RequestState,
    /// When it was made, or repeated.
    pub created_at: Timestamp,
    /// When it was decided.
    pub decided_at: Option<Timestamp>,
    /// How to reach the recipient, sealed.
    pub note_sealed: Option<Vec<u8>>,
    /// Support's note, sealed.
    pub decision_sealed: Option<Vec<u8>>,
}

/// A release: the recipient gets a new way into the mailbox.
#[derive(Debug)]
pub struct Release {
    /// Number of the request.
    pub number: i64,
    /// Its mailbox.
    pub mailbox_id: String,
    /// Time of the decision.
    pub now: Timestamp,
    /// Support's note, sealed.
    pub decision_sealed: Vec<u8>,
    /// How the mailbox starts again.
    pub again: Again,
    /// Letters that are kept do not expire before.
    pub letters_until: Timestamp,
    /// The mail with the new link.
    pub leg: NewLeg,
}

/// Which requests to list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RequestSelection {
    /// All, including decided ones.
    All,
    /// Open ones.
    Open,
}

/// How a mailbox starts again.
#[derive(Debug)]
pub enum Again {
    /// With its key, so its letters stay readable: with new activation wraps and a token.
    Kept {
        /// Activation wrap and link.
        wraps: Vec<NewWrap>,
        /// The token of the new link.
        token: NewToken,
    },
    /// Empty: the mailbox is emptied permanently and replaced by a new one.
    Lost {
        /// The new mailbox.
        new: Box<NewMailbox>,
        /// What happens to unopened letters in the old one.
        unread: Unread,
    },
}

/// Outcome of a release.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Released {
    /// Released; the mail is queued.
    Done,
    /// The request is no longer open, or its mailbox is gone. Nothing was changed.
    NotOpen,
}

macro_rules! select_request {
    () => {
        concat!("SELECT ", request_words!(), " FROM requests")
    };
}

/// A request written by us; `None` if its proof fails.
fn request_row(row: Row, reading: &mut Reading<'_>) -> Result<Option<RequestRow>, StoreError> {
    let Some(ProvenFact::Request(asked)) = reading.proven(row) else { return Ok(None) };
    let AskedRow { number, mailbox_id, kind, state, created_at, decided_at, note, decision } = asked;
    Ok(Some(RequestRow {
        number,
        mailbox_id,
        kind: RequestKind::parse(&kind)?,
        state: RequestState::parse(&state)?,
        created_at,
        decided_at,
        note_sealed: note,
        decision_sealed: decision,
    }))
}

/// Maximum listed at once.
const AT_ONCE: usize = 1_000;

fn decide(number: i64, mailbox_id: &str, state: RequestState, now: Timestamp, note: Vec<u8>) -> Statement {
    sql!(
        concat!(
            "UPDATE requests SET state = ?3, decided_at = ?4, decision_sealed = ?5
             WHERE number = ?1 AND mailbox_id = ?2 AND state = 'open' RETURNING ",
            request_words!()
        ),
        number,
        mailbox_id,
        state.as_str(),
        now,
        note.clone()
    )
    .or_refuse(Refusal::NotPending)
    .proving(Proves::Decided {
        mailbox_id: mailbox_id.to_owned(),
        number: Some(number),
        state,
        at: now,
        decision: Some(note),
    })
}

impl Store {
    /// Makes a request; a request for a new link only once. Every request for access is kept separately: the first one
    /// may not be from the owner. If there are too many, the first and the last are kept. `false`: the mailbox does not
    /// exist.
    pub async fn ask(
        &self,
        mailbox_id: &str,
        kind: RequestKind,
        note_sealed: Option<Vec<u8>>,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let mut batch = Batch::default();
        batch.hold_mailbox(mailbox_id);
        batch.add(
            sql!("SELECT id FROM mailboxes WHERE id = ?1 AND state <> 'deleted'", mailbox_id)
                .or_refuse(Refusal::NotActive),
        );
        // Nothing of the previous request remains but its number.
        let asked = sql!(
            concat!(
                "INSERT INTO requests (mailbox_id, kind, state, created_at, note_sealed)
                 VALUES (?1, ?2, 'open', ?3, ?4)
                 ON CONFLICT (mailbox_id) WHERE state = 'open' AND kind = 'renewal'
                 DO UPDATE SET created_at = excluded.created_at, note_sealed = excluded.note_sealed,
                     decided_at = NULL, decision_sealed = NULL
                 RETURNING ",
                request_words!()
            ),
            mailbox_id,
            kind.as_str(),
            now,
            note_sealed.clone()
        );
        batch.add(asked.proving(Proves::Asked {
            mailbox_id: mailbox_id.to_owned(),
            kind: kind.as_str(),
            at: now,
            note: note_sealed,
        }));
        batch.add(sql!(
            "DELETE FROM requests WHERE number =
                 (SELECT number FROM requests WHERE mailbox_id = ?1 AND kind = 'access' AND state = 'open'
                  ORDER BY number LIMIT 1 OFFSET ?2)
             AND ?3 < (SELECT count(*) FROM requests WHERE mailbox_id = ?1 AND kind = 'access' AND state = 'open')",
            mailbox_id,
            MAX_OPEN / 2,
            MAX_OPEN
        ));
        Ok(matches!(self.write(batch).await?, Outcome::Kept(_)))
    }

    /// Requests, oldest first.
    pub async fn requests(&self, which: RequestSelection) -> Result<Vec<RequestRow>, StoreError> {
        let (mut found, mut after) = (Vec::new(), i64::MIN);
        let mut reading = self.reading(FactKind::Request);
        loop {
            let question = sql!(
                concat!(
                    select_request!(),
                    " WHERE number > ?1 AND (?2 = 0 OR state = 'open') ORDER BY number LIMIT ?3"
                ),
                after,
                which == RequestSelection::Open,
                AT_ONCE
            );
            let rows = self.read_rows(question).await?;
            let more = rows.len() == AT_ONCE;
            for row in rows {
                after = row.first_int().unwrap_or(i64::MAX);
                found.extend(request_row(row, &mut reading)?);
            }
            // However many rows others inserted, they hide none of ours.
            if !more || found.len() >= AT_ONCE {
                found.truncate(AT_ONCE);
                return Ok(found);
            }
        }
    }

    /// All requests for one mailbox.
    pub async fn requests_of(&self, mailbox_id: &str) -> Result<Vec<RequestRow>, StoreError> {
        let question = sql!(concat!(select_request!(), " WHERE mailbox_id = ?1 ORDER BY number"), mailbox_id);
        let mut reading = self.reading(FactKind::Request);
        let rows = self.read_rows(question).await?.into_iter();
        rows.filter_map(|row| request_row(row, &mut reading).transpose()).collect()
    }

    /// One request.
    pub async fn request(&self, number: i64) -> Result<Option<RequestRow>, StoreError> {
        let question = sql!(concat!(select_request!(), " WHERE number = ?1"), number);
        let Some(row) = self.read_one(question).await? else { return Ok(None) };
        request_row(row, &mut self.reading(FactKind::Request))
    }

    /// Refuses a request. `false`: it is not open.
    pub async fn refuse_request(
        &self,
        request: &RequestRow,
        decision_sealed: Vec<u8>,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let mut batch = Batch::default();
        batch.hold_mailbox(&request.mailbox_id);
        batch.add(decide(request.number, &request.mailbox_id, RequestState::Refused, now, decision_sealed));
        Ok(matches!(self.write(batch).await?, Outcome::Kept(_)))
    }

    /// Grants a request: the mailbox becomes pending, earlier passwords, answers, tokens and sessions no longer open
    /// it, and the mail with the new link is queued; all in one transaction.
    pub async fn release_request(&self, release: Release) -> Result<Released, StoreError> {
        let Release { number, mailbox_id, now, decision_sealed, again, letters_until, leg } = release;
        let letters = match &again {
            Again::Kept { .. } => BTreeMap::new(),
            Again::Lost { .. } => {
                let question =
                    sql!("SELECT id, body_id FROM deposits WHERE mailbox_id = ?1", mailbox_id.as_str());
                bodies_of(self.read_rows(question).await?)?
            }
        };
        let mut batch = Batch::default();
        batch.hold_mailbox(&mailbox_id);
        batch.add(decide(number, &mailbox_id, RequestState::Released, now, decision_sealed));
        match &again {
            Again::Kept { .. } => {}
            Again::Lost { unread, .. } => {
                let going: BTreeSet<String> = letters.keys().cloned().collect();
                batch.add(tell_all_gone(LetterEvent::Deleted, &mailbox_id, going.clone(), now));
                batch.extend(unread.all_in(&mailbox_id, going, UnreadEnd::WithMailbox, now));
            }
        }
        for (deposit_id, body_id) in letters {
            let deletion = sql!("DELETE FROM deposits WHERE id = ?1", deposit_id.as_str());
            remove_letter(&mut batch, deletion, &deposit_id, &body_id);
        }
        match &again {
            Again::Kept { .. } => {}
            // They can never be opened again. What is refused below, because of a hold for instance, keeps them.
            Again::Lost { .. } => self.add_removal_of_drafts(&mut batch, &mailbox_id).await?,
        }
        // Other requests are thereby either granted or were illegitimate.
        let others = sql!(
            concat!(
                "UPDATE requests SET state = 'refused', decided_at = ?2
                 WHERE mailbox_id = ?1 AND state = 'open' RETURNING ",
                request_words!()
            ),
            mailbox_id.as_str(),
            now
        );
        batch.add(others.proving(Proves::Decided {
            mailbox_id: mailbox_id.clone(),
            number: None,
            state: RequestState::Refused,
            at: now,
            decision: None,
        }));
        end_sessions(&mut batch, &mailbox_id, Ended::Support, now, None);
        batch.add(forget_newcomers_of(&mailbox_id));
        batch.add(sql!("DELETE FROM wraps WHERE mailbox_id = ?1 AND kind <> 'escrow'", mailbox_id.as_str()));
        batch.add(sql!(
            "UPDATE tokens SET spent_at = ?2 WHERE mailbox_id = ?1 AND spent_at IS NULL",
            mailbox_id.as_str(),
            now
        ));
        match again {
            Again::Kept { wraps, token } => {
                batch.add(
                    sql!(
                        "UPDATE mailboxes SET state = 'pending', question_sealed = NULL
                         WHERE id = ?1 AND state NOT IN ('deleted', 'locked')",
                        mailbox_id.as_str()
                    )
                    .or_refuse(Refusal::NotPending),
                );
                wraps.into_iter().for_each(|wrap| wrap.add_to(&mailbox_id, &mut batch));
                // What the owner is told is kept must not expire while the new link is on its way.
                batch.add(sql!(
                    "UPDATE deposits SET expires_at = ?2 WHERE mailbox_id = ?1 AND expires_at < ?2",
                    mailbox_id.as_str(),
                    letters_until
                ));
                token.add_to(&mailbox_id, &mut batch);
            }
            Again::Lost { new, unread: _ } => {
                // A letter that arrived meanwhile was not read above: refused, and the caller looks again.
                batch.add(
                    sql!(
                        concat!(
                            "UPDATE mailboxes SET ",
                            deleted_row!("?2"),
                            " WHERE id = ?1 AND state NOT IN ('deleted', 'locked') AND held_since IS NULL
                               AND NOT EXISTS (SELECT 1 FROM deposits WHERE mailbox_id = ?1)
                               AND NOT EXISTS (SELECT 1 FROM drafts WHERE mailbox_id = ?1)"
                        ),
                        mailbox_id.as_str(),
                        Vec::new()
                    )
                    .or_refuse(Refusal::NotPending),
                );
                forget_replaced(&mut batch, &mailbox_id);
                new.add_to(&mut batch);
            }
        }
        leg.add_to(&mut batch);
        match self.write(batch).await? {
            Outcome::Kept(_) => Ok(Released::Done),
            Outcome::Refused(_) => Ok(Released::NotOpen),
        }
    }
}
