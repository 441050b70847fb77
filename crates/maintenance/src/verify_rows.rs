//! Verifies every row that is sealed, tagged or proven under a key of the server: a row that fails was damaged, or
//! written by another party (decision 0022). Changes nothing, opens no letter, and reports ids only.

use sealpost_delivery::Ticket;
use sealpost_mailbox::audit::{event_holds, fact_holds};
use sealpost_mailbox::{Resident, verify_memo};
use sealpost_partner::{PartnerError, PartnerSeals};
use sealpost_store::{
    Comer, EventSelection, FactKind, FactRow, Keyed, KeyedMailbox, KeyedRequest, KeyedRow, MailboxRow,
    MailboxState, Store, StoreError, WrapKind,
};
use sealpost_vault::{
    Bearer, Held, KeyringKey, Label, MailboxSecret, QueueKeys, SessionAuth, Token, TokenPurpose, WayInKeys,
    is_of_former_version,
};

use crate::rotate_server_key::{MEMO_LABELS, first};

/// Beyond this number, rows are only counted.
const NAMED: usize = 1000;

/// The result of the verification.
#[derive(Debug, Default)]
pub struct Proven {
    /// Number of rows that were verified.
    pub rows: usize,
    /// Number of rows that failed.
    pub unproven: usize,
    /// The first of them: kind, id, reason.
    pub named: Vec<String>,
}

/// The keys to verify with: those that the current role has.
pub struct Prover<'a> {
    /// The store.
    pub store: &'a Store,
    /// Every role has these.
    pub queue: &'a QueueKeys,
    /// The portal's and support's.
    pub way_in: Option<&'a WayInKeys>,
    /// The portal's key that proves drafts.
    pub sessions: Option<&'a SessionAuth>,
    /// The keyring key of intake and support.
    pub keyring: Option<&'a KeyringKey>,
}

