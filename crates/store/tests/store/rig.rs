//! A store in a temporary folder, and rows that need no explanation.

use std::path::PathBuf;
use std::sync::Arc;

use sealpost_mail::{Random as _, SequenceRandom, Timestamp};
use sealpost_store::{
    Activate, Activation, ArrivalRows, Committed, Folder, Lease, LeaseFrom, LeasedLeg, LegPurpose, LegStart,
    NewBounceMemo, NewDeposit, NewLeg, NewMailbox, NewToken, NewWrap, Rekey, Relock, Reset, ResetPassword,
    SealedKeys, Store, StoreCounts, StoreError, StoreOptions, StoredBody, TokenPurpose, TurnedLeg, WrapKind,
};
use tempfile::TempDir;

pub(crate) const NOW: Timestamp = Timestamp(1_000_000);
pub(crate) const LATER: Timestamp = Timestamp(2_000_000);
/// Larger than the inline limit: goes to a file.
pub(crate) const LARGE: usize = 300_000;

pub(crate) struct Rig {
    pub(crate) store: Store,
    pub(crate) ids: Arc<SequenceRandom>,
    pub(crate) scratch: TempDir,
}

impl Rig {
    pub(crate) fn new() -> Self {
        let scratch = tempfile::tempdir().unwrap();
        Self::with(options(&scratch), scratch)
    }

    /// A store opened with other options, in a folder of this one.
    pub(crate) fn with(options: StoreOptions, scratch: TempDir) -> Self {
        Self { store: Store::open(options).unwrap(), ids: Arc::default(), scratch }
    }

    /// Closes the store and opens it again.
    pub(crate) async fn reopen(&mut self) {
        self.store.close().await;
        self.store = Store::open(options(&self.scratch)).unwrap();
    }

    /// Opens the same store again, as another process would.
    pub(crate) fn open_again(&self) -> Store {
        Store::open(options(&self.scratch)).unwrap()
    }

    pub(crate) fn folder(&self) -> PathBuf {
        self.scratch.path().join("store")
    }

    /// What a mailbox holds, sealed to a new key pair.
    pub(crate) async fn rekey(&self, mailbox_id: &str) -> Rekey {
        let old = self.store.mailbox(mailbox_id).await.unwrap();
        let mut keys = self.store.sealed_keys(mailbox_id).await.unwrap();
        for key in keys.letters.iter_mut().chain(&mut keys.drafts).chain(&mut keys.folders) {
            key.key_sealed.push(b'!');
        }
        Rekey {
            old_public: old.map(|row| row.public_key).unwrap_or_default(),
            public_key: b"public".to_vec(),
            address_sealed: b"address".to_vec(),
            keys,
            escrow: None,
        }
    }

    /// Activates with everything sealed anew.
    pub(crate) async fn activate(&self, activate: Activate) -> Result<Activation, StoreError> {
        let rekey = self.rekey(&activate.mailbox_id).await;
        self.store.activate(Activate { rekey, ..activate }).await
    }

    /// Replaces a password, everything sealed anew.
    pub(crate) async fn reset_password(&self, reset: ResetPassword) -> Result<Reset, StoreError> {
        let rekey = self.rekey(&reset.mailbox_id).await;
        self.store.reset_password(ResetPassword { rekey, ..reset }).await
    }

    /// Every file below `bodies/`.
    pub(crate) fn body_files(&self) -> Vec<PathBuf> {
        let mut files = Vec::new();
        for shelf in std::fs::read_dir(self.folder().join("bodies")).unwrap() {
            files.extend(std::fs::read_dir(shelf.unwrap().path()).unwrap().map(|file| file.unwrap().path()));
        }
        files
    }

