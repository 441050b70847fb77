//! What may stand in the audit trail, each with exactly the ids and codes it needs: an enum, so that nothing else gets
//! in. Knows no table.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use sealpost_mail::{EnhancedCode, LoginNote, Timestamp};
use sealpost_store::{AuditRow, CountedRow};

/// Who did it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Actor {
    /// The gateway by itself: by the clock, or in delivering.
    System,
    /// A letter's sender, by sending it.
    Sender,
    /// Somebody who has not proven to be the owner: by a link, by a form.
    Visitor,
    /// The mailbox's owner, signed in or with a good link.
    Owner,
    /// Whoever logged in by SMTP AUTH, or tried to, as this login; without one: as one that is nobody's.
    Login(Option<String>),
    /// Whoever ran a command on the gateway's machine, by the number of their account there.
    Operator(u32),
}

impl Actor {
    /// Whoever runs this process.
    #[must_use]
    pub fn of_command() -> Self {
        use std::os::unix::fs::MetadataExt as _;
        // The process's own folder belongs to whoever it runs as.
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

/// Which of an owner's secrets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Credentials {
    /// The password.
    Password,
    /// The security question and its answer.
    Question,
}

/// How passwords and answers fail that are counted by mailbox, network and minute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure {
    /// The password or answer was wrong.
    Wrong,
    /// Nobody looked at them: there had been too many wrong ones.
    Refused,
}

impl Failure {
    /// Both ways.
    pub const ALL: [Self; 2] = [Self::Wrong, Self::Refused];

    /// Its dotted word.
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
    /// Its owner deleted it for good.
    Deleted,
    /// Its time was over.
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
    /// Its owner requested it by mail, and confirmed it by the link.
    RequestedByMail,
    /// An operator deleted it.
    Operator,
    /// Nobody ever came for it.
    Abandoned,
    /// Nobody used it any more.
    Unused,
}

/// What has become of a mailbox's letters when its access was reset.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReleasedLetters {
    /// Nobody had set a password yet: the kept link opened them.
    KeptByLink,
    /// The escrow key opened them.
    KeptByEscrow,
    /// Nobody can open them any more.
    Lost,
}

/// How a run of a job ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JobOutcome {
    /// It did what was due.
    Done,
    /// It could not; it is tried again at its next hour.
    Failed,
}

/// What has become of a configuration that was read again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReloadEnd {
    /// It is in use.
    Taken,
    /// The old one stays in use.
    Refused,
}

/// With what a letter came in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Arrived<'a> {
    /// The arrival's id.
    pub id: &'a str,
    /// SHA-256 of the letter as it was handed in, before anything here changed it.
    pub sha256: [u8; 32],
}

/// What a next hop replied, without its words.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct HopReply<'a> {
    /// The name of the next hop.
    pub host: Option<&'a str>,
    /// The reply code.
    pub code: Option<u16>,
    /// Its enhanced code, or ours.
    pub enhanced: Option<EnhancedCode>,
    /// By which name it knows the mail.
    pub queue_id: Option<&'a str>,
}

/// What became of a partner's entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PartnerChange {
    /// The partner is new.
    Added,
    /// It has more keys.
    KeysAdded,
    /// A certificate that signed a letter waits for an operator's trust.
    KeyOffered,
    /// Letters to it are closed in another way.
    Changed,
    /// It is not used.
    Suspended,
    /// It is used again.
    Resumed,
    /// It has answered a test letter.
    Answered,
    /// The partner is removed.
    Removed,
}

/// What became of a partner's key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyChange {
    /// The key is used from now on.
    Trusted,
    /// The key is not used for now.
    Suspended,
    /// Its time is over.
    Expired,
    /// Its holder has said more of it.
    Renewed,
    /// Its holder's programs have said that they read more: letters are closed in a stronger form.
    Raised,
    /// It is never used again.
    Revoked,
}

/// What became of a key of our own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OwnKeyChange {
    /// The key is new.
    Added,
    /// An authority has issued a certificate for it.
    Certified,
    /// It signs nothing more.
    Retired,
    /// It names more addresses.
    Addressed,
}

