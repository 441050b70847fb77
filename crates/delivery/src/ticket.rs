//! The ticket: everything a leg needs for delivery, sealed in its row; the new leg that carries it, and which legs may
//! share an SMTP transaction. Knows neither schedule nor wire.

use std::fmt;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sealpost_mail::{BodyType, Random, Recipient, Ret, ReversePath, Secret, Timestamp, TlsFloor};
use sealpost_store::{LegPurpose, LegStart, NewLeg};
use sealpost_vault::{Label, SpoolKey, VaultError};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use thiserror::Error;

use crate::report_limit::ReportsTo;
use crate::tls_session::Published;

/// Whether a ticket's leg may be delivered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hold {
    /// It may.
    Free,
    /// Not before an operator releases it.
    Held,
}

impl Hold {
    /// The label under which such a ticket is sealed.
    #[must_use]
    pub fn label(self) -> Label {
        match self {
            Self::Free => Label::Ticket,
            Self::Held => Label::TicketHeld,
        }
    }

    fn of(start: &LegStart) -> Self {
        match start {
            LegStart::Queued | LegStart::InHand { .. } => Self::Free,
            LegStart::Frozen => Self::Held,
        }
    }
}

/// Why a ticket cannot be sealed or read.
#[derive(Debug, Error)]
pub enum TicketError {
    /// Sealed with another key, for another leg, or damaged.
    #[error("the ticket cannot be opened: {0}")]
    Sealed(#[from] VaultError),
    /// Opened, but not a ticket of this version. The error is not shown: it would quote the ticket.
    #[error("the ticket cannot be read: {:?} error in its JSON", .0.classify())]
    Form(#[from] serde_json::Error),
}

/// How the next server is found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Route {
    /// A next hop by its name in the configuration.
    NextHop(String),
    /// RFC 5321 §5.1: the recipient domain's mail exchangers.
    Mx,
}

/// Why the letter is sent: decides who is notified of a failure, and what may be returned.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Purpose {
    /// A relayed letter; its head may be returned in a report.
    Relay,
    /// A letter that came encrypted and was decrypted here with our keys. Its sender may not be able to read it:
    /// nothing of it and nothing found in it is ever reported to them, and the next server is asked not to report
    /// either.
    Opened,
    /// The notice to a recipient about a letter in the mailbox.
    Notice {
        /// The id of the mailbox.
        mailbox_id: String,
        /// The id of the letter.
        deposit_id: String,
        /// The sender of that letter, who is notified if its recipient cannot be reached.
        sender: ReversePath,
        /// That letter's Message-ID, for the sender's reference; `None`: it has none.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        letter_id: Option<String>,
        /// Whether it is the first notice about the letter, not a reminder.
        #[serde(default)]
        is_first: bool,
        /// Further letters that it mentions, whose senders are notified, too.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        others: Vec<String>,
    },
    /// A delivery report; its failure is not reported (RFC 5321 §4.5.5).
    Report,
    /// A TLS report to a domain (RFC 8460); its failure is not reported.
    TlsReport,
    /// A letter written in the portal; nothing of it is ever returned.
    #[serde(rename = "answer")] // its name in tickets that are already queued
    PortalReply {
        /// The id of the mailbox.
        mailbox_id: String,
        /// The id of the letter.
        deposit_id: String,
    },
}

/// What the next server is asked to report itself (RFC 3461 §4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Onwards {
    /// What the sender requested.
    AsAsked,
    /// Nothing, and to return nothing: reports are ours to write.
    Nothing,
}

impl Purpose {
    /// Whether several recipients may share a transaction: everything else has a reverse-path of its own.
    fn travels_in_company(&self) -> bool {
        match self {
            Self::Relay | Self::Opened => true,
            Self::Notice { .. } | Self::Report | Self::TlsReport | Self::PortalReply { .. } => false,
        }
    }

    /// Whether what a recipient's domain publishes applies to the connection.
    pub(crate) fn published(&self) -> Published {
        match self {
            Self::TlsReport => Published::PassedBy,
            Self::Relay | Self::Opened | Self::Notice { .. } | Self::Report | Self::PortalReply { .. } => {
                Published::Counts
            }
        }
    }

    pub(crate) fn onwards(&self) -> Onwards {
        match self {
            Self::Opened => Onwards::Nothing,
            Self::Relay | Self::Notice { .. } | Self::Report | Self::TlsReport | Self::PortalReply { .. } => {
                Onwards::AsAsked
            }
        }
    }
}

/// Who last changed a letter: whether we sign depends on it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Hand {
    /// It came from outside, or was queued before this was recorded: never signed.
    #[default]
    World,
    /// It came from the operator's own side, and is passed on unchanged.
    Passed,
    /// We wrote it, encrypted it for a partner, or changed it.
    Ours,
}

