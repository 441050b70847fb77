//! Where lines of a letter may break: amounts and account numbers are kept whole, and long addresses break only at
//! their punctuation. Works on markup that is already safe; changes no text.

use std::borrow::Cow;

use sealpost_mail::is_amount;

use crate::reading::markup::Tags;

/// Longer words may break.
const LONG: usize = 24;
/// Without punctuation, this many characters are kept together.
const PIECE: usize = 20;
/// Contract and claim numbers, dates, telephone numbers: `HV-4711-22`.
const NUMBER: usize = 20;
/// German compounds of at least this length may break before these parts, inside tables.
const COMPOUND: usize = 18;
const PARTS: [&str; 12] = [
    "bedingung",
    "beitrag",
    "bescheid",
    "erklärung",
    "gesellschaft",
    "haftpflicht",
    "nummer",
    "rechnung",
    "schaden",
    "versicherer",
    "versicherung",
    "vertrag",
];
/// ISO 13616: length of account numbers.
const IBAN: std::ops::RangeInclusive<usize> = 15..=34;

/// The markup with breaks controlled.
pub(crate) fn minded(markup: &str) -> String {
    let mut out = String::with_capacity(markup.len() + markup.len() / 32);
    // Our own elements are unchanged: targets break where they must.
    let (mut ours, mut cells) = (0_usize, 0_usize);
    let mut copied = 0;
    for tag in Tags::new(markup) {
        let text = markup.get(copied..tag.start).unwrap_or_default();
        out.push_str(&if ours > 0 {
            Cow::Borrowed(text)
        } else {
            words(text, if cells > 0 { Around::Cell } else { Around::Page })
        });
        copied = tag.end;
        let source = markup.get(tag.start..tag.end).unwrap_or_default();
        match (tag.name, tag.closing) {
            ("td" | "th", false) => cells += 1,
            ("td" | "th", true) => cells = cells.saturating_sub(1),
            _ => {}
        }
        let begins = source.contains(" class=\"target\"") || source.contains(" class=\"said\"");
        ours = match (begins, ours, tag.closing) {
            (true, _, false) => 1,
            (_, 0, _) => 0,
            (_, depth, true) => depth - 1,
            (_, depth, false) => depth + 1,
        };
        out.push_str(source);
    }
    out.push_str(&words(markup.get(copied..).unwrap_or_default(), Around::Page));
    out
}

/// The context of a text.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Around {
    /// A cell of a table.
    Cell,
    Page,
}

/// The separator after a word.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Gap {
    Blank(char),
    /// A no-break space.
    NoBreak,
}

/// Words, and the separator after each but the last.
fn split(text: &str) -> (Vec<&str>, Vec<Gap>) {
    const NO_BREAK: &str = "&nbsp;";
    let (mut parts, mut gaps) = (Vec::new(), Vec::new());
    let (mut begin, mut at) = (0, 0);
    while let Some(next) = text.get(at..).and_then(|rest| rest.chars().next()) {
        let (gap, length) = match next {
            ' ' | '\n' => (Gap::Blank(next), 1),
            '\u{a0}' => (Gap::NoBreak, next.len_utf8()),
            '&' if text.get(at..).is_some_and(|rest| rest.starts_with(NO_BREAK)) => {
                (Gap::NoBreak, NO_BREAK.len())
            }
            other => {
                at += other.len_utf8();
                continue;
            }
        };
        parts.push(text.get(begin..at).unwrap_or_default());
        gaps.push(gap);
        at += length;
        begin = at;
    }
    parts.push(text.get(begin..).unwrap_or_default());
    (parts, gaps)
}

/// Some programs put a no-break space between all words of a sentence: an over-long line may break at one. Several in a
/// row are indentation or columns, and all but the last of them stay.
fn loosened(parts: &[&str], gaps: &mut [Gap]) {
    let mut begin = 0;
    while begin < parts.len() {
        let joined = gaps.get(begin..).unwrap_or_default();
        let joined = joined.iter().take_while(|gap| **gap == Gap::NoBreak).count();
        let run = parts.get(begin..=begin + joined).unwrap_or_default();
        if run.iter().map(|word| word.chars().count() + 1).sum::<usize>() > LONG + 1 {
            let mut has_begun = false;
            for at in begin..begin + joined {
                let is_word = |at: usize| parts.get(at).is_some_and(|word| !word.is_empty());
                has_begun |= is_word(at);
                if let Some(gap) = gaps.get_mut(at).filter(|_| has_begun && is_word(at + 1)) {
                    *gap = Gap::Blank(' ');
                }
            }
        }
        begin += joined + 1;
    }
}

