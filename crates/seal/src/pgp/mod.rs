//! OpenPGP, through sequoia-openpgp. Knows no certificate authorities and no storage.

pub(crate) mod close;
pub(crate) mod key;
pub(crate) mod open;

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use sealpost_mail::Timestamp;

/// A time in the library's type.
pub(crate) fn system_time(at: Timestamp) -> SystemTime {
    UNIX_EPOCH + Duration::from_millis(u64::try_from(at.0).unwrap_or(0))
}
