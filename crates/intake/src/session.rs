//! One session: the order of commands, and who may use them. Knows no socket type; the letter itself is in
//! `transfer.rs`, AUTH in `auth.rs`.

use std::net::IpAddr;

use sealpost_mail::{Envelope, Origin, Reply, TlsFacts};
use tokio::time::Instant;

use crate::access::{Right, Shown};
use crate::command::{self, Command, Hello, HelloVerb};
use crate::connection::Connection;
use crate::letter::Chunks;
use crate::line::{self, Line, MAX_LINE, Skipped};
use crate::listener_context::{Caller, ListenerContext, Speaker};
use crate::replies::{self, Offer};
use crate::wire::{BLOCK, Leave, Wire};

/// The state of a session; moved by value, so that nothing of the previous state remains.
pub(crate) enum State {
    /// No EHLO or HELO yet.
    Strange,
    /// May begin a letter.
    Ready,
    /// MAIL was accepted.
    Sender(Box<Envelope>),
    /// MAIL and at least one RCPT were accepted.
    Addressed(Box<Envelope>),
    /// BDAT has begun.
    Chunking(Box<Chunks>),
}

/// Whether a letter is in progress in a session: if so, it may continue while the intake stops.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum InHand {
    /// From MAIL to the reply to the letter's end.
    Letter,
    /// Nothing that would be lost.
    Nothing,
}

impl State {
    fn in_hand(&self) -> InHand {
        match self {
            Self::Strange | Self::Ready => InHand::Nothing,
            Self::Sender(_) | Self::Addressed(_) | Self::Chunking(_) => InHand::Letter,
        }
    }

    /// When the letter whose content is being received must be complete; `None`: there is none. Nothing else may
    /// outlast the session: an envelope alone could be kept open with NOOP for ever.
    fn content_until(&self) -> Option<Instant> {
        match self {
            Self::Strange | Self::Ready | Self::Sender(_) | Self::Addressed(_) => None,
            Self::Chunking(chunks) => Some(chunks.letter.pace.until()),
        }
    }
}

/// What follows a command.
enum Turn {
    Next(State),
    StartTls,
}

pub(crate) struct Session<'a, S> {
    pub(crate) wire: Wire<S>,
    pub(crate) context: &'a ListenerContext,
    pub(crate) caller: &'a mut Caller,
    pub(crate) tls: Option<TlsFacts>,
    pub(crate) login: Option<String>,
    pub(crate) failed_logins: u32,
    pub(crate) hello: Hello,
    errors: u32,
    junk: u32,
    /// Recipients beyond the limit.
    too_many: usize,
    until: Instant,
}

impl<'a, S: Connection> Session<'a, S> {
    pub(crate) fn new(
        stream: S,
        context: &'a ListenerContext,
        caller: &'a mut Caller,
        mut tls: Option<TlsFacts>,
    ) -> Self {
        match (caller.speaker, &mut tls) {
            (Speaker::Named, Some(tls)) => tls.client_certificate = None,
            (Speaker::Named, None) | (Speaker::Client | Speaker::Proxy | Speaker::HealthCheck, _) => {}
        }
        Self {
            wire: Wire::new(stream, context.limits.command),
            context,
            caller,
            tls,
            login: None,
            failed_logins: 0,
            hello: Hello { name: String::new(), verb: HelloVerb::Helo },
            errors: 0,
            junk: 0,
            too_many: 0,
            until: Instant::now() + context.limits.session_total,
        }
    }

    /// Sends the greeting, unless it was sent before STARTTLS.
    pub(crate) fn greeted(mut self) -> Self {
        self.wire.send(&replies::greeting(&self.context.hostname));
        self
    }

    /// Runs the session to its end; returns the connection if it is to become TLS.
    pub(crate) async fn run(mut self) -> Option<S> {
        // A certificate may give a right before the first command.
        self.keep_place();
        let mut state = State::Strange;
        loop {
            match self.turn(state).await {
                Ok(Turn::Next(next)) => state = next,
                Ok(Turn::StartTls) => match self.wire.flush().await {
                    Ok(()) => return Some(self.wire.into_stream()),
                    Err(_broken) => return None,
                },
                Err(leave) => {
                    self.part(leave).await;
                    return None;
                }
            }
        }
    }

