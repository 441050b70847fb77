//! Reads the editor's form, with files of any size: fields are kept, files are passed on piece by piece.
//! Nothing is accessible before the form's token has been checked. Knows no page.

use std::cell::Cell;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::Duration;

use actix_multipart::{Field, Multipart};
use actix_web::error::PayloadError;
use actix_web::web::{self, Bytes, BytesMut};
use actix_web::{HttpMessage as _, HttpRequest};
use futures_util::{Stream, StreamExt as _};
use subtle::ConstantTimeEq as _;

use crate::http::csrf::{FormToken, comes_from_us};
use crate::http::problem::HttpProblem;

/// Longest text; the total of all fields is bounded by about the same.
const MAX_TEXT: usize = 512 * 1024;
const MAX_TOGETHER: usize = MAX_TEXT + 64 * 1024;
/// Bytes that may arrive without any output: the library buffers a part's header, and what comes before the
/// first part, however long it is.
const MAX_UNREAD: usize = 4 * 1024 * 1024;
/// Maximum number of fields in one form.
const MAX_FIELDS: usize = 60;
/// Time limit between two pieces.
const PATIENCE: Duration = Duration::from_secs(60);
/// Time limit for a whole form: enough for 20 MB over a slow mobile connection.
const WHOLE: Duration = Duration::from_secs(45 * 60);

/// Fields in the order received.
#[derive(Default)]
pub(crate) struct Fields(Vec<(String, String)>);

impl Fields {
    /// The last field of that name: the button is the last `do`.
    pub(crate) fn take(&mut self, name: &str) -> Option<String> {
        let at = self.0.iter().rposition(|(known, _)| known == name)?;
        Some(self.0.remove(at).1)
    }

    fn check(&self, expected: &FormToken) -> Result<(), HttpProblem> {
        let token = self.0.iter().find(|(name, _)| name == "form_token").map_or("", |(_, token)| token);
        let same: bool = token.as_bytes().ct_eq(expected.as_str().as_bytes()).into();
        if same && !expected.as_str().is_empty() { Ok(()) } else { Err(HttpProblem::Forged("form token")) }
    }
}

/// A file in the form.
pub(crate) struct Incoming {
    pub(crate) name: String,
    pub(crate) content_type: String,
    field: Field,
    unread: Unread,
    ends: tokio::time::Instant,
}

/// Bytes received from the network since the last output.
#[derive(Clone, Default)]
struct Unread(Rc<Cell<usize>>);

/// The form's bytes, as long as they produce output.
struct Bounded {
    payload: web::Payload,
    unread: Unread,
}

impl Stream for Bounded {
    type Item = Result<Bytes, PayloadError>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let polled = self.payload.poll_next_unpin(context);
        if let Poll::Ready(Some(Ok(bytes))) = &polled {
            let unread = self.unread.0.get().saturating_add(bytes.len());
            self.unread.0.set(unread);
            if unread > MAX_UNREAD {
                return Poll::Ready(Some(Err(PayloadError::Overflow)));
            }
        }
        polled
    }
}

/// The deadline for the next bytes: soon, and before the end.
fn soon(ends: tokio::time::Instant) -> tokio::time::Instant {
    ends.min(tokio::time::Instant::now() + PATIENCE)
}

impl Incoming {
    /// The next piece.
    pub(crate) async fn next(&mut self) -> Result<Option<Bytes>, HttpProblem> {
        match tokio::time::timeout_at(soon(self.ends), self.field.next()).await {
            Ok(Some(Ok(bytes))) => {
                self.unread.0.set(0);
                Ok(Some(bytes))
            }
            Ok(Some(Err(_broken))) => Err(HttpProblem::BadForm("broken off")),
            Ok(None) => Ok(None),
            Err(_elapsed) => Err(HttpProblem::BadForm("too slow")),
        }
    }
}

/// A form being read.
pub(crate) struct Sheet {
    fields: Fields,
    parts: Option<Multipart>,
    /// Total bytes of all fields so far.
    held: usize,
    unread: Unread,
    expected: FormToken,
    ends: tokio::time::Instant,
}

