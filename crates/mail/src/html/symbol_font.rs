//! Replaces characters in Wingdings by the Unicode characters they display. Word writes them as ordinary letters, so
//! that without the font `J` appears for a smiley and `§` for a bullet. Knows no other font and changes no other word.

/// A run of such characters is short; longer ones are words in the wrong font.
const MAX_RUN: usize = 4;

/// The markup with Wingdings characters replaced.
pub(crate) fn with_signs(markup: String) -> String {
    if !markup.as_bytes().windows(9).any(|window| window.eq_ignore_ascii_case(b"wingdings")) {
        return markup;
    }
    let mut out = String::with_capacity(markup.len() + 16);
    for (number, piece) in markup.split('<').enumerate() {
        if number > 0 {
            out.push('<');
        }
        let tag = piece.split_once('>').filter(|(tag, _)| number > 0 && names_it(tag));
        match tag.and_then(|(tag, text)| Some((tag, signs(text)?))) {
            Some((tag, signs)) => out.extend([tag, ">", &signs]),
            None => out.push_str(piece),
        }
    }
    out
}

/// `<span style='font-family:Wingdings'`, and not the fonts 2 and 3.
fn names_it(tag: &str) -> bool {
    let tag = tag.to_ascii_lowercase();
    let opens = ["span", "font"].iter().any(|name| tag.starts_with(name));
    opens && tag.split("wingdings").nth(1).is_some_and(|rest| !rest.starts_with([' ', '2', '3']))
}

/// The whole text in Unicode, if it consists of such characters only.
fn signs(text: &str) -> Option<String> {
    let bare = text.trim();
    let plain = entity(bare).map_or_else(|| bare.to_owned(), String::from);
    if plain.is_empty() || plain.chars().count() > MAX_RUN {
        return None;
    }
    let found: String = plain.chars().map(sign).collect::<Option<String>>()?;
    Some(text.replacen(bare, &found, 1))
}

/// One character written as an entity, as Word does.
fn entity(text: &str) -> Option<char> {
    let name = text.strip_prefix('&')?.strip_suffix(';')?;
    match name {
        "sect" => Some('§'),
        "agrave" => Some('à'),
        "egrave" => Some('è'),
        "uuml" => Some('ü'),
        "ucirc" => Some('û'),
        "thorn" => Some('þ'),
        "yacute" => Some('ý'),
        "Oslash" => Some('Ø'),
        "uml" => Some('¨'),
        "eth" => Some('ð'),
        "szlig" => Some('ß'),
        _ => name.strip_prefix('#')?.parse().ok().and_then(char::from_u32),
    }
}

fn sign(c: char) -> Option<char> {
    // In the private use area by some programs ([MS-OE376], symbol fonts).
    let c = match u32::from(c) {
        code @ 0xf020..=0xf0ff => char::from_u32(code - 0xf000).unwrap_or(c),
        _ => c,
    };
    Some(match c {
        'J' => '☺',
        'L' => '☹',
        'F' => '☞',
        '(' => '☎',
        '*' => '✉',
        'l' => '●',
        'n' => '■',
        'o' | '¨' => '□',
        'q' => '❑',
        'v' => '❖',
        '§' => '▪',
        'Ø' => '➢',
        'ü' => '✓',
        'û' => '✗',
        'þ' => '☑',
        'x' | 'ý' => '☒',
        'à' | 'è' => '→',
        'ß' => '←',
        'ð' => '⇨',
        '«' => '★',
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn signs_are_what_they_are_meant_to_be() {
        for (markup, meant) in [
            (
                "<p>Gut <span style='font-family:Wingdings'>J</span></p>",
                "<p>Gut <span style='font-family:Wingdings'>☺</span></p>",
            ),
            (
                "<SPAN STYLE=\"FONT-FAMILY:Wingdings\">&agrave;</SPAN>",
                "<SPAN STYLE=\"FONT-FAMILY:Wingdings\">→</SPAN>",
            ),
            ("<font face=\"Wingdings\">&#252;</font>x", "<font face=\"Wingdings\">✓</font>x"),
            (
                "<span style='font-family:Wingdings;mso-list:Ignore'>§<span style='font:7pt \"Times\"'>&nbsp; </span></span>§ 5",
                "<span style='font-family:Wingdings;mso-list:Ignore'>▪<span style='font:7pt \"Times\"'>&nbsp; </span></span>§ 5",
            ),
        ] {
            assert_eq!(with_signs(markup.to_owned()), meant);
        }
        for same in [
            "<p>J</p>",
            "<span style='font-family:Wingdings'>Guten Tag</span> Wingdings J",
            "<span style='font-family:\"Wingdings 2\"'>J</span>",
            "<style>.w{font-family:Wingdings}</style><b>J</b>",
            "<span style='font-family:Wingdings'></span>J",
        ] {
            assert_eq!(with_signs(same.to_owned()), same);
        }
    }

    proptest! {
        #[test]
        fn arbitrary_markup_never_panics(markup in "(<span wingdings>|<font wingdings|>|<|J|ü|&sect;|x){0,12}") {
            let _ = with_signs(markup);
        }
    }
}
