//! Decoded bytes in every way that their names, types and content can be taken: as a file, as text, as a letter, as a
//! container.

use std::borrow::Cow;
use std::collections::HashSet;

use super::entity::fields as fields_of;
use super::openpgp;
use super::text::{self, Form};
use super::{HeadEnd, Item, LeafFields, Sealed, Search, Unread, What, heads, line_ends};
use crate::charset;
use crate::container::openpgp::OpenPgp;
use crate::container::{self, calendar, cms, tnef, unsupported, uuencode};
use crate::display::{file_name, last_of_path};
use crate::file_type;
use crate::flowed;
use crate::head::Head;
use crate::rewritten::{Layers, TooLayered};
use crate::skeleton::tidied;

/// Types of files that are wrapped in a format that we cannot decode.
const UNOPENED: [&str; 9] = [
    "application/mac-binhex40",
    "application/mac-binhex",
    "application/x-mac-binhex40",
    "application/x-binhex40",
    "application/x-binhex",
    "application/binhex",
    "application/macbinary",
    "application/x-macbinary",
    "application/x-yencoded",
];

/// Extensions of letters.
const MAILS: [&str; 7] = ["eml", "emlx", "mht", "mhtml", "nws", "mbox", "mbx"];

/// So far a file is looked at to see whether it is a letter.
const START: usize = 8192;

/// Names of one file.
const MAX_NAMES: usize = 100;

impl<'a> Search<'a> {
    pub(super) fn leaf<'b>(
        &mut self,
        bytes: &'b [u8],
        depth: usize,
        said: LeafFields,
        keep: impl Fn(&'b [u8]) -> Cow<'a, [u8]>,
    ) {
        let names = readings(&said.names, &mut self.layers).unwrap_or_else(|_too_layered| {
            self.unread(Unread::TooMuch);
            said.names.clone()
        });
        let extensions: Vec<String> = names.iter().map(|name| file_type::extension_of(name)).collect();
        let is_called = |ends: &[&str]| extensions.iter().any(|one| ends.contains(&one.as_str()));
        let is_typed = |kinds: &[&str]| said.types.iter().any(|one| kinds.contains(&one.as_str()));
        self.as_file(bytes, &said, &names);

        let types = said.types.iter().map(String::as_str);
        let mut forms: Vec<Form> = types.clone().filter_map(|kind| text::form(kind, "")).collect();
        forms.extend(extensions.iter().filter_map(|extension| text::form("", extension)));
        forms.dedup();
        for form in &forms {
            self.written(bytes, *form, &said);
        }
        // Word opens rich text under any name.
        if !forms.contains(&Form::Rich) && bytes.trim_ascii_start().starts_with(b"{\\rtf") {
            self.written(bytes, Form::Rich, &said);
        }
        if forms.is_empty() {
            self.perhaps_written(bytes);
        }
        if !forms.is_empty() && !forms.contains(&Form::Rich) {
            self.uuencoded(bytes, depth);
            if memchr::memmem::find(bytes, b"begin").is_some()
                && let Some(lines) = line_ends::at_returns(bytes)
            {
                self.uuencoded(&lines, depth);
            }
        }

        if !forms.is_empty() || charset::is_text(bytes) {
            self.ids.look(bytes);
        }
        let is_calendar = is_typed(&["text/calendar", "application/ics", "text/x-vcalendar"])
            || is_called(&["ics", "ical", "icalendar", "ifb", "vcs"])
            || calendar::is_calendar(bytes);
        if is_calendar {
            self.calendar(bytes, depth, &said);
        }
        let is_winmail = is_typed(&["application/ms-tnef", "application/vnd.ms-tnef"])
            || names.iter().any(|name| name.eq_ignore_ascii_case("winmail.dat"));
        if tnef::is_tnef(bytes) || (is_winmail && !bytes.is_empty()) {
            self.winmail(bytes, depth, &keep);
        }
        let is_pkcs = is_typed(&["application/pkcs7-mime", "application/x-pkcs7-mime"]);
        let is_signature = is_typed(&["application/pkcs7-signature", "application/x-pkcs7-signature"]);
        if is_pkcs || is_signature || is_called(&["p7m", "p7s", "p7z"]) || cms::is_cms(bytes) {
            let wraps = match (is_pkcs || is_called(&["p7m", "p7z"]), is_signature || is_called(&["p7s"])) {
                (true, _) => Wraps::Letter,
                (false, true) if cms::is_cms(bytes) => Wraps::Signature,
                (false, false) if cms::is_cms(bytes) => Wraps::Letter,
                (false, _) => Wraps::Nothing,
            };
            self.wrapped(bytes, depth, wraps, &said.smime_types);
        }
        if unsupported::is_in(bytes) || is_typed(&UNOPENED) || is_called(&["hqx", "hcx", "yenc", "ync"]) {
            self.unread(Unread::Encoding);
        }
        if is_typed(&["application/pgp-encrypted"]) {
            self.unread(Unread::Encrypted);
            self.sealed(Sealed::OpenPgp);
        }
        let armoured: Vec<Sealed> = openpgp::in_text(bytes).collect();
        if openpgp::is_message(bytes) || armoured.contains(&Sealed::OpenPgp) {
            self.illegible(Unread::Encrypted);
            self.sealed(Sealed::OpenPgp);
        }
        for what in armoured {
            self.sealed(what);
        }
        self.packets(bytes, depth);
        // Header sections alone: their words are encoded.
        if is_typed(&["text/rfc822-headers", "message/delivery-status", "message/disposition-notification"]) {
            self.push(Item {
                bytes: keep(bytes),
                depth: depth + 1,
                what: What::Entity { default: "text/plain", head_end: HeadEnd::AsMostRead },
            });
        }
        let is_mail = is_called(&MAILS) || is_typed(&["application/mbox"]);
        // Windows saves some letters as its own texts: in UTF-16.
        let wide = if bytes.contains(&0) { charset::from_sixteen_bits(bytes) } else { None };
        let looks_like_letter = || {
            let start = line_ends::at_returns(bytes.get(..START).unwrap_or(bytes));
            file_type::looks_like_letter(bytes)
                || start.is_some_and(|start| file_type::looks_like_letter(&start))
                || wide.as_ref().is_some_and(|wide| file_type::looks_like_letter(wide.as_bytes()))
        };
        let entity = || What::Entity { default: "text/plain", head_end: HeadEnd::AsMostRead };
        if is_mail || (forms.is_empty() && looks_like_letter()) {
            // Several letters in one file: where the next one begins depends on where lines end.
            let lines = line_ends::at_returns(bytes);
            let apart = lines.as_deref().map(file_type::letters).unwrap_or_default();
            for letter in apart {
                self.push(Item { bytes: Cow::Owned(letter.to_vec()), depth: depth + 1, what: entity() });
            }
            match &wide {
                Some(wide) => {
                    for letter in file_type::letters(wide.as_bytes()) {
                        let bytes = Cow::Owned(letter.to_vec());
                        self.push(Item { bytes, depth: depth + 1, what: entity() });
                    }
                }
                None => {
                    for letter in file_type::letters(bytes) {
                        self.push(Item { bytes: keep(letter), depth: depth + 1, what: entity() });
                    }
                }
            }
        }
    }

