# Zugang: vergessenes Passwort, Anfragen an den Support, das eigene Konto.

# ---- Passwort vergessen ----
login-forgot = Passwort vergessen?
login-note-reset = Ihr neues Passwort gilt. Bitte melden Sie sich damit an. Alle Ihre Nachrichten sind noch da.
forgot-title = Passwort vergessen
forgot-text-mail = Wir schicken Ihnen eine E‑Mail mit einem Link. Damit und mit der Antwort auf Ihre Sicherheitsfrage legen Sie ein neues Passwort fest. Ihre Nachrichten bleiben lesbar.
forgot-text-answer = Mit der Antwort auf Ihre Sicherheitsfrage legen Sie ein neues Passwort fest. Ihre Nachrichten bleiben lesbar.
forgot-button-mail = Link schicken
forgot-button-answer = Weiter
forgot-back = Zurück zur Anmeldung
forgot-address-missing = Bitte geben Sie Ihre E‑Mail-Adresse ein.
forgot-sent-title = Bitte prüfen Sie Ihre E‑Mails
forgot-sent-text = Wenn es zu dieser Adresse ein Postfach gibt, ist eine E‑Mail mit einem Link unterwegs:
forgot-sent-hint = Nichts angekommen? Sehen Sie auch im Spam-Ordner nach. Nach ein paar Minuten können Sie es noch einmal versuchen. Der Link gilt eine Stunde.
reset-title = Neues Passwort festlegen
reset-lead = Beantworten Sie Ihre Sicherheitsfrage und wählen Sie ein neues Passwort.
reset-step-answer = Ihre Sicherheitsfrage
reset-step-password = Neues Passwort
reset-button = Neues Passwort speichern
reset-button-hint = Danach sind Sie auf allen Geräten abgemeldet und melden sich neu an.
reset-tries =
    { $n ->
        [one] Sie haben noch einen Versuch.
       *[other] Sie haben noch { $n } Versuche.
    }
answer-missing = Bitte geben Sie die Antwort auf Ihre Sicherheitsfrage ein.
answer-wrong = Die Antwort stimmt nicht.
reset-closed-title = Dieser Weg ist gesperrt
reset-closed-text = Die Antwort war zu oft falsch. Zu Ihrem Schutz ist dieser Weg gesperrt, je nach Zahl der Versuche zwischen einer Stunde und einer Woche. Schneller hilft unser Support. Ihr bisheriges Passwort gilt weiter. Wir benachrichtigen die Inhaberin oder den Inhaber des Postfachs per E‑Mail.
reset-used-title = Dieser Link wurde schon benutzt
reset-used-text = Mit diesem Link wurde schon ein neues Passwort festgelegt; er gilt nur einmal. Melden Sie sich damit an, oder lassen Sie sich über „Passwort vergessen“ einen neuen Link schicken.
reset-expired-title = Dieser Link ist abgelaufen
reset-expired-text = Der Link gilt nur eine kurze Zeit. Lassen Sie sich auf der Anmeldeseite über „Passwort vergessen“ einen neuen schicken.

# ---- mit dem Startpasswort ----
login-new-initial = Melden Sie sich beim ersten Mal mit Ihrer E‑Mail-Adresse und dem Startpasswort an, das Ihnen der Absender am Telefon oder mit der Post nennt. Danach legen Sie Ihr eigenes Passwort fest.
login-password-initial = Passwort (beim ersten Mal: Startpasswort)
login-initial-lost = Startpasswort nicht bekommen oder abgelaufen?
first-lead = Ihr Startpasswort stimmt. Legen Sie jetzt Ihr eigenes Passwort fest, dann können Sie Ihre Nachricht sofort lesen.
first-button-hint = Danach gilt das Startpasswort nicht mehr.
password-is-initial = Das ist das Startpasswort, und das kennt auch der Absender. Wählen Sie ein eigenes Passwort.

# ---- das eigene Konto ----
login-note-deleted = Ihr Postfach ist gelöscht. Wenn wir Ihnen wieder vertraulich schreiben, bekommen Sie ein neues.
account-title = Mein Konto
account-back = Zurück zu „Mein Konto“
account-saved = Gespeichert.
account-secrets-saved = Gespeichert. Auf allen anderen Geräten sind Sie jetzt abgemeldet.
account-details = Über Sie
account-name = Ihr Name
account-name-hint = So erscheint er bei uns, wenn Sie uns antworten. Sie können das Feld leer lassen.
account-zone = Zeitzone
account-save = Speichern
account-secrets = Passwort und Sicherheitsfrage
account-secrets-text = Für beides brauchen Sie Ihr aktuelles Passwort.
change-password = Passwort ändern
change-password-hint = Danach sind Sie auf allen anderen Geräten abgemeldet, und wir schicken Ihnen zur Sicherheit eine E‑Mail.
change-question = Sicherheitsfrage ändern
question-present = Ihre aktuelle Frage:
question-save = Frage und Antwort speichern
current-password = Aktuelles Passwort
current-missing = Bitte geben Sie Ihr aktuelles Passwort ein.
current-wrong = Das aktuelle Passwort stimmt nicht. Achten Sie auf Groß- und Kleinschreibung.
current-wait = Es gab mehrere Fehlversuche. Bitte warten Sie eine Minute und versuchen Sie es dann noch einmal.
account-sessions = Wo Sie angemeldet sind
account-sessions-text = Ist ein Gerät dabei, das Sie nicht kennen? Melden Sie sich überall ab und ändern Sie Ihr Passwort.
device-unknown = Unbekanntes Gerät
session-here = dieses Gerät
session-began = Angemeldet:
session-seen = Zuletzt benutzt:
leave-everywhere = Überall abmelden
account-goes = Kommt keine neue Nachricht und melden Sie sich nicht an, wird Ihr Postfach nach dem { $date } endgültig gelöscht.
account-delete-text = Ihr Postfach mit allem, was darin liegt, wird endgültig gelöscht.
account-delete-go = Postfach löschen …
delete-title = Postfach löschen
delete-warning =
    { $n ->
        [0] Ihr Postfach wird endgültig gelöscht. Das lässt sich nicht rückgängig machen.
        [one] Ihr Postfach wird mit einer Nachricht endgültig gelöscht. Das lässt sich nicht rückgängig machen.
       *[other] Ihr Postfach wird mit { $n } Nachrichten endgültig gelöscht. Das lässt sich nicht rückgängig machen.
    }
