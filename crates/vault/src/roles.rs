//! The keys of each role: a type with only what that role needs, and a key file of its own. A process cannot hold a key
//! that its role has no field for. Knows no file, only its text.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sealpost_mail::Secret;
use zeroize::Zeroizing;

use crate::audit::{AuditKey, AuditMaster, EventKey};
use crate::error::VaultError;
use crate::letter_signer::LetterSigner;
use crate::lookup::TagKey;
use crate::pepper::{Earlier, Pepper};
use crate::primitive::Key;
use crate::proof::{DepositAuth, SessionAuth};
use crate::record::{KeyringKey, RowKey, SpoolKey};
use crate::server::Keys;
use crate::token::TokenKey;
use crate::wrap::EscrowPublic;

/// The first word of a role's key file.
const FILE_NAME: &str = "sealpost-role-key-1";

/// The keys for queueing mail and notifying a mailbox's owner. None of them opens a mailbox's secret key.
#[derive(Clone, Debug)]
pub struct QueueKeys {
    /// Seals the queue.
    pub spool: SpoolKey,
    /// Opens addresses and other rows that the server must read.
    pub rows: RowKey,
    /// Makes lookup tags.
    pub tags: TagKey,
    /// Proves deposited letters; for delivery, the report that a reply was not delivered.
    pub deposits: DepositAuth,
    /// Proves what the role writes into the audit trail.
    pub audit: AuditKey,
}

/// The keys for creating or renewing a way into a mailbox. They cannot open an active mailbox without its owner's
/// password.
#[derive(Clone, Debug)]
pub struct WayInKeys {
    /// Makes and recognises tokens.
    pub tokens: TokenKey,
    /// Mixed into every key derived from a password, an answer or a token.
    pub pepper: Pepper,
    /// Makes escrow wraps; the private key is in no service.
    pub escrow: EscrowPublic,
}

/// The keys of delivery: the queue, and what is needed to report that a reply was not delivered.
#[derive(Clone, Debug)]
pub struct DeliveryRole {
    /// For queueing and opening mail.
    pub queue: QueueKeys,
}

/// The keys of intake.
#[derive(Clone, Debug)]
pub struct IntakeRole {
    /// For queueing mail.
    pub queue: QueueKeys,
    /// For creating mailboxes.
    pub way_in: WayInKeys,
    /// Opens partners' keys and our own for them.
    pub keyring: KeyringKey,
}

/// The keys of the portal.
#[derive(Clone, Debug)]
pub struct PortalRole {
    /// For queueing replies and notices.
    pub queue: QueueKeys,
    /// For owners' access.
    pub way_in: WayInKeys,
    /// Proves sessions, newcomers and drafts.
    pub sessions: SessionAuth,
    /// Signs what owners write.
    pub letters: LetterSigner,
}

/// The keys of the support and queue commands. The escrow key is provided separately for a release.
#[derive(Clone, Debug)]
pub struct SupportRole {
    /// For queueing mail.
    pub queue: QueueKeys,
    /// For new ways into a mailbox.
    pub way_in: WayInKeys,
    /// For managing partners and domain keys.
    pub keyring: KeyringKey,
}

/// The key of jobs: they delete, and record it in the audit trail.
#[derive(Clone, Debug)]
pub struct JobsRole {
    /// Proves the audit rows of jobs.
    pub audit: AuditKey,
}

/// The key for verifying the audit trail. No service has it.
#[derive(Clone, Debug)]
pub struct AuditorRole {
    /// Verifies every writer's rows.
    pub audit: AuditMaster,
}

impl Keys {
    /// Delivery's share of the keys.
    #[must_use]
    pub fn delivery(&self) -> DeliveryRole {
        DeliveryRole { queue: self.queue(DeliveryRole::NAME) }
    }

    /// Intake's share of the keys.
    #[must_use]
    pub fn intake(&self) -> IntakeRole {
        IntakeRole {
            queue: self.queue(IntakeRole::NAME),
            way_in: self.way_in(),
            keyring: self.keyring.clone(),
        }
    }

