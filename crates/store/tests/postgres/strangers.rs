//! Another user of the database is at work while we write, or owns the tables: we prove what we meant to
//! write, not what the database made of it.

use std::io::Write as _;
use std::process::{Child, Stdio};
use std::time::Duration;

use sealpost_store::{EventSelection, LetterEvent, NewBounce, RequestKind, RequestSelection, Unread};

use crate::cluster::{Cluster, psql};
use crate::options;
use crate::rig::{LATER, NOW, Rig};
use crate::trail::proven;

/// An open session of that user.
pub(crate) struct Stranger(Child);

impl Stranger {
    pub(crate) fn comes(schema: &str) -> Self {
        let mut session = psql(&[(Cluster::shared().socket().to_owned(), Cluster::shared().port())]);
        let session = session.stdin(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
        let mut stranger = Self(session);
        stranger.say(&format!("SET search_path = {schema};"));
        stranger
    }

    pub(crate) fn say(&mut self, text: &str) {
        let input = self.0.stdin.as_mut().unwrap();
        writeln!(input, "{text}").unwrap();
        input.flush().unwrap();
    }

    pub(crate) fn goes(mut self) {
        drop(self.0.stdin.take());
        assert!(self.0.wait().unwrap().success());
    }
}

/// Waits until the query returns true.
pub(crate) async fn seen(question: &str) {
    for _ in 0..1000 {
        if Cluster::shared().sql(question) != "0" {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    unreachable!("{question}");
}

fn bounce(mailbox_id: &str) -> NewBounce {
    NewBounce { mailbox_id: mailbox_id.to_owned(), deposit_id: None, status: "5.1.1".to_owned(), at: NOW }
}

/// Their row becomes visible between our look at it and our count.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_count_that_somebody_puts_under_our_hands_is_not_counted_on() {
    let rig = Rig::new();
    let schema = options(Cluster::shared(), &rig.folder()).schema;
    let ours = proven(&rig, "intake");
    for (tag, before) in [(1, 0), (2, 2)] {
        let (mailbox, _) = rig.told_of_in_new(tag).await;
        for _ in 0..before {
            ours.note_bounce(bounce(&mailbox)).await.unwrap();
        }
        let mut stranger = Stranger::comes(&schema);
        stranger.say(&format!(
            "BEGIN; INSERT INTO unreachable (mailbox_id, bounces, last_at, status) VALUES ('{mailbox}', 98, 1, 'x')
             ON CONFLICT (mailbox_id) DO UPDATE SET bounces = 98;"
        ));
        seen(
            "SELECT count(*) FROM pg_stat_activity
             WHERE state = 'idle in transaction' AND query LIKE '%INTO unreachable%98%'",
        )
        .await;
        let (store, comes_back) = (ours.clone(), bounce(&mailbox));
        let noting = tokio::spawn(async move { store.note_bounce(comes_back).await });
        seen(
            "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE '%unreachable%'",
        )
        .await;
        stranger.say("COMMIT;");
        noting.await.unwrap().unwrap();
        stranger.goes();
        let known = ours.unreachable(&mailbox).await.unwrap().map(|known| known.bounces);
        assert_eq!(known, Some(before + 1));
    }
    rig.clean().await;
}

/// A trigger changes a column before it is written.
fn changes(schema: &str, table: &str, change: &str) {
    Cluster::shared().sql(&format!(
        "SET search_path = {schema};
         CREATE FUNCTION change_{table}() RETURNS trigger LANGUAGE plpgsql AS
             $$ BEGIN NEW.{change}; RETURN NEW; END $$;
         CREATE TRIGGER changed BEFORE INSERT ON {table} FOR EACH ROW EXECUTE FUNCTION change_{table}()"
    ));
}

#[tokio::test]
async fn whoever_owns_the_tables_has_nothing_proven_that_we_did_not_say() {
    let rig = Rig::new();
    let schema = options(Cluster::shared(), &rig.folder()).schema;
    let ours = proven(&rig, "jobs");
    let alone = ours.alone("delivery").unwrap();
    ours.set_hooks(&alone, &[("crm".to_owned(), vec![LetterEvent::Deleted])]).await.unwrap();
    let (kept, kept_letter) = rig.told_of_in_new(1).await;
    let (mailbox, letter) = rig.told_of_in_new(2).await;
    let drop_trigger =
        |table: &str| Cluster::shared().sql(&format!("DROP TRIGGER changed ON {schema}.{table}"));

    changes(&schema, "unreachable", "bounces = 99");
    ours.note_bounce(bounce(&mailbox)).await.unwrap();
    assert_eq!(ours.unreachable(&mailbox).await.unwrap().map(|known| known.bounces), Some(1));
    drop_trigger("unreachable");

    changes(&schema, "requests", &format!("mailbox_id = '{kept}'"));
    assert!(ours.ask(&mailbox, RequestKind::Access, None, NOW).await.unwrap());
    assert_eq!(rig.store.requests(RequestSelection::All).await.unwrap().len(), 1, "the row is there");
    assert!(ours.requests(RequestSelection::All).await.unwrap().is_empty(), "and says nothing");
    drop_trigger("requests");

    for (table, change) in [("gone_unread", "deposit_id"), ("hook_events", "letter")] {
        changes(&schema, table, &format!("{change} = '{kept_letter}'"));
        assert!(ours.delete_mailbox(&mailbox, Unread::KeptForSenders, LATER).await.is_err(), "{table}");
        assert!(ours.gone_unread("").await.unwrap().is_empty(), "{table}");
        assert!(ours.events("", EventSelection::All).await.unwrap().is_empty(), "{table}");
        drop_trigger(table);
    }
    assert!(ours.delete_mailbox(&mailbox, Unread::KeptForSenders, LATER).await.unwrap());
    assert_eq!(ours.gone_unread("").await.unwrap()[0].deposit_id, letter);
    rig.clean().await;
}
