//! One delivery attempt: over a kept connection or a new one to the first server that accepts it, the letter decrypted
//! and signed, and the result for each recipient. Does not know what follows from it.

use std::time::Duration;

use sealpost_store::{LeasedLeg, StoreError};
use tokio::time::{Instant, timeout, timeout_at};

use crate::content::{ContentError, Opened, UnopenedContent};
use crate::dkim;
use crate::ehlo::MailParameters;
use crate::engine::{Bound, Engine, Round, Unworkable};
use crate::exchangers::World;
use crate::final_dot::FinalDot;
use crate::lane::Lane;
use crate::lease::LEASE;
use crate::letter_memory::Taken;
use crate::long_lines;
use crate::outcome::{DeliveryFailure, Reporter};
use crate::route::{self, RouteKey, Servers};
use crate::submit::{Connection, Opening};
use crate::ticket::{Onwards, Ticket};
use crate::tls_session::{AppliedPolicy, SessionEnd, TlsFailure};

/// A connection to a domain's server is not kept for longer than this: what the domain publishes may have changed since.
const PROOF: Duration = Duration::from_secs(300);

/// What is to be sent, and the deadline of its final dot.
struct Sending<'a> {
    group: &'a [Bound],
    waiting: &'a UnopenedContent<'a>,
    until: Instant,
    dot: &'a FinalDot,
}

impl Engine {
    /// Sends over a kept connection or a new one to the first server that accepts it.
    pub(crate) async fn attempt(
        &self,
        lane: &Lane,
        group: &[Bound],
        dot: &FinalDot,
    ) -> Result<Result<Round, DeliveryFailure>, Unworkable> {
        let Some(Bound { leg, ticket }) = group.first() else { return Ok(Err(DeliveryFailure::NoServer)) };
        let waiting = match UnopenedContent::find(&self.store, leg, ticket).await {
            Ok(waiting) => waiting,
            Err(error) => return unworkable_or_local(error),
        };
        let key = RouteKey::of(ticket, &self.config);
        let until = Instant::now() + self.attempt_time();
        let sending = Sending { group, waiting: &waiting, until, dot };
        let mut letter = None;
        if let Some(connection) = lane.take_kept(&key, Instant::now()) {
            match self.send(lane, &key, connection, &sending, &mut letter).await? {
                // The server has closed the kept connection: this is not a failed attempt.
                Err((trouble, true)) if trouble.tries_next_server() && !self.is_stopping() => {}
                Ok((round, true)) if round.is_silence() && !self.is_stopping() => {}
                result => return Ok(result.map(|(round, _kept)| round).map_err(|(trouble, _kept)| trouble)),
            }
        }
        let failed = |domain: &str, policy: &AppliedPolicy, failure: TlsFailure| {
            self.counts.note(domain, policy, SessionEnd::Failed(failure), self.clock.now());
        };
        dot.came_to_nothing();
        let world = World {
            config: &self.config,
            resolver: self.resolver.as_ref(),
            random: self.random.as_ref(),
            policies: self.policies.as_ref(),
            failed: &failed,
        };
        let finding = route::endpoints(&key, &world, self.clock.now());
        let mut endpoints = match timeout_at(until, finding).await {
            Ok(Ok(endpoints)) => endpoints,
            Ok(Err(trouble)) => return Ok(Err(trouble)),
            Err(_elapsed) => return Ok(Err(DeliveryFailure::Dns { cause: "it took too long".to_owned() })),
        };
        lane.sort(&mut endpoints, Instant::now());
        let mut last = Ok(Err(DeliveryFailure::NoServer));
        for endpoint in &endpoints {
            let mut opening = Opening::new(endpoint, until, self.clock.now());
            let opened = self.open(lane, &mut opening).await;
            if let (Some(counted), Some(end)) = (&endpoint.counted, opening.secured) {
                self.counts.note(&counted.domain, &counted.policy, end, self.clock.now());
            }
            let result = match opened {
                Ok(connection) => {
                    let sent = self.send(lane, &key, connection, &sending, &mut letter).await?;
                    sent.map(|(round, _kept)| round).map_err(|(trouble, _kept)| trouble)
                }
                Err(trouble) => Err(trouble),
            };
            let goes_on = match &result {
                Ok(round) => round.tries_next_server(),
                Err(trouble) => {
                    tracing::info!(
                        delivery.leg = leg.id,
                        delivery.host = endpoint.host,
                        delivery.address = %endpoint.address,
                        trouble = ?trouble,
                        "not taken by this server"
                    );
                    trouble.tries_next_server()
                }
            };
            last = Ok(result);
            if !goes_on || Instant::now() >= until || self.is_stopping() {
                break;
            }
            dot.came_to_nothing();
        }
        last
    }

    /// A new connection. While a server makes us wait, other workers try other servers first.
    async fn open(&self, lane: &Lane, opening: &mut Opening<'_>) -> Result<Connection, DeliveryFailure> {
        let (address, times) = (opening.to.address, self.config.timeouts);
        let connecting = Connection::open(&self.caller, opening);
        tokio::pin!(connecting);
        let opened = match timeout(times.trial, &mut connecting).await {
            Ok(opened) => opened,
            Err(_slow) => {
                lane.waits_for(address, Instant::now() + self.config.backoff.1);
                connecting.await
            }
        };
        if opened.is_ok() {
            lane.was_answered_by(address);
        }
        opened
    }