    /// The portal's share of the keys.
    #[must_use]
    pub fn portal(&self) -> PortalRole {
        PortalRole {
            queue: self.queue(PortalRole::NAME),
            way_in: self.way_in(),
            sessions: self.sessions.clone(),
            letters: self.letters.clone(),
        }
    }

    /// The support commands' share of the keys.
    #[must_use]
    pub fn support(&self) -> SupportRole {
        SupportRole {
            queue: self.queue(SupportRole::NAME),
            way_in: self.way_in(),
            keyring: self.keyring.clone(),
        }
    }

    /// The jobs' share of the keys.
    #[must_use]
    pub fn jobs(&self) -> JobsRole {
        JobsRole { audit: self.audit.writer(JobsRole::NAME) }
    }

    /// The auditor's share of the keys.
    #[must_use]
    pub fn auditor(&self) -> AuditorRole {
        AuditorRole { audit: self.audit.clone() }
    }

    fn queue(&self, writer: &'static str) -> QueueKeys {
        QueueKeys {
            spool: self.spool.clone(),
            rows: self.rows.clone(),
            tags: self.tags.clone(),
            deposits: self.deposits.clone(),
            audit: self.audit.writer(writer),
        }
    }

    fn way_in(&self) -> WayInKeys {
        WayInKeys { tokens: self.tokens.clone(), pepper: self.pepper.clone(), escrow: self.escrow.public() }
    }
}

impl DeliveryRole {
    const NAME: &str = "delivery";

    /// From the text of its key file.
    pub fn parse(text: &str) -> Result<Self, VaultError> {
        Lines::read(Self::NAME, text, |lines| Ok(Self { queue: QueueKeys::read(lines, Self::NAME)? }))
    }

    /// The text of its key file.
    #[must_use]
    pub fn to_file_text(&self) -> Secret<String> {
        file(Self::NAME, &self.queue, None, None, None)
    }
}

impl IntakeRole {
    const NAME: &str = "intake";

    /// From the text of its key file.
    pub fn parse(text: &str) -> Result<Self, VaultError> {
        Lines::read(Self::NAME, text, |lines| {
            let (mut queue, mut way_in) = (QueueKeys::read(lines, Self::NAME)?, WayInKeys::read(lines)?);
            let keyring = KeyringKey::new(lines.id, lines.key("keyring")?);
            lines.earlier(&mut queue, &mut way_in)?;
            Ok(Self { queue, way_in, keyring })
        })
    }

    /// The text of its key file.
    #[must_use]
    pub fn to_file_text(&self) -> Secret<String> {
        file(Self::NAME, &self.queue, Some(&self.way_in), None, Some(&self.keyring))
    }
}

impl PortalRole {
    const NAME: &str = "portal";

    /// From the text of its key file.
    pub fn parse(text: &str) -> Result<Self, VaultError> {
        Lines::read(Self::NAME, text, |lines| {
            let (mut queue, mut way_in) = (QueueKeys::read(lines, Self::NAME)?, WayInKeys::read(lines)?);
            let sessions = SessionAuth::new(lines.key("sessions")?);
            let letters = LetterSigner::from_seed(lines.key("letters")?);
            lines.earlier(&mut queue, &mut way_in)?;
            Ok(Self { queue, way_in, sessions, letters })
        })
    }

    /// The text of its key file.
    #[must_use]
    pub fn to_file_text(&self) -> Secret<String> {
        file(Self::NAME, &self.queue, Some(&self.way_in), Some((&self.sessions, &self.letters)), None)
    }
}

impl SupportRole {
    const NAME: &str = "support";

