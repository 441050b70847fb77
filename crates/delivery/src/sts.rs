//! Parses an MTA-STS policy (RFC 8461 §3.2), and matches servers with it. Fetches nothing.

use std::time::Duration;

use thiserror::Error;

use crate::tls_session::SHOWN;

/// RFC 8461 §3.2: "plaintext non-negative integer seconds; maximum value of 31557600".
const MAX_AGE: u64 = 31_557_600;
/// Larger than any policy (§3.3).
const MAX_BYTES: usize = 64 * 1024;
/// Limit on patterns; further ones are ignored.
const MAX_SERVERS: usize = 256;
/// The longest host name (RFC 1035 §2.3.4, without the final dot and the root's length octet).
const MAX_NAME: usize = 253;

/// A domain's requirements on senders.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Policy {
    /// Deliver to these only, and only over verified TLS.
    Enforce(Servers),
    /// Deliver as usual, and report what `Enforce` would have refused (RFC 8461 §5, "testing").
    Testing(Servers),
    /// MTA-STS is off: letters are sent as without it.
    Off,
}

impl Policy {
    /// The servers it names.
    pub(crate) fn servers(&self) -> &[String] {
        match self {
            Self::Enforce(servers) | Self::Testing(servers) => servers.patterns(),
            Self::Off => &[],
        }
    }
}

/// Patterns of the names of servers; never empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Servers(Vec<String>);

impl Servers {
    /// As published.
    pub(crate) fn patterns(&self) -> &[String] {
        &self.0
    }

    /// RFC 8461 §4.1: a wildcard matches the leftmost label, and only one.
    pub(crate) fn allow(&self, host: &str) -> bool {
        self.0.iter().any(|pattern| match pattern.strip_prefix("*.") {
            None => pattern.eq_ignore_ascii_case(host),
            Some(parent) => host
                .split_once('.')
                .is_some_and(|(label, rest)| !label.is_empty() && rest.eq_ignore_ascii_case(parent)),
        })
    }
}

/// Why a text is not a policy.
#[derive(Debug, Error, PartialEq, Eq)]
pub(crate) enum PolicyError {
    #[error("the policy has more than 64 KiB")]
    TooLong,
    #[error("the policy is not text")]
    NoText,
    #[error("the policy has no {0}, or an unreadable one")]
    Field(&'static str),
}

/// Parses a policy and its lifetime.
pub(crate) fn read(text: &[u8]) -> Result<(Policy, Duration), PolicyError> {
    if text.len() > MAX_BYTES {
        return Err(PolicyError::TooLong);
    }
    let text = std::str::from_utf8(text).map_err(|_binary| PolicyError::NoText)?;
    let (mut version, mut mode, mut age, mut servers) = (None, None, None, Vec::new());
    for line in text.lines() {
        let Some((name, value)) = line.split_once(':') else { continue };
        let value = value.trim();
        match name.trim() {
            // §3.2: of a repeated field the first counts, except for mx.
            "version" => version = version.or(Some(value)),
            "mode" => mode = mode.or(Some(value)),
            "max_age" => age = age.or(Some(value)),
            // A pattern that no host name matches names no server.
            "mx" if servers.len() < MAX_SERVERS => servers.extend(pattern(value)),
            // §3.2: unknown fields are ignored.
            _ => {}
        }
    }
    if version != Some("STSv1") {
        return Err(PolicyError::Field("version: STSv1"));
    }
    let seconds = age.filter(|age| age.len() <= 10 && age.bytes().all(|byte| byte.is_ascii_digit()));
    let seconds: u64 = seconds.and_then(|age| age.parse().ok()).ok_or(PolicyError::Field("max_age"))?;
    let age = Duration::from_secs(seconds.min(MAX_AGE));
    match mode {
        Some("enforce") if servers.is_empty() => Err(PolicyError::Field("mx")),
        Some("enforce") => Ok((Policy::Enforce(Servers(servers)), age)),
        Some("testing") if !servers.is_empty() => Ok((Policy::Testing(Servers(servers)), age)),
        Some("testing" | "none") => Ok((Policy::Off, age)),
        Some(_) | None => Err(PolicyError::Field("mode")),
    }
}

/// The pattern of a host's name, or of the names right below one (§3.2 sts-policy-mx-value); `None`: it is none.
fn pattern(value: &str) -> Option<String> {
    let pattern = value.strip_suffix('.').unwrap_or(value).to_ascii_lowercase();
    let labels = pattern.strip_prefix("*.").unwrap_or(&pattern);
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
    };
    (pattern.len() <= MAX_NAME && labels.split('.').all(is_label)).then_some(pattern)
}

/// A policy's lines for reports to its domain (RFC 8460 §4.4); excess lines, and any that are not text, are
/// omitted.
pub(crate) fn lines(text: &[u8]) -> Vec<String> {
    let mut room = SHOWN;
    let printable = |line: &&str| !line.is_empty() && line.bytes().all(|byte| (b' '..=b'~').contains(&byte));
    let fits = |line: &&str| {
        let fits = line.len() <= room;
        room = if fits { room - line.len() } else { 0 };
        fits
    };
    let text = String::from_utf8_lossy(text);
    text.lines().map(str::trim).filter(printable).take_while(fits).map(str::to_owned).collect()
}

