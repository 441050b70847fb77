//! Sends one letter to its recipients over one SMTP connection. Besides its greeting the only file that names lettre.
//!
//! lettre at its connection level (decision 0006): its high-level `send` gives up on all recipients when one is
//! refused, adds a line to letters that end in CRLF, and knows neither SIZE nor DSN nor PIPELINING. Knows no queue, no
//! route and no retry.

use std::time::Duration;

use lettre::transport::smtp::Error as SmtpError;
use lettre::transport::smtp::client::AsyncSmtpConnection;
use lettre::transport::smtp::response::Response;
use tokio::time::{Instant, sleep_until, timeout, timeout_at};

use crate::config::Timeouts;
use crate::ehlo::{Ehlo, MailParameters};
use crate::final_dot::FinalDot;
use crate::outcome::{DeliveryFailure, Reporter, ServerReply, Stage};
use crate::tls::TlsConfigs;
use crate::wire::{MaySpeak, Wire};

mod greeting;

pub(crate) use greeting::Opening;

/// Letters are written in pieces of this size.
const PIECE: usize = 64 * 1024;

/// What all connections of this process share.
pub(crate) struct Caller {
    pub(crate) our_name: String,
    pub(crate) timeouts: Timeouts,
    pub(crate) tls: TlsConfigs,
    pub(crate) may_speak: MaySpeak,
}

/// An open connection: greeted, secured as its endpoint requires, logged in.
pub(crate) struct Connection {
    smtp: AsyncSmtpConnection,
    wire: Wire,
    offers: Ehlo,
    timeouts: Timeouts,
    host: String,
    /// Whether a refused transaction is still open on the server.
    dirty: bool,
    broken: bool,
    letters: u32,
    opened: Instant,
    /// The deadline for the final dot of the current attempt.
    until: Instant,
}

impl Connection {
    /// One transaction for all recipients of the parameters; the result of each, in their order. `letter` must be
    /// CRLF-clean; exactly its bytes arrive (RFC 5321 §4.1.1.4: the last line's CRLF is part of the end-of-data mark,
    /// so a letter without one gains it). The final dot is sent before `until`, and `dot` records it.
    pub(crate) async fn send(
        &mut self,
        parameters: &MailParameters<'_>,
        letter: &[u8],
        until: Instant,
        dot: &FinalDot,
    ) -> Result<Vec<RecipientOutcome>, DeliveryFailure> {
        self.until = until;
        parameters.check(&self.offers)?;
        let is_used = self.letters > 0;
        self.letters = self.letters.saturating_add(1);
        if is_used {
            self.begin_again().await?;
        }
        let envelope = self.envelope(parameters).await?;
        if !envelope.iter().any(Heard::is_open) {
            return Ok(envelope.into_iter().map(|heard| heard.told(&RecipientOutcome::Unheard)).collect());
        }
        // RFC 5321 §3.3: the reply to the final dot is for all accepted recipients.
        let end = match self.content(letter, dot).await.and_then(|reply| {
            self.expect(Stage::End, &reply, 250)?;
            Ok(ServerReply::new(self.code_of(&reply), &text_of(&reply)))
        }) {
            Ok(reply) => RecipientOutcome::Taken(reply),
            Err(trouble) => RecipientOutcome::Not(trouble),
        };
        Ok(envelope.into_iter().map(|heard| heard.told(&end)).collect())
    }

    /// Prepares a kept connection for another letter. A failure says nothing about this letter.
    async fn begin_again(&mut self) -> Result<(), DeliveryFailure> {
        // RFC 5321 §4.3.1: a server only replies to commands, except for the 421 before it closes. An extra reply would
        // be taken for the reply to our next command.
        if !self.wire.is_quiet().await {
            self.broken = true;
            let cause = "the server spoke or hung up between two letters".to_owned();
            return Err(DeliveryFailure::Lost { stage: Stage::Mail, cause });
        }
        if self.dirty {
            let reply = self.command(Stage::Mail, self.timeouts.mail, "RSET\r\n".to_owned()).await;
            if let Err(trouble) = reply.and_then(|reply| self.expect(Stage::Mail, &reply, 250)) {
                self.broken = true;
                let cause = format!("RSET was refused: {trouble:?}");
                return Err(DeliveryFailure::Garbled { stage: Stage::Mail, cause });
            }
            self.dirty = false;
        }
        Ok(())
    }

