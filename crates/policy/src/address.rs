//! Address patterns and lists of them.

use std::collections::HashSet;

use sealpost_mail::{Address, Domain, ReversePath, composed};

use crate::wildcard::Wildcard;

/// One pattern, as the crate's documentation describes them.
#[derive(Clone, Debug)]
pub(crate) enum AddressPattern {
    /// `*`
    Any,
    /// `<>`
    Null,
    Exact(String),
    Domain(LocalPart, Domain),
    Below(LocalPart, Domain),
}

/// The part before the @.
#[derive(Clone, Debug)]
pub(crate) enum LocalPart {
    Any,
    Like(Wildcard),
}

impl LocalPart {
    fn parse(text: &str) -> Option<Self> {
        match text {
            "*" => Some(Self::Any),
            "" => None,
            _ if text.chars().any(|c| c.is_control() || c.is_whitespace()) => None,
            _ => Some(Self::Like(Wildcard::new(text))),
        }
    }

    fn matches(&self, local: &str) -> bool {
        match self {
            Self::Any => true,
            Self::Like(wildcard) => wildcard.matches(local),
        }
    }
}

impl AddressPattern {
    pub(crate) fn parse(text: &str) -> Option<Self> {
        match text {
            "*" => return Some(Self::Any),
            "<>" => return Some(Self::Null),
            _ => {}
        }
        let (local, domain) = match text.rsplit_once('@') {
            Some((local, domain)) => (local, domain),
            None => ("*", text),
        };
        if let Some(parent) = domain.strip_prefix("*.") {
            return Some(Self::Below(LocalPart::parse(local)?, Domain::parse(parent).ok()?));
        }
        if local.contains(['*', '?']) {
            return Some(Self::Domain(LocalPart::parse(local)?, Domain::parse(domain).ok()?));
        }
        Address::parse(text).ok().map(|address| Self::Exact(spelling(&address)))
    }

    /// Whether the pattern `wide` matches every address that `narrow` does, as far as that is easily decided.
    pub(crate) fn covers(wide: &str, narrow: &str) -> bool {
        match (Self::parse(wide), Self::parse(narrow)) {
            (Some(Self::Any), Some(narrow)) => !matches!(narrow, Self::Null),
            (Some(Self::Domain(LocalPart::Any, ours)), Some(Self::Domain(_, theirs))) => ours == theirs,
            (Some(Self::Below(LocalPart::Any, ours)), Some(Self::Domain(_, theirs))) => {
                ours != theirs && theirs.is_within(&ours)
            }
            (Some(Self::Below(LocalPart::Any, ours)), Some(Self::Below(_, theirs))) => {
                theirs.is_within(&ours)
            }
            (Some(wide), Some(Self::Exact(_))) => {
                Address::parse(narrow).is_ok_and(|address| wide.matches_address(&address))
            }
            (Some(_), Some(_)) => wide == narrow,
            (None, _) | (_, None) => false,
        }
    }

    fn matches_address(&self, address: &Address) -> bool {
        match self {
            Self::Any => true,
            Self::Null => false,
            Self::Exact(known) => spelling(address) == *known,
            Self::Domain(local, domain) => address.domain() == domain && local.matches(address.local()),
            Self::Below(local, domain) => {
                address.domain() != domain
                    && address.domain().is_within(domain)
                    && local.matches(address.local())
            }
        }
    }
}

/// The normal form in which addresses are compared: case as for mailboxes, and NFC (RFC 6532 §3.1 asks senders for it,
/// and not all comply).
fn spelling(address: &Address) -> String {
    composed(&address.identity())
}

/// Patterns indexed so that a list of a hundred thousand addresses costs as much as one of ten.
#[derive(Clone, Debug, Default)]
pub(crate) struct AddressSet {
    any: bool,
    null: bool,
    exact: HashSet<String>,
    domains: HashSet<Domain>,
    others: Vec<AddressPattern>,
}

impl AddressSet {
    pub(crate) fn add(&mut self, pattern: AddressPattern) {
        match pattern {
            AddressPattern::Any => self.any = true,
            AddressPattern::Null => self.null = true,
            AddressPattern::Exact(identity) => {
                self.exact.insert(identity);
            }
            AddressPattern::Domain(LocalPart::Any, domain) => {
                self.domains.insert(domain);
            }
            other @ (AddressPattern::Domain(..) | AddressPattern::Below(..)) => self.others.push(other),
        }
    }

    /// Reads a list file: one pattern per line, `#` starts a comment. The error is the line's number.
    pub(crate) fn parse_list(text: &str) -> Result<Self, usize> {
        let mut set = Self::default();
        for (number, entry) in list_entries(text) {
            set.add(AddressPattern::parse(entry).ok_or(number)?);
        }
        Ok(set)
    }

    pub(crate) fn has_null(&self) -> bool {
        self.null
    }

    pub(crate) fn contains(&self, address: &Address) -> bool {
        self.any
            || self.domains.contains(address.domain())
            || (!self.exact.is_empty() && self.exact.contains(&spelling(address)))
            || self.others.iter().any(|pattern| pattern.matches_address(address))
    }

