//! What a reader sees of honest, broken and hostile letters.

use super::*;
use crate::attached_name::tests::english;
use proptest::prelude::*;

fn crlf(text: &str) -> Vec<u8> {
    text.replace('\n', "\r\n").into_bytes()
}

fn with<T>(text: &str, look: impl Fn(&Letter<'_>) -> T) -> T {
    look(&Letter::parse(&crlf(text)).unwrap())
}

const FULL: &str = "\
From: =?utf-8?Q?J=C3=BCrgen_Gro=C3=9F?= <juergen@insurer.example>
To: Max <max@web.example>, \"Muster, Eva\" <eva@web.example>
Cc: team: a@x.example, b@x.example;
Reply-To: answers@insurer.example
Subject: =?utf-8?Q?Schaden_=E2=80=AEtest?=
Date: Fri, 21 Nov 2025 19:20:00 +0100
Message-ID: <m1@insurer.example>
In-Reply-To: <a@x>
References: <a@x>
 <b@x>
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary=M

--M
Content-Type: multipart/related; boundary=R

--R
Content-Type: multipart/alternative; boundary=A

--A
Content-Type: text/plain; charset=iso-8859-1
Content-Transfer-Encoding: quoted-printable

Gr=FC=DFe
--A
Content-Type: text/html; charset=utf-8
Content-Transfer-Encoding: base64

PHA+R3LDvMOfZTwvcD4=
--A--
--R
Content-Type: image/png
Content-ID: <logo@x>
Content-Disposition: inline
Content-Transfer-Encoding: base64

iVBORw==
--R--
--M
Content-Type: application/pdf
Content-Disposition: attachment; filename*=UTF-8''..%2FGr%C3%B6%C3%9Fe%E2%80%AEfdp.pdf
Content-Transfer-Encoding: base64

JVBERg==
--M
Content-Type: application/octet-stream; name=\"=?iso-8859-1?Q?=DCbersicht.docx?=\"
Content-Disposition: attachment

abc
--M
Content-Type: message/rfc822

Subject: Re: Akte 7/2026
Content-Type: text/plain

nested secret
--M--
";

#[test]
fn everything_a_list_shows() {
    let summary = with(FULL, |l| l.summary());
    assert_eq!(summary.from.len(), 1);
    assert_eq!(summary.from[0].name.as_deref(), Some("Jürgen Groß"));
    assert_eq!(summary.from[0].address.as_deref(), Some("juergen@insurer.example"));
    assert_eq!(summary.to.len(), 2);
    assert_eq!(summary.to[1].name.as_deref(), Some("Muster, Eva"));
    assert_eq!(summary.cc.len(), 2);
    assert_eq!(summary.reply_to[0].address.as_deref(), Some("answers@insurer.example"));
    assert_eq!(summary.subject.as_deref(), Some("Schaden test"));
    assert_eq!(summary.date, Some(Timestamp(1_763_749_200_000)));
    assert_eq!(summary.message_id.as_deref(), Some("m1@insurer.example"));
    assert_eq!(summary.in_reply_to, ["a@x"]);
    assert_eq!(summary.references, ["a@x", "b@x"]);
    assert_eq!(summary.size, u64::try_from(crlf(FULL).len()).unwrap());
    let json = serde_json::to_string(&summary).unwrap();
    assert_eq!(serde_json::from_str::<Summary>(&json).unwrap(), summary);
    assert!(!format!("{summary:?} {:?} {:?}", summary.from, summary.attachments).contains("insurer"));
}

#[test]
fn bodies_and_attachments() {
    let bytes = crlf(FULL);
    let letter = Letter::parse(&bytes).unwrap();
    assert_eq!(letter.text().as_deref(), Some("Grüße"));
    assert_eq!(letter.html().as_deref(), Some("<p>Grüße</p>"));
    let listed: Vec<_> = letter
        .attachments()
        .into_iter()
        .map(|a| (english(&a.name), a.content_type, a.size, a.inline_cid))
        .collect();
    let entry = |name: &str, kind: &str, size, cid: Option<&str>| {
        (name.to_owned(), kind.to_owned(), size, cid.map(str::to_owned))
    };
    assert_eq!(
        listed,
        [
            entry("attachment-1.png", "image/png", 4, None),
            entry("Größefdp.pdf", "application/pdf", 4, None),
            entry(
                "Übersicht.docx",
                "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
                3,
                None
            ),
            entry("Re_ Akte 7_2026.eml", "message/rfc822", 67, None),
        ]
    );
    assert_eq!(letter.attachment_bytes(1).as_deref(), Some(&b"%PDF"[..]));
    assert_eq!(letter.attachment_bytes(4), None);
    let (kind, image) = letter.inline("logo@x").unwrap();
    assert_eq!((kind.as_str(), image.as_ref()), ("image/png", &b"\x89PNG"[..]));
    assert!(letter.inline("nothing").is_none());
    let nested = letter.attachment_bytes(3).unwrap();
    assert_eq!(Letter::parse(&nested).unwrap().text().as_deref(), Some("nested secret"));
    assert!(!letter.is_encrypted() && !letter.is_signed());
}

#[test]
fn patterns_see_letters_within_letters() {
    let inside = crate::Inside::of(&crlf(FULL));
    assert!(inside.texts.iter().any(|text| text == "nested secret"));
    assert!(inside.texts.iter().any(|text| text.trim() == "Grüße"));
    for name in ["attachment.png", "Größefdp.pdf", "Übersicht.docx", "attachment.eml"] {
        assert!(inside.files.iter().any(|(one, _)| one == name), "{name}: {:?}", inside.files);
    }
}

#[test]
fn html_alone_is_made_text() {
    let html = "Subject: x\nContent-Type: text/html\n\n<style>p{}</style><p>Guten Tag<br>Herr <b>M</b></p><script>x()</script>";
    let text = with(html, |l| l.text()).unwrap();
    assert!(text.contains("Guten Tag") && text.contains("Herr M"), "{text}");
    assert!(!text.contains("x()") && !text.contains("p{}"), "{text}");
}

#[test]
fn text_only_has_no_html_and_charsets_are_guessed() {
    let letter = b"Subject: x\r\n\r\nGr\xfc\xdfe\r\n";
    let letter = Letter::parse(letter).unwrap();
    assert_eq!(letter.text().as_deref(), Some("Grüße\r\n"));
    assert_eq!(letter.html(), None);
    let utf16 = with("Subject: x\nContent-Type: text/plain; charset=nonsense\n\nä", |l| l.text());
    assert_eq!(utf16.as_deref(), Some("ä"));
}

#[test]
fn mixed_bodies_keep_their_order() {
    let mixed = "Subject: x\nContent-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: text/plain\n\n1 < 2\n--b\n\
                 Content-Type: text/html\n\n<i>3</i>\n--b\nContent-Type: text/plain; name=notes.txt\n\nfile\n--b--\n";
    assert_eq!(with(mixed, |l| l.html()).as_deref(), Some("<pre>1 &lt; 2</pre>\n<i>3</i>"));
    assert_eq!(with(mixed, |l| l.attachments())[0].name.given(), Some("notes.txt"));
}

#[test]
fn broken_letters_show_what_can_be_shown() {
    assert!(matches!(Letter::parse(b""), Err(LetterError::NoHeader)));
    assert!(matches!(Letter::parse(b"\r\nbody"), Err(LetterError::NoHeader)));
    let no_boundary = "Subject: x\nContent-Type: multipart/mixed\n\nstill readable";
    assert_eq!(with(no_boundary, |l| l.text()).as_deref(), Some("still readable"));
    let only_pdf = "Subject: x\nContent-Type: application/pdf\n\n%PDF";
    assert_eq!(with(only_pdf, |l| l.text()), None);
    assert_eq!(english(&with(only_pdf, |l| l.attachments())[0].name), "attachment-1.pdf");
    let bad_date = "Subject: x\nDate: yesterday\n\nx";
    assert_eq!(with(bad_date, |l| l.summary().date), None);
}

#[test]
fn encryption_is_judged_by_the_bytes() {
    // ContentInfo with id-envelopedData / id-signedData / id-smime-ct-authEnvelopedData
    let enveloped = "MIAGCSqGSIb3DQEHA6CAMIACAQAx";
    let signed = "MIAGCSqGSIb3DQEHAqCAMIACAQEx";
    let authenticated = "MIAGCyqGSIb3DQEJEAEXoIAwgAIB";
    let cms = |claim: &str, body: &str| {
        let text = format!(
            "Subject: x\nContent-Type: application/pkcs7-mime; smime-type={claim}\nContent-Transfer-Encoding: base64\n\n{body}\n"
        );
        with(&text, |letter| (letter.is_encrypted(), letter.is_signed()))
    };
    assert_eq!(cms("enveloped-data", enveloped), (true, false));
    assert_eq!(cms("authEnveloped-data", authenticated), (true, false));
    assert_eq!(cms("signed-data", signed), (false, true));
    // a label alone proves nothing
    assert_eq!(cms("enveloped-data", signed), (false, true));
    assert_eq!(cms("enveloped-data", "SGFsbG8="), (false, false));

    let pgp = "-----BEGIN PGP MESSAGE-----\n\nabc\n-----END PGP MESSAGE-----\n";
    let inline = |body: &str| with(&format!("Subject: x\n\n{body}"), |l| l.is_encrypted());
    assert!(inline(pgp));
    assert!(!inline(&format!("Dear Max, the code is 7.\n{pgp}")));
    assert!(!inline(&format!("{pgp}P.S. the code is 7.\n{pgp}")));
    let mime = |second: &str, third: &str| {
        format!(
            "Subject: x\nContent-Type: multipart/encrypted; boundary=b; protocol=\"application/pgp-encrypted\"\n\n--b\n\
             Content-Type: application/pgp-encrypted\n\nVersion: 1\n--b\nContent-Type: application/octet-stream\n\n{second}\n{third}--b--\n"
        )
    };
    assert!(with(&mime(pgp, ""), |l| l.is_encrypted()));
    for twice in ["Content-Type: multipart/mixed; boundary=b\n", "content-TYPE: text/plain\n"] {
        assert!(!with(&format!("{twice}{}", mime(pgp, "")), |l| l.is_encrypted()), "{twice}");
        assert!(!with(&mime(pgp, "").replace("Subject: x\n", &format!("Subject: x\n{twice}")), |l| l
            .is_encrypted()));
        let after = mime(pgp, "").replacen("\n\n", &format!("\n{twice}\n"), 1);
        assert!(!with(&after, |l| l.is_encrypted()), "{after}");
    }
    assert!(!with(&mime("clear text", ""), |l| l.is_encrypted()));
    assert!(!with(&mime(pgp, "--b\n\nclear text\n"), |l| l.is_encrypted()));
    // Words before, after and between, where disclaimers are inserted; texts for readers without MIME do not count.
    let words = "Der Befund ist positiv.";
    for (from, to) in [
        ("\n\n--b\n".to_owned(), format!("\n\n{words}\n--b\n")),
        ("--b--\n".to_owned(), format!("--b--\n{words}\n")),
        ("Version: 1\n".to_owned(), format!("Version: 1\n\n{words}\n")),
    ] {
        assert!(!with(&mime(pgp, "").replacen(&from, &to, 1), |l| l.is_encrypted()), "{to}");
    }
    let mixed =
        format!("Subject: x\nContent-Type: multipart/mixed; boundary=b\n\n{words}\n--b\n\n{pgp}--b--\n");
    assert!(!with(&mixed, |l| l.is_encrypted()));
    let known = "\n\nThis is an OpenPGP/MIME encrypted message (RFC 4880 and 3156)\n--b\n";
    assert!(with(&mime(pgp, "").replacen("\n\n--b\n", known, 1), |l| l.is_encrypted()));
}

#[test]
fn what_only_a_key_opens_is_told_from_nothing() {
    let sealed = |fields: &str, body: &str| {
        with(&format!("Subject: x\n{fields}\n\n{body}\n"), |letter| (letter.text(), letter.sealed()))
    };
    let pgp = "Content-Type: multipart/encrypted; boundary=b; protocol=\"application/pgp-encrypted\"";
    let body = "--b\nContent-Type: application/pgp-encrypted\n\nVersion: 1\n--b\n\
                Content-Type: application/octet-stream; name=encrypted.asc\n\n-----BEGIN PGP MESSAGE-----\n--b--";
    assert_eq!(sealed(pgp, body), (None, Some(Unshown::Encrypted)));
    for kind in ["smime-type=enveloped-data", "smime-type=authEnveloped-data; name=smime.p7m"] {
        let fields =
            format!("Content-Type: application/pkcs7-mime; {kind}\nContent-Transfer-Encoding: base64");
        assert_eq!(sealed(&fields, "MII="), (None, Some(Unshown::Encrypted)), "{kind}");
    }
    let enveloped = "Content-Type: application/x-pkcs7-mime\nContent-Transfer-Encoding: base64";
    assert_eq!(sealed(enveloped, "MIAGCSqGSIb3DQEHA6CAMIACAQAx").1, Some(Unshown::Encrypted));
    assert_eq!(
        sealed("Content-Type: message/partial; id=a; number=1; total=2", "x").1,
        Some(Unshown::Partial)
    );
    assert_eq!(sealed("Content-Type: text/plain", "").1, None);
}

#[test]
fn parts_of_a_report_have_telling_names() {
    let report = "Subject: x\nContent-Type: multipart/report; boundary=b\n\n--b\n\nunzustellbar\n--b\n\
                  Content-Type: message/delivery-status\n\nReporting-MTA: dns; x\n--b\n\
                  Content-Type: text/rfc822-headers\n\nSubject: y\n--b\nContent-Type: image/heic\n\nx\n--b\n\
                  Content-Type: message/disposition-notification\n\nx: y\n--b--\n";
    let names: Vec<String> =
        with(report, |l| l.attachments()).into_iter().map(|one| english(&one.name)).collect();
    assert_eq!(names, ["delivery-status.txt", "letter-head.txt", "attachment-3.heic", "receipt.txt"]);
}

#[test]
fn signatures_are_seen() {
    let mime = "Subject: x\nContent-Type: multipart/signed; boundary=b\n\n--b\nContent-Type: text/plain\n\nhallo\n--b\n\
                Content-Type: application/pkcs7-signature; name=smime.p7s\n\nx\n--b--\n";
    assert!(with(mime, |l| l.is_signed()));
    assert_eq!(with(mime, |l| l.text()).as_deref(), Some("hallo"));
    assert_eq!(with(mime, |l| l.attachments()).len(), 1);
    assert!(with("Subject: x\n\n-----BEGIN PGP SIGNED MESSAGE-----\n\nx", |l| l.is_signed()));
}

/// RFC 1847 §2.1: `protocol` names the type of the second part, and there are exactly two. Otherwise they are parts side by side
/// (RFC 2046 §5.1.3), and all of them are shown.
#[test]
fn what_only_calls_itself_signed_is_not_and_hides_nothing() {
    let letter = |field: &str, second: &str, more: &str| {
        format!(
            "Subject: x\nContent-Type: multipart/signed; boundary=b{field}\n\n--b\n\neins\n--b\nContent-Type: {second}\n\n\
             zwei\n{more}--b--\n"
        )
    };
    let smime = "application/pkcs7-signature";
    for (field, second, more, is_signed) in [
        ("", smime, "", true),
        ("; protocol=\"application/x-pkcs7-signature\"", smime, "", true),
        (
            "; protocol=\"application/pgp-signature\"; micalg=pgp-sha256",
            "application/pgp-signature",
            "",
            true,
        ),
        ("", "text/plain", "", false),
        ("; protocol=\"application/x-own\"", "text/plain", "", false),
        ("; protocol=\"application/pgp-signature\"", "text/html", "", false),
        ("; protocol=\"application/pkcs7-signature\"", smime, "--b\n\nzwei\n", false),
    ] {
        let letter = letter(field, second, more);
        assert_eq!(with(&letter, |l| l.is_signed()), is_signed, "{letter}");
        let text = with(&letter, |l| l.text()).unwrap_or_default();
        assert_eq!((text.contains("eins"), text.contains("zwei")), (true, !is_signed), "{letter}");
    }
}

/// A preamble that is the only text is a part to us, but not to a reader that looks for a signature.
#[test]
fn what_stands_before_the_only_part_makes_no_signature_of_it() {
    for second in ["application/octet-stream", "application/pgp-signature"] {
        let letter = format!(
            "Subject: x\nContent-Type: multipart/signed; protocol=\"application/pgp-signature\"; boundary=b\n\nhallo\n--b\n\
             Content-Type: {second}\nContent-Disposition: attachment; filename=a.bin\n\nx\n--b--\n"
        );
        assert!(!with(&letter, |l| l.is_signed() || l.detached_signature().is_some()), "{letter}");
        assert_eq!(with(&letter, |l| l.text()).as_deref().map(str::trim), Some("hallo"));
        assert_eq!(with(&letter, |l| l.attachments()).len(), 1);
    }
}

fn exercise(bytes: &[u8]) {
    if let Ok(letter) = Letter::parse(bytes) {
        let summary = letter.summary();
        let _ = (letter.text(), letter.html());
        let _ = (letter.is_encrypted(), letter.is_signed(), letter.inline("x"));
        for attachment in &summary.attachments {
            let bytes = letter.attachment_bytes(attachment.index).unwrap();
            assert_eq!(size(bytes.len()), attachment.size);
            assert!(!english(&attachment.name).contains(['/', '\\']));
        }
    }
}

proptest! {
    #[test]
    fn arbitrary_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..500)) {
        exercise(&bytes);
    }

    #[test]
    fn arbitrary_bytes_behind_a_header_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        exercise(&[&b"Subject: x\r\nFrom: "[..], &bytes].concat());
        exercise(&[&b"Content-Type: "[..], &bytes].concat());
        exercise(&[&b"Content-Type: text/html\r\n\r\n"[..], &bytes].concat());
    }

    #[test]
    fn a_letter_broken_anywhere_never_panics(at in 0_usize..2000, byte in any::<u8>(), cut in 0_usize..2000) {
        let mut bytes = crlf(FULL);
        let (length, end) = (bytes.len(), cut.max(1));
        bytes[at % length] = byte;
        exercise(&bytes);
        bytes.truncate(end % length);
        exercise(&bytes);
    }
}
