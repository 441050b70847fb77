//! Field names with characters that are not allowed in them (RFC 5322 §3.6.8), and what they look like. Knows no field.

use crate::skeleton::{as_seen, skeleton};

/// No field has a longer name.
const MAX: usize = 200;

/// What the name of a malformed field line looks like, and the text after its colon.
pub(crate) fn field(raw: &[u8]) -> Option<(String, &[u8])> {
    let colon = raw.iter().take(MAX).position(|b| *b == b':')?;
    let name = raw.get(..colon)?;
    let value = raw.get(colon + 1..)?;
    let name = match std::str::from_utf8(name) {
        Ok(name) => shape(name),
        Err(_latin_1) => shape(&name.iter().copied().map(char::from).collect::<String>()),
    };
    Some((name, value.strip_suffix(b"\r\n").unwrap_or(value)))
}

/// A name as it looks, without any white space.
pub(crate) fn shape(name: &str) -> String {
    skeleton(name).chars().filter(|c| !c.is_whitespace()).collect()
}

/// The beginning of field names to search for, by letters and digits alone.
pub(crate) struct Start(String);

impl Start {
    pub(crate) fn of(start: &str) -> Self {
        Self(letters(start))
    }

    /// Whether the name of this line looks as if it began like this, at any length: obsolete syntax allows spaces
    /// before the colon (RFC 5322 §4.5.8).
    pub(crate) fn begins(&self, raw: &[u8]) -> bool {
        let Some(colon) = raw.iter().position(|b| *b == b':') else { return false };
        let name = String::from_utf8_lossy(raw.get(..colon).unwrap_or_default());
        let at_a_glance: String = name.chars().map(|c| if c == 'I' { 'l' } else { as_seen(c) }).collect();
        let looks_so = |name: &str| letters(name).starts_with(&self.0);
        looks_so(&name) || (at_a_glance != name && looks_so(&at_a_glance))
    }
}

/// Lower-cased again: a letter of another script may look like a capital.
fn letters(name: &str) -> String {
    shape(name).chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use crate::head::Head;
    use crate::rewritten::Layers;

    #[test]
    fn a_name_that_only_looks_right_is_heard_too() {
        for name in [
            "Sensi\u{200b}tivity",
            "Sensi\u{ad}tivity",
            "\u{2060}Sensitivity\u{feff}",
            "S\u{435}nsitivity",
            "\u{ff33}ensitivity",
            "SENS\u{0406}TIVITY",
            "Sensi\u{1}tivity",
            "Sensi tivity",
            "Sensi\u{a0}tivity",
        ] {
            let text =
                format!("From: a@x.example\r\n{name}: Company-Confidential\r\nTo: b@x.example\r\n\r\n");
            let head = Head::new(text.into_bytes()).unwrap();
            assert_eq!(
                head.readings("Sensitivity", &mut Layers::default()).unwrap(),
                ["Company-Confidential"],
                "{name:?}"
            );
            assert_eq!(head.count("sensitivity"), 1, "{name:?}");
        }
        let latin_1 = [b"Sensi\xadtivity: private\r\n".as_slice(), b"\r\n"].concat();
        assert_eq!(
            Head::new(latin_1).unwrap().readings("Sensitivity", &mut Layers::default()).unwrap(),
            ["private"]
        );
    }

    #[test]
    fn other_lines_stay_other_lines() {
        let text = "From a@x.example Mon Mar  2 08:00:00 2026\r\nEmpfindlichkeit\u{e4}: private\r\n: private\r\n\
                    Sensitivities\u{200b}: private\r\nno field\r\n\r\n";
        let head = Head::new(text.as_bytes().to_vec()).unwrap();
        assert_eq!(head.readings("Sensitivity", &mut Layers::default()).unwrap(), [""; 0]);
        assert_eq!((head.count("From"), head.count("X")), (0, 0));
    }

    /// A second visible From is one too many, whatever characters its name contains.
    #[test]
    fn a_second_author_is_no_author() {
        let head =
            Head::new("From: a@x.example\r\nFr\u{200b}om: b@x.example\r\n\r\n".as_bytes().to_vec()).unwrap();
        assert!(head.from_address().is_err());
    }

    #[test]
    fn of_a_tag_within_itself_nothing_is_left() {
        for depth in 1..20 {
            for inner in ["[secure]", "[S\u{395}CURE]"] {
                let (before, behind) = ("[s".repeat(depth), "ecure]".repeat(depth));
                let text = format!("Subject: {before}{inner}{behind} Zahlung\r\n\r\n");
                let head = Head::new(text.into_bytes()).unwrap().without_subject_like("[secure]");
                let left = head.subject().unwrap_or_default();
                assert!(
                    !left.to_lowercase().contains("[secure]") && !left.contains('\u{395}'),
                    "{depth}: {left}"
                );
            }
        }
    }

    #[test]
    fn a_tag_that_is_not_ours_goes_in_whatever_letters() {
        for subject in [
            "[S\u{395}CUR\u{395}] Zahlung",
            "[SE\u{3f9}URE] Zahlung",
            "[se\u{3f2}ure] Zahlung",
            "[SECUR\u{13ac}] Zahlung",
            "[SECU\u{13d2}E] Zahlung",
            "[\u{54f}ecure] Zahlung",
            "[s\u{1eb9}cure] Zahlung",
            "[secu\u{1e5b}e] Zahlung",
            "[s\u{332}e\u{332}c\u{332}u\u{332}r\u{332}e\u{332}] Zahlung",
            "[s\u{200a}ecure] Zahlung",
            "[sec\u{2800}ure] Zahlung",
            "[s[S\u{395}CURE]ecure] Zahlung",
        ] {
            let head = Head::new(format!("Subject: {subject}\r\n\r\n").into_bytes()).unwrap();
            assert_eq!(head.without_subject_like("[secure]").subject().unwrap(), "Zahlung", "{subject}");
        }
        for subject in ["Zahlung [sicher]", "Re: \u{395}\u{3bb}\u{3bb}\u{3b7}\u{3bd}", "secure Zahlung"] {
            let head = Head::new(format!("Subject: {subject}\r\n\r\n").into_bytes()).unwrap();
            assert_eq!(head.without_subject_like("[secure]"), head, "{subject}");
        }
    }

    #[test]
    fn a_field_that_looks_like_ours_goes_in_whatever_letters() {
        for name in [
            "\u{3a7}-Sealpost-Result",
            "\u{3c7}-sealpost-x",
            "X-S\u{395}ALPOST-RESULT",
            "X-\u{54f}ealpost-Result",
            "X-SeaIpost-Result",
        ] {
            let before =
                Head::new(format!("{name}: encrypted=yes\r\nSubject: x\r\n\r\n").into_bytes()).unwrap();
            assert_eq!(before.without_names_like("xsealpost").count("Subject"), 1, "{name}");
            assert!(
                !before.without_names_like("xsealpost").as_bytes().windows(9).any(|w| w == b"encrypted"),
                "{name}"
            );
        }
    }

    #[test]
    fn a_subject_of_ours_goes_where_readers_look() {
        let head =
            Head::new("Sub\u{200b}ject: x\r\n\r\n".as_bytes().to_vec()).unwrap().with_subject_tag("[ext]");
        assert!(head.as_bytes().starts_with(b"Subject: [ext]\r\n"), "{:?}", head.subject());
    }
}
