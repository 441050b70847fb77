//! A report in the format of RFC 8460 §4.4: JSON of the counts for one day. Pure; knows no row and no route.

use serde::Serialize;

use crate::tls_counts::Seen;
use crate::tls_session::{AppliedPolicy, PolicyType, ResultType, SessionEnd, TlsFailure};

/// The report's sender, day and domain.
pub(super) struct Frame<'a> {
    pub(super) organization: &'a str,
    pub(super) contact: &'a str,
    pub(super) report_id: &'a str,
    pub(super) begin: String,
    pub(super) end: String,
    pub(super) domain: &'a str,
}

/// Sessions of a domain in one day, by the policy that applied to them.
#[derive(Clone, Debug, Default)]
pub(super) struct Tally {
    policies: Vec<Held>,
}

/// Sessions under one policy.
#[derive(Clone, Debug)]
struct Held {
    policy: AppliedPolicy,
    secured: u64,
    failures: Vec<(TlsFailure, u64)>,
}

impl Tally {
    pub(super) fn add(&mut self, seen: Seen, sessions: u64) {
        let at = self.policies.iter().position(|held| held.policy == seen.policy).unwrap_or_else(|| {
            self.policies.push(Held { policy: seen.policy, secured: 0, failures: Vec::new() });
            self.policies.len() - 1
        });
        let Some(held) = self.policies.get_mut(at) else { return };
        match seen.end {
            SessionEnd::Secured => held.secured = held.secured.saturating_add(sessions),
            SessionEnd::Failed(failure) => {
                match held.failures.iter_mut().find(|(known, _)| *known == failure) {
                    Some((_, count)) => *count = count.saturating_add(sessions),
                    None => held.failures.push((failure, sessions)),
                }
            }
        }
    }

    pub(super) fn secured(&self) -> u64 {
        self.policies.iter().fold(0, |sum, held| sum.saturating_add(held.secured))
    }

    pub(super) fn failed(&self) -> u64 {
        self.policies.iter().fold(0, |sum, held| sum.saturating_add(held.failed()))
    }

    /// The report as JSON.
    pub(super) fn json(&self, frame: &Frame<'_>) -> Result<Vec<u8>, serde_json::Error> {
        let mut policies: Vec<Policy<'_>> =
            self.policies.iter().map(|held| held.told(frame.domain)).collect();
        // In a fixed order, whichever rows came first.
        policies.sort_by_key(|one| (one.policy.policy_type, one.policy.policy_string));
        serde_json::to_vec(&Document {
            organization_name: frame.organization,
            date_range: DateRange { start_datetime: &frame.begin, end_datetime: &frame.end },
            contact_info: frame.contact,
            report_id: frame.report_id,
            policies,
        })
    }
}

impl Held {
    fn failed(&self) -> u64 {
        self.failures.iter().fold(0, |sum, (_, count)| sum.saturating_add(*count))
    }

