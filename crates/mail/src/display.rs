//! Makes text from outside safe to show and to use as a file name. Changes appearance only; decides nothing.

use crate::file_type::by_extension;
use crate::skeleton::composed;

/// Invisible characters that change how others are shown: bidirectional controls (they reverse `gpj.exe`), invisible
/// joiners, tags, annotations.
pub(crate) fn is_trick(c: char) -> bool {
    matches!(
        c,
        '\u{ad}'
            | '\u{61c}'
            | '\u{115f}'
            | '\u{1160}'
            | '\u{180e}'
            | '\u{200b}'
            | '\u{200e}'..='\u{200f}'
            | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{3164}'
            | '\u{feff}'
            | '\u{ffa0}'
            | '\u{fff9}'..='\u{fffb}'
            | '\u{e0000}'..='\u{e007f}'
    )
}

/// Whether nothing is drawn for it: joiners, selectors, tags, fillers in mail previews (Unicode's
/// Default_Ignorable_Code_Point), and the Braille blank.
#[must_use]
pub fn is_invisible(c: char) -> bool {
    is_trick(c)
        || matches!(
            c,
            '\u{34f}'
                | '\u{17b4}'
                | '\u{17b5}'
                | '\u{180b}'..='\u{180f}'
                | '\u{200c}'
                | '\u{200d}'
                | '\u{2800}'
                | '\u{fe00}'..='\u{fe0f}'
                | '\u{fff0}'..='\u{fff8}'
                | '\u{1bca0}'..='\u{1bca3}'
                | '\u{1d173}'..='\u{1d17a}'
                | '\u{e0080}'..='\u{e0fff}'
        )
}

/// Whether it is invisible: white space, and characters that are not drawn.
pub(crate) fn shows_nothing(text: &str) -> bool {
    text.chars().all(|c| c.is_whitespace() || c.is_control() || is_invisible(c))
}

fn is_break(c: char) -> bool {
    c.is_control() || matches!(c, '\u{2028}' | '\u{2029}')
}

/// One line for people: no control characters, no direction marks, trimmed.
#[must_use]
pub fn one_line(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars().filter(|c| !is_trick(*c)) {
        let c = if is_break(c) { ' ' } else { c };
        // A control character between two words must not leave two spaces.
        if c != ' ' || !out.ends_with(' ') {
            out.push(c);
        }
    }
    out.trim().to_owned()
}

/// Bytes a file name may have: below every file system's limit even with a counter added.
const NAME_BYTES: usize = 150;

/// A file name: never a path, never hidden, legal on Windows, macOS and Linux. `None` if nothing is left.
#[must_use]
pub fn file_name(text: &str) -> Option<String> {
    let line = one_line(text);
    // Old browsers and mailers send whole paths; only the last component was meant. "Kfz/Haftpflicht.pdf" is not a
    // path.
    safe_name(match windows_path(&line) {
        Some(last) => last,
        None if is_path(&line) => last_of_path(&line),
        None => &line,
    })
}

/// The end of a path that is written with backslashes: a slash in it is one of the name.
fn windows_path(line: &str) -> Option<&str> {
    let (folders, last) = line.rsplit_once('\\')?;
    (is_path(line) && !folders.contains('/') && last.contains('/')).then_some(last)
}

/// The last component of a name that may be a path, for readers that take it for one.
pub(crate) fn last_of_path(name: &str) -> &str {
    let last = name.rsplit(['/', '\\']).next().unwrap_or_default();
    match last.as_bytes() {
        [drive, b':', next, ..] if drive.is_ascii_alphabetic() && *next != b' ' => {
            last.get(2..).unwrap_or_default()
        }
        _ => last,
    }
}

/// First components of paths that do not begin with a slash.
const FOLDERS: [&str; 13] = [
    "home",
    "users",
    "tmp",
    "temp",
    "var",
    "mnt",
    "usr",
    "media",
    "desktop",
    "downloads",
    "documents",
    "documents and settings",
    "attachments",
];

