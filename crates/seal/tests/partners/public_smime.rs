//! Public samples of S/MIME from the package `cryptography-vectors` (`tests/exports/requirements.txt`): letters of NIST's suite for
//! certificate chains (PKITS), and letters of other programs. Each is judged as in the table `public_smime.tsv`, and nothing that
//! NIST calls invalid is accepted except where the table's head says why. None is copied here.

use std::collections::BTreeMap;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sealpost_seal::{Layer, Opening, OwnKey, SignatureVerdict, Trust};

use crate::lab::{self, body, crlf, open, runtime, worker};

const TABLE: &str = include_str!("public_smime.tsv");

/// What NIST calls invalid for reasons that do not apply to a gateway: a mail reader requires no policy (RFC 5280 §6.1.1), and
/// policy requirements of a certificate would concern all letters of its holders.
const OF_POLICIES: [&str; 5] = ["Policy", "Policies", "Mapping", "inhibitAny", "equireExplicit"];

fn all_of(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let read = |entry: std::io::Result<std::fs::DirEntry>| {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        path.is_file().then(|| (name, std::fs::read(path).unwrap()))
    };
    std::fs::read_dir(folder).unwrap().filter_map(read).collect()
}

/// The verdict on one of NIST's letters, with its root trusted and all of its lists.
fn verdict(letter: &[u8], roots: &[Vec<u8>], crls: &[Vec<u8>]) -> SignatureVerdict {
    let letter = crlf(letter);
    let opening = Opening { roots, crls, ..lab::opening(&(&[] as &[&OwnKey]), &[]) };
    let length = u64::try_from(letter.len()).unwrap();
    let opened = runtime().block_on(worker().open(letter.as_slice(), length, &opening, Vec::new())).unwrap();
    opened.signatures[0].verdict
}

fn word(verdict: SignatureVerdict) -> String {
    match verdict {
        SignatureVerdict::Valid(Trust::Chain) => "chain".to_owned(),
        SignatureVerdict::Valid(Trust::ChainWithoutList) => "chain-without-list".to_owned(),
        other => format!("{other:?}"),
    }
}

/// The result for a letter of another program, with this key.
fn opened(message: &[u8], key: &OwnKey) -> String {
    let pem = String::from_utf8(message.to_vec()).unwrap();
    let lines: String = pem.lines().filter(|line| !line.starts_with("-----")).collect();
    let der = STANDARD.decode(lines).unwrap();
    let letter = format!(
        "From: a@b.example\r\nMIME-Version: 1.0\r\nContent-Type: application/pkcs7-mime; smime-type=enveloped-data; \
         name=smime.p7m\r\nContent-Transfer-Encoding: base64\r\n\r\n{}\r\n",
        STANDARD.encode(der)
    );
    let (opened, got) = open(letter.as_bytes(), &[key], &[]);
    match opened.layers.first() {
        Some(Layer::Decrypted { cipher, transport, .. }) => {
            let text = String::from_utf8_lossy(body(&got)).trim_end().to_owned();
            format!("{cipher}, {transport}: {text}")
        }
        Some(Layer::Closed { why, .. }) => format!("closed: {why:?}"),
        other => format!("{other:?}"),
    }
}

#[test]
fn public_samples_are_judged_as_the_table_says_and_nothing_invalid_counts() {
    let Some(samples) = lab::python_package("cryptography_vectors") else { return };
    let pkits = samples.join("x509/PKITS_data");
    let roots = [std::fs::read(pkits.join("certs/TrustAnchorRootCertificate.crt")).unwrap()];
    let crls: Vec<Vec<u8>> = all_of(&pkits.join("crls")).into_values().collect();
    let mut seen: String =
        TABLE.lines().take_while(|line| line.starts_with('#')).flat_map(|line| [line, "\n"]).collect();
    let pem = ["rsa_ca.pem", "rsa_key.pem"]
        .map(|name| std::fs::read(samples.join("x509/custom/ca").join(name)).unwrap());
    let key = OwnKey::import(&pem.concat(), None).unwrap();
    for name in ["enveloped.pem", "enveloped-rsa-oaep.pem", "enveloped-triple-des.pem"] {
        let came = opened(&std::fs::read(samples.join("pkcs7").join(name)).unwrap(), &key);
        seen.push_str(&format!("{name}\t{came}\n"));
    }
    let letters = all_of(&pkits.join("smime"));
    assert!(letters.len() > 200, "{}", letters.len());
    for (name, letter) in letters {
        let verdict = verdict(&letter, &roots, &crls);
        let is_excused = OF_POLICIES.iter().any(|word| name.contains(word));
        let counts = verdict == SignatureVerdict::Valid(Trust::Chain);
        assert!(!counts || !name.starts_with("SignedInvalid") || is_excused, "{name} counts");
        seen.push_str(&format!("{name}\t{}\n", word(verdict)));
    }
    if std::env::var_os("SEALPOST_WRITE").is_some() {
        let table = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/partners/public_smime.tsv");
        std::fs::write(table, &seen).unwrap();
        return;
    }
    assert_eq!(TABLE, seen);
}
