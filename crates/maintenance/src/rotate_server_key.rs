//! Changes a store's server key: everything that was sealed, tagged or proven under the old one is renewed under the
//! new one, page by page, each page one transaction. Bodies, heads and message keys do not depend on it. Completed work
//! is recognised, so that an interrupted run can be continued. Knows no file.

use sealpost_delivery::Hold;
use sealpost_mail::Random;
use sealpost_mailbox::audit::{event_holds, event_proof, fact_holds, fact_proof};
use sealpost_mailbox::{Resident, WaysIn, seal_address};
use sealpost_partner::{PartnerError, PartnerSeals};
use sealpost_store::{
    AskedRow, AuditRow, EventRow, EventSelection, FactKind, FactRow, Keyed, KeyedMailbox, KeyedRequest,
    KeyedRow, MailboxRow, NewWrap, ProvenAnew, ProvenFact, RotatedMailbox, Rotating, Store, StoreError,
    WrapKind,
};
use sealpost_vault::{EscrowPublic, Keys, Label, MailboxSecret, Rotated, TokenPurpose, VaultError};
use thiserror::Error;

/// Why the rotation failed or is incomplete.
#[derive(Debug, Error)]
pub enum RotateError {
    /// The store failed.
    #[error("{0}")]
    Store(#[from] StoreError),
    /// A partner's row is invalid.
    #[error("{0}")]
    Partner(#[from] PartnerError),
    /// The keys are not those of this store.
    #[error(
        "nothing in this store opens with this server key: it is another store's key; nothing was changed"
    )]
    OtherKey,
}

/// The result of a rotation, as counts of rows.
#[derive(Clone, Copy, Debug, Default)]
pub struct Done {
    /// Number of mailboxes sealed anew.
    pub mailboxes: usize,
    /// Number of letters in them.
    pub letters: usize,
    /// Number of drafts.
    pub drafts: usize,
    /// Legs in the queue.
    pub queued: usize,
    /// Records about sent notices, for their bounces.
    pub bounce_memos: usize,
    /// Partners, their keys and our own for them.
    pub partners: usize,
    /// Renewed by an earlier run.
    pub before: usize,
    /// Opened with neither key; unchanged.
    pub strange: usize,
}

/// One change of keys.
pub struct Rotation<'a> {
    /// The store, open alone.
    pub store: &'a Store,
    /// The keys until now.
    pub old: &'a Keys,
    /// The keys from now on.
    pub new: &'a Keys,
    /// Source of randomness.
    pub random: &'a dyn Random,
    /// The audit row about its beginning.
    pub began: AuditRow,
}

