//! The owner's profile: name, time zone and settings. Sealed in one record.

use sealpost_store::MailboxRow;
use sealpost_vault::Label;
use serde::{Deserialize, Serialize};

use crate::problem::Problem;
use crate::state::Site;

/// Longest name, in characters.
pub(crate) const MAX_NAME: usize = 80;

/// The time zones of most recipients; the operator's own zone is offered first in any case.
pub(crate) const ZONES: [&str; 46] = [
    "Europe/Amsterdam",
    "Europe/Athens",
    "Europe/Belgrade",
    "Europe/Berlin",
    "Europe/Bratislava",
    "Europe/Brussels",
    "Europe/Bucharest",
    "Europe/Budapest",
    "Europe/Copenhagen",
    "Europe/Dublin",
    "Europe/Helsinki",
    "Europe/Istanbul",
    "Europe/Kyiv",
    "Europe/Lisbon",
    "Europe/Ljubljana",
    "Europe/London",
    "Europe/Luxembourg",
    "Europe/Madrid",
    "Europe/Oslo",
    "Europe/Paris",
    "Europe/Prague",
    "Europe/Riga",
    "Europe/Rome",
    "Europe/Sofia",
    "Europe/Stockholm",
    "Europe/Tallinn",
    "Europe/Vienna",
    "Europe/Vilnius",
    "Europe/Warsaw",
    "Europe/Zagreb",
    "Europe/Zurich",
    "Africa/Cairo",
    "Africa/Johannesburg",
    "America/Chicago",
    "America/Denver",
    "America/Los_Angeles",
    "America/New_York",
    "America/Sao_Paulo",
    "America/Toronto",
    "Asia/Dubai",
    "Asia/Kolkata",
    "Asia/Shanghai",
    "Asia/Singapore",
    "Asia/Tokyo",
    "Atlantic/Canary",
    "Australia/Sydney",
];

/// Page sizes that owners may choose.
pub(crate) const PAGE_SIZES: [u32; 3] = [25, 50, 100];

/// Name and settings of an owner, as sealed.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Profile {
    #[serde(default)]
    pub(crate) name: Option<String>,
    #[serde(default)]
    pub(crate) zone: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) page_size: Option<u32>,
    /// Disables single-key shortcuts (WCAG 2.2 SC 2.1.4).
    #[serde(default)]
    pub(crate) no_keys: bool,
    /// Folders show conversations instead of single letters.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) grouped: bool,
}

impl Profile {
    /// Letters on a page.
    pub(crate) fn per_page(&self) -> u32 {
        let [least, ..] = PAGE_SIZES;
        self.page_size.filter(|size| PAGE_SIZES.contains(size)).unwrap_or(least)
    }

    /// The profile of a mailbox's owner.
    pub(crate) fn of(site: &Site, mailbox: &MailboxRow) -> Result<Self, Problem> {
        let Some(sealed) = &mailbox.profile_sealed else { return Ok(Self::default()) };
        let what = "opening a profile";
        let plain = site.keys.rows.open(Label::Profile, &mailbox.id, sealed);
        let plain = plain.map_err(|error| Problem::fault(what, error))?;
        serde_json::from_slice(plain.expose()).map_err(|error| Problem::fault(what, error))
    }

    /// Seals it into the mailbox's row.
    pub(crate) async fn save(&self, site: &Site, mailbox_id: &str) -> Result<(), Problem> {
        let json = serde_json::to_vec(self).map_err(|error| Problem::fault("writing a profile", error))?;
        let sealed = site.keys.rows.seal(Label::Profile, mailbox_id, &json, site.random.as_ref());
        let saved = site.store.set_profile(mailbox_id, sealed).await;
        saved.map(drop).map_err(|error| Problem::fault("saving a profile", error))
    }
}

/// A name without characters that could mislead: control and bidirectional characters, punctuation of
/// addresses.
pub(crate) fn clean_name(text: &str) -> Option<String> {
    // The same characters in compatibility forms (full width, small), and what would begin an encoded word
    // (RFC 2047 §2), which some programs decode even within quotes.
    let text = if text.contains("=?") { text.replace('=', "") } else { text.to_owned() };
    let good = |c: &char| {
        !"<>\"@\\＜﹤＞﹥＂＠﹫＼﹨".contains(*c)
            && !matches!(u32::from(*c), 0x200B..=0x200F | 0x202A..=0x202E | 0x2060..=0x2069 | 0xFEFF)
    };
    let kept: String = text.chars().filter(good).map(|c| if c.is_control() { ' ' } else { c }).collect();
    let words: Vec<&str> = kept.split_whitespace().collect();
    let name: String = words.join(" ").chars().take(MAX_NAME).collect();
    (!name.is_empty()).then_some(name)
}

/// "Firefox", "Windows": the names that people know, from the browser's User-Agent.
pub(crate) fn device(agent: &str) -> (&'static str, &'static str) {
    let first = |known: &[(&str, &'static str)]| {
        known.iter().find(|(sign, _)| agent.contains(sign)).map_or("", |(_, name)| *name)
    };
    // The order matters: most browsers also claim to be the ones below them.
    let browser = first(&[
        ("Edg", "Edge"),
        ("OPR/", "Opera"),
        ("SamsungBrowser", "Samsung Internet"),
        ("Firefox", "Firefox"),
        ("FxiOS", "Firefox"),
        ("CriOS", "Chrome"),
        ("Chrome", "Chrome"),
        ("Safari", "Safari"),
    ]);
    let system = first(&[
        ("Android", "Android"),
        ("iPhone", "iPhone"),
        ("iPad", "iPad"),
        ("Windows", "Windows"),
        ("Macintosh", "Mac"),
        ("CrOS", "ChromeOS"),
        ("Linux", "Linux"),
    ]);
    (browser, system)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_names() {
        assert_eq!(clean_name("  Erika \u{202e} Muster\r\nBcc: x "), Some("Erika Muster Bcc: x".into()));
        assert_eq!(clean_name("<boss@bank.example>"), Some("bossbank.example".into()));
        assert_eq!(clean_name("ceo＠bank.example"), Some("ceobank.example".into()));
        assert_eq!(clean_name("=?utf-8?Q?ceo=40bank.example?="), Some("?utf-8?Q?ceo40bank.example?".into()));
        assert_eq!(clean_name("a = b"), Some("a = b".into()));
        assert_eq!(clean_name(" \t "), None);
        assert_eq!(clean_name(&"ä".repeat(500)).map(|n| n.chars().count()), Some(MAX_NAME));
    }

    #[test]
    fn every_zone_on_offer_exists() {
        for zone in ZONES {
            assert!(jiff::tz::TimeZone::get(zone).is_ok(), "{zone}");
        }
    }

    #[test]
    fn devices_are_called_by_their_names() {
        let edge = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/126.0 Safari/537.36 Edg/126.0";
        assert_eq!(device(edge), ("Edge", "Windows"));
        assert_eq!(
            device("Mozilla/5.0 (Android 14; Mobile; rv:127.0) Gecko/127.0 Firefox/127.0"),
            ("Firefox", "Android")
        );
        assert_eq!(device("curl/8"), ("", ""));
    }
}
