//! Every page in the pseudo language: any readable text was never in a language folder.

use super::pseudo::{TAG, plain_words, shown};
use super::rig::{FORM, HOUR, Rig, encoded};
use crate::language::Language;
use crate::letters::archive::labels;
use crate::mailbox::profile::ZONES;
use crate::routes::{Right, TABLE, Verb};

/// Text on pages that needs no translation: international names, what was typed here, and the letter's
/// content.
const KNOWN: &[&str] = &[
    "Insurer",
    "SecureMail",
    "securemail@insurer.example",
    "max@web.example",
    "new@web.example",
    "insurer.example",
    "127.0.0.1",
    "http",
    "Lindenstraße",
    "9.example",
    "12.ics",
    "13.eml",
];

/// Pages that show the letter and nothing of ours, or are not for people.
const NOT_OURS: [&str; 5] =
    ["/m/{id}/html", "/m/{id}/inside/{part}/html", "/logout", "/account/leave", "/login"];

/// The words of a page that are in no language folder.
pub(super) fn unspoken(page: &str) -> Vec<String> {
    // Time zones have their IANA names.
    let is_zone = |word: &String| ZONES.iter().any(|zone| zone.split(['/', '_']).any(|part| part == word));
    let words = plain_words(&shown(page), KNOWN).into_iter();
    words.filter(|word| !is_zone(word)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn no_page_says_anything_that_is_not_in_a_language_folder() {
    let rig = Rig::start_with(|config| config.languages = vec![TAG.to_owned()]).await;
    let (made, owner) = rig.owner("max@web.example").await;
    let letter = b"From: a@insurer.example\r\nTo: max@web.example\r\nSubject: 4711\r\nDate: Thu, 19 Nov 2026 10:00:00 +0100\r\n\r\n12345\r\n";
    let id = rig.world.letter(&made, letter, HOUR, 9).await;
    let new = rig.world.mailbox("new@web.example", TAG).await;
    rig.world.letter(&new, letter, HOUR, 9).await;
    let mut bad = Vec::new();
    let mut seen = 0;
    for row in TABLE.iter().filter(|row| !NOT_OURS.contains(&row.path)) {
        let path = row.path.replace("{id}", &id).replace("{token}", &new.token).replace("{part}", "1");
        let mut browser = match row.right {
            Right::Owner => owner.clone(),
            Right::Anyone | Right::Newcomer => rig.browser(),
        };
        browser.language = TAG.to_owned();
        let reply = match row.verb {
            Verb::Read => browser.get(&path).await,
            Verb::Act => {
                let page = browser.get(if row.right == Right::Owner { "/account" } else { "/forgot" }).await;
                let fields = encoded(&[("form_token", page.form_token())]);
                browser.request("POST", &path, &[("sec-fetch-site", "same-origin"), FORM], &fields).await
            }
        };
        rig.clock.advance(std::time::Duration::from_secs(30));
        if !reply.header("content-type").starts_with("text/html") {
            continue;
        }
        seen += 1;
        let text = reply.text();
        assert!(text.contains(&format!("<html lang=\"{TAG}\"")), "{:?} {}", row.verb, row.path);
        let words = unspoken(&text);
        if !words.is_empty() {
            bad.push(format!("{:?} {}: {}", row.verb, row.path, words.join(" ")));
        }
    }
    assert!(seen > 25, "{seen} pages");
    assert!(bad.is_empty(), "words of no language folder:\n{}", bad.join("\n"));
    rig.stop().await;
}

#[test]
fn no_document_says_anything_that_is_not_in_a_language_folder() {
    let language = Language::parse(TAG).unwrap();
    let mut said = format!("{:?}", labels(language));
    // Names of fields and of places.
    for field in ["Labels", "Some", "None"] {
        said = said.replace(field, " ");
    }
    let values: Vec<&str> = said.split('"').skip(1).step_by(2).collect();
    assert!(values.len() > 10, "{said}");
    let places = ["{page}", "{pages}", "{weekday}", "{day}", "{month}", "{year}", "{time}", "{zone}", TAG];
    assert_eq!(plain_words(&values.join("\n"), &places), Vec::<String>::new());
}
