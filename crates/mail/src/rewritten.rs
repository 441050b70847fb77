//! Recovers texts that programs encoded once too often, also nested: UTF-8 read as a code page, HTML entities, encoded-words,
//! percent, quoted-printable, and reversed letters. For rules; never for display. Knows no fields.

use std::collections::HashMap;

use thiserror::Error;

use crate::{charset, html, transfer, word_readings};

/// How often one text was read in the wrong code page.
const MAX_TIMES: usize = 3;

/// Nesting depth of encodings, and number of candidate texts: what programs do by mistake, they do twice.
const MAX_DEEP: usize = 4;
const MAX_TEXTS: usize = 24;
/// Bytes of all candidates, once there are any: a long text costs no more than its first few readings.
const MAX_BYTES: usize = 32 * 1024;

/// Bytes that may be decoded per letter, over all fields and names: a letter that needs more is not honest.
const MAX_PER_LETTER: usize = 4 * 1024 * 1024;
/// Fixed cost of examining a text, in bytes.
const EACH: usize = 256;
/// Fixed cost of a stored text, in bytes.
const KEPT: usize = 64;

/// Earlier forms of the texts of one letter, each text examined once, all within a limit.
#[derive(Debug)]
pub struct Layers {
    left: usize,
    known: HashMap<String, Vec<String>>,
    pages: Option<Vec<HashMap<char, u8>>>,
}

/// There are more nested encodings than are examined: nothing can be ruled out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("it has more in codes within codes than can be looked at")]
pub struct TooLayered;

impl Default for Layers {
    fn default() -> Self {
        Self::up_to(MAX_PER_LETTER)
    }
}

impl Layers {
    /// With another limit.
    #[must_use]
    pub fn up_to(most: usize) -> Self {
        Self { left: most, known: HashMap::new(), pages: None }
    }

    /// What is left of the limit, in bytes.
    #[must_use]
    pub fn left(&self) -> usize {
        self.left
    }

    /// Its possible earlier forms, each once, without the text itself. The text is expected to be short.
    pub(crate) fn before(&mut self, text: &str) -> Result<Vec<String>, TooLayered> {
        // Most texts are not encoded, and cost only this check.
        if text.is_ascii() && !text.contains(['&', '=', '%']) && !has_shift(text) {
            return Ok(Vec::new());
        }
        if let Some(known) = self.known.get(text) {
            return Ok(known.clone());
        }
        let mut all: Vec<String> = Vec::new();
        let mut from = 0;
        for _ in 0..MAX_DEEP {
            let to = all.len();
            let mut found: Vec<String> = Vec::new();
            if from == 0 && to == 0 {
                self.once(text, &mut |one| found.push(one))?;
            }
            for one in all.get(from..to).unwrap_or_default() {
                self.once(one, &mut |earlier| found.push(earlier))?;
            }
            for one in found {
                if one != text && !all.contains(&one) && all.len() < MAX_TEXTS {
                    all.push(one);
                }
            }
            if all.len() == to || all.iter().map(String::len).sum::<usize>() > MAX_BYTES {
                break;
            }
            from = to;
        }
        // Texts that are kept until the letter is judged take memory beyond what `memory` reserves for it.
        self.pays(all.iter().map(|one| one.len().saturating_add(KEPT)).sum())?;
        self.known.insert(text.to_owned(), all.clone());
        Ok(all)
    }

    fn once(&mut self, text: &str, add: &mut dyn FnMut(String)) -> Result<(), TooLayered> {
        self.pays(EACH.saturating_add(text.len()))?;
        once(text, &mut self.pages, add);
        Ok(())
    }

    fn pays(&mut self, cost: usize) -> Result<(), TooLayered> {
        let left = self.left.checked_sub(cost);
        self.left = left.unwrap_or(0);
        left.map(drop).ok_or(TooLayered)
    }
}

