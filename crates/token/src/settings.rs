//! Which token, and how to reach it. Reads nothing.

use std::path::PathBuf;
use std::time::Duration;

/// How a token is found among those of its module.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TokenPlace {
    /// By its label, in any slot.
    Label(String),
    /// By its serial number, for several tokens with one label.
    Serial(String),
    /// By its slot's number, which some modules reassign at every start.
    Slot(u64),
}

impl std::fmt::Display for TokenPlace {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Label(label) => write!(f, "with the label {label:?}"),
            Self::Serial(serial) => write!(f, "with the serial number {serial:?}"),
            Self::Slot(slot) => write!(f, "in slot {slot}"),
        }
    }
}

/// One token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenSettings {
    /// Its name in the configuration.
    pub name: String,
    /// Path of the vendor's PKCS#11 module.
    pub module: PathBuf,
    /// Which of the module's tokens it is.
    pub place: TokenPlace,
    /// The file with its PIN. It is read at every log-in and not kept in memory.
    pub pin_file: PathBuf,
    /// Maximum number of simultaneous calls.
    pub sessions: usize,
    /// How long a caller waits for a result.
    pub deadline: Duration,
}
