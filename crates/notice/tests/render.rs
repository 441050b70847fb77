//! Renders every notice in every language with plain and with hostile facts and checks the result.

#![expect(clippy::expect_used, reason = "tests")]

mod samples;

use samples::{LINK, brand, hostile, notices, odd_brand, plain};
use sealpost_mail::{Brand, Secret};
use sealpost_notice::{Access, Language, Notice, Rendered, inline_images, render};

/// Runs `look` over every notice.
fn each(brand: &Brand, facts: &samples::Facts, look: impl Fn(&str, Language, &Notice, &Rendered)) {
    for language in Language::all() {
        for (name, notice) in notices(facts) {
            let rendered = render(&notice, language, brand, "Europe/Berlin").expect(name);
            look(&format!("{name}/{}", language.tag()), language, &notice, &rendered);
        }
    }
}

fn has_link(notice: &Notice) -> bool {
    !matches!(
        notice,
        Notice::PasswordForSender { .. }
            | Notice::PasswordChanged { .. }
            | Notice::QuestionChanged { .. }
            | Notice::MailboxDeleted { .. }
            | Notice::BySupport { .. }
            | Notice::NewBrowser { .. }
            | Notice::MailboxLocked { .. }
            | Notice::AnswersUsedUp { .. }
            | Notice::NotFetched { .. }
            | Notice::GoneUnread { .. }
            | Notice::KeysEnding { .. }
            | Notice::DeletionHeld
            | Notice::DeletionNothing
            | Notice::NewMessage { access: Access::Locked, .. }
    )
}

#[test]
fn every_notice_says_what_it_must_in_both_forms() {
    each(&brand(), &plain(), |name, language, notice, rendered| {
        assert!(rendered.html.starts_with("<!DOCTYPE html>"), "{name}");
        assert!(rendered.html.contains(&format!("<html lang=\"{}\"", language.tag())), "{name}");
        for part in [&rendered.text, &rendered.html] {
            assert!(part.contains("Musterversicherung") && part.contains("SecureMail"), "{name}");
            assert!(part.contains("Telefon 0123 4567-0"), "{name}: help");
            assert!(part.contains("Musterallee 1"), "{name}: imprint");
            assert!(part.contains("https://insurer.example/datenschutz"), "{name}: privacy");
            assert!(!part.contains("{$") && !part.contains("{ $"), "{name}: a value was not filled in");
            assert!(!part.contains('\u{2068}'), "{name}: isolation marks");
            if has_link(notice) {
                assert!(part.contains(LINK), "{name}: link");
            }
        }
        // The same link twice: on the button, and for copying.
        if has_link(notice) {
            assert_eq!(rendered.html.matches(&format!("href=\"{LINK}\"")).count(), 2, "{name}");
            assert_eq!(rendered.text.lines().filter(|line| *line == LINK).count(), 1, "{name}");
        }
    });
}

#[test]
fn sender_subject_and_date_are_shown_as_people_write_them() {
    each(&brand(), &plain(), |name, language, notice, rendered| {
        let date = if language == Language::De { "15.01.2020, 12:49 Uhr" } else { "15 January 2020, 12:49" };
        let (from, subject) = match notice {
            Notice::Activation { .. } | Notice::InitialPassword { .. } => (true, true),
            Notice::NewMessage { subject, .. } => (true, subject.is_some()),
            _ => return,
        };
        for part in [&rendered.text, &rendered.html] {
            assert_eq!(part.contains("Max.Mustermann@insurer.example"), from, "{name}");
            // The text part wraps long subjects.
            assert_eq!(part.contains("Ihr Unfall vom 8. Januar"), subject, "{name}");
            assert!(language != Language::De && language != Language::En || part.contains(date), "{name}");
        }
        assert_eq!(
            rendered.subject.contains("Unfall"),
            subject && matches!(notice, Notice::NewMessage { .. }),
            "{name}"
        );
    });
}

#[test]
fn a_withheld_subject_is_nowhere() {
    let mut facts = plain();
    facts.subject = "CANARY".to_owned();
    each(&brand(), &facts, |name, _, notice, rendered| {
        if let Notice::NewMessage { subject: None, .. } = notice {
            let all = format!("{}{}{}", rendered.subject, rendered.text, rendered.html);
            assert!(!all.contains("CANARY"), "{name}");
        }
    });
}

#[test]
fn a_subject_of_nothing_visible_is_none() {
    let mut facts = plain();
    facts.subject = "\u{202e}\u{200b} \r\n".to_owned();
    each(&brand(), &facts, |name, _, _, rendered| {
        assert!(!rendered.subject.ends_with([':', ' ']), "{name}: {}", rendered.subject);
        assert!(!rendered.text.contains("Betreff:") && !rendered.text.contains("Subject:"), "{name}");
    });
}

