//! Media queries, as far as they decide what a desktop reader is shown: media type and width. Knows no rule.

/// Assumed page width in pixels: rules for telephones do not apply.
const WIDTH: f32 = 800.0;

/// Whether the content of `@media query` applies on a desktop screen (Media Queries 4 §2).
#[must_use]
pub fn counts_at_a_desk(query: &str) -> bool {
    let query = query.trim().to_ascii_lowercase();
    query.is_empty() || query.split(',').any(one)
}

/// One query of a list: all of its parts must be true.
fn one(query: &str) -> bool {
    let query = query.trim();
    let (query, negated) = query.strip_prefix("not ").map_or((query, false), |rest| (rest, true));
    let query = query.trim().strip_prefix("only ").unwrap_or(query);
    query.split(" and ").all(|part| part_holds(part.trim())) != negated
}

fn part_holds(part: &str) -> bool {
    let Some(feature) = part.strip_prefix('(').and_then(|rest| rest.strip_suffix(')')) else {
        return matches!(part, "all" | "screen");
    };
    let Some((name, value)) = feature.split_once(':') else { return false };
    let Some(pixels) = pixels(value.trim()) else { return false };
    match name.trim() {
        "min-width" | "min-device-width" => WIDTH >= pixels,
        "max-width" | "max-device-width" => WIDTH <= pixels,
        // Colours, orientation, resolution: not known in advance.
        _ => false,
    }
}

fn pixels(value: &str) -> Option<f32> {
    let end = value.find(|c: char| !(c.is_ascii_digit() || c == '.')).unwrap_or(value.len());
    let (number, unit) = value.split_at_checked(end)?;
    let times = match unit.trim() {
        "px" | "" => 1.0,
        "em" | "rem" => 16.0,
        _ => return None,
    };
    number.parse::<f32>().ok().map(|number| number * times)
}

#[cfg(test)]
mod tests {
    use super::counts_at_a_desk;

    #[test]
    fn a_desk_is_wide_and_no_paper() {
        for counts in [
            "",
            "all",
            "screen",
            "only screen",
            "screen and (min-width:480px)",
            "print, screen",
            "(max-width: 900px)",
            "not print",
            "only screen and (min-width: 30em) and (max-width:1200px)",
        ] {
            assert!(counts_at_a_desk(counts), "{counts}");
        }
        for not in [
            "print",
            "screen and (max-width:600px)",
            "(prefers-color-scheme:dark)",
            "(orientation:portrait)",
            "only screen and (-webkit-min-device-pixel-ratio:0)",
            "not screen",
            "speech",
        ] {
            assert!(!counts_at_a_desk(not), "{not}");
        }
    }
}