/// The texts one encoding away, with at most a limited number of misreadings of one kind.
fn once(text: &str, pages: &mut Option<Vec<HashMap<char, u8>>>, add: &mut dyn FnMut(String)) {
    if !text.is_ascii() {
        for bytes_of in pages.get_or_insert_with(|| charset::GUESSES.into_iter().map(code_page).collect()) {
            let mut one = text.to_owned();
            for _ in 0..MAX_TIMES {
                let Some(earlier) = misread(&one, bytes_of) else { break };
                one = earlier;
                add(one.clone());
            }
        }
    }
    if text.contains('&') {
        add(html::html_to_text(text));
    }
    if text.contains("=?") {
        word_readings::readings(text.as_bytes()).into_iter().for_each(&mut *add);
    }
    if has_shift(text) {
        add(charset::decode(text.as_bytes(), Some("utf-7")));
    }
    for mark in ['%', '='] {
        if has_escape(text, mark) {
            let text = text.replace('+', " ");
            let escaped = if mark == '%' { text.replace('=', "=3D").replace('%', "=") } else { text };
            add(charset::decode(&transfer::quoted_printable_escapes(escaped.as_bytes()), None));
        }
    }
    if text.contains(TURNS) {
        add(turned(text, |c| c));
        add(turned(text, in_a_mirror));
    }
}

/// Whether a part of it may be UTF-7 (RFC 2152) without being labelled as such: `pers+APY-nlich`.
fn has_shift(text: &str) -> bool {
    text.split('+').skip(1).any(|rest| {
        let digits = rest.bytes().take_while(|b| b.is_ascii_alphanumeric() || *b == b'/').count();
        digits >= 3 && rest.as_bytes().get(digits) == Some(&b'-')
    })
}

/// The characters of a code page beyond ASCII, and their bytes.
fn code_page(label: &str) -> HashMap<char, u8> {
    let decoded = |byte: u8| Some((charset::decode_as(&[byte], label).chars().next()?, byte));
    (0x80..=0xff).filter_map(decoded).collect()
}

/// Decodes every run of characters whose bytes are UTF-8. `None`: there is no such run.
fn misread(text: &str, bytes_of: &HashMap<char, u8>) -> Option<String> {
    let mut out = String::with_capacity(text.len());
    let mut run: (String, Vec<u8>) = (String::new(), Vec::new());
    let mut changed = false;
    let mut flush = |run: &mut (String, Vec<u8>), out: &mut String| {
        let (letters, bytes) = std::mem::take(run);
        match String::from_utf8(bytes) {
            Ok(earlier) if !letters.is_empty() => {
                changed = true;
                out.push_str(&earlier);
            }
            Ok(_) | Err(_) => out.push_str(&letters),
        }
    };
    for c in text.chars() {
        match bytes_of.get(&c) {
            Some(byte) => {
                run.0.push(c);
                run.1.push(*byte);
            }
            None => {
                flush(&mut run, &mut out);
                out.push(c);
            }
        }
    }
    flush(&mut run, &mut out);
    changed.then_some(out)
}

fn has_escape(text: &str, mark: char) -> bool {
    text.match_indices(mark).any(|(at, _)| {
        text.get(at + 1..at + 3).is_some_and(|digits| digits.bytes().all(|b| b.is_ascii_hexdigit()))
    })
}

/// Right-to-left override: the following text is displayed reversed, with mirrored brackets (UAX #9 §2.2, §2.6 and L4).
const TURNS: char = '\u{202e}';
const TURNS_BACK: [char; 2] = ['\u{202c}', '\u{202d}'];

/// Some programs reverse letters and mirror brackets, some only reverse.
fn turned(text: &str, mirrored: impl Fn(char) -> char) -> String {
    let mut pieces = text.split(TURNS);
    let mut out = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        let end = piece.find(TURNS_BACK).unwrap_or(piece.len());
        let (inside, rest) = piece.split_at_checked(end).unwrap_or((piece, ""));
        out.extend(inside.chars().rev().map(&mirrored));
        out.push_str(rest);
    }
    out
}

