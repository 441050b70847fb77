//! A relaying rule matches only what every reader reads; a protecting rule matches whatever some reader may
//! read.

use std::collections::HashMap;

use sealpost_mail::{Address, Direction, Head, Origin, ReversePath, Treatment};

use crate::{Facts, HeadsWithin, Known, RuleSpec, Rules, TreatmentSpec};

/// The treatment of a letter with these fields by one rule, if all others are treated the opposite way.
fn goes(when: &str, then: &str, fields: &str) -> &'static str {
    let rule: RuleSpec =
        toml::from_str(&format!("name = 'r'\nthen = '{then}'\nwhen = {{ {when} }}\n")).unwrap();
    let default = match then {
        "relay" => TreatmentSpec::Portal,
        _ => TreatmentSpec::Relay { tls: sealpost_mail::TlsFloor::None, sign: sealpost_mail::Signing::Off },
    };
    let rules = Rules::new(vec![rule], default, &HashMap::new()).unwrap();
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
        head: &Head::new(format!("{fields}\r\n").into_bytes()).unwrap(),
        recipient: &address,
        size: 1000,
        deep: &Known::Unasked,
        heads: &Known::Yes(HeadsWithin::default()),
        closed_thread: &Known::Yes(false),
        thread: &Known::Unasked,
        from_partner: false,
        unopened: false,
        direction: Direction::Outbound,
    });
    match judgement.treatment {
        Treatment::Relay { .. } => "relay",
        Treatment::Portal => "portal",
        Treatment::Refuse(_) | Treatment::Domain { .. } | Treatment::Hold { .. } => "other",
    }
}

#[test]
fn what_is_read_in_two_ways_lets_nothing_go_and_is_protected() {
    for (when, fields) in [
        ("header = { name = 'X-Class', equals = 'public' }", "X-Class: private\r\nX-Class: public"),
        ("header = { name = 'X-Class', equals = 'public' }", "X-Class: public\r\nX-Class: private"),
        ("header = { name = 'X-Class', equals = 'public' }", "X-Class: publi\u{441}"),
        ("header = { name = 'X-Class', equals = 'public' }", "X-\u{421}lass: public\r\nX-Class: private"),
        ("header = { name = 'X-Class', pattern = '^public$' }", "X-Class: private\r\nX-Class: public"),
        ("header = { name = 'X-Class', pattern = '^public$' }", "X-Class: publi\u{441}"),
        ("subject-tag = '[offen]'", "Subject: [0ffen] x"),
        ("subject-tag = '[offen]'", "Subject: [\u{43e}ffen] x"),
        ("subject-tag = '[offen]'", "Subject: [&#111;ffen] x"),
        ("subject-tag = '[offen]'", "Subject: x\r\nSubject: [offen] x"),
        ("subject-pattern = '^[\\[]offen'", "Subject: x\r\nSubject: [offen] x"),
        ("sensitivity = 'personal'", "Sensitivity: private\r\nSensitivity: personal"),
        ("sensitivity = 'personal'", "Sensitivity: pers\u{43e}nal"),
        ("label = 'Offen'", "msip_labels: MSIP_Label_a_Enabled=true; MSIP_Label_a_Name=\u{43e}ffen"),
        // Only some programs read such words.
        ("header = { name = 'X-Class', equals = 'public' }", "X-Class: =??Q?public?="),
        ("header = { name = 'X-Class', equals = 'public' }", "X-Class: =?utf-8?Q?public"),
        ("header = { name = 'X-Class', pattern = '^public$' }", "X-Class: =??B?cHVibGlj?="),
        ("subject-tag = '[offen]'", "Subject: =??B?W29mZmVuXSB4?="),
        ("subject-tag = '[offen]'", "Subject: =?utf-8?Q?Ist_das_=5Boffen=5D??= x"),
        ("subject-tag = '[offen]'", "Subject: =?utf-8?B?W29mZm?= =?utf-8?B?VuXSB4?="),
        ("subject-tag = '[offen]'", "Subject: [of\u{1b}(Bfen] x"),
        ("subject-pattern = '^[\\[]offen'", "Subject: =?utf-8?B?W29mZmVuXSB4"),
        ("sensitivity = 'personal'", "Sensitivity: =??Q?personal?="),
        (
            "label = 'Offen'",
            "msip_labels: =??Q?MSIP=5FLabel=5Fa=5FEnabled=3Dtrue;_MSIP=5FLabel=5Fa=5FName=3DOffen?=",
        ),
    ] {
        assert_eq!(goes(when, "relay", fields), "portal", "let go: {fields:?}");
        assert_eq!(goes(when, "portal", fields), "portal", "not protected: {fields:?}");
    }
}

#[test]
fn what_is_plain_lets_go() {
    for (when, fields) in [
        ("header = { name = 'X-Class', equals = 'public' }", "x-class: Public"),
        ("header = { name = 'X-Class', equals = 'öffentlich' }", "X-Class: =?utf-8?Q?=C3=96FFENTLICH?="),
        ("header = { name = 'X-Class', pattern = 'public|free' }", "X-Class: this is free"),
        ("header = { name = 'X-Class', equals = 'public', pattern = 'free' }", "X-Class: public"),
        ("subject-tag = '[offen]'", "Subject: Re: [OFFEN] x"),
        ("subject-tag = '[öffentlich]'", "Subject: =?iso-8859-1?Q?=5B=D6ffentlich=5D?= x"),
        ("subject-pattern = '(?i)offen'", "Subject: ganz Offen"),
        ("subject-tag = '[offen]'", "Subject: [offen] =?utf-8?B?R3LDtsOfZQ?"),
        ("subject-pattern = '\u{f6}ffentlich'", "Subject: ist \u{f6}ffentlich"),
        ("sensitivity = 'personal'", "Sensitivity: Personal"),
        ("label = 'Offen'", "msip_labels: MSIP_Label_a_Enabled=true; MSIP_Label_a_Name=Offen"),
    ] {
        assert_eq!(goes(when, "relay", fields), "relay", "{fields:?}");
    }
}
