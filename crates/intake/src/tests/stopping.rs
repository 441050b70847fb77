//! The clean stop: letters in progress are finished, all other clients are deferred.

use super::rig::rig;

/// RFC 5321 §3.8: "421 … Service shutting down".
#[tokio::test(start_paused = true)]
async fn who_has_no_letter_under_way_leaves_at_once() {
    let rig = rig();
    let mut idle = rig.client().await;
    let mut busy = rig.in_data().await;
    rig.context.stop.cancel();
    idle.expect("421 4.3.2").await;
    idle.expect_end().await;
    busy.say("one").await;
    busy.ask("two\r\n.", "250 2.0.0").await;
    busy.expect("421 4.3.2").await;
    busy.expect_end().await;
    assert_eq!(rig.letters().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn at_the_last_call_letters_are_aborted_too() {
    let rig = rig();
    let mut busy = rig.in_data().await;
    busy.say("one").await;
    rig.context.stop.cancel();
    rig.context.last_call.cancel();
    busy.expect("421 4.3.2").await;
    busy.expect_end().await;
    assert_eq!(rig.count(|memory| &memory.aborted), 1);
    assert!(rig.letters().is_empty());
}
