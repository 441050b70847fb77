//! Inspects what letters have left: legs with their tickets opened, mailboxes opened by link or password, and
//! the trail.

use std::sync::Arc;

use sealpost_arrival::NoticeWriter;
use sealpost_delivery::{Composer as _, Content, Hold, Purpose, Ticket};
use sealpost_mail::{Address, Random, Secret, Summary};
use sealpost_mailbox::{
    Access, Activated, ActivationLink, BodyOpener, Chosen, MailboxError, WorkPool, open_head, opened,
};
use sealpost_notice::Notice;
use sealpost_store::{
    DepositRow, EventSelection, Folder, LegFilter, LegRow, LetterEvent, MailboxRow, Page, WrapKind,
};
use sealpost_vault::{KnownPairs, MailboxSecret, MessageKey};

use super::{PORTAL, Rig, address};

pub(crate) const PASSWORD: &str = "vier Pferde im Regen";
const ALL: Page = Page { offset: 0, limit: 1000 };

/// A leg and what its ticket says.
pub(crate) struct Leg {
    pub(crate) row: LegRow,
    pub(crate) ticket: Ticket,
    pub(crate) hold: Hold,
}

/// A letter in a mailbox, opened.
pub(crate) struct Opened {
    pub(crate) row: DepositRow,
    pub(crate) summary: Summary,
    pub(crate) head: String,
    pub(crate) rest: String,
}

/// Runs work where it is requested.
#[derive(Clone, Copy)]
struct Here;

impl WorkPool for Here {
    type Refused = MailboxError;

    async fn run<T: Send + 'static>(
        self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, MailboxError> {
        Ok(work())
    }
}

impl Leg {
    pub(crate) fn to(&self) -> String {
        self.ticket.recipient.address.to_path()
    }

    /// Its reverse-path as in SMTP, so that a null one shows.
    pub(crate) fn from(&self) -> String {
        self.ticket.reverse_path.address().map_or_else(|| "<>".to_owned(), Address::to_path)
    }

    /// The head of a letter that is finished.
    pub(crate) fn head(&self) -> String {
        String::from_utf8(self.ticket.content.head().unwrap().to_vec()).unwrap()
    }

    fn facts(&self) -> &Secret<String> {
        match &self.ticket.content {
            Content::Facts(facts) => facts,
            Content::Letter { .. } => panic!("a finished letter"),
        }
    }

    /// The notice that will be written.
    pub(crate) fn notice(&self) -> Notice {
        let mut facts: serde_json::Value = serde_json::from_str(self.facts().expose()).unwrap();
        serde_json::from_value(facts["notice"].take()).unwrap()
    }
}

impl Rig {
    /// Everything that is queued, by recipient.
    pub(crate) async fn legs(&self) -> Vec<Leg> {
        let mut legs = Vec::new();
        for row in self.store.list_legs(&LegFilter::default(), ALL).await.unwrap().legs {
            let sealed = self.store.leg_ticket(&row.id).await.unwrap().unwrap();
            let (ticket, hold) = Ticket::open_any(&self.keys.spool, &row.id, &sealed).unwrap();
            legs.push(Leg { row, ticket, hold });
        }
        legs.sort_by_key(Leg::to);
        legs
    }

    /// Whom something is queued to.
    pub(crate) async fn queued_to(&self) -> Vec<String> {
        self.legs().await.iter().map(Leg::to).collect()
    }

    /// The only leg to this address.
    pub(crate) async fn leg_to(&self, to: &str) -> Leg {
        let mut legs = self.legs().await;
        legs.retain(|leg| leg.to() == to);
        assert_eq!(legs.len(), 1, "legs to {to}");
        legs.pop().unwrap()
    }

    /// Everything that is queued is delivered, as far as the tests see.
    pub(crate) async fn let_go(&self) {
        let ids: Vec<String> = self.legs().await.into_iter().map(|leg| leg.row.id).collect();
        self.store.remove_legs(&ids).await.unwrap();
    }

    /// What follows the head of a finished letter.
    pub(crate) async fn rest(&self, leg: &Leg) -> String {
        let Content::Letter { body_key, .. } = &leg.ticket.content else { panic!("not finished") };
        let body = self.store.body(leg.row.body_id.as_ref().unwrap()).await.unwrap().unwrap();
        let mut rest = Vec::new();
        let opener = BodyOpener::new(&MessageKey::from_bytes(body_key), body).await.unwrap();
        opener.read_to_end(&mut rest).await.unwrap();
        String::from_utf8(rest).unwrap()
    }

    /// A notice as its reader gets it, decoded.
    pub(crate) fn written(&self, leg: &Leg) -> String {
        let writer = NoticeWriter { announcer: self.context().tenant.announcer.clone(), signer: None };
        let mail = writer.compose(leg.facts().expose(), &leg.ticket.recipient.address).unwrap();
        let letter = sealpost_mail::Letter::parse(&mail).unwrap();
        let head = sealpost_mail::Head::split(&mail).unwrap();
        format!("{}{}", String::from_utf8_lossy(&mail[..head]), letter.text().unwrap_or_default())
    }

    pub(crate) fn tag(&self, of: &str) -> [u8; 32] {
        self.keys.tags.address_tag(&address(of).identity())
    }

    pub(crate) async fn mailbox(&self, of: &str) -> Option<MailboxRow> {
        self.store.mailboxes_by_tag(&[self.tag(of)]).await.unwrap().pop()
    }

