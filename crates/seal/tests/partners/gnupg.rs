//! With GnuPG: PGP/MIME in both directions, inline, signed only.

use sealpost_seal::{
    FromMatch, Kind, Layer, OwnKey, PartnerKey, Profile, SignatureVerdict, Trust, Wholeness, Written,
};
use tempfile::TempDir;

use crate::lab::{self, body, closed, crlf, open, own, run, text, trusted};
use crate::matrix::Block;

/// A partner with nothing but gpg.
pub(crate) struct Gpg {
    home: TempDir,
}

impl Drop for Gpg {
    fn drop(&mut self) {
        // Otherwise its agent would stay.
        let _ = run("gpgconf", &["--homedir", text(self.home.path()), "--kill", "all"], b"");
    }
}

impl Gpg {
    pub(crate) fn new(algorithm: &str) -> Self {
        let gpg = Self { home: lab::folder() };
        std::fs::write(gpg.home.path().join("gpg.conf"), "trust-model always\nbatch\nyes\nno-tty\n").unwrap();
        let user = "Clinic <info@clinic.example>";
        gpg.run(&["--passphrase", "", "--quick-gen-key", user, algorithm, "default", "never"], b"").unwrap();
        let listed = gpg.run(&["--with-colons", "--list-keys"], b"").unwrap();
        let listed = String::from_utf8(listed).unwrap();
        let fingerprint = listed.lines().find_map(|line| line.strip_prefix("fpr:::::::::")).unwrap();
        let encrypts = if algorithm == "ed25519" { "cv25519" } else { algorithm };
        let add = ["--quick-add-key", fingerprint.trim_end_matches(':'), encrypts, "encr", "never"];
        gpg.run(&[&["--passphrase", ""][..], &add].concat(), b"").unwrap();
        gpg
    }

    pub(crate) fn run(&self, arguments: &[&str], input: &[u8]) -> Result<Vec<u8>, String> {
        let fixed = ["--homedir", text(self.home.path()), "--pinentry-mode", "loopback"];
        run("gpg", &[&fixed[..], arguments].concat(), input)
    }

    /// Verifies a letter signed in clear (RFC 3156 §5).
    pub(crate) fn verifies(&self, letter: &[u8]) -> Result<Vec<u8>, String> {
        let (signed, signature) = parts(letter);
        let folder = lab::folder();
        let (content, beside) = (folder.path().join("c"), folder.path().join("s"));
        std::fs::write(&content, signed).unwrap();
        std::fs::write(&beside, signature).unwrap();
        self.run(&["--verify", text(&beside), text(&content)], b"")
    }

    pub(crate) fn public(&self) -> PartnerKey {
        PartnerKey::read(&self.run(&["--export"], b"").unwrap()).unwrap().remove(0)
    }

    pub(crate) fn knows(&self, key: &OwnKey) {
        self.run(&["--import"], key.public().as_bytes()).unwrap();
    }

    pub(crate) fn writes(&self, entity: &[u8], options: &[&str]) -> Vec<u8> {
        let fixed = ["--armor", "--output", "-"];
        let message = self.run(&[&fixed[..], options].concat(), entity).unwrap();
        let head = "From: info@clinic.example\r\nTo: mail@insurer.example\r\nSubject: answer\r\nMIME-Version: 1.0\r\n\
                    Content-Type: multipart/encrypted; protocol=\"application/pgp-encrypted\"; boundary=\"bo\"\r\n\r\n\
                    --bo\r\nContent-Type: application/pgp-encrypted\r\n\r\nVersion: 1\r\n\r\n--bo\r\n\
                    Content-Type: application/octet-stream\r\n\r\n";
        [head.as_bytes(), &crlf(&message), b"\r\n--bo--\r\n"].concat()
    }
}

/// The armoured message in a letter of ours.
pub(crate) fn armour(letter: &[u8]) -> &[u8] {
    let find = |mark: &[u8]| letter.windows(mark.len()).position(|window| window == mark).unwrap();
    let end = b"-----END PGP MESSAGE-----";
    &letter[find(b"-----BEGIN PGP MESSAGE-----")..find(end) + end.len()]
}

/// An armoured message as PGP/MIME.
pub(crate) fn as_letter(message: &[u8]) -> Vec<u8> {
    let head = "From: info@clinic.example\r\nContent-Type: multipart/encrypted; protocol=\"application/pgp-encrypted\"; \
                boundary=\"bo\"\r\n\r\n--bo\r\nContent-Type: application/pgp-encrypted\r\n\r\nVersion: 1\r\n\r\n--bo\r\n\
                Content-Type: application/octet-stream\r\n\r\n";
    [head.as_bytes(), &crlf(message), b"\r\n--bo--\r\n"].concat()
}

