//! `sealpost dns`: what is to be published, and how it compares with what name servers say. They are one on loopback.

use std::collections::HashMap;
use std::net::{SocketAddr, UdpSocket};
use std::sync::{Arc, Mutex};

use rig::gateway::Home;
use rig::{Authority, Config, Hop};

/// TXT, CNAME, MX and TLSA by name and kind, as data on the wire.
type Zone = Arc<Mutex<HashMap<(String, u16), Vec<Vec<u8>>>>>;

/// A name server that knows what it was told and denies the rest (RFC 1035 §4).
struct NameServer {
    address: SocketAddr,
    zone: Zone,
}

fn number(bytes: &[u8]) -> u16 {
    u16::from_be_bytes([bytes[0], bytes[1]])
}

/// The name at `at`, and where it ends.
fn name(query: &[u8], mut at: usize) -> (String, usize) {
    let mut labels = Vec::new();
    loop {
        let length = usize::from(query[at]);
        if length == 0 {
            return (labels.join("."), at + 1);
        }
        labels.push(String::from_utf8_lossy(&query[at + 1..at + 1 + length]).to_lowercase());
        at += 1 + length;
    }
}

fn wire_name(name: &str) -> Vec<u8> {
    let labels = name.trim_end_matches('.').split('.');
    let mut bytes: Vec<u8> =
        labels.flat_map(|label| [&[label.len() as u8], label.as_bytes()].concat()).collect();
    bytes.push(0);
    bytes
}

fn answer(zone: &Zone, query: &[u8]) -> Vec<u8> {
    let (asked, end) = name(query, 12);
    let kind = number(&query[end..]);
    let zone = zone.lock().unwrap();
    let found = zone.get(&(asked.clone(), kind)).cloned().unwrap_or_default();
    let exists = zone.keys().any(|(known, _)| *known == asked);
    let code = if exists { 0x8580_u16 } else { 0x8583 };
    let mut out = [&query[..2], &code.to_be_bytes(), &[0, 1, 0, found.len() as u8, 0, 0, 0, 0]].concat();
    out.extend_from_slice(&query[12..end + 4]);
    for data in found {
        out.extend_from_slice(&[0xc0, 12]);
        out.extend_from_slice(&kind.to_be_bytes());
        out.extend_from_slice(&[0, 1, 0, 0, 0, 60]);
        out.extend_from_slice(&(data.len() as u16).to_be_bytes());
        out.extend_from_slice(&data);
    }
    out
}

impl NameServer {
    fn start() -> Self {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        let (address, zone) = (socket.local_addr().unwrap(), Zone::default());
        let known = Arc::clone(&zone);
        // Ends with the test's process.
        std::thread::spawn(move || {
            let mut query = [0; 1500];
            loop {
                match socket.recv_from(&mut query) {
                    Ok((length, from)) => {
                        let _gone = socket.send_to(&answer(&known, &query[..length]), from);
                    }
                    Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                    Err(_) => return,
                }
            }
        });
        Self { address, zone }
    }

    /// Publishes a line that `sealpost dns` printed.
    fn publish(&self, line: &str) {
        let (name, rest) = line.split_once(". IN ").unwrap();
        let (kind, data) = rest.split_once(' ').unwrap();
        let (number, bytes) = match kind {
            "TXT" => {
                let strings = data.split('"').skip(1).step_by(2);
                (16, strings.flat_map(|text| [&[text.len() as u8], text.as_bytes()].concat()).collect())
            }
            "CNAME" => (5, wire_name(data)),
            "MX" => {
                let (preference, host) = data.split_once(' ').unwrap();
                let preference: u16 = preference.parse().unwrap();
                (15, [&preference.to_be_bytes()[..], &wire_name(host)].concat())
            }
            "TLSA" => {
                let words: Vec<&str> = data.split(' ').collect();
                let digits = words[3].as_bytes().chunks(2);
                let hash =
                    digits.map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap());
                let mut bytes: Vec<u8> = words[..3].iter().map(|word| word.parse().unwrap()).collect();
                bytes.extend(hash);
                (52, bytes)
            }
            other => panic!("{other}: {line}"),
        };
        let mut zone = self.zone.lock().unwrap();
        zone.entry((name.to_lowercase(), number)).or_default().push(bytes);
    }

    fn forget(&self, name: &str) {
        self.zone.lock().unwrap().retain(|(known, _), _| known != name);
    }
}

