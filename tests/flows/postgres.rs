//! Rows in PostgreSQL, with the real binary: a letter's whole life, what `check` reports about a server, and
//! a server that fails.

use rig::gateway::{Home, binary};
use rig::postgres::Cluster;
use rig::process::{Process, poll};
use rig::reader::{PASSWORD, activate, letter_path};
use rig::{Config, Gateway, Hop, letters};

const TO: &str = "k@web.example";

fn config(hop: &Hop) -> Config {
    let mut config = Config::new(hop);
    config.rows_in(Cluster::shared());
    config
}

#[test]
fn a_letter_comes_is_read_and_goes() {
    let hop = Hop::new();
    let mut config = config(&hop);
    config.set("retention", "letters", r#""60 days""#);
    let mut gateway = Gateway::start(&config);

    // One to be relayed, one for the portal in a row, one in a file.
    let ordinary = letters::sized("ordinary", 20_000);
    gateway.smtp().letter("a@insurer.example", &["open@web.example"], &ordinary).expect("250 2.0.0 *");
    assert_eq!(letters::without_trace(&hop.wait_to("open@web.example").bytes), ordinary);
    let small = letters::plain("[vertraulich] klein", "Inhalt-4711");
    gateway.smtp().letter("a@insurer.example", &[TO], &small).expect("250 2.0.0 *");
    let notice = hop.wait_to(TO);
    assert!(!notice.text().contains("Inhalt-4711"));
    let large = letters::sized("[vertraulich] groß", 900_000);
    gateway.smtp().letter("a@insurer.example", &[TO], &large).expect("250 2.0.0 *");
    poll("two letters", || (gateway.count("SELECT count(*) FROM deposits") == 2).then_some(()));
    assert_eq!(gateway.count("SELECT count(*) FROM bodies WHERE place = 'file'"), 1);
    assert!(!gateway.home.data().join("rows.sqlite").exists());

    let mut web = gateway.web();
    let inbox = activate(&mut web, &letters::link(&notice.bytes));
    inbox.expect(200);
    for path in rig::reader::letter_paths(&inbox) {
        web.get(&path).expect(200);
        let eml = web.get(&format!("{path}/eml"));
        eml.expect(200);
        let want = [&small, &large]
            .map(|letter| String::from_utf8(letter.clone()).unwrap().replace("[vertraulich] ", ""));
        assert!(want.iter().any(|want| want.as_bytes() == eml.body), "{path} came back changed");
    }
    assert_eq!(gateway.count("SELECT count(*) FROM deposits WHERE read_at IS NOT NULL"), 2);

    // Everything is there after a kill, and the owner comes in with the password.
    gateway.kill();
    gateway.restart();
    let mut web = gateway.web();
    let page = web.get("/");
    web.submit(&page, "/login", &[("address", TO), ("password", PASSWORD)]).expect(303);
    let inbox = web.get("/inbox");
    inbox.expect(200);
    let _ = letter_path(&inbox);

    // And when they expire they are deleted, with their bodies.
    Cluster::shared().sql(&format!(
        "UPDATE {}.deposits SET expires_at = 1",
        rig::gateway::schema(&gateway.home.data()).unwrap()
    ));
    let (code, out, err) = gateway.sealpost(&["jobs", "run", "retention"]);
    assert_eq!(code, 0, "{out}{err}");
    assert_eq!(gateway.count("SELECT count(*) FROM deposits"), 0);
    assert_eq!(gateway.count("SELECT count(*) FROM bodies"), 0);
    gateway.sweep();
}

#[test]
fn what_waits_for_a_hop_goes_when_it_opens() {
    let mut hop = Hop::new();
    let mut gateway = Gateway::start(&config(&hop));
    hop.close();
    let letter = letters::sized("ordinary", 5_000);
    for n in 0..10 {
        gateway
            .smtp()
            .letter("a@insurer.example", &[&format!("k{n}@web.example")], &letter)
            .expect("250 2.0.0 *");
    }
    let (code, out, err) = gateway.sealpost(&["queue", "list"]);
    assert_eq!(code, 0, "{out}{err}");
    gateway.kill();
    hop.open();
    gateway.restart();
    for n in 0..10 {
        let _ = hop.wait_to(&format!("k{n}@web.example"));
    }
    poll("an empty queue", || (gateway.count("SELECT count(*) FROM legs") == 0).then_some(()));
    assert_eq!(hop.delivered().len(), 10, "each of them once");
    gateway.sweep();
}

/// A client that sends while the database is away waits, or gets 451; nothing accepted is lost.
#[test]
fn a_database_that_goes_away_is_waited_for() {
    let cluster = Cluster::start("");
    let hop = Hop::new();
    let mut config = Config::new(&hop);
    config.rows_in(&cluster);
    let gateway = Gateway::start(&config);
    gateway
        .smtp()
        .letter("a@insurer.example", &["before@web.example"], &letters::plain("x", "x"))
        .expect("250 *");
    let _ = hop.wait_to("before@web.example");
    cluster.kill();
    let answer = std::thread::scope(|scope| {
        let sending = scope.spawn(|| {
            gateway.smtp().letter("a@insurer.example", &["during@web.example"], &letters::plain("y", "y"))
        });
        cluster.restart();
        sending.join().unwrap()
    });
    assert!([250, 451].contains(&answer.code), "{answer:?}");
    if answer.code == 250 {
        let _ = hop.wait_to("during@web.example");
    }
    gateway
        .smtp()
        .letter("a@insurer.example", &["after@web.example"], &letters::plain("z", "z"))
        .expect("250 *");
    let _ = hop.wait_to("after@web.example");
    gateway.sweep();
}

#[test]
fn check_looks_at_the_server() {
    let hop = Hop::new();
    let home = Home::new(&config(&hop));
    let (code, out, err) = home.sealpost(&["check"]);
    assert_eq!(code, 0, "{out}{err}");
    assert!(
        out.contains("database: PostgreSQL 1") && err.contains("fsync or full_page_writes is off"),
        "{out}{err}"
    );

    let said = |change: &dyn Fn(&mut Config)| {
        let mut config = config(&hop);
        change(&mut config);
        let home = Home::new(&config);
        let (code, out, err) = home.sealpost(&["check"]);
        assert_ne!(code, 0, "found nothing wrong:\n{out}{err}");
        // What check refuses does not start either.
        let (code, ..) = home.sealpost(&["serve"]);
        assert_ne!(code, 0);
        format!("{out}{err}")
    };
    let unreplicated = said(&|config| {
        config.set("store", "durability", r#""replicated""#);
    });
    assert!(unreplicated.contains("synchronous_standby_names"), "{unreplicated}");
    let nobody = said(&|config| {
        config.set("store", "user", r#""nobody""#);
    });
    assert!(nobody.contains("the database cannot be used") && nobody.contains("nobody"), "{nobody}");
    let elsewhere = said(&|config| {
        config.set("store", "hosts", r#"["192.0.2.1"]"#);
    });
    assert!(elsewhere.contains("reached by TLS only"), "{elsewhere}");
    let socket = said(&|config| {
        config.set("store", "tls-authorities", r#""gateway.toml""#);
    });
    assert!(socket.contains("a socket, which has no TLS"), "{socket}");
    let incomplete = said(&|config| {
        config.unset("store", "database");
    });
    assert!(incomplete.contains("engine = \"postgres\" needs database"), "{incomplete}");
    let half = said(&|config| {
        config.set("store", "engine", r#""sqlite""#);
    });
    assert!(half.contains("hosts belongs to a database server"), "{half}");
    let quoted = said(&|config| {
        config.set("store", "schema", r#""a\";b""#);
    });
    assert!(quoted.contains("a schema's name has small letters"), "{quoted}");
}

#[test]
fn a_folder_of_one_engine_is_not_begun_with_the_other() {
    let hop = Hop::new();
    let plain = Config::on_sqlite(&hop);
    let mut gateway = Gateway::start(&config(&hop));
    gateway.stop();
    gateway.home.write("gateway.toml", plain.text().as_bytes());
    let (code, out, err) = gateway.sealpost(&["serve"]);
    assert!(code != 0 && err.contains("holds rows of PostgreSQL"), "{out}{err}");
}

/// Several processes, each with roles of its own, over one database and one folder.
#[test]
fn several_processes_share_one_database() {
    let hop = Hop::new();
    let mut gateway = Gateway::start(&config(&hop));
    gateway.stop();
    let start = |role: &str| {
        let mut command = std::process::Command::new(binary());
        command.args(["serve", "--role", role, "--config"]).arg(gateway.home.config());
        command.current_dir(gateway.home.path());
        let process = Process::start("sealpost serve", &mut command);
        let _ = process.output.wait("{*\"ready\":true*}");
        process
    };
    let _roles = ["intake", "delivery", "portal", "jobs"].map(start);
    gateway.smtp().letter("a@insurer.example", &["r@web.example"], &letters::plain("x", "x")).expect("250 *");
    let _ = hop.wait_to("r@web.example");
    gateway
        .smtp()
        .letter("a@insurer.example", &[TO], &letters::plain("[vertraulich] x", "y"))
        .expect("250 *");
    let notice = hop.wait_to(TO);
    activate(&mut gateway.web(), &letters::link(&notice.bytes)).expect(200);
    let (code, out, err) = gateway.sealpost(&["serve", "--role", "delivery"]);
    assert!(code != 0 && err.contains("delivery"), "a second one delivers:\n{out}{err}");
}
