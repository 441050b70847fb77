//! What a delivery report says to people, German first, then English. Pure; knows nothing of the letter
//! but its recipient's address.

use sealpost_mail::{Address, DsnAction, EnhancedCode, Timestamp};

use crate::report::Report;
use crate::ticket::Purpose;

/// Subject and text of a report.
pub(crate) struct Wording {
    pub(crate) subject: String,
    pub(crate) text: String,
}

/// One thing in both languages.
type Both = (&'static str, &'static str);

pub(crate) fn write(purpose: &Purpose, recipient: &Address, report: &Report, now: Timestamp) -> Wording {
    let to = recipient.to_path();
    let (subject, german, english) = match (purpose, report.action) {
        (Purpose::Notice { .. }, _) => notice_failed(&to, report),
        (_, DsnAction::Failed) => failed(&to, report),
        (_, DsnAction::Delayed) => delayed(&to, report, now),
        (_, DsnAction::Relayed | DsnAction::Delivered | DsnAction::Expanded) => relayed(&to),
    };
    let reply = report.diagnostic.as_ref().map_or_else(String::new, |reply| {
        format!("\n--------\n\nTechnische Meldung / technical message:\n\n  {reply}\n")
    });
    let text = format!("{german}\n\n--------\n\n{english}\n{reply}");
    Wording { subject: format!("{} / {}", subject.0, subject.1), text }
}

fn failed(to: &str, report: &Report) -> (Both, String, String) {
    let why = explanation(report.status);
    (
        ("Nicht zugestellt", "Not delivered"),
        format!(
            "Ihre Nachricht an\n\n  {to}\n\nkonnte nicht zugestellt werden. {}\n\n\
             Sie wird nicht noch einmal versucht.",
            why.0
        ),
        format!(
            "Your message to\n\n  {to}\n\ncould not be delivered. {}\n\nIt will not be tried again.",
            why.1
        ),
    )
}

fn delayed(to: &str, report: &Report, now: Timestamp) -> (Both, String, String) {
    let why = explanation(report.status);
    let left = report.retry_until.map(|until| until.since(now).as_secs() / 3600).unwrap_or_default();
    let (span_de, span_en) = match left {
        0 => ("noch kurze Zeit".to_owned(), "for a short while".to_owned()),
        1..48 => (format!("noch etwa {left} Stunden"), format!("for about {left} more hours")),
        _ => (format!("noch etwa {} Tage", left / 24), format!("for about {} more days", left / 24)),
    };
    (
        ("Zustellung verzögert", "Delivery delayed"),
        format!(
            "Ihre Nachricht an\n\n  {to}\n\nkonnte noch nicht zugestellt werden. {}\n\n\
             Sie müssen nichts tun: Es wird {span_de} versucht.",
            why.0
        ),
        format!(
            "Your message to\n\n  {to}\n\nhas not been delivered yet. {}\n\n\
             You need not do anything: delivery will be tried {span_en}.",
            why.1
        ),
    )
}

fn relayed(to: &str) -> (Both, String, String) {
    (
        ("Weitergegeben", "Passed on"),
        format!(
            "Ihre Nachricht an\n\n  {to}\n\nwurde an den nächsten Mailserver übergeben. \
             Dieser sendet keine weiteren Zustellberichte."
        ),
        format!(
            "Your message to\n\n  {to}\n\nwas handed to the next mail server, which sends no further delivery reports."
        ),
    )
}

/// The letter is safe in its mailbox, but its owner does not know.
fn notice_failed(to: &str, report: &Report) -> (Both, String, String) {
    let why = explanation(report.status);
    (
        ("Empfänger nicht benachrichtigt", "Recipient not notified"),
        format!(
            "Ihre vertrauliche Nachricht an\n\n  {to}\n\nliegt verschlüsselt im Postfach des Empfängers bereit, \
             aber die Benachrichtigung darüber konnte nicht zugestellt werden. {}\n\n\
             Bitte informieren Sie den Empfänger auf anderem Weg.",
            why.0
        ),
        format!(
            "Your confidential message to\n\n  {to}\n\nis waiting, encrypted, in the recipient's mailbox, \
             but the notification about it could not be delivered. {}\n\n\
             Please inform the recipient by other means.",
            why.1
        ),
    )
}

/// RFC 3463 in plain words.
fn explanation(status: EnhancedCode) -> Both {
    match (status.1, status.2) {
        (1, 1 | 3) => (
            "Diese Adresse gibt es dort nicht. Bitte prüfen Sie die Schreibweise.",
            "There is no such address. Please check its spelling.",
        ),
        (1, 2) | (4, 4) => (
            "Für den Teil hinter dem @ gibt es keinen Mailserver. Bitte prüfen Sie die Schreibweise.",
            "There is no mail server for the part behind the @. Please check its spelling.",
        ),
        (1, 10) => (
            "Die Domain hinter dem @ nimmt keine E-Mails an.",
            "The domain behind the @ does not accept mail.",
        ),
        (1, 6) => ("Der Empfänger hat eine neue Adresse.", "The recipient has moved to a new address."),
        (2, 1) => ("Das Postfach ist gesperrt.", "The mailbox is disabled."),
        (2, 2) => ("Das Postfach des Empfängers ist voll.", "The recipient's mailbox is full."),
        (2, 3) | (3, 4) => (
            "Die Nachricht ist für den Server des Empfängers zu groß.",
            "The message is too large for the recipient's server.",
        ),
        (4, 6) => (
            "Die Mailserver sind so eingerichtet, dass die Nachricht im Kreis laufen würde.",
            "The mail servers are set up so that the message would go round in circles.",
        ),
        (4, 7) => (
            "Der Server des Empfängers war die ganze Zeit nicht bereit, sie anzunehmen.",
            "The recipient's server was not ready to accept it all this time.",
        ),
        (4, _) => {
            ("Der Server des Empfängers ist nicht erreichbar.", "The recipient's server cannot be reached.")
        }
        (6, 3) => (
            "Der Server des Empfängers nimmt nur einfachen Text ohne Umlaute und Sonderzeichen an (kein 8BITMIME), und \
             wir verändern Ihre Nachricht nicht, damit Signaturen gültig bleiben. Bitte stellen Sie Ihr E-Mail-Programm \
             auf die Kodierung „quoted-printable“ um, oder schreiben Sie ohne Umlaute.",
            "The recipient's server accepts plain text without accents and special characters only (no 8BITMIME), and \
             we do not change your message, so that signatures stay valid. Please set your mail program to the \
             encoding \"quoted-printable\", or write without accents.",
        ),
        (6, 7) => (
            "Der Server des Empfängers kann Nachrichten mit diesen Zeichen nicht annehmen.",
            "The recipient's server cannot accept messages with such characters.",
        ),
        (7, 4 | 5) => (
            "Die Verbindung zum Server des Empfängers ist nicht so sicher, wie diese Nachricht es verlangt.",
            "The connection to the recipient's server is not as safe as this message requires.",
        ),
        (7, _) => (
            "Der Server des Empfängers hat die Annahme aus Sicherheitsgründen abgelehnt.",
            "The recipient's server refused it for security reasons.",
        ),
        _ => (
            "Der Server des Empfängers hat sie nicht angenommen.",
            "The recipient's server did not accept it.",
        ),
    }
}
