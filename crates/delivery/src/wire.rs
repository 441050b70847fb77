//! The byte stream under the SMTP client: gathers writes until a reply is awaited, and passes replies on line by line in a form
//! that the client's parser accepts. Knows no SMTP command.
//!
//! The client itself writes each command, letter and final dot in a segment of its own (40 ms a letter, by Nagle's algorithm and
//! delayed acknowledgements), fails on replies without text or with non-ASCII (after the final dot: duplicates), reads endless
//! lines into memory, and takes plaintext after the reply to STARTTLS for a reply within TLS.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::Instant;
use tokio_rustls::client::TlsStream;

/// Writes are gathered up to this size.
const GATHER: usize = 64 * 1024;
/// Reply lines are truncated to this length; RFC 5321 §4.5.3.1.5 allows 512, the client's parser accepts 1000.
const LINE: usize = 900;

/// Whether anything may be sent: not once another process may have taken over the leg. Checked for each piece, so that a letter
/// whose end would be late is never completed (RFC 5321 §4.1.1.4: without its end it was not sent).
pub(crate) type MaySpeak = Arc<dyn Fn() -> bool + Send + Sync>;

/// The underlying transport.
enum Carrier {
    /// None yet: only preloaded data can be read.
    None,
    Tcp(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
}

struct State {
    carrier: Carrier,
    out: Vec<u8>,
    out_at: usize,
    replies: Replies,
    /// When bytes were last sent.
    wrote: Instant,
    /// Total number of bytes sent.
    sent: u64,
    ended: bool,
    letter: Letter,
    turn: Turn,
    may_speak: MaySpeak,
}

/// How far a letter has been written.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Letter {
    /// Nothing of it yet.
    Ahead,
    Underway,
    /// Its end is written, and may not have been sent.
    Ending,
    Sent,
}

/// Whether the peer speaks when it is its turn.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Turn {
    InOrder,
    /// It has refused what was not sent completely. The rest is never sent, and its refusal is read as the reply.
    RefusedEarly,
    /// It has replied to something not sent yet. Nothing is sent or read any more.
    TooEarly,
}

/// One connection's stream; clones are the same stream.
#[derive(Clone)]
pub(crate) struct Wire {
    state: Arc<Mutex<State>>,
    peer: SocketAddr,
}

/// How far a letter has been sent.
pub(crate) struct Progress {
    /// Whether everything written was sent, and a reply is awaited.
    pub(crate) all_out: bool,
    /// When bytes were last sent.
    pub(crate) wrote: Instant,
    /// Bytes sent since the connection began.
    pub(crate) sent: u64,
}

