//! A domain with DANE (RFC 7672) gets a report on servers whose certificate differs from the published one,
//! though its own mail server is the broken one: a report is exempt from what it reports (RFC 8460 §5.3).

use hickory_resolver::proto::rr::RData;
use hickory_resolver::proto::rr::rdata::{A, MX, NS, TLSA, TXT};
use rig::gateway::Home;
use rig::process::poll;
use rig::signed_zones::{Zone, ZoneKey, name, serve};
use rig::{Authority, Gateway, Hop, tls};
use serde_json::json;

use crate::tls_reports::{Around, DAY, mailed, send, signing};

#[test]
fn a_domain_hears_that_its_server_is_not_the_one_it_publishes() {
    let around = Around::new();
    let (right, other) =
        (around.authority.issue(&["mx.right.example"]), Authority::new().issue(&["x.example"]));
    let (good, broken) = (Hop::with_tls(right.server()), Hop::with_tls(other.server()));
    let tlsa = || {
        let hex = tls::sha256_hex(&right.certificate);
        let bytes = (0..32).map(|at| u8::from_str_radix(&hex[2 * at..2 * at + 2], 16).unwrap());
        RData::TLSA(TLSA::new(3.into(), 0.into(), 1.into(), bytes.collect()))
    };
    let at = |hop: &Hop| RData::A(A(around.world.public_host(25, hop.address())));
    let [root, example, of_right, of_broken] = [(); 4].map(|()| ZoneKey::new());
    let ns = || RData::NS(NS(name("ns.")));
    let domain = |origin: &str, hop: &Hop, key: &ZoneKey| {
        let mx = format!("mx.{origin}");
        let record = format!("v=TLSRPTv1; rua=mailto:tls@{}", origin.trim_end_matches('.'));
        let records = [
            (origin.to_owned(), RData::MX(MX::new(10, name(&mx)))),
            (mx.clone(), at(hop)),
            (format!("_25._tcp.{mx}"), tlsa()),
            (format!("_smtp._tls.{origin}"), RData::TXT(TXT::new(vec![record]))),
        ];
        let records = records.iter().map(|(owner, data)| (owner.as_str(), data.clone())).collect();
        Zone::new(origin, records, Some(key))
    };
    let zones = vec![
        Zone::new(
            ".",
            vec![
                ("example.", ns()),
                ("example.", example.ds("example.")),
                ("ns.", RData::A(A::new(192, 0, 2, 53))),
            ],
            Some(&root),
        ),
        Zone::new(
            "example.",
            vec![
                ("right.example.", ns()),
                ("right.example.", of_right.ds("right.example.")),
                ("broken.example.", ns()),
                ("broken.example.", of_broken.ds("broken.example.")),
            ],
            Some(&example),
        ),
        domain("right.example.", &good, &of_right),
        domain("broken.example.", &broken, &of_broken),
    ];
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let server = runtime.block_on(serve(zones));
    let mut config = around.config(&good);
    config
        .set("delivery", "name-servers", &format!("[\"{server}\"]"))
        .set("delivery", "mta-sts", "false")
        .set("delivery", "dane", "true")
        .set("delivery", "trust-anchor", r#""root.key""#)
        .set("dkim", "keys", r#""dkim""#);
    let home = Home::new(&config);
    let _ = around.authority.write(home.path());
    std::fs::write(home.path().join("root.key"), format!(". 60 IN DNSKEY {}\n", root.record)).unwrap();
    let gateway = Gateway::start_in_with(home, &config, &around.environment());
    gateway.knows_its_jobs();
    let _records = signing(&gateway);
    send(&gateway, "max@right.example", 1);
    send(&gateway, "max@broken.example", 2);
    assert_eq!(good.wait(1).len(), 1);
    assert!(broken.delivered().is_empty(), "the letter waits");

    around.later(DAY);
    around.sealpost(&gateway, &["jobs", "run", "tls-reports"]);
    let shown = json!([format!("3 0 1 {}", tls::sha256_hex(&right.certificate))]);
    for (domain, hop, failed) in [("right.example", &good, 0), ("broken.example", &broken, 1)] {
        let to = format!("tls@{domain}");
        let report = mailed(&hop.wait_to(&to).bytes, domain);
        let held = report["policies"].as_array().unwrap();
        assert_eq!(held.len(), 1, "{report}");
        assert_eq!(held[0]["policy"]["policy-type"], "tlsa");
        assert_eq!(held[0]["policy"]["policy-string"], shown);
        assert_eq!(held[0]["summary"]["total-failure-session-count"], failed, "{report}");
        assert_eq!(held[0]["summary"]["total-successful-session-count"], 1 - failed, "{report}");
        if failed == 1 {
            let detail = &held[0]["failure-details"][0];
            assert_eq!(detail["result-type"], "certificate-not-trusted");
            assert_eq!(detail["receiving-mx-hostname"], "mx.broken.example");
        }
    }
    // The report's own session is not counted.
    poll("nothing of the report to be left", || {
        (gateway.count("SELECT count(*) FROM legs WHERE purpose = 'report'") == 0).then_some(())
    });
    let day = around.day();
    let today = format!("SELECT coalesce(sum(sessions), 0) FROM tls_sessions WHERE day > {day}");
    assert!(gateway.count(&today) <= 1, "but for the letter that was tried again");
    gateway.sweep();
}