    /// MAIL, every RCPT, and DATA up to the 354. If a recipient is open, the letter may follow.
    async fn envelope(&mut self, parameters: &MailParameters<'_>) -> Result<Vec<Heard>, DeliveryFailure> {
        let times = self.timeouts;
        let (mail, rcpts) = (parameters.mail(&self.offers), parameters.rcpts(&self.offers));
        let mut heard = Vec::with_capacity(rcpts.len());
        if !self.offers.pipelining {
            let reply = self.command(Stage::Mail, times.mail, mail).await?;
            self.expect(Stage::Mail, &reply, 250)?;
            self.dirty = true;
            let until = self.until.min(Instant::now() + times.recipients);
            for rcpt in rcpts {
                if self.broken {
                    heard.push(Heard::Closed(RecipientOutcome::Unheard));
                    continue;
                }
                let time = times.recipient.min(until.saturating_duration_since(Instant::now()));
                let reply = self.command(Stage::Recipient, time, rcpt).await;
                let reply = reply.and_then(|reply| self.expect(Stage::Recipient, &reply, 250));
                self.hear(&mut heard, reply, until);
            }
            if heard.iter().any(Heard::is_open) {
                let reply = self.command(Stage::Data, times.data, "DATA\r\n".to_owned()).await;
                match reply.and_then(|reply| self.expect(Stage::Data, &reply, 354)) {
                    Ok(()) => self.dirty = false,
                    Err(trouble) => close(&mut heard, &RecipientOutcome::Not(trouble)),
                }
            }
            return Ok(heard);
        }
        // RFC 2920 §3.1: pipelined; every reply must be read whatever the first is.
        let count = rcpts.len();
        let mail = self.command(Stage::Mail, times.mail, mail + &rcpts.concat() + "DATA\r\n").await;
        let mail = self.unless_broken(mail)?.and_then(|reply| self.expect(Stage::Mail, &reply, 250));
        self.dirty = true;
        let until = self.until.min(Instant::now() + times.recipients);
        for _ in 0..count {
            if self.broken {
                heard.push(Heard::Closed(RecipientOutcome::Unheard));
                continue;
            }
            let time = times.recipient.min(until.saturating_duration_since(Instant::now()));
            let reply = self.read_reply(Stage::Recipient, time).await;
            let reply = reply.and_then(|reply| self.expect(Stage::Recipient, &reply, 250));
            self.hear(&mut heard, reply, until);
        }
        if self.broken {
            mail?;
            return Ok(heard);
        }
        let data = self.read_reply(Stage::Data, times.data).await;
        let data = data.and_then(|reply| self.expect(Stage::Data, &reply, 354));
        if mail.is_err() || !heard.iter().any(Heard::is_open) {
            // A server that expects a letter without recipients can only be stopped by closing.
            self.broken |= data.is_ok();
            mail?;
            return Ok(heard);
        }
        match data {
            Ok(()) => self.dirty = false,
            Err(trouble) => close(&mut heard, &RecipientOutcome::Not(trouble)),
        }
        Ok(heard)
    }

    /// The reply to one more recipient. If the connection ends with it, the earlier ones have failed, too.
    fn hear(&self, heard: &mut Vec<Heard>, reply: Result<(), DeliveryFailure>, until: Instant) {
        match reply {
            Ok(()) => heard.push(Heard::Open),
            // The time for all of them is used up: this counts as an attempt for all.
            Err(trouble @ DeliveryFailure::Silent { .. }) if Instant::now() >= until => {
                close(heard, &RecipientOutcome::Not(trouble.clone()));
                heard.push(Heard::Closed(RecipientOutcome::Not(trouble)));
            }
            Err(trouble) if self.broken => {
                close(heard, &RecipientOutcome::Unheard);
                heard.push(Heard::Closed(RecipientOutcome::Not(trouble)));
            }
            // RFC 5321 §4.5.3.1.10: the transaction is full, the rest is sent in another.
            Err(trouble) if trouble.is_full_transaction() && heard.iter().any(Heard::is_open) => {
                heard.push(Heard::Closed(RecipientOutcome::Unheard));
            }
            Err(trouble) => heard.push(Heard::Closed(RecipientOutcome::Not(trouble))),
        }
    }

