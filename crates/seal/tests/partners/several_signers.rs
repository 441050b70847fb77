//! A letter with several signers: each is judged separately. A stranger beside a partner neither adds nor removes trust, in either
//! order. And content that is labelled as signed without a protocol.

use sealpost_seal::{
    Distrust, FromMatch, Harvest, Lists, Opened, Opening, OwnKey, PartnerKey, Sender, SignatureVerdict,
    Trust, TrustedKey,
};
use tempfile::TempDir;

use crate::lab::{crlf, folder, open, opening, run, runtime, text, trusted, worker};

/// Certificates and keys by their names.
struct Signers(TempDir);

impl Signers {
    fn path(&self, name: &str, ending: &str) -> String {
        text(&self.0.path().join(format!("{name}.{ending}"))).to_owned()
    }

    /// A self-signed signer. The longer the subject, the later his signature (DER sorts them, the short ones come first).
    fn with(self, name: &str, subject: &str, address: &str) -> Self {
        let names = format!("subjectAltName=email:{address}");
        let (key, out) = (self.path(name, "key"), self.path(name, "pem"));
        let new = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "30", "-subj", subject];
        let more = ["-addext", "basicConstraints=critical,CA:FALSE", "-keyout", &key, "-out", &out];
        run("openssl", &[&new[..], &["-addext", &names], &more].concat(), b"").unwrap();
        self
    }

    fn key(&self, name: &str) -> PartnerKey {
        PartnerKey::read(&std::fs::read(self.path(name, "pem")).unwrap()).unwrap().remove(0)
    }

    /// A letter by this address that all of them have signed.
    fn letter(&self, from: &str, names: &[&str]) -> Vec<u8> {
        let mut sign = vec!["cms".to_owned(), "-sign".to_owned()];
        for name in names {
            let more = ["-signer", &self.path(name, "pem"), "-inkey", &self.path(name, "key")];
            sign.extend(more.map(str::to_owned));
        }
        let sign: Vec<&str> = sign.iter().map(String::as_str).collect();
        let signed = run("openssl", &sign, b"Content-Type: text/plain\r\n\r\nGuten Tag\r\n").unwrap();
        [format!("From: {from}\r\nTo: mail@insurer.example\r\n").as_bytes(), &crlf(&signed)].concat()
    }
}

const PARTNER: &str = "info@clinic.example";
const STRANGER: &str = "somebody@elsewhere.example";

/// Strangers before and after the partner.
fn signers(stranger: &str) -> Signers {
    Signers(folder()).with("partner", "/CN=The partner", PARTNER).with("before", "/CN=X", stranger).with(
        "behind",
        "/CN=Somebody whom nobody knows",
        stranger,
    )
}

/// The verdict on each, in order.
fn verdicts(opened: &Opened) -> Vec<(SignatureVerdict, FromMatch)> {
    opened.signatures.iter().map(|found| (found.verdict, found.from)).collect()
}

const KNOWN: SignatureVerdict = SignatureVerdict::Valid(Trust::Key);
const UNKNOWN: SignatureVerdict = SignatureVerdict::Untrusted(Distrust::NoChain);

#[test]
fn a_stranger_s_signature_beside_a_partner_s_spoils_nothing() {
    let signers = signers(STRANGER);
    let partner = signers.key("partner");
    let (known, stranger) = ((KNOWN, FromMatch::Address), (UNKNOWN, FromMatch::Mismatch));
    for (names, expected) in [
        (&["before", "partner"][..], &[stranger, known][..]),
        (&["partner", "before"], &[stranger, known]),
        (&["behind", "partner"], &[known, stranger]),
        (&["before", "behind", "partner"], &[stranger, known, stranger]),
    ] {
        let (opened, _) = open(&signers.letter(PARTNER, names), &[], &[trusted(&partner)]);
        assert_eq!(verdicts(&opened), expected, "{names:?}");
        let proven = opened.proven_sender().unwrap();
        assert_eq!(proven.signer.as_ref().unwrap().facts().fingerprint, partner.facts().fingerprint);
        assert!(opened.names_the_writer(proven));
        let offered: Vec<_> = opened.harvest(Harvest::Any).collect();
        assert!(
            matches!(offered.as_slice(), [one] if one.facts().fingerprint == partner.facts().fingerprint)
        );
    }
}

