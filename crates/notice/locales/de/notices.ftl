# Was in den E-Mails steht, die Sealpost selbst schreibt.
#
# Überall verfügbar: $brand (der Versicherer), $portal (Name des Postfachs), $host und $portal-url.
# Wo eine Frist läuft: $until (Tag), $until-time (Tag und Uhrzeit), $days (ganze Tage bis dahin).
# $brand steht für sich; $brand-start am Anfang eines Satzes und $brand-within in einem Satz, beide als Subjekt, mit Artikel.

direction = ltr

## Unter jeder E-Mail
link-hint = Falls der Knopf nicht funktioniert, kopieren Sie diese Adresse in Ihren Browser:
help-title = Hilfe
automatic = Diese E‑Mail wurde automatisch verschickt. Bitte antworten Sie nicht darauf, sondern im Postfach: Nur dort ist Ihre Antwort vertraulich.
automatic-inside = Diese E‑Mail wurde automatisch verschickt. Antworten darauf liest niemand.
imprint = Impressum
privacy = Datenschutz

## Der Kasten mit den Angaben
label-from = Von
label-subject = Betreff
label-date = Datum
label-recipient = Empfänger
label-letters = Ungelesene Nachrichten
label-oldest = Älteste vom
label-password = Startpasswort
label-locked = Gesperrt seit
label-unlocked = Entsperrt
label-opens = Wieder offen ab
label-closed = Letzter Versuch
label-changed = Geändert
label-deleted = Gelöscht
label-login = Angemeldet
label-network = Aus dem Netz
label-why = Grund
label-reason = Antwort des Mailservers
label-own-key = Eigener Schlüssel
label-partner-key = Schlüssel eines Partners

## Woran man eine echte E-Mail erkennt
genuine-title = So erkennen Sie, dass diese E‑Mail echt ist
genuine-link = Der Link führt zu { $host }. Genau dieser Name steht danach auch oben in Ihrem Browser.
genuine-type = Sie brauchen den Link nicht: Tippen Sie { $portal-url } selbst in den Browser ein und melden Sie sich an.
genuine-never = In solchen E‑Mails fragen wir Sie nie nach Bankdaten, TANs oder dem Passwort Ihres E‑Mail-Kontos.
genuine-doubt = Sie sind unsicher? Klicken Sie nichts an. Fragen Sie uns unter einer Telefonnummer, die Sie schon kennen.

## Die erste Nachricht
activation-subject = [{ $brand }] Vertrauliche Post für Sie – bitte Postfach einrichten
activation-heading = Eine vertrauliche Nachricht wartet auf Sie
activation-intro = { $brand-start } hat Ihnen vertraulich geschrieben. Damit es vertraulich bleibt, liegt die Nachricht verschlüsselt in einem eigenen Postfach für Sie, im Portal „{ $portal }“. Der Text der Nachricht steht nicht in dieser E‑Mail.
activation-button = Postfach einrichten und lesen
activation-deadline =
    { $days ->
        [0] Bitte richten Sie das Postfach noch heute ein. Danach wird die Nachricht gelöscht.
        [one] Bitte richten Sie das Postfach bis zum { $until } ein (noch ein Tag). Danach wird die Nachricht gelöscht.
       *[other] Bitte richten Sie das Postfach bis zum { $until } ein (noch { $days } Tage). Danach wird die Nachricht gelöscht.
    }
steps-title = Einmal einrichten, in etwa zwei Minuten
step-open = Öffnen Sie den Link. Sie müssen nichts installieren und nichts bezahlen.
step-password = Denken Sie sich ein Passwort aus.
step-question = Wählen Sie eine Sicherheitsfrage und Ihre Antwort darauf. Damit kommen Sie wieder in Ihr Postfach, wenn Sie das Passwort einmal vergessen.

## Erinnerung: Nachrichten warten in einem Postfach, das noch nicht eingerichtet ist
reminder-subject =
    { $days ->
        [0] { "[" }{ $brand }] Erinnerung: Vertrauliche Post für Sie, die heute gelöscht wird
        [one] { "[" }{ $brand }] Erinnerung: Vertrauliche Post für Sie, die morgen gelöscht wird
       *[other] { "[" }{ $brand }] Erinnerung: Vertrauliche Post für Sie, die in { $days } Tagen gelöscht wird
    }
