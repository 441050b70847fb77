//! Every mail in the pseudo language: any readable text was never in a language folder.

#[expect(dead_code, reason = "hostile samples are for other tests")]
#[path = "../tests/samples/mod.rs"]
mod samples;

use samples::{DATE, LINK, brand, notices, plain};

use crate::pseudo::{plain_words, shown};
use crate::{
    AttemptEnd, CameBack, DatedStep, Evidence, EvidenceText, Hears, KeyProblem, Language, LetterStep,
    PartnerLetter, RefusalReason, Report, SecondKey, ServerReply, TrailState, Why, date, date_time,
    partner_letter, render,
};

/// Text in mails that needs no translation: names, addresses, what others wrote.
const KNOWN: &[&str] = &[
    LINK,
    "Maximiliane Mustermann",
    "Max.Mustermann@insurer.example",
    "Ihr Unfall vom 8. Januar – Rückfragen zur Heilbehandlung",
    "550 5.1.1 mailbox unavailable",
    "erika.musterfrau@web.example",
    "Musterversicherung VVaG · Musterallee 1 · 12345 Musterstadt",
    "Musterversicherung",
    "SecureMail",
    "https://securemail.insurer.example/",
    "securemail.insurer.example",
    "Telefon 0123 4567-0, werktags 8 bis 18 Uhr",
    "securemail@insurer.example",
    "https://insurer.example/datenschutz",
    "KXCM-7RTW-HW93-YC6F",
    "insurer.example · S/MIME 3FA1 0B2C 99D0",
    "clinic.example · S/MIME 3FA1 0B2C 99D0",
    "(S/MIME)",
];

#[test]
fn no_mail_says_anything_that_is_not_in_a_language_folder() {
    let mut bad = Vec::new();
    let mut mails = 0;
    for (name, notice) in notices(&plain()) {
        let mail = render(&notice, Language::pseudo(), &brand(), "Europe/Berlin").unwrap();
        for said in [&mail.subject, &mail.text, &shown(&mail.html)] {
            let words = plain_words(said, KNOWN);
            if !words.is_empty() {
                bad.push(format!("{name}: {}", words.join(" ")));
            }
        }
        mails += 1;
    }
    assert!(mails > 40, "{mails}");
    assert!(bad.is_empty(), "words of no language folder:\n{}", bad.join("\n"));
}

const KEY_PROBLEMS: [KeyProblem; 22] = [
    KeyProblem::NoPartner,
    KeyProblem::OtherPartner,
    KeyProblem::PartnerSuspended,
    KeyProblem::Untested,
    KeyProblem::NoKey,
    KeyProblem::NotConfirmed,
    KeyProblem::Suspended,
    KeyProblem::Expired,
    KeyProblem::NotYetValid,
    KeyProblem::Revoked,
    KeyProblem::WeakKey,
    KeyProblem::WeakHash,
    KeyProblem::WrongUsage,
    KeyProblem::Authority,
    KeyProblem::OtherAddress,
    KeyProblem::UnreadableName,
    KeyProblem::NotVouchedFor,
    KeyProblem::NoSender,
    KeyProblem::OtherSender,
    KeyProblem::NotTheirs,
    KeyProblem::FromWorld,
    KeyProblem::NoOwnKey("S/MIME"),
];