    /// From the text of its key file.
    pub fn parse(text: &str) -> Result<Self, VaultError> {
        Lines::read(Self::NAME, text, |lines| {
            let (mut queue, mut way_in) = (QueueKeys::read(lines, Self::NAME)?, WayInKeys::read(lines)?);
            let keyring = KeyringKey::new(lines.id, lines.key("keyring")?);
            lines.earlier(&mut queue, &mut way_in)?;
            Ok(Self { queue, way_in, keyring })
        })
    }

    /// The text of its key file.
    #[must_use]
    pub fn to_file_text(&self) -> Secret<String> {
        file(Self::NAME, &self.queue, Some(&self.way_in), None, Some(&self.keyring))
    }
}

impl JobsRole {
    const NAME: &str = "jobs";

    /// From the text of its key file.
    pub fn parse(text: &str) -> Result<Self, VaultError> {
        Lines::read(Self::NAME, text, |lines| {
            let id = lines.id()?;
            let (audit, events) = (lines.key("audit")?, EventKey::new(lines.key("events")?));
            Ok(Self { audit: AuditKey::new(id, Self::NAME, audit, events) })
        })
    }

    /// The text of its key file.
    #[must_use]
    pub fn to_file_text(&self) -> Secret<String> {
        let mut text = String::with_capacity(256);
        text.push_str(audit_file(Self::NAME, self.audit.id(), self.audit.key()).expose());
        text.push_str("events:");
        STANDARD.encode_string(self.audit.events().key().expose(), &mut text);
        text.push('\n');
        Secret::new(text)
    }
}

impl AuditorRole {
    const NAME: &str = "auditor";

    /// From the text of its key file.
    pub fn parse(text: &str) -> Result<Self, VaultError> {
        Lines::read(Self::NAME, text, |lines| {
            let id = lines.id()?;
            let mut audit = AuditMaster::new(id, lines.key("audit")?);
            for line in lines.lines.by_ref() {
                let (id, key) = audit_of_before(line).ok_or(lines.wrong)?;
                audit.remember(id, key);
            }
            Ok(Self { audit })
        })
    }

    /// The text of its key file.
    #[must_use]
    pub fn to_file_text(&self) -> Secret<String> {
        let mut text = String::with_capacity(256 + self.audit.earlier().len() * Earlier::LINE);
        text.push_str(audit_file(Self::NAME, self.audit.id(), self.audit.key()).expose());
        for (id, key) in self.audit.earlier() {
            text.push_str(&format!("earlier:{id}:"));
            STANDARD.encode_string(key.expose(), &mut text);
            text.push('\n');
        }
        Secret::new(text)
    }
}

/// `earlier:ID:AUDIT`.
fn audit_of_before(line: &str) -> Option<(u8, Key)> {
    let (id, key) = line.strip_prefix("earlier:")?.split_once(':')?;
    let key = STANDARD.decode(key).map(Zeroizing::new).ok().and_then(|bytes| Key::from_slice(&bytes))?;
    Some((id.parse().ok()?, key))
}

impl QueueKeys {
    fn read(lines: &mut Lines<'_>, writer: &'static str) -> Result<Self, VaultError> {
        let id = lines.id()?;
        Ok(Self {
            spool: SpoolKey::new(id, lines.key("spool")?),
            rows: RowKey::new(id, lines.key("rows")?),
            tags: TagKey::new(lines.key("tags")?),
            deposits: DepositAuth::new(lines.key("deposits")?),
            audit: AuditKey::new(id, writer, lines.key("audit")?, EventKey::new(lines.key("events")?)),
        })
    }
}

impl WayInKeys {
    fn read(lines: &mut Lines<'_>) -> Result<Self, VaultError> {
        Ok(Self {
            tokens: TokenKey::new(lines.key("tokens")?),
            pepper: Pepper::new(lines.id, lines.key("pepper")?),
            escrow: EscrowPublic::parse(lines.next()?).map_err(|_other| lines.wrong)?,
        })
    }
}

/// The lines of a key file, in their fixed order.
struct Lines<'a> {
    lines: std::str::Lines<'a>,
    id: u8,
    wrong: VaultError,
}

