//! The translations in `webmail-ui/locales`, the language of a page, and how dates and sizes are written.
//! Each folder is a language; nothing here lists them. Knows no page.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::LazyLock;

use fluent_templates::Loader;
use fluent_templates::fluent_bundle::FluentValue;
use sealpost_mail::{FileWords, Timestamp};
use unic_langid::LanguageIdentifier;

fluent_templates::static_loader! {
    static LOCALES = {
        locales: "../../webmail-ui/locales",
        fallback_language: "en",
        // The isolation marks would end up in titles, file names and screen readers.
        customise: |bundle| bundle.set_use_isolating(false),
    };
}

/// The pseudo language of tests: derived from the English texts, and available if a test's configuration
/// names it.
#[cfg(test)]
static PSEUDO: LazyLock<(LanguageIdentifier, fluent_templates::ArcLoader)> = LazyLock::new(|| {
    let english = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../webmail-ui/locales/en");
    (crate::tests::pseudo::TAG.parse().unwrap_or_default(), crate::tests::pseudo::loader(&english))
});

/// Tag and identifier of every folder, sorted; built once.
static LANGUAGES: LazyLock<Vec<(String, LanguageIdentifier)>> = LazyLock::new(|| {
    let mut all: Vec<_> = LOCALES.locales().map(|id| (id.to_string(), id.clone())).collect();
    all.sort();
    all
});

/// A language the portal speaks.
#[derive(Clone, Copy, Debug)]
pub struct Language {
    tag: &'static str,
    id: &'static LanguageIdentifier,
}

/// The language of the owner whose session a request has.
#[derive(Clone, Copy)]
pub(crate) struct OwnersLanguage(pub(crate) Language);

impl Eq for Language {}

impl PartialEq for Language {
    fn eq(&self, other: &Self) -> bool {
        self.tag == other.tag
    }
}

/// Values for the placeables of a text.
pub(crate) type Values<'a> = HashMap<Cow<'static, str>, FluentValue<'a>>;

impl Language {
    /// Every available language.
    pub fn all() -> impl Iterator<Item = Self> {
        LANGUAGES.iter().map(|(tag, id)| Self { tag, id })
    }

    /// The language of a tag such as `de`, `de-AT` or `EN_gb`, if there is one.
    #[must_use]
    pub fn parse(tag: &str) -> Option<Self> {
        let wanted: LanguageIdentifier = tag.trim().parse().ok()?;
        #[cfg(test)]
        if PSEUDO.0 == wanted {
            return Some(Self { tag: crate::tests::pseudo::TAG, id: &PSEUDO.0 });
        }
        Self::all()
            .find(|l| *l.id == wanted)
            .or_else(|| Self::all().find(|l| l.id.language == wanted.language))
    }

