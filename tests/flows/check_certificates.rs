//! `sealpost check` loads every TLS file as `serve` does, and reports what others will reject in our
//! certificates.

use rig::gateway::Home;
use rig::tls::Identity;
use rig::{Authority, Config, Hop};

const GATE: &str = "mailgate.insurer.example";
const PORTAL: &str = "securemail.insurer.example";

/// A change of the files and the configuration.
type Change<'a> = &'a dyn Fn(&Authority, &mut Config, &Home);

fn check(change: Change<'_>) -> (i32, String) {
    let (hop, authority) = (Hop::new(), Authority::new());
    let mut config = Config::new(&hop);
    config
        .unset("notices", "show-subject")
        .set("portal", "public-url", &format!("\"https://{PORTAL}\""))
        .set("portal", "certificate", "\"portal.pem\"")
        .set("portal", "key", "\"portal.key\"")
        .set("[listener]", "tls", "\"starttls\"")
        .set("[listener]", "certificate", "\"gate.pem\"")
        .set("[listener]", "key", "\"gate.key\"")
        .set("hops.world", "tls", "\"starttls\"")
        .set("hops.world", "ca", "\"ca.pem\"");
    let home = Home::new(&config);
    let _ = authority.write(home.path());
    write(&authority.issue(&[GATE]), &home, "gate");
    write(&authority.issue(&[PORTAL]), &home, "portal");
    change(&authority, &mut config, &home);
    home.write("gateway.toml", config.text().as_bytes());
    let (code, out, err) = home.sealpost(&["check"]);
    (code, format!("{out}{err}"))
}

fn write(identity: &Identity, home: &Home, name: &str) {
    let _ = identity.write(home.path(), name);
}

#[test]
fn what_serve_could_not_load_is_refused() {
    let (code, said) = check(&|_, _, _| {});
    assert!(code == 0 && !said.contains("the certificate"), "{said}");
    let cases: [(&str, Change<'_>); 6] = [
        ("portal.key", &|authority, _, home| {
            // A key of another certificate.
            let (certificate, _) = authority.issue(&[PORTAL]).write(home.path(), "other");
            std::fs::rename(certificate, home.path().join("portal.pem")).unwrap();
        }),
        ("portal.pem", &|_, _, home| std::fs::remove_file(home.path().join("portal.pem")).unwrap()),
        ("portal.pem", &|_, _, home| drop(home.write("portal.pem", b"nonsense"))),
        ("portal.key", &|_, _, home| {
            let text = "-----BEGIN ENCRYPTED PRIVATE KEY-----\nMIIB\n-----END ENCRYPTED PRIVATE KEY-----\n";
            std::fs::write(home.path().join("portal.key"), text).unwrap();
        }),
        ("ca.pem", &|_, _, home| drop(home.write("ca.pem", b"# nobody yet\n"))),
        ("gate.pem", &|_, _, home| drop(home.write("gate.pem", b""))),
    ];
    for (at, (file, change)) in cases.into_iter().enumerate() {
        let (code, said) = check(change);
        assert!(code != 0 && said.contains(file), "{at}: {said}");
    }
}

#[test]
fn what_others_will_object_to_is_said() {
    let cases: [(&str, Change<'_>); 9] = [
        ("expired 3 days ago", &|authority, _, home| {
            write(&authority.issue_between(&[GATE], -90, -3), home, "gate")
        }),
        ("expired 3 days ago", &|authority, _, home| {
            write(&authority.issue_between(&[PORTAL], -90, -3), home, "portal");
        }),
        ("not valid yet", &|authority, _, home| {
            write(&authority.issue_between(&[GATE], 3, 90), home, "gate")
        }),
        ("not valid yet", &|authority, _, home| {
            write(&authority.issue_between(&[PORTAL], 3, 90), home, "portal")
        }),
        ("ends in ", &|authority, _, home| {
            write(&authority.issue_between(&[PORTAL], -88, 2), home, "portal")
        }),
        ("is not for mailgate.insurer.example", &|authority, _, home| {
            write(&authority.issue(&["mail.other.example"]), home, "gate");
        }),
        ("is not for securemail.insurer.example", &|authority, _, home| {
            write(&authority.issue(&[GATE]), home, "portal");
        }),
        ("never offers TLS", &|_, config, _| {
            config.unset("[listener]", "tls");
        }),
        ("expired 3 days ago", &|authority, config, home| {
            write(&authority.issue_between(&[GATE], -90, -3), home, "own");
            config.set("hops.world", "certificate", "\"own.pem\"").set("hops.world", "key", "\"own.key\"");
        }),
    ];
    for (at, (words, change)) in cases.into_iter().enumerate() {
        let (code, said) = check(change);
        assert!(
            code == 0 && said.contains("warning") && said.contains(words),
            "{at}: no `{words}` in {said}"
        );
    }
    // Made for days, and renewed in time.
    let (code, said) =
        check(&|authority, _, home| write(&authority.issue_between(&[PORTAL], -3, 4), home, "portal"));
    assert!(code == 0 && !said.contains("ends in"), "{said}");
}
