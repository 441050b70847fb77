# Alles, was das Portal auf Deutsch sagt. Jeder Schlüssel muss in jedem Sprachordner stehen und gebraucht
# werden; ein Test beweist beides.

language-name = Deutsch
decimal-separator = ,

# ---- Daten ----
date-long = { $day }. { $month } { $year }, { $time } Uhr
date-today = { $time }
date-this-year = { $day }. { $month }
date-other = { $day }.{ $number }.{ $year }
month-1 = Januar
month-2 = Februar
month-3 = März
month-4 = April
month-5 = Mai
month-6 = Juni
month-7 = Juli
month-8 = August
month-9 = September
month-10 = Oktober
month-11 = November
month-12 = Dezember

# ---- Rahmen jeder Seite ----
skip-to-content = Zum Inhalt springen
account-menu = Ihr Postfach
log-out = Abmelden
to-inbox = Posteingang
footer-label = Informationen zu dieser Seite
footer-imprint = Impressum
footer-privacy = Datenschutz
footer-accessibility = Barrierefreiheit
footer-contact = Hilfe und Kontakt
footer-language = Sprache
form-has-errors = Bitte prüfen Sie Ihre Eingaben
form-has-errors-text =
    { $n ->
        [one] Eine Eingabe fehlt oder stimmt noch nicht:
       *[other] { $n } Eingaben fehlen oder stimmen noch nicht:
    }

# ---- Anmeldung ----
login-title = Anmelden
login-lead = { $name }: Ihre vertrauliche Post
login-text = Nachrichten, die unter uns bleiben müssen, liegen hier verschlüsselt für Sie bereit.
login-point-kept = Verschlüsselt aufbewahrt. Sie öffnen Ihr Postfach mit Ihrem Passwort; wenn Sie es vergessen, hilft nach einer Prüfung unser Support.
login-point-key = Verschlüsselt mit einem eigenen Schlüssel für Ihr Postfach. Freigegeben wird er durch Ihr Passwort oder die Antwort auf Ihre Sicherheitsfrage.
login-point-mail = Ist etwas Neues für Sie da, schicken wir Ihnen eine E‑Mail.
login-point-export = Jede Nachricht und jeden Anhang können Sie bei sich speichern.
login-address = E‑Mail-Adresse
login-address-hint = Die Adresse, an die wir Ihnen die Benachrichtigung geschickt haben.
login-password = Passwort
login-button = Anmelden
login-new = Noch kein Passwort?
login-new-text = Öffnen Sie den Link in unserer ersten E‑Mail an Sie. Er führt zu einer Seite, auf der Sie Ihr Passwort festlegen.
login-trouble = Probleme bei der Anmeldung?
login-trouble-text = So erreichen Sie uns:
login-note-left = Sie sind abgemeldet.
login-note-over = Ihre Sitzung wurde beendet, weil Sie eine Weile nicht aktiv waren. Bitte melden Sie sich neu an.
login-ended-password = Ihre Sitzung wurde beendet, weil das Passwort dieses Postfachs in einem anderen Browser geändert wurde. Waren Sie das nicht, melden Sie sich bitte sofort bei uns.
login-ended-question = Ihre Sitzung wurde beendet, weil die Sicherheitsfrage dieses Postfachs in einem anderen Browser geändert wurde. Waren Sie das nicht, melden Sie sich bitte sofort bei uns.
login-ended-reset = Ihre Sitzung wurde beendet, weil über „Passwort vergessen“ ein neues Passwort festgelegt wurde. Waren Sie das nicht, melden Sie sich bitte sofort bei uns.
login-ended-everywhere = Ihre Sitzung wurde beendet, weil jemand in Ihrem Konto alle Sitzungen beendet hat. Waren Sie das nicht, ändern Sie bitte Ihr Passwort.
login-ended-support = Ihre Sitzung wurde beendet, weil unser Support den Zugang zu diesem Postfach zurückgesetzt oder gesperrt hat. Was das bedeutet, steht in der E‑Mail, die wir Ihnen geschickt haben.
login-ended-deleted = Ihre Sitzung wurde beendet, weil dieses Postfach in einem anderen Browser gelöscht wurde. Waren Sie das nicht, melden Sie sich bitte sofort bei uns.
login-note-kept = Ihre Sitzung war schon zu Ende. Was Sie geschrieben haben, ist nicht verloren: Melden Sie sich an, dann geht es damit weiter. Nur Dateien, die Sie gerade erst ausgewählt hatten, müssen Sie noch einmal auswählen.
login-note-copy = Ihre Sitzung war schon zu Ende, und Ihr Text ist zu lang, um ihn mitzunehmen. Bitte kopieren Sie ihn unten, bevor Sie sich anmelden.
login-kept-text = Ihr Text
login-note-wrong = E‑Mail-Adresse oder Passwort stimmt nicht. Bitte prüfen Sie beides und versuchen Sie es noch einmal. Achten Sie auf Groß- und Kleinschreibung.
login-note-wait =
    { $n ->
        [one] Es gab mehrere Fehlversuche. Bitte warten Sie eine Sekunde und versuchen Sie es dann noch einmal.
       *[other] Es gab mehrere Fehlversuche. Bitte warten Sie { $n } Sekunden und versuchen Sie es dann noch einmal.
    }
