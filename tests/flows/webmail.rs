//! The first access in a real browser: click the link in the mail, choose a password, read, download, leave,
//! come back.

use rig::reader::PASSWORD;
use rig::{Browser, Config, Gateway, Hop, Postfix, letters};

#[test]
fn from_the_insurers_postfix_to_the_recipients_screen_and_back_in_again() {
    let hop = Hop::new();
    let gateway = Gateway::start(&Config::new(&hop));
    let postfix = Postfix::relaying_to(gateway.config.smtp, "");
    let pdf = letters::pdf("Schadenanzeige 4711");
    let letter = letters::rich(
        "[vertraulich] Ihre Schadenmeldung für März",
        "Sehr geehrte Frau Müller,\r\nanbei die Größenangaben.",
        "<h1>Ihr Schaden</h1><p>Sehr geehrte Frau <b>Müller</b>, anbei die Größenangaben.</p>\
         <script>document.title='gehackt'</script><img src='http://tracker.example/x.png'>",
        "Schadenanzeige März.pdf",
        &pdf,
    );
    postfix
        .smtp()
        .letter("erika.muster@insurer.example", &["anna.mueller@web.example"], &letter)
        .expect("250 *");
    let notice = hop.wait_to("anna.mueller@web.example");

    let browser = Browser::start();
    let link = letters::link(&notice.bytes);
    browser.open(&link);
    let text = browser.text();
    assert!(text.contains("Ihr Postfach einrichten"), "{text}");
    assert!(text.contains("Ihre Schadenmeldung für März") && !text.contains("[vertraulich]"), "{text}");
    browser.activate(&link);

    assert!(browser.url().contains("/inbox"), "{} {}", browser.url(), browser.text());
    assert!(browser.text_of("ul.letters").contains("Ihre Schadenmeldung für März"), "{}", browser.text());
    browser.click_through("ul.letters a");
    assert!(browser.text_of("article.message").contains("Erika Müster"), "{}", browser.text());
    let shown = browser.text_of_frame("iframe.frame");
    assert!(shown.contains("Ihr Schaden") && shown.contains("Größenangaben"), "{shown}");
    assert!(!browser.source().contains("gehackt") && !browser.source().contains("tracker.example"));

    assert!(browser.text_of(".files").contains("Schadenanzeige März.pdf"), "{}", browser.text());
    browser.click(".files a");
    let (name, bytes) = browser.download();
    assert_eq!(bytes, pdf, "the attachment came out changed");
    assert!(name.ends_with(".pdf"), "{name}");
    let file = gateway.home.write("downloaded.pdf", &bytes);
    let (code, info, err) = rig::process::run(std::process::Command::new("pdfinfo").arg(file));
    assert!(code == 0 && info.contains("Pages:           1"), "{info}{err}");

    browser.log_out();
    browser.open(&format!("http://{}/inbox", gateway.config.web));
    assert!(browser.count("#password") == 1, "the inbox is open to nobody: {}", browser.text());
    browser.log_in("anna.mueller@web.example", "falsches Passwort");
    assert!(browser.count("#login-error") == 1, "{}", browser.text());
    // Typed as people type it.
    browser.log_in("Anna.Mueller@WEB.example", PASSWORD);
    browser.open(&format!("http://{}/inbox", gateway.config.web));
    assert!(browser.text_of("ul.letters").contains("Ihre Schadenmeldung für März"), "{}", browser.text());
    drop(browser);
    drop(postfix);
    gateway.sweep();
}

#[test]
fn a_second_letter_comes_with_a_link_to_an_open_mailbox() {
    let hop = Hop::new();
    let gateway = Gateway::start(&Config::new(&hop));
    let send = |subject: &str| {
        let letter = letters::plain(subject, "Text");
        gateway.smtp().letter("e@insurer.example", &["max@web.example"], &letter).expect("250 *");
    };
    send("[vertraulich] eins");
    let first = hop.wait(1)[0].clone();
    let browser = Browser::start();
    browser.activate(&letters::link(&first.bytes));
    send("[vertraulich] zwei");
    let second = hop.wait(2)[1].clone();
    let inbox = format!("http://{}/inbox", gateway.config.web);
    browser.open(&inbox);
    assert_eq!((browser.count("ul.letters > li"), browser.count("ul.letters > li.unread")), (2, 2));
    // Its owner is signed in here: the link leads to the letter itself.
    browser.open(&letters::link(&second.bytes));
    assert!(browser.text_of("article.message h1").contains("zwei"), "{}", browser.text());
    browser.open(&inbox);
    assert_eq!((browser.count("ul.letters > li"), browser.count("ul.letters > li.unread")), (2, 1));
}

#[test]
fn what_is_wrong_with_a_password_is_said_and_nothing_is_lost() {
    let hop = Hop::new();
    let gateway = Gateway::start(&Config::new(&hop));
    let letter = letters::plain("[vertraulich] eins", "Text");
    gateway.smtp().letter("e@insurer.example", &["max@web.example"], &letter).expect("250 *");
    let link = letters::link(&hop.wait(1)[0].bytes);
    let browser = Browser::start();
    browser.open(&link);
    browser.fill("#password", "kurz");
    browser.fill("#repeat", "anders");
    browser.choose("#question", "1");
    browser.fill("#answer", "Frau Schmidt");
    browser.click_through("main form .submit button");
    assert!(browser.count("[role=alert]") >= 1, "{}", browser.text());
    assert_eq!(browser.count("#password[aria-invalid]"), 1, "{}", browser.source());
    assert_eq!(browser.attribute("#answer", "value").as_deref(), Some("Frau Schmidt"));
    browser.activate(&link);
    assert!(browser.url().contains("/inbox"));
}