    /// The best of `offered` for an `Accept-Language` value (RFC 9110 §12.5.4); the first if none matches.
    #[must_use]
    pub fn negotiate(header: &str, offered: &[Self]) -> Option<Self> {
        let mut requests: Vec<(u32, Self)> = header
            .split(',')
            .take(20)
            .filter_map(|request| {
                let (tag, quality) = request.split_once(';').unwrap_or((request, "q=1"));
                let quality: f32 = quality.trim().strip_prefix("q=")?.trim().parse().ok()?;
                let language = Self::parse(tag)?;
                // In thousandths, as the standard allows three digits; negative and NaN become zero.
                #[expect(
                    clippy::cast_possible_truncation,
                    clippy::cast_sign_loss,
                    reason = "clamped to 0..=1000"
                )]
                let weight = (quality.clamp(0.0, 1.0) * 1000.0) as u32;
                (weight > 0 && offered.contains(&language)).then_some((weight, language))
            })
            .collect();
        requests.sort_by_key(|(weight, _)| std::cmp::Reverse(*weight));
        requests.first().map(|(_, language)| *language)
    }

    /// German.
    #[must_use]
    pub fn german() -> Self {
        Self::parse("de").unwrap_or_else(Self::last_resort)
    }

    /// English, which is compiled in; a fallback that is never needed.
    pub(crate) fn last_resort() -> Self {
        static ENGLISH: LazyLock<LanguageIdentifier> = LazyLock::new(|| "en".parse().unwrap_or_default());
        Self { tag: "en", id: &ENGLISH }
    }

    /// The BCP 47 tag.
    #[must_use]
    pub fn tag(self) -> &'static str {
        self.tag
    }

    /// The text under `key`.
    pub(crate) fn say(self, key: &str) -> String {
        self.say_with(key, None)
    }

    /// What files without a name are called.
    pub(crate) fn file_words(self) -> FileWords {
        FileWords::of(|key| self.say(key))
    }

    /// The text under `key` with values for its placeables.
    pub(crate) fn say_with(self, key: &str, values: Option<&Values<'_>>) -> String {
        #[cfg(test)]
        if *self.id == PSEUDO.0 {
            let text = PSEUDO.1.lookup_no_default_fallback(self.id, key, values);
            return text.unwrap_or_else(|| key.to_owned());
        }
        let text = match values {
            Some(values) => LOCALES.try_lookup_with_args(self.id, key, values),
            None => LOCALES.try_lookup(self.id, key),
        };
        // A test proves that no page gets here; if one did, the key is better than an empty button.
        text.unwrap_or_else(|| key.to_owned())
    }

    /// Whether this language itself has `key`.
    #[cfg(test)]
    pub(crate) fn has(self, key: &str) -> bool {
        let sample = |name: &'static str| (Cow::from(name), FluentValue::from(1));
        let values: Values<'_> = [
            "n", "name", "number", "day", "month", "year", "time", "date", "who", "subject", "domains",
            "limit", "free", "came", "all", "when", "page", "pages", "weekday", "zone", "received", "at",
            "by",
        ]
        .map(sample)
        .into_iter()
        .collect();
        LOCALES.lookup_no_default_fallback(self.id, key, Some(&values)).is_some()
    }

    /// "1.4 MB": decimal units, as in file managers and mail programs.
    pub(crate) fn size(self, bytes: u64) -> String {
        let (tenths, unit) = match bytes {
            0..1_000 => (bytes * 10, "B"),
            1_000..1_000_000 => ((bytes + 50) / 100, "kB"),
            1_000_000..1_000_000_000 => ((bytes + 50_000) / 100_000, "MB"),
            _ => (bytes.saturating_add(50_000_000) / 100_000_000, "GB"),
        };
        let (whole, tenth) = (tenths / 10, tenths % 10);
        if unit == "B" || unit == "kB" || whole >= 100 || tenth == 0 {
            let whole = if unit == "B" { whole } else { (tenths + 5) / 10 };
            format!("{whole}\u{a0}{unit}")
        } else {
            format!("{whole}{}{tenth}\u{a0}{unit}", self.say("decimal-separator"))
        }
    }
}

/// Dates in the operator's time zone.
#[derive(Clone, Debug)]
pub(crate) struct Calendar(pub(crate) jiff::tz::TimeZone);

impl Calendar {
    fn zoned(&self, at: Timestamp) -> Option<jiff::Zoned> {
        jiff::Timestamp::from_millisecond(at.0).ok().map(|at| at.to_zoned(self.0.clone()))
    }

    /// For the `datetime` attribute.
    pub(crate) fn machine(&self, at: Timestamp) -> String {
        jiff::Timestamp::from_millisecond(at.0)
            .map(|at| at.strftime("%Y-%m-%dT%H:%MZ").to_string())
            .unwrap_or_default()
    }

    /// RFC 3339, to the second.
    pub(crate) fn rfc3339(at: Timestamp) -> String {
        jiff::Timestamp::from_millisecond(at.0)
            .map(|at| at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string())
            .unwrap_or_default()
    }

    /// "21 November 2026, 18:23".
    pub(crate) fn long(&self, language: Language, at: Timestamp) -> String {
        let Some(zoned) = self.zoned(at) else { return String::new() };
        Self::worded(language, "date-long", &zoned)
    }

    /// The shortest unambiguous form: time, day and month, or a full date.
    pub(crate) fn short(&self, language: Language, at: Timestamp, now: Timestamp) -> String {
        let (Some(zoned), Some(now)) = (self.zoned(at), self.zoned(now)) else { return String::new() };
        if zoned.date() == now.date() {
            Self::worded(language, "date-today", &zoned)
        } else if zoned.year() == now.year() {
            Self::worded(language, "date-this-year", &zoned)
        } else {
            Self::worded(language, "date-other", &zoned)
        }
    }