reminder-heading =
    { $count ->
        [one] Eine Nachricht für Sie ist noch ungelesen
       *[other] { $count } Nachrichten für Sie sind noch ungelesen
    }
reminder-intro =
    { $count ->
        [one] Vor einiger Zeit hat Ihnen { $brand-within } vertraulich geschrieben. Die Nachricht liegt noch verschlüsselt im Portal „{ $portal }“. Das Postfach dort steht für Sie bereit, ist aber noch nicht eingerichtet.
       *[other] Vor einiger Zeit hat Ihnen { $brand-within } vertraulich geschrieben. { $count } Nachrichten liegen noch verschlüsselt im Portal „{ $portal }“. Das Postfach dort steht für Sie bereit, ist aber noch nicht eingerichtet.
    }
reminder-deadline =
    { $count ->
        [one] { activation-deadline }
       *[other] { $days ->
            [0] Bitte richten Sie das Postfach noch heute ein. Danach wird die erste davon gelöscht.
            [one] Bitte richten Sie das Postfach bis zum { $until } ein (noch ein Tag). Danach wird die erste davon gelöscht.
           *[other] Bitte richten Sie das Postfach bis zum { $until } ein (noch { $days } Tage). Danach wird die erste davon gelöscht.
        }
    }
reminder-initial-deadline =
    { $count ->
        [one] { initial-deadline }
       *[other] { $days ->
            [0] Bitte melden Sie sich noch heute an. Danach wird die erste davon gelöscht.
            [one] Bitte melden Sie sich bis zum { $until } an (noch ein Tag). Danach wird die erste davon gelöscht.
           *[other] Bitte melden Sie sich bis zum { $until } an (noch { $days } Tage). Danach wird die erste davon gelöscht.
        }
    }

## Erinnerung: ungelesene Nachrichten in einem eingerichteten Postfach
unread-subject = [{ $brand }] Erinnerung: Ungelesene vertrauliche Post in Ihrem Postfach
unread-heading =
    { $count ->
        [one] Eine Nachricht ist noch ungelesen
       *[other] { $count } Nachrichten sind noch ungelesen
    }
unread-intro = In Ihrem Postfach im Portal „{ $portal }“ liegt Post, die Sie noch nicht geöffnet haben. Melden Sie sich dort mit Ihrer E‑Mail-Adresse und Ihrem Passwort an.
unread-deadline =
    { $count ->
        [one] Sie
       *[other] Die älteste
    } wird { $days ->
        [0] heute gelöscht.
        [one] nach dem { $until } gelöscht (noch ein Tag).
       *[other] nach dem { $until } gelöscht (noch { $days } Tage).
    }

## Erinnerung: Ein Postfach wird gelöscht, weil es niemand mehr benutzt
idle-subject = [{ $brand }] Ihr Postfach wird bald gelöscht
idle-heading = Ihr Postfach wird bald gelöscht
idle-intro = In Ihr Postfach im Portal „{ $portal }“ ist lange nichts mehr gekommen, und Sie waren lange nicht dort. Deshalb wird es gelöscht, mit allem, was noch darin liegt.
idle-button = Anmelden und behalten
idle-deadline =
    { $days ->
        [0] Es wird heute gelöscht.
        [one] Es wird nach dem { $until } gelöscht (noch ein Tag).
       *[other] Es wird nach dem { $until } gelöscht (noch { $days } Tage).
    }
idle-nothing = Möchten Sie es behalten, melden Sie sich einfach einmal an. Brauchen Sie es nicht mehr, müssen Sie nichts tun. Schreibt Ihnen { $brand-within } wieder vertraulich, entsteht ein neues.

## Niemand holt die Nachricht ab, an den Absender
unfetched-subject = Noch nicht abgeholt: Ihre vertrauliche Nachricht vom { $sent }
unfetched-heading = Ihre Nachricht ist noch nicht abgeholt
unfetched-intro =
    { $count ->
        [one] Ihre vertrauliche Nachricht liegt seit gestern im Portal „{ $portal }“, und der Empfänger hat sie noch nicht geöffnet.
       *[other] Ihre vertrauliche Nachricht liegt seit { $count } Tagen im Portal „{ $portal }“, und der Empfänger hat sie noch nicht geöffnet.
    }
