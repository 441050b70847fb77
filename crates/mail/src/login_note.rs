//! What became of a log-in by SMTP AUTH, as the audit trail keeps it. Knows no password and no session.

/// Kept by login, network and minute.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LoginNote {
    /// The password was right: the first time of a client in a day, and each time after wrong ones.
    Right,
    /// It was wrong.
    Wrong,
    /// Nobody looked at it: there had been too many wrong ones, or too many were asking.
    Refused,
    /// So many wrong ones that a client, or all of its network, has to wait.
    Closed,
}

impl LoginNote {
    /// All.
    pub const ALL: [Self; 4] = [Self::Right, Self::Wrong, Self::Refused, Self::Closed];

    /// Those that a flood has no end of. A right one is a row of the chain at once: counts can be written by whoever writes the
    /// database, and nobody must have been let in by that.
    pub const COUNTED: [Self; 3] = [Self::Wrong, Self::Refused, Self::Closed];

    /// Its dotted word in the audit trail.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Right => "smtp-login.right",
            Self::Wrong => "smtp-login.wrong",
            Self::Refused => "smtp-login.refused",
            Self::Closed => "smtp-login.closed",
        }
    }
}
