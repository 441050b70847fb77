//! The job that queries authorities, killed when it is about to begin, between two queries, and before its
//! end is recorded: it is resumed, and each certificate has one answer.

use rig::ill_clock::IllClock;
use rig::ill_end::IllEnd;
use rig::process::poll;
use rig::{Config, Gateway, Hop};

use super::authority::Authority;
use super::out::path;
use super::{insurer_on, sealpost};

const HOUR: i64 = 3600;

#[test]
fn ocsp() {
    let (world, inside, clock, end) = (Hop::new(), Hop::new(), IllClock::new(), IllEnd::new());
    let authority = Authority::new();
    // Deaths are triggers of SQLite.
    let mut config = insurer_on(Config::on_sqlite(&world), &inside).0;
    config
        .set("partners", "roots", &format!("[{:?}]", authority.root()))
        .set("partners", "crl", r#""off""#)
        .set("partners", "ocsp", r#""ask""#)
        .set("retention", "clock-jump", r#""4000 days""#)
        .set("partners", "lookup-networks", r#"["127.0.0.0/8", "::1/128"]"#);
    let mut gateway = Gateway::start_with(&config, &end.environment(clock.environment()));
    gateway.knows_its_jobs();
    sealpost(&gateway, &["domain-key", "make", "insurer.example", "--name", "Insurer"]);
    // There is no server.
    let port = rig::ports::free().port();
    for partner in ["must.example", "clinic.example"] {
        let address = format!("securemail@{partner}");
        let house = authority.issues_with_responder(&address, &format!("http://localhost:{port}/"));
        sealpost(&gateway, &["partner", "add", partner, path(&house), "--yes"]);
    }
    gateway.stop();
    let count = |gateway: &Gateway, sql: &str| gateway.count(sql);
    let answers = "SELECT count(*) FROM ocsp_answers";
    let open = "SELECT count(*) FROM job_runs WHERE job = 'ocsp' AND ended_at IS NULL";
    let done = "SELECT count(*) FROM job_runs WHERE job = 'ocsp' AND ended_at IS NOT NULL AND error IS NULL";
    let (before, done_before) = (count(&gateway, answers), count(&gateway, done));
    assert_eq!(before, 0, "no authority was queried while they were added");

    clock.set(2 * HOUR);
    IllEnd::dies(&mut gateway, "AFTER INSERT ON job_runs WHEN NEW.job = 'ocsp'");
    assert_eq!(count(&gateway, answers), 0);
    clock.set(4 * HOUR);
    IllEnd::dies(&mut gateway, "AFTER INSERT ON ocsp_answers WHEN (SELECT count(*) FROM ocsp_answers) = 2");
    assert_eq!((count(&gateway, answers), count(&gateway, open)), (1, 1), "it was at work");
    clock.set(6 * HOUR);
    let ends = "AFTER UPDATE OF ended_at ON job_runs WHEN NEW.job = 'ocsp' AND NEW.counts <> ''";
    IllEnd::dies(&mut gateway, ends);
    assert_eq!((count(&gateway, answers), count(&gateway, open)), (2, 1), "all is done");
    clock.set(8 * HOUR);
    gateway.restart();
    poll("ocsp to end", || (count(&gateway, done) > done_before).then_some(()));
    assert_eq!((count(&gateway, answers), count(&gateway, open)), (2, 0));
    for partner in ["must.example", "clinic.example"] {
        let shown = sealpost(&gateway, &["partner", "show", partner]);
        assert!(shown.contains(": unreachable") && shown.contains("used for letters"), "{shown}");
    }
    sealpost(&gateway, &["audit", "verify"]);
    gateway.sweep();
}