const OURS: [(&str, Kind); 2] = [("Curve25519", Kind::OpenPgpCurve25519), ("RSA-3072", Kind::OpenPgpRsa3072)];

const PROGRAM: &str = "GnuPG 2.2";

#[test]
fn gnupg_reads_what_we_close() {
    let mut block = Block::of("gnupg reads");
    for algorithm in ["rsa3072", "ed25519"] {
        let partner = Gpg::new(algorithm);
        for (kind_name, kind) in OURS {
            let ours = own(kind);
            partner.knows(ours);
            for (name, letter) in lab::letters() {
                let sent = closed(&letter, Some(ours), &[partner.public()], Profile::default());
                let status = partner.run(&["--status-fd", "1", "--decrypt"], armour(&sent)).unwrap();
                let said = String::from_utf8_lossy(&status);
                assert!(said.contains("GOODSIG") && said.contains("GOODMDC"), "{said}");
                let plain = partner.run(&["--decrypt"], armour(&sent)).unwrap();
                assert_eq!(body(&plain), body(&letter), "{name}");
            }
            block.yes(PROGRAM, "reads ours", &format!("to {algorithm}, signed by {kind_name}"));
        }
    }
    block.kept();
}

#[test]
fn we_read_what_gnupg_closes() {
    let mut block = Block::of("gnupg writes");
    for algorithm in ["rsa3072", "ed25519"] {
        let partner = Gpg::new(algorithm);
        for (kind_name, kind) in OURS {
            let ours = own(kind);
            partner.knows(ours);
            for (name, entity) in lab::entities() {
                let options = ["--encrypt", "-r", "mail@insurer.example"];
                let letter = partner.writes(&entity, &[&["--sign"], &options[..]].concat());
                lab::reads(&letter, ours, &partner.public(), &entity, name);
                // An untrusted OpenPGP key is not accepted.
                let (opened, _) = open(&letter, &[ours], &[]);
                assert!(opened.proven_sender().is_none());
                let letter = partner.writes(&entity, &options);
                let (opened, got) = open(&letter, &[ours], &[trusted(&partner.public())]);
                assert_eq!(body(&got), body(&entity), "{name}: {opened:?}");
                assert_eq!(opened.wholeness, Wholeness::Authenticated);
                assert!(opened.proven_sender().is_none(), "{opened:?}");
            }
            block.yes(
                PROGRAM,
                "writes to us",
                &format!("to {kind_name}, by {algorithm}: signed and unsigned"),
            );
        }
    }
    block.kept();
}

#[test]
fn signed_only_is_verified_by_both() {
    let partner = Gpg::new("rsa3072");
    let ours = own(Kind::OpenPgpCurve25519);
    partner.knows(ours);
    let (_, letter) = lab::letters().remove(0);
    let sent = closed(&letter, Some(ours), &[], Profile::default());
    let (opened, got) = open(&sent, &[], &[trusted(ours.public())]);
    assert_eq!(opened.written, Written::Nothing);
    assert!(opened.proven_sender().is_some() && got.is_empty(), "{opened:?}");
    partner.verifies(&sent).unwrap();
    let mut block = Block::of("gnupg verifies");
    block.yes(PROGRAM, "verifies ours", "multipart/signed by Curve25519: text alone");
    block.kept();
}

/// What servers do to letters in transit: lines over 998 octets are broken (RFC 5321 §4.5.3.1.6, as Postfix
/// does it), and if the next server has no 8BITMIME (RFC 6152 §3), non-ASCII octets are encoded as
/// quoted-printable.
fn through_a_hop(letter: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    let is_ascii = letter.is_ascii();
    for line in letter.split_inclusive(|byte| *byte == b'\n') {
        let mut column = 0;
        for byte in line {
            if column == 998 && !b"\r\n".contains(byte) {
                out.extend_from_slice(b"\r\n ");
                column = 1;
            }
            match byte {
                b'=' if !is_ascii => out.extend_from_slice(b"=3D"),
                byte if !byte.is_ascii() => out.extend_from_slice(format!("={byte:02X}").as_bytes()),
                byte => out.push(*byte),
            }
            column += 1;
        }
    }
    out
}

