//! Access: what a link leads to, what an activation leaves behind, who can log in with which password, and
//! what an owner changes.

use std::sync::Arc;
use std::time::Duration;

use sealpost_mail::{FakeClock, Random, Secret, SystemRandom};
use sealpost_mailbox::{
    Access, Activated, ActivationLink, Chosen, DeletionLink, LINK_LASTS, LogInOutcome, MailboxError,
    NewCredential, NewPassword, OpenedPending, Owner, Replaced, ResetLink, ResetProof, Whose, WorkPool,
};
use sealpost_store::{
    ArrivalRows, Committed, KeptSession, MailboxRow, MailboxState, NewToken, TokenPurpose, WrapKind,
};
use sealpost_vault::{EscrowPublic, KnownPairs, Token, TokenPurpose as VaultPurpose};

use crate::rig::{ADDRESS, NOW, Rig, retention};

pub(crate) const PASSWORD: &str = "vier Pferde im Regen";
pub(crate) const ANSWER: &str = "Rosinante";

/// Runs work where it is requested.
#[derive(Clone, Copy)]
pub(crate) struct Here;

impl WorkPool for Here {
    type Refused = MailboxError;

    async fn run<T: Send + 'static>(
        self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, MailboxError> {
        Ok(work())
    }
}

pub(crate) struct Door {
    pub(crate) rig: Rig,
    pub(crate) clock: FakeClock,
    random: Arc<dyn Random>,
    pairs: KnownPairs,
    escrow: EscrowPublic,
    pub(crate) mailbox_id: String,
    pub(crate) token: Token,
}

impl Door {
    pub(crate) async fn new() -> Self {
        let rig = Rig::new();
        let (mailbox_id, token) = rig.pending().await;
        let escrow = rig.keys.escrow.public();
        let random: Arc<dyn Random> = Arc::new(SystemRandom);
        let pairs = KnownPairs::new(&SystemRandom);
        Self { rig, clock: FakeClock::at(NOW), random, pairs, escrow, mailbox_id, token }
    }

    pub(crate) fn access(&self) -> Access<'_> {
        let keys = &self.rig.keys;
        Access {
            store: &self.rig.store,
            tags: &keys.tags,
            tokens: &keys.tokens,
            rows: &keys.rows,
            pepper: &keys.pepper,
            pairs: &self.pairs,
            escrow: Some(&self.escrow),
            random: &self.random,
            clock: &self.clock,
            from: None,
        }
    }

    pub(crate) async fn row(&self) -> MailboxRow {
        self.rig.store.mailbox(&self.mailbox_id).await.unwrap().unwrap()
    }

    pub(crate) async fn waiting(&self) -> OpenedPending {
        match self.access().activation_link(self.token.text().expose()).await.unwrap() {
            ActivationLink::Good(waiting) => *waiting,
            bad => panic!("{}", name(&bad)),
        }
    }

    pub(crate) async fn activate(&self) {
        let waiting = self.waiting().await;
        let done = self.access().activate(Here, Here, &waiting, chosen(), &retention()).await.unwrap();
        assert!(matches!(done, Activated::Done(_)));
    }

    pub(crate) async fn comes_with(&self, password: &str) -> LogInOutcome {
        let row = self.row().await;
        self.access().try_password(Here, Some(&row), secret(password)).await.unwrap()
    }

    async fn is_owner(&self, password: &str) -> bool {
        matches!(self.comes_with(password).await, LogInOutcome::Owner(_))
    }

    /// The token of a deletion link, as left by an arrival.
    pub(crate) async fn deletion(&self) -> Token {
        let (token, hash) = self.rig.keys.tokens.issue(VaultPurpose::Deletion, &SystemRandom);
        let expires_at = NOW.plus(LINK_LASTS);
        let purpose = TokenPurpose::Deletion;
        let row = NewToken { hash, purpose, created_at: NOW, expires_at, deposit_id: None };
        let mut rows = ArrivalRows::new(NOW);
        rows.deletions.push((self.mailbox_id.clone(), row));
        assert!(matches!(self.rig.store.commit_arrival(rows).await.unwrap(), Committed::New(_)));
        token
    }
}

pub(crate) fn secret(text: &str) -> Secret<String> {
    Secret::new(text.to_owned())
}

pub(crate) fn chosen() -> Chosen {
    let question = "Wie hiess Ihr erstes Haustier?".to_owned();
    Chosen { password: secret(PASSWORD), question, answer: secret(ANSWER), language: "en".to_owned() }
}

/// For messages.
fn name(link: &ActivationLink) -> &'static str {
    match link {
        ActivationLink::Good(_) => "good",
        ActivationLink::Used => "used",
        ActivationLink::Superseded => "superseded",
        ActivationLink::Expired => "expired",
        ActivationLink::Unknown => "unknown",
    }
}