impl Wire {
    /// A wire that first replays `replies`, before it has a transport.
    pub(crate) fn scripted(replies: &[u8], peer: SocketAddr, may_speak: MaySpeak) -> Self {
        let mut inbox = Replies::default();
        inbox.feed(replies);
        let state = State {
            carrier: Carrier::None,
            out: Vec::new(),
            out_at: 0,
            replies: inbox,
            wrote: Instant::now(),
            sent: 0,
            ended: false,
            letter: Letter::Ahead,
            turn: Turn::InOrder,
            may_speak,
        };
        Self { state: Arc::new(Mutex::new(state)), peer }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Nothing panics while holding the lock; if it did, the stream is dropped soon anyway.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn carry_tcp(&self, tcp: TcpStream) {
        self.carry(Carrier::Tcp(tcp));
    }

    pub(crate) fn carry_tls(&self, tls: TlsStream<TcpStream>) {
        self.carry(Carrier::Tls(Box::new(tls)));
    }

    /// From here on `carrier` is the transport; everything before is discarded.
    fn carry(&self, carrier: Carrier) {
        let mut state = self.state();
        state.carrier = carrier;
        state.out.clear();
        state.out_at = 0;
        state.replies = Replies::default();
        state.wrote = Instant::now();
        state.ended = false;
        state.turn = Turn::InOrder;
    }

    /// Takes the TCP stream out to put TLS on it. `None` if there is none, or if the peer sent more than one reply: that text came
    /// in clear and must not be trusted (RFC 3207 §6).
    pub(crate) fn take_tcp(&self) -> Option<TcpStream> {
        let mut state = self.state();
        if !state.replies.is_empty() {
            return None;
        }
        match std::mem::replace(&mut state.carrier, Carrier::None) {
            Carrier::Tcp(tcp) => Some(tcp),
            Carrier::Tls(_) | Carrier::None => None,
        }
    }

    /// Whether the peer has sent nothing unread, and is still connected. Does not block.
    pub(crate) async fn is_quiet(&self) -> bool {
        std::future::poll_fn(|cx| {
            let mut state = self.state();
            let state = &mut *state;
            let mut raw = [0_u8; 2048];
            let mut chunk = ReadBuf::new(&mut raw);
            let read = match &mut state.carrier {
                Carrier::None => return Poll::Ready(false),
                Carrier::Tcp(tcp) => Pin::new(tcp).poll_read(cx, &mut chunk),
                Carrier::Tls(tls) => Pin::new(tls).poll_read(cx, &mut chunk),
            };
            Poll::Ready(read.is_pending() && state.replies.is_empty() && state.turn == Turn::InOrder)
        })
        .await
    }

    pub(crate) fn progress(&self) -> Progress {
        let state = self.state();
        Progress { all_out: state.is_all_out(), wrote: state.wrote, sent: state.sent }
    }

    /// The code of the last reply as the peer sent it: the parser got one that it knows.
    pub(crate) fn code_as_given(&self, parsed: u16) -> u16 {
        match self.state().replies.given {
            given @ b'6'..=b'9' => parsed / 100 * 100 + u16::from(given - b'0') * 10 + parsed % 10,
            _known => parsed,
        }
    }

    /// What is written from here on may end the letter: then the peer may have it.
    pub(crate) fn ends_letter(&self) {
        self.state().letter = Letter::Ending;
    }

    /// What is written from here on is a letter, of which nothing has been sent.
    pub(crate) fn begins_letter(&self) {
        self.state().letter = Letter::Underway;
    }

    /// Whether the letter's end may have been sent.
    pub(crate) fn may_have_ended_letter(&self) -> bool {
        let state = self.state();
        match state.letter {
            Letter::Ahead | Letter::Underway => false,
            Letter::Ending | Letter::Sent => state.is_all_out(),
        }
    }

    /// Whether the peer replied to something not sent yet: the connection is not used any more.
    pub(crate) fn is_spoiled(&self) -> bool {
        self.state().turn != Turn::InOrder
    }

    /// Whether the peer closed its side.
    pub(crate) fn ended(&self) -> bool {
        self.state().ended
    }

    pub(crate) fn peer(&self) -> SocketAddr {
        self.peer
    }
}

impl State {
    /// Whether everything written was sent.
    fn is_all_out(&self) -> bool {
        self.out_at >= self.out.len() && self.turn == Turn::InOrder
    }

    /// Detects a reply to bytes that were not sent yet: taken for their answer, it would end a letter that the server does not
    /// have. RFC 5321 §3.8 allows 421 at any time, and some servers refuse a letter during its transfer: a refusal counts, and the
    /// pending bytes are not sent any more.
    fn spoken_to_soon(&mut self) -> io::Result<()> {
        let is_early = !self.replies.is_empty() && self.out_at < self.out.len();
        if self.turn == Turn::InOrder && is_early && !matches!(self.carrier, Carrier::None) {
            self.out.clear();
            self.out_at = 0;
            self.turn = match self.replies.first() {
                Some(b'4' | b'5') => Turn::RefusedEarly,
                Some(_) | None => Turn::TooEarly,
            };
        }
        match self.turn {
            Turn::InOrder | Turn::RefusedEarly => Ok(()),
            Turn::TooEarly => Err(io::Error::other("the server answered before it was asked")),
        }
    }

    /// Reads what has arrived by now, if something is about to be sent. Does not block.
    fn heard_by_now(&mut self, cx: &mut Context<'_>) -> io::Result<()> {
        if self.out_at > 0 || self.out.is_empty() {
            return Ok(());
        }
        self.hear(cx)
    }

