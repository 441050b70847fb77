//! A rule that relays holds only for what every mail program reads: a subject that some of them take apart in another way is protected, and so is
//! a letter whose text and page say different things, or whose file has two names.

use rig::{Config, Gateway, Hop};

fn letter(fields: &str) -> Vec<u8> {
    format!(
        "From: Erika <erika@unfall.insurer.example>\r\nTo: k@web.example\r\n{fields}\r\nDate: Fri, 27 Nov 2026 10:00:00 +0100\r\n\r\nText\r\n"
    )
    .into_bytes()
}

/// With these rules, and one that protects all others, the first letters leave and every one of the rest is kept.
fn leave_and_stay(rules: &[(&str, &str)], leave: &[Vec<u8>], stay: &[Vec<u8>]) {
    let hop = Hop::new();
    let mut config = Config::new(&hop);
    config.remove("[rule]");
    for (name, when) in rules {
        config.rule(name, when, r#""relay""#);
    }
    config.rule("everything else", r#"{ reverse-path = "*@unfall.insurer.example" }"#, r#""portal""#);
    let gateway = Gateway::start(&config);
    let mut client = gateway.smtp();
    for (number, letter) in leave.iter().enumerate() {
        let to = format!("plain{number}@web.example");
        client.letter("erika@unfall.insurer.example", &[to.as_str()], letter).expect("250 *");
        let said = String::from_utf8_lossy(letter);
        assert_eq!(gateway.count("SELECT count(*) FROM deposits"), 0, "{said}\n{}", gateway.log());
        let _ = hop.wait_to(&to);
    }
    for (number, letter) in stay.iter().enumerate() {
        client.letter("erika@unfall.insurer.example", &["k@web.example"], letter).expect("250 *");
        let deposits = usize::try_from(gateway.count("SELECT count(*) FROM deposits")).unwrap();
        let said = String::from_utf8_lossy(letter);
        assert_eq!(deposits, number + 1, "{said}\n{}", gateway.log());
    }
}

#[test]
fn what_only_some_programs_read_lets_no_letter_go() {
    leave_and_stay(
        &[
            ("public by its tag", "{ subject-tag = '[offen]' }"),
            ("public by its field", "{ header = { name = 'X-Class', equals = 'public' } }"),
        ],
        &[
            "Subject: [offen] x",
            "Subject: =?utf-8?Q?=5Boffen=5D_Gr=C3=B6=C3=9Fe?=",
            "Subject: [offen] =?utf-8?B?R3LDtsOfZQ?",
            "Subject: x\r\nX-Class: Public",
            "Subject: x\r\nX-Class: =?utf-8?B?cHVibGlj?=",
        ]
        .map(letter),
        &[
            "Subject: =??Q?=5Boffen=5D?= x",
            "Subject: =??B?W29mZmVuXSB4?=",
            "Subject: =?utf-8?Q?Ist_das_=5Boffen=5D??= x",
            "Subject: =?utf-8?B?W29mZmVuXSB4",
            "Subject: [of\u{1b}(Bfen] x",
            "Subject: x\r\nX-Class: =??Q?public?=",
            "Subject: x\r\nX-Class: =?utf-8?Q?public",
        ]
        .map(letter),
    );
}

/// A letter of these parts, the first of which may be alternatives.
fn parts(parts: &[&str]) -> Vec<u8> {
    let parts: String = parts.iter().map(|part| format!("--m\r\n{part}\r\n")).collect();
    format!(
        "From: Erika <erika@unfall.insurer.example>\r\nTo: k@web.example\r\nSubject: x\r\nMIME-Version: 1.0\r\n\
         Content-Type: multipart/mixed; boundary=m\r\n\r\n{parts}--m--\r\n"
    )
    .into_bytes()
}

fn both(text: &str, page: &str) -> String {
    format!(
        "Content-Type: multipart/alternative; boundary=a\r\n\r\n--a\r\nContent-Type: text/plain\r\n\r\n{text}\r\n--a\r\n\
         Content-Type: text/html\r\n\r\n{page}\r\n--a--"
    )
}

#[test]
fn what_only_one_form_of_a_letter_shows_lets_it_not_go() {
    let file = |named: &str, called: &str| {
        format!(
            "Content-Type: application/pdf; name=\"{named}\"\r\nContent-Disposition: attachment; filename=\"{called}\"\r\n\r\nx"
        )
    };
    let words = "Content-Type: text/plain\r\n\r\nGuten Tag";
    let alike = both("Unser Newsletter", "<p>Unser <b>Newsletter</b></p>");
    leave_and_stay(
        &[
            ("public by its text", "{ text-pattern = 'Newsletter' }"),
            ("public by its file", "{ attachment-name = 'Prospekt*' }"),
        ],
        &[
            parts(&["Content-Type: text/plain\r\n\r\nUnser Newsletter"]),
            parts(&["Content-Type: text/html\r\n\r\n<p>Unser <b>Newsletter</b></p>"]),
            parts(&[&alike]),
            parts(&[words, &file("Prospekt.pdf", "Prospekt.pdf")]),
        ],
        &[
            parts(&[&both("Unser Newsletter", "<p>Ihr Befund</p>")]),
            parts(&[&both("Ihr Befund", "<p>Unser Newsletter</p>")]),
            parts(&[
                words,
                "Content-Type: text/plain\r\nContent-Disposition: attachment; filename=a.txt\r\n\r\nNewsletter",
            ]),
            parts(&[words, &file("Befund.pdf", "Prospekt.pdf")]),
            parts(&[words, &file("Prospekt.pdf", "Befund.pdf")]),
        ],
    );
}