    /// Reads one command and acts on it.
    async fn turn(&mut self, state: State) -> Result<Turn, Leave> {
        let content_until = state.content_until();
        let mut deadline = Instant::now() + self.context.limits.command;
        if let Some(until) = content_until {
            deadline = deadline.min(until);
        }
        let Some(length) = self.read_line(MAX_LINE, deadline, state.in_hand()).await? else {
            self.reply(replies::command_too_long())?;
            return Ok(Turn::Next(state));
        };
        match content_until {
            // Commands between chunks do not extend the letter's time either.
            Some(until) if Instant::now() >= until => return Err(Leave::Slow),
            None if Instant::now() >= self.until => {
                self.wire.send(&replies::session_over());
                return Err(Leave::Told);
            }
            Some(_) | None => {}
        }
        let text = self.wire.pending().get(..length.saturating_sub(2)).unwrap_or_default();
        let command = command::parse(text, &self.context.postmaster);
        // The line may contain a password (AUTH with an initial response).
        self.wire.consume_secret(length);
        match command {
            Err(reply) => {
                self.reply(reply)?;
                Ok(Turn::Next(state))
            }
            Ok(command) => self.on(state, command).await,
        }
    }

    /// The length of the next line with its CRLF; `None` for one that was too long and was skipped.
    pub(crate) async fn read_line(
        &mut self,
        limit: usize,
        deadline: Instant,
        in_hand: InHand,
    ) -> Result<Option<usize>, Leave> {
        loop {
            match line::find(self.wire.pending(), limit) {
                Line::Whole(length) => return Ok(Some(length)),
                Line::Part => self.wait(deadline, in_hand).await?,
                Line::Long => break,
                Line::Spoilt(_) => {
                    self.wire.send(&replies::bare_in_command());
                    return Err(Leave::Told);
                }
            };
        }
        let mut skipped = 0;
        loop {
            match line::skip(self.wire.pending()) {
                Skipped::Rest(octets) => {
                    self.wire.consume(octets);
                    return Ok(None);
                }
                Skipped::All(octets) => {
                    self.wire.consume(octets);
                    skipped += octets;
                }
            }
            if skipped > BLOCK {
                self.wire.send(&replies::command_too_long());
                return Err(Leave::Told);
            }
            self.wait(deadline, in_hand).await?;
        }
    }

    /// Waits for data from the client, or for the stop of the intake.
    pub(crate) async fn wait(&mut self, deadline: Instant, in_hand: InHand) -> Result<usize, Leave> {
        tokio::select! {
            biased;
            () = self.context.last_call.cancelled() => Err(Leave::Stopping),
            () = self.context.stop.cancelled(), if in_hand == InHand::Nothing => Err(Leave::Stopping),
            read = self.wire.fill(deadline) => read,
        }
    }

    async fn on(&mut self, state: State, command: Command) -> Result<Turn, Leave> {
        if self.wire.is_full() {
            self.wire.flush().await?;
        }
        let next = match command {
            Command::Hello(hello) => {
                let next = self.on_hello(hello);
                self.count_junk()?;
                next
            }
            Command::Mail(envelope) => self.on_mail(state, envelope)?,
            Command::Rcpt(rcpt) => self.on_rcpt(state, *rcpt)?,
            Command::Data => self.on_data(state).await?,
            Command::Bdat { size, chunk } => self.on_bdat(state, size, chunk).await?,
            Command::BdatWithoutSize => {
                self.wire.send(&replies::bdat_without_size());
                return Err(Leave::ToldInLetter);
            }
            Command::Auth { mechanism, initial } => self.on_auth(state, &mechanism, initial).await?,
            Command::StartTls => return self.on_starttls(state),
            Command::XClient(attributes) => self.on_xclient(state, &attributes)?,
            Command::Rset => {
                self.wire.send(&replies::ok());
                self.count_junk()?;
                match state {
                    State::Strange => State::Strange,
                    State::Ready | State::Sender(_) | State::Addressed(_) | State::Chunking(_) => {
                        State::Ready
                    }
                }
            }
            Command::Noop => {
                self.wire.send(&replies::ok());
                self.count_junk()?;
                state
            }
            Command::Vrfy => {
                self.wire.send(&replies::vrfy());
                self.count_junk()?;
                state
            }
            Command::Help => {
                self.wire.send(&replies::help());
                self.count_junk()?;
                state
            }
            Command::Quit => {
                self.wire.send(&replies::bye());
                return Err(Leave::Told);
            }
            Command::NotImplemented => {
                self.reply(replies::not_implemented())?;
                state
            }
            Command::Foreign => {
                self.wire.send(&replies::foreign());
                return Err(Leave::Told);
            }
        };
        Ok(Turn::Next(next))
    }

    /// RFC 5321 §4.1.4: EHLO clears a letter in progress, as RSET does.
    fn on_hello(&mut self, hello: Hello) -> State {
        if hello.verb == HelloVerb::Ehlo {
            let offer = Offer {
                hostname: &self.context.hostname,
                max_size: self.context.limits.max_size,
                starttls: self.context.starttls && self.tls.is_none(),
                auth: self.takes_logins() && self.tls.is_some(),
                xclient: self.caller.may_name(&self.context.access),
            };
            self.wire.send_lines(&offer.to_lines());
        } else {
            self.wire.send(&replies::helo(&self.context.hostname));
        }
        self.hello = hello;
        State::Ready
    }

