//! Looks into a letter: how to show it, what is attached, and letters and invitations inside it. Works on
//! bytes in memory; all output is hostile unless its type says otherwise.

mod allowed_elements;
mod anchors;
pub(crate) mod attachment_list;
pub(crate) mod attachments_zip;
mod author_styles;
mod contrast;
mod css_values;
mod data_pictures;
pub(crate) mod declarations;
mod escaped;
mod hidden_text;
pub(crate) mod html;
pub(crate) mod html_frame;
pub(crate) mod invitation;
mod line_ends;
pub(crate) mod link_targets;
pub(crate) mod markup;
pub(crate) mod message;
pub(crate) mod part;
pub(crate) mod people;
mod placeholders;
pub(crate) mod text;
mod type_size;
pub(crate) mod wide_tables;

use std::collections::HashMap;

use actix_web::web::Bytes;
use jiff::tz::TimeZone;
use sealpost_mail::{
    Attachment, Charset, EncodedRange, FileName, FileWords, Letter, Parsed, Secret, Summary, Unshown,
    add_invitation, invitations,
};

use crate::http::download;
use crate::links;
use crate::reading::data_pictures::DataPictures;
use crate::reading::invitation::{Card, MAX_CALENDARS};
use crate::reading::text::{SafeHtml, to_html};
use crate::state::frame_cache::{Frame, Picture};

/// Maximum nesting of letters that can be opened.
const MAX_DEPTH: usize = 5;
/// Maximum bytes of source shown of a letter that cannot be parsed.
const SOURCE: usize = 64 * 1024;
/// Longer text files are not shown in the page.
const MAX_TEXT: u64 = 1024 * 1024;
/// Larger pictures and PDFs are not shown in the page.
const MAX_SHOWN: u64 = 32 * 1024 * 1024;

/// How the body is shown.
pub(crate) enum View {
    /// The markup for the frame.
    Html,
    /// As text, because the reader asked for it or there is nothing else.
    Text { body: SafeHtml, cut: bool, has_html: bool },
    /// Nothing, because only a key opens it, or because it is a fragment of a letter.
    Sealed(Unshown),
    /// As text, because the HTML is too large or too deep to be made safe, or it took too long.
    TooComplex { body: SafeHtml, cut: bool },
    /// The source, because it cannot be parsed.
    Broken { body: SafeHtml, cut: bool },
}

/// How a file can be viewed without leaving the page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Preview {
    None,
    Picture,
    Pdf,
    Text,
}

/// One attachment as the page lists it.
pub(crate) struct File {
    /// Its part number: "2", or "2.0" for the first file of the letter that is part 2.
    pub(crate) part: String,
    pub(crate) name: String,
    pub(crate) kind: &'static str,
    pub(crate) size: u64,
    pub(crate) preview: Preview,
    /// It is a letter that can be opened.
    pub(crate) is_letter: bool,
    /// It was extracted from another file: a winmail.dat, a signature, a text.
    pub(crate) within: bool,
}

/// What there is to show.
pub(crate) struct Reading {
    pub(crate) view: View,
    pub(crate) files: Vec<File>,
    /// Pictures shown inline: they can be saved, but do not count as files.
    pub(crate) pictures: Vec<File>,
    pub(crate) events: Vec<Card>,
    /// What the page does not know already.
    pub(crate) summary: Option<Summary>,
    /// The content of the frame, if there is one and it was requested.
    pub(crate) frame: Option<Frame>,
    /// Whether everything in it could be parsed.
    pub(crate) extent: Parsed,
    /// It contains characters that depend on the charset.
    pub(crate) has_charset: bool,
}

/// Where a letter's head is taken from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Head {
    /// From the letter itself.
    Read,
    /// From its listing.
    Listed,
}

/// Where the content of its frame comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Inside {
    /// It is generated, if there is HTML.
    Made,
    /// It was generated a moment ago and is cached for this session's browser.
    Waits,
    /// The reader wants to see the text.
    Unwanted,
}

/// Which letter to look into, and how.
pub(crate) struct Look<'a> {
    /// The letter's id: its pictures have URLs below it.
    pub(crate) id: &'a str,
    /// Its part path, if it is a letter inside the letter.
    pub(crate) within: Option<&'a PartPath>,
    pub(crate) head: Head,
    pub(crate) inside: Inside,
    /// The reader's choice.
    pub(crate) charset: Option<Charset>,
    pub(crate) zone: &'a TimeZone,
    /// What files without a name are called.
    pub(crate) words: FileWords,
    /// Maximum bytes of pictures kept with the frame.
    pub(crate) pictures: usize,
    /// Whether making HTML safe has taken too long.
    pub(crate) late: &'a dyn Fn() -> bool,
}