#[tokio::test]
async fn looking_at_a_link_changes_nothing() {
    let door = Door::new().await;
    for _ in 0..3 {
        let waiting = door.waiting().await;
        assert_eq!((waiting.address.as_str(), waiting.language.as_str()), (ADDRESS, "de"));
    }
    assert_eq!(door.row().await.state, MailboxState::Pending);
    let (stranger, _) = door.rig.keys.tokens.issue(VaultPurpose::Activation, &SystemRandom);
    for text in [stranger.text().expose().as_str(), "", "no token at all"] {
        let link = door.access().activation_link(text).await.unwrap();
        assert_eq!(name(&link), "unknown", "{text:?}");
    }
    // Valid for another purpose only.
    assert!(matches!(
        door.access().reset_link(door.token.text().expose()).await.unwrap(),
        ResetLink::Unknown
    ));
    door.clock.advance(Duration::from_secs(50 * 86_400));
    let late = door.access().activation_link(door.token.text().expose()).await.unwrap();
    assert_eq!(name(&late), "expired");
}

#[tokio::test]
async fn a_mailbox_becomes_its_owner_s_once() {
    let door = Door::new().await;
    let (first, second) = (door.waiting().await, door.waiting().await);
    let access = door.access();
    let done = access.activate(Here, Here, &first, chosen(), &retention()).await.unwrap();
    let Activated::Done(new) = done else { panic!("not activated") };
    assert_ne!(
        new.public().to_bytes(),
        first.secret.public().to_bytes(),
        "the mailed link opens nothing more"
    );
    let row = door.row().await;
    assert_eq!((row.state, row.language.as_str()), (MailboxState::Active, "en"));
    assert_eq!(row.public_key, new.public().to_bytes());
    let again = access.activate(Here, Here, &second, chosen(), &retention()).await.unwrap();
    assert!(matches!(again, Activated::TooLate));
    assert_eq!(name(&access.activation_link(door.token.text().expose()).await.unwrap()), "used");
    assert!(door.is_owner(PASSWORD).await);
    assert!(!door.is_owner(ANSWER).await);
}

#[tokio::test]
async fn nobody_comes_by_a_password_that_is_not_the_mailbox_s() {
    let door = Door::new().await;
    assert!(matches!(door.comes_with(PASSWORD).await, LogInOutcome::Stranger), "it waits for its owner");
    let nobody = door.access().try_password(Here, None, secret(PASSWORD)).await.unwrap();
    assert!(matches!(nobody, LogInOutcome::Stranger));
    door.activate().await;
    // A row under another key: somebody who writes rows cannot let themselves in.
    let mut forged = door.row().await;
    forged.public_key = door.rig.keys.escrow.public().to_bytes();
    let came = door.access().try_password(Here, Some(&forged), secret(PASSWORD)).await.unwrap();
    assert!(matches!(came, LogInOutcome::Stranger));
    let mut locked = door.row().await;
    locked.state = MailboxState::Locked;
    let came = door.access().try_password(Here, Some(&locked), secret(PASSWORD)).await.unwrap();
    assert!(matches!(came, LogInOutcome::Stranger));
}

#[tokio::test]
async fn another_password_ends_every_session_but_one() {
    let door = Door::new().await;
    door.activate().await;
    let LogInOutcome::Owner(opened) = door.comes_with(PASSWORD).await else { panic!("not in") };
    let row = door.row().await;
    let owner = Owner { mailbox: &row, secret: &opened, address: ADDRESS };
    let kept = |epochs: &str| {
        assert_ne!(epochs, row.epochs);
        Ok(KeptSession { hash: [7; 32], secret_sealed: Vec::new() })
    };
    let new = NewCredential::Password(secret("ein ganz anderes Wort"));
    assert!(door.access().change_credential(Here, owner, new, kept).await.unwrap());
    assert!(door.is_owner("ein ganz anderes Wort").await && !door.is_owner(PASSWORD).await);
    // With the row as it was before: somebody else was faster.
    let new = NewCredential::Password(secret("zu spaet"));
    assert!(!door.access().change_credential(Here, owner, new, kept).await.unwrap());
    assert!(!door.is_owner("zu spaet").await);

    let row = door.row().await;
    let owner = Owner { mailbox: &row, secret: &opened, address: ADDRESS };
    let question = "Wo?".to_owned();
    let new = NewCredential::Question { question, answer: secret("in der Mancha") };
    assert!(door.access().change_credential(Here, owner, new, kept).await.unwrap());
    let row = door.row().await;
    assert_eq!(door.access().question(&row).unwrap().as_deref(), Some("Wo?"));
    let owner = Owner { mailbox: &row, secret: &opened, address: ADDRESS };
    assert!(door.access().leave_everywhere(owner).await.unwrap());
    assert!(!door.access().leave_everywhere(owner).await.unwrap(), "of a row that is no more");
    assert_ne!(door.row().await.epochs, row.epochs);
}