/// The content of an outgoing letter.
#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Content {
    /// A letter: its head, then the decrypted body.
    Letter {
        /// The complete head as it goes out, including its empty line.
        #[serde(serialize_with = "to_base64", deserialize_with = "from_base64")]
        head: Vec<u8>,
        /// The message key of the sealed rest.
        #[serde(serialize_with = "key_to_base64", deserialize_with = "key_from_base64")]
        body_key: Secret<[u8; 32]>,
    },
    /// A mail of our own that is written when it is sent ([`crate::Composer`]).
    Facts(#[serde(serialize_with = "secret_to_text", deserialize_with = "secret_from_text")] Secret<String>),
}

impl Content {
    /// The head of a letter.
    #[must_use]
    pub fn head(&self) -> Option<&[u8]> {
        match self {
            Self::Letter { head, .. } => Some(head),
            Self::Facts(_) => None,
        }
    }
}

/// How a ticket is queued.
#[derive(Clone, Debug)]
pub struct Queued<'a> {
    /// The arrival it belongs to.
    pub arrival_id: &'a str,
    /// The sealed rest of the letter; `None`: the mail is written when it is sent.
    pub body_id: Option<&'a str>,
    /// Its purpose, as the queue distinguishes legs.
    pub purpose: LegPurpose,
    /// The initial state of the leg.
    pub state: LegStart,
    /// How long it is tried.
    pub give_up: Duration,
}

/// One recipient's outgoing copy.
#[derive(Clone, Serialize, Deserialize)]
pub struct Ticket {
    /// The reverse-path in MAIL.
    pub reverse_path: ReversePath,
    /// RCPT TO with its delivery report requests.
    pub recipient: Recipient,
    /// RFC 3461 §4.4 ENVID, decoded.
    pub envid: Option<String>,
    /// RFC 3461 §4.3 RET.
    pub ret: Option<Ret>,
    /// RFC 6152 BODY as announced to us.
    pub body_type: BodyType,
    /// Whether RFC 6531 SMTPUTF8 was requested.
    pub smtputf8: bool,
    /// The letter that goes out.
    pub content: Content,
    /// How the next server is found.
    pub route: Route,
    /// The least the connection must prove; a next hop's own minimum can only raise it.
    pub tls: TlsFloor,
    /// The purpose of the letter.
    pub purpose: Purpose,
    /// Who last changed it.
    #[serde(default)]
    pub hand: Hand,
    /// Whose the reverse-path for reports is; for a notice, that of the letter's sender.
    #[serde(default)]
    pub reports_to: ReportsTo,
    /// When the letter was accepted.
    pub arrived: Timestamp,
}

impl Ticket {
    /// Seals the ticket for the row of leg `leg_id`, which may be delivered.
    pub fn seal(&self, key: &SpoolKey, leg_id: &str, random: &dyn Random) -> Result<Vec<u8>, TicketError> {
        self.seal_as(Hold::Free, key, leg_id, random)
    }

    fn seal_as(
        &self,
        hold: Hold,
        key: &SpoolKey,
        leg_id: &str,
        random: &dyn Random,
    ) -> Result<Vec<u8>, TicketError> {
        let plain = Secret::new(serde_json::to_vec(self)?);
        Ok(key.seal(hold.label(), leg_id, plain.expose(), random))
    }

    /// A new leg with this ticket, due at once.
    pub fn leg(
        &self,
        key: &SpoolKey,
        queued: Queued<'_>,
        random: &dyn Random,
    ) -> Result<NewLeg, TicketError> {
        let id = random.id();
        Ok(NewLeg {
            ticket_sealed: self.seal_as(Hold::of(&queued.state), key, &id, random)?,
            id,
            arrival_id: queued.arrival_id.to_owned(),
            body_id: queued.body_id.map(str::to_owned),
            destination: self.destination(),
            due_at: self.arrived,
            expires_at: self.arrived.plus(queued.give_up),
            created_at: self.arrived,
            purpose: queued.purpose,
            state: queued.state,
        })
    }

    /// Whether both can be sent in one transaction: the same bytes under the same envelope, with the same requirements.
    /// Notices, reports and letters of the portal have reverse-paths of their own and are sent alone.
    pub(crate) fn shares_transaction(&self, other: &Self) -> bool {
        let same_letter = match (&self.content, &other.content) {
            (
                Content::Letter { head, body_key },
                Content::Letter { head: other_head, body_key: other_key },
            ) => head == other_head && body_key.expose() == other_key.expose(),
            (Content::Facts(_), _) | (_, Content::Facts(_)) => false,
        };
        same_letter
            && self.hand == other.hand
            && self.purpose.travels_in_company()
            && self.purpose == other.purpose
            && self.destination() == other.destination()
            && self.route == other.route
            && self.tls == other.tls
            && self.reverse_path == other.reverse_path
            && self.reports_to == other.reports_to
            && self.envid == other.envid
            && self.ret == other.ret
            && self.body_type == other.body_type
            && self.smtputf8 == other.smtputf8
            // A server without SMTPUTF8 accepts the letter for the others.
            && self.recipient.address.needs_smtputf8() == other.recipient.address.needs_smtputf8()
    }

    /// Legs with the same destination share a lane.
    fn destination(&self) -> String {
        match &self.route {
            Route::NextHop(name) => name.clone(),
            Route::Mx => self.recipient.address.domain().to_string(),
        }
    }

