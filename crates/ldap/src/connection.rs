//! LDAP messages over a stream, numbered, within a size limit per question. Knows no directory and no filter.

use bytes::BytesMut;
use ldap3_proto::LdapCodec;
use ldap3_proto::proto::{LdapMsg, LdapOp, LdapResult, LdapResultCode, LdapSearchResultEntry};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio_util::codec::{Decoder as _, Encoder as _};

use crate::error::LdapError;
use crate::framing;

/// Limit in bytes over a whole connection; more than any reasonable entry with certificates.
const MAX_BYTES: usize = 1024 * 1024;
const MAX_BYTES_SAID: &str = "1 MiB";
/// Nesting depth; an entry's values are six deep.
const MAX_DEPTH: usize = 16;
/// Bytes read at once.
const PIECE: usize = 16 * 1024;

/// A directory's response to a request (RFC 4511 §4).
#[derive(Debug)]
pub(crate) enum Response {
    /// To a login.
    Bound(Outcome),
    /// To StartTLS.
    Extended(Outcome),
    /// An entry that the search has found.
    Entry(LdapSearchResultEntry),
    /// A reference to another server.
    Reference,
    /// The end of the search.
    Done(Outcome),
}

/// The result of a request.
#[derive(Debug)]
pub(crate) enum Outcome {
    /// Done.
    Success,
    /// The result was truncated, by our limit or the directory's.
    Cut,
    /// Another server is to be asked.
    Referral,
    /// Not done; the reason.
    Failed(String),
}

/// A connection with one question at a time.
pub(crate) struct Connection<S> {
    stream: S,
    came: BytesMut,
    codec: LdapCodec,
    /// The number of the last message sent.
    number: i32,
    /// Bytes that may still be received.
    left: usize,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Connection<S> {
    pub(crate) fn new(stream: S) -> Self {
        let codec = LdapCodec::new(Some(MAX_BYTES), Some(MAX_DEPTH));
        Self { stream, came: BytesMut::new(), codec, number: 0, left: MAX_BYTES }
    }

    /// Sends a request.
    pub(crate) async fn send(&mut self, op: LdapOp) -> Result<(), LdapError> {
        self.number += 1;
        let mut message = BytesMut::new();
        self.codec.encode(LdapMsg { msgid: self.number, op, ctrl: Vec::new() }, &mut message)?;
        self.stream.write_all(&message).await?;
        Ok(self.stream.flush().await?)
    }

    /// The next response to the last request.
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

    /// The stream itself, if nothing was received after the last response.
    pub(crate) fn into_stream(self) -> Result<S, LdapError> {
        // RFC 4511 §4.14.1: data sent in clear must not count as sent under TLS.
        if self.came.is_empty() { Ok(self.stream) } else { Err(LdapError::BehindStartTls) }
    }

    /// Unbinds (RFC 4511 §4.3); there is no response.
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

/// The server's diagnostic on one line, after the standard's name of the code.
fn said(code: &LdapResultCode, words: &str) -> String {
    let words: String = words.chars().filter(|c| !c.is_control()).take(200).collect();
    if words.is_empty() { format!("{code:?}") } else { format!("{code:?} ({words})") }
}
