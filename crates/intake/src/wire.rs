//! One connection with its buffers: reads until a deadline, gathers replies into one write, and knows
//! when the client has shown that it received a reply. Knows no command.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;
use std::{fmt, io};

use sealpost_mail::Reply;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::{Instant, timeout_at};

use crate::connection::Connection;

/// Between commands a session holds no more than this.
const SMALL: usize = 4096;
/// Inside a letter, and what the reception gets at most in one call.
pub(crate) const BLOCK: usize = 64 * 1024;
/// Replies are gathered up to this.
const GATHERED: usize = 16 * 1024;

/// Why a connection is at its end.
#[derive(Debug)]
pub(crate) enum Leave {
    /// The last reply is given; close.
    Told,
    /// The last reply is given, but the client is still sending a letter.
    ToldInLetter,
    /// Too slow: a deadline passed.
    Slow,
    /// We are going down.
    Stopping,
    /// The client has closed.
    Gone,
    /// The connection broke.
    Broken(io::Error),
}

impl fmt::Display for Leave {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Told | Self::ToldInLetter => f.write_str("told"),
            Self::Slow => f.write_str("too slow"),
            Self::Stopping => f.write_str("stopping"),
            Self::Gone => f.write_str("closed by the client"),
            Self::Broken(error) => write!(f, "broken: {error}"),
        }
    }
}

pub(crate) type Acknowledge = Box<dyn FnOnce() + Send>;

pub(crate) struct Wire<S> {
    stream: S,
    input: Vec<u8>,
    start: usize,
    output: Vec<u8>,
    /// How long a client may take to read replies.
    patience: Duration,
    /// For 250s that are given, and not yet known to have arrived.
    given: Vec<Acknowledge>,
    /// All of `given` went out when the client had sent nothing further: its next octet answers them.
    answered_next: bool,
    ended: bool,
    /// The last read filled the buffer: the client has more.
    eager: bool,
}

impl<S: Connection> Wire<S> {
    pub(crate) fn new(stream: S, patience: Duration) -> Self {
        Self {
            stream,
            input: Vec::new(),
            start: 0,
            output: Vec::new(),
            patience,
            given: Vec::new(),
            answered_next: false,
            ended: false,
            eager: false,
        }
    }

    /// What has been read and not consumed.
    pub(crate) fn pending(&self) -> &[u8] {
        self.input.get(self.start..).unwrap_or_default()
    }

    pub(crate) fn pending_mut(&mut self) -> &mut [u8] {
        self.input.get_mut(self.start..).unwrap_or_default()
    }

    pub(crate) fn consume(&mut self, octets: usize) {
        self.start = self.start.saturating_add(octets).min(self.input.len());
        if self.start == self.input.len() {
            self.input.clear();
            self.start = 0;
        }
    }

    /// Consumes and erases: passwords.
    pub(crate) fn consume_secret(&mut self, octets: usize) {
        if let Some(secret) = self.pending_mut().get_mut(..octets) {
            secret.fill(0);
        }
        self.consume(octets);
    }

    /// Reads more, after sending what is gathered. Safe to cancel.
    pub(crate) async fn fill(&mut self, deadline: Instant) -> Result<usize, Leave> {
        self.flush().await?;
        if self.ended {
            return Err(Leave::Gone);
        }
        self.make_room();
        match timeout_at(deadline, self.stream.read_buf(&mut self.input)).await {
            Err(_elapsed) => Err(Leave::Slow),
            Ok(read) => self.has_read(read),
        }
    }

    fn has_read(&mut self, read: io::Result<usize>) -> Result<usize, Leave> {
        // A reset loses the acknowledgement, even from a client that has the reply and only closes
        // rudely: it looks the same as a line that broke before the reply arrived. The reception then
        // takes the same bytes for the same letter while a retry is to be expected.
        let octets = read.map_err(Leave::Broken)?;
        // An octet, or an orderly end, that came after our reply went out. An end can still have been on its way when the
        // reply went out; the reply is then answered with a reset.
        if self.answered_next && (octets > 0 || !self.stream.is_reset()) {
            self.answered_next = false;
            for acknowledge in self.given.drain(..) {
                acknowledge();
            }
        }
        if octets == 0 {
            self.ended = true;
            return Err(Leave::Gone);
        }
        self.eager = self.input.len() == self.input.capacity();
        Ok(octets)
    }

