//! AUTH PLAIN and LOGIN (RFC 4954, RFC 4616). Knows no password store: [`crate::Logins`] does; failed logins
//! are remembered in `attempts.rs`.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sealpost_mail::{LoginNote, Reply, Secret};
use sealpost_turns::Who;
use tokio::time::{Instant, sleep};

use crate::access::Shown;
use crate::attempts::{ClientStatus, Heard, pair_of};
use crate::connection::Connection;
use crate::limits::client_of;
use crate::line::MAX_AUTH;
use crate::listener_context::ListenerContext;
use crate::reception::LoginCheck;
use crate::replies;
use crate::session::{InHand, Session, State};
use crate::wire::Leave;

/// The prompts "Username:" and "Password:" in base64.
const ASK_LOGIN: &str = "VXNlcm5hbWU6";
const ASK_PASSWORD: &str = "UGFzc3dvcmQ6";

/// The first delay after a wrong password; it doubles each time.
const FIRST_DELAY: Duration = Duration::from_millis(500);
/// The longest delay.
const MAX_DELAY: Duration = Duration::from_secs(16);

struct Credentials {
    login: String,
    password: Secret<String>,
}

impl<S: Connection> Session<'_, S> {
    pub(crate) async fn on_auth(
        &mut self,
        state: State,
        mechanism: &str,
        initial: Option<String>,
    ) -> Result<State, Leave> {
        let initial = initial.map(Secret::new);
        let refused = match &state {
            _ if !self.takes_logins() => Some(replies::not_implemented()),
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
            self.reply(reply)?;
            return Ok(state);
        }
        let asked = match mechanism {
            "PLAIN" => self.plain(initial).await?,
            "LOGIN" => self.login(initial).await?,
            _ => Err(replies::unknown_mechanism()),
        };
        match asked {
            Ok(credentials) => self.check(credentials).await?,
            Err(reply) => self.reply(reply)?,
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

    /// One challenge and its response, decoded.
    async fn challenge(&mut self, challenge: &str) -> Result<Result<Secret<Vec<u8>>, Reply>, Leave> {
        self.wire.send(&replies::challenge(challenge));
        let deadline = Instant::now() + self.context.limits.command;
        let Some(length) = self.read_line(MAX_AUTH, deadline, InHand::Nothing).await? else {
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
        match judge(self.context, self.caller.peer, credentials).await {
            LoginCheck::Right(login) => {
                self.login = Some(login);
                self.keep_place();
                self.wire.send(&replies::logged_in());
                Ok(())
            }
            LoginCheck::Wrong => {
                self.context.refusals.failed_login(&self.context.name, self.caller.peer, Instant::now());
                let delay = FIRST_DELAY.saturating_mul(1 << self.failed_logins.min(10));
                self.failed_logins += 1;
                sleep(delay.min(MAX_DELAY)).await;
                self.reply(replies::bad_login())
            }
            LoginCheck::Busy => {
                self.context.refusals.login_put_off(&self.context.name, self.caller.peer, Instant::now());
                self.wire.send(&replies::login_later());
                // Asking again at once must not evade the limit.
                self.count_error()
            }
        }
    }
}

/// Checks the password, if it may be tried now and its turn comes in time. Continues when the session is
/// gone: the work is done within its turn, and a client that leaves before the answer has used its try.
async fn judge(context: &ListenerContext, peer: IpAddr, credentials: Credentials) -> LoginCheck {
    let in_networks = context.access.right(Shown { peer, login: false, certificate: false }).is_some();
    let (attempts, clock) = (Arc::clone(&context.attempts), Arc::clone(&context.clock));
    let (turns, random, logins) =
        (context.turns.clone(), Arc::clone(&context.random), Arc::clone(&context.logins));
    let judging = async move {
        let Credentials { login, password } = credentials;
        let mut status = attempts.status(peer, &login, clock.now());
        if matches!(status, ClientStatus::Stranger | ClientStatus::Doubtful)
            && logins.was_right(client_of(peer), &login, clock.now()).await
        {
            attempts.recall(peer, &login, clock.now());
            status = attempts.status(peer, &login, clock.now());
        }
        let put_off = || {
            logins.note(LoginNote::Refused, peer, &login, clock.now());
            LoginCheck::Busy
        };
        let who = match status {
            ClientStatus::Waits => return put_off(),
            ClientStatus::Known => Who::Known(pair_of(peer, &login)),
            ClientStatus::Stranger | ClientStatus::Doubtful if in_networks => Who::Known(pair_of(peer, "")),
            ClientStatus::Stranger => Who::Stranger(peer),
            ClientStatus::Doubtful => Who::Doubtful(peer),
        };
        let Ok(_turn) = turns.next(&who, clock.now(), random.as_ref()).await else { return put_off() };
        // Others of this client may have failed while this one waited.
        if attempts.status(peer, &login, clock.now()) == ClientStatus::Waits {
            return put_off();
        }
        let checked = logins.check(&login, password).await;
        match &checked {
            LoginCheck::Right(_) => {
                let heard = attempts.right(peer, &login, clock.now());
                let note = match heard {
                    Heard::Anew | Heard::AfterWrong => LoginNote::Right,
                    Heard::Again => LoginNote::Again,
                };
                logins.note(note, peer, &login, clock.now());
                if heard == Heard::Anew {
                    logins.remember(client_of(peer), &login, clock.now()).await;
                }
            }
            LoginCheck::Wrong => {
                logins.note(LoginNote::Wrong, peer, &login, clock.now());
                if attempts.wrong(peer, &login, clock.now()) {
                    logins.note(LoginNote::Closed, peer, &login, clock.now());
                }
                turns.wrong(peer, clock.now());
            }
            LoginCheck::Busy => {}
        }
        checked
    };
    tokio::spawn(judging).await.unwrap_or(LoginCheck::Busy)
}

/// RFC 4954 §4: `=` is the empty response.
fn decode(base64: &str) -> Result<Secret<Vec<u8>>, Reply> {
    let base64 = if base64 == "=" { "" } else { base64 };
    STANDARD.decode(base64).map(Secret::new).map_err(|_base64| replies::auth_not_base64())
}

fn text(bytes: &Secret<Vec<u8>>) -> Result<Secret<String>, Reply> {
    String::from_utf8(bytes.expose().clone()).map(Secret::new).map_err(|_utf8| replies::bad_login())
}

/// RFC 4616 §2: `[authzid] NUL authcid NUL passwd`. Acting for another identity is not supported.
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
