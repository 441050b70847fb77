//! Sizes in readable form. Knows no files.

use super::labels::Labels;

/// "812 Bytes", "1,2 kB", "20 MB" (SI: a thousand).
pub(super) fn shown(bytes: usize, labels: &Labels) -> String {
    if bytes < 1000 {
        return format!("{bytes} {}", labels.bytes);
    }
    let (unit, name) = if bytes < 999_500 { (1000, "kB") } else { (1_000_000, "MB") };
    let tenths = (bytes * 10 + unit / 2) / unit;
    if tenths >= 100 || tenths.is_multiple_of(10) {
        return format!("{} {name}", (bytes + unit / 2) / unit);
    }
    format!("{}{}{} {name}", tenths / 10, labels.decimal, tenths % 10)
}

#[cfg(test)]
mod tests {
    use super::super::sample_labels::labels;
    use super::*;

    #[test]
    fn sizes_are_short() {
        let german = labels("de");
        let say = |bytes| shown(bytes, &german);
        assert_eq!(say(0), "0 Bytes");
        assert_eq!(say(999), "999 Bytes");
        assert_eq!(say(1234), "1,2 kB");
        assert_eq!(say(1960), "2 kB");
        assert_eq!(say(20_400), "20 kB");
        assert_eq!(say(999_499), "999 kB");
        assert_eq!(say(999_900), "1 MB");
        assert_eq!(say(20_971_520), "21 MB");
        assert_eq!(shown(1234, &labels("en")), "1.2 kB");
    }
}
