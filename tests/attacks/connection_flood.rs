//! One client that holds as many connections as it can get: it gets some, and the others keep theirs.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};

use rig::process::poll;
use rig::{Config, Gateway, Hop, PATIENCE};

fn answered(address: SocketAddr) -> bool {
    let mut stream = TcpStream::connect_timeout(&address, PATIENCE).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let asked = stream.write_all(b"GET /robots.txt HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    let mut answer = Vec::new();
    asked.is_ok() && stream.read_to_end(&mut answer).is_ok() && answer.starts_with(b"HTTP/1.1 200")
}

#[test]
fn one_client_cannot_take_every_place() {
    let hop = Hop::new();
    let gateway = Gateway::start(&Config::new(&hop));
    let web = gateway.config.web;
    assert!(answered(web));
    // Some more than it may have: the one above may still be counted.
    let held: Vec<TcpStream> =
        (0..220).map(|_| TcpStream::connect_timeout(&web, PATIENCE).unwrap()).collect();
    poll("the two hundred to be counted", || (!answered(web)).then_some(()));
    poll("word of it", || gateway.log().contains("too many connections").then_some(()));
    // Given back, they are there again.
    drop(held);
    poll("a place", || answered(web).then_some(()));
    // Letters came and went meanwhile as ever.
    gateway.smtp().say("NOOP").expect("250 *");
}
