//! The search form's fields, as sent and as carried on by other forms of the page. Opens nothing.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use sealpost_mail::Timestamp;
use serde::Deserialize;

use crate::letters::order::Order;
use crate::letters::search::Sought;
use crate::letters::search_index::SearchWords;

/// As sent by the form.
#[derive(Default, Deserialize)]
pub(crate) struct Question {
    #[serde(default)]
    pub(crate) folder: String,
    #[serde(default)]
    pub(crate) words: String,
    #[serde(default)]
    pub(crate) unread: String,
    #[serde(default)]
    pub(crate) files: String,
    #[serde(default)]
    pub(crate) from: String,
    #[serde(default)]
    pub(crate) to: String,
    #[serde(default)]
    pub(crate) sort: String,
    #[serde(default)]
    pub(crate) page: Option<u32>,
}

impl Question {
    pub(crate) fn sought(&self, zone: &TimeZone) -> Sought {
        Sought {
            words: SearchWords::parse(&self.words),
            unread: self.unread == "1",
            with_files: self.files == "1",
            from: day(&self.from).and_then(|day| begin(day, zone)),
            until: day(&self.to).and_then(|day| begin(day.tomorrow().ok()?, zone)),
            order: Order::parse(&self.sort),
        }
    }
}

/// A day as browsers send it, or as typed if they have no date field. Anything else is `None`.
fn day(text: &str) -> Option<Date> {
    let text = text.trim();
    Date::strptime("%Y-%m-%d", text).or_else(|_other| Date::strptime("%d.%m.%Y", text)).ok()
}

fn begin(day: Date, zone: &TimeZone) -> Option<Timestamp> {
    let zoned = day.to_zoned(zone.clone()).ok()?;
    Some(Timestamp(zoned.timestamp().as_millisecond()))
}