login-note-wait-long =
    { $n ->
        [one] Es gab viele Fehlversuche. Von diesem Gerät aus können Sie es in einer Minute wieder versuchen. Schneller geht es über „Passwort vergessen?“: Mit einem neuen Passwort kommen Sie gleich hinein.
       *[other] Es gab viele Fehlversuche. Von diesem Gerät aus können Sie es in { $n } Minuten wieder versuchen. Schneller geht es über „Passwort vergessen?“: Mit einem neuen Passwort kommen Sie gleich hinein.
    }
password-show = Passwort anzeigen
password-hide = Passwort verbergen

# ---- Aktivierung ----
activate-title = Ihr Postfach einrichten
activate-lead = Eine vertrauliche Nachricht wartet auf Sie. Legen Sie ein Passwort fest, dann können Sie sie sofort lesen.
activate-lead-empty = Hier richten Sie Ihr Postfach ein. Zurzeit liegt keine Nachricht darin: Sie wurde zurückgezogen, oder ihre Frist ist abgelaufen. Legen Sie ein Passwort fest, dann können Sie neue Nachrichten sofort lesen.
activate-waiting = Diese Nachricht wartet auf Sie
activate-from = Von
activate-subject = Betreff
activate-date = Eingegangen
activate-subject-none = Kein Betreff
activate-more =
    { $n ->
        [one] und eine weitere Nachricht
       *[other] und { $n } weitere Nachrichten
    }
activate-step-password = Passwort festlegen
activate-address = Ihr Postfach gehört zu
activate-password = Passwort
activate-repeat = Passwort wiederholen
activate-rules = Das Passwort braucht:
rule-length = mindestens { $n } Zeichen
rule-upper = einen Großbuchstaben
rule-digit = eine Ziffer
rule-special = ein Sonderzeichen wie ! ? + –
rule-guess = Gut und leicht zu merken sind mehrere Wörter, die nichts miteinander zu tun haben.
rule-met = erfüllt
rule-unmet = fehlt noch
activate-step-question = Sicherheitsfrage wählen
activate-question-text = Falls Sie Ihr Passwort einmal vergessen, können Sie mit der Antwort ein neues festlegen. Nur Sie sollten sie kennen.
activate-lost-kept = Wenn Sie auch die Antwort vergessen, kann unser Support Ihr Postfach nach einer Prüfung Ihrer Identität wieder für Sie öffnen. Ihre Nachrichten bleiben erhalten.
activate-lost-gone = Wenn Sie beides vergessen, lassen sich Ihre Nachrichten nicht mehr öffnen, auch nicht von uns. Sie müssten Ihnen neu geschickt werden.
activate-question = Frage
activate-question-choose = Bitte wählen
activate-question-own-option = Meine eigene Frage
activate-own-question = Ihre eigene Frage
activate-own-question-hint = Nur wenn Sie oben „Meine eigene Frage“ gewählt haben.
activate-answer = Ihre Antwort
activate-answer-hint = Groß- und Kleinschreibung und Satzzeichen spielen keine Rolle.
activate-step-language = Sprache
activate-language = Sprache dieser Seite und unserer E‑Mails an Sie
activate-button = Postfach einrichten
activate-button-hint = Danach melden Sie sich mit Ihrer E‑Mail-Adresse und Ihrem Passwort an; den Link brauchen Sie nicht mehr.
question-school = Wie hieß Ihre erste Schule?
question-teacher = Wie hieß Ihre Lieblingslehrerin oder Ihr Lieblingslehrer?
question-street = In welcher Straße sind Sie aufgewachsen?
question-job = Wo haben Sie Ihr erstes Geld verdient?
question-holiday = Wo haben Sie Ihren schönsten Urlaub verbracht?
question-book = Welches Buch haben Sie als Kind geliebt?