    fn on_mail(&mut self, state: State, envelope: Box<Envelope>) -> Result<State, Leave> {
        let refused = match &state {
            State::Strange => Some(replies::say_hello()),
            State::Sender(_) | State::Addressed(_) => Some(replies::sender_twice()),
            State::Chunking(_) => Some(replies::chunks_under_way()),
            State::Ready => {
                self.speaks_for_itself()?;
                self.may_begin(&envelope)
            }
        };
        if let Some(reply) = refused {
            self.reply(reply)?;
            return Ok(state);
        }
        self.wire.send(&replies::sender_ok());
        Ok(State::Sender(envelope))
    }

    /// A proxy that begins a letter without announcing a client is that letter's client, and takes a client's slot.
    /// XCLIENT is not accepted on this connection any more.
    fn speaks_for_itself(&mut self) -> Result<(), Leave> {
        match self.caller.speaker {
            Speaker::Client | Speaker::Named | Speaker::HealthCheck => Ok(()),
            Speaker::Proxy => {
                self.take_place_of(self.caller.peer)?;
                self.caller.speaker = Speaker::Client;
                self.keep_place();
                Ok(())
            }
        }
    }

    /// Exchanges the session's slot for one of that client.
    pub(crate) fn take_place_of(&mut self, client: IpAddr) -> Result<(), Leave> {
        let Some(slot) = self.caller.slot.take() else { return Ok(()) };
        match slot.change(client, &self.context.access) {
            Ok(slot) => {
                self.caller.slot = Some(slot);
                Ok(())
            }
            Err(why) => {
                self.context.refusals.count(&self.context.name, client, why, Instant::now());
                self.wire.send(&why.reply());
                Err(Leave::Told)
            }
        }
    }

    /// Whether this client could log in here.
    pub(crate) fn takes_logins(&self) -> bool {
        match self.caller.speaker {
            Speaker::Client | Speaker::Proxy | Speaker::Named => self.context.access.auth,
            Speaker::HealthCheck => false,
        }
    }

    fn may_begin(&self, envelope: &Envelope) -> Option<Reply> {
        let access = &self.context.access;
        if self.caller.speaker == Speaker::HealthCheck {
            Some(replies::no_right())
        } else if self.tls.is_none() && self.context.tls_required {
            Some(replies::tls_first())
        } else if self.right().is_none() && access.domains.is_empty() && access.can_be_earned() {
            // No RCPT would be accepted, so the reply says now how to obtain a right.
            Some(if self.tls.is_some() || !self.context.starttls {
                replies::login_first()
            } else {
                replies::tls_first()
            })
        } else if envelope.announced_size.is_some_and(|size| size > self.context.limits.max_size) {
            Some(replies::too_big())
        } else {
            self.context.reception.may_begin(envelope.announced_size.unwrap_or(0)).err()
        }
    }

    fn on_rcpt(&mut self, state: State, rcpt: command::Rcpt) -> Result<State, Leave> {
        let mut envelope = match state {
            State::Sender(envelope) | State::Addressed(envelope) => envelope,
            State::Strange => {
                self.reply(replies::say_hello())?;
                return Ok(State::Strange);
            }
            State::Ready => {
                self.reply(replies::sender_first())?;
                return Ok(State::Ready);
            }
            State::Chunking(chunks) => {
                self.reply(replies::chunks_under_way())?;
                return Ok(State::Chunking(chunks));
            }
        };
        if rcpt.needs_smtputf8 && !envelope.smtputf8 {
            self.reply(replies::needs_smtputf8())?;
        } else if self.right().is_none()
            && !self.context.access.is_ours(&rcpt.recipient.address, &self.context.postmaster)
        {
            tracing::warn!(session.id = self.caller.session, client = %self.caller.peer, "relay denied");
            self.reply(replies::relay_denied())?;
        } else if self.right().is_none()
            && !self.context.reception.takes(&self.context.name, &rcpt.recipient.address)
        {
            self.reply(replies::unknown_recipient())?;
        } else if self.context.access.leads_elsewhere(&rcpt.recipient.address) {
            tracing::warn!(session.id = self.caller.session, client = %self.caller.peer, "local part with a route");
            self.reply(replies::leads_elsewhere())?;
        } else if envelope.recipients.len() >= self.context.limits.max_recipients {
            self.wire.send(&replies::too_many_recipients());
            self.too_many = self.too_many.saturating_add(1);
            // An honest client may have pipelined a long list (RFC 5321 §4.5.3.1.10 tells it to send the rest later),
            // so up to twice the limit is not junk.
            if self.too_many > self.context.limits.max_recipients {
                self.count_junk()?;
            }
        } else {
            envelope.recipients.push(rcpt.recipient);
            self.wire.send(&replies::recipient_ok());
        }
        Ok(if envelope.recipients.is_empty() { State::Sender(envelope) } else { State::Addressed(envelope) })
    }

