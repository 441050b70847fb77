//! The published destination of TLS reports cannot make us connect to internal machines, not even to networks
//! that are allowed for mail exchangers.

use rig::Hop;
use rig::dns::Record;
use rig::receiver::Receiver;

use crate::tls_reports::{Around, DAY, mailed, posted, send, signing};

#[test]
fn a_report_is_handed_in_outside_alone() {
    let around = Around::new();
    let hop = Hop::new();
    around.domain("clinic.example", &hop);
    let collector = around.collector();
    // With a certificate for its name, in a network of `private-networks`.
    let machine = Receiver::named(&around.authority, "machine.example");
    let address = around.world.host(443, machine.address);
    around.dns.publish("machine.example", Record::A(address));
    around.asks_for_reports("clinic.example", "https://machine.example/,https://collect.example/");
    let mut gateway = around.start(&around.config(&hop), &around.environment());
    send(&gateway, "max@clinic.example", 1);
    let _letter = hop.wait(1);
    gateway.stop();
    around.later(DAY);
    gateway.restart();
    around.sealpost(&gateway, &["jobs", "run", "tls-reports"]);
    gateway.wait_logged("a report on TLS was submitted");
    gateway.wait_logged(&format!("it is at {address}, and nothing is handed in inside"));
    let report = posted(&collector.received()[0]);
    assert_eq!(report["policies"][0]["policy"]["policy-domain"], "clinic.example");
    assert!(machine.received().is_empty());
    gateway.sweep();
}

/// The same by mail: letters may go to mail exchangers in `private-networks`, reports may not.
#[test]
fn a_report_by_mail_goes_to_no_mail_exchanger_inside() {
    let around = Around::new();
    let (hop, machine, reports) = (Hop::new(), Hop::new(), Hop::new());
    around.domain("clinic.example", &hop);
    around.domain("machine.example", &machine);
    around.public_domain("reports.example", &reports);
    around.asks_for_reports("clinic.example", "mailto:tls@machine.example,mailto:tls@reports.example");
    let mut config = around.config(&hop);
    config.set("dkim", "keys", r#""dkim""#);
    let mut gateway = around.start(&config, &around.environment());
    let _records = signing(&gateway);
    send(&gateway, "max@clinic.example", 1);
    let _letter = hop.wait(1);
    gateway.stop();
    around.later(DAY);
    gateway.restart();
    around.sealpost(&gateway, &["jobs", "run", "tls-reports"]);
    let _report = mailed(&reports.wait_to("tls@reports.example").bytes, "clinic.example");
    gateway.wait_logged("has an address that is not public");
    assert!(machine.delivered().is_empty());
    gateway.sweep();
}
