//! All DNS records to publish, derived from the configuration and the DKIM keys; and the comparison with the
//! published ones. Makes no queries.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use rcgen::{KeyPair, PublicKeyData as _};
use sealpost_delivery::RecordKind;
use sealpost_mail::Domain;
use sealpost_vault::BodyHash;

use crate::dkim_folder::DkimKeyFile;
use crate::publishing::Publishing;

/// A record that should be published.
pub struct ExpectedRecord {
    /// Its name.
    pub name: String,
    /// Its type.
    pub kind: RecordKind,
    /// Its data.
    pub data: String,
    /// Comment lines above it in the zone file.
    pub about: Vec<String>,
    rule: Rule,
}

/// When a published record is sufficient.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Rule {
    /// Exactly this record, possibly among others.
    Same,
    /// A key with this public part (RFC 6376 §3.6.1).
    Key,
    /// One SPF record that allows this host to send (RFC 7208 §3.2, §5).
    Spf(Domain),
    /// One policy that requests something (RFC 7489 §6.3).
    Dmarc,
    /// One record with this beginning; the rest is the operator's.
    Begins(&'static str),
}

/// The result for a record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RecordState {
    /// Correct.
    Good,
    /// Possibly correct; why this cannot be decided.
    Perhaps(String),
    /// Missing.
    Missing,
    /// Different; what is published instead.
    Other(String),
}

/// All records, in the order in which they are set up; those of `portal_key` if it is known.
///
/// # Errors
/// The listener's key cannot be read.
pub fn all(
    publishing: &Publishing,
    keys: &[(DkimKeyFile, String)],
    portal_key: Option<&str>,
) -> Result<Vec<ExpectedRecord>, String> {
    let mut domains = publishing.domains.clone();
    for (entry, _record) in keys {
        if !domains.contains(&entry.domain) {
            domains.push(entry.domain.clone());
        }
    }
    let mut all = senders(publishing, &domains);
    all.extend(signatures(publishing, keys, portal_key));
    all.extend(inbound(publishing)?);
    all.extend(directory(publishing, &domains));
    all.extend(security(publishing));
    Ok(all)
}

/// SPF and DMARC: who may send in the domains' names, and how receivers treat others.
fn senders(publishing: &Publishing, domains: &[Domain]) -> Vec<ExpectedRecord> {
    let name = publishing.name.as_str();
    let mut all = Vec::new();
    for domain in domains {
        if publishing.sends {
            all.push(txt(
                domain.as_str(),
                format!("v=spf1 a:{name} -all"),
                Rule::Spf(publishing.name.clone()),
                &[
                    "SPF (RFC 7208): one record a domain. Is there one already, put the a: of the gateway into it",
                ],
            ));
        }
        let about = "DMARC (RFC 7489): begin with p=none if others send in your name, and read the reports";
        let dmarc = format!("v=DMARC1; p=quarantine; adkim=r; aspf=r; rua=mailto:postmaster@{domain}");
        all.push(txt(&format!("_dmarc.{domain}"), dmarc, Rule::Dmarc, &[about]));
    }
    if publishing.sends {
        let about =
            "SPF for reports, which have no sender: they are judged by the gateway's name (RFC 7208 §2.3)";
        all.push(txt(name, "v=spf1 a -all".to_owned(), Rule::Begins("v=spf1"), &[about]));
    }
    all
}

/// The DKIM keys, and that for letters of portal users.
fn signatures(
    publishing: &Publishing,
    keys: &[(DkimKeyFile, String)],
    portal_key: Option<&str>,
) -> Vec<ExpectedRecord> {
    let dkim = keys.iter().map(|(entry, record)| {
        let about = format!("DKIM (RFC 6376): {}", entry.state.as_str());
        let record = match publishing.tells_of_tls {
            // RFC 8460 §3: receivers may require this service type.
            true => record.replacen("; p=", "; s=email:tlsrpt; p=", 1),
            false => record.clone(),
        };
        txt(&entry.name(), record, Rule::Key, &[&about])
    });
    let portal = portal_key.map(|record| {
        let about = "what portal users write is signed so (sealpost verify-portal)";
        let name = format!("{}._domainkey.{}", sealpost_mail::SELECTOR, publishing.name);
        txt(&name, record.to_owned(), Rule::Key, &[about])
    });
    dkim.chain(portal).collect()
}

/// MX and related records: where incoming mail goes, and that it is encrypted.
fn inbound(publishing: &Publishing) -> Result<Vec<ExpectedRecord>, String> {
    let name = publishing.name.as_str();
    let mut all = Vec::new();
    for domain in &publishing.inbound {
        all.push(other(
            domain.as_str(),
            RecordKind::Mx,
            format!("10 {name}."),
            &["mail from the world comes to the gateway; leave this out if a filter in front of it takes it"],
        ));
        all.extend(sts(domain, name));
        if !publishing.tls_reports_to.is_empty() {
            all.push(txt(
                &format!("_smtp._tls.{domain}"),
                format!("v=TLSRPTv1; rua={}", publishing.tls_reports_to.join(",")),
                Rule::Begins("v=TLSRPTv1"),
                &["TLS reports (RFC 8460): where others tell you how your servers speak TLS"],
            ));
        }
    }
    if let Some(hash) = publishing.listener_key.as_deref().map(key_hash).transpose()? {
        all.push(other(
            &format!("_25._tcp.{name}"),
            RecordKind::Tlsa,
            format!("3 1 1 {hash}"),
            &[
                "DANE (RFC 7672): only in a zone signed with DNSSEC. Before the listener gets another key, publish both",
            ],
        ));
    }
    Ok(all)
}

/// The Web Key Directory, where others find keys to encrypt to.
fn directory(publishing: &Publishing, domains: &[Domain]) -> Vec<ExpectedRecord> {
    let (true, Some(portal)) = (publishing.directory, &publishing.portal) else {
        return Vec::new();
    };
    let of_domain = |domain: &Domain| {
        other(
            &format!("openpgpkey.{domain}"),
            RecordKind::Cname,
            format!("{portal}."),
            &["Web Key Directory: the portal's certificate must be for this name, too"],
        )
    };
    domains.iter().map(of_domain).collect()
}

/// Contact for security reports.
fn security(publishing: &Publishing) -> Vec<ExpectedRecord> {
    let Some(portal) = &publishing.portal else { return Vec::new() };
    let (contacts, policy) = &publishing.security;
    let contacts = contacts.iter().map(|contact| format!("security_contact={contact}"));
    let texts = contacts.chain(policy.iter().map(|policy| format!("security_policy={policy}")));
    let name = format!("_security.{portal}");
    texts
        .map(|text| txt(&name, text, Rule::Same, &["whom to tell of a hole (beside security.txt)"]))
        .collect()
}

/// RFC 8461 §3.1: the id changes with the policy.
fn sts(domain: &Domain, name: &str) -> Vec<ExpectedRecord> {
    let policy = [
        "version: STSv1".to_owned(),
        "mode: enforce".to_owned(),
        format!("mx: {name}"),
        "max_age: 604800".to_owned(),
    ];
    let mut hasher = DefaultHasher::new();
    policy.hash(&mut hasher);
    let id = format!("v=STSv1; id={:016x}", hasher.finish());
    let place = format!(
        "MTA-STS (RFC 8461): a web server of yours has at https://mta-sts.{domain}/.well-known/mta-sts.txt:"
    );
    let about: Vec<String> =
        std::iter::once(place).chain(policy.iter().map(|line| format!("  {line}"))).collect();
    let about: Vec<&str> = about.iter().map(String::as_str).collect();
    vec![txt(&format!("_mta-sts.{domain}"), id, Rule::Begins("v=STSv1"), &about)]
}

/// RFC 6698 §2.1: SHA-256 of the public key.
fn key_hash(path: &std::path::Path) -> Result<String, String> {
    let wrong = |why: &dyn std::fmt::Display| format!("{}: {why}", path.display());
    let text = sealpost_keyfile::read(path).map_err(|error| wrong(&error))?;
    let pair = KeyPair::from_pem(text.expose()).map_err(|_secret| wrong(&"this is no private key in PEM"))?;
    let mut hash = BodyHash::default();
    hash.update(&pair.subject_public_key_info());
    Ok(hash.finish().iter().map(|byte| format!("{byte:02x}")).collect())
}

fn txt(name: &str, data: String, rule: Rule, about: &[&str]) -> ExpectedRecord {
    let about = about.iter().map(|line| (*line).to_owned()).collect();
    ExpectedRecord { name: name.to_owned(), kind: RecordKind::Txt, data, about, rule }
}

fn other(name: &str, kind: RecordKind, data: String, about: &[&str]) -> ExpectedRecord {
    let about = about.iter().map(|line| (*line).to_owned()).collect();
    ExpectedRecord { name: name.to_owned(), kind, data, about, rule: Rule::Same }
}

impl ExpectedRecord {
    /// Compares the wanted record with those published under its name.
    #[must_use]
    pub fn judge(&self, published: &[String]) -> RecordState {
        let begins = |start: &str| -> Vec<&String> {
            published
                .iter()
                .filter(|text| text.to_ascii_lowercase().starts_with(&start.to_ascii_lowercase()))
                .collect()
        };
        match &self.rule {
            Rule::Same if published.iter().any(|text| plain(text) == plain(&self.data)) => RecordState::Good,
            Rule::Same => otherwise(published.iter()),
            Rule::Key if published.iter().any(|text| part(text) == part(&self.data)) => RecordState::Good,
            Rule::Key => otherwise(published.iter()),
            Rule::Begins(start) => match begins(start).as_slice() {
                [_one] => RecordState::Good,
                others => otherwise(others.iter().copied()),
            },
            Rule::Dmarc => match begins("v=DMARC1").as_slice() {
                [one] if tag(one, "p").is_none_or(|policy| policy.eq_ignore_ascii_case("none")) => {
                    RecordState::Perhaps(
                        "p=none asks for nothing; quarantine or reject when the reports are clean".to_owned(),
                    )
                }
                [_one] => RecordState::Good,
                others => otherwise(others.iter().copied()),
            },
            Rule::Spf(host) => match begins("v=spf1").as_slice() {
                [one] => spf(one, host),
                others => otherwise(others.iter().copied()),
            },
        }
    }
}