/// The path of a part inside nested letters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PartPath(Vec<usize>);

impl PartPath {
    /// "0", "2.1"; `None` for anything else.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let path: Option<Vec<usize>> = text
            .split('.')
            .map(|number| (number.len() <= 4).then(|| number.parse().ok()).flatten())
            .take(MAX_DEPTH + 2)
            .collect();
        path.filter(|path| path.len() <= MAX_DEPTH + 1).map(Self)
    }

    /// The letter whose markup contains this picture, if it is embedded in markup.
    pub(crate) fn written_in(&self) -> Option<Self> {
        let (last, within) = self.0.split_last()?;
        (*last >= data_pictures::FIRST).then(|| Self(within.to_vec()))
    }

    pub(crate) fn prefix(&self) -> String {
        self.0.iter().map(|number| format!("{number}.")).collect()
    }
}

/// A part with its bytes.
pub(crate) struct ExtractedPart {
    pub(crate) name: FileName,
    pub(crate) content_type: String,
    pub(crate) is_inline: bool,
    pub(crate) bytes: Vec<u8>,
    /// As text, if it can be viewed as such.
    pub(crate) text: Option<String>,
}

/// The file at `path`.
pub(crate) fn file_at(bytes: &[u8], path: &PartPath) -> Option<ExtractedPart> {
    find(bytes, &path.0, None)
}

/// The same, with its text in the chosen charset.
pub(crate) fn file_in(bytes: &[u8], path: &PartPath, charset: Option<Charset>) -> Option<ExtractedPart> {
    find(bytes, &path.0, charset)
}

fn find(bytes: &[u8], path: &[usize], charset: Option<Charset>) -> Option<ExtractedPart> {
    let (index, rest) = path.split_first()?;
    let (letter, _) = Letter::parse_some_in(bytes, charset).ok()?;
    let file = letter.attachments().into_iter().find(|file| file.index == *index)?;
    let content = letter.attachment_bytes(*index)?;
    if rest.is_empty() {
        let is_text = preview(&file.content_type, file.size) == Preview::Text;
        return Some(ExtractedPart {
            name: file.name,
            content_type: file.content_type,
            is_inline: file.inline_cid.is_some(),
            text: is_text.then(|| letter.attachment_text(*index)).flatten(),
            bytes: content.into_owned(),
        });
    }
    if is_letter(&file.content_type) {
        return find(&content, rest, charset);
    }
    None
}

/// The file at `path` if it is directly in the letter and can be decoded while it is read.
pub(crate) fn place_at(bytes: &[u8], path: &PartPath) -> Option<(Attachment, EncodedRange)> {
    let [index] = path.0.as_slice() else { return None };
    let (letter, _) = Letter::parse_some(bytes).ok()?;
    let file = letter.attachments().into_iter().find(|file| file.index == *index)?;
    let place = letter.attachment_place(*index)?;
    Some((file, place))
}

/// The bytes of the letter at `path`.
pub(crate) fn letter_at(bytes: &[u8], path: &PartPath) -> Option<Vec<u8>> {
    find(bytes, &path.0, None).filter(|found| is_letter(&found.content_type)).map(|found| found.bytes)
}

/// A picture embedded in the markup of the letter at `within`; the markup is processed again to find it.
pub(crate) fn written_picture(
    bytes: &[u8],
    id: &str,
    within: &PartPath,
    part: &str,
    late: &dyn Fn() -> bool,
) -> Option<Picture> {
    let inner = if within.0.is_empty() { None } else { Some(letter_at(bytes, within)?) };
    let (letter, _) = Letter::parse_some(inner.as_deref().unwrap_or(bytes)).ok()?;
    let frame = frame(&letter, id, &within.prefix(), usize::MAX, late)?;
    frame.pictures.into_iter().find(|picture| picture.part == part)
}