#[test]
fn a_signature_in_clear_verifies_behind_a_hop_that_breaks_lines_and_one_without_8bitmime() {
    let partner = Gpg::new("rsa3072");
    let line = "Beitrag 4711 = x. ".repeat(300);
    let umlauts = "Gr\u{f6}\u{df}e des Schadens: \u{201e}K\u{f6}ln\u{201c}";
    let letter = |kind: &str, body: &str| {
        let head =
            "From: mail@insurer.example\r\nTo: info@clinic.example\r\nSubject: x\r\nMIME-Version: 1.0\r\n";
        format!("{head}Content-Type: {kind}\r\n\r\n{body}\r\n").into_bytes()
    };
    let both = format!(
        "--b\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n{umlauts}\r\n\
         --b\r\nContent-Type: text/html; charset=utf-8\r\n\r\n<p>{line}</p>\r\n--b--"
    );
    for (what, letter) in [
        ("long lines", letter("text/plain", &line)),
        ("8 bits", letter("text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit", umlauts)),
        ("both", letter("multipart/mixed; boundary=b", &both)),
    ] {
        for (kind_name, kind) in OURS {
            let ours = own(kind);
            partner.knows(ours);
            let sent = closed(&letter, Some(ours), &[], Profile::default());
            let arrived = through_a_hop(&sent);
            partner.verifies(&arrived).unwrap_or_else(|error| panic!("{what}, {kind_name}: {error}"));
            assert_eq!(arrived, sent, "{what}: nothing had to be changed");
            let (opened, _) = open(&arrived, &[], &[trusted(ours.public())]);
            assert!(opened.proven_sender().is_some(), "{what}, {kind_name}: {opened:?}");
        }
        // The hop does break content that was signed unencoded.
        let (content, signature) = parts(&closed(&letter, Some(own(OURS[0].1)), &[], Profile::default()));
        let body = [b"Content-Type: text/plain\r\n\r\n", body(&letter)].concat();
        assert_ne!(through_a_hop(&body), body, "{what}");
        assert!(!content.is_empty() && signature.starts_with("-----BEGIN PGP SIGNATURE"), "{what}");
    }
    let plain = letter("text/plain", &line);
    let folder = lab::folder();
    let file = folder.path().join("c");
    std::fs::write(&file, &plain).unwrap();
    let signature = partner.run(&["--armor", "--detach-sign", "--output", "-", text(&file)], b"").unwrap();
    let signed = folder.path().join("s");
    std::fs::write(&signed, signature).unwrap();
    partner.run(&["--verify", text(&signed), text(&file)], b"").unwrap();
    std::fs::write(&file, through_a_hop(&plain)).unwrap();
    let broken = partner.run(&["--verify", text(&signed), text(&file)], b"");
    assert!(broken.is_err(), "a hop that breaks nothing proves nothing");
}

/// The signed content of a letter of ours, and its signature: cut out by hand.
fn parts(letter: &[u8]) -> (String, String) {
    let text_of = String::from_utf8(letter.to_vec()).unwrap();
    let boundary = text_of.split("boundary=\"").nth(1).unwrap().split('"').next().unwrap();
    let delimiter = format!("\r\n--{boundary}");
    let parts: Vec<&str> = text_of.split(&delimiter).collect();
    let content = parts[1].strip_prefix("\r\n").unwrap().to_owned();
    (content, parts[2].split_once("\r\n\r\n").unwrap().1.to_owned())
}

#[test]
fn inline_messages_are_read_and_what_is_beside_them_is_told() {
    let partner = Gpg::new("rsa3072");
    let ours = own(Kind::OpenPgpCurve25519);
    partner.knows(ours);
    let head = "From: info@clinic.example\r\nSubject: x\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n";
    let options = ["--armor", "--sign", "--encrypt", "-r", "mail@insurer.example", "--output", "-"];
    let message = crlf(&partner.run(&options, "Größe\n".as_bytes()).unwrap());
    let letter = [head.as_bytes(), &message].concat();
    let (opened, got) = open(&letter, &[ours], &[trusted(&partner.public())]);
    assert!(opened.proven_sender().is_some() && opened.was_decrypted(), "{opened:?}");
    assert!(String::from_utf8(got).unwrap().contains("R3LDtsOfZQ"), "the text in base64");
    // Text around it could be anyone's: it stays encrypted.
    let letter = [head.as_bytes(), b"Please look at this:\r\n", &message].concat();
    let (opened, got) = open(&letter, &[ours], &[trusted(&partner.public())]);
    assert!(!opened.was_decrypted() && got.is_empty());

    let clear = crlf(&partner.run(&["--clearsign", "--output", "-"], b"pay 10 EUR\n").unwrap());
    let letter = [head.as_bytes(), &clear].concat();
    let (opened, _) = open(&letter, &[], &[trusted(&partner.public())]);
    assert_eq!(opened.signatures[0].verdict, SignatureVerdict::Valid(Trust::Key));
    assert_eq!(opened.signatures[0].from, FromMatch::Address);
    let letter = [head.as_bytes(), b"pay 1000 EUR\r\n", &clear].concat();
    let (opened, _) = open(&letter, &[], &[trusted(&partner.public())]);
    assert!(opened.proven_sender().is_none(), "{opened:?}");
    let changed = String::from_utf8(clear).unwrap().replace("pay 10 EUR", "pay 99 EUR");
    let (opened, _) = open(format!("{head}{changed}").as_bytes(), &[], &[trusted(&partner.public())]);
    assert_eq!(opened.signatures[0].verdict, SignatureVerdict::Invalid);
    let mut block = Block::of("gnupg inline");
    block.yes(PROGRAM, "writes to us", "inline: encrypted and signed, clear-signed; one line of text");
    block.kept();
}

