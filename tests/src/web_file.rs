//! A web server over TLS with one file, for any request and host name.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;

use rustls::{ServerConfig, ServerConnection, StreamOwned};

/// Serves this text, for as long as the process lives.
///
/// # Panics
/// No port is free.
#[must_use]
pub fn serve(tls: Arc<ServerConfig>, text: &str) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let (address, text) = (listener.local_addr().unwrap(), text.to_owned());
    std::thread::spawn(move || {
        for tcp in listener.incoming().flatten() {
            let Ok(session) = ServerConnection::new(Arc::clone(&tls)) else { continue };
            let mut stream = StreamOwned::new(session, tcp);
            let mut asked = Vec::new();
            let mut byte = [0];
            while !asked.ends_with(b"\r\n\r\n") && stream.read(&mut byte).is_ok_and(|read| read == 1) {
                asked.push(byte[0]);
            }
            let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", text.len());
            // The client may be gone.
            let _gone = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(text.as_bytes()));
            stream.conn.send_close_notify();
            let _gone = stream.flush();
        }
    });
    address
}
