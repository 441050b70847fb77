//! Every condition on typed text matches it however it is typed: one list of variants for all of them, and no
//! condition without an entry here.

use std::collections::HashMap;

use sealpost_mail::{Address, Direction, Head, Origin, ReversePath, TlsFloor, Treatment};

use super::*;
use crate::{Deep, HeadsWithin, Known, RuleSpec, TreatmentSpec, When};

/// The variants of a text.
fn typed(text: &str) -> Vec<String> {
    let each = |change: fn(char) -> String| text.chars().map(change).collect::<String>();
    let apart = |c: char| match c {
        'ä' => "a\u{308}".to_owned(),
        'ö' => "o\u{308}".to_owned(),
        'ü' => "u\u{308}".to_owned(),
        c => c.to_string(),
    };
    let wide = |c: char| match c {
        '!'..='~' => char::from_u32(u32::from(c) + 0xfee0).unwrap().to_string(),
        c => c.to_string(),
    };
    let cyrillic = |c: char| match c {
        'a' => "\u{430}".to_owned(),
        'e' => "\u{435}".to_owned(),
        'o' => "\u{43e}".to_owned(),
        'c' => "\u{441}".to_owned(),
        c => c.to_string(),
    };
    let middle = text.char_indices().nth(text.chars().count() / 2).unwrap().0;
    let (first, second) = text.split_at(middle);
    let with = |between: &str| format!("{first}{between}{second}");
    vec![
        text.to_owned(),
        text.to_uppercase(),
        each(apart),
        each(apart).to_uppercase(),
        each(wide),
        each(cyrillic),
        with("\u{ad}"),
        with("\u{200b}"),
        with("\u{2060}"),
        format!("\u{202a}{text}\u{202c}"),
        text.replace(' ', "\u{a0}"),
        text.replace(' ', "  "),
        text.replace('ß', "ss"),
        text.replace('ß', "ẞ"),
    ]
}

/// Where a condition searches.
#[derive(Clone, Copy)]
enum LooksAt {
    Field(&'static str),
    FileName,
    FileType,
    Text,
}

/// Every condition: with which value it is tested, or that it is not about typed text.
fn conditions() -> HashMap<&'static str, Option<(String, &'static str, LooksAt)>> {
    const WORDS: &str = "große maßnahme";
    let words = |when: &str, place| Some((when.replace('$', WORDS), WORDS, place));
    let pattern = |key: &str| format!("{key} = '(?i)\\b$\\b'");
    HashMap::from([
        (
            "subject-tag",
            Some((
                "subject-tag = '[große maßnahme]'".to_owned(),
                "[große maßnahme]",
                LooksAt::Field("Subject"),
            )),
        ),
        ("subject-pattern", words(&pattern("subject-pattern"), LooksAt::Field("Subject"))),
        ("header", words("header = { name = 'X-Class', equals = '$' }", LooksAt::Field("X-Class"))),
        (
            "header with a pattern",
            words("header = { name = 'X-Class', pattern = '(?i)\\b$\\b' }", LooksAt::Field("X-Class")),
        ),
        (
            "sensitivity",
            Some((
                "sensitivity = 'company-confidential'".to_owned(),
                "company confidential",
                LooksAt::Field("Sensitivity"),
            )),
        ),
        ("label", words("label = '$'", LooksAt::Field("msip_labels"))),
        ("attachment-name", words("attachment-name = '*$*'", LooksAt::FileName)),
        (
            "attachment-type",
            Some((
                "attachment-type = 'application/x-secret'".to_owned(),
                "application/x-secret",
                LooksAt::FileType,
            )),
        ),
        ("text-pattern", words(&pattern("text-pattern"), LooksAt::Text)),
        ("reverse-path", None),
        ("reverse-path-list", None),
        ("from", None),
        ("from-list", None),
        ("recipient", None),
        ("recipient-list", None),
        ("size-at-least", None),
        ("size-at-most", None),
        ("encrypted", None),
        ("signed", None),
        ("reply", None),
        ("reply-to-closed", None),
        ("from-partner", None),
        ("unopened", None),
        ("client", None),
        ("login", None),
        ("listener", None),
        ("not", None),
    ])
}

fn treatment(when: &str, place: LooksAt, text: &str) -> Treatment {
    let when: When = toml::from_str(when).unwrap_or_else(|error| panic!("{when}: {error}"));
    let spec = RuleSpec { name: "r".into(), when, then: TreatmentSpec::Portal, near: None, keep: None };
    let rules = Rules::new(
        vec![spec],
        TreatmentSpec::Relay { tls: TlsFloor::None, sign: sealpost_mail::Signing::Off },
        &HashMap::new(),
    )
    .unwrap();
    let field = match place {
        LooksAt::Field("msip_labels") => {
            format!("msip_labels: MSIP_Label_1_Enabled=true; MSIP_Label_1_Name={text}\r\n")
        }
        LooksAt::Field("Subject") => format!("Subject: Re: {text} 7\r\n"),
        LooksAt::Field(name) => format!("{name}: {text}\r\n"),
        LooksAt::FileName | LooksAt::FileType | LooksAt::Text => String::new(),
    };
    let head = Head::new(format!("From: max@insurer.example\r\n{field}\r\n").into_bytes()).unwrap();
    let deep = match place {
        LooksAt::FileName => Deep {
            attachments: vec![(format!("Zur {text}.doc"), "application/msword".into())],
            ..Deep::default()
        },
        LooksAt::FileType => Deep { attachments: vec![("a.bin".into(), text.to_owned())], ..Deep::default() },
        LooksAt::Text => Deep { texts: vec![format!("Guten Tag,\n{text}\nGruss")], ..Deep::default() },
        LooksAt::Field(_) => Deep::default(),
    };
    let deep = deep.all_plain();
    let origin = Origin {
        peer: "192.0.2.7".parse().unwrap(),
        listener: "inside".into(),
        helo: "mail".into(),
        extended: true,
        tls: None,
        login: None,
    };
    let facts = Facts {
        reverse_path: &ReversePath::Null,
        origin: &origin,
        head: &head,
        recipient: &Address::parse("eva@web.example").unwrap(),
        size: 1000,
        deep: &Known::Yes(deep),
        heads: &Known::Yes(HeadsWithin::default()),
        closed_thread: &Known::Yes(false),
        thread: &Known::Yes(false),
        from_partner: false,
        unopened: false,
        direction: Direction::Outbound,
    };
    rules.judge(&facts).treatment
}

#[test]
fn every_condition_finds_words_however_they_are_typed() {
    let mut missed = Vec::new();
    for (name, case) in conditions() {
        let Some((when, words, place)) = case else { continue };
        for text in typed(words) {
            if treatment(&when, place, &text) != Treatment::Portal {
                missed.push(format!("{name}: {}", text.escape_unicode()));
            }
        }
        assert_ne!(treatment(&when, place, "Speiseplan"), Treatment::Portal, "{name} finds everything");
    }
    missed.sort();
    assert!(missed.is_empty(), "{}", missed.join("\n"));
}

/// For a new condition it must be decided whether it is about typed text; the parser of rules knows them all.
#[test]
fn no_condition_is_missing_here() {
    let error = toml::from_str::<When>("no-condition = 1").unwrap_err().to_string();
    let (_, expected) = error.split_once("expected one of").expect("the reader lists what it knows");
    let all: Vec<&str> = expected.split('`').skip(1).step_by(2).collect();
    assert!(all.len() > 20, "{error}");
    let known = conditions();
    for key in all {
        assert!(known.contains_key(key), "`{key}` has no entry: does it look at words that people type?");
    }
}
