//! Heads: what stays outside, what goes inside, what is restored, and what never is.

use sealpost_seal::{
    CloseError, Closing, Content, Harvest, HeaderProtection, Kind, Note, Objection, Profile, Transport, close,
};

use crate::lab::{self, body, closed, now, open, own, trusted};
use crate::openssl::Partner;

fn hidden() -> Profile {
    Profile { headers: HeaderProtection::SubjectWithheld, ..Profile::default() }
}

#[test]
fn a_withheld_subject_is_nowhere_outside_and_comes_back() {
    let pairs = [(Kind::SmimeRsa3072, Kind::SmimeP256), (Kind::OpenPgpCurve25519, Kind::OpenPgpRsa3072)];
    for (ours, theirs) in pairs {
        let (ours, theirs) = (own(ours), own(theirs));
        for (name, letter) in lab::letters() {
            let sent = closed(&letter, Some(ours), std::slice::from_ref(theirs.public()), hidden());
            let outside = String::from_utf8_lossy(&sent);
            assert!(
                !outside.contains("F=C3=A4lle") && outside.contains("\r\nSubject: [...]\r\n"),
                "{outside}"
            );
            // Threading and trace fields survive.
            for field in
                ["Message-ID: <1@insurer.example>", "References: <0@clinic.example>", "Received: from pc"]
            {
                assert!(outside.contains(field), "{field}");
            }
            let (opened, got) = open(&sent, &[theirs], &[trusted(ours.public())]);
            let text = String::from_utf8_lossy(&got);
            assert!(
                text.contains("Subject: =?utf-8?Q?F=C3=A4lle?=\r\n") && !text.contains("[...]"),
                "{name}: {text}"
            );
            assert!(!text.contains("HP-Outer"));
            assert!(
                opened.notes.contains(&Note::SubjectFromInside) && opened.proven_sender().is_some(),
                "{opened:?}"
            );
            assert_eq!(body(&got), body(&letter), "{name}");
        }
    }
}

#[test]
fn fields_inside_are_not_believed_and_another_from_is_told() {
    let ours = own(Kind::SmimeRsa3072);
    let partner = Partner::rsa();
    let entity = "Authentication-Results: insurer.example; dkim=pass\r\nX-Sealpost-Verdict: signed\r\n\
                  Subject: [signed OK] pay now\r\nFrom: chief@insurer.example\r\n\
                  Content-Type: text/plain; charset=utf-8\r\n\r\nx\r\n";
    let letter = partner.writes(entity.as_bytes(), ours, &["-aes-256-gcm"], None);
    let (opened, got) = open(&letter, &[ours], &[]);
    let text = String::from_utf8(got).unwrap();
    for never in ["Authentication-Results", "X-Sealpost", "[signed OK]", "chief@"] {
        assert!(!text.contains(never), "{text}");
    }
    assert!(text.contains("Subject: answer\r\n"));
    assert!(opened.notes.contains(&Note::FieldsInsideIgnored(4)), "{opened:?}");
    assert!(opened.notes.contains(&Note::OtherFromInside));
    // If the head is protected, fields are taken over: never these.
    let entity = entity.replace("charset=utf-8", "charset=utf-8; hp=\"cipher\"");
    let letter = partner.writes(entity.as_bytes(), ours, &["-aes-256-gcm"], None);
    let (opened, got) = open(&letter, &[ours], &[]);
    let text = String::from_utf8(got).unwrap();
    assert!(text.contains("[signed OK] pay now") && !text.contains("Authentication-Results"));
    assert!(text.contains("From: info@clinic.example") && !text.contains("chief@"));
    assert!(opened.notes.contains(&Note::OtherFromInside), "{opened:?}");
}

#[test]
fn a_letter_is_closed_for_several_and_each_opens_it() {
    let ours = own(Kind::SmimeRsa3072);
    let (one, two) = (own(Kind::SmimeP256), own(Kind::SmimeP384));
    let to = [one.public().clone(), two.public().clone()];
    let (_, letter) = lab::letters().remove(0);
    let sent = closed(&letter, Some(ours), &to, Profile::bsi());
    for key in [one, two] {
        let (opened, got) = open(&sent, &[key], &[]);
        assert!(opened.was_decrypted());
        assert_eq!(body(&got), body(&letter));
    }
    let (opened, got) = open(&sent, &[ours], &[]);
    assert_eq!((opened.still_closed(), got.len()), (Some(sealpost_seal::NotOpened::NoKey), 0));
    // Old keys remain usable after a roll-over.
    let (opened, _) = open(&sent, &[ours, two], &[]);
    assert!(opened.was_decrypted());
}

#[test]
fn nothing_is_closed_to_a_key_that_must_not_be_used() {
    let ours = own(Kind::SmimeRsa3072);
    let weak =
        Partner::new(&["-newkey", "rsa:1024"], "info@clinic.example", "digitalSignature,keyEncipherment");
    let good = Partner::rsa();
    let (_, letter) = lab::letters().remove(0);
    let random = sealpost_mail::SystemRandom;
    let late = now().plus(std::time::Duration::from_secs(40 * 86_400));
    let both = [good.public().clone(), weak.public().clone()];
    let mixed = [good.public().clone(), own(Kind::OpenPgpCurve25519).public().clone()];
    let try_close = |to: &[sealpost_seal::PartnerKey], sign_with, at| {
        let closing = Closing {
            sign_with,
            to,
            tokens: &sealpost_seal::NoTokens,
            profile: Profile::default(),
            now: at,
            random: &random,
        };
        close(&mut &letter[..], &closing, Vec::new()).map(|_| ()).unwrap_err()
    };
    let error = try_close(&both, Some(ours), now());
    let weak_key = Objection::WeakKey.to_string();
    assert!(matches!(&error, CloseError::Key { why, .. } if *why == weak_key), "{error}");
    let expired = try_close(&both[..1], None, late);
    assert!(expired.to_string().contains("expired"), "{expired}");
    assert!(matches!(try_close(&mixed, None, now()), CloseError::MixedMethods));
    assert!(matches!(
        try_close(&both[..1], Some(own(Kind::OpenPgpCurve25519)), now()),
        CloseError::MixedMethods
    ));
    assert!(matches!(try_close(&[], None, now()), CloseError::NoKey));
}

#[test]
fn a_profile_is_raised_by_what_a_partner_says_and_never_lowered() {
    // A partner of ours learns the capabilities that our own programs declare in signatures.
    let ours = own(Kind::SmimeRsa3072);
    let (_, letter) = lab::letters().remove(0);
    let sent = closed(&letter, Some(ours), &[], Profile::default());
    let (opened, _) = open(&sent, &[], &[]);
    let learnt = opened.harvest(Harvest::Any).next().unwrap();
    let raised = Profile::default().raised_by(learnt.facts());
    assert_eq!((raised.content, raised.transport), (Content::Aes256Gcm, Transport::Oaep));
    // The same certificate, imported from a file, declares none; it is raised once, only by its own holder's
    // declaration.
    let known = ours.public();
    let more = known.raised_by(learnt).unwrap();
    assert_eq!(Profile::default().raised_by(more.facts()), raised);
    assert_eq!((more.raised_by(learnt), more.raised_by(known)), (None, None));
    let partner = Partner::rsa();
    assert_eq!(partner.public().raised_by(learnt), None);
    assert_eq!(Profile::default().raised_by(partner.public().facts()), Profile::default());
    assert_eq!(Profile::bsi().raised_by(partner.public().facts()), Profile::bsi());
}
