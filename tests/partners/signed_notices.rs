//! Notices with an S/MIME signature: verified by real openssl and gpgsm, and readable as before.

use std::path::Path;
use std::process::Command;

use rig::gateway::{Home, mode};
use rig::process::run;
use rig::{Config, Gateway, Hop, letters};

use super::openssl;

/// The signed part as it was signed, and the signature in DER.
fn parts(mail: &[u8]) -> (Vec<u8>, Vec<u8>) {
    let text = String::from_utf8(mail.to_vec()).unwrap();
    let boundary = text.split("boundary=\"").nth(1).unwrap().split('"').next().unwrap();
    let (line, text) = (format!("--{boundary}\r\n"), &text);
    let pieces: Vec<&str> = text.split(&line).collect();
    let signed = pieces[1].strip_suffix("\r\n").unwrap();
    let base64: String = pieces[2].split("\r\n\r\n").nth(1).unwrap().split("--").next().unwrap().to_owned();
    let folder = tempfile::tempdir().unwrap();
    let (from, to) = (folder.path().join("signature.b64"), folder.path().join("signature.der"));
    std::fs::write(&from, base64.replace("\r\n", "\n")).unwrap();
    let (code, _, err) =
        run(Command::new("openssl").args(["base64", "-d", "-in"]).arg(&from).arg("-out").arg(&to));
    assert_eq!(code, 0, "{err}");
    (signed.as_bytes().to_vec(), std::fs::read(to).unwrap())
}

/// The output of gpgsm, with this certificate trusted.
fn gpgsm(certificate: &Path, signed: &[u8], signature: &[u8]) -> String {
    let home = tempfile::Builder::new().prefix("g").tempdir_in("/tmp").unwrap();
    let fingerprint = run(Command::new("openssl")
        .args(["x509", "-noout", "-fingerprint", "-sha1", "-in"])
        .arg(certificate));
    let fingerprint = fingerprint.1.split('=').nth(1).unwrap().trim().to_owned();
    std::fs::write(home.path().join("trustlist.txt"), format!("{fingerprint} S relax\n")).unwrap();
    let of = |name: &str, bytes: &[u8]| {
        let path = home.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        path
    };
    let (data, signature) = (of("signed", signed), of("signature", signature));
    let call = |args: &[&std::ffi::OsStr]| {
        let mut gpgsm = Command::new("gpgsm");
        gpgsm.args(["--batch", "--no-tty", "--disable-crl-checks", "--homedir"]).arg(home.path());
        run(gpgsm.args(args))
    };
    let (_, out, err) = call(&["--import".as_ref(), certificate.as_os_str()]);
    let said = call(&["--verify".as_ref(), signature.as_os_str(), data.as_os_str()]);
    let _ = run(Command::new("gpgconf").arg("--homedir").arg(home.path()).args(["--kill", "all"]));
    format!("{}\n{out}{err}{}", said.0, said.2)
}

#[test]
fn a_notice_is_signed_for_the_address_it_is_from() {
    let world = Hop::new();
    let house = openssl::House::new("securemail@insurer.example");
    let mut config = Config::new(&world);
    config.set("notices", "from", r#""securemail@insurer.example""#).set(
        "notices",
        "signing-key",
        r#""notices.pem""#,
    );
    let home = Home::new(&config);
    let read = |name: &str| std::fs::read(house.path(name)).unwrap();
    let key = home.write("notices.pem", &[read("key.pem"), read("certificate.pem")].concat());
    // Others could sign with it.
    mode(&key, 0o644);
    let (code, _, err) = home.sealpost(&["check"]);
    assert!(code != 0 && err.contains("others can read it"), "{err}");
    mode(&key, 0o600);
    let gateway = Gateway::start_in(home, &config);
    let letter = letters::plain("[vertraulich] Akte", "streng geheim");
    gateway.smtp().letter("erika@insurer.example", &["max@web.example"], &letter).expect("250 *");
    let notice = world.wait_to("max@web.example");
    assert!(
        notice.text().contains("multipart/signed") && notice.text().contains("Auto-Submitted"),
        "{}",
        notice.text()
    );

    let (mail, opened) = (house.write("notice.eml", &notice.bytes), house.path("opened.txt"));
    let certificate = house.certificate();
    let root = certificate.to_str().unwrap();
    house.openssl(&["cms", "-verify", "-in", &mail, "-CAfile", root, "-purpose", "any", "-out", &opened]);
    assert!(std::fs::read_to_string(&opened).unwrap().contains("Content-Type: multipart/alternative"));
    let (signed, signature) = parts(&notice.bytes);
    let said = gpgsm(&certificate, &signed, &signature);
    assert!(said.contains("Good signature"), "{said}");
    gateway.sweep();
}

#[test]
fn a_certificate_for_another_address_is_no_key_for_notices() {
    let world = Hop::new();
    let house = openssl::House::new("somebody@insurer.example");
    let mut config = Config::new(&world);
    config.set("notices", "signing-key", r#""notices.pem""#);
    let home = Home::new(&config);
    let read = |name: &str| std::fs::read(house.path(name)).unwrap();
    let key = home.write("notices.pem", &[read("key.pem"), read("certificate.pem")].concat());
    mode(&key, 0o600);
    let (code, _, err) = home.sealpost(&["check"]);
    assert!(code != 0 && err.contains("is no certificate for"), "{err}");
}
