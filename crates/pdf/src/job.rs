//! What comes in: one line, one JSON object, then the files' bytes one after the other. Knows no typesetting.
//!
//! ```text
//! sealpost-pdf-1 <bytes of JSON>\n
//! <JSON><bytes of files[0]><bytes of files[1]>…
//! ```
//!
//! The other side of this format is `pdf/job.rs` in the crate `export`.

use std::io::Read;

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// More than any honest header section and body have.
const MAX_JSON: usize = 48 * 1024 * 1024;
const MAX_FILES: usize = 2100;

/// Why the input was rejected.
#[derive(Debug, Error)]
pub(crate) enum JobError {
    #[error("the input does not start with its version and length")]
    Start,
    #[error("the input ends too early: {0}")]
    Short(#[from] std::io::Error),
    #[error("the input has an unknown field or a wrong value at line {0}, column {1}")]
    Json(usize, usize),
    #[error("the input is too large")]
    TooLarge,
}

/// One letter to set.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Job {
    /// The language of the labels and the document.
    pub(crate) language: String,
    /// The document's title.
    pub(crate) title: String,
    /// Who wrote the letter, for the document's properties.
    pub(crate) author: Option<String>,
    /// Identifies this document uniquely.
    pub(crate) ident: String,
    /// When the document is made, UTC: year, month, day, hour, minute, second.
    pub(crate) created: [i32; 6],
    /// A line on top of the first page.
    pub(crate) letterhead: Option<String>,
    /// The block with sender, recipients and date.
    pub(crate) rows: Vec<HeaderRow>,
    pub(crate) labels: Labels,
    pub(crate) body: Body,
    pub(crate) effort: Effort,
    files: Vec<FileHead>,
    /// Filled after the JSON has been read.
    #[serde(skip)]
    pub(crate) attached: Vec<File>,
}

/// One line of the header block.
#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct HeaderRow {
    pub(crate) label: String,
    #[serde(default)]
    pub(crate) people: Vec<Person>,
    #[serde(default)]
    pub(crate) text: String,
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Person {
    pub(crate) name: String,
    pub(crate) address: String,
}

/// All words on the page that are not the letter's.
#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Labels {
    pub(crate) attachments: String,
    /// With `{page}` and `{pages}`.
    pub(crate) page: String,
    /// With `{n}`.
    pub(crate) more: String,
    pub(crate) no_text: String,
    pub(crate) embedded: String,
    pub(crate) replaced: String,
    pub(crate) shortened: String,
    pub(crate) not_set: String,
    pub(crate) picture: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(crate) enum Body {
    None,
    Plain(String),
    Html(String),
}

/// How much of the letter to set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Effort {
    /// Everything.
    Full,
    /// No pictures, and only characters of the main font.
    Careful,
    /// Only the header block and the embedded files; for letters that cannot be set otherwise.
    Cover,
}

/// The role of a file.
#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Role {
    /// The letter itself.
    Source,
    Attachment,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FileHead {
    name: String,
    content_type: String,
    /// The size in readable form.
    shown_size: String,
    role: Role,
    cid: Option<String>,
    bytes: usize,
}

pub(crate) struct File {
    pub(crate) name: String,
    pub(crate) content_type: String,
    pub(crate) shown_size: String,
    pub(crate) role: Role,
    pub(crate) cid: Option<String>,
    pub(crate) data: Vec<u8>,
}

impl Job {
    pub(crate) fn read(input: &mut impl Read) -> Result<Self, JobError> {
        let length = start(input)?;
        if length > MAX_JSON {
            return Err(JobError::TooLarge);
        }
        let json = exactly(input, length)?;
        let mut job: Self =
            serde_json::from_slice(&json).map_err(|error| JobError::Json(error.line(), error.column()))?;
        if job.files.len() > MAX_FILES {
            return Err(JobError::TooLarge);
        }
        for head in std::mem::take(&mut job.files) {
            let data = exactly(input, head.bytes)?;
            let FileHead { name, content_type, shown_size, role, cid, bytes: _ } = head;
            job.attached.push(File { name, content_type, shown_size, role, cid, data });
        }
        Ok(job)
    }
}

/// Reads the first line byte by byte: what follows it is not text.
fn start(input: &mut impl Read) -> Result<usize, JobError> {
    let mut line = Vec::new();
    loop {
        let byte = exactly(input, 1)?;
        match byte.first() {
            Some(b'\n') | None => break,
            Some(byte) if line.len() < 64 => line.push(*byte),
            Some(_) => return Err(JobError::Start),
        }
    }
    let line = std::str::from_utf8(&line).unwrap_or_default();
    line.strip_prefix("sealpost-pdf-1 ").and_then(|length| length.parse().ok()).ok_or(JobError::Start)
}

/// Allocates by the data received, not by the announced length.
fn exactly(input: &mut impl Read, length: usize) -> Result<Vec<u8>, JobError> {
    let mut bytes = Vec::new();
    input.take(u64::try_from(length).unwrap_or(u64::MAX)).read_to_end(&mut bytes)?;
    if bytes.len() == length {
        Ok(bytes)
    } else {
        Err(std::io::Error::from(std::io::ErrorKind::UnexpectedEof).into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const JSON: &str = r#"{"language":"de","title":"T","author":null,"ident":"i","created":[2026,11,21,0,0,0],"letterhead":null,
        "rows":[{"label":"Von","people":[{"name":"A","address":"a@b"}]}],"body":{"plain":"x"},"effort":"full",
        "labels":{"attachments":"","page":"","more":"","no_text":"","embedded":"","replaced":"","shortened":"","not_set":"","picture":""},
        "files":[{"name":"a","content_type":"b/c","shown_size":"3 B","role":"source","cid":null,"bytes":3}]}"#;

    fn read(json: &str, rest: &[u8]) -> Result<Job, JobError> {
        let mut input = format!("sealpost-pdf-1 {}\n{json}", json.len()).into_bytes();
        input.extend(rest);
        Job::read(&mut input.as_slice())
    }

    #[test]
    fn a_job_is_read_with_its_files() {
        let job = read(JSON, b"\0\n\xff").unwrap();
        assert_eq!(job.attached[0].data, b"\0\n\xff");
        assert_eq!(job.rows[0].people[0].address, "a@b");
    }

    #[test]
    fn what_is_not_right_is_refused() {
        assert!(matches!(read(JSON, b"xx"), Err(JobError::Short(_))));
        assert!(matches!(read(&JSON.replace("\"ident\"", "\"idents\""), b"xxx"), Err(JobError::Json(..))));
        assert!(matches!(Job::read(&mut &b"sealpost-pdf-2 1\nx"[..]), Err(JobError::Start)));
        assert!(matches!(Job::read(&mut &b""[..]), Err(JobError::Short(_))));
        assert!(matches!(Job::read(&mut &b"sealpost-pdf-1 99999999999\n"[..]), Err(JobError::TooLarge)));
    }
}
