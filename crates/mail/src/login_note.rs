//! The outcome of a login by SMTP AUTH, as recorded in the audit trail. Knows no password and no session.

/// Recorded by login, network and minute.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LoginNote {
    /// Correct password: a client's first login of the day, and every one after failures.
    Right,
    /// Correct again, or reported as correct by a trusted proxy: recorded as `Right`, with a count.
    Again,
    /// Wrong password.
    Wrong,
    /// Not checked: too many failures before, or too many attempts at the same time.
    Refused,
    /// Too many failures: a client, or its whole network, has to wait.
    Closed,
}

impl LoginNote {
    /// Those that are recorded, each under its own word.
    pub const ALL: [Self; 4] = [Self::Right, Self::Wrong, Self::Refused, Self::Closed];

    /// Those that a flood can produce without limit, recorded as counts. A correct login is an audit row at once:
    /// counts can be changed by anybody with write access to the database, and must not conceal a login.
    pub const COUNTED: [Self; 3] = [Self::Wrong, Self::Refused, Self::Closed];

    /// Its dotted name in the audit trail.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Right | Self::Again => "smtp-login.right",
            Self::Wrong => "smtp-login.wrong",
            Self::Refused => "smtp-login.refused",
            Self::Closed => "smtp-login.closed",
        }
    }
}
