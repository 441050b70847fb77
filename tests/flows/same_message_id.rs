//! Two letters with one Message-ID: a resend with other content, or a program that gives every letter the
//! same. Each is a separate letter and judged separately, and a reply to either is judged by both.

use rig::letters::{field, without_trace};
use rig::process::poll;
use rig::reader::letter_paths;
use rig::{Config, Gateway, Hop, letters, reader};

const ID: &str = "<same-4711@insurer.example>";

fn letter(subject: &str, text: &str) -> Vec<u8> {
    format!(
        "From: Erika <erika@insurer.example>\r\nTo: k@web.example\r\nSubject: {subject}\r\n\
         Date: Fri, 27 Nov 2026 10:00:00 +0100\r\nMessage-ID: {ID}\r\n\r\n{text}\r\n"
    )
    .into_bytes()
}

fn reply(named: &str) -> Vec<u8> {
    let fields = format!("In-Reply-To: {named}\r\n");
    letters::with_fields("Re: x", &fields, "Antwort")
}

#[test]
fn each_is_kept_and_read_and_sent_by_itself() {
    let hop = Hop::new();
    let gateway = Gateway::start(&Config::new(&hop));
    let mut client = gateway.smtp();
    for text in ["Erste Fassung", "Zweite Fassung"] {
        let letter = letter("[vertraulich] Angebot", text);
        client.letter("erika@insurer.example", &["k@web.example"], &letter).expect("250 *");
    }
    assert_eq!(gateway.count("SELECT count(*) FROM deposits"), 2);
    let notice = hop.wait_to("k@web.example");
    let mut web = gateway.web();
    let _ = reader::activate(&mut web, &letters::link(&notice.bytes));
    let paths = letter_paths(&web.get("/inbox"));
    assert_eq!(paths.len(), 2, "{paths:?}");
    let texts: Vec<String> = paths.iter().map(|path| web.get(path).text()).collect();
    for text in ["Erste Fassung", "Zweite Fassung"] {
        assert_eq!(texts.iter().filter(|page| page.contains(text)).count(), 1, "{text}: {texts:?}");
    }
    // And so in clear: the same twice, and another one, byte by byte.
    let sent = [letter("x", "Erste"), letter("x", "Erste"), letter("x", "Zweite")];
    for letter in &sent {
        client.letter("erika@insurer.example", &["other@web.example"], letter).expect("250 *");
    }
    let mails = poll("all of them", || {
        let all = hop.delivered();
        let mails: Vec<_> = all.into_iter().filter(|mail| mail.to().contains(&"other@web.example")).collect();
        (mails.len() == sent.len()).then_some(mails)
    });
    let mut came: Vec<Vec<u8>> = mails.iter().map(|mail| without_trace(&mail.bytes).to_vec()).collect();
    came.sort();
    let mut sent = sent.to_vec();
    sent.sort();
    assert_eq!(came, sent);
    assert!(mails.iter().all(|mail| field(&mail.bytes, "Message-ID").as_deref() == Some(ID)));
}

/// Whichever of the two came first.
#[test]
fn what_answers_either_stays_in_the_portal() {
    for confidential_first in [true, false] {
        let hop = Hop::new();
        let gateway = Gateway::start(&Config::new(&hop));
        let mut client = gateway.smtp();
        let mut send = |letter: &[u8]| {
            client.letter("erika@insurer.example", &["k@web.example"], letter).expect("250 *");
        };
        let (open, confidential) = (letter("Angebot", "offen"), letter("[vertraulich] Angebot", "geheim"));
        let order = if confidential_first { [&confidential, &open] } else { [&open, &confidential] };
        order.into_iter().for_each(|letter| send(letter));
        assert_eq!(gateway.count("SELECT count(*) FROM deposits"), 1, "each separately");
        send(&reply(ID));
        send(&reply("<SAME-4711@Insurer.Example>"));
        assert_eq!(gateway.count("SELECT count(*) FROM deposits"), 3, "{}", gateway.log());
    }
}
