//! What belongs to a partner: a domain, or one address. Knows no partner.

use std::fmt;

use sealpost_mail::{Address, AddressError, Domain};
use sealpost_vault::TagKey;
use serde::{Deserialize, Serialize};

/// A domain (itself, nothing below it), or one address.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum DomainOrAddress {
    /// Everybody in this domain.
    Domain(Domain),
    /// One person.
    Address(Address),
}

impl DomainOrAddress {
    /// `clinic.example` or `dr.moor@clinic.example`.
    pub fn parse(text: &str) -> Result<Self, AddressError> {
        match text.contains('@') {
            true => Address::parse(text).map(Self::Address),
            false => Domain::parse(text).map(Self::Domain),
        }
    }

    /// Whether this address belongs to it.
    #[must_use]
    pub fn covers(&self, address: &Address) -> bool {
        match self {
            Self::Domain(domain) => address.domain() == domain,
            Self::Address(one) => one.identity() == address.identity(),
        }
    }

    /// Its domain.
    #[must_use]
    pub fn domain(&self) -> &Domain {
        match self {
            Self::Domain(domain) => domain,
            Self::Address(address) => address.domain(),
        }
    }

    /// The tag by which it is looked up.
    #[must_use]
    pub fn tag(&self, tags: &TagKey) -> [u8; 32] {
        match self {
            Self::Domain(domain) => tags.partner_tag("domain", domain.as_str()),
            Self::Address(address) => tags.partner_tag("address", &address.identity()),
        }
    }

    /// Address and domain that an address may be found under, the narrower first.
    #[must_use]
    pub fn of(address: &Address) -> [Self; 2] {
        [Self::Address(address.clone()), Self::Domain(address.domain().clone())]
    }
}

impl fmt::Display for DomainOrAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Domain(domain) => domain.fmt(f),
            Self::Address(address) => f.write_str(&address.to_path()),
        }
    }
}

impl TryFrom<String> for DomainOrAddress {
    type Error = AddressError;
    fn try_from(text: String) -> Result<Self, AddressError> {
        Self::parse(&text)
    }
}

impl From<DomainOrAddress> for String {
    fn from(place: DomainOrAddress) -> Self {
        place.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_domain_covers_its_addresses_and_no_others() {
        let address = |text| Address::parse(text).unwrap();
        let clinic = DomainOrAddress::parse("Clinic.example").unwrap();
        assert!(clinic.covers(&address("a@clinic.example")));
        assert!(!clinic.covers(&address("a@ward.clinic.example")));
        assert!(!clinic.covers(&address("a@clinic.example.evil.example")));
        let one = DomainOrAddress::parse("Dr.Moor@clinic.example").unwrap();
        assert!(one.covers(&address("dr.moor@clinic.example")));
        assert!(!one.covers(&address("nurse@clinic.example")));
        assert!(DomainOrAddress::parse("not a domain").is_err());
    }
}
