//! Trailing white space of signed lines (RFC 3156 §3, §5): what we sign in clear survives a server that
//! removes it, and what others have signed is verified unchanged.

use sealpost_seal::{Kind, Profile, SignatureVerdict, Trust};

use crate::gnupg::Gpg;
use crate::lab::{body, closed, folder, open, own, text, trusted};
use crate::openssl::Partner;

/// What some servers do in transit.
fn without_blanks(letter: &[u8]) -> Vec<u8> {
    let lines = letter.split_inclusive(|byte| *byte == b'\n');
    let line = |line: &[u8]| match line.strip_suffix(b"\r\n") {
        Some(line) => [line.trim_ascii_end(), b"\r\n"].concat(),
        None => line.trim_ascii_end().to_vec(),
    };
    lines.flat_map(line).collect()
}

const BODY: &str = "Dieser Text ist \r\ngeflossen.\t\r\n \r\n-- \r\nErika Muster \r\n";

#[test]
fn what_we_sign_survives_a_server_that_takes_blanks_away() {
    let letter = format!(
        "From: mail@insurer.example\r\nTo: info@clinic.example\r\nSubject: x\r\nMIME-Version: 1.0\r\n\
         Content-Type: text/plain; format=flowed\r\n\r\n{BODY}"
    );
    assert_ne!(without_blanks(letter.as_bytes()), letter.as_bytes());
    let (gpg, openssl) = (Gpg::new("rsa3072"), Partner::rsa());
    for kind in [Kind::OpenPgpCurve25519, Kind::OpenPgpRsa3072, Kind::SmimeRsa3072, Kind::SmimeP256] {
        let ours = own(kind);
        let arrived = without_blanks(&closed(letter.as_bytes(), Some(ours), &[], Profile::default()));
        let (opened, _) = open(&arrived, &[], &[trusted(ours.public())]);
        assert!(opened.proven_sender().is_some(), "{opened:?}");
        let said = String::from_utf8(arrived.clone()).unwrap();
        assert!(
            said.contains("Dieser Text ist=20\r\ngeflossen.=09\r\n=20\r\n") && said.contains("=20\r\nErika"),
            "{said}"
        );
        match kind {
            Kind::OpenPgpCurve25519 | Kind::OpenPgpRsa3072 | Kind::OpenPgpRsa4096 => {
                gpg.knows(ours);
                gpg.verifies(&arrived).unwrap();
            }
            Kind::SmimeRsa3072 | Kind::SmimeRsa4096 | Kind::SmimeP256 | Kind::SmimeP384 => {
                openssl.verifies(&arrived, ours).unwrap();
            }
        }
    }
}

#[test]
fn what_others_have_signed_is_verified_as_it_came() {
    let partner = Gpg::new("rsa3072");
    let content = format!("Content-Type: text/plain\r\n\r\n{BODY}");
    let (folder, name) = (folder(), "content");
    let file = folder.path().join(name);
    std::fs::write(&file, &content).unwrap();
    let signature = partner.run(&["--armor", "--detach-sign", "--output", "-", text(&file)], b"").unwrap();
    let signature = String::from_utf8(signature).unwrap().replace('\n', "\r\n");
    let letter = format!(
        "From: info@clinic.example\r\nMIME-Version: 1.0\r\nContent-Type: multipart/signed; micalg=pgp-sha512; boundary=b;\r\n \
         protocol=\"application/pgp-signature\"\r\n\r\n--b\r\n{content}\r\n--b\r\n\
         Content-Type: application/pgp-signature\r\n\r\n{signature}\r\n--b--\r\n"
    );
    let verdict = |letter: &[u8]| {
        let (opened, got) = open(letter, &[], &[trusted(&partner.public())]);
        assert!(got.is_empty(), "what is only signed stays as it is");
        opened.signatures[0].verdict
    };
    assert_eq!(verdict(letter.as_bytes()), SignatureVerdict::Valid(Trust::Key));
    let changed = without_blanks(letter.as_bytes());
    assert_ne!(body(&changed), body(letter.as_bytes()));
    assert_eq!(verdict(&changed), SignatureVerdict::Invalid);
}
