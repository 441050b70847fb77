//! winmail.dat as Outlook writes it, cut and broken.

use super::*;

pub(crate) fn attribute_of(level: u8, id: u32, data: &[u8]) -> Vec<u8> {
    let mut out = vec![level];
    out.extend(id.to_le_bytes());
    out.extend(u32::try_from(data.len()).unwrap().to_le_bytes());
    out.extend(data);
    let sum: u32 = data.iter().map(|b| u32::from(*b)).sum();
    out.extend(u16::try_from(sum % 65536).unwrap().to_le_bytes());
    out
}

pub(crate) fn property_of(id: u16, kind: u16, value: &[u8]) -> Vec<u8> {
    let mut out = kind.to_le_bytes().to_vec();
    out.extend(id.to_le_bytes());
    out.extend(1_u32.to_le_bytes());
    out.extend(u32::try_from(value.len()).unwrap().to_le_bytes());
    out.extend(value);
    out.resize(out.len().next_multiple_of(4), 0);
    out
}

pub(crate) fn properties_of(all: &[Vec<u8>]) -> Vec<u8> {
    let mut out = u32::try_from(all.len()).unwrap().to_le_bytes().to_vec();
    out.extend(all.concat());
    out
}

pub(crate) fn file_of(attributes: &[Vec<u8>]) -> Vec<u8> {
    let mut out = SIGNATURE.to_vec();
    out.extend([1, 0]);
    out.extend(attributes.concat());
    out
}

pub(crate) fn wide_of(text: &str) -> Vec<u8> {
    text.encode_utf16().chain([0]).flat_map(u16::to_le_bytes).collect()
}

fn sample() -> Vec<u8> {
    let mut number = vec![0x03, 0, 0x05, 0x37];
    number.extend([1, 0, 0, 0]);
    let long = properties_of(&[number, property_of(0x3707, WIDE, &wide_of("Größe.pdf"))]);
    file_of(&[
        attribute_of(1, CODE_PAGE, &1252_u64.to_le_bytes()),
        attribute_of(1, BODY, b"pers\xf6nlich\0"),
        attribute_of(2, RENDER_DATA, &[0; 14]),
        attribute_of(2, TITLE, b"GUTACH~1.PDF\0"),
        attribute_of(2, DATA, b"%PDF-1.4"),
        attribute_of(2, ATTACHMENT, &long),
        attribute_of(2, RENDER_DATA, &[0; 14]),
        attribute_of(2, TITLE, b"zwei.txt\0"),
    ])
}

#[test]
fn text_and_files_are_found() {
    let bytes = sample();
    let found = read(&bytes);
    assert!(found.whole);
    assert_eq!(found.plain.as_deref(), Some("persönlich"));
    assert_eq!(found.files.len(), 2);
    assert_eq!(found.files[0].names, ["Größe.pdf", "GUTACH~1.PDF"]);
    assert_eq!(found.files[0].bytes, b"%PDF-1.4");
    assert_eq!((found.files[1].names[0].as_str(), found.files[1].bytes), ("zwei.txt", b"".as_slice()));
}

#[test]
fn bodies_and_messages_within_are_found() {
    let html = "<html><head><meta charset=\"utf-8\"></head><body>größer</body></html>".as_bytes();
    let inner = file_of(&[attribute_of(
        1,
        PROPERTIES,
        &properties_of(&[property_of(0x0037, WIDE, &wide_of("Innen")), property_of(0x1013, BINARY, html)]),
    )]);
    let mut object = vec![7; INTERFACE];
    object.extend(&inner);
    let outer = file_of(&[
        attribute_of(2, RENDER_DATA, &[0; 14]),
        attribute_of(2, ATTACHMENT, &properties_of(&[property_of(0x3701, OBJECT, &object)])),
    ]);
    let found = read(&outer);
    assert!(found.whole && found.files[0].is_message);
    let within = read(found.files[0].bytes);
    assert_eq!(within.subject.as_deref(), Some("Innen"));
    assert!(within.html.unwrap().contains("größer"));
}

