//! A listener that accepts and discards every letter: to measure the intake alone, and to try clients.
//!
//! `cargo run --release -p sealpost-intake --example discard -- 127.0.0.1:2601`

use std::sync::Arc;

use async_trait::async_trait;
use sealpost_intake::{
    Access, Incoming, Intake, Limits, ListenerConfig, LoginCheck, Logins, MemoryBudget, Receipt, Reception,
    Tls,
};
use sealpost_mail::{Envelope, Origin, Reply, Secret, SystemClock};
use tokio_util::sync::CancellationToken;

struct Discard;

#[async_trait]
impl Reception for Discard {
    fn may_begin(&self, _announced: u64) -> Result<(), Reply> {
        Ok(())
    }

    async fn begin(&self, _envelope: Envelope, _origin: Origin) -> Result<Box<dyn Incoming>, Reply> {
        Ok(Box::new(Self))
    }
}

#[async_trait]
impl Incoming for Discard {
    async fn chunk(&mut self, _bytes: &[u8]) -> Result<(), Reply> {
        Ok(())
    }

    async fn finish(self: Box<Self>) -> Result<Receipt, Reply> {
        Ok(Receipt { id: "forgotten".to_owned(), acknowledged: None })
    }
}

#[async_trait]
impl Logins for Discard {
    async fn check(&self, _login: &str, _password: Secret<String>) -> LoginCheck {
        LoginCheck::Wrong
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let address = std::env::args().nth(1).unwrap_or_else(|| "127.0.0.1:2601".to_owned());
    let config = ListenerConfig {
        name: "discard".to_owned(),
        addresses: vec![address.parse()?],
        hostname: "discard.example".to_owned(),
        tls: Tls::Off,
        tls_required: false,
        access: Access { networks: vec!["127.0.0.0/8".parse()?], ..Access::default() },
        limits: Limits::default(),
    };
    let memory = MemoryBudget::kib(64 * 1024);
    let intake = Intake::bind(
        vec![config],
        Arc::new(Discard),
        Arc::new(Discard),
        Arc::new(SystemClock),
        Arc::new(sealpost_mail::SystemRandom),
        memory,
    )?;
    intake.run(CancellationToken::new()).await;
    Ok(())
}
