//! Two requests in one, of which a proxy could miss the second: a request with an ambiguous end is refused, and the
//! connection closed.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};

use rig::{Config, Gateway, Hop, PATIENCE};

/// Sends bytes and reads until the server closes; gives the status lines.
fn answers(address: SocketAddr, bytes: &[u8]) -> Vec<String> {
    let mut stream = TcpStream::connect_timeout(&address, PATIENCE).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream.write_all(bytes).unwrap();
    let mut all = Vec::new();
    // A reset while reading also counts as a closed connection.
    let _ = stream.read_to_end(&mut all);
    let text = String::from_utf8_lossy(&all).into_owned();
    text.split("HTTP/1.1 ").skip(1).map(|answer| answer[..3].to_owned()).collect()
}

#[test]
fn what_can_be_read_two_ways_is_read_no_way() {
    let hop = Hop::new();
    let gateway = Gateway::start(&Config::new(&hop));
    let web = gateway.config.web;
    // The smuggled request: it would be answered with 200.
    let inner = "GET /robots.txt HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
    assert_eq!(answers(web, inner.as_bytes()), ["200"]);
    let form = "POST /language HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\n";
    for (framing, body) in [
        ("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n"),
        ("Transfer-Encoding: chunked\r\nContent-Length: 5\r\n", "0\r\n\r\n"),
        ("Transfer-Encoding: xchunked\r\n", "0\r\n\r\n"),
        ("Transfer-Encoding: chunked, identity\r\n", "0\r\n\r\n"),
        ("Transfer-Encoding: identity\r\nContent-Length: 5\r\n", "abcde"),
        ("Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n", "0\r\n\r\n"),
        ("Transfer-Encoding: \x0bchunked\r\n", "0\r\n\r\n"),
        ("Transfer-Encoding : chunked\r\n", "0\r\n\r\n"),
        ("Content-Length: 5\r\nContent-Length: 6\r\n", "abcde"),
        ("Content-Length: 5, 5\r\n", "abcde"),
        ("Content-Length: +5\r\n", "abcde"),
        ("Content-Length: 0x5\r\n", "abcde"),
        ("Content-Length: -1\r\n", ""),
        ("Content-Length : 5\r\n", "abcde"),
        ("X: y\r\n Content-Length: 5\r\n", "abcde"),
        ("Transfer-Encoding: chunked\r\n", "5\nabcde\n0\n\n"),
        ("Transfer-Encoding: chunked\r\n", "ffffffffffffffff5\r\nabcde\r\n0\r\n\r\n"),
        ("Transfer-Encoding: chunked\r\n", "5;x=\"\n\"\r\nabcde\r\n0\r\n\r\n"),
    ] {
        let all = answers(web, format!("{form}{framing}\r\n{body}{inner}").as_bytes());
        assert_eq!(all, ["400"], "{framing:?} {body:?}");
    }
}

/// RFC 9112 §2.2: a recipient *may* take a bare LF for a line end. One that does and one that does not see two requests.
#[test]
fn lines_of_a_head_end_in_crlf() {
    let hop = Hop::new();
    let gateway = Gateway::start(&Config::new(&hop));
    let web = gateway.config.web;
    for head in [
        "GET /robots.txt HTTP/1.1\nHost: x\r\nConnection: close\r\n\r\n",
        "GET /robots.txt HTTP/1.1\r\nHost: x\nConnection: close\r\n\r\n",
        "GET /robots.txt HTTP/1.1\r\nHost: x\r\nConnection: close\n\r\n",
        "GET /robots.txt HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\n",
        "GET /robots.txt HTTP/1.1\nHost: x\nConnection: close\n\n",
        "\nGET /robots.txt HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
    ] {
        assert_eq!(answers(web, head.as_bytes()), ["400"], "{head:?}");
        // Nor after a valid one, with a body in which LF is an ordinary octet.
        let form =
            "POST /language HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\n";
        let first = format!("{form}Content-Length: 3\r\n\r\na\nb");
        let all = answers(web, format!("{first}{head}").as_bytes());
        assert_eq!(all.len(), 2, "{head:?} {all:?}");
        assert_eq!(all[1], "400", "{head:?}");
    }
}