#[test]
fn who_wrote_a_message_within_is_told() {
    let from = |name: &str, address: Option<&str>| {
        let mut all =
            vec![property_of(0x0037, WIDE, &wide_of("Innen")), property_of(0x0c1a, WIDE, &wide_of(name))];
        all.extend(address.map(|address| property_of(0x5d01, WIDE, &wide_of(address))));
        let file = file_of(&[attribute_of(1, PROPERTIES, &properties_of(&all))]);
        let letter =
            crate::container::mime::of_winmail(&read(&[&file[..], &attribute_of(1, BODY, b"x\0")].concat()));
        let letter = letter.unwrap();
        let mut from = crate::Letter::parse(&letter).unwrap().summary().from;
        let from = from.remove(0);
        (from.name.unwrap_or_default(), from.address.unwrap_or_default())
    };
    for (name, address, shown) in [
        ("Herr Innen", None, ("Herr Innen", "")),
        ("Jürgen Groß", None, ("Jürgen Groß", "")),
        ("Krüger, Sabine", Some("sk@insurer.example"), ("Krüger Sabine", "sk@insurer.example")),
        ("Anna", Some("/o=Haus/cn=anna"), ("Anna", "")),
        ("a@b.example", None, ("a b.example", "")),
    ] {
        let (found, at) = from(name, address);
        assert_eq!((found.split_whitespace().collect::<Vec<_>>().join(" ").as_str(), at.as_str()), shown);
    }
    let mut triple = vec![4, 0, 40, 0, 5, 0, 21, 0];
    triple.extend(b"Anna\0SMTP:anna@x.example\0\0");
    let file = file_of(&[attribute_of(1, FROM, &triple)]);
    assert_eq!(read(&file).from, (Some("Anna".to_owned()), Some("anna@x.example".to_owned())));
}

#[test]
fn a_blank_text_does_not_beat_a_full_one() {
    let rtf = b"{\\rtf1\\ansi Der ganze Text}";
    let mut packed = u32::try_from(rtf.len() + 12).unwrap().to_le_bytes().to_vec();
    packed.extend(u32::try_from(rtf.len()).unwrap().to_le_bytes());
    packed.extend(b"MELA\0\0\0\0");
    packed.extend(rtf);
    let page = "<html><body><p>Der ganze Text</p></body></html>".as_bytes();
    for blank in [" \r\n", "", "\r\n", "\u{a0}", "\u{200b}\u{feff} "] {
        for (id, value) in [(0x1009, packed.as_slice()), (0x1013, page)] {
            let all =
                properties_of(&[property_of(0x1000, WIDE, &wide_of(blank)), property_of(id, BINARY, value)]);
            let file = file_of(&[attribute_of(1, BODY, b"\r\n\0"), attribute_of(1, PROPERTIES, &all)]);
            let inner = crate::container::mime::of_winmail(&read(&file)).unwrap();
            let text = crate::Letter::parse(&inner).unwrap().text();
            assert_eq!(text.as_deref().map(str::trim), Some("Der ganze Text"), "{blank:?} {id:x}");
        }
    }
}

#[test]
fn cut_anywhere_it_says_that_it_is_not_whole() {
    let whole = sample();
    let ends: Vec<usize> = (0..whole.len()).filter(|end| read(&whole[..*end]).whole).collect();
    // Truncation between two attributes cannot be detected, and a checksum may be missing.
    assert!(ends.len() <= 3 * 9, "{ends:?}");
    let mut huge = SIGNATURE.to_vec();
    huge.extend([1, 0, 2]);
    huge.extend(DATA.to_le_bytes());
    huge.extend(u32::MAX.to_le_bytes());
    assert!(!read(&huge).whole);
    assert!(!read(b"PK\x03\x04").whole);
    assert!(read(&[sample(), b"\r\n".to_vec()].concat()).whole);
    assert!(!read(&[sample(), b"hidden away".to_vec()].concat()).whole);
}

