//! Tags, labels and markings as people and programs type them: none of these letters is sent in clear.

use rig::letters::{field, without_trace};
use rig::process::poll;
use rig::{Config, Gateway, Hop};

/// A letter with these bytes between its To and its Date.
fn letter(fields: &[u8]) -> Vec<u8> {
    let mut letter = b"From: Erika <erika@insurer.example>\r\nTo: k@web.example\r\n".to_vec();
    letter.extend_from_slice(fields);
    letter.extend_from_slice(
        b"\r\nDate: Fri, 27 Nov 2026 10:00:00 +0100\r\nMessage-ID: <a@insurer.example>\r\n\r\nText\r\n",
    );
    letter
}

fn subject(text: &[u8]) -> Vec<u8> {
    [b"Subject: ", text].concat()
}

fn config(hop: &Hop) -> Config {
    let mut config = Config::new(hop);
    config
        .rule("strictly", r#"{ subject-tag = "[streng vertraulich]" }"#, r#""portal""#)
        .rule("personal", r#"{ subject-tag = "[persönlich]" }"#, r#""portal""#)
        .rule("class", r#"{ header = { name = "X-Class", equals = "Geheimsache" } }"#, r#""portal""#)
        .rule("label", r#"{ label = "Streng Vertraulich" }"#, r#""portal""#)
        .rule(
            "files",
            r#"{ attachment-name = ["*schäden*", "*größe*", "*geheim*", "*.pdf"] }"#,
            r#""portal""#,
        );
    config
}

/// Sends each and sees that each has become a deposit.
fn all_confidential(letters: &[Vec<u8>]) {
    let hop = Hop::new();
    let gateway = Gateway::start(&config(&hop));
    let mut client = gateway.smtp();
    for (n, letter) in letters.iter().enumerate() {
        client.letter("erika@insurer.example", &["k@web.example"], letter).expect("250 *");
        let deposits = usize::try_from(gateway.count("SELECT count(*) FROM deposits")).unwrap();
        let head = String::from_utf8_lossy(&letter[..letter.len().min(200)]).into_owned();
        assert_eq!(deposits, n + 1, "this one was relayed:\n{head}\n{}", gateway.log());
    }
    poll("an empty queue", || (gateway.count("SELECT count(*) FROM legs") == 0).then_some(()));
    let clear = hop.delivered().iter().filter(|mail| mail.from() == "erika@insurer.example").count();
    assert_eq!(clear, 0);
}

#[test]
fn a_tag_counts_however_it_is_typed() {
    let mut typed: Vec<Vec<u8>> = [
        "[streng  vertraulich] x",
        "[streng\u{a0}vertraulich] x",
        "[streng\r\n vertraulich] x",
        "[streng\r\n\t vertraulich] x",
        "[ vertraulich ] x",
        "[\tVertraulich] x",
        "[ver\u{ad}traulich] x",
        "[ver\u{200b}traulich] x",
        "[vertrau\u{2060}lich\u{feff}] x",
        "\u{202a}[vertraulich]\u{202c} x",
        "［vertraulich］ x",
        "[ＶＥＲＴＲＡＵＬＩＣＨ] x",
        "[vеrtrаulісh] x",
        "[PERSÖNLICH] x",
        "[perso\u{308}nlich] x",
        "[PERSO\u{308}NLICH] x",
        "=?utf-8?Q?=5Bpers=C3=96nlich=5D?= x",
        "=?iso-8859-1?Q?=5BPERS=D6NLICH=5D?= x",
        "=?utf-8?B?W3BlcnPD?= =?utf-8?B?tm5saWNoXQ==?= x",
        "=?unknown-8bit?Q?=5Bpers=F6nlich=5D?= x",
        "=?x-unheard-of?Q?=5Bpers=94nlich=5D?= x",
        "Re: AW: [VerTraulich] x",
        "x [vertraulich]",
        "[streng\u{2800}vertraulich] x",
        // Cut within four characters of base64, as GMime and others join it.
        "=?utf-8?B?W3ZlcnRyYX?= =?utf-8?B?VsaWNoXSBTY2hhZGVu?=",
        "=?utf-8?B?W3Zlc?=\r\n =?utf-8?B?nRyYXVs?= =?utf-8?B?aWNoXSBTY2hhZGVu?=",
        "=??B?W3ZlcnRyYXVsaWNoXQ==?= x",
        "[ver\u{1b}(Btraulich] x",
    ]
    .iter()
    .map(|text| subject(text.as_bytes()))
    .collect();
    // Raw Latin-1, upper and lower case, and the DOS code page.
    for raw in
        [b"[pers\xf6nlich] x".as_slice(), b"[PERS\xd6NLICH] x", b"[pers\x94nlich] x", b"[PERS\x99NLICH] x"]
    {
        typed.push(subject(raw));
    }
    all_confidential(&typed.iter().map(|fields| letter(fields)).collect::<Vec<_>>());
}

#[test]
fn a_bare_tag_word_at_the_beginning_counts_in_capitals_or_with_a_mark_behind_it() {
    let typed = [
        "VERTRAULICH Schaden 7",
        "RE: VERTRAULICH Schaden",
        "STRENG VERTRAULICH Schaden 7",
        "PERSÖNLICH Schaden 7",
        "Schaden 7 VERTRAULICH",
        "Vertraulich: Schaden 7",
        "vertraulich - Schaden",
    ];
    all_confidential(&typed.map(|text| letter(&subject(text.as_bytes()))));
    let hop = Hop::new();
    let gateway = Gateway::start(&config(&hop));
    for (n, text) in ["Vertrauliche Unterlagen erhalten?", "Schaden VERTRAULICH 7", "VERTRAULICHE UNTERLAGEN"]
        .iter()
        .enumerate()
    {
        let ordinary = letter(&subject(text.as_bytes()));
        gateway.smtp().letter("erika@insurer.example", &["k@web.example"], &ordinary).expect("250 *");
        assert_eq!(hop.wait(n + 1).len(), n + 1);
    }
    assert_eq!(gateway.count("SELECT count(*) FROM deposits"), 0);
}

#[test]
fn a_subject_counts_as_it_was_before_a_program_wrote_it_anew() {
    let mut letters: Vec<Vec<u8>> = [
        "[persÃ¶nlich] x",
        "[persÃƒÂ¶nlich] x",
        "[pers&ouml;nlich] x",
        "%5Bvertraulich%5D x",
        "[pers=C3=B6nlich] x",
        "\u{202e}]hciluartrev[ x",
        "[pers+APY-nlich] x",
        "=?utf-8?B?W3ZlcnRyYXVsaWNoXSBJaHIgVW5mYW?",
        "=?utf-8?Q?=5Bvertraulich=5D_Ihr_Unf",
    ]
    .iter()
    .map(|text| letter(&subject(text.as_bytes())))
    .collect();
    letters.push(letter("Subject\u{a0}: [vertraulich] x".as_bytes()));
    letters.push(letter("Sub\u{200b}ject: y\r\nSubject\u{200b}: [vertraulich] x".as_bytes()));
    for first in ["\u{feff}Subject: [vertraulich] x\r\n", " Subject: [vertraulich] x\r\n"] {
        letters.push([first.as_bytes(), &letter(b"X-Other: y")].concat());
    }
    all_confidential(&letters);
}

#[test]
fn a_subject_that_is_too_long_to_be_judged_is_refused() {
    let hop = Hop::new();
    let gateway = Gateway::start(&config(&hop));
    let mut client = gateway.smtp();
    for text in ["\u{fdfa}", "\u{2026}", "a", " [vertr"] {
        let line = text.repeat(900 / text.len());
        let long = vec![line.trim(); 170_000 / line.len()].join("\r\n ");
        let letter = letter(&subject(long.as_bytes()));
        client.letter("erika@insurer.example", &["k@web.example"], &letter).expect("554 5.6.0 *too long*");
    }
    gateway.wait_logged("its Subject is too long to be judged");
    assert_eq!(gateway.count("SELECT (SELECT count(*) FROM deposits) + (SELECT count(*) FROM legs)"), 0);
    assert!(hop.delivered().is_empty());
}

#[test]
fn a_marking_counts_however_it_is_written() {
    let written: Vec<Vec<u8>> = [
        "Sensitivity: Company-Confidential",
        "Sensitivity: Company Confidential",
        "Sensitivity: company_confidential",
        "Sensitivity: CompanyConfidential",
        "Sensitivity: \"company-confidential\"",
        "Sensitivity: company-confidential (Outlook)",
        "Sensitivity: company-confidential;",
        "Sensitivity: company-confidential; x=y",
        "Sensitivity:\r\n company-confidential",
        "Sensitivity: =?utf-8?Q?company-confidential?=",
        "Sensitivity: (hoch) company-confidential",
        "Sensitivity: (a (b) \\) c) company-confidential (d); e=f",
        "X-Class: \"Geheimsache\" (hoch); a=b",
        "msip_labels: MSIP_Label_1_Enabled=true; MSIP_Label_1_Name=Streng Vertraulch",
        "Sensitivity: company\u{2010}confidential",
        "sensitivity : COMPANY-CONFIDENTIAL",
        "X-Class:  geheimsache ",
        "X-Class: Geheim\u{ad}sache",
        "msip_labels: MSIP_Label_1_Enabled=true; MSIP_Label_1_Name=streng  Vertraulich;",
        "msip_labels: MSIP_Label_1_Enabled=true; MSIP_Label_1_Name=Streng\u{a0}Vertraulich",
        "msip_labels: MSIP_Label_1_Enabled=true; MSIP_Label_1_Name=STRENG VERTRAULICH\\Kunden",
        "msip_labels: MSIP_Label_1_Enabled=true; MSIP_Label_1_Name=Konzern/Streng Vertraulich",
        "msip_labels: MSIP_Label_1_Enabled=true; MSIP_Label_1_Name=Streng Vertraulich - Kunden",
        "X-Class: Geheimsache, intern",
        "X-Class: intern; Geheimsache",
        "X-Class: stufe=\"Geheimsache\"; x=y",
    ]
    .iter()
    .map(|text| letter(format!("Subject: x\r\n{text}").as_bytes()))
    .collect();
    all_confidential(&written);
}

#[test]
fn a_name_of_a_file_counts_however_it_is_written() {
    let file = |fields: &str| {
        let parts = format!("--b\r\n\r\nx\r\n--b\r\n{fields}\r\n\r\nx\r\n--b--");
        letter(format!("Subject: x\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n{parts}\r\n").as_bytes())
    };
    let mut letters: Vec<Vec<u8>> = [
        "Scha\u{308}den.doc",
        "SCHA\u{308}DEN 7.doc",
        "GRÖSSE.doc",
        "GRO\u{308}SSE.doc",
        "Gro\u{308}ße.doc",
        "GRÖẞE.doc",
        "ｇｅｈｅｉｍ.doc",
        "gеhеim.doc",
        "ge\u{ad}heim.doc",
        "ge\u{200b}heim.doc",
        "a．pdf",
        "a.pdf::$DATA",
        "a.pdf. .",
        "a.p\u{ad}df",
    ]
    .iter()
    .map(|name| file(&format!("Content-Disposition: attachment; filename=\"{name}\"")))
    .collect();
    letters.push(file("Content-Disposition: attachment; filename*=utf-8''Scha%CC%88den.doc"));
    letters.push(file("Content-Type: application/msword; name=\"=?utf-8?Q?GR=C3=96SSE=2Edoc?=\""));
    all_confidential(&letters);
}

#[test]
fn a_near_miss_goes_the_safe_way() {
    let mut missed: Vec<Vec<u8>> = [
        "[vertrauich] x",
        "(vertraulich) x",
        "[vertraulich x",
        "vertraulich] x",
        "--- vertraulich --- x",
        "Streng vertraulich: x",
        "[Bitte vertraulich behandeln] x",
        "[vertr.] x",
        "*vertraulich* x",
        "VERTRAULICH -",
        "STRENG VERTRAULICH",
        "Persönlich und vertraulich",
        "Bitte vertraulich behandeln: x",
        "x, streng vertraulich",
        "Vertraulich: x",
        "[strengvertraulich] x",
        "#vertraulich x",
        "[personlich] x",
        "Vertraulich",
        "Vertraulich \u{2013} x",
        "AW: [EXTERN] vertraulich: x",
        "\u{3010}vertraulich\u{3011} x",
        "\u{201e}vertraulich\u{201c} x",
        "[v e r t r a u l i c h] x",
    ]
    .iter()
    .map(|text| letter(&subject(text.as_bytes())))
    .collect();
    missed.push(letter(b"Subject: x\r\nSensitivity: compny-confidential"));
    missed.push(letter(b"Subject: x\r\nX-Class: Geheimsach"));
    all_confidential(&missed);
}

#[test]
fn what_becomes_of_near_misses_is_the_operators_choice() {
    let hop = Hop::new();
    let mut config = Config::new(&hop);
    config.rule("looked at", r#"{ subject-tag = "[geheimnis]" }"#, r#""portal""#);
    config.set("[rule]", "near", r#""hold""#);
    config.rule("exactly", r#"{ subject-tag = "[intern-streng]" }"#, r#""portal""#);
    config.set("[rule]", "near", r#""off""#);
    let gateway = Gateway::start(&config);
    let mut client = gateway.smtp();
    let held = letter(&subject(b"[geheimniss] x"));
    client.letter("erika@insurer.example", &["k@web.example"], &held).expect("250 *");
    assert_eq!(gateway.count("SELECT count(*) FROM legs WHERE state = 'frozen'"), 1);
    poll("a line in the log", || gateway.log().contains("Almost, and surely meant").then_some(()));
    let relayed = letter(&subject(b"[intern-streg] x"));
    client.letter("erika@insurer.example", &["k@web.example"], &relayed).expect("250 *");
    assert_eq!(without_trace(&hop.wait_to("k@web.example").bytes), relayed);
    let mail = gateway.home.write("near.eml", &held);
    let question =
        ["explain", mail.to_str().unwrap(), "--from", "e@insurer.example", "--to", "k@web.example"];
    let (code, out, err) = gateway.sealpost(&question);
    assert_eq!(code, 0, "{err}");
    assert!(out.contains("held until an operator decides") && out.contains("almost"), "{out}");
}

/// "Everything untagged is sent": a mistyped tag must not have that effect.
#[test]
fn a_near_miss_of_what_not_names_does_not_go_out() {
    let hop = Hop::new();
    let mut config = Config::new(&hop);
    config.set("policy", "default", r#""portal""#);
    config.rule("untagged", r#"{ not = { subject-tag = "[geheime sache]" } }"#, r#""relay""#);
    let gateway = Gateway::start(&config);
    let mut client = gateway.smtp();
    for typed in ["[geheime sache] x", "[geheime sahce] x", "(Geheime Sache) x", "Geheime Sache: x"] {
        client
            .letter("erika@insurer.example", &["k@web.example"], &letter(&subject(typed.as_bytes())))
            .expect("250 *");
    }
    assert_eq!(gateway.count("SELECT count(*) FROM deposits"), 4, "{}", gateway.log());
    let ordinary = letter(&subject(b"Speiseplan"));
    client.letter("erika@insurer.example", &["w@web.example"], &ordinary).expect("250 *");
    assert_eq!(without_trace(&hop.wait_to("w@web.example").bytes), ordinary);
}

#[test]
fn a_subject_of_brackets_or_tags_holds_nobody_up() {
    let hop = Hop::new();
    let mut config = Config::new(&hop);
    config.rule("clear", r#"{ subject-tag = "[offen]" }"#, r#""relay""#);
    let gateway = Gateway::start(&config);
    let mut client = gateway.smtp();
    for text in ["[", "[vertr ", "re:", "[offen] "] {
        // Each in lines that SMTP accepts (RFC 5321 §4.5.3.1.6). A subject longer than 8 KiB is not judged at
        // all.
        let line = text.repeat(900 / text.len());
        for (lines, reply) in [(8, "250 *"), (200, "554 5.6.0 *")] {
            let folded = vec![line.clone(); lines].join("\r\n ");
            let letter = letter(&subject(folded.as_bytes()));
            client.letter("erika@insurer.example", &["k@web.example"], &letter).expect(reply);
        }
    }
}

#[test]
fn what_matched_is_cut_as_it_was_typed() {
    let hop = Hop::new();
    let mut config = Config::new(&hop);
    config.rule("clear", r#"{ subject-tag = "[offen]" }"#, r#""relay""#);
    let gateway = Gateway::start(&config);
    for (n, (typed, left)) in [
        ("[ OFFEN ] Schaden  7", "Schaden  7"),
        ("Re: [of\u{ad}fen] Größe", "Re: Größe"),
        ("=?utf-8?Q?=5Boffen=5D_Gr=C3=B6=C3=9Fe?=", "=?utf-8?B?R3LDtsOfZQ==?="),
        ("Schaden [Offen]", "Schaden"),
    ]
    .into_iter()
    .enumerate()
    {
        let to = format!("k{n}@web.example");
        let sent = letter(&subject(typed.as_bytes()));
        gateway.smtp().letter("erika@insurer.example", &[&to], &sent).expect("250 *");
        assert_eq!(field(&hop.wait_to(&to).bytes, "Subject").unwrap(), left, "{typed:?}");
    }
}

#[test]
fn bytes_beside_what_is_cut_stay() {
    let hop = Hop::new();
    let mut config = Config::new(&hop);
    config.rule("clear", r#"{ subject-tag = "[öffentlich]" }"#, r#""relay""#);
    let gateway = Gateway::start(&config);
    for (n, (typed, left)) in [
        (b"[\xd6FFENTLICH] Gr\xf6\xdfe".as_slice(), b"Gr\xf6\xdfe".as_slice()),
        // Code page 850 is a guess that only some programs make: a rule that relays does not count it, and nothing is cut.
        (b"Re: [\x94ffentlich] Gr\x94\xe1e  x", b"Re: [\x94ffentlich] Gr\x94\xe1e  x"),
        (b"=?utf-8?Q?=5B=C3=B6ffentlich=5D?= =?iso-8859-1?Q?Gr=F6=DFe?= x", b"=?iso-8859-1?Q?Gr=F6=DFe?= x"),
    ]
    .into_iter()
    .enumerate()
    {
        let to = format!("k{n}@web.example");
        gateway.smtp().letter("erika@insurer.example", &[&to], &letter(&subject(typed))).expect("250 *");
        let mail = hop.wait_to(&to);
        let got = without_trace(&mail.bytes);
        let at = got.windows(9).position(|w| w == b"Subject: ").unwrap() + 9;
        let end = got[at..].windows(2).position(|w| w == b"\r\n").unwrap() + at;
        assert_eq!(
            got[at..end].trim_ascii_start().escape_ascii().to_string(),
            left.escape_ascii().to_string()
        );
        assert!(letter(b"").ends_with(&got[end..]), "more was changed than the subject");
    }
}

/// A field whose name only looks like one in a rule.
#[test]
fn a_field_counts_whatever_is_in_its_name() {
    let named = |name: &[u8], value: &str| [name, b": ", value.as_bytes(), b"\r\nSubject: x"].concat();
    let mut letters: Vec<Vec<u8>> = Vec::new();
    for name in [
        "Sensi\u{200b}tivity",
        "Sensi\u{ad}tivity",
        "S\u{435}nsitivity",
        "\u{ff33}ensitivity",
        "Sensi tivity",
        "Sensitivity\u{200d}",
    ] {
        letters.push(letter(&named(name.as_bytes(), "Company-Confidential")));
    }
    letters.push(letter(&named(b"Sensi\xadtivity", "Company-Confidential")));
    letters.push(letter(&named("X-\u{421}lass".as_bytes(), "Geheimsache")));
    letters.push(letter(&named(
        "msip\u{2060}_labels".as_bytes(),
        "MSIP_Label_a_Enabled=true; MSIP_Label_a_Name=Streng Vertraulich",
    )));
    letters.push(letter("Sub\u{200b}ject: [vertraulich] x".as_bytes()));
    all_confidential(&letters);
}