#[tokio::test]
async fn a_forgotten_password_is_replaced_by_the_answer_once() {
    let door = Door::new().await;
    assert!(
        door.access().begin_reset(&door.row().await).await.unwrap().is_none(),
        "nobody has a question yet"
    );
    door.activate().await;
    let access = door.access();
    let token = access.begin_reset(&door.row().await).await.unwrap().unwrap();
    assert!(access.begin_reset(&door.row().await).await.unwrap().is_none(), "one mail at a time");
    let ResetLink::Good(row, hash) = access.reset_link(token.text.expose()).await.unwrap() else {
        panic!("no link")
    };
    let wrap = door.rig.store.wrap(&row.id, WrapKind::Answer).await.unwrap().unwrap();
    let on = Some((&*row, wrap.as_slice()));
    assert!(access.try_answer(Here, on, secret("Sancho")).await.unwrap().is_none());
    assert!(access.try_answer(Here, None, secret(ANSWER)).await.unwrap().is_none());
    // As people spell it.
    let opened = access.try_answer(Here, on, secret("  rosinante ")).await.unwrap().unwrap();
    let (whose, proof) = (Whose { mailbox_id: &row.id, address: ADDRESS }, ResetProof::Mailed(hash));
    let new = || NewPassword { password: secret("das neue Wort"), answer: secret(ANSWER) };
    let done = access.replace_password(Here, Here, whose, &opened, proof, new()).await.unwrap();
    assert!(matches!(done, Replaced::Done(_)));
    assert!(door.is_owner("das neue Wort").await && !door.is_owner(PASSWORD).await);
    let again = access.replace_password(Here, Here, whose, &opened, proof, new()).await;
    assert!(!matches!(again, Ok(Replaced::Done(_))), "a link is used once");
    assert!(matches!(access.reset_link(token.text.expose()).await.unwrap(), ResetLink::Used));
}

#[tokio::test]
async fn a_reset_link_is_worth_nothing_after_its_time_and_with_another_key_pair() {
    let door = Door::new().await;
    door.activate().await;
    let token = door.access().begin_reset(&door.row().await).await.unwrap().unwrap();
    assert!(matches!(door.access().reset_link(token.text.expose()).await.unwrap(), ResetLink::Good(..)));
    door.clock.advance(LINK_LASTS);
    assert!(matches!(door.access().reset_link(token.text.expose()).await.unwrap(), ResetLink::Expired));
    // Five a day are mailed on request; the next one waits until the last one has expired.
    for _ in 1..5 {
        assert!(door.access().begin_reset(&door.row().await).await.unwrap().is_some());
        door.clock.advance(Duration::from_secs(4 * 60));
    }
    assert!(door.access().begin_reset(&door.row().await).await.unwrap().is_none());
    door.clock.advance(LINK_LASTS);
    assert!(door.access().begin_reset(&door.row().await).await.unwrap().is_some());
}

#[tokio::test]
async fn a_new_link_takes_the_place_of_the_old_one() {
    let door = Door::new().await;
    let access = door.access();
    let row = access.waiting_mailbox(door.token.text().expose()).await.unwrap().unwrap();
    let (kept, secret) = access.kept_link(&row).await.unwrap().unwrap();
    assert_eq!(kept.text().expose(), door.token.text().expose());
    assert!(access.renew_link(&row, &retention()).await.unwrap().is_none(), "one was made just now");
    door.clock.advance(Duration::from_secs(4 * 60));
    let renewed = access.renew_link(&row, &retention()).await.unwrap().unwrap();
    assert_eq!(renewed.secret.public().to_bytes(), secret.public().to_bytes());
    let old = access.activation_link(door.token.text().expose()).await.unwrap();
    assert_eq!(name(&old), "superseded");
    let new = access.activation_link(renewed.token.text().expose()).await.unwrap();
    assert_eq!(name(&new), "good");
    // Any link it ever had identifies the mailbox while it is pending.
    assert!(access.waiting_mailbox(door.token.text().expose()).await.unwrap().is_some());
    let waiting = match new {
        ActivationLink::Good(waiting) => waiting,
        bad => panic!("{}", name(&bad)),
    };
    let done = access.activate(Here, Here, &waiting, chosen(), &retention()).await.unwrap();
    assert!(matches!(done, Activated::Done(_)));
    assert!(access.waiting_mailbox(door.token.text().expose()).await.unwrap().is_none());
}

#[tokio::test]
async fn a_letter_that_comes_between_is_not_lost_to_the_new_owner() {
    let door = Door::new().await;
    let waiting = door.waiting().await;
    door.activate().await;
    // The link is spent, whatever was read of it before.
    let late = door.access().activate(Here, Here, &waiting, chosen(), &retention()).await.unwrap();
    assert!(matches!(late, Activated::TooLate));
    let keys = door.rig.store.sealed_keys(&door.mailbox_id).await.unwrap();
    let LogInOutcome::Owner(opened) = door.comes_with(PASSWORD).await else { panic!("not in") };
    for key in keys.letters {
        assert!(opened.open_key(&door.mailbox_id, &key.id, &key.key_sealed).is_ok());
    }
}

#[tokio::test]
async fn a_link_that_deletes_is_overtaken_by_time() {
    let door = Door::new().await;
    door.activate().await;
    let token = door.deletion().await;
    let look = async || door.access().deletion_link(token.text().expose()).await.unwrap();
    assert!(matches!(look().await, DeletionLink::Good(..)));
    assert!(matches!(
        door.access().deletion_link(door.token.text().expose()).await.unwrap(),
        DeletionLink::Unknown
    ));
    door.clock.advance(LINK_LASTS);
    assert!(matches!(look().await, DeletionLink::Expired));
}
