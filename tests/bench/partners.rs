//! `cargo xtask bench partners`: letters encrypted for a partner and decrypted from one, compared with an
//! administrator's own solution: a Postfix content filter that starts `openssl cms` or `gpg` for every letter.
//!
//! Ten sessions. Both drives have keys of the same kind; an outgoing letter is signed and encrypted, an incoming one
//! decrypted and its signature checked. A letter counts when the next server has it.

use std::fmt::Write as _;
use std::net::SocketAddr;
use std::process::Command;
use std::time::{Duration, Instant};

use rig::gateway::mode;
use rig::{Config, Gateway, Postfix, gpg, openssl};

use crate::filter::Filter;
use crate::measure::Tree;
use crate::report;
use crate::road::Sink;

/// Sessions at the same time.
const SESSIONS: usize = 10;
/// Bytes of a letter's text.
const SIZE: usize = 10 * 1024;
/// Each server drives each case so often; its best drive counts.
const ROUNDS: usize = 3;

const OURS: &str = "securemail@insurer.example";
const THEIRS: &str = "securemail@clinic.example";
const HEAD: &str = "From: Dr. Moor <securemail@clinic.example>\nTo: Erika Muster <erika.muster@insurer.example>\n\
     Subject: Befund\nDate: Fri, 20 Nov 2026 09:30:00 +0100\nMessage-ID: <befund@clinic.example>\n";

/// The method of encryption.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Smime,
    OpenPgp,
}

/// Which way they go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    /// Signed and encrypted for the partner.
    Out,
    /// Decrypted and verified for the house.
    In,
}

const CASES: [(Kind, Way); 4] =
    [(Kind::Smime, Way::Out), (Kind::Smime, Way::In), (Kind::OpenPgp, Way::Out), (Kind::OpenPgp, Way::In)];

impl Kind {
    /// The requirement of issue 10: this multiple of a filter's rate.
    fn floor(self) -> f64 {
        match self {
            Self::Smime => 10.0,
            Self::OpenPgp => 50.0,
        }
    }

    fn program(self) -> &'static str {
        match self {
            Self::Smime => "openssl cms",
            Self::OpenPgp => "gpg",
        }
    }
}

fn title(kind: Kind, way: Way) -> &'static str {
    match (kind, way) {
        (Kind::Smime, Way::Out) => "S/MIME, signed and encrypted",
        (Kind::Smime, Way::In) => "S/MIME, decrypted and verified",
        (Kind::OpenPgp, Way::Out) => "OpenPGP, signed and encrypted",
        (Kind::OpenPgp, Way::In) => "OpenPGP, decrypted and verified",
    }
}

/// Letters a second of both, at their best.
#[derive(Clone, Copy, Debug, Default)]
struct Pair {
    filter: f64,
    sealpost: f64,
}

/// Sealpost alone: the cost per letter, for profiling.
pub(crate) fn alone(quick: bool) {
    for (kind, way) in CASES {
        println!("\n{}", title(kind, way));
        for _ in 0..if quick { 1 } else { ROUNDS } {
            let _ = said(kind, way, quick);
        }
    }
}

fn said(kind: Kind, way: Way, quick: bool) -> f64 {
    let letters = if quick { 400 } else { 3_000 };
    let (rate, cpu) = sealpost(kind, way, letters);
    let each = cpu.as_secs_f64() * 1000.0 / f64::from(u32::try_from(letters).unwrap());
    println!("  Sealpost                 {rate:>8.1}/s, {each:.2} ms of processor time a letter");
    rate
}

/// Measures all cases, prints them and writes the table.
pub(crate) fn run(quick: bool) {
    let load = report::load();
    let mut rows = Vec::new();
    for (kind, way) in CASES {
        println!("\n{}", title(kind, way));
        let mut best = Pair::default();
        for _ in 0..if quick { 1 } else { ROUNDS } {
            let filter = filtered(kind, way, if quick { 40 } else { 300 });
            println!("  Postfix and {:<12} {filter:>8.1}/s", kind.program());
            let sealpost = said(kind, way, quick);
            best = Pair { filter: best.filter.max(filter), sealpost: best.sealpost.max(sealpost) };
        }
        println!("  ×{:.1} (wanted ×{:.0})", best.sealpost / best.filter, kind.floor());
        rows.push((kind, way, best));
    }
    let table = markdown(&rows, &load);
    println!("\n{table}");
    if !quick {
        std::fs::write("docs/partners/speed.md", &table).unwrap();
        println!("written to docs/partners/speed.md");
    }
}

fn markdown(rows: &[(Kind, Way, Pair)], load: &str) -> String {
    let mut text = String::from("# How fast letters are closed and opened\n\n");
    let _ = writeln!(
        text,
        "Made by `cargo xtask bench partners`: Sealpost, and a Postfix whose content filter starts `openssl cms` or `gpg`\n\
         for every letter (ten at a time, as Postfix's FILTER_README sets it up), in turn on the same machine, three rounds,\n\
         the best of each. Letters of 10 KiB, ten sessions; our key is the one that Sealpost makes unless told otherwise (RSA with\n\
         3072 bits, Ed25519 and X25519) on both roads, the partner's RSA with 2048. *Delivered* counts letters that the server behind has.\n\n{}\n\n\
         | | Postfix and a filter, delivered/s | Sealpost, delivered/s | |\n|---|---:|---:|---:|",
        report::machine(load)
    );
    for (kind, way, pair) in rows {
        let times = pair.sealpost / pair.filter;
        let _ = writeln!(
            text,
            "| {} | {:.1} | {:.1} | ×{times:.1} |",
            title(*kind, *way),
            pair.filter,
            pair.sealpost
        );
    }
    text.push_str(
        "\nWhat comes from outside is opened in a process of its own for every letter, shut in before it reads the first byte\n\
         ([0040](../decisions/0040-a-worker-program-that-stays.md)); the private key of S/MIME stays with the gateway, which unwraps the one\n\
         content key that a layer needs ([0050](../decisions/0050-content-keys-for-the-worker.md)). The kernel's work for that process (copying it,\n\
         its pages, its end) is about 40 percent of what it costs. The filter opens without any wall, as the user who can read the key.\n",
    );
    text
}

