//! The shared types: address, envelope, letter, reply, verdict, clock, secret.
//!
//! SECURITY: pure vocabulary. This crate opens no socket and no file, reads no configuration and never reads
//! the clock; time and randomness come in as [`Clock`] and [`Random`]. It is the only crate that names
//! mail-parser and mail-builder, so that exactly one parser decides what a mail says.

mod activate_by;
mod address;
mod amount;
mod attached_name;
mod body;
mod brand;
mod calendar_term;
mod charset;
mod clock;
mod colour;
mod compose;
mod container;
mod data_address;
mod date;
mod direction;
mod display;
mod dkim;
mod double_byte;
mod encoded_words;
mod enriched;
mod envelope;
mod file_type;
mod flowed;
mod folding;
mod from;
mod head;
mod hex;
mod html;
mod inspect;
mod invitation;
mod letter;
mod letter_error;
mod link;
mod local_part;
mod login_note;
mod mdn;
mod network;
mod odd_name;
mod params;
mod parts;
mod pictures;
mod plain_content;
mod plain_fields;
mod portal_letter;
mod preview;
mod random;
mod received;
mod reply;
mod rewritten;
mod routing_fields;
mod secret;
mod signed_multipart;
mod skeleton;
mod tag_cut;
mod tls_report;
mod transfer;
mod unpacked;
mod verdict;
mod word_readings;

pub use activate_by::ActivateBy;
pub use address::{Address, AddressError, Domain, ReversePath};
pub use amount::is_amount;
pub use attached_name::{FileName, FileWords, Nameless};
pub use brand::{Brand, Logo};
pub use calendar_term::{Term, TermError, Zone};
pub use charset::{CHARSETS, Charset};
pub use clock::{Clock, FakeClock, SystemClock, Timestamp};
pub use colour::{Colour, ColourError};
pub use compose::{Compose, ComposeError, DsnAction, DsnParts, DsnRecipient, compose_dsn, compose_notice};
pub use direction::turns_direction;
pub use display::{file_name, file_name_from_title, is_invisible, one_line};
pub use dkim::{Carried, NotSigned, SELECTOR, SignedBody, ToSign};
pub use envelope::{BodyType, Direction, Envelope, Notify, Orcpt, Origin, Recipient, Ret, TlsFacts};
pub use folding::{folded, folded_bare};
pub use head::{Head, HeadError};
pub use hex::hex;
pub use html::{HiddenAttribute, Hiding, Visibility, counts_at_a_desk, html_to_text};
pub use inspect::{Inside, Sealed, Unread};
pub use invitation::{
    ByPart, Invitation, InvitationReply, InvitationStatus, Matter, Moment, Priority, Repeats, Says, Task,
    TaskState, Unit, Weekday, add as add_invitation, invitations,
};
pub use letter::{Attachment, EncodedRange, Letter, Mailbox, Summary, Unshown};
pub use letter_error::LetterError;
pub use link::Link;
pub use local_part::DomainPattern;
pub use login_note::LoginNote;
pub use mdn::{MdnParts, compose_mdn};
pub use network::{Network, NetworkError};
pub use parts::Parsed;
pub use plain_content::PlainContent;
pub use plain_fields::PlainFields;
pub use portal_letter::{LetterPieces, MimeLines, PORTAL_FIELD, PortalLetter};
pub use preview::first_words;
pub use random::{Random, SequenceRandom, SystemRandom};
pub use received::Trace;
pub use reply::{EnhancedCode, Fault, Reply};
pub use rewritten::{Layers, TooLayered};
pub use routing_fields::is_routing_field;
pub use secret::Secret;
pub use signed_multipart::DetachedSignature;
pub use skeleton::{caseless, composed, is_bracket, latinised, skeleton, tidied};
pub use tls_report::{TlsReportMail, compose_tls_report};
pub use transfer::Decoder;
pub use verdict::{Edit, Grounds, Judgement, Otherwise, Reason, Refusal, Signing, TlsFloor, Treatment};

#[cfg(test)]
mod reading_tests;