/// The id in a domain's `_mta-sts` record (§3.1); `None` if there is no record, or more than one.
pub(crate) fn id(texts: &[String]) -> Option<String> {
    let mut records = texts
        .iter()
        .filter(|text| text.strip_prefix("v=STSv1").is_some_and(|rest| rest.trim_start().starts_with(';')));
    let (Some(record), None) = (records.next(), records.next()) else { return None };
    let id = record.split(';').find_map(|field| field.trim().strip_prefix("id="))?.trim();
    let is_id = !id.is_empty() && id.len() <= 32 && id.bytes().all(|byte| byte.is_ascii_alphanumeric());
    is_id.then(|| id.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "version: STSv1\r\nmode: enforce\r\nmx: mail.clinic.example\r\nmx: *.net.example\r\nmax_age: 604800\r\n";

    #[test]
    fn a_policy_names_servers_and_a_time() {
        let (policy, age) = read(GOOD.as_bytes()).unwrap();
        assert_eq!(age, Duration::from_secs(604_800));
        let Policy::Enforce(servers) = policy else { panic!("{policy:?}") };
        for allowed in ["mail.clinic.example", "MAIL.clinic.example", "a.net.example"] {
            assert!(servers.allow(allowed), "{allowed}");
        }
        for other in
            ["clinic.example", "x.mail.clinic.example", "net.example", "a.b.net.example", ".net.example", ""]
        {
            assert!(!servers.allow(other), "{other}");
        }
    }

    #[test]
    fn line_ends_order_and_unknown_fields_do_not_matter() {
        let odd = "max_age: 99999999999\nfuture: x\nmode: enforce\nmode: none\nmx: a.example.\nversion: STSv1\nno colon";
        // Eleven digits are more than §3.2 allows.
        assert_eq!(read(odd.as_bytes()), Err(PolicyError::Field("max_age")));
        let odd = odd.replace("99999999999", "9999999999");
        let (policy, age) = read(odd.as_bytes()).unwrap();
        assert_eq!(
            (policy, age.as_secs()),
            (Policy::Enforce(Servers(vec!["a.example".to_owned()])), MAX_AGE)
        );
    }

    #[test]
    fn a_pattern_is_that_of_host_names() {
        let long = format!("mx: {}.example", "a.".repeat(130));
        let odd = [
            "mx: a b.example",
            "mx: \u{1b}[31m.example",
            "mx: a..example",
            "mx: *",
            "mx: *.*.example",
            "mx:",
            &long,
        ];
        for odd in odd {
            let (policy, _age) = read(GOOD.replace("mx: *.net.example", odd).as_bytes()).unwrap();
            assert_eq!(policy.servers(), ["mail.clinic.example"], "{odd}");
        }
        let none = GOOD.replace("mx: mail.clinic.example\r\nmx: *.net.example", "mx: ?");
        assert_eq!(read(none.as_bytes()), Err(PolicyError::Field("mx")), "none is left: it is no policy");
    }

    #[test]
    fn none_asks_for_nothing_and_testing_names_servers() {
        let none = GOOD.replace("enforce", "none");
        assert_eq!(read(none.as_bytes()).unwrap().0, Policy::Off);
        let testing = GOOD.replace("enforce", "testing");
        assert!(
            matches!(read(testing.as_bytes()).unwrap().0, Policy::Testing(servers) if servers.allow("a.net.example"))
        );
    }

    #[test]
    fn what_is_shown_of_a_policy_is_text_and_not_too_much() {
        let shown = lines(format!("{GOOD}\u{1b}[31m: x\n\n{}", "mx: a.example\n".repeat(1000)).as_bytes());
        assert_eq!(shown.first().map(String::as_str), Some("version: STSv1"));
        assert!(shown.iter().all(|line| line.is_ascii() && !line.contains('\u{1b}')));
        assert!(shown.iter().map(String::len).sum::<usize>() <= SHOWN);
        assert_eq!(lines(b"\xff\xfe"), Vec::<String>::new());
    }

    #[test]
    fn what_is_no_policy() {
        for bad in [
            String::new(),
            GOOD.replace("STSv1", "STSv2"),
            GOOD.replace("enforce", "Enforce!"),
            GOOD.replace("604800", "-1"),
            GOOD.replace("604800", "1e3"),
            GOOD.replace("max_age", "maximum"),
            GOOD.replace("mx:", "mex:"),
        ] {
            assert!(read(bad.as_bytes()).is_err(), "{bad}");
        }
        assert_eq!(read(b"\xff\xfe"), Err(PolicyError::NoText));
        let padded = |to: usize| format!("{GOOD}x: {}", "y".repeat(to - GOOD.len() - 3));
        assert!(read(padded(MAX_BYTES).as_bytes()).is_ok());
        assert_eq!(read(padded(MAX_BYTES + 1).as_bytes()), Err(PolicyError::TooLong));
    }

    #[test]
    fn the_record_in_the_dns() {
        let texts = |all: &[&str]| all.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
        assert_eq!(id(&texts(&["v=spf1 -all", "v=STSv1; id=20260101T0;"])).as_deref(), Some("20260101T0"));
        assert_eq!(id(&texts(&["v=STSv1;id=1"])).as_deref(), Some("1"));
        for none in [
            &[][..],
            &["v=STSv1; id=1;", "v=STSv1; id=2;"],
            &["v=STSv10; id=1;"],
            &["v=STSv1;"],
            &["v=STSv1; id=;"],
            &["v=STSv1; id=a b;"],
            &["v=STSv1; id=123456789012345678901234567890123;"],
        ] {
            assert_eq!(id(&texts(none)), None, "{none:?}");
        }
    }
}
