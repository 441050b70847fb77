//! A tag's words among a few others, or abbreviated, in the position of a tag: `[Bitte vertraulich behandeln]`, `Streng
//! vertraulich: …`, `[vertr.]`, `--- vertraulich ---`. Knows neither rules nor typing errors; both texts are in the
//! form of `skeleton`.

use sealpost_mail::{is_bracket, skeleton};

/// More words in brackets are a sentence.
const MAX_WORDS: usize = 5;
/// Longer text in brackets is a sentence too, and is ignored.
const MAX_INSIDE: usize = 120;
/// Minimum letters of an abbreviation: of a single word, and of each of several.
const MIN_LETTERS: usize = 4;
const MIN_OF_SEVERAL: usize = 3;
/// Words that join two words of one label: "private and confidential".
const JOINED: [&str; 6] = ["und", "and", "&", "+", "/", "u"];
/// Words asking the reader to treat a letter so. Round brackets are ordinary punctuation: inside them only these count.
const ASKED: [&str; 7] = ["behandeln", "behandelt", "halten", "treat", "handle", "keep", "traiter"];
/// Separators after a label in words; as shown by `skeleton`. A dash needs a blank on one side.
const COLONS: [char; 7] = [':', ';', ',', '!', '|', '\u{b7}', '\u{2022}'];
const DASHES: [char; 5] = ['-', '/', '\u{2013}', '\u{2014}', '\u{30fc}'];

/// Whether the subject, without the prefixes of mail programs in `rest`, carries the words so.
pub(crate) fn carries(core: &str, subject: &str, rest: &str) -> bool {
    in_brackets(core, subject) || announced(core, rest) || fenced(core, subject)
}

/// `[Bitte vertraulich behandeln]`, `[vertr.]`, `(bitte vertraulich behandeln)`.
fn in_brackets(core: &str, subject: &str) -> bool {
    let opened = subject.match_indices(is_bracket).filter(|(_, bracket)| !is_closing(bracket));
    opened.into_iter().any(|(at, bracket)| {
        let behind = subject.get(at + bracket.len()..).unwrap_or_default();
        let Some(end) = behind.char_indices().take(MAX_INSIDE).find(|(_, c)| is_bracket(*c)) else {
            return false;
        };
        let inside = behind.get(..end.0).unwrap_or_default();
        let words: Vec<&str> = words(inside).collect();
        let is_whole = has_words(&words, core) && words.len() <= MAX_WORDS.max(count(core) + 2);
        match bracket {
            "(" => is_whole && is_asked(&words),
            _ => is_whole || is_short_for(&words, core),
        }
    })
}

fn is_closing(bracket: &str) -> bool {
    matches!(bracket, ")" | "]" | "}" | ">")
}

fn is_asked(words: &[&str]) -> bool {
    words.iter().any(|word| ASKED.iter().any(|asked| *word == skeleton(asked)))
}

/// `Streng vertraulich: Schaden 7`, `Private and confidential - Schaden`, `VERTRAULICH -`, `Schaden, streng
/// vertraulich`, and `Streng vertraulich` alone: the text between separators is the label and hardly more.
fn announced(core: &str, rest: &str) -> bool {
    let segments: Vec<Vec<&str>> = segments(rest)
        .into_iter()
        .map(|one| words(one).collect::<Vec<_>>())
        .filter(|one| !one.is_empty())
        .collect();
    let is_one_of_several = segments.len() > 1;
    let last = segments.len().saturating_sub(1);
    segments.iter().enumerate().any(|(number, words)| match number {
        0 if is_one_of_several && has_words(words, core) && is_asked(words) => words.len() <= MAX_WORDS,
        0 => is_label(words, core),
        _ if number == last => is_label(words, core),
        _ => words.len() == count(core) && has_words(words, core),
    })
}

/// The tag's words, preceded by one more, or one joined to them.
fn is_label(words: &[&str], core: &str) -> bool {
    let Some(more) = words.len().checked_sub(count(core)) else { return false };
    let is_joined = words.get(1).is_some_and(|word| JOINED.contains(word));
    has_words(words.get(more..).unwrap_or_default(), core) && (more <= 1 || more == 2 && is_joined)
}

/// The text between separators; a dash or bar separates only if it does not join two words.
fn segments(rest: &str) -> Vec<&str> {
    let mut segments = Vec::new();
    let mut start = 0;
    let mut before = None;
    for (at, c) in rest.char_indices() {
        let behind = rest.get(at + c.len_utf8()..).unwrap_or_default();
        let is_free = before == Some(' ') || behind.is_empty() || behind.starts_with(' ');
        // "persönlich- und Haftpflichtversicherung" is one word split in two.
        let is_cut = || {
            before != Some(' ') && behind.split_whitespace().next().is_some_and(|word| JOINED.contains(&word))
        };
        // A vertical bar looks like an l.
        let is_stroke = c == 'l' && before == Some(' ') && behind.starts_with(' ');
        if COLONS.contains(&c) || is_stroke || (DASHES.contains(&c) && is_free && !is_cut()) {
            segments.push(rest.get(start..at).unwrap_or_default());
            start = at + c.len_utf8();
        }
        before = Some(c);
    }
    segments.push(rest.get(start..).unwrap_or_default());
    segments
}

