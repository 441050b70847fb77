//! A name server on loopback that says what a scenario published: TXT and A records, and for everything else that there is
//! no such name.

use std::collections::HashMap;
use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::sync::{Arc, Mutex};

/// What a name has.
#[derive(Clone, Debug)]
pub enum Record {
    /// Text, in strings of 255 octets.
    Txt(String),
    /// An address.
    A(Ipv4Addr),
}

/// A name server. It ends with the process.
pub struct Dns {
    address: SocketAddr,
    zone: Arc<Mutex<Option<HashMap<String, Record>>>>,
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
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        let address = socket.local_addr().unwrap();
        let zone = Arc::new(Mutex::new(Some(HashMap::new())));
        let shared = Arc::clone(&zone);
        std::thread::spawn(move || {
            let mut packet = [0; 4096];
            loop {
                match socket.recv_from(&mut packet) {
                    Ok((length, from)) => {
                        if let Some(answer) = answer(&packet[..length], shared.lock().unwrap().as_ref()) {
                            // Whoever asked may have gone.
                            let _sent = socket.send_to(&answer, from);
                        }
                    }
                    Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                    Err(error) if error.kind() == std::io::ErrorKind::ConnectionRefused => {}
                    Err(error) => panic!("{error}"),
                }
            }
        });
        Self { address, zone }
    }

    /// Where it answers.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Publishes a record.
    pub fn publish(&self, name: &str, record: Record) {
        let mut zone = self.zone.lock().unwrap();
        zone.get_or_insert_default().insert(name.to_ascii_lowercase(), record);
    }

    /// From now on every question fails (SERVFAIL).
    pub fn fail(&self) {
        *self.zone.lock().unwrap() = None;
    }
}

/// RFC 1035 §4.1.
fn answer(question: &[u8], zone: Option<&HashMap<String, Record>>) -> Option<Vec<u8>> {
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
    let data = zone.map(|zone| match zone.get(&labels.join(".")) {
        Some(Record::Txt(text)) if kind == 16 => Ok(Some(
            text.as_bytes()
                .chunks(255)
                .flat_map(|part| [&[u8::try_from(part.len()).unwrap()], part].concat())
                .collect::<Vec<u8>>(),
        )),
        Some(Record::A(address)) if kind == 1 => Ok(Some(address.octets().to_vec())),
        Some(_) => Ok(None),
        None => Err(()),
    });
    let code = match data {
        None => 2,          // SERVFAIL
        Some(Err(())) => 3, // NXDOMAIN
        Some(Ok(_)) => 0,
    };
    let data = data.and_then(Result::ok).flatten();
    let mut out = question.get(..2)?.to_vec();
    // A response, recursion wanted and available; one question, perhaps one answer.
    out.extend([0x81, 0x80 | code, 0, 1, 0, u8::from(data.is_some()), 0, 0, 0, 0]);
    out.extend(question.get(12..end)?);
    if let Some(data) = data {
        // The name is the one at octet 12; class IN, a minute.
        out.extend([0xc0, 12]);
        out.extend(kind.to_be_bytes());
        out.extend([0, 1, 0, 0, 0, 60]);
        out.extend(u16::try_from(data.len()).unwrap().to_be_bytes());
        out.extend(data);
    }
    Some(out)
}
