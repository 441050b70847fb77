//! A name server on loopback with a scenario's records, and none for every other name.

use std::collections::HashMap;
use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

/// What a name has.
#[derive(Clone, Debug)]
pub enum Record {
    /// Text, in strings of 255 octets.
    Txt(String),
    /// An address.
    A(Ipv4Addr),
    /// Who takes mail.
    Mx(String),
    /// Any other kind, by its number, with its data as on the wire.
    Raw(u16, Vec<u8>),
}

impl Record {
    fn kind(&self) -> u16 {
        match self {
            Self::A(_) => 1,
            Self::Mx(_) => 15,
            Self::Txt(_) => 16,
            Self::Raw(kind, _) => *kind,
        }
    }

    fn data(&self) -> Vec<u8> {
        match self {
            Self::A(address) => address.octets().to_vec(),
            Self::Txt(text) => {
                let strings = text.as_bytes().chunks(255);
                strings.flat_map(|part| [&[u8::try_from(part.len()).unwrap()], part].concat()).collect()
            }
            Self::Mx(host) => {
                let labels = host
                    .split('.')
                    .map(|label| [&[u8::try_from(label.len()).unwrap()], label.as_bytes()].concat());
                [&[0, 10], labels.collect::<Vec<_>>().concat().as_slice(), &[0]].concat()
            }
            Self::Raw(_, data) => data.clone(),
        }
    }
}

type Zone = HashMap<String, Vec<Record>>;

/// A name server. It ends with the process.
pub struct Dns {
    address: SocketAddr,
    zone: Arc<Mutex<Option<Zone>>>,
    over_tcp: Arc<AtomicUsize>,
}

impl Default for Dns {
    fn default() -> Self {
        Self::new()
    }
}

impl Dns {
    /// Knows no name yet.
    #[must_use]
    pub fn new() -> Self {
        let (socket, listener) = both();
        let address = socket.local_addr().unwrap();
        let zone = Arc::new(Mutex::new(Some(Zone::new())));
        let over_tcp = Arc::<AtomicUsize>::default();
        let (shared, counted) = (Arc::clone(&zone), Arc::clone(&over_tcp));
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (shared, counted) = (Arc::clone(&shared), Arc::clone(&counted));
                // The client may be gone.
                std::thread::spawn(move || drop(serve_tcp(stream, &shared, &counted)));
            }
        });
        let shared = Arc::clone(&zone);
        std::thread::spawn(move || {
            let mut packet = [0; 4096];
            loop {
                match socket.recv_from(&mut packet) {
                    Ok((length, from)) => {
                        if let Some(answer) = answer(&packet[..length], shared.lock().unwrap().as_ref()) {
                            let answer = if answer.len() > udp_limit(&packet[..length]) {
                                cut(answer)
                            } else {
                                answer
                            };
                            // The client may be gone.
                            let _sent = socket.send_to(&answer, from);
                        }
                    }
                    Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                    Err(error) if error.kind() == std::io::ErrorKind::ConnectionRefused => {}
                    Err(error) => panic!("{error}"),
                }
            }
        });
        Self { address, zone, over_tcp }
    }

    /// How many questions came over TCP.
    #[must_use]
    pub fn asked_over_tcp(&self) -> usize {
        self.over_tcp.load(Ordering::SeqCst)
    }

    /// Where it answers.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Publishes a record as the only one of its name.
    pub fn publish(&self, name: &str, record: Record) {
        self.forget(name);
        self.add(name, record);
    }

    /// Publishes a record in addition to those of its name.
    pub fn add(&self, name: &str, record: Record) {
        let mut zone = self.zone.lock().unwrap();
        zone.get_or_insert_default().entry(name.to_ascii_lowercase()).or_default().push(record);
    }

    /// From now on there is no such name.
    pub fn forget(&self, name: &str) {
        self.zone.lock().unwrap().get_or_insert_default().remove(&name.to_ascii_lowercase());
    }

    /// From now on every question fails (SERVFAIL).
    pub fn fail(&self) {
        *self.zone.lock().unwrap() = None;
    }
}

/// One port for UDP and TCP.
fn both() -> (UdpSocket, TcpListener) {
    for _ in 0..100 {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        if let Ok(socket) = UdpSocket::bind(listener.local_addr().unwrap()) {
            return (socket, listener);
        }
    }
    panic!("no port is free for UDP and TCP");
}

/// RFC 7766 §8: each message after its length.
fn serve_tcp(
    mut stream: TcpStream,
    zone: &Mutex<Option<Zone>>,
    counted: &AtomicUsize,
) -> std::io::Result<()> {
    loop {
        let mut length = [0; 2];
        stream.read_exact(&mut length)?;
        let mut question = vec![0; usize::from(u16::from_be_bytes(length))];
        stream.read_exact(&mut question)?;
        counted.fetch_add(1, Ordering::SeqCst);
        let Some(answer) = answer(&question, zone.lock().unwrap().as_ref()) else { return Ok(()) };
        stream.write_all(&u16::try_from(answer.len()).unwrap().to_be_bytes())?;
        stream.write_all(&answer)?;
    }
}

/// What an answer over UDP may have: what the question's OPT record says (RFC 6891 §6.2.3), or RFC 1035 §2.3.4. No more than
/// most servers send (1,232 octets).
fn udp_limit(question: &[u8]) -> usize {
    // OPT is the last record of our clients: root, type 41, class = octets.
    let opt = question.windows(5).rposition(|bytes| bytes[..3] == [0, 0, 41]);
    let said = opt.map(|at| u16::from_be_bytes([question[at + 3], question[at + 4]]));
    usize::from(said.unwrap_or(512)).clamp(512, 1232)
}

/// RFC 2181 §9: TC, and nothing after the question.
fn cut(mut answer: Vec<u8>) -> Vec<u8> {
    let question = 12 + answer[12..].iter().position(|byte| *byte == 0).unwrap() + 5;
    answer.truncate(question);
    answer[2] |= 0b10;
    answer[6..8].copy_from_slice(&[0, 0]);
    answer
}

/// RFC 1035 §4.1.
fn answer(question: &[u8], zone: Option<&Zone>) -> Option<Vec<u8>> {
    let (mut at, mut labels) = (12, Vec::new());
    loop {
        let length = usize::from(*question.get(at)?);
        at += 1;
        if length == 0 {
            break;
        }
        labels.push(String::from_utf8_lossy(question.get(at..at + length)?).to_ascii_lowercase());
        at += length;
    }
    let kind = u16::from_be_bytes([*question.get(at)?, *question.get(at + 1)?]);
    let end = at + 4;
    let records = zone.map(|zone| zone.get(&labels.join(".")));
    let code = match records {
        None => 2,       // SERVFAIL
        Some(None) => 3, // NXDOMAIN
        Some(Some(_)) => 0,
    };
    let found = records.flatten().into_iter().flatten().filter(|record| record.kind() == kind);
    let found: Vec<Vec<u8>> = found.map(Record::data).collect();
    let mut out = question.get(..2)?.to_vec();
    // A response, recursion wanted and available; one question.
    out.extend([0x81, 0x80 | code, 0, 1, 0, u8::try_from(found.len()).unwrap(), 0, 0, 0, 0]);
    out.extend(question.get(12..end)?);
    for data in found {
        // The name is the one at octet 12; class IN, a minute.
        out.extend([0xc0, 12]);
        out.extend(kind.to_be_bytes());
        out.extend([0, 1, 0, 0, 0, 60]);
        out.extend(u16::try_from(data.len()).unwrap().to_be_bytes());
        out.extend(data);
    }
    Some(out)
}
