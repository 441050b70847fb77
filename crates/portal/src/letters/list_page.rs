//! Which page of a folder's list, and in which order: what the list's own links say, and a letter's link, so that the way back leads
//! there. Knows no letter.

use crate::letters::order::Order;

/// A page of a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ListPage {
    pub(crate) order: Order,
    /// From one.
    pub(crate) number: u32,
}

impl ListPage {
    /// As an address says it; what it does not say is the first page, newest first.
    pub(crate) fn parse(sort: &str, page: Option<u32>) -> Self {
        Self { order: Order::parse(sort), number: page.unwrap_or(1).max(1) }
    }

    /// Name and value of each parameter that differs from the first page, newest first; for a URL or a form.
    pub(crate) fn pairs(self) -> Vec<(&'static str, String)> {
        let sort = (self.order != Order::Newest).then(|| ("sort", self.order.name().to_owned()));
        let page = (self.number > 1).then(|| ("page", self.number.to_string()));
        sort.into_iter().chain(page).collect()
    }

    /// The query string of a URL; empty for the first page, newest first.
    pub(crate) fn query(self) -> String {
        query_string(&self.pairs())
    }
}

/// The query string with these parameters, or nothing. The values need no escaping.
pub(crate) fn query_string(pairs: &[(&str, String)]) -> String {
    let joined = pairs.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("&");
    if joined.is_empty() { joined } else { format!("?{joined}") }
}

#[cfg(test)]
mod tests {
    use super::ListPage;

    #[test]
    fn an_address_says_what_is_not_the_first_page_newest_first() {
        for (sort, page, query) in [
            ("", None, ""),
            ("newest", Some(1), ""),
            ("nonsense", Some(0), ""),
            ("", Some(3), "?page=3"),
            ("subject", None, "?sort=subject"),
            ("subject", Some(2), "?sort=subject&page=2"),
        ] {
            assert_eq!(ListPage::parse(sort, page).query(), query);
        }
    }
}
