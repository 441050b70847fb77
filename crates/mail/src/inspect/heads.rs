//! Heads of embedded letters, and equivalents of heads: the properties of a winmail.dat, the title and class of an
//! appointment. For rules about heads: a confidential letter stays one when another letter carries it. Opens nothing.

use crate::container::calendar::Calendar;
use crate::container::tnef::Tnef;
use crate::head::Head;

/// Limit on embedded letters; further ones are not examined.
pub(super) const MAX_HEADS: usize = 500;
/// Fields that letters have and body parts do not.
const OF_LETTERS: [&str; 6] = ["subject", "from", "message-id", "date", "sensitivity", "msip_labels"];

/// The fields of an entity, if they are those of a letter. `None`: they are not, or there are too many.
pub(super) fn of_fields(fields: &[(String, Vec<u8>)]) -> Option<Head> {
    let is_of_letter = |name: &str| OF_LETTERS.iter().any(|one| one.eq_ignore_ascii_case(name));
    if !fields.iter().any(|(name, _)| is_of_letter(name)) {
        return None;
    }
    let mut bytes = Vec::new();
    for (name, value) in fields {
        bytes.extend_from_slice(name.as_bytes());
        bytes.push(b':');
        // One line: before white space a line end is folding (RFC 5322 §2.2.3); elsewhere readers disagree about it.
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

/// Values per generated head; further values make further heads.
const MAX_VALUES: usize = 64;

/// There is more than a head can contain.
pub(super) struct TooMuch;

/// PidTagSensitivity (MS-OXCMSG §2.2.1.13), all possible subjects, and fields that are stored as properties.
pub(super) fn of_winmail(tnef: &Tnef<'_>) -> Result<Vec<Head>, TooMuch> {
    // Programs treat unknown values as private.
    let sensitivities = tnef.sensitivities.iter().filter_map(|number| match number {
        0 => None,
        1 => Some("Personal"),
        3 => Some("Company-Confidential"),
        _ => Some("Private"),
    });
    // An embedded message has its subject as its file name.
    let names = tnef.files.iter().filter(|file| file.is_message).flat_map(|file| &file.names);
    let subjects = tnef.subjects.iter().chain(names).map(|subject| ("Subject", subject.as_str()));
    let is_name = |name: &str| !name.is_empty() && name.bytes().all(|b| b.is_ascii_graphic() && b != b':');
    let fields = tnef.fields.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    let fields = fields.filter(|(name, _)| is_name(name));
    of_values(sensitivities.map(|word| ("Sensitivity", word)).chain(subjects).chain(fields))
}

/// CLASS (RFC 5545 §3.8.1.3) as the Sensitivity that mail programs write with it, and titles as the subjects that they
/// are shown as.
pub(super) fn of_calendar(calendar: &Calendar) -> Result<Vec<Head>, TooMuch> {
    let mut words: Vec<&str> = calendar.classes.iter().filter_map(|class| sensitivity(class)).collect();
    words.sort_unstable();
    words.dedup();
    let words = words.into_iter().map(|word| ("Sensitivity", word));
    of_values(words.chain(calendar.titles.iter().map(|title| ("Subject", title.as_str()))))
}

/// Programs treat unknown values as PRIVATE.
fn sensitivity(class: &str) -> Option<&'static str> {
    match class {
        "PUBLIC" | "" => None,
        "CONFIDENTIAL" => Some("Company-Confidential"),
        _ => Some("Private"),
    }
}

fn of_values<'v>(values: impl Iterator<Item = (&'v str, &'v str)>) -> Result<Vec<Head>, TooMuch> {
    let all: Vec<_> = values.collect();
    let heads = all.chunks(MAX_VALUES).map(|some| {
        let mut bytes = Vec::new();
        for (name, value) in some {
            // A value that is cut is too long for a rule to answer "no" by it.
            let value = value.get(..value.floor_char_boundary(2 * Head::MAX_WORDS)).unwrap_or(value);
            bytes.extend_from_slice(name.as_bytes());
            bytes.extend_from_slice(b": ");
            let value: String = value.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
            bytes.extend_from_slice(value.as_bytes());
            bytes.extend_from_slice(b"\r\n");
        }
        Head::new(bytes).map_err(|_too_long| TooMuch)
    });
    heads.collect()
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;

    use crate::container::tnef::tests::{attribute_of, file_of, properties_of, property_of, wide_of};
    use crate::inspect::{Inside, Unread};

    /// MS-OXTNEF §2.1.3.2
    const PROPERTIES: u32 = 0x0006_9003;

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

    fn subjects(kind: &str, bytes: &[u8]) -> Vec<String> {
        let letter = [
            format!("Subject: outside\r\nContent-Type: {kind}\r\nContent-Transfer-Encoding: base64\r\n\r\n")
                .as_bytes(),
            STANDARD.encode(bytes).as_bytes(),
        ]
        .concat();
        Inside::letters_of(&letter).heads.iter().flat_map(|head| head.all("Subject")).collect()
    }

    #[test]
    fn a_winmail_and_the_messages_within_it_have_subjects() {
        let tag = "[vertraulich] Befund";
        let message = |all: &[Vec<u8>]| file_of(&[attribute_of(1, PROPERTIES, &properties_of(all))]);
        let within = |inner: &[u8]| {
            let object = [&[7; 16][..], inner].concat();
            file_of(&[
                attribute_of(2, 0x0006_9002, &[0; 14]),
                attribute_of(2, 0x0006_9005, &properties_of(&[property_of(0x3701, 0x0d, &object)])),
            ])
        };
        let headers = format!("Received: x\r\nSubject: {tag}\r\n\r\n");
        for (what, bytes) in [
            ("attSubject", file_of(&[attribute_of(1, 0x0001_8004, tag.as_bytes())])),
            ("PidTagSubject", message(&[property_of(0x37, 0x1f, &wide_of(tag))])),
            ("8 bits", message(&[property_of(0x37, 0x1e, tag.as_bytes())])),
            ("PidTagNormalizedSubject", message(&[property_of(0x0e1d, 0x1f, &wide_of(tag))])),
            ("PidTagConversationTopic", message(&[property_of(0x70, 0x1f, &wide_of(tag))])),
            ("PidTagTransportMessageHeaders", message(&[property_of(0x7d, 0x1f, &wide_of(&headers))])),
        ] {
            assert_eq!(subjects("application/ms-tnef", &bytes), [tag], "{what}");
            let outer = within(&bytes);
            assert_eq!(subjects("application/ms-tnef", &outer), [tag], "{what} within");
            assert_eq!(subjects("application/ms-tnef", &within(&outer)), [tag], "{what} two levels down");
        }
    }

    /// PidTagAttachPathname and PidTagAttachExtension are the only names that some files have.
    #[test]
    fn files_of_a_winmail_count_by_every_name() {
        let names = |id: u16, value: &str| {
            let bytes = file_of(&[
                attribute_of(2, 0x0006_9002, &[0; 14]),
                attribute_of(2, 0x0006_800f, b"x"),
                attribute_of(2, 0x0006_9005, &properties_of(&[property_of(id, 0x1f, &wide_of(value))])),
            ]);
            let head = "Content-Type: application/ms-tnef\r\nContent-Transfer-Encoding: base64\r\n\r\n";
            let letter = format!("{head}{}", STANDARD.encode(bytes));
            Inside::of(letter.as_bytes()).files.into_iter().map(|(name, _)| name).collect::<Vec<_>>()
        };
        assert!(names(0x3708, "GEHALT.XLS").iter().any(|name| name == "GEHALT.XLS"));
        assert!(names(0x3703, ".xlsx").iter().any(|name| name == "attachment.xlsx"));
    }

    #[test]
    fn every_sensitivity_of_a_winmail_counts_and_one_that_nobody_knows_is_private() {
        let of = |numbers: &[u32]| {
            let all: Vec<Vec<u8>> =
                numbers.iter().map(|n| [&[3, 0, 0x36, 0][..], &n.to_le_bytes()].concat()).collect();
            let bytes = file_of(&[attribute_of(1, PROPERTIES, &properties_of(&all))]);
            let head = "Content-Type: application/ms-tnef\r\nContent-Transfer-Encoding: base64\r\n\r\n";
            let heads = Inside::letters_of(format!("{head}{}", STANDARD.encode(bytes)).as_bytes()).heads;
            heads.iter().flat_map(|head| head.all("Sensitivity")).collect::<Vec<_>>()
        };
        assert_eq!(of(&[0]), [""; 0]);
        assert_eq!(of(&[2, 99]), ["Private", "Private"]);
        assert_eq!(of(&[3, 99]), ["Company-Confidential", "Private"]);
    }

    /// Damaged content may contain any head: a rule about heads must not get a "no" (the caller checks
    /// `hidden_letters`).
    #[test]
    fn a_damaged_winmail_hides_letters_wherever_it_is_cut() {
        let tagged = file_of(&[
            attribute_of(1, 0x0001_8004, b"[vertraulich] Befund"),
            attribute_of(1, 0x0002_800c, b"Text"),
        ]);
        let of = |kind: &str, bytes: &[u8]| {
            let head = format!("Content-Type: {kind}\r\nContent-Transfer-Encoding: base64\r\n\r\n");
            Inside::letters_of(&[head.as_bytes(), STANDARD.encode(bytes).as_bytes()].concat()).hidden_letters
        };
        assert_eq!(of("application/ms-tnef", &tagged), None);
        // At the end of an attribute it cannot be seen that another one followed.
        let one = file_of(&[attribute_of(1, 0x0001_8004, b"[vertraulich] Befund")]).len();
        let seen = (1..tagged.len() - 2).filter(|cut| !(one - 2..=one).contains(cut));
        for cut in seen {
            let start = tagged.get(..cut).unwrap();
            let empty = cut <= 6;
            let found = of("application/ms-tnef", start);
            assert!(found == Some(Unread::Damaged) || empty, "{cut}: {found:?}");
        }
        let no_tnef = of("application/octet-stream; name=winmail.dat", b"no TNEF at all");
        assert_eq!(no_tnef, Some(Unread::Damaged));
    }

    /// The same for a letter or a winmail.dat that is uuencoded in a text and cut short.
    #[test]
    fn a_letter_in_a_text_that_is_cut_short_may_hold_any_head() {
        let of = |name: &str, end: &str| {
            let letter =
                format!("Content-Type: text/plain\r\n\r\nbegin 644 {name}\r\n#0V%T\r\n#0V%T\r\n{end}\r\n");
            Inside::letters_of(letter.as_bytes()).hidden_letters
        };
        for name in ["Fwd.eml", "a.MBOX", "winmail.dat"] {
            assert_eq!(of(name, "M0V"), Some(Unread::Damaged), "{name}");
        }
        assert_eq!(of("a.jpg", "M0V"), None);
        assert_eq!(of("Fwd.eml", "`\r\nend"), None);
    }

    #[test]
    fn however_many_subjects_there_are_none_is_overlooked() {
        let of = |long: &str| {
            let all = (0..200).map(|n| property_of(0x37, 0x1f, &wide_of(&format!("Nr. {n} {long}"))));
            let all: Vec<Vec<u8>> = all.collect();
            file_of(&[attribute_of(1, PROPERTIES, &properties_of(&all))])
        };
        assert_eq!(subjects("application/ms-tnef", &of("x")).len(), 200);
        let head = "Content-Type: application/ms-tnef\r\nContent-Transfer-Encoding: base64\r\n\r\n";
        let letter = format!("{head}{}", STANDARD.encode(of(&"x".repeat(20_000))));
        assert_eq!(Inside::letters_of(letter.as_bytes()).unread, Some(Unread::TooMuch));
    }

    #[test]
    fn the_title_of_an_appointment_is_a_subject() {
        let calendar = |line: &str| {
            format!("BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\n{line}\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n")
        };
        let tagged = calendar("SUMMARY;LANGUAGE=de:[pers\u{f6}n\r\n lich] Termin");
        for (kind, bytes) in [
            ("text/calendar", tagged.clone().into_bytes()),
            ("application/octet-stream; name=a.ics", tagged.clone().into_bytes()),
            ("application/octet-stream", tagged.clone().into_bytes()),
            ("text/plain", tagged.clone().into_bytes()),
            ("text/calendar; charset=utf-16", tagged.encode_utf16().flat_map(u16::to_be_bytes).collect()),
            (
                "text/calendar; charset=iso-8859-1",
                tagged.chars().map(|c| u8::try_from(u32::from(c)).unwrap()).collect(),
            ),
            ("text/calendar", tagged.chars().map(|c| u8::try_from(u32::from(c)).unwrap()).collect()),
        ] {
            assert!(
                subjects(kind, &bytes).iter().any(|one| one == "[pers\u{f6}nlich] Termin"),
                "{kind}: {:?}",
                subjects(kind, &bytes)
            );
        }
        assert!(subjects("text/calendar", calendar("DESCRIPTION:SUMMARY:[x]").as_bytes()).is_empty());
    }

    #[test]
    fn a_file_within_an_appointment_is_a_file() {
        let line = "ATTACH;FMTTYPE=text/plain;ENCODING=BASE64;VALUE=BINARY;FILENAME=a.exe:";
        let text = STANDARD.encode("Die Geheimnummer");
        let (first, rest) = text.split_at(5);
        let calendar = format!(
            "Content-Type: text/calendar\r\n\r\nBEGIN:VCALENDAR\r\n{line}{first}\r\n {rest}\r\nEND:VCALENDAR\r\n"
        );
        let inside = Inside::of(calendar.as_bytes());
        assert!(inside.files.iter().any(|(name, _)| name == "a.exe"), "{:?}", inside.files);
        assert!(inside.texts.iter().any(|text| text.trim() == "Die Geheimnummer"), "{:?}", inside.texts);
    }
}