    /// RFC 3207 §4.2: "the SMTP protocol is reset to the initial state".
    fn on_starttls(&mut self, state: State) -> Result<Turn, Leave> {
        let refused = if self.tls.is_some() {
            Some(replies::tls_already())
        } else if !self.context.starttls {
            Some(replies::not_implemented())
        } else {
            match &state {
                State::Strange => Some(replies::say_hello()),
                State::Ready | State::Sender(_) | State::Addressed(_) | State::Chunking(_) => None,
            }
        };
        if let Some(reply) = refused {
            self.reply(reply)?;
            return Ok(Turn::Next(state));
        }
        if !self.wire.pending().is_empty() {
            self.wire.send(&replies::text_after_starttls());
            return Err(Leave::Told);
        }
        self.wire.send(&replies::go_tls());
        Ok(Turn::StartTls)
    }

    pub(crate) fn right(&self) -> Option<Right> {
        match self.caller.speaker {
            Speaker::HealthCheck => None,
            Speaker::Client | Speaker::Proxy | Speaker::Named => self.context.access.right(Shown {
                peer: self.caller.peer,
                login: self.login.is_some(),
                certificate: self.tls.as_ref().is_some_and(|tls| tls.client_certificate.is_some()),
            }),
        }
    }

    /// A client with a right takes no slot of those for strangers.
    pub(crate) fn keep_place(&self) {
        if let (Some(_), Some(slot)) = (self.right(), &self.caller.slot) {
            slot.earn();
        }
    }

    pub(crate) fn origin(&self) -> Origin {
        Origin {
            peer: self.caller.peer,
            listener: self.context.name.clone(),
            helo: self.hello.name.clone(),
            extended: self.hello.verb == HelloVerb::Ehlo,
            tls: self.tls.clone(),
            login: self.login.clone(),
        }
    }

    /// Sends a reply of our own; a permanent one counts as an error of the client, others as junk.
    pub(crate) fn reply(&mut self, reply: Reply) -> Result<(), Leave> {
        self.wire.send(&reply);
        if reply.code() >= 500 { self.count_error() } else { self.count_junk() }
    }

    /// Counts commands that cost us something and do not advance a letter. As in Postfix (`smtpd_junk_command_limit`),
    /// some are free, and the rest count as errors.
    fn count_junk(&mut self) -> Result<(), Leave> {
        self.junk = self.junk.saturating_add(1);
        if self.junk > self.context.limits.max_junk { self.count_error() } else { Ok(()) }
    }

    /// A letter was accepted: resets the count of junk commands.
    pub(crate) fn forgive(&mut self) {
        (self.errors, self.junk, self.too_many) = (0, 0, 0);
    }

    /// Counts an error, up to the limit.
    pub(crate) fn count_error(&mut self) -> Result<(), Leave> {
        self.errors += 1;
        if self.errors > self.context.limits.max_errors {
            tracing::warn!(session.id = self.caller.session, client = %self.caller.peer, "too many errors");
            self.wire.send(&replies::too_many_errors());
            return Err(Leave::Told);
        }
        Ok(())
    }

    /// Sends the last reply, if there is one, and closes.
    async fn part(&mut self, leave: Leave) {
        use std::time::Duration;
        let (wait, octets) = match &leave {
            Leave::Told => (Duration::from_secs(2), BLOCK as u64),
            Leave::ToldInLetter => {
                (Duration::from_secs(30), self.context.limits.max_size.saturating_add(BLOCK as u64))
            }
            Leave::Slow => {
                self.wire.send(&replies::too_slow());
                (Duration::from_secs(1), BLOCK as u64)
            }
            Leave::Stopping => {
                self.wire.send(&replies::stopping());
                (Duration::from_secs(1), BLOCK as u64)
            }
            Leave::Gone | Leave::Broken(_) => (Duration::ZERO, 0),
        };
        tracing::debug!(session.id = self.caller.session, session.end = %leave, "session over");
        match leave {
            Leave::Broken(_) => {}
            Leave::Told | Leave::ToldInLetter | Leave::Slow | Leave::Stopping | Leave::Gone => {
                self.wire.close(wait, octets).await;
            }
        }
    }
}
