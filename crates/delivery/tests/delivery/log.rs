//! What is logged about a delivery: codes, never a server's text.

use std::fmt::{Debug, Write as _};
use std::sync::{Arc, Mutex};

use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

use crate::hop::{Hop, Say, Script};
use crate::rig::{Fixture, post};

/// Everything that is logged by this thread.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<String>>);

struct Line<'a>(&'a mut String);

impl Visit for Line<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        write!(self.0, "{}={value:?} ", field.name()).unwrap();
    }
}

impl Subscriber for Log {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target().starts_with("sealpost")
    }

    fn new_span(&self, _span: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _span: &Id, _values: &Record<'_>) {}

    fn record_follows_from(&self, _span: &Id, _follows: &Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut log = self.0.lock().unwrap();
        event.record(&mut Line(&mut log));
        log.push('\n');
    }

    fn enter(&self, _span: &Id) {}

    fn exit(&self, _span: &Id) {}
}

/// Servers quote addresses and subjects.
#[tokio::test]
async fn what_servers_say_is_in_no_log() {
    let log = Log::default();
    // With one subscriber in the process, tracing asks the first thread at a callsite whether it is enabled,
    // and caches the answer for all threads. With two it asks both.
    let _second = tracing::Dispatch::new(Log::default());
    let _guard = tracing::subscriber::set_default(log.clone());
    let taken = Say::Line("250 2.6.0 <secret@x.example> Secret queued");
    let mut script = Script { end: vec![taken; 9].into(), ..Script::default() };
    for (to, reply) in [
        ("no@d.example", "550 5.1.1 <secret@x.example>: no such user"),
        ("later@d.example", "451 4.7.1 Secret subject, greylisted"),
        ("odd@d.example", "25x Secret is no code"),
    ] {
        // The same again over a new connection, if the first was a kept one.
        script.rcpt.insert(to, vec![Say::Line(reply); 9].into());
    }
    let hop = Hop::start(script).await;
    let fixture = Fixture::new(&hop);
    for to in ["yes@d.example", "no@d.example", "later@d.example", "odd@d.example"] {
        fixture.queue(post(to)).await;
    }
    let running = fixture.start();
    fixture.until("two wait", |legs| legs.len() == 2 && legs.iter().all(|leg| leg.attempts == 1)).await;
    running.stop().await;
    let log = log.0.lock().unwrap().clone();
    for part in
        ["delivery.code=250", "delivery.enhanced=2.6.0", "delivery.enhanced=5.1.1", "4.7.1", "none of SMTP"]
    {
        assert!(log.contains(part), "{part}: {log}");
    }
    assert!(!log.to_ascii_lowercase().contains("secret"), "{log}");
}
