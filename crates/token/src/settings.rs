//! Which token, and how it is reached. Reads nothing.

use std::path::PathBuf;
use std::time::Duration;

/// Where a token is found among those that its module knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TokenPlace {
    /// By its label, wherever it is put in.
    Label(String),
    /// By its serial number: two tokens of one label are two.
    Serial(String),
    /// By its slot's number, which some modules count anew at every start.
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
    /// Its name, by which keys name it.
    pub name: String,
    /// The PKCS#11 module of its maker.
    pub module: PathBuf,
    /// Which of the module's tokens it is.
    pub place: TokenPlace,
    /// The file with its PIN. It is read at every log-in and kept nowhere.
    pub pin_file: PathBuf,
    /// So many calls at once.
    pub sessions: usize,
    /// So long whoever needs it waits for an answer.
    pub deadline: Duration,
}
