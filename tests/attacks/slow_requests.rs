//! Requests whose bodies never end: a connection ends soon after what was answered without them, however long its client goes on to
//! send. How slowly a body may come that is read says crates/portal/src/http/awaited_body.rs.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use rig::{Config, Gateway, Hop, PATIENCE};

/// Sends a piece of a body now and then until the server hangs up; gives what it said, or nothing if it never did.
#[expect(clippy::disallowed_methods, reason = "how long a client goes on")]
fn dripped(stream: &mut TcpStream) -> Option<String> {
    let began = Instant::now();
    let mut said = Vec::new();
    stream.set_read_timeout(Some(Duration::from_millis(300))).unwrap();
    while began.elapsed() < PATIENCE {
        let mut space = [0; 4096];
        match stream.read(&mut space) {
            Ok(0) => return Some(String::from_utf8_lossy(&said).into_owned()),
            Ok(length) => said.extend_from_slice(&space[..length]),
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
                if stream.write_all(b"1\r\nx\r\n").is_err() {
                    return Some(String::from_utf8_lossy(&said).into_owned());
                }
            }
            Err(_reset) => return Some(String::from_utf8_lossy(&said).into_owned()),
        }
    }
    None
}

#[test]
fn a_body_that_is_not_read_holds_no_connection() {
    let hop = Hop::new();
    let gateway = Gateway::start(&Config::new(&hop));
    std::thread::scope(|scope| {
        for (request, answer) in
            [("GET /", "HTTP/1.1 200"), ("POST /nowhere", "HTTP/1.1 404"), ("POST /language", "HTTP/1.1 400")]
        {
            let to = gateway.config.web;
            let gateway = &gateway;
            scope.spawn(move || {
                let mut stream = TcpStream::connect(to).unwrap();
                let head = format!(
                    "{request} HTTP/1.1\r\nHost: {to}\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n"
                );
                stream.write_all(head.as_bytes()).unwrap();
                let said = dripped(&mut stream);
                let said = said.unwrap_or_else(|| panic!("{request} is open for ever: {}", gateway.log()));
                assert!(said.starts_with(answer), "{request}: {said}");
            });
        }
    });
    gateway.web().get("/").expect(200);
}