    /// A time of day like "18:23".
    pub(crate) fn time(&self, language: Language, at: Timestamp) -> String {
        self.zoned(at).map(|zoned| Self::worded(language, "date-today", &zoned)).unwrap_or_default()
    }

    /// "21. November 2026", for whole days.
    pub(crate) fn day(&self, language: Language, at: Timestamp) -> String {
        self.zoned(at).map(|zoned| Self::worded(language, "date-day", &zoned)).unwrap_or_default()
    }

    /// "2026-11-21", for file names.
    pub(crate) fn file(&self, at: Timestamp) -> String {
        self.zoned(at).map(|zoned| zoned.date().to_string()).unwrap_or_default()
    }

    fn worded(language: Language, key: &str, zoned: &jiff::Zoned) -> String {
        let month = language.say(match zoned.month() {
            1 => "month-1",
            2 => "month-2",
            3 => "month-3",
            4 => "month-4",
            5 => "month-5",
            6 => "month-6",
            7 => "month-7",
            8 => "month-8",
            9 => "month-9",
            10 => "month-10",
            11 => "month-11",
            _ => "month-12",
        });
        let values = Values::from([
            ("day".into(), zoned.day().to_string().into()),
            ("month".into(), month.into()),
            ("number".into(), format!("{:02}", zoned.month()).into()),
            ("year".into(), zoned.year().to_string().into()),
            ("time".into(), format!("{:02}:{:02}", zoned.hour(), zoned.minute()).into()),
        ]);
        language.say_with(key, Some(&values))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn de() -> Language {
        Language::parse("de").unwrap()
    }

    fn en() -> Language {
        Language::parse("en").unwrap()
    }

    #[test]
    fn browsers_requests_are_weighed() {
        let both = [de(), en()];
        let pick = |header| Language::negotiate(header, &both).map(Language::tag);
        assert_eq!(pick("de-AT,de;q=0.9,en;q=0.8"), Some("de"));
        assert_eq!(pick("fr, en;q=0.5, de;q=0.7"), Some("de"));
        assert_eq!(pick("en-GB"), Some("en"));
        assert_eq!(pick("de;q=0, en;q=0.1"), Some("en"));
        assert_eq!(pick("fr"), None);
        assert_eq!(pick("*;q=x,,;;"), None);
        assert_eq!(Language::negotiate("de", &[en()]), None);
    }

    #[test]
    fn sizes_are_written_as_people_count() {
        assert_eq!(de().size(512), "512\u{a0}B");
        assert_eq!(de().size(12_345), "12\u{a0}kB");
        assert_eq!(de().size(1_440_000), "1,4\u{a0}MB");
        assert_eq!(en().size(1_440_000), "1.4\u{a0}MB");
        assert_eq!(en().size(20_000_000), "20\u{a0}MB");
        assert_eq!(de().size(19_000_000), "19\u{a0}MB");
        assert_eq!(de().size(3_000_001), "3\u{a0}MB");
    }

    #[test]
    fn dates_are_short_where_that_is_clear() {
        let calendar = Calendar(jiff::tz::TimeZone::get("Europe/Berlin").unwrap());
        let at = |text: &str| Timestamp(text.parse::<jiff::Timestamp>().unwrap().as_millisecond());
        let now = at("2026-11-21T20:00:00Z");
        assert_eq!(calendar.short(de(), at("2026-11-21T17:05:00Z"), now), "18:05");
        assert_eq!(calendar.short(de(), at("2026-11-20T17:05:00Z"), now), "20. November");
        assert_eq!(calendar.short(en(), at("2026-11-20T17:05:00Z"), now), "20 November");
        assert_eq!(calendar.short(de(), at("2025-02-03T17:05:00Z"), now), "3.02.2025");
        assert_eq!(calendar.long(en(), at("2026-07-01T22:30:00Z")), "2 July 2026, 00:30");
        assert_eq!(calendar.long(de(), Timestamp(i64::MAX)), "");
    }
}
