//! Why a PostgreSQL server cannot be used for a store. Knows no connection.

/// Why a server cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PostgresUnfit {
    /// Never tested.
    #[error("it is older than 15; use PostgreSQL 15 or later")]
    TooOld,
    /// Accepts no writes.
    #[error("it is a standby; name the primary among the hosts, too")]
    Standby,
    /// A `250` would promise nothing.
    #[error(
        "synchronous_commit is off for this user; a 250 would promise what may be lost: ALTER ROLE … RESET synchronous_commit"
    )]
    CommitsLater,
    /// A standby is required, and commits do not wait for it.
    #[error(
        "synchronous_commit is local for this user, and durability = \"replicated\" asks for a standby that has each letter"
    )]
    CommitsAlone,
    /// A standby is required, and none is connected.
    #[error(
        "durability = \"replicated\" needs a synchronous standby that is connected: set synchronous_standby_names and start it"
    )]
    NoStandby,
    /// A standby may be connected, but we may not see it.
    #[error(
        "durability = \"replicated\" asks for a synchronous standby, and this user may not see which there are: \
         GRANT pg_read_all_stats TO it"
    )]
    SeesNoStandby,
    /// Text would be compared wrongly.
    #[error("the database's encoding is not UTF8: create it with ENCODING 'UTF8'")]
    Encoding,
}
