//! TLS reports to domains about the previous day (RFC 8460): a good server, one with a wrong certificate under MTA-STS, one with a
//! policy in testing mode, one without TLS; by mail and by https, in the form of §4.4, and nothing else.

use std::io::Read as _;
use std::process::Command;

use mail_parser::{MessageParser, MimeHeaders as _};
use rig::dkim::verify_all;
use rig::dns::{Dns, Record};
use rig::gateway::{Home, binary};
use rig::ill_clock::IllClock;
use rig::process::{poll, run};
use rig::receiver::{Received, Receiver, Verdict};
use rig::{Authority, Config, Gateway, Hop, World, letters, web_file};
use rustix::process::Signal;
use serde_json::{Value, json};

use crate::dkim::published;

pub(crate) const DAY: i64 = 86_400;
pub(crate) const HOUR: i64 = 3_600;
const GZIP: &str = "application/tlsrpt+gzip";

/// The servers around a gateway, at noon (UTC) of the reported day. It is the next noon: a certificate issued now is valid then.
pub(crate) struct Around {
    pub(crate) world: World,
    pub(crate) dns: Dns,
    pub(crate) authority: Authority,
    pub(crate) clock: IllClock,
    noon: i64,
}

impl Around {
    pub(crate) fn new() -> Self {
        let (clock, noon) = (IllClock::new(), (DAY / 2 - IllClock::right()).rem_euclid(DAY));
        clock.set(noon);
        Self { world: World::new(), dns: Dns::new(), authority: Authority::new(), clock, noon }
    }

    /// Seconds after that noon.
    pub(crate) fn later(&self, seconds: i64) {
        self.clock.set(self.noon + seconds);
    }

    /// The reported day, in days since 1970.
    pub(crate) fn day(&self) -> i64 {
        (IllClock::right() + self.noon).div_euclid(DAY)
    }

    pub(crate) fn environment(&self) -> Vec<(String, String)> {
        self.world.environment(self.clock.environment())
    }

    /// Letters go directly to recipients' servers, and reports are sent; nothing is retried within the scenario.
    pub(crate) fn config(&self, hop: &Hop) -> Config {
        self.configured(Config::by_clock(hop, &self.clock))
    }