/// Whether the slashes separate folders. In a title they separate words: nothing before them looks like a folder.
fn is_path(line: &str) -> bool {
    let pieces: Vec<&str> = line.split(['/', '\\']).map(str::trim).collect();
    let first = pieces.first().copied().unwrap_or_default();
    let is_drive = matches!(line.as_bytes(), [drive, b':', ..] if drive.is_ascii_alphabetic());
    (is_drive && pieces.len() > 1)
        || line.contains("://")
        || (pieces.len() > 1 && FOLDERS.iter().any(|folder| first.eq_ignore_ascii_case(folder)))
        || (pieces.len() > 1 && pieces.iter().any(|piece| piece.is_empty() || piece.starts_with(['.', '~'])))
}

/// Like [`file_name`], for a title: slashes are part of the text there (`Schaden 7/2026`).
#[must_use]
pub fn file_name_from_title(title: &str, extension: &str) -> Option<String> {
    let stem = safe_name(&one_line(title))?;
    let stem = shorten(&stem, NAME_BYTES.saturating_sub(extension.len() + 1));
    let stem = stem.trim_end_matches(['.', ' ']);
    (!stem.is_empty()).then(|| format!("{stem}.{extension}"))
}

fn safe_name(line: &str) -> Option<String> {
    // macOS writes ü as u and a combining diaeresis, and others show two characters.
    let replaced: String = composed(line)
        .chars()
        .filter(|c| !matches!(c, '\u{200c}' | '\u{200d}'))
        .map(|c| if matches!(c, '<' | '>' | ':' | '"' | '|' | '?' | '*' | '/' | '\\') { '_' } else { c })
        .collect();
    let trimmed = replaced.trim_start_matches(['.', ' ', '~']).trim_end_matches(['.', ' ']);
    // ".pdf" is only an extension, which the type already gives.
    let is_end = replaced.starts_with('.') && by_extension(&trimmed.to_ascii_lowercase()).is_some();
    if trimmed.is_empty() || is_end {
        return None;
    }
    let (stem, extension) = match trimmed.rsplit_once('.') {
        Some((stem, extension)) if !stem.is_empty() && extension.len() <= 16 => (stem, Some(extension)),
        _ => (trimmed, None),
    };
    // Windows opens a device for `con`, `con.txt` and `con.tar.gz` alike.
    let device = trimmed.split('.').next().unwrap_or_default().trim_end().to_ascii_uppercase();
    let numbered = |prefix: &str| {
        device
            .strip_prefix(prefix)
            .is_some_and(|n| n.chars().count() == 1 && n.chars().all(|c| c.is_numeric()))
    };
    let reserved = matches!(device.as_str(), "CON" | "PRN" | "AUX" | "NUL" | "CONIN$" | "CONOUT$" | "CLOCK$")
        || numbered("COM")
        || numbered("LPT");
    let mut name = String::from(if reserved { "_" } else { "" });
    let room = NAME_BYTES.saturating_sub(extension.map_or(0, |e| e.len() + 1));
    name.push_str(shorten(stem, room).trim_end());
    if let Some(extension) = extension {
        name.push('.');
        name.push_str(extension);
    }
    Some(name)
}