#[test]
fn the_days_until_deletion_are_said_in_both_languages() {
    let deadlines = |notice: &str, language| {
        let (_, notice) = notices(&plain()).into_iter().find(|(name, _)| *name == notice).unwrap();
        render(&notice, language, &brand(), "Europe/Berlin").unwrap().text.replace('\n', " ")
    };
    assert!(deadlines("activation", Language::De).contains("bis zum 24.02.2020 ein (noch 40 Tage)"));
    assert!(deadlines("activation", Language::En).contains("by 24 February 2020 (40 days left)"));
    assert!(deadlines("activation-one-day", Language::De).contains("(noch ein Tag)"));
    assert!(deadlines("activation-last-day", Language::En).contains("today"));
    for (one, many, language) in [
        ("Sie wird nach dem", "Die älteste wird nach dem", Language::De),
        ("It will be deleted after", "The oldest will be deleted after", Language::En),
    ] {
        assert!(deadlines("unread-tomorrow", language).contains(one));
        assert!(deadlines("unread", language).contains(many));
    }
    assert!(deadlines("digest-one", Language::De).contains("Sie wird nach dem"));
    assert!(deadlines("digest", Language::En).contains("The first of them will be deleted after"));
    // Of several letters, only the first expires on that day.
    assert!(deadlines("reminder", Language::De).contains("Danach wird die erste davon gelöscht"));
    assert!(deadlines("reminder-today", Language::En).contains("After that the message will be deleted"));
    assert!(deadlines("reminder-password", Language::De).contains("Danach wird die erste davon gelöscht"));
    assert!(deadlines("message", Language::De).contains("wird nach dem 24.02.2020 gelöscht (noch 60 Tage)"));
    assert!(deadlines("message", Language::En).contains("deleted after 24 February 2020 (60 days left)"));
    assert!(deadlines("message-1", Language::De).contains("nach dem 24.02.2020 gelöscht (noch ein Tag)"));
    assert!(deadlines("reset", Language::En).contains("until 24 February 2020, 12:49"));
    assert!(!deadlines("message-withheld", Language::De).contains("gelöscht"));
    for language in [Language::De, Language::En] {
        let held = deadlines("activation-held", language);
        for day in ["24.02.2020", "24 February", "40 Tage", "40 days"] {
            assert!(!held.contains(day), "{day}: {held}");
        }
    }
}

#[test]
fn hostile_facts_become_neither_markup_nor_header_nor_link() {
    for brand in [brand(), odd_brand()] {
        each(&brand, &hostile(), |name, _, _, rendered| {
            assert!(!rendered.subject.contains(char::is_control), "{name}: subject is one line");
            assert!(rendered.subject.chars().count() < 260, "{name}: subject is short");
            let lower = rendered.html.to_lowercase();
            for markup in ["<script", "<img src=x", "<a href=//", "</title><", "javascript:", "<boss"] {
                assert!(!lower.contains(markup), "{name}: {markup}");
            }
            assert!(rendered.html.len() < 20_000 && rendered.text.len() < 6_000, "{name}: bounded");
            for part in [&rendered.subject, &rendered.text, &rendered.html] {
                for trap in
                    ["https://evil", "http://evil", "www.evil", "evil.com", "evil.example", "boss@bank"]
                {
                    assert!(!part.contains(trap), "{name}: {trap} can be clicked");
                }
                for unseen in ['\u{202e}', '\u{202c}', '\u{1b}', '\r', '\0'] {
                    assert!(!part.contains(unseen), "{name}: {unseen:?}");
                }
            }
            for header in ["\nBcc:", "\nX-Evil:"] {
                assert!(!rendered.text.contains(header), "{name}");
            }
        });
    }
}

#[test]
fn nothing_is_fetched_and_nobody_is_tracked() {
    for brand in [brand(), odd_brand()] {
        each(&brand, &plain(), |name, _, _, rendered| {
            let html = &rendered.html;
            for fetched in ["src=\"http", "url(", "@import", "<link", "<iframe", "<form", "<table", "<script"]
            {
                assert!(!html.contains(fetched), "{name}: {fetched}");
            }
            assert_eq!(html.matches("src=").count(), usize::from(brand.logo.is_some()), "{name}");
            // Every URL in the HTML is a link we were given.
            for target in html.split("href=\"").skip(1).filter_map(|rest| rest.split('"').next()) {
                let known = target == LINK
                    || target == brand.portal_url
                    || Some(target) == brand.privacy.as_deref()
                    || Some(target) == brand.imprint.as_deref();
                assert!(known, "{name}: {target}");
            }
        });
    }
    assert_eq!(inline_images(&odd_brand()), [("logo".to_owned(), "image/png".to_owned(), vec![1, 2, 3])]);
    assert!(inline_images(&brand()).is_empty());
}

#[test]
fn the_brand_is_escaped_too() {
    each(&odd_brand(), &plain(), |name, _, _, rendered| {
        assert!(!rendered.html.contains("<VVaG>") && !rendered.html.contains("\"Safe\""), "{name}");
        assert!(rendered.text.contains("Müller & Söhne <VVaG>"), "{name}: text is text");
    });
}

#[test]
fn a_link_with_an_address_in_it_is_refused() {
    let notice =
        |link: &str| Notice::ResetLink { link: Secret::new(link.to_owned()), expires: samples::EXPIRES };
    for link in ["https://x.example/?username=m.mustermann%40web.example", "https://x.example/a@b", "x", ""] {
        assert!(render(&notice(link), Language::De, &brand(), "Europe/Berlin").is_err(), "{link}");
    }
    assert!(render(&notice(LINK), Language::De, &brand(), "Nowhere/Else").is_err());
}

#[test]
fn text_lines_fit_and_the_button_can_be_read() {
    each(&brand(), &plain(), |name, _, _, rendered| {
        for line in rendered.text.lines() {
            assert!(line.chars().count() <= 78 || line.contains("://"), "{name}: {line}");
        }
        assert!(!rendered.text.contains("\n\n\n"), "{name}: {}", rendered.text);
    });
}
