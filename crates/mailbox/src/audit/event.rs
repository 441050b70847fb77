//! What may be in the audit trail, each event with exactly the ids and codes it needs: an enum, so that nothing else gets in. Knows
//! no table.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use sealpost_mail::{EnhancedCode, LoginNote, Timestamp};
use sealpost_store::{AuditRow, CountedRow};

/// Who did it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Actor {
    /// The gateway itself: a job, or delivery.
    System,
    /// A letter's sender, by sending it.
    Sender,
    /// An unauthenticated visitor: by a link or a form.
    Visitor,
    /// The mailbox's owner, logged in or with a valid link.
    Owner,
    /// An SMTP AUTH client with this login; `None`: the login is unknown.
    Login(Option<String>),
    /// The user who ran a command on the gateway's machine, by user id.
    Operator(u32),
}

impl Actor {
    /// The user of this process.
    #[must_use]
    pub fn of_command() -> Self {
        use std::os::unix::fs::MetadataExt as _;
        // The process's own folder in /proc belongs to its user.
        Self::Operator(std::fs::metadata("/proc/self").map_or(u32::MAX, |of_process| of_process.uid()))
    }

    fn word(&self) -> String {
        match self {
            Self::System => "system".to_owned(),
            Self::Sender => "sender".to_owned(),
            Self::Visitor => "visitor".to_owned(),
            Self::Owner => "owner".to_owned(),
            Self::Login(None) => "login".to_owned(),
            Self::Login(Some(name)) => format!("login:{name}"),
            Self::Operator(number) => format!("operator:{number}"),
        }
    }
}

/// Which of an owner's credentials.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Credentials {
    /// The password.
    Password,
    /// The security question and its answer.
    Question,
}

/// How passwords and answers failed, counted by mailbox, network and minute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure {
    /// The password or answer was wrong.
    Wrong,
    /// They were not checked, after too many wrong ones.
    Refused,
}

impl Failure {
    /// Both ways.
    pub const ALL: [Self; 2] = [Self::Wrong, Self::Refused];

    /// Its action name.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Wrong => "credentials.wrong",
            Self::Refused => "credentials.refused",
        }
    }
}

/// Why a session ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SessionEnd {
    /// Its owner logged out.
    LoggedOut,
    /// Its owner ended all of them.
    Everywhere,
}

/// Why a letter is gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LetterGone {
    /// Its owner deleted it permanently.
    Deleted,
    /// It expired.
    Expired,
    /// It had been in the trash long enough.
    Trash,
    /// It was recalled before it was opened.
    Recalled,
}

/// Why a mailbox is gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MailboxGone {
    /// Its owner requested it.
    Owner,
    /// Its owner requested it by mail, and confirmed it with the link.
    RequestedByMail,
    /// An operator deleted it.
    Operator,
    /// It was never activated.
    Abandoned,
    /// It was unused.
    Unused,
}

/// What happened to a mailbox's letters when its access was reset.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReleasedLetters {
    /// No password had been set yet: the stored link opened them.
    KeptByLink,
    /// The escrow key opened them.
    KeptByEscrow,
    /// They can no longer be opened.
    Lost,
}

/// How a run of a job ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JobOutcome {
    /// It did what was due.
    Done,
    /// It failed; it is tried again at its next time.
    Failed,
}

/// Result of reloading a configuration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReloadEnd {
    /// It is in use.
    Taken,
    /// The old one stays in use.
    Refused,
}

/// The arrival that a letter came with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Arrived<'a> {
    /// The arrival's id.
    pub id: &'a str,
    /// SHA-256 of the letter as it was received, before any change.
    pub sha256: [u8; 32],
}

/// A next hop's reply, without its text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct HopReply<'a> {
    /// The name of the next hop.
    pub host: Option<&'a str>,
    /// The reply code.
    pub code: Option<u16>,
    /// The enhanced code, the hop's or ours.
    pub enhanced: Option<EnhancedCode>,
    /// Its queue id of the mail.
    pub queue_id: Option<&'a str>,
}

/// How a partner's record changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PartnerChange {
    /// The partner is new.
    Added,
    /// It has more keys.
    KeysAdded,
    /// A certificate that signed a letter waits for an operator's trust.
    KeyOffered,
    /// Letters to it are encrypted in another way.
    Changed,
    /// It is suspended.
    Suspended,
    /// It is used again.
    Resumed,
    /// It has replied to a test letter.
    Answered,
    /// The partner is removed.
    Removed,
}

