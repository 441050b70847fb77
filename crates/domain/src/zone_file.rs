//! Lines of a zone file (RFC 1035 §5.1). Knows no configuration and makes no queries.

/// A TXT record. RFC 1035 §3.3.14: strings of at most 255 octets, which readers concatenate.
#[must_use]
pub fn txt(name: &str, text: &str) -> String {
    let octets: Vec<char> = text.chars().collect();
    let strings: Vec<String> =
        octets.chunks(250).map(|piece| quoted(&piece.iter().collect::<String>())).collect();
    match strings.as_slice() {
        [one] => format!("{name}. IN TXT {one}"),
        several => format!("{name}. IN TXT ( {} )", several.join(" ")),
    }
}

/// Any other record, whose data is written unchanged.
#[must_use]
pub fn line(name: &str, kind: &str, data: &str) -> String {
    format!("{name}. IN {kind} {data}")
}

fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_texts_are_several_strings() {
        assert_eq!(txt("a.example", "v=spf1 -all"), "a.example. IN TXT \"v=spf1 -all\"");
        let long = txt("a.example", &"x".repeat(400));
        assert!(long.contains("( \"") && long.ends_with("\" )"), "{long}");
        assert!(long.split('"').all(|part| part.len() <= 255));
    }
}
