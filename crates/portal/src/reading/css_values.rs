//! The values of a letter's styles, token by token: colours, lengths, sums of lengths. Knows no property.

use std::borrow::Cow;

use crate::css_colour::Paint;

/// The font size is not known here; ems count as on a large page.
const EM: f32 = 16.0;
/// Percentages are of something between a phone's page and a large screen's.
const NARROW_PAGE: f32 = 320.0;
const WIDE_PAGE: f32 = 1900.0;
/// The width that percentages are of, if one number is needed.
const PAGE: f32 = 1000.0;
/// Maximum nesting of sums.
const MAX_DEPTH: usize = 8;

/// One token of a value.
pub(crate) struct Token<'a> {
    pub(crate) text: &'a str,
}

/// A length.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Length {
    Pixels(f32),
    /// In per cent of the container.
    Share(f32),
    /// The result of a calculation, in pixels: on the narrowest page and on the widest.
    Between(f32, f32),
}

/// The tokens of a value in lower case; `None` if one is of a kind that is never kept.
pub(crate) fn tokens(value: &str) -> Option<Vec<Token<'_>>> {
    if value.is_empty() || value.contains(['\\', '{', '}', '@', '<']) || value.contains("/*") {
        return None;
    }
    let mut found = Vec::new();
    let mut rest = value;
    loop {
        rest = rest.trim_start_matches(|c: char| c.is_ascii_whitespace() || c == ',' || c == '/');
        let Some(first) = rest.chars().next() else { return Some(found) };
        let end = if first == '"' || first == '\'' {
            rest.get(1..)?.find(first)? + 2
        } else {
            let stop =
                rest.find(|c: char| c.is_ascii_whitespace() || ",/(\"'".contains(c)).unwrap_or(rest.len());
            if rest.get(stop..)?.starts_with('(') {
                let name = rest.get(..stop)?;
                let close = stop + closing(rest.get(stop..)?)?;
                match name {
                    "rgb" | "rgba" | "hsl" | "hsla" | "calc" | "min" | "max" | "clamp" => close,
                    // A picture beside a colour is skipped, with its URL.
                    "url" => {
                        rest = rest.get(close..)?;
                        continue;
                    }
                    _ => return None,
                }
            } else {
                stop
            }
        };
        let (text, after) = rest.split_at_checked(end)?;
        if text.is_empty() {
            return None;
        }
        found.push(Token { text });
        rest = after;
    }
}

/// A value without comments: tokens on both sides stay separate.
pub(crate) fn without_remarks(value: &str) -> Cow<'_, str> {
    if !value.contains("/*") {
        return Cow::Borrowed(value);
    }
    let mut out = String::with_capacity(value.len());
    let mut rest = value;
    while let Some((before, after)) = rest.split_once("/*") {
        out.push_str(before);
        out.push(' ');
        rest = after.split_once("*/").map_or("", |(_, after)| after);
    }
    out.push_str(rest);
    Cow::Owned(out)
}

/// The value without nested calculations: the sanitiser supports one level of brackets and breaks the rest.
/// What is constant on every page becomes that number; `None`: it cannot be flattened.
pub(crate) fn flat(value: &str, tokens: &[Token<'_>]) -> Option<String> {
    let mut out = value.to_owned();
    for token in tokens.iter().filter(|token| token.text.matches('(').count() > 1) {
        let fixed = |unit: &str| unit.is_empty() || ["px", "calc", "min", "max", "clamp"].contains(&unit);
        let units = token.text.split(|c: char| !c.is_ascii_alphabetic()).all(fixed);
        match token.length() {
            Some(Length::Between(low, high)) if units && low == high && low.is_finite() => {
                out = out.replace(token.text, &format!("{low}px"));
            }
            _ => return None,
        }
    }
    Some(out)
}

/// `min(…, 100%)` of a length, without nested brackets; `None`: it cannot be expressed so.
pub(crate) fn no_more_than_all(value: &str) -> Option<String> {
    let inside = |name: &str| value.strip_prefix(name).and_then(|rest| rest.strip_suffix(')'));
    let sum = inside("calc(").or_else(|| inside("min("));
    let flat = sum.unwrap_or(value);
    (!flat.contains(['(', ')'])).then(|| format!("min({flat},100%)"))
}

/// End of the bracket that `text` begins with.
fn closing(text: &str) -> Option<usize> {
    let mut depth = 0_usize;
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'(' => depth += 1,
            b')' => depth = depth.checked_sub(1)?,
            _ => {}
        }
        if depth == 0 {
            return Some(at + 1);
        }
    }
    None
}

