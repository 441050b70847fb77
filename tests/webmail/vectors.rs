//! The corpus: hostile markup, hostile words, hostile encodings of both; as letters and raw.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// The host that every address in the corpus leads to.
pub(crate) const HOST: &str = "trap.example";

/// Hostile HTML bodies.
pub(crate) fn markup() -> Vec<String> {
    lines(include_str!("vectors/html.txt"))
}

/// Hostile words for places where no HTML is expected.
pub(crate) fn words() -> Vec<String> {
    lines(include_str!("vectors/text.txt"))
}

/// One vector a line; the number of a vector is its mark.
fn lines(file: &str) -> Vec<String> {
    let vectors = file.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    vectors.enumerate().map(|(n, line)| filled(&unescaped(line), n)).collect()
}

/// Replaces the words in braces; `n` is what the script leaves as its mark.
fn filled(vector: &str, n: usize) -> String {
    let (script, url) = (format!("top.name={n}"), format!("http://{HOST}/{n}"));
    let html = format!("<script>{script}</script>");
    vector
        .replace("{js}", &script)
        .replace("{url}", &url)
        .replace("{https}", &format!("https://{HOST}/{n}"))
        .replace("{host}", HOST)
        .replace("{cid}", "cid:pixel@letter")
        .replace("{n}", &n.to_string())
        .replace("{b64}", &STANDARD.encode(&script))
        .replace("{b64html}", &STANDARD.encode(html))
}

fn unescaped(line: &str) -> String {
    let mut out = String::new();
    let mut rest = line;
    while let Some((before, after)) = rest.split_once('\\') {
        out.push_str(before);
        let next = after.chars().next().unwrap_or('\\');
        rest = after.get(next.len_utf8()..).unwrap_or_default();
        match next {
            'n' => out.push('\n'),
            't' => out.push('\t'),
            'r' => out.push('\r'),
            '0' => out.push('\0'),
            '\\' => out.push('\\'),
            'u' => {
                let (digits, after) = rest.strip_prefix('{').unwrap().split_once('}').unwrap();
                out.push(char::from_u32(u32::from_str_radix(digits, 16).unwrap()).unwrap());
                rest = after;
            }
            other => panic!("\\{other} means nothing in {line}"),
        }
    }
    out + rest
}

/// A one-pixel picture.
const PIXEL: &str =
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";

/// A letter with this HTML and a picture that belongs to it.
pub(crate) fn html_letter(subject: &str, html: &[u8], content_type: &str) -> Vec<u8> {
    format!(
        "{}MIME-Version: 1.0\r\nContent-Type: multipart/related; boundary=r\r\n\r\n\
         --r\r\nContent-Type: {content_type}\r\nContent-Transfer-Encoding: base64\r\n\r\n{}\r\n\
         --r\r\nContent-Type: image/png\r\nContent-ID: <pixel@letter>\r\nContent-Disposition: inline\r\n\
         Content-Transfer-Encoding: base64\r\n\r\n{PIXEL}\r\n--r--\r\n",
        head("Erika Muster", subject),
        folded(html),
    )
    .into_bytes()
}

/// A letter with this word in every possible place.
pub(crate) fn word_letter(word: &str) -> Vec<u8> {
    let percent: String = word.bytes().map(|b| format!("%{b:02X}")).collect();
    format!(
        "{}MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=r\r\n\r\n\
         --r\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n{}\r\n\
         --r\r\nContent-Type: text/html; name*=utf-8''{percent}\r\n\
         Content-Disposition: attachment; filename*=utf-8''{percent}\r\nContent-Description: {}\r\n\
         Content-Transfer-Encoding: base64\r\n\r\n{}\r\n--r--\r\n",
        head(word, &format!("[vertraulich] {word}")),
        folded(format!("> {word}\r\n>> {word}\r\n{word}\r\n").as_bytes()),
        encoded(word),
        folded(word.as_bytes()),
    )
    .into_bytes()
}

