//! The input of the worker, in order. Knows no process.
//!
//! The other side of this format is `job.rs` in the crate `pdf`, which also describes it.

use sealpost_mail::Letter;
use serde::Serialize;
use tokio::io::{AsyncWrite, AsyncWriteExt};

use super::labels::Labels;
use crate::error::ExportError;

#[derive(Serialize)]
pub(super) struct Job<'a> {
    pub(super) language: &'a str,
    pub(super) title: String,
    pub(super) author: Option<String>,
    pub(super) ident: String,
    pub(super) created: [i32; 6],
    pub(super) letterhead: Option<&'a str>,
    pub(super) rows: Vec<HeaderRow>,
    pub(super) labels: JobLabels<'a>,
    pub(super) body: Body,
    pub(super) effort: Effort,
    pub(super) files: Vec<FileHead>,
}

#[derive(Serialize)]
pub(super) struct HeaderRow {
    pub(super) label: String,
    pub(super) people: Vec<Person>,
    pub(super) text: String,
}

#[derive(Serialize)]
pub(super) struct Person {
    pub(super) name: String,
    pub(super) address: String,
}

#[derive(Serialize)]
pub(super) struct JobLabels<'a> {
    attachments: &'a str,
    page: &'a str,
    more: &'a str,
    no_text: &'a str,
    embedded: &'a str,
    replaced: &'a str,
    shortened: &'a str,
    not_set: &'a str,
    picture: &'a str,
}

impl<'a> From<&'a Labels> for JobLabels<'a> {
    fn from(labels: &'a Labels) -> Self {
        Self {
            attachments: &labels.attachments,
            page: &labels.page,
            more: &labels.more,
            no_text: &labels.no_text,
            embedded: &labels.embedded,
            replaced: &labels.replaced,
            shortened: &labels.shortened,
            not_set: &labels.not_set,
            picture: &labels.picture,
        }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Body {
    None,
    Plain(String),
    Html(String),
}

#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Effort {
    Full,
    Cover,
}

#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Role {
    Source,
    Attachment,
}

#[derive(Serialize)]
pub(super) struct FileHead {
    pub(super) name: String,
    pub(super) content_type: String,
    pub(super) shown_size: String,
    pub(super) role: Role,
    pub(super) cid: Option<String>,
    pub(super) bytes: usize,
    /// The attachment's number in the letter; `None`: the letter itself.
    #[serde(skip)]
    pub(super) index: Option<usize>,
}

/// Everything the worker reads, written piece by piece.
pub(super) struct Feed<'a> {
    json: Vec<u8>,
    letter: &'a [u8],
    parsed: &'a Letter<'a>,
    files: Vec<Option<usize>>,
}

impl<'a> Feed<'a> {
    pub(super) fn new(job: &Job<'_>, letter: &'a [u8], parsed: &'a Letter<'a>) -> Result<Self, ExportError> {
        let json = serde_json::to_vec(job).map_err(|error| ExportError::Worker(error.to_string()))?;
        Ok(Self { json, letter, parsed, files: job.files.iter().map(|file| file.index).collect() })
    }

    /// Writes everything; one attachment is decoded at a time.
    pub(super) async fn write(&self, out: &mut (impl AsyncWrite + Unpin)) -> std::io::Result<()> {
        out.write_all(format!("sealpost-pdf-1 {}\n", self.json.len()).as_bytes()).await?;
        out.write_all(&self.json).await?;
        for file in &self.files {
            match file {
                None => out.write_all(self.letter).await?,
                Some(index) => {
                    let bytes = self.parsed.attachment_bytes(*index).unwrap_or_default();
                    out.write_all(&bytes).await?;
                }
            }
        }
        out.shutdown().await
    }
}
