//! The available languages and their texts. Each folder under `locales/` is a language; nothing here lists
//! them. Knows no notice.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::LazyLock;

use fluent_templates::Loader;
use fluent_templates::fluent_bundle::FluentValue;
use unic_langid::LanguageIdentifier;

use crate::error::NoticeError;

fluent_templates::static_loader! {
    static LOCALES = {
        locales: "./locales",
        fallback_language: "en",
        // The isolation marks are bidirectional controls: unreadable in many text mails.
        customise: |bundle| bundle.set_use_isolating(false),
    };
}

/// The pseudo language of tests: derived from the English texts, and not in [`Language::all`].
#[cfg(test)]
static PSEUDO: LazyLock<fluent_templates::ArcLoader> = LazyLock::new(|| {
    crate::pseudo::loader(&std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("locales/en"))
});

/// All tags, sorted; built once.
static TAGS: LazyLock<Vec<String>> = LazyLock::new(|| {
    let mut tags: Vec<String> = LOCALES.locales().map(ToString::to_string).collect();
    tags.sort();
    tags
});

/// A language that notices are written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Language(&'static str);

#[expect(non_upper_case_globals, reason = "they read like the variants of the enum they stand for")]
impl Language {
    /// German.
    pub const De: Self = Self("de");
    /// English.
    pub const En: Self = Self("en");
}

impl Language {
    /// The pseudo language of tests.
    #[cfg(test)]
    pub(crate) const fn pseudo() -> Self {
        Self(crate::pseudo::TAG)
    }

    /// Every available language.
    pub fn all() -> impl Iterator<Item = Self> {
        TAGS.iter().map(|tag| Self(tag.as_str()))
    }

    /// The language of a tag such as `de`, `de-AT` or `EN_gb`, if there is one.
    #[must_use]
    pub fn parse(tag: &str) -> Option<Self> {
        let wanted: LanguageIdentifier = tag.trim().parse().ok()?;
        let exact = wanted.to_string();
        Self::all()
            .find(|language| language.0 == exact)
            .or_else(|| Self::all().find(|language| language.0 == wanted.language.as_str()))
    }

    /// The BCP 47 tag.
    #[must_use]
    pub fn tag(self) -> &'static str {
        self.0
    }
}

/// Values for the placeables of a text.
pub(crate) type Values = HashMap<Cow<'static, str>, FluentValue<'static>>;

/// The texts of one language with values that every text may use.
pub(crate) struct Words {
    language: Language,
    id: LanguageIdentifier,
    values: Values,
}

impl Words {
    /// The texts of `language`; `values` can be used in all of them.
    pub(crate) fn new(language: Language, values: Values) -> Result<Self, NoticeError> {
        let id = language.0.parse().map_err(|_not_a_tag| language.lacks("language-tag"))?;
        Ok(Self { language, id, values })
    }

    /// The language's tag.
    pub(crate) fn tag(&self) -> &'static str {
        self.language.0
    }

    /// The text under `key`. There is no fallback to another language: half a translation is an error.
    pub(crate) fn say(&self, key: &'static str) -> Result<String, NoticeError> {
        #[cfg(test)]
        if self.language == Language::pseudo() {
            let text = PSEUDO.lookup_no_default_fallback(&self.id, key, Some(&self.values));
            return text.ok_or_else(|| self.language.lacks(key));
        }
        LOCALES
            .lookup_no_default_fallback(&self.id, key, Some(&self.values))
            .ok_or_else(|| self.language.lacks(key))
    }
}

impl Language {
    fn lacks(self, key: &'static str) -> NoticeError {
        NoticeError::Text { language: self.0, key }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_from_browsers_and_configurations_find_their_language() {
        assert_eq!(Language::parse("de-AT"), Some(Language::De));
        assert_eq!(Language::parse("EN_gb"), Some(Language::En));
        assert_eq!(Language::parse("tlh"), None);
        assert_eq!(Language::parse("../en"), None);
    }

    #[test]
    fn the_named_languages_exist() {
        let all: Vec<_> = Language::all().collect();
        assert!(all.contains(&Language::De) && all.contains(&Language::En));
    }
}
