//! A balancer's health check is always answered, and gives no other access.

use rig::gateway::Home;
use rig::proxy_header::{LOCAL, PROXY, header, said};
use rig::{Authority, Config, Gateway, Hop, Smtp};

/// haproxy writes LOCAL for its health checks, and also where it cannot say who calls (a client on a UNIX socket).
#[test]
fn a_health_check_has_no_right_whatever_the_balancer_has() {
    let hop = Hop::new();
    let mut config = Config::new(&hop);
    config
        .set("[listener]", "networks", r#"["127.0.0.0/8"]"#)
        .set("[listener]", "xclient", r#"["192.0.2.6"]"#)
        .set("[listener]", "proxy-protocol", r#"["127.0.0.1"]"#)
        .set("portal", "proxy-protocol", r#"["127.0.0.1"]"#)
        .set("portal", "trusted-proxies", r#"["127.0.0.1"]"#)
        .set("portal.limits", "network-burst", "3")
        .set("portal.limits", "network-per-second", "1");
    let gateway = Gateway::start(&config);

    let mut check = said(gateway.config.smtp, &header(LOCAL, [192, 0, 2, 6]));
    check.reply().expect("220 *");
    assert!(!check.ehlo().lines.iter().any(|line| line.starts_with("XCLIENT")));
    check.say("XCLIENT ADDR=127.0.0.8").expect("502 *");
    check.say("MAIL FROM:<a@insurer.example>").expect("554 5.7.1 *");
    check.say("RCPT TO:<b@web.example>").expect("503 *");
    check.say("QUIT").expect("221 *");

    // A client that seems to be the balancer has no rights either: something in front of it announced no
    // client.
    said(gateway.config.smtp, &header(PROXY, [127, 0, 0, 1])).reply().expect("554 5.7.1 *");
    said(gateway.config.smtp, &header(PROXY, [127, 0, 0, 8])).reply().expect("220 *");

    // Requests it forwards to the portal without a client are limited, too: each of these would be a client
    // of its own.
    let refused = (0..30).any(|n| {
        let mut web = gateway.web();
        web.preface = header(LOCAL, [192, 0, 2, 7]);
        web.extra.push(format!("X-Forwarded-For: 198.51.100.{n}"));
        web.get("/").status == 429
    });
    assert!(refused, "thirty pages at once");
    gateway.sweep();
}

/// Every place but those of clients with a right is taken.
#[test]
fn strangers_who_hold_every_place_do_not_hide_a_node_from_its_balancer() {
    let hop = Hop::new();
    let mut config = Config::new(&hop);
    config
        .set("[listener]", "networks", r#"["192.0.2.0/24"]"#)
        .set("[listener]", "connections", "4")
        .set("[listener]", "reserved-connections", "1")
        .set("[listener]", "proxy-protocol", r#"["127.0.0.1"]"#)
        .log_in_with("Geheim-4711");
    let home = Home::new(&config);
    let _ = Authority::new().issue(&["mailgate.insurer.example"]).write(home.path(), "gate");
    let gateway = Gateway::start_in(home, &config);
    let call = |command, client| said(gateway.config.smtp, &header(command, client));

    let strangers: Vec<Smtp> = (1..=3)
        .map(|n| {
            let mut stranger = call(PROXY, [198, 51, 100, n]);
            stranger.reply().expect("220 *");
            stranger
        })
        .collect();
    call(PROXY, [198, 51, 100, 9]).reply().expect("421 *");
    call(LOCAL, [0, 0, 0, 0]).reply().expect("220 *");
    let mut insurer = call(PROXY, [192, 0, 2, 7]);
    insurer.reply().expect("220 *");
    call(PROXY, [192, 0, 2, 8]).reply().expect("421 *");
    call(LOCAL, [0, 0, 0, 0]).reply().expect("220 *");
    drop((strangers, insurer));
    gateway.sweep();
}
