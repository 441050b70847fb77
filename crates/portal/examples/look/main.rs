//! The portal with a few letters, to look at its pages: `cargo run -p sealpost-portal --example look`. Prints
//! an activation link and the address of an active mailbox.
#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::panic,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "an example"
)]

#[path = "sample.rs"]
mod sample;

use std::sync::Arc;
use std::time::Duration;

use sealpost_mail::{Secret, SystemClock, SystemRandom};
use sealpost_mailbox::{Outbox, OutboxError, Outgoing, Sent, WrittenLetter};
use sealpost_portal::{Portal, PortalConfig};
use sealpost_store::{Activate, Activation, NewWrap, Proof, Rekey, WrapKind};
use sealpost_vault::{Argon2Cost, MailboxSecret, Token, TokenPurpose, Unwrapped};
use tokio_util::sync::CancellationToken;

struct Quiet;

#[async_trait::async_trait]
impl Outbox for Quiet {
    async fn post(&self, _: Outgoing) -> Result<(), OutboxError> {
        Ok(())
    }

    async fn send(&self, _: WrittenLetter) -> Result<Sent, OutboxError> {
        Err(OutboxError("nothing leaves this example".into()))
    }
}

#[tokio::main]
async fn main() {
    let folder = tempfile::tempdir().unwrap();
    let world = sample::World::new(folder.path(), Arc::new(SystemClock));
    let new = world.mailbox("erika.muster@web.example", "de").await;
    world.letter(&new, &sample::rich(), Duration::from_secs(600), 40).await;
    let told = world.mailbox("otto.muster@web.example", "de").await;
    let initial = world.initial_password(&told).await;
    let made = world.mailbox("max.muster@web.example", "de").await;
    let hour = Duration::from_secs(3600);
    let senders = [
        "Sabine Krüger <sabine.krueger@unfall.insurer.example>",
        "leistung@insurer.example",
        "\"Dr. Jonas von und zu Hohenstein-Wernigerode, Abteilung Personenschäden\" <jonas@insurer.example>",
    ];
    let subjects = [
        "Ihr Vertrag 4711-0815",
        "Rückfrage zu Ihrer Rechnung",
        "Bitte senden Sie uns die Schweigepflichtentbindung für das Krankenhaus St. Elisabeth in zweifacher Ausfertigung zurück",
        "Termin",
    ];
    let count: u32 = std::env::args().nth(1).and_then(|n| n.parse().ok()).unwrap_or(28);
    for n in 0..count {
        let letter = sample::plain(
            senders[n as usize % 3],
            subjects[n as usize % 4],
            "Guten Tag Herr Muster,\n\nanbei finden Sie, was wir besprochen haben.\nhttps://www.insurer.example/vertrag\n\n> Ihre Frage\n> vom Montag\n\nMit freundlichen Grüßen",
        );
        world.letter(&made, &letter, hour * (30 * n + 20), u64::from(58 - 2 * n.min(28))).await;
    }
    if count > 0 {
        world.letter(&made, &sample::rich(), hour, 60).await;
    }
    let token = Token::parse(&made.token).unwrap();
    let wrap = world.store.wrap(&made.id, WrapKind::Activation).await.unwrap().unwrap();
    let Ok(Unwrapped::Opened(secret)) =
        MailboxSecret::unwrap_activation(&wrap, &made.id, &token, &world.keys.pepper)
    else {
        panic!("no activation")
    };
    let password = Secret::new("Regenschirm7-Tulpe".to_owned());
    let sealed = secret
        .wrap_password(&made.id, &password, &world.keys.pepper, &Argon2Cost::standard(), &SystemRandom)
        .unwrap();
    let done = world
        .store
        .activate(Activate {
            mailbox_id: made.id.clone(),
            proof: Proof::Token(world.keys.tokens.hash_of(TokenPurpose::Activation, &token)),
            now: world.clock.now(),
            // The same key pair again: nobody has a copy of it.
            rekey: Rekey {
                old_public: secret.public().to_bytes(),
                public_key: secret.public().to_bytes(),
                address_sealed: world.store.mailbox(&made.id).await.unwrap().unwrap().address_sealed,
                keys: world.store.sealed_keys(&made.id).await.unwrap(),
                escrow: None,
            },
            wraps: vec![NewWrap { kind: WrapKind::Password, sealed }],
            question_sealed: None,
            language: "de".into(),
            letters_until: None,
        })
        .await
        .unwrap();
    assert_eq!(done, Activation::Activated);
    let url = "http://127.0.0.1:8099";
    let mut config = PortalConfig::sample(([127, 0, 0, 1], 8099).into(), url);
    config.brand.imprint = Some("https://insurer.example/imprint".into());
    config.brand.privacy = Some("https://insurer.example/privacy".into());
    if let Some(colour) = std::env::args().nth(2) {
        config.brand.colour = sealpost_mail::Colour::parse(&colour).expect("#rrggbb");
    }
    // The worker is beside the examples' folder if it has been built.
    config.export.pdf_worker =
        std::env::current_exe().ok().and_then(|me| Some(me.parent()?.parent()?.join("sealpost-pdf")));
    let portal = Portal::bind(
        config,
        world.store.clone(),
        world.keys.clone(),
        world.clock.clone(),
        Arc::new(SystemRandom),
        Arc::new(Quiet),
    )
    .unwrap();
    println!("log in:   {url}/  max.muster@web.example  Regenschirm7-Tulpe");
    println!("activate: {url}/a/{}", new.token);
    println!("newcomer: {url}/  otto.muster@web.example  {initial}");
    let stop = CancellationToken::new();
    let stopper = stop.clone();
    tokio::spawn(async move {
        let _ = tokio::signal::ctrl_c().await;
        stopper.cancel();
    });
    portal.run(stop).await.unwrap();
    world.store.close().await;
}
