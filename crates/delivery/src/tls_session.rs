//! The TLS result of a session with a server of a recipient's domain, in the terms of RFC 8460 §4.3 and §4.4: which policy of the
//! domain applied, and the result. Pure; knows no letter and no recipient.

use std::net::IpAddr;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::dane::Tlsa;

/// RFC 8460 §4.4 policy-type.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum PolicyType {
    Tlsa,
    Sts,
    NoPolicyFound,
}

/// The policy that applied to a session.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(crate) struct AppliedPolicy {
    pub(crate) kind: PolicyType,
    /// RFC 8460 §4.4 policy-string: as published by the domain.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) text: Vec<String>,
    /// For MTA-STS: the patterns of server names.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) servers: Vec<String>,
}

impl AppliedPolicy {
    pub(crate) fn none() -> Self {
        Self { kind: PolicyType::NoPolicyFound, text: Vec::new(), servers: Vec::new() }
    }

    /// From a server's TLSA records (RFC 6698 §2.2).
    pub(crate) fn tlsa(records: &[Tlsa]) -> Self {
        let line = |one: &Tlsa| {
            let data = sealpost_mail::hex(one.data.get(..MAX_DIGEST).unwrap_or(&one.data));
            format!("{} {} {} {data}", one.usage, one.selector, one.matching)
        };
        let mut text: Vec<String> = records.iter().take(MAX_SHOWN).map(line).collect();
        text.sort();
        Self { kind: PolicyType::Tlsa, text, servers: Vec::new() }
    }

    /// From displayable lines, and from unchecked names: invalid host names are omitted, and so is any excess.
    pub(crate) fn sts(lines: &[String], servers: &[String]) -> Self {
        let is_name = |name: &&String| {
            (1..=MAX_NAME).contains(&name.len()) && name.bytes().all(|byte| byte.is_ascii_graphic())
        };
        let mut room = SHOWN;
        let mut fits = |text: &&String| match room.checked_sub(text.len()) {
            Some(left) => {
                room = left;
                true
            }
            None => false,
        };
        let text = lines.iter().take_while(&mut fits).cloned().collect();
        let servers = servers.iter().filter(is_name).take(MAX_SHOWN).take_while(&mut fits).cloned().collect();
        Self { kind: PolicyType::Sts, text, servers }
    }
}

/// Maximum number of records and names of a policy in a report.
const MAX_SHOWN: usize = 16;
/// Maximum octets of a record's data in a report: more than any digest has.
const MAX_DIGEST: usize = 64;
/// Maximum octets of an MTA-STS policy in a report, lines and server names together.
pub(crate) const SHOWN: usize = 2048;
/// The longest name in the DNS (RFC 1035 §2.3.4).
const MAX_NAME: usize = 255;

/// RFC 8460 §4.3: why a session failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum ResultType {
    StarttlsNotSupported,
    CertificateHostMismatch,
    CertificateExpired,
    CertificateNotTrusted,
    ValidationFailure,
    TlsaInvalid,
    DnssecInvalid,
    DaneRequired,
    StsPolicyFetchError,
    StsPolicyInvalid,
    StsWebpkiInvalid,
}

/// What failed, and where.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(crate) struct TlsFailure {
    pub(crate) result: ResultType,
    /// The server's name in the MX record; `None`: the failure concerns the domain.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) host: Option<String>,
    /// The address of the server.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) address: Option<IpAddr>,
    /// Our address, if the domain can have seen it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) ours: Option<IpAddr>,
    /// RFC 8460 §4.4 failure-reason-code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) reason: Option<String>,
}

impl TlsFailure {
    /// Without a server: concerns the domain as a whole.
    pub(crate) fn new(result: ResultType, reason: &str) -> Self {
        Self { result, host: None, address: None, ours: None, reason: Some(plain(reason)) }
    }