    fn told<'a>(&'a self, domain: &'a str) -> Policy<'a> {
        let detail = |(failure, count): &'a (TlsFailure, u64)| Detail {
            result_type: failure.result,
            sending_mta_ip: failure.ours.map(|ip| ip.to_string()),
            receiving_mx_hostname: failure.host.as_deref(),
            receiving_ip: failure.address.map(|ip| ip.to_string()),
            failed_session_count: *count,
            failure_reason_code: failure.reason.as_deref(),
        };
        Policy {
            policy: Applied {
                policy_type: self.policy.kind,
                policy_string: &self.policy.text,
                policy_domain: domain,
                mx_host: &self.policy.servers,
            },
            summary: Summary {
                total_successful_session_count: self.secured,
                total_failure_session_count: self.failed(),
            },
            failure_details: self.failures.iter().map(detail).collect(),
        }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct Document<'a> {
    organization_name: &'a str,
    date_range: DateRange<'a>,
    contact_info: &'a str,
    report_id: &'a str,
    policies: Vec<Policy<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct DateRange<'a> {
    start_datetime: &'a str,
    end_datetime: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct Policy<'a> {
    policy: Applied<'a>,
    summary: Summary,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    failure_details: Vec<Detail<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct Applied<'a> {
    policy_type: PolicyType,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    policy_string: &'a [String],
    policy_domain: &'a str,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    mx_host: &'a [String],
}

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct Summary {
    total_successful_session_count: u64,
    total_failure_session_count: u64,
}

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct Detail<'a> {
    result_type: ResultType,
    #[serde(skip_serializing_if = "Option::is_none")]
    sending_mta_ip: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    receiving_mx_hostname: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    receiving_ip: Option<String>,
    failed_session_count: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    failure_reason_code: Option<&'a str>,
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn frame() -> Frame<'static> {
        Frame {
            organization: "Company-X",
            contact: "sts-reporting@company-x.example",
            report_id: "5065427c@company-x.example",
            begin: "2016-04-01T00:00:00Z".to_owned(),
            end: "2016-04-01T23:59:59Z".to_owned(),
            domain: "company-y.example",
        }
    }

    /// The example of RFC 8460 appendix B, as far as we know its values.
    #[test]
    fn what_was_counted_is_said_in_the_words_of_the_rfc() {
        let lines = ["version: STSv1", "mode: testing", "mx: *.mail.company-y.example", "max_age: 86400"];
        let lines: Vec<String> = lines.iter().map(|line| (*line).to_owned()).collect();
        let policy = AppliedPolicy::sts(&lines, &["*.mail.company-y.example".to_owned()]);
        let seen = |end| Seen { domain: "company-y.example".to_owned(), policy: policy.clone(), end };
        let expired = TlsFailure {
            address: Some("203.0.113.58".parse().unwrap()),
            ours: Some("2001:db8:abcd:12::1".parse().unwrap()),
            reason: None,
            ..TlsFailure::of_host(ResultType::CertificateExpired, "mx1.mail.company-y.example", "")
        };
        let no_tls = TlsFailure {
            address: Some("203.0.113.56".parse().unwrap()),
            ..TlsFailure::of_host(
                ResultType::StarttlsNotSupported,
                "mx2.mail.company-y.example",
                "not offered",
            )
        };
        let mut tally = Tally::default();
        tally.add(seen(SessionEnd::Secured), 5000);
        tally.add(seen(SessionEnd::Failed(expired.clone())), 60);
        tally.add(seen(SessionEnd::Secured), 326);
        tally.add(seen(SessionEnd::Failed(no_tls)), 200);
        tally.add(seen(SessionEnd::Failed(expired)), 40);
        assert_eq!((tally.secured(), tally.failed()), (5326, 300));
        let written: Value = serde_json::from_slice(&tally.json(&frame()).unwrap()).unwrap();
        assert_eq!(
            written,
            json!({
                "organization-name": "Company-X",
                "date-range": {
                    "start-datetime": "2016-04-01T00:00:00Z",
                    "end-datetime": "2016-04-01T23:59:59Z"
                },
                "contact-info": "sts-reporting@company-x.example",
                "report-id": "5065427c@company-x.example",
                "policies": [{
                    "policy": {
                        "policy-type": "sts",
                        "policy-string": lines,
                        "policy-domain": "company-y.example",
                        "mx-host": ["*.mail.company-y.example"]
                    },
                    "summary": {
                        "total-successful-session-count": 5326,
                        "total-failure-session-count": 300
                    },
                    "failure-details": [{
                        "result-type": "certificate-expired",
                        "sending-mta-ip": "2001:db8:abcd:12::1",
                        "receiving-mx-hostname": "mx1.mail.company-y.example",
                        "receiving-ip": "203.0.113.58",
                        "failed-session-count": 100
                    }, {
                        "result-type": "starttls-not-supported",
                        "receiving-mx-hostname": "mx2.mail.company-y.example",
                        "receiving-ip": "203.0.113.56",
                        "failed-session-count": 200,
                        "failure-reason-code": "not offered"
                    }]
                }]
            })
        );
    }

    #[test]
    fn each_policy_stands_for_itself() {
        let seen = |policy| Seen { domain: "d.example".to_owned(), policy, end: SessionEnd::Secured };
        let mut tally = Tally::default();
        tally.add(seen(AppliedPolicy::none()), 1);
        tally.add(seen(AppliedPolicy::tlsa(&[])), 2);
        let written: Value = serde_json::from_slice(&tally.json(&frame()).unwrap()).unwrap();
        let types: Vec<&str> = written["policies"]
            .as_array()
            .unwrap()
            .iter()
            .map(|one| one["policy"]["policy-type"].as_str().unwrap())
            .collect();
        assert_eq!(types, ["tlsa", "no-policy-found"]);
    }
}
