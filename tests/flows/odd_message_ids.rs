//! A reply to a confidential letter is confidential, however the letter's Message-ID was written, and `explain` says
//! what it cannot know.

use base64::Engine as _;
use rig::{Config, Gateway, Hop};

use crate::carried_heads::{attached, forwarded, property, tnef};

fn letter(fields: &str) -> Vec<u8> {
    format!(
        "From: Erika <erika@insurer.example>\r\nTo: k@web.example\r\n{fields}Date: Fri, 27 Nov 2026 10:00:00 +0100\r\n\r\nText\r\n"
    )
    .into_bytes()
}

#[test]
fn answers_to_letters_with_odd_message_ids() {
    let hop = Hop::new();
    let gateway = Gateway::start(&Config::new(&hop));
    let mut client = gateway.smtp();
    let mut deposits = 0;
    for (message_id, named) in [
        ("<\"a>b\"@insurer.example>", "<\"a>b\"@insurer.example>"),
        ("<\"c d\"@insurer.example>", "<x@y.example> <\"c d\"@INSURER.example>"),
        ("<e@insurer.example> (added by mx.insurer.example)", "<e@insurer.example>"),
        ("(before) <f@insurer.example>", "f@insurer.example, <z@y.example>"),
        ("no-at-sign-4711", "<x@y.example> no-at-sign-4711"),
        ("<g@insurer.example", "<G@Insurer.Example>"),
        ("<h@\r\n insurer.example>", "<h@insurer.example>"),
        ("<i@versicherer-m\u{fc}ller.example>", "<i@xn--versicherer-mller-f3b.example>"),
        ("<j@XN--Versicherer-Mller-F3B.example>", "<j@Versicherer-Mu\u{308}ller.Example>"),
        ("<k@versicherer-mu\u{308}ller.example>", "<x@y.example> <K@VERSICHERER-M\u{dc}LLER.EXAMPLE>"),
    ] {
        for fields in [
            format!("Subject: [vertraulich] x\r\nMessage-ID: {message_id}\r\n"),
            format!("Subject: Re: x\r\nIn-Reply-To: {named}\r\n"),
            format!("Subject: Re: x\r\nReferences: <first@y.example>\r\n {named}\r\n"),
        ] {
            client.letter("erika@insurer.example", &["k@web.example"], &letter(&fields)).expect("250 *");
            deposits += 1;
            assert_eq!(
                gateway.count("SELECT count(*) FROM deposits"),
                deposits,
                "{fields}\n{}",
                gateway.log()
            );
        }
    }
    // A stranger's thread is not the portal's.
    let other = letter("Subject: Re: x\r\nIn-Reply-To: <stranger@y.example>\r\n");
    client.letter("erika@insurer.example", &["other@web.example"], &other).expect("250 *");
    let _ = hop.wait_to("other@web.example");
}