    pub(crate) fn of_host(result: ResultType, host: &str, reason: &str) -> Self {
        Self { host: Some(host.to_owned()), ..Self::new(result, reason) }
    }
}

/// The result of a session.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum SessionEnd {
    /// Under TLS, as the policy requires.
    Secured,
    Failed(TlsFailure),
}

/// A failed handshake, or its equivalent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TlsTrouble {
    /// `None`: possibly temporary, and not reported (RFC 8460 §4.3.4).
    pub(crate) result: Option<ResultType>,
    /// A sentence for the log and the delivery report.
    pub(crate) cause: String,
}

/// Whether what a domain publishes applies to connections to its servers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Published {
    /// It applies, and the session is counted.
    Counts,
    /// A report about its own TLS is delivered regardless, and not counted (RFC 8460 §3, §5.3).
    PassedBy,
}

/// How a session with a server is counted.
#[derive(Clone, Debug)]
pub(crate) struct Counted {
    /// The domain whose policy applies: the recipients', not the server's.
    pub(crate) domain: String,
    pub(crate) policy: Arc<AppliedPolicy>,
    pub(crate) trial: Trial,
}

/// What is checked only for the count, once TLS is established.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Trial {
    /// Nothing: the session itself must meet the policy's requirements.
    Nothing,
    /// Whether the certificate is what the policy would require (RFC 8461 §5, "testing").
    Certificate,
    /// The policy, in testing mode, does not name the server.
    Unnamed,
    /// None of the server's TLSA records is usable (RFC 7672 §2.2).
    UnusableTlsa,
}

/// A reason in a form fit for a report.
pub(crate) fn plain(text: &str) -> String {
    text.chars().map(|c| if (' '..='~').contains(&c) { c } else { ' ' }).take(200).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_those_of_the_rfc() {
        let word = |result: ResultType| serde_json::to_value(result).unwrap().as_str().unwrap().to_owned();
        assert_eq!(word(ResultType::StarttlsNotSupported), "starttls-not-supported");
        assert_eq!(word(ResultType::StsWebpkiInvalid), "sts-webpki-invalid");
        assert_eq!(word(ResultType::TlsaInvalid), "tlsa-invalid");
        assert_eq!(serde_json::to_value(PolicyType::NoPolicyFound).unwrap(), "no-policy-found");
    }

    #[test]
    fn a_policy_is_shown_as_text_and_not_without_end() {
        let sts = |lines: &[&str], servers: &[&str]| {
            let owned = |all: &[&str]| all.iter().map(|one| (*one).to_owned()).collect::<Vec<_>>();
            AppliedPolicy::sts(&owned(lines), &owned(servers))
        };
        let (long, longest) = ("a".repeat(256), "a".repeat(255));
        let odd = sts(
            &["version: STSv1"],
            &["*.a.example", "", "b\u{1b}[31m", "c d", "\u{e4}.example", long.as_str()],
        );
        assert_eq!((odd.text.len(), odd.servers), (1, vec!["*.a.example".to_owned()]));
        let much = sts(&["b".repeat(1000).as_str(); 2], &[longest.as_str(); 40]);
        assert_eq!((much.text.len(), much.servers.len()), (2, 0));
        let names = sts(&[], &[longest.as_str(); 40]);
        assert_eq!(names.servers.len(), 8);
        assert_eq!(sts(&[], &["a.example"; 40]).servers.len(), MAX_SHOWN);
    }

    #[test]
    fn records_are_shown_as_in_a_zone_and_in_one_order() {
        let one = |usage, data: u8| Tlsa { usage, selector: 1, matching: 1, data: vec![data; 4] };
        let policy = AppliedPolicy::tlsa(&[one(3, 0xab), one(2, 1)]);
        assert_eq!(policy.text, ["2 1 1 01010101", "3 1 1 abababab"]);
        assert_eq!(policy, AppliedPolicy::tlsa(&[one(2, 1), one(3, 0xab)]));
    }
}
