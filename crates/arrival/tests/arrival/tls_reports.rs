//! TLS reports to domains (RFC 8460): once per day, to every receiver that the domain names, with a null
//! reverse-path.

use std::time::Duration;

use sealpost_arrival::reminder::Mailing;
use sealpost_arrival::send_tls_report;
use sealpost_delivery::{
    DeliveryConfig, NameServers, Purpose, ReportTo, Route, TlsReport, TlsReportTerms, TlsReporter, day_of,
};
use sealpost_mail::{Timestamp, hex};
use sealpost_notice::Language;
use sealpost_store::{LegPurpose, TlsSessionRow};
use sealpost_vault::Label;

use crate::rig::{DAY, NOW, Rig, address};

const DOMAIN: &str = "clinic.example";

fn reporter(rig: &Rig, languages: &[Language]) -> TlsReporter {
    let from = ("Sealpost".to_owned(), address("tls@gw.example"));
    let mut config = DeliveryConfig::new("gw.example", from, Route::Mx);
    config.name_servers =
        NameServers { servers: vec!["127.0.0.1:9".parse().unwrap()], ..NameServers::default() };
    config.report_languages = languages.to_vec();
    config.tls_reports = Some(TlsReportTerms {
        organization: "Die Versicherung".to_owned(),
        contact: address("post@insurer.example"),
    });
    TlsReporter::new(&config, rig.keys.spool.clone()).unwrap().unwrap()
}

/// Yesterday, and the domain.
fn key(rig: &Rig) -> (i64, [u8; 32]) {
    let day = day_of(NOW) - 1;
    (day, rig.keys.spool.tls_report_tag(DOMAIN, day))
}

/// Five successful sessions, as counted by delivery.
fn report(rig: &Rig, reporter: &TlsReporter) -> TlsReport {
    let ((day, report_tag), tag) = (key(rig), [7; 32]);
    let seen = format!(r#"{{"domain":"{DOMAIN}","policy":{{"kind":"no-policy-found"}},"end":"secured"}}"#);
    let bound = format!("{} {day}", hex(&tag));
    let facts_sealed = rig.keys.spool.seal(Label::TlsSessions, &bound, seen.as_bytes(), &*rig.random);
    let row = TlsSessionRow { tag, report_tag, day, facts_sealed, sessions: 5 };
    reporter.write(&reporter.tally(&[row]).unwrap()).unwrap()
}

async fn submissions(rig: &Rig) -> usize {
    rig.store.tls_submissions(Timestamp(NOW.0).plus(DAY)).await.unwrap().len()
}

#[tokio::test]
async fn a_report_leaves_by_mail_once_and_nothing_comes_back() {
    let rig = Rig::new();
    let reporter = reporter(&rig, &[Language::De]);
    let report = report(&rig, &reporter);
    let places = [ReportTo::parse("mailto:tls-reports@clinic.example").unwrap()];
    let send = async || {
        send_tls_report(rig.context(), &reporter, key(&rig), Some((&report, &places)), NOW).await.unwrap()
    };
    assert_eq!(send().await, Mailing::Queued);
    assert_eq!(send().await, Mailing::Already, "another node was faster");
    let leg = rig.leg_to("tls-reports@clinic.example").await;
    assert_eq!((leg.from().as_str(), leg.row.purpose), ("<>", LegPurpose::Report));
    assert_eq!((leg.ticket.purpose.clone(), leg.ticket.route.clone()), (Purpose::TlsReport, Route::Mx));
    let tried = Duration::from_millis((leg.row.expires_at.0 - NOW.0).unsigned_abs());
    assert!(tried <= DAY, "RFC 8460 §5.5: {tried:?}");
    let (head, rest) = (leg.head(), rig.rest(&leg).await);
    // RFC 8460 §5.3.
    assert!(head.contains("TLS-Report-Domain: clinic.example"), "{head}");
    assert!(head.contains("TLS-Report-Submitter: gw.example"), "{head}");
    assert!(rest.contains("application/tlsrpt+gzip") && rest.contains("Verbindungen"), "{rest}");
    assert!(!rest.contains("our connections"), "in the operator's languages: {rest}");
}

#[tokio::test]
async fn each_place_that_a_domain_names_gets_it() {
    let rig = Rig::new();
    let reporter = reporter(&rig, &[Language::En]);
    let report = report(&rig, &reporter);
    let places = [
        ReportTo::parse("mailto:a@clinic.example").unwrap(),
        ReportTo::parse("https://tls.clinic.example/report").unwrap(),
        ReportTo::parse("mailto:b@clinic.example").unwrap(),
    ];
    let sent = send_tls_report(rig.context(), &reporter, key(&rig), Some((&report, &places)), NOW).await;
    assert_eq!(sent.unwrap(), Mailing::Queued);
    assert_eq!(rig.queued_to().await, ["a@clinic.example", "b@clinic.example"]);
    assert_eq!(submissions(&rig).await, 1);
    let again = send_tls_report(rig.context(), &reporter, key(&rig), Some((&report, &places)), NOW).await;
    assert_eq!(again.unwrap(), Mailing::Already);
    assert_eq!((rig.legs().await.len(), submissions(&rig).await), (2, 1), "all of it once");
}

#[tokio::test]
async fn a_domain_that_wants_to_hear_nothing_is_asked_once() {
    let rig = Rig::new();
    let reporter = reporter(&rig, &[Language::En]);
    assert_eq!(
        send_tls_report(rig.context(), &reporter, key(&rig), None, NOW).await.unwrap(),
        Mailing::Queued
    );
    let report = report(&rig, &reporter);
    let places = [ReportTo::parse("mailto:a@clinic.example").unwrap()];
    let late = send_tls_report(rig.context(), &reporter, key(&rig), Some((&report, &places)), NOW).await;
    assert_eq!(late.unwrap(), Mailing::Already, "it is settled for that day");
    assert!(rig.legs().await.is_empty());
    // Another day is another report.
    let day = day_of(NOW);
    let next = (day, rig.keys.spool.tls_report_tag(DOMAIN, day));
    let next = send_tls_report(rig.context(), &reporter, next, Some((&report, &places)), NOW).await;
    assert_eq!(next.unwrap(), Mailing::Queued);
}
