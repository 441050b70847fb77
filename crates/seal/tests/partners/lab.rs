//! Shared helpers: folders, other programs, letters, keys. Knows no format.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use sealpost_mail::{Address, Clock as _, Domain, Secret, SystemClock, SystemRandom, Timestamp};
use sealpost_seal::{
    Closing, Holder, Kind, Limits, NoTokens, Opened, Opening, OwnKey, PartnerKey, Profile, SpeaksFor,
    TrustedKey, Worker, close,
};
use tempfile::TempDir;

/// The current time: other programs accept no other.
pub(crate) fn now() -> Timestamp {
    SystemClock.now()
}

/// A folder that goes away; its path is short, as gpg-agent's socket needs it.
pub(crate) fn folder() -> TempDir {
    tempfile::Builder::new().prefix("sl").tempdir_in("/tmp").unwrap()
}

/// Runs another program; returns its standard output, or its error.
pub(crate) fn run(program: &str, arguments: &[&str], input: &[u8]) -> Result<Vec<u8>, String> {
    run_with(program, arguments, input, &[])
}

pub(crate) fn run_with(
    program: &str,
    arguments: &[&str],
    input: &[u8],
    environment: &[(&str, &str)],
) -> Result<Vec<u8>, String> {
    use std::io::Write as _;
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command.envs(environment.iter().copied()).env("LC_ALL", "C.UTF-8");
    let mut child = command.spawn().map_err(|error| format!("{program}: {error}"))?;
    let mut stdin = child.stdin.take().unwrap();
    let input = input.to_vec();
    let feed = std::thread::spawn(move || {
        let _ = stdin.write_all(&input);
    });
    let done = child.wait_with_output().map_err(|error| error.to_string())?;
    feed.join().unwrap();
    if done.status.success() {
        Ok(done.stdout)
    } else {
        Err(format!("{program} {arguments:?}: {}", String::from_utf8_lossy(&done.stderr)))
    }
}

/// Folder of a package of the Python that `cargo xtask test` prepares. `None`: not prepared, and a plain `cargo test`
/// does without.
pub(crate) fn python_package(name: &str) -> Option<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let named = std::env::var_os("SEALPOST_EXPORTS_PYTHON").map(PathBuf::from);
    let prepared = named.is_some();
    let python = named.unwrap_or_else(|| root.join("target/venv-exports/bin/python"));
    // Not imported, as importing may have side effects.
    let where_is =
        format!("import importlib.util as i; print(i.find_spec({name:?}).submodule_search_locations[0])");
    match run(text(&python), &["-c", &where_is], b"") {
        Ok(said) => Some(PathBuf::from(String::from_utf8(said).unwrap().trim())),
        Err(why) => {
            assert!(!prepared, "{why}");
            println!("SKIPPED: no package {name} ({why}); `cargo xtask test` installs it");
            None
        }
    }
}

pub(crate) fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

pub(crate) fn holder(local: &str, domain: &str) -> Holder {
    let domain = Domain::parse(domain).unwrap();
    Holder {
        name: format!("Gateway of {domain}"),
        address: Address::from_parts(local, domain.clone()).unwrap(),
        domain: Some(domain),
        country: Some("DE".to_owned()),
    }
}

/// Our own key of that kind, made once for all tests.
pub(crate) fn own(kind: Kind) -> &'static OwnKey {
    const KINDS: usize = 7;
    static KEYS: [OnceLock<OwnKey>; KINDS] = [const { OnceLock::new() }; KINDS];
    let at = match kind {
        Kind::SmimeRsa3072 => 0,
        Kind::SmimeRsa4096 => 1,
        Kind::SmimeP256 => 2,
        Kind::SmimeP384 => 3,
        Kind::OpenPgpCurve25519 => 4,
        Kind::OpenPgpRsa3072 => 5,
        Kind::OpenPgpRsa4096 => 6,
    };
    let made = || OwnKey::generate(kind, &holder("mail", "insurer.example"), now(), 2).unwrap();
    KEYS[at].get_or_init(made)
}

