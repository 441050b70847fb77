//! AUTH (RFC 4954, RFC 4616).

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sealpost_mail::{FakeClock, Secret, Timestamp};
use sealpost_turns::Who;
use tokio::time::Instant;

use super::rig::{Rig, rig};
use crate::access::Access;
use crate::attempts::ClientStatus;
use crate::reception::{LoginCheck, Logins};

pub(super) fn secure() -> Rig {
    let access = Access { auth: true, ..Access::default() };
    rig().from("203.0.113.9").over_tls(None).context(|context| context.access = access)
}

pub(super) fn plain(text: &str) -> String {
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

/// RFC 4954 §6: "535 5.7.8 Authentication credentials invalid", with a longer delay each time.
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

/// A new session does not reset the limits of a client or login.
#[tokio::test(start_paused = true)]
async fn guessing_goes_on_in_no_other_session() {
    let clock = Arc::new(FakeClock::at(Timestamp(0)));
    let mut rig = secure().context(|context| context.clock = clock.clone());
    for _ in 0..5 {
        rig.client().await.ask(&plain("\0nobody\0x"), "535 5.7.8").await;
    }
    // Not even with the right password: it was not checked.
    rig.client().await.ask(&plain("\0mill\0wheel"), "454 4.7.0").await;
    // Another client is served, with any name.
    rig.peer = "203.0.113.10";
    rig.client().await.ask(&plain("\0nobody\0x"), "535 5.7.8").await;
    rig.client().await.ask(&plain("\0mill\0wheel"), "235").await;
    rig.peer = "203.0.113.9";
    clock.advance(Duration::from_secs(5));
    rig.client().await.ask(&plain("\0mill\0wheel"), "235").await;
}

#[tokio::test(start_paused = true)]
async fn guessing_at_once_is_no_better_than_one_after_the_other() {
    let rig = secure();
    let mut clients = Vec::new();
    for _ in 0..20 {
        clients.push(rig.client().await);
    }
    for client in &mut clients {
        client.say(&plain("\0mill\0x")).await;
    }
    let mut tried = 0;
    for client in &mut clients {
        let reply = client.reply().await;
        assert!(reply.starts_with("535 5.7.8") || reply.starts_with("454 4.7.0"), "{reply}");
        tried += usize::from(reply.starts_with("535"));
    }
    assert_eq!(tried, 5);
}

#[tokio::test(start_paused = true)]
async fn being_put_off_counts_as_an_error() {
    let rig = secure().limits(|limits| limits.max_errors = 7);
    let mut client = rig.client().await;
    for _ in 0..5 {
        client.ask(&plain("\0mill\0x"), "535 5.7.8").await;
    }
    for _ in 0..3 {
        client.ask(&plain("\0mill\0x"), "454 4.7.0").await;
    }
    client.expect("421 4.7.0").await;
}

/// Logins that cannot be checked in time.
struct Overrun;

#[async_trait]
impl Logins for Overrun {
    async fn check(&self, _login: &str, _password: Secret<String>) -> LoginCheck {
        LoginCheck::Busy
    }
}

#[tokio::test(start_paused = true)]
async fn a_password_that_nobody_looked_at_is_not_wrong() {
    let rig = secure().context(|context| context.logins = Arc::new(Overrun));
    for _ in 0..20 {
        rig.client().await.ask(&plain("\0mill\0wheel"), "454 4.7.0").await;
    }
    let status = rig.context.attempts.status("203.0.113.9".parse().unwrap(), "mill", Timestamp(0));
    assert_eq!(status, ClientStatus::Stranger);
}

/// All slots are taken: a password check waits for its turn, but not for ever.
#[tokio::test(start_paused = true)]
async fn a_password_waits_for_its_turn_so_long_and_no_longer() {
    let rig = secure();
    let mut client = rig.client().await;
    let mut taken = Vec::new();
    for nth in 0..3 {
        let who = Who::Known(vec![nth]);
        taken.push(rig.context.turns.next(&who, Timestamp(0), rig.context.random.as_ref()).await.unwrap());
    }
    let start = Instant::now();
    client.ask(&plain("\0mill\0wheel"), "454 4.7.0").await;
    assert_eq!(start.elapsed().as_secs(), 20);
    drop(taken);
    client.ask(&plain("\0mill\0wheel"), "235").await;
}

/// Passwords whose check takes as long as the test says.
struct Slow(Arc<tokio::sync::Semaphore>);

#[async_trait]
impl Logins for Slow {
    async fn check(&self, login: &str, _password: Secret<String>) -> LoginCheck {
        let _done = self.0.acquire().await.unwrap();
        if login == "mill" { LoginCheck::Right("Mill".to_owned()) } else { LoginCheck::Wrong }
    }
}

/// A client that leaves before the answer has used its try, and its turn ends with the work.
#[tokio::test(start_paused = true)]
async fn leaving_early_makes_no_try_undone() {
    let gate = Arc::new(tokio::sync::Semaphore::new(0));
    let rig = secure().context(|context| context.logins = Arc::new(Slow(Arc::clone(&gate))));
    let peer = "203.0.113.9".parse().unwrap();
    for _ in 0..5 {
        let mut client = rig.client().await;
        client.say(&plain("\0nobody\0x")).await;
        tokio::time::sleep(Duration::from_millis(1)).await;
        drop(client);
    }
    gate.add_permits(100);
    while rig.context.attempts.status(peer, "other", Timestamp(0)) != ClientStatus::Waits {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// A flood of guesses from everywhere, with the login of the insurer's own server: it is known, and comes
/// first.
#[tokio::test(start_paused = true)]
async fn a_flood_of_guesses_keeps_no_known_client_waiting() {
    let networks = vec!["192.0.2.0/24".parse().unwrap()];
    let access = Access { auth: true, networks, ..Access::default() };
    let mut rig = secure().context(|context| context.access = access);
    rig.peer = "198.51.100.1";
    rig.client().await.ask(&plain("\0mill\0wheel"), "235").await;
    let mut held = Vec::new();
    for nth in 0..300_u32 {
        let from = std::net::IpAddr::from((0xcb00_7100 + nth).to_be_bytes());
        rig.context.attempts.wrong(from, "mill", Timestamp(0));
        rig.context.turns.wrong(from, Timestamp(0));
        let (turns, random) = (rig.context.turns.clone(), Arc::clone(&rig.context.random));
        held.push(tokio::spawn(async move {
            // A turn that was given is kept.
            let turn = turns.next(&Who::Doubtful(from), Timestamp(0), random.as_ref()).await;
            tokio::time::sleep(Duration::from_secs(3600)).await;
            drop(turn);
        }));
    }
    tokio::task::yield_now().await;
    let start = Instant::now();
    rig.client().await.ask(&plain("\0mill\0wheel"), "235").await;
    // So is a client in the listener's networks that has not been seen before.
    rig.peer = "192.0.2.200";
    rig.client().await.ask(&plain("\0mill\0wheel"), "235").await;
    assert_eq!(start.elapsed().as_secs(), 0);
    held.iter().for_each(tokio::task::JoinHandle::abort);
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
    let mut client = rig().over_tls(None).context(|context| context.access.auth = true).with_letter().await;
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
    let mut client = rig().context(|context| context.access.auth = true).client().await;
    client.ask(&plain("\0mill\0wheel"), "538 5.7.11").await;
    let mut client = rig().over_tls(None).client().await;
    client.ask(&plain("\0mill\0wheel"), "502 5.5.1").await;
}
