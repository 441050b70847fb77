# Was andere schreiben und wir lesen: wird nie gezeigt. Wörter sind durch Leerzeichen getrennt und werden in Kleinschreibung verglichen.

# Anfänge von Wörtern, mit denen jemand um Löschung bittet; nicht die von Wörtern, die von einer Löschung erzählen („gelöscht“).
understood-deletion = lösch loesch
# Vor dem Betreff einer Antwort oder einer Weiterleitung.
understood-reply-marks = aw: antw: wg:
# Über zitiertem Text: wie solche Zeilen enden, wie sie beginnen.
understood-quote-ends = schrieb:
understood-quote-beginnings = von:
