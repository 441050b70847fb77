//! How a session with a server of a recipient's domain went under TLS, in the words of RFC 8460 §4.3 and §4.4: which policy of
//! the domain applied, and what came of it. Pure; knows no letter and no recipient.

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

/// The policy that a session was held to.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(crate) struct AppliedPolicy {
    pub(crate) kind: PolicyType,
    /// RFC 8460 §4.4 policy-string: as its domain publishes it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) text: Vec<String>,
    /// Of MTA-STS: the names of servers.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) servers: Vec<String>,
}

impl AppliedPolicy {
    pub(crate) fn none() -> Self {
        Self { kind: PolicyType::NoPolicyFound, text: Vec::new(), servers: Vec::new() }
    }

    /// Of a server's TLSA records (RFC 6698 §2.2).
    pub(crate) fn tlsa(records: &[Tlsa]) -> Self {
        let line = |one: &Tlsa| {
            let data = sealpost_mail::hex(one.data.get(..MAX_DIGEST).unwrap_or(&one.data));
            format!("{} {} {} {data}", one.usage, one.selector, one.matching)
        };
        let mut text: Vec<String> = records.iter().take(MAX_SHOWN).map(line).collect();
        text.sort();
        Self { kind: PolicyType::Tlsa, text, servers: Vec::new() }
    }

    /// Of lines that can be shown, and of names as they come: what can be no host's is left out, and so is what is too much.
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

/// Records and names of a policy that are shown at most.
const MAX_SHOWN: usize = 16;
/// Octets of a record's data that are shown at most: more than any digest has.
const MAX_DIGEST: usize = 64;
/// Octets of a policy of MTA-STS that are shown at most, its lines and the names of servers together.
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
    /// The server's name in the MX record.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) host: Option<String>,
    /// The address of the server.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) address: Option<IpAddr>,
    /// Ours, where it is one that the domain can have seen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) ours: Option<IpAddr>,
    /// RFC 8460 §4.4 failure-reason-code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) reason: Option<String>,
}

impl TlsFailure {
    /// Without a server: of the domain as a whole.
    pub(crate) fn new(result: ResultType, reason: &str) -> Self {
        Self { result, host: None, address: None, ours: None, reason: Some(plain(reason)) }
    }

    pub(crate) fn of_host(result: ResultType, host: &str, reason: &str) -> Self {
        Self { host: Some(host.to_owned()), ..Self::new(result, reason) }
    }
}

/// What came of a session.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum SessionEnd {
    /// Under TLS, as the policy asks.
    Secured,
    Failed(TlsFailure),
}

/// A handshake, or what stands for it, that came to nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TlsTrouble {
    /// None: another moment may be better, and nobody is told (RFC 8460 §4.3.4).
    pub(crate) result: Option<ResultType>,
    /// A sentence for the log and the delivery report.
    pub(crate) cause: String,
}

/// Whether what a domain publishes decides how its servers are spoken to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Published {
    /// The session is counted.
    Counts,
    /// Word that its own TLS does not work gets there all the same, and is not counted (RFC 8460 §3, §5.3).
    PassedBy,
}

/// As what a session with a server is counted.
#[derive(Clone, Debug)]
pub(crate) struct Counted {
    /// The domain whose policy it is: the recipients', not the server's.
    pub(crate) domain: String,
    pub(crate) policy: Arc<AppliedPolicy>,
    pub(crate) trial: Trial,
}

/// What is looked at for the count alone, once TLS is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Trial {
    /// Nothing: what the policy asks for is asked of the session itself.
    Nothing,
    /// Whether the certificate is what the policy would ask for (RFC 8461 §5, "testing").
    Certificate,
    /// The policy, which is being tested, does not name the server.
    Unnamed,
    /// None of the server's TLSA records can be used (RFC 7672 §2.2).
    UnusableTlsa,
}

/// A reason as it can stand in a report.
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
