//! One letter to its recipients over one SMTP connection. Beside its greeting the only file that names lettre.
//!
//! lettre at its connection level (decision 0006): its high-level `send` gives up on all recipients when
//! one is refused, adds a line to letters that end in CRLF, and knows neither SIZE nor DSN nor PIPELINING.
//! Knows no queue, no route and no retry.

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

/// Letters are handed to the wire in pieces of this size.
const PIECE: usize = 64 * 1024;

/// What every connection of this process has in common.
pub(crate) struct Caller {
    pub(crate) our_name: String,
    pub(crate) timeouts: Timeouts,
    pub(crate) tls: TlsConfigs,
    pub(crate) may_speak: MaySpeak,
}

/// An open connection: greeted, secured as its endpoint asks, logged in.
pub(crate) struct Connection {
    smtp: AsyncSmtpConnection,
    wire: Wire,
    offers: Ehlo,
    timeouts: Timeouts,
    host: String,
    /// A refused transaction is still open on the other side.
    dirty: bool,
    broken: bool,
    letters: u32,
    /// When the attempt it is used for must have sent its final dot.
    until: Instant,
}

impl Connection {
    /// One transaction for all recipients of the parameters; what became of each, in their order. `letter` must
    /// be CRLF-clean; exactly its bytes arrive (RFC 5321 §4.1.1.4: the last line's CRLF is part of the
    /// end-of-data mark, so a letter without one gains it). The final dot leaves before `until`, and `dot` knows when.
    pub(crate) async fn send(
        &mut self,
        parameters: &MailParameters<'_>,
        letter: &[u8],
        until: Instant,
        dot: &FinalDot,
    ) -> Result<Vec<Told>, DeliveryFailure> {
        self.until = until;
        parameters.check(&self.offers)?;
        let is_used = self.letters > 0;
        self.letters = self.letters.saturating_add(1);
        if is_used {
            self.begin_again().await?;
        }
        let envelope = self.envelope(parameters).await?;
        if !envelope.iter().any(Heard::is_open) {
            return Ok(envelope.into_iter().map(|heard| heard.told(&Told::Unheard)).collect());
        }
        // RFC 5321 §3.3: the reply to the final dot is for everybody who was accepted.
        let end = match self.content(letter, dot).await.and_then(|reply| {
            self.expect(Stage::End, &reply, 250)?;
            Ok(ServerReply::new(self.code_of(&reply), &text_of(&reply)))
        }) {
            Ok(reply) => Told::Taken(reply),
            Err(trouble) => Told::Not(trouble),
        };
        Ok(envelope.into_iter().map(|heard| heard.told(&end)).collect())
    }

