//! The interfaces to the application: accepting letters and checking logins. Knows nothing of sockets.

use std::fmt;
use std::net::IpAddr;

use async_trait::async_trait;
use sealpost_mail::{Address, Envelope, LoginNote, Origin, Reply, Secret, Timestamp};

/// Accepts letters. Implemented by the gateway.
#[async_trait]
pub trait Reception: Send + Sync + 'static {
    /// Whether a letter of `announced` octets (SIZE; 0 if not announced) may begin: called at MAIL.
    ///
    /// # Errors
    /// The reply is sent as it is; its cause is logged.
    fn may_begin(&self, announced: u64) -> Result<(), Reply>;

    /// Whether a client without a right may send to this recipient, who is in a domain of this listener: called at
    /// RCPT. A refusal here needs no bounce later, which a forged reverse-path would misdirect.
    fn takes(&self, _listener: &str, _recipient: &Address) -> bool {
        true
    }

    /// Begins a letter: called after DATA and before `354`, or before the first BDAT content.
    ///
    /// # Errors
    /// The reply is sent as it is; its cause is logged.
    async fn begin(&self, envelope: Envelope, origin: Origin) -> Result<Box<dyn Incoming>, Reply>;
}

/// A letter being received. Dropping it aborts.
#[async_trait]
pub trait Incoming: Send {
    /// The next bytes: dots unstuffed, every line end a CRLF, no NUL, at most 64 KiB.
    ///
    /// # Errors
    /// The reply is sent at the end of the letter; no further call is made.
    async fn chunk(&mut self, bytes: &[u8]) -> Result<(), Reply>;

    /// The letter is complete. `Ok` means that it is durable and decided, and becomes `250`.
    ///
    /// # Errors
    /// The reply is sent as it is; its cause is logged.
    async fn finish(self: Box<Self>) -> Result<Receipt, Reply>;
}

/// Confirms that a letter is durable.
pub struct Receipt {
    /// The id that the client is told and the log uses.
    pub id: String,
    /// Called once the client has shown that it received the `250`; dropped if it never does.
    pub acknowledged: Option<Box<dyn FnOnce() + Send>>,
}

impl fmt::Debug for Receipt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Receipt").field("id", &self.id).finish_non_exhaustive()
    }
}

/// The result of a login.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LoginCheck {
    /// The password is right; this is the login's canonical name.
    Right(String),
    /// The password is wrong, or the login does not exist.
    Wrong,
    /// It could not be checked in time. The client may retry.
    Busy,
}

/// Checks the logins of clients.
#[async_trait]
pub trait Logins: Send + Sync + 'static {
    /// Whether the password is correct. Must take the same time for unknown logins, and bounded time.
    async fn check(&self, login: &str, password: Secret<String>) -> LoginCheck;

    /// The canonical name of a login whose password a proxy has checked; `None`: it does not exist.
    fn configured(&self, login: &str) -> Option<String> {
        let _nobodys = login;
        None
    }

    /// Whether a client (an address, or the /64 of one) has used a login successfully before this process began. Must
    /// take bounded time; a client that is not known is queued among strangers, but not refused.
    async fn was_right(&self, client: IpAddr, login: &str, now: Timestamp) -> bool {
        let _nothing_is_kept = (client, login, now);
        false
    }

    /// A client has used a login successfully: to be remembered for a while beyond this process. Must take bounded
    /// time.
    async fn remember(&self, client: IpAddr, login: &str, now: Timestamp) {
        let _nothing_is_kept = (client, login, now);
    }

    /// Records an event of a client's login. Must not block. The login may be a password: people type theirs there.
    fn note(&self, what: LoginNote, client: IpAddr, login: &str, now: Timestamp) {
        let _nothing_is_kept = (what, client, login, now);
    }
}