impl Prover<'_> {
    /// Verifies every row.
    ///
    /// # Errors
    /// The store failed, or a partner's row cannot be read at all.
    pub async fn run(&self) -> Result<Proven, PartnerError> {
        let mut proven = Proven::default();
        self.mailboxes(&mut proven).await?;
        for what in Keyed::ALL {
            match what {
                Keyed::BounceMemo => self.bounce_memos(&mut proven).await?,
                Keyed::Ticket | Keyed::Letter | Keyed::Draft | Keyed::Withdrawn | Keyed::Unread => {
                    self.rows(what, &mut proven).await?;
                }
            }
        }
        for leg in self.store.damaged_legs().await? {
            proven.note("row of leg", &leg.id, Err(leg.why));
        }
        self.events(&mut proven).await?;
        for kind in FactKind::ALL {
            self.said(kind, &mut proven).await?;
        }
        if let Some(keyring) = self.keyring {
            let seals = PartnerSeals { keyring, rows: &self.queue.rows, tags: &self.queue.tags };
            for (what, error) in seals.prove(self.store).await? {
                proven.note("row of", &what, error.map_or(Ok(()), Err));
            }
        }
        Ok(proven)
    }

    async fn mailboxes(&self, proven: &mut Proven) -> Result<(), StoreError> {
        let mut after = String::new();
        loop {
            let page = self.store.keyed_mailboxes(&after).await?;
            let Some(last) = page.last() else { return Ok(()) };
            after.clone_from(&last.row.id);
            for found in &page {
                match found.row.state {
                    // Nothing is left of it that could be verified.
                    MailboxState::Deleted => {}
                    MailboxState::Pending | MailboxState::Active | MailboxState::Locked => {
                        self.mailbox(found, proven);
                        self.ways_in(found, proven);
                        self.hold(&found.row, proven).await?;
                        self.comers(found, proven).await?;
                    }
                }
            }
        }
    }

    fn mailbox(&self, found: &KeyedMailbox, proven: &mut Proven) {
        let row = &found.row;
        proven.note("mailbox", &row.id, Resident::of(row, &self.queue.rows, &self.queue.tags).map(drop));
        for (label, sealed) in
            [(Label::Question, &row.question_sealed), (Label::Profile, &row.profile_sealed)]
        {
            if let Some(sealed) = sealed {
                proven.note(label.as_str(), &row.id, self.queue.rows.open(label, &row.id, sealed).map(drop));
            }
        }
        for KeyedRequest { asked, proof: _ } in &found.requests {
            for (label, sealed) in [(Label::Request, &asked.note), (Label::RequestDecision, &asked.decision)]
            {
                if let Some(sealed) = sealed {
                    let id = format!("{} of mailbox {}", asked.number, row.id);
                    proven.note(label.as_str(), &id, self.queue.rows.open(label, &row.id, sealed).map(drop));
                }
            }
        }
    }

    /// A hold has no seal of its own: the audit trail says who began it, and when, as far back as it goes.
    async fn hold(&self, row: &MailboxRow, proven: &mut Proven) -> Result<(), StoreError> {
        let Some(since) = row.held_since else { return Ok(()) };
        let said = self.store.audit_of(&row.id).await?;
        let last =
            said.iter().rfind(|row| ["mailbox.held", "mailbox.hold-ended"].contains(&row.action.as_str()));
        let begun = match last {
            Some(last) => last.action == "mailbox.held" && last.at == since,
            None => self.store.audit_anchors().await?.pruned.is_some_and(|gone| gone.at >= since),
        };
        let begun = if begun { Ok(()) } else { Err("the audit trail says of nobody who began it") };
        proven.note("hold of mailbox", &row.id, begun);
        Ok(())
    }

    /// Checks that the link opens the mailbox's own secret, and that passwords and answers are sealed under a key that
    /// is available. Only their owners can verify more.
    fn ways_in(&self, found: &KeyedMailbox, proven: &mut Proven) {
        let (Some(way_in), row) = (self.way_in, &found.row) else { return };
        if let (Some(link), Some(wrap)) = (found.wrap(WrapKind::Link), found.wrap(WrapKind::Activation)) {
            let opened = MailboxSecret::unwrap_kept(link, wrap, &row.id, &self.queue.rows, &way_in.pepper);
            let own = opened.map_err(|error| error.to_string()).and_then(|(_, secret)| {
                let own = secret.public().to_bytes() == row.public_key;
                if own { Ok(()) } else { Err("it opens another key".to_owned()) }
            });
            proven.note("link", &row.id, own);
        }
        for kind in [WrapKind::Password, WrapKind::Answer, WrapKind::Initial] {
            if let Some(wrap) = found.wrap(kind) {
                proven.note(kind_word(kind), &row.id, way_in.pepper.knows(wrap));
            }
        }
    }

    /// Sessions, newcomer sessions, and the row of the link. Rows of links for a new password are checked against the
    /// mailbox when one is used: those of a former key pair remain, and open nothing.
    async fn comers(&self, found: &KeyedMailbox, proven: &mut Proven) -> Result<(), StoreError> {
        let row = &found.row;
        if let Some(sessions) = self.sessions {
            for Comer { since, sealed } in self.store.comers(&row.id).await? {
                if since.is_some() && is_of_former_version(&sealed) {
                    continue;
                }
                let bearer = if since.is_some() { Bearer::Owner } else { Bearer::Newcomer };
                let since = since.map_or(0, |since| since.0);
                let held = Held { bearer, mailbox_id: &row.id, since, epochs: &row.epochs };
                proven.note("session of mailbox", &row.id, sessions.is_ours(&held, &sealed));
            }
        }
        let Some(way_in) = self.way_in else { return Ok(()) };
        let kept = found.wrap(WrapKind::Link).map(|link| Token::kept(&self.queue.rows, &row.id, link));
        let link =
            kept.and_then(Result::ok).map(|link| way_in.tokens.hash_of(TokenPurpose::Activation, &link));
        for hash in self.store.unspent_activations(&row.id).await? {
            let ours = if link == Some(hash) { Ok(()) } else { Err("no link of the mailbox leads to it") };
            proven.note("activation of mailbox", &row.id, ours);
        }
        Ok(())
    }

    async fn rows(&self, what: Keyed, proven: &mut Proven) -> Result<(), StoreError> {
        let mut after = String::new();
        loop {
            let page = self.store.keyed_rows(what, &after).await?;
            let Some(last) = page.last() else { return Ok(()) };
            after.clone_from(&last.id);
            for row in &page {
                self.row(row, proven);
            }
        }
    }

    /// A memo is sealed with what its row says, which its seal alone does not show.
    async fn bounce_memos(&self, proven: &mut Proven) -> Result<(), StoreError> {
        let mut after = String::new();
        loop {
            let page = self.store.bounce_memos(&after).await?;
            let Some(last) = page.last() else { return Ok(()) };
            last.key.as_str().clone_into(&mut after);
            for row in &page {
                proven.note("bounce memo", row.key.as_str(), verify_memo(&self.queue.rows, row));
            }
        }
    }

    /// Events that have not been sent to webhooks yet.
    async fn events(&self, proven: &mut Proven) -> Result<(), StoreError> {
        let mut after = String::new();
        loop {
            let page = self.store.events(&after, EventSelection::All).await?;
            let Some((last, _)) = page.last() else { return Ok(()) };
            after.clone_from(&last.id);
            for (event, _) in &page {
                let holds = event_holds(self.queue.audit.events(), event);
                proven.note("event", &event.id, if holds { Ok(()) } else { Err("nobody of us made it") });
                if let Some(memo) = &event.memo_sealed {
                    let open = |label: Label| self.queue.rows.open(label, &event.letter, memo);
                    proven.note("event", &event.id, first(MEMO_LABELS, open).map(drop));
                }
            }
        }
    }

    /// What only says that something is to be done or known.
    async fn said(&self, kind: FactKind, proven: &mut Proven) -> Result<(), StoreError> {
        let mut after = None;
        loop {
            let page = self.store.fact_rows(kind, after.as_ref()).await?;
            let Some(last) = page.last else { return Ok(()) };
            after = Some(last);
            for row in &page.rows {
                let (id, holds) = match row {
                    FactRow::Says { said, proof } if fact_holds(self.queue.audit.events(), said, proof) => {
                        (said.id(), Ok(()))
                    }
                    FactRow::Says { said, proof } if proof.is_empty() => {
                        (said.id(), Err("it has no proof; it may be from before there were any"))
                    }
                    FactRow::Says { said, proof: _ } => {
                        (said.id(), Err("it was not written by this gateway"))
                    }
                    FactRow::Unreadable { id } => {
                        (id.clone(), Err("it cannot be read: it was not written by this gateway"))
                    }
                };
                proven.note(kind.as_str(), &id, holds);
            }
        }
    }

    fn row(&self, row: &KeyedRow, proven: &mut Proven) {
        let queue = self.queue;
        match row.what {
            Keyed::Ticket => {
                proven.note("leg", &row.id, Ticket::open_any(&queue.spool, &row.id, &row.sealed).map(drop));
            }
            Keyed::BounceMemo | Keyed::Unread => {
                let open = |label: Label| queue.rows.open(label, &row.whose, &row.sealed);
                proven.note("memo", &row.id, first(MEMO_LABELS, open).map(drop));
            }
            Keyed::Withdrawn => {
                let by = queue.rows.open(Label::Withdrawn, &row.whose, &row.sealed).map(drop);
                proven.note("letter taken back", &row.id, by);
            }
            Keyed::Letter => {
                let letter = queue.deposits.proven(&row.whose, &row.id, &row.sealed).map(drop);
                proven.note("letter", &row.id, letter);
            }
            Keyed::Draft => {
                if let Some(sessions) = self.sessions {
                    let draft = sessions.proven_draft(&row.whose, &row.id, &row.sealed).map(drop);
                    proven.note("draft", &row.id, draft);
                }
            }
        }
    }
}

impl Proven {
    fn note<E: std::fmt::Display>(&mut self, kind: &str, id: &str, proof: Result<(), E>) {
        self.rows += 1;
        if let Err(error) = proof {
            self.unproven += 1;
            if self.named.len() < NAMED {
                self.named.push(format!("{kind} {id} does not prove: {error}"));
            }
        }
    }
}

fn kind_word(kind: WrapKind) -> &'static str {
    match kind {
        WrapKind::Password => "password of mailbox",
        WrapKind::Answer => "answer of mailbox",
        WrapKind::Initial => "initial password of mailbox",
        WrapKind::Activation | WrapKind::Link => "link of mailbox",
        WrapKind::Escrow => "escrow wrap of mailbox",
    }
}