impl Token<'_> {
    pub(crate) fn number(&self) -> Option<f32> {
        let end =
            self.text.find(|c: char| !(c.is_ascii_digit() || ".+-".contains(c))).unwrap_or(self.text.len());
        self.text.get(..end)?.parse().ok()
    }

    /// `None`: it is not a length. Unknown units count as infinite.
    pub(crate) fn length(&self) -> Option<Length> {
        if ["calc(", "min(", "max(", "clamp("].iter().any(|name| self.text.starts_with(name)) {
            let (low, high) = calculated(self.text, 0).unwrap_or((f32::NEG_INFINITY, f32::INFINITY));
            return Some(Length::Between(low, high));
        }
        if !self.text.starts_with(|c: char| c.is_ascii_digit() || ".+-".contains(c)) {
            return None;
        }
        let number = self.number().unwrap_or(f32::INFINITY);
        let unit = self.text.trim_start_matches(|c: char| c.is_ascii_digit() || ".+-".contains(c));
        let factor = match unit {
            "" | "px" => 1.0,
            "pt" => 4.0 / 3.0,
            "em" | "rem" | "pc" => EM,
            "ex" | "ch" => EM / 2.0,
            "in" => 96.0,
            "cm" => 37.8,
            "mm" => 3.78,
            "q" => 0.945,
            "%" => return Some(Length::Share(number)),
            // These include all units relative to the frame, which would grow with its content.
            _ => f32::INFINITY,
        };
        Some(Length::Pixels(if number == 0.0 && factor.is_finite() { 0.0 } else { number * factor }))
    }

    /// In pixels, as on a large page.
    pub(crate) fn pixels(&self) -> f32 {
        match self.length() {
            None => 0.0,
            Some(Length::Pixels(pixels) | Length::Between(_, pixels)) => pixels,
            Some(Length::Share(share)) => share * PAGE / 100.0,
        }
    }

    /// Whether it is no length, or one within these pixels or per cent; never negative.
    pub(crate) fn is_at_most(&self, pixels: f32, share: f32) -> bool {
        match self.length() {
            None => true,
            Some(Length::Share(number)) => (0.0..=share).contains(&number),
            Some(Length::Pixels(length)) => (0.0..=pixels).contains(&length),
            Some(Length::Between(low, high)) => low >= 0.0 && high <= pixels,
        }
    }

    pub(crate) fn paint(&self) -> Option<Paint> {
        Paint::css(self.text)
    }
}

/// CSS Values 4 §10: sum, minimum, maximum or clamp. The range of its result, in pixels.
fn calculated(text: &str, depth: usize) -> Option<(f32, f32)> {
    if depth > MAX_DEPTH {
        return None;
    }
    let (name, rest) = text.trim().split_once('(')?;
    let inside = rest.strip_suffix(')')?;
    let mut arguments = Vec::new();
    for argument in split(inside, ',') {
        arguments.push(sum(argument, depth)?);
    }
    let lowest = |of: &dyn Fn(&(f32, f32)) -> f32| arguments.iter().map(of).fold(f32::INFINITY, f32::min);
    let highest =
        |of: &dyn Fn(&(f32, f32)) -> f32| arguments.iter().map(of).fold(f32::NEG_INFINITY, f32::max);
    match (name.trim(), arguments.as_slice()) {
        ("calc" | "", [one]) => Some(*one),
        ("min", [_, ..]) => Some((lowest(&|one| one.0), lowest(&|one| one.1))),
        ("max", [_, ..]) => Some((highest(&|one| one.0), highest(&|one| one.1))),
        ("clamp", [least, wanted, most]) => {
            Some((least.0.max(wanted.0.min(most.0)), least.1.max(wanted.1.min(most.1))))
        }
        _ => None,
    }
}

/// Terms joined by `+` and `-`, which are surrounded by blanks.
fn sum(text: &str, depth: usize) -> Option<(f32, f32)> {
    let (mut low, mut high) = (0.0, 0.0);
    let mut sign = '+';
    let mut terms = 0;
    for word in words(text) {
        match word {
            "+" => sign = '+',
            "-" => sign = '-',
            term => {
                let (least, most) = product(term, depth)?;
                (low, high) = match sign {
                    '-' => (low - most, high - least),
                    _ => (low + least, high + most),
                };
                terms += 1;
            }
        }
    }
    (terms > 0).then_some((low, high))
}

/// One term: a length, possibly multiplied or divided by a number.
fn product(text: &str, depth: usize) -> Option<(f32, f32)> {
    let mut factors = split(text, '*');
    let first = split(factors.next()?, '/').collect::<Vec<_>>();
    let (mut low, mut high) = single(first.first()?, depth)?;
    let mut by = |number: f32| {
        let (one, other) = (low * number, high * number);
        (low, high) = (one.min(other), one.max(other));
    };
    for divisor in first.iter().skip(1) {
        let number: f32 = divisor.trim().parse().ok().filter(|number| *number != 0.0)?;
        by(1.0 / number);
    }
    for factor in factors {
        by(factor.trim().parse().ok()?);
    }
    Some((low, high))
}

