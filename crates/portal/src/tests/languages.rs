//! No page without texts, no texts without a page, in any language.

use std::collections::BTreeSet;
use std::path::Path;

use super::rig::{HOUR, Rig, sample};
use crate::language::Language;

fn texts(folder: &Path, extension: &str, out: &mut String) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() && path.file_name().is_some_and(|name| name != "tests") {
            texts(&path, extension, out);
        } else if path.extension().is_some_and(|e| e == extension) {
            out.push_str(&std::fs::read_to_string(&path).unwrap());
        }
    }
}

fn keys_of(language: Language) -> BTreeSet<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../webmail-ui/locales").join(language.tag());
    let mut all = String::new();
    texts(&folder, "ftl", &mut all);
    all.lines()
        .filter(|line| line.starts_with(|c: char| c.is_ascii_lowercase()))
        .filter_map(|line| line.split_once(" ="))
        .map(|(key, _)| key.to_owned())
        .collect()
}

#[test]
fn every_key_is_in_every_language_and_used() {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut used = String::new();
    texts(&here.join("../../webmail-ui/templates"), "html", &mut used);
    texts(&here.join("src"), "rs", &mut used);
    // A document's labels and the names of files are used there; only the texts are here.
    texts(&here.join("../export/src/pdf"), "rs", &mut used);
    used.push_str(&std::fs::read_to_string(here.join("../mail/src/attached_name.rs")).unwrap());
    let languages: Vec<_> = Language::all().collect();
    assert!(languages.len() >= 2);
    let first = keys_of(languages[0]);
    assert!(first.len() > 100);
    for language in languages {
        let keys = keys_of(language);
        let missing: Vec<_> = first.symmetric_difference(&keys).collect();
        assert!(missing.is_empty(), "{}: {missing:?}", language.tag());
        for key in &keys {
            assert!(language.has(key), "{}: {key} cannot be read", language.tag());
            assert!(used.contains(&format!("\"{key}\"")), "{key} is used nowhere");
        }
    }
    // Keys used by templates exist.
    for call in [".t(\"", ".n(\"", ".v(\"", "say(\"", "say_with(\""] {
        for part in used.split(call).skip(1) {
            let key = part.split('"').next().unwrap();
            assert!(first.contains(key), "{key} is asked for and not there");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_page_speaks_every_language() {
    let rig = Rig::start().await;
    let (made, owner) = rig.owner("max@web.example").await;
    let id = rig.world.letter(&made, &sample::rich(), HOUR, 9).await;
    let new = rig.world.mailbox("new@web.example", "").await;
    rig.world.letter(&new, &sample::rich(), HOUR, 9).await;
    let keys = keys_of(Language::all().next().unwrap());
    for language in Language::all() {
        let tag = language.tag();
        let mut visitor = rig.browser();
        visitor.language = tag.to_owned();
        let mut pages = Vec::new();
        for path in ["/", "/?note=left", "/?note=over", "/accessibility", "/nothing", "/a/broken"] {
            pages.push((path.to_owned(), visitor.get(path).await));
        }
        let link = format!("/a/{}", new.token);
        let page = visitor.get(&link).await;
        let token = page.form_token();
        pages.push((link.clone(), page));
        pages.push((link.clone(), visitor.send(&link, &[("form_token", token.as_str())]).await));
        let wrong = [("form_token", token.as_str()), ("address", "x@web.example"), ("password", "x")];
        pages.push(("/login".into(), visitor.send("/login", &wrong).await));
        pages.push(("used".into(), visitor.get(&format!("/a/{}", made.token)).await));
        // The owner's language is the mailbox's, whatever the browser requests.
        let mut owner = owner.clone();
        let token = owner.get("/inbox").await.form_token();
        let chosen = [("form_token", token.as_str()), ("language", tag), ("back", "/inbox")];
        assert_eq!(owner.send("/language", &chosen).await.header("location"), "/inbox");
        owner.cookies.remove("sealpost-language");
        for path in ["/inbox", "/inbox?welcome=1", "/missing"] {
            pages.push((path.to_owned(), owner.get(path).await));
        }
        for path in ["", "?view=text", "/html"] {
            pages.push((path.to_owned(), owner.get(&format!("/m/{id}{path}")).await));
        }
        for (path, page) in pages {
            let text = page.text();
            assert!(text.contains(&format!("<html lang=\"{tag}\">")), "{tag} {path}");
            for key in keys.iter().filter(|key| key.contains('-')) {
                assert!(!text.contains(&format!(">{key}<")), "{tag} {path} shows {key}");
            }
            assert!(!text.contains('\u{2068}'), "{tag} {path} has isolation marks");
        }
        rig.clock.advance(std::time::Duration::from_secs(120));
    }
    rig.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_visitors_choice_beats_the_browsers() {
    let rig = Rig::start().await;
    let mut browser = rig.browser();
    browser.language = "fr, en;q=0.4, de;q=0.6".into();
    let page = browser.get("/").await;
    assert!(page.text().contains("<html lang=\"de\">"));
    let fields =
        [("form_token", page.form_token()), ("language", "en".into()), ("back", "//evil.example".into())];
    let switched = browser.send("/language", &fields).await;
    assert_eq!(switched.header("location"), "/");
    assert!(browser.get("/").await.text().contains("<html lang=\"en\">"));
    rig.stop().await;
}