#[test]
fn answers_whose_fields_programs_have_rewritten_and_forwarded_letters() {
    let hop = Hop::new();
    let gateway = Gateway::start(&Config::new(&hop));
    let mut client = gateway.smtp();
    let first = letter("Subject: [vertraulich] x\r\nMessage-ID: <Th.One@Insurer.Example>\r\n");
    client.letter("erika@insurer.example", &["k@web.example"], &first).expect("250 *");
    let mut letters: Vec<Vec<u8>> = [
        "In-Reply-To: &lt;Th.One@Insurer.Example&gt;",
        "In-Reply-To: <mid:Th.One@Insurer.Example>",
        "In-Reply-To: <Th.One@Insurer.Example.>",
        "In-Reply-To: <Th.One%40Insurer.Example>",
        "References: <x@y.example> <Th.One=40Insurer.Example>",
        "In-Reply-To: <Th.One(c)@Insurer.Example>",
        "References: <\\Th.One@Insurer.Example>",
        "References: <Th.\u{200b}One@Insurer.Example>",
        "References: \u{ff1c}Th.One@Insurer.Example\u{ff1e}",
        "X-Forwarded-Message-Id: <Th.One@Insurer.Example>",
        "X-Original-Message-ID: <Th.One@Insurer.Example>",
        "Supersedes: <Th.One@Insurer.Example>",
        "Obsoletes: <Th.One@Insurer.Example>",
        "X-References: <x@y.example> <Th.One@Insurer.Example>",
        "X-Forward-Of: <Th.One@Insurer.Example>",
        "References: %3CTh.One@Insurer.Example%3E",
        "References: <x@y.example> message:%3CTh.One%40Insurer.Example%3E",
        "References: &amp;lt;Th.One@Insurer.Example&amp;gt;",
        "References: =?utf-8?Q?=3CTh.One=40Insurer.Example=3E?=",
        "In-Reply-To: =?utf-8?B?PFRoLk9uZUBJbnN1cmVyLkV4YW1wbGU+?=",
        "In-Reply-To: =??B?PFRoLk9uZUBJbnN1cmVyLkV4YW1wbGU+?=",
    ]
    .iter()
    .map(|named| letter(&format!("Subject: Re: x\r\n{named}\r\n")))
    .collect();
    // A receipt (RFC 8098) names the letter that was read within.
    letters.push(
        b"From: erika@insurer.example\r\nTo: k@web.example\r\nSubject: Gelesen: x\r\nMIME-Version: 1.0\r\n\
          Content-Type: multipart/report; report-type=disposition-notification; boundary=b\r\n\r\n--b\r\n\r\nGelesen\r\n--b\r\n\
          Content-Type: message/disposition-notification\r\n\r\nFinal-Recipient: rfc822;erika@insurer.example\r\n\
          Original-Message-ID: <Th.One@Insurer.Example>\r\nDisposition: manual-action/MDN-sent-manually; displayed\r\n\r\n\
          --b--\r\n"
            .to_vec(),
    );
    let inner = "Message-ID: <Th.One@Insurer.Example>\r\nSubject: Befund\r\n\r\nText\r\n";
    for kind in ["message/rfc822", "application/octet-stream; name=x.eml"] {
        letters.push(
            format!(
                "From: erika@insurer.example\r\nTo: k@web.example\r\nSubject: Fwd: x\r\nMIME-Version: 1.0\r\n\
                 Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nsee\r\n--b\r\n\
                 Content-Type: {kind}\r\n\r\n{inner}\r\n--b--\r\n"
            )
            .into_bytes(),
        );
    }
    for (number, letter) in letters.iter().enumerate() {
        client.letter("erika@insurer.example", &["k@web.example"], letter).expect("250 *");
        let deposits = usize::try_from(gateway.count("SELECT count(*) FROM deposits")).unwrap();
        assert_eq!(deposits, number + 2, "{}\n{}", String::from_utf8_lossy(letter), gateway.log());
    }
    // A letter with a stranger's embedded is not the portal's.
    let other = String::from_utf8(letters.pop().unwrap()).unwrap().replace("Th.One", "Other");
    client.letter("erika@insurer.example", &["other@web.example"], other.as_bytes()).expect("250 *");
    let _ = hop.wait_to("other@web.example");
}

