//! When a `250` counts as received: not when we wrote it, but when the client shows it.

use super::rig::{Client, Rig, rig};

async fn given(rig: &Rig) -> Client {
    let mut client = rig.in_data().await;
    client.ask("x\r\n.", "250 2.0.0").await;
    assert_eq!(rig.count(|memory| &memory.acknowledged), 0);
    client
}

#[tokio::test]
async fn the_next_command_shows_it() {
    let rig = rig();
    let mut client = given(&rig).await;
    client.ask("NOOP", "250").await;
    assert_eq!(rig.count(|memory| &memory.acknowledged), 1);
}

#[tokio::test]
async fn an_orderly_end_shows_it() {
    let rig = rig();
    given(&rig).await.end_orderly().await;
    assert_eq!(rig.count(|memory| &memory.acknowledged), 1);
}

/// The end came before the reply could be seen, so it proves nothing.
#[tokio::test]
async fn an_end_that_came_before_the_reply_shows_nothing() {
    let rig = rig();
    let mut client = rig.in_data().await;
    client.send("x\r\n.\r\n").await;
    client.end_orderly().await;
    assert_eq!(rig.letters().len(), 1);
    assert_eq!(rig.count(|memory| &memory.acknowledged), 0);
}

/// RFC 2920 allows QUIT after the dot in one group: it was sent before the reply. The end after it was not.
#[tokio::test]
async fn a_command_in_the_same_group_shows_nothing_but_the_end_after_it_does() {
    let rig = rig();
    let mut client = rig.in_data().await;
    client.send("x\r\n.\r\nQUIT\r\n").await;
    client.expect("250 2.0.0").await;
    client.expect("221").await;
    assert_eq!(rig.count(|memory| &memory.acknowledged), 0);
    client.close().await;
    assert_eq!(rig.count(|memory| &memory.acknowledged), 1);
}

#[tokio::test(start_paused = true)]
async fn a_client_that_falls_silent_shows_nothing() {
    let rig = rig();
    let client = given(&rig).await;
    let (rest, session) = client.into_parts();
    session.await.unwrap();
    drop(rest);
    assert_eq!(rig.count(|memory| &memory.acknowledged), 0);
}
