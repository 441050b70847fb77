//! What a session needs of its connection beside reading and writing: what the kernel knows of it now. The runtime knows of
//! what came only once it has been told.

use std::mem::MaybeUninit;
use std::os::fd::AsFd;

use socket2::SockRef;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::server::TlsStream;

pub(crate) trait Connection: AsyncRead + AsyncWrite + Unpin + Send {
    /// Whether octets, the end or an error wait to be read. Does not wait.
    fn has_unread(&self) -> bool;

    /// Whether the other side has answered what we wrote with a reset.
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

/// A pipe tells its reader at once.
#[cfg(test)]
impl Connection for tokio::io::DuplexStream {
    fn has_unread(&self) -> bool {
        false
    }

    fn is_reset(&self) -> bool {
        false
    }
}
