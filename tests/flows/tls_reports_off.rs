//! Without `[delivery.tls-reports]` no reports are sent, and counts are deleted; `check` and `dns` know the section.

use rig::gateway::Home;
use rig::process::poll;
use rig::{Config, Hop};

use crate::tls_reports::{Around, DAY, send};

#[test]
fn nothing_is_sent_where_nothing_is_configured() {
    let around = Around::new();
    let hop = Hop::new();
    around.domain("clinic.example", &hop);
    let collector = around.collector();
    around.asks_for_reports("clinic.example", "mailto:tls@clinic.example,https://collect.example/");
    let mut config = around.config(&hop);
    config.remove("delivery.tls-reports");
    let gateway = around.start(&config, &around.environment());
    send(&gateway, "max@clinic.example", 1);
    let _letter = hop.wait(1);
    around.later(DAY);
    let dry = around.sealpost(&gateway, &["jobs", "run", "tls-reports", "--dry-run"]);
    assert!(dry.contains("there is no [delivery.tls-reports]") && dry.contains("0 in all"), "{dry}");
    around.sealpost(&gateway, &["jobs", "run", "tls-reports"]);
    assert_eq!(gateway.count("SELECT count(*) FROM tls_sessions"), 1, "kept for a while");
    around.later(7 * DAY);
    around.sealpost(&gateway, &["jobs", "run", "forget"]);
    poll("what was counted to go", || {
        (gateway.count("SELECT count(*) FROM tls_sessions") == 0).then_some(())
    });
    assert_eq!(hop.delivered().len(), 1);
    assert!(collector.received().is_empty());
    gateway.sweep();
}

#[test]
fn check_tells_what_is_missing_and_dns_what_to_publish() {
    let hop = Hop::new();
    let checked = |change: &dyn Fn(&mut Config)| {
        let mut config = Config::new(&hop);
        config
            .set("delivery", "route", r#""mx""#)
            .set("delivery", "mta-sts", "true")
            .set("delivery.tls-reports", "organization-name", r#""Versicherung""#)
            .set("delivery.tls-reports", "contact", r#""tls@insurer.example""#);
        change(&mut config);
        let home = Home::new(&config);
        let (code, out, err) = home.sealpost(&["check", "--offline"]);
        (home, code, format!("{out}{err}"))
    };
    let (_home, code, said) = checked(&|_| ());
    assert!(code == 0 && said.contains("need a DKIM signature of insurer.example"), "{said}");
    let (_home, code, said) = checked(&|config| {
        config.set("delivery.tls-reports", "receive-at", r#"["tls@insurer.example"]"#);
    });
    assert!(code != 0 && said.contains("is no place for reports") && said.contains("hint: "), "{said}");
    let (_home, code, said) = checked(&|config| {
        config.set("delivery", "roots", r#""nowhere.pem""#);
    });
    assert!(code != 0 && said.contains("cannot be read"), "{said}");
    let (home, code, said) = checked(&|config| {
        let _outside = config.listener("outside");
        config.set("[listener]", "domains", r#"["insurer.example"]"#);
        config.set("partners", "hop", r#""world""#).set("dkim", "keys", r#""dkim""#).set(
            "delivery.tls-reports",
            "receive-at",
            r#"["mailto:tls@insurer.example"]"#,
        );
    });
    assert_eq!(code, 0, "{said}");
    let made = ["dkim", "create", "insurer.example", "--kind", "ed25519", "--selector", "e1"];
    let (code, out, err) = home.sealpost(&made);
    assert_eq!(code, 0, "{out}{err}");
    let (_code, zone, err) = home.sealpost(&["dns"]);
    for words in [
        "_smtp._tls.insurer.example. IN TXT \"v=TLSRPTv1; rua=mailto:tls@insurer.example\"",
        "s=email:tlsrpt",
    ] {
        assert!(zone.contains(words), "{words}:\n{zone}{err}");
    }
}