/// `--- vertraulich ---`, `== vertraulich ==`, `>> vertraulich <<`: two marks or more on both sides.
fn fenced(core: &str, subject: &str) -> bool {
    let is_fence = |marks: &mut dyn Iterator<Item = char>| {
        let run: Vec<char> = marks.take(2).collect();
        let is_mark = |c: &char| !c.is_alphanumeric() && !c.is_whitespace();
        // Two hyphens may have become one dash.
        run.first().is_some_and(|c| DASHES.contains(c) && *c != '-')
            || run.len() == 2 && run.iter().all(is_mark)
    };
    subject.match_indices(core).any(|(at, core)| {
        let before = subject.get(..at).unwrap_or_default().trim_end();
        let behind = subject.get(at + core.len()..).unwrap_or_default().trim_start();
        is_fence(&mut before.chars().rev()) && is_fence(&mut behind.chars())
    })
}

/// The tag's words, each abbreviated: `vertr.`, `str. vertr.`.
fn is_short_for(words: &[&str], core: &str) -> bool {
    let wanted: Vec<&str> = core.split(' ').collect();
    let least = if wanted.len() > 1 { MIN_OF_SEVERAL } else { MIN_LETTERS };
    let is_short =
        |(word, wanted): (&&str, &&str)| word.chars().count() >= least && wanted.starts_with(*word);
    words.len() == wanted.len() && words.iter().zip(&wanted).all(is_short)
}

fn has_words(words: &[&str], core: &str) -> bool {
    let wanted: Vec<&str> = core.split(' ').collect();
    words.windows(wanted.len()).any(|some| some == wanted)
}

fn count(core: &str) -> usize {
    core.split(' ').count()
}

/// Words without surrounding punctuation; a sign that joins two counts as a word.
fn words(text: &str) -> impl Iterator<Item = &str> {
    let bare = |word: &'_ str| -> bool { JOINED.contains(&word) || word.contains(char::is_alphanumeric) };
    text.split_whitespace()
        .map(
            |word| {
                if JOINED.contains(&word) { word } else { word.trim_matches(|c: char| !c.is_alphanumeric()) }
            },
        )
        .filter(move |word| bare(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(core: &str, subject: &str) -> bool {
        let subject = skeleton(subject);
        carries(&skeleton(core), &subject, &subject)
    }

    #[test]
    fn the_words_where_a_tag_would_stand() {
        for subject in [
            "[Bitte vertraulich behandeln] Schaden 7",
            "Schaden 7 [bitte streng vertraulich]",
            "{ bitte vertraulich } Schaden",
            "(bitte vertraulich behandeln) Schaden",
            "[vertr.] Schaden 7",
            "[VERTR] Schaden 7",
            "[vertraul.] Schaden 7",
            "Streng vertraulich: Schaden 7",
            "STRENG VERTRAULICH - Schaden 7",
            "Privat und vertraulich: Schaden 7",
            "STRENG VERTRAULICH",
            "Persönlich und vertraulich",
            "STRENG VERTRAULICH!!! Schaden",
            "Achtung! Vertraulich! Schaden",
            "Bitte vertraulich behandeln: Schaden",
            "Schaden 7 - streng vertraulich",
            "Schaden 7, streng vertraulich",
            "Schaden 7 | vertraulich",
            "vertraulich \u{b7} Schaden",
            "VERTRAULICH -",
            "VERTRAULICH -Schaden 7",
            "Vertraulich- Schaden 7",
            "--- vertraulich ---",
            "---vertraulich--- Schaden 7",
            "Schaden 7 == vertraulich ==",
            ">> vertraulich << Schaden 7",
            "\u{2014} vertraulich \u{2014} Schaden",
        ] {
            assert!(found("vertraulich", subject), "{subject}");
        }
        assert!(found("streng vertraulich", "[str. vertr.] Schaden"));
        assert!(found("confidential", "Private & confidential: claim 7"));
    }

    #[test]
    fn the_words_in_a_sentence_are_none() {
        for subject in [
            "Bitte vertraulich behandeln",
            "Wie vertraulich sind E-Mails?",
            "Unser Gespräch war vertraulich, danke dafür",
            "Vertraulich-Stempel bestellen",
            "Nicht mehr vertraulich: Studie freigegeben",
            "[Vertrieb] Umsätze",
            "(vertr.) Frau Maier",
            "[ver] x",
            "Protokoll (als vertraulich eingestufter Teil)",
        ] {
            assert!(!found("vertraulich", subject), "{subject}");
        }
        assert!(!found("persönlich", "Unterlagen (bitte persönlich abholen)"));
        assert!(!found("persönlich", "Persönlich- und Haftpflichtversicherung"));
    }

    #[test]
    fn a_subject_of_brackets_takes_no_time() {
        for text in ["[", "[vertr ", "- ", "[]", "--vertraulich"] {
            found("vertraulich", &text.repeat(20_000));
        }
    }
}