# ---- was an einer Eingabe nicht stimmt, und wie man es behebt ----
password-empty = Bitte legen Sie ein Passwort fest.
password-several = Das Passwort erfüllt noch nicht alle Regeln.
password-short = Das Passwort ist zu kurz. Ergänzen Sie einige Zeichen.
password-no-upper = Im Passwort fehlt ein Großbuchstabe. Ergänzen Sie einen.
password-no-digit = Im Passwort fehlt eine Ziffer. Ergänzen Sie eine.
password-no-special = Im Passwort fehlt ein Sonderzeichen. Ergänzen Sie eines, zum Beispiel ! oder ?
password-address = Das Passwort ähnelt zu sehr Ihrer E‑Mail-Adresse. Wählen Sie etwas anderes.
password-common = Dieses Passwort benutzen sehr viele; Angreifer probieren es deshalb zuerst aus. Wählen Sie etwas anderes.
password-related = Angreifer probieren zuerst Namen, Orte, Jahreszahlen und alles aus, was zu Ihrer Adresse oder zu uns gehört. Ergänzen Sie Wörter, die nichts damit zu tun haben.
password-guessable = Dieses Passwort ist leicht zu erraten. Gut sind mehrere Wörter, die nichts miteinander zu tun haben.
password-long = Das Passwort ist zu lang. 256 Zeichen genügen.
repeat-differs = Die beiden Passwörter sind verschieden. Geben Sie zweimal dasselbe ein.
question-missing = Bitte wählen Sie eine Frage oder schreiben Sie eine eigene.
answer-short = Die Antwort ist zu kurz. Sie braucht mindestens drei Buchstaben oder Ziffern.
answer-long = Die Antwort ist zu lang. 200 Zeichen genügen.
answer-is-password = Die Antwort darf nicht Ihr Passwort sein. Wählen Sie eine andere Antwort.

# ---- Links, die nirgendwohin führen ----
link-used-title = Ihr Postfach ist schon eingerichtet
link-used-text = Mit diesem Link wurde Ihr Passwort festgelegt; er gilt nur einmal. Melden Sie sich mit Ihrer E‑Mail-Adresse und Ihrem Passwort an.
link-superseded-title = Es gibt einen neueren Link
link-superseded-text = Für Ihr Postfach haben wir Ihnen inzwischen eine neue E‑Mail geschickt. Nur der Link darin gilt; dieser hier nicht mehr. Finden Sie die neuere E‑Mail nicht, fordern Sie eine weitere an.
link-expired-title = Dieser Link ist abgelaufen
link-expired-text = Der Link in unserer E‑Mail gilt nur eine bestimmte Zeit.
link-unknown-title = Dieser Link funktioniert nicht
link-unknown-text = Vielleicht ist er nicht vollständig: Manche E‑Mail-Programme brechen lange Links um. Bitte kopieren Sie den ganzen Link aus unserer E‑Mail in die Adresszeile, oder klicken Sie ihn dort noch einmal an.
link-to-login = Zur Anmeldung

# ---- Posteingang ----
inbox-title = Posteingang
inbox-count =
    { $n ->
        [0] Keine Nachrichten
        [one] Eine Nachricht
       *[other] { $n } Nachrichten
    }
inbox-unread =
    { $n ->
        [0] alle gelesen
        [one] eine ungelesen
       *[other] { $n } ungelesen
    }
inbox-empty-title = Noch keine Nachrichten
inbox-empty-text = Haben wir eine vertrauliche Nachricht für Sie, bekommen Sie eine E‑Mail, und die Nachricht erscheint hier.
inbox-welcome = Ihr Postfach ist bereit.
inbox-welcome-text = Ab jetzt melden Sie sich mit Ihrer E‑Mail-Adresse und Ihrem Passwort an.
inbox-welcome-save = Bitte speichern Sie wichtige Nachrichten bei sich: Hier werden sie nur eine begrenzte Zeit aufbewahrt.
unread-mark = Ungelesen
sender-unknown = Absender unbekannt
subject-none = Kein Betreff
attachment-count =
    { $n ->
        [one] Ein Anhang
       *[other] { $n } Anhänge
    }
inbox-withdrawn = Eine Nachricht vom { $received } wurde am { $at } zurückgezogen (durch { $by }).
held-note = Ihr Postfach wird zurzeit aus rechtlichen Gründen aufbewahrt: Es wird nichts daraus gelöscht, auch nicht nach Ablauf einer Frist. Fragen dazu beantworten wir Ihnen gern.
held-kept = Das geht zurzeit nicht: Ihr Postfach wird aus rechtlichen Gründen aufbewahrt, deshalb wird nichts endgültig gelöscht.
days-left =
    { $n ->
        [0] wird heute gelöscht
        [one] wird morgen gelöscht
       *[other] wird in { $n } Tagen gelöscht
    }
pages-label = Seiten
page-newer = Neuere
page-older = Ältere
page-of = Seite { $number }
page-of-total = von { $n }

