//! The cost of a letter: work is bounded by its length, and what is too long or grows too much is refused, never let
//! through. And subjects encoded several times.

use std::collections::HashMap;

use sealpost_mail::{Address, Direction, Head, Layers, Origin, ReversePath, TlsFloor, Treatment};

use crate::{Deep, Facts, HeadsWithin, Known, RuleSpec, Rules, TreatmentSpec, When};

/// `relay`, `portal`, or the reply of a refusal and its log text.
fn verdict(when: &str, head: &[u8], deep: &Known<Deep>) -> String {
    verdict_within(when, head, deep, HeadsWithin::default())
}

fn verdict_within(when: &str, head: &[u8], deep: &Known<Deep>, heads: HeadsWithin) -> String {
    let when: When = toml::from_str(when).unwrap();
    let rule = RuleSpec { when, ..toml::from_str("name = \"r\"\nthen = \"portal\"\nwhen = {}\n").unwrap() };
    let rules = Rules::new(
        vec![rule],
        TreatmentSpec::Relay { tls: TlsFloor::None, sign: sealpost_mail::Signing::Off },
        &HashMap::new(),
    )
    .unwrap();
    let address = Address::parse("eva@web.example").unwrap();
    let judgement = rules.judge(&Facts {
        reverse_path: &ReversePath::Null,
        origin: &Origin {
            peer: "192.0.2.7".parse().unwrap(),
            listener: "inside".to_owned(),
            helo: "mail".to_owned(),
            extended: true,
            tls: None,
            login: None,
        },
        head: &Head::new(head.to_vec()).unwrap(),
        recipient: &address,
        size: 1000,
        deep,
        heads: &Known::Yes(heads),
        closed_thread: &Known::Yes(false),
        thread: &Known::Unasked,
        from_partner: false,
        unopened: false,
        direction: Direction::Outbound,
    });
    match judgement.treatment {
        Treatment::Refuse(refusal) => format!("{} {}", refusal.reply.to_line(), judgement.reason.sentence),
        Treatment::Relay { .. } => "relay".to_owned(),
        Treatment::Portal => "portal".to_owned(),
        Treatment::Domain { .. } | Treatment::Hold { .. } => "other".to_owned(),
    }
}

fn subject(when: &str, text: &str) -> String {
    verdict(when, format!("Subject: {text}\r\n").as_bytes(), &Known::Unasked)
}

#[test]
fn a_subject_that_is_too_long_is_refused_and_says_so() {
    for when in ["subject-tag = \"[vertraulich]\"", "subject-pattern = \"vertraulich\""] {
        for text in ["\u{fdfa}", "\u{2026}", "a", " [", "[vertr "] {
            let long = text.repeat(300);
            let fold = format!("{}\r\n ", long.trim());
            let verdict = subject(when, &fold.repeat(170_000 / fold.len()));
            assert!(verdict.starts_with("554 5.6.0") && verdict.contains("Subject is too long"), "{verdict}");
        }
        assert_eq!(subject(when, &"a ".repeat(3000)), "relay");
        assert_eq!(subject(when, &format!("{} [vertraulich]", "a ".repeat(3000))), "portal");
    }
    let sensitive = format!("Subject: x\r\nSensitivity: {}\r\n", "\u{fdfa}".repeat(20_000));
    let verdict = verdict("sensitivity = \"private\"", sensitive.as_bytes(), &Known::Unasked);
    assert!(verdict.contains("Sensitivity is too long"), "{verdict}");
}

#[test]
fn a_text_that_grows_beyond_measure_is_refused_and_says_so() {
    let of = |text: &str| {
        let deep = Deep { texts: vec![text.to_owned()], ..Deep::default() }.all_plain();
        verdict("text-pattern = '(?i)\\bvertraulich\\b'", b"Subject: x\r\n", &Known::Yes(deep))
    };
    let grown = of(&"\u{fdfa}".repeat(100_000));
    assert!(grown.starts_with("554 5.6.0") && grown.contains("stand for many others"), "{grown}");
    assert_eq!(of(&"\u{2026}".repeat(100_000)), "relay");
    assert_eq!(of(&format!("{} ｖｅｒｔｒａｕｌｉｃｈ", "\u{2026} ".repeat(1000))), "portal");
    assert_eq!(of(&format!("vertraulich {}", "\u{fdfa}".repeat(100_000))), "portal");
}

#[test]
fn a_subject_counts_as_it_was_before_a_program_wrote_it_anew() {
    for text in [
        "[persÃ¶nlich] x",
        "[persÃƒÂ¶nlich] x",
        "=?utf-8?Q?[pers=C3=83=C2=B6nlich]?= x",
        "[pers&ouml;nlich] x",
        "[pers&#246;nlich] x",
        "%5Bpers%C3%B6nlich%5D x",
        "[pers=C3=B6nlich] x",
        "\u{202e}]hcilnösrep[ x",
        "%255Bpers%25C3%25B6nlich%255D x",
        "&amp;#91;pers&amp;ouml;nlich] x",
        "=?utf-8?Q?=3D=3Futf-8=3FQ=3F=5Bpers=C3=B6nlich=5D=3F=3D?=",
        "=?utf-8?B?Ij0/dXRmLTg/Qj9XM0JsY25QRHRtNXNhV05vWFNCND89Ig==?=",
    ] {
        assert_eq!(subject("subject-tag = \"[persönlich]\"", text), "portal", "{text}");
    }
    for text in ["Schaden 12 % & mehr", "Größe = 40", "Ihr persönlicher Betreuer – Termin"] {
        assert_eq!(subject("subject-tag = \"[persönlich]\"", text), "relay", "{text}");
    }
}

