//! Determines a file's type by its declared type, its name and its first bytes. Pure; decides nothing.

/// The extension for an attachment without a name, so that a double click opens the right program.
pub(crate) fn extension(content_type: &str) -> &'static str {
    match content_type {
        "application/pdf" => "pdf",
        "image/png" => "png",
        "image/jpeg" => "jpg",
        "image/gif" => "gif",
        "text/plain" => "txt",
        "text/html" => "html",
        "text/calendar" => "ics",
        "message/rfc822" | "message/global" => "eml",
        "image/heic" | "image/heif" => "heic",
        "image/tiff" => "tif",
        "image/webp" => "webp",
        "image/bmp" => "bmp",
        "image/svg+xml" => "svg",
        "text/csv" => "csv",
        "text/vcard" | "text/x-vcard" => "vcf",
        "text/markdown" | "text/x-markdown" => "md",
        "application/rtf" | "text/rtf" => "rtf",
        "application/zip" => "zip",
        "application/pkcs7-signature" | "application/x-pkcs7-signature" => "p7s",
        "application/pkcs7-mime" | "application/x-pkcs7-mime" => "p7m",
        "application/pgp-signature" | "application/pgp-encrypted" => "asc",
        "application/ms-tnef" => "dat",
        _ => "bin",
    }
}

/// The extension of a name, lower case.
pub(crate) fn extension_of(name: &str) -> String {
    let name = name.trim_end_matches(['.', ' ']);
    name.rsplit_once('.').map(|(_, end)| end.to_ascii_lowercase()).unwrap_or_default()
}

/// The type of an extension.
pub(crate) fn by_extension(extension: &str) -> Option<&'static str> {
    Some(match extension {
        "pdf" => "application/pdf",
        "png" => "image/png",
        "jpg" | "jpeg" | "jpe" | "jfif" => "image/jpeg",
        "gif" => "image/gif",
        "webp" => "image/webp",
        "tif" | "tiff" => "image/tiff",
        "heic" => "image/heic",
        "bmp" | "dib" => "image/bmp",
        "ico" => "image/x-icon",
        "svg" => "image/svg+xml",
        "txt" | "log" => "text/plain",
        "csv" => "text/csv",
        "htm" | "html" => "text/html",
        "ics" | "vcs" | "ical" => "text/calendar",
        "vcf" => "text/vcard",
        "rtf" => "application/rtf",
        "eml" => "message/rfc822",
        "zip" => "application/zip",
        "7z" => "application/x-7z-compressed",
        "rar" => "application/vnd.rar",
        "gz" | "tgz" => "application/gzip",
        "doc" | "dot" => "application/msword",
        "xls" => "application/vnd.ms-excel",
        "ppt" => "application/vnd.ms-powerpoint",
        "docx" => "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        "xlsx" => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        "pptx" => "application/vnd.openxmlformats-officedocument.presentationml.presentation",
        "odt" => "application/vnd.oasis.opendocument.text",
        "ods" => "application/vnd.oasis.opendocument.spreadsheet",
        "msg" => "application/vnd.ms-outlook",
        "mp4" => "video/mp4",
        "mp3" => "audio/mpeg",
        "wav" => "audio/wav",
        "p7m" => "application/pkcs7-mime",
        "p7s" => "application/pkcs7-signature",
        _ => return None,
    })
}

/// The type that the bytes show.
pub(crate) fn by_bytes(bytes: &[u8]) -> Option<&'static str> {
    let start = bytes.get(..1024.min(bytes.len())).unwrap_or_default();
    let begins = |with: &[u8]| start.starts_with(with);
    Some(match start {
        // Readers find it anywhere in the first bytes (ISO 32000-1, annex H).
        _ if memchr::memmem::find(start, b"%PDF-").is_some() => "application/pdf",
        _ if begins(b"\x89PNG\r\n\x1a\n") => "image/png",
        _ if begins(b"\xff\xd8\xff") => "image/jpeg",
        _ if begins(b"GIF87a") || begins(b"GIF89a") => "image/gif",
        _ if begins(b"RIFF") && start.get(8..12) == Some(b"WEBP") => "image/webp",
        _ if begins(b"II*\0") || begins(b"MM\0*") => "image/tiff",
        _ if begins(b"PK\x03\x04") => "application/zip",
        _ if begins(b"7z\xbc\xaf\x27\x1c") => "application/x-7z-compressed",
        _ if begins(b"Rar!\x1a\x07") => "application/vnd.rar",
        _ if begins(b"\x1f\x8b") => "application/gzip",
        _ if begins(b"{\\rtf") => "application/rtf",
        _ if begins(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1") => "application/x-ole-storage",
        _ if begins(b"BEGIN:VCALENDAR") => "text/calendar",
        _ => return None,
    })
}