/// A receipt, a bounce of another kind than RFC 3464 and a letter handed on within the text say which letter they are about.
#[test]
fn what_names_a_letter_of_the_portal_in_its_text() {
    let hop = Hop::new();
    let gateway = Gateway::start(&Config::new(&hop));
    let mut client = gateway.smtp();
    let first = letter("Subject: [vertraulich] x\r\nMessage-ID: <Th.One.4711@Insurer.Example>\r\n");
    client.letter("erika@insurer.example", &["k@web.example"], &first).expect("250 *");
    let mail = |kind: &str, body: &str| {
        format!(
            "From: Erika <erika@insurer.example>\r\nTo: k@web.example\r\nSubject: Gelesen\r\nMIME-Version: 1.0\r\n\
             Content-Type: {kind}\r\n\r\n{body}\r\n"
        )
        .into_bytes()
    };
    let qmail = "Hi. This is the qmail-send program at web.example.\r\n<k@web.example>:\r\nSorry. (#5.1.1)\r\n\r\n\
                 --- Below this line is a copy of the message.\r\n\r\nSubject: Befund\r\n\
                 Message-ID: <Th.One.4711@Insurer.Example>\r\n";
    let forwarded = "-------- Weitergeleitete Nachricht --------\r\n> Betreff: Befund\r\n\
                     > Message-ID:\r\n>  <Th.One.4711@insurer.example>\r\n";
    let emlx = "4711  \r\nFrom: a@insurer.example\r\nSubject: Befund\r\nMessage-ID: <Th.One.4711@Insurer.Example>\r\n\r\nText\r\n\
                <?xml version=\"1.0\"?><plist/>";
    let letters = [
        mail("text/plain", qmail),
        mail("text/plain", forwarded),
        mail("text/plain", "Ihre Nachricht th.one.4711@insurer.example vom Freitag wurde gelesen."),
        mail("text/html", "<p>Befund: <b>Message-Id:</b> &lt;Th.One.4711@Insurer.Example&gt;</p>"),
        mail("text/html", "<p>Message-Id: &lt;Th.One.4711&#64;Insurer.Example&gt;</p>"),
        mail(
            "multipart/mixed; boundary=b",
            &format!(
                "--b\r\n\r\nsee\r\n--b\r\nContent-Type: application/octet-stream; name=1.emlx\r\n\r\n{emlx}\r\n--b--"
            ),
        ),
        mail(
            "multipart/mixed; boundary=b",
            &format!(
                "--b\r\n\r\nsee\r\n--b\r\nContent-Type: application/octet-stream\r\n\r\n{emlx}\r\n--b--"
            ),
        ),
        mail(
            "text/plain\r\nContent-Transfer-Encoding: quoted-printable",
            "Message-ID: <Th.One=\r\n.4711=40Insurer.Example>",
        ),
        mail("text/plain", "> Max schrieb <Th.One.4711@\r\n> Insurer.Example>:"),
        mail("text/plain", "> > Message-ID: <Th.One.4711@Insurer.Exa\r\n> > mple>"),
        // RFC 3676 §4.1
        mail("text/plain; format=flowed; delsp=yes", "Message-ID: <Th.One.4711@ \r\nInsurer.Example>"),
        mail("text/html", "<p>&lt;Th.One.4711@<wbr>Insurer.<b>Example</b>&gt;</p>"),
        mail("text/html", "<a href=\"message:%3CTh.One.4711%40Insurer.Example%3E\">Befund</a>"),
    ];
    for (number, letter) in letters.iter().enumerate() {
        client.letter("erika@insurer.example", &["k@web.example"], letter).expect("250 *");
        let deposits = usize::try_from(gateway.count("SELECT count(*) FROM deposits")).unwrap();
        assert_eq!(deposits, number + 2, "{}\n{}", String::from_utf8_lossy(letter), gateway.log());
    }
    // Addresses in a text, and other people's letters, are not the portal's.
    let other = mail("text/plain", "Message-ID: <other@y.example>, erika.mustermann@insurer.example");
    client.letter("erika@insurer.example", &["other@web.example"], &other).expect("250 *");
    let _ = hop.wait_to("other@web.example");
}

/// A short one may be an address: it counts in a line that says who wrote what is quoted.
#[test]
fn a_short_message_id_where_a_line_says_who_wrote() {
    let hop = Hop::new();
    let gateway = Gateway::start(&Config::new(&hop));
    let mut client = gateway.smtp();
    let first = letter("Subject: [vertraulich] x\r\nMessage-ID: <4711@insurer.example>\r\n");
    client.letter("erika@insurer.example", &["k@web.example"], &first).expect("250 *");
    let mail = |text: &str| {
        let head = "From: Erika <erika@insurer.example>\r\nTo: k@web.example\r\nSubject: Re: x\r\n";
        format!("{head}\r\n{text}\r\n").into_bytes()
    };
    for (number, text) in [
        "On Monday <4711@insurer.example> wrote:\r\n> Text",
        "Am Montag schrieb Max <4711@\r\ninsurer.example>:\r\n",
    ]
    .into_iter()
    .enumerate()
    {
        client.letter("erika@insurer.example", &["k@web.example"], &mail(text)).expect("250 *");
        let deposits = usize::try_from(gateway.count("SELECT count(*) FROM deposits")).unwrap();
        assert_eq!(deposits, number + 2, "{text}\n{}", gateway.log());
    }
    client
        .letter("erika@insurer.example", &["other@web.example"], &mail("Fragen an 4711@insurer.example."))
        .expect("250 *");
    let _ = hop.wait_to("other@web.example");
}

/// Outlook ties some answers and letters handed on to what they are about by Thread-Index alone (MS-OXOMSG).
#[test]
fn what_outlook_ties_to_a_letter_of_the_portal() {
    let hop = Hop::new();
    let gateway = Gateway::start(&Config::new(&hop));
    let mut client = gateway.smtp();
    let mut send = |fields: &str, to: &str| {
        client.letter("erika@insurer.example", &[to], &letter(fields)).expect("250 *");
    };
    send("Subject: [vertraulich] x\r\nThread-Index: AQEAAQIDBAUGBwgJCgsMDQ4PEBESEw==\r\n", "k@web.example");
    send("Subject: Re: x\r\nThread-Index: AQEAAQIDBAUGBwgJCgsMDQ4PEBESE4AAAAAQ\r\n", "k@web.example");
    send(
        "Subject: Fwd: x\r\nThread-Index: AQEAAQIDBAUG\r\n BwgJCgsMDQ4PEBESE4AAAAAQgAAAASA=\r\n",
        "third@web.example",
    );
    assert_eq!(gateway.count("SELECT count(*) FROM deposits"), 3, "{}", gateway.log());
    // The other half of the letter itself, another conversation, and no index at all.
    for (fields, to) in [
        ("Subject: x\r\nThread-Index: AQEAAQIDBAUGBwgJCgsMDQ4PEBESEw==\r\n", "half@web.example"),
        ("Subject: Re: x\r\nThread-Index: AQIAAQIDBAUGBwgJCgsMDQ4PEBESE4AAAAAQ\r\n", "other@web.example"),
        ("Subject: Re: x\r\nThread-Index: AQI=\r\n", "none@web.example"),
    ] {
        send(fields, to);
        let _ = hop.wait_to(to);
    }
}

