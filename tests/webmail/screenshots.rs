//! Pictures of every page for the documentation, by `cargo xtask screenshots`: day and night, phone and desktop,
//! German and English. The first argument is the folder.
#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a tool for developers")]

use std::path::PathBuf;

use rig::browser::Kind;
use rig::reader::PASSWORD;
use rig::{Browser, Config, Gateway, Hop, Screen, letters};

const ANNA: &str = "anna.mueller@web.example";

fn main() {
    let folder = PathBuf::from(std::env::args().nth(1).unwrap_or_else(|| "docs/images".to_owned()));
    std::fs::create_dir_all(&folder).unwrap();
    for language in ["de", "en"] {
        album(language, &folder);
        newcomers(language, &folder);
    }
}

/// The pages of those who come with an initial password.
fn newcomers(language: &'static str, folder: &std::path::Path) {
    let hop = Hop::new();
    let mut config = Config::new(&hop);
    config
        .set("brand", "name", r#""Musterversicherung""#)
        .set("notices", "language", &format!("{language:?}"))
        .set("portal", "activation", r#""initial-password""#);
    let gateway = Gateway::start(&config);
    let letter = letters::plain("[vertraulich] Ihre Schadenmeldung 4711", "Text");
    gateway.smtp().letter("erika.muster@insurer.example", &[ANNA], &letter).expect("250 *");
    let initial = letters::initial_password(&hop.wait_to("erika.muster@insurer.example").bytes);
    let browser = Browser::of_kind(&Kind::new(language));
    browser.open(&format!("http://{}/", gateway.config.web));
    shoot(&browser, folder, "login-initial", language);
    browser.log_in(ANNA, &initial);
    shoot(&browser, folder, "first", language);
}

/// One page on every screen.
fn shoot(browser: &Browser, folder: &std::path::Path, page: &str, language: &str) {
    for (name, screen) in [("phone", Screen::PHONE), ("desktop", Screen::DESKTOP)] {
        for (mood, screen) in [("light", screen), ("dark", screen.by_night())] {
            browser.look_on(screen);
            let file = folder.join(format!("{page}-{language}-{name}-{mood}.png"));
            std::fs::write(&file, browser.picture()).unwrap();
        }
    }
    println!("{page} in {language}");
}

fn album(language: &'static str, folder: &std::path::Path) {
    let hop = Hop::new();
    let mut config = Config::new(&hop);
    config.set("brand", "name", r#""Musterversicherung""#).set(
        "notices",
        "language",
        &format!("{language:?}"),
    );
    let gateway = Gateway::start(&config);
    let send = |letter: &[u8]| {
        gateway.smtp().letter("erika.muster@insurer.example", &[ANNA], letter).expect("250 *");
    };
    for (subject, text) in [
        ("Ihre Beitragsrechnung 2027", "anbei Ihre Rechnung."),
        ("Rückfrage zu Ihrem Antrag", "bitte rufen Sie uns an."),
        ("Gutachten zum Wasserschaden", "das Gutachten liegt vor."),
    ] {
        send(&letters::rich(
            &format!("[vertraulich] {subject}"),
            text,
            &format!("<p>Sehr geehrte Frau Müller,</p><p>{text}</p>"),
            "Rechnung.pdf",
            &letters::pdf(subject),
        ));
    }
    send(&letters::rich(
        "[vertraulich] Ihre Schadenmeldung 4711",
        "Sehr geehrte Frau Müller,\r\n\r\nvielen Dank für Ihre Meldung. Die Unterlagen finden Sie im Anhang.\r\n",
        "<h2>Ihre Schadenmeldung</h2><p>Sehr geehrte Frau <b>Müller</b>,</p><p>vielen Dank für Ihre Meldung vom \
         12.&nbsp;November. Wir haben den Schaden wie folgt aufgenommen:</p><table cellpadding=6><tr><th align=left>Position\
         </th><th align=right>Betrag</th></tr><tr><td>Reparatur</td><td align=right>1.240,00&nbsp;€</td></tr><tr>\
         <td>Gutachten</td><td align=right>310,00&nbsp;€</td></tr></table><p>Fragen beantwortet \
         <a href='https://insurer.example/schaden'>unsere Schadenabteilung</a>.</p>",
        "Schadenanzeige März.pdf",
        &letters::pdf("Schadenanzeige 4711"),
    ));
    let link = letters::link(&hop.wait_to(ANNA).bytes);
    let browser = Browser::of_kind(&Kind::new(language));
    let at = |path: &str| format!("http://{}{path}", gateway.config.web);
    let shoot = |page: &str| shoot(&browser, folder, page, language);

    browser.open(&at("/"));
    shoot("login");
    browser.open(&link);
    shoot("activation");
    browser.choose("#language", language);
    browser.fill("#password", PASSWORD);
    browser.fill("#repeat", PASSWORD);
    browser.choose("#question", "0");
    browser.fill("#answer", "Rosa Luxemburg");
    browser.click_through("main form .submit button");
    browser.open(&at("/inbox"));
    shoot("inbox");
    browser.click_through("ul.letters a");
    shoot("letter");
    browser.click_through("nav.actions a[href*='view=text']");
    shoot("letter-text");
    for (path, page) in [
        ("/sent", "sent"),
        ("/trash", "trash"),
        ("/account", "account"),
        ("/account/password", "account-password"),
        ("/account/delete", "account-delete"),
        ("/accessibility", "accessibility"),
        ("/nothing-here", "nothing-here"),
    ] {
        browser.open(&at(path));
        shoot(page);
    }
    browser.open(&at("/inbox"));
    browser.log_out();
    browser.open(&at("/forgot"));
    shoot("forgot");
    browser.open(&link);
    shoot("link-used");
    browser.open(&at("/"));
    browser.log_in(ANNA, "falsch");
    shoot("login-wrong");
}
