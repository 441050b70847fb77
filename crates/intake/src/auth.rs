//! AUTH PLAIN and LOGIN (RFC 4954, RFC 4616). Knows no password store: [`crate::Logins`] does; what is
//! remembered of wrong logins is in `attempts.rs`.

use std::net::IpAddr;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sealpost_mail::{Reply, Secret};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::{Instant, sleep, timeout};

use crate::line::MAX_AUTH;
use crate::reception::LoginCheck;
use crate::replies;
use crate::session::{ListenerContext, Session, State};
use crate::wire::Leave;

/// "Username:" and "Password:".
const ASK_LOGIN: &str = "VXNlcm5hbWU6";
const ASK_PASSWORD: &str = "UGFzc3dvcmQ6";

/// How long a password waits for its turn to be checked.
const TURN: Duration = Duration::from_secs(20);
/// The first wait after a wrong password; it doubles each time.
const FIRST_DELAY: Duration = Duration::from_millis(500);
/// The longest one.
const MAX_DELAY: Duration = Duration::from_secs(16);

struct Credentials {
    login: String,
    password: Secret<String>,
}

impl<S: AsyncRead + AsyncWrite + Unpin + Send> Session<'_, S> {
    pub(crate) async fn on_auth(
        &mut self,
        state: State,
        mechanism: &str,
        initial: Option<String>,
    ) -> Result<State, Leave> {
        let initial = initial.map(Secret::new);
        let refused = match &state {
            _ if !self.door.access.auth => Some(replies::not_implemented()),
            _ if self.tls.is_none() => Some(replies::auth_needs_tls()),
            State::Strange => Some(replies::say_hello()),
            // RFC 4954 §4: "The AUTH command is not permitted during a mail transaction."
            State::Sender(_) | State::Addressed(_) | State::Chunking(_) => {
                Some(replies::not_in_transaction())
            }
            State::Ready if self.login.is_some() => Some(replies::login_already()),
            State::Ready => None,
        };
        if let Some(reply) = refused {
            self.answer(reply)?;
            return Ok(state);
        }
        let asked = match mechanism {
            "PLAIN" => self.plain(initial).await?,
            "LOGIN" => self.login(initial).await?,
            _ => Err(replies::unknown_mechanism()),
        };
        match asked {
            Ok(credentials) => self.check(credentials).await?,
            Err(reply) => self.answer(reply)?,
        }
        Ok(state)
    }

    async fn plain(&mut self, initial: Option<Secret<String>>) -> Result<Result<Credentials, Reply>, Leave> {
        let response = match initial {
            Some(initial) => decode(initial.expose()),
            None => self.challenge("").await?,
        };
        Ok(response.and_then(|response| split_plain(&response)))
    }

    async fn login(&mut self, initial: Option<Secret<String>>) -> Result<Result<Credentials, Reply>, Leave> {
        let login = match initial {
            Some(initial) => decode(initial.expose()),
            None => self.challenge(ASK_LOGIN).await?,
        };
        let login = match login {
            Ok(login) => login,
            Err(reply) => return Ok(Err(reply)),
        };
        let password = match self.challenge(ASK_PASSWORD).await? {
            Ok(password) => password,
            Err(reply) => return Ok(Err(reply)),
        };
        let login = String::from_utf8(login.expose().clone()).map_err(|_utf8| replies::bad_login());
        Ok(login.and_then(|login| Ok(Credentials { login, password: text(&password)? })))
    }

    /// One challenge and its answer, decoded.
    async fn challenge(&mut self, challenge: &str) -> Result<Result<Secret<Vec<u8>>, Reply>, Leave> {
        self.wire.send(&replies::challenge(challenge));
        let deadline = Instant::now() + self.door.limits.command;
        let Some(length) = self.read_line(MAX_AUTH, deadline, false).await? else {
            return Ok(Err(replies::auth_too_long()));
        };
        let line = self.wire.pending().get(..length.saturating_sub(2)).unwrap_or_default();
        let answer = match std::str::from_utf8(line) {
            Ok("*") => Err(replies::auth_cancelled()),
            Ok(line) => decode(line),
            Err(_utf8) => Err(replies::auth_not_base64()),
        };
        self.wire.consume_secret(length);
        Ok(answer)
    }

    async fn check(&mut self, credentials: Credentials) -> Result<(), Leave> {
        match judge(self.door, self.caller.peer, credentials).await {
            LoginCheck::Right(login) => {
                self.login = Some(login);
                self.keep_place();
                self.wire.send(&replies::logged_in());
                Ok(())
            }
            LoginCheck::Wrong => {
                // The login is not logged: people type their password there.
                tracing::warn!(session.id = self.caller.session, client = %self.caller.peer, "login failed");
                let delay = FIRST_DELAY.saturating_mul(1 << self.failed_logins.min(10));
                self.failed_logins += 1;
                sleep(delay.min(MAX_DELAY)).await;
                self.answer(replies::bad_login())
            }
            LoginCheck::Busy => {
                tracing::warn!(session.id = self.caller.session, client = %self.caller.peer, "login put off");
                self.wire.send(&replies::login_later());
                // Asking again at once is no way round it.
                self.count_error()
            }
        }
    }
}

/// Checks the password, if it may be tried now and its turn comes in time.
async fn judge(door: &ListenerContext, peer: IpAddr, credentials: Credentials) -> LoginCheck {
    let Credentials { login, password } = credentials;
    let may_try = || door.attempts.may_try(peer, &login, door.clock.now());
    if !may_try() {
        return LoginCheck::Busy;
    }
    let Ok(Ok(_turn)) = timeout(TURN, door.checks.acquire()).await else { return LoginCheck::Busy };
    // Others of this client, or at this login, may have failed while this one waited.
    if !may_try() {
        return LoginCheck::Busy;
    }
    let checked = door.logins.check(&login, password).await;
    match &checked {
        LoginCheck::Right(_) => door.attempts.right(peer, &login, door.clock.now()),
        LoginCheck::Wrong => door.attempts.wrong(peer, &login, door.clock.now()),
        LoginCheck::Busy => {}
    }
    checked
}

/// RFC 4954 §4: `=` is the empty response.
fn decode(base64: &str) -> Result<Secret<Vec<u8>>, Reply> {
    let base64 = if base64 == "=" { "" } else { base64 };
    STANDARD.decode(base64).map(Secret::new).map_err(|_base64| replies::auth_not_base64())
}

fn text(bytes: &Secret<Vec<u8>>) -> Result<Secret<String>, Reply> {
    String::from_utf8(bytes.expose().clone()).map(Secret::new).map_err(|_utf8| replies::bad_login())
}

/// RFC 4616 §2: `[authzid] NUL authcid NUL passwd`. Nobody acts for somebody else here.
fn split_plain(response: &Secret<Vec<u8>>) -> Result<Credentials, Reply> {
    let response = text(response)?;
    let mut parts = response.expose().split('\0');
    match (parts.next(), parts.next(), parts.next(), parts.next()) {
        (Some(actor), Some(login), Some(password), None)
            if !login.is_empty() && (actor.is_empty() || actor == login) =>
        {
            Ok(Credentials { login: login.to_owned(), password: Secret::new(password.to_owned()) })
        }
        _ => Err(replies::bad_login()),
    }
}