/// Looks into a letter. `within` is its part path, if it is a letter inside a letter.
pub(crate) fn look(bytes: &[u8], look: &Look<'_>) -> Reading {
    let Ok((letter, parsed)) = Letter::parse_some_in(bytes, look.charset) else { return broken(bytes) };
    let said = letter.text().unwrap_or_default();
    // If nothing readable was found, its source says more.
    if parsed == Parsed::Partly && letter.html().is_none() && said.trim().is_empty() {
        return broken(bytes);
    }
    let (within, zone) = (look.within, look.zone);
    let prefix = within.map(PartPath::prefix).unwrap_or_default();
    let attachments = letter.attachments();
    let framed = match look.inside {
        Inside::Made => framed(&letter, &attachments, look.id, &prefix, look.pictures, look.late),
        Inside::Waits | Inside::Unwanted => None,
    };
    let view = view(&letter, look.inside, framed.as_ref(), &said);
    let depth = within.map_or(0, |path| path.0.len());
    let (mut files, mut pictures) = (Vec::new(), Vec::new());
    let (mut events, mut calendars) = (Vec::new(), Vec::new());
    for one in attachments {
        let part = format!("{prefix}{}", one.index);
        if one.content_type == "text/calendar" && calendars.len() < MAX_CALENDARS {
            for event in invitations(&letter.calendar_text(one.index).unwrap_or_default(), zone) {
                add_invitation(&mut events, event);
            }
            calendars.push(part.clone());
        }
        let list = if download::is_in_its_place(&one) { &mut pictures } else { &mut files };
        list.push(File {
            kind: kind(&one.content_type),
            preview: preview(&one.content_type, one.size),
            is_letter: is_letter(&one.content_type) && depth < MAX_DEPTH,
            within: one.within,
            name: one.name.in_words(&look.words),
            size: one.size,
            part,
        });
    }
    let calendar = calendars.into_iter().next().unwrap_or_default();
    let events = events.into_iter().map(|event| Card::new(event, calendar.clone(), &said)).collect();
    let has_charset = look.charset.is_some() || said.chars().any(|c| !c.is_ascii() || c == '\u{1b}');
    Reading {
        view,
        files,
        pictures,
        events,
        summary: match look.head {
            Head::Read => Some(letter.summary()),
            Head::Listed => None,
        },
        frame: framed,
        extent: parsed,
        has_charset,
    }
}

/// The content of the frame: the letter's HTML made safe, and the pictures it shows as far as memory allows.
/// `None`: there is no HTML, it is too large or too deep, or it became too `late`.
pub(crate) fn frame(
    letter: &Letter<'_>,
    id: &str,
    prefix: &str,
    most: usize,
    late: &dyn Fn() -> bool,
) -> Option<Frame> {
    framed(letter, &letter.attachments(), id, prefix, most, late)
}

fn framed(
    letter: &Letter<'_>,
    attachments: &[Attachment],
    id: &str,
    prefix: &str,
    most: usize,
    late: &dyn Fn() -> bool,
) -> Option<Frame> {
    let html = letter.html().filter(|html| markup::is_showable(html))?;
    let inline: Vec<(&Attachment, String)> = attachments
        .iter()
        .filter(|file| file.inline_cid.is_some() && download::picture_type(&file.content_type).is_some())
        .map(|file| {
            let part = format!("{prefix}{}", file.index);
            (file, part)
        })
        .collect();
    let addresses: HashMap<String, String> = inline
        .iter()
        .filter_map(|(file, part)| {
            Some((file.inline_cid.clone()?, format!("{}{part}", links::letter_pictures(id))))
        })
        .collect();
    let cleaned = html::clean(&html, &addresses, DataPictures::new(id, prefix), late)?;
    let mut room = most.saturating_sub(cleaned.markup.len());
    let mut pictures = Vec::new();
    for written in cleaned.pictures {
        if written.bytes.len() <= room {
            room = room.saturating_sub(written.bytes.len());
            pictures.push(written);
        }
    }
    for (file, part) in inline {
        let fits = usize::try_from(file.size).is_ok_and(|size| size <= room);
        if fits
            && let Some(content_type) = download::picture_type(&file.content_type)
            && let Some(bytes) = letter.attachment_bytes(file.index)
        {
            room = room.saturating_sub(bytes.len());
            pictures.push(Picture { part, content_type, bytes: Bytes::from(bytes.into_owned()) });
        }
    }
    let remote_images = cleaned.remote_images as u64;
    let (domains, more_domains) = (cleaned.domains, cleaned.more_domains);
    Some(Frame { markup: Secret::new(cleaned.markup), remote_images, domains, more_domains, pictures })
}