/// The same script in disguises that only a decoder takes off: content type and bytes.
pub(crate) fn disguises() -> Vec<(&'static str, Vec<u8>)> {
    let html = "<p>x</p><img src=x onerror=top.name=7><script>top.name=7</script>";
    let utf16 = |mark: &[u8], unit: fn(u16) -> [u8; 2]| {
        let mut bytes = mark.to_vec();
        bytes.extend(html.encode_utf16().flat_map(unit));
        bytes
    };
    let escaped = |escape: &[u8]| {
        let mut bytes = b"<p title=\"".to_vec();
        bytes.extend_from_slice(escape);
        bytes.extend_from_slice(b"\"><img src=x onerror=top.name=7>\">x</p>");
        bytes
    };
    vec![
        ("text/html; charset=utf-7", b"+ADw-script+AD4-top.name=7+ADw-/script+AD4-".to_vec()),
        ("text/html; charset=utf-16le", utf16(&[], u16::to_le_bytes)),
        ("text/html; charset=utf-16be", utf16(&[], u16::to_be_bytes)),
        ("text/html; charset=utf-8", utf16(&[0xFF, 0xFE], u16::to_le_bytes)),
        ("text/html", utf16(&[0xFE, 0xFF], u16::to_be_bytes)),
        ("text/html; charset=iso-2022-jp", escaped(b"\x1b(J\\")),
        ("text/html; charset=iso-2022-kr", escaped(b"\x0e")),
        ("text/html; charset=hz-gb-2312", escaped(b"~{")),
        ("text/html; charset=gb2312", escaped(b"\xa3")),
        ("text/html; charset=shift_jis", escaped(b"\x83")),
        ("text/html; charset=big5", escaped(b"\xa1")),
        ("text/html; charset=utf-8", escaped(b"\xc3")),
        ("text/html; charset=\"utf-8\"; charset=utf-7", html.as_bytes().to_vec()),
        ("text/html; charset=x-user-defined", html.as_bytes().to_vec()),
        ("text/html; charset=\"><script>top.name=7</script>\"", html.as_bytes().to_vec()),
        ("TEXT/HTML; format=flowed; charset=us-ascii", html.as_bytes().to_vec()),
        ("application/xhtml+xml", html.as_bytes().to_vec()),
        ("image/svg+xml", b"<svg xmlns='http://www.w3.org/2000/svg' onload='top.name=7'/>".to_vec()),
        ("text/xml", b"<x xmlns='http://www.w3.org/1999/xhtml'><script>top.name=7</script></x>".to_vec()),
        ("text/enriched", html.as_bytes().to_vec()),
        ("text/plain; charset=utf-8", html.as_bytes().to_vec()),
        ("text/x-amp-html", html.as_bytes().to_vec()),
        ("message/rfc822", format!("Subject: x\r\nContent-Type: text/html\r\n\r\n{html}").into_bytes()),
        (
            "text/calendar",
            format!("BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nSUMMARY:{html}\r\nEND:VEVENT\r\nEND:VCALENDAR")
                .into_bytes(),
        ),
    ]
}

fn head(name: &str, subject: &str) -> String {
    let (tag, rest) = subject.split_once(' ').unwrap();
    format!(
        "From: {} <erika.muster@insurer.example>\r\nTo: Max Kunde <max.kunde@web.example>\r\n\
         Subject: {tag} {}\r\nDate: Fri, 20 Nov 2026 09:30:00 +0100\r\n",
        encoded(name),
        encoded(rest),
    )
}

/// RFC 2047 §2: words of at most 75 characters, cut between characters.
fn encoded(text: &str) -> String {
    let characters: Vec<char> = text.chars().collect();
    let words = characters
        .chunks(10)
        .map(|piece| format!("=?utf-8?B?{}?=", STANDARD.encode(piece.iter().collect::<String>())));
    words.collect::<Vec<_>>().join("\r\n ")
}

fn folded(bytes: &[u8]) -> String {
    let digits = STANDARD.encode(bytes);
    let lines: Vec<&str> = digits.as_bytes().chunks(76).map(|l| std::str::from_utf8(l).unwrap()).collect();
    lines.join("\r\n")
}
