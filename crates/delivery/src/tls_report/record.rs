//! The record in which a domain says where reports on its servers' TLS go (RFC 8460 §3). Pure; makes no
//! queries.

use percent_encoding::percent_decode_str;
use sealpost_mail::Address;
use url::{Host, Url};

/// Limit on destinations of a report; further ones are ignored.
const MAX_PLACES: usize = 4;

/// The destination of a report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReportTo {
    /// By mail to this address.
    Mail(Address),
    /// By POST to this https address.
    Web(String),
}

impl ReportTo {
    /// From an address in such a record: `mailto:` or `https:`.
    #[must_use]
    pub fn parse(address: &str) -> Option<Self> {
        place_of(address)
    }
}

/// The destinations in the text records under `_smtp._tls`. More than one matching record counts as none
/// (§3).
pub(super) fn read(texts: &[String]) -> Vec<ReportTo> {
    let begins = |text: &&String| {
        text.strip_prefix("v=TLSRPTv1")
            .is_some_and(|rest| rest.trim_start_matches([' ', '\t']).starts_with(';'))
    };
    let mut records = texts.iter().filter(begins);
    let (Some(record), None) = (records.next(), records.next()) else { return Vec::new() };
    let Some(places) = record.split(';').find_map(|field| field.trim().strip_prefix("rua=")) else {
        return Vec::new();
    };
    let mut all = Vec::new();
    for place in places.split(',').filter_map(|place| place_of(place.trim())) {
        if all.len() < MAX_PLACES && !all.contains(&place) {
            all.push(place);
        }
    }
    all
}

fn place_of(place: &str) -> Option<ReportTo> {
    let url = Url::parse(place).ok()?;
    match url.scheme() {
        // RFC 6068 §2: one address; other parts of such a link are ignored.
        "mailto" => {
            let decoded = percent_decode_str(url.path()).decode_utf8().ok()?;
            Address::parse(&decoded).ok().map(ReportTo::Mail)
        }
        "https" => match url.host() {
            Some(Host::Domain(_)) => Some(ReportTo::Web(url.to_string())),
            Some(Host::Ipv4(_) | Host::Ipv6(_)) | None => None,
        },
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(texts: &[&str]) -> Vec<String> {
        let texts: Vec<String> = texts.iter().map(|text| (*text).to_owned()).collect();
        let word = |place| match place {
            ReportTo::Mail(address) => address.to_path(),
            ReportTo::Web(url) => url,
        };
        read(&texts).into_iter().map(word).collect()
    }

    #[test]
    fn one_record_names_places_by_mail_and_https() {
        let record =
            "v=TLSRPTv1; rua=mailto:reports@example.com , https://report.example.com/v1/tlsrpt; future=x";
        assert_eq!(
            asked(&["v=spf1 -all", record]),
            ["reports@example.com", "https://report.example.com/v1/tlsrpt"]
        );
        assert_eq!(
            asked(&["v=TLSRPTv1;rua=mailto:tls%2Brpt@example.com?subject=x"]),
            ["tls+rpt@example.com"]
        );
    }

    #[test]
    fn what_asks_for_nothing() {
        let good = "v=TLSRPTv1; rua=mailto:a@example.com";
        for texts in [
            &[][..],
            &[good, good],
            &["v=TLSRPTv10; rua=mailto:a@example.com"],
            &["v=TLSRPTv1"],
            &["v=TLSRPTv1; ruf=mailto:a@example.com"],
            &["v=TLSRPTv1; rua=http://a.example/"],
            &["v=TLSRPTv1; rua=https://127.0.0.1/,https://[::1]/,ftp://a.example/,a@example.com,mailto:"],
            &["v=TLSRPTv1; rua=mailto:a@example.com%0d%0aBcc:b@example.com"],
        ] {
            assert_eq!(asked(texts), Vec::<String>::new(), "{texts:?}");
        }
    }

    #[test]
    fn nobody_is_made_to_write_to_everybody() {
        let many: Vec<String> = (0..99).map(|nth| format!("mailto:a{nth}@example.com")).collect();
        assert_eq!(asked(&[&format!("v=TLSRPTv1; rua={}", many.join(","))]).len(), MAX_PLACES);
        assert_eq!(asked(&["v=TLSRPTv1; rua=mailto:a@example.com,mailto:a@example.com"]).len(), 1);
    }
}