fn words(text: &str, around: Around) -> Cow<'_, str> {
    if text.trim().is_empty() {
        return Cow::Borrowed(text);
    }
    let (parts, mut gaps) = split(text);
    loosened(&parts, &mut gaps);
    let mut out = String::with_capacity(text.len() + 16);
    let mut at = 0;
    while let Some(word) = parts.get(at) {
        if at > 0 {
            let before = parts.get(at - 1).copied().unwrap_or_default();
            match gaps.get(at - 1) {
                Some(Gap::Blank(_)) if is_amount(before, word) => out.push_str("&nbsp;"),
                Some(Gap::Blank(blank)) => out.push(*blank),
                Some(Gap::NoBreak) | None => out.push_str("&nbsp;"),
            }
        }
        let groups = groups_of_an_account(parts.get(at..).unwrap_or_default());
        if groups > 1 {
            let together = parts.get(at..at + groups).unwrap_or_default().join(" ");
            out.push_str(&format!("<span class=\"whole\">{together}</span>"));
            at += groups;
            continue;
        }
        out.push_str(&breakable(word, around));
        at += 1;
    }
    Cow::Owned(out)
}

/// How many words make up an account number written in groups of four: `DE89 3704 0044 0532 0130 00`.
fn groups_of_an_account(words: &[&str]) -> usize {
    let is_start = |word: &str| {
        let mut chars = word.chars();
        let mut next = |is: fn(char) -> bool| chars.next().is_some_and(is);
        let upper = |c: char| c.is_ascii_uppercase();
        let digit = |c: char| c.is_ascii_digit();
        word.len() == 4 && next(upper) && next(upper) && next(digit) && next(digit)
    };
    if !words.first().is_some_and(|word| is_start(word)) {
        return 0;
    }
    let is_group = |word: &str| word.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit());
    let (mut count, mut length) = (1, 4);
    for word in words.iter().skip(1) {
        // Punctuation after the last group belongs to the sentence.
        let bare = word.trim_end_matches([',', '.', ';', ')']);
        let fits = !bare.is_empty()
            && bare.len() <= 4
            && is_group(bare)
            && bare.contains(|c: char| c.is_ascii_digit());
        if !fits || length + bare.len() > *IBAN.end() {
            break;
        }
        count += 1;
        length += bare.len();
        if bare.len() < 4 || bare.len() < word.len() {
            break;
        }
    }
    if IBAN.contains(&length) { count } else { 0 }
}

/// A word with break opportunities, if it is long and not an account number; or kept whole, if it is a number with
/// hyphens.
fn breakable(word: &str, around: Around) -> Cow<'_, str> {
    let is_letters = word.trim_end_matches([',', '.', ':', ';']).chars().all(char::is_alphabetic);
    let length = word.chars().count();
    if length <= NUMBER && is_number(word) {
        return Cow::Owned(format!("<span class=\"whole\">{word}</span>"));
    }
    if is_letters && around == Around::Cell && length > COMPOUND {
        return Cow::Owned(compound(word));
    }
    let most = if is_letters { 2 * LONG } else { LONG };
    if length <= most || is_account(word) {
        return Cow::Borrowed(word);
    }
    let mut out = String::with_capacity(word.len() + word.len() / 4);
    let mut since = 0;
    let mut follows_digit = false;
    let mut rest = word;
    while let Some(first) = rest.chars().next() {
        // A character reference is one character.
        let reference = rest.find(';').filter(|end| *end <= 10 && first == '&').map(|end| end + 1);
        let (unit, after) =
            rest.split_at_checked(reference.unwrap_or(first.len_utf8())).unwrap_or((rest, ""));
        out.push_str(unit);
        rest = after;
        since += 1;
        let at_sign = since >= 4
            && matches!(
                unit,
                "/" | "?" | "&amp;" | "=" | "." | "-" | "_" | "@" | ":" | "," | ";" | "+" | "%" | "#"
            );
        let ends_scheme = rest.starts_with('/') && matches!(unit, ":" | "/");
        // `1.234,56`
        let in_number =
            matches!(unit, "." | ",") && follows_digit && rest.starts_with(|c: char| c.is_ascii_digit());
        follows_digit = unit.ends_with(|c: char| c.is_ascii_digit());
        if (at_sign && !in_number || since >= PIECE) && !rest.is_empty() && !ends_scheme {
            out.push_str("<wbr>");
            since = 0;
        }
    }
    Cow::Owned(out)
}

/// Digits and hyphens, and perhaps letters.
fn is_number(word: &str) -> bool {
    let inner = word.trim_end_matches([',', '.', ';', ')', ':']).trim_start_matches('(');
    let is_part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '/' | '.');
    let hyphen = inner.get(1..).is_some_and(|rest| rest.contains('-'));
    hyphen && inner.chars().filter(char::is_ascii_digit).count() >= 2 && inner.chars().all(is_part)
}

/// A compound that may break between its parts, with a hyphen.
fn compound(word: &str) -> String {
    let mut out = word.to_owned();
    for part in PARTS {
        let broken = format!("\u{ad}{part}");
        out = out.replace(part, &broken);
    }
    out.trim_start_matches('\u{ad}').to_owned()
}

