//! A text as it was before a program wrote it in another code once too often: UTF-8 taken for a code page, entities of
//! pages, per cent, quoted-printable, and letters turned round. For rules; never for showing. Knows no fields.

use std::collections::HashMap;

use crate::{charset, html, transfer};

/// How often one text was taken for another code page.
const MAX_TIMES: usize = 3;

/// What it may have been, each once, without the text itself. The text is expected to be short.
pub(crate) fn before(text: &str) -> Vec<String> {
    let mut all: Vec<String> = Vec::new();
    let mut add = |one: String| {
        if one != text && !all.contains(&one) {
            all.push(one);
        }
    };
    if !text.is_ascii() {
        for guess in charset::GUESSES {
            let bytes_of = code_page(guess);
            let mut one = text.to_owned();
            for _ in 0..MAX_TIMES {
                let Some(earlier) = misread(&one, &bytes_of) else { break };
                one = earlier;
                add(one.clone());
            }
        }
    }
    if text.contains('&') {
        add(html::html_to_text(text));
    }
    for mark in ['%', '='] {
        if has_escape(text, mark) {
            let text = text.replace('+', " ");
            let escaped = if mark == '%' { text.replace('=', "=3D").replace('%', "=") } else { text };
            add(charset::decode(&transfer::quoted_printable_escapes(escaped.as_bytes()), None));
        }
    }
    if text.contains(TURNS) {
        add(turned(text));
    }
    all
}

/// The high characters of a code page and their bytes.
fn code_page(label: &str) -> HashMap<char, u8> {
    let decoded = |byte: u8| Some((charset::decode_as(&[byte], label).chars().next()?, byte));
    (0x80..=0xff).filter_map(decoded).collect()
}

/// Every run of characters whose bytes are UTF-8 as what that says. `None`: there is no such run.
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

/// From here on, letters are shown from right to left; up to there (UAX #9, §2.2 and §2.6).
const TURNS: char = '\u{202e}';
const TURNS_BACK: [char; 2] = ['\u{202c}', '\u{202d}'];

fn turned(text: &str) -> String {
    let mut pieces = text.split(TURNS);
    let mut out = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        let end = piece.find(TURNS_BACK).unwrap_or(piece.len());
        let (inside, rest) = piece.split_at_checked(end).unwrap_or((piece, ""));
        out.extend(inside.chars().rev());
        out.push_str(rest);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::before;

    #[test]
    fn a_text_is_read_as_it_was_before() {
        for (text, was) in [
            ("[persÃ¶nlich] x", "[persönlich] x"),
            ("[persÃƒÂ¶nlich] x", "[persönlich] x"),
            ("[persÃƒÆ’Ã‚Â¶nlich] x", "[persönlich] x"),
            ("[pers√∂nlich]", "[persönlich]"),
            ("[pers├Ânlich]", "[persönlich]"),
            ("[pers&ouml;nlich] A &amp; B", "[persönlich] A & B"),
            ("&#91;geheim&#93;", "[geheim]"),
            ("%5Bstreng+vertraulich%5D", "[streng vertraulich]"),
            ("%5Bpers%C3%B6nlich%5D 3=4", "[persönlich] 3=4"),
            ("[pers=C3=B6nlich]", "[persönlich]"),
            ("Re: \u{202e}]hcilnösrep[\u{202c} x", "Re: [persönlich]\u{202c} x"),
        ] {
            assert!(before(text).iter().any(|one| one == was), "{text}: {:?}", before(text));
        }
        for text in ["", "Schaden 12 % von 40", "Größe — ä", "A=B", "[vertraulich]"] {
            assert!(before(text).is_empty(), "{text}: {:?}", before(text));
        }
    }
}
