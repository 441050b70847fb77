//! Removes `Authentication-Results` from outside that claim to be the operator's own (RFC 8601 §5). A server inside
//! trusts them by their name alone. Knows no method and trusts nothing.

use sealpost_mail::{Head, skeleton};

/// Letters and digits only: a reader that accepts `Authentication_Results` must not find it either.
const FIELDS: [&str; 2] = ["authenticationresults", "xoriginalauthenticationresults"];

/// The head without the fields that carry one of these names.
pub(super) fn without_ours(head: &Head, names: &[String]) -> Head {
    head.without_fields(|field, value| {
        let letters: String =
            field.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect();
        FIELDS.contains(&letters.as_str()) && claims(&String::from_utf8_lossy(value), names)
    })
}

/// Whether any reader could find one of the names where a field names its server: before the first semicolon, however
/// it is quoted, commented or folded; in a field without one, anywhere.
fn claims(value: &str, names: &[String]) -> bool {
    let bare = |text: &str| -> String {
        skeleton(text).chars().filter(|c| !c.is_whitespace() && !matches!(c, '"' | '\\')).collect()
    };
    let start = value.split(';').next().unwrap_or(value);
    // A comment may contain the semicolon.
    let start = if start.contains('(') { value } else { start };
    let start = bare(start);
    names.iter().any(|name| start.contains(&bare(name)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_that_bear_our_name_go_and_others_stay() {
        let names = ["gate.insurer.example".to_owned(), "mx.insurer.example".to_owned()];
        let fields = |text: &str| {
            let head = Head::new(format!("{text}\r\nSubject: x\r\n\r\n").into_bytes()).unwrap();
            without_ours(&head, &names).fields().count()
        };
        for ours in [
            "Authentication-Results: mx.insurer.example; dmarc=pass header.from=clinic.example",
            "authentication-results: MX.Insurer.Example 1; spf=pass",
            "Authentication-Results:\r\n mx.insurer.example;\r\n\tdkim=pass",
            "Authentication-Results: \"mx.insurer.example\"; dkim=pass",
            "Authentication-Results: (a;b) mx.insurer.example; dkim=pass",
            "Authentication-Results: mx.insurer(x).example; dkim=pass mx.insurer.example",
            "Authentication_Results: gate.insurer.example; dkim=pass",
            "Authentication-Results : gate.insurer.example; none",
            "X-Original-Authentication-Results: mx.insurer.example; dkim=pass",
        ] {
            assert_eq!(fields(ours), 1, "{ours}");
        }
        for others in [
            "Authentication-Results: mx.elsewhere.example; dkim=pass header.d=mx.insurer.example",
            "ARC-Authentication-Results: i=1; mx.insurer.example; dkim=pass",
            "X-Other: mx.insurer.example",
        ] {
            assert_eq!(fields(others), 2, "{others}");
        }
    }
}
