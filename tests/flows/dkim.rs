//! DKIM signatures on mail that the gateway writes and changes, verified by mail-auth and by dkimpy; mail
//! that is passed on stays unchanged.

use std::collections::HashMap;

use rig::dkim::{Dkim, verify_all};
use rig::reader::{activate, letter_path};
use rig::{Config, Gateway, Hop, letters, readers};
use rustix::process::Signal;

/// A gateway with keys of both kinds for its domain, and what they publish.
pub(crate) struct Signing {
    pub(crate) gateway: Gateway,
    records: HashMap<String, String>,
}

/// The lines of a zone file, name and text.
pub(crate) fn published(zone: &str) -> (String, String) {
    let line = zone.lines().find(|line| line.contains(" IN TXT ")).unwrap();
    let (name, data) = line.split_once(". IN TXT ").unwrap();
    (name.to_owned(), data.split('"').skip(1).step_by(2).collect())
}

fn reload(gateway: &Gateway, wanted: &str) {
    let from = gateway.process().output.lines().len();
    gateway.process().signal(Signal::HUP);
    gateway.process().output.wait_from(from, wanted).unwrap_or_else(|why| panic!("{why}"));
}

impl Signing {
    pub(crate) fn start(config: &mut Config) -> Self {
        let gateway = Gateway::start(config.set("dkim", "keys", r#""dkim""#));
        let mut records = HashMap::new();
        for (kind, selector) in [("rsa", "r1"), ("ed25519", "e1")] {
            let made = ["dkim", "create", "insurer.example", "--kind", kind, "--selector", selector];
            records.extend([published(&gateway.said(&made))]);
            gateway.said(&["dkim", "use", selector]);
        }
        reload(&gateway, "*DKIM keys reloaded*");
        Self { gateway, records }
    }

    /// Both signatures are present and valid, with any verifier.
    pub(crate) fn is_signed(&self, letter: &[u8], what: &str) {
        let text = String::from_utf8_lossy(letter);
        for selector in ["s=r1;", "s=e1;"] {
            assert!(text.replace("\r\n\t", "").contains(selector), "{what}: {selector}\n{text}");
        }
        assert!(verify_all(&self.records, letter), "{what}:\n{text}");
        let checked = dkimpy(&self.records, letter);
        assert_eq!(checked, "[True, True]\n", "{what}:\n{text}");
    }
}

/// What the Python world says of each signature of `insurer.example`.
fn dkimpy(records: &HashMap<String, String>, letter: &[u8]) -> String {
    const CHECK: &str = "
import dkim, json, sys
records = json.load(open(sys.argv[1])); letter = open(sys.argv[2], 'rb').read()
def txt(name, timeout=5): return records.get(name.decode().rstrip('.'), '').encode()
d = dkim.DKIM(letter)
ours = [i for i, (n, v) in enumerate([h for h in d.headers if h[0].lower() == b'dkim-signature']) if b'd=insurer.example' in v]
print([d.verify(idx=i, dnsfunc=txt) for i in ours])
";
    let home = tempfile::tempdir().unwrap();
    let (zone, mail) = (home.path().join("zone.json"), home.path().join("mail.eml"));
    std::fs::write(&zone, serde_json::to_string(records).unwrap()).unwrap();
    std::fs::write(&mail, letter).unwrap();
    readers::said(readers::python().args(["-c", CHECK]).arg(&zone).arg(&mail))
}

#[test]
fn what_we_write_and_change_is_signed_and_what_passes_is_not() {
    let hop = Hop::new();
    let mut config = Config::new(&hop);
    config
        .set("portal.write", "domains", r#"["insurer.example"]"#)
        .set("portal.write", "floor", r#""none""#)
        .rule("cut", r#"{ subject-tag = "[ablage]" }"#, r#""relay""#);
    let signing = Signing::start(&mut config);
    let gateway = &signing.gateway;
    let send = |subject: &str, to: &str| {
        let letter = letters::plain(subject, "Guten Tag\r\n\r\n\r\n");
        gateway.smtp().letter("erika.muster@insurer.example", &[to], &letter).expect("250 *");
        hop.wait_to(to).bytes
    };
    // Signed by the insurer's own server before: unchanged, it stays valid, and nothing is added.
    let theirs = Dkim::new();
    let signed = theirs.sign(&letters::plain("Nur durch", "Guten Tag"));
    gateway.smtp().letter("erika.muster@insurer.example", &["passes@web.example"], &signed).expect("250 *");
    let passed = hop.wait_to("passes@web.example").bytes;
    assert!(theirs.verifies(&passed));
    assert_eq!(String::from_utf8_lossy(&passed).matches("DKIM-Signature:").count(), 1);

    signing.is_signed(&send("[ablage] Geschnitten", "cut@web.example"), "a letter whose tag was cut out");
    let notice = send("[vertraulich] Vertraulich", "max@web.example");
    signing.is_signed(&notice, "a notice");

    let mut web = gateway.web();
    let inbox = activate(&mut web, &letters::link(&notice));
    let page = web.get(&letter_path(&inbox));
    let begun = web.submit(&page, "/write", &[("kind", "reply")]);
    let editor = web.follow(begun);
    let text = editor.text();
    let start = text.find("action=\"/w/").unwrap() + 8;
    let path = text[start..].split('"').next().unwrap().to_owned();
    let fields = [("to", "erika@insurer.example"), ("text", "Gr\u{fc}\u{df}e"), ("do", "send")];
    web.submit(&editor, &path, &fields).expect(303);
    // From is the user's own address: ours is the gateway's name, below our domain.
    signing.is_signed(&hop.wait_to("erika@insurer.example").bytes, "a letter from the portal");
    signing.gateway.sweep();
}

#[test]
fn a_large_letter_closed_for_a_partner_is_signed() {
    let hop = Hop::new();
    let mut config = Config::new(&hop);
    config.rule("clinic", r#"{ recipient = "*@clinic.example" }"#, r#""domain""#);
    let signing = Signing::start(&mut config);
    let gateway = &signing.gateway;
    for (domain, kind) in [("insurer.example", "smime-p256"), ("clinic.example", "smime-p256")] {
        gateway.said(&["domain-key", "make", domain, "--name", domain, "--kind", kind]);
    }
    // The partner's is a key that we made ourselves: only its public part is given back.
    let listed = gateway.said(&["domain-key", "list", "--json"]);
    let theirs = listed.lines().find(|line| line.contains("clinic.example")).unwrap();
    let fingerprint = theirs.split("\"fingerprint\":\"").nth(1).unwrap().split('"').next().unwrap();
    let file =
        gateway.home.write("theirs.pem", gateway.said(&["domain-key", "export", fingerprint]).as_bytes());
    gateway.said(&["partner", "add", "clinic.example", file.to_str().unwrap(), "--yes"]);
    let line = "0123456789 abcdefghijklmnopqrstuvwxyz \r\n".repeat(25);
    let letter = letters::plain("Gross", &line.repeat(5_000));
    gateway.smtp().letter("erika.muster@insurer.example", &["max@clinic.example"], &letter).expect("250 *");
    let closed = hop.wait_to("max@clinic.example").bytes;
    assert!(closed.len() > 5_000_000);
    signing.is_signed(&closed, "a letter for a partner");
    signing.gateway.sweep();
}

#[test]
fn a_key_is_rolled_over_without_a_letter_in_between_that_does_not_hold() {
    let hop = Hop::new();
    let mut signing = Signing::start(&mut Config::new(&hop));
    let made = signing.gateway.said(&["dkim", "create", "insurer.example", "--selector", "r2"]);
    signing.records.extend([published(&made)]);
    let send = |signing: &Signing, to: &str| {
        let letter = letters::plain("[vertraulich] x", "x");
        signing.gateway.smtp().letter("erika@insurer.example", &[to], &letter).expect("250 *");
        hop.wait_to(to).bytes
    };
    // It waits: the old one signs.
    signing.is_signed(&send(&signing, "one@web.example"), "before");
    let used = signing.gateway.said(&["dkim", "use", "r2"]);
    assert!(used.contains("r1._domainkey.insurer.example is retired"), "{used}");
    reload(&signing.gateway, "*DKIM keys reloaded*");
    let after = send(&signing, "two@web.example");
    let text = String::from_utf8_lossy(&after).replace("\r\n\t", "");
    assert!(text.contains("s=r2;") && text.contains("s=e1;") && !text.contains("s=r1;"), "{text}");
    assert!(verify_all(&signing.records, &after));

    let refused = |args: &[&str], words: &str| {
        let (code, _, err) = signing.gateway.sealpost(args);
        assert!(code != 0 && err.contains(words), "{args:?}: {err}");
    };
    refused(&["dkim", "remove", "r2"], "retire it first");
    refused(&["dkim", "use", "nothing"], "sealpost dkim list");
    refused(&["dkim", "create", "insurer.example", "--selector", "r2"], "already");
    refused(&["dkim", "create", "insurer.example", "--selector", "../x"], "selector");
    signing.gateway.said(&["dkim", "remove", "r1"]);
    let listed = signing.gateway.said(&["dkim", "list"]);
    assert!(listed.contains("r2._domainkey") && !listed.contains("r1._domainkey"), "{listed}");
    signing.gateway.sweep();
}