fn view(letter: &Letter<'_>, inside: Inside, frame: Option<&Frame>, said: &str) -> View {
    if frame.is_some() || inside == Inside::Waits {
        return View::Html;
    }
    if let (true, Some(why)) = (said.trim().is_empty(), letter.sealed()) {
        return View::Sealed(why);
    }
    let (body, cut) = to_html(said);
    match letter.html() {
        Some(_) if inside != Inside::Unwanted => View::TooComplex { body, cut },
        html => View::Text { body, cut, has_html: html.is_some() },
    }
}

/// The text shown for a letter whose content cannot be shown.
pub(crate) fn unshown(why: &Unshown) -> &'static str {
    match why {
        Unshown::Encrypted => "message-encrypted",
        Unshown::Partial => "message-piece",
    }
}

/// What can be shown of something that cannot be parsed as a letter.
fn broken(bytes: &[u8]) -> Reading {
    let start = bytes.get(..SOURCE).unwrap_or(bytes);
    let source: String =
        String::from_utf8_lossy(start).chars().filter(|c| !c.is_control() || "\r\n\t".contains(*c)).collect();
    let (body, _) = to_html(&source);
    let view = View::Broken { body, cut: bytes.len() > SOURCE };
    Reading {
        view,
        files: Vec::new(),
        pictures: Vec::new(),
        events: Vec::new(),
        summary: None,
        frame: None,
        extent: Parsed::Whole,
        has_charset: false,
    }
}

fn is_letter(content_type: &str) -> bool {
    content_type == "message/rfc822" || content_type == "message/global"
}

/// The icon for a type.
pub(crate) fn kind(content_type: &str) -> &'static str {
    match content_type {
        "application/pdf" => "pdf",
        "message/rfc822" | "message/global" => "mail",
        "text/calendar" => "calendar",
        _ if content_type.starts_with("image/") => "image",
        _ if content_type.contains("zip") || content_type.contains("compressed") => "archive",
        _ => "file",
    }
}

/// What can be viewed in the page. HTML and SVG never: they can only be saved.
pub(crate) fn preview(content_type: &str, size: u64) -> Preview {
    match content_type {
        "application/pdf" if size <= MAX_SHOWN => Preview::Pdf,
        "text/plain" | "text/csv" if size <= MAX_TEXT => Preview::Text,
        _ if download::picture_type(content_type).is_some() && size <= MAX_SHOWN => Preview::Picture,
        _ => Preview::None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::language::Language;

    #[test]
    fn a_place_is_a_few_small_numbers() {
        assert_eq!(PartPath::parse("0"), Some(PartPath(vec![0])));
        assert_eq!(PartPath::parse("2.0.11").unwrap().prefix(), "2.0.11.");
        for bad in ["", ".", "-1", "1.", "a", "1..2", "99999", "0.0.0.0.0.0.0", "0.0.0.0.0.0.0.0.0.0"] {
            assert_eq!(PartPath::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn what_takes_too_long_is_shown_as_text() {
        let letter =
            b"Subject: x\r\nContent-Type: text/html\r\n\r\n<style>p{color:red}</style><p>Hallo<p>Welt";
        let shown = |late: &dyn Fn() -> bool| {
            let zone = TimeZone::UTC;
            let (head, inside) = (Head::Listed, Inside::Made);
            let words = Language::german().file_words();
            let look = Look {
                id: "1",
                within: None,
                head,
                inside,
                charset: None,
                zone: &zone,
                words,
                pictures: 0,
                late,
            };
            super::look(letter, &look)
        };
        let reading = shown(&|| false);
        assert!(matches!(reading.view, View::Html) && reading.frame.is_some());
        // At any of the steps.
        for step in 0_u32.. {
            let left = std::cell::Cell::new(step);
            let reading = shown(&|| left.replace(left.get().saturating_sub(1)) == 0);
            match reading.view {
                View::TooComplex { body, .. } => {
                    assert!(reading.frame.is_none() && body.to_string().contains("Welt"));
                }
                View::Html => {
                    assert!(step > 3, "{step}");
                    break;
                }
                View::Text { .. } | View::Broken { .. } | View::Sealed(_) => panic!("{step}"),
            }
        }
    }

    #[test]
    fn nothing_that_could_run_is_previewed() {
        for evil in
            ["text/html", "image/svg+xml", "application/xhtml+xml", "text/xml", "application/javascript"]
        {
            assert_eq!(preview(evil, 1), Preview::None, "{evil}");
        }
        assert_eq!(preview("application/pdf", MAX_SHOWN + 1), Preview::None);
    }
}
