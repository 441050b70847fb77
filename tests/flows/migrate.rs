//! Older and newer schemas: migrated by one command while others serve, never by a read-only command, and
//! used unchanged by an older program for as long as they allow it.

use rig::gateway::change;
use rig::postgres::Cluster;
use rig::{Config, Gateway, Hop, letters};

/// What the last two changes made, taken away: a store of before.
const OLDER: &str =
    "DROP TABLE moves; DROP TABLE objects; DELETE FROM schema_version WHERE version IN (30, 31)";

fn each_engine(scenario: impl Fn(&Hop, Config)) {
    let hop = Hop::new();
    scenario(&hop, Config::on_sqlite(&hop));
    let mut config = Config::on_sqlite(&hop);
    config.rows_in(Cluster::shared());
    scenario(&hop, config);
}

#[test]
fn a_command_never_brings_the_schema_forward_and_migrate_does() {
    each_engine(|hop, config| {
        let mut gateway = Gateway::start(&config);
        gateway
            .smtp()
            .letter("a@insurer.example", &["r@web.example"], &letters::plain("x", "x"))
            .expect("250 *");
        let _ = hop.wait_to("r@web.example");
        gateway.stop();
        change(&gateway.home.data(), OLDER);
        let (code, out, err) = gateway.sealpost(&["queue", "list"]);
        assert!(code != 0 && err.contains("sealpost migrate"), "{out}{err}");
        assert_eq!(gateway.count("SELECT count(*) FROM schema_version WHERE version = 31"), 0);
        for _ in 0..2 {
            let (code, out, err) = gateway.sealpost(&["migrate"]);
            assert_eq!(code, 0, "{out}{err}");
        }
        // The second time there was nothing to do.
        assert_eq!(gateway.count("SELECT count(*) FROM audit WHERE action = 'store.migrated'"), 1);
        let (code, out, err) = gateway.sealpost(&["queue", "list"]);
        assert_eq!(code, 0, "{out}{err}");
        // A single process migrates at its start.
        change(&gateway.home.data(), OLDER);
        gateway.restart();
        assert_eq!(gateway.count("SELECT count(*) FROM audit WHERE action = 'store.migrated'"), 2);
        gateway.said(&["audit", "verify"]);
        gateway
            .smtp()
            .letter("a@insurer.example", &["r@web.example"], &letters::plain("x", "x"))
            .expect("250 *");
        gateway.sweep();
    });
}

/// A newer program has added something; this one is the older one now.
#[test]
fn an_older_program_goes_on_beside_a_newer_one_for_as_long_as_the_schema_says() {
    each_engine(|hop, config| {
        let mut gateway = Gateway::start(&config);
        let data = gateway.home.data();
        let known = gateway.count("SELECT max(version) FROM schema_version");
        // While it serves.
        change(
            &data,
            &format!(
                "CREATE TABLE of_tomorrow (id TEXT NOT NULL PRIMARY KEY);
                 ALTER TABLE legs ADD COLUMN of_tomorrow BIGINT;
                 INSERT INTO schema_version (version, least) VALUES (9999, {known})"
            ),
        );
        gateway
            .smtp()
            .letter("a@insurer.example", &["r@web.example"], &letters::plain("x", "x"))
            .expect("250 *");
        let _ = hop.wait_to("r@web.example");
        gateway.restart();
        let confidential = letters::plain("[vertraulich] x", "x");
        gateway.smtp().letter("a@insurer.example", &["k@web.example"], &confidential).expect("250 *");
        let _ = hop.wait_to("k@web.example");
        let (code, out, err) = gateway.sealpost(&["queue", "list"]);
        assert_eq!(code, 0, "{out}{err}");
        gateway.stop();
        // A release later what it knew is gone.
        change(&data, &format!("UPDATE schema_version SET least = {} WHERE version = 9999", known + 1));
        for command in [["serve"].as_slice(), &["queue", "list"], &["migrate"]] {
            let (code, out, err) = gateway.sealpost(command);
            assert!(code != 0 && err.contains("run the newer program again"), "{command:?}: {out}{err}");
        }
    });
}
