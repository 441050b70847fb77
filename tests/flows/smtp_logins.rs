//! Log-ins by SMTP AUTH in the audit trail: login, network, result; a flood makes few rows, and unknown
//! logins are recorded nowhere, since people type their password there.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::thread;

use base64::Engine as _;
use rig::gateway::{Home, find_database};
use rig::ill_clock::IllClock;
use rig::process::poll;
use rig::{Authority, Config, Gateway, Hop, PATIENCE, Smtp};
use serde_json::Value;
use socket2::{Domain, Socket, Type};

const NAME: &str = "mailgate.insurer.example";
const PASSWORD: &str = "Geheim-4711";
const NO_LOGIN: &str = "Geheim-4712";
const RIGHT: &str = "smtp-login.right";

struct Rig {
    authority: Arc<Authority>,
    clock: IllClock,
    gateway: Gateway,
    _hop: Hop,
}

fn start(config: impl FnOnce(&Hop) -> Config) -> Rig {
    let (hop, clock, authority) = (Hop::new(), IllClock::new(), Arc::new(Authority::new()));
    let mut config = config(&hop);
    config.set("[listener]", "networks", "[]").log_in_with(PASSWORD);
    let home = Home::new(&config);
    let _ = authority.issue(&[NAME]).write(home.path(), "gate");
    let gateway = Gateway::start_in_with(home, &config, &clock.environment());
    Rig { authority, clock, gateway, _hop: hop }
}

/// The code of the answer to one log-in from this address.
fn code(authority: &Authority, to: SocketAddr, from: Ipv4Addr, login: &str, password: &str) -> u16 {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    socket.bind(&SocketAddr::new(IpAddr::V4(from), 0).into()).unwrap();
    socket.connect_timeout(&to.into(), PATIENCE).unwrap();
    let mut client = Smtp::over(socket.into());
    client.try_reply().unwrap();
    client.ehlo();
    client.starttls(authority.client(), NAME);
    client.ehlo();
    let secret = base64::engine::general_purpose::STANDARD.encode(format!("\0{login}\0{password}"));
    client.try_say(&format!("AUTH PLAIN {secret}")).unwrap().code
}

impl Rig {
    fn code(&self, from: Ipv4Addr, login: &str, password: &str) -> u16 {
        code(&self.authority, self.gateway.config.smtp, from, login, password)
    }

    fn rows(&self) -> Vec<Value> {
        rows_of(&self.gateway)
    }
}

/// What the trail says of log-ins by SMTP.
pub(crate) fn rows_of(gateway: &Gateway) -> Vec<Value> {
    let rows = rig::trail::rows(gateway).into_iter();
    rows.filter(|row| row["action"].as_str().unwrap().starts_with("smtp-login.")).collect()
}

pub(crate) fn times(rows: &[Value], action: &str, actor: &str) -> usize {
    let of = |row: &&Value| row["action"] == action && row["actor"] == actor;
    let times =
        |row: &Value| row["detail"].as_str().unwrap().strip_prefix("times=").unwrap().parse::<usize>();
    rows.iter().filter(of).map(|row| times(row).unwrap()).sum()
}