    pub(crate) async fn mailbox_id(&self, of: &str) -> String {
        self.mailbox(of).await.unwrap().id
    }

    /// The secret key of a pending mailbox.
    pub(crate) async fn pending_secret(&self, id: &str) -> MailboxSecret {
        let (link, wrap) = self.store.kept_link(id).await.unwrap().unwrap();
        MailboxSecret::unwrap_kept(&link, &wrap, id, &self.keys.rows, &self.keys.pepper).unwrap().1
    }

    pub(crate) fn access<'a>(
        &'a self,
        random: &'a Arc<dyn Random>,
        pairs: &'a KnownPairs,
        escrow: &'a sealpost_vault::EscrowPublic,
    ) -> Access<'a> {
        Access {
            store: &self.store,
            tags: &self.keys.tags,
            tokens: &self.keys.tokens,
            rows: &self.keys.rows,
            pepper: &self.keys.pepper,
            pairs,
            escrow: Some(escrow),
            random,
            clock: &*self.clock,
            from: None,
        }
    }

    /// The owner follows the link and sets a password; returns the mailbox's new secret key.
    pub(crate) async fn activate(&self, link: &Secret<String>) -> MailboxSecret {
        let token = link.expose().strip_prefix(PORTAL).unwrap().rsplit('/').next().unwrap();
        let (random, escrow): (Arc<dyn Random>, _) =
            (Arc::clone(&self.random) as _, self.keys.escrow.public());
        let pairs = KnownPairs::new(&*self.random);
        let access = self.access(&random, &pairs, &escrow);
        let ActivationLink::Good(waiting) = access.activation_link(token).await.unwrap() else {
            panic!("the link is not good")
        };
        let secret = |text: &str| Secret::new(text.to_owned());
        let (question, language) = ("Wo?".to_owned(), "de".to_owned());
        let chosen =
            Chosen { password: secret(PASSWORD), question, answer: secret("in der Mancha"), language };
        let retention = &self.context().tenant.announcer.retention;
        match access.activate(Here, Here, &waiting, chosen, retention).await.unwrap() {
            Activated::Done(secret) => *secret,
            Activated::TooLate | Activated::Overtaken => panic!("somebody was faster"),
        }
    }

    /// An active mailbox with this address and an empty queue; its id and secret key.
    pub(crate) async fn owner(&self, of: &str) -> (String, MailboxSecret) {
        self.write(&[of], "[vertraulich] Erster Brief").await.unwrap();
        let Notice::Activation { link, .. } = self.leg_to(of).await.notice() else { panic!("no link") };
        let secret = self.activate(&link).await;
        self.let_go().await;
        (self.mailbox_id(of).await, secret)
    }

    /// The letters in a folder, oldest first.
    pub(crate) async fn letters(&self, id: &str, secret: &MailboxSecret, folder: Folder) -> Vec<Opened> {
        let mut rows = self.store.deposits(id, folder, ALL).await.unwrap();
        rows.sort_by_key(|row| row.received_at);
        let mut letters = Vec::new();
        for row in rows {
            letters.push(self.open(id, secret, row).await);
        }
        letters
    }

    async fn open(&self, id: &str, secret: &MailboxSecret, row: DepositRow) -> Opened {
        let line = opened(&self.keys.deposits, id, secret, &row).unwrap();
        let letter = self.store.deposit(id, &row.id).await.unwrap().unwrap();
        let head = open_head(&line.key, &row.id, &letter.head_sealed).unwrap();
        let body = self.store.body(&letter.body_id).await.unwrap().unwrap();
        let mut rest = Vec::new();
        BodyOpener::new(&line.key, body).await.unwrap().read_to_end(&mut rest).await.unwrap();
        Opened {
            row,
            summary: line.summary.unwrap(),
            head: String::from_utf8(head).unwrap(),
            rest: String::from_utf8(rest).unwrap(),
        }
    }

    /// What the trail says was done to a mailbox, in order: actor and action.
    pub(crate) async fn trail(&self, mailbox_id: &str) -> Vec<String> {
        let rows = self.store.audit_of(mailbox_id).await.unwrap();
        rows.into_iter().map(|row| format!("{} {}", row.actor, row.action)).collect()
    }

    /// Subscribes a webhook to all events.
    pub(crate) async fn listen(&self) {
        let alone = self.store.alone("delivery").unwrap();
        self.store.set_hooks(&alone, &[("crm".to_owned(), LetterEvent::EVERY.to_vec())]).await.unwrap();
    }

    /// The events for it.
    pub(crate) async fn heard(&self) -> Vec<sealpost_store::EventRow> {
        self.store.events("", EventSelection::All).await.unwrap().into_iter().map(|(row, _)| row).collect()
    }

    pub(crate) async fn has_wrap(&self, id: &str, kind: WrapKind) -> bool {
        self.store.wrap(id, kind).await.unwrap().is_some()
    }

    /// The bounce address of a leg.
    pub(crate) fn return_path(leg: &Leg) -> Address {
        leg.ticket.reverse_path.address().unwrap().clone()
    }

    /// The letter that a notice is about.
    pub(crate) fn letter_of(leg: &Leg) -> String {
        let Purpose::Notice { deposit_id, .. } = &leg.ticket.purpose else { panic!("no notice") };
        deposit_id.clone()
    }
}
