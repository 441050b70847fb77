//! Malformed letters: each is listed and can be opened, or is refused with a reason; none is lost.

use sealpost_store::Folder;

use crate::rig::{Opened, Rig, SENDER, envelope, from_nobody, origin};

const TO: &str = "max@a.web.example";

/// What the owner sees of a letter with these bytes.
async fn seen(bytes: &[u8]) -> Opened {
    seen_with(Rig::new(), bytes).await
}

async fn seen_with(rig: Rig, bytes: &[u8]) -> Opened {
    rig.send(envelope(SENDER, &[TO]), origin(), bytes).await.unwrap();
    let id = rig.mailbox_id(TO).await;
    let secret = rig.pending_secret(&id).await;
    let mut letters = rig.letters(&id, &secret, Folder::Inbox).await;
    assert_eq!(letters.len(), 1);
    letters.pop().unwrap()
}

#[tokio::test]
async fn a_list_shows_what_is_there_however_it_is_written() {
    let parts = "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\nText\r\n\
                 --b\r\nContent-Type: application/pdf; name=\"=?utf-8?Q?B=C3=BCcher.pdf?=\"\r\n\
                 Content-Transfer-Encoding: base64\r\n\r\nQUJD\r\n--b--\r\n";
    let bytes = format!(
        "From: =?utf-8?Q?J=C3=B6rg?= <joerg@insurer.example>\r\nTo: max@a.web.example, Ida <ida@a.web.example>\r\n\
         Cc: udo@a.web.example\r\nSubject: =?utf-8?B?R3LDvMOfZQ==?=\r\n\
         Date: Wed, 18 Nov 2026 09:00:00 +0100\r\nMessage-ID: <x@y.example>\r\n{parts}"
    );
    let Opened { summary, row, rest, .. } = seen(bytes.as_bytes()).await;
    assert_eq!(summary.subject.as_deref(), Some("Grüße"));
    assert_eq!(summary.from[0].name.as_deref(), Some("Jörg"));
    assert_eq!((summary.to.len(), summary.cc.len()), (2, 1));
    assert_eq!(summary.message_id.as_deref(), Some("x@y.example"));
    assert_eq!(summary.attachments.len(), 1);
    assert_eq!((summary.attachments[0].name.given(), summary.attachments[0].size), (Some("Bücher.pdf"), 3));
    assert_eq!(row.size, i64::try_from(bytes.len()).unwrap());
    assert!(rest.ends_with("--b--\r\n"));
}

#[tokio::test]
async fn a_letter_without_anything_is_a_letter() {
    let empty = seen(b"\r\n").await;
    assert_eq!((empty.summary.subject, empty.rest.as_str()), (None, ""));
    let body = seen(b"\r\nnur Text\r\n").await;
    assert_eq!((body.summary.from.len(), body.rest.as_str()), (0, "nur Text\r\n"));
    let head = seen(b"Subject: nur ein Kopf\r\n").await;
    assert_eq!(head.summary.subject.as_deref(), Some("nur ein Kopf"));
}

#[tokio::test]
async fn too_many_parts_are_shown_as_far_as_they_can_be() {
    let parts = "--b\r\nContent-Type: text/plain\r\n\r\nText\r\n".repeat(3000);
    let bytes = format!(
        "From: {SENDER}\r\nSubject: Viel\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n{parts}--b--\r\n"
    );
    let rules = r#"[{"name": "all", "when": {"recipient": "*"}, "then": "portal"}]"#;
    let rig = Rig::with(|set| set.rules = rules.to_owned());
    let letter = seen_with(rig, bytes.as_bytes()).await;
    assert_eq!(letter.summary.subject.as_deref(), Some("Viel"));
    assert!(letter.rest.ends_with("--b--\r\n"), "and the letter is whole");

    // Any of the parts that are not examined may be a letter with a tag.
    let no = Rig::new().send(envelope(SENDER, &[TO]), origin(), bytes.as_bytes()).await.unwrap_err();
    assert_eq!(no.code(), 554);
}

#[tokio::test]
async fn a_notice_of_a_letter_without_from_names_the_reverse_path_and_of_a_report_nobody() {
    use sealpost_notice::Notice;
    let rig = Rig::new();
    rig.send(envelope(SENDER, &[TO]), origin(), b"Subject: x\r\n\r\nText\r\n").await.unwrap();
    let Notice::Activation { from_name, from_address, .. } = rig.leg_to(TO).await.notice() else {
        panic!("no activation")
    };
    assert_eq!((from_name, from_address.as_str()), (None, SENDER));
    let rig = Rig::new();
    rig.send(from_nobody(&[TO]), origin(), b"Subject: x\r\n\r\nText\r\n").await.unwrap();
    let Notice::Activation { from_address, .. } = rig.leg_to(TO).await.notice() else {
        panic!("no activation")
    };
    assert!(from_address.is_empty() || from_address == "<>", "{from_address}");
}

#[tokio::test]
async fn bytes_fall_into_pieces_anywhere_and_the_letter_is_the_same() {
    use sealpost_intake::Reception as _;
    let rig = Rig::new();
    let bytes = b"From: erika@insurer.example\r\nSubject: Stueck\r\n\r\nText\r\n\r\nmehr\r\n";
    for size in [1, 2, 3, 5, 7, 64] {
        let to = format!("a{size}@relay.example");
        let mut incoming = rig.reception.begin(envelope(SENDER, &[&to]), origin()).await.unwrap();
        for piece in bytes.chunks(size) {
            incoming.chunk(piece).await.unwrap();
        }
        incoming.finish().await.unwrap();
        let leg = rig.leg_to(&to).await;
        let whole = format!("{}{}", leg.head(), rig.rest(&leg).await);
        assert!(whole.ends_with(&String::from_utf8_lossy(bytes).into_owned()), "{size}: {whole}");
    }
}
