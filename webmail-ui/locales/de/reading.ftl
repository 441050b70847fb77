# Ordner, Suche, Löschen, Speichern, Lesen.

folders-label = Ordner
sent-title = Gesendet
sent-empty-text = Was Sie von hier aus schreiben, steht in diesem Ordner.
trash-title = Papierkorb
trash-empty-title = Der Papierkorb ist leer
trash-keeps =
    { $n ->
        [one] Gelöschte Nachrichten bleiben einen Tag im Papierkorb; danach werden sie endgültig gelöscht.
       *[other] Gelöschte Nachrichten bleiben { $n } Tage im Papierkorb; danach werden sie endgültig gelöscht.
    }
to-trash = Zum Papierkorb
recipient-unknown = Empfänger unbekannt

search-label = Absender, Betreff oder Text suchen
search-button = Suchen
search-found =
    { $n ->
        [0] Nichts gefunden
        [one] Eine Nachricht gefunden
       *[other] { $n } Nachrichten gefunden
    }
search-for = für „{ $name }“
search-end = Suche beenden
search-more = Es gibt noch mehr Treffer. Suchen Sie mit einem weiteren Wort, um sie einzugrenzen.
search-stopped =
    { $n ->
        [one] Bei einer Nachricht haben wir Absender und Betreff durchgesehen, den Text noch nicht oder nicht ganz.
       *[other] Bei { $n } Nachrichten haben wir Absender und Betreff durchgesehen, den Text noch nicht oder nicht ganz.
    }
search-left-out =
    { $n ->
        [one] Die älteste Nachricht wurde nicht durchsucht.
       *[other] Die { $n } ältesten Nachrichten wurden nicht durchsucht.
    }
search-none-title = Keine Nachricht gefunden
search-none-text = Versuchen Sie es mit einem anderen oder kürzeren Wort. Gesucht wird in allen Ordnern, außer in Entwürfen.
search-title = Was suchen Sie?
search-text = Geben Sie ein Wort ein oder wählen Sie aus, welche Nachrichten Sie sehen möchten. Gesucht wird in allen Ordnern, außer in Entwürfen.
search-unread = Nur ungelesene
search-files = Nur mit Anhang
search-from = Vom
search-to = Bis zum
search-filter = Filter
search-show = Anzeigen
files-pages = Seiten der Anhänge
search-before = Vorherige
search-next = Nächste
conversation-title = Konversation ({ $n })
conversation-count =
    { $n ->
        [one] Eine Nachricht in dieser Konversation
       *[other] { $n } Nachrichten in dieser Konversation
    }
conversation-older =
    { $n ->
        [one] Eine ältere Nachricht dieser Konversation finden Sie in Ihren Ordnern.
       *[other] { $n } ältere Nachrichten dieser Konversation finden Sie in Ihren Ordnern.
    }
conversation-you = Sie
conversations-group = Nach Konversation gruppieren
conversations-apart = Nachrichten einzeln anzeigen
sort-label = Sortierung
sort-newest = Neueste zuerst
sort-oldest = Älteste zuerst
sort-sender = Absender
sort-recipient = Empfänger
sort-subject = Betreff
sort-largest = Größte zuerst
sort-left-out =
    { $n ->
        [one] Die älteste Nachricht fehlt in dieser Sortierung. Sie finden sie unter „Neueste zuerst“.
       *[other] Die { $n } ältesten Nachrichten fehlen in dieser Sortierung. Sie finden sie unter „Neueste zuerst“.
    }

pick-all = Alle auswählen
do-trash = Löschen
do-export = Speichern …
do-restore = Wiederherstellen
do-destroy = Endgültig löschen
do-empty = Papierkorb leeren
done-none = Bitte wählen Sie zuerst Nachrichten aus: mit den Kästchen links.
done-trashed =
    { $n ->
        [one] Die Nachricht liegt jetzt im Papierkorb.
       *[other] { $n } Nachrichten liegen jetzt im Papierkorb.
    }
done-restored =
    { $n ->
        [one] Die Nachricht ist wieder da, wo sie war.
       *[other] { $n } Nachrichten sind wieder da, wo sie waren.
    }
done-destroyed =
    { $n ->
        [one] Die Nachricht ist endgültig gelöscht.
       *[other] { $n } Nachrichten sind endgültig gelöscht.
    }
destroy-title =
    { $n ->
        [one] Diese Nachricht endgültig löschen?
       *[other] Diese { $n } Nachrichten endgültig löschen?
    }
