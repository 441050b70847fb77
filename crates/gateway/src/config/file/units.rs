//! Sizes and times as people write them: "20 MiB", "15 min". Does not know what they are for.

use std::time::Duration;

use serde::Deserialize;

/// A number of bytes, written as `"512 KiB"`, `"20 MiB"`, `"1 GiB"` or `"800 B"`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub(crate) struct Size(pub(crate) u64);

/// A length of time, written as `"90 s"`, `"15 min"`, `"12 h"`, `"40 days"` or `"250 ms"`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub(crate) struct Span(pub(crate) Duration);

impl Size {
    /// Mebibytes.
    pub(crate) const fn mib(n: u64) -> Self {
        Self(n * 1024 * 1024)
    }

    /// As `usize`.
    pub(crate) fn bytes(self) -> usize {
        usize::try_from(self.0).unwrap_or(usize::MAX)
    }
}

impl Span {
    /// Seconds.
    pub(crate) const fn secs(n: u64) -> Self {
        Self(Duration::from_secs(n))
    }
}

/// Why a text is not a size or a duration.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is {wrong}")]
pub(crate) struct UnitError {
    text: String,
    wrong: &'static str,
    /// What to write instead.
    pub(super) hint: &'static str,
}

impl UnitError {
    fn no_size(text: &str) -> Self {
        let hint = "write a number and B, KiB, MiB or GiB, like \"20 MiB\"";
        Self { text: text.to_owned(), wrong: "no size", hint }
    }

    fn no_time(text: &str) -> Self {
        let hint = "write a number and ms, s, min, h or days, like \"15 min\"";
        Self { text: text.to_owned(), wrong: "no time", hint }
    }
}

fn number_and_unit(text: &str) -> Option<(u64, &str)> {
    let text = text.trim();
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at_checked(digits)?;
    Some((number.parse().ok()?, unit.trim()))
}

impl TryFrom<String> for Size {
    type Error = UnitError;

    fn try_from(text: String) -> Result<Self, UnitError> {
        let wrong = || UnitError::no_size(&text);
        let (number, unit) = number_and_unit(&text).ok_or_else(wrong)?;
        let factor: u64 = match unit {
            "B" => 1,
            "KiB" => 1 << 10,
            "MiB" => 1 << 20,
            "GiB" => 1 << 30,
            _other => return Err(wrong()),
        };
        number.checked_mul(factor).map(Self).ok_or_else(wrong)
    }
}

impl TryFrom<String> for Span {
    type Error = UnitError;

    fn try_from(text: String) -> Result<Self, UnitError> {
        let wrong = || UnitError::no_time(&text);
        let (number, unit) = number_and_unit(&text).ok_or_else(wrong)?;
        let millis: u64 = match unit {
            "ms" => 1,
            "s" => 1_000,
            "min" => 60_000,
            "h" => 3_600_000,
            "day" | "days" => 86_400_000,
            _other => return Err(wrong()),
        };
        number.checked_mul(millis).map(|ms| Self(Duration::from_millis(ms))).ok_or_else(wrong)
    }
}

#[cfg(test)]
mod tests {
    use super::{Duration, Size, Span};

    #[test]
    fn sizes_and_times_read_as_written() {
        assert_eq!(Size::try_from("20 MiB".to_owned()), Ok(Size::mib(20)));
        assert_eq!(Size::try_from("800B".to_owned()), Ok(Size(800)));
        assert_eq!(Span::try_from("15 min".to_owned()), Ok(Span::secs(900)));
        assert_eq!(Span::try_from("250 ms".to_owned()), Ok(Span(Duration::from_millis(250))));
    }

    #[test]
    fn what_is_neither_says_how_to_write_it() {
        for bad in ["", "20", "20 MB", "-1 MiB", "1.5 GiB", "99999999999999999 GiB"] {
            assert!(Size::try_from(bad.to_owned()).is_err_and(|e| e.hint.contains("20 MiB")), "{bad}");
        }
        for bad in ["", "5", "5 minutes", "1 month"] {
            assert!(Span::try_from(bad.to_owned()).is_err_and(|e| e.hint.contains("15 min")), "{bad}");
        }
    }
}
