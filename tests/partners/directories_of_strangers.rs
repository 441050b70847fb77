//! Directories that are not directories, slow, impersonated, or refer us elsewhere: the operator gets an
//! error and is free again, no other server is queried, and no letter waits.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener};
use std::sync::{Arc, Mutex};

use rig::process::poll;
use rig::slapd::{Slapd, Speaks, configure, person, referral};
use rig::{Authority, Config, Gateway, Hop, letters, patient};

use super::{openssl, sealpost};

/// A server that accepts connections, reads the first message and sends this.
struct Stranger {
    at: SocketAddr,
    /// What each has said first.
    heard: Arc<Mutex<Vec<Vec<u8>>>>,
}

impl Stranger {
    fn saying(answer: &[u8]) -> Self {
        let socket = TcpListener::bind("127.0.0.1:0").unwrap();
        let at = socket.local_addr().unwrap();
        let heard = Arc::<Mutex<Vec<Vec<u8>>>>::default();
        let (log, answer) = (Arc::clone(&heard), answer.to_vec());
        std::thread::spawn(move || {
            for tcp in socket.incoming() {
                let mut tcp = tcp.unwrap();
                let mut asked = [0; 4096];
                let length = patient::read(&mut tcp, &mut asked).unwrap_or_default();
                log.lock().unwrap().push(asked[..length].to_vec());
                let _gone = tcp.write_all(&answer);
                // Until the other side has hung up, with all that it says until then.
                let mut more = Vec::new();
                let _end = tcp.read_to_end(&mut more);
                log.lock().unwrap().last_mut().unwrap().extend(more);
            }
        });
        Self { at, heard }
    }

    fn ldap(&self) -> String {
        format!("ldap://localhost:{}", self.at.port())
    }

    fn heard(&self) -> Vec<Vec<u8>> {
        self.heard.lock().unwrap().clone()
    }
}

fn gateway(url: &str, more: &[(&str, &str)]) -> Gateway {
    let mut config = Config::new(&Hop::new());
    configure(&mut config, url);
    for (key, value) in more {
        config.set("[partners.ldap]", key, value);
    }
    let home = rig::gateway::Home::new(&config);
    let _ = Authority::new().write(home.path());
    Gateway::start_in(home, &config)
}

/// The message about a directory without a usable answer.
fn refused(url: &str, more: &[(&str, &str)], words: &str) {
    let gateway = gateway(url, more);
    let (code, out, err) = gateway.sealpost(&["partner", "add", "clinic.example", "--offer"]);
    assert!(code != 0 && err.contains(words), "{words}:\n{out}{err}");
    assert_eq!(err.matches("looked     ").count(), 1, "it was asked again:\n{err}");
    gateway.sweep();
}

/// `extendedResp` (RFC 4511 §4.12) to message 1, with this result.
fn to_start_tls(code: u8) -> Vec<u8> {
    vec![0x30, 0x0c, 0x02, 0x01, 0x01, 0x78, 0x07, 0x0a, 0x01, code, 0x04, 0x00, 0x04, 0x00]
}

/// `searchResDone`, well and empty.
const FOUND_NOTHING: [u8; 14] =
    [0x30, 0x0c, 0x02, 0x01, 0x01, 0x65, 0x07, 0x0a, 0x01, 0x00, 0x04, 0x00, 0x04, 0x00];