    /// Sends over this connection. The letter is decrypted only now, so that a server that cannot be reached takes no
    /// memory; the second part of the result says that the connection was a kept one.
    async fn send(
        &self,
        lane: &Lane,
        key: &RouteKey,
        mut connection: Connection,
        &Sending { group, waiting, until, dot }: &Sending<'_>,
        letter: &mut Option<(Opened, Taken)>,
    ) -> Result<Result<(Round, bool), (DeliveryFailure, bool)>, Unworkable> {
        let Some(Bound { ticket, leg }) = group.first() else {
            return Ok(Err((DeliveryFailure::NoServer, false)));
        };
        if letter.is_none() {
            let asking = self.memory.take(Servers::on(&ticket.route), waiting.size());
            let Ok(taken) = timeout_at(until, asking).await else {
                return Ok(Err((DeliveryFailure::no_turn(), false)));
            };
            let size = usize::try_from(waiting.size()).unwrap_or_default();
            let most = self.config.longest_line;
            let more = dkim::ROOM.saturating_add(long_lines::max_growth(size, most));
            match waiting.open(self.composer.get().map(AsRef::as_ref), more).await {
                Ok(opened) => match self.signed(ticket, fitting(opened, most, leg)).await {
                    Ok(signed) => *letter = Some((signed, taken)),
                    Err(trouble) => return Ok(Err((trouble, false))),
                },
                Err(error) => {
                    return unworkable_or_local(error).map(|r| r.map_err(|trouble| (trouble, false)));
                }
            }
        }
        let (bytes, head) = match letter {
            Some((Opened { bytes, head }, _taken)) => (bytes.as_slice(), bytes.get(..*head).unwrap_or(bytes)),
            None => (&[][..], &[][..]),
        };
        let parameters = MailParameters {
            reverse_path: &ticket.reverse_path,
            recipients: group.iter().map(|bound| &bound.ticket.recipient).collect(),
            envid: ticket.envid.as_deref(),
            ret: ticket.ret,
            onwards: ticket.purpose.onwards(),
            body_type: ticket.body_type,
            smtputf8: ticket.smtputf8,
            eight_bit_head: !head.is_ascii(),
            eight_bit: !bytes.is_ascii(),
            size: u64::try_from(bytes.len()).unwrap_or(u64::MAX),
        };
        let result = connection.send(&parameters, bytes, until, dot).await;
        // A server that was asked to report nothing leaves it to us (RFC 3461 §5.2.2).
        let reporter = match ticket.purpose.onwards() {
            Onwards::AsAsked => connection.reporter(),
            Onwards::Nothing => Reporter::Ourselves,
        };
        let (host, was_used) = (connection.host().to_owned(), connection.is_used());
        let (now, idle) = (Instant::now(), self.config.timeouts.idle);
        let kept = kept_until(Servers::on(&ticket.route), connection.opened(), now + idle);
        if connection.is_reusable() && kept > now {
            lane.keep(key.clone(), connection, kept);
            self.kept.notify_one();
        }
        Ok(match result {
            Ok(told) => Ok((Round { told, reporter, host }, was_used)),
            Err(trouble) => Err((trouble.said_by(&host), was_used)),
        })
    }

    /// The letter with our DKIM signatures, if we sign it.
    async fn signed(&self, ticket: &Ticket, opened: Opened) -> Result<Opened, DeliveryFailure> {
        let head = opened.bytes.get(..opened.head).unwrap_or_default();
        let keys = self.config.dkim.of(ticket, head, &self.config.our_name, self.config.dkim_scope);
        if keys.is_empty() {
            return Ok(opened);
        }
        let signing = tokio::task::spawn_blocking(move || dkim::sign(&keys, opened)).await;
        signing.map_err(|error| DeliveryFailure::Local { cause: format!("signing: {error}") })
    }

    /// How long an attempt may take up to its final dot. Including the wait for the last reply it is less than the half
    /// of a lease that is left when it begins: a letter whose lease expires would be sent twice at the same time.
    fn attempt_time(&self) -> Duration {
        let times = self.config.timeouts;
        times.attempt.min((LEASE / 2).saturating_sub(times.end.saturating_mul(2)))
    }
}

/// Until when a connection waits for another letter: until it has idled too long, or what its server had to prove is old.
fn kept_until(servers: Servers, opened: Instant, idled: Instant) -> Instant {
    match servers {
        // The operator decides what its own hops must prove.
        Servers::OwnHop => idled,
        Servers::OfTheWorld => idled.min(opened + PROOF),
    }
}

/// The letter with lines that every server accepts. Before it is signed: lines broken later would invalidate the
/// signature.
fn fitting(letter: Opened, most: usize, leg: &LeasedLeg) -> Opened {
    let (letter, line_ends) = long_lines::broken(letter, most);
    if line_ends > 0 {
        tracing::info!(delivery.leg = leg.id, line_ends, "lines longer than max-line were broken");
    }
    letter
}

/// A store that does not answer may answer later; a missing or damaged body will not come back.
fn unworkable_or_local<T>(error: ContentError) -> Result<Result<T, DeliveryFailure>, Unworkable> {
    match error {
        ContentError::Missing
        | ContentError::Sealed(_)
        | ContentError::Unwritable(_)
        | ContentError::Store(StoreError::Damaged { .. }) => Err(Unworkable(error.to_string())),
        ContentError::Store(_) => Ok(Err(DeliveryFailure::Local { cause: error.to_string() })),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_connection_outlives_what_was_published_by_minutes_only() {
        let (opened, second) = (Instant::now(), Duration::from_secs(1));
        let (early, late) = (opened + PROOF - second, opened + PROOF + second);
        assert_eq!(kept_until(Servers::OfTheWorld, opened, early), early);
        assert_eq!(kept_until(Servers::OfTheWorld, opened, late), opened + PROOF);
        assert_eq!(kept_until(Servers::OwnHop, opened, late), late);
    }
}
