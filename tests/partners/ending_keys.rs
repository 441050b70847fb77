//! Keys that expire soon, ours and a partner's: the operator is warned once at each step, in the log and by
//! mail, until there is a successor; lists and `check` show it.

use rig::gateway::mode;
use rig::ill_clock::IllClock;
use rig::process::poll;
use rig::{Gateway, Hop};

use super::{insurer, openssl, sealpost};

const DAY: i64 = 86_400;
const OPERATOR: &str = "keys@insurer.example";

/// What the operator was sent so far, oldest first.
fn mails(world: &Hop) -> Vec<String> {
    let all = world.delivered();
    all.iter().filter(|mail| mail.to() == [OPERATOR]).map(rig::Delivered::text).collect()
}

#[test]
fn the_operator_hears_of_each_step_once_and_of_nothing_that_has_a_successor() {
    let (world, inside, clock) = (Hop::new(), Hop::new(), IllClock::new());
    let mut config = insurer(&world, &inside).0;
    config
        .set("partners", "warnings-to", &format!("\"{OPERATOR}\""))
        .set("retention", "clock-jump", r#""4000 days""#)
        .set("retention", "letters", r#""8 years""#);
    let gateway = Gateway::start_with(&config, &clock.environment());
    gateway.knows_its_jobs();
    // Thirty days each.
    let (ours, clinic) =
        (openssl::House::new("securemail@insurer.example"), openssl::House::new("securemail@clinic.example"));
    let read = |name: &str| std::fs::read(ours.path(name)).unwrap();
    let key = gateway.home.write("ours.pem", &[read("key.pem"), read("certificate.pem")].concat());
    mode(&key, 0o600);
    sealpost(&gateway, &["domain-key", "import", "insurer.example", key.to_str().unwrap()]);
    let add = |house: &openssl::House| {
        let file = house.certificate();
        sealpost(&gateway, &["partner", "add", "clinic.example", file.to_str().unwrap(), "--yes"])
    };
    let _added = add(&clinic);

    let run = || sealpost(&gateway, &["jobs", "run", "keys"]);
    let foreseen = || sealpost(&gateway, &["jobs", "run", "keys", "--dry-run"]);
    let dry = foreseen();
    for said in [
        "of ours for insurer.example: it ends in 29 days and has no successor",
        "of partner clinic.example: it ends in 29 days and has no successor",
        "one mail about them goes to keys@insurer.example",
        "2 in all; nothing was done",
    ] {
        assert!(dry.contains(said), "{said}:\n{dry}");
    }
    assert!(run().contains("\"keys\":2"));
    let _first = world.wait_to(OPERATOR);
    assert!(run().contains("\"keys\":0"), "the same step again");
    assert!(foreseen().contains("0 in all"), "{}", foreseen());
    let [mail] = mails(&world).try_into().unwrap();
    let own = sealpost(&gateway, &["domain-key", "list", "--json"]);
    let own: serde_json::Value = serde_json::from_str(own.trim()).unwrap();
    assert_eq!(own["ends_soon"], true, "{own}");
    let begin: String = own["fingerprint"].as_str().unwrap().chars().take(16).collect();
    for said in ["insurer.example", "clinic.example", &begin, "sealpost partner add"] {
        assert!(mail.contains(said), "{said}:\n{mail}");
    }
    for line in ["*a key of our own ends soon*days=29*", "*a partner's key ends soon*days=29*"] {
        let _ = gateway.process().output.wait(line);
    }
    assert!(!gateway.log().contains(OPERATOR));
    let listed = sealpost(&gateway, &["partner", "list"]);
    assert!(listed.contains("ends in 29 days"), "{listed}");
    assert!(sealpost(&gateway, &["domain-key", "list"]).contains("it ends soon"));
    let shown = sealpost(&gateway, &["partner", "show", "clinic.example"]);
    assert!(shown.contains("29 days more: it ends soon"), "{shown}");
    let (_, out, err) = gateway.sealpost(&["check"]);
    assert!(format!("{out}{err}").matches("ends in 29 days").count() == 2, "{out}{err}");

    for (days, sent) in [(25, 2), (31, 3)] {
        clock.set(days * DAY);
        // By the clock or by hand, whichever is first.
        let _ran = run();
        poll("the next step", || (mails(&world).len() == sent).then_some(()));
    }
    let _ended = gateway.process().output.wait("*a partner's key has ended*");

    // A successor on both sides: nothing more is to be said, whatever becomes of the old ones.
    clock.set(0);
    let later = openssl::House::lasting("securemail@clinic.example", 900);
    let _added = add(&later);
    sealpost(&gateway, &["domain-key", "make", "insurer.example", "--name", "Insurer"]);
    assert!(!sealpost(&gateway, &["partner", "list"]).contains("ends in"));
    clock.set(32 * DAY);
    assert!(run().contains("\"keys\":0"));
    assert_eq!(mails(&world).len(), 3);
    gateway.sweep();
}
