//! What the clock brings, and what people hear of it, in English: from the first notice to the word that a letter went unread.

use rig::letters::link;
use rig::reader::{activate, letter_path};

use crate::sender_told::{CUSTOMER, Office, SENDER, subject, text};

fn english() -> Office {
    Office::open(|config| {
        config
            .set("notices", "language", r#""en""#)
            .set("portal", "activation-within", r#""40 days""#)
            .set("reminders", "unactivated", r#"["3 days", "33 days"]"#)
            .set("senders", "unfetched", r#""14 days""#)
            .set("senders", "expired-unread", "true");
    })
}

fn says(mail: &[u8], title: &str, words: &[&str]) {
    assert!(subject(mail).contains(title), "{title}: {}", subject(mail));
    let said = text(mail);
    for words in words {
        assert!(said.contains(words), "{words}: {said}");
    }
    for german in ["Postfach", "Nachricht", "gelöscht"] {
        assert!(!said.contains(german) && !subject(mail).contains(german), "{german}: {said}");
    }
}

#[test]
fn owners_and_senders_read_english_where_that_is_the_operators_language() {
    let office = english();
    office.letter("one");
    let notice = office.hop.wait_to(CUSTOMER).bytes;
    says(&notice, "Confidential mail for you", &["Please set up the mailbox by", "(40 days left)"]);
    office.day(3);
    let mails = office.to(CUSTOMER);
    assert_eq!(mails.len(), 2);
    says(&mails[1], "will be deleted in 37 days", &["A message for you is still unread", "(37 days left)"]);
    office.letter("two");
    office.day(6);
    let mails = office.to(CUSTOMER);
    let last = mails.last().unwrap();
    says(last, "Reminder", &["2 messages for you are still unread", "the first of them will be deleted"]);
    office.day(14);
    let told = office.to(SENDER);
    assert_eq!(told.len(), 1);
    says(
        &told[0],
        "Not collected yet",
        &["for 14 days", "They were notified by e\u{2011}mail", "send the document by post"],
    );
    office.day(41);
    office.day(42);
    let told = office.to(SENDER);
    says(told.last().unwrap(), "Deleted unread", &["retention period ended", CUSTOMER]);
    office.gateway.sweep();
}

#[test]
fn a_recipient_who_deletes_a_letter_unread_is_told_of_in_english() {
    let office = english();
    office.letter("one");
    let mut web = office.gateway.web();
    let inbox = activate(&mut web, &link(&office.hop.wait_to(CUSTOMER).bytes));
    let id = letter_path(&inbox).rsplit_once('/').unwrap().1.to_owned();
    for (list, folder, deed) in [("/inbox", "inbox", "trash"), ("/trash", "trash", "destroy")] {
        let page = web.get(list);
        let fields = [("folder", folder), ("id", id.as_str()), ("do", deed), ("sure", "yes")];
        web.submit(&page, "/letters", &fields).expect(303);
    }
    office.day(1);
    let told = office.to(SENDER);
    assert_eq!(told.len(), 1);
    says(
        &told[0],
        "Deleted unread",
        &["without opening it", "Ask the recipient", "send the document by post"],
    );
    office.gateway.sweep();
}
