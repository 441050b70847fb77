//! The header of the PROXY protocol as a balancer writes it. Knows nothing of the product.

use std::io::Write as _;
use std::net::{SocketAddr, TcpStream};

use crate::Smtp;

/// The command of a balancer's own connection (PROXY §2.2).
pub const LOCAL: u8 = 0;
/// The command of a connection that is made for a client.
pub const PROXY: u8 = 1;

/// Version 2, of a client that calls by TCP over IPv4.
#[must_use]
pub fn header(command: u8, client: [u8; 4]) -> Vec<u8> {
    let mut header = b"\r\n\r\n\0\r\nQUIT\n".to_vec();
    header.extend([0x20 | command, 0x11, 0, 12]);
    header.extend(client);
    header.extend([127, 0, 0, 1, 0xc0, 0x01, 0, 25]);
    header
}

/// A connection that begins with these octets; nothing is read yet.
#[must_use]
pub fn said(address: SocketAddr, first: &[u8]) -> Smtp {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.write_all(first).unwrap();
    Smtp::over(stream)
}