impl Sheet {
    /// Both form encodings that browsers send; the proof of origin comes first.
    pub(crate) async fn open(
        request: &HttpRequest,
        mut payload: web::Payload,
        expected: &FormToken,
    ) -> Result<Self, HttpProblem> {
        comes_from_us(request)?;
        let ends = tokio::time::Instant::now() + WHOLE;
        let expected = expected.clone();
        match request.content_type() {
            "multipart/form-data" => {
                let unread = Unread::default();
                let bounded = Bounded { payload, unread: unread.clone() };
                let parts = Multipart::new(request.headers(), bounded);
                Ok(Self { fields: Fields::default(), parts: Some(parts), held: 0, unread, expected, ends })
            }
            "application/x-www-form-urlencoded" => {
                let mut body = BytesMut::new();
                while let Some(piece) = tokio::time::timeout_at(soon(ends), payload.next())
                    .await
                    .map_err(|_elapsed| HttpProblem::BadForm("too slow"))?
                {
                    let piece = piece.map_err(|_broken| HttpProblem::BadForm("broken off"))?;
                    // Every octet of the text can be encoded as three.
                    if body.len() + piece.len() > MAX_TEXT * 3 {
                        return Err(HttpProblem::BadForm("too long"));
                    }
                    body.extend_from_slice(&piece);
                }
                let text =
                    std::str::from_utf8(&body).map_err(|_not_text| HttpProblem::BadForm("not UTF-8"))?;
                let read = web::Query::<Vec<(String, String)>>::from_query(text);
                let fields = Fields(read.map_err(|_unreadable| HttpProblem::BadForm("fields"))?.into_inner());
                fields.check(&expected)?;
                Ok(Self { fields, parts: None, held: 0, unread: Unread::default(), expected, ends })
            }
            _ => Err(HttpProblem::BadForm("content type")),
        }
    }

    /// The next file; the fields before it have been kept.
    pub(crate) async fn next_file(&mut self) -> Result<Option<Incoming>, HttpProblem> {
        let Some(parts) = &mut self.parts else { return Ok(None) };
        loop {
            if tokio::time::Instant::now() > self.ends {
                return Err(HttpProblem::BadForm("too slow"));
            }
            let next = tokio::time::timeout(PATIENCE, parts.next());
            let field = match next.await.map_err(|_elapsed| HttpProblem::BadForm("too slow"))? {
                Some(Ok(field)) => {
                    self.unread.0.set(0);
                    field
                }
                Some(Err(_broken)) => return Err(HttpProblem::BadForm("parts")),
                None => return Ok(None),
            };
            let disposition = field.content_disposition();
            let file = disposition.and_then(|d| d.get_filename()).map(str::to_owned);
            let name = field.name().unwrap_or_default().to_owned();
            match file {
                Some(file) => {
                    self.fields.check(&self.expected)?;
                    let content_type =
                        field.content_type().map_or_else(String::new, |kind| kind.essence_str().to_owned());
                    let unread = self.unread.clone();
                    return Ok(Some(Incoming { name: file, content_type, field, unread, ends: self.ends }));
                }
                None => {
                    if self.fields.0.len() >= MAX_FIELDS {
                        return Err(HttpProblem::BadForm("too many fields"));
                    }
                    let mut value = BytesMut::new();
                    let unread = self.unread.clone();
                    let (name_of_file, content_type) = (String::new(), String::new());
                    let ends = self.ends;
                    let mut incoming = Incoming { name: name_of_file, content_type, field, unread, ends };
                    while let Some(piece) = incoming.next().await? {
                        self.held += piece.len();
                        if value.len() + piece.len() > MAX_TEXT || self.held > MAX_TOGETHER {
                            return Err(HttpProblem::BadForm("too long"));
                        }
                        value.extend_from_slice(&piece);
                    }
                    let value = String::from_utf8(value.to_vec())
                        .map_err(|_not_text| HttpProblem::BadForm("not UTF-8"))?;
                    self.fields.0.push((name, value));
                }
            }
        }
    }

    /// Whether the form is ours; needed if a form may come without a file.
    pub(crate) fn check(&self) -> Result<(), HttpProblem> {
        self.fields.check(&self.expected)
    }

    /// A field that came before the current file.
    pub(crate) fn field(&self, name: &str) -> Option<&str> {
        self.fields.0.iter().rev().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// The fields; only after the last file.
    pub(crate) fn finish(self) -> Result<Fields, HttpProblem> {
        self.fields.check(&self.expected)?;
        Ok(self.fields)
    }
}
