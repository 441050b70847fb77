//! `sealpost dns`: the records to publish, and the comparison with those of name servers, simulated on
//! loopback.

use rig::dns::{Dns, Record};
use rig::gateway::Home;
use rig::{Authority, Config, Hop};

fn wire_name(name: &str) -> Vec<u8> {
    let labels = name.trim_end_matches('.').split('.');
    let mut bytes: Vec<u8> =
        labels.flat_map(|label| [&[label.len() as u8], label.as_bytes()].concat()).collect();
    bytes.push(0);
    bytes
}

/// Publishes a line that `sealpost dns` printed.
fn publish(server: &Dns, line: &str) {
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
            let hash = digits.map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap());
            let mut bytes: Vec<u8> = words[..3].iter().map(|word| word.parse().unwrap()).collect();
            bytes.extend(hash);
            (52, bytes)
        }
        other => panic!("{other}: {line}"),
    };
    server.add(name, Record::Raw(number, bytes));
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

    let server = Dns::new();
    let at = server.address().to_string();
    let check = || home.sealpost(&["dns", "--check", "--resolver", &at]);
    let (code, out, _) = check();
    assert_eq!(out.lines().filter(|line| line.starts_with("missing ")).count(), lines.len(), "{out}");
    assert_ne!(code, 0);
    lines.iter().for_each(|line| publish(&server, line));
    let (code, out, err) = check();
    assert_eq!(code, 0, "{out}{err}");
    assert_eq!(out.lines().filter(|line| line.starts_with("good ")).count(), lines.len(), "{out}");

    // Some names alone, as a monitor asks about what was changed.
    let (code, out, err) =
        home.sealpost(&["dns", "--check", "--resolver", &at, "_domainkey.insurer.example"]);
    let judged: Vec<&str> = out.lines().filter(|line| !line.starts_with(';')).collect();
    assert_eq!((code, judged.len()), (0, 2), "{out}{err}");
    assert!(judged.iter().all(|line| line.contains("._domainkey.insurer.example TXT")), "{out}");
    let (code, out, err) = home.sealpost(&["dns", "nobody.example"]);
    assert!(code != 0 && err.contains("nobody.example"), "{out}{err}");

    // One that is another, one that may be, one that is not there any more.
    server.forget("openpgpkey.insurer.example");
    publish(&server, "openpgpkey.insurer.example. IN CNAME wkd.elsewhere.example.");
    server.forget("_dmarc.insurer.example");
    publish(&server, "_dmarc.insurer.example. IN TXT \"v=DMARC1; p=none\"");
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
