//! A partner's OpenPGP key with later signatures of its holder: another expiry, another subkey, a revocation. The new
//! file is accepted directly: the holder's own signatures prove it, without a telephone call.

use rig::{Gateway, Hop, letters};

use super::{gpg, insurer, sealpost};

#[test]
fn a_renewed_key_takes_the_place_of_the_old_one_and_a_revoked_one_is_used_no_more() {
    let (world, inside) = (Hop::new(), Hop::new());
    let gateway = Gateway::start(&insurer(&world, &inside).0);
    let clinic = gpg::House::new("securemail@must.example");
    sealpost(&gateway, &["domain-key", "make", "insurer.example", "--name", "Insurer", "--kind", "openpgp"]);
    let add = |file: &std::path::Path| {
        sealpost(&gateway, &["partner", "add", "must.example", file.to_str().unwrap(), "--yes"])
    };
    add(&clinic.key());
    let (code, _, err) =
        gateway.sealpost(&["partner", "add", "must.example", clinic.key().to_str().unwrap(), "--yes"]);
    assert!(code != 0 && err.contains("has these keys already"), "{err}");

    clinic.expires_in("3y");
    let said = add(&clinic.key());
    assert!(said.contains("good for") && said.contains("renewed, and used for letters"), "{said}");

    clinic.revokes_its_key();
    let said = add(&clinic.key());
    assert!(said.contains("renewed, and not used: ") && said.contains("revoked"), "{said}");
    let refused =
        gateway.smtp().letter("e@insurer.example", &["d@must.example"], &letters::plain("Befund", "4711"));
    refused.expect("550 5.7.5 *");
    assert!(world.delivered().is_empty());
    let (code, trail, err) = gateway.sealpost(&["audit", "export"]);
    assert_eq!((code, trail.matches("partner.key-renewed").count()), (0, 2), "{trail}{err}");
    gateway.sweep();
}

/// What GnuPG wrote on the day the key was made, and its holder sends alone: no key, and a colon before the first line.
#[test]
fn a_bare_revocation_certificate_takes_its_own_key_back_and_no_other() {
    let (world, inside) = (Hop::new(), Hop::new());
    let gateway = Gateway::start(&insurer(&world, &inside).0);
    let (clinic, other) = (gpg::House::new("securemail@must.example"), gpg::House::new("a@other.example"));
    sealpost(&gateway, &["domain-key", "make", "insurer.example", "--name", "Insurer", "--kind", "openpgp"]);
    let add = |file: &std::path::Path| {
        gateway.sealpost(&["partner", "add", "must.example", file.to_str().unwrap(), "--yes"])
    };
    assert_ne!(add(&clinic.revocation()).0, 0, "of a key that is not here");
    assert_eq!(add(&clinic.key()).0, 0);
    let (code, _, err) = add(&other.revocation());
    assert!(code != 0 && err.contains(".rev"), "{err}");
    assert!(sealpost(&gateway, &["partner", "list"]).contains("1 of 1 keys usable"));
    let (code, said, err) = add(&clinic.revocation());
    assert!(code == 0 && said.contains("renewed, and not used: "), "{said}{err}");
    assert!(sealpost(&gateway, &["partner", "list"]).contains("0 of 1 keys usable"));
    let letter = letters::plain("Befund", "4711");
    gateway.smtp().letter("e@insurer.example", &["d@must.example"], &letter).expect("550 5.7.5 *");
    gateway.sweep();
}
