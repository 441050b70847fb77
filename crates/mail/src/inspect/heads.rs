//! Heads of letters within a letter, and what stands for one: the properties of a winmail.dat, the class of an
//! appointment. For rules about heads: a confidential letter is one also where another one carries it. Opens nothing.

use crate::container::tnef::Tnef;
use crate::head::Head;

/// More letters within one are looked at by nobody.
pub(super) const MAX_HEADS: usize = 500;
/// Fields that a letter has, and a part of one has not.
const OF_LETTERS: [&str; 6] = ["subject", "from", "message-id", "date", "sensitivity", "msip_labels"];

/// The fields of an entity, if they are those of a letter. `None`: they are not, or there are too many of them.
pub(super) fn of_fields(fields: &[(String, Vec<u8>)]) -> Option<Head> {
    let is_of_letter = |name: &str| OF_LETTERS.iter().any(|one| one.eq_ignore_ascii_case(name));
    if !fields.iter().any(|(name, _)| is_of_letter(name)) {
        return None;
    }
    let mut bytes = Vec::new();
    for (name, value) in fields {
        bytes.extend_from_slice(name.as_bytes());
        bytes.push(b':');
        // One line: before a blank a line end is folding (RFC 5322 §2.2.3), elsewhere none that anybody agrees about.
        let mut rest = value.iter().copied().peekable();
        while let Some(byte) = rest.next() {
            match byte {
                b'\r' | b'\n' => {
                    if !matches!(rest.peek(), Some(b'\r' | b'\n' | b' ' | b'\t') | None) {
                        bytes.push(b' ');
                    }
                }
                0 => bytes.push(b' '),
                byte => bytes.push(byte),
            }
        }
        bytes.extend_from_slice(b"\r\n");
    }
    Head::new(bytes).ok()
}

/// PidTagSensitivity (MS-OXCMSG §2.2.1.13) and the subject.
pub(super) fn of_winmail(tnef: &Tnef<'_>) -> Option<Head> {
    let sensitivity = match tnef.sensitivity? {
        1 => "Personal",
        2 => "Private",
        3 => "Company-Confidential",
        _ => return None,
    };
    Head::new(format!("Sensitivity: {sensitivity}\r\n").into_bytes()).ok()
}

/// CLASS (RFC 5545 §3.8.1.3) as mail programs write it beside Sensitivity. What a program does not know it takes for
/// PRIVATE.
pub(super) fn of_calendar(bytes: &[u8]) -> Vec<Head> {
    let mut found: Vec<&str> = Vec::new();
    for line in
        String::from_utf8_lossy(bytes).replace("\r\n", "\n").replace("\n ", "").replace("\n\t", "").lines()
    {
        let Some((name, value)) = line.split_once(':') else { continue };
        let name = name.split(';').next().unwrap_or_default().trim();
        if !name.eq_ignore_ascii_case("CLASS") {
            continue;
        }
        let sensitivity = match value.trim().to_ascii_uppercase().as_str() {
            "PUBLIC" | "" => continue,
            "CONFIDENTIAL" => "Company-Confidential",
            _ => "Private",
        };
        if !found.contains(&sensitivity) {
            found.push(sensitivity);
        }
    }
    found
        .into_iter()
        .filter_map(|one| Head::new(format!("Sensitivity: {one}\r\n").into_bytes()).ok())
        .collect()
}

#[cfg(test)]
mod tests {
    use crate::inspect::Inside;

    fn sensitivities(letter: &str) -> Vec<String> {
        let heads = Inside::letters_of(letter.replace('\n', "\r\n").as_bytes()).heads;
        heads.iter().flat_map(|head| head.all("Sensitivity")).collect()
    }

    #[test]
    fn a_letter_within_has_a_head_and_a_part_has_none() {
        let letter = "Subject: outside\nContent-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: text/plain\n\
             X-Attachment-Id: 7\n\nx\n--b\nContent-Type: message/rfc822\n\nSubject: [geheim]\n inside\n\
             Sensitivity: Private\n\nx\n--b--\n";
        assert_eq!(sensitivities(letter), ["Private"]);
        let inside = Inside::of(letter.replace('\n', "\r\n").as_bytes());
        let subjects: Vec<String> = inside.heads.iter().filter_map(|head| head.subject()).collect();
        assert_eq!(subjects, ["[geheim] inside"]);
    }

    #[test]
    fn the_class_of_an_appointment_stands_for_a_sensitivity() {
        for (class, wanted) in [
            ("CLASS:CONFIDENTIAL", &["Company-Confidential"][..]),
            ("CLASS;X=y:PRIVATE", &["Private"]),
            ("class:private", &["Private"]),
            ("CLA\n SS:PRIVATE", &["Private"]),
            ("CLASS:X-SECRET", &["Private"]),
            ("CLASS:PUBLIC", &[]),
            ("SUMMARY:CLASS:PRIVATE", &[]),
        ] {
            let letter = format!(
                "Subject: x\nContent-Type: text/calendar\n\nBEGIN:VCALENDAR\nBEGIN:VEVENT\n{class}\nEND:VEVENT\n\
                 END:VCALENDAR\n"
            );
            assert_eq!(sensitivities(&letter), wanted, "{class}");
        }
    }
}
