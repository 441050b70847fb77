//! A web server in clear with arbitrary files, as authorities publish their lists.
//!
//! Must never know: what is in the files.

use std::collections::HashMap;
use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::sync::{Arc, Mutex};

/// The server, for as long as the process lives.
pub struct WebFolder {
    port: u16,
    files: Arc<Mutex<HashMap<String, Vec<u8>>>>,
}

impl WebFolder {
    /// Listens at this port of loopback, with nothing in it.
    ///
    /// # Panics
    /// It is taken.
    #[must_use]
    pub fn at(port: u16) -> Self {
        let listener = TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, port))).unwrap();
        let folder = Self { port, files: Arc::default() };
        let files = Arc::clone(&folder.files);
        std::thread::spawn(move || {
            for mut tcp in listener.incoming().flatten() {
                let (mut asked, mut byte) = (Vec::new(), [0]);
                while !asked.ends_with(b"\r\n\r\n") && tcp.read(&mut byte).is_ok_and(|read| read == 1) {
                    asked.push(byte[0]);
                }
                let asked = String::from_utf8_lossy(&asked).into_owned();
                let name = asked.split(' ').nth(1).unwrap_or_default().trim_start_matches('/').to_owned();
                let file = files.lock().unwrap().get(&name).cloned();
                let status = if file.is_some() { "200 OK" } else { "404 Not Found" };
                let body = file.unwrap_or_default();
                let head = format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\n\r\n", body.len());
                // The client may have disconnected.
                let _gone = tcp.write_all(head.as_bytes()).and_then(|()| tcp.write_all(&body));
            }
        });
        folder
    }

    /// Where a file of this name is, whether or not it is there.
    #[must_use]
    pub fn url(port: u16, name: &str) -> String {
        format!("http://localhost:{port}/{name}")
    }

    /// Puts a file there, in the place of one of that name.
    pub fn put(&self, name: &str, bytes: &[u8]) {
        self.files.lock().unwrap().insert(name.to_owned(), bytes.to_vec());
    }

    /// Takes everything away.
    pub fn clear(&self) {
        self.files.lock().unwrap().clear();
    }

    /// The port it listens at.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }
}
