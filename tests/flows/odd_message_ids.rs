//! What answers a confidential letter is confidential, however the letter's Message-ID was written, and `explain` says
//! what it cannot know.

use rig::{Config, Gateway, Hop};

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
    // A stranger's thread is none of the portal's.
    let other = letter("Subject: Re: x\r\nIn-Reply-To: <stranger@y.example>\r\n");
    client.letter("erika@insurer.example", &["other@web.example"], &other).expect("250 *");
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
    assert!(out.contains("relayed") && out.contains("if this answers a letter of the portal"), "{out}");
    assert!(!said("Subject: x\r\n").contains("if this answers"));
    assert!(!said("Subject: [vertraulich] x\r\nIn-Reply-To: <a@y.example>\r\n").contains("if this answers"));
}
