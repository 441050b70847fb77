//! The operator's search filter (RFC 4515) with placeholders for the address in its values. Sends nothing.
//!
//! SECURITY: the operator's text is parsed once, before there is an address. An address is inserted into parsed values
//! and never parsed itself, so nothing in it can become a filter: there is nothing to escape.

use ldap3_proto::parse_ldap_filter_str;
use ldap3_proto::proto::{LdapFilter, LdapMatchingRuleAssertion, LdapSubstringFilter};
use sealpost_mail::Address;
use thiserror::Error;

/// The whole address: `dr.moor@clinic.example`.
const ADDRESS: &str = "{address}";
/// Its domain.
const DOMAIN: &str = "{domain}";

/// Why a text is not a valid filter.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum FilterError {
    /// It violates RFC 4515.
    #[error(
        "it cannot be read at {0}; blanks and ( ) * < > = ~ ! & | within a value are written as \\20 \\28 \\29 \\2a \\3c \\3e \\3d \\7e \
         \\21 \\26 \\7c"
    )]
    Unreadable(String),
    /// An unknown placeholder.
    #[error("there is nothing to put at {0:?}")]
    Placeholder(String),
    /// No placeholder: the same query for every address.
    #[error("it is the same for every address: {{address}} or {{domain}} must occur in one of its values")]
    Nobody,
    /// A backslash that is not an escape.
    #[error("a \\ in it is not followed by two hex digits (RFC 4515 §3)")]
    Escape,
}

/// A filter that is complete except for the address.
#[derive(Clone, Debug, PartialEq)]
pub struct Filter(LdapFilter);

impl Filter {
    /// `(mail={address})`, `(&(objectClass=person)(proxyAddresses=smtp:{address}))`.
    ///
    /// # Errors
    /// See [`FilterError`].
    pub fn parse(text: &str) -> Result<Self, FilterError> {
        let read = parse_ldap_filter_str(text)
            .map_err(|error| FilterError::Unreadable(format!("column {}", error.location.column)))?;
        let mut places = 0;
        let filter = changed(&read, &mut |value| {
            let value = unescaped(value)?;
            places += placeholders(&value)?;
            Ok(value)
        })?;
        if places == 0 { Err(FilterError::Nobody) } else { Ok(Self(filter)) }
    }

    /// The filter for this address.
    pub(crate) fn about(&self, address: &Address) -> LdapFilter {
        let mut fill = |value: &str| Ok::<_, std::convert::Infallible>(filled(value, address));
        match changed(&self.0, &mut fill) {
            Ok(filter) => filter,
            Err(never) => match never {},
        }
    }
}

/// The same filter with other values.
fn changed<E>(
    filter: &LdapFilter,
    change: &mut dyn FnMut(&str) -> Result<String, E>,
) -> Result<LdapFilter, E> {
    let mut all = |filters: &[LdapFilter]| -> Result<Vec<LdapFilter>, E> {
        filters.iter().map(|one| changed(one, &mut *change)).collect()
    };
    Ok(match filter {
        LdapFilter::And(filters) => LdapFilter::And(all(filters)?),
        LdapFilter::Or(filters) => LdapFilter::Or(all(filters)?),
        LdapFilter::Not(one) => LdapFilter::Not(Box::new(changed(one, change)?)),
        LdapFilter::Equality(name, value) => LdapFilter::Equality(name.clone(), change(value)?),
        LdapFilter::GreaterOrEqual(name, value) => LdapFilter::GreaterOrEqual(name.clone(), change(value)?),
        LdapFilter::LessOrEqual(name, value) => LdapFilter::LessOrEqual(name.clone(), change(value)?),
        LdapFilter::Approx(name, value) => LdapFilter::Approx(name.clone(), change(value)?),
        LdapFilter::Present(name) => LdapFilter::Present(name.clone()),
        LdapFilter::Substring(name, pieces) => {
            let LdapSubstringFilter { initial, any, final_ } = pieces;
            let pieces = LdapSubstringFilter {
                initial: initial.as_deref().map(&mut *change).transpose()?,
                any: any.iter().map(|piece| change(piece)).collect::<Result<_, E>>()?,
                final_: final_.as_deref().map(change).transpose()?,
            };
            LdapFilter::Substring(name.clone(), pieces)
        }
        LdapFilter::Extensible(rule) => LdapFilter::Extensible(LdapMatchingRuleAssertion {
            match_value: change(&rule.match_value)?,
            ..rule.clone()
        }),
    })
}