# ---- Nachricht ----
message-from = Von
message-to = An
message-cc = Kopie an
message-date = Datum
message-size = Größe
message-actions = Was Sie mit dieser Nachricht tun können
message-as-text = Als reinen Text anzeigen
message-as-html = Mit Gestaltung anzeigen
message-save-and-more = Speichern und mehr
message-print = Drucken
message-print-text = Lassen Sie sich die Nachricht zum Drucken bitte als reinen Text anzeigen: So kommt sie vollständig aufs Papier.
message-attachments =
    { $n ->
        [one] Ein Anhang
       *[other] { $n } Anhänge
    }
message-download = Speichern
message-content = Nachricht
message-frame = Inhalt der Nachricht
message-too-complex = Die Gestaltung dieser Nachricht ist zu verschachtelt, um sie sicher anzuzeigen. Sie sehen deshalb nur den Text.
message-cut = Der Text ist sehr lang und nicht vollständig zu sehen. Speichern Sie die Nachricht, um alles zu lesen.
message-empty = Diese Nachricht enthält keinen Text.
frame-places = Die Links dieser Nachricht führen zu:
table-region = Tabelle { $number }
frame-remote-images =
    { $n ->
        [one] Ein Bild aus dem Internet wird nicht geladen, damit fremde Server nicht erfahren, dass Sie die Nachricht lesen.
       *[other] { $n } Bilder aus dem Internet werden nicht geladen, damit fremde Server nicht erfahren, dass Sie die Nachricht lesen.
    }

# ---- Erklärung zur Barrierefreiheit ----
accessibility-title = Barrierefreiheit
accessibility-intro = Alle sollen ihre Post hier lesen können. Diese Seite richtet sich nach den Web Content Accessibility Guidelines (WCAG) 2.2, Stufe AA, und der EN 301 549.
accessibility-how = Worauf Sie sich verlassen können
accessibility-how-keyboard = Alles geht allein mit der Tastatur und ohne JavaScript.
accessibility-how-reader = Überschriften, Listen, Formulare und Meldungen sind für Screenreader ausgezeichnet. Fehlermeldungen sagen, was nicht stimmt und wie man es behebt.
accessibility-how-zoom = Sie können die Seite auf 400 % vergrößern und eigene Farben benutzen. Die Seite folgt der hellen oder dunklen Einstellung Ihres Geräts.
accessibility-limits = Was wir nicht versprechen können
accessibility-limits-text = Nachrichten und Anhänge erscheinen so, wie ihre Absender sie gemacht haben. „Als reinen Text anzeigen“ hilft oft.
accessibility-contact = Eine Barriere gefunden?
accessibility-contact-text = Wir antworten Ihnen und kümmern uns darum. Schreiben Sie bitte an:
accessibility-contact-none = Bitte sagen Sie es dem Unternehmen, das Ihnen geschrieben hat. Es gibt Ihren Hinweis weiter.

# ---- Probleme ----
problem-missing-title = Diese Seite gibt es nicht
problem-missing-text = Die Adresse ist nicht vollständig, oder die Nachricht wurde gelöscht.
problem-forged-title = Diese Seite war zu alt
problem-forged-text = Zu Ihrer Sicherheit nehmen wir ein Formular nur von einer Seite an, die Sie kurz zuvor hier geöffnet haben. Bitte öffnen Sie die Seite neu und wiederholen Sie Ihre Eingabe. Cookies müssen erlaubt sein.
problem-form-title = Das konnten wir nicht lesen
problem-form-text = Die Anfrage war nicht vollständig. Bitte gehen Sie zurück und versuchen Sie es noch einmal.
problem-many-title = Zu viele Anfragen
problem-many-text = In kurzer Zeit kamen sehr viele Anfragen, von Ihnen oder von anderen im selben Netz. Ihre Nachrichten sind davon nicht betroffen.
problem-busy-title = Einen Moment, bitte
problem-busy-text = Im Moment geht das nicht. Ihre Nachrichten sind davon nicht betroffen.
problem-fault-title = Hier ist etwas schiefgegangen
problem-fault-text = Das ist unser Fehler, nicht Ihrer. Ihre Nachrichten sind davon nicht betroffen. Bitte versuchen Sie es in ein paar Minuten noch einmal.
problem-damaged-title = Diese Nachricht lässt sich nicht öffnen
problem-damaged-text = Sie ist bei uns beschädigt worden; das ist unser Fehler, nicht Ihrer. Ihre anderen Nachrichten sind davon nicht betroffen. Bitte melden Sie sich bei uns, damit der Absender sie noch einmal schickt.
problem-home = Zur Startseite
problem-wait =
    { $n ->
        [one] Bitte versuchen Sie es in einer Sekunde noch einmal.
       *[other] Bitte versuchen Sie es in { $n } Sekunden noch einmal.
    }