    /// Reads what has arrived, and is woken by what arrives later.
    fn hear(&mut self, cx: &mut Context<'_>) -> io::Result<()> {
        let mut raw = [0_u8; 2048];
        let mut chunk = ReadBuf::new(&mut raw);
        let read = match &mut self.carrier {
            Carrier::None => return Ok(()),
            Carrier::Tcp(_) | Carrier::Tls(_) if self.ended => return Ok(()),
            Carrier::Tcp(tcp) => Pin::new(tcp).poll_read(cx, &mut chunk),
            Carrier::Tls(tls) => Pin::new(tls).poll_read(cx, &mut chunk),
        };
        if let Poll::Ready(heard) = read {
            heard?;
            self.ended |= chunk.filled().is_empty();
            self.replies.feed(chunk.filled());
        }
        Ok(())
    }

    /// Listens while a letter is sent: nothing is due before its end. A server that refuses it may read no more of it, or close.
    fn heard_during_letter(&mut self, cx: &mut Context<'_>) -> io::Result<()> {
        match self.letter {
            Letter::Underway | Letter::Ending => {}
            Letter::Ahead | Letter::Sent => return Ok(()),
        }
        self.hear(cx)?;
        self.spoken_to_soon()
    }

    /// Sends what was written, unless the peer has refused it meanwhile.
    fn poll_out(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while self.out_at < self.out.len() {
            self.heard_during_letter(cx)?;
            let Some(rest) = self.out.get(self.out_at..).filter(|rest| !rest.is_empty()) else { break };
            if !(self.may_speak)() {
                let cause = "this node was silent for too long, and others may have taken over";
                return Poll::Ready(Err(io::Error::other(cause)));
            }
            let sent = match &mut self.carrier {
                Carrier::None => Ok(rest.len()),
                Carrier::Tcp(tcp) => ready!(Pin::new(tcp).poll_write(cx, rest)),
                Carrier::Tls(tls) => ready!(Pin::new(tls).poll_write(cx, rest)),
            };
            let sent = match sent {
                Ok(sent) => sent,
                // It closed without reading on; what it said before can still be read.
                Err(error) => {
                    let _ = self.heard_during_letter(cx);
                    return Poll::Ready(match self.turn {
                        Turn::RefusedEarly => Ok(()),
                        Turn::InOrder | Turn::TooEarly => Err(error),
                    });
                }
            };
            if sent == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            self.out_at += sent;
            self.sent = self.sent.saturating_add(u64::try_from(sent).unwrap_or(u64::MAX));
            self.wrote = Instant::now();
        }
        match self.turn {
            Turn::InOrder => {}
            // Its refusal is read as the reply.
            Turn::RefusedEarly | Turn::TooEarly => return Poll::Ready(Ok(())),
        }
        if !self.out.is_empty() {
            self.out.clear();
            self.out_at = 0;
            // A large letter must not leave its buffer behind on a kept connection.
            self.out.shrink_to(GATHER);
        }
        if self.letter == Letter::Ending {
            self.letter = Letter::Sent;
        }
        match &mut self.carrier {
            Carrier::None => Poll::Ready(Ok(())),
            Carrier::Tcp(tcp) => Pin::new(tcp).poll_flush(cx),
            Carrier::Tls(tls) => Pin::new(tls).poll_flush(cx),
        }
    }
}

impl AsyncRead for Wire {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let mut state = self.state();
        let state = &mut *state;
        state.heard_by_now(cx)?;
        state.spoken_to_soon()?;
        loop {
            if state.replies.line_into(buf) {
                return Poll::Ready(Ok(()));
            }
            if state.turn == Turn::InOrder {
                // A reply is awaited: everything gathered must be sent now.
                ready!(state.poll_out(cx))?;
                if state.turn != Turn::InOrder {
                    continue;
                }
            }
            let mut raw = [0_u8; 2048];
            let mut chunk = ReadBuf::new(&mut raw);
            match &mut state.carrier {
                Carrier::None => return Poll::Ready(Err(io::ErrorKind::NotConnected.into())),
                Carrier::Tcp(tcp) => ready!(Pin::new(tcp).poll_read(cx, &mut chunk))?,
                Carrier::Tls(tls) => ready!(Pin::new(tls).poll_read(cx, &mut chunk))?,
            }
            if chunk.filled().is_empty() {
                state.ended = true;
                return Poll::Ready(Ok(()));
            }
            state.replies.feed(chunk.filled());
        }
    }
}

