//! An owner who fetches large files of a letter as slowly as can be, over many connections: others read as before, and what is
//! too much waits in the owner's own row.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};

use rig::reader::{activate, letter_path};
use rig::{Config, Gateway, Hop, PATIENCE, Web, letters};
use socket2::{Domain, Socket, Type};

/// Far more than two sockets keep between them.
const FILE: usize = 5 * 1024 * 1024;

fn reader(gateway: &Gateway, hop: &Hop, who: &str, letter: &[u8]) -> (Web, String) {
    gateway.smtp().letter("erika@insurer.example", &[who], letter).expect("250 *");
    let link = letters::link(&hop.wait_to(who).bytes);
    let mut web = gateway.web();
    let inbox = activate(&mut web, &link);
    let path = letter_path(&inbox);
    (web, path)
}

/// Asks for a path, and takes nothing of the answer.
fn slowly(to: SocketAddr, web: &Web, path: &str) -> TcpStream {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    socket.set_recv_buffer_size(2048).unwrap();
    socket.connect_timeout(&to.into(), PATIENCE).unwrap();
    let mut stream = TcpStream::from(socket);
    let cookies: Vec<String> = web.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
    let head = format!("GET {path} HTTP/1.1\r\nHost: {to}\r\nCookie: {}\r\n\r\n", cookies.join("; "));
    stream.write_all(head.as_bytes()).unwrap();
    stream
}

/// The first line of an answer.
fn status(stream: &mut TcpStream) -> String {
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let mut line = [0; 12];
    stream.read_exact(&mut line).unwrap();
    String::from_utf8_lossy(&line).into_owned()
}

fn is_answered(stream: &TcpStream) -> bool {
    stream.set_nonblocking(true).unwrap();
    match stream.peek(&mut [0]) {
        Ok(_) => true,
        Err(error) => {
            assert_eq!(error.kind(), ErrorKind::WouldBlock, "{error}");
            false
        }
    }
}

#[test]
fn one_who_fetches_slowly_keeps_nobody_else_waiting() {
    let hop = Hop::new();
    let mut config = Config::new(&hop);
    config.set("gateway", "memory", r#""128 MiB""#);
    let gateway = Gateway::start(&config);
    let mut file = letters::pdf("Akte");
    file.resize(FILE, b'\n');
    let large = letters::rich("[vertraulich] Akten", "Anbei.", "<p>Anbei.</p>", "Akte.pdf", &file);
    let (dora, hers) = reader(&gateway, &hop, "dora@web.example", &large);
    let small = letters::plain("[vertraulich] Brief", "Guten Tag");
    let (mut bert, his) = reader(&gateway, &hop, "bert@web.example", &small);

    let to = gateway.config.web;
    let path = format!("{hers}/view/0");
    let mut first = slowly(to, &dora, &path);
    assert_eq!(status(&mut first), "HTTP/1.1 200");
    let others: Vec<TcpStream> = (0..8).map(|_| slowly(to, &dora, &path)).collect();
    for _ in 0..3 {
        bert.get("/inbox").expect(200);
        bert.get(&his).expect(200);
    }
    // Hers wait meanwhile for what she fetches herself: they had come before his.
    assert!(!others.iter().any(is_answered), "{}", gateway.log());
    // She reads her letter all the same.
    dora.clone().get(&hers).expect(200);
    drop((first, others));
    gateway.sweep();
}
