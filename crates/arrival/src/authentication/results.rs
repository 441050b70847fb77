//! Parses `Authentication-Results` (RFC 8601) of a trusted server: whether they prove the domain in From. Who may have
//! written them is decided before; of several fields with that server's name only the topmost counts, because servers
//! add at the top. Pure.

use sealpost_mail::{Address, Head};

const FIELD: &str = "Authentication-Results";

/// Whether the topmost field of this server says that the mail is from this address's domain. An unreadable field above
/// it could be this server's own, broken by what it had to copy: then nothing is proven.
pub(super) fn proves(head: &Head, authserv_id: &str, from: &Address) -> bool {
    for (_, value) in head.fields().filter(|(name, _)| name.eq_ignore_ascii_case(FIELD)) {
        let Some(statements) = statements(&String::from_utf8_lossy(value)) else { return false };
        let Some((id, results)) = statements.split_first() else { return false };
        if id.first().is_some_and(|id| id.eq_ignore_ascii_case(authserv_id)) {
            // A version may follow the name (RFC 8601 §2.2).
            let is_readable = id.len() <= 2 && id.get(1).is_none_or(|version| version == "1");
            return is_readable && says(results, from);
        }
    }
    false
}

fn says(results: &[Vec<String>], from: &Address) -> bool {
    let (domain, mut proven) = (from.domain().as_str(), false);
    for words in results {
        let Some((method, result)) = words.first().and_then(|word| word.split_once('=')) else { continue };
        let method = method.split('/').next().unwrap_or_default().to_ascii_lowercase();
        let pass = result.eq_ignore_ascii_case("pass");
        let names = |property: &str| {
            words.iter().skip(1).any(|word| {
                word.split_once('=').is_some_and(|(key, value)| {
                    let value = value.rsplit('@').next().unwrap_or_default();
                    key.eq_ignore_ascii_case(property) && is_within(domain, value)
                })
            })
        };
        match method.as_str() {
            // The domain's owner has the last word.
            "dmarc" if !pass && !result.eq_ignore_ascii_case("none") => return false,
            "dmarc" if pass => proven |= names("header.from"),
            "dkim" if pass => proven |= names("header.d") || names("header.i"),
            // SPF proves only the reverse-path, and on a shared server it proves that for each customer.
            "spf" if pass => proven |= is_reverse_path(words, from),
            _ => {}
        }
    }
    proven
}

fn is_reverse_path(words: &[String], from: &Address) -> bool {
    words.iter().skip(1).filter_map(|word| word.split_once('=')).any(|(key, value)| {
        let value = value.trim_start_matches('<').trim_end_matches('>');
        key.eq_ignore_ascii_case("smtp.mailfrom")
            && Address::parse(value).is_ok_and(|path| path.identity() == from.identity())
    })
}

/// Whether a domain is this one or below it.
pub(super) fn is_within(domain: &str, parent: &str) -> bool {
    let (domain, parent) = (domain.to_ascii_lowercase(), parent.trim_end_matches('.').to_ascii_lowercase());
    domain == parent
        || (parent.contains('.') && domain.strip_suffix(&parent).is_some_and(|below| below.ends_with('.')))
}

/// The parts between semicolons, each as its words: `key=value` is one, quoted strings are unquoted, comments removed.
/// `None`: a comment or a quoted string is unterminated, so the field is ambiguous.
fn statements(text: &str) -> Option<Vec<Vec<String>>> {
    let mut all = vec![Vec::new()];
    let (mut word, mut depth, mut quoted) = (String::new(), 0_usize, false);
    let mut chars = text.chars();
    let end_word = |word: &mut String, all: &mut Vec<Vec<String>>| {
        if !word.is_empty()
            && let Some(words) = all.last_mut()
        {
            words.push(std::mem::take(word));
        }
    };
    while let Some(c) = chars.next() {
        match c {
            '\\' if depth > 0 || quoted => {
                let escaped = chars.next()?;
                if quoted {
                    word.push(escaped);
                }
            }
            '"' if depth == 0 => quoted = !quoted,
            c if quoted => word.push(c),
            '(' => depth += 1,
            ')' => depth = depth.checked_sub(1)?,
            _ if depth > 0 => {}
            ';' => {
                end_word(&mut word, &mut all);
                all.push(Vec::new());
            }
            c if c.is_whitespace() => end_word(&mut word, &mut all),
            c => word.push(c),
        }
    }
    end_word(&mut word, &mut all);
    (depth == 0 && !quoted).then(|| joined(all))
}