/// A message within a winmail.dat is identified by its properties: PidTagInternetMessageId, PidTagConversationIndex
/// (MS-OXCMAIL §2.2.3.2.10). For a damaged one the answer is unknown.
#[test]
fn what_a_winmail_hands_on_and_what_a_damaged_one_may() {
    let hop = Hop::new();
    let mut config = Config::new(&hop);
    // No rule asks for heads: threads alone.
    config.remove("[rule]").rule("unfall", r#"{ reverse-path = "*@unfall.insurer.example" }"#, r#""portal""#);
    let gateway = Gateway::start(&config);
    let index: Vec<u8> = (0..22).collect();
    let first = letter(&format!(
        "Subject: x\r\nMessage-ID: <Th.One@Insurer.Example>\r\nThread-Index: {}\r\n",
        base64::engine::general_purpose::STANDARD.encode(&index)
    ));
    let mut client = gateway.smtp();
    client.letter("erika@unfall.insurer.example", &["k@web.example"], &first).expect("250 *");
    let message = |property: &[u8]| tnef(&[(1, 0x0006_9003, property)]);
    let wide =
        |text: &str| -> Vec<u8> { text.encode_utf16().chain([0]).flat_map(u16::to_le_bytes).collect() };
    let of_id = |id: &str| message(&property(0x1035, 0x001f, &wide(id)));
    let of_index = |index: &[u8]| message(&property(0x0071, 0x0102, index));
    let answered = [&index[..], &[0x80, 0, 0, 0, 0x10]].concat();
    let ours = [
        forwarded(&of_id("<th.one@insurer.example>")),
        forwarded(&of_index(&index)),
        forwarded(&of_index(&answered)),
        forwarded(&forwarded(&of_index(&index))),
    ];
    let mut send = |to: &str, bytes: &[u8]| {
        let letter = attached("application/ms-tnef; name=winmail.dat", bytes);
        client.letter("erika@insurer.example", &[to], &letter)
    };
    for (number, bytes) in ours.iter().enumerate() {
        send("k@web.example", bytes).expect("250 *");
        let deposits = usize::try_from(gateway.count("SELECT count(*) FROM deposits")).unwrap();
        assert_eq!(deposits, number + 2, "number {number} was relayed:\n{}", gateway.log());
    }
    for bytes in [&ours[0][..ours[0].len() - 30], &ours[1][..ours[1].len() - 30], &ours[0][..20], b"no TNEF"]
    {
        send("k@web.example", bytes).expect("554 5.6.0 *");
    }
    assert!(hop.delivered().iter().all(|mail| mail.from() != "erika@insurer.example"), "nothing was relayed");
    let other: Vec<u8> = (1..23).collect();
    send("other@web.example", &forwarded(&of_index(&other))).expect("250 *");
    let _ = hop.wait_to("other@web.example");
}

#[test]
fn explain_says_what_an_answer_would_be() {
    let hop = Hop::new();
    let gateway = Gateway::start(&Config::new(&hop));
    let said = |fields: &str| {
        let mail = gateway.home.write("answer.eml", &letter(fields));
        let question =
            ["explain", mail.to_str().unwrap(), "--from", "erika@insurer.example", "--to", "k@web.example"];
        let (code, out, err) = gateway.sealpost(&question);
        assert_eq!(code, 0, "{err}");
        out
    };
    let out = said("Subject: Re: x\r\nIn-Reply-To: <a@y.example>\r\n");
    assert!(
        out.contains("relayed") && out.contains("if this answers or hands on a letter of the portal"),
        "{out}"
    );
    assert!(!said("Subject: x\r\n").contains("if this answers"));
    assert!(!said("Subject: [vertraulich] x\r\nIn-Reply-To: <a@y.example>\r\n").contains("if this answers"));
}