impl AsyncWrite for Wire {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let mut state = self.state();
        if state.out.len() >= GATHER {
            state.spoken_to_soon()?;
            ready!(state.poll_out(cx))?;
        }
        match state.turn {
            Turn::InOrder => state.out.extend_from_slice(bytes),
            // Reading hands its refusal up.
            Turn::RefusedEarly => {}
            Turn::TooEarly => return Poll::Ready(Err(io::ErrorKind::BrokenPipe.into())),
        }
        Poll::Ready(Ok(bytes.len()))
    }

    /// Intentionally does nothing: reading triggers sending.
    fn poll_flush(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut state = self.state();
        ready!(state.poll_out(cx))?;
        match &mut state.carrier {
            Carrier::None => Poll::Ready(Ok(())),
            Carrier::Tcp(tcp) => Pin::new(tcp).poll_shutdown(cx),
            Carrier::Tls(tls) => Pin::new(tls).poll_shutdown(cx),
        }
    }
}

impl fmt::Debug for Wire {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Wire({})", self.peer)
    }
}

/// Replies to be passed on, normalised: ASCII, lines of bounded length that end in CRLF, a space after a bare code.
#[derive(Default)]
struct Replies {
    bytes: std::collections::VecDeque<u8>,
    lines: usize,
    column: usize,
    last: u8,
    /// The second digit of the line being received.
    second: u8,
    /// Those of the lines that wait.
    seconds: std::collections::VecDeque<u8>,
    /// That of the line passed on last.
    given: u8,
}

impl Replies {
    fn is_empty(&self) -> bool {
        self.bytes.is_empty() && self.column == 0
    }

    /// The first digit of the reply that is next.
    fn first(&self) -> Option<u8> {
        self.bytes.front().copied()
    }

    fn feed(&mut self, raw: &[u8]) {
        for &byte in raw {
            match byte {
                b'\n' => {
                    if self.last != b'\r' {
                        self.end_of_text();
                        self.bytes.push_back(b'\r');
                    }
                    self.bytes.push_back(b'\n');
                    self.seconds.push_back(std::mem::take(&mut self.second));
                    self.lines += 1;
                    self.column = 0;
                }
                b'\r' => {
                    self.end_of_text();
                    self.bytes.push_back(b'\r');
                }
                _ => {
                    if self.column == 1 {
                        self.second = byte;
                    }
                    if self.column < LINE {
                        self.bytes.push_back(match (self.column, byte) {
                            // RFC 5321 §4.2.1: an undefined second digit does not affect the first; the parser knows those up to 5,
                            // "the status of the receiver mail system".
                            (1, b'6'..=b'9') => b'5',
                            (_, byte) if byte.is_ascii() => byte,
                            _ => b'?',
                        });
                    }
                    self.column = self.column.saturating_add(1);
                }
            }
            self.last = byte;
        }
    }

    /// RFC 5321 §4.2: a code without text is valid; the parser requires the space.
    fn end_of_text(&mut self) {
        if self.column == 3 {
            self.bytes.push_back(b' ');
        }
    }

    /// Moves at most one whole line into `buf`; returns whether anything was moved.
    fn line_into(&mut self, buf: &mut ReadBuf<'_>) -> bool {
        if self.lines == 0 {
            return false;
        }
        let mut moved = false;
        while buf.remaining() > 0 {
            let Some(byte) = self.bytes.pop_front() else { break };
            buf.put_slice(&[byte]);
            moved = true;
            if byte == b'\n' {
                self.lines -= 1;
                self.given = self.seconds.pop_front().unwrap_or_default();
                break;
            }
        }
        moved
    }
}

#[cfg(test)]
#[path = "wire_tests.rs"]
mod tests;