    /// Waits until at most `count` files are left: removal runs in the background and reports nothing.
    pub(crate) async fn wait_for_files(&self, count: usize) {
        for _ in 0..1000 {
            if self.body_files().len() <= count {
                break;
            }
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
        assert_eq!(self.body_files().len(), count);
    }

    /// No inconsistencies; returns the counts.
    pub(crate) async fn clean(&self) -> StoreCounts {
        let report = self.store.sweep(NOW).await.unwrap();
        assert!(report.is_clean(), "{:?}", report.problems);
        report.counts
    }

    pub(crate) async fn body(&self, len: usize) -> StoredBody {
        let mut writer = self.store.body_writer(self.ids.id());
        for piece in sample(len).chunks(50_000) {
            writer.push(piece).await.unwrap();
        }
        writer.finish().await.unwrap()
    }

    pub(crate) fn leg(&self, body_id: &str, destination: &str) -> NewLeg {
        NewLeg {
            id: self.ids.id(),
            arrival_id: "arrival".to_owned(),
            body_id: Some(body_id.to_owned()),
            ticket_sealed: b"ticket".to_vec(),
            destination: destination.to_owned(),
            due_at: NOW,
            expires_at: Timestamp(9_000_000),
            created_at: NOW,
            purpose: LegPurpose::Relay,
            state: LegStart::Queued,
        }
    }

    pub(crate) fn mailbox(&self, tag: u8) -> NewMailbox {
        NewMailbox {
            id: self.ids.id(),
            tag: [tag; 32],
            address_sealed: b"address".to_vec(),
            public_key: b"public".to_vec(),
            language: "de".to_owned(),
            created_at: NOW,
            wraps: vec![wrap(WrapKind::Activation)],
            token: Some(token(tag)),
        }
    }

    pub(crate) fn deposit(&self, mailbox_id: &str, body_id: &str) -> NewDeposit {
        NewDeposit {
            id: self.ids.id(),
            mailbox_id: mailbox_id.to_owned(),
            body_id: body_id.to_owned(),
            folder: Folder::Inbox,
            sealed_to: b"public".to_vec(),
            key_sealed: b"key".to_vec(),
            head_sealed: b"head".to_vec(),
            listing_sealed: b"listing".to_vec(),
            size: 10,
            received_at: NOW,
            expires_at: Some(LATER),
            requested_until: None,
            thread_tags: Vec::new(),
        }
    }

    /// Commits a letter with a leg to each destination; returns the body's id.
    pub(crate) async fn queue(&self, len: usize, destinations: &[&str]) -> String {
        let body = self.body(len).await;
        let id = body.id().to_owned();
        let mut rows = ArrivalRows::new(NOW);
        rows.legs = destinations.iter().map(|destination| self.leg(&id, destination)).collect();
        rows.body = Some(body);
        assert!(matches!(self.store.commit_arrival(rows).await.unwrap(), Committed::New(_)));
        id
    }

    /// Commits a letter into a new mailbox; returns the ids of mailbox, deposit and body.
    pub(crate) async fn deposit_in_new(&self, tag: u8) -> (String, String, String) {
        let body = self.body(100).await;
        let mut rows = ArrivalRows::new(NOW);
        let mailbox = self.mailbox(tag);
        let deposit = self.deposit(&mailbox.id, body.id());
        let ids = (mailbox.id.clone(), deposit.id.clone(), body.id().to_owned());
        rows.body = Some(body);
        rows.mailboxes.push(mailbox);
        rows.deposits.push(deposit);
        assert!(matches!(self.store.commit_arrival(rows).await.unwrap(), Committed::New(_)));
        ids
    }

    /// The same with a memo of its notice; returns the ids of mailbox and deposit.
    pub(crate) async fn told_of_in_new(&self, tag: u8) -> (String, String) {
        let (mailbox_id, deposit_id, _) = self.deposit_in_new(tag).await;
        let mut rows = ArrivalRows::new(NOW);
        rows.bounce_memos.push(NewBounceMemo {
            number: 0,
            mailbox_id: mailbox_id.clone(),
            deposit_id: deposit_id.clone(),
            return_hash: [tag; 32],
            memo_sealed: b"whose".to_vec(),
            created_at: NOW,
        });
        assert!(matches!(self.store.commit_arrival(rows).await.unwrap(), Committed::New(_)));
        (mailbox_id, deposit_id)
    }

    /// The same as the first with a token of its own: one of an earlier mailbox may still exist.
    pub(crate) async fn deposit_in_new_with_token(&self, tag: u8, hash: u8) -> String {
        let body = self.body(100).await;
        let mut rows = ArrivalRows::new(NOW);
        let mailbox = NewMailbox { token: Some(token(hash)), ..self.mailbox(tag) };
        let id = mailbox.id.clone();
        rows.deposits.push(self.deposit(&id, body.id()));
        rows.body = Some(body);
        rows.mailboxes.push(mailbox);
        assert!(matches!(self.store.commit_arrival(rows).await.unwrap(), Committed::New(_)));
        id
    }

    /// One more letter in an existing mailbox.
    pub(crate) async fn deposit_more(&self, mailbox_id: &str) {
        let body = self.body(100).await;
        let mut rows = ArrivalRows::new(NOW);
        rows.deposits.push(self.deposit(mailbox_id, body.id()));
        rows.body = Some(body);
        assert!(matches!(self.store.commit_arrival(rows).await.unwrap(), Committed::New(_)));
    }

    pub(crate) async fn lease(&self, owner: &str, now: Timestamp, until: Timestamp) -> Vec<LeasedLeg> {
        let request = Lease { owner: owner.to_owned(), now, until, limit: 10, from: LeaseFrom::AllBut(&[]) };
        self.store.lease_legs(request).await.unwrap()
    }
}

pub(crate) fn options(scratch: &TempDir) -> StoreOptions {
    let folder = scratch.path().join("store");
    StoreOptions { rows: crate::rows(&folder), ..StoreOptions::new(folder) }
}

/// Locks or unlocks a mailbox whose epochs are `before`.
pub(crate) fn relock(id: &str, before: &str, now: &str) -> Relock {
    Relock {
        mailbox_id: id.to_owned(),
        epochs_before: before.to_owned(),
        epochs: now.to_owned(),
        address_sealed: b"address again".to_vec(),
    }
}

/// The existing legs among these, each with another ticket.
pub(crate) async fn turned(rig: &Rig, ids: &[String]) -> Vec<TurnedLeg> {
    let mut legs = Vec::new();
    for id in ids {
        if let Some(before) = rig.store.leg_ticket(id).await.unwrap() {
            legs.push(TurnedLeg { id: id.clone(), now: [before.as_slice(), b"!"].concat(), before });
        }
    }
    legs
}

/// Bytes that are not all the same.
pub(crate) fn sample(len: usize) -> Vec<u8> {
    (0..len).map(|at| u8::try_from(at % 251).unwrap()).collect()
}

pub(crate) fn wrap(kind: WrapKind) -> NewWrap {
    NewWrap { kind, sealed: kind.as_str().as_bytes().to_vec() }
}

pub(crate) fn token(fill: u8) -> NewToken {
    NewToken {
        hash: [fill; 32],
        purpose: TokenPurpose::Activation,
        created_at: NOW,
        expires_at: LATER,
        deposit_id: None,
    }
}

/// Filled in when it is used.
pub(crate) fn no_rekey() -> Rekey {
    Rekey {
        old_public: Vec::new(),
        public_key: Vec::new(),
        address_sealed: Vec::new(),
        keys: SealedKeys::default(),
        escrow: None,
    }
}
