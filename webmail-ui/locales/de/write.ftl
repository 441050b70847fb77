# Schreiben: Antworten, neue Nachrichten, Entwürfe

write-new = Neue Nachricht
write-reply = Antworten
write-all = Allen antworten
write-forward = Weiterleiten
write-actions = Antworten und weiterleiten
write-re = AW:
write-fwd = WG:
write-quoted = Am { $date } schrieb { $who }:
write-forwarded =
    ---------- Weitergeleitete Nachricht ----------
    Von: { $who }
    Datum: { $date }
    Betreff: { $subject }
write-title = Nachricht schreiben
write-to = An
write-to-hint = Sie können an Adressen bei { $domains } schreiben. Mehrere Adressen trennen Sie mit einem Komma.
write-to-hint-book = Wählen Sie eine Adresse aus der Liste. Mehrere Adressen trennen Sie mit einem Komma.
write-cc = Kopie an
write-subject = Betreff
write-text = Ihre Nachricht
write-files = Anhänge
write-add = Dateien hinzufügen
write-limit = Zusammen höchstens { $limit }.
write-free = Noch frei: { $free }.
write-drop = Sie können Dateien auch hierher ziehen.
write-attach = Ausgewählte Dateien anhängen
write-remove = Entfernen
write-send = Senden
write-save = Entwurf speichern
write-discard = Verwerfen
write-discard-text = Der Entwurf und seine Anhänge werden gelöscht.
write-discard-yes = Ja, löschen
write-safe = Ihre Nachricht geht verschlüsselt und nur an { $name }.
write-saved = Der Entwurf ist gespeichert. Sie finden ihn unter „Entwürfe“.
write-late = Ihr Text ist wieder da. Gesendet ist er noch nicht.
write-saving = Wird gespeichert …
write-kept = Als Entwurf gespeichert
write-lost = Nicht gespeichert. Bitte prüfen Sie Ihre Internetverbindung und ob Sie noch angemeldet sind.
write-wait = Einen Moment noch, es werden gerade Dateien hochgeladen. Senden Sie dann noch einmal.
write-cancel = Abbrechen
write-failed = Nicht hochgeladen. Bitte versuchen Sie es noch einmal.
write-paused = Unterbrochen. Es geht von selbst weiter, sobald die Verbindung wieder da ist.
write-came = { $came } von { $all } hochgeladen. Um fortzufahren, wählen Sie dieselbe Datei innerhalb eines Tages noch einmal aus; oder entfernen Sie sie.
write-came-now = von
write-uploading = Wird hochgeladen:
write-large = zu groß. Alle Anhänge zusammen dürfen höchstens { $limit } haben.
write-left-out = Nicht alle Anhänge der Nachricht wurden übernommen: Zusammen dürfen sie höchstens { $limit } haben.
write-too-large = „{ $name }“ ist zu groß und wurde nicht angehängt. Alle Anhänge zusammen dürfen höchstens { $limit } haben. Entfernen Sie einen Anhang oder verkleinern Sie die Datei.
write-too-many = „{ $name }“ wurde nicht angehängt. Eine Nachricht kann höchstens { $n } Anhänge haben.
write-too-much = „{ $name }“ wurde nicht angehängt. Ihre Entwürfe enthalten zusammen so viel, wie Platz hat: Bitte senden oder verwerfen Sie einige davon.
write-unfinished = „{ $name }“ ist noch nicht vollständig hochgeladen. Wählen Sie dieselbe Datei noch einmal aus oder entfernen Sie sie.
write-nobody = Geben Sie an, wer die Nachricht bekommen soll.
write-no-address = „{ $name }“ ist keine E-Mail-Adresse. Bitte prüfen Sie die Schreibweise.
write-elsewhere = An { $name } können Sie von hier nicht schreiben. Bitte geben Sie eine andere Adresse an.
write-too-many-recipients = Eine Nachricht kann an höchstens { $n } Adressen gehen. Bitte entfernen Sie einige.
write-empty = Die Nachricht ist noch leer. Schreiben Sie einen Text oder hängen Sie eine Datei an.
write-sent = Ihre Nachricht ist unterwegs.
write-sent-text = Eine Kopie liegt hier unter „Gesendet“. Kommt die Nachricht nicht an, erfahren Sie es im Posteingang.
drafts-title = Entwürfe
drafts-empty-title = Keine Entwürfe
drafts-empty-text = Was Sie schreiben und noch nicht senden, liegt hier verschlüsselt für Sie bereit.
drafts-nobody = Noch ohne Empfänger
drafts-gone = Der Entwurf ist gelöscht.
drafts-full = Sie haben sehr viele Entwürfe. Bitte senden oder verwerfen Sie einige, bevor Sie einen neuen beginnen.
