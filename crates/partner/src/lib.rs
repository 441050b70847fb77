//! Partners: companies that letters are exchanged with in encrypted form. Who they are, which of their keys is used for
//! an address and why not, our own keys for them, and all of that in rows that cannot be forged.
//!
//! Must never know: HTTP, SMTP, the rules, and how a letter is encrypted (that is `seal`). It holds no server key;
//! every function takes the keys it needs. Clock and randomness are arguments.

mod announced_capabilities;
mod distrust;
mod domain_or_address;
mod error;
mod harvest;
mod key_choice;
mod key_expiry;
mod key_lookups;
mod key_state;
mod known_signers;
mod lending;
mod ocsp_answers;
mod opened_keys;
mod original;
mod own_keys;
mod partner_rows;
mod prove_rows;
mod published_keys;
mod rotate;
mod test_token;

pub use announced_capabilities::Raised;
pub use distrust::{Coverage, OutOfUse};
pub use domain_or_address::DomainOrAddress;
pub use error::PartnerError;
pub use harvest::Offered;
pub use key_choice::{Choice, KeyVerdict, Why, choose, judge};
pub use key_expiry::{ExpiringKey, Step as ExpiryStep, Whose, own_expiring, partner_expiring};
pub use key_lookups::{KeyFile, KeyLookups, Proven};
pub use key_state::{Step, TransitionError, after};
pub use known_signers::{KnownSigners, Signers, Trusted};
pub use lending::{LendableKeys, Lending};
pub use ocsp_answers::{OcspAnswered, OcspAnswers};
pub use opened_keys::OpenedKeys;
pub use original::{Original, OriginalFacts, Originals};
pub use own_keys::{Own, OwnKeys, PublicKeys, Published};
pub use partner_rows::{Book, Partner, PartnerKey, PartnerWithKeys, Provenance, Reach, Standing};
pub use prove_rows::{ProvenRow, Unproven};
pub use published_keys::{Shown, Window};
pub use rotate::{PartnerSeals, Resealed};
pub use sealpost_seal::Method;
pub use test_token::{is_test_token, test_token};