/// How much of a file is available.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Extent {
    Whole,
    Beginning,
}

/// Whether a browser draws anything for a picture that begins like this.
pub(crate) fn can_be_drawn(bytes: &[u8], extent: Extent) -> bool {
    let goes_on = extent == Extent::Beginning;
    match by_bytes(bytes) {
        Some("image/png") => {
            // PNG §5.3: a length, a name, the data, a checksum; IDAT is what is drawn.
            let mut rest = bytes.get(8..).unwrap_or_default();
            while let Some((head, tail)) = rest.split_first_chunk::<8>() {
                let [a, b, c, d, name @ ..] = head;
                let length = usize::try_from(u32::from_be_bytes([*a, *b, *c, *d])).unwrap_or(usize::MAX);
                if name == b"IDAT" {
                    return true;
                }
                if name == b"IEND" || !name.iter().all(u8::is_ascii_alphabetic) {
                    return false;
                }
                rest = tail.get(length.saturating_add(4)..).unwrap_or_default();
            }
            goes_on
        }
        // Without a scan (SOS) there is nothing to draw.
        Some("image/jpeg") => goes_on || memchr::memmem::find(bytes, b"\xff\xda").is_some(),
        Some("image/gif") => goes_on || bytes.get(13..).unwrap_or_default().contains(&b','),
        Some(_) | None => true,
    }
}

/// Generic types.
const BYTES: [&str; 8] = [
    "application/octet-stream",
    "application/binary",
    "application/x-binary",
    "application/download",
    "application/force-download",
    "application/x-download",
    "application/unknown",
    "binary/octet-stream",
];

/// The actual type, by the file's name and first bytes, where its declared type is generic or unusual.
pub(crate) fn meant(content_type: &str, name: &str, start: &[u8]) -> String {
    let extension = extension_of(name);
    let promised = by_extension(&extension);
    let meant = match content_type {
        "image/pjpeg" | "image/jpg" | "image/x-jpeg" => "image/jpeg",
        "image/x-png" => "image/png",
        "image/x-bmp" | "image/x-ms-bmp" | "image/x-windows-bmp" => "image/bmp",
        "image/vnd.microsoft.icon" | "image/ico" | "image/icon" => "image/x-icon",
        "application/x-pdf" | "application/acrobat" | "text/pdf" => "application/pdf",
        "application/ics"
        | "application/x-ical"
        | "application/ical"
        | "application/calendar"
        | "text/ical"
        | "text/x-vcalendar"
        | "text/vcalendar"
        | "text/x-icalendar" => "text/calendar",
        "application/csv" | "text/x-csv" | "text/comma-separated-values" | "application/vnd.ms-excel"
            if extension == "csv" =>
        {
            "text/csv"
        }
        "text/plain" if extension == "ics" => "text/calendar",
        "text/plain" if extension.is_empty() && by_bytes(start) == Some("text/calendar") => "text/calendar",
        "text/plain" if extension == "eml" && looks_like_letter(start) => "message/rfc822",
        "message/global" | "message/rfc822" => content_type,
        _ if BYTES.contains(&content_type) => {
            let is_letter = extension == "eml" || (promised.is_none() && looks_like_letter(start));
            match by_bytes(start) {
                _ if is_letter => "message/rfc822",
                // Office files are archives: their name is more precise.
                Some("application/zip" | "application/x-ole-storage") | None => {
                    promised.unwrap_or(content_type)
                }
                Some(shown) => shown,
            }
        }
        _ => content_type,
    };
    meant.to_owned()
}

/// Lines of a header section that are examined.
const MAX_LINES: usize = 40;

