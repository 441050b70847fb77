//! People in the head of a letter, with the names of their groups (RFC 5322 §3.4). Knows no page.

use sealpost_mail::Mailbox;

/// One of them, and what is written before and behind.
pub(crate) struct Person<'a> {
    pub(crate) one: &'a Mailbox,
    /// The group that begins here.
    pub(crate) group: Option<&'a str>,
    pub(crate) behind: &'static str,
}

/// As they are listed: "Team: a@x.example, b@x.example; c@y.example".
pub(crate) fn listed(all: &[Mailbox]) -> Vec<Person<'_>> {
    let mut before = None;
    let mut out = Vec::with_capacity(all.len());
    for (at, one) in all.iter().enumerate() {
        let group = one.group.as_deref();
        let behind = match all.get(at + 1) {
            None => "",
            Some(next) if group.is_some() && next.group.as_deref() != group => ";",
            Some(_) => ",",
        };
        out.push(Person { one, group: group.filter(|_| before != group), behind });
        before = group;
    }
    out
}

/// How many of `all` people a page names before the rest is requested: all of ten; of more, so few that the letter begins on the first
/// screen of a telephone.
pub(crate) fn shown(all: usize) -> usize {
    if all > 10 { 3 } else { all }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_group_has_its_name_before_it_and_ends_where_the_next_begins() {
        let one = |address: &str, group: Option<&str>| Mailbox {
            name: None,
            address: Some(address.to_owned()),
            group: group.map(str::to_owned),
        };
        let all =
            [one("a", Some("Team")), one("b", Some("Team")), one("c", Some("Vorstand")), one("d", None)];
        let said: String = listed(&all)
            .iter()
            .map(|person| {
                let group = person.group.map(|group| format!("{group}: ")).unwrap_or_default();
                format!("{group}{}{} ", person.one.address.as_deref().unwrap(), person.behind)
            })
            .collect();
        assert_eq!(said.trim(), "Team: a, b; Vorstand: c; d");
    }
}
