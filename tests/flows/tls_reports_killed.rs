//! The service is killed when a report is recorded, and when it was submitted but that is not recorded: it is
//! sent once.

use rig::ill_end::IllEnd;
use rig::process::poll;
use rig::{Config, Hop};

use crate::tls_reports::{Around, DAY, HOUR, mailed, posted, send, signing};

#[test]
fn a_report_by_mail_goes_out_once() {
    let (around, end) = (Around::new(), IllEnd::new());
    let hop = Hop::new();
    around.public_domain("clinic.example", &hop);
    around.asks_for_reports("clinic.example", "mailto:tls@clinic.example");
    let mut config = around.configured(Config::on_sqlite(&hop));
    config.set("dkim", "keys", r#""dkim""#);
    let mut gateway = around.start(&config, &end.environment(around.environment()));
    let _records = signing(&gateway);
    send(&gateway, "max@clinic.example", 1);
    let _letter = hop.wait(1);
    gateway.stop();
    around.later(DAY);
    IllEnd::dies(&mut gateway, "AFTER INSERT ON tls_reported");
    assert_eq!(hop.delivered().len(), 1, "the letter alone");
    assert_eq!(gateway.count("SELECT count(*) FROM tls_sessions"), 1, "nothing is lost");

    // Later than the lease of the killed process.
    around.later(DAY + HOUR);
    gateway.restart();
    let report = mailed(&hop.wait_to("tls@clinic.example").bytes, "clinic.example");
    assert_eq!(report["policies"][0]["failure-details"][0]["result-type"], "starttls-not-supported");
    // The next restart is a kill: what the hop has and no row says yet would go out again, as it must.
    poll("its delivery to be noted", || (gateway.count("SELECT count(*) FROM legs") == 0).then_some(()));
    around.later(DAY + 2 * HOUR);
    gateway.restart();
    around.sealpost(&gateway, &["jobs", "run", "tls-reports"]);
    assert_eq!(hop.delivered().len(), 2);
    gateway.sweep();
}

#[test]
fn a_report_by_https_that_was_handed_in_is_not_handed_in_again() {
    let (around, end) = (Around::new(), IllEnd::new());
    let hop = Hop::new();
    around.domain("clinic.example", &hop);
    let collector = around.collector();
    around.asks_for_reports("clinic.example", "https://collect.example/");
    let mut gateway =
        around.start(&around.configured(Config::on_sqlite(&hop)), &end.environment(around.environment()));
    send(&gateway, "max@clinic.example", 1);
    let _letter = hop.wait(1);
    gateway.stop();
    around.later(DAY);
    // Before it is handed in: it is, later.
    IllEnd::dies(&mut gateway, "AFTER UPDATE OF begun_at ON tls_submissions");
    assert!(collector.received().is_empty());
    around.later(DAY + HOUR);
    // After it was, and before that is noted: it is not handed in again.
    IllEnd::dies(&mut gateway, "AFTER DELETE ON tls_submissions");
    let report = posted(&collector.received()[0]);
    assert_eq!(report["policies"][0]["policy"]["policy-domain"], "clinic.example");
    around.later(DAY + 2 * HOUR);
    gateway.restart();
    poll("it to be given up", || (gateway.count("SELECT count(*) FROM tls_submissions") == 0).then_some(()));
    around.sealpost(&gateway, &["jobs", "run", "tls-reports"]);
    assert_eq!(collector.received().len(), 1);
    assert!(gateway.log().contains("it is not sent again"));
    gateway.sweep();
}