/// Whether bytes of another type begin like a letter: header fields, at least two of them typical for
/// letters.
pub(crate) fn looks_like_letter(bytes: &[u8]) -> bool {
    const KNOWN: [&[u8]; 12] = [
        b"from",
        b"to",
        b"subject",
        b"date",
        b"received",
        b"return-path",
        b"message-id",
        b"mime-version",
        b"content-type",
        b"reply-to",
        b"delivered-to",
        b"sender",
    ];
    let bytes = without_count(bytes);
    let start = bytes.get(..8192.min(bytes.len())).unwrap_or_default();
    let mut seen = Vec::new();
    for (number, line) in start.split(|b| *b == b'\n').take(MAX_LINES).enumerate() {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if line.is_empty() && !seen.is_empty() {
            break;
        }
        if line.is_empty()
            || line.starts_with(b" ")
            || line.starts_with(b"\t")
            || (number == 0 && is_envelope(line))
        {
            continue;
        }
        let Some(colon) = line.iter().position(|b| *b == b':') else { break };
        let name = line.get(..colon).unwrap_or_default().trim_ascii_end().to_ascii_lowercase();
        if name.is_empty() || !name.iter().all(u8::is_ascii_graphic) {
            break;
        }
        if KNOWN.contains(&name.as_slice()) && !seen.contains(&name) {
            seen.push(name);
        }
    }
    seen.len() >= 2
}

/// The separator line of mbox.
fn is_envelope(line: &[u8]) -> bool {
    line.starts_with(b"From ") || line.starts_with(b">From ")
}

/// `.emlx` of Apple Mail: a line with a byte count, then the letter.
fn without_count(bytes: &[u8]) -> &[u8] {
    let Some(end) = memchr::memchr(b'\n', bytes.get(..24).unwrap_or(bytes)) else { return bytes };
    let (line, rest) = bytes.split_at_checked(end + 1).unwrap_or((bytes, b""));
    let line = line.trim_ascii();
    if !line.is_empty() && line.iter().all(u8::is_ascii_digit) { rest } else { bytes }
}

/// Letters of one mailbox file.
const MAX_LETTERS: usize = 500;

/// The letters in a file: one, or those of an mbox.
pub(crate) fn letters(bytes: &[u8]) -> Vec<&[u8]> {
    let bytes = without_count(bytes.trim_ascii_start());
    if !bytes.starts_with(b"From ") {
        return vec![bytes];
    }
    let mut found = Vec::new();
    let mut rest = bytes;
    while found.len() < MAX_LETTERS {
        let after_line = memchr::memchr(b'\n', rest).map_or(rest.len(), |at| at + 1);
        let letter = rest.get(after_line..).unwrap_or_default();
        match memchr::memmem::find(letter, b"\nFrom ") {
            Some(at) => {
                found.push(letter.get(..=at).unwrap_or_default());
                rest = letter.get(at + 1..).unwrap_or_default();
            }
            None => {
                found.push(letter);
                return found;
            }
        }
    }
    // The rest is examined as one letter.
    found.push(rest);
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_are_known_by_their_fields() {
        assert!(looks_like_letter(b"From: a@x.example\r\nSubject: x\r\n\r\nx"));
        assert!(looks_like_letter(b"\r\nReceived: a\r\n\tb\r\nX-A: 1\r\nDate: x\r\n\r\nx"));
        assert!(looks_like_letter(b"4711  \nFrom: a\nTo: b\n\nx"));
        assert_eq!(letters(b"4711\nTo: x\n\ny"), [b"To: x\n\ny"]);
        assert!(looks_like_letter(b"From max Mon\nFrom: a\nTo: b\n\nx"));
        for other in [
            b"%PDF-1.4\n".as_slice(),
            b"From: a\r\n\r\nTo: b\r\n",
            b"a: 1\r\nb: 2\r\n",
            b"",
            b"To be\nFrom: x\nTo: y",
        ] {
            assert!(!looks_like_letter(other), "{other:?}");
        }
        assert_eq!(letters(b"From a\nTo: x\n\ny\n\nFrom b\nTo: z\n\n").len(), 2);
    }

    #[test]
    fn names_and_bytes_promise_types() {
        assert_eq!(by_extension(&extension_of("A.PDF. ")), Some("application/pdf"));
        assert_eq!(by_bytes(b"\0\0%PDF-1.7"), Some("application/pdf"));
        assert_eq!(by_bytes(b"PK\x03\x04"), Some("application/zip"));
        assert_eq!((by_extension(&extension_of("pdf")), by_bytes(b"")), (None, None));
    }
}
