//! A store in a temporary folder, the server's keys, and a mailbox created for an address.

use std::sync::Arc;

use sealpost_mail::{Address, Letter, SystemRandom, Term, Timestamp, Zone};
use sealpost_mailbox::audit::Chain;
use sealpost_mailbox::{
    Going, NewLetter, NewOwner, NewPending, Resident, Retention, RetentionRequest, WaysIn, seal_body,
};
use sealpost_store::{
    ArrivalRows, Committed, DepositRow, Folder, MailboxState, NewToken, Page, Store, StoreOptions,
    TokenPurpose,
};
use sealpost_vault::{Keys, MailboxSecret, MessageKey, ServerKey, Token, TokenPurpose as VaultPurpose};
use tempfile::TempDir;

pub(crate) const NOW: Timestamp = Timestamp(1_000_000);
pub(crate) const ADDRESS: &str = "Erika.Muster@web.example";
pub(crate) fn retention() -> Retention {
    Retention {
        zone: Zone::utc(),
        unactivated: Term::Days(40),
        letters: None,
        mailbox: None,
        trash: Term::Days(14),
        asked: None,
    }
}

pub(crate) struct Rig {
    pub(crate) store: Store,
    pub(crate) keys: Keys,
    _scratch: TempDir,
}

impl Rig {
    pub(crate) fn new() -> Self {
        let scratch = tempfile::tempdir().unwrap();
        let keys = ServerKey::generate(&SystemRandom).keys();
        let prover = Some(Arc::new(Chain::new(keys.portal().queue.audit)) as _);
        let options = StoreOptions { prover, ..StoreOptions::new(scratch.path().join("store")) };
        let store = Store::open(options).unwrap();
        Self { store, keys, _scratch: scratch }
    }

    /// A pending mailbox with one letter; its id, and the secret key that its stored link opens.
    pub(crate) async fn pending_open(&self) -> (String, MailboxSecret) {
        let (id, _) = self.pending().await;
        let (link, wrap) = self.store.kept_link(&id).await.unwrap().unwrap();
        let (_, secret) =
            MailboxSecret::unwrap_kept(&link, &wrap, &id, &self.keys.rows, &self.keys.pepper).unwrap();
        (id, secret)
    }

    /// A pending mailbox with one letter in it; its id and its link.
    pub(crate) async fn pending(&self) -> (String, Token) {
        self.pending_as("letter-1").await
    }

    /// The same with a letter of another id.
    pub(crate) async fn pending_as(&self, letter_id: &str) -> (String, Token) {
        let (token, hash) = self.keys.tokens.issue(VaultPurpose::Activation, &SystemRandom);
        let ways = WaysIn { rows: &self.keys.rows, pepper: &self.keys.pepper, token: &token };
        let escrow = self.keys.escrow.public();
        let new = NewPending::new(&ways, Some(&escrow), &SystemRandom).unwrap();
        let (id, public) = (new.id().to_owned(), new.public().clone());
        let key = MessageKey::generate(&SystemRandom);
        let body = seal_body(&self.store, &key, b"Guten Tag", &SystemRandom).await.unwrap();
        let letter = NewLetter {
            mailbox_id: &id,
            public: &public,
            deposit_id: letter_id,
            body_id: body.id(),
            key: &key,
            folder: Folder::Inbox,
            head: b"Subject: Befund\r\n\r\n",
            listing: &Letter::parse(b"Subject: Befund\r\n\r\n").unwrap().summary(),
            size: 28,
            received_at: NOW,
            going: retention().letter(MailboxState::Pending, NOW, RetentionRequest::default()),
        };
        let mut rows = ArrivalRows::new(NOW);
        rows.deposits.push(letter.row(&self.keys.deposits, Vec::new(), &SystemRandom).unwrap());
        let owner = NewOwner { tag: self.tag(ADDRESS), address: ADDRESS, language: "de".to_owned() };
        let token_row = NewToken {
            hash,
            purpose: TokenPurpose::Activation,
            created_at: NOW,
            expires_at: retention().link(NOW),
            deposit_id: None,
        };
        rows.mailboxes.push(new.row(&self.keys.rows, owner, token_row, NOW, &SystemRandom));
        rows.body = Some(body);
        assert!(matches!(self.store.commit_arrival(rows).await.unwrap(), Committed::New(_)));
        (id, token)
    }

    /// One more letter for an existing mailbox, with this subject and expiry.
    pub(crate) async fn deposit(&self, mailbox_id: &str, id: &str, going: Going) {
        let resident = self.resident(mailbox_id).await;
        let key = MessageKey::generate(&SystemRandom);
        let body = seal_body(&self.store, &key, id.as_bytes(), &SystemRandom).await.unwrap();
        let head = format!("Subject: {id}\r\n\r\n");
        let letter = NewLetter {
            mailbox_id,
            public: resident.public(),
            deposit_id: id,
            body_id: body.id(),
            key: &key,
            folder: Folder::Inbox,
            head: head.as_bytes(),
            listing: &Letter::parse(head.as_bytes()).unwrap().summary(),
            size: 28,
            received_at: NOW,
            going,
        };
        let mut rows = ArrivalRows::new(NOW);
        rows.deposits.push(letter.row(&self.keys.deposits, Vec::new(), &SystemRandom).unwrap());
        rows.body = Some(body);
        assert!(matches!(self.store.commit_arrival(rows).await.unwrap(), Committed::New(_)));
    }

    /// The letters of a mailbox's inbox, by id.
    pub(crate) async fn inbox(&self, mailbox_id: &str) -> Vec<DepositRow> {
        let all = Page { offset: 0, limit: 100 };
        let mut rows = self.store.deposits(mailbox_id, Folder::Inbox, all).await.unwrap();
        rows.sort_by(|one, other| one.id.cmp(&other.id));
        rows
    }

    /// The trail of a mailbox: who did what.
    pub(crate) async fn trail(&self, mailbox_id: &str) -> Vec<String> {
        let rows = self.store.audit_of(mailbox_id).await.unwrap();
        rows.into_iter().map(|row| format!("{} {}", row.actor, row.action)).collect()
    }

    pub(crate) fn tag(&self, address: &str) -> [u8; 32] {
        self.keys.tags.address_tag(&Address::parse(address).unwrap().identity())
    }

    pub(crate) async fn resident(&self, id: &str) -> Resident {
        let row = self.store.mailbox(id).await.unwrap().unwrap();
        Resident::of(&row, &self.keys.rows, &self.keys.tags).unwrap()
    }
}