destroy-text = Das lässt sich nicht rückgängig machen.
destroy-cancel = Abbrechen

export-title = Speichern
export-heading =
    { $n ->
        [one] Eine Nachricht speichern
       *[other] { $n } Nachrichten speichern
    }
export-lead = Sie erhalten eine ZIP-Datei für Ihr eigenes Gerät.
export-size = Umfang: etwa { $name }.
export-format = In welchem Format?
export-pdf = PDF
export-pdf-text = Zum Lesen, Drucken und Aufbewahren. Alle Anhänge und das Original sind darin eingebettet.
export-pdf-missing = Als PDF lässt sich hier zurzeit nichts speichern, wohl aber als Original (.eml) und für Outlook (.msg).
export-eml = Original (.eml)
export-eml-text = Die Nachricht unverändert, mit allen Angaben. Für E‑Mail-Programme wie Thunderbird oder Apple Mail.
export-msg = Outlook (.msg)
export-msg-text = Für Microsoft Outlook.
export-button = ZIP-Datei speichern
export-wait = PDF-Dateien brauchen einen Moment. Ihr Browser zeigt den Fortschritt; Sie können hier inzwischen weiterlesen.
export-running = Die ZIP-Datei wird gespeichert
export-count = %1 von %2 Nachrichten
export-done = Fertig. Die ZIP-Datei liegt bei Ihren Downloads.
export-broken = Abgebrochen. Die ZIP-Datei ist nicht vollständig; bitte speichern Sie sie noch einmal.
export-then-title = Gespeichert? Dann können Sie hier aufräumen.
export-then-text =
    { $n ->
        [one] Die Nachricht kommt in den Papierkorb und lässt sich dort noch eine Weile wiederherstellen.
       *[other] Die { $n } Nachrichten kommen in den Papierkorb und lassen sich dort noch eine Weile wiederherstellen.
    }
export-then-button =
    { $n ->
        [one] Die Nachricht hier löschen
       *[other] Die { $n } Nachrichten hier löschen
    }
export-everything = Alles speichern
export-note-file = Hinweis.txt
export-note = Diese Nachrichten ließen sich nicht in das gewünschte Format umwandeln. Sie liegen unverändert als .eml-Dateien bei:
export-note-damaged = Diese Nachrichten lassen sich nicht mehr öffnen. Bitte melden Sie sich bei uns und nennen Sie diese Nummern:
not-made-title = Das hat nicht geklappt
not-made-text = Diese Nachricht lässt sich nicht in dieses Format umwandeln. Das Original können Sie immer speichern.
not-made-eml = Original speichern (.eml)
back-to-message = Zurück zur Nachricht
message-in-trash = Diese Nachricht liegt im Papierkorb:
date-day = { $day }. { $month } { $year }

file-open = Öffnen
file-look = Ansehen
file-within = ausgepackt
file-name-any = Anhang
file-name-letter = Nachricht
file-name-invitation = Termin
file-name-delivery-status = Zustellbericht
file-name-letter-head = Kopfzeilen
file-name-receipt = Lesebestätigung
message-broken = Diese Nachricht ist beschädigt oder ungewöhnlich aufgebaut. Hier steht, was sich lesen lässt.
message-partial = Diese Nachricht ist ungewöhnlich aufgebaut. Hier steht, was sich lesen lässt; vollständig ist sie im Original, das Sie speichern können.
inside-title = Angehängte Nachricht
message-encrypted = Diese Nachricht ist verschlüsselt und lässt sich hier nicht anzeigen. Speichern Sie sie und öffnen Sie sie in dem Programm, das den Schlüssel dazu hat.
message-piece = Dies ist nur ein Teil einer Nachricht, die in mehreren Teilen verschickt wurde. Speichern Sie alle Teile und öffnen Sie sie in einem E‑Mail-Programm.
event-title = Termin
event-untitled = Termin ohne Titel
event-cancelled = Dieser Termin ist abgesagt.
event-changed = Dieser Termin wurde geändert. Es gilt, was hier steht.
event-again = Wiederholung
event-join = Teilnehmen
event-about = Beschreibung
event-save = Termin speichern (.ics)
event-theirs = { $date } in der Zeitzone der Einladung ({ $name })
task-title = Aufgabe
task-untitled = Aufgabe ohne Titel
task-cancelled = Diese Aufgabe entfällt.
task-changed = Diese Aufgabe wurde geändert. Es gilt, was hier steht.
task-due = Fällig
task-priority = Priorität
task-high = hoch
task-medium = mittel
task-low = niedrig
task-state = Stand
task-open = noch nicht begonnen
task-begun = begonnen
task-percent = zu { $n } % erledigt
task-done = erledigt
task-done-on = erledigt: { $date }
task-from = Aufgabe von
task-save = Aufgabe speichern (.ics)
note-title = Notiz
note-untitled = Notiz ohne Titel
note-cancelled = Diese Notiz gilt nicht mehr.
note-changed = Diese Notiz wurde geändert. Es gilt, was hier steht.
note-date = Datum
note-from = Notiz von
note-save = Notiz speichern (.ics)
repeat-day =
    { $n ->
        [one] jeden Tag
       *[other] alle { $n } Tage
    }