    fn uuencoded(&mut self, text: &[u8], depth: usize) {
        self.uuencoded_at_lines(text, depth);
        for lines in uuencode::quoted(text) {
            self.uuencoded_at_lines(&lines, depth);
        }
    }

    fn uuencoded_at_lines(&mut self, text: &[u8], depth: usize) {
        let (files, all) = uuencode::files(text);
        if !all {
            self.unread(Unread::TooMuch);
        }
        for file in files {
            if !file.whole {
                self.unread(Unread::Damaged);
                let extension = file_type::extension_of(&file.name);
                if MAILS.contains(&extension.as_str()) || extension == "dat" {
                    self.hides_letters(Unread::Damaged);
                }
            }
            let said = LeafFields {
                names: vec![file.name],
                types: vec![BYTES.to_owned()],
                is_file: true,
                ..LeafFields::default()
            };
            self.push(Item { bytes: Cow::Owned(file.bytes), depth: depth + 1, what: What::Leaf(said) });
        }
    }

    /// OpenPGP that can be read without a key, under any name.
    fn packets(&mut self, bytes: &[u8], depth: usize) {
        match container::openpgp::read(bytes, self.room.min(self.work)) {
            Some(OpenPgp::Open { name, content, signed }) => {
                if signed {
                    self.sealed(Sealed::Signed);
                }
                let names = if name.is_empty() { Vec::new() } else { vec![name] };
                if is_text(&content) {
                    // It is text without a text label: the packet contains only bytes.
                    let said = LeafFields { types: vec!["text/plain".to_owned()], ..LeafFields::default() };
                    let bytes = Cow::Owned(content.clone());
                    self.push(Item { bytes, depth: depth + 1, what: What::Leaf(said) });
                }
                let said = LeafFields {
                    names,
                    types: vec![BYTES.to_owned()],
                    is_file: true,
                    ..LeafFields::default()
                };
                self.push(Item { bytes: Cow::Owned(content), depth: depth + 1, what: What::Leaf(said) });
            }
            Some(OpenPgp::Closed) => {
                self.unread(Unread::Encrypted);
                self.sealed(Sealed::OpenPgp);
            }
            None => {}
        }
    }