impl<'a> Lines<'a> {
    fn read<T>(
        role: &'static str,
        text: &'a str,
        read: impl FnOnce(&mut Self) -> Result<T, VaultError>,
    ) -> Result<T, VaultError> {
        let wrong = VaultError::RoleKeyText(role);
        let mut lines = Self { lines: text.trim_end().lines(), id: 0, wrong };
        // Another role's file is refused here: more keys than a role needs are as wrong as fewer.
        let named = lines.next()?.strip_prefix(FILE_NAME).and_then(|rest| rest.strip_prefix(':'));
        if named != Some(role) {
            return Err(wrong);
        }
        let keys = read(&mut lines)?;
        match lines.lines.next() {
            None => Ok(keys),
            Some(_more) => Err(wrong),
        }
    }

    fn next(&mut self) -> Result<&'a str, VaultError> {
        self.lines.next().ok_or(self.wrong)
    }

    fn id(&mut self) -> Result<u8, VaultError> {
        let text = self.next()?.strip_prefix("id:").ok_or(self.wrong)?;
        self.id = text.parse().map_err(|_no_number| self.wrong)?;
        Ok(self.id)
    }

    /// At the end: what is still needed of former server keys.
    fn earlier(&mut self, queue: &mut QueueKeys, way_in: &mut WayInKeys) -> Result<(), VaultError> {
        for line in self.lines.by_ref() {
            let earlier = Earlier::parse(line).filter(|earlier| earlier.audit.is_none()).ok_or(self.wrong)?;
            earlier.remember(&mut queue.tags, &mut way_in.pepper);
        }
        Ok(())
    }

    fn key(&mut self, name: &str) -> Result<Key, VaultError> {
        let line = self.next()?;
        let text = line.strip_prefix(name).and_then(|rest| rest.strip_prefix(':')).ok_or(self.wrong)?;
        let bytes = STANDARD.decode(text).map(Zeroizing::new).map_err(|_not_base64| self.wrong)?;
        Key::from_slice(&bytes).ok_or(self.wrong)
    }
}

/// The text that [`Lines`] parses, for a role with no key but that of the audit trail.
fn audit_file(role: &str, id: u8, key: &Key) -> Secret<String> {
    let mut text = String::with_capacity(256);
    text.push_str(&format!("{FILE_NAME}:{role}\nid:{id}\naudit:"));
    STANDARD.encode_string(key.expose(), &mut text);
    text.push('\n');
    Secret::new(text)
}

/// The text that [`Lines`] parses.
fn file(
    role: &str,
    queue: &QueueKeys,
    way_in: Option<&WayInKeys>,
    portal: Option<(&SessionAuth, &LetterSigner)>,
    keyring: Option<&KeyringKey>,
) -> Secret<String> {
    // In one allocation, so that no shorter copy is left behind.
    let earlier = way_in.map(|way_in| way_in.pepper.earlier(&queue.tags)).unwrap_or_default();
    let mut text = String::with_capacity(4096 + earlier.len() * Earlier::LINE);
    text.push_str(&format!("{FILE_NAME}:{role}\nid:{}\n", queue.spool.record().id));
    let mut line = |name: &str, key: &Key| {
        text.push_str(name);
        text.push(':');
        STANDARD.encode_string(key.expose(), &mut text);
        text.push('\n');
    };
    line("spool", &queue.spool.record().key);
    line("rows", &queue.rows.record().key);
    line("tags", queue.tags.key());
    line("deposits", queue.deposits.key());
    line("audit", queue.audit.key());
    line("events", queue.audit.events().key());
    if let Some(way_in) = way_in {
        line("tokens", way_in.tokens.key());
        line("pepper", way_in.pepper.key());
        text.push_str(&way_in.escrow.to_file_text());
    }
    if let Some((sessions, letters)) = portal {
        text.push_str("sessions:");
        STANDARD.encode_string(sessions.key().expose(), &mut text);
        text.push('\n');
        text.push_str("letters:");
        STANDARD.encode_string(letters.seed().expose(), &mut text);
        text.push('\n');
    }
    if let Some(keyring) = keyring {
        text.push_str("keyring:");
        STANDARD.encode_string(keyring.record().key.expose(), &mut text);
        text.push('\n');
    }
    earlier.iter().for_each(|earlier| earlier.write(&mut text));
    Secret::new(text)
}

