//! A proxy to a server that can be blocked: it accepts connections and passes bytes on; when blocked, it
//! keeps all of them open and passes nothing, like a firewall that has lost its state. Knows no protocol.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, PoisonError};

use crate::ports;

/// Whether bytes pass.
#[derive(Clone, Default)]
struct Gate(Arc<(Mutex<bool>, Condvar)>);

impl Gate {
    fn set(&self, shut: bool) {
        *self.0.0.lock().unwrap_or_else(PoisonError::into_inner) = shut;
        self.0.1.notify_all();
    }

    fn pass(&self) {
        let mut shut = self.0.0.lock().unwrap_or_else(PoisonError::into_inner);
        while *shut {
            shut = self.0.1.wait(shut).unwrap_or_else(PoisonError::into_inner);
        }
    }
}

/// Where the bytes go.
#[derive(Clone)]
enum Server {
    Socket(PathBuf),
    Port(SocketAddr),
}

/// The way.
pub struct Tap {
    address: SocketAddr,
    gate: Gate,
}

impl Tap {
    /// To the server of a PostgreSQL cluster, by the folder of its socket.
    #[must_use]
    pub fn to_socket(folder: &Path) -> Self {
        Self::to_path(&folder.join(".s.PGSQL.5432"))
    }

    /// To a socket.
    #[must_use]
    pub fn to_path(path: &Path) -> Self {
        Self::to(Server::Socket(path.to_owned()))
    }

    /// To a port.
    #[must_use]
    pub fn to_port(address: SocketAddr) -> Self {
        Self::to(Server::Port(address))
    }

    fn to(server: Server) -> Self {
        let (address, gate) = (ports::free(), Gate::default());
        let listener = TcpListener::bind(address).unwrap();
        let own = gate.clone();
        std::thread::spawn(move || {
            for client in listener.incoming() {
                let Ok(client) = client else { return };
                let (server, gate) = (server.clone(), own.clone());
                std::thread::spawn(move || connect(client, server, &gate));
            }
        });
        Self { address, gate }
    }

    /// Where it is entered.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Nothing passes any more, without notification.
    pub fn shut(&self) {
        self.gate.set(true);
    }

    /// What has waited passes.
    pub fn open(&self) {
        self.gate.set(false);
    }
}

fn connect(client: TcpStream, server: Server, gate: &Gate) {
    gate.pass();
    match server {
        Server::Socket(path) => {
            let Ok(server) = UnixStream::connect(path) else { return };
            let (Ok(from), Ok(to)) = (server.try_clone(), client.try_clone()) else { return };
            let back = gate.clone();
            std::thread::spawn(move || pass(from, to, &back));
            pass(client, server, gate);
        }
        Server::Port(address) => {
            let Ok(server) = TcpStream::connect(address) else { return };
            let (Ok(from), Ok(to)) = (server.try_clone(), client.try_clone()) else { return };
            let back = gate.clone();
            std::thread::spawn(move || pass(from, to, &back));
            pass(client, server, gate);
        }
    }
}

fn pass(mut from: impl Read + Ends, mut to: impl Write + Ends, gate: &Gate) {
    let mut buffer = vec![0; 64 * 1024];
    loop {
        let read = from.read(&mut buffer);
        gate.pass();
        match read {
            Ok(0) | Err(_) => break,
            Ok(some) => {
                if to.write_all(&buffer[..some]).is_err() {
                    break;
                }
            }
        }
    }
    from.end();
    to.end();
}

/// Both ways of a connection end together.
trait Ends {
    fn end(&self);
}

impl Ends for TcpStream {
    fn end(&self) {
        let _gone = self.shutdown(std::net::Shutdown::Both);
    }
}

impl Ends for UnixStream {
    fn end(&self) {
        let _gone = self.shutdown(std::net::Shutdown::Both);
    }
}