    /// The same over another one.
    pub(crate) fn configured(&self, mut config: Config) -> Config {
        World::lies_before(&mut config, self.dns.address());
        config
            .set("delivery", "retry", r#"["1 h"]"#)
            .set("delivery", "mta-sts", "true")
            .set("delivery", "roots", r#""ca.pem""#)
            .set("delivery.tls-reports", "organization-name", r#""Versicherung""#)
            .set("delivery.tls-reports", "contact", r#""tls@insurer.example""#)
            .set("retention", "clock-jump", r#""4000 days""#);
        config
    }

    pub(crate) fn start(&self, config: &Config, environment: &[(String, String)]) -> Gateway {
        let home = Home::new(config);
        let _ = self.authority.write(home.path());
        let gateway = Gateway::start_in_with(home, config, environment);
        gateway.knows_its_jobs();
        gateway
    }

    /// A domain with this mail server.
    pub(crate) fn domain(&self, domain: &str, server: &Hop) {
        let host = format!("mx.{domain}");
        self.dns.publish(domain, Record::Mx(host.clone()));
        self.dns.publish(&host, Record::A(self.world.host(25, server.address())));
    }

    /// The same at an address of the public internet, where reports may go.
    pub(crate) fn public_domain(&self, domain: &str, server: &Hop) {
        let host = format!("mx.{domain}");
        self.dns.publish(domain, Record::Mx(host.clone()));
        self.dns.publish(&host, Record::A(self.world.public_host(25, server.address())));
    }

    /// Its policy (RFC 8461).
    fn policy(&self, domain: &str, mode: &str) {
        let text = format!("version: STSv1\r\nmode: {mode}\r\nmx: mx.{domain}\r\nmax_age: 604800\r\n");
        let host = format!("mta-sts.{domain}");
        let server = web_file::serve(self.authority.issue(&[&host]).server(), &text);
        self.dns.publish(&host, Record::A(self.world.host(443, server)));
        self.dns.publish(&format!("_mta-sts.{domain}"), Record::Txt("v=STSv1; id=1;".to_owned()));
    }

    /// Where it asks for reports of its TLS.
    pub(crate) fn asks_for_reports(&self, domain: &str, places: &str) {
        let record = Record::Txt(format!("v=TLSRPTv1; rua={places}"));
        self.dns.publish(&format!("_smtp._tls.{domain}"), record);
    }

    /// A receiver of reports by https at `collect.example`.
    pub(crate) fn collector(&self) -> Receiver {
        let receiver = Receiver::named(&self.authority, "collect.example");
        receiver.script(|_| Verdict::Status(201));
        self.dns.publish("collect.example", Record::A(self.world.public_host(443, receiver.address)));
        receiver
    }

    /// A command by the same clock in the same world.
    pub(crate) fn sealpost(&self, gateway: &Gateway, args: &[&str]) -> String {
        let mut command = Command::new(binary());
        command.args(args).arg("--config").arg(gateway.home.config());
        command.current_dir(gateway.home.path()).envs(self.environment());
        let (code, out, err) = run(&mut command);
        assert_eq!(code, 0, "{args:?}: {out}{err}");
        format!("{out}{err}")
    }
}

/// A key that signs for insurer.example, and what it publishes.
pub(crate) fn signing(gateway: &Gateway) -> std::collections::HashMap<String, String> {
    let made = ["dkim", "create", "insurer.example", "--kind", "ed25519", "--selector", "e1"];
    let records = std::collections::HashMap::from([published(&gateway.said(&made))]);
    gateway.said(&["dkim", "use", "e1"]);
    gateway.process().signal(Signal::HUP);
    gateway.wait_logged("DKIM keys reloaded");
    records
}

/// Sends a letter there and waits until its session is counted.
pub(crate) fn send(gateway: &Gateway, to: &str, counted: i64) {
    gateway.smtp().letter("erika@insurer.example", &[to], &letters::plain("Brief", "Text")).expect("250 *");
    poll("the session to be counted", || {
        (gateway.count("SELECT coalesce(sum(sessions), 0) FROM tls_sessions") == counted).then_some(())
    });
}

fn unpacked(gzip: &[u8]) -> Value {
    let mut text = String::new();
    let _length = flate2::read::GzDecoder::new(gzip).read_to_string(&mut text).unwrap();
    serde_json::from_str(&text).unwrap()
}

/// A report by https.
pub(crate) fn posted(received: &Received) -> Value {
    assert_eq!(received.header("content-type"), GZIP);
    let report = unpacked(&received.body);
    is_of_the_form(&report);
    report
}

/// A report by mail (RFC 8460 §5.3).
pub(crate) fn mailed(bytes: &[u8], domain: &str) -> Value {
    let mail = MessageParser::new().parse(bytes).unwrap();
    let raw = |name: &str| letters::field(bytes, name).unwrap_or_else(|| panic!("no {name}"));
    assert_eq!(raw("TLS-Report-Domain").trim(), domain);
    assert_eq!(raw("TLS-Report-Submitter").trim(), "insurer.example");
    let kind = mail.content_type().unwrap();
    assert_eq!((kind.c_type.as_ref(), kind.subtype()), ("multipart", Some("report")));
    assert_eq!(kind.attribute("report-type"), Some("tlsrpt"));
    let [people, machines] = [1, 2].map(|at| mail.part(at).unwrap());
    assert!(people.is_text() && mail.parts.len() == 3);
    let text = mail.body_text(0).unwrap();
    assert!(text.contains("Dies ist ein Bericht") && text.contains("This is a report"), "{text}");
    let kind = machines.content_type().unwrap();
    assert_eq!(format!("{}/{}", kind.c_type, kind.subtype().unwrap()), GZIP);
    let report = unpacked(machines.contents());
    is_of_the_form(&report);
    let id = report["report-id"].as_str().unwrap();
    assert_eq!(
        mail.subject().unwrap().split_whitespace().collect::<Vec<_>>().join(" "),
        format!("Report Domain: {domain} Submitter: insurer.example Report-ID: <{id}>")
    );
    let (begin, end) = (&report["date-range"]["start-datetime"], &report["date-range"]["end-datetime"]);
    let seconds = |at: &Value| at.as_str().unwrap().parse::<jiff::Timestamp>().unwrap().as_second();
    let name = machines.attachment_name().unwrap();
    let expected = format!("insurer.example!{domain}!{}!{}!", seconds(begin), seconds(end));
    assert!(name.starts_with(&expected) && name.ends_with(".json.gz"), "{name}");
    report
}

/// RFC 8460 §4.4: every required field, of the right type, and no others.
fn is_of_the_form(report: &Value) {
    let only = |value: &Value, must: &[&str], may: &[&str]| {
        let keys: Vec<&str> = value.as_object().unwrap().keys().map(String::as_str).collect();
        assert!(must.iter().all(|key| keys.contains(key)), "{must:?} in {value}");
        assert!(keys.iter().all(|key| must.contains(key) || may.contains(key)), "{keys:?}");
    };
    let text = |value: &Value| assert!(value.as_str().is_some_and(|text| !text.is_empty()), "{value}");
    only(report, &["organization-name", "date-range", "contact-info", "report-id", "policies"], &[]);
    for key in ["organization-name", "contact-info", "report-id"] {
        text(&report[key]);
    }
    only(&report["date-range"], &["start-datetime", "end-datetime"], &[]);
    let at = |key: &str| report["date-range"][key].as_str().unwrap().parse::<jiff::Timestamp>().unwrap();
    let (begin, end) = (at("start-datetime").as_second(), at("end-datetime").as_second());
    assert!(begin % DAY == 0 && end - begin == DAY - 1, "a whole day of UTC: {report}");
    let policies = report["policies"].as_array().unwrap();
    assert!(!policies.is_empty());
    for one in policies {
        only(one, &["policy", "summary"], &["failure-details"]);
        let policy = &one["policy"];
        only(policy, &["policy-type", "policy-domain"], &["policy-string", "mx-host"]);
        text(&policy["policy-domain"]);
        let kind = policy["policy-type"].as_str().unwrap();
        assert!(["tlsa", "sts", "no-policy-found"].contains(&kind), "{kind}");
        for key in ["policy-string", "mx-host"] {
            policy.get(key).into_iter().for_each(|all| all.as_array().unwrap().iter().for_each(text));
        }
        let summary = &one["summary"];
        only(summary, &["total-successful-session-count", "total-failure-session-count"], &[]);
        let failed = summary["total-failure-session-count"].as_u64().unwrap();
        assert!(summary["total-successful-session-count"].is_u64());
        let mut details = 0;
        for detail in one.get("failure-details").into_iter().flat_map(|all| all.as_array().unwrap()) {
            let may = [
                "sending-mta-ip",
                "receiving-mx-hostname",
                "receiving-mx-helo",
                "receiving-ip",
                "additional-information",
                "failure-reason-code",
            ];
            only(detail, &["result-type", "failed-session-count"], &may);
            may.iter().filter_map(|key| detail.get(key)).for_each(text);
            for ip in ["sending-mta-ip", "receiving-ip"].iter().filter_map(|key| detail.get(key)) {
                let _address: std::net::IpAddr = ip.as_str().unwrap().parse().unwrap();
            }
            details += detail["failed-session-count"].as_u64().unwrap();
        }
        assert_eq!(details, failed, "{one}");
    }
    let all = report.to_string();
    assert!(
        !all.contains('@') || all.matches('@').count() == 2,
        "contact and id, and no other address: {all}"
    );
}

fn the_policy(report: &Value) -> &Value {
    let policies = report["policies"].as_array().unwrap();
    assert_eq!(policies.len(), 1, "{report}");
    &policies[0]
}

#[test]
fn domains_are_told_how_their_servers_spoke_tls() {
    let around = Around::new();
    let tls = |authority: &Authority, name: &str| Hop::with_tls(authority.issue(&[name]).server());
    let good = tls(&around.authority, "mx.good.example");
    let wrong = tls(&around.authority, "another.example");
    let tried = tls(&Authority::new(), "mx.tried.example");
    let (bare, reports) = (Hop::new(), Hop::new());
    for (domain, hop) in [
        ("good.example", &good),
        ("wrong.example", &wrong),
        ("tried.example", &tried),
        ("bare.example", &bare),
    ] {
        around.domain(domain, hop);
    }
    around.public_domain("reports.example", &reports);
    for (domain, mode) in
        [("good.example", "enforce"), ("wrong.example", "enforce"), ("tried.example", "testing")]
    {
        around.policy(domain, mode);
    }
    let collector = around.collector();
    around.asks_for_reports("good.example", "mailto:tls@reports.example");
    around.asks_for_reports("wrong.example", "https://collect.example/v1?x=y");
    around.asks_for_reports("tried.example", "mailto:tls@reports.example,https://collect.example/v1");
    let mut config = around.config(&bare);
    config.set("dkim", "keys", r#""dkim""#);
    let mut gateway = around.start(&config, &around.environment());
    let records = signing(&gateway);
    for (nth, domain) in (1..).zip(["good", "wrong", "tried", "bare"]) {
        send(&gateway, &format!("max.mustermann@{domain}.example"), nth);
    }
    let _arrived = (good.wait(1), tried.wait(1), bare.wait(1));
    assert!(wrong.delivered().is_empty(), "what the policy forbids waits");
    let day = around.day();
    // Recipients of letters are in no row.
    for sealed in rig::gateway::blobs(&gateway.home.data(), "SELECT facts_sealed FROM tls_sessions") {
        assert!(memchr::memmem::find(&sealed, b"example").is_none());
    }

    gateway.stop();
    around.later(DAY);
    let dry = around.sealpost(&gateway, &["jobs", "run", "tls-reports", "--dry-run"]);
    for words in [
        "good.example of ",
        "to mailto:tls@reports.example: 1 sessions under TLS as it asks, 0 not",
        "to https://collect.example/v1?x=y: 0 sessions under TLS as it asks, 1 not",
        "goes nowhere: the domain asks for none",
        // An unusable destination is ignored.
        "3 in all; nothing was done",
    ] {
        assert!(dry.contains(words), "{words}:\n{dry}");
    }
    // A busy receiver is tried again.
    collector.script(|_| Verdict::Status(503));
    gateway.restart();
    around.sealpost(&gateway, &["jobs", "run", "tls-reports"]);
    let about = |domain: &str| {
        let subject = format!("TLS-Report-Domain: {domain}");
        reports.wait_where("a report", |mail| mail.text().contains(&subject))
    };
    let mail = about("good.example");
    assert_eq!((mail.from(), mail.to()), ("", vec!["tls@reports.example"]));
    assert!(verify_all(&records, &mail.bytes), "{}", mail.text());
    let signature = letters::field(&mail.bytes, "DKIM-Signature").unwrap();
    assert!(signature.contains("TLS-Report-Domain") && !signature.contains("l="), "{signature}");
    let report = mailed(&mail.bytes, "good.example");
    assert_eq!(report["organization-name"], "Versicherung");
    assert_eq!(report["contact-info"], "tls@insurer.example");
    let begin = report["date-range"]["start-datetime"].as_str().unwrap().parse::<jiff::Timestamp>().unwrap();
    assert_eq!(begin.as_second(), day * DAY);
    let held = the_policy(&report);
    assert_eq!(held["policy"]["policy-type"], "sts");
    assert_eq!(held["policy"]["policy-domain"], "good.example");
    assert_eq!(held["policy"]["mx-host"], json!(["mx.good.example"]));
    let lines = ["version: STSv1", "mode: enforce", "mx: mx.good.example", "max_age: 604800"];
    assert_eq!(held["policy"]["policy-string"], json!(lines));
    assert_eq!(held["summary"]["total-successful-session-count"], 1);
    assert_eq!(held["summary"]["total-failure-session-count"], 0);

    let report = mailed(&about("tried.example").bytes, "tried.example");
    let held = the_policy(&report);
    assert_eq!(held["policy"]["policy-string"][1], "mode: testing");
    let detail = &held["failure-details"][0];
    assert_eq!(detail["result-type"], "certificate-not-trusted");
    assert_eq!(detail["receiving-mx-hostname"], "mx.tried.example");

    poll("both to be refused", || (collector.received().len() >= 2).then_some(()));
    let refused = collector.received();
    poll("the run to end", || {
        (gateway.count("SELECT count(*) FROM tls_submissions WHERE begun_at IS NULL AND attempts = 1") == 2)
            .then_some(())
    });
    collector.script(|_| Verdict::Status(201));
    around.later(DAY + HOUR);
    around.sealpost(&gateway, &["jobs", "run", "tls-reports"]);
    poll("both to be taken", || (gateway.count("SELECT count(*) FROM tls_submissions") == 0).then_some(()));
    let taken: Vec<Received> =
        collector.received().into_iter().filter(|one| one.verdict == Verdict::Status(201)).collect();
    assert_eq!(taken.len(), 2);
    assert!(
        taken.iter().all(|one| refused.iter().any(|first| first.body == one.body)),
        "the same, under one id"
    );
    let of = |domain: &str| {
        let all = taken.iter().map(posted);
        all.into_iter().find(|one| the_policy(one)["policy"]["policy-domain"] == domain).unwrap()
    };
    let report = of("wrong.example");
    let held = the_policy(&report);
    assert_eq!(held["summary"]["total-failure-session-count"], 1);
    let detail = &held["failure-details"][0];
    assert_eq!(detail["result-type"], "certificate-host-mismatch");
    assert!(detail["receiving-ip"].as_str().unwrap().starts_with("10.77.0."), "{detail}");
    let _also = of("tried.example");

    // Sent once; and nothing of the day is kept.
    assert_eq!(reports.delivered().len(), 2);
    assert_eq!(gateway.count(&format!("SELECT count(*) FROM tls_sessions WHERE day = {day}")), 0);
    assert_eq!(gateway.count("SELECT count(*) FROM tls_reported"), 4);
    let log = gateway.log();
    assert!(!log.contains("max.mustermann") && log.contains("a report on TLS is sent to a domain"), "{log}");
    gateway.sweep();
}
