//! Makes untrusted text harmless for people and mail programs. Knows no language and no template.
//!
//! Mail programs turn whatever looks like a web or mail address into a link, in text and HTML alike. A
//! subject "see https://evil.example" would so become a link in a mail that carries the operator's name. Such
//! words are split by visible blanks: nothing hidden, nothing to click.

/// Maximum combining marks per letter; more are meant to smear over other lines.
const MARKS: usize = 3;

/// Common attachment types. None of these is a top-level domain, so "Rechnung.pdf" may stay as it is.
const FILE_TYPES: [&str; 22] = [
    "pdf", "doc", "docx", "odt", "rtf", "txt", "xls", "xlsx", "ods", "csv", "ppt", "pptx", "jpg", "jpeg",
    "png", "gif", "tif", "tiff", "xml", "eml", "msg", "heic",
];

/// Schemes that make a link without slashes.
const SCHEMES: [&str; 10] =
    ["mailto", "tel", "sms", "file", "data", "javascript", "http", "https", "ftp", "geo"];

/// One line of untrusted text, at most `limit` characters, with nothing that hides, reorders or becomes a
/// link.
#[must_use]
pub fn text(hostile: &str, limit: usize) -> String {
    let line = line(hostile);
    let mut apart = String::with_capacity(line.len());
    for word in line.split(' ') {
        if !apart.is_empty() {
            apart.push(' ');
        }
        if is_linkish(word) { take_apart(word, &mut apart) } else { apart.push_str(word) }
    }
    shorten(&apart, limit)
}

/// An untrusted address, for display. A plain one is unchanged: mail programs may offer to write to it, which
/// is its purpose.
#[must_use]
pub fn address(hostile: &str) -> String {
    let plain = |part: &str, extra: &str| {
        !part.is_empty() && part.chars().all(|c| c.is_ascii_alphanumeric() || extra.contains(c))
    };
    match hostile.split_once('@') {
        Some((local, domain)) if plain(local, "._+-") && plain(domain, ".-") && hostile.len() <= 254 => {
            hostile.to_owned()
        }
        _ => text(hostile, 254),
    }
}

/// One line: blanks of all kinds become one blank, invisible characters are removed.
pub(crate) fn line(hostile: &str) -> String {
    let mut out = String::with_capacity(hostile.len().min(4096));
    let mut marks = 0;
    // Bounds the work: what is shown is far shorter.
    for c in hostile.chars().take(4096) {
        if c.is_whitespace() || matches!(c, '\0'..='\x1f' | '\x7f'..='\u{9f}') {
            if !out.is_empty() && !out.ends_with(' ') {
                out.push(' ');
            }
            continue;
        }
        if is_unseen(c) {
            continue;
        }
        marks = if is_mark(c) { marks + 1 } else { 0 };
        if marks <= MARKS {
            out.push(c);
        }
    }
    out.truncate(out.trim_end().len());
    out
}

/// At most `limit` characters, ending in an ellipsis if something was cut.
fn shorten(text: &str, limit: usize) -> String {
    match text.char_indices().nth(limit) {
        None => text.to_owned(),
        Some(_) => {
            let kept: String = text.chars().take(limit.saturating_sub(1)).collect();
            format!("{}…", kept.trim_end())
        }
    }
}

/// Bidirectional controls, zero-width characters, fillers, tags, private use, non-characters.
fn is_unseen(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
        | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{2800}' | '\u{3164}' | '\u{e000}'..='\u{f8ff}'
        | '\u{fdd0}'..='\u{fdef}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}'
        | '\u{fff0}'..='\u{fffb}' | '\u{fffe}' | '\u{ffff}' | '\u{1bca0}'..='\u{1bca3}'
        | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{10ffff}')
}

fn is_mark(c: char) -> bool {
    matches!(c,
        '\u{300}'..='\u{36f}' | '\u{483}'..='\u{489}' | '\u{1ab0}'..='\u{1aff}'
        | '\u{1dc0}'..='\u{1dff}' | '\u{20d0}'..='\u{20ff}' | '\u{fe20}'..='\u{fe2f}')
}

/// Dots that UTS 46 treats as label separators, and their look-alike.
fn is_dot(c: char) -> bool {
    matches!(c, '.' | '\u{3002}' | '\u{ff0e}' | '\u{ff61}' | '\u{2024}')
}

fn is_slash(c: char) -> bool {
    matches!(c, '/' | '\\' | '\u{2044}' | '\u{2215}' | '\u{ff0f}' | '\u{ff3c}')
}

fn is_colon(c: char) -> bool {
    matches!(c, ':' | '\u{ff1a}' | '\u{a789}')
}

/// Whether a mail program might turn this word into a link.
fn is_linkish(word: &str) -> bool {
    let lower = word.to_lowercase();
    if !lower.contains(char::is_alphanumeric) {
        return false;
    }
    if lower.contains(['@', '\u{ff20}']) || lower.contains("\\\\") || lower.contains("www.") {
        return true;
    }
    let scheme = lower.char_indices().filter(|(_, c)| is_colon(*c)).any(|(at, c)| {
        let (before, after) = lower.split_at(at);
        let after = after.get(c.len_utf8()..).unwrap_or_default();
        after.starts_with(is_slash)
            || (after.contains(char::is_alphanumeric) && SCHEMES.iter().any(|known| before.ends_with(known)))
    });
    scheme || (has_domain(&lower) && !is_file_name(&lower))
}

