//! Strangers that hold as many SMTP connections as they can get: clients that cannot obtain a right get none,
//! and those that could leave slots for the insurer's own servers. A flood takes a line or two in the log.

use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpStream};

use rig::gateway::Home;
use rig::{Authority, Config, Gateway, Hop, PATIENCE, Smtp, letters};
use socket2::{Domain, Socket, Type};

/// A connection from another address of this machine.
fn from(last: u8, to: SocketAddr) -> TcpStream {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    let source = SocketAddr::new(IpAddr::V4(Ipv4Addr::new(127, 0, 9, last)), 0);
    socket.bind(&source.into()).unwrap();
    socket.connect_timeout(&to.into(), PATIENCE).unwrap();
    socket.into()
}

fn greeting(last: u8, to: SocketAddr) -> (Smtp, u16) {
    let mut client = Smtp::over(from(last, to));
    let code = client.reply().code;
    (client, code)
}

fn told(gateway: &Gateway) -> usize {
    gateway.log().matches("turned away").count()
}

#[test]
fn who_cannot_earn_a_right_takes_no_place() {
    let hop = Hop::new();
    let mut config = Config::new(&hop);
    config.set("[listener]", "networks", r#"["127.0.0.1"]"#).set("[listener]", "connections", "4");
    let gateway = Gateway::start(&config);
    let mut held = Vec::new();
    for n in 0..200 {
        let (client, code) = greeting(n % 50 + 1, gateway.config.smtp);
        assert_eq!(code, 554);
        held.push(client);
    }
    let sent = gateway.smtp().letter("a@insurer.example", &["k@web.example"], &letters::plain("x", "x"));
    sent.expect("250 *");
    for mut client in held {
        client.expect_closed();
    }
    assert!(told(&gateway) <= 2, "a flood of lines:\n{}", gateway.log());
}

#[test]
fn who_could_log_in_leaves_places_to_the_networks() {
    let hop = Hop::new();
    let authority = Authority::new();
    let mut config = Config::new(&hop);
    config
        .set("[listener]", "networks", r#"["127.0.0.1"]"#)
        .set("[listener]", "connections", "20")
        .log_in_with("Geheim-4711");
    let home = Home::new(&config);
    let _ = authority.issue(&["mailgate.insurer.example"]).write(home.path(), "gate");
    let gateway = Gateway::start_in(home, &config);
    let all: Vec<_> = (1..=60).map(|last| greeting(last, gateway.config.smtp)).collect();
    assert_eq!(all.iter().filter(|(_, code)| *code == 220).count(), 10, "half of the places");
    let own: Vec<Smtp> = (0..10).map(|_| gateway.smtp()).collect();
    assert!(told(&gateway) <= 2, "a flood of lines:\n{}", gateway.log());
    // After a login a client is not a stranger any more: the next one gets a slot.
    drop(own);
    let mut first = all.into_iter().next().unwrap().0;
    first.ehlo();
    first.starttls(authority.client(), "mailgate.insurer.example");
    first.ehlo();
    first.auth_plain("exchange", "Geheim-4711").expect("235 *");
    assert_eq!(greeting(61, gateway.config.smtp).1, 220);
}
