//! What a session needs of its connection beyond reading and writing: its current state in the kernel. The
//! runtime only knows of data after it has been notified.

use std::mem::MaybeUninit;
use std::os::fd::AsFd;

use socket2::SockRef;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::server::TlsStream;

pub(crate) trait Connection: AsyncRead + AsyncWrite + Unpin + Send {
    /// Whether octets, the end or an error are waiting to be read. Does not block.
    fn has_unread(&self) -> bool;

    /// Whether the peer has answered our data with a reset.
    fn is_reset(&self) -> bool;
}

impl Connection for TcpStream {
    fn has_unread(&self) -> bool {
        has_unread(self)
    }

    fn is_reset(&self) -> bool {
        is_reset(self)
    }
}

impl Connection for TlsStream<TcpStream> {
    fn has_unread(&self) -> bool {
        has_unread(self.get_ref().0)
    }

    fn is_reset(&self) -> bool {
        is_reset(self.get_ref().0)
    }
}

fn has_unread(socket: &impl AsFd) -> bool {
    let looked = SockRef::from(socket).peek(&mut [MaybeUninit::uninit()]);
    !matches!(looked, Err(error) if error.kind() == std::io::ErrorKind::WouldBlock)
}

fn is_reset(socket: &impl AsFd) -> bool {
    !matches!(SockRef::from(socket).take_error(), Ok(None))
}

/// A pipe notifies its reader at once.
#[cfg(test)]
impl Connection for tokio::io::DuplexStream {
    fn has_unread(&self) -> bool {
        false
    }

    fn is_reset(&self) -> bool {
        false
    }
}