#[test]
fn no_report_says_anything_that_is_not_in_a_language_folder() {
    let reason = "550 5.1.1 mailbox unavailable";
    let whys: Vec<Why> =
        (0..8).flat_map(|subject| (0..11).map(move |detail| Why::of(subject, detail))).collect();
    let mut reports = vec![Report::PassedOn, Report::Opened];
    reports.extend([Hears::Now, Hears::Later].map(Report::Deposited));
    reports.extend(
        [
            RefusalReason::Written(reason),
            RefusalReason::ByRule,
            RefusalReason::Undecided,
            RefusalReason::MailboxFull,
        ]
        .map(Report::Refused),
    );
    for problem in KEY_PROBLEMS {
        reports.extend(
            [RefusalReason::NotEncrypted(problem), RefusalReason::NotSigned(problem)].map(Report::Refused),
        );
    }
    reports.extend([CameBack::Failed, CameBack::Unclear].map(Report::NotReached));
    for why in whys {
        reports.extend([
            Report::Failed(why),
            Report::Delayed { why, hours_left: 30 },
            Report::NotNotified(why),
        ]);
    }
    let language = Language::pseudo();
    for report in reports {
        let words = report.words("erika.musterfrau@web.example", Some(reason), &[language]).unwrap();
        for said in [&words.subject, &words.text] {
            assert_eq!(plain_words(said, KNOWN), Vec::<String>::new(), "{report:?}");
        }
    }
    for said in [date(DATE, language, "Europe/Berlin"), date_time(DATE, language, "Europe/Berlin")] {
        assert_eq!(plain_words(&said.unwrap(), KNOWN), Vec::<String>::new());
    }
}

/// The others are below it.
fn first_part(text: &str) -> &str {
    text.split("\n\n---\n\n").next().unwrap()
}

#[test]
fn no_letter_to_a_partner_says_anything_that_is_not_in_a_language_folder() {
    for letter in [PartnerLetter::Test, PartnerLetter::Reply] {
        let (subject, text) = partner_letter(letter, Language::pseudo(), &brand()).unwrap();
        let subject = subject.split(" / ").next().unwrap();
        for said in [subject, first_part(&text)] {
            assert!(!said.trim().is_empty());
            assert_eq!(plain_words(said, KNOWN), Vec::<String>::new(), "{letter:?}");
        }
    }
}

#[test]
fn no_evidence_says_anything_that_is_not_in_a_language_folder() {
    let said = |said| ServerReply {
        said,
        host: Some("mx.web.example".to_owned()),
        queue_id: Some("4F2A".to_owned()),
    };
    let steps = [
        LetterStep::Deposited,
        LetterStep::Notified(said(AttemptEnd::Reply("250 2.0.0".to_owned()))),
        LetterStep::NotNotified(said(AttemptEnd::Status("4.4.7".to_owned()))),
        LetterStep::NotNotified(said(AttemptEnd::Nothing)),
        LetterStep::Returned,
        LetterStep::Opened,
        LetterStep::Exported("pdf".to_owned()),
        LetterStep::AttachmentExported,
        LetterStep::Trashed,
        LetterStep::Restored,
        LetterStep::Deleted,
        LetterStep::Expired,
        LetterStep::LeftTrash,
        LetterStep::Recalled,
        LetterStep::EvidenceMade,
        LetterStep::MailboxActivated,
        LetterStep::MailboxDeleted,
        LetterStep::MailboxReplaced,
    ];
    let steps = steps.map(|step| DatedStep { at: DATE, step, network: "192.0.2.0/24".to_owned() });
    let known = [KNOWN, &["mx.web.example", "4F2A", "pdf", "SHA-256", "RFC"]].concat();
    for (steps, trail, second_key, known_facts) in [
        (&steps[..], TrailState::Whole("7:12".to_owned()), SecondKey::OnServer, true),
        (&steps[..1], TrailState::Broken, SecondKey::KeptApart, false),
        (&[], TrailState::NotChecked, SecondKey::None, false),
    ] {
        let evidence = Evidence {
            operator: "Musterversicherung",
            letter: "4711",
            mailbox: "4712",
            recipient: known_facts.then_some("erika.musterfrau@web.example"),
            sender: known_facts.then_some("Max.Mustermann@insurer.example"),
            message_id: known_facts.then_some("<1@2.3>"),
            sha256: known_facts.then_some("00112233445566"),
            second_key,
            steps,
            trail: &trail,
            zone: "Europe/Berlin",
        };
        let EvidenceText { title, rows, html, embedded } = evidence.words(Language::pseudo()).unwrap();
        let rows = rows.into_iter().flat_map(|(label, value)| [label, value]);
        for said in rows.chain([title, shown(&html), embedded]) {
            assert_eq!(plain_words(&said, &known), Vec::<String>::new(), "{trail:?}");
        }
    }
}