/// A word, and an encoded one containing it, in fields whose value is compared.
#[test]
fn a_field_counts_as_it_was_before_it_was_encoded_twice() {
    let once = "=?utf-8?Q?company-confidential?=";
    let twice = "=?utf-8?Q?=3D=3Futf-8=3FQ=3Fcompany-confidential=3F=3D?=";
    for value in [once, twice] {
        let head = format!("Subject: x\r\nSensitivity: {value}\r\nX-Class: {value}\r\n");
        for when in [
            "sensitivity = 'company-confidential'",
            "header = { name = 'X-Class', equals = 'company-confidential' }",
        ] {
            assert_eq!(verdict(when, head.as_bytes(), &Known::Unasked), "portal", "{when} {value}");
        }
    }
}

#[test]
fn a_field_counts_whatever_nobody_sees_before_its_name_and_colon() {
    for head in [
        "\u{feff}Subject: [vertraulich] x\r\nFrom: a@b.example\r\n",
        " Subject: [vertraulich] x\r\nFrom: a@b.example\r\n",
        "From: a@b.example\r\nSubject\u{a0}: [vertraulich] x\r\n",
        "From: a@b.example\r\nSubject\u{200b}\t: [vertraulich] x\r\n",
    ] {
        let verdict = verdict("subject-tag = \"[vertraulich]\"", head.as_bytes(), &Known::Unasked);
        assert_eq!(verdict, "portal", "{head:?}");
    }
    let latin = b"Subject\xa0: [vertraulich] x\r\n";
    assert_eq!(verdict("subject-tag = \"[vertraulich]\"", latin, &Known::Unasked), "portal");
}

/// Fields of this name, each with its own nested encoding.
fn nested(name: &str, from: usize, many: usize) -> Head {
    let field = |n: usize| format!("{name}: =?utf-8?Q?=3D=3Futf-8=3FQ=3F{n}_=2526#91;=26amp;x=3F=3D?=\r\n");
    Head::new((from..from + many).map(field).collect::<String>().into_bytes()).unwrap()
}

/// Work is counted, not timed: a letter's cost does not grow with its fields, nested letters and rules.
#[test]
fn codes_within_codes_in_very_many_heads_are_taken_apart_up_to_a_bound() {
    let whole = Layers::default().left();
    for name in ["Subject", "Sensitivity", "X-Class"] {
        let mut layers = Layers::default();
        let mut looked_at = 0;
        while nested(name, looked_at, 1000).readings(name, &mut layers).is_ok() {
            assert!(layers.left() < whole, "it costs nothing");
            looked_at += 1000;
            assert!(looked_at < 100_000, "there is no bound");
        }
        assert!(layers.left() == 0 && looked_at >= 1000, "{looked_at}");
        // What is already known costs nothing, even if no budget is left.
        let mut layers = Layers::up_to(whole);
        let head = nested(name, 0, 100);
        head.readings(name, &mut layers).unwrap();
        let after_one = layers.left();
        for _rule in 0..50 {
            head.readings(name, &mut layers).unwrap();
        }
        assert_eq!(layers.left(), after_one, "another rule looks again");
    }
}

#[test]
fn a_letter_with_more_in_codes_than_can_be_looked_at_is_refused_and_says_so() {
    let heads = |many: usize| HeadsWithin {
        found: (0..many).map(|n| nested("Subject", n * 1000, 1000)).collect(),
        hidden: None,
    };
    let relayed =
        |when: &str, many: usize| verdict_within(when, b"Subject: x\r\n", &Known::Unasked, heads(many));
    for when in ["subject-tag = \"[vertraulich]\"", "subject-pattern = \"vertraulich\""] {
        assert_eq!(relayed(when, 0), "relay");
        let verdict = relayed(when, 40);
        assert!(verdict.starts_with("554 5.6.0") && verdict.contains("codes within codes"), "{verdict}");
    }
    // An honest digest: five hundred letters with readable subjects.
    let honest = HeadsWithin {
        found: (0..500)
            .map(|n| {
                Head::new(format!("Subject: =?utf-8?Q?Gr=C3=B6=C3=9Fe_{n}_=26_100%25?=\r\n").into_bytes())
                    .unwrap()
            })
            .collect(),
        hidden: None,
    };
    let verdict =
        verdict_within("subject-tag = \"[vertraulich]\"", b"Subject: x\r\n", &Known::Unasked, honest);
    assert_eq!(verdict, "relay");
}

#[test]
fn what_may_hide_a_head_is_never_no_and_found_is_found() {
    let hidden = |found: &[&str]| HeadsWithin {
        found: found.iter().map(|head| Head::new(head.as_bytes().to_vec()).unwrap()).collect(),
        hidden: Some("something in it that holds text or files is damaged".to_owned()),
    };
    for when in [
        "subject-tag = \"[vertraulich]\"",
        "sensitivity = 'private'",
        "header = { name = 'X-Class', equals = 'secret' }",
    ] {
        let of = |found: &[&str]| verdict_within(when, b"Subject: x\r\n", &Known::Unasked, hidden(found));
        assert!(of(&[]).starts_with("554 5.6.0") && of(&[]).contains("damaged"), "{when}: {}", of(&[]));
        let tagged = "Subject: [vertraulich] y\r\nSensitivity: private\r\nX-Class: secret\r\n";
        assert_eq!(of(&["Subject: z\r\n", tagged]), "portal", "{when}");
    }
    // The author of a nested letter says nothing about the outer one.
    let verdict =
        verdict_within("from = 'x@web.example'", b"From: a@b.example\r\n", &Known::Unasked, hidden(&[]));
    assert_eq!(verdict, "relay");
}
