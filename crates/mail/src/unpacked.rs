//! Opens containers of a letter, so that their content becomes parts like any other: for display. Bounded;
//! what cannot be opened stays a file.

use crate::container::{cms, mime, tnef, uuencode};
use crate::file_type;
use crate::parts::{self, Opened, Parsed, Part};

/// Nesting depth of containers.
const MAX_LEVELS: usize = 3;
/// Containers of one letter.
const MAX_CONTAINERS: usize = 100;
/// Extracted content may take this many times the letter's size.
const MAX_GROWTH: usize = 3;
const MIN_ROOM: usize = 4 * 1024 * 1024;

/// Opens what can be opened. New parts are appended as children of their container.
pub(crate) fn open(parts: &mut Vec<Part<'_>>, size: usize) {
    let mut room = size.saturating_mul(MAX_GROWTH).saturating_add(MIN_ROOM);
    let (mut at, mut containers) = (0, 0);
    while containers < MAX_CONTAINERS {
        let Some(part) = parts.get(at) else { return };
        let closed = part.children.is_empty() && part.level < MAX_LEVELS;
        let found = if closed { look(part, room / 2) } else { None };
        if let Some((opened, entity)) = found {
            containers += 1;
            let Some(left) = room.checked_sub(entity.len().saturating_mul(2)) else { return };
            room = left;
            let (first, level) = (parts.len(), part.level + 1);
            let (inner, _) = parts::walk_some(&entity);
            if inner.is_empty() || first + inner.len() > parts::MAX_PARTS {
                return;
            }
            parts.extend(inner.into_iter().map(|one| one.taken_out(first, level)));
            if let Some(part) = parts.get_mut(at) {
                part.opened = Some(opened);
                part.children = vec![first];
            }
        }
        at += 1;
    }
}

/// The content of a part as an entity of its own, if it has at most `most` bytes.
fn look(part: &Part<'_>, most: usize) -> Option<(Opened, Vec<u8>)> {
    let name = part.name().unwrap_or_default();
    if is_winmail(part, &name) {
        let bytes = part.bytes();
        let tnef = tnef::read(&bytes);
        let parsed = if tnef.whole { Parsed::Whole } else { Parsed::Partly };
        return mime::of_winmail(&tnef).map(|entity| (Opened::Winmail(parsed), entity));
    }
    if is_cms(part) || file_type::extension_of(&name) == "p7m" {
        return match cms::read(&part.bytes(), most)? {
            cms::Cms::Open { content } => entity(content).map(|entity| (Opened::Signature, entity)),
            cms::Cms::Detached | cms::Cms::Encrypted => None,
        };
    }
    if part.is("text/plain") && memchr::memmem::find(&part.body, b"begin").is_some() {
        let (files, _) = uuencode::files(&part.bytes());
        let ranges: Vec<_> = files.iter().map(|file| file.range.clone()).collect();
        return (!files.is_empty()).then(|| (Opened::Text(ranges), mime::of_files(&files)));
    }
    None
}

/// The signed content as an entity: MIME, or bare text that was signed without it.
fn entity(content: Vec<u8>) -> Option<Vec<u8>> {
    let (head, _) = parts::split_entity(&content);
    let head = String::from_utf8_lossy(head).to_ascii_lowercase();
    if head.lines().any(|line| line.starts_with("content-") || line.starts_with("mime-version")) {
        return Some(content);
    }
    let is_text = !content.is_empty() && !content.contains(&0) && !content.starts_with(b"%PDF");
    is_text.then(|| [b"Content-Type: text/plain\r\n\r\n".as_slice(), &content].concat())
}

fn is_winmail(part: &Part<'_>, name: &str) -> bool {
    part.is("application/ms-tnef")
        || part.is("application/vnd.ms-tnef")
        || name.eq_ignore_ascii_case("winmail.dat")
        || (part.is("application/octet-stream") && tnef::is_tnef(&part.start()))
}

/// S/MIME that contains the signed content (RFC 8551 §3.2).
pub(crate) fn is_cms(part: &Part<'_>) -> bool {
    part.is("application/pkcs7-mime") || part.is("application/x-pkcs7-mime")
}
