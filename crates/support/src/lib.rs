//! What support sees of mailboxes and letters, and what it does: facts on request, evidence for a dispute, restoring a
//! recipient's access, locking, holding or deleting a mailbox, recalling a letter. The caller (a command today, a
//! console later) has authenticated the operator.
//!
//! SECURITY: every action is recorded in the audit trail in the same transaction, with a note why. Sees no content, no
//! subject and no file name. Must never know: the command line, HTTP, how configuration is written.

mod desk;
mod error;
mod export_facts;
mod letter_evidence;
mod mailbox_acts;
mod mailbox_facts;
mod note;
mod recall;
mod release_request;
mod tell_owner;
mod withdrawal;

pub use desk::{Recall, SupportDesk};
pub use error::SupportError;
pub use letter_evidence::{Document, EvidenceError, LetterEvidence};
pub use mailbox_acts::OwnerTold;
pub use mailbox_facts::{address, facts_json, find, find_letter, goes, instant, last_letter, letter_json};
pub use note::Note;
pub use recall::Opened;
pub use release_request::{LetIn, Messages, ReleaseError, Releasing, seal_note};
