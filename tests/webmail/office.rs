//! The insurer's side of these scenarios: a real Postfix that sends everything to the gateway, and letters of
//! every kind.

use rig::{Config, Gateway, Hop, Postfix, letters};

/// This department's mail needs no tag.
pub(crate) const SENDER: &str = "erika.muster@unfall.insurer.example";

/// A gateway, the mail server in front of it and outside servers.
pub(crate) struct Office {
    pub(crate) hop: Hop,
    postfix: Postfix,
    pub(crate) gateway: Gateway,
}

impl Office {
    /// Opens in the morning.
    pub(crate) fn new(language: &str) -> Self {
        Self::with(language, |_config| ())
    }

    /// One with something configured otherwise.
    pub(crate) fn with(language: &str, change: impl FnOnce(&mut Config)) -> Self {
        let hop = Hop::new();
        let mut config = Config::new(&hop);
        config
            .set("notices", "language", &format!("{language:?}"))
            .set("brand", "imprint", r#""https://insurer.example/impressum""#)
            .set("brand", "privacy", r#""https://insurer.example/datenschutz""#)
            .set("portal.write", "domains", r#"["insurer.example"]"#)
            .set("portal.write", "floor", r#""none""#);
        change(&mut config);
        let gateway = Gateway::start(&config);
        Self { postfix: Postfix::relaying_to(gateway.config.smtp, ""), gateway, hop }
    }

    /// `http://127.0.0.1:…`
    pub(crate) fn origin(&self) -> String {
        format!("http://{}", self.gateway.config.web)
    }

    /// An address of the portal.
    pub(crate) fn at(&self, path: &str) -> String {
        format!("{}{path}", self.origin())
    }

    /// Sends a letter and gives the link in the notice of it.
    pub(crate) fn send(&self, to: &str, letter: &[u8]) -> String {
        self.next_link(|| self.send_quietly(to, letter))
    }

    /// Sends a letter.
    pub(crate) fn send_quietly(&self, to: &str, letter: &[u8]) {
        self.send_from(SENDER, to, letter);
    }

    /// Sends a letter from outside.
    pub(crate) fn send_from(&self, from: &str, to: &str, letter: &[u8]) {
        self.postfix.smtp().letter(from, &[to], letter).expect("250 *");
    }

    /// Does something that makes a mail leave; gives the link in it.
    pub(crate) fn next_link(&self, job: impl FnOnce()) -> String {
        let before = self.hop.delivered().len();
        job();
        letters::link(&self.hop.wait(before + 1)[before].bytes)
    }
}

/// A friendly letter in HTML with a table, a list, a link and a PDF.
pub(crate) fn claim() -> Vec<u8> {
    let html = "<h1>Ihre Schadenmeldung</h1>\
        <p>Sehr geehrte Frau <b>Müller</b>, vielen Dank für Ihre Meldung vom 12.&nbsp;November.</p>\
        <table><tr><th scope=col>Position</th><th scope=col>Betrag</th></tr>\
        <tr><td>Reparatur</td><td>1.240,00&nbsp;€</td></tr><tr><td>Gutachten</td><td>310,00&nbsp;€</td></tr></table>\
        <p>Bitte senden Sie uns noch:</p><ul><li>das Foto der Stoßstange</li><li>die Rechnung der Werkstatt</li></ul>\
        <p>Fragen beantwortet <a href='https://insurer.example/schaden'>unsere Schadenabteilung</a>.</p>";
    letters::rich(
        "[vertraulich] Ihre Schadenmeldung 4711 für den März",
        "Sehr geehrte Frau Müller,\r\n\r\nanbei die Größenangaben.\r\n\r\n> Sie schrieben:\r\n>> siehe https://insurer.example/schaden\r\n",
        html,
        "Schadenanzeige März.pdf",
        &letters::pdf("Schadenanzeige 4711"),
    )
}

/// Letters that strain a page: name and letter.
pub(crate) fn odd_letters() -> Vec<(&'static str, Vec<u8>)> {
    let long_word = "Donaudampfschifffahrtsgesellschaftskapitaensmuetze".repeat(8);
    let sentence = "Ihre Kraftfahrzeughaftpflichtversicherung und alles, was dazu zu sagen ist ".repeat(6);
    let broken =
        letters::with_fields("[vertraulich] kaputt", "Content-Type: multipart/mixed\r\n", "--x\r\n\r\n");
    let no_subject =
        String::from_utf8(letters::with_fields("", "Sensitivity: Company-Confidential\r\n", "Text"));
    vec![
        ("one endless word as subject", letters::plain(&format!("[vertraulich] {long_word}"), &long_word)),
        (
            "a subject of many lines",
            letters::plain(&format!("[vertraulich] {sentence}"), &format!("{sentence}\n").repeat(40)),
        ),
        ("no subject", no_subject.unwrap().replace("Subject: \r\n", "").into_bytes()),
        ("nothing in it", letters::plain("[vertraulich] leer", "")),
        ("broken MIME", broken),
        (
            "a wide table and remote pictures",
            letters::rich(
                "[vertraulich] Tabelle",
                "siehe HTML",
                &format!(
                    "<p>Breit:</p><table><tr>{}</tr></table><img src='https://tracker.example/p.png' alt=Logo>",
                    "<td>Zelle mit Inhalt</td>".repeat(30)
                ),
                &format!("{}.pdf", "sehr-langer-dateiname-".repeat(9)),
                b"x",
            ),
        ),
    ]
}