/// Number of placeholders in it.
fn placeholders(value: &str) -> Result<usize, FilterError> {
    let mut count = 0;
    for (at, _brace) in value.match_indices('{') {
        let from = value.get(at..).unwrap_or_default();
        if !from.starts_with(ADDRESS) && !from.starts_with(DOMAIN) {
            return Err(FilterError::Placeholder(from.chars().take(20).collect()));
        }
        count += 1;
    }
    Ok(count)
}

/// In one pass: an address may contain braces itself.
fn filled(value: &str, address: &Address) -> String {
    let (mut text, mut rest) = (String::new(), value);
    while let Some((before, from)) = rest.split_once('{') {
        text.push_str(before);
        if let Some(behind) = from.strip_prefix("address}") {
            text.push_str(&address.to_path());
            rest = behind;
        } else if let Some(behind) = from.strip_prefix("domain}") {
            text.push_str(address.domain().as_str());
            rest = behind;
        } else {
            text.push('{');
            rest = from;
        }
    }
    text.push_str(rest);
    text
}

/// RFC 4515 §3: two hex digits for an octet.
fn unescaped(value: &str) -> Result<String, FilterError> {
    let mut pieces = value.split('\\');
    let mut octets = pieces.next().unwrap_or_default().as_bytes().to_vec();
    for piece in pieces {
        let (digits, rest) = piece.split_at_checked(2).ok_or(FilterError::Escape)?;
        octets.push(u8::from_str_radix(digits, 16).map_err(|_no_digits| FilterError::Escape)?);
        octets.extend_from_slice(rest.as_bytes());
    }
    String::from_utf8(octets).map_err(|_no_text| FilterError::Escape)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn about(filter: &str, address: &str) -> LdapFilter {
        Filter::parse(filter).unwrap().about(&Address::parse(address).unwrap())
    }

    fn equal(name: &str, value: &str) -> LdapFilter {
        LdapFilter::Equality(name.to_owned(), value.to_owned())
    }

    #[test]
    fn an_address_is_a_value_whatever_it_holds() {
        for local in ["\"*)(uid=*\"", "\"*\"", "\"\\\\2a)(|(mail=*\"", "{address}", "{domain}", "a\"b", "*"] {
            let address = format!("{local}@clinic.example");
            let Ok(parsed) = Address::parse(&address) else { continue };
            let whole = parsed.to_path();
            assert_eq!(about("(mail={address})", &address), equal("mail", &whole), "{address}");
            let both = LdapFilter::And(vec![
                equal("objectClass", "person"),
                equal("proxyAddresses", &format!("smtp:{whole}")),
            ]);
            assert_eq!(about("(&(objectClass=person)(proxyAddresses=smtp:{address}))", &address), both);
        }
    }

    #[test]
    fn it_may_stand_in_pieces_and_in_rules() {
        let pieces = about(r"(pgpUserID=*\3c{address}\3e*)", "moor@clinic.example");
        assert_eq!(
            pieces,
            LdapFilter::Substring(
                "pgpUserID".to_owned(),
                LdapSubstringFilter {
                    initial: None,
                    any: vec!["<moor@clinic.example>".to_owned()],
                    final_: None
                }
            )
        );
        let either = about("(|(mail={address})(!(o={domain})))", "moor@clinic.example");
        let not = LdapFilter::Not(Box::new(equal("o", "clinic.example")));
        assert_eq!(either, LdapFilter::Or(vec![equal("mail", "moor@clinic.example"), not]));
        let rule = about("(mail:caseExactMatch:={address})", "moor@clinic.example");
        assert!(matches!(rule, LdapFilter::Extensible(rule) if rule.match_value == "moor@clinic.example"));
    }

    #[test]
    fn escapes_are_read_once_and_before_the_address() {
        assert_eq!(about(r"(cn=a\2ab\20{domain})", "x@clinic.example"), equal("cn", "a*b clinic.example"));
        assert_eq!(Filter::parse(r"(cn=\zz{address})"), Err(FilterError::Escape));
        assert_eq!(Filter::parse(r"(cn={address}\2)"), Err(FilterError::Escape));
    }

    #[test]
    fn what_asks_for_nobody_or_cannot_be_read_is_none() {
        assert_eq!(Filter::parse("(objectClass=*)"), Err(FilterError::Nobody));
        assert_eq!(Filter::parse("(mail={mail})"), Err(FilterError::Placeholder("{mail}".to_owned())));
        for odd in ["mail={address}", "(mail={address}", "((mail={address})", "", "(mail={address})x"] {
            assert!(matches!(Filter::parse(odd), Err(FilterError::Unreadable(_))), "{odd}");
        }
    }
}