/// How a partner's key changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyChange {
    /// The key is used from now on.
    Trusted,
    /// The key is suspended.
    Suspended,
    /// It expired.
    Expired,
    /// Its holder has published more about it.
    Renewed,
    /// Its holder's programs have announced stronger capabilities: letters are encrypted accordingly.
    Raised,
    /// It is revoked.
    Revoked,
}

/// How a key of our own changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OwnKeyChange {
    /// The key is new.
    Added,
    /// An authority has issued a certificate for it.
    Certified,
    /// It no longer signs.
    Retired,
    /// It names more addresses.
    Addressed,
}

/// What a key of our own for partners was used for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum OwnKeyUse {
    /// It decrypted letters.
    Opened,
    /// It signed letters.
    Signed,
}

impl OwnKeyUse {
    /// Both uses.
    pub const ALL: [Self; 2] = [Self::Opened, Self::Signed];

    /// Its action name.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Opened => "own-key.opened",
            Self::Signed => "own-key.signed",
        }
    }
}

/// How a DKIM key changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DkimKeyChange {
    /// It is new and not used yet.
    Created,
    /// The key signs from now on.
    Used,
    /// It no longer signs.
    Retired,
    /// The key is removed.
    Removed,
}

/// What part of a store was moved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StoreMove {
    /// All of it: this row is the first of the new one.
    Whole,
    /// Only large bodies.
    Bodies,
    /// Nothing: the move was abandoned.
    GivenUp,
}