impl Rotation<'_> {
    /// Renews everything. The store must be open exclusively; the caller removes the mark in it after replacing the old
    /// key by the new one.
    ///
    /// # Errors
    /// See [`RotateError`]; completed work is recognised by the next run.
    pub async fn run(&self) -> Result<Done, RotateError> {
        if !self.fits().await? {
            return Err(RotateError::OtherKey);
        }
        // Together with the mark, before any other row: a continued run finds the mark and records nothing.
        let rotating = Rotating { from: self.old.rows.id(), to: self.new.rows.id() };
        self.store.audited([self.began.clone()]).begin_rotation(rotating).await?;
        let mut done = Done::default();
        self.mailboxes(&mut done).await?;
        for what in Keyed::ALL {
            self.rows(what, &mut done).await?;
        }
        self.events(&mut done).await?;
        for kind in FactKind::ALL {
            self.said(kind, &mut done).await?;
        }
        let partners = seals(self.old).reseal(seals(self.new), self.store, self.random).await?;
        done.partners = partners.anew;
        done.before += partners.before;
        done.strange += partners.strange;
        self.store.forget_before_rotation().await?;
        Ok(done)
    }

    /// Whether the keys are this store's: whether any of its first mailboxes or queued rows opens.
    async fn fits(&self) -> Result<bool, RotateError> {
        let mailboxes = self.store.keyed_mailboxes("").await?;
        let tickets = self.store.keyed_rows(Keyed::Ticket, "").await?;
        let mut rows = mailboxes.iter().filter(|mailbox| !mailbox.row.address_sealed.is_empty()).peekable();
        if rows.peek().is_none() && tickets.is_empty() {
            return Ok(true);
        }
        let opens = |mailbox: &KeyedMailbox| self.resident(&mailbox.row).is_ok();
        Ok(rows.any(opens) || tickets.iter().any(|row| !matches!(self.row(row), Change::Strange(_))))
    }

    async fn mailboxes(&self, done: &mut Done) -> Result<(), RotateError> {
        let mut after = String::new();
        loop {
            let page = self.store.keyed_mailboxes(&after).await?;
            let Some(last) = page.last() else { return Ok(()) };
            after.clone_from(&last.row.id);
            let mut changes = Vec::new();
            for mailbox in &page {
                match self.mailbox(mailbox) {
                    Change::To(changed) => {
                        done.mailboxes += 1;
                        changes.push(*changed);
                    }
                    Change::Before => done.before += 1,
                    Change::Nothing => {}
                    Change::Strange(error) => {
                        tracing::error!(row.kind = "mailbox", mailbox.id = %mailbox.row.id, error, "left as it is");
                        done.strange += 1;
                    }
                }
            }
            self.store.replace_mailboxes(changes).await?;
        }
    }

    async fn rows(&self, what: Keyed, done: &mut Done) -> Result<(), RotateError> {
        let mut after = String::new();
        loop {
            let page = self.store.keyed_rows(what, &after).await?;
            let Some(last) = page.last() else { return Ok(()) };
            after.clone_from(&last.id);
            let mut changes = Vec::new();
            for row in page {
                match self.row(&row) {
                    Change::To(sealed) => changes.push((row, *sealed)),
                    Change::Before => done.before += 1,
                    Change::Nothing => {}
                    Change::Strange(error) => {
                        tracing::error!(row.kind = ?what, row.id = %row.id, error, "left as it is");
                        done.strange += 1;
                    }
                }
            }
            match what {
                Keyed::Ticket => done.queued += changes.len(),
                Keyed::BounceMemo => done.bounce_memos += changes.len(),
                Keyed::Letter => done.letters += changes.len(),
                Keyed::Draft => done.drafts += changes.len(),
                Keyed::Withdrawn | Keyed::Unread => {}
            }
            self.store.replace_keyed(changes).await?;
        }
    }

    /// Events that have not been sent to webhooks yet.
    async fn events(&self, done: &mut Done) -> Result<(), RotateError> {
        let (old, new) = (self.old.audit.events(), self.new.audit.events());
        let mut after = String::new();
        loop {
            let page = self.store.events(&after, EventSelection::All).await?;
            let Some((last, _)) = page.last() else { return Ok(()) };
            after.clone_from(&last.id);
            let mut changes = Vec::new();
            for (event, _) in page {
                if event_holds(&new, &event) {
                    done.before += 1;
                } else if event_holds(&old, &event) {
                    let memo = event.memo_sealed.as_ref().and_then(|sealed| self.memo(&event.letter, sealed));
                    let proof = event_proof(&new, &event);
                    changes.push(EventRow { memo_sealed: memo, proof, ..event });
                } else {
                    tracing::error!(row.kind = "event", row.id = %event.id, "does not prove: left as it is");
                    done.strange += 1;
                }
            }
            self.store.replace_events(changes).await?;
        }
    }

    /// Statement rows. Requests of mailboxes that have an address were proven with it.
    async fn said(&self, kind: FactKind, done: &mut Done) -> Result<(), RotateError> {
        let (old, new) = (self.old.audit.events(), self.new.audit.events());
        let mut after = None;
        loop {
            let page = self.store.fact_rows(kind, after.as_ref()).await?;
            let Some(last) = page.last else { return Ok(()) };
            after = Some(last);
            let mut changes = Vec::new();
            for row in page.rows {
                let id = match row {
                    FactRow::Says { said, proof } if fact_holds(&new, &said, &proof) => {
                        done.before += 1;
                        continue;
                    }
                    FactRow::Says { said, proof: before } if fact_holds(&old, &said, &before) => {
                        let proof = fact_proof(&new, &said);
                        changes.push(ProvenAnew { said, before, proof });
                        continue;
                    }
                    FactRow::Says { said, proof: _ } => said.id(),
                    FactRow::Unreadable { id } => id,
                };
                tracing::error!(row.kind = kind.as_str(), row.id = %id, "does not prove: left as it is");
                done.strange += 1;
            }
            let _those_that_are_as_they_were = self.store.prove_facts(changes).await?;
        }
    }

    /// Sender and recipient of an event's letter; `None` if they cannot be read.
    fn memo(&self, letter: &str, sealed: &[u8]) -> Option<Vec<u8>> {
        match first(MEMO_LABELS, |label| self.resealed(label, letter, sealed)) {
            Ok(Rotated::Anew(anew)) => Some(anew),
            Ok(Rotated::Before) => Some(sealed.to_owned()),
            Err(error) => {
                tracing::error!(row.kind = "event", letter.id = %letter, %error, "the letter's sender and recipient can no longer be read");
                None
            }
        }
    }

    fn row(&self, row: &KeyedRow) -> Change<Vec<u8>> {
        let (old, new) = (self.old, self.new);
        let changed = match row.what {
            // Whether its leg may go is part of the seal's label.
            Keyed::Ticket => first([Hold::Free.label(), Hold::Held.label()], |label| {
                old.spool.resealed(&new.spool, label, &row.id, &row.sealed, self.random)
            }),
            // The recipient is not in the row, only in the seal.
            Keyed::BounceMemo | Keyed::Unread => {
                first(MEMO_LABELS, |label| self.resealed(label, &row.whose, &row.sealed))
            }
            Keyed::Withdrawn => self.resealed(Label::Withdrawn, &row.whose, &row.sealed),
            Keyed::Letter => old.deposits.reproven(&new.deposits, &row.whose, &row.id, &row.sealed),
            Keyed::Draft => old.sessions.reproven_draft(&new.sessions, &row.whose, &row.id, &row.sealed),
        };
        match changed {
            Ok(Rotated::Anew(sealed)) => Change::To(Box::new(sealed)),
            Ok(Rotated::Before) => Change::Before,
            Err(error) => Change::Strange(error.to_string()),
        }
    }

    fn resealed(&self, label: Label, id: &str, sealed: &[u8]) -> Result<Rotated, VaultError> {
        self.old.rows.resealed(&self.new.rows, label, id, sealed, self.random)
    }

    /// The same for an optional value; one that cannot be opened is left unchanged, because a mailbox without its
    /// question is better than no mailbox.
    fn optional(&self, label: Label, id: &str, sealed: Option<&Vec<u8>>) -> Option<Vec<u8>> {
        let sealed = sealed?;
        match self.resealed(label, id, sealed) {
            Ok(Rotated::Anew(anew)) => Some(anew),
            Ok(Rotated::Before) => Some(sealed.clone()),
            Err(error) => {
                tracing::error!(row.kind = label.as_str(), mailbox.id = %id, %error, "left as it is");
                Some(sealed.clone())
            }
        }
    }

    /// The mailbox's owner, and the key under which the row is sealed.
    fn resident(&self, row: &MailboxRow) -> Result<(Resident, Under), String> {
        let of = |keys: &Keys| Resident::of(row, &keys.rows, &keys.tags);
        match (of(self.new), of(self.old)) {
            (Ok(resident), _) => Ok((resident, Under::New)),
            (Err(_), Ok(resident)) => Ok((resident, Under::Old)),
            (Err(_), Err(error)) => Err(error.to_string()),
        }
    }

    fn mailbox(&self, found: &KeyedMailbox) -> Change<RotatedMailbox> {
        let row = &found.row;
        if row.address_sealed.is_empty() {
            // Deleted: only its id is left.
            return Change::Nothing;
        }
        match self.resident(row) {
            Ok((_, Under::New)) => Change::Before,
            Ok((resident, Under::Old)) => match self.anew(found, &resident) {
                Ok(changed) => Change::To(Box::new(changed)),
                Err(error) => Change::Strange(error.to_string()),
            },
            Err(error) => Change::Strange(error),
        }
    }

    fn anew(&self, found: &KeyedMailbox, resident: &Resident) -> Result<RotatedMailbox, VaultError> {
        let row = &found.row;
        let (public, text) = (resident.public(), resident.address_text());
        let (mut wraps, token) = self.link(found);
        let escrow = self.new.escrow.public();
        wraps.extend(moved_escrow(found, &self.old.escrow, &escrow, self.random)?);
        Ok(RotatedMailbox {
            id: row.id.clone(),
            tag_before: row.tag,
            tag: self.new.tags.address_tag(&resident.address().identity()),
            address_sealed: seal_address(&self.new.rows, public, &row.id, &row.epochs, text, self.random),
            question_sealed: self.optional(Label::Question, &row.id, row.question_sealed.as_ref()),
            profile_sealed: self.optional(Label::Profile, &row.id, row.profile_sealed.as_ref()),
            wraps,
            token,
            requests: found.requests.iter().map(|request| self.request(&row.id, request)).collect(),
        })
    }

    /// Its notes are sealed anew, and with them their proof, if it was valid before.
    fn request(&self, mailbox: &str, KeyedRequest { asked, proof }: &KeyedRequest) -> KeyedRequest {
        let proven = fact_holds(&self.old.audit.events(), &ProvenFact::Request(asked.clone()), proof);
        let asked = AskedRow {
            note: self.optional(Label::Request, mailbox, asked.note.as_ref()),
            decision: self.optional(Label::RequestDecision, mailbox, asked.decision.as_ref()),
            ..asked.clone()
        };
        let proof = match proven {
            true => fact_proof(&self.new.audit.events(), &ProvenFact::Request(asked.clone())),
            false => proof.clone(),
        };
        KeyedRequest { asked, proof }
    }

    /// The link of a pending mailbox is stored: it can be renewed, with the wrap that it opens. Wraps under a password
    /// or an answer are left unchanged and need the old pepper.
    fn link(&self, found: &KeyedMailbox) -> (Vec<NewWrap>, Option<TokenMoved>) {
        let row = &found.row;
        let (Some(link), Some(wrap)) = (found.wrap(WrapKind::Link), found.wrap(WrapKind::Activation)) else {
            return (Vec::new(), None);
        };
        match MailboxSecret::unwrap_kept(link, wrap, &row.id, &self.old.rows, &self.old.pepper) {
            Ok((token, secret)) if is_its_own(row, &secret) => {
                let ways = WaysIn { rows: &self.new.rows, pepper: &self.new.pepper, token: &token };
                let hash = |keys: &Keys| keys.tokens.hash_of(TokenPurpose::Activation, &token);
                (ways.wraps(&row.id, &secret, self.random), Some((hash(self.old), hash(self.new))))
            }
            Ok(_another_s) => {
                tracing::error!(row.kind = "link", mailbox.id = %row.id, "opens another key: left as it is");
                (Vec::new(), None)
            }
            Err(error) => {
                tracing::error!(row.kind = "link", mailbox.id = %row.id, %error, "left as it is");
                (Vec::new(), None)
            }
        }
    }
}