/// The count is one, and two follow: programs that read to the end of the attribute see both.
#[test]
fn what_stands_behind_the_counted_properties_is_damage() {
    let counted = |count: u32, end: &[u8]| {
        let all = [
            property_of(0x0e1d, WIDE, &wide_of("Angebot")),
            property_of(0x0037, WIDE, &wide_of("[vertraulich]")),
        ];
        [&count.to_le_bytes()[..], &all.concat(), end].concat()
    };
    let first = property_of(0x0e1d, WIDE, &wide_of("Angebote"));
    let message = |properties: &[u8]| file_of(&[attribute_of(1, PROPERTIES, properties)]);
    let file = |properties: &[u8]| {
        file_of(&[
            attribute_of(2, RENDER_DATA, &[0; 14]),
            attribute_of(2, ATTACHMENT, properties),
            attribute_of(2, RENDER_DATA, &[0; 14]),
            attribute_of(2, TITLE, b"zwei.txt\0"),
        ])
    };
    for (properties, whole) in [
        (counted(2, b""), true),
        (counted(1, b""), false),
        (counted(0, b""), false),
        (counted(2, b"junk"), false),
        // Padding as programs write it.
        (counted(2, &[0; 3]), true),
        (counted(2, &[0x20; 3]), true),
        (counted(2, &[0; 12]), true),
        ([&1_u32.to_le_bytes()[..], &first[..first.len() - 2]].concat(), true),
    ] {
        assert_eq!(read(&message(&properties)).whole, whole, "{properties:x?}");
        let bytes = file(&properties);
        let found = read(&bytes);
        assert_eq!((found.whole, found.files.len()), (whole, 2), "{properties:x?}");
    }
}

/// Each would be a head of its own.
#[test]
fn numbers_of_a_sensitivity_that_nobody_knows_are_one() {
    let mut many = [0x1003_u16.to_le_bytes(), 0x0036_u16.to_le_bytes()].concat();
    many.extend(5000_u32.to_le_bytes());
    many.extend((0..5000_u32).flat_map(u32::to_le_bytes));
    let bytes = file_of(&[attribute_of(1, PROPERTIES, &properties_of(&[many]))]);
    let found = read(&bytes);
    assert!(found.whole);
    assert_eq!(found.sensitivities.into_iter().collect::<Vec<_>>(), [0, 1, 2, 3, UNKNOWN]);
}

#[test]
fn everything_that_stands_for_a_subject_is_told() {
    let named = |name: &str, value: &str| {
        let mut out = [WIDE.to_le_bytes(), 0x8000_u16.to_le_bytes()].concat();
        out.extend(INTERNET_HEADERS);
        out.extend(1_u32.to_le_bytes());
        for text in [wide_of(name), wide_of(value)] {
            if out.len() > 24 {
                out.extend(1_u32.to_le_bytes());
            }
            out.extend(u32::try_from(text.len()).unwrap().to_le_bytes());
            out.extend(&text);
            out.resize(out.len().next_multiple_of(4), 0);
        }
        out
    };
    let all = properties_of(&[
        property_of(0x0037, NARROW, b"pers\xf6nlich\0"),
        property_of(0x003d, WIDE, &wide_of("[geheim] ")),
        property_of(0x0e1d, WIDE, &wide_of("Befund")),
        property_of(0x0070, WIDE, &wide_of("Thema")),
        property_of(0x007d, NARROW, b"Subject: oben\r\nSensitivity: Private\r\n\0"),
        named("msip_labels", "MSIP_Label_1_Name=x"),
    ]);
    let file = file_of(&[attribute_of(1, SUBJECT, b"alt\0"), attribute_of(1, PROPERTIES, &all)]);
    let found = read(&file);
    assert!(found.whole);
    let subjects: Vec<&str> = found.subjects.iter().map(String::as_str).collect();
    assert_eq!(subjects, ["Befund", "Thema", "[geheim] Befund", "alt", "persönlich"]);
    assert_eq!(found.transport, ["Subject: oben\r\nSensitivity: Private\r\n"]);
    assert_eq!(found.fields, [("msip_labels".to_owned(), "MSIP_Label_1_Name=x".to_owned())]);
}
