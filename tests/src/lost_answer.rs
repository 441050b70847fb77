//! A proxy to a PostgreSQL server that loses the answer to one COMMIT: the server gets it, and the client
//! only sees the connection end.
//!
//! Must never know: what the transaction was for.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use memchr::memmem::find;

use crate::ports;
use crate::process::poll;

/// The planned fault, and its state.
#[derive(Default)]
struct State {
    /// The next transaction that says this loses its answer.
    loses: Option<String>,
    lost: usize,
    /// The statement to wait for, and how often it was seen.
    heard: Option<(String, usize)>,
}

/// The way.
pub struct LostAnswer {
    address: SocketAddr,
    state: Arc<Mutex<State>>,
}

impl LostAnswer {
    /// To the server of a cluster, by the folder of its socket and its port.
    #[must_use]
    pub fn before(folder: &Path, port: u16) -> Self {
        let (address, state) = (ports::free(), Arc::<Mutex<State>>::default());
        let (socket, own) = (folder.join(format!(".s.PGSQL.{port}")), Arc::clone(&state));
        let listener = TcpListener::bind(address).unwrap();
        std::thread::spawn(move || {
            for client in listener.incoming() {
                let Ok(client) = client else { return };
                let (socket, state) = (socket.clone(), Arc::clone(&own));
                std::thread::spawn(move || connect(client, socket, state));
            }
        });
        Self { address, state }
    }

    /// Where it is entered.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The answer to the COMMIT of the next transaction with these words does not arrive.
    pub fn lose(&self, words: &str) {
        self.state.lock().unwrap().loses = Some(words.to_owned());
    }

    /// Waits until the client has lost it.
    pub fn wait_lost(&self) {
        poll("an answer to be lost", || (self.state.lock().unwrap().lost > 0).then_some(()));
    }

    /// Waits until these words have been said so often, from now on.
    pub fn wait_said(&self, words: &str, times: usize) {
        self.state.lock().unwrap().heard = Some((words.to_owned(), 0));
        poll(words, || {
            let state = self.state.lock().unwrap();
            state.heard.as_ref().is_some_and(|(_, said)| *said >= times).then_some(())
        });
    }
}

fn connect(client: TcpStream, socket: PathBuf, state: Arc<Mutex<State>>) {
    let Ok(server) = UnixStream::connect(socket) else { return };
    let (Ok(from), Ok(to)) = (server.try_clone(), client.try_clone()) else { return };
    let lost = Arc::new(AtomicBool::new(false));
    let own = Arc::clone(&lost);
    std::thread::spawn(move || answers(from, to, &own));
    questions(client, server, &lost, &state);
}

fn questions(mut client: TcpStream, mut server: UnixStream, lost: &AtomicBool, state: &Mutex<State>) {
    let (mut buffer, mut said) = (vec![0; 64 * 1024], Vec::new());
    while let Ok(some @ 1..) = client.read(&mut buffer) {
        let part = &buffer[..some];
        said.extend_from_slice(part);
        let mut loses = false;
        {
            let mut state = state.lock().unwrap();
            if let Some((words, times)) = &mut state.heard
                && find(part, words.as_bytes()).is_some()
            {
                *times += 1;
            }
            if find(&said, b"COMMIT\0").is_some() {
                loses = state.loses.as_ref().is_some_and(|words| find(&said, words.as_bytes()).is_some());
                said.clear();
            }
            if loses {
                state.loses = None;
                lost.store(true, Ordering::SeqCst);
            }
        }
        if server.write_all(part).is_err() {
            break;
        }
        if loses {
            // The server's side stays open: it does what it was asked for, however long that takes.
            let _gone = client.shutdown(Shutdown::Both);
            state.lock().unwrap().lost += 1;
            return;
        }
    }
    let _gone = (client.shutdown(Shutdown::Both), server.shutdown(Shutdown::Both));
}

fn answers(mut server: UnixStream, mut client: TcpStream, lost: &AtomicBool) {
    let mut buffer = vec![0; 64 * 1024];
    while let Ok(some @ 1..) = server.read(&mut buffer) {
        if lost.load(Ordering::SeqCst) || client.write_all(&buffer[..some]).is_err() {
            break;
        }
    }
    let _gone = (client.shutdown(Shutdown::Both), server.shutdown(Shutdown::Both));
}
