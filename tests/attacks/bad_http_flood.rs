//! Requests that are not HTTP, in any number: they cannot fill the log.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use rig::{Config, Gateway, Hop, PATIENCE};

#[test]
fn malformed_requests_fill_no_log() {
    let hop = Hop::new();
    let gateway = Gateway::start(&Config::new(&hop));
    let web = gateway.config.web;
    let lines = || gateway.log().lines().filter(|line| !line.contains(" DEBUG ")).count();
    let before = lines();
    for number in 0..100 {
        let mut stream = TcpStream::connect_timeout(&web, PATIENCE).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let head = match number % 4 {
            0 => "GET / HTTP/1.1\r\nHost: a\r\nX: \u{1b}INJ\r\n\r\n",
            1 => "GET / HTTP/9.9\r\n\r\n",
            2 => "\u{0}\u{0}\r\n\r\n",
            _ => "GET /\u{7f} HTTP/1.1\r\nHost: a\r\n\r\n",
        };
        let _ = stream.write_all(head.as_bytes());
        // Any answer: then the server has seen it.
        let _ = stream.read_to_end(&mut Vec::new());
    }
    let log = gateway.log();
    assert!(!log.contains("INJ") && !log.contains("ERROR"), "{log}");
    assert!(lines() - before < 20, "{log}");
}
