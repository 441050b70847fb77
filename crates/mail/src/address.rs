//! Addresses and domains: one strict parser for all. Nothing here prints a whole address by accident.
//!
//! `Debug` masks; the full text comes only from [`Address::to_path`] and [`Address::to_text`].

use std::fmt;

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// Why a text is not an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum AddressError {
    /// Nothing before or no `@`.
    #[error("an address needs a local part, an @ and a domain")]
    Shape,
    /// The local part breaks RFC 5321 §4.1.2 or is over 64 octets (§4.5.3.1.1).
    #[error("the part before the @ is not allowed")]
    LocalPart,
    /// The domain breaks RFC 5321 §4.1.2 or is over 255 octets (§4.5.3.1.2).
    #[error("the domain is not allowed")]
    Domain,
}

impl AddressError {
    /// What to write instead.
    #[must_use]
    pub fn hint(self) -> &'static str {
        match self {
            Self::Shape | Self::LocalPart => "write a mail address, like \"securemail@insurer.example\"",
            Self::Domain => "write a host or domain name, like \"mailgate.insurer.example\"",
        }
    }
}

/// A domain: lower-case A-labels, or an address literal in brackets.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Domain(String);

impl Domain {
    /// Parses a domain (U-labels become A-labels, UTS 46) or an address literal.
    pub fn parse(text: &str) -> Result<Self, AddressError> {
        if let Some(inner) = text.strip_prefix('[').and_then(|t| t.strip_suffix(']')) {
            let ok = match inner.get(..5) {
                Some(tag) if tag.eq_ignore_ascii_case("IPv6:") => {
                    inner.get(5..).is_some_and(|v6| v6.parse::<std::net::Ipv6Addr>().is_ok())
                }
                _ => inner.parse::<std::net::Ipv4Addr>().is_ok(),
            };
            return if ok { Ok(Self(text.to_ascii_lowercase())) } else { Err(AddressError::Domain) };
        }
        let text = text.strip_suffix('.').unwrap_or(text);
        let ascii = idna::domain_to_ascii_strict(text).map_err(|_idna| AddressError::Domain)?;
        let label_ok = |label: &str| {
            (1..=63).contains(&label.len())
                && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
                && !label.starts_with('-')
                && !label.ends_with('-')
        };
        if ascii.is_empty() || ascii.len() > 255 || !ascii.split('.').all(label_ok) {
            return Err(AddressError::Domain);
        }
        Ok(Self(ascii.to_ascii_lowercase()))
    }

    /// The domain as it goes on the wire.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether this is an address literal (`[192.0.2.1]`).
    #[must_use]
    pub fn is_literal(&self) -> bool {
        self.0.starts_with('[')
    }

    /// Whether domains below it are registered by the public, like `com` or `co.uk` (publicsuffix.org). `false` for
    /// endings that are not registered there, like `local`.
    #[must_use]
    pub fn is_public_suffix(&self) -> bool {
        let (readable, _) = idna::domain_to_unicode(&self.0);
        psl::suffix(readable.as_bytes())
            .is_some_and(|suffix| suffix.is_known() && suffix == readable.as_str())
    }

    /// Whether this is `other` or below it.
    #[must_use]
    pub fn is_within(&self, other: &Self) -> bool {
        self.0 == other.0 || self.0.strip_suffix(other.as_str()).is_some_and(|rest| rest.ends_with('.'))
    }
}

impl fmt::Debug for Domain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for Domain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for Domain {
    type Error = AddressError;
    fn try_from(text: String) -> Result<Self, AddressError> {
        Self::parse(&text)
    }
}

impl From<Domain> for String {
    fn from(domain: Domain) -> Self {
        domain.0
    }
}

/// A mail address. The local part is kept unquoted and exactly as given (RFC 5321 §2.4: case matters).
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Address {
    local: String,
    domain: Domain,
}

impl Address {
    /// Parses `local@domain` or `"quoted local"@domain`; nothing around it, no angle brackets.
    pub fn parse(text: &str) -> Result<Self, AddressError> {
        let at = text.rfind('@').ok_or(AddressError::Shape)?;
        let (local, domain) = (text.get(..at), text.get(at + 1..));
        let (Some(local), Some(domain)) = (local, domain) else {
            return Err(AddressError::Shape);
        };
        let local = if local.starts_with('"') { unquote(local)? } else { dot_string(local)? };
        Self::from_parts(&local, Domain::parse(domain)?)
    }

    /// Builds an address from an unquoted local part.
    pub fn from_parts(local: &str, domain: Domain) -> Result<Self, AddressError> {
        // Quoted-string allows printable ASCII and, with SMTPUTF8, UTF-8 (RFC 6531 §3.3); no controls.
        if local.is_empty() || local.len() > 64 || local.chars().any(char::is_control) {
            return Err(AddressError::LocalPart);
        }
        Ok(Self { local: local.to_owned(), domain })
    }