/// For what a key of our own for partners was used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum OwnKeyUse {
    /// It opened letters.
    Opened,
    /// It signed letters.
    Signed,
}

impl OwnKeyUse {
    /// Both uses.
    pub const ALL: [Self; 2] = [Self::Opened, Self::Signed];

    /// Its dotted word.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Opened => "own-key.opened",
            Self::Signed => "own-key.signed",
        }
    }
}

/// What became of a key for DKIM.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DkimKeyChange {
    /// It is new, and waits.
    Created,
    /// The key signs from now on.
    Used,
    /// It signs nothing more.
    Retired,
    /// The key is removed.
    Removed,
}

/// What of a store was moved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StoreMove {
    /// All of it: this row is the first of the new one.
    Whole,
    /// Large bodies alone.
    Bodies,
    /// Nothing: the move was given up.
    GivenUp,
}

/// What happened. Ids and codes only.
#[expect(missing_docs, reason = "a variant's words say what its ids and codes are")]
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event<'a> {
    /// A mailbox was made for an address.
    MailboxCreated { mailbox: &'a str },
    /// Its owner came for the first time, or again after a release.
    MailboxActivated { mailbox: &'a str },
    /// A new activation link was sent.
    LinkRenewed { mailbox: &'a str },
    /// A session began: password or answer was right.
    LoggedIn { mailbox: &'a str },
    /// Passwords or answers for one mailbox from one network in one minute; without a mailbox: for addresses that have none.
    CredentialsFailed { how: Failure, mailbox: Option<&'a str>, times: i64 },
    /// Log-ins by SMTP AUTH from one network in one minute.
    LoggedInBySmtp { how: LoginNote, times: i64 },
    /// So many wrong passwords that unknown browsers have to wait.
    LogInClosed { mailbox: &'a str },
    /// A session ended, not by running out.
    SessionEnded { mailbox: &'a str, why: SessionEnd },
    /// Another password or question; all other sessions ended.
    CredentialsChanged { mailbox: &'a str, what: Credentials },
    /// A link for a forgotten password was sent.
    ResetAsked { mailbox: &'a str },
    /// A link to confirm that the mailbox be deleted was sent, as requested by mail.
    DeletionAsked { mailbox: &'a str },
    /// A new password in place of a forgotten one; all sessions ended.
    PasswordReset { mailbox: &'a str },
    /// Locked; all sessions ended.
    MailboxLocked { mailbox: &'a str },
    /// Unlocked.
    MailboxUnlocked { mailbox: &'a str },
    /// Its clocks were stopped.
    MailboxHeld { mailbox: &'a str },
    /// Its clocks go on.
    MailboxFreed { mailbox: &'a str },
    /// Mail to its owner's address is sent again, though some had come back.
    AddressCleared { mailbox: &'a str },
    /// A mailbox is gone: with a riding row, each one that went.
    MailboxDeleted { why: MailboxGone },
    /// Somebody asked support for something.
    RequestMade { mailbox: &'a str, kind: &'static str },
    /// Support let them in; whether the letters are kept, and whether the escrow key opened them.
    RequestReleased { mailbox: &'a str, number: i64, letters: ReleasedLetters },
    /// Support did not.
    RequestRefused { mailbox: &'a str, number: i64 },
    /// A letter was put into a mailbox; which arrival it came with, if it did not come from the gateway itself.
    LetterDeposited { letter: &'a str, mailbox: &'a str, arrival: Option<Arrived<'a>> },
    /// It was opened for the first time.
    LetterOpened { letter: &'a str, mailbox: &'a str },
    /// It was taken away as a file.
    LetterExported { letter: &'a str, mailbox: &'a str, format: &'static str },
    /// What the trail says of it was taken away, for a dispute.
    EvidenceMade { letter: &'a str, mailbox: &'a str },
    /// Everything the operator can see about a mailbox was taken away, for its owner.
    FactsExported { mailbox: &'a str },
    /// A letter that was kept as it came is opened once more with the house's keys.
    OriginalOpened { original: &'a str },
    /// Events that nobody tried to send any more are tried again.
    EventsRetried,
    /// They are given up.
    EventsDropped,
    /// Many were, in one archive.
    ArchiveExported { mailbox: &'a str, letters: usize, format: &'static str },
    /// Letters came into the trash: with a riding row, each of them.
    LetterTrashed,
    /// Letters came back out of it: each of them.
    LetterRestored,
    /// Letters are gone: each of them.
    LetterGone { why: LetterGone },
    /// The next hop has taken the notice.
    NoticeSent { letter: &'a str, mailbox: &'a str, reply: HopReply<'a> },
    /// The notice was given up.
    NoticeFailed { letter: &'a str, mailbox: &'a str, reply: HopReply<'a> },
    /// It came back later.
    NoticeReturned { letter: &'a str, mailbox: &'a str },
    /// An owner sent a letter to the operator's people.
    ReplySent { letter: &'a str, mailbox: &'a str, recipients: usize },
    /// A partner's entry changed.
    PartnerChanged { partner: &'a str, what: PartnerChange },
    /// A key of a partner's was looked at by somebody and is used, or not, from now on.
    PartnerKeyChanged { partner: &'a str, fingerprint: &'a str, what: KeyChange },
    /// A key of our own for partners.
    OwnKeyChanged { key: &'a str, fingerprint: &'a str, what: OwnKeyChange },
    /// How many letters one was used for in one minute.
    OwnKeyUsed { what: OwnKeyUse, fingerprint: &'a str, times: i64 },
    /// An operator is about to change a key for DKIM: its file takes part in no transaction.
    DkimKeyChangeBegan { name: &'a str, what: DkimKeyChange },
    /// A key for DKIM, by its name in the DNS.
    DkimKeyChanged { name: &'a str, what: DkimKeyChange },
    /// The copy of a store to another place began.
    StoreMoveBegan,
    /// Large bodies are about to be moved.
    BodiesMoveBegan,
    /// A store was moved to another place.
    StoreMoved { what: StoreMove, rows: u64, bodies: u64 },
    /// Its schema was brought forward.
    Migrated { to: i64 },
    /// Queue commands: with a riding row, each leg.
    LegRetried,
    /// The leg is held in the queue.
    LegFrozen,
    /// The leg may go again.
    LegThawed,
    /// Removed; nobody is told.
    LegRemoved,
    /// A run by the clock that deleted something, or failed: how much of what.
    JobRan { job: &'static str, run: i64, counts: &'a [(&'static str, u64)], ended: JobOutcome },
    /// An operator said that a clock far ahead is right: what it makes due goes.
    ClockBelieved,
    /// Rows begin to be sealed under another server key: from one, to the other, by their ids.
    KeyRotationBegan { from: u8, to: u8 },
    /// Another server key took the place of the one before, by their ids.
    KeyRotated { from: u8, to: u8 },
    /// The first of several escrow wraps was sealed to another key.
    EscrowRotationBegan { to: u8 },
    /// Escrow wraps were sealed to another key.
    EscrowRotated { to: u8, mailboxes: usize },
    /// The first rows of a former version were vouched for.
    AdoptionBegan,
    /// Rows of a former version were vouched for.
    RowsAdopted { letters: usize, drafts: usize, others: usize },
    /// The configuration a process runs with, by the hash of its file.
    ConfigurationLoaded { hash: &'a str, parts: &'a str },
    /// Rules and certificates were read again.
    ConfigurationReloaded { hash: &'a str, end: ReloadEnd },
}

impl Event<'_> {
    /// The row of the trail that records the event.
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

/// What was counted in one minute, as a row. `None`: nothing of ours is counted under that word, so whoever writes the database
/// has put it there.
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

/// Log-ins by SMTP AUTH that ended so, as a row.
#[must_use]
pub fn logged_in(how: LoginNote, counted: CountedRow) -> AuditRow {
    let CountedRow { minute, action: _, whose, network, times } = counted;
    let actor = Actor::Login(Some(whose).filter(|whose| !whose.is_empty()));
    AuditRow { network, ..Event::LoggedInBySmtp { how, times }.row(minute, &actor, None) }
}

/// The network somebody came from: enough to tell one attacker from another, too little to find a person by.
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

/// What a row says of an event.
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