    /// A reply after which the connection is unusable ends the transaction at once.
    fn unless_broken(
        &self,
        reply: Result<Response, DeliveryFailure>,
    ) -> Result<Result<Response, DeliveryFailure>, DeliveryFailure> {
        match reply {
            Err(trouble) if self.broken => Err(trouble),
            reply => Ok(reply),
        }
    }

    /// The letter and its end. Deadlines apply to what is actually sent: one for each block, another for the reply to
    /// the final dot (RFC 5321 §4.5.3.2.5, §4.5.3.2.6). A server that accepts an octet now and then would meet these,
    /// so there is also a minimum rate and the attempt's deadline.
    async fn content(&mut self, letter: &[u8], dot: &FinalDot) -> Result<Response, DeliveryFailure> {
        let (wire, times) = (self.wire.clone(), self.timeouts);
        dot.is_ahead_on(&wire);
        let started = Instant::now();
        let reply = {
            let (smtp, ending) = (&mut self.smtp, wire.clone());
            let sending = async move {
                if letter.is_empty() {
                    ending.ends_letter();
                    return smtp.command(".\r\n").await;
                }
                // lettre ends every letter with CRLF . CRLF, also one that has its CRLF.
                let body = letter.strip_suffix(b"\r\n").unwrap_or(letter);
                let mut pieces = body.chunks(PIECE);
                let pieces = std::iter::from_fn(|| {
                    let piece = pieces.next();
                    if piece.is_none() {
                        ending.ends_letter();
                    }
                    piece
                });
                smtp.message_iter(pieces).await
            };
            tokio::pin!(sending);
            let (until, before) = (self.until, wire.progress().sent);
            let deadline = || {
                let progress = wire.progress();
                let wrote = progress.wrote.max(started);
                if progress.all_out {
                    return wrote + times.end;
                }
                let earned = progress.sent.saturating_sub(before).checked_div(times.rate);
                // A rate of zero means none.
                let rate = earned.map_or(until, |earned| started + times.grace + Duration::from_secs(earned));
                (wrote + times.block).min(rate).min(until)
            };
            // Nothing has been written yet, so everything is sent; that is not the end. The actual deadline is computed
            // when the first of them expires.
            let mut next = until.min(started + times.block.min(times.grace).min(times.end));
            loop {
                tokio::select! {
                    reply = &mut sending => break Ok(reply),
                    () = sleep_until(next) => {
                        next = deadline();
                        if next <= Instant::now() {
                            break Err(());
                        }
                    }
                }
            }
        };
        let stage = if wire.progress().all_out { Stage::End } else { Stage::Content };
        match reply {
            Ok(Ok(reply)) => Ok(reply),
            Ok(Err(error)) => Err(self.trouble(stage, &error)),
            Err(()) => {
                self.broken = true;
                Err(DeliveryFailure::Silent { stage })
            }
        }
    }

    async fn command(
        &mut self,
        stage: Stage,
        time: Duration,
        line: String,
    ) -> Result<Response, DeliveryFailure> {
        let deadline = self.until.min(Instant::now() + time);
        let reply = timeout_at(deadline, self.smtp.command(line)).await;
        self.checked(stage, reply)
    }

    async fn read_reply(&mut self, stage: Stage, time: Duration) -> Result<Response, DeliveryFailure> {
        let deadline = self.until.min(Instant::now() + time);
        let reply = timeout_at(deadline, self.smtp.read_response()).await;
        self.checked(stage, reply)
    }

    fn checked(
        &mut self,
        stage: Stage,
        reply: Result<Result<Response, SmtpError>, tokio::time::error::Elapsed>,
    ) -> Result<Response, DeliveryFailure> {
        match reply {
            Ok(Ok(reply)) => Ok(reply),
            Ok(Err(error)) => Err(self.trouble(stage, &error)),
            Err(_elapsed) => {
                self.broken = true;
                Err(DeliveryFailure::Silent { stage })
            }
        }
    }

