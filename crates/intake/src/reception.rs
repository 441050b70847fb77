//! The seams to the roof: who takes letters in, who knows the logins. Knows nothing of sockets.

use std::fmt;
use std::net::IpAddr;

use async_trait::async_trait;
use sealpost_mail::{Address, Envelope, LoginNote, Origin, Reply, Secret, Timestamp};

/// Takes letters in. Implemented by the gateway.
#[async_trait]
pub trait Reception: Send + Sync + 'static {
    /// Whether a letter of `announced` octets (SIZE; 0 if the client did not say) may begin: called at MAIL.
    ///
    /// # Errors
    /// The reply is sent as it is; its cause is logged.
    fn may_begin(&self, announced: u64) -> Result<(), Reply>;

    /// Whether a stranger may send to this recipient, who is in a domain that this listener takes letters for: called at
    /// RCPT. Who is refused here needs no report later, which a forged reverse-path would lead to somebody else.
    fn takes(&self, _listener: &str, _recipient: &Address) -> bool {
        true
    }

    /// A letter is about to come: called after DATA and before `354`, or before the first BDAT content.
    ///
    /// # Errors
    /// The reply is sent as it is; its cause is logged.
    async fn begin(&self, envelope: Envelope, origin: Origin) -> Result<Box<dyn Incoming>, Reply>;
}

/// One letter on its way in. Dropping it aborts.
#[async_trait]
pub trait Incoming: Send {
    /// The next bytes: dots unstuffed, every line end a CRLF, no NUL, at most 64 KiB.
    ///
    /// # Errors
    /// The reply is sent when the client has sent its letter to the end; no further call is made.
    async fn chunk(&mut self, bytes: &[u8]) -> Result<(), Reply>;

    /// The letter is complete. `Ok` means durable and decided, and becomes `250`.
    ///
    /// # Errors
    /// The reply is sent as it is; its cause is logged.
    async fn finish(self: Box<Self>) -> Result<Receipt, Reply>;
}

/// A letter is durable.
pub struct Receipt {
    /// What the client is told and the log knows the letter by.
    pub id: String,
    /// Runs once the client has shown that it received the `250`; dropped if it never does.
    pub acknowledged: Option<Box<dyn FnOnce() + Send>>,
}

impl fmt::Debug for Receipt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Receipt").field("id", &self.id).finish_non_exhaustive()
    }
}

/// What became of a login.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LoginCheck {
    /// The password is right; this is the login's canonical name.
    Right(String),
    /// The password is wrong, or the login is nobody's.
    Wrong,
    /// Nobody knows: it could not be checked in time. The client may come back.
    Busy,
}

/// Knows the logins of clients.
#[async_trait]
pub trait Logins: Send + Sync + 'static {
    /// Whether the password is right. Must take the same time for unknown logins, and bounded time.
    async fn check(&self, login: &str, password: Secret<String>) -> LoginCheck;

    /// The canonical name of a login whose password a proxy has checked; `None`: it is nobody's.
    fn configured(&self, login: &str) -> Option<String> {
        let _nobodys = login;
        None
    }

    /// Whether a client (an address, or the /64 of one) was right about a login before this process began. Must take
    /// bounded time; whoever is not known waits among strangers, and nobody is refused for it.
    async fn was_right(&self, client: IpAddr, login: &str, now: Timestamp) -> bool {
        let _nothing_is_kept = (client, login, now);
        false
    }

    /// A client was right about a login: to be remembered for a while beyond this process. Must take bounded time.
    async fn remember(&self, client: IpAddr, login: &str, now: Timestamp) {
        let _nothing_is_kept = (client, login, now);
    }

    /// Something is to be kept of a client's login. Must not wait for anything. The login may be a password: people type theirs
    /// there.
    fn note(&self, what: LoginNote, client: IpAddr, login: &str, now: Timestamp) {
        let _nothing_is_kept = (what, client, login, now);
    }
}
