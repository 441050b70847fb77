//! An administrator's mistakes: each is reported with partner, certificate and remedy.

use rig::{Gateway, Hop, letters};

use super::out::path;
use super::{insurer, openssl, sealpost};

#[test]
fn mistakes_name_partner_certificate_and_mend() {
    let (world, inside) = (Hop::new(), Hop::new());
    let gateway = Gateway::start(&insurer(&world, &inside).0);
    let house = openssl::House::new("securemail@clinic.example");
    let refused = |args: &[&str], words: &[&str]| {
        let (code, out, err) = gateway.sealpost(args);
        assert_ne!(code, 0, "{args:?}\n{out}");
        for word in words {
            assert!(err.contains(word), "{args:?}: {word}:\n{err}");
        }
    };
    refused(
        &["partner", "add", "other.example", path(&house), "--yes"],
        &["other.example", "Clinic", "--other-name"],
    );
    refused(&["partner", "add", "clinic", path(&house), "--yes"], &["--for"]);
    let nothing = gateway.home.write("nothing.pem", b"no key at all");
    refused(
        &["partner", "add", "clinic.example", nothing.to_str().unwrap(), "--yes"],
        &["nothing.pem", "PEM"],
    );
    refused(&["partner", "show", "clinic.example"], &["sealpost partner list"]);
    refused(&["partner", "test", "clinic.example"], &["there is no partner"]);
    sealpost(&gateway, &["partner", "add", "clinic.example", path(&house), "--yes"]);
    refused(&["partner", "add", "clinic.example", path(&house), "--yes"], &["already"]);
    refused(&["partner", "test", "clinic.example"], &["domain-key make"]);
    refused(&["domain-key", "retire", "AB"], &["domain-key list"]);
    refused(&["partner", "suspend", "clinic.example", "0000"], &["sealpost partner show"]);
}

#[test]
fn explain_and_test_say_which_key_and_a_test_letter_arrives_encrypted() {
    let (world, inside) = (Hop::new(), Hop::new());
    let gateway = Gateway::start(&insurer(&world, &inside).0);
    let house = openssl::House::new("securemail@clinic.example");
    let mail = gateway.home.write("mail.eml", &letters::plain("x", "y"));
    let explain = || {
        let args =
            ["explain", mail.to_str().unwrap(), "--from", "a@insurer.example", "--to", "b@clinic.example"];
        sealpost(&gateway, &args)
    };
    assert!(
        explain().contains("is no partner's; deposited in the recipient's mailbox instead"),
        "{}",
        explain()
    );
    sealpost(&gateway, &["partner", "add", "clinic.example", path(&house), "--yes"]);
    sealpost(&gateway, &["domain-key", "make", "insurer.example", "--name", "Insurer"]);
    assert!(explain().contains("encrypted for clinic.example: S/MIME key"), "{}", explain());
    let sent = ["partner", "test", "clinic.example", "--from", "it@insurer.example", "--send"];
    assert!(sealpost(&gateway, &sent).contains("would be encrypted"));
    let letter = world.wait_to("postmaster@clinic.example");
    assert!(letter.text().contains("pkcs7-mime"), "{}", letter.text());
    sealpost(&gateway, &["partner", "remove", "clinic.example", "--yes"]);
    assert!(sealpost(&gateway, &["partner", "list"]).contains("0 partners"));
    gateway.sweep();
}

/// `openssl req -x509` says of what it makes that it is an authority.
#[test]
fn a_certificate_that_signed_itself_is_taken_as_tools_make_it() {
    let (world, inside) = (Hop::new(), Hop::new());
    let gateway = Gateway::start(&insurer(&world, &inside).0);
    let house = openssl::House::new("securemail@clinic.example");
    let (key, certificate) = (house.path("plain.key"), house.path("plain.crt"));
    let make = ["req", "-x509", "-nodes", "-newkey", "rsa:2048", "-days", "30", "-subj", "/CN=Clinic"];
    let files =
        ["-addext", "subjectAltName=email:mail@clinic.example", "-keyout", &key, "-out", &certificate];
    house.openssl(&[&make[..], &files].concat());
    let said = sealpost(&gateway, &["partner", "add", "clinic.example", &certificate, "--yes"]);
    assert!(said.contains("letters are encrypted for it"), "{said}");
    gateway.sweep();
}
