//! XCLIENT: who may use it, and what it changes.

use super::rig::{Rig, rig};
use crate::access::{Access, ClientCertificates, Renaming};

/// The proxy has no right of its own.
fn behind_proxy() -> Rig {
    let access = Access {
        networks: vec!["198.51.100.0/24".parse().unwrap()],
        xclient: vec!["192.0.2.7".parse().unwrap()],
        ..Access::default()
    };
    rig().context(|context| context.access = access)
}

#[tokio::test]
async fn it_is_offered_to_the_named_and_unknown_to_others() {
    let rig = behind_proxy();
    let mut proxy = rig.call();
    proxy.expect("220").await;
    proxy.say("EHLO proxy.example").await;
    assert!(
        proxy.reply().await.contains("250-XCLIENT NAME ADDR PORT PROTO HELO LOGIN DESTADDR DESTPORT\r\n")
    );

    let rig = behind_proxy().from("198.51.100.9");
    let mut client = rig.call();
    client.expect("220").await;
    client.say("EHLO client.example").await;
    assert!(!client.reply().await.contains("XCLIENT"));
    client.ask("XCLIENT ADDR=198.51.100.1", "502 5.5.1").await;
}

#[tokio::test]
async fn the_client_has_its_own_rights_and_not_the_proxys() {
    let rig = behind_proxy();
    let mut client = rig.client().await;
    client
        .ask("XCLIENT ADDR=198.51.100.1 NAME=[UNAVAILABLE] HELO=client.example PROTO=SMTP", "220 gw.example")
        .await;
    client.ask("MAIL FROM:<a@b.example>", "250").await;
    client.ask("RCPT TO:<c@d.example>", "250").await;
    client.ask("XCLIENT ADDR=198.51.100.2", "502 5.5.1").await;
    client.ask("DATA", "354").await;
    client.ask("x\r\n.", "250").await;
    {
        let letters = rig.memory.letters.lock().unwrap();
        let origin = &letters.first().unwrap().origin;
        assert_eq!(origin.peer, "198.51.100.1".parse::<std::net::IpAddr>().unwrap());
        assert_eq!((origin.helo.as_str(), origin.extended), ("client.example", false));
    }
}

/// As nginx does: EHLO, XCLIENT, and from then on its client's own commands.
#[tokio::test]
async fn a_client_that_was_named_names_nobody() {
    let rig = behind_proxy();
    let mut client = rig.client().await;
    client.ask("XCLIENT ADDR=203.0.113.1 NAME=[UNAVAILABLE]", "220").await;
    client.say("EHLO stranger.example").await;
    assert!(!client.reply().await.contains("XCLIENT"));
    client.ask("XCLIENT ADDR=198.51.100.1", "502 5.5.1").await;
    client.ask("MAIL FROM:<a@b.example>", "250").await;
    client.ask("RCPT TO:<c@d.example>", "550 5.7.1").await;
    client.ask("RSET", "250").await;
    client.ask("XCLIENT ADDR=198.51.100.1", "502 5.5.1").await;
}

#[tokio::test]
async fn nor_does_a_proxy_that_began_a_letter_of_its_own() {
    let rig = behind_proxy();
    let mut client = rig.client().await;
    client.ask("MAIL FROM:<a@b.example>", "250").await;
    client.ask("RSET", "250").await;
    client.ask("XCLIENT ADDR=198.51.100.1", "502 5.5.1").await;
}

#[tokio::test]
async fn a_proxy_that_reads_every_command_may_go_on_to_the_next_client() {
    let rig = behind_proxy().context(|context| context.access.renaming = Renaming::Taken);
    let mut client = rig.client().await;
    client.ask("XCLIENT ADDR=198.51.100.1 HELO=client.example", "220").await;
    client.ask("MAIL FROM:<a@b.example>", "250").await;
    client.ask("RCPT TO:<c@d.example>", "250").await;
    client.ask("RSET", "250").await;
    client.ask("XCLIENT ADDR=203.0.113.1", "220").await;
    client.ask("MAIL FROM:<a@b.example>", "503").await;
    client.say("EHLO stranger.example").await;
    client.reply().await;
    client.ask("MAIL FROM:<a@b.example>", "250").await;
    client.ask("RCPT TO:<c@d.example>", "550 5.7.1").await;
    client.ask("RSET", "250").await;
    // Without an address the previous one would stay.
    client.ask("XCLIENT NAME=client.example", "501").await;
}

/// From a proxy that may send itself: its own rights are not inherited.
#[tokio::test]
async fn who_calls_is_always_said() {
    let pin = "ab".repeat(32);
    let rig = behind_proxy().over_tls(Some(&pin)).context(|context| {
        context.access.networks.push("192.0.2.7".parse().unwrap());
        context.access.certificates = ClientCertificates { pins: vec![[0xab; 32]], ca: None };
    });
    let mut proxy = rig.client().await;
    for wrong in
        ["XCLIENT", "XCLIENT NAME=client.example HELO=client.example", "XCLIENT LOGIN=mill PROTO=ESMTP"]
    {
        proxy.ask(wrong, "501 5.5.4").await;
    }
    proxy.ask("XCLIENT ADDR=203.0.113.1 ADDR=198.51.100.1", "501 5.5.4").await;
    proxy.ask("XCLIENT ADDR=203.0.113.1 HELO=client.example", "220").await;
    proxy.ask("MAIL FROM:<a@b.example>", "530").await;
}

#[tokio::test]
async fn a_login_that_the_proxy_checked_counts_where_logins_do() {
    for (auth, expected) in [(true, "250"), (false, "550")] {
        let rig = behind_proxy().context(|context| context.access.auth = auth);
        let mut client = rig.client().await;
        client.ask("XCLIENT ADDR=203.0.113.1 LOGIN=mill", "220").await;
        client.say("EHLO stranger.example").await;
        client.reply().await;
        client.ask("MAIL FROM:<a@b.example>", "250").await;
        client.ask("RCPT TO:<c@d.example>", expected).await;
        if !auth {
            continue;
        }
        client.ask("DATA", "354").await;
        client.ask("x\r\n.", "250").await;
        let letters = rig.memory.letters.lock().unwrap();
        assert_eq!(letters.first().unwrap().origin.login.as_deref(), Some("Mill"), "as it is configured");
    }
}

#[tokio::test]
async fn a_login_that_nobody_has_is_refused_and_names_nobody() {
    let rig = behind_proxy().context(|context| context.access.auth = true);
    let mut client = rig.client().await;
    client.ask("XCLIENT ADDR=203.0.113.1 LOGIN=mall", "550 5.7.1").await;
    // The proxy may still correct it.
    client.ask("XCLIENT ADDR=203.0.113.1 LOGIN=mill", "220").await;
}

#[tokio::test]
async fn the_proxys_certificate_is_not_the_clients() {
    let pin = "ab".repeat(32);
    let rig = behind_proxy().over_tls(Some(&pin)).context(|context| {
        context.access.certificates = ClientCertificates { pins: vec![[0xab; 32]], ca: None };
    });
    let mut own = rig.client().await;
    own.ask("MAIL FROM:<a@b.example>", "250").await;
    let mut proxy = rig.client().await;
    proxy.ask("XCLIENT ADDR=203.0.113.1", "220").await;
    proxy.say("EHLO stranger.example").await;
    proxy.reply().await;
    proxy.ask("MAIL FROM:<a@b.example>", "530").await;
}
