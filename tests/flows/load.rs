//! Memory is bounded by configuration, not by what arrives.

use std::sync::{Arc, Barrier};
use std::time::Duration;

use rig::{Config, Gateway, Hop, Smtp};

const SESSIONS: usize = 200;
const ALLOWED: u64 = 256 << 20;

/// 50 MB each are ten gigabytes through a debug build: minutes. The suite sends eight times what it allows
/// to be held, and three times on PostgreSQL, which never has a large letter; `SEALPOST_LOAD=full` (best with a release build as
/// SEALPOST_BIN) sends it all.
fn letter_size() -> usize {
    match std::env::var("SEALPOST_LOAD").is_ok_and(|load| load == "full") {
        true => 50_000_000,
        false if rig::config::is_on_postgres() => 4_000_000,
        false => 10_000_000,
    }
}

/// Twenty of them go out.
fn delivered_size() -> usize {
    if rig::config::is_on_postgres() { 8_000_000 } else { 20_000_000 }
}

/// A debug build's own code takes some sixty megabytes that no operator will see: it does not count.
fn assert_bounded(gateway: &Gateway, when: &str) {
    let (peak, code) = (gateway.process().peak_memory(), gateway.process().file_memory());
    let counted = if rig::gateway::is_release() { peak } else { peak - code };
    println!("peak memory {when}: {} MiB, {} of them program", peak >> 20, code >> 20);
    assert!(counted < ALLOWED, "{} MiB", counted >> 20);
}

/// The letter after DATA, to its end.
fn send(client: &mut Smtp, n: usize, size: usize) {
    let subject = if n.is_multiple_of(2) { "[vertraulich] big" } else { "big" };
    client.bytes(format!("Subject: {subject}\r\n\r\n").as_bytes());
    let line = [b"0123456789abcdef".repeat(4).as_slice(), b"\r\n"].concat();
    let chunk = line.repeat(1000);
    for _ in 0..size / chunk.len() {
        client.bytes(&chunk);
    }
    client.bytes(b".\r\n");
}

/// Two hundred large letters under way at the same time. Half are confidential, half are relayed.
#[test]
fn two_hundred_sessions_of_large_letters_stay_below_256_mib() {
    let size = letter_size();
    let mut hop = Hop::new();
    let mut config = Config::new(&hop);
    config.set("[listener]", "connections-per-client", "250").set("[listener]", "max-size", r#""64 MiB""#);
    let gateway = Gateway::start(&config);
    // Accepted letters stay in the queue: this is about receiving.
    hop.close();
    let address = gateway.config.smtp;
    let all_there = Arc::new(Barrier::new(SESSIONS));
    let workers: Vec<_> = (0..SESSIONS)
        .map(|n| {
            let all_there = all_there.clone();
            std::thread::spawn(move || {
                let mut client = Smtp::connect(address);
                client.be_patient(Duration::from_secs(600));
                client.ehlo();
                let mut waited = false;
                loop {
                    client.say(&format!("MAIL FROM:<a@insurer.example> SIZE={size}")).expect("250 *");
                    client.say(&format!("RCPT TO:<k{n}@web.example>")).expect("250 *");
                    client.say("DATA").expect("354 *");
                    if !waited {
                        all_there.wait();
                        waited = true;
                    }
                    send(&mut client, n, size);
                    let reply = client.reply();
                    if reply.code == 250 {
                        break;
                    }
                    // Nothing was taken: where a busy machine cannot look into a letter in time, a client comes again.
                    reply.expect("452 4.3.1 Too busy now*");
                }
            })
        })
        .collect();
    for worker in workers {
        worker.join().unwrap();
    }
    assert_bounded(&gateway, "with 200 sessions");
    assert_eq!(gateway.count("SELECT count(*) FROM deposits"), 100);
    gateway.sweep();
}

/// The same on the way out: large letters to many recipients at once.
#[test]
fn delivering_large_letters_stays_below_256_mib() {
    let mut hop = Hop::new();
    let mut config = Config::new(&hop);
    // So that there are twenty of them.
    config.set("delivery", "recipients-per-transaction", "1");
    let gateway = Gateway::start(&config);
    hop.close();
    let to: Vec<String> = (0..20).map(|n| format!("k{n}@web.example")).collect();
    let to: Vec<&str> = to.iter().map(String::as_str).collect();
    let letter = rig::letters::sized("big", delivered_size());
    gateway.smtp().letter("a@insurer.example", &to, &letter).expect("250 *");
    hop.open();
    let got = hop.wait(20);
    assert!(got.iter().all(|d| rig::letters::without_trace(&d.bytes) == letter), "a letter came out changed");
    assert_bounded(&gateway, "while delivering");
    gateway.sweep();
}