delete-warning-text = Speichern Sie vorher bei sich, was Sie behalten möchten. Ihr Vertrag ist davon nicht berührt. Schreiben wir Ihnen wieder vertraulich, entsteht ein neues, leeres Postfach.
delete-sure = Ja, ich möchte mein Postfach mit allen Nachrichten löschen.
delete-held = Ihr Postfach wird zurzeit aus rechtlichen Gründen aufbewahrt und kann nicht gelöscht werden. Bitte wenden Sie sich an uns.
delete-sure-missing = Bitte bestätigen Sie mit dem Häkchen, dass Sie alles löschen möchten.
delete-button = Endgültig löschen
delete-not = Abbrechen
deletion-request-warning = Sie haben uns per E‑Mail gebeten, Ihr Postfach zu löschen. Alle Nachrichten darin gehen endgültig verloren.
deletion-request-held-title = Ihr Postfach wird aufbewahrt
deletion-request-expired-text = Dieser Link galt nur einige Tage. Es wurde nichts gelöscht. Möchten Sie Ihr Postfach immer noch löschen, schreiben Sie uns bitte noch einmal, oder melden Sie sich an und wählen Sie „Mein Konto“.
deletion-request-unknown-text = Diesen Link gibt es nicht oder nicht mehr. Vielleicht fehlt am Ende ein Stück, oder das Postfach ist schon gelöscht.

# ---- das Ende einer Sitzung ----
idle-title = Sind Sie noch da?
idle-text = In zwei Minuten melden wir Sie zu Ihrer Sicherheit ab. Möchten Sie angemeldet bleiben?
idle-stay = Angemeldet bleiben
session-until = Sie bleiben bis { $time } Uhr angemeldet; öffnen Sie vorher eine Seite, auch länger. Was Sie erst danach absenden, ist nach dem Anmelden noch da.

# ---- ein neuer Link, und der Weg über den Support ----
renew-text = Wir können Ihnen einen neuen Link an Ihre E‑Mail-Adresse schicken.
renew-button = Neuen Link anfordern
renew-title = Ihr neuer Link
renew-sent-text = Wenn Ihr Postfach noch auf Sie wartet, ist eine E‑Mail mit einem neuen Link an Ihre Adresse unterwegs. Sehen Sie auch im Spam-Ordner nach.
renew-asked-text = Wir haben Ihre Anfrage weitergegeben. Unser Support prüft sie; danach bekommen Sie eine E‑Mail mit einem neuen Link.
support-too = Auch die Antwort vergessen?
support-go = Support um Hilfe bitten
support-title = Hilfe vom Support
support-lead = Wenn Sie Passwort und Antwort vergessen haben oder aus einem anderen Grund nicht in Ihr Postfach kommen, kann unser Support Ihren Zugang zurücksetzen. Vorher prüfen wir, ob Sie es wirklich sind.
support-kept = Ihre Nachrichten bleiben dabei erhalten. Sie bekommen eine E‑Mail und legen Passwort und Sicherheitsfrage neu fest.
support-lost = Ihre bisherigen Nachrichten lassen sich danach nicht mehr lesen: Öffnen lassen sie sich nur mit Ihrem Passwort oder der Antwort auf Ihre Sicherheitsfrage. Sie müssten Ihnen neu geschickt werden.
support-note = Wie erreichen wir Sie?
support-note-hint = Zum Beispiel Ihre Telefonnummer und wann es Ihnen passt. Bitte kein Passwort und keine Bankdaten.
support-note-missing = Bitte schreiben Sie, wie wir Sie erreichen.
support-button = Anfrage absenden
support-sent-title = Ihre Anfrage ist angekommen
support-sent-text = Wenn es zu dieser Adresse ein Postfach gibt, meldet sich unser Support bei Ihnen. Danach bekommen Sie eine E‑Mail, mit der Sie Ihren Zugang neu einrichten. Fällt Ihnen das Passwort wieder ein, gilt es bis dahin weiter.