pub(crate) fn worker() -> Worker {
    let limits = Limits { wall: std::time::Duration::from_secs(600), ..Limits::default() };
    Worker::find(Some(&PathBuf::from(env!("CARGO_BIN_EXE_sealpost-seal"))), limits).unwrap()
}

/// Parameters of a worker with these keys and no lists.
pub(crate) fn opening<'a>(own: &'a &'a [&'a OwnKey], trusted: &'a [TrustedKey]) -> Opening<'a> {
    Opening {
        own,
        trusted,
        distrusted: &[],
        roots: &[],
        crls: &[],
        lists: sealpost_seal::Lists::Require,
        sender: sealpost_seal::Sender::Stranger,
        now: now(),
    }
}

/// Opens in the real worker.
pub(crate) fn open_with(
    letter: &[u8],
    own: &[&OwnKey],
    trusted: &[TrustedKey],
    roots: &[Vec<u8>],
) -> (Opened, Vec<u8>) {
    let opening = Opening { roots, ..opening(&own, trusted) };
    let mut spool = Vec::new();
    let length = u64::try_from(letter.len()).unwrap();
    let opened = runtime().block_on(worker().open(letter, length, &opening, &mut spool)).unwrap();
    (opened, spool)
}

pub(crate) fn open(letter: &[u8], own: &[&OwnKey], trusted: &[TrustedKey]) -> (Opened, Vec<u8>) {
    open_with(letter, own, trusted, &[])
}

pub(crate) fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap()
}

/// Trusted for the addresses it names.
pub(crate) fn trusted(key: &PartnerKey) -> TrustedKey {
    TrustedKey { key: key.clone(), speaks_for: SpeaksFor::ItsAddresses }
}

pub(crate) fn closed(letter: &[u8], by: Option<&OwnKey>, to: &[PartnerKey], profile: Profile) -> Vec<u8> {
    let closing =
        Closing { sign_with: by, to, tokens: &NoTokens, profile, now: now(), random: &SystemRandom };
    close(&mut &letter[..], &closing, Vec::new()).unwrap().into_inner()
}

pub(crate) fn passphrase(text: &str) -> Secret<String> {
    Secret::new(text.to_owned())
}

/// Letters of every form, by name.
pub(crate) fn letters() -> Vec<(&'static str, Vec<u8>)> {
    let head = "Received: from pc by mail\r\nFrom: Mail <mail@insurer.example>\r\nTo: info@clinic.example\r\n\
                Subject: =?utf-8?Q?F=C3=A4lle?=\r\nMessage-ID: <1@insurer.example>\r\nReferences: <0@clinic.example>\r\n\
                Date: Sat, 28 Nov 2026 12:00:00 +0100\r\n";
    let lines = "Guten Tag, hier ist der Bescheid.\r\n".repeat(300);
    let file = {
        use base64::Engine as _;
        let bytes: Vec<u8> = (0..6000_u32).map(|n| u8::try_from(n * 7 % 251).unwrap()).collect();
        let all = base64::engine::general_purpose::STANDARD.encode(bytes);
        all.as_bytes()
            .chunks(76)
            .map(|line| format!("{}\r\n", std::str::from_utf8(line).unwrap()))
            .collect::<String>()
    };
    let text =
        format!("{head}MIME-Version: 1.0\r\nContent-Type: text/plain; charset=us-ascii\r\n\r\n{lines}");
    let eight = format!(
        "{head}MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n\
         Größe, Maß, Čeština, 漢字.\r\n.\r\nFrom here on\r\n{lines}"
    );
    let mixed = format!(
        "{head}MIME-Version: 1.0\r\nContent-Type: multipart/mixed;\r\n boundary=\"outer\"\r\n\r\n--outer\r\n\
         Content-Type: text/html; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n\
         <p>Gr=C3=B6=C3=9Fe</p>\r\n--outer\r\nContent-Type: application/pdf; name=\"a.pdf\"\r\n\
         Content-Transfer-Encoding: base64\r\nContent-Disposition: attachment; filename=\"a.pdf\"\r\n\r\n{file}\
         --outer\r\nContent-Type: message/rfc822\r\n\r\nSubject: nested\r\n\r\nnested\r\n--outer--\r\n"
    );
    let bare = format!("{head}\r\n{lines}");
    vec![
        ("text", text.into_bytes()),
        ("8-bit text", eight.into_bytes()),
        ("HTML, file, nested letter", mixed.into_bytes()),
        ("no MIME", bare.into_bytes()),
    ]
}