unfetched-notified = Er wurde per E‑Mail benachrichtigt.
unfetched-came-back = E‑Mails an seine Adresse sind zurückgekommen. Wahrscheinlich weiß er nichts von Ihrer Nachricht.
unfetched-call = Rufen Sie den Empfänger an: Vielleicht hat er die Benachrichtigung nicht gesehen.
unfetched-password = Nennen Sie ihm dabei das Startpasswort, falls er es noch nicht hat: Ohne das Startpasswort kommt er nicht an die Nachricht. Es steht in der E‑Mail, die Sie dazu bekommen haben.
unfetched-post = Ist es eilig oder eine Frist zu wahren, senden Sie das Schreiben mit der Post.
unfetched-deadline = Holt sie niemand ab, wird die Nachricht nach dem { $until } gelöscht.
unfetched-steps = Was Sie tun können
unfetched-check-address = Prüfen Sie die Adresse auf Tippfehler.
unfetched-call-anyway = War sie richtig, rufen Sie den Empfänger an: Vielleicht ist sein E‑Mail-Postfach voll, oder es gibt die Adresse nicht mehr.

## Die Nachricht ist ungelesen gelöscht, an den Absender
unread-gone-subject = Ungelesen gelöscht: Ihre vertrauliche Nachricht vom { $sent }
unread-gone-heading = Ihre Nachricht wurde nicht gelesen
unread-gone-intro = Ihre vertrauliche Nachricht lag im Portal „{ $portal }“, bis ihre Frist abgelaufen war. Der Empfänger hat sie nicht geöffnet. Jetzt ist sie dort gelöscht.
unread-gone-intro-deleted = Der Empfänger hat Ihre vertrauliche Nachricht im Portal „{ $portal }“ gelöscht, ohne sie zu öffnen.
unread-gone-intro-mailbox = Ihre vertrauliche Nachricht lag im Portal „{ $portal }“. Das Postfach des Empfängers wurde dort mit allen Nachrichten gelöscht. Ihre hatte er bis dahin nicht geöffnet.
unread-gone-call = Fragen Sie den Empfänger: Vielleicht hat er die Nachricht aus Versehen gelöscht oder für unerwünscht gehalten.
unread-gone-again = Soll er sie doch bekommen, senden Sie die Nachricht noch einmal: Für ihn entsteht dann ein neues Postfach.

## An jemanden, der auf eine Benachrichtigung geantwortet hat
safely-subject = Ihre Antwort ist nicht angekommen – so antworten Sie sicher
safely-heading = So antworten Sie sicher
safely-intro = Sie haben auf eine automatische E‑Mail geantwortet. E‑Mails an diese Adresse liest niemand, und eine gewöhnliche E‑Mail ist unterwegs nicht geschützt. Melden Sie sich im Portal „{ $portal }“ an, öffnen Sie die Nachricht und wählen Sie dort „Antworten“.
afresh-subject = Ihre E‑Mail ist nicht angekommen – so erreichen Sie uns
afresh-heading = So erreichen Sie uns
afresh-intro = Sie haben an die Adresse geschrieben, von der unsere automatischen E‑Mails kommen. E‑Mails an diese Adresse liest niemand. Geht es um eine vertrauliche Nachricht, melden Sie sich im Portal „{ $portal }“ an, öffnen Sie die Nachricht und wählen Sie dort „Antworten“. In allen anderen Fällen erreichen Sie uns über die Kontaktadresse unten.
safely-button = Zum Portal
safely-gone = Was Sie geschrieben haben, haben wir nicht gespeichert und nicht weitergeleitet. Bitte schreiben Sie uns auf dem beschriebenen Weg noch einmal.

