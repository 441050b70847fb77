//! Public samples of CMS, certificates, lists and OCSP responses from the package `asn1crypto-tests`
//! (`tests/exports/requirements.txt`): each is parsed with the result in the table `public_cms.tsv`. None is copied
//! here.

use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sealpost_mail::Timestamp;
use sealpost_seal::{Layer, Opening, OwnKey, PartnerKey, RevocationList};

use crate::lab::{body, opening, passphrase, python_package, runtime, trusted, worker};

const TABLE: &str = include_str!("public_cms.tsv");
/// 24 May 2015, when most of them were made.
const THEN: Timestamp = Timestamp(1_432_425_600_000);

struct Samples<'a>(&'a Path);

impl Samples<'_> {
    fn bytes(&self, sample: &str) -> Vec<u8> {
        sample.split('+').flat_map(|name| std::fs::read(self.0.join(name)).unwrap()).collect()
    }

    fn said(&self, kind: &str, sample: &str) -> String {
        match kind {
            "message" => self.message(&self.bytes(sample)),
            "keys" => keys(&self.bytes(sample)),
            "ours" => ours(&self.bytes(sample)),
            "list" => list(&self.bytes(sample)),
            "answer" => self.answer(sample),
            other => panic!("{other}"),
        }
    }

    /// The result for a letter with this message, with the samples' own key, trusted.
    fn message(&self, der: &[u8]) -> String {
        let own = OwnKey::import(&self.bytes("keys/test.key+keys/test.crt"), None).unwrap();
        let letter = format!(
            "From: will@codexns.io\r\nMIME-Version: 1.0\r\nContent-Type: application/pkcs7-mime; name=smime.p7m\r\n\
             Content-Transfer-Encoding: base64\r\n\r\n{}\r\n",
            STANDARD.encode(der)
        );
        let (trusted, own) = ([trusted(own.public())], [&own]);
        let own = own.as_slice();
        let opening = Opening { now: THEN, ..opening(&own, &trusted) };
        let (length, mut got) = (u64::try_from(letter.len()).unwrap(), Vec::new());
        let opened =
            runtime().block_on(worker().open(letter.as_bytes(), length, &opening, &mut got)).unwrap();
        let layers = opened.layers.iter().map(|layer| match layer {
            Layer::Decrypted { cipher, transport, .. } => format!("decrypted, {cipher}, {transport}"),
            Layer::Closed { why, .. } => format!("closed: {why:?}"),
            Layer::Signed { .. } => "signed".to_owned(),
            Layer::Compressed => "compressed".to_owned(),
        });
        let signatures =
            opened.signatures.iter().map(|found| format!("{:?}, {}", found.verdict, found.algorithm));
        let mut said: Vec<String> = layers.chain(signatures).collect();
        if !got.is_empty() {
            said.push(format!("{} octets", body(&got).len()));
        }
        said.join("; ")
    }

    /// The verdict on an OCSP response: the response, the certificate, its authority, a root.
    fn answer(&self, sample: &str) -> String {
        let [response, certificate, root] = sample.split('+').collect::<Vec<_>>()[..] else {
            panic!("{sample}")
        };
        let key = PartnerKey::read(&self.bytes(certificate)).unwrap().remove(0);
        let root = PartnerKey::read(&self.bytes(root)).unwrap().remove(0);
        let (response, roots) = (self.bytes(response), [root.as_bytes().to_vec()]);
        let read = |at| runtime().block_on(worker().read_ocsp(&response, &key, &roots, at)).unwrap();
        let year = Timestamp(THEN.0 + 366 * 86_400_000);
        format!("{:?}; a year later: {:?}", read(THEN), read(year))
    }
}

fn keys(file: &[u8]) -> String {
    match PartnerKey::read(file) {
        Ok(keys) => {
            let said = keys.iter().map(|key| {
                let facts = key.facts();
                let may =
                    [(facts.encrypts, "encrypts"), (facts.signs, "signs"), (facts.is_authority, "authority")];
                let may: Vec<&str> = may.iter().filter(|(is, _)| *is).map(|(_, word)| *word).collect();
                let odd = facts.unreadable_names;
                let odd = if odd > 0 { format!(", {odd} names unread") } else { String::new() };
                format!("{}: {}{odd}", facts.algorithm, may.join(" "))
            });
            said.collect::<Vec<_>>().join("; ")
        }
        Err(error) => format!("no keys: {error}"),
    }
}

fn ours(file: &[u8]) -> String {
    let import = |with| OwnKey::import(file, with).map(|key| key.public().facts().algorithm.to_string());
    let password = passphrase("password123");
    import(None).or_else(|_closed| import(Some(&password))).unwrap_or_else(|error| format!("no key: {error}"))
}

fn list(file: &[u8]) -> String {
    match RevocationList::read(file) {
        Ok(lists) => {
            let said = lists
                .iter()
                .map(|list| format!("{}; says something then: {}", list.issuer, list.is_current(THEN)));
            said.collect::<Vec<_>>().join("; ")
        }
        Err(error) => format!("no list: {error}"),
    }
}

#[test]
fn public_samples_of_cms_are_taken_apart_as_the_table_says() {
    let Some(package) = python_package("asn1crypto_tests") else { return };
    let folder = package.join("fixtures");
    let samples = Samples(&folder);
    let mut seen = String::new();
    for line in TABLE.lines() {
        if line.starts_with('#') {
            seen.push_str(&format!("{line}\n"));
            continue;
        }
        let mut columns = line.split('\t');
        let (kind, sample) = (columns.next().unwrap(), columns.next().unwrap());
        seen.push_str(&format!("{kind}\t{sample}\t{}\n", samples.said(kind, sample)));
    }
    if std::env::var_os("SEALPOST_WRITE").is_some() {
        let table = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/partners/public_cms.tsv");
        std::fs::write(table, &seen).unwrap();
        return;
    }
    assert_eq!(TABLE, seen);
}
