//! The one address of a From field, read so strictly that no other parser can read another.
//!
//! SECURITY: differing readings of one From (several mailboxes, comments inside addresses, encoded-words
//! as local parts) let a sender appear as another. What two parsers could read differently is refused.

use mail_parser::parsers::MessageStream;

use crate::address::Address;

/// The address of a raw From value, if the value has exactly one mailbox and exactly one reading.
pub(crate) fn one_address(raw: &[u8]) -> Option<Address> {
    let unfolded: Vec<u8> = raw.iter().copied().filter(|b| !matches!(b, b'\r' | b'\n')).collect();
    let text = String::from_utf8_lossy(&unfolded);
    let spec = addr_spec(&text)?;
    // An encoded-word as local part is read differently by readers that decode it and readers that do not.
    if spec.contains("=?") || spec.contains('\u{fffd}') {
        return None;
    }
    let address = Address::parse(&spec).ok()?;
    agrees(raw, &address, &spec).then_some(address)
}

/// Extracts the addr-spec of `mailbox` (RFC 5322 §3.4); `None` for groups, lists and anything ambiguous.
fn addr_spec(text: &str) -> Option<String> {
    let mut outside = String::new();
    let mut angle: Option<String> = None;
    let mut closed = false;
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        let inside = angle.is_some() && !closed;
        match c {
            '"' => {
                let mut quoted = String::from('"');
                loop {
                    let next = chars.next()?;
                    quoted.push(next);
                    match next {
                        '\\' => quoted.push(chars.next()?),
                        '"' => break,
                        _ => {}
                    }
                }
                if closed {
                    return None;
                }
                match &mut angle {
                    Some(spec) => spec.push_str(&quoted),
                    None => outside.push_str(&quoted),
                }
            }
            '(' if inside => return None,
            '(' => {
                let mut depth = 1_u8;
                while depth > 0 {
                    match chars.next()? {
                        '\\' => drop(chars.next()?),
                        '(' => depth = depth.checked_add(1).filter(|d| *d <= 10)?,
                        ')' => depth -= 1,
                        _ => {}
                    }
                }
                // A comment separates words like a space; within an address it is refused below.
                outside.push(' ');
            }
            ')' => return None,
            '<' if angle.is_none() => angle = Some(String::new()),
            '>' if inside => closed = true,
            '<' | '>' => return None,
            ',' | ';' | ':' if !in_literal(if inside { angle.as_deref()? } else { &outside }) => return None,
            c if c.is_control() && c != '\t' => return None,
            c if closed => {
                if !c.is_ascii_whitespace() {
                    return None;
                }
            }
            c => match &mut angle {
                Some(spec) => spec.push(c),
                None => outside.push(c),
            },
        }
    }
    let outside = outside.trim();
    let Some(spec) = angle else {
        return (!has_bare_space(outside)).then(|| outside.to_owned());
    };
    let spec = spec.trim();
    // `a@b <c@d>`: harmless only if both are the same address.
    let unquoted_at = outside.contains('@') && !(outside.starts_with('"') && outside.ends_with('"'));
    if !closed || has_bare_space(spec) || (unquoted_at && !outside.eq_ignore_ascii_case(spec)) {
        return None;
    }
    Some(spec.to_owned())
}

/// Whether an address literal is open at the end of `text`: colons belong to it.
fn in_literal(text: &str) -> bool {
    match (text.rfind("@["), text.rfind(']')) {
        (Some(open), Some(close)) => open > close,
        (Some(_), None) => true,
        _ => false,
    }
}

/// White space outside a quoted-string.
fn has_bare_space(text: &str) -> bool {
    let mut quoted = false;
    let mut escaped = false;
    for c in text.chars() {
        match c {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            c if c.is_whitespace() && !quoted => return true,
            _ => {}
        }
    }
    false
}

/// Whether mail-parser, with which letters are shown, reads the same. It drops the quotes of quoted local
/// parts, so those are left to the grammar above.
fn agrees(raw: &[u8], address: &Address, spec: &str) -> bool {
    if spec.starts_with('"') {
        return true;
    }
    let mut line = raw.to_vec();
    line.extend_from_slice(b"\r\n");
    let value = MessageStream::new(&line).parse_address();
    let Some(list) = value.as_address() else { return false };
    // `a@b <a@b>` was handled above.
    list.iter().filter_map(|one| one.address()).all(|one| {
        Address::parse(one).is_ok_and(|other| other == *address)
            || one.eq_ignore_ascii_case(&format!("{spec}{spec}"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn from(raw: &str) -> Option<String> {
        one_address(raw.as_bytes()).map(|a| a.to_path())
    }

    #[test]
    fn ordinary_forms_are_read() {
        for raw in [
            " max@insurer.example",
            " <max@insurer.example>",
            " Max Muster <max@insurer.example>",
            " \"Muster, Max\" <max@insurer.example>",
            " \"max@other.example\" <max@insurer.example>",
            " =?utf-8?Q?J=C3=BCrgen?=\r\n <max@insurer.example>",
            " Jürgen <max@insurer.example>",
            " max@insurer.example (Cron Daemon)",
            " Max (Sales \\) (EU)) <max@insurer.example> (x)",
            " max@insurer.example <max@insurer.example>",
            " Dr. Max M. Muster <max@insurer.example>",
        ] {
            assert_eq!(from(raw).as_deref(), Some("max@insurer.example"), "{raw:?}");
        }
        assert_eq!(from(" <\"a b\"@d.example>").as_deref(), Some("\"a b\"@d.example"));
        assert_eq!(from(" x <a@[IPv6:2001:db8::1]>").as_deref(), Some("a@[ipv6:2001:db8::1]"));
    }

    #[test]
    fn what_can_be_read_in_two_ways_is_refused() {
        for raw in [
            "",
            " Max",
            " a@x.example, b@x.example",
            " <a@x.example> <b@x.example>",
            " a@x.example <b@x.example>",
            " a@x.example b@x.example",
            " <a@x.example>, b@x.example",
            " <a@x.example> b@x.example",
            " group: a@x.example;",
            " undisclosed:;",
            " <@relay.example:a@x.example>",
            " a(comment)@x.example",
            " <a@x.example(comment)>",
            " a@(b@y.example)x.example",
            " =?utf-8?Q?a=40x.example=3E?=@y.example",
            " \"open <a@x.example>",
            " (open <a@x.example>",
            " <a@x.example",
            " a@x.example>",
            " a@b@x.example",
            " a@x.example\0",
            " <a@x.example>;",
        ] {
            assert_eq!(from(raw), None, "{raw:?}");
        }
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_never_panic(raw in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = one_address(&raw);
        }

        #[test]
        fn arbitrary_punctuation_never_panics(raw in "[a@<>()\"\\\\,;:. =?\\[\\]]{0,30}") {
            let _ = one_address(raw.as_bytes());
        }
    }
}