    /// Records its names and types, if any program would list it as a file.
    fn as_file(&mut self, bytes: &[u8], said: &LeafFields, names: &[String]) {
        let is_body = |kind: &String| kind == "text/plain" || kind == "text/html";
        if names.is_empty() && !said.is_file && said.types.iter().all(is_body) {
            return;
        }
        let first = said.types.first().map_or(BYTES, String::as_str);
        let invented = format!("attachment.{}", file_type::extension(first));
        let name = names.first().unwrap_or(&invented);
        self.file(name, first);
        // Nothing but dots, blanks or control characters: programs invent a name.
        if names.iter().any(|name| file_name(name).is_none()) {
            self.file(&invented, first);
        }
        for name in names.iter().skip(1).take(MAX_NAMES) {
            self.file(name, first);
        }
        let promised =
            names.iter().filter_map(|name| file_type::by_extension(&file_type::extension_of(name)));
        for kind in said.types.iter().map(String::as_str).chain(promised).chain(file_type::by_bytes(bytes)) {
            self.file(name, kind);
        }
    }

    /// The content of a calendar apart from its text: heads, and files.
    fn calendar(&mut self, bytes: &[u8], depth: usize, said: &LeafFields) {
        self.titles_and_files(bytes, depth, said);
        if let Some(lines) = line_ends::at_returns(bytes) {
            self.titles_and_files(&lines, depth, said);
        }
    }

    fn titles_and_files(&mut self, bytes: &[u8], depth: usize, said: &LeafFields) {
        let labels: Vec<&str> = said.charsets.iter().map(String::as_str).collect();
        // A fold may split a character, or half of one.
        let unfolded = flowed::unfolded_bytes(bytes);
        let mut texts = match String::from_utf8(unfolded) {
            Ok(text) if labels.is_empty() && !text.contains(['\0', '\u{1b}']) => vec![text],
            Ok(text) => charset::candidates(text.as_bytes(), &labels).0,
            Err(other) => charset::candidates(other.as_bytes(), &labels).0,
        };
        if bytes.contains(&0) {
            texts.extend(charset::candidates(bytes, &labels).0.iter().map(|text| flowed::unfolded(text)));
        }
        let mut known = HashSet::new();
        for text in texts {
            if !self.can_work(text.len()) {
                return self.unread(Unread::TooMuch);
            }
            let found = calendar::read(&text);
            match heads::of_calendar(&found) {
                Ok(heads) => heads.into_iter().for_each(|head| self.head(Some(head))),
                Err(heads::TooMuch) => self.unread(Unread::TooMuch),
            }
            if !found.whole {
                self.unread(Unread::TooMuch);
            }
            for file in found.files.into_iter().filter(|file| known.insert(file.clone())) {
                let kind = file.content_type.filter(|kind| kind.contains('/'));
                let types = vec![kind.unwrap_or_else(|| BYTES.to_owned())];
                let said = LeafFields { names: file.names, types, is_file: true, ..LeafFields::default() };
                self.push(Item { bytes: Cow::Owned(file.bytes), depth: depth + 1, what: What::Leaf(said) });
            }
        }
    }

    fn winmail<'b>(&mut self, bytes: &'b [u8], depth: usize, keep: &impl Fn(&'b [u8]) -> Cow<'a, [u8]>) {
        let tnef = tnef::read(bytes);
        if !tnef.whole {
            self.hides_letters(Unread::Damaged);
        }
        match heads::of_winmail(&tnef) {
            Ok(heads) => heads.into_iter().for_each(|head| self.head(Some(head))),
            Err(heads::TooMuch) => self.unread(Unread::TooMuch),
        }
        for fields in &tnef.transport {
            if fields.len() > Head::MAX {
                self.unread(Unread::TooMuch);
            }
            self.head(heads::of_fields(&fields_of(fields.as_bytes())));
            if let Some(lines) = line_ends::at_returns(fields.as_bytes()) {
                self.head(heads::of_fields(&fields_of(&lines)));
            }
            self.ids.look(fields.as_bytes());
        }
        tnef.message_ids.into_iter().for_each(|ids| self.message_id(ids));
        tnef.subjects.into_iter().chain(tnef.subject).for_each(|subject| self.text(subject));
        tnef.html.iter().for_each(|page| self.ids.look(page.as_bytes()));
        tnef.plain.into_iter().chain(tnef.others).for_each(|plain| {
            self.ids.look(plain.as_bytes());
            if plain.contains('<') {
                self.page(&plain);
            }
            self.plain(plain, None);
        });
        tnef.html.iter().for_each(|page| self.page(page));
        tnef.rtf.iter().for_each(|rich| self.rich(rich));
        for file in tnef.files {
            let kind = match file.content_type {
                _ if file.is_message => "application/ms-tnef".to_owned(),
                Some(kind) if !kind.is_empty() => kind,
                Some(_) | None => BYTES.to_owned(),
            };
            let said =
                LeafFields { names: file.names, types: vec![kind], is_file: true, ..LeafFields::default() };
            for bytes in file.others {
                self.push(Item { bytes: keep(bytes), depth: depth + 1, what: What::Leaf(said.clone()) });
            }
            self.push(Item { bytes: keep(file.bytes), depth: depth + 1, what: What::Leaf(said) });
        }
    }

