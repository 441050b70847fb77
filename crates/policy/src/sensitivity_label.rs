//! Sensitivity labels as mail programs write them into `msip_labels`.
//!
//! `MSIP_Label_<id>_Enabled=true; MSIP_Label_<id>_Name=Confidential; …`

use std::collections::HashSet;

use sealpost_mail::skeleton;

use crate::near_miss::is_near;

/// Whether one of the labels in `value` has this id, or a name that is `alike`, and is not disabled. The wanted one is
/// in the form of [`skeleton`].
pub(crate) fn carries(value: &str, wanted: &str, alike: impl Fn(&str, &str) -> bool) -> bool {
    let entries: Vec<(String, &str, String)> = value.split(';').filter_map(entry).collect();
    let switched = |to: &str| -> HashSet<&str> {
        let entries = entries.iter().filter(|(_, key, value)| *key == "enabled" && value == to);
        entries.map(|(id, _, _)| id.as_str()).collect()
    };
    // Enabled and disabled at once counts as enabled.
    let (on, off) = (switched("true"), switched("false"));
    let off: HashSet<&str> = off.difference(&on).copied().collect();
    let named =
        |id: &str, key: &str, value: &str| skeleton(id) == wanted || (key == "name" && alike(wanted, value));
    entries.iter().any(|(id, key, value)| named(id, key, value) && !off.contains(id.as_str()))
}

/// The id or name of a label, however its author copied it: `{f42aa342-…}` from a registry, `MSIP_Label_f42aa342-…`
/// from a letter.
pub(crate) fn bare(label: &str) -> &str {
    let start = label.get(.."msip_label_".len()).filter(|start| start.eq_ignore_ascii_case("msip_label_"));
    let label = start.map_or(label, |start| label.get(start.len()..).unwrap_or(label));
    let label = ["_Enabled", "_Name"].iter().find_map(|end| label.strip_suffix(end)).unwrap_or(label);
    label.strip_prefix('{').and_then(|inner| inner.strip_suffix('}')).map_or(label, str::trim)
}

/// A typing error, or a parent or child label: `Vertraulich\Kunden` is both, and the rule's author must decide which is
/// meant.
pub(crate) fn is_almost(wanted: &str, value: &str) -> bool {
    let like = |part: &str| {
        let part = skeleton(part);
        part == wanted || is_near(wanted, &part)
    };
    // A hyphen parts them between blanks alone: within a word it is none of it.
    let parts = value.split(" - ").flat_map(|part| part.split(['\\', '/', '>', '|', '\u{2013}', '\u{2014}']));
    like(value) || parts.into_iter().any(like)
}

/// One `MSIP_Label_<id>_<Key>=<Value>`: id and value in lower case, known keys only.
fn entry(text: &str) -> Option<(String, &'static str, String)> {
    let (key, value) = text.split_once('=')?;
    let key: String = key.chars().filter(|c| !c.is_whitespace()).collect::<String>().to_lowercase();
    let (id, key) = key.strip_prefix("msip_label_")?.rsplit_once('_')?;
    let key = match key {
        "enabled" => "enabled",
        "name" => "name",
        _ => "",
    };
    Some((id.to_owned(), key, value.trim().trim_matches(['"', '\'']).trim().to_lowercase()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn carries(value: &str, wanted: &str) -> bool {
        super::carries(value, wanted, |wanted, value| wanted == skeleton(value))
    }

    const VALUE: &str = "MSIP_Label_f42aa342-8706-4288-bd11-ebb85995028c_Enabled=true; \
        MSIP_Label_f42aa342-8706-4288-bd11-ebb85995028c_Name=Streng Vertraulich; \
        MSIP_Label_f42aa342-8706-4288-bd11-ebb85995028c_SiteId=72f988bf; \
        MSIP_Label_00000000-8706-4288-bd11-ebb85995028c_Enabled=False; \
        MSIP_Label_00000000-8706-4288-bd11-ebb85995028c_Name=Public;";

    #[test]
    fn id_or_name_of_a_label_that_is_on() {
        assert!(carries(VALUE, &skeleton("f42aa342-8706-4288-bd11-ebb85995028c")));
        assert!(carries(VALUE, &skeleton("streng vertraulich")));
        assert!(!carries(VALUE, &skeleton("public")));
        assert!(!carries(VALUE, &skeleton("00000000-8706-4288-bd11-ebb85995028c")));
        assert!(!carries(VALUE, &skeleton("72f988bf")));
        assert!(!carries("", &skeleton("x")));
        assert!(!carries("MSIP_Label_;=;x", &skeleton("")));
    }

    #[test]
    fn a_label_within_another_is_almost_either() {
        for value in [
            "VERTRAULICH\\Kunden",
            "Konzern / Vertraulich",
            "Vertraulich > Kunden",
            "vertraulch\\Kunden",
            "Vertraulich - Kunden",
            "Kunden \u{2014} Vertraulich",
        ] {
            assert!(is_almost("vertraulich", value), "{value}");
        }
        assert!(!is_almost("vertraulich", "Nicht-Vertraulich"));
        assert!(!is_almost("vertraulich", "Intern\\Kunden") && !is_almost("vertraulich", "Vertragsfragen"));
    }

    #[test]
    fn an_id_is_one_however_it_was_copied() {
        for copied in [
            "f42aa342-8706-4288-bd11-ebb85995028c",
            "{F42AA342-8706-4288-BD11-EBB85995028C}",
            "MSIP_Label_f42aa342-8706-4288-bd11-ebb85995028c",
            "MSIP_Label_f42aa342-8706-4288-bd11-ebb85995028c_Enabled",
        ] {
            assert!(carries(VALUE, &skeleton(bare(copied))), "{copied}");
        }
        assert_eq!(bare("Streng Vertraulich"), "Streng Vertraulich");
        assert_eq!(bare("ä"), "ä");
    }

    #[test]
    fn a_label_without_a_switch_is_on() {
        assert!(carries("MSIP_Label_abc_Name=Confidential", &skeleton("confidential")));
    }
}