/// The longest prefix of at most `bytes` bytes.
fn shorten(text: &str, bytes: usize) -> &str {
    let end = text.char_indices().map(|(at, c)| at + c.len_utf8()).take_while(|end| *end <= bytes).last();
    text.get(..end.unwrap_or(0)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn lines_lose_their_tricks_and_nothing_else() {
        assert_eq!(one_line(" Schaden\r\n\tNr. 7 \u{202e}gpj.exe\u{2028}x "), "Schaden Nr. 7 gpj.exe x");
        assert_eq!(one_line("שלום عالم Größe 😀"), "שלום عالم Größe 😀");
    }

    #[test]
    fn names_are_never_paths() {
        let name = |text| file_name(text).unwrap_or_default();
        assert_eq!(name("../../etc/passwd"), "passwd");
        assert_eq!(name("C:\\Users\\x\\Rechnung.pdf"), "Rechnung.pdf");
        assert_eq!(name("C:\\Users\\Anna\\Schaden 12/2026.pdf"), "Schaden 12_2026.pdf");
        assert_eq!(name("C:\\Users/Anna\\a/b.pdf"), "b.pdf");
        assert_eq!(name("\\\\server\\akte\\K 1/26.pdf"), "K 1_26.pdf");
        assert_eq!(name("a/b\\..\\.bashrc"), "bashrc");
        assert_eq!(name("Rechnung\u{202e}fdp.exe"), "Rechnungfdp.exe");
        assert_eq!(name("a\0b\r\n.pdf"), "a b.pdf");
        assert_eq!(name("Größe & Maß (1).pdf"), "Größe & Maß (1).pdf");
        assert_eq!(name("x:y*?.txt"), "x_y__.txt");
        assert_eq!(name("con.txt"), "_con.txt");
        assert_eq!(name("LPT1"), "_LPT1");
        assert_eq!(name("conout$.pdf"), "_conout$.pdf");
        assert_eq!(name("COM\u{b9}.txt"), "_COM\u{b9}.txt");
        assert_eq!(name("x. . ."), "x");
        assert_eq!(name("Schaden 12/2026.pdf"), "Schaden 12_2026.pdf");
        assert_eq!(name("/var/max muster/2026.pdf"), "2026.pdf");
        assert_eq!(name("C:/Eigene Dateien/x.pdf"), "x.pdf");
        assert_eq!(name("C:Temp/x.pdf"), "x.pdf");
        assert_eq!(name("Q: x.pdf"), "Q_ x.pdf");
        assert_eq!(name("\\\\server\\share\\Datei.pdf"), "Datei.pdf");
        assert_eq!(name("https://x.example/a/b.pdf"), "b.pdf");
        assert_eq!(name("home/anna/Schaden.pdf"), "Schaden.pdf");
        assert_eq!(name("Kfz/Haftpflicht.pdf"), "Kfz_Haftpflicht.pdf");
        assert_eq!(name("und/oder.docx"), "und_oder.docx");
        assert_eq!(name("Größe/12.pdf"), "Größe_12.pdf");
        assert_eq!(name("Schaden/Unfall 2026.pdf"), "Schaden_Unfall 2026.pdf");
        assert_eq!(name("Schaden 12\\2026.pdf"), "Schaden 12_2026.pdf");
        assert_eq!(name("Haus/Hof/Garten.pdf"), "Haus_Hof_Garten.pdf");
        assert_eq!(name("CON"), "_CON");
        assert_eq!(name("./a.pdf"), "a.pdf");
        assert_eq!(name(". . .pdf.txt"), "pdf.txt");
        for empty in [
            "",
            "..",
            "/",
            "...",
            " ",
            "a/",
            "\u{202e}",
            "./.",
            "././",
            "..\\..",
            "\u{a0}\u{3000}",
            ". . .",
            ".pdf",
            "~",
            "\u{200b}.\u{2060}",
        ] {
            assert_eq!(file_name(empty), None, "{empty:?}");
        }
    }

    #[test]
    fn titles_keep_what_stands_between_slashes() {
        assert_eq!(
            file_name_from_title("Re: Schaden 7/2026", "eml").as_deref(),
            Some("Re_ Schaden 7_2026.eml")
        );
        assert_eq!(file_name_from_title("../..", "eml").as_deref(), Some("_.eml"));
        assert_eq!(file_name_from_title("  ", "eml"), None);
        let long = file_name_from_title(&"ß".repeat(500), "eml").unwrap_or_default();
        assert!(long.len() <= NAME_BYTES && long.ends_with("ß.eml"));
    }

    #[test]
    fn long_names_keep_their_extension() {
        let name = file_name(&format!("{}.pdf", "ä".repeat(400))).unwrap_or_default();
        assert!(name.len() <= NAME_BYTES && name.ends_with("ä.pdf"));
    }

    proptest! {
        #[test]
        fn whatever_comes_in(text in "\\PC{0,200}|[./\\\\ a\0\r\n]{0,20}") {
            if let Some(name) = file_name(&text) {
                prop_assert!(!name.is_empty() && name.len() <= NAME_BYTES + 1);
                prop_assert!(!name.contains(['/', '\\', '\0', '\r', '\n', ':']));
                prop_assert!(!name.starts_with('.') && name != "..");
                prop_assert!(!name.chars().any(|c| c.is_control() || is_trick(c)));
            }
            if let Some(name) = file_name_from_title(&text, "eml") {
                prop_assert!(name.ends_with(".eml") && !name.contains(['/', '\\']) && !name.starts_with('.'));
            }
        }
    }
}