repeat-week =
    { $n ->
        [one] jede Woche
       *[other] alle { $n } Wochen
    }
repeat-month =
    { $n ->
        [one] jeden Monat
       *[other] alle { $n } Monate
    }
repeat-year =
    { $n ->
        [one] jedes Jahr
       *[other] alle { $n } Jahre
    }
repeat-on = { $name } am { $when }
repeat-and = und
repeat-until = { $name }, bis { $date }
repeat-times = { $name }, { $number }-mal
repeat-first = ersten { $day }
repeat-second = zweiten { $day }
repeat-third = dritten { $day }
repeat-fourth = vierten { $day }
repeat-fifth = fünften { $day }
repeat-last = letzten { $day }
repeat-month-day = { $number }.
event-accepted = { $name } hat zugesagt.
event-declined = { $name } hat abgesagt.
event-perhaps = { $name } hat unter Vorbehalt zugesagt.
event-delegated = { $name } kommt nicht selbst und hat jemand anderen benannt.
event-proposed = { $name } schlägt eine Änderung vor. Hier steht der Vorschlag.
event-insists = { $name } hat den Vorschlag abgelehnt. Es bleibt beim ursprünglichen Termin.
event-answered = { $name } hat auf die Einladung geantwortet.
event-somebody = Eine eingeladene Person
event-instance = Dies ist ein einzelner Termin einer Serie. Er ersetzt den Termin vom { $date }.
repeat-rule = wiederholt sich nach einer Regel, die in der Kalenderdatei steht
repeat-once = einmal
repeat-hour =
    { $n ->
        [one] jede Stunde
       *[other] alle { $n } Stunden
    }
repeat-minute =
    { $n ->
        [one] jede Minute
       *[other] alle { $n } Minuten
    }
repeat-workdays = an jedem Werktag von Montag bis Freitag
repeat-in-week = { $name } in der { $number }. Kalenderwoche
repeat-in-month = { $name } im { $month }
repeat-date = { $number }. { $month }
repeat-except = { $name }, außer am { $date }
repeat-also = { $name }, außerdem am { $date }
repeat-only-also = außerdem am { $date }
repeat-last-but-one = vorletzten { $day }
repeat-workday = Werktag (Montag bis Freitag)
repeat-weekend-day = Tag eines Wochenendes
repeat-any-day = Tag
weekday-1 = Montag
weekday-2 = Dienstag
weekday-3 = Mittwoch
weekday-4 = Donnerstag
weekday-5 = Freitag
weekday-6 = Samstag
weekday-7 = Sonntag
message-pictures =
    { $n ->
        [one] Ein Bild in der Nachricht
       *[other] { $n } Bilder in der Nachricht
    }
files-all = Alle Anhänge speichern (.zip)
files-zip = Anhänge
people-more =
    { $n ->
        [one] und eine weitere Person
       *[other] und { $n } weitere
    }
charset-title = Falsche Zeichen?
charset-text = Manche Nachrichten nennen den falschen Zeichensatz. Hier können Sie einen anderen wählen.
charset-label = Zeichensatz
charset-own = wie angegeben
charset-show = Anzeigen
charset-unicode = Unicode
charset-west = Westeuropa
charset-central = Mitteleuropa
charset-cyrillic = Kyrillisch
charset-greek = Griechisch
charset-turkish = Türkisch
charset-baltic = Baltisch
charset-mac = Westeuropa, älterer Mac
charset-dos = Westeuropa, DOS
charset-japanese = Japanisch
charset-chinese = Chinesisch
charset-korean = Koreanisch
event-starts = Beginn
event-ends = Ende
event-place = Ort
event-from = Einladung von
search-narrow = Eingrenzen und sortieren
pick-page = Seite auswählen
pick-every = Alle { $n } Nachrichten auswählen, auch auf den anderen Seiten
do-more = Mehr …
do-read = Als gelesen markieren
do-unread = Als ungelesen markieren
do-undo = Rückgängig machen
done-read =
    { $n ->
        [0] Diese Nachrichten waren schon als gelesen markiert.
        [one] Eine Nachricht ist jetzt als gelesen markiert.
       *[other] { $n } Nachrichten sind jetzt als gelesen markiert.
    }