/// An event. Ids and codes only.
#[expect(missing_docs, reason = "a variant's words say what its ids and codes are")]
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event<'a> {
    /// A mailbox was created for an address.
    MailboxCreated { mailbox: &'a str },
    /// Its owner activated it, for the first time or after a release.
    MailboxActivated { mailbox: &'a str },
    /// A new activation link was sent.
    LinkRenewed { mailbox: &'a str },
    /// A session began: password or answer was right.
    LoggedIn { mailbox: &'a str },
    /// Failed passwords or answers for one mailbox from one network in one minute; without a mailbox: for addresses that have none.
    CredentialsFailed { how: Failure, mailbox: Option<&'a str>, times: i64 },
    /// Log-ins by SMTP AUTH from one network in one minute.
    LoggedInBySmtp { how: LoginNote, times: i64 },
    /// After too many wrong passwords unknown browsers have to wait.
    LogInClosed { mailbox: &'a str },
    /// A session ended other than by expiry.
    SessionEnded { mailbox: &'a str, why: SessionEnd },
    /// New password or question; all other sessions ended.
    CredentialsChanged { mailbox: &'a str, what: Credentials },
    /// A link for a forgotten password was sent.
    ResetAsked { mailbox: &'a str },
    /// A link to confirm that the mailbox be deleted was sent, as requested by mail.
    DeletionAsked { mailbox: &'a str },
    /// A forgotten password was replaced; all sessions ended.
    PasswordReset { mailbox: &'a str },
    /// Locked; all sessions ended.
    MailboxLocked { mailbox: &'a str },
    /// Unlocked.
    MailboxUnlocked { mailbox: &'a str },
    /// It was put under a hold.
    MailboxHeld { mailbox: &'a str },
    /// Its hold ended.
    MailboxFreed { mailbox: &'a str },
    /// Mail to its owner's address is sent again despite earlier bounces.
    AddressCleared { mailbox: &'a str },
    /// A mailbox was deleted: added to a transaction, one row for each.
    MailboxDeleted { why: MailboxGone },
    /// A request to support was made.
    RequestMade { mailbox: &'a str, kind: &'static str },
    /// Support granted it; whether the letters are kept, and whether the escrow key opened them.
    RequestReleased { mailbox: &'a str, number: i64, letters: ReleasedLetters },
    /// Support refused it.
    RequestRefused { mailbox: &'a str, number: i64 },
    /// A letter was deposited; and its arrival, unless it came from the gateway itself.
    LetterDeposited { letter: &'a str, mailbox: &'a str, arrival: Option<Arrived<'a>> },
    /// It was opened for the first time.
    LetterOpened { letter: &'a str, mailbox: &'a str },
    /// It was downloaded as a file.
    LetterExported { letter: &'a str, mailbox: &'a str, format: &'static str },
    /// Evidence of it from the trail was issued, for a dispute.
    EvidenceMade { letter: &'a str, mailbox: &'a str },
    /// Everything the operator can see about a mailbox was exported, for its owner.
    FactsExported { mailbox: &'a str },
    /// A stored original was decrypted again with our keys.
    OriginalOpened { original: &'a str },
    /// Dead events are tried again.
    EventsRetried,
    /// Dead events were dropped.
    EventsDropped,
    /// Several letters were exported in one archive.
    ArchiveExported { mailbox: &'a str, letters: usize, format: &'static str },
    /// Letters were moved to the trash: added to a transaction, one row for each.
    LetterTrashed,
    /// Letters were restored from it: one row for each.
    LetterRestored,
    /// Letters were deleted: one row for each.
    LetterGone { why: LetterGone },
    /// The next hop has accepted the notice.
    NoticeSent { letter: &'a str, mailbox: &'a str, reply: HopReply<'a> },
    /// The notice was given up.
    NoticeFailed { letter: &'a str, mailbox: &'a str, reply: HopReply<'a> },
    /// It bounced.
    NoticeReturned { letter: &'a str, mailbox: &'a str },
    /// An owner sent a letter to the operator.
    ReplySent { letter: &'a str, mailbox: &'a str, recipients: usize },
    /// A partner's record changed.
    PartnerChanged { partner: &'a str, what: PartnerChange },
    /// An operator decided about a partner's key.
    PartnerKeyChanged { partner: &'a str, fingerprint: &'a str, what: KeyChange },
    /// A key of our own for partners.
    OwnKeyChanged { key: &'a str, fingerprint: &'a str, what: OwnKeyChange },
    /// For how many letters one was used in one minute.
    OwnKeyUsed { what: OwnKeyUse, fingerprint: &'a str, times: i64 },
    /// An operator is about to change a DKIM key: its file is not part of a transaction.
    DkimKeyChangeBegan { name: &'a str, what: DkimKeyChange },
    /// A DKIM key, by its name in the DNS.
    DkimKeyChanged { name: &'a str, what: DkimKeyChange },
    /// The copy of a store to another place began.
    StoreMoveBegan,
    /// Large bodies are about to be moved.
    BodiesMoveBegan,
    /// A store was moved to another place.
    StoreMoved { what: StoreMove, rows: u64, bodies: u64 },
    /// Its schema was migrated.
    Migrated { to: i64 },
    /// Queue commands: added to a transaction, one row for each leg.
    LegRetried,
    /// The leg was frozen.
    LegFrozen,
    /// The leg was thawed.
    LegThawed,
    /// The leg was removed; the sender is not informed.
    LegRemoved,
    /// A job's run that deleted something, or failed, with counts.
    JobRan { job: &'static str, run: i64, counts: &'a [(&'static str, u64)], ended: JobOutcome },
    /// An operator confirmed a clock that is far ahead: jobs it makes due are run.
    ClockBelieved,
    /// Resealing to another server key has begun, with both ids.
    KeyRotationBegan { from: u8, to: u8 },
    /// The server key was replaced, with both ids.
    KeyRotated { from: u8, to: u8 },
    /// The first of several escrow wraps was resealed to another key.
    EscrowRotationBegan { to: u8 },
    /// Escrow wraps were resealed to another key.
    EscrowRotated { to: u8, mailboxes: usize },
    /// The first rows from a former version were vouched for.
    AdoptionBegan,
    /// Rows from a former version were vouched for.
    RowsAdopted { letters: usize, drafts: usize, others: usize },
    /// The configuration a process runs with, by the hash of its file.
    ConfigurationLoaded { hash: &'a str, parts: &'a str },
    /// Rules and certificates were reloaded.
    ConfigurationReloaded { hash: &'a str, end: ReloadEnd },
}

impl Event<'_> {
    /// The audit row of the event.
    #[must_use]
    pub fn row(&self, at: Timestamp, actor: &Actor, from: Option<IpAddr>) -> AuditRow {
        let Words { action, object, mailbox, outcome, detail } = self.words();
        AuditRow {
            at,
            actor: actor.word(),
            action: action.to_owned(),
            object,
            mailbox,
            network: from.map(network).unwrap_or_default(),
            outcome,
            detail,
        }
    }
}

/// A count of one minute as a row. `None`: we count nothing under that name, so another party has written it.
#[must_use]
pub fn counted(row: CountedRow) -> Option<AuditRow> {
    if let Some(how) = LoginNote::COUNTED.into_iter().find(|how| how.word() == row.action) {
        return Some(logged_in(how, row));
    }
    if let Some(what) = OwnKeyUse::ALL.into_iter().find(|what| what.word() == row.action) {
        let CountedRow { minute, action: _, whose, network: _, times } = row;
        let used = Event::OwnKeyUsed { what, fingerprint: &whose, times };
        return Some(used.row(minute, &Actor::System, None));
    }
    let how = Failure::ALL.into_iter().find(|how| how.word() == row.action)?;
    let CountedRow { minute, action: _, whose, network, times } = row;
    let mailbox = Some(whose.as_str()).filter(|whose| !whose.is_empty());
    let row = Event::CredentialsFailed { how, mailbox, times }.row(minute, &Actor::Visitor, None);
    Some(AuditRow { network, ..row })
}

/// SMTP AUTH log-ins with this result, as a row.
#[must_use]
pub fn logged_in(how: LoginNote, counted: CountedRow) -> AuditRow {
    let CountedRow { minute, action: _, whose, network, times } = counted;
    let actor = Actor::Login(Some(whose).filter(|whose| !whose.is_empty()));
    AuditRow { network, ..Event::LoggedInBySmtp { how, times }.row(minute, &actor, None) }
}

/// The client's network: enough to tell attackers apart, too little to identify a person.
#[must_use]
pub fn network(address: IpAddr) -> String {
    match address.to_canonical() {
        IpAddr::V4(address) => {
            let [a, b, c, _] = address.octets();
            format!("{}/24", Ipv4Addr::new(a, b, c, 0))
        }
        IpAddr::V6(address) => {
            let [a, b, c, ..] = address.segments();
            format!("{}/48", Ipv6Addr::new(a, b, c, 0, 0, 0, 0, 0))
        }
    }
}

/// The text fields of an event's row.
pub(super) struct Words {
    pub(super) action: &'static str,
    pub(super) object: String,
    pub(super) mailbox: String,
    pub(super) outcome: String,
    pub(super) detail: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_has_a_network_and_no_address() {
        for (address, shown) in [
            ("192.0.2.77", "192.0.2.0/24"),
            ("::ffff:192.0.2.77", "192.0.2.0/24"),
            ("2001:db8:1:2:3:4:5:6", "2001:db8:1::/48"),
        ] {
            let from = Some(address.parse().unwrap());
            let row = Event::LoggedIn { mailbox: "m" }.row(Timestamp(7), &Actor::Owner, from);
            assert_eq!((row.network.as_str(), row.actor.as_str()), (shown, "owner"));
            assert_eq!((row.object.as_str(), row.mailbox.as_str(), row.outcome.as_str()), ("m", "m", "done"));
        }
    }

    #[test]
    fn what_rides_with_many_things_names_none_itself() {
        for event in [Event::LetterTrashed, Event::LegRemoved, Event::LetterGone { why: LetterGone::Expired }]
        {
            assert!(event.row(Timestamp(0), &Actor::System, None).object.is_empty(), "{event:?}");
        }
        let event = Event::CredentialsFailed { how: Failure::Wrong, mailbox: None, times: 3 };
        assert!(!event.row(Timestamp(0), &Actor::System, None).object.is_empty(), "{event:?}");
    }

    #[test]
    fn a_hop_s_reply_is_its_name_and_its_codes() {
        let reply = HopReply {
            host: Some("mx.web.example"),
            code: Some(250),
            enhanced: None,
            queue_id: Some("4F2A"),
        };
        let sent = Event::NoticeSent { letter: "l", mailbox: "m", reply };
        let row = sent.row(Timestamp(0), &Actor::System, None);
        assert_eq!((row.outcome.as_str(), row.detail.as_str()), ("250", "hop=mx.web.example queue-id=4F2A"));
    }
}
