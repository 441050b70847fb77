//! An attacker with write access to the database and without keys moves the record of a recalled letter, or
//! changes its times. It is then not read, and the check of the store names it.

use rig::Gateway;
use rusqlite::Connection;

use crate::portal::Portal;

const ANNA: &str = "anna@web.example";
const BERT: &str = "bert@web.example";

fn rows(gateway: &Gateway) -> Connection {
    let rows = Connection::open(rig::gateway::find_database(&gateway.home.data())).unwrap();
    rows.busy_timeout(rig::PATIENCE).unwrap();
    rows
}

fn check(gateway: &Gateway) -> (i32, String) {
    let (code, out, err) = gateway.sealpost(&["check", "--store"]);
    (code, format!("{out}{err}"))
}

#[test]
fn what_says_that_a_letter_was_withdrawn_cannot_be_moved_or_changed() {
    let portal = Portal::new();
    let (mut anna, letter) = portal.owner(ANNA, "Text");
    let (mut bert, _) = portal.owner(BERT, "Text");
    let gateway = &portal.gateway;
    let id = letter.rsplit('/').next().unwrap();
    let recall = ["letter", "recall", id, "--note", "Irrtum", "--by", "Erika Muster"];
    let (code, out, err) = gateway.sealpost(&recall);
    assert_eq!(code, 0, "{out}{err}");
    assert!(anna.get("/inbox").text().contains("(durch Erika Muster)"));
    assert_eq!(check(gateway).0, 0, "{}", check(gateway).1);

    let rows = rows(gateway);
    // Two mailboxes: the same again takes it back.
    let others = "UPDATE withdrawn SET mailbox_id = (SELECT id FROM mailboxes WHERE id <> mailbox_id)";
    for (wrong, right) in [
        (others, others),
        (
            "UPDATE withdrawn SET withdrawn_at = withdrawn_at - 1",
            "UPDATE withdrawn SET withdrawn_at = withdrawn_at + 1",
        ),
        (
            "UPDATE withdrawn SET received_at = received_at - 1",
            "UPDATE withdrawn SET received_at = received_at + 1",
        ),
        ("UPDATE withdrawn SET forget_at = forget_at + 1", "UPDATE withdrawn SET forget_at = forget_at - 1"),
    ] {
        assert_eq!(rows.execute(wrong, []).unwrap(), 1, "{wrong}");
        for web in [&mut anna, &mut bert] {
            let inbox = web.get("/inbox");
            inbox.expect(200);
            assert!(
                !inbox.text().contains("Erika Muster") && !inbox.text().contains("zurückgezogen"),
                "{wrong}"
            );
        }
        let (code, said) = check(gateway);
        assert!(
            code != 0 && said.contains(&format!("letter taken back {id} does not prove")),
            "{wrong}: {said}"
        );
        assert_eq!(rows.execute(right, []).unwrap(), 1, "{right}");
        assert!(anna.get("/inbox").text().contains("(durch Erika Muster)"), "{right}");
    }
}
