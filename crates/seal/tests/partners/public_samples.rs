//! Test samples of libraries, from the registry packages that we build with anyway: each is opened, or not,
//! as in the table `public_samples.tsv`. None is copied here.

use std::path::{Path, PathBuf};
use std::process::Command;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sealpost_seal::{KeyError, Layer, OwnKey, PartnerKey};

use crate::lab::{body, crlf, open};

const TABLE: &str = include_str!("public_samples.tsv");

/// The folder into which cargo has unpacked the package.
fn package(name: &str, all: &serde_json::Value) -> PathBuf {
    let packages = all["packages"].as_array().unwrap();
    let found = packages.iter().find(|package| package["name"] == name).unwrap();
    Path::new(found["manifest_path"].as_str().unwrap()).parent().unwrap().to_owned()
}

fn all_packages() -> serde_json::Value {
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
    let metadata = ["metadata", "--offline", "--locked", "--format-version", "1", "--manifest-path"];
    let manifest = concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml");
    // Packages for other systems are not there where nothing but this has been built.
    let platform = format!("{}-unknown-linux-gnu", std::env::consts::ARCH);
    let done =
        Command::new(cargo).args(metadata).args([manifest, "--filter-platform", &platform]).output().unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    serde_json::from_slice(&done.stdout).unwrap()
}

/// A file of the package; after a colon the name of an array in C.
fn sample(package: &Path, place: &str) -> Vec<u8> {
    let (file, array) = place.split_once(':').unwrap_or((place, ""));
    let bytes = std::fs::read(package.join(file)).unwrap();
    if array.is_empty() {
        return bytes;
    }
    let text = String::from_utf8(bytes).unwrap();
    let (_, values) = text.split_once(&format!("{array}[]")).unwrap();
    let (values, _) = values.split_once('{').unwrap().1.split_once('}').unwrap();
    let digits = values.split(',').map(str::trim).filter_map(|value| value.strip_prefix("0x"));
    digits.map(|digits| u8::from_str_radix(digits, 16).unwrap()).collect()
}

/// An OpenPGP message as people put it into a text.
fn letter(message: &[u8]) -> Vec<u8> {
    let head = b"From: a@b.example\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n";
    if message.starts_with(b"-----BEGIN PGP MESSAGE") {
        return [head, crlf(message).as_slice()].concat();
    }
    let armoured = STANDARD.encode(message);
    let armoured = format!("-----BEGIN PGP MESSAGE-----\r\n\r\n{armoured}\r\n-----END PGP MESSAGE-----\r\n");
    [head, armoured.as_bytes()].concat()
}

/// The result for a message, with this key.
fn opened(key: &[u8], message: &[u8]) -> String {
    let own = match OwnKey::import(key, None) {
        Ok(own) => own,
        Err(error) => return format!("no key of ours: {error}"),
    };
    let (opened, got) = open(&letter(message), &[&own], &[]);
    match opened.layers.first() {
        Some(Layer::Decrypted { .. }) => {
            let digits: Vec<u8> = body(&got).iter().copied().filter(|b| !b.is_ascii_whitespace()).collect();
            String::from_utf8(STANDARD.decode(digits).unwrap()).unwrap().trim_end().to_owned()
        }
        Some(Layer::Closed { why, .. }) => format!("closed: {why:?}"),
        other => format!("{other:?}"),
    }
}

/// The result for a file of keys.
fn keys(file: &[u8]) -> String {
    match PartnerKey::read(file) {
        Ok(keys) => {
            let encrypt = keys.iter().filter(|key| key.facts().encrypts).count();
            let revoked = keys.iter().filter(|key| key.facts().revoked).count();
            format!("{} keys, {encrypt} that encrypt, {revoked} revoked", keys.len())
        }
        Err(KeyError::Unknown) => "no keys: this is no certificate and no key".to_owned(),
        // Without the time of the check.
        Err(error) => format!("no keys: {}", error.to_string().split(" at time").next().unwrap_or_default()),
    }
}

#[test]
fn what_libraries_test_themselves_with_is_opened_as_the_table_says() {
    let all = all_packages();
    let mut seen = String::new();
    for line in TABLE.lines() {
        let columns: Vec<&str> = line.split('\t').collect();
        let [name, key, place, _] = columns.as_slice() else {
            seen.push_str(&format!("{line}\n"));
            continue;
        };
        let of_package = |place: &str| sample(&package(name, &all), place);
        let comes = match *key {
            "-" => keys(&of_package(place)),
            key => opened(&of_package(key), &of_package(place)),
        };
        seen.push_str(&format!("{name}\t{key}\t{place}\t{comes}\n"));
    }
    if std::env::var_os("SEALPOST_WRITE").is_some() {
        let table = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/partners/public_samples.tsv");
        std::fs::write(table, &seen).unwrap();
        return;
    }
    assert_eq!(TABLE, seen);
}