/// The stranger has the address in From, the partner has not.
#[test]
fn a_partner_s_signature_beside_a_stranger_s_lends_no_trust() {
    let signers = signers(STRANGER);
    for names in [["before", "partner"], ["behind", "partner"]] {
        let letter = signers.letter(STRANGER, &names);
        let (opened, _) = open(&letter, &[], &[trusted(&signers.key("partner"))]);
        let mut found = verdicts(&opened);
        found.sort_by_key(|(verdict, _)| *verdict != KNOWN);
        assert_eq!(found, [(KNOWN, FromMatch::Mismatch), (UNKNOWN, FromMatch::Address)], "{names:?}");
        assert!(opened.proven_sender().is_none());
        let vouched: Vec<_> = opened.harvest(Harvest::Vouched).collect();
        assert!(vouched.is_empty(), "nobody vouches for the stranger: {vouched:?}");
    }
}

/// By chains: the partner's authority is trusted, the stranger's is not, although it issued a certificate for the partner's
/// address.
#[test]
fn a_chain_counts_for_the_signer_below_it_alone() {
    let signers = signers(PARTNER);
    let roots = [signers.key("partner").as_bytes().to_vec()];
    for names in [["before", "partner"], ["behind", "partner"]] {
        let letter = signers.letter(PARTNER, &names);
        let none: &[&OwnKey] = &[];
        let opening = Opening {
            roots: &roots,
            lists: Lists::WhenKnown,
            sender: Sender::Partner,
            ..opening(&none, &[])
        };
        let length = u64::try_from(letter.len()).unwrap();
        let opened = runtime().block_on(worker().open(letter.as_slice(), length, &opening, Vec::new()));
        let opened = opened.unwrap();
        let mut found = verdicts(&opened);
        found.sort_by_key(|(verdict, _)| *verdict == UNKNOWN);
        let partner = SignatureVerdict::Valid(Trust::Partner);
        assert_eq!(found, [(partner, FromMatch::Address), (UNKNOWN, FromMatch::Address)], "{names:?}");
        let proven = opened.proven_sender().and_then(|found| found.signer.as_ref()).unwrap();
        assert_eq!(proven.as_bytes(), roots[0]);
    }
}

/// RFC 1847 §2.1: `protocol` names the type of the second part; without it that type alone decides.
#[test]
fn what_is_signed_is_said_by_the_protocol_and_the_second_part() {
    let signers = Signers(folder()).with("partner", "/CN=The partner", PARTNER);
    let known: [TrustedKey; 1] = [trusted(&signers.key("partner"))];
    let letter = String::from_utf8(signers.letter(PARTNER, &["partner"])).unwrap();
    let said = "protocol=\"application/pkcs7-signature\"; ";
    assert!(letter.contains(said), "{letter}");
    let second = |is: &str| {
        let other =
            letter.replace("Content-Type: application/pkcs7-signature", &format!("Content-Type: {is}"));
        assert_ne!(other, letter);
        other
    };
    for (what, letter, is_proven) in [
        ("as openssl writes it", letter.clone(), true),
        ("the older name", letter.replace(said, "protocol=application/x-pkcs7-signature; "), true),
        ("no protocol", letter.replace(said, ""), true),
        ("another protocol", letter.replace(said, "protocol=\"application/x-own\"; "), false),
        ("a second part of the older name", second("application/x-pkcs7-signature"), true),
        ("a second part of no type", second("application/octet-stream"), true),
        ("neither", second("text/plain").replace(said, ""), false),
        ("the protocol alone: a text is shown to whoever verifies nothing", second("text/plain"), false),
        ("the protocol alone, and a page", second("text/html"), false),
        ("the protocol of one, the signature of another", second("application/pgp-signature"), false),
    ] {
        let (opened, _) = open(letter.as_bytes(), &[], &known);
        assert_eq!(opened.proven_sender().is_some(), is_proven, "{what}: {opened:?}");
        assert_eq!(opened.signatures.is_empty(), !is_proven, "{what}: {opened:?}");
    }
}
