//! Audit rows and webhook events for notices that were sent or failed, and for nothing else; and every audit
//! row of an arrival is proven.

use sealpost_arrival::NoticesNoted;
use sealpost_delivery::{Ended, Ending, FinalReply, Witness as _};
use sealpost_mail::EnhancedCode;
use sealpost_store::{LegNotes, LetterEvent};

use crate::rig::{Leg, NOW, Rig};

const TO: &str = "max@a.web.example";

fn ended(leg: &Leg, ending: Ending) -> LegNotes {
    let code = match ending {
        Ending::Delivered => 250,
        Ending::Failed => 550,
    };
    let enhanced = Some(EnhancedCode(if code == 250 { 2 } else { 5 }, 1, 1));
    let reply =
        FinalReply { host: Some("mx.web.example".to_owned()), code: Some(code), enhanced, queue_id: None };
    NoticesNoted.notes(&Ended { ending, ticket: &leg.ticket, reply, at: NOW })
}

#[tokio::test]
async fn a_notice_that_was_taken_or_refused_stands_in_the_trail_and_is_told() {
    let rig = Rig::new();
    rig.write(&[TO], "Eins").await.unwrap();
    let leg = rig.leg_to(TO).await;
    let id = rig.mailbox_id(TO).await;
    for (ending, action, kind, detail) in [
        (Ending::Delivered, "notice.sent", LetterEvent::Notified, ""),
        (Ending::Failed, "notice.failed", LetterEvent::NoticeBounced, "5.1.1"),
    ] {
        let LegNotes { audit, events } = ended(&leg, ending);
        assert_eq!((audit.len(), events.len()), (1, 1));
        assert_eq!((audit[0].action.as_str(), audit[0].actor.as_str()), (action, "system"));
        assert_eq!((audit[0].mailbox.as_str(), audit[0].at), (id.as_str(), NOW));
        assert_eq!((events[0].kind, events[0].detail.as_str()), (kind, detail));
        assert_eq!((events[0].mailbox.as_str(), &events[0].letter), (id.as_str(), &audit[0].object));
        assert_eq!(audit[0].detail, "hop=mx.web.example");
    }
}

#[tokio::test]
async fn of_other_mail_nothing_is_noted() {
    let rig = Rig::new();
    rig.write(&["a@relay.example", "d@refused.example"], "Gruss").await.unwrap();
    for leg in rig.legs().await {
        for ending in [Ending::Delivered, Ending::Failed] {
            let LegNotes { audit, events } = ended(&leg, ending);
            assert!(audit.is_empty() && events.is_empty(), "{}", leg.to());
        }
    }
}

#[tokio::test]
async fn a_reminder_is_no_first_word_of_a_letter() {
    use sealpost_delivery::Purpose;
    let rig = Rig::new();
    rig.write(&[TO], "Eins").await.unwrap();
    let mut leg = rig.leg_to(TO).await;
    let Purpose::Notice { is_first, .. } = &mut leg.ticket.purpose else { panic!("no notice") };
    *is_first = false;
    assert!(ended(&leg, Ending::Delivered).events.is_empty(), "told when the first one left");
    assert_eq!(ended(&leg, Ending::Failed).events.len(), 1);
}

#[tokio::test]
async fn the_trail_of_arrivals_is_a_chain_that_its_verifier_believes() {
    let rig = Rig::new();
    rig.write(&[TO], "Eins").await.unwrap();
    rig.write(&[TO, "ida@a.web.example"], "Zwei").await.unwrap();
    let (rows, anchors) = rig.store.audit_page(0).await.unwrap();
    let actions: Vec<&str> = rows.iter().map(|chained| chained.row.action.as_str()).collect();
    assert_eq!(actions.iter().filter(|action| **action == "mailbox.created").count(), 2);
    assert_eq!(actions.iter().filter(|action| **action == "letter.deposited").count(), 3);
    assert!(rows.iter().all(|chained| !chained.proof.is_empty()), "each is proven");
    assert!(rows.windows(2).all(|two| two[1].seq == two[0].seq + 1), "and none is missing");
    assert_eq!(anchors.head.unwrap().seq, rows.last().unwrap().seq);
    for chained in &rows {
        assert!(!format!("{:?}", chained.row).contains('@'), "no address stands in it");
        assert!(chained.row.network.starts_with("192.0.2."), "{}", chained.row.network);
        assert_ne!(chained.row.network, "192.0.2.7", "shortened");
    }
}
