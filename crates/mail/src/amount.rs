//! A number and the unit that is read with it: on every kind of page they stand on one line. Pure; knows no page.

/// What is beside a number and is read with it.
const UNITS: [&str; 13] =
    ["€", "EUR", "Euro", "CHF", "USD", "GBP", "$", "£", "%", "Mio.", "Mrd.", "T€", "TEUR"];

/// Whether two neighbouring words are a number and its unit, in either order.
#[must_use]
pub fn is_amount(before: &str, after: &str) -> bool {
    let bare =
        |word: &str| word.trim_end_matches([',', '.', ';', ':', ')', '*']).trim_start_matches('(').to_owned();
    let is_unit = |word: &str| UNITS.contains(&word) || UNITS.contains(&bare(word).as_str());
    let ends_in_number = before.ends_with(|c: char| c.is_ascii_digit() || c == '-' || c == '–')
        && before.contains(|c: char| c.is_ascii_digit());
    let begins_with_number =
        after.trim_start_matches(['-', '+', '−']).starts_with(|c: char| c.is_ascii_digit());
    (ends_in_number && is_unit(after)) || (is_unit(before) && before != "%" && begins_with_number)
}