    /// The ticket of leg `leg_id`, sealed anew with this `hold`. `None`: it already has it.
    pub fn turned(
        key: &SpoolKey,
        leg_id: &str,
        sealed: &[u8],
        hold: Hold,
        random: &dyn Random,
    ) -> Result<Option<Vec<u8>>, TicketError> {
        let (ticket, stands) = Self::open_any(key, leg_id, sealed)?;
        if stands == hold { Ok(None) } else { ticket.seal_as(hold, key, leg_id, random).map(Some) }
    }

    /// Opens the ticket of leg `leg_id` for inspection, whether it may be delivered or not.
    pub fn open_any(key: &SpoolKey, leg_id: &str, sealed: &[u8]) -> Result<(Self, Hold), TicketError> {
        let free = Self::open(key, leg_id, sealed).map(|ticket| (ticket, Hold::Free));
        free.or_else(|error| match key.open(Label::TicketHeld, leg_id, sealed) {
            Ok(plain) => Ok((serde_json::from_slice(plain.expose())?, Hold::Held)),
            Err(_neither) => Err(error),
        })
    }

    /// Opens the ticket of leg `leg_id`, if it may be delivered.
    pub fn open(key: &SpoolKey, leg_id: &str, sealed: &[u8]) -> Result<Self, TicketError> {
        let plain = key.open(Label::Ticket, leg_id, sealed)?;
        Ok(serde_json::from_slice(plain.expose())?)
    }
}

impl fmt::Debug for Ticket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ticket")
            .field("recipient", &self.recipient.address)
            .field("route", &self.route)
            .field("tls", &self.tls)
            .finish_non_exhaustive()
    }
}

fn to_base64<S: Serializer>(bytes: &[u8], to: S) -> Result<S::Ok, S::Error> {
    to.serialize_str(&STANDARD.encode(bytes))
}

fn from_base64<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<u8>, D::Error> {
    let text = std::borrow::Cow::<'de, str>::deserialize(from)?;
    STANDARD.decode(text.as_bytes()).map_err(serde::de::Error::custom)
}

fn secret_to_text<S: Serializer>(text: &Secret<String>, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_str(text.expose())
}

fn secret_from_text<'de, D: Deserializer<'de>>(from: D) -> Result<Secret<String>, D::Error> {
    String::deserialize(from).map(Secret::new)
}

fn key_to_base64<S: Serializer>(key: &Secret<[u8; 32]>, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_str(&STANDARD.encode(key.expose()))
}

fn key_from_base64<'de, D: Deserializer<'de>>(from: D) -> Result<Secret<[u8; 32]>, D::Error> {
    let bytes = Secret::new(from_base64(from)?);
    let key = <[u8; 32]>::try_from(bytes.expose().as_slice()).map_err(serde::de::Error::custom)?;
    Ok(Secret::new(key))
}

#[cfg(test)]
mod tests {
    use super::*;
    use sealpost_mail::SystemRandom;
    use sealpost_vault::ServerKey;

    #[test]
    fn a_ticket_that_is_held_does_not_open_for_delivery_until_it_is_turned() {
        let (key, random) = (ServerKey::generate(&SystemRandom).keys().spool, SystemRandom);
        let address = sealpost_mail::Address::parse("a@b.example").unwrap();
        let ticket = Ticket {
            reverse_path: ReversePath::Null,
            recipient: Recipient { address, orcpt: None, notify: Default::default() },
            envid: None,
            ret: None,
            body_type: BodyType::SevenBit,
            smtputf8: false,
            content: Content::Facts(Secret::new("facts".to_owned())),
            route: Route::Mx,
            tls: TlsFloor::None,
            purpose: Purpose::Report,
            hand: Hand::Passed,
            reports_to: ReportsTo::Ours,
            arrived: Timestamp(1),
        };
        let held = ticket.seal_as(Hold::Held, &key, "leg", &random).unwrap();
        assert!(Ticket::open(&key, "leg", &held).is_err());
        assert_eq!(Ticket::open_any(&key, "leg", &held).unwrap().1, Hold::Held);
        assert!(Ticket::turned(&key, "leg", &held, Hold::Held, &random).unwrap().is_none());
        assert!(Ticket::turned(&key, "another", &held, Hold::Free, &random).is_err());
        let free = Ticket::turned(&key, "leg", &held, Hold::Free, &random).unwrap().unwrap();
        assert_eq!(Ticket::open(&key, "leg", &free).unwrap().recipient, ticket.recipient);
    }

    #[test]
    fn a_ticket_of_another_version_is_not_quoted() {
        let (key, random) = (ServerKey::generate(&SystemRandom).keys().spool, SystemRandom);
        let sealed =
            key.seal(Label::Ticket, "leg", br#"{"reverse_path": "a@b.example", "version": 9}"#, &random);
        let error = Ticket::open(&key, "leg", &sealed).unwrap_err().to_string();
        assert_eq!(error, "the ticket cannot be read: Data error in its JSON");
    }
}
