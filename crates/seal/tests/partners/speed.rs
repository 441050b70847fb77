//! Letters per second, printed and not asserted: `cargo test -p sealpost-seal --test partners speed -- --ignored
//! --nocapture`. For comparison, the cost of starting `openssl cms` for each.

use std::time::Duration;

use sealpost_seal::{Closing, Kind, OwnKey, Profile, close};

use crate::lab::{self, closed, now, own, trusted};
use crate::openssl::Partner;

/// Letters of one run.
const LETTERS: u32 = 100;

#[test]
#[ignore = "it measures, and says nothing that could be wrong"]
fn letters_a_second() {
    let partner = Partner::rsa();
    let pairs = [
        ("S/MIME", own(Kind::SmimeRsa3072), own(Kind::SmimeRsa3072)),
        ("OpenPGP", own(Kind::OpenPgpCurve25519), own(Kind::OpenPgpCurve25519)),
    ];
    let (_, letter) = lab::letters().remove(0);
    for (name, ours, theirs) in pairs {
        let to = std::slice::from_ref(ours.public());
        say(&format!("{name}: close, in process"), || {
            closed(&letter, Some(theirs), to, Profile::default());
        });
        let sent = closed(&letter, Some(theirs), to, Profile::default());
        let (worker, runtime, known) = (lab::worker(), lab::runtime(), [trusted(theirs.public())]);
        if let Some(folder) = std::env::var_os("SEALPOST_KEEP") {
            keep(&std::path::Path::new(&folder).join(name.replace('/', "")), ours, &known[0].key, &sent);
        }
        let own: &[&OwnKey] = &[ours];
        say(&format!("{name}: open, a worker for each"), || {
            let opening = lab::opening(&own, &known);
            let length = u64::try_from(sent.len()).unwrap();
            let opened =
                runtime.block_on(worker.open(&sent[..], length, &opening, tokio::io::sink())).unwrap();
            assert!(opened.proven_sender().is_some());
        });
    }
    let sent = closed(&letter, None, std::slice::from_ref(partner.public()), Profile::default());
    say("openssl cms -decrypt for each, without verifying", || {
        partner.decrypts(&sent).unwrap();
    });
}

/// Encrypting needs a few MiB, whatever the size; decrypting has room for 60 MB in the default limits.
#[test]
#[ignore = "it measures, and is large"]
fn sixty_megabytes() {
    let letter = lab::large(60 << 20);
    let high = || {
        let status = std::fs::read_to_string("/proc/self/status").unwrap();
        status.lines().find(|line| line.starts_with("VmHWM")).unwrap().to_owned()
    };
    for kind in [Kind::SmimeRsa3072, Kind::OpenPgpCurve25519] {
        let key = own(kind);
        for profile in [Profile::default(), Profile::bsi()] {
            let closing = Closing {
                sign_with: Some(key),
                to: std::slice::from_ref(key.public()),
                tokens: &sealpost_seal::NoTokens,
                profile,
                now: now(),
                random: &sealpost_mail::SystemRandom,
            };
            let before = high();
            close(&mut &letter[..], &closing, std::io::sink()).unwrap();
            println!("{kind:?}: closing 60 MB: {before} -> {}", high());
        }
    }
    for kind in [Kind::SmimeRsa3072, Kind::OpenPgpCurve25519] {
        let key = own(kind);
        let sent = closed(&letter, Some(key), std::slice::from_ref(key.public()), Profile::default());
        let (opened, got) = lab::open(&sent, &[key], &[trusted(key.public())]);
        assert!(opened.proven_sender().is_some() && lab::body(&got) == lab::body(&letter), "{opened:?}");
        println!("{kind:?}: 60 MB opened within the default limits");
    }
}

#[expect(clippy::disallowed_methods, reason = "it measures")]
fn say(what: &str, mut once: impl FnMut()) {
    let begun = std::time::Instant::now();
    (0..LETTERS).for_each(|_| once());
    let each: Duration = begun.elapsed() / LETTERS;
    println!("{what}: {each:?}");
}

/// The exact input of a worker, to be measured separately; its requests, and the public sides of keys.
fn keep(
    path: &std::path::Path,
    own: &sealpost_seal::OwnKey,
    known: &sealpost_seal::PartnerKey,
    letter: &[u8],
) {
    let recipient = sealpost_seal::RecipientKey::of(own.public());
    let known: serde_json::Value = serde_json::from_slice(&known.to_bytes()).unwrap();
    let job = serde_json::json!({ "open": {
        "own": [recipient], "trusted": [{ "key": known, "speaks_for": "its-addresses" }], "distrusted": [], "roots": [], "crls": [], "lists": "require", "sender": "stranger",
        "now": now(), "most": 1 << 24, "letter": letter.len(),
    } });
    std::fs::create_dir_all(path).unwrap();
    std::fs::write(path.join("job.json"), job.to_string()).unwrap();
    std::fs::write(path.join("letter"), letter).unwrap();
    std::fs::write(path.join("own.json"), own.to_bytes().unwrap().expose()).unwrap();
    std::fs::write(path.join("public.json"), own.public().to_bytes()).unwrap();
}