#[cfg(test)]
mod tests {
    use sealpost_mail::{Secret, SequenceRandom};

    use super::*;
    use crate::audit::AuditProof;
    use crate::label::Label;
    use crate::server::ServerKey;

    fn keys() -> Keys {
        ServerKey::from_bytes(Secret::new([0x41; 32])).keys()
    }

    #[test]
    fn a_role_s_file_gives_its_keys_back() {
        let keys = keys();
        let random = SequenceRandom::default();
        let text = keys.intake().to_file_text();
        let back = IntakeRole::parse(text.expose()).unwrap();
        let sealed = back.queue.rows.seal(Label::Ticket, "id", b"plain", &random);
        assert_eq!(keys.rows.open(Label::Ticket, "id", &sealed).unwrap().expose(), b"plain");
        let sealed = keys.spool.seal(Label::Ticket, "id", b"plain", &random);
        let delivery = DeliveryRole::parse(keys.delivery().to_file_text().expose()).unwrap();
        assert_eq!(delivery.queue.spool.open(Label::Ticket, "id", &sealed).unwrap().expose(), b"plain");
        assert_eq!(delivery.queue.tags.address_tag("a@b"), keys.tags.address_tag("a@b"));
        assert_eq!(back.way_in.escrow, keys.escrow.public());
        let parts: [&[u8]; 1] = [b"row"];
        let jobs = JobsRole::parse(keys.jobs().to_file_text().expose()).unwrap();
        let auditor = AuditorRole::parse(keys.auditor().to_file_text().expose()).unwrap();
        for key in [&jobs.audit, &back.queue.audit, &delivery.queue.audit] {
            let proof = key.prove(AuditProof::Row, &parts);
            assert!(auditor.audit.holds(key.writer(), AuditProof::Row, &parts, &proof), "{key:?}");
        }
        for text in [keys.portal().to_file_text(), keys.support().to_file_text()] {
            assert!(PortalRole::parse(text.expose()).is_ok() ^ SupportRole::parse(text.expose()).is_ok());
        }
    }

    #[test]
    fn another_role_s_file_and_a_key_too_many_are_refused() {
        let keys = keys();
        let (intake, delivery) = (keys.intake().to_file_text(), keys.delivery().to_file_text());
        assert!(IntakeRole::parse(delivery.expose()).is_err());
        assert!(DeliveryRole::parse(intake.expose()).is_err());
        let renamed = intake.expose().replace(":intake", ":delivery");
        assert_eq!(DeliveryRole::parse(&renamed).unwrap_err(), VaultError::RoleKeyText("delivery"));
        let server = ServerKey::from_bytes(Secret::new([0x41; 32])).to_file_text();
        assert!(IntakeRole::parse(server.expose()).is_err());
        assert!(IntakeRole::parse("").is_err());
        let cut: String = intake.expose().lines().take(5).map(|line| format!("{line}\n")).collect();
        assert!(IntakeRole::parse(&cut).is_err());
    }

    #[test]
    fn no_role_s_file_holds_a_part_of_the_escrow_key() {
        let keys = keys();
        let secret = keys.escrow.to_file_text();
        let seed = secret.expose().trim().rsplit(':').next().unwrap().to_owned();
        let files = [
            keys.intake().to_file_text(),
            keys.portal().to_file_text(),
            keys.delivery().to_file_text(),
            keys.support().to_file_text(),
            keys.jobs().to_file_text(),
            keys.auditor().to_file_text(),
        ];
        assert!(files.iter().all(|text| !text.expose().contains(&seed)));
    }
}