## Jemand hat per E-Mail gewünscht, dass das Postfach gelöscht wird
deletion-request-subject = [{ $brand }] Postfach löschen: bitte bestätigen
deletion-request-heading = Möchten Sie Ihr Postfach löschen?
deletion-request-intro = Sie haben uns per E‑Mail geschrieben, dass Ihr Postfach im Portal „{ $portal }“ gelöscht werden soll. Noch ist nichts gelöscht. Bitte bestätigen Sie Ihren Wunsch auf der Seite, die der Knopf öffnet.
deletion-request-button = Zur Bestätigung
deletion-request-deadline = Der Link gilt bis { $until-time }. Danach verfällt Ihr Wunsch, und es bleibt alles, wie es ist.
deletion-request-all = Mit dem Postfach gehen alle Nachrichten darin endgültig verloren. Speichern Sie vorher bei sich, was Sie behalten möchten.
deletion-request-not-you = Sie haben das nicht gewünscht? Dann tun Sie nichts: Allein durch diese E‑Mail wird nichts gelöscht.
deletion-request-held-subject = [{ $brand }] Ihr Postfach kann zurzeit nicht gelöscht werden
deletion-request-held-heading = Ihr Postfach wird aufbewahrt
deletion-request-held-intro = Sie haben uns per E‑Mail geschrieben, dass Ihr Postfach im Portal „{ $portal }“ gelöscht werden soll. Das ist zurzeit nicht möglich: Es wird aus rechtlichen Gründen aufbewahrt.
deletion-request-held-more = Was das bedeutet und wie lange es dauert, sagen wir Ihnen gern. Wenden Sie sich bitte an die Kontaktadresse unten.
deletion-request-nothing-subject = [{ $brand }] Für Ihre Adresse gibt es kein Postfach
deletion-request-nothing-heading = Es gibt nichts zu löschen
deletion-request-nothing-intro = Sie haben uns per E‑Mail geschrieben, dass Ihr Postfach im Portal „{ $portal }“ gelöscht werden soll. Zu der Adresse, von der Sie geschrieben haben, gibt es keines. Falls Ihr Postfach zu einer anderen Adresse gehört, schreiben Sie uns bitte von dort.
deletion-request-unproven-subject = [{ $brand }] So löschen Sie Ihr Postfach
deletion-request-unproven-heading = So löschen Sie Ihr Postfach
deletion-request-unproven-intro = Sie haben uns per E‑Mail geschrieben, dass ein Postfach im Portal „{ $portal }“ gelöscht werden soll. Wir konnten nicht sicher feststellen, ob diese E‑Mail wirklich von der Adresse kommt, die als Absender angegeben ist. Darum haben wir nichts veranlasst.
deletion-request-unproven-steps = Was Sie tun können
deletion-request-unproven-login = Melden Sie sich im Portal an und wählen Sie unter „Mein Konto“ „Postfach löschen“.
deletion-request-unproven-help = Können Sie sich nicht anmelden, wenden Sie sich bitte an die Kontaktadresse unten.

## Jede weitere Nachricht
message-subject = [{ $brand }] Neue vertrauliche Nachricht in Ihrem Postfach
message-subject-shown = [{ $brand }] Neue vertrauliche Nachricht: { $subject }
message-heading = Sie haben eine neue Nachricht
message-intro = { $brand-start } hat Ihnen vertraulich geschrieben. Die Nachricht liegt in Ihrem Postfach im Portal „{ $portal }“. Melden Sie sich dort mit Ihrer E‑Mail-Adresse und Ihrem Passwort an.
message-intro-locked = { $brand-start } hat Ihnen vertraulich geschrieben. Die Nachricht liegt in Ihrem Postfach im Portal „{ $portal }“. Allerdings hat unser Support das Postfach gesperrt: Zurzeit können Sie sich dort nicht anmelden. Sobald es entsperrt ist, schreiben wir Ihnen.
message-button = Anmelden und lesen
message-deadline =
    { $days ->
        [0] Die Nachricht wird heute gelöscht.
        [one] Die Nachricht wird nach dem { $until } gelöscht (noch ein Tag).
       *[other] Die Nachricht wird nach dem { $until } gelöscht (noch { $days } Tage).
    }
message-keep = Speichern Sie, was Sie behalten möchten: Das Postfach ist zum Abholen gedacht, nicht zum Aufbewahren.

## Die erste Nachricht, mit Startpasswort
initial-subject = [{ $brand }] Vertrauliche Post für Sie – Ihr Startpasswort kommt gesondert
initial-heading = Eine vertrauliche Nachricht wartet auf Sie
initial-intro = { $brand-start } hat Ihnen vertraulich geschrieben. Die Nachricht liegt verschlüsselt in einem eigenen Postfach für Sie, im Portal „{ $portal }“. Zum ersten Anmelden brauchen Sie ein Startpasswort. Sie erhalten es auf einem anderen Weg, meist am Telefon oder mit der Post.
initial-button = Zum Postfach
initial-deadline =
    { $days ->
        [0] Bitte melden Sie sich noch heute an. Danach wird die Nachricht gelöscht.
        [one] Bitte melden Sie sich bis zum { $until } an (noch ein Tag). Danach wird die Nachricht gelöscht.
       *[other] Bitte melden Sie sich bis zum { $until } an (noch { $days } Tage). Danach wird die Nachricht gelöscht.
    }