    /// The local part, unquoted.
    #[must_use]
    pub fn local(&self) -> &str {
        &self.local
    }

    /// The domain.
    #[must_use]
    pub fn domain(&self) -> &Domain {
        &self.domain
    }

    /// The address for MAIL, RCPT and headers: quoted again where it must be. Handle with care.
    #[must_use]
    pub fn to_path(&self) -> String {
        if dot_string(&self.local).is_ok() {
            format!("{}@{}", self.local, self.domain)
        } else {
            let mut quoted = String::with_capacity(self.local.len() + 2);
            for c in self.local.chars() {
                if c == '"' || c == '\\' {
                    quoted.push('\\');
                }
                quoted.push(c);
            }
            format!("\"{quoted}\"@{}", self.domain)
        }
    }

    /// The address a mailbox is known by: like [`Self::to_path`], but lower case throughout, because
    /// people type their address in any case and no provider we know tells them apart.
    ///
    /// SECURITY: a character is lower-cased only if upper-casing gives it back. Others share their lower case with another
    /// address (U+212A, the Kelvin sign, becomes `k`), and to their server these are two people.
    #[must_use]
    pub fn identity(&self) -> String {
        let mut identity = String::new();
        for c in self.to_path().chars() {
            match small(c) {
                Some(small) => identity.push(small),
                None => identity.push(c),
            }
        }
        identity
    }

    /// Whether it can only travel with SMTPUTF8 (RFC 6531).
    #[must_use]
    pub fn needs_smtputf8(&self) -> bool {
        !self.local.is_ascii()
    }

    /// First letter and domain: what may be logged.
    #[must_use]
    pub fn masked(&self) -> String {
        let first = self.local.chars().next().unwrap_or('?');
        format!("{first}…@{}", self.domain)
    }
}

/// The lower-case letter whose upper case this is, and no other.
fn small(c: char) -> Option<char> {
    let (mut lower, mut upper) = (c.to_lowercase(), c.to_lowercase().flat_map(char::to_uppercase));
    let single = lower.next().filter(|_| lower.next().is_none());
    single.filter(|_| upper.next() == Some(c) && upper.next().is_none())
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.masked())
    }
}

impl TryFrom<String> for Address {
    type Error = AddressError;
    fn try_from(text: String) -> Result<Self, AddressError> {
        Self::parse(&text)
    }
}

impl From<Address> for String {
    fn from(address: Address) -> Self {
        address.to_path()
    }
}

/// RFC 5321 §4.1.2 Reverse-path: null for reports (§4.5.5) or an address.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum ReversePath {
    /// `<>`: never answered with a report.
    Null,
    /// `<address>`.
    Address(Address),
}

impl ReversePath {
    /// The address, unless null.
    #[must_use]
    pub fn address(&self) -> Option<&Address> {
        match self {
            Self::Null => None,
            Self::Address(address) => Some(address),
        }
    }

    /// The text between the angle brackets; empty for the null path.
    #[must_use]
    pub fn to_path(&self) -> String {
        self.address().map(Address::to_path).unwrap_or_default()
    }
}

/// RFC 5321 §4.1.2 Dot-string, atext of RFC 5322 §3.2.3 or non-ASCII (RFC 6531 §3.3).
fn dot_string(local: &str) -> Result<String, AddressError> {
    let atext = |c: char| {
        c.is_ascii_alphanumeric()
            || "!#$%&'*+-/=?^_`{|}~".contains(c)
            || (!c.is_ascii() && !c.is_control() && !c.is_whitespace())
    };
    if local.split('.').all(|atom| !atom.is_empty() && atom.chars().all(atext)) {
        Ok(local.to_owned())
    } else {
        Err(AddressError::LocalPart)
    }
}