    fn wrapped(&mut self, bytes: &[u8], depth: usize, wraps: Wraps, smime_types: &[String]) {
        match cms::read(bytes, self.room.min(self.work)) {
            Some(cms::Cms::Open { content }) => {
                self.sealed(Sealed::Signed);
                let what = if cms::is_cms(&content) {
                    What::Leaf(LeafFields {
                        types: vec![BYTES.to_owned()],
                        is_file: true,
                        ..LeafFields::default()
                    })
                } else {
                    What::Entity { default: "text/plain", head_end: HeadEnd::AsMostRead }
                };
                self.push(Item { bytes: Cow::Owned(content), depth: depth + 1, what });
            }
            Some(cms::Cms::Encrypted) => {
                self.unread(Unread::Encrypted);
                self.sealed(Sealed::Smime);
            }
            Some(cms::Cms::Detached) => self.sealed(Sealed::Signed),
            None => {
                match wraps {
                    Wraps::Letter if would_show_a_letter(bytes, smime_types) => {
                        self.hides_letters(Unread::Damaged);
                    }
                    Wraps::Letter | Wraps::Signature => self.unread(Unread::Damaged),
                    Wraps::Nothing => return,
                }
                self.sealed(Sealed::Smime);
            }
        }
    }
}

/// What an S/MIME part claims to contain.
#[derive(Clone, Copy)]
enum Wraps {
    /// A letter: where it cannot be opened, it hides one.
    Letter,
    /// A signature over another part: damaged or not, it contains no letter.
    Signature,
    Nothing,
}

/// Whether unreadable CMS would show a letter to everybody if it were intact. Encrypted CMS shows none, damaged or not.
fn would_show_a_letter(bytes: &[u8], smime_types: &[String]) -> bool {
    match cms::beginning(bytes) {
        cms::Beginning::Open => true,
        cms::Beginning::Encrypted => false,
        // A text has been read as it is.
        cms::Beginning::Unknown if bytes.trim_ascii().is_empty() || charset::is_text(bytes) => false,
        cms::Beginning::Unknown => {
            let is_encrypted = |kind: &String| {
                let kind = kind.trim();
                ["enveloped-data", "authenveloped-data"].iter().any(|one| kind.eq_ignore_ascii_case(one))
            };
            smime_types.is_empty() || !smime_types.iter().all(is_encrypted)
        }
    }
}

/// Extensions that programs append to the name of what they wrap.
const WRAPPINGS: [&str; 14] =
    ["p7m", "pgp", "gpg", "asc", "gz", "bz2", "xz", "zst", "lz", "lzma", "z", "zip", "7z", "rar"];

/// Limit in bytes: no file system allows longer names, also with three layers of encoding.
const MAX_NAME: usize = 1000;

const BYTES: &str = "application/octet-stream";

/// Whether unlabelled bytes begin like a text in any 8-bit charset.
fn is_text(bytes: &[u8]) -> bool {
    let start = bytes.get(..4096).unwrap_or(bytes);
    start.iter().all(|b| matches!(b, b'\t' | b'\n' | b'\r' | 0x0c | 0x1b | 0x20..))
}

/// Every name as it came, as it would be saved, and without the extensions of wrappings.
fn readings(names: &[String], layers: &mut Layers) -> Result<Vec<String>, TooLayered> {
    let mut all: Vec<String> = Vec::new();
    for name in names.iter().take(MAX_NAMES) {
        let saved = file_name(name);
        // Full-width and invisible characters: `a．pdf` looks like a PDF.
        let read = tidied(name).unwrap_or_else(|| name.clone());
        // `a.pdf::$DATA` is saved as `a.pdf` (NTFS).
        let file = read.split_once(':').map(|(file, _)| file.to_owned()).filter(|file| !file.is_empty());
        let inner = saved.as_deref().and_then(|name| {
            let (stem, end) = name.rsplit_once('.')?;
            WRAPPINGS.iter().any(|one| end.eq_ignore_ascii_case(one)).then(|| stem.to_owned())
        });
        // "Kfz/x.pdf" is a name to us, and a folder and a file to others.
        let last = file_name(last_of_path(name));
        let before = if name.len() <= MAX_NAME { layers.before(name)? } else { Vec::new() };
        let one = [Some(name.clone()), saved, last, inner, Some(read), file].into_iter().flatten();
        for reading in one.chain(before) {
            if !all.contains(&reading) {
                all.push(reading);
            }
        }
    }
    Ok(all)
}