/// A dot with a letter or digit before it and two letters (or an A-label) after it.
fn has_domain(lower: &str) -> bool {
    let mut before = None;
    lower.char_indices().any(|(at, c)| {
        let inner = is_dot(c) && before.is_some_and(char::is_alphanumeric);
        before = Some(c);
        inner && {
            let rest = lower.get(at + c.len_utf8()..).unwrap_or_default();
            rest.starts_with("xn--") || rest.chars().take_while(|c| c.is_alphabetic()).count() >= 2
        }
    })
}

fn is_file_name(lower: &str) -> bool {
    let lower = lower.trim_matches(['"', '\'', '(', ')', ',', ';', ':', '„', '“', '”', '!', '?']);
    let mut parts = lower.split('.');
    let (name, kind, more) = (parts.next(), parts.next(), parts.next());
    name.is_some_and(|name| {
        !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || "-_()+".contains(c))
    }) && kind.is_some_and(|kind| FILE_TYPES.contains(&kind))
        && more.is_none()
}

/// A blank before every dot, around every at sign, after every colon and between double slashes.
fn take_apart(word: &str, out: &mut String) {
    let mut before = ' ';
    for c in word.chars() {
        let apart = is_dot(c) || c == '@' || c == '\u{ff20}' || (is_slash(c) && is_slash(before));
        let after = matches!(before, '@' | '\u{ff20}') || is_colon(before);
        if (apart || after) && !out.ends_with(' ') {
            out.push(' ');
        }
        out.push(c);
        before = c;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ordinary_subjects_stay_as_they_are() {
        for subject in [
            "Ihr Unfall vom 15.01.2020, Schaden-Nr. 12.3456/78",
            "Rechnung.pdf und Gutachten_2024-1.docx",
            "Größe: 3:1, z.B. so; a/b 24/7",
            "Your claim #4711 (urgent!) – reply by 5 p.m.",
            "Žluťoučký kůň, Ελληνικά, 日本語, 🙂",
        ] {
            assert_eq!(text(subject, 200), subject);
        }
    }

    #[test]
    fn nothing_stays_that_a_mail_program_makes_a_link_of() {
        for (hostile, harmless) in [
            ("see https://evil.example/a.b?c=d", "see https: / /evil .example/a .b?c=d"),
            ("WWW.Evil.Example", "WWW .Evil .Example"),
            ("evil.com", "evil .com"),
            ("rechnung.zip", "rechnung .zip"),
            ("x.pdf.evil.com", "x .pdf .evil .com"),
            ("<a href=\"http://e.vil\">", "<a href=\"http: / /e .vil\">"),
            ("boss@bank.example", "boss @ bank .example"),
            ("mailto:x", "mailto: x"),
            ("re:http://intranet", "re: http: / /intranet"),
            ("javascript:alert(1)", "javascript: alert(1)"),
            (r"\\server\share", r"\ \server\share"),
            ("evil.xn--p1ai", "evil .xn--p1ai"),
            ("evil。example", "evil 。example"),
            ("http:/\u{200b}/evil.example", "http: / /evil .example"),
        ] {
            assert_eq!(text(hostile, 200), harmless, "{hostile}");
            assert!(!text(hostile, 200).split(' ').any(is_linkish), "{hostile}");
        }
    }

    #[test]
    fn nothing_hides_or_reorders() {
        assert_eq!(text("a\r\nBcc: b\tc\0d\u{85}e\u{2028}f", 99), "a Bcc: b c d e f");
        assert_eq!(text("exe.\u{202e}fdp\u{2066}\u{200b}\u{ad}\u{e0041}", 99), "exe .fdp");
        assert_eq!(text(&format!("a{}b", "\u{301}".repeat(500)), 99).chars().count(), 2 + MARKS);
        assert_eq!(text("   \u{a0}\u{3000} ", 9), "");
    }

    #[test]
    fn very_long_becomes_short() {
        let long = text(&"ä".repeat(100_000), 150);
        assert_eq!(long.chars().count(), 150);
        assert!(long.ends_with('…'));
        assert_eq!(text("exactly", 7), "exactly");
        assert!(text(&"a.bc".repeat(5000), 150).chars().count() <= 150);
    }

    proptest::proptest! {
        #[test]
        fn whatever_comes_is_short_visible_and_no_link(
            hostile in "([a-c.:/@ \\\\]|www|http|xn--|\u{202e}|\u{200b}|\u{301}|\u{ff0e}|\r\n|\\PC){0,60}",
            limit in 1_usize..80,
        ) {
            let harmless = text(&hostile, limit);
            proptest::prop_assert!(harmless.chars().count() <= limit);
            proptest::prop_assert!(!harmless.chars().any(|c| c.is_control() || is_unseen(c)));
            proptest::prop_assert!(!harmless.split(' ').any(is_linkish), "{harmless:?}");
        }
    }

    #[test]
    fn a_plain_address_stays_one_and_a_strange_one_does_not() {
        assert_eq!(address("Max.Mustermann@insurer.example"), "Max.Mustermann@insurer.example");
        assert_eq!(address("x@evil.example/path"), "x @ evil .example/path");
        assert_eq!(address("a@b@c.example"), "a @ b @ c .example");
        assert_eq!(address("see www.evil.example"), "see www .evil .example");
    }
}
