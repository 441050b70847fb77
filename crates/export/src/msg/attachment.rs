//! Writes attachments as storages; an embedded letter becomes an embedded message. Knows no paths.

use sealpost_mail::{Attachment, EncodedRange, Letter, Summary};

use super::property::{Properties, StorageKind};
use super::sparse::SECTOR;
use super::{Container, LARGE, tag};

/// Nesting depth of embedded messages; deeper ones are attached as `.eml` files.
const MAX_EMBEDDED: usize = 4;

/// afByValue and afEmbeddedMessage (MS-OXCMSG §2.2.2.9).
const BY_VALUE: u32 = 1;
const EMBEDDED: u32 = 5;
/// attRenderedInBody (MS-OXCMSG §2.2.2.18): shown inline by the HTML.
const RENDERED_IN_BODY: u32 = 4;

/// Writes an embedded message: storage, bytes, letter, depth.
pub(super) type WriteMessage = fn(&mut Container, &str, &[u8], &Letter<'_>, usize) -> std::io::Result<()>;

/// Writes every attachment of a letter, whose bytes are `raw`, and returns their number. Large ones are read
/// through and written as references; of the others one is decoded at a time.
pub(super) fn write_all(
    out: &mut Container,
    at: &str,
    raw: &[u8],
    letter: &Letter<'_>,
    summary: &Summary,
    depth: usize,
    write_message: WriteMessage,
) -> std::io::Result<u32> {
    let mut number: u32 = 0;
    for attachment in &summary.attachments {
        let storage = format!("{at}/__attach_version1.0_#{number:08X}");
        out.storage(&storage)?;
        let name = attachment.name.in_words(&out.words);
        let mut all = common(number, attachment, summary);
        let may_nest = attachment.content_type == "message/rfc822" && depth < MAX_EMBEDDED;
        // Only ranges of the outermost letter can be referenced.
        let place = (depth == 0 && !may_nest).then(|| letter.attachment_place(attachment.index)).flatten();
        if let Some(place) = place.filter(|place| place.size >= LARGE) {
            let length = place.size;
            let (found, tail) = run_through(raw, place);
            if found == length {
                by_value(&mut all, attachment, &name);
                all.later(tag::ATTACH_DATA, length);
                all.write_with(out, &storage, attachment.index, length, &tail)?;
                number += 1;
                continue;
            }
        }
        let bytes = letter.attachment_bytes(attachment.index).unwrap_or_default();
        let inner = if may_nest { Letter::parse(&bytes).ok() } else { None };
        if let Some(inner) = inner {
            let title = inner.summary().subject.unwrap_or(name);
            all.text(tag::DISPLAY_NAME, &title);
            all.integer(tag::ATTACH_METHOD, EMBEDDED);
            all.embedded_message(tag::ATTACH_DATA);
            let inside = format!("{storage}/__substg1.0_{:04X}000D", tag::ATTACH_DATA);
            out.storage(&inside)?;
            write_message(out, &inside, &bytes, &inner, depth + 1)?;
        } else {
            by_value(&mut all, attachment, &name);
            all.binary(tag::ATTACH_DATA, bytes.into_owned());
        }
        all.write(out, &storage, StorageKind::RecipientOrAttachment)?;
        number += 1;
    }
    Ok(number)
}

/// Encoded bytes that are decoded at once.
const PIECE: usize = 64 * 1024;

/// Decodes a file without storing it: its length, and the bytes after its last whole sector.
fn run_through(raw: &[u8], place: EncodedRange) -> (u64, Vec<u8>) {
    let EncodedRange { range, mut decoder, .. } = place;
    let at = |at: u64| usize::try_from(at).unwrap_or(usize::MAX);
    let (mut sectors, mut tail) = (0_u64, Vec::new());
    let mut keep_tail = |tail: &mut Vec<u8>| {
        let whole = tail.len() - tail.len() % SECTOR;
        tail.drain(..whole);
        sectors += whole as u64;
    };
    for piece in raw.get(at(range.start)..at(range.end)).unwrap_or_default().chunks(PIECE) {
        decoder.push(piece, &mut tail);
        keep_tail(&mut tail);
    }
    decoder.finish(&mut tail);
    keep_tail(&mut tail);
    (sectors + tail.len() as u64, tail)
}

fn common(number: u32, attachment: &Attachment, summary: &Summary) -> Properties {
    let mut all = Properties::default();
    all.integer(tag::ATTACH_NUMBER, number);
    // MAPI_ATTACH; no rendering position in the text.
    all.integer(tag::OBJECT_TYPE, 7);
    all.integer(tag::RENDERING_POSITION, u32::MAX);
    all.integer(tag::ATTACH_SIZE, u32::try_from(attachment.size).unwrap_or(u32::MAX));
    if let Some(date) = summary.date {
        all.time(tag::CREATION_TIME, date.seconds());
        all.time(tag::LAST_MODIFICATION_TIME, date.seconds());
    }
    all
}

fn by_value(all: &mut Properties, attachment: &Attachment, name: &str) {
    all.integer(tag::ATTACH_METHOD, BY_VALUE);
    all.text(tag::DISPLAY_NAME, name);
    all.text(tag::ATTACH_LONG_FILENAME, name);
    all.text(tag::ATTACH_FILENAME, &short_name(name, attachment.index));
    all.text(tag::ATTACH_MIME_TAG, &attachment.content_type);
    if let Some(extension) = extension(name) {
        all.text(tag::ATTACH_EXTENSION, &format!(".{extension}"));
    }
    // The Content-ID that the page uses.
    if let Some(cid) = attachment.inline_cid.as_ref().or(attachment.content_id.as_ref()) {
        all.text(tag::ATTACH_CONTENT_ID, cid);
    }
    // Hidden only if the page actually shows it: an unreferenced file must stay in the list.
    if attachment.inline_cid.is_some() {
        all.integer(tag::ATTACH_FLAGS, RENDERED_IN_BODY);
        all.boolean(tag::ATTACHMENT_HIDDEN, true);
    }
}

fn extension(name: &str) -> Option<&str> {
    name.rsplit_once('.').map(|(_, extension)| extension).filter(|extension| !extension.is_empty())
}

/// MS-OXCMSG §2.2.2.11: an 8.3 name. Readers show the long name.
fn short_name(name: &str, index: usize) -> String {
    let clean = |text: &str, most: usize| -> String {
        text.chars().filter(char::is_ascii_alphanumeric).take(most).collect::<String>().to_ascii_uppercase()
    };
    let extension = extension(name).map(|extension| clean(extension, 3)).unwrap_or_default();
    let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
    let mut stem = clean(stem, 8);
    if stem.is_empty() {
        stem = format!("FILE{}", index % 10_000);
    }
    if extension.is_empty() { stem } else { format!("{stem}.{extension}") }
}
