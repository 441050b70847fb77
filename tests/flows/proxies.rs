//! Behind a balancer: the client is the one in its header, for rights, limits, Received and the log, and only
//! the balancer may set it.

use std::io::{ErrorKind, Write as _};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpStream};

use rig::haproxy::Haproxy;
use rig::letters::{self, field};
use rig::proxy_header::{PROXY, header, said};
use rig::{Config, Gateway, Hop, Smtp, Web, patient};

/// A request of the portal that is not answered.
fn is_hung_up_on(portal: SocketAddr) -> bool {
    let mut stream = TcpStream::connect(portal).unwrap();
    stream.set_read_timeout(Some(rig::PATIENCE)).unwrap();
    // It may be gone already.
    let _sent = stream.write_all(b"GET / HTTP/1.1\r\nHost: portal.example\r\n\r\n");
    match patient::read(&mut stream, &mut [0; 64]) {
        Ok(octets) => octets == 0,
        Err(error) => error.kind() == ErrorKind::ConnectionReset,
    }
}

fn behind(hop: &Hop) -> Config {
    let mut config = Config::new(hop);
    config
        .set("[listener]", "networks", r#"["192.0.2.0/24"]"#)
        .set("[listener]", "proxy-protocol", r#"["127.0.0.1"]"#)
        .set("portal", "proxy-protocol", r#"["127.0.0.1"]"#);
    config
}

#[test]
fn the_client_is_who_the_header_names() {
    let hop = Hop::new();
    let gateway = Gateway::start(&behind(&hop));
    let address = gateway.config.smtp;

    let mut client = said(address, &header(PROXY, [192, 0, 2, 7]));
    client.reply().expect("220 *");
    client.ehlo();
    client.letter("a@insurer.example", &["b@web.example"], &letters::plain("Angebot", "x")).expect("250 *");
    let received = field(&hop.wait_to("b@web.example").bytes, "Received").unwrap();
    assert!(received.contains("[192.0.2.7]"), "{received}");

    // Its network has no right here, though the proxy's word is believed.
    said(address, &header(PROXY, [198, 51, 100, 7])).reply().expect("554 5.7.1 *");
    let log = gateway.process().output.wait("*turned away*");
    assert!(log.contains("198.51.100.7"), "{log}");

    for wrong in [
        &b"PROXY TCP4 192.0.2.7 127.0.0.1 49153 25\r\n"[..],
        b"EHLO client.example\r\n",
        &header(PROXY, [192, 0, 2, 7])[..20],
    ] {
        let mut dropped = said(address, wrong);
        dropped.expect_closed();
    }
    gateway.sweep();
}

#[test]
fn whoever_is_no_proxy_is_refused_or_is_who_it_is() {
    let hop = Hop::new();
    let mut config = Config::new(&hop);
    config.set("[listener]", "proxy-protocol", r#"["192.0.2.1"]"#).set(
        "portal",
        "proxy-protocol",
        r#"["192.0.2.1"]"#,
    );
    let taking = config.listener("taking");
    config
        .set("[listener]", "networks", r#"["127.0.0.1"]"#)
        .set("[listener]", "proxy-protocol", r#"["192.0.2.1"]"#)
        .set("[listener]", "without-proxy", r#""take""#);
    let gateway = Gateway::start(&config);

    said(gateway.config.smtp, b"").reply().expect("554 5.7.1 *");
    assert!(is_hung_up_on(gateway.config.web));
    // What it says of itself is not believed, either: it is no command.
    let mut liar = said(taking, &header(PROXY, [192, 0, 2, 7]));
    liar.reply().expect("220 *");
    liar.reply().expect("500 *");

    let mut client = Smtp::connect(taking);
    client.ehlo();
    client.letter("a@insurer.example", &["b@web.example"], &letters::plain("Angebot", "x")).expect("250 *");
    let received = field(&hop.wait_to("b@web.example").bytes, "Received").unwrap();
    assert!(received.contains("[127.0.0.1]"), "{received}");
    gateway.sweep();
}

#[test]
fn pages_are_counted_by_who_asks_and_not_by_the_proxy() {
    let hop = Hop::new();
    let mut config = behind(&hop);
    config.set("portal.limits", "network-burst", "3").set("portal.limits", "network-per-second", "1");
    let gateway = Gateway::start(&config);
    let from = |client| {
        let mut web = gateway.web();
        web.preface = header(PROXY, client);
        web
    };
    let mut greedy = from([192, 0, 2, 7]);
    let refused = (0..30).any(|_| greedy.get("/").status == 429);
    assert!(refused, "thirty pages at once");
    from([192, 0, 2, 8]).get("/").expect(200);
    assert!(is_hung_up_on(gateway.config.web), "without a header");
    gateway.sweep();
}

/// From another address of this machine.
fn calling_from(client: [u8; 4], to: SocketAddr) -> TcpStream {
    use rustix::net::{AddressFamily, SocketType, bind, connect, socket};
    let socket = socket(AddressFamily::INET, SocketType::STREAM, None).unwrap();
    bind(&socket, &SocketAddr::new(IpAddr::V4(Ipv4Addr::from(client)), 0)).unwrap();
    connect(&socket, &to).unwrap();
    TcpStream::from(socket)
}

#[test]
fn with_a_real_haproxy_in_front() {
    let hop = Hop::new();
    let mut config = behind(&hop);
    config.set("[listener]", "networks", r#"["127.0.0.8"]"#);
    let gateway = Gateway::start(&config);
    let haproxy = Haproxy::before(gateway.config.smtp, gateway.config.web);
    haproxy.finds_well("smtp");
    haproxy.finds_well("web");

    let mut client = Smtp::over(calling_from([127, 0, 0, 8], haproxy.smtp));
    client.reply().expect("220 *");
    client.ehlo();
    client.letter("a@insurer.example", &["b@web.example"], &letters::plain("Angebot", "x")).expect("250 *");
    let received = field(&hop.wait_to("b@web.example").bytes, "Received").unwrap();
    assert!(received.contains("[127.0.0.8]"), "{received}");
    Smtp::over(calling_from([127, 0, 0, 9], haproxy.smtp)).reply().expect("554 5.7.1 *");

    Web::new(haproxy.web).get("/").expect(200);
    assert!(!haproxy.log().contains("DOWN"), "{}", haproxy.log());
    gateway.sweep();
}

/// A flood of connections that are not wanted is one line, and one each minute.
#[test]
fn connections_past_the_balancer_do_not_fill_the_portals_log() {
    const CALLS: usize = 60;
    let hop = Hop::new();
    let mut config = Config::new(&hop);
    config.set("portal", "proxy-protocol", r#"["192.0.2.1"]"#);
    let gateway = Gateway::start(&config);
    for _ in 0..CALLS {
        assert!(is_hung_up_on(gateway.config.web));
    }
    let lines = gateway.process().output.text().matches("turned away").count();
    assert!((1..CALLS / 4).contains(&lines), "{lines} lines for {CALLS} calls");
    gateway.sweep();
}
