//! Sends the messages of each receiver, one after the other, the longest due first; a receiver that does not answer
//! delays no other. Knows no SQL and no HTTP.

use std::sync::Arc;
use std::time::Duration;

use sealpost_mail::Clock;
use sealpost_store::{EventRow, NotTaken, Store};
use tokio_util::sync::CancellationToken;

use crate::message::{About, message};
use crate::post::{Posted, Receiver};
use crate::schedule::pause;

/// How often new messages are looked for: other processes write them, too.
const LOOK: Duration = Duration::from_secs(1);
/// How long an event is leased; well beyond an attempt, after which another process may take it.
const HELD: Duration = Duration::from_secs(60);
/// How long a receiver is left alone after a failure, however many messages wait.
const REST: Duration = Duration::from_secs(3);

/// The result of verifying an event's row.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub enum OpenedEvent {
    /// Addresses and Message-ID of the letter; `None`: not known.
    About(Option<About>),
    /// The row could not be verified: its content is not sent.
    Unproven,
}

/// Verifies an event's row and opens its sealed part.
pub type Opener = dyn Fn(&EventRow) -> OpenedEvent + Send + Sync;

/// What messages are written and sent with.
#[derive(Clone)]
pub struct Dispatcher {
    /// The store.
    pub store: Store,
    /// The clock.
    pub clock: Arc<dyn Clock>,
    /// Opens the sealed part of an event's row.
    pub about: Arc<Opener>,
}

/// Sends messages to these receivers until `stop`.
pub async fn run(dispatcher: Dispatcher, receivers: Vec<Receiver>, stop: CancellationToken) {
    let lanes: Vec<_> = receivers
        .into_iter()
        .map(|receiver| tokio::spawn(lane(dispatcher.clone(), receiver, stop.clone())))
        .collect();
    for lane in lanes {
        if let Err(error) = lane.await {
            tracing::error!(%error, "a webhook's messages are not sent any more until a restart");
        }
    }
}

async fn lane(dispatcher: Dispatcher, receiver: Receiver, stop: CancellationToken) {
    loop {
        let wait = match next(&dispatcher, &receiver, &stop).await {
            Some(wait) => wait,
            None if stop.is_cancelled() => return,
            None => continue,
        };
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(wait) => {}
        }
    }
}

/// Sends the message that is due longest. `None`: look for more at once.
async fn next(dispatcher: &Dispatcher, receiver: &Receiver, stop: &CancellationToken) -> Option<Duration> {
    // A node without a sign of life may soon be replaced: it begins nothing until it can prove that it is active. One
    // that was replaced never can.
    stop.run_until_cancelled(dispatcher.store.until_active()).await?;
    let now = dispatcher.store.lease_time(dispatcher.clock.now());
    let event = match dispatcher.store.take_event(&receiver.name, now, now.plus(HELD)).await {
        Ok(Some(event)) => event,
        Ok(None) => return Some(LOOK),
        Err(error) => {
            tracing::warn!(webhook = receiver.name, %error, "the events that wait for a webhook cannot be read");
            return Some(REST);
        }
    };
    let posted = match (dispatcher.about)(&event) {
        OpenedEvent::Unproven => Posted::Unproven,
        OpenedEvent::About(about) => {
            let now = dispatcher.clock.now();
            let made = message(&event, about.as_ref(), receiver.addresses, &receiver.secrets, now);
            receiver.post(made).await
        }
    };
    let failed = event.attempts.saturating_add(1);
    // The receiver did not fail.
    let rest = if posted == Posted::Unproven { None } else { Some(REST) };
    let (end, why) = match posted {
        Posted::Taken => {
            tracing::info!(webhook = receiver.name, event.id = event.id, "a webhook has taken an event");
            // Until this is written, a crash would send it once more, with the same id.
            while let Err(error) = dispatcher.store.event_taken(&event.id).await {
                tracing::error!(webhook = receiver.name, %error, "a delivered event could not be recorded");
                if !error.is_busy() {
                    return Some(REST);
                }
                // Not retried for ever: another process sends it once more.
                stop.run_until_cancelled(tokio::time::sleep(LOOK)).await?;
            }
            return None;
        }
        Posted::Unproven => (NotTaken::Dead, "its row does not prove: nobody of us made it".to_owned()),
        Posted::Gone => (NotTaken::Dead, "410: the receiver is gone".to_owned()),
        Posted::NotNow(why) => match pause(failed) {
            Some(pause) => (
                NotTaken::Again { due_at: dispatcher.store.lease_time(dispatcher.clock.now()).plus(pause) },
                why,
            ),
            None => (NotTaken::Dead, why),
        },
    };
    match &end {
        NotTaken::Again { .. } => {
            tracing::warn!(
                webhook = receiver.name,
                event.id = event.id,
                failed,
                why,
                "a webhook has not taken an event"
            );
        }
        NotTaken::Dead => {
            tracing::error!(
                webhook = receiver.name,
                event.id = event.id,
                failed,
                why,
                "an event is not sent to a webhook any more: `sealpost webhook list`"
            );
        }
    }
    if let Err(error) = dispatcher.store.event_not_taken(&event, end, &why).await {
        tracing::error!(webhook = receiver.name, %error, "a failed attempt could not be recorded");
    }
    rest
}
