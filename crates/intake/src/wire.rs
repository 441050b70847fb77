//! One connection with its buffers: reads until a deadline, gathers replies into one write, and detects when
//! the client has shown that it received a reply. Knows no command.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;
use std::{fmt, io};

use sealpost_mail::Reply;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::{Instant, timeout_at};

use crate::connection::Connection;

/// Buffer size between commands.
const SMALL: usize = 4096;
/// Buffer size within a letter, and the most that the reception gets in one call.
pub(crate) const BLOCK: usize = 64 * 1024;
/// Replies are gathered up to this size.
const GATHERED: usize = 16 * 1024;

/// Why a connection ends.
#[derive(Debug)]
pub(crate) enum Leave {
    /// The last reply is sent; close.
    Told,
    /// The last reply is sent, but the client is still sending a letter.
    ToldInLetter,
    /// A deadline passed.
    Slow,
    /// The intake is stopping.
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
    /// For 250s that were sent and are not yet known to have arrived.
    given: Vec<Acknowledge>,
    /// Whether all of `given` was sent while the client had sent nothing further: its next octet answers
    /// them.
    answered_next: bool,
    ended: bool,
    /// Whether the last read filled the buffer: the client has more.
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

    /// Data that was read and not consumed.
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
        // A reset loses the acknowledgement, even from a client that has the reply and only closes abruptly:
        // it cannot be distinguished from a connection that broke before the reply arrived. The reception
        // then treats the same bytes as the same letter while a retry is to be expected.
        let octets = read.map_err(Leave::Broken)?;
        // An octet, or an orderly end, that came after our reply was sent. An end can still have been in
        // transit when the reply was sent; the reply is then answered with a reset.
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

    /// Makes room for the next read, only as much as the client's sending justifies.
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

    /// A letter follows: read in blocks.
    pub(crate) fn expect_much(&mut self, octets: u64) {
        if octets > SMALL as u64 && self.input.capacity() < BLOCK {
            self.input.reserve_exact(BLOCK.saturating_sub(self.input.len()));
        }
    }

    /// The letter is complete: releases the block.
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

    /// Registers a callback for when the client has shown that it has the reply just sent.
    pub(crate) fn on_received(&mut self, acknowledge: Acknowledge) {
        self.answered_next = false;
        self.given.push(acknowledge);
    }

    /// Whether enough replies are gathered to be sent now.
    pub(crate) fn is_full(&self) -> bool {
        self.output.len() >= GATHERED
    }

    /// Sends the gathered replies. Cancel-safe: what has been written is removed from the buffer.
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

    /// Checks without blocking whether the client has sent more, or closed, before it could see our reply.
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
            // Nothing that the runtime knows of: it may not have been notified yet.
            None => !self.stream.has_unread(),
            Some(Ok(0) | Err(_)) => {
                self.ended = true;
                false
            }
            Some(Ok(_)) => false,
        }
    }

    /// Sends the last reply and waits briefly for the client to close, so that a reset does not destroy the
    /// reply. Further data, up to `octets`, is discarded.
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
