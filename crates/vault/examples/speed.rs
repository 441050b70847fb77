//! What sealing costs: `cargo run --release -p sealpost-vault --example speed`. Microseconds per call.
#![expect(clippy::unwrap_used, clippy::print_stdout, clippy::disallowed_methods, reason = "a measurement")]

use std::hint::black_box;
use std::time::{Duration, Instant};

use sealpost_mail::{Secret, SystemRandom};
use sealpost_vault::{
    Argon2Cost, Label, MailboxKeys, MailboxPublic, MailboxSecret, MessageKey, Part, ServerKey, StreamSealer,
    open_all,
};

fn measure(name: &str, mut work: impl FnMut()) {
    work();
    let start = Instant::now();
    let mut calls = 0_u32;
    while start.elapsed() < Duration::from_millis(500) {
        work();
        calls += 1;
    }
    println!("{name:<44} {:>10.1} µs", start.elapsed().as_secs_f64() * 1e6 / f64::from(calls));
}

fn main() {
    let random = SystemRandom;
    let keys = ServerKey::generate(&random).keys();
    let (public, secret) = MailboxKeys::generate(&random);
    let key = MessageKey::generate(&random);
    for (name, len) in [("10 KiB", 10 << 10), ("1 MiB", 1 << 20), ("20 MiB", 20 << 20)] {
        let plain = vec![0x5a; len];
        let seal = |out: &mut Vec<u8>| {
            out.clear();
            let mut sealer = StreamSealer::new(&key, &random);
            for piece in plain.chunks(65536) {
                sealer.push(piece, out);
            }
            sealer.finish(out);
        };
        let mut sealed = Vec::new();
        measure(&format!("seal a body of {name}"), || seal(&mut sealed));
        measure(&format!("open a body of {name}"), || {
            black_box(open_all(&key, &sealed).unwrap());
        });
    }
    measure("generate a message key", || {
        black_box(MessageKey::generate(&random));
    });
    measure("seal a part of 2 KiB", || {
        black_box(key.seal_part(Part::Head("message"), &[0; 2048], &random));
    });
    measure("seal a queue record of 3 KiB", || {
        black_box(keys.spool.seal(Label::Ticket, "leg", &[0; 3072], &random));
    });
    let sealed_key = public.seal_key("mailbox", "message", &key, &random).unwrap();
    let row = public.to_bytes();
    measure("read a mailbox's public key", || {
        black_box(MailboxPublic::from_bytes(&row).unwrap());
    });
    measure("seal_key", || {
        black_box(public.seal_key("mailbox", "message", &key, &random).unwrap());
    });
    measure("open_key", || {
        black_box(secret.open_key("mailbox", "message", &sealed_key).unwrap());
    });
    measure("generate a mailbox", || {
        black_box(MailboxKeys::generate(&random));
    });
    let escrow = keys.escrow.public();
    measure("wrap_escrow", || {
        black_box(secret.wrap_escrow("mailbox", &escrow, &random).unwrap());
    });
    let password = Secret::new("Hafen-7 im Regen".to_owned());
    let cost = Argon2Cost::standard();
    let wrap = secret.wrap_password("mailbox", &password, &keys.pepper, &cost, &random).unwrap();
    measure("unwrap_password at the standard cost", || {
        let _ = black_box(MailboxSecret::unwrap_password(&wrap, "mailbox", &password, &keys.pepper));
    });
    measure("dummy_unwrap_password", || {
        let _ = black_box(MailboxSecret::dummy_unwrap_password(&password, &keys.pepper, &cost));
    });
}