    /// Before another letter on a kept connection. What is wrong with it says nothing of this letter.
    async fn begin_again(&mut self) -> Result<(), DeliveryFailure> {
        // RFC 5321 §4.3.1: a server speaks when spoken to, but for the 421 before it hangs up. A reply more than was
        // due would be taken for the answer to our next command.
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

    /// MAIL, every RCPT, and DATA up to the 354. Some recipient is open: the letter may follow.
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
                    heard.push(Heard::Closed(Told::Unheard));
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
                    Err(trouble) => close(&mut heard, &Told::Not(trouble)),
                }
            }
            return Ok(heard);
        }
        // RFC 2920 §3.1: one flight; every answer must be read whatever the first says.
        let count = rcpts.len();
        let mail = self.command(Stage::Mail, times.mail, mail + &rcpts.concat() + "DATA\r\n").await;
        let mail = self.unless_broken(mail)?.and_then(|reply| self.expect(Stage::Mail, &reply, 250));
        self.dirty = true;
        let until = self.until.min(Instant::now() + times.recipients);
        for _ in 0..count {
            if self.broken {
                heard.push(Heard::Closed(Told::Unheard));
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
            // A server that wants a letter for nobody cannot be told otherwise but by hanging up.
            self.broken |= data.is_ok();
            mail?;
            return Ok(heard);
        }
        match data {
            Ok(()) => self.dirty = false,
            Err(trouble) => close(&mut heard, &Told::Not(trouble)),
        }
        Ok(heard)
    }

    /// One more recipient's reply. When the connection ends with it, nobody before it has anything either.
    fn hear(&self, heard: &mut Vec<Heard>, reply: Result<(), DeliveryFailure>, until: Instant) {
        match reply {
            Ok(()) => heard.push(Heard::Open),
            // The time of all of them is used up: an attempt of everybody it was used for.
            Err(trouble @ DeliveryFailure::Silent { .. }) if Instant::now() >= until => {
                close(heard, &Told::Not(trouble.clone()));
                heard.push(Heard::Closed(Told::Not(trouble)));
            }
            Err(trouble) if self.broken => {
                close(heard, &Told::Unheard);
                heard.push(Heard::Closed(Told::Not(trouble)));
            }
            // RFC 5321 §4.5.3.1.10: the transaction is full, the rest goes in another.
            Err(trouble) if trouble.is_full_transaction() && heard.iter().any(Heard::is_open) => {
                heard.push(Heard::Closed(Told::Unheard));
            }
            Err(trouble) => heard.push(Heard::Closed(Told::Not(trouble))),
        }
    }

    /// A reply that leaves no connection behind ends the transaction at once.
    fn unless_broken(
        &self,
        reply: Result<Response, DeliveryFailure>,
    ) -> Result<Result<Response, DeliveryFailure>, DeliveryFailure> {
        match reply {
            Err(trouble) if self.broken => Err(trouble),
            reply => Ok(reply),
        }
    }

    /// The letter and its end. The deadline follows what really leaves: one for each block, another for
    /// the answer to the final dot (RFC 5321 §4.5.3.2.5, §4.5.3.2.6). A server that takes an octet now and then
    /// would never be too late by these alone, so a least rate and the attempt's end stand beside them.
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
                // A rate of zero asks for none.
                let rate = earned.map_or(until, |earned| started + times.grace + Duration::from_secs(earned));
                (wrote + times.block).min(rate).min(until)
            };
            // Nothing has been written yet, and so all of it has left; that is not the end. Which deadline it will be
            // is asked when the first of them comes.
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

    /// A positive reply with another code than the one due means that we and the server are out of step: whatever is
    /// read next may be the answer to something else, so nothing more goes over this connection.
    fn expect(&mut self, stage: Stage, reply: &Response, code: u16) -> Result<(), DeliveryFailure> {
        let got = self.code_of(reply);
        // RFC 5321 §4.3.2: any 2yz will do where 250 is due.
        if got == code || (code == 250 && (200..300).contains(&got)) {
            return Ok(());
        }
        self.broken = true;
        Err(DeliveryFailure::Garbled { stage, cause: format!("{got} where {code} was due") })
    }

    /// lettre's error in our words. Its kinds are private, so this asks every question it answers.
    fn trouble(&mut self, stage: Stage, error: &SmtpError) -> DeliveryFailure {
        if let Some(code) = error.status() {
            let text = std::error::Error::source(error).map(ToString::to_string).unwrap_or_default();
            let reply = ServerReply::new(self.wire.code_as_given(u16::from(code)), &text);
            // RFC 5321 §3.8: after 421 the server hangs up.
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

    /// As the server gave it, and not as the parser had to be given it.
    fn code_of(&self, reply: &Response) -> u16 {
        self.wire.code_as_given(u16::from(reply.code()))
    }

    /// Whether another letter may go over this connection.
    pub(crate) fn is_reusable(&self) -> bool {
        !self.broken && self.letters < self.timeouts.letters_per_connection
    }

    /// Whether letters went over it before: then its end may just be the server's idle limit.
    pub(crate) fn is_used(&self) -> bool {
        self.letters > 1
    }

    pub(crate) fn reporter(&self) -> Reporter {
        if self.offers.dsn { Reporter::NextHop } else { Reporter::Ourselves }
    }

    pub(crate) fn host(&self) -> &str {
        &self.host
    }

    /// RFC 5321 §4.1.1.10: leaves politely; does not wait long for the answer.
    pub(crate) async fn quit(mut self) {
        if !self.broken {
            let _ = timeout(Duration::from_secs(5), self.smtp.quit()).await;
        }
    }
}

/// What became of one recipient in a transaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Told {
    /// The letter was taken, with this reply to its final dot.
    Taken(ServerReply),
    /// The attempt failed.
    Not(DeliveryFailure),
    /// The server said nothing of this recipient, or that it comes in the next transaction: no attempt.
    Unheard,
}

/// A recipient between RCPT and the end of the letter.
enum Heard {
    /// The transaction is open, and everything was accepted so far.
    Open,
    Closed(Told),
}

impl Heard {
    fn is_open(&self) -> bool {
        match self {
            Self::Open => true,
            Self::Closed(_) => false,
        }
    }

    fn told(self, end: &Told) -> Told {
        match self {
            Self::Open => end.clone(),
            Self::Closed(told) => told,
        }
    }
}

/// What everybody is told who was accepted so far.
fn close(heard: &mut [Heard], told: &Told) {
    for open in heard.iter_mut().filter(|heard| heard.is_open()) {
        *open = Heard::Closed(told.clone());
    }
}

fn text_of(reply: &Response) -> String {
    reply.message().collect::<Vec<_>>().join(" ")
}
