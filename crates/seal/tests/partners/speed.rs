//! How many letters a second, said and not asserted: `cargo test -p sealpost-seal --test partners speed -- --ignored
//! --nocapture`. Beside them, what starting `openssl cms` for each costs.

use std::time::Duration;

use sealpost_seal::{Kind, Opening, Profile};

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
        let own = [ours];
        say(&format!("{name}: open, a worker for each"), || {
            let opening = Opening { own: &own, trusted: &known, roots: &[], crls: &[], now: now() };
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

#[expect(clippy::disallowed_methods, reason = "it measures")]
fn say(what: &str, mut once: impl FnMut()) {
    let begun = std::time::Instant::now();
    (0..LETTERS).for_each(|_| once());
    let each: Duration = begun.elapsed() / LETTERS;
    println!("{what}: {each:?}");
}

/// The very bytes that a worker is given, to be measured by themselves.
fn keep(
    path: &std::path::Path,
    own: &sealpost_seal::OwnKey,
    known: &sealpost_seal::PartnerKey,
    letter: &[u8],
) {
    use base64::Engine as _;
    let own = base64::engine::general_purpose::STANDARD.encode(own.to_bytes().unwrap().expose());
    let known: serde_json::Value = serde_json::from_slice(&known.to_bytes()).unwrap();
    let job = serde_json::json!({ "open": {
        "own": [own], "trusted": [{ "key": known, "speaks_for": "its-addresses" }], "roots": [], "crls": [],
        "now": now(), "most": 1 << 24, "letter": letter.len(),
    } });
    let json = job.to_string();
    let all = [format!("sealpost-seal-1 {}\n{json}", json.len()).as_bytes(), letter].concat();
    std::fs::write(path, all).unwrap();
}