/// RFC 5321 §4.1.2 Quoted-string.
fn unquote(local: &str) -> Result<String, AddressError> {
    let inner = local
        .strip_prefix('"')
        .and_then(|l| l.strip_suffix('"'))
        .filter(|_| local.len() >= 2)
        .ok_or(AddressError::LocalPart)?;
    let mut out = String::with_capacity(inner.len());
    let mut chars = inner.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => out.push(chars.next().ok_or(AddressError::LocalPart)?),
            '"' => return Err(AddressError::LocalPart),
            other => out.push(other),
        }
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(text: &str) -> Result<String, AddressError> {
        Address::parse(text).map(|a| a.to_path())
    }

    #[test]
    fn ordinary_addresses_stay_as_they_are() {
        assert_eq!(path("Max.Muster+x@Web.DE").as_deref(), Ok("Max.Muster+x@web.de"));
        assert_eq!(path("a@[192.0.2.1]").as_deref(), Ok("a@[192.0.2.1]"));
        assert_eq!(path("a@[IPv6:2001:db8::1]").as_deref(), Ok("a@[ipv6:2001:db8::1]"));
        assert_eq!(path("jürgen@bücher.example").as_deref(), Ok("jürgen@xn--bcher-kva.example"));
    }

    /// One mailbox for an address in any case, and never one mailbox for two addresses.
    #[test]
    fn only_capitals_of_small_letters_become_small() {
        let identity = |text: &str| Address::parse(text).unwrap().identity();
        assert_eq!(identity("Frank.KOCH@Web.example"), "frank.koch@web.example");
        assert_eq!(identity("MÜLLER@web.example"), "müller@web.example");
        assert_eq!(identity("ΣΑΚΗΣ@web.example"), identity("σακησ@web.example"));
        for c in (0x80..=0x0010_ffff).filter_map(char::from_u32).filter(|c| c.is_alphanumeric()) {
            let identity = identity(&format!("{c}@web.example"));
            assert!(!identity.is_ascii(), "U+{:04X} is somebody else", u32::from(c));
        }
    }

    #[test]
    fn quotes_are_kept_only_where_they_must_be() {
        assert_eq!(path("\"a b\"@d.de").as_deref(), Ok("\"a b\"@d.de"));
        assert_eq!(path("\"ab\"@d.de").as_deref(), Ok("ab@d.de"));
        assert_eq!(path("\"a\\\"b\"@d.de").as_deref(), Ok("\"a\\\"b\"@d.de"));
    }

    #[test]
    fn what_is_no_address_is_refused() {
        for bad in [
            "",
            "@d.de",
            "a",
            "a@",
            "a b@d.de",
            "a@b@c.de",
            "a..b@d.de",
            ".a@d.de",
            "a@-d.de",
            "a@d..de",
            "a\r\n@d.de",
            "\"a@d.de",
            "\"a\"b\"@d.de",
            "a@[1.2.3]",
            "a@d.de\n",
            " a@d.de",
            "a@d.de ",
            "\"a\r\nb\"@d.de",
        ] {
            assert!(path(bad).is_err(), "{bad:?}");
        }
        assert!(path(&format!("{}@d.de", "x".repeat(65))).is_err());
    }

    #[test]
    fn nothing_prints_the_whole_address_by_accident() {
        let address = Address::parse("max.muster@web.de").ok();
        assert_eq!(format!("{address:?}"), "Some(m…@web.de)");
    }

    #[test]
    fn below_means_whole_labels() {
        let d = |t| Domain::parse(t).ok();
        let (a, b, c) = (d("x.insurer.example"), d("insurer.example"), d("notinsurer.example"));
        assert_eq!(a.zip(b.clone()).map(|(a, b)| a.is_within(&b)), Some(true));
        assert_eq!(c.zip(b).map(|(c, b)| c.is_within(&b)), Some(false));
    }

    proptest::proptest! {
        #[test]
        fn what_parses_reads_back_as_itself(text in "\\PC{0,40}|[a-c\"\\\\ .@<>\\[\\]:0-9-]{0,20}|\"[ -~äß]{0,10}\"@[a-zäß.-]{1,12}") {
            if let Ok(address) = Address::parse(&text) {
                let path = address.to_path();
                proptest::prop_assert_eq!(Address::parse(&path), Ok(address.clone()));
                proptest::prop_assert!(!path.chars().any(char::is_control));
                proptest::prop_assert_eq!(address.needs_smtputf8(), !path.is_ascii());
                let json = serde_json::to_string(&address).unwrap();
                proptest::prop_assert_eq!(serde_json::from_str::<Address>(&json).ok(), Some(address));
            }
        }

        #[test]
        fn domains_are_settled_by_one_parse(text in "\\PC{0,30}|[a-zäß0-9.\\[\\]:-]{1,20}") {
            if let Ok(domain) = Domain::parse(&text) {
                proptest::prop_assert_eq!(Domain::parse(domain.as_str()), Ok(domain.clone()));
                proptest::prop_assert!(domain.as_str().is_ascii());
                proptest::prop_assert!(domain.is_within(&domain));
            }
        }
    }

    #[test]
    fn what_anybody_can_own_a_part_of_is_a_public_suffix() {
        for anybodys in ["com", "at", "co.uk", "or.at", "github.io", "COM"] {
            assert!(Domain::parse(anybodys).unwrap().is_public_suffix(), "{anybodys}");
        }
        for own in ["insurer.example", "insurer.com", "a.co.uk", "local", "example", "intern", "[192.0.2.1]"]
        {
            assert!(!Domain::parse(own).unwrap().is_public_suffix(), "{own}");
        }
    }
}
