//! A letter as PDF/A-3: gathers the page's content and has the worker typeset it. Knows no typesetting.

mod job;
mod labels;
#[cfg(test)]
#[path = "../../tests/texts/labels.rs"]
pub(crate) mod sample_labels;
mod size;
mod worker;

use sealpost_mail::{Letter, Mailbox, Summary, Timestamp, Unshown, one_line};

use crate::error::ExportError;
use job::{Body, Effort, Feed, FileHead, HeaderRow, Job, JobLabels, Person, Role};
pub use labels::{Labels, Wording};
pub use worker::{Limits, Worker};

/// The longest letter that can be exported as PDF, in bytes.
pub const MAX_PDF: usize = 96 * 1024 * 1024;

/// How much of a body is sent to the worker, in bytes; the page shows less.
const MAX_BODY: usize = 8 * 1024 * 1024;

/// Lines about invitations.
const MAX_LINES: usize = 200;

/// The letter as a PDF/A-3b: header block, text, every attachment and `original.eml` embedded.
///
/// `at` is the time of the export, for the document's properties. A letter that cannot be set as a whole
/// still gives a PDF: first without pictures, then with only its header block and the embedded files.
///
/// In addition to the letter, this process holds one decoded attachment and the finished PDF, which
/// [`Limits::output`] bounds. Dropping the future kills the worker.
pub async fn pdf(
    letter: &[u8],
    wording: &Wording<'_>,
    at: Timestamp,
    worker: &Worker,
) -> Result<Vec<u8>, ExportError> {
    pdf_chunks(letter, wording, at, worker).await.map(|chunks| chunks.concat())
}

/// The same in chunks, none of them empty: a large document in one piece would be in memory twice while it
/// grows.
pub async fn pdf_chunks(
    letter: &[u8],
    wording: &Wording<'_>,
    at: Timestamp,
    worker: &Worker,
) -> Result<Vec<Vec<u8>>, ExportError> {
    if letter.len() > MAX_PDF {
        return Err(ExportError::TooLarge { limit: u64::try_from(MAX_PDF).unwrap_or(u64::MAX) });
    }
    let parsed = Letter::parse(letter)?;
    let mut job = job(letter, &parsed, wording, at)?;
    match worker.run(&Feed::new(&job, letter, &parsed)?).await {
        // The worker ended before it could try with less: too long, too much memory.
        Err(error @ (ExportError::WorkerLimit(_) | ExportError::Worker(_))) => {
            tracing::warn!(%error, letter.bytes = letter.len(), "a letter is exported as a PDF without its text");
            job.body = Body::None;
            job.effort = Effort::Cover;
            worker.run(&Feed::new(&job, letter, &parsed)?).await
        }
        done => done,
    }
}

fn job<'a>(
    letter: &[u8],
    parsed: &Letter<'_>,
    wording: &Wording<'a>,
    at: Timestamp,
) -> Result<Job<'a>, ExportError> {
    let labels = wording.labels;
    let summary = parsed.summary();
    let title = summary.subject.clone().filter(|subject| !subject.is_empty());
    let title = title.unwrap_or_else(|| labels.no_subject.clone());
    Ok(Job {
        language: &labels.language,
        author: summary.from.first().and_then(shown_name),
        ident: summary.message_id.clone().unwrap_or_else(|| title.clone()),
        title,
        created: wording.civil_utc(at)?,
        letterhead: wording.letterhead,
        rows: rows(&summary, wording)?,
        labels: JobLabels::from(labels),
        body: body(parsed, labels),
        effort: Effort::Full,
        files: files(letter, parsed, &summary, labels),
    })
}

fn rows(summary: &Summary, wording: &Wording<'_>) -> Result<Vec<HeaderRow>, ExportError> {
    let labels = wording.labels;
    let people = |label: &str, mailboxes: &[Mailbox]| HeaderRow {
        label: label.to_owned(),
        people: people_of(mailboxes),
        text: String::new(),
    };
    let mut rows = vec![people(&labels.from, &summary.from)];
    if let Some(date) = summary.date {
        let text = wording.date_time(date)?;
        rows.push(HeaderRow { label: labels.date.clone(), people: Vec::new(), text });
    }
    rows.push(people(&labels.to, &summary.to));
    rows.push(people(&labels.cc, &summary.cc));
    if summary.reply_to != summary.from {
        rows.push(people(&labels.reply_to, &summary.reply_to));
    }
    let lines = wording.appointments.iter().take(MAX_LINES);
    rows.extend(lines.map(|(label, text)| HeaderRow {
        label: label.clone(),
        people: Vec::new(),
        text: one_line(text),
    }));
    rows.retain(|row| !row.people.is_empty() || !row.text.is_empty());
    Ok(rows)
}

fn person(mailbox: &Mailbox) -> Person {
    let clean = |text: &Option<String>| one_line(text.as_deref().unwrap_or_default());
    Person { name: clean(&mailbox.name), address: clean(&mailbox.address) }
}

/// The first of a group (RFC 5322 §3.4) has its name before it.
fn people_of(mailboxes: &[Mailbox]) -> Vec<Person> {
    let mut before = None;
    let mut people = Vec::new();
    for mailbox in mailboxes {
        let mut one = person(mailbox);
        if one.name.is_empty() && one.address.is_empty() {
            continue;
        }
        if let Some(group) = mailbox.group.as_ref().filter(|group| before != Some(*group)) {
            one.name = format!("{}: {}", one_line(group), one.name).trim().to_owned();
        }
        before = mailbox.group.as_ref();
        people.push(one);
    }
    people
}

fn shown_name(mailbox: &Mailbox) -> Option<String> {
    let Person { name, address } = person(mailbox);
    [name, address].into_iter().find(|text| !text.is_empty())
}

fn body(parsed: &Letter<'_>, labels: &Labels) -> Body {
    let most = |text: String| {
        let end = (0..=MAX_BODY.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
        text.get(..end).unwrap_or_default().to_owned()
    };
    match (parsed.html(), parsed.text()) {
        (Some(html), _) => Body::Html(most(html)),
        (None, Some(text)) => Body::Plain(most(text)),
        (None, None) if parsed.sealed() == Some(Unshown::Encrypted) => Body::Plain(labels.encrypted.clone()),
        (None, None) => Body::None,
    }
}

fn files(letter: &[u8], parsed: &Letter<'_>, summary: &Summary, labels: &Labels) -> Vec<FileHead> {
    let mut files = vec![FileHead {
        name: "original.eml".to_owned(),
        content_type: "message/rfc822".to_owned(),
        shown_size: size::shown(letter.len(), labels),
        role: Role::Source,
        cid: None,
        bytes: letter.len(),
        index: None,
    }];
    files.extend(summary.attachments.iter().map(|attachment| {
        // Counted, not estimated: the worker reads exactly this many.
        let bytes = parsed.attachment_bytes(attachment.index).map_or(0, |bytes| bytes.len());
        FileHead {
            name: attachment.name.in_words(&labels.files),
            content_type: attachment.content_type.clone(),
            shown_size: size::shown(bytes, labels),
            role: Role::Attachment,
            cid: attachment.inline_cid.clone(),
            bytes,
            index: Some(attachment.index),
        }
    }));
    files
}
