//! Matches patterns against texts: unchanged, normalised, by their look, and line by line. Knows no letter.

use regex::Regex;
use sealpost_mail::{latinised, tidied};

use crate::truth::Truth;

/// Characters that end a line for some reader (Unicode: CR, LF, VT, FF, NEL, LS, PS).
const LINE_ENDS: [char; 7] = ['\r', '\n', '\u{b}', '\u{c}', '\u{85}', '\u{2028}', '\u{2029}'];

/// Whether a pattern matches one of the texts. One match is enough; "no" only if all could be examined.
pub(crate) fn any_matches(patterns: &[Regex], texts: &[String]) -> Truth {
    let mut truth = Truth::No;
    for text in texts {
        match matches(patterns, text) {
            Some(true) => return Truth::Yes,
            Some(false) => {}
            None => {
                truth = Truth::Never(
                    "it is made of characters that stand for many others, too many to be judged".to_owned(),
                );
            }
        }
    }
    truth
}

/// Whether a pattern matches the text unchanged.
pub(crate) fn any_match(patterns: &[Regex], text: &str) -> bool {
    patterns.iter().any(|pattern| pattern.is_match(text))
}

/// A pattern may be meant for the unchanged text, the normalised one, or its look. `None`: its look is too long.
fn matches(patterns: &[Regex], text: &str) -> Option<bool> {
    let any = |text: &str| patterns.iter().any(|pattern| pattern.is_match(text));
    if any(text) {
        return Some(true);
    }
    let tidied = tidied(text)?;
    if (tidied != text && any(&tidied)) || in_other_letters(patterns, &tidied) {
        return Some(true);
    }
    // Only a pattern with line anchors sees lines; above they have become one.
    if !text.contains(LINE_ENDS) || !patterns.iter().any(asks_for_lines) {
        return Some(false);
    }
    let (came, read) = (lines(text, |line| line.to_owned()), lines(text, read_line));
    Some(any(&came) || any(&read) || in_other_letters(patterns, &read))
}

fn asks_for_lines(pattern: &Regex) -> bool {
    let pattern = pattern.as_str();
    pattern.contains(['^', '$', '\n']) || pattern.contains("\\n")
}

/// The text with the one line end that `^` and `$` recognise; mail has another (RFC 5322 §2.3).
fn lines(text: &str, read: impl Fn(&str) -> String) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((line, behind)) = rest.split_once(LINE_ENDS) {
        out.push_str(&read(line));
        out.push('\n');
        let was_cr = rest.get(line.len()..).is_some_and(|end| end.starts_with("\r\n"));
        rest = if was_cr { behind.strip_prefix('\n').unwrap_or(behind) } else { behind };
    }
    out.push_str(&read(rest));
    out
}

/// Blanks around a line are insignificant.
fn read_line(line: &str) -> String {
    tidied(line).unwrap_or_else(|| line.trim().to_owned())
}

/// In Latin letters that look like those of the text; and `größe` in capitals is `GRÖSSE`, which no case folding of `ß`
/// matches in a pattern, and vice versa.
fn in_other_letters(patterns: &[Regex], text: &str) -> bool {
    let any = |text: &str| patterns.iter().any(|pattern| pattern.is_match(text));
    let has_sharp = |text: &str| text.contains(['ß', 'ẞ']);
    (!text.is_ascii() && any(&latinised(text)))
        || (has_sharp(text) && any(&text.replace('ß', "ss").replace('ẞ', "SS")))
        || (patterns.iter().any(|pattern| has_sharp(pattern.as_str()))
            && any(&text.replace("SS", "ß").replace("ss", "ß")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(pattern: &str, text: &str) -> bool {
        matches(&[Regex::new(pattern).unwrap()], text).unwrap()
    }

    #[test]
    fn a_line_is_what_a_reader_takes_for_one() {
        for end in
            ["\r\n", "\n", "\r", "\u{2028}", "\u{2029}", "\u{85}", "\u{b}", "\u{c}", " \t\r\n", "\u{a0}\r\n"]
        {
            for text in [
                format!("x{end}Vertraulich{end}y"),
                format!("Vertraulich{end}y"),
                format!("x{end}Vertraulich{end}"),
                format!("x{end}{end}Vertraulich"),
                format!("x{end}  Ver\u{ad}traulich{end}y"),
                format!("x{end}V\u{435}rtraulich{end}y"),
            ] {
                assert!(found("(?m)^Vertraulich$", &text), "{text:?}");
                assert!(found("(?im)^vertraulich$", &text), "{text:?}");
            }
            assert!(found(r"Diagnose:\nK\d\d", &format!("Diagnose:{end}K12{end}")), "{end:?}");
            assert!(found("(?im)^größe$", &format!("x{end}GRÖSSE{end}y")), "{end:?}");
            assert!(!found("(?m)^Vertraulich$", &format!("x{end}Vertraulich ist das nicht{end}y")));
            assert!(!found(r"\AVertraulich\z", &format!("x{end}Vertraulich{end}y")), "the whole text");
        }
        assert!(!found("(?m)^a$", "ba\r\nab"));
        assert!(found(r"(?m)^a\n\nb$", "a\r\n\r\nb"));
    }
}