initial-steps = So lesen Sie die Nachricht
initial-wait = Warten Sie, bis Ihnen der Absender das Startpasswort mitgeteilt hat.
initial-ask = Haben Sie das Startpasswort noch nicht? Dann fragen Sie beim Absender danach, am besten am Telefon. Warten Sie nicht länger: Ohne das Startpasswort kommen Sie nicht an die Nachricht.
initial-login = Melden Sie sich mit Ihrer E‑Mail-Adresse und dem Startpasswort an.
initial-own = Legen Sie ein eigenes Passwort und eine Sicherheitsfrage fest. Das Startpasswort gilt danach nicht mehr.

## Das Startpasswort, an den Absender
password-for-sender-subject = Bitte weitergeben: Startpasswort zu Ihrer vertraulichen Nachricht
password-for-sender-heading = Bitte geben Sie dieses Startpasswort weiter
password-for-sender-intro = Ihre vertrauliche Nachricht liegt im Portal „{ $portal }“ bereit. Der Empfänger weiß davon, kann sie aber erst lesen, wenn Sie ihm das Startpasswort genannt haben.
password-for-sender-deadline =
    { $days ->
        [0] Liest sie niemand, wird die Nachricht noch heute gelöscht.
        [one] Liest sie niemand, wird die Nachricht nach dem { $until } gelöscht (noch ein Tag).
       *[other] Liest sie niemand, wird die Nachricht nach dem { $until } gelöscht (noch { $days } Tage).
    }
password-for-sender-steps = So geht es sicher
password-for-sender-tell = Nennen Sie das Startpasswort am Telefon oder schicken Sie es mit der Post. Prüfen Sie vorher, mit wem Sie sprechen.
password-for-sender-plain = Großbuchstaben und Striche müssen nicht sein: „kxcm 7rtw“ gilt wie „KXCM-7RTW“.
password-for-sender-never = Leiten Sie diese E‑Mail nicht weiter, und schicken Sie das Startpasswort nicht per E‑Mail.

## Zugang zurückgesetzt
again-subject = [{ $brand }] Ihr Zugang wurde zurückgesetzt – bitte neu einrichten
again-heading = Richten Sie Ihr Postfach neu ein
again-intro = Wie mit unserem Support besprochen, gilt Ihr bisheriger Zugang zum Portal „{ $portal }“ nicht mehr. Mit dem Link legen Sie ein neues Passwort und eine neue Sicherheitsfrage fest.
again-kept = Ihre Nachrichten bleiben erhalten und sind danach wieder lesbar.
again-lost = Die bisherigen Nachrichten lassen sich danach nicht mehr lesen: Öffnen ließen sie sich nur mit Ihrem alten Passwort oder der Antwort auf Ihre alte Sicherheitsfrage. Brauchen Sie eine davon noch, bitten Sie den Absender, sie neu zu senden.
again-initial-intro = Wie mit unserem Support besprochen, gilt Ihr bisheriger Zugang zum Portal „{ $portal }“ nicht mehr. Melden Sie sich mit Ihrer E‑Mail-Adresse und dem Startpasswort an, das wir Ihnen genannt haben. Danach legen Sie ein eigenes Passwort und eine Sicherheitsfrage fest.
again-initial-deadline =
    { $days ->
        [0] Das Startpasswort gilt nur noch heute.
        [one] Das Startpasswort gilt einen Tag, bis zum { $until }.
       *[other] Das Startpasswort gilt { $days } Tage, bis zum { $until }.
    }
again-initial-stranger = Sie haben das nicht mit uns besprochen? Dann melden Sie sich bitte bei uns.
again-button = Postfach neu einrichten
again-deadline = Der Link gilt bis { $until-time } und nur einmal. Danach können Sie auf der Seite, zu der er führt, einen neuen anfordern.
again-stranger = Sie haben das nicht mit uns besprochen? Dann benutzen Sie den Link nicht und melden Sie sich bitte bei uns.

