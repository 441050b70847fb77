# Was in einer PDF-Datei steht, ohne von der Nachricht zu sein.

pdf-from = Von
pdf-to = An
pdf-cc = Kopie an
pdf-reply-to = Antwort an
pdf-date = Datum
pdf-attachments = Anhänge
pdf-page = Seite { $page } von { $pages }
pdf-more = und { $n } weitere, vollständig am Ende
pdf-no-subject = (ohne Betreff)
pdf-no-text = Diese Nachricht enthält keinen Text.
pdf-encrypted = Diese Nachricht ist verschlüsselt. Sie steht unverändert in der beigefügten Datei „original.eml“.
pdf-embedded = In diese PDF-Datei eingebettet sind die unveränderte Nachricht (original.eml) und alle Anhänge. Ihr PDF-Programm zeigt sie unter „Anlagen“ oder mit einer Büroklammer.
pdf-replaced = Einzelne Zeichen kann dieses Dokument nicht darstellen; sie erscheinen als ▯ oder ?. Die eingebettete Nachricht original.eml enthält sie unverändert.
pdf-shortened = Die Nachricht ist sehr lang und hier gekürzt. Vollständig steht sie in der eingebetteten Datei original.eml.
pdf-not-set = Der Text dieser Nachricht ließ sich nicht als Dokument darstellen. Vollständig steht er in der eingebetteten Datei original.eml.
pdf-picture = Bild
pdf-bytes = Bytes
pdf-date-pattern = { $weekday }, { $day }. { $month } { $year }, { $time } Uhr ({ $zone })

pdf-weekday-1 = Montag
pdf-weekday-2 = Dienstag
pdf-weekday-3 = Mittwoch
pdf-weekday-4 = Donnerstag
pdf-weekday-5 = Freitag
pdf-weekday-6 = Samstag
pdf-weekday-7 = Sonntag