#[test]
fn a_flood_of_wrong_log_ins_is_a_few_rows_that_count_each() {
    let rig = start(Config::new);
    let server = Ipv4Addr::LOCALHOST;
    assert_eq!(rig.code(server, "exchange", PASSWORD), 235);
    // From a network of its own each, half of them with a password in place of the login.
    let lanes = (0..12_u8).map(|lane| {
        let (authority, to) = (Arc::clone(&rig.authority), rig.gateway.config.smtp);
        thread::spawn(move || {
            let login = if lane % 2 == 0 { "exchange" } else { NO_LOGIN };
            (1..=12_u8)
                .map(|net| code(&authority, to, Ipv4Addr::new(127, 9 + lane, net, 1), login, "guess"))
                .collect()
        })
    });
    let codes: Vec<u16> =
        lanes.collect::<Vec<_>>().into_iter().flat_map(|lane| -> Vec<u16> { lane.join().unwrap() }).collect();
    // Further tries from the same address have to wait.
    let stubborn = Ipv4Addr::new(127, 8, 0, 1);
    let mut tries = vec![rig.code(stubborn, "exchange", "guess")];
    while tries.iter().filter(|code| **code == 454).count() < 2 {
        tries.push(rig.code(stubborn, "exchange", "guess"));
        assert!(tries.len() < 40, "{tries:?}");
    }
    assert_eq!(rig.code(server, "exchange", PASSWORD), 235);
    assert_eq!(rig.code(server, "exchange", "vertippt"), 535);
    assert_eq!(rig.code(server, "exchange", PASSWORD), 235, "after a wrong one, which gets a row");

    rig.clock.set(180);
    let answered = |wanted: u16| codes.iter().chain(&tries).filter(|code| **code == wanted).count();
    poll("all of it in the trail", || {
        let rows = rig.rows();
        let all = |action| times(&rows, action, "login:exchange") + times(&rows, action, "login");
        let wrong = all("smtp-login.wrong") == answered(535) + 1;
        let refused = all("smtp-login.refused") == answered(454);
        // The first one, and the one after a wrong one.
        (wrong && refused && all("smtp-login.right") == 2).then_some(())
    });
    let rows = rig.rows();
    assert!(times(&rows, "smtp-login.wrong", "login") > 0, "{rows:?}");
    assert!(times(&rows, "smtp-login.closed", "login:exchange") > 0, "{rows:?}");
    assert_eq!(
        times(&rows, "smtp-login.right", "login:exchange"),
        2,
        "the first, and the one after a wrong one"
    );
    let minutes: std::collections::BTreeSet<&str> =
        rows.iter().map(|row| row["at"].as_str().unwrap()).collect();
    assert!(rows.len() <= 70 * minutes.len(), "{} rows in {} minutes", rows.len(), minutes.len());
    for row in &rows {
        let outcome = if row["action"] == "smtp-login.right" { "done" } else { "refused" };
        assert_eq!((row["object"].as_str(), row["outcome"].as_str()), (Some("smtp"), Some(outcome)), "{row}");
        let network = row["network"].as_str().unwrap();
        assert!(network.ends_with(".0/24") || network == "other networks", "{row}");
        assert!(!row.to_string().contains(NO_LOGIN), "{row}");
    }
    let (code, said, err) = rig.gateway.sealpost(&["audit", "verify"]);
    assert_eq!(code, 0, "{said}{err}");
    assert!(!rig.gateway.log().contains(NO_LOGIN));
}

#[test]
fn every_right_log_in_is_counted_also_one_that_says_nothing_new() {
    let mut rig = start(Config::new);
    let (server, other) = (Ipv4Addr::LOCALHOST, Ipv4Addr::new(127, 9, 0, 1));
    for from in [server, server, other, server, server, other] {
        assert_eq!(rig.code(from, "exchange", PASSWORD), 235);
    }
    poll("the first of each", || (times(&rig.rows(), RIGHT, "login:exchange") == 2).then_some(()));
    rig.gateway.stop();
    let rows = rig.rows();
    let of = |network: &str| -> Vec<&str> {
        let of = rows.iter().filter(|row| row["action"] == RIGHT && row["network"] == network);
        of.map(|row| row["detail"].as_str().unwrap()).collect()
    };
    assert_eq!(of("127.0.0.0/24"), ["times=1", "times=3"], "{rows:?}");
    assert_eq!(of("127.9.0.0/24"), ["times=1", "times=1"], "{rows:?}");
    let (code, said, err) = rig.gateway.sealpost(&["audit", "verify"]);
    assert_eq!(code, 0, "{said}{err}");
}

#[test]
fn nobody_who_logs_in_waits_for_the_trail() {
    let rig = start(Config::on_sqlite);
    assert_eq!(rig.code(Ipv4Addr::LOCALHOST, "exchange", PASSWORD), 235);
    let lock = rusqlite::Connection::open(find_database(&rig.gateway.home.data())).unwrap();
    poll("the lock", || lock.execute_batch("BEGIN IMMEDIATE").ok());
    // Nothing can be written, and each is answered all the same.
    for _ in 0..3 {
        assert_eq!(rig.code(Ipv4Addr::new(127, 8, 0, 1), "exchange", "guess"), 535);
    }
    assert_eq!(rig.code(Ipv4Addr::LOCALHOST, "exchange", PASSWORD), 235);
    lock.execute_batch("ROLLBACK").unwrap();
    let counting = "SELECT coalesce(sum(count), 0) FROM audit_counts WHERE action = 'smtp-login.wrong' AND mailbox = 'exchange'";
    poll("them to be counted", || {
        let is_row = times(&rig.rows(), "smtp-login.wrong", "login:exchange") == 3;
        (is_row || rig.gateway.count(counting) == 3).then_some(())
    });
    rig.gateway.sweep();
}
