//! An untrusted letter: parsing it never panics, and only the requested edits change it.

use std::net::{IpAddr, Ipv4Addr};

use sealpost_mail::{Edit, Head, Inside, Letter, Origin, Timestamp, Trace};

pub(crate) fn check(input: &[u8]) {
    head(input);
    letter(input);
}

fn head(bytes: &[u8]) {
    let Some(end) = Head::split(bytes) else { return };
    assert!(end <= bytes.len());
    let Ok(head) = Head::new(bytes[..end].to_vec()) else { return };
    assert_eq!(head.as_bytes(), &bytes[..end]);
    for (name, value) in head.fields() {
        assert!(!name.is_empty() && !value.ends_with(b"\r\n"));
        let _ = head.first(name);
        assert_eq!(head.all(name).len(), head.count(name), "{name}");
    }
    let _ = (head.subject(), head.from_address(), head.received_count());
    let origin = Origin {
        peer: IpAddr::V4(Ipv4Addr::LOCALHOST),
        listener: "inside".to_owned(),
        helo: "client.example".to_owned(),
        extended: true,
        tls: None,
        login: None,
    };
    let at = Timestamp(1_795_000_000_000);
    let traced = head.with_trace(&Trace {
        origin: &origin,
        our_name: "gate.example",
        id: "1",
        recipient: None,
        smtputf8: false,
        at,
    });
    assert!(traced.as_bytes().ends_with(head.as_bytes()), "a trace changed what was there");
    assert_eq!(traced.received_count(), head.received_count() + 1);

    // A tag that is not there changes nothing; one that is, is gone, and no other line has changed.
    assert_eq!(
        head.apply(&[Edit::CutFromSubject("[not in any subject]".to_owned())]).as_bytes(),
        head.as_bytes()
    );
    let tag = "[vertraulich]";
    let cut = head.apply(&[Edit::CutFromSubject(tag.to_owned())]);
    assert!(
        !cut.subject().is_some_and(|subject| subject.to_ascii_lowercase().contains(tag)),
        "the tag is still there"
    );
    let others = |head: &Head| -> Vec<(String, Vec<u8>)> {
        let fields = head.fields().filter(|(name, _)| !name.eq_ignore_ascii_case("subject"));
        fields.map(|(name, value)| (name.to_owned(), value.to_vec())).collect()
    };
    assert_eq!(others(&cut), others(&head), "another field changed");
    assert!(Head::new(cut.into_bytes()).is_ok(), "cutting a tag broke the head");
}

fn letter(bytes: &[u8]) {
    // What rules see, they see without end and without a letter that can be parsed.
    let _ = Inside::of(bytes);
    let Ok(letter) = Letter::parse(bytes) else { return };
    let summary = letter.summary();
    let attachments = letter.attachments();
    assert_eq!(summary.attachments.len(), attachments.len());
    for attachment in &attachments {
        let Some(name) = attachment.name.given() else { continue };
        assert!(!name.is_empty() && name != "." && name != "..", "{name:?}");
        assert!(!name.contains(['/', '\\', '\0']) && !name.chars().any(char::is_control), "{name:?}");
        let body = letter.attachment_bytes(attachment.index).unwrap();
        assert_eq!(u64::try_from(body.len()).unwrap(), attachment.size, "{name:?}");
        if let Some(cid) = &attachment.inline_cid {
            let _ = letter.inline(cid);
        }
    }
    assert!(letter.attachment_bytes(usize::MAX).is_none());
    let _ = (letter.text(), letter.html(), letter.is_encrypted(), letter.is_signed());
    // What is serialised can be parsed again.
    for mailbox in summary.from.iter().chain(&summary.to).chain(&summary.cc) {
        let _ = format!("{mailbox:?}");
    }
}