/// Missing, or what is published instead.
fn otherwise<'a>(published: impl Iterator<Item = &'a String>) -> RecordState {
    let all: Vec<&str> = published.map(String::as_str).collect();
    if all.is_empty() { RecordState::Missing } else { RecordState::Other(all.join(" | ")) }
}

fn spf(record: &str, host: &Domain) -> RecordState {
    let mut terms = record.split_ascii_whitespace().skip(1).map(str::to_ascii_lowercase);
    let named = |term: &str| term.trim_start_matches('+') == format!("a:{host}");
    if terms.clone().any(|term| named(&term)) {
        return RecordState::Good;
    }
    let leads = |term: &String| {
        let term = term.trim_start_matches('+');
        term.starts_with("include:")
            || term.starts_with("redirect=")
            || term.starts_with("ip")
            || term.starts_with("mx")
    };
    if terms.any(|term| leads(&term)) {
        RecordState::Perhaps(format!("look whether it covers {host}: {record}"))
    } else {
        RecordState::Other(record.to_owned())
    }
}

/// Names without their final dot, in lower case, words separated by one space.
fn plain(text: &str) -> String {
    let words = text.split_ascii_whitespace().map(|word| word.trim_end_matches('.').to_ascii_lowercase());
    words.collect::<Vec<_>>().join(" ")
}

/// The public key of a DKIM record.
fn part(text: &str) -> Option<String> {
    tag(text, "p").filter(|key| !key.is_empty())
}

/// RFC 6376 §3.2.
fn tag(text: &str, name: &str) -> Option<String> {
    text.split(';').find_map(|part| {
        let (key, value) = part.split_once('=')?;
        (key.trim() == name).then(|| value.chars().filter(|c| !c.is_whitespace()).collect())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judge(wanted: &ExpectedRecord, published: &[&str]) -> RecordState {
        wanted.judge(&published.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>())
    }

    #[test]
    fn spf_is_one_record_that_names_the_gateway() {
        let host = Domain::parse("gate.insurer.example").unwrap();
        let wanted = txt("insurer.example", String::new(), Rule::Spf(host), &[]);
        assert_eq!(
            judge(&wanted, &["v=spf1 mx a:gate.insurer.example -all", "other=text"]),
            RecordState::Good
        );
        assert_eq!(judge(&wanted, &["other=text"]), RecordState::Missing);
        assert!(matches!(judge(&wanted, &["v=spf1 include:x.example -all"]), RecordState::Perhaps(_)));
        assert!(matches!(judge(&wanted, &["v=spf1 -all"]), RecordState::Other(_)));
        // RFC 7208 §4.5: two records are an error.
        let two = ["v=spf1 a:gate.insurer.example -all", "v=spf1 -all"];
        assert!(matches!(judge(&wanted, &two), RecordState::Other(_)));
    }

    #[test]
    fn a_key_is_known_by_its_public_part() {
        let wanted = txt("s._domainkey.insurer.example", "v=DKIM1; k=rsa; p=AAAA".to_owned(), Rule::Key, &[]);
        assert_eq!(judge(&wanted, &["k=rsa; p=AA AA; v=DKIM1"]), RecordState::Good);
        assert!(matches!(judge(&wanted, &["v=DKIM1; p=BBBB"]), RecordState::Other(_)));
        assert!(matches!(judge(&wanted, &["v=DKIM1; p="]), RecordState::Other(_)));
        assert_eq!(judge(&wanted, &[]), RecordState::Missing);
    }

    #[test]
    fn other_records_are_the_same_but_for_case_and_dots() {
        let wanted =
            other("openpgpkey.insurer.example", RecordKind::Cname, "mail.insurer.example.".to_owned(), &[]);
        assert_eq!(judge(&wanted, &["Mail.Insurer.Example"]), RecordState::Good);
        assert!(matches!(judge(&wanted, &["wkd.keys.example."]), RecordState::Other(_)));
        let dmarc = txt("_dmarc.insurer.example", String::new(), Rule::Dmarc, &[]);
        assert_eq!(judge(&dmarc, &["v=DMARC1; p=reject"]), RecordState::Good);
        assert!(matches!(judge(&dmarc, &["v=DMARC1; p=none"]), RecordState::Perhaps(_)));
    }
}