/// The parts of these letters that a partner's program signs and encrypts: content fields and body.
pub(crate) fn entities() -> Vec<(&'static str, Vec<u8>)> {
    let with_mime = letters().into_iter().filter(|(name, _)| *name != "no MIME");
    with_mime
        .map(|(name, letter)| {
            let mark = b"MIME-Version: 1.0\r\n";
            let at = letter.windows(mark.len()).position(|window| window == mark).unwrap();
            (name, letter[at + mark.len()..].to_vec())
        })
        .collect()
}

/// An entity of this many bytes.
pub(crate) fn large_entity(bytes: usize) -> Vec<u8> {
    [b"Content-Type: text/plain\r\n\r\n", body(&large(bytes))].concat()
}

/// The same letter with one octet changed in the middle of the ciphertext.
pub(crate) fn tampered(letter: &[u8]) -> Vec<u8> {
    let mut changed = letter.to_vec();
    let middle = letter.len() - body(letter).len() / 2;
    let at = (middle..letter.len()).find(|at| letter[*at].is_ascii_alphanumeric()).unwrap();
    changed[at] = if letter[at] == b'A' { b'B' } else { b'A' };
    changed
}

/// Opens a partner's letter, whose signature is verified; and a changed one, whose signature is not.
pub(crate) fn reads(letter: &[u8], ours: &OwnKey, partner: &PartnerKey, entity: &[u8], what: &str) {
    let (opened, got) = open(letter, &[ours], &[trusted(partner)]);
    assert!(opened.proven_sender().is_some(), "{what}: {opened:?}");
    assert_eq!(opened.wholeness, sealpost_seal::Wholeness::Authenticated, "{what}");
    assert!(body(&got) == body(entity), "{what}: {}", String::from_utf8_lossy(&got[..got.len().min(2000)]));
    let (opened, got) = open(&tampered(letter), &[ours], &[trusted(partner)]);
    assert!(opened.proven_sender().is_none(), "{what}, changed: {opened:?}");
    let marked = opened.wholeness == sealpost_seal::Wholeness::Malleable;
    assert!(got.is_empty() || marked, "{what}, changed: {opened:?}");
}

/// A letter with a file of this many bytes.
pub(crate) fn large(bytes: usize) -> Vec<u8> {
    let mut letter =
        b"From: mail@insurer.example\r\nTo: info@clinic.example\r\nSubject: large\r\nMIME-Version: 1.0\r\n\
        Content-Type: application/octet-stream\r\nContent-Transfer-Encoding: base64\r\n\r\n"
            .to_vec();
    let line = [&[b'Q'; 76][..], b"\r\n"].concat();
    while letter.len() < bytes {
        letter.extend_from_slice(&line);
    }
    letter
}

/// Everything after the first empty line.
pub(crate) fn body(letter: &[u8]) -> &[u8] {
    let at = letter.windows(4).position(|window| window == b"\r\n\r\n").unwrap();
    &letter[at + 4..]
}

/// CRLF line ends, whatever a program on Unix has made of them.
pub(crate) fn crlf(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len());
    for (at, byte) in bytes.iter().enumerate() {
        if *byte == b'\n' && (at == 0 || bytes[at - 1] != b'\r') {
            out.push(b'\r');
        }
        out.push(*byte);
    }
    out
}