#[test]
fn thirty_megabytes_go_both_ways() {
    let partner = Gpg::new("rsa3072");
    let ours = own(Kind::OpenPgpCurve25519);
    partner.knows(ours);
    let letter = lab::large(30 << 20);
    let sent = closed(&letter, Some(ours), &[partner.public()], Profile::default());
    let plain = partner.run(&["--decrypt"], armour(&sent)).unwrap();
    assert!(body(&plain) == body(&letter));
    let entity = [b"Content-Type: text/plain\r\n\r\n", body(&letter)].concat();
    let letter = partner.writes(&entity, &["--sign", "--encrypt", "-r", "mail@insurer.example"]);
    let (opened, got) = open(&letter, &[ours], &[trusted(&partner.public())]);
    assert!(opened.proven_sender().is_some());
    assert!(body(&got) == body(&entity));
    let mut block = Block::of("gnupg large");
    block.yes(PROGRAM, "reads ours", "30 MB: to rsa3072, signed by Curve25519");
    block.yes(PROGRAM, "writes to us", "30 MB: to Curve25519, signed by rsa3072");
    block.kept();
}

#[test]
fn a_changed_message_is_not_given_out() {
    let partner = Gpg::new("rsa3072");
    let ours = own(Kind::OpenPgpCurve25519);
    partner.knows(ours);
    let entity = ["Content-Type: text/plain\r\n\r\n", &"secret text\r\n".repeat(400)].concat();
    let fixed = ["--compress-algo", "none", "--encrypt", "-r", "mail@insurer.example", "--output", "-"];
    let binary = partner.run(&fixed, entity.as_bytes()).unwrap();
    let head = "From: info@clinic.example\r\nContent-Type: multipart/encrypted; protocol=\"application/pgp-encrypted\"; \
                boundary=\"bo\"\r\n\r\n--bo\r\nContent-Type: application/pgp-encrypted\r\n\r\nVersion: 1\r\n\r\n--bo\r\n\
                Content-Type: application/octet-stream\r\nContent-Transfer-Encoding: base64\r\n\r\n";
    let letter = |bytes: &[u8]| {
        use base64::Engine as _;
        let all = base64::engine::general_purpose::STANDARD.encode(bytes);
        format!("{head}{all}\r\n--bo--\r\n").into_bytes()
    };
    let (opened, _) = open(&letter(&binary), &[ours], &[]);
    assert!(opened.was_decrypted(), "{opened:?}");
    for at in [binary.len() / 2, binary.len() - 3] {
        let mut changed = binary.clone();
        changed[at] ^= 1;
        let (opened, got) = open(&letter(&changed), &[ours], &[]);
        assert!(!opened.was_decrypted() && got.is_empty(), "{opened:?}");
        assert!(matches!(opened.layers.first(), Some(Layer::Closed { .. })));
    }
    let cut = &binary[..binary.len() - 30];
    let (opened, got) = open(&letter(cut), &[ours], &[]);
    assert!(!opened.was_decrypted() && got.is_empty(), "{opened:?}");
}

#[test]
fn a_letter_that_hides_its_recipients_is_tried_with_a_few_keys_and_no_more() {
    let partner = Gpg::new("ed25519");
    let ours = own(Kind::OpenPgpCurve25519);
    partner.knows(ours);
    let entity = b"Content-Type: text/plain\r\n\r\nfor somebody\r\n";
    let to = ["--encrypt", "--hidden-recipient", "mail@insurer.example"];
    let letter = partner.writes(entity, &to);
    let make = || {
        let holder = lab::holder("mail", "insurer.example");
        OwnKey::generate(Kind::OpenPgpCurve25519, &holder, lab::now(), 2).unwrap()
    };
    let others: Vec<OwnKey> = (0..sealpost_seal::MAX_LENT).map(|_| make()).collect();
    let behind =
        |before: usize| -> Vec<&OwnKey> { others.iter().take(before).chain(std::iter::once(ours)).collect() };
    let (opened, got) = open(&letter, &behind(sealpost_seal::MAX_LENT - 1), &[]);
    assert_eq!(body(&got), b"for somebody\r\n", "{opened:?}");
    let (opened, got) = open(&letter, &behind(sealpost_seal::MAX_LENT), &[]);
    assert!(!opened.was_decrypted() && got.is_empty(), "{opened:?}");
    let mut block = Block::of("gnupg hidden");
    let what =
        "hidden recipient (`--hidden-recipient`), tried with four of our keys at most: one line of text";
    block.yes(PROGRAM, "writes to us", what);
    block.kept();
}
