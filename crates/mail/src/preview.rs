//! The first words of a letter, as shown below its subject in a list. Reads only the beginning of one part;
//! knows no list.

use crate::body::{self, Body};
use crate::display::one_line;
use crate::parts::Part;

/// Characters; more than the widest list shows.
const MAX_CHARS: usize = 90;
/// Bytes of the text that are examined.
const MAX_LOOKED_AT: usize = 4 * 1024;

/// The first words of the body; `None` if it has none.
pub(crate) fn of(parts: &[Part<'_>], body: &Body) -> Option<String> {
    let block = body.blocks.first()?;
    let first = block.plain.first().or(block.html.first())?;
    let text = body::first_of_text(parts.get(*first)?);
    if text.trim_start().starts_with("-----BEGIN PGP MESSAGE-----") {
        return None;
    }
    first_words(&text)
}

/// The first words of a text that were not written for programs.
#[must_use]
pub fn first_words(text: &str) -> Option<String> {
    let end = text.char_indices().map(|(at, _)| at).find(|at| *at >= MAX_LOOKED_AT).unwrap_or(text.len());
    let said = text.get(..end)?.lines().filter(|line| says_something(line));
    let line = one_line(&said.collect::<Vec<_>>().join(" "));
    let words = line.split_whitespace().collect::<Vec<_>>().join(" ");
    let (short, is_cut) = match words.char_indices().nth(MAX_CHARS) {
        None => (words.as_str(), false),
        Some((at, _)) => (words.get(..at)?, true),
    };
    // Cut at the end of a word, where there is one.
    let short = match short.rsplit_once(' ') {
        Some((whole, _)) if is_cut => whole,
        Some(_) | None => short,
    };
    (!short.is_empty()).then(|| short.to_owned())
}

/// Whether it is neither a quotation nor a drawn line.
fn says_something(line: &str) -> bool {
    !line.starts_with('>') && line.chars().any(char::is_alphanumeric)
}

#[cfg(test)]
mod tests {
    use crate::letter::Letter;

    fn preview(letter: &str) -> Option<String> {
        Letter::parse(letter.replace('\n', "\r\n").as_bytes()).unwrap().summary().preview
    }

    #[test]
    fn the_first_words_are_those_that_are_read_first() {
        for (letter, words) in [
            ("Subject: x\n\nGuten Tag\n\nIhr  Schaden\tvom 3. Mai\n", "Guten Tag Ihr Schaden vom 3. Mai"),
            ("Subject: x\n\n> Sie schrieben:\n> etwas\n-----\nJa.\n", "Ja."),
            (
                "Subject: x\nContent-Type: text/html; charset=utf-8\n\n<html><head><style>p{color:red}</style><title>t</title></head><p>Gr&uuml;&szlig;e</p><p>aus Köln</p>",
                "Grüße aus Köln",
            ),
            (
                "Subject: x\nContent-Type: text/plain; charset=iso-8859-1\nContent-Transfer-Encoding: quoted-printable\n\nM=FCller\n",
                "Müller",
            ),
            (
                "Subject: x\nContent-Type: multipart/alternative; boundary=b\n\n--b\nContent-Type: text/plain\n\nText\n--b\nContent-Type: text/html\n\n<p>Page</p>\n--b--\n",
                "Text",
            ),
        ] {
            assert_eq!(preview(letter).as_deref(), Some(words), "{letter}");
        }
    }

    /// They are words of the text that the letter's page shows, whatever that is made of.
    #[test]
    fn the_first_words_are_those_of_the_model() {
        for (letter, words) in [
            (
                "Subject: x\n\nAnbei:\n\nbegin 0644 Mein Bericht.txt\n21W+#ML.?92!I;2!!;FAA;F<*\n`\nend\n\nGruß\n",
                "Anbei: Gruß",
            ),
            (
                "Subject: x\nContent-Type: text/plain; format=flowed; delsp=yes\n\nein lan \nges Wort, sch \naden/4711\n",
                "ein langes Wort, schaden/4711",
            ),
            (
                "Subject: x\nContent-Type: text/enriched\n\nGanz <color><param>red</param>rot</color> und <<klar\n",
                "Ganz rot und <klar",
            ),
            (
                "Subject: x\nContent-Type: text/html\n\n<p style=\"display:none\">Nicht zu sehen</p><p>Zu sehen</p>",
                "Zu sehen",
            ),
            ("Subject: x\nContent-Type: text/rtf\n\n{\\rtf1\\ansi Guten Tag\\par}\n", "Guten Tag"),
        ] {
            assert_eq!(preview(letter).as_deref(), Some(words), "{letter}");
        }
    }

    /// A file that begins in what is looked at and ends behind it is not read as text.
    #[test]
    fn a_long_file_in_the_text_is_none_of_its_words() {
        let letter = format!(
            "Subject: x\n\nAnbei:\n\nbegin 644 a.txt\n{}`\nend\n\nGruß\n",
            "M86)C9&5F9VAI:FML;6YO<'%R<W1U=G=X>7IA8F-D969G:&EJ:VQM;F]P<7)S\n".repeat(2000)
        );
        assert_eq!(preview(&letter).as_deref(), Some("Anbei:"));
    }

    #[test]
    fn it_is_short_and_ends_with_a_word() {
        let long = preview(&format!("Subject: x\n\n{}\n", "Versicherung ".repeat(1000))).unwrap();
        assert!(long.chars().count() <= super::MAX_CHARS && long.ends_with("Versicherung"), "{long}");
        let one = preview(&format!("Subject: x\n\n{}\n", "ä".repeat(100_000))).unwrap();
        assert_eq!(one.chars().count(), super::MAX_CHARS);
    }

    #[test]
    fn where_nothing_can_be_read_there_are_no_words() {
        for letter in [
            "Subject: x\n\n\n",
            "Subject: x\n\n-----BEGIN PGP MESSAGE-----\n\nhQEMA\n-----END PGP MESSAGE-----\n",
            "Subject: x\nContent-Type: application/pdf\n\n%PDF\n",
        ] {
            assert_eq!(preview(letter), None, "{letter}");
        }
    }

    #[test]
    fn nothing_in_it_plays_tricks() {
        let words = preview("Subject: x\n\nGuten\u{202e} Tag\u{7}\n").unwrap();
        assert!(!words.contains(['\u{202e}', '\u{7}']), "{words:?}");
    }
}
