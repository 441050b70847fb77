# Was in Zustellberichten steht (RFC 3464): reiner Text, in jeder Sprache des Betreibers untereinander.
# $to ist die Adresse des Empfängers, eingerückt, $why einer der Sätze report-why-…

report-technical = Technische Meldung

report-failed-subject = Nicht zugestellt
report-failed =
    Ihre Nachricht an

    { $to }

    konnte nicht zugestellt werden. { $why }

    Wir versuchen es nicht noch einmal.

report-delayed-subject = Zustellung verzögert
report-delayed =
    Ihre Nachricht an

    { $to }

    konnte noch nicht zugestellt werden. { $why }

    Sie müssen nichts tun: Wir versuchen es { $left }.
report-left-short = noch kurze Zeit
report-left-hours = noch etwa { $n } { $n ->
        [one] Stunde
       *[other] Stunden
    }
report-left-days = noch etwa { $n } Tage

report-passed-on-subject = Weitergegeben
report-passed-on =
    Ihre Nachricht an

    { $to }

    wurde an den nächsten Mailserver übergeben. Dieser sendet keine weiteren Zustellberichte.

report-not-notified-subject = Empfänger nicht benachrichtigt
report-not-notified =
    Ihre vertrauliche Nachricht an

    { $to }

    liegt verschlüsselt im Postfach des Empfängers bereit, aber die Benachrichtigung darüber konnte nicht zugestellt werden. { $why }

    Bitte informieren Sie den Empfänger auf anderem Weg.

report-not-reached-subject = Empfänger nicht erreicht
report-not-reached =
    Ihre vertrauliche Nachricht liegt im Postfach von

    { $to }

    Die Benachrichtigung darüber konnte aber nicht zugestellt werden: Der Empfänger weiß nichts von der Nachricht. Bitte prüfen Sie die Adresse.
report-perhaps-not-reached =
    Ihre vertrauliche Nachricht liegt im Postfach von

    { $to }

    Auf die Benachrichtigung darüber kam aber etwas zurück: Wahrscheinlich wurde sie nicht zugestellt, und der Empfänger weiß nichts von der Nachricht. Bitte prüfen Sie die Adresse, oder fragen Sie den Empfänger.

report-refused-subject = Nicht gesendet
report-refused =
    Ihre Nachricht wurde an diesen Empfänger nicht gesendet:

    { $to }

    Grund: { $why }

    Für die anderen Empfänger wurde sie angenommen.

report-deposited-subject = Hinterlegt
report-deposited =
    Ihre Nachricht an

    { $to }

    wurde angenommen und liegt verschlüsselt im Postfach des Empfängers. { $notice }

    Dieser Bericht bedeutet nicht, dass der Empfänger die Nachricht geöffnet oder gelesen hat.
report-deposited-now = Er wird jetzt per E‑Mail benachrichtigt. Gelingt das nicht, erfahren Sie es.
report-deposited-later = Er wird später per E‑Mail benachrichtigt, zusammen mit anderen neuen Nachrichten.

report-opened-subject = Geöffnet
report-opened =
    Ihre vertrauliche Nachricht an

    { $to }

    wurde im Postfach geöffnet. Das heißt nicht, dass sie gelesen oder verstanden wurde.

## Warum (RFC 3463)
report-why-address = Diese Adresse gibt es dort nicht. Bitte prüfen Sie die Schreibweise.
report-why-domain = Für den Teil hinter dem @ gibt es keinen Mailserver. Bitte prüfen Sie die Schreibweise.
report-why-null-mx = Unter dem Namen hinter dem @ werden keine E‑Mails angenommen.
report-why-moved = Der Empfänger hat eine neue Adresse.
report-why-disabled = Das Postfach ist gesperrt.
report-why-full = Das Postfach des Empfängers ist voll.
report-why-size = Die Nachricht ist für den Server des Empfängers zu groß.
report-why-loop = Die Mailserver sind so eingerichtet, dass die Nachricht im Kreis laufen würde.
report-why-busy = Der Server des Empfängers war während aller Versuche nicht bereit, sie anzunehmen.
report-why-unreachable = Der Server des Empfängers ist nicht erreichbar.
report-why-plain = Der Server des Empfängers nimmt nur einfachen Text ohne Umlaute und Sonderzeichen an (kein 8BITMIME), und wir verändern Ihre Nachricht nicht, damit Signaturen gültig bleiben. Bitte stellen Sie Ihr E‑Mail-Programm auf die Kodierung „quoted-printable“ um, oder schreiben Sie ohne Umlaute.
report-why-characters = Der Server des Empfängers kann Nachrichten mit diesen Zeichen nicht annehmen.
report-why-tls = Die Verbindung zum Server des Empfängers ist nicht so sicher, wie diese Nachricht es verlangt.
report-why-security = Der Server des Empfängers hat die Annahme aus Sicherheitsgründen abgelehnt.
report-why-other = Der Server des Empfängers hat sie nicht angenommen.