    pub(crate) fn contains_path(&self, path: &ReversePath) -> bool {
        match path {
            ReversePath::Null => self.null,
            ReversePath::Address(address) => self.contains(address),
        }
    }
}

/// The entries of a list file, each with its line number: without comments, blanks and a byte order mark.
pub fn list_entries(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let entries = text.lines().enumerate().map(|(at, line)| {
        let entry = line.split('#').next().unwrap_or_default();
        (at + 1, entry.trim().trim_start_matches('\u{feff}'))
    });
    entries.filter(|(_, entry)| !entry.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn an_address_is_one_however_its_letters_are_composed() {
        for pattern in ["müller@web.example", "mu\u{308}ller@web.example", "m*ü*r@web.example"] {
            let mut set = AddressSet::default();
            set.add(AddressPattern::parse(pattern).unwrap());
            for typed in ["müller@web.example", "mu\u{308}ller@WEB.example", "MU\u{308}LLER@web.example"] {
                assert!(set.contains(&Address::parse(typed).unwrap()), "{pattern} {typed}");
            }
            assert!(!set.contains(&Address::parse("muller@web.example").unwrap()), "{pattern}");
        }
    }

    #[test]
    fn a_wide_pattern_covers_narrow_ones() {
        for (wide, narrow) in [
            ("*", "a@x.example"),
            ("*", "*.example"),
            ("x.example", "A@x.example"),
            ("x.example", "claims-*@x.example"),
            ("*.example", "x.example"),
            ("*.x.example", "*.y.x.example"),
            ("claims-*@x.example", "claims-1@x.example"),
            ("<>", "<>"),
        ] {
            assert!(AddressPattern::covers(wide, narrow), "{wide} {narrow}");
        }
        for (wide, narrow) in [
            ("*", "<>"),
            ("*.x.example", "x.example"),
            ("x.example", "*.x.example"),
            ("a@x.example", "x.example"),
            ("claims-*@x.example", "x.example"),
        ] {
            assert!(!AddressPattern::covers(wide, narrow), "{wide} {narrow}");
        }
    }

    fn holds(pattern: &str, address: &str) -> bool {
        let mut set = AddressSet::default();
        set.add(AddressPattern::parse(pattern).unwrap());
        let address = Address::parse(address).unwrap();
        let direct = AddressPattern::parse(pattern).unwrap().matches_address(&address);
        assert_eq!(set.contains(&address), direct);
        direct
    }

    #[test]
    fn every_form() {
        assert!(holds("Max@Web.example", "max@web.example"));
        assert!(!holds("max@web.example", "maxi@web.example"));
        for all_of_domain in ["web.example", "*@web.example", "WEB.example"] {
            assert!(holds(all_of_domain, "x@web.example"));
            assert!(!holds(all_of_domain, "x@sub.web.example"));
            assert!(!holds(all_of_domain, "x@notweb.example"));
        }
        for below in ["*.web.example", "*@*.web.example"] {
            assert!(holds(below, "x@a.b.web.example"));
            assert!(!holds(below, "x@web.example"));
            assert!(!holds(below, "x@notweb.example"));
        }
        assert!(holds("claims-*@web.example", "CLAIMS-north@web.example"));
        assert!(!holds("claims-*@web.example", "north@web.example"));
        assert!(holds("a?c@web.example", "abc@web.example"));
        assert!(holds("bücher.example", "x@xn--bcher-kva.example"));
        assert!(holds("*", "x@y.example"));
        assert!(holds("\"a b\"@web.example", "\"a b\"@web.example"));
    }

    #[test]
    fn the_null_path_is_matched_only_by_name() {
        let set = |pattern: &str| {
            let mut set = AddressSet::default();
            set.add(AddressPattern::parse(pattern).unwrap());
            set.contains_path(&ReversePath::Null)
        };
        assert!(set("<>"));
        assert!(!set("*"));
        assert!(!holds("<>", "x@y.example"));
    }

    #[test]
    fn what_is_no_pattern() {
        for bad in [
            "",
            "@",
            "@web.example",
            "a b@web.example",
            "max@",
            "*@",
            "**.example.",
            "we*b.example",
            "*.*",
            "a@b@c.*",
        ] {
            assert!(AddressPattern::parse(bad).is_none(), "{bad:?}");
        }
    }

    #[test]
    fn lists_name_the_bad_line() {
        let good = "\u{feff}# partners\nmax@web.example\n\n*.partner.example # all below\r\nbroker.example\n";
        let set = AddressSet::parse_list(good).unwrap();
        for address in ["MAX@web.example", "x@a.partner.example", "y@broker.example"] {
            assert!(set.contains(&Address::parse(address).unwrap()));
        }
        assert!(!set.contains(&Address::parse("eva@web.example").unwrap()));
        assert_eq!(AddressSet::parse_list("a@b.example\nnot an address\n").unwrap_err(), 2);
    }

    proptest! {
        #[test]
        fn arbitrary_patterns_never_panic(pattern in "\\PC{0,40}|[a@*.?<>\"\\\\ ]{0,12}") {
            if let Some(parsed) = AddressPattern::parse(&pattern) {
                let _ = parsed.matches_address(&Address::parse("a@b.example").unwrap());
            }
        }
    }
}
