//! A letter submitted after the session had expired: its text is restored after the log-in, in its own draft
//! and no other.

use super::rig::{Browser, FORM, HOUR, PASSWORD, Reply, Rig, encoded};
use super::writing::{begin, parts, post};

/// The fields of the log-in form on this page, as a browser sends them back.
fn filled(page: &Reply, address: &str, password: &str) -> Vec<(&'static str, String)> {
    let text = page.text();
    let value = |name: &str| {
        let (_, rest) = text.split_once(&format!("name=\"{name}\" value=\""))?;
        Some(unescaped(rest.split('"').next()?))
    };
    let mut fields = vec![
        ("form_token", page.form_token()),
        ("address", address.to_owned()),
        ("password", password.to_owned()),
    ];
    for name in ["to", "kept", "kept_to", "kept_cc", "kept_subject"] {
        if let Some(value) = value(name) {
            fields.push((name, value));
        }
    }
    if let Some((_, rest)) = text.split_once("name=\"kept_text\" hidden aria-hidden=\"true\">\n") {
        // Browsers send line ends in a form as CRLF.
        let typed = unescaped(rest.split("</textarea>").next().unwrap());
        fields.push(("kept_text", typed.replace("\r\n", "\n").replace('\n', "\r\n")));
    }
    fields
}

fn unescaped(text: &str) -> String {
    [("&#34;", "\""), ("&#39;", "'"), ("&#60;", "<"), ("&#62;", ">"), ("&#38;", "&")]
        .iter()
        .fold(text.to_owned(), |text, (from, to)| text.replace(from, to))
}

async fn late(browser: &mut Browser, path: &str, token: &str, text: &str) -> Reply {
    let fields = [
        ("form_token", token),
        ("to", "anna@insurer.example"),
        ("cc", ""),
        ("subject", "Mein \"Unfall\" <2>"),
        ("text", text),
        ("do", "send"),
    ];
    post(browser, path, &parts(&fields, &[("foto.jpg", "image/jpeg", &[7; 300_000])])).await
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_typed_comes_back_after_the_log_in() {
    let rig = Rig::start().await;
    let (_, mut browser) = rig.owner("max@web.example").await;
    let (path, token) = begin(&mut browser, "new", "").await;
    rig.clock.advance(HOUR);
    let typed = "\r\nGrüße & <b>Küsse</b>\r\nÄÖÜ";
    let page = late(&mut browser, &path, &token, typed).await;
    assert_eq!(page.status, 200, "{}", page.text());
    assert!(page.text().contains("ist nicht verloren") && page.text().contains("Grüße &#38; &#60;b&#62;"));
    let wrong = browser.send("/login", &filled(&page, "max@web.example", "falsch")).await;
    assert_eq!(wrong.status, 422);
    let right = browser.send("/login", &filled(&wrong, "max@web.example", PASSWORD)).await;
    assert_eq!((right.status, right.header("location")), (303, format!("{path}?note=late").as_str()));
    let draft = browser.get(&format!("{path}?note=late")).await.text();
    assert!(draft.contains("Ihr Text ist wieder da"), "{draft}");
    assert!(draft.contains("\n\nGrüße &#38; &#60;b&#62;Küsse&#60;/b&#62;\nÄÖÜ</textarea>"), "{draft}");
    assert!(
        draft.contains("value=\"Mein &#34;Unfall&#34; &#60;2&#62;\"")
            && draft.contains("anna@insurer.example")
    );
    assert!(rig.posted.1.taken.lock().unwrap().is_empty(), "nothing was sent");

    // Too long for a form: shown, to be copied.
    let token = browser.get("/inbox").await.form_token();
    rig.clock.advance(HOUR);
    let page = late(&mut browser, &path, &token, &"viel Text ".repeat(9000)).await.text();
    assert!(page.contains("Bitte kopieren Sie ihn unten") && page.contains("viel Text viel Text"));
    assert!(!page.contains("name=\"kept\""));
    rig.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_puts_words_into_another_ones_draft() {
    let rig = Rig::start().await;
    let (_, mut browser) = rig.owner("max@web.example").await;
    let (path, token) = begin(&mut browser, "new", "").await;
    rig.clock.advance(HOUR);
    // Without the token of that very cookie it is not a form of ours.
    let forged = late(&mut browser.clone(), &path, "AAAA", "untergeschoben").await;
    assert_eq!((forged.status, forged.header("location")), (303, "/?note=over"));
    let fields = [("form_token", token.as_str()), ("text", "fremd"), ("do", "send")];
    let cross = [("sec-fetch-site", "cross-site"), FORM];
    let crossed = browser.clone().request("POST", &path, &cross, &encoded(&fields)).await;
    assert_eq!(crossed.status, 303);
    // The script's automatic saving gets no page.
    let kept = [("form_token", token.as_str()), ("text", "x"), ("do", "keep")];
    assert_eq!(browser.clone().send(&path, &kept).await.status, 303);
    // Another owner logs in: it goes nowhere.
    rig.owner("eve@web.example").await;
    let page = late(&mut browser, &path, &token, "Meins").await;
    let other = browser.send("/login", &filled(&page, "eve@web.example", PASSWORD)).await;
    assert_eq!((other.status, other.header("location")), (303, "/drafts"));
    assert!(!browser.get("/drafts").await.text().contains("Unfall"));
    let mut owner = rig.browser();
    let form = owner.get("/").await;
    let back = owner.send("/login", &filled(&form, "max@web.example", PASSWORD)).await;
    assert_eq!(back.header("location"), "/inbox");
    assert!(!owner.get(&path).await.text().contains("Meins"));
    rig.stop().await;
}