## Passwort vergessen
reset-subject = [{ $brand }] Neues Passwort für Ihr Postfach festlegen
reset-heading = Legen Sie ein neues Passwort fest
reset-intro = Jemand, vermutlich Sie, hat im Portal „{ $portal }“ angegeben, das Passwort für Ihr Postfach vergessen zu haben. Mit dem Link und der Antwort auf Ihre Sicherheitsfrage legen Sie ein neues fest.
reset-button = Neues Passwort festlegen
reset-deadline = Der Link gilt bis { $until-time } und nur einmal.
reset-stranger = Das waren nicht Sie? Dann ist nichts zu tun: Ihr Passwort bleibt, wie es ist.

## Passwort geändert
changed-subject = [{ $brand }] Das Passwort Ihres Postfachs wurde geändert
changed-heading = Ihr Passwort wurde geändert
changed-intro = Das Passwort Ihres Postfachs im Portal „{ $portal }“ wurde von jemandem geändert, der das alte kannte. Alle anderen Sitzungen wurden beendet.
changed-intro-forgotten = Für Ihr Postfach im Portal „{ $portal }“ wurde mit der Antwort auf Ihre Sicherheitsfrage ein neues Passwort festgelegt. Alle Sitzungen wurden beendet. Ihre Nachrichten sind alle noch da.
changed-you = Das waren Sie? Dann ist nichts zu tun.
changed-stranger = Das waren nicht Sie? Dann melden Sie sich bitte sofort bei uns, und ändern Sie das Passwort Ihres E‑Mail-Kontos.

## Sicherheitsfrage geändert
question-subject = [{ $brand }] Die Sicherheitsfrage Ihres Postfachs wurde geändert
question-heading = Ihre Sicherheitsfrage wurde geändert
question-intro = Für Ihr Postfach im Portal „{ $portal }“ gilt eine andere Sicherheitsfrage. Geändert hat sie jemand, der das Passwort kannte. Alle anderen Sitzungen wurden beendet.
question-stranger = Das waren nicht Sie? Dann kennt jemand Ihr Passwort. Melden Sie sich bitte sofort bei uns, und ändern Sie das Passwort.

## Postfach gelöscht
deleted-subject = [{ $brand }] Ihr Postfach wurde gelöscht
deleted-heading = Ihr Postfach wurde gelöscht
deleted-intro = Ihr Postfach im Portal „{ $portal }“ wurde mit allen Nachrichten endgültig gelöscht. Das hat jemand getan, der das Passwort kannte. Schreibt Ihnen { $brand-within } wieder vertraulich, entsteht ein neues Postfach, das Sie dann einrichten.
deleted-intro-requested = Ihr Postfach im Portal „{ $portal }“ wurde mit allen Nachrichten endgültig gelöscht. Das hat jemand über den Link in der E‑Mail bestätigt, mit der wir auf Ihren Wunsch nach Löschung geantwortet haben. Schreibt Ihnen { $brand-within } wieder vertraulich, entsteht ein neues Postfach, das Sie dann einrichten.
deleted-stranger = Das waren nicht Sie? Dann melden Sie sich bitte sofort bei uns, und ändern Sie das Passwort Ihres E‑Mail-Kontos.

## Anmeldung von einem unbekannten Browser
browser-subject = [{ $brand }] Neue Anmeldung in Ihrem Postfach
browser-heading = Anmeldung von einem neuen Gerät
browser-intro = In Ihrem Postfach im Portal „{ $portal }“ hat sich jemand mit Ihrem Passwort angemeldet, und zwar mit einem Gerät oder Browser, den wir noch nicht kennen.
browser-stranger = Das waren nicht Sie? Dann kennt jemand Ihr Passwort. Melden Sie sich an, ändern Sie unter „Mein Konto“ das Passwort, und sagen Sie uns Bescheid. Alle anderen Sitzungen enden damit.

## Postfach gesperrt
locked-subject = [{ $brand }] Zu viele falsche Passwörter für Ihr Postfach
locked-heading = Die Anmeldung ist für eine Weile gesperrt
locked-intro = Für Ihr Postfach im Portal „{ $portal }“ wurde zu oft ein falsches Passwort eingegeben. Zum Schutz Ihrer Nachrichten kann sich von unbekannten Geräten aus zurzeit niemand anmelden. Geräte, auf denen Sie schon angemeldet waren, sind davon nicht betroffen. Ihre Nachrichten sind alle noch da, und neue kommen weiterhin an.
locked-button = Zum Postfach
locked-you = Das waren Sie? Dann benutzen Sie „Passwort vergessen“ auf der Anmeldeseite: Mit einem neuen Passwort kommen Sie gleich wieder hinein. Sie können auch warten.
locked-stranger = Das waren nicht Sie? Dann hat es jemand anders versucht, ohne Erfolg. Sie müssen nichts tun. Solange es weitergeht, schreiben wir Ihnen höchstens einmal am Tag.

