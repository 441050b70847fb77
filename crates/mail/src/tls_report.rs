//! Writes a TLS report to a domain (RFC 8460 §5.3), as RFC 6522 multipart/report. Contains no wording; knows
//! no queue and no content of the report.

use mail_builder::headers::raw::Raw;
use mail_builder::mime::{BodyPart, MimePart};

use crate::address::Address;
use crate::clock::Timestamp;
use crate::compose::{ComposeError, addressed, checked_id, crlf, multipart};

/// A TLS report mail.
#[derive(Clone)]
pub struct TlsReportMail {
    /// Display name and address.
    pub from: (String, Address),
    /// The requested recipient.
    pub to: Address,
    /// The domain that it is about.
    pub domain: String,
    /// The domain that it is from.
    pub submitter: String,
    /// Identifies the report, without angle brackets.
    pub report_id: String,
    /// Message-ID without angle brackets.
    pub message_id: String,
    /// Date.
    pub at: Timestamp,
    /// The human-readable part.
    pub text: String,
    /// The machine-readable part: name and bytes of a compressed file.
    pub file: (String, Vec<u8>),
}

/// Writes it: CRLF, 7-bit clean.
pub fn compose_tls_report(mail: &TlsReportMail) -> Result<Vec<u8>, ComposeError> {
    let (id, report_id) = (checked_id(&mail.message_id)?, checked_id(&mail.report_id)?);
    let (domain, submitter) = (checked_domain(&mail.domain)?, checked_domain(&mail.submitter)?);
    // RFC 8460 §5.3, in exactly this order.
    let subject = format!("Report Domain: {domain} Submitter: {submitter} Report-ID: <{report_id}>");
    // Folded, and never as encoded words: machines read it.
    let subject = Raw::new(subject).into();
    let letter = addressed(Some(&mail.from.0), &mail.from.1, &mail.to, subject, id, mail.at)
        .header("Auto-Submitted", Raw::new("auto-generated")) // RFC 3834 §5
        .header("TLS-Report-Domain", Raw::new(domain))
        .header("TLS-Report-Submitter", Raw::new(submitter));
    let people = MimePart::new("text/plain", BodyPart::Text(crlf(&mail.text).into()));
    let machines = MimePart::new("application/tlsrpt+gzip", BodyPart::Binary(mail.file.1.as_slice().into()))
        .attachment(mail.file.0.as_str());
    let parameters = [("report-type", "tlsrpt")];
    Ok(letter
        .body(multipart("multipart/report", "report", id, vec![people, machines], &parameters))
        .write_to_vec()?)
}

/// A domain name in A-labels, valid in a field.
fn checked_domain(domain: &str) -> Result<&str, ComposeError> {
    let ok = (1..=253).contains(&domain.len())
        && domain.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._".contains(&b));
    if ok { Ok(domain) } else { Err(ComposeError::Field("domain")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mail() -> TlsReportMail {
        TlsReportMail {
            from: ("Versicherung Müller".to_owned(), Address::parse("postmaster@insurer.example").unwrap()),
            to: Address::parse("tls@clinic.example").unwrap(),
            domain: "clinic.example".to_owned(),
            submitter: "insurer.example".to_owned(),
            report_id: "2026-11-28.0123456789abcdef01234567@insurer.example".to_owned(),
            message_id: "m1@mailgate.insurer.example".to_owned(),
            at: Timestamp(1_700_000_000_000),
            text: "Grüße\n".to_owned(),
            file: ("insurer.example!clinic.example!1!2!0123.json.gz".to_owned(), vec![0x1f, 0x8b, 0, 255]),
        }
    }

    #[test]
    fn it_is_a_report_that_machines_know_by_its_head() {
        let text = String::from_utf8(compose_tls_report(&mail()).unwrap()).unwrap();
        assert!(text.is_ascii());
        let unfolded = text.replace("\r\n\t", " ").replace("\r\n ", " ");
        let subject = unfolded.lines().find_map(|line| line.strip_prefix("Subject: ")).unwrap();
        assert_eq!(
            subject.split_whitespace().collect::<Vec<_>>().join(" "),
            "Report Domain: clinic.example Submitter: insurer.example \
             Report-ID: <2026-11-28.0123456789abcdef01234567@insurer.example>"
        );
        for line in [
            "TLS-Report-Domain: clinic.example",
            "TLS-Report-Submitter: insurer.example",
            "Auto-Submitted: auto-generated",
        ] {
            assert!(text.lines().any(|known| known == line), "{line}\n{text}");
        }
        assert!(
            unfolded.contains("multipart/report") && unfolded.contains("report-type=\"tlsrpt\""),
            "{text}"
        );
        assert!(unfolded.contains("application/tlsrpt+gzip") && text.contains("H4sA/w=="), "{text}");
        assert!(text.contains("insurer.example!clinic.example!1!2!0123.json.gz"), "{text}");
    }

    #[test]
    fn nothing_breaks_out_of_its_field() {
        for (domain, report_id) in
            [("a.example\r\nBcc: x", "a@b.example"), ("", "a@b.example"), ("a.example", "a b@c")]
        {
            let bad = TlsReportMail { domain: domain.to_owned(), report_id: report_id.to_owned(), ..mail() };
            assert!(compose_tls_report(&bad).is_err(), "{domain:?} {report_id:?}");
        }
    }
}
