//! Clients that hold as many connections as they can get: they get some, take them from each other, and
//! everybody else is served.

use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4, TcpStream};

use rig::reader::PASSWORD;
use rig::{Config, Gateway, Hop, PATIENCE, letters};
use rustix::net::{AddressFamily, SocketType, bind, connect, socket};

use crate::portal::{Portal, activate};

/// A connection from this address of the machine.
fn from(source: Ipv4Addr, to: SocketAddr) -> TcpStream {
    let SocketAddr::V4(to) = to else { panic!("{to} is no IPv4 address") };
    let socket = socket(AddressFamily::INET, SocketType::STREAM, None).unwrap();
    bind(&socket, &SocketAddrV4::new(source, 0)).unwrap();
    connect(&socket, &to).unwrap();
    let stream = TcpStream::from(socket);
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream
}

fn ask(stream: &mut TcpStream) -> bool {
    let mut answer = [0; 12];
    stream.write_all(b"GET /robots.txt HTTP/1.1\r\nHost: x\r\n\r\n").is_ok()
        && stream.read_exact(&mut answer).is_ok()
        && answer.starts_with(b"HTTP/1.1 200")
}

/// Whether the server has not closed; its answer is left unread.
fn is_open(stream: &TcpStream) -> bool {
    stream.set_nonblocking(true).unwrap();
    let mut rest = [0; 4096];
    loop {
        match rig::patient::read(&mut &*stream, &mut rest) {
            Ok(0) => return false,
            Ok(_) => {}
            Err(error) => return error.kind() == std::io::ErrorKind::WouldBlock,
        }
    }
}

#[test]
fn one_client_cannot_take_every_place_and_its_neighbours_are_served() {
    let hop = Hop::new();
    let gateway = Gateway::start(&Config::new(&hop));
    let web = gateway.config.web;
    let mut held: Vec<TcpStream> = (0..300).map(|_| from(Ipv4Addr::LOCALHOST, web)).collect();
    // All from one address: the last one has a slot, and the first ones have lost theirs.
    assert!(ask(&mut from(Ipv4Addr::LOCALHOST, web)));
    // Closed or reset: it received no answer. Polled, as the order of admission depends on the scheduler.
    rig::process::poll("one of the first to give way", || {
        held.iter().take(250).any(|one| !is_open(one)).then_some(())
    });
    assert!(ask(held.last_mut().unwrap()));
    assert!(ask(&mut from(Ipv4Addr::new(127, 0, 0, 9), web)));
    // Meanwhile SMTP works as usual.
    gateway.smtp().say("NOOP").expect("250 *");
}

#[test]
fn many_clients_cannot_shut_the_portal() {
    let portal = Portal::new();
    let web = portal.gateway.config.web;
    let link = portal.send("anna@web.example", &letters::plain("[vertraulich] eins", "Text"));
    let mut owner = portal.gateway.web();
    activate(&mut owner, &link, PASSWORD, &[]).expect(200);
    // Kept open with the session's cookie before the others come.
    let mut kept = from(Ipv4Addr::new(127, 0, 0, 7), web);
    let cookies: Vec<String> = owner.cookies.iter().map(|(k, v)| format!("{k}={v}")).collect();
    let inbox = format!("GET /alive HTTP/1.1\r\nHost: x\r\nCookie: {}\r\n\r\n", cookies.join("; "));
    let reads = |stream: &mut TcpStream| {
        let mut answer = [0; 16 * 1024];
        stream.write_all(inbox.as_bytes()).unwrap();
        let got = rig::patient::read(stream, &mut answer).unwrap();
        answer[..got].starts_with(b"HTTP/1.1 200")
    };
    assert!(reads(&mut kept));

    let mut held = Vec::new();
    for client in 1..=22 {
        for _ in 0..195 {
            let mut one = from(Ipv4Addr::new(127, 0, 1, client), web);
            // Used once, so that it may stay.
            assert!(ask(&mut one), "client {client}, after {} connections", held.len());
            held.push(one);
        }
    }
    for n in 0..10 {
        assert!(ask(&mut from(Ipv4Addr::new(127, 0, 2, n), web)), "visitor {n}");
    }
    let (_, inside) = portal.log_in("anna@web.example", PASSWORD);
    assert!(inside, "and an owner logs in");
    assert!(reads(&mut kept), "the owner's own connection is still there");
    // No client had to wait for the others' timeouts.
    let open = held.iter().filter(|one| is_open(one)).count();
    assert!(open > 3_500, "{open} of {}", held.len());
}

#[test]
fn forms_that_come_slowly_hold_no_places() {
    let hop = Hop::new();
    let gateway = Gateway::start(&Config::new(&hop));
    let web = gateway.config.web;
    let slow = Ipv4Addr::new(127, 0, 0, 5);
    let mut held = Vec::new();
    for n in 0..200 {
        let mut one = from(slow, web);
        let head = "POST /login HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\n\
                    Expect: 100-continue\r\nContent-Length: 100\r\n\r\n";
        one.write_all(head.as_bytes()).unwrap();
        let mut answer = [0; 12];
        one.read_exact(&mut answer).unwrap();
        assert_eq!(&answer, b"HTTP/1.1 100", "connection {n}");
        // The form is being read, and nothing more comes.
        one.write_all(b"address=").unwrap();
        held.push(one);
    }
    for _ in 0..3 {
        assert!(ask(&mut from(slow, web)), "unfinished forms keep a slot from the next client");
    }
    assert!(held.iter().filter(|one| is_open(one)).count() >= 190, "and only who is in the way must go");
}