/// An account number without blanks.
fn is_account(word: &str) -> bool {
    let bare = word.trim_end_matches([',', '.', ';', ')', ':']);
    let code = bare.get(..2).is_some_and(|code| code.chars().all(|c| c.is_ascii_uppercase()));
    let check = bare.get(2..4).is_some_and(|check| check.chars().all(|c| c.is_ascii_digit()));
    code && check
        && IBAN.contains(&bare.len())
        && bare.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::minded;

    #[test]
    fn amounts_and_accounts_stay_whole() {
        for (markup, wanted) in [
            ("<td>1.234,56 EUR</td>", "<td>1.234,56&nbsp;EUR</td>"),
            (
                "<p>Es sind 1.234,56 €, und 3 % davon (12 CHF).</p>",
                "<p>Es sind 1.234,56&nbsp;€, und 3&nbsp;% davon (12&nbsp;CHF).</p>",
            ),
            ("EUR 17,50 und € 3", "EUR&nbsp;17,50 und €&nbsp;3"),
            ("im Jahr 2026 Euro zahlen", "im Jahr 2026&nbsp;Euro zahlen"),
            ("10 Euros, 5 Autos", "10 Euros, 5 Autos"),
            ("Summe 5,00\nEUR\nund", "Summe 5,00&nbsp;EUR\nund"),
            (
                "IBAN DE89 3704 0044 0532 0130 00, Bank",
                "IBAN <span class=\"whole\">DE89 3704 0044 0532 0130 00,</span> Bank",
            ),
            ("DE89370400440532013000", "DE89370400440532013000"),
            ("CH93 0076 2011 6238 5295 7", "<span class=\"whole\">CH93 0076 2011 6238 5295 7</span>"),
            ("AB12 und 2026", "AB12 und 2026"),
            ("<b>a</b> <i>b</i>", "<b>a</b> <i>b</i>"),
            (
                "HV-4711-22, und E-Mail 2-3",
                "<span class=\"whole\">HV-4711-22,</span> und E-Mail <span class=\"whole\">2-3</span>",
            ),
            (
                "<td>Kraftfahrzeughaftpflichtversicherung</td>",
                "<td>Kraftfahrzeug\u{ad}haftpflicht\u{ad}versicherung</td>",
            ),
            ("Kraftfahrzeughaftpflichtversicherung", "Kraftfahrzeughaftpflichtversicherung"),
        ] {
            assert_eq!(minded(markup), wanted);
        }
    }

    #[test]
    fn sentences_of_no_break_spaces_end_lines_between_words() {
        for (markup, wanted) in [
            ("Ihre&nbsp;Schadenmeldung&nbsp;vom&nbsp;Montag", "Ihre Schadenmeldung vom Montag"),
            ("Selbstbehalt&nbsp;500,00&nbsp;EUR&nbsp;je&nbsp;Fall", "Selbstbehalt 500,00&nbsp;EUR je Fall"),
            ("Ihre\u{a0}Schadenmeldung\u{a0}vom\u{a0}Montag", "Ihre Schadenmeldung vom Montag"),
            ("12.345,67&nbsp;EUR", "12.345,67&nbsp;EUR"),
            ("Dr.&nbsp;Anna Muster, Frau&nbsp;Huber", "Dr.&nbsp;Anna Muster, Frau&nbsp;Huber"),
            ("&nbsp;&nbsp;eingerückt", "&nbsp;&nbsp;eingerückt"),
            (
                "&nbsp;&nbsp;Beitrag&nbsp;&nbsp;&nbsp;&nbsp;zwölf&nbsp;Monate&nbsp;",
                "&nbsp;&nbsp;Beitrag&nbsp;&nbsp;&nbsp; zwölf Monate&nbsp;",
            ),
            (
                "bis&nbsp;DE89&nbsp;3704&nbsp;0044&nbsp;0532&nbsp;0130&nbsp;00",
                "bis <span class=\"whole\">DE89 3704 0044 0532 0130 00</span>",
            ),
        ] {
            assert_eq!(minded(markup), wanted);
        }
    }

    #[test]
    fn long_words_break_within_no_number() {
        let broken = minded("Gesamtforderung:=12.345.678,90EUR/Vertragsjahr");
        assert!(broken.contains("12.345.678,90"), "{broken}");
    }

    #[test]
    fn long_addresses_break_at_their_signs() {
        assert_eq!(
            minded("https://insurer.example/schaden/2026/formular?nr=1&amp;x=2"),
            "https://<wbr>insurer.<wbr>example/<wbr>schaden/<wbr>2026/<wbr>formular?<wbr>nr=1&amp;<wbr>x=2"
        );
        assert_eq!(minded("Haftpflichtversicherungsbedingungen"), "Haftpflichtversicherungsbedingungen");
        assert_eq!(minded(&"x".repeat(60)).matches("<wbr>").count(), 2);
        assert_eq!(minded("kurz.kurz/kurz"), "kurz.kurz/kurz");
        let target = format!("<span class=\"target\" dir=\"ltr\">{}</span>", "a.".repeat(30));
        assert_eq!(minded(&target), target);
        let said = format!("<a class=\"said\" href=\"x\">{}</a>b", "a.".repeat(30));
        assert_eq!(minded(&said), said);
    }
}