fn in_a_mirror(c: char) -> char {
    match c {
        '[' => ']',
        ']' => '[',
        '(' => ')',
        ')' => '(',
        '{' => '}',
        '}' => '{',
        '<' => '>',
        '>' => '<',
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::{Layers, TooLayered};

    fn before(text: &str) -> Vec<String> {
        Layers::default().before(text).unwrap()
    }

    #[test]
    fn the_work_of_one_letter_is_bounded_and_a_text_is_looked_at_once() {
        let nested = |n: usize| format!("=?utf-8?Q?=3D=3Futf-8=3FQ=3F{n}=26#91;=3F=3D?=");
        let (most, mut seen) = (1_000_000, 0);
        let mut layers = Layers::up_to(most);
        let spent = loop {
            let left = layers.left();
            match layers.before(&nested(seen)) {
                Ok(texts) => assert!(!texts.is_empty() && layers.left() < left),
                Err(TooLayered) => break most - left,
            }
            let left = layers.left();
            assert!(layers.before(&nested(seen)).is_ok() && layers.left() == left, "once");
            seen += 1;
        };
        assert!(seen > 50 && spent <= most, "{seen} texts for {spent}");
        assert_eq!(layers.left(), 0, "and none after that");
        assert_eq!(layers.before(&nested(seen)), Err(TooLayered));
        assert_eq!(layers.before("nothing in codes, C++-Kurs + Haus, +49-30"), Ok(Vec::new()));
    }

    #[test]
    fn a_text_is_read_as_it_was_before() {
        // At most this many encodings are removed, however many there are.
        assert!(before(&"%26amp;%253D=3D=?x&#37;Ã".repeat(300)).len() <= super::MAX_TEXTS);
        for (text, was) in [
            ("[persÃ¶nlich] x", "[persönlich] x"),
            ("[persÃƒÂ¶nlich] x", "[persönlich] x"),
            ("[persÃƒÆ’Ã‚Â¶nlich] x", "[persönlich] x"),
            ("[pers√∂nlich]", "[persönlich]"),
            ("[pers├Ânlich]", "[persönlich]"),
            ("[pers&ouml;nlich] A &amp; B", "[persönlich] A & B"),
            ("&#91;geheim&#93;", "[geheim]"),
            ("%5Bstreng+vertraulich%5D", "[streng vertraulich]"),
            ("[pers+APY-nlich] x", "[persönlich] x"),
            ("+AFs-vertraulich+AF0- Schaden", "[vertraulich] Schaden"),
            ("%5Bpers%C3%B6nlich%5D 3=4", "[persönlich] 3=4"),
            ("[pers=C3=B6nlich]", "[persönlich]"),
            ("Re: \u{202e}]hcilnösrep[\u{202c} x", "Re: [persönlich]\u{202c} x"),
            ("Re: \u{202e}[hcilnösrep]\u{202c} x", "Re: [persönlich]\u{202c} x"),
            ("=?utf-8?B?W2dlaGVpbV0=?=", "[geheim]"),
            ("\"=?utf-8?Q?=5Bgeheim=5D_x?=\"", "\"[geheim] x\""),
            ("=?utf-8?B?PT91dGYtOD9CP1cyZGxhR1ZwYlYwPT89?=", "[geheim]"),
            ("%255Bgeheim%255D", "[geheim]"),
            ("&amp;#91;geheim&amp;#93;", "[geheim]"),
            ("=?utf-8?Q?=26#91;geheim=26#93;?=", "[geheim]"),
            ("%26%2391;pers%26ouml;nlich%26%2393;", "[persönlich]"),
        ] {
            assert!(before(text).iter().any(|one| one == was), "{text}: {:?}", before(text));
        }
        for text in ["", "Schaden 12 % von 40", "Größe — ä", "A=B", "[vertraulich]"] {
            assert!(before(text).is_empty(), "{text}: {:?}", before(text));
        }
    }
}