    /// Room for the next read: as little as the client's sending allows.
    fn make_room(&mut self) {
        if self.start > 0 {
            self.input.drain(..self.start);
            self.start = 0;
        }
        if self.input.capacity() == 0 {
            self.input.reserve_exact(SMALL);
        } else if self.eager && self.input.capacity() < BLOCK {
            self.input.reserve_exact(BLOCK.saturating_sub(self.input.len()));
        } else if self.input.len() == self.input.capacity() {
            self.input.reserve_exact(SMALL);
        }
    }

    /// A letter is coming: read in blocks.
    pub(crate) fn expect_much(&mut self, octets: u64) {
        if octets > SMALL as u64 && self.input.capacity() < BLOCK {
            self.input.reserve_exact(BLOCK.saturating_sub(self.input.len()));
        }
    }

    /// The letter is through: give the block back.
    pub(crate) fn expect_little(&mut self) {
        if self.input.capacity() > SMALL && self.pending().len() <= SMALL {
            let mut small = Vec::with_capacity(SMALL);
            small.extend_from_slice(self.pending());
            self.input = small;
            self.start = 0;
        }
    }

    pub(crate) fn send(&mut self, reply: &Reply) {
        self.output.extend_from_slice(reply.to_line().as_bytes());
    }

    pub(crate) fn send_lines(&mut self, lines: &str) {
        self.output.extend_from_slice(lines.as_bytes());
    }

    /// To be called when the client has shown that it has the reply just given.
    pub(crate) fn on_received(&mut self, acknowledge: Acknowledge) {
        self.answered_next = false;
        self.given.push(acknowledge);
    }

    /// Whether enough replies are gathered to send them before going on.
    pub(crate) fn is_full(&self) -> bool {
        self.output.len() >= GATHERED
    }

    /// Sends what is gathered. Safe to cancel: what has been written is gone from the buffer.
    pub(crate) async fn flush(&mut self) -> Result<(), Leave> {
        if self.output.is_empty() {
            return Ok(());
        }
        let alone = !self.given.is_empty() && self.is_client_waiting().await;
        let deadline = Instant::now() + self.patience;
        let write = async {
            while !self.output.is_empty() {
                let written = self.stream.write(&self.output).await?;
                if written == 0 {
                    return Err(io::ErrorKind::WriteZero.into());
                }
                self.output.drain(..written);
            }
            self.stream.flush().await
        };
        match timeout_at(deadline, write).await {
            Err(_elapsed) => return Err(Leave::Broken(io::ErrorKind::TimedOut.into())),
            Ok(written) => written.map_err(Leave::Broken)?,
        }
        self.answered_next = alone;
        Ok(())
    }

    /// Looks without waiting whether the client has sent more, or closed, before it could see our reply.
    async fn is_client_waiting(&mut self) -> bool {
        if self.ended || !self.pending().is_empty() {
            return false;
        }
        self.make_room();
        let looked = {
            let mut read = pin!(self.stream.read_buf(&mut self.input));
            poll_fn(|context| {
                Poll::Ready(match read.as_mut().poll(context) {
                    Poll::Ready(read) => Some(read),
                    Poll::Pending => None,
                })
            })
            .await
        };
        match looked {
            // Nothing that the runtime knew of: it may not have been told yet.
            None => !self.stream.has_unread(),
            Some(Ok(0) | Err(_)) => {
                self.ended = true;
                false
            }
            Some(Ok(_)) => false,
        }
    }

    /// Sends the last reply and waits a little for the client to close, so that a reset does not take the
    /// reply from it. What it still sends, up to `octets`, is thrown away.
    pub(crate) async fn close(&mut self, wait: Duration, octets: u64) {
        let deadline = Instant::now() + wait;
        let mut left = octets;
        if self.flush().await.is_err() || timeout_at(deadline, self.stream.shutdown()).await.is_err() {
            return;
        }
        loop {
            self.input.clear();
            self.start = 0;
            match self.fill(deadline).await {
                Ok(read) => match left.checked_sub(u64::try_from(read).unwrap_or(u64::MAX)) {
                    Some(rest) => left = rest,
                    None => return,
                },
                Err(_end) => return,
            }
        }
    }

    /// The connection without its buffers, for TLS. Unread text is dropped, never carried over.
    pub(crate) fn into_stream(self) -> S {
        self.stream
    }
}
