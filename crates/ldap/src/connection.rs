//! Messages of LDAP over a stream, numbered, and no more of them than one question is worth. Knows no directory and no filter.

use bytes::BytesMut;
use ldap3_proto::LdapCodec;
use ldap3_proto::proto::{LdapMsg, LdapOp, LdapResult, LdapResultCode, LdapSearchResultEntry};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio_util::codec::{Decoder as _, Encoder as _};

use crate::error::LdapError;
use crate::framing;

/// More than any entry with certificates that is worth asking about, over a whole connection.
const MAX_BYTES: usize = 1024 * 1024;
const MAX_BYTES_SAID: &str = "1 MiB";
/// An entry's values are six deep.
const MAX_DEPTH: usize = 16;
/// Read at once.
const PIECE: usize = 16 * 1024;

/// What a directory responds to a request (RFC 4511 §4).
#[derive(Debug)]
pub(crate) enum Response {
    /// To a login.
    Bound(Outcome),
    /// To StartTLS.
    Extended(Outcome),
    /// An entry that the search has found.
    Entry(LdapSearchResultEntry),
    /// Somewhere else, where more of it may be.
    Reference,
    /// The search is over.
    Done(Outcome),
}

/// How it went.
#[derive(Debug)]
pub(crate) enum Outcome {
    /// It was done.
    Success,
    /// There is more than was asked for, or than the directory gives.
    Cut,
    /// It is to be asked of another.
    Referral,
    /// It was not done, and why.
    Failed(String),
}

/// A connection with one question at a time.
pub(crate) struct Connection<S> {
    stream: S,
    came: BytesMut,
    codec: LdapCodec,
    /// The number of the last message sent.
    number: i32,
    /// So much may still come.
    left: usize,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Connection<S> {
    pub(crate) fn new(stream: S) -> Self {
        let codec = LdapCodec::new(Some(MAX_BYTES), Some(MAX_DEPTH));
        Self { stream, came: BytesMut::new(), codec, number: 0, left: MAX_BYTES }
    }

    /// Asks.
    pub(crate) async fn send(&mut self, op: LdapOp) -> Result<(), LdapError> {
        self.number += 1;
        let mut message = BytesMut::new();
        self.codec.encode(LdapMsg { msgid: self.number, op, ctrl: Vec::new() }, &mut message)?;
        self.stream.write_all(&message).await?;
        Ok(self.stream.flush().await?)
    }

    /// The next answer to what was asked last.
    pub(crate) async fn response(&mut self) -> Result<Response, LdapError> {
        let mut message = self.message().await?;
        if !framing::is_response(&message) {
            return Err(LdapError::Garbled);
        }
        match self.codec.decode(&mut message) {
            Ok(Some(LdapMsg { msgid, op, ctrl: _ })) if msgid == self.number => as_response(op),
            // RFC 4511 §4.4.1: a notice of disconnection.
            Ok(Some(LdapMsg { msgid: 0, .. })) => Err(LdapError::HungUp),
            Ok(Some(_) | None) | Err(_) => Err(LdapError::Garbled),
        }
    }

    async fn message(&mut self) -> Result<BytesMut, LdapError> {
        loop {
            match framing::length(&self.came)? {
                Some(length) if length > MAX_BYTES => return Err(LdapError::TooMuch(MAX_BYTES_SAID)),
                Some(length) if length <= self.came.len() => return Ok(self.came.split_to(length)),
                Some(_) | None => {}
            }
            self.came.reserve(PIECE);
            match self.stream.read_buf(&mut self.came).await? {
                0 => return Err(LdapError::HungUp),
                read => self.left = self.left.checked_sub(read).ok_or(LdapError::TooMuch(MAX_BYTES_SAID))?,
            }
        }
    }

    /// The stream itself, where nothing has come behind the last answer.
    pub(crate) fn into_stream(self) -> Result<S, LdapError> {
        // RFC 4511 §4.14.1: what was said in clear must not count as said under TLS.
        if self.came.is_empty() { Ok(self.stream) } else { Err(LdapError::BehindStartTls) }
    }

    /// Says goodbye (RFC 4511 §4.3); nobody waits for it.
    pub(crate) async fn leave(mut self) {
        if self.send(LdapOp::UnbindRequest).await.is_ok() {
            let _gone = self.stream.shutdown().await;
        }
    }
}

fn as_response(op: LdapOp) -> Result<Response, LdapError> {
    match op {
        LdapOp::BindResponse(response) => Ok(Response::Bound(outcome(response.res))),
        LdapOp::ExtendedResponse(response) => Ok(Response::Extended(outcome(response.res))),
        LdapOp::SearchResultEntry(entry) => Ok(Response::Entry(entry)),
        LdapOp::SearchResultReference(_elsewhere) => Ok(Response::Reference),
        LdapOp::SearchResultDone(result) => Ok(Response::Done(outcome(result))),
        _ => Err(LdapError::Garbled),
    }
}

fn outcome(result: LdapResult) -> Outcome {
    match result.code {
        LdapResultCode::Success => Outcome::Success,
        LdapResultCode::SizeLimitExceeded => Outcome::Cut,
        LdapResultCode::Referral => Outcome::Referral,
        code => Outcome::Failed(said(&code, &result.message)),
    }
}

/// Its words on one line, behind the standard's.
fn said(code: &LdapResultCode, words: &str) -> String {
    let words: String = words.chars().filter(|c| !c.is_control()).take(200).collect();
    if words.is_empty() { format!("{code:?}") } else { format!("{code:?} ({words})") }
}
