//! Detects local parts that a server on the way may read as another address, a file or a program; matches
//! domains by pattern. Decides from the text alone; knows no server and no configuration.

use icu_normalizer::ComposingNormalizerBorrowed;
use serde::{Deserialize, Serialize};

use crate::address::{Address, AddressError, Domain};

/// How Exchange wraps an address of another system into a local part (IMCEASMTP-, IMCEAEX-, IMCEAINVALID- …);
/// it unwraps it and sends to that address.
const WRAPPED: &str = "imcea";
/// Characters that look like `% ! : @ / |` but are not normalised to them (UTS 39 confusables).
const LOOKALIKES: [char; 16] = [
    '\u{66a}', '\u{2052}', '\u{1c3}', '\u{2d51}', '\u{2236}', '\u{a789}', '\u{2d0}', '\u{5c3}', '\u{703}',
    '\u{704}', '\u{16ec}', '\u{2044}', '\u{2215}', '\u{2571}', '\u{1c0}', '\u{2223}',
];

impl Address {
    /// Whether a server that considers this domain its own may forward it to another address:
    /// `user%elsewhere` and `elsewhere!user` (RFC 5321 appendix F.2 warns of both), `@elsewhere:user` (F.2,
    /// source routes), a second `@` in quotes, Exchange's wrapped addresses; or may hand it to a file (`/`),
    /// a program (`|`) or a command line (`-`). Characters that Unicode normalisation turns into one of these
    /// count too: a server on the way may normalise.
    #[must_use]
    pub fn leads_elsewhere(&self) -> bool {
        let plain = ComposingNormalizerBorrowed::new_nfkc().normalize(self.local());
        let quoted = self.to_path().starts_with('"');
        let wrapped = plain.get(..WRAPPED.len()).is_some_and(|start| start.eq_ignore_ascii_case(WRAPPED));
        // Servers that repair addresses decode an encoded-word, which gives another address.
        let encoded = plain.contains("=?") || plain.contains("?=");
        quoted
            || wrapped
            || encoded
            || plain.contains(LOOKALIKES)
            || plain.contains(['%', '!', '@', ':', '"', '\\', '<', '>', ',', ';', '(', ')'])
            || plain.starts_with(['/', '|', '-'])
            || plain.chars().any(|c| c.is_control() || c.is_whitespace())
    }
}

/// `insurer.example`, or `*.insurer.example` for everything below it but not the domain itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String")]
pub struct DomainPattern {
    domain: Domain,
    below: bool,
}

impl DomainPattern {
    /// Parses a pattern.
    pub fn parse(text: &str) -> Result<Self, AddressError> {
        let bare = text.strip_prefix("*.");
        Ok(Self { domain: Domain::parse(bare.unwrap_or(text))?, below: bare.is_some() })
    }

    /// Whether the pattern matches the domain.
    #[must_use]
    pub fn covers(&self, domain: &Domain) -> bool {
        if self.below {
            *domain != self.domain && domain.is_within(&self.domain)
        } else {
            *domain == self.domain
        }
    }
}

impl From<Domain> for DomainPattern {
    fn from(domain: Domain) -> Self {
        Self { domain, below: false }
    }
}

impl TryFrom<String> for DomainPattern {
    type Error = AddressError;
    fn try_from(text: String) -> Result<Self, AddressError> {
        Self::parse(&text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn leads(text: &str) -> bool {
        Address::parse(text).unwrap().leads_elsewhere()
    }

    #[test]
    fn what_a_hop_could_send_on_is_recognised() {
        for bad in [
            "victim%evil.example@insurer.example",
            "evil.example!victim@insurer.example",
            "\"victim@evil.example\"@insurer.example",
            "\"@evil.example:victim\"@insurer.example",
            "\"a:b\"@insurer.example",
            "\"a b\"@insurer.example",
            "\"victim%evil.example\"@insurer.example",
            "victim\u{ff05}evil.example@insurer.example",
            "evil.example\u{ff01}victim@insurer.example",
            "victim\u{ff20}evil.example@insurer.example",
            "victim\u{fe6a}evil.example@insurer.example",
            "victim\u{fe6b}evil.example@insurer.example",
            "evil.example\u{fe57}victim@insurer.example",
            "evil.example\u{203c}victim@insurer.example",
            "a\u{ff1a}b@insurer.example",
            "/var/mail/root@insurer.example",
            "\u{ff0f}etc@insurer.example",
            "|sh@insurer.example",
            "-oQ@insurer.example",
            "IMCEASMTP-victim+40evil+2Eexample@insurer.example",
            "imceasmtp-victim+40evil+2Eexample@insurer.example",
            "IMCEAEX-_o=x_cn=victim@insurer.example",
            "IMCEAINVALID-victim+40evil+2Eexample@insurer.example",
            "=?utf-8?Q?victim=40evil.example?=@insurer.example",
            "victim\u{66a}evil.example@insurer.example",
            "evil.example\u{1c3}victim@insurer.example",
            "a\u{2236}b@insurer.example",
        ] {
            assert!(leads(bad), "{bad}");
        }
    }

    #[test]
    fn what_people_are_called_is_not() {
        for good in [
            "erika@insurer.example",
            "Max.Muster+unfall@insurer.example",
            "o'brien@insurer.example",
            "jürgen.größe@insurer.example",
            "bounce+0123456789abcdef@portal.insurer.example",
            "SRS0=x=y=web.example=max@insurer.example",
            "prvs=1234=max@insurer.example",
            "a/b-c|d@insurer.example",
            "\"ab\"@insurer.example",
            "李@insurer.example",
        ] {
            assert!(!leads(good), "{good}");
        }
    }

    #[test]
    fn below_is_not_the_domain_itself() {
        let covers =
            |pattern, domain| DomainPattern::parse(pattern).unwrap().covers(&Domain::parse(domain).unwrap());
        assert!(
            covers("insurer.example", "Insurer.example") && covers("*.insurer.example", "a.insurer.example")
        );
        assert!(!covers("*.insurer.example", "insurer.example"));
        assert!(!covers("insurer.example", "a.insurer.example"));
        assert!(!covers("*.insurer.example", "a.notinsurer.example"));
        assert!(DomainPattern::parse("*.").is_err());
    }
}
