//! Large letters in a bucket: a letter's whole life there, an unavailable bucket, and leftovers of a kill.

use rig::gateway::Home;
use rig::postgres::Cluster;
use rig::process::poll;
use rig::reader::{activate, letter_path, letter_paths};
use rig::s3::S3;
use rig::{Config, Gateway, Hop, letters};

use crate::nodes::{is_read_at_the_other, over_one_schema, stop_all};

const TO: &str = "k@web.example";

fn config(hop: &Hop, server: &S3) -> Config {
    let mut config = Config::new(hop);
    config.bodies_in(server);
    config
}

fn start(config: &Config) -> Gateway {
    Gateway::start_in(S3::home(config), config)
}

#[test]
fn a_large_letter_comes_is_read_and_goes() {
    let (hop, server) = (Hop::new(), S3::start());
    let mut config = config(&hop, &server);
    config.set("retention", "letters", r#""60 days""#).set("store.s3", "prefix", r#""sealed/""#);
    let mut gateway = start(&config);

    // One that is relayed, one in one piece, one in several; a small one is no object.
    let relayed = letters::sized("ordinary", 400_000);
    gateway.smtp().letter("a@insurer.example", &["open@web.example"], &relayed).expect("250 2.0.0 *");
    assert_eq!(letters::without_trace(&hop.wait_to("open@web.example").bytes), relayed);
    server.wait_for(0);
    let sizes = [2_000, 900_000, 12_000_000];
    let sent = sizes.map(|size| letters::sized(&format!("[vertraulich] {size}"), size));
    for letter in &sent {
        gateway.smtp().letter("a@insurer.example", &[TO], letter).expect("250 2.0.0 *");
    }
    poll("the letters", || (gateway.count("SELECT count(*) FROM deposits") == 3).then_some(()));
    let keys = server.keys();
    assert_eq!(keys.len(), 2, "{keys:?}");
    assert!(keys.iter().all(|key| key.starts_with("sealed/")), "{keys:?}");
    assert_eq!(files(&gateway.home), 0, "a large letter is a file");

    // The stored object is sealed.
    let stored = std::fs::read(server.path(&keys[0])).unwrap();
    assert!(!stored.windows(9).any(|some| some == b"Received:"), "a letter lies there in clear");

    gateway.kill();
    gateway.restart();
    let notice = hop.wait_to(TO);
    let mut web = gateway.web();
    let inbox = activate(&mut web, &letters::link(&notice.bytes));
    inbox.expect(200);
    let mut read = Vec::new();
    for path in letter_paths(&inbox) {
        web.get(&path).expect(200);
        let eml = web.get(&format!("{path}/eml"));
        eml.expect(200);
        read.push(eml.body);
    }
    read.sort_by_key(Vec::len);
    for (letter, read) in sent.iter().zip(&read) {
        let want = String::from_utf8(letter.clone()).unwrap().replace("[vertraulich] ", "");
        assert!(want.as_bytes() == read, "a letter of {} bytes came back as {}", want.len(), read.len());
    }

    let (code, out, err) = gateway.sealpost(&["check", "--store"]);
    assert_eq!(code, 0, "{out}{err}");
    expire(&gateway);
    let (code, out, err) = gateway.sealpost(&["jobs", "run", "retention"]);
    assert_eq!(code, 0, "{out}{err}");
    assert_eq!(gateway.count("SELECT count(*) FROM bodies"), 0);
    server.wait_for(0);
    poll("no row of an object", || (gateway.count("SELECT count(*) FROM objects") == 0).then_some(()));
    gateway.sweep();
}

/// The same with rows in PostgreSQL, and two nodes whose data folders share nothing.
#[test]
fn what_one_node_put_there_another_reads() {
    let (hop, server) = (Hop::new(), S3::start());
    let configs = [config(&hop, &server), config(&hop, &server)];
    let [first, second] = over_one_schema(configs, Cluster::shared());
    let nodes = [start(&first), start(&second)];
    is_read_at_the_other(&hop, [&first, &second], &nodes, || server.wait_for(1));
    stop_all(nodes);
}

#[test]
fn while_it_is_away_large_letters_wait_and_everything_else_goes_on() {
    let (hop, mut server) = (Hop::new(), S3::start());
    let mut gateway = start(&config(&hop, &server));
    let large = letters::sized("[vertraulich] groß", 300_000);
    gateway.smtp().letter("a@insurer.example", &[TO], &large).expect("250 2.0.0 *");
    let notice = hop.wait_to(TO);
    let mut web = gateway.web();
    let inbox = activate(&mut web, &letters::link(&notice.bytes));
    let path = letter_path(&inbox);

    server.kill();
    gateway.smtp().letter("a@insurer.example", &[TO], &large).expect("451 *");
    let small = letters::sized("ordinary", 5_000);
    gateway.smtp().letter("a@insurer.example", &["open@web.example"], &small).expect("250 2.0.0 *");
    let _ = hop.wait_to("open@web.example");
    web.get("/inbox").expect(200);
    let page = web.get(&format!("{path}/eml"));
    assert!(page.status >= 500, "{}: {}", page.status, page.text());
    // A process that starts meanwhile does the same.
    gateway.restart();
    gateway.smtp().letter("a@insurer.example", &["again@web.example"], &small).expect("250 2.0.0 *");
    let _ = hop.wait_to("again@web.example");

    server.restart();
    gateway.smtp().letter("a@insurer.example", &[TO], &large).expect("250 2.0.0 *");
    let page = web.get(&format!("{path}/eml"));
    page.expect(200);
    // What did not become a letter is not there.
    server.wait_for(2);
    gateway.sweep();
}

/// Killed while the bucket receives a body: its row says so, and the next process removes it.
#[test]
fn what_a_kill_left_there_is_taken_away() {
    let (hop, server) = (Hop::new(), S3::start());
    let mut gateway = start(&config(&hop, &server));
    // The first one marks the bucket as this store's.
    let letter = letters::sized("[vertraulich] eins", 100_000);
    gateway.smtp().letter("a@insurer.example", &[TO], &letter).expect("250 2.0.0 *");
    server.wait_for(1);
    server.pause();
    let address = gateway.config.smtp;
    let sending = std::thread::spawn(move || {
        let mut client = rig::Smtp::connect(address);
        client.ehlo();
        client.envelope("a@insurer.example", &[TO]);
        client.say("DATA").expect("354 *");
        client.bytes(&rig::smtp::stuffed(&letters::sized("[vertraulich] zwei", 100_000)));
        client.expect_closed();
    });
    let coming = "SELECT count(*) FROM objects WHERE state = 'coming'";
    poll("its row", || (gateway.count(coming) == 1).then_some(()));
    gateway.kill();
    sending.join().unwrap();
    server.go_on();
    gateway.restart();
    poll("its row to go", || (gateway.count(coming) == 0).then_some(()));
    poll("no row of what is gone", || (gateway.count("SELECT count(*) FROM objects") == 1).then_some(()));
    // Had the server accepted it after that, no row would name it, and the second sweep removes it.
    let unknown = server.path("ab/00000000000000000000000000000aab");
    std::fs::create_dir_all(unknown.parent().unwrap()).unwrap();
    std::fs::write(&unknown, b"nobody's").unwrap();
    let (code, out, err) = gateway.sealpost(&["check", "--store"]);
    assert_eq!(code, 0, "{out}{err}");
    assert!(unknown.exists(), "it went on the first look");
    execute(&gateway, "UPDATE objects SET seen_at = 1 WHERE life = 'found'");
    let (code, out, err) = gateway.sealpost(&["check", "--store"]);
    assert_eq!(code, 0, "{out}{err}");
    poll("the object without a row to go", || (!unknown.exists()).then_some(()));
    assert_eq!(gateway.count("SELECT count(*) FROM deposits"), 1);
    gateway.sweep();
}

#[test]
fn a_missing_object_is_a_defect_that_the_check_names() {
    let (hop, server) = (Hop::new(), S3::start());
    let mut gateway = start(&config(&hop, &server));
    let letter = letters::sized("[vertraulich] eins", 100_000);
    gateway.smtp().letter("a@insurer.example", &[TO], &letter).expect("250 2.0.0 *");
    server.wait_for(1);
    std::fs::remove_file(server.path(&server.keys()[0])).unwrap();
    gateway.stop();
    let (code, out, err) = gateway.sealpost(&["check", "--store"]);
    assert!(code != 0 && err.contains("BodyFileMissing"), "{out}{err}");
}

#[test]
fn a_bucket_belongs_to_one_store() {
    let (hop, server) = (Hop::new(), S3::start());
    let mut gateway = start(&config(&hop, &server));
    let other = S3::home(&config(&hop, &server));
    let (code, out, err) = other.sealpost(&["serve"]);
    assert!(code != 0 && err.contains("bears the mark of another store"), "{out}{err}");

    // A store whose letters are in a bucket does not start without it.
    let letter = letters::sized("[vertraulich] eins", 100_000);
    gateway.smtp().letter("a@insurer.example", &[TO], &letter).expect("250 2.0.0 *");
    server.wait_for(1);
    gateway.stop();
    let mut without = gateway.config.clone();
    without.remove("store.s3").unset("store", "bodies");
    gateway.home.write("gateway.toml", without.text().as_bytes());
    let (code, out, err) = gateway.sealpost(&["serve"]);
    assert!(code != 0 && err.contains("store.bodies names none"), "{out}{err}");
}

#[test]
fn check_says_what_is_wrong_with_a_bucket() {
    let (hop, mut server) = (Hop::new(), S3::start());
    let fine = config(&hop, &server);
    let home = S3::home(&fine);
    let (code, out, err) = home.sealpost(&["check"]);
    assert!(code == 0 && out.contains("bucket: letters at http://127.0.0.1"), "{out}{err}");
    server.wait_for(0);

    let said = |change: &dyn Fn(&mut Config)| {
        let mut config = fine.clone();
        change(&mut config);
        let home = S3::home(&config);
        let (code, out, err) = home.sealpost(&["check"]);
        assert_ne!(code, 0, "found nothing wrong:\n{out}{err}");
        format!("{out}{err}")
    };
    let elsewhere = said(&|config| {
        config.set("store.s3", "endpoint", r#""http://192.0.2.1:9000""#);
    });
    assert!(elsewhere.contains("reached by TLS only"), "{elsewhere}");
    let half = said(&|config| {
        config.unset("store", "bodies");
    });
    assert!(half.contains("without bodies"), "{half}");
    let folder = said(&|config| {
        config.set("store.s3", "prefix", r#""../x""#);
    });
    assert!(folder.contains("a prefix has letters"), "{folder}");

    home.write("s3.secret", b"wrong");
    let (code, out, err) = home.sealpost(&["check"]);
    assert!(code != 0 && err.contains("the bucket cannot be used"), "{out}{err}");
    server.kill();
    S3::keys_into(&home);
    let (code, out, err) = home.sealpost(&["check"]);
    assert!(code != 0 && err.contains("the bucket cannot be used"), "{out}{err}");
    let (code, out, err) = home.sealpost(&["check", "--offline"]);
    assert_eq!(code, 0, "{out}{err}");
}

fn files(home: &Home) -> usize {
    let shelves = std::fs::read_dir(home.data().join("bodies")).unwrap();
    shelves.map(|shelf| std::fs::read_dir(shelf.unwrap().path()).unwrap().count()).sum()
}

fn expire(gateway: &Gateway) {
    execute(gateway, "UPDATE deposits SET expires_at = 1");
}

/// Changes rows from outside.
fn execute(gateway: &Gateway, sql: &str) {
    rig::gateway::change(&gateway.home.data(), sql);
}
