//! The order in which letters are shown. Opens nothing.

use std::cmp::Reverse;

use sealpost_mail::folded;
use sealpost_store::Folder;

use crate::mailbox::Line;
use crate::page::display_name;

/// The order of a folder.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Order {
    #[default]
    Newest,
    Oldest,
    Person,
    Subject,
    Largest,
}

impl Order {
    pub(crate) const ALL: [Self; 5] =
        [Self::Newest, Self::Oldest, Self::Person, Self::Subject, Self::Largest];

    /// Its name in a URL.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Newest => "newest",
            Self::Oldest => "oldest",
            Self::Person => "person",
            Self::Subject => "subject",
            Self::Largest => "largest",
        }
    }

    pub(crate) fn parse(name: &str) -> Self {
        Self::ALL.into_iter().find(|order| order.name() == name).unwrap_or_default()
    }

    /// Sorts rows that are newest first; the sort is stable.
    pub(crate) fn sort(self, lines: &mut [Line]) {
        match self {
            Self::Newest => {}
            Self::Oldest => lines.reverse(),
            Self::Person | Self::Subject | Self::Largest => {
                lines.sort_by_cached_key(|line| self.rank(line, 0));
            }
        }
    }

    /// The sort key of a row that is the `number`th of a list sorted newest first.
    pub(crate) fn rank(self, line: &Line, number: usize) -> Rank {
        match self {
            Self::Newest => Rank::Equal,
            Self::Oldest => Rank::Last(Reverse(number)),
            Self::Person => Rank::Words(person(line)),
            Self::Subject => Rank::Words(folded(
                line.summary.as_ref().and_then(|s| s.subject.as_deref()).unwrap_or_default(),
            )),
            Self::Largest => Rank::Size(Reverse(line.row.size)),
        }
    }
}

/// A sort key; equal ones stay newest first. A few bytes, while a row may be kilobytes.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Rank {
    Equal,
    Last(Reverse<usize>),
    Words(String),
    Size(Reverse<i64>),
}

fn person(line: &Line) -> String {
    let people = line.summary.as_ref().map(|s| match line.row.folder {
        Folder::Sent => &s.to,
        Folder::Inbox | Folder::Draft | Folder::Trash => &s.from,
    });
    folded(people.and_then(|all| all.first()).and_then(display_name).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn orders_are_named_and_anything_else_is_newest() {
        for order in Order::ALL {
            assert_eq!(Order::parse(order.name()), order);
        }
        assert_eq!(Order::parse("x"), Order::Newest);
    }
}
