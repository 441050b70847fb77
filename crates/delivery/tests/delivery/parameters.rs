//! MAIL and RCPT parameters are passed on to servers that offer them, and to no others.

use base64::Engine as _;
use sealpost_mail::{BodyType, Notify, Ret};
use sealpost_store::LegState;

use crate::hop::{Hop, Script};
use crate::rig::{Fixture, Post, post, readable};

fn full() -> Post {
    Post {
        notify: Notify::On { success: true, failure: true, delay: true },
        envid: Some("Q+1"),
        orcpt: Some("old=name@d.example"),
        ret: Some(Ret::Headers),
        body_type: BodyType::EightBitMime,
        rest: "grüße\r\n".as_bytes().to_vec(),
        ..post("r@d.example")
    }
}

#[tokio::test]
async fn everything_to_a_server_that_offers_everything() {
    let hop = Hop::start(Script::default()).await;
    let fixture = Fixture::new(&hop);
    fixture.queue(full()).await;
    let running = fixture.start();
    let letter = hop.letters(1).await.remove(0);
    let size = letter.bytes.len();
    assert_eq!(
        letter.mail,
        format!("MAIL FROM:<sender@insurer.example> SIZE={size} BODY=8BITMIME RET=HDRS ENVID=Q+2B1")
    );
    assert_eq!(
        letter.rcpt,
        "RCPT TO:<r@d.example> NOTIFY=SUCCESS,FAILURE,DELAY ORCPT=rfc822;old+3Dname@d.example"
    );
    // The hop took over reporting: nothing but the letter itself arrives.
    fixture.until_empty().await;
    assert_eq!(hop.letter_count(), 1);
    running.stop().await;
}

#[tokio::test]
async fn nothing_to_a_server_that_offers_nothing_and_then_we_report_relayed() {
    let hop = Hop::start(Script { offers: vec![], ..Script::default() }).await;
    let fixture = Fixture::new(&hop);
    fixture.queue(Post { rest: b"ascii\r\n".to_vec(), ..full() }).await;
    let running = fixture.start();
    let letters = hop.letters(2).await;
    assert_eq!(letters[0].mail, "MAIL FROM:<sender@insurer.example>");
    assert_eq!(letters[0].rcpt, "RCPT TO:<r@d.example>");
    assert_eq!(
        (letters[1].mail.as_str(), letters[1].rcpt.as_str()),
        ("MAIL FROM:<>", "RCPT TO:<sender@insurer.example>")
    );
    let report = String::from_utf8(letters[1].bytes.clone()).unwrap();
    assert!(report.contains("Action: relayed"), "{report}");
    fixture.until_empty().await;
    running.stop().await;
}

#[tokio::test]
async fn helo_where_ehlo_is_not_understood() {
    let hop = Hop::start(Script { helo_only: true, ..Script::default() }).await;
    let fixture = Fixture::new(&hop);
    fixture.queue(post("r@d.example")).await;
    let running = fixture.start();
    hop.letters(1).await;
    hop.command("HELO gw.example").await;
    fixture.until_empty().await;
    running.stop().await;
}

/// What is reported when a letter of this kind meets a server that offers only this.
async fn refused(post: Post, offers: Vec<&'static str>) -> String {
    let hop = Hop::start(Script { offers, ..Script::default() }).await;
    let fixture = Fixture::new(&hop);
    fixture.queue(post).await;
    let running = fixture.start();
    let letters = hop.letters(1).await;
    assert!(letters.len() == 1 && letters[0].mail.starts_with("MAIL FROM:<>"), "only the report goes out");
    fixture.until_empty().await;
    running.stop().await;
    String::from_utf8(letters[0].bytes.clone()).unwrap()
}

/// RFC 6152 §3: 8-bit content is not to be sent to a server without 8BITMIME; nothing is converted here.
#[tokio::test]
async fn eight_bit_content_is_not_sent_to_a_seven_bit_server() {
    let report =
        refused(Post { rest: "grüße\r\n".as_bytes().to_vec(), ..post("r@d.example") }, vec!["DSN"]).await;
    assert!(report.contains("Status: 5.6.3"), "{report}");
    let text = readable(report.as_bytes()).replace("\r\n", " ");
    assert!(text.contains("Please set your mail program to the encoding"), "what to do: {text}");
}

#[tokio::test]
async fn an_address_outside_ascii_is_not_sent_to_a_server_without_smtputf8() {
    let report = refused(post("jürgen@d.example"), vec!["8BITMIME"]).await;
    // RFC 6533 §3: it names the recipient in UTF-8, so it goes in base64.
    let status = report.split("message/global-delivery-status").nth(1).unwrap();
    let status: String = status.split("\r\n\r\n").nth(1).unwrap().split_whitespace().collect();
    let status = base64::engine::general_purpose::STANDARD.decode(status).unwrap();
    let status = String::from_utf8(status).unwrap();
    assert!(status.contains("Diagnostic-Code: smtp; 553 5.6.7"), "{status}");
}

/// RFC 1870 §6.2.
#[tokio::test]
async fn a_letter_over_the_servers_size_is_not_sent() {
    let report = refused(Post { rest: vec![b'x'; 40_000], ..post("r@d.example") }, vec!["SIZE 30000"]).await;
    assert!(report.contains("Status: 5.3.4"), "{report}");
}

#[tokio::test]
async fn smtputf8_goes_along_where_it_is_needed() {
    let hop = Hop::start(Script::default()).await;
    let fixture = Fixture::new(&hop);
    fixture.queue(post("jürgen@d.example")).await;
    let running = fixture.start();
    let letter = hop.letters(1).await.remove(0);
    assert!(letter.mail.ends_with(" SMTPUTF8"), "{}", letter.mail);
    assert_eq!(letter.rcpt, "RCPT TO:<jürgen@d.example>");
    running.stop().await;
}

#[tokio::test]
async fn a_leg_whose_ticket_does_not_open_is_kept_for_the_operator() {
    let hop = Hop::start(Script::default()).await;
    let mut fixture = Fixture::new(&hop);
    fixture.queue(post("r@d.example")).await;
    fixture.key = sealpost_vault::ServerKey::generate(&sealpost_mail::SystemRandom).keys().spool;
    let running = fixture.start();
    fixture.until("frozen", |legs| legs[0].state == LegState::Frozen).await;
    running.stop().await;
}