fn seals(keys: &Keys) -> PartnerSeals<'_> {
    PartnerSeals { keyring: &keys.keyring, rows: &keys.rows, tags: &keys.tags }
}

/// The hash of a link's token, old and new.
type TokenMoved = ([u8; 32], [u8; 32]);

/// Records about a mail, for its bounce: of a notice, of a reply.
pub(crate) const MEMO_LABELS: [Label; 2] = [Label::NoticeMemo, Label::ReplyMemo];

/// The escrow wrap of a mailbox under another escrow key, if the one given opens it and it contains the mailbox's own
/// secret. One under a third key is left unchanged.
///
/// # Errors
/// It could not be sealed.
pub fn moved_escrow(
    found: &KeyedMailbox,
    escrow: &sealpost_vault::EscrowSecret,
    to: &EscrowPublic,
    random: &dyn Random,
) -> Result<Option<NewWrap>, VaultError> {
    let (row, Some(wrap)) = (&found.row, found.wrap(WrapKind::Escrow)) else { return Ok(None) };
    match MailboxSecret::unwrap_escrow(wrap, &row.id, escrow) {
        Ok(secret) if is_its_own(row, &secret) => {
            let sealed = secret.wrap_escrow(&row.id, to, random)?;
            Ok(Some(NewWrap { kind: WrapKind::Escrow, sealed }))
        }
        Ok(_another_s) => {
            tracing::error!(row.kind = "escrow", mailbox.id = %row.id, "opens another key: left as it is");
            Ok(None)
        }
        Err(VaultError::OtherKey { .. }) => Ok(None),
        Err(error) => {
            tracing::error!(row.kind = "escrow", mailbox.id = %row.id, %error, "left as it is");
            Ok(None)
        }
    }
}

fn is_its_own(row: &MailboxRow, secret: &MailboxSecret) -> bool {
    secret.public().to_bytes() == row.public_key
}

/// With the first label that matches.
pub(crate) fn first<T, const N: usize>(
    labels: [Label; N],
    mut with: impl FnMut(Label) -> Result<T, VaultError>,
) -> Result<T, VaultError> {
    let mut last = Err(VaultError::Damaged("sealed record"));
    for label in labels {
        last = with(label);
        if last.is_ok() {
            break;
        }
    }
    last
}

/// Under which of the two keys a value is sealed.
enum Under {
    Old,
    New,
}

/// What is to be done with a row.
enum Change<T> {
    To(Box<T>),
    /// Renewed by an earlier run.
    Before,
    /// Nothing in it depends on a key.
    Nothing,
    /// Opens with neither key.
    Strange(String),
}