## Der Weg über die Sicherheitsfrage ist zu
answers-subject = [{ $brand }] Zu viele falsche Antworten auf Ihre Sicherheitsfrage
answers-heading = „Passwort vergessen“ ist für eine Weile gesperrt
answers-intro = Für Ihr Postfach im Portal „{ $portal }“ wurde zu oft eine falsche Antwort auf die Sicherheitsfrage eingegeben. Zum Schutz Ihrer Nachrichten lässt sich das Passwort auf diesem Weg eine Weile nicht ersetzen. Ihr Passwort gilt weiter.
answers-you = Das waren Sie? Fällt Ihnen das Passwort wieder ein, melden Sie sich damit an: Dann ist auch dieser Weg wieder offen. Sonst warten Sie, oder wenden Sie sich auf der Anmeldeseite unter „Passwort vergessen“ an unseren Support.
answers-stranger = Das waren nicht Sie? Dann hat es jemand anders versucht, ohne Erfolg. Sagen Sie uns bitte Bescheid, und wählen Sie unter „Mein Konto“ eine Frage, deren Antwort nur Sie kennen.

## Eine Antwort aus dem Portal kam nicht an, in das Postfach
returned-subject = Nicht zugestellt: Ihre Nachricht
returned-heading = Ihre Nachricht ist nicht angekommen
returned-intro = Was Sie geschrieben haben, konnte nicht zugestellt werden. Es ist nichts verloren: Ihre Nachricht liegt weiter unter „Gesendet“.
returned-button = Ihre Nachricht ansehen
returned-more = Prüfen Sie die Adresse und senden Sie die Nachricht noch einmal, oder melden Sie sich bei uns.
waiting-subject = Noch nicht zugestellt: Ihre Nachricht
waiting-heading = Ihre Nachricht ist noch unterwegs
waiting-intro = Was Sie geschrieben haben, konnte bisher nicht zugestellt werden. Wir versuchen es weiter.
waiting-more = Sie müssen nichts tun. Wenn es nicht gelingt, erfahren Sie es hier.

## Dasselbe als gewöhnliche E-Mail, an den Inhaber: nicht was, nicht an wen
cameback-subject = Eine Nachricht von Ihnen ist nicht angekommen
cameback-heading = Eine Nachricht von Ihnen ist zurückgekommen
cameback-intro = Was Sie im Portal „{ $portal }“ geschrieben haben, konnte nicht zugestellt werden. Es ist nichts verloren. Warum, und was Sie tun können, steht in Ihrem Posteingang.
cameback-button = Im Posteingang nachlesen

## Neue Nachrichten, von denen noch keine E-Mail berichtet hat
digest-subject =
    { $count ->
        [one] { "[" }{ $brand }] Neue vertrauliche Nachricht für Sie
       *[other] { "[" }{ $brand }] { $count } neue vertrauliche Nachrichten für Sie
    }
digest-heading =
    { $count ->
        [one] Sie haben eine neue Nachricht
       *[other] Sie haben { $count } neue Nachrichten
    }
digest-intro =
    { $count ->
        [one] { $brand-start } hat Ihnen vertraulich geschrieben. Die Nachricht liegt in Ihrem Postfach im Portal „{ $portal }“. Melden Sie sich dort mit Ihrer E‑Mail-Adresse und Ihrem Passwort an.
       *[other] { $brand-start } hat Ihnen vertraulich geschrieben. Die Nachrichten liegen in Ihrem Postfach im Portal „{ $portal }“. Melden Sie sich dort mit Ihrer E‑Mail-Adresse und Ihrem Passwort an. Wie oft Sie solche E‑Mails bekommen, bestimmen Sie dort unter „Mein Konto“.
    }
digest-intro-newcomer =
    { $count ->
        [one] { $brand-start } hat Ihnen eine weitere vertrauliche Nachricht geschrieben. Sie liegt verschlüsselt im Portal „{ $portal }“. Das Postfach dort steht für Sie bereit, ist aber noch nicht eingerichtet.
       *[other] { $brand-start } hat Ihnen { $count } weitere vertrauliche Nachrichten geschrieben. Sie liegen verschlüsselt im Portal „{ $portal }“. Das Postfach dort steht für Sie bereit, ist aber noch nicht eingerichtet.
    }