done-unread =
    { $n ->
        [0] Diese Nachrichten waren schon als ungelesen markiert.
        [one] Eine Nachricht ist jetzt als ungelesen markiert.
       *[other] { $n } Nachrichten sind jetzt als ungelesen markiert.
    }
done-many = So viele Nachrichten lassen sich nicht auf einmal speichern. Wählen Sie bitte höchstens { $n } aus, oder nehmen Sie „Alles speichern“ unter der Liste.
trash-sure-title =
    { $n ->
        [one] Diese Nachricht löschen?
       *[other] Diese { $n } Nachrichten löschen?
    }
page-size = Nachrichten je Seite
keys-show = Tastenkürzel anzeigen
keys-title = Tastenkürzel
keys-move = Nächste und vorherige Nachricht
keys-pick = Auswählen oder Auswahl aufheben
keys-this = Diese Übersicht anzeigen
keys-off = Ausschalten können Sie die Tastenkürzel unter
keys-close = Schließen
account-grouped = Nachrichten nach Konversation gruppieren
account-grouped-hint = Eine Nachricht und die Antworten darauf stehen im Posteingang dann in einer Zeile.
account-keys = Tastenkürzel verwenden
account-keys-hint = Mit einzelnen Tasten gehen Sie dann durch Ihre Nachrichten. „?“ zeigt, mit welchen.
account-pace = E‑Mails über neue Nachrichten
pace-at-once = sofort, jede einzeln
pace-hourly = stündlich, gesammelt
pace-daily = täglich, gesammelt

# ---- Eigene Ordner ----
folders-own = Ordner
folders-manage = Ordner verwalten
folders-text = Ordnen Sie Ihre Nachrichten, wie Sie es brauchen. An der Aufbewahrungsfrist einer Nachricht ändert ein Ordner nichts.
folder-new = Neuer Ordner
folder-new-name = Name des Ordners
folder-make = Anlegen
folder-rename = Umbenennen
folder-save = Speichern
folder-remove = Ordner löschen
folder-made = Der Ordner ist angelegt.
folder-renamed = Der Ordner ist umbenannt.
folder-removed = Der Ordner ist gelöscht.
folder-remove-title = Ordner „{ $name }“ löschen?
folder-remove-text =
    { $n ->
        [one] Die Nachricht darin wird nicht gelöscht. Sie liegt danach wieder im Posteingang oder unter „Gesendet“.
       *[other] Die { $n } Nachrichten darin werden nicht gelöscht. Sie liegen danach wieder im Posteingang oder unter „Gesendet“.
    }
folder-nameless = Bitte geben Sie dem Ordner einen Namen.
folder-taken = Einen Ordner mit diesem Namen gibt es schon. Bitte wählen Sie einen anderen Namen.
folder-too-many = Mehr als { $n } Ordner sind nicht möglich. Bitte löschen Sie zuerst einen Ordner.
folder-gone = Diesen Ordner gibt es nicht mehr.
folder-empty-text = In diesem Ordner liegen keine Nachrichten. Wählen Sie in einer Liste Nachrichten aus und dann „Mehr …“ und „Verschieben …“.
do-move = Verschieben …
move-title =
    { $n ->
        [one] Eine Nachricht verschieben
       *[other] { $n } Nachrichten verschieben
    }
move-where = Wohin?
move-house = Zurück in den Posteingang
move-house-text = Gesendete Nachrichten liegen dann wieder unter „Gesendet“.
move-new-name = Name des neuen Ordners
move-button = Verschieben
move-unsaid = Bitte wählen Sie einen Ordner aus, oder geben Sie einem neuen Ordner einen Namen.
done-moved =
    { $n ->
        [0] Es wurde nichts verschoben.
        [one] Eine Nachricht ist verschoben.
       *[other] { $n } Nachrichten sind verschoben.
    }
done-moved-back =
    { $n ->
        [one] Eine Nachricht liegt wieder dort, wo sie war.
       *[other] { $n } Nachrichten liegen wieder dort, wo sie waren.
    }