/// Blanks are allowed around `=`.
fn joined(all: Vec<Vec<String>>) -> Vec<Vec<String>> {
    let join = |words: Vec<String>| {
        words.into_iter().fold(Vec::<String>::new(), |mut done, word| {
            match done.last_mut() {
                Some(last) if last.ends_with('=') || word.starts_with('=') => last.push_str(&word),
                Some(_) | None => done.push(word),
            }
            done
        })
    };
    all.into_iter().map(join).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn says_of(fields: &[&str]) -> bool {
        let mut text = String::new();
        for field in fields {
            text.push_str(&format!("Authentication-Results: {field}\r\n"));
        }
        let head = Head::new(format!("{text}From: max@web.example\r\n\r\n").into_bytes()).unwrap();
        proves(&head, "mx.insurer.example", &Address::parse("max@web.example").unwrap())
    }

    #[test]
    fn a_trusted_word_is_read_however_it_is_written() {
        for field in [
            "mx.insurer.example; dmarc=pass header.from=web.example",
            "MX.insurer.example 1; spf=none; dmarc=pass (p=reject) header.from=web.example",
            "mx.insurer.example; dkim=pass (ok; really) header.d=web.example header.s=x",
            "mx.insurer.example; dkim = pass header.i=@web.example",
            "mx.insurer.example;\r\n spf=pass smtp.mailfrom=max@web.example;\r\n dmarc=none",
            "\"mx.insurer.example\"; dmarc=pass reason=\"a; b\" header.from=web.example",
        ] {
            assert!(says_of(&[field]), "{field}");
        }
    }

    #[test]
    fn nobody_elses_word_counts_and_none_about_somebody_else() {
        for field in [
            "mx.evil.example; dmarc=pass header.from=web.example",
            "mx.insurer.example.evil.example; dmarc=pass header.from=web.example",
            "mx.evil.example (mx.insurer.example); dmarc=pass header.from=web.example",
            "mx.insurer.example; dmarc=pass header.from=evil.example",
            "mx.insurer.example; dmarc=fail header.from=web.example; dkim=pass header.d=web.example",
            "mx.insurer.example; dkim=fail header.d=web.example (dkim=pass header.d=web.example)",
            "mx.insurer.example; dkim=pass header.d=customer.web.example",
            "mx.insurer.example; spf=pass smtp.helo=web.example",
            "mx.insurer.example; spf=pass smtp.mailfrom=mallory@web.example",
            "mx.insurer.example; spf=pass smtp.mailfrom=web.example",
            "mx.insurer.example; none",
            "mx.insurer.example (; dmarc=pass header.from=web.example",
            "mx.insurer.example; x=\"; dmarc=pass header.from=web.example",
            "mx.insurer.example and; dmarc=pass header.from=web.example",
            "",
        ] {
            assert!(!says_of(&[field]), "{field}");
        }
    }

    #[test]
    fn what_stands_below_the_servers_own_field_was_brought_along() {
        let (own, brought) = (
            "mx.insurer.example; dmarc=fail header.from=web.example",
            "mx.insurer.example; dmarc=pass header.from=web.example",
        );
        assert!(!says_of(&[own, brought]));
        assert!(says_of(&["other.example; dmarc=fail header.from=web.example", brought]));
    }
}