fn records(text: &str) -> Vec<String> {
    text.lines().filter(|line| !line.starts_with(';')).map(str::to_owned).collect()
}

#[test]
fn every_record_is_printed_and_what_is_published_is_compared_with_it() {
    let hop = Hop::new();
    let mut config = Config::new(&hop);
    config
        .set("dkim", "keys", r#""dkim""#)
        .set("delivery", "route", r#""mx""#)
        .set("delivery", "reports", r#""world""#)
        .set("partners", "hop", r#""world""#)
        .set("portal", "public-url", r#""https://mail.insurer.example""#)
        .set("security-txt", "contact", r#"["mailto:security@insurer.example"]"#)
        .set("security-txt", "expires", "2099-01-01");
    let _world = config.listener("world");
    config
        .set("[listener]", "domains", r#"["insurer.example"]"#)
        .set("[listener]", "tls", r#""starttls""#)
        .set("[listener]", "certificate", r#""gate.pem""#)
        .set("[listener]", "key", r#""gate.key""#);
    let home = Home::new(&config);
    let _ = Authority::new().issue(&["mailgate.insurer.example"]).write(home.path(), "gate");
    let said = |args: &[&str]| {
        let (code, out, err) = home.sealpost(args);
        assert_eq!(code, 0, "{args:?}: {out}{err}");
        out
    };
    for kind in ["rsa", "ed25519"] {
        said(&["dkim", "create", "insurer.example", "--kind", kind, "--selector", kind]);
    }
    let printed = said(&["dns"]);
    let lines = records(&printed);
    for line in [
        "insurer.example. IN TXT \"v=spf1 a:mailgate.insurer.example -all\"",
        "_dmarc.insurer.example. IN TXT \"v=DMARC1; p=quarantine;",
        "rsa._domainkey.insurer.example. IN TXT ( \"v=DKIM1; k=rsa; p=MII",
        "ed25519._domainkey.insurer.example. IN TXT \"v=DKIM1; k=ed25519; p=",
        "sealpost._domainkey.mailgate.insurer.example. IN TXT \"v=DKIM1; k=ed25519; p=",
        "insurer.example. IN MX 10 mailgate.insurer.example.",
        "_mta-sts.insurer.example. IN TXT \"v=STSv1; id=",
        "_25._tcp.mailgate.insurer.example. IN TLSA 3 1 1 ",
        "openpgpkey.insurer.example. IN CNAME mail.insurer.example.",
        "_security.mail.insurer.example. IN TXT \"security_contact=mailto:security@insurer.example\"",
    ] {
        assert!(lines.iter().any(|printed| printed.starts_with(line)), "{line}:\n{printed}");
    }

    let server = NameServer::start();
    let at = server.address.to_string();
    let check = || home.sealpost(&["dns", "--check", "--resolver", &at]);
    let (code, out, _) = check();
    assert_eq!(out.lines().filter(|line| line.starts_with("missing ")).count(), lines.len(), "{out}");
    assert_ne!(code, 0);
    lines.iter().for_each(|line| server.publish(line));
    let (code, out, err) = check();
    assert_eq!(code, 0, "{out}{err}");
    assert_eq!(out.lines().filter(|line| line.starts_with("good ")).count(), lines.len(), "{out}");

    // One that is another, one that may be, one that is not there any more.
    server.forget("openpgpkey.insurer.example");
    server.publish("openpgpkey.insurer.example. IN CNAME wkd.elsewhere.example.");
    server.forget("_dmarc.insurer.example");
    server.publish("_dmarc.insurer.example. IN TXT \"v=DMARC1; p=none\"");
    server.forget("rsa._domainkey.insurer.example");
    let (code, out, _) = check();
    assert_ne!(code, 0);
    for line in [
        "differs  openpgpkey.insurer.example CNAME: there is wkd.elsewhere.example",
        "look     _dmarc.insurer.example TXT: p=none",
        "missing  rsa._domainkey.insurer.example TXT; publish: rsa._domainkey.insurer.example. IN TXT",
    ] {
        assert!(out.lines().any(|said| said.starts_with(line)), "{line}:\n{out}");
    }
}