/// A Postfix with the filter in its way.
fn filtered(kind: Kind, way: Way, letters: usize) -> f64 {
    let (sink, filter) = (Sink::start(), Filter::new(kind, way));
    let postfix = Postfix::filtering_with(&filter.script(), sink.address, "");
    drive(&sink, postfix.address, way, letters, filter.letter().as_deref())
}

/// Sealpost with the same partner: letters a second, and processor time of the gateway with its workers.
fn sealpost(kind: Kind, way: Way, letters: usize) -> (f64, Duration) {
    let sink = Sink::start();
    let mut config = Config::to(sink.address);
    config.unset("log", "level").unset("delivery", "retry");
    config.rule("clinic", r#"{ recipient = "*@clinic.example" }"#, r#""domain""#);
    config
        .set("hops.inside", "host", &format!("\"{}\"", sink.address.ip()))
        .set("hops.inside", "port", &sink.address.port().to_string())
        .set("hops.inside", "tls", r#""off""#)
        .set("partners", "hop", r#""inside""#);
    let world = config.listener("world");
    config.set("[listener]", "domains", r#"["insurer.example"]"#);
    let gateway = Gateway::start(&config);
    let made = match kind {
        Kind::Smime => gateway.said(&["domain-key", "make", "insurer.example", "--name", "Insurer"]),
        Kind::OpenPgp => {
            let made = ["domain-key", "make", "insurer.example", "--name", "Insurer", "--kind", "openpgp"];
            gateway.said(&made)
        }
    };
    let fingerprint: String = made
        .lines()
        .find_map(|line| line.strip_prefix("fingerprint  "))
        .unwrap()
        .chars()
        .filter(char::is_ascii_hexdigit)
        .collect();
    let ours = gateway.said(&["domain-key", "export", &fingerprint]);
    let entity = entity();
    let (partner, letter) = match kind {
        Kind::Smime => {
            let house = openssl::House::new(THEIRS);
            (std::fs::read(house.certificate()).unwrap(), house.close(HEAD, &entity, &ours))
        }
        Kind::OpenPgp => {
            let house = gpg::House::new(THEIRS);
            house.import(&ours);
            (std::fs::read(house.key()).unwrap(), house.close(HEAD, &entity, &fingerprint))
        }
    };
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("partner");
    std::fs::write(&file, partner).unwrap();
    let _ = gateway.said(&["partner", "add", "clinic.example", file.to_str().unwrap(), "--yes"]);
    let tree = Tree::Family(gateway.process().id());
    let before = tree.cpu();
    let rate = match way {
        Way::Out => drive(&sink, config.smtp, way, letters, None),
        Way::In => drive(&sink, world, way, letters, Some(&letter)),
    };
    (rate, tree.cpu().saturating_sub(before))
}

/// The content of an encrypted letter.
pub(crate) fn entity() -> String {
    let text = "Ein Satz von einem Befund, der vertraulich ist.\n".repeat(SIZE / 48);
    format!("Content-Type: text/plain; charset=us-ascii\n\n{text}")
}

/// The addresses that keys name, ours first.
pub(crate) const ADDRESSES: [&str; 2] = [OURS, THEIRS];

/// The head of encrypted letters.
pub(crate) const CLOSED_HEAD: &str = HEAD;

/// Sends the letters and says how many a second reached the sink.
fn drive(sink: &Sink, to: SocketAddr, way: Way, letters: usize, letter: Option<&[u8]>) -> f64 {
    let folder = tempfile::tempdir().unwrap();
    let mut command = Command::new("smtp-source");
    command.args(["-s", &SESSIONS.to_string(), "-m", &letters.to_string(), "-N"]);
    match letter {
        // It writes the line ends itself.
        Some(letter) => {
            let file = folder.path().join("letter");
            std::fs::write(&file, String::from_utf8_lossy(letter).replace("\r\n", "\n")).unwrap();
            mode(&file, 0o644);
            command.arg("-F").arg(&file);
        }
        None => {
            command.args(["-l", &SIZE.to_string()]);
        }
    }
    let (from, recipient) = match way {
        Way::Out => ("clerk@insurer.example", "doctor@clinic.example"),
        Way::In => (THEIRS, "erika.muster@insurer.example"),
    };
    let begun = Instant::now();
    let status = command.args(["-f", from, "-t", recipient, &to.to_string()]).status().unwrap();
    assert!(status.success(), "smtp-source ended with {status}");
    sink.wait(letters);
    f64::from(u32::try_from(letters).unwrap()) / begun.elapsed().as_secs_f64()
}
