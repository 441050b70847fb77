//! Names and types of downloaded files: never a page, never a path. Pure.

use actix_web::http::header::{self, HeaderValue};
use sealpost_mail::Attachment;

/// Types passed on unchanged; everything else is sent as bytes. None of them is rendered by a browser as a
/// page of ours.
const KNOWN: [&str; 24] = [
    "application/pdf",
    "application/zip",
    "application/gzip",
    "application/msword",
    "application/rtf",
    "application/vnd.ms-excel",
    "application/vnd.ms-powerpoint",
    "application/vnd.oasis.opendocument.presentation",
    "application/vnd.oasis.opendocument.spreadsheet",
    "application/vnd.oasis.opendocument.text",
    "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "audio/mpeg",
    "audio/wav",
    "image/bmp",
    "image/gif",
    "image/jpeg",
    "image/png",
    "image/tiff",
    "image/webp",
    "image/x-icon",
    "message/rfc822",
    "video/mp4",
];

/// Pictures shown inside a letter. No SVG: it is a document with scripts.
const PICTURES: [&str; 6] =
    ["image/bmp", "image/gif", "image/jpeg", "image/png", "image/webp", "image/x-icon"];

/// The type under which a stored part is sent.
pub(crate) fn safe_type(content_type: &str) -> &'static str {
    KNOWN
        .iter()
        .find(|known| known.eq_ignore_ascii_case(content_type))
        .copied()
        .unwrap_or("application/octet-stream")
}

/// The type of a picture that may be shown inside the letter's frame.
pub(crate) fn picture_type(content_type: &str) -> Option<&'static str> {
    PICTURES.iter().find(|known| known.eq_ignore_ascii_case(content_type)).copied()
}

/// Whether the page shows it inline: then it is not listed as a file.
pub(crate) fn is_in_its_place(file: &Attachment) -> bool {
    file.inline_cid.is_some() && picture_type(&file.content_type).is_some()
}

/// A name that is safe in every file system and cannot pretend to be another (RFC 6266 §4.3).
pub(crate) fn file_name(name: &str, fallback: &str) -> String {
    let cleaned: String = name
        .chars()
        .map(|c| if c.is_control() || "/\\:*?\"<>|".contains(c) { ' ' } else { c })
        // Direction overrides turn "exe.pdf" around; zero-width characters hide.
        .filter(|c| !matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}'))
        .collect();
    let words = cleaned.split_whitespace().collect::<Vec<_>>().join(" ");
    let trimmed = words.trim_matches(['.', ' ']);
    if trimmed.is_empty() {
        return fallback.to_owned();
    }
    match trimmed.rsplit_once('.') {
        Some((stem, extension)) if extension.chars().count() <= 8 && !stem.is_empty() => {
            format!("{}.{extension}", stem.chars().take(100).collect::<String>().trim_end())
        }
        // After truncation, it may end in a way that Windows does not allow.
        Some(_) | None => {
            trimmed.chars().take(100).collect::<String>().trim_end_matches(['.', ' ']).to_owned()
        }
    }
}

/// RFC 6266 `Content-Disposition: attachment` with a plain and an encoded name.
pub(crate) fn attachment(name: &str) -> (header::HeaderName, HeaderValue) {
    let plain: String = name
        .chars()
        .map(|c| if c.is_ascii_graphic() && c != '"' && c != '\\' && c != '%' || c == ' ' { c } else { '_' })
        .collect();
    let encoded = name.bytes().fold(String::new(), |mut out, byte| {
        use std::fmt::Write as _;
        // RFC 8187 §3.2.1 attr-char
        if byte.is_ascii_alphanumeric() || b"!#$&+-.^_`|~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
        out
    });
    let value = format!("attachment; filename=\"{plain}\"; filename*=UTF-8''{encoded}");
    let value = HeaderValue::from_str(&value).unwrap_or(HeaderValue::from_static("attachment"));
    (header::CONTENT_DISPOSITION, value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_type_can_run() {
        for evil in [
            "text/html",
            "image/svg+xml",
            "application/xhtml+xml",
            "text/xml",
            "text/javascript",
            "",
            "a\r\nb",
        ] {
            assert_eq!(safe_type(evil), "application/octet-stream");
            assert_eq!(picture_type(evil), None);
        }
        assert_eq!(safe_type("Application/PDF"), "application/pdf");
    }

    #[test]
    fn names_are_names() {
        assert_eq!(file_name("../../etc/passwd", "x"), "etc passwd");
        assert_eq!(file_name("C:\\Windows\\win.ini", "x"), "C Windows win.ini");
        assert_eq!(file_name("\u{202e}fdp.exe", "x"), "fdp.exe");
        assert_eq!(file_name("a\r\nSet-Cookie: x", "x"), "a Set-Cookie x");
        assert_eq!(file_name("..", "letter.eml"), "letter.eml");
        assert_eq!(file_name("  ", "letter.eml"), "letter.eml");
        assert_eq!(file_name("./.", "letter.eml"), "letter.eml");
        let long = "a".repeat(99);
        assert_eq!(file_name(&format!("{long}.but this is no ending"), "x"), long);
        assert_eq!(file_name(&format!("{long} and so on and so on"), "x"), long);
        assert_eq!(file_name("Prüfbericht für März.pdf", "x"), "Prüfbericht für März.pdf");
        assert!(file_name(&format!("{}.pdf", "ä".repeat(500)), "x").ends_with("ä.pdf"));
    }

    #[test]
    fn the_header_holds_any_name() {
        let value = |name| attachment(name).1.to_str().unwrap().to_owned();
        assert_eq!(
            value("Prüf \"1\".pdf"),
            "attachment; filename=\"Pr_f _1_.pdf\"; filename*=UTF-8''Pr%C3%BCf%20%221%22.pdf"
        );
        assert!(!value("a\r\nb: c").contains('\r'));
    }
}
