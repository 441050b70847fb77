//! Delivers events to webhooks, in the process that delivers mail: it has both queues, and the keys of both.
//! Decides nothing.

use std::sync::Arc;

use sealpost_arrival::{Context, EventSaid, event_said};
use sealpost_mail::Clock;
use sealpost_store::{Alone, EventRow, Store, StoreError};
use sealpost_webhook::{About, Dispatcher, OpenedEvent, run};
use tokio_util::sync::CancellationToken;

use crate::config::checked::Hook;

/// From now on events are written for these; called before anything is accepted.
pub(crate) async fn announce(store: &Store, alone: &Alone, hooks: &[Hook]) -> Result<(), StoreError> {
    let wanted: Vec<_> = hooks.iter().map(|hook| (hook.name.clone(), hook.events.clone())).collect();
    store.set_hooks(alone, &wanted).await
}

/// Delivers until `stop`.
pub(crate) async fn carry(
    store: Store,
    clock: Arc<dyn Clock>,
    context: Arc<Context>,
    hooks: Vec<Hook>,
    stop: CancellationToken,
) {
    let receivers = hooks.into_iter().filter_map(|hook| hook.receiver).collect();
    let about = move |event: &EventRow| match event_said(&context.shared.keys, event) {
        EventSaid::Unproven => OpenedEvent::Unproven,
        EventSaid::Proven(facts) => OpenedEvent::About(facts.map(|facts| About {
            sender: facts.sender.map(|address| address.to_path()),
            recipient: Some(facts.recipient.to_path()),
            message_id: facts.message_id,
        })),
    };
    run(Dispatcher { store, clock, about: Arc::new(about) }, receivers, stop).await;
}
