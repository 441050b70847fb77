//! Scheduled actions and their mails, in English: from the first notice to the report that a letter was not read.

use rig::letters::link;
use rig::reader::{ANSWER, PASSWORD, activate, letter_path};

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

#[test]
fn an_owner_reads_in_english_that_the_mailbox_will_go() {
    let office = Office::open(|config| {
        config.set("notices", "language", r#""en""#).set("retention", "mailbox", r#""60 days""#).set(
            "reminders",
            "mailbox",
            r#"["7 days"]"#,
        );
    });
    office.letter("one");
    let link = link(&office.hop.wait_to(CUSTOMER).bytes);
    let mut web = office.gateway.web();
    let page = web.get(&link);
    let path = format!("/a/{}", link.rsplit_once("/a/").unwrap().1);
    let fields = [
        ("password", PASSWORD),
        ("repeat", PASSWORD),
        ("question", "0"),
        ("answer", ANSWER),
        ("language", "en"),
    ];
    web.submit(&page, &path, &fields).expect(303);
    office.day(53);
    let mails = office.to(CUSTOMER);
    assert_eq!(mails.len(), 2);
    says(
        &mails[1],
        "Your mailbox will be deleted soon",
        &["Nothing has come to your mailbox", "(7 days left)", "simply log in once"],
    );
    office.day(61);
    assert_eq!(office.gateway.count("SELECT count(*) FROM mailboxes WHERE state <> 'deleted'"), 0);
    office.gateway.sweep();
}

#[test]
fn whoever_gets_many_letters_and_an_initial_password_reads_english() {
    let office = Office::open(|config| {
        config
            .set("notices", "language", r#""en""#)
            .set("portal", "activation", r#""initial-password""#)
            .set("notices", "pending-pace", r#""daily""#);
    });
    office.letter("one");
    let notice = office.hop.wait_to(CUSTOMER).bytes;
    says(
        &notice,
        "your initial password comes separately",
        &["To log in for the first time you need an initial password", "days left"],
    );
    let told = office.hop.wait_to(SENDER).bytes;
    says(&told, "initial password", &["by telephone", CUSTOMER]);
    office.letter("two");
    office.letter("three");
    office.day(2);
    let mails = office.to(CUSTOMER);
    assert_eq!(mails.len(), 2, "one mail for both");
    says(&mails[1], "2 new confidential messages for you", &["has sent you 2 more", "days left"]);
    office.gateway.sweep();
}