fn single(text: &str, depth: usize) -> Option<(f32, f32)> {
    let text = text.trim();
    if text.contains('(') {
        return calculated(text, depth + 1);
    }
    match (Token { text }).length()? {
        Length::Pixels(pixels) => pixels.is_finite().then_some((pixels, pixels)),
        Length::Share(share) => {
            let (one, other) = (share * NARROW_PAGE / 100.0, share * WIDE_PAGE / 100.0);
            Some((one.min(other), one.max(other)))
        }
        Length::Between(..) => None,
    }
}

/// The parts between a sign outside of brackets.
fn split(text: &str, sign: char) -> impl Iterator<Item = &str> {
    let mut depth = 0_i32;
    text.split(move |c: char| {
        depth += i32::from(c == '(') - i32::from(c == ')');
        c == sign && depth == 0
    })
}

/// Terms and signs, with brackets kept together, and `*` and `/` kept with their operands.
fn words(text: &str) -> Vec<&str> {
    let mut found = Vec::new();
    let (mut depth, mut start) = (0_i32, 0);
    let bytes = text.as_bytes();
    for (at, byte) in bytes.iter().enumerate() {
        depth += i32::from(*byte == b'(') - i32::from(*byte == b')');
        let is_sign = depth == 0
            && matches!(byte, b'+' | b'-')
            && at > 0
            && bytes.get(at - 1) == Some(&b' ')
            && bytes.get(at + 1) == Some(&b' ');
        if is_sign {
            found.extend(text.get(start..at));
            found.extend(text.get(at..=at));
            start = at + 1;
        }
    }
    found.extend(text.get(start..));
    found.into_iter().map(str::trim).filter(|word| !word.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn length(text: &str) -> Option<Length> {
        Token { text }.length()
    }

    #[test]
    fn lengths_are_lengths() {
        assert_eq!(length("12pt"), Some(Length::Pixels(16.0)));
        assert_eq!(length("50%"), Some(Length::Share(50.0)));
        assert_eq!(length("auto"), None);
        assert!(!Token { text: "0vh" }.is_at_most(9.0, 9.0) && !Token { text: "1xx" }.is_at_most(9.0, 9.0));
    }

    #[test]
    fn calculations_have_bounds() {
        for (text, low, high) in [
            ("calc(100% - 20px)", 300.0, 1880.0),
            ("calc(10px + 2 * 5px)", f32::NEG_INFINITY, f32::INFINITY),
            ("calc(5px * 2 + 10px)", 20.0, 20.0),
            ("calc(100% / 2)", 160.0, 950.0),
            ("min(600px, 100%)", 320.0, 600.0),
            ("max(10px, 1em)", 16.0, 16.0),
            ("clamp(10px, 50%, 200px)", 160.0, 200.0),
            ("calc(10px - (5px + 2px))", 3.0, 3.0),
            ("calc(0px - 5px)", -5.0, -5.0),
            ("calc(100vh)", f32::NEG_INFINITY, f32::INFINITY),
            ("min(1px, 100vh)", f32::NEG_INFINITY, f32::INFINITY),
            ("calc(var(--x))", f32::NEG_INFINITY, f32::INFINITY),
            ("calc(1px * 1e9)", 1e9, 1e9),
        ] {
            assert_eq!(length(text), Some(Length::Between(low, high)), "{text}");
        }
    }

    #[test]
    fn brackets_do_not_stand_in_brackets() {
        let of = |value: &str| flat(value, &tokens(value).unwrap());
        assert_eq!(of("calc(4px + 1em) 2px").as_deref(), Some("calc(4px + 1em) 2px"));
        assert_eq!(of("calc(10px - (5px + 2px)) auto").as_deref(), Some("3px auto"));
        assert_eq!(of("min(10px, max(1px, 2em))"), None);
        assert_eq!(of("calc(100% - (5px + 2px))"), None);
        assert_eq!(no_more_than_all("calc(100% - 20px)").as_deref(), Some("min(100% - 20px,100%)"));
        assert_eq!(no_more_than_all("clamp(1px,2%,3px)"), None);
        assert_eq!(without_remarks("/* a */color/**/:red/*"), " color :red ");
    }

    #[test]
    fn what_fetches_or_hides_has_no_words() {
        for none in ["expression(1)", "a\\b", "a/*b*/", "attr(x)", "image-set(x)", "calc(1px", ""] {
            assert!(tokens(none).is_none(), "{none}");
        }
        let texts = |value| tokens(value).unwrap().iter().map(|t| t.text.to_owned()).collect::<Vec<_>>();
        assert_eq!(texts("url(x y) #fff no-repeat"), ["#fff", "no-repeat"]);
        assert_eq!(texts("calc(1px + (2px)) rgb(1, 2, 3)"), ["calc(1px + (2px))", "rgb(1, 2, 3)"]);
    }
}