## Warum ein Empfänger ausgelassen wurde
report-refused-by-rule = Eine Regel lässt sie nicht zu.
report-refused-undecided = Sie lässt sich nicht beurteilen: Ein Teil ist beschädigt, verschlüsselt, mehrdeutig, zu lang oder in einer unbekannten Kodierung.
report-refused-full = Das Postfach des Empfängers ist voll.
report-refused-not-encrypted = Sie muss verschlüsselt werden. { $problem }
report-refused-not-signed = Sie muss signiert werden. { $problem }
key-problem-no-partner = Die Domain des Empfängers gehört zu keinem Partner.
key-problem-other-partner = Der Empfänger gehört nicht zu dem Partner, den die Regel nennt.
key-problem-partner-suspended = Der Partner ist gesperrt.
key-problem-untested = Die Verbindung zum Partner ist noch nicht getestet.
key-problem-no-key = Der Partner hat keinen Schlüssel.
key-problem-not-confirmed = Der Schlüssel des Partners ist nicht bestätigt.
key-problem-suspended = Der Schlüssel des Partners ist gesperrt.
key-problem-expired = Der Schlüssel des Partners ist abgelaufen.
key-problem-not-yet-valid = Der Schlüssel des Partners ist noch nicht gültig.
key-problem-revoked = Der Schlüssel des Partners ist widerrufen.
key-problem-weak-key = Der Schlüssel des Partners ist zu schwach.
key-problem-weak-hash = Das Zertifikat des Partners wurde mit einer gebrochenen Hashfunktion ausgestellt.
key-problem-wrong-usage = Der Schlüssel des Partners darf nicht zum Verschlüsseln benutzt werden.
key-problem-authority = Der Schlüssel des Partners gehört einer Zertifizierungsstelle.
key-problem-other-address = Der Schlüssel des Partners gilt für eine andere Adresse.
key-problem-unreadable-name = Der Schlüssel des Partners nennt eine Adresse, die sich nicht lesen lässt.
key-problem-not-vouched-for = Niemand hat den Schlüssel des Partners verglichen, und die signierte Zone, die ihn veröffentlicht, spricht nicht für diese Adresse.
key-problem-no-sender = Die Nachricht nennt nicht genau einen Absender.
key-problem-other-sender = „Sender“ gehört in der Nachricht zu einer anderen Domain als „From“.
key-problem-not-theirs = Ihr Zugang darf nicht für die Domain in „From“ schreiben.
key-problem-from-world = Die Nachricht kam von außen, und Nachrichten von außen werden nicht signiert.
key-problem-no-own-key = Für die Domain des Absenders gibt es keinen eigenen Schlüssel ({ $method }).

## Bericht an eine fremde Domain über TLS (RFC 8460)
tls-report =
    Dies ist ein Bericht nach RFC 8460 (SMTP TLS Reporting) von { $organization } an die Betreiber von { $domain }.

    Am { $date } (UTC) waren unsere Verbindungen zu Ihren Mailservern
    - wie von Ihnen veröffentlicht verschlüsselt: { $secured }
    - nicht oder nicht so verschlüsselt: { $failed }

    Einzelheiten stehen maschinenlesbar im Anhang. Sie erhalten den Bericht, weil Ihre Domain unter _smtp._tls darum bittet.
