//! To whom an owner may write, and what a draft accepts of typed text: hostile input, harmless output.

use sealpost_mail::Address;
use sealpost_mailbox::{Content, MAX_FILES, MAX_SUBJECT, WriteRules};

fn rules(domains: &[&str], addresses: &[&str]) -> WriteRules {
    WriteRules {
        domains: domains.iter().map(|domain| (*domain).to_owned()).collect(),
        addresses: addresses.iter().map(|one| Address::parse(one).unwrap()).collect(),
        max_size: 1000,
        is_encrypted: true,
    }
}

#[test]
fn an_address_is_allowed_by_domain_or_by_name_and_no_detour() {
    let rules = rules(&["insurer.example", "*.group.example"], &["arzt@clinic.example"]);
    for (address, allowed) in [
        ("erika@insurer.example", true),
        ("Erika@INSURER.example", true),
        ("erika@mail.insurer.example", false),
        ("erika@a.group.example", true),
        ("erika@b.a.group.example", true),
        ("erika@evilgroup.example", false),
        ("arzt@clinic.example", true),
        ("Arzt@Clinic.example", true),
        ("other@clinic.example", false),
        ("erika@insurer.example.evil.example", false),
        ("victim%evil.example@insurer.example", false),
        ("evil.example!victim@insurer.example", false),
    ] {
        assert_eq!(rules.allows(&Address::parse(address).unwrap()), allowed, "{address}");
    }
}

#[test]
fn nobody_may_be_written_to_where_nothing_is_said() {
    let nobody = rules(&[], &[]);
    assert!(!nobody.is_on() && !nobody.allows(&Address::parse("erika@insurer.example").unwrap()));
    assert!(rules(&["insurer.example"], &[]).is_on() && rules(&[], &["a@b.example"]).is_on());
    // An invalid domain allows nothing, and does not affect the others.
    let odd = rules(&["not a domain", "insurer.example"], &[]);
    assert!(odd.allows(&Address::parse("erika@insurer.example").unwrap()));
}

#[test]
fn the_room_for_drafts_follows_from_the_size_of_a_letter() {
    let quota = rules(&[], &[]).quota();
    assert_eq!((quota.bytes, quota.files, quota.in_mailbox), (1000, MAX_FILES, 10_000));
    let endless = WriteRules { max_size: u64::MAX, ..rules(&[], &[]) };
    assert_eq!(endless.quota().in_mailbox, u64::MAX);
}

#[test]
fn what_is_typed_is_one_line_where_it_must_be_and_text_where_it_may_be() {
    let some = |text: &str| Some(text.to_owned());
    let mut content = Content::default();
    content.type_in(
        some("a@b.example\r\nBcc: c@d.example"),
        None,
        some("Zeile\r\nZwei\0"),
        some("eins\r\nzwei\rdrei\0"),
    );
    assert_eq!(content.to, "a@b.exampleBcc: c@d.example", "no second line");
    assert_eq!((content.subject.as_str(), content.text.as_str()), ("ZeileZwei", "eins\nzwei\ndrei"));
    content.type_in(None, some("x@y.example"), None, None);
    assert_eq!(content.subject, "ZeileZwei", "what was not sent stays");
    content.type_in(None, None, some(&"ü".repeat(1000)), None);
    assert_eq!(content.subject.chars().count(), MAX_SUBJECT);
    content.type_in(some(&"a".repeat(10_000)), None, None, None);
    assert_eq!(content.to.len(), 4000);
    content.type_in(some(""), some(""), some(""), some(""));
    assert_eq!((content.to.as_str(), content.cc.as_str(), content.text.as_str()), ("", "", ""));
}
