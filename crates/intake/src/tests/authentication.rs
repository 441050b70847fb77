//! AUTH (RFC 4954, RFC 4616).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use tokio::time::Instant;

use super::rig::{Rig, rig};
use crate::access::Access;

fn secure() -> Rig {
    let access = Access { auth: true, ..Access::default() };
    rig().from("203.0.113.9").over_tls(None).door(|door| door.access = access)
}

fn plain(text: &str) -> String {
    format!("AUTH PLAIN {}", STANDARD.encode(text))
}

#[tokio::test]
async fn plain_with_and_without_initial_response() {
    let rig = secure();
    let mut client = rig.client().await;
    client.ask(&plain("\0mill\0wheel"), "235 2.7.0").await;
    client.ask("MAIL FROM:<a@b.example>", "250").await;
    client.ask("RCPT TO:<c@d.example>", "250").await;
    client.ask("DATA", "354").await;
    client.ask("x\r\n.", "250").await;
    let login = rig.memory.letters.lock().unwrap().first().unwrap().origin.login.clone();
    assert_eq!(login.as_deref(), Some("Mill"));

    let mut client = rig.client().await;
    client.ask("AUTH PLAIN", "334 \r\n").await;
    client.ask(&STANDARD.encode("mill\0mill\0wheel"), "235 2.7.0").await;
}

#[tokio::test]
async fn login_asks_for_both() {
    let mut client = secure().client().await;
    client.ask("AUTH LOGIN", "334 VXNlcm5hbWU6\r\n").await;
    client.ask(&STANDARD.encode("mill"), "334 UGFzc3dvcmQ6\r\n").await;
    client.ask(&STANDARD.encode("wheel"), "235 2.7.0").await;
    let mut client = secure().client().await;
    client.ask(&format!("auth login {}", STANDARD.encode("mill")), "334 UGFzc3dvcmQ6\r\n").await;
    client.ask(&STANDARD.encode("wheel"), "235 2.7.0").await;
}

/// RFC 4954 §6: "535 5.7.8 Authentication credentials invalid", each time later than before.
#[tokio::test(start_paused = true)]
async fn a_wrong_password_costs_more_each_time_and_counts() {
    let rig = secure().limits(|limits| limits.max_errors = 5);
    let mut client = rig.client().await;
    for (wrong, delay) in [
        ("\0mill\0x", 500),
        ("\0nobody\0wheel", 1000),
        ("\0mill\0", 2000),
        ("\0mill\0y", 4000),
        ("\0mill\0z", 8000),
    ] {
        let start = Instant::now();
        client.ask(&plain(wrong), "535 5.7.8").await;
        assert_eq!(start.elapsed().as_millis(), delay);
    }
    client.ask("MAIL FROM:<a@b.example>", "530 5.7.0").await;
    client.expect("421 4.7.0").await;
}

/// RFC 4954 §4: the restrictions.
#[tokio::test]
async fn auth_has_its_time_and_its_form() {
    let mut client = secure().client().await;
    client.ask("AUTH CRAM-MD5", "504 5.5.4").await;
    client.ask("AUTH PLAIN ?", "501 5.5.2").await;
    client.ask("AUTH PLAIN", "334").await;
    client.ask("*", "501 5.7.0").await;
    client.ask("AUTH LOGIN", "334").await;
    client.ask("=", "334").await;
    client.ask("*", "501").await;
    client.ask(&plain("\0mill\0wheel"), "235").await;
    client.ask(&plain("\0mill\0wheel"), "503 5.5.1").await;
}

#[tokio::test]
async fn nobody_acts_for_somebody_else_and_nobody_logs_in_within_a_letter() {
    let mut client = rig().over_tls(None).door(|door| door.access.auth = true).with_letter().await;
    client.ask(&plain("\0mill\0wheel"), "503 5.5.1").await;
    client.ask("RSET", "250").await;
    client.ask(&plain("boss\0mill\0wheel"), "535 5.7.8").await;
}

/// RFC 4954 §4: an authentication line has at most 12288 octets.
#[tokio::test]
async fn an_authentication_line_may_be_too_long() {
    let mut client = secure().client().await;
    client.ask("AUTH PLAIN", "334").await;
    client.ask(&"A".repeat(12_288), "500 5.5.6").await;
    client.ask("NOOP", "250").await;
}

/// RFC 4954 §6: "538 5.7.11 Encryption required for requested authentication mechanism".
#[tokio::test]
async fn auth_without_tls_is_refused() {
    let mut client = rig().door(|door| door.access.auth = true).client().await;
    client.ask(&plain("\0mill\0wheel"), "538 5.7.11").await;
    let mut client = rig().over_tls(None).client().await;
    client.ask(&plain("\0mill\0wheel"), "502 5.5.1").await;
}
