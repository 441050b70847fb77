//! A loopback server that must never be contacted: counts connections, and is used in place of every host when a
//! browser uses it as its proxy.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{SocketAddr, TcpListener};
use std::sync::{Arc, Mutex};

use crate::ports;

type Pages = dyn Fn(&str) -> Option<String> + Send + Sync;

/// The trap.
pub struct Trap {
    address: SocketAddr,
    visits: Arc<Mutex<Vec<String>>>,
}

impl Trap {
    /// Sets it up; `pages` answers paths of its own with HTML, which are not counted as visits.
    #[must_use]
    pub fn new(pages: impl Fn(&str) -> Option<String> + Send + Sync + 'static) -> Self {
        let address = ports::free();
        let listener = TcpListener::bind(address).unwrap();
        let visits = Arc::new(Mutex::new(Vec::new()));
        let (log, pages): (_, Arc<Pages>) = (Arc::clone(&visits), Arc::new(pages));
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (log, pages) = (Arc::clone(&log), Arc::clone(&pages));
                std::thread::spawn(move || {
                    let mut reader = BufReader::new(stream);
                    let mut line = String::new();
                    let _ = reader.read_line(&mut line);
                    let mut rest = String::new();
                    while reader.read_line(&mut rest).is_ok_and(|n| n > 2) {
                        rest.clear();
                    }
                    let path = line.split(' ').nth(1).unwrap_or_default();
                    let page = pages(path);
                    if page.is_none() && !line.trim().is_empty() {
                        log.lock().unwrap().push(line.trim().to_owned());
                    }
                    let (status, body) = page.map_or(("404 Gone", String::new()), |page| ("200 OK", page));
                    let _ = write!(
                        reader.get_mut(),
                        "HTTP/1.1 {status}\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: {}\r\n\
                         Access-Control-Allow-Origin: *\r\nConnection: close\r\n\r\n{body}",
                        body.len()
                    );
                });
            }
        });
        Self { address, visits }
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The request lines of all who fell into it since the last look.
    #[must_use]
    pub fn visits(&self) -> Vec<String> {
        std::mem::take(&mut *self.visits.lock().unwrap())
    }

    /// Arguments that make a browser send everything here that is not for these addresses.
    #[must_use]
    pub fn for_all_but(&self, home: &[SocketAddr]) -> Vec<String> {
        // The last matching rule applies: first all of loopback goes to the proxy, then these do not.
        let mut bypass = vec!["<-loopback>".to_owned()];
        bypass.extend(home.iter().map(SocketAddr::to_string));
        vec![
            format!("--proxy-server=http://{}", self.address),
            format!("--proxy-bypass-list={}", bypass.join(";")),
        ]
    }
}
