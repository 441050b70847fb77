//! Two nodes on one PostgreSQL, each with a data folder of its own: a killed node is replaced, one that stood still
//! stops, and each letter is sent once.

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt as _;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use rig::postgres::Cluster;
use rig::process::poll;
use rig::reader::{activate, letter_path};
use rig::{Answer, Config, Gateway, Hop, Stage, letters};
use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

/// Two configurations over one schema, and the folder of large letters that they share.
pub(crate) fn two(hop: &Hop, cluster: &Cluster) -> ([Config; 2], TempDir) {
    let bodies = tempfile::Builder::new().prefix("sealpost-bodies-").tempdir().unwrap();
    std::fs::set_permissions(bodies.path(), std::fs::Permissions::from_mode(0o700)).unwrap();
    let [mut first, mut second] = over_one_schema([Config::new(hop), Config::new(hop)], cluster);
    for (config, name) in [(&mut first, "one"), (&mut second, "two")] {
        config
            .set("store", "node", &format!("{name:?}"))
            .set("store", "bodies", &format!("{:?}", bodies.path()))
            .set("store", "silence", r#""10 s""#);
    }
    ([first, second], bodies)
}

/// The same two, with the same rows.
pub(crate) fn over_one_schema([mut first, mut second]: [Config; 2], cluster: &Cluster) -> [Config; 2] {
    first.rows_in(cluster);
    let schema = first.value("store", "schema");
    second.rows_in(cluster).set("store", "schema", &schema);
    [first, second]
}

/// A large letter accepted by the first node is read at the second. `taken`: checked in between.
pub(crate) fn is_read_at_the_other(
    hop: &Hop,
    [first, second]: [&Config; 2],
    nodes: &[Gateway; 2],
    taken: impl FnOnce(),
) {
    let large = letters::sized("[vertraulich] groß", 900_000);
    nodes[0].smtp().letter("a@insurer.example", &["k@web.example"], &large).expect("250 2.0.0 *");
    let notice = hop.wait_to("k@web.example");
    taken();
    let mut web = nodes[1].web();
    // The link names the portal's one address; which node answers there is the balancer's business.
    let link = letters::link(&notice.bytes).replace(&first.web.to_string(), &second.web.to_string());
    let inbox = activate(&mut web, &link);
    inbox.expect(200);
    let eml = web.get(&format!("{}/eml", letter_path(&inbox)));
    eml.expect(200);
    assert!(eml.body.len() > 900_000, "{} bytes", eml.body.len());
}

/// How often each recipient got a letter.
pub(crate) fn times(hop: &Hop) -> BTreeMap<String, usize> {
    let mut times = BTreeMap::new();
    for letter in hop.delivered() {
        for to in letter.to() {
            *times.entry(to.to_owned()).or_default() += 1;
        }
    }
    times
}

pub(crate) fn empty_queue(gateway: &Gateway) {
    poll("an empty queue", || (gateway.count("SELECT count(*) FROM legs") == 0).then_some(()));
}

pub(crate) fn stop_all(nodes: impl IntoIterator<Item = Gateway>) {
    for node in nodes {
        node.sweep();
    }
}

#[test]
fn both_take_letters_and_each_goes_out_once() {
    let hop = Hop::new();
    let ([first, second], bodies) = two(&hop, Cluster::shared());
    let nodes = [Gateway::start(&first), Gateway::start(&second)];
    std::thread::scope(|scope| {
        for (which, node) in nodes.iter().enumerate() {
            scope.spawn(move || {
                for n in 0..20 {
                    let to = format!("n{which}k{n}@web.example");
                    let letter = letters::sized("Angebot", 5_000);
                    node.smtp().letter("a@insurer.example", &[&to], &letter).expect("250 2.0.0 *");
                }
            });
        }
    });
    let _ = hop.wait(40);
    empty_queue(&nodes[0]);
    let got = times(&hop);
    assert_eq!((got.len(), got.values().copied().max()), (40, Some(1)), "{got:?}");

    let (code, out, err) = nodes[0].sealpost(&["nodes", "--json"]);
    assert_eq!(code, 0, "{out}{err}");
    assert!(out.contains(r#""node":"one""#) && out.contains(r#""node":"two""#), "{out}");
    assert_eq!(out.lines().filter(|line| line.contains(r#""silent":false"#)).count(), 2, "{out}");

    is_read_at_the_other(&hop, [&first, &second], &nodes, || {
        assert_eq!(nodes[0].count("SELECT count(*) FROM bodies WHERE place = 'file'"), 1);
    });

    // Each job that is due runs once, whichever node sees it first.
    nodes[0].knows_its_jobs();
    let schema = rig::gateway::schema(&nodes[0].home.data()).unwrap();
    Cluster::shared().sql(&format!("UPDATE {schema}.jobs SET due_at = 1"));
    poll("all jobs to have run", || {
        let waiting = nodes[0].count("SELECT count(*) FROM jobs WHERE due_at = 1")
            + nodes[0].count("SELECT count(*) FROM job_runs WHERE ended_at IS NULL");
        (waiting == 0).then_some(())
    });
    let most = "SELECT max(runs) FROM (SELECT count(*) AS runs FROM job_runs GROUP BY job) AS jobs";
    assert_eq!(nodes[0].count(most), 1);

    stop_all(nodes);
    drop(bodies);
}

#[test]
fn what_a_killed_node_had_in_hand_the_other_delivers() {
    let hop = Hop::new();
    let ([first, second], _bodies) = two(&hop, Cluster::shared());
    // The hop sends no greeting: what the first node leases stays leased.
    hop.script(|stage, _| if stage == Stage::Mail { Answer::Hang } else { Answer::Yes });
    let mut killed = Gateway::start(&first);
    let letter = letters::sized("Angebot", 5_000);
    for n in 0..12 {
        let to = format!("k{n}@web.example");
        killed.smtp().letter("a@insurer.example", &[&to], &letter).expect("250 2.0.0 *");
    }
    let in_hand = "SELECT count(*) FROM legs WHERE lease_owner IS NOT NULL";
    poll("all in the first one's hand", || (killed.count(in_hand) == 12).then_some(()));
    let other = Gateway::start(&second);
    killed.kill();
    hop.be_kind();
    for n in 0..12 {
        let _ = hop.wait_to(&format!("k{n}@web.example"));
    }
    empty_queue(&other);
    let got = times(&hop);
    assert_eq!((got.len(), got.values().copied().max()), (12, Some(1)), "{got:?}");
    other.wait_logged("silent for too long: what it had in hand is free");

    // It comes back as a new one.
    killed.restart();
    killed.smtp().letter("a@insurer.example", &["again@web.example"], &letter).expect("250 2.0.0 *");
    let _ = hop.wait_to("again@web.example");
    assert_eq!(other.count("SELECT count(*) FROM nodes"), 2);
    stop_all([killed, other]);
}

/// Killed and restarted at once: it recognises its own former life, without waiting for a timeout.
#[test]
fn who_comes_back_takes_over_from_itself_at_once() {
    let hop = Hop::new();
    let ([first, second], _bodies) = two(&hop, Cluster::shared());
    hop.script(|stage, _| if stage == Stage::Mail { Answer::Hang } else { Answer::Yes });
    let mut one = Gateway::start(&first);
    let other = Gateway::start(&second);
    let letter = letters::sized("Angebot", 5_000);
    one.smtp().letter("a@insurer.example", &["k@web.example"], &letter).expect("250 2.0.0 *");
    hop.wait_stage(Stage::Mail, 1);
    one.kill();
    hop.be_kind();
    one.restart();
    let _ = hop.wait_to("k@web.example");
    empty_queue(&one);
    assert_eq!(times(&hop).values().copied().max(), Some(1));
    assert_eq!(one.count("SELECT count(*) FROM nodes"), 2, "its former life is gone from the list");
    stop_all([one, other]);
}

/// Stopped between the 354 and the letter's end, and gone on after the other one has delivered it: the end never leaves.
#[test]
fn who_stood_still_finds_itself_replaced_and_ends() {
    static VICTIM: Mutex<Option<Pid>> = Mutex::new(None);
    static DONE: AtomicBool = AtomicBool::new(false);
    static ACCEPTED: AtomicBool = AtomicBool::new(false);
    let hop = Hop::new();
    let ([first, second], _bodies) = two(&hop, Cluster::shared());
    let mut stopped = Gateway::start(&first);
    let pid = Pid::from_raw(i32::try_from(stopped.process().id()).unwrap()).unwrap();
    *VICTIM.lock().unwrap() = Some(pid);
    hop.script(|stage, _| {
        // It waits for our 354 and does nothing else that could be cut off.
        if stage == Stage::Data && !DONE.swap(true, Ordering::SeqCst) {
            // It continues at once, perhaps before its client has been answered.
            poll("its client's 250", || ACCEPTED.load(Ordering::SeqCst).then_some(()));
            let pid = VICTIM.lock().unwrap().unwrap();
            kill_process(pid, Signal::STOP).unwrap();
            let stat = format!("/proc/{}/stat", pid.as_raw_nonzero());
            poll("it to stand still", || {
                std::fs::read_to_string(&stat).unwrap().contains(") T ").then_some(())
            });
        }
        Answer::Yes
    });
    let letter = letters::sized("Angebot", 50_000);
    stopped.smtp().letter("a@insurer.example", &["k@web.example"], &letter).expect("250 2.0.0 *");
    ACCEPTED.store(true, Ordering::SeqCst);
    hop.wait_stage(Stage::Data, 1);
    let other = Gateway::start(&second);
    assert_eq!(letters::without_trace(&hop.wait_to("k@web.example").bytes), letter);
    empty_queue(&other);

    kill_process(pid, Signal::CONT).unwrap();
    let ended = stopped.wait();
    assert!(!ended.success(), "{}", stopped.log());
    stopped.wait_logged("others have taken over from this process");
    assert_eq!(hop.delivered().len(), 1, "it went out twice");

    stopped.restart();
    stopped.smtp().letter("a@insurer.example", &["again@web.example"], &letter).expect("250 2.0.0 *");
    let _ = hop.wait_to("again@web.example");
    assert_eq!(hop.delivered().len(), 2);
    stop_all([stopped, other]);
}

/// A node does not count as silent while no other node can read its signs of life.
#[test]
fn a_database_that_was_away_makes_nobody_silent() {
    let cluster = Cluster::start("");
    let hop = Hop::new();
    let ([first, second], _bodies) = two(&hop, &cluster);
    let nodes = [Gateway::start(&first), Gateway::start(&second)];
    let letter = letters::sized("Angebot", 5_000);
    nodes[0].smtp().letter("a@insurer.example", &["before@web.example"], &letter).expect("250 *");
    let _ = hop.wait_to("before@web.example");
    cluster.kill();
    for node in &nodes {
        let _ = node.process().output.wait("*gave no sign of life for too long*");
        node.smtp().say("MAIL FROM:<a@insurer.example>").expect("451 *");
    }
    cluster.restart();
    for (which, node) in nodes.iter().enumerate() {
        let _ = node.process().output.wait("*gives signs of life again*");
        let to = format!("after{which}@web.example");
        node.smtp().letter("a@insurer.example", &[&to], &letter).expect("250 *");
        let _ = hop.wait_to(&to);
    }
    for mut node in nodes {
        assert!(!node.log().contains("taken over"), "{}", node.log());
        node.stop();
    }
}

/// A data folder that shares no bodies is another store's.
#[test]
fn without_the_common_folder_a_second_node_is_refused() {
    let hop = Hop::new();
    let ([first, mut second], _bodies) = two(&hop, Cluster::shared());
    let mut node = Gateway::start(&first);
    second.unset("store", "bodies");
    let home = rig::gateway::Home::new(&second);
    let (code, out, err) = home.sealpost(&["serve"]);
    assert!(code != 0 && err.contains("large letters are not in"), "{out}{err}");
    node.stop();
    let (code, out, err) = node.sealpost(&["nodes"]);
    assert!(code == 0 && out.contains("nobody serves"), "{out}{err}");
}

/// The server key is shared by all: no node serves while it is changed, on any machine.
#[test]
fn the_server_key_is_changed_only_when_all_nodes_are_stopped() {
    let hop = Hop::new();
    let ([first, second], _bodies) = two(&hop, Cluster::shared());
    let mut one = Gateway::start(&first);
    // A row by which the store's key is known.
    let letter = letters::plain("[vertraulich] x", "y");
    one.smtp().letter("a@insurer.example", &["k@web.example"], &letter).expect("250 *");
    let _ = hop.wait_to("k@web.example");
    one.stop();
    let mut other = Gateway::start(&second);
    let (code, out, err) = one.sealpost(&["key", "rotate"]);
    assert!(code != 0 && err.contains("another process has this store open"), "{out}{err}");
    other.stop();
    let (code, out, err) = one.sealpost(&["key", "rotate"]);
    assert_eq!(code, 0, "{out}{err}");
    // The other one has the old key still.
    let (code, out, err) = other.sealpost(&["serve"]);
    assert!(code != 0 && err.contains("under another key"), "{out}{err}");
}