digest-deadline =
    { $count ->
        [one] Sie
       *[other] Die erste davon
    } wird { $days ->
        [0] noch heute gelöscht.
        [one] nach dem { $until } gelöscht (noch ein Tag).
       *[other] nach dem { $until } gelöscht (noch { $days } Tage).
    }

## Der Support hat etwas mit dem Postfach getan
support-deleted-subject = [{ $brand }] Ihr Postfach wurde gelöscht
support-deleted-heading = Ihr Postfach wurde gelöscht
support-deleted-intro = Unser Support hat Ihr Postfach im Portal „{ $portal }“ mit allen Nachrichten endgültig gelöscht.
support-deleted-more = Schreibt Ihnen { $brand-within } wieder vertraulich, entsteht ein neues Postfach, das Sie dann einrichten.
support-locked-subject = [{ $brand }] Ihr Postfach wurde gesperrt
support-locked-heading = Ihr Postfach ist gesperrt
support-locked-intro = Unser Support hat Ihr Postfach im Portal „{ $portal }“ gesperrt. Zurzeit kann sich dort niemand anmelden, auch Sie nicht; alle Sitzungen wurden beendet.
support-locked-more = Ihre Nachrichten sind alle noch da, und neue kommen weiterhin an. Sobald das Postfach entsperrt ist, schreiben wir Ihnen.
support-unlocked-subject = [{ $brand }] Ihr Postfach ist wieder offen
support-unlocked-heading = Ihr Postfach ist wieder offen
support-unlocked-intro = Unser Support hat Ihr Postfach im Portal „{ $portal }“ entsperrt. Sie können sich dort wieder mit Ihrer E‑Mail-Adresse und Ihrem Passwort anmelden.
support-unlocked-more = Diese E‑Mail enthält keinen Link: Geben Sie die Adresse des Portals selbst in den Browser ein.
support-ask = Sie wissen nicht, warum? Dann fragen Sie uns bitte unter einer Telefonnummer, die Sie schon kennen.

## Schlüssel laufen ab, an den Betreiber
keys-subject =
    { $count ->
        [one] Ein Schlüssel für verschlüsselte E‑Mails läuft ab
       *[other] { $count } Schlüssel für verschlüsselte E‑Mails laufen ab
    }
keys-heading =
    { $count ->
        [one] Ein Schlüssel läuft ab
       *[other] { $count } Schlüssel laufen ab
    }
keys-intro = Mit diesen Schlüsseln tauscht { $portal } verschlüsselte E‑Mails mit anderen Unternehmen aus. Nach dem genannten Tag wird keine Nachricht mehr damit verschlüsselt oder signiert. Einen Nachfolger gibt es noch nicht.
keys-steps = Was zu tun ist
keys-own = Eigener Schlüssel: Erzeugen Sie einen neuen (sealpost domain-key make) und geben Sie ihn den Partnern, bevor der alte abläuft.
keys-partner = Schlüssel eines Partners: Bitten Sie den Partner um den neuen und fügen Sie ihn hinzu (sealpost partner add).
keys-all = Alle Schlüssel und ihre Fristen zeigen sealpost domain-key list und sealpost partner list.

## Probe einer verschlüsselten Verbindung, an ein anderes Unternehmen
partner-test-subject = Test der verschlüsselten Verbindung
partner-reply-subject = Die verschlüsselte Verbindung funktioniert
partner-greeting = Guten Tag,
partner-test = diese Nachricht wurde für Ihr Unternehmen verschlüsselt und von { $brand } signiert. Wenn Sie sie lesen können, funktioniert die Verbindung in Ihre Richtung. Manche Gateways antworten darauf selbst. Kommt von Ihrem Gateway keine Antwort, antworten Sie bitte kurz.
partner-reply = Ihre Testnachricht ist angekommen, ließ sich entschlüsseln und trug eine gültige Signatur Ihres Unternehmens. Diese Antwort hat das Gateway von { $brand } selbst geschrieben, für Sie verschlüsselt und signiert. Wenn Sie sie lesen können, funktioniert die Verbindung in beide Richtungen.
partner-end = { $brand }
