//! What of a server's reply may be kept when the letter is long gone: which server it was, its codes, and the name under which
//! it knows the letter. Never its words, which quote addresses and subjects.

use sealpost_mail::EnhancedCode;

use crate::outcome::{Outcome, Reason, Whose};

/// The reply of a next hop.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FinalReply {
    /// The server that replied; `None`: none was reached.
    pub host: Option<String>,
    /// Its reply code, if any.
    pub code: Option<u16>,
    /// Its enhanced code, or ours.
    pub enhanced: Option<EnhancedCode>,
    /// Its id of the accepted letter, as in its operator's log.
    pub queue_id: Option<String>,
}

impl FinalReply {
    /// From an attempt, as far as a server replied.
    pub(crate) fn of(outcome: &Outcome) -> Self {
        let refused = |reason: &Reason| match &reason.whose {
            Whose::Server(host) => Self {
                host: host.clone(),
                code: Some(reason.code),
                enhanced: Some(reason.enhanced),
                queue_id: None,
            },
            Whose::Ours => Self { enhanced: Some(reason.enhanced), ..Self::default() },
        };
        match outcome {
            Outcome::Delivered { reply, host, .. } => Self {
                host: Some(host.clone()),
                code: Some(reply.code),
                enhanced: reply.enhanced,
                queue_id: queue_id(&reply.text),
            },
            Outcome::Later(reason) | Outcome::Never(reason) | Outcome::Loop(reason) => refused(reason),
        }
    }
}

/// There is no common form: the id follows "queued as" (Postfix), "id=" (Exim), "InternalId=" (Exchange) or "qp" (qmail), or is at
/// the end after the time (Gmail). All other text is dropped: it may contain anything.
fn queue_id(text: &str) -> Option<String> {
    let words: Vec<&str> =
        text.split([' ', ',', ';', '[', ']', '(', ')']).filter(|word| !word.is_empty()).collect();
    let after = |mark: &[&str]| {
        let at = words
            .windows(mark.len())
            .position(|some| some.iter().zip(mark).all(|(word, marked)| word.eq_ignore_ascii_case(marked)))?;
        words.get(at + mark.len()).copied()
    };
    let named = words.iter().find_map(|word| {
        let (name, value) = word.split_once('=')?;
        ["id", "internalid"].contains(&name.to_ascii_lowercase().as_str()).then_some(value)
    });
    let by_mark = after(&["queued", "as"]).or(named).or_else(|| after(&["qp"]));
    // "2.0.0 OK  1699999999 4fb4d7f45d1cf-5a2b3c - gsmtp"
    let by_end = match words.as_slice() {
        [.., seconds, id, "-", "gsmtp"] if seconds.bytes().all(|byte| byte.is_ascii_digit()) => Some(*id),
        _other => None,
    };
    let id = by_mark.or(by_end)?.trim_end_matches(['.', ':', '>']).trim_start_matches('<');
    let is_one = (4..=80).contains(&id.len())
        && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-'))
        && id.bytes().any(|byte| byte.is_ascii_digit());
    is_one.then(|| id.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn servers_say_by_which_name_they_know_a_letter() {
        for (text, id) in [
            ("2.0.0 Ok: queued as 4CxyZ1Abc", Some("4CxyZ1Abc")),
            ("2.0.0 from MTA(smtp:[127.0.0.1]:10025): 250 2.0.0 Ok: queued as 9F31C2", Some("9F31C2")),
            ("OK id=1rXyZ9-0004aB-2C", Some("1rXyZ9-0004aB-2C")),
            (
                "2.6.0 <x@insurer.example> [InternalId=38482906985, Hostname=MX1.example] Queued mail for delivery",
                Some("38482906985"),
            ),
            ("ok 1699999999 qp 12345", Some("12345")),
            ("2.0.0 OK  1699999999 4fb4d7f45d1cf-5a2b3c - gsmtp", Some("4fb4d7f45d1cf-5a2b3c")),
            ("2.0.0 OK", None),
            ("2.0.0 Thank you for \"Ihr Unfall 2024-4711\"", None),
            ("2.0.0 Ok: queued as max@web.example", None),
            ("2.0.0 Ok: queued as MaxMustermann", None),
            ("", None),
        ] {
            assert_eq!(queue_id(text).as_deref(), id, "{text}");
        }
    }
}
