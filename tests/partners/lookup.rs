//! A partner's published keys are fetched: from another Sealpost's page over TLS, and from no host that must
//! not be contacted.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener};

use rig::{Authority, Config, Gateway, Hop, patient};

use super::sealpost;

const PAGE: &str = "https://localhost";

/// The partner: a Sealpost whose portal has a certificate for `localhost`.
fn partner(authority: &Authority) -> (Gateway, SocketAddr) {
    let hop = Hop::new();
    let mut config = Config::new(&hop);
    config.set("portal", "public-url", &format!("\"{PAGE}:{}\"", config.web.port()));
    config.set("portal", "certificate", r#""web.pem""#).set("portal", "key", r#""web.key""#);
    let home = rig::gateway::Home::new(&config);
    let _ = authority.issue(&["localhost"]).write(home.path(), "web");
    let gateway = Gateway::start_in(home, &config);
    for kind in ["smime-p256", "openpgp"] {
        let named = ["--name", "Clinic", "--kind", kind];
        sealpost(&gateway, &[&["domain-key", "make", "clinic.example"], &named[..]].concat());
    }
    let at = gateway.config.web;
    (gateway, at)
}

/// Us: partners on this machine may be asked, with this authority.
fn us(authority: &Authority, networks: &str) -> Gateway {
    let hop = Hop::new();
    let mut config = Config::new(&hop);
    config.set("partners", "lookup-roots", r#""ca.pem""#).set("partners", "lookup-networks", networks);
    let home = rig::gateway::Home::new(&config);
    let _ = authority.write(home.path());
    Gateway::start_in(home, &config)
}

fn fingerprints(gateway: &Gateway) -> Vec<String> {
    let listed = sealpost(gateway, &["domain-key", "list", "--json"]);
    let one =
        |line: &str| line.split("\"fingerprint\":\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
    listed.lines().map(one).collect()
}

#[test]
fn a_partners_page_gives_its_keys_and_the_fingerprint_told_on_the_telephone_takes_one() {
    let authority = Authority::new();
    let (theirs, at) = partner(&authority);
    let gateway = us(&authority, r#"["127.0.0.0/8", "::1/128"]"#);
    let from = format!("{PAGE}:{}/partner", at.port());
    let told = fingerprints(&theirs);

    let wrong = ["partner", "add", "clinic.example", "--from", &from, "--fingerprint", &"AB".repeat(32)];
    let (code, _, err) = gateway.sealpost(&wrong);
    assert!(code != 0 && err.contains("no key has that fingerprint"), "{err}");
    // The fingerprints are shown, and without a yes they are offers.
    let shown = sealpost(&gateway, &["partner", "add", "clinic.example", "--from", &from, "--offer"]);
    let digits: String = shown.chars().filter(char::is_ascii_hexdigit).collect();
    assert!(told.iter().all(|told| digits.contains(told.as_str())), "{told:?}\n{shown}");
    assert!(sealpost(&gateway, &["partner", "list"]).contains("0 of 2 keys usable"));
    sealpost(&gateway, &["partner", "remove", "clinic.example", "--yes"]);

    sealpost(&gateway, &["partner", "add", "clinic.example", "--from", &from, "--fingerprint", &told[0]]);
    let listed = sealpost(&gateway, &["partner", "show", "clinic.example", "--json"]);
    assert!(listed.contains(&told[0]) && !listed.contains(&told[1]), "{listed}");
    assert!(listed.contains("\"state\":\"trusted\"") && listed.contains("clinic.example.p7c"), "{listed}");
    gateway.sweep();
    theirs.sweep();
}

#[test]
fn nobody_is_asked_who_is_inside_or_cannot_prove_a_name_and_nothing_is_followed() {
    let authority = Authority::new();
    let (theirs, at) = partner(&authority);
    let refused = |gateway: &Gateway, from: &str, words: &str| {
        let (code, out, err) =
            gateway.sealpost(&["partner", "add", "clinic.example", "--from", from, "--offer"]);
        assert!(code != 0 && err.contains(words), "{from}: {words}:\n{out}{err}");
    };
    let page = format!("{PAGE}:{}/partner", at.port());
    refused(&us(&authority, "[]"), &page, "is no address of the public internet");
    let every = r#"["127.0.0.0/8", "::1/128"]"#;
    // Another authority's certificate.
    refused(&us(&Authority::new(), every), &page, "certificate");
    let gateway = us(&authority, every);
    for odd in [
        "http://localhost/partner",
        "https://127.0.0.1/partner",
        "https://a@localhost/x",
        "file:///etc/passwd",
    ] {
        refused(&gateway, odd, "only https");
    }
    refused(&gateway, &format!("{PAGE}:{}/partner/nothing.cer", at.port()), "publishes no key");

    let web = answering(
        &authority,
        "HTTP/1.1 302 Found\r\nLocation: https://localhost/x\r\nContent-Length: 0\r\n\r\n",
        0,
    );
    refused(&gateway, &format!("{PAGE}:{}/key.cer", web.port()), "--from");
    let web = answering(&authority, "HTTP/1.1 200 OK\r\n\r\n", 3 * 1024 * 1024);
    refused(&gateway, &format!("{PAGE}:{}/key.cer", web.port()), "too large");
    gateway.sweep();
    theirs.sweep();
}

/// A web server over TLS that sends this, followed by this many arbitrary octets, to the first client.
fn answering(authority: &Authority, says: &'static str, more: usize) -> SocketAddr {
    let socket = TcpListener::bind("127.0.0.1:0").unwrap();
    let at = socket.local_addr().unwrap();
    let config = authority.issue(&["localhost"]).server();
    std::thread::spawn(move || {
        let (mut tcp, _) = socket.accept().unwrap();
        let mut session = rustls::ServerConnection::new(config).unwrap();
        let mut tls = rustls::Stream::new(&mut session, &mut tcp);
        let mut asked = [0; 4096];
        let _read = patient::read(&mut tls, &mut asked);
        let _gone = tls.write_all(says.as_bytes()).and_then(|()| tls.write_all(&vec![0; more]));
        session.send_close_notify();
        let _gone = session.write_tls(&mut tcp);
        // Until the other side has hung up.
        let _end = tcp.read(&mut asked);
    });
    at
}