#[test]
fn who_takes_start_tls_away_hears_nothing_of_the_question() {
    let [unknown, injected, clear] = [
        Stranger::saying(&to_start_tls(2)),
        Stranger::saying(&[to_start_tls(0), FOUND_NOTHING.to_vec()].concat()),
        Stranger::saying(&to_start_tls(0)),
    ];
    refused(&unknown.ldap(), &[], "it does not begin TLS (ProtocolError), and nothing is asked in clear");
    refused(&injected.ldap(), &[], "said something in clear behind its answer to StartTLS");
    // It has said yes, and never begins.
    refused(&clear.ldap(), &[("deadline", r#""1 s""#)], "it took too long");
    for stranger in [&unknown, &injected, &clear] {
        let heard = stranger.heard().concat();
        assert!(heard.windows(22).any(|part| part == b"1.3.6.1.4.1.1466.20037"), "{heard:?}");
        assert!(!heard.windows(6).any(|part| part == b"clinic"), "{heard:?}");
    }
}

#[test]
fn what_is_no_directory_is_told_so() {
    let off = ("tls", r#""off""#);
    refused(&Stranger::saying(b"HTTP/1.1 400 Bad Request\r\n\r\n").ldap(), &[off], "is no answer of LDAP");
    refused(&Stranger::saying(&to_start_tls(0)).ldap(), &[off], "is no answer of LDAP");
    refused(&Stranger::saying(&[0x30, 0x84, 0x7f, 0xff, 0xff, 0xff]).ldap(), &[off], "it sent too much");
    refused(&Stranger::saying(&[0x30; 2_000_000]).ldap(), &[off], "is no answer of LDAP");
    let slow = Stranger::saying(b"");
    refused(&slow.ldap(), &[off, ("deadline", r#""1 s""#)], "it took too long");
    let tls = slow.ldap().replace("ldap:", "ldaps:");
    refused(&tls, &[("deadline", r#""1 s""#)], "it took too long");
}

#[test]
fn nobody_is_asked_to_whom_a_directory_refers() {
    let authority = Authority::new();
    let elsewhere = Stranger::saying(&FOUND_NOTHING);
    let house = openssl::House::new("dr.moor@clinic.example");
    let (pem, der) = (house.path("certificate.pem"), house.path("certificate.der"));
    house.openssl(&["x509", "-in", &pem, "-outform", "der", "-out", &der]);
    let certificate = std::fs::read(der).unwrap();
    let entries = [
        person("people", "dr.moor@clinic.example", &[("userCertificate;binary", &certificate)]),
        referral(&format!("{}/o=Clinic", elsewhere.ldap())),
    ];
    let directory = Slapd::new(&authority, Speaks::Clear, &entries);
    refused(&directory.ldap(), &[("tls", r#""off""#)], "referrals are not followed");
    // What it has itself counts.
    let gateway = gateway(&directory.ldap(), &[("tls", r#""off""#)]);
    sealpost(&gateway, &["partner", "add", "dr.moor@clinic.example", "--offer"]);
    assert!(sealpost(&gateway, &["partner", "list"]).contains("0 of 1 keys usable"));
    gateway.sweep();
    assert!(elsewhere.heard().is_empty());
}

#[test]
fn no_letter_asks_a_directory() {
    let (world, inside) = (Hop::new(), Hop::new());
    let slow = Stranger::saying(b"");
    let mut config = super::insurer(&world, &inside).0;
    configure(&mut config, &slow.ldap());
    let home = rig::gateway::Home::new(&config);
    let _ = Authority::new().write(home.path());
    let gateway = Gateway::start_in(home, &config);
    let letter = letters::plain("Befund", "Guten Tag");
    let taken = gateway.smtp().letter("erika.muster@insurer.example", &["doctor@clinic.example"], &letter);
    taken.expect("250 *");
    poll("the notice", || world.delivered().first().map(drop));
    assert!(slow.heard().is_empty());
    gateway.sweep();
}

#[test]
fn check_refuses_directories_that_cannot_be_meant() {
    let said = |key: &str, value: &str| {
        let mut config = Config::new(&Hop::new());
        configure(&mut config, "ldaps://ldap.clinic.example");
        config.set("[partners.ldap]", key, value);
        let home = rig::gateway::Home::new(&config);
        let _ = Authority::new().write(home.path());
        let (code, out, err) = home.sealpost(&["check"]);
        (code, format!("{out}{err}"))
    };
    for (key, value, words) in [
        ("url", r#""https://ldap.clinic.example""#, "a directory is ldaps://NAME or ldap://NAME"),
        ("url", r#""ldaps://10.1.2.3""#, "a directory is named, and not numbered"),
        ("tls", r#""off""#, "ldaps:// is TLS from the first octet"),
        ("filter", r#""(mail={mail})""#, "there is nothing to put at"),
        ("filter", r#""(objectClass=person)""#, "it is the same for every address"),
        ("filter", r#""mail={address}""#, "it cannot be read"),
        ("domains", "[]", "would be asked about nobody"),
        ("domains", r#"["clinic@example"]"#, "the domain is not allowed"),
        ("bind-dn", r#""cn=reader""#, "a name without a password"),
        ("deadline", r#""10 min""#, "too short or too long"),
        ("networks", r#"["clinic"]"#, "is no network"),
    ] {
        let (code, told) = said(key, value);
        assert!(code != 0 && told.contains(words), "{key} = {value}: {words}:\n{told}");
    }
    let (_, told) = said("ca", r#""gone.pem""#);
    assert!(told.contains("warning") && told.contains("could not prove itself"), "{told}");

    let mut login = Config::new(&Hop::new());
    configure(&mut login, "ldaps://ldap.clinic.example");
    login.set("[partners.ldap]", "bind-dn", r#""cn=reader""#).set(
        "[partners.ldap]",
        "password-file",
        r#""ldap.password""#,
    );
    let home = rig::gateway::Home::new(&login);
    let warned = |words: &str| {
        let (_, out, err) = home.sealpost(&["check"]);
        assert!(format!("{out}{err}").contains(words), "{words}:\n{out}{err}");
    };
    warned("ldap.password cannot be looked at");
    rig::gateway::mode(&home.write("ldap.password", b"4711"), 0o644);
    warned("ldap.password can be read by others");

    let mut clear = Config::new(&Hop::new());
    configure(&mut clear, "ldap://ldap.clinic.example");
    clear.set("[partners.ldap]", "tls", r#""off""#).set("[partners.ldap]", "bind-dn", r#""cn=reader""#).set(
        "[partners.ldap]",
        "password-file",
        r#""ldap.password""#,
    );
    let mut unasked = Config::new(&Hop::new());
    configure(&mut unasked, "ldaps://ldap.clinic.example");
    unasked.set("partners", "lookup", r#"["wkd"]"#);
    let mut nobody = Config::new(&Hop::new());
    nobody.set("partners", "lookup", r#"["ldap"]"#);
    for (config, words) in [
        (clear, "the password would be sent in clear"),
        (unasked, "a directory is named, and none is asked"),
        (nobody, "directories are to be asked, and none is named"),
    ] {
        let (code, out, err) = rig::gateway::Home::new(&config).sealpost(&["check"]);
        assert!(code != 0 && format!("{out}{err}").contains(words), "{words}:\n{out}{err}");
    }
}