    /// A positive reply with another code than expected means that we and the server are out of sync: whatever is read
    /// next may be the reply to something else, so the connection is not used any more.
    fn expect(&mut self, stage: Stage, reply: &Response, code: u16) -> Result<(), DeliveryFailure> {
        let got = self.code_of(reply);
        // RFC 5321 §4.3.2: any 2yz is accepted where 250 is expected.
        if got == code || (code == 250 && (200..300).contains(&got)) {
            return Ok(());
        }
        self.broken = true;
        Err(DeliveryFailure::Garbled { stage, cause: format!("{got} where {code} was due") })
    }

    /// lettre's error in our terms. Its kinds are private, so this queries each of its predicates.
    fn trouble(&mut self, stage: Stage, error: &SmtpError) -> DeliveryFailure {
        if let Some(code) = error.status() {
            let text = std::error::Error::source(error).map(ToString::to_string).unwrap_or_default();
            let reply = ServerReply::new(self.wire.code_as_given(u16::from(code)), &text);
            // RFC 5321 §3.8: after 421 the server closes.
            self.broken |= reply.code == 421 || self.wire.is_spoiled();
            return DeliveryFailure::Refused { stage, reply };
        }
        self.broken = true;
        if self.wire.ended() {
            return DeliveryFailure::Lost { stage, cause: "the server hung up".to_owned() };
        }
        if error.is_timeout() {
            DeliveryFailure::Silent { stage }
        } else if error.is_response() {
            // The error quotes what the server sent.
            DeliveryFailure::Garbled { stage, cause: "a reply that is none of SMTP".to_owned() }
        } else if error.is_client() {
            DeliveryFailure::Garbled { stage, cause: error.to_string() }
        } else {
            DeliveryFailure::Lost { stage, cause: error.to_string() }
        }
    }

    /// The code that the server sent, not the one that the parser was given.
    fn code_of(&self, reply: &Response) -> u16 {
        self.wire.code_as_given(u16::from(reply.code()))
    }

    /// Whether another letter may be sent over this connection.
    pub(crate) fn is_reusable(&self) -> bool {
        !self.broken && self.letters < self.timeouts.letters_per_connection
    }

    /// When it was opened.
    pub(crate) fn opened(&self) -> Instant {
        self.opened
    }

    /// Whether letters were sent over it before: then its end may just be the server's idle timeout.
    pub(crate) fn is_used(&self) -> bool {
        self.letters > 1
    }

    pub(crate) fn reporter(&self) -> Reporter {
        if self.offers.dsn { Reporter::NextHop } else { Reporter::Ourselves }
    }

    pub(crate) fn host(&self) -> &str {
        &self.host
    }

    /// RFC 5321 §4.1.1.10: quits without waiting long for the reply.
    pub(crate) async fn quit(mut self) {
        if !self.broken {
            let _ = timeout(Duration::from_secs(5), self.smtp.quit()).await;
        }
    }
}

/// The result of one recipient in a transaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum RecipientOutcome {
    /// The letter was accepted, with this reply to its final dot.
    Taken(ServerReply),
    /// The attempt failed.
    Not(DeliveryFailure),
    /// No reply for this recipient, or a deferral to the next transaction: not an attempt.
    Unheard,
}

/// A recipient between RCPT and the end of the letter.
enum Heard {
    /// Accepted so far, with an open transaction.
    Open,
    Closed(RecipientOutcome),
}

impl Heard {
    fn is_open(&self) -> bool {
        match self {
            Self::Open => true,
            Self::Closed(_) => false,
        }
    }

    fn told(self, end: &RecipientOutcome) -> RecipientOutcome {
        match self {
            Self::Open => end.clone(),
            Self::Closed(told) => told,
        }
    }
}

/// Sets the result of all recipients accepted so far.
fn close(heard: &mut [Heard], told: &RecipientOutcome) {
    for open in heard.iter_mut().filter(|heard| heard.is_open()) {
        *open = Heard::Closed(told.clone());
    }
}

fn text_of(reply: &Response) -> String {
    reply.message().collect::<Vec<_>>().join(" ")
}
