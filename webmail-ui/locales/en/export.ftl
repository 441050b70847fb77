# What a PDF file says that is not of the message.

pdf-from = From
pdf-to = To
pdf-cc = Copy to
pdf-reply-to = Reply to
pdf-date = Date
pdf-attachments = Attachments
pdf-page = Page { $page } of { $pages }
pdf-more = and { $n } more, all of them listed at the end
pdf-no-subject = (no subject)
pdf-no-text = This message has no text.
pdf-encrypted = This message is encrypted. The attached file “original.eml” holds it unchanged.
pdf-embedded = Embedded in this PDF file are the unchanged message (original.eml) and all attachments. Your PDF program shows them under “Attachments” or with a paper clip.
pdf-replaced = Some characters cannot be shown in this document; they appear as ▯ or ?. The embedded message original.eml has them unchanged.
pdf-shortened = The message is very long and has been shortened here. All of it is in the embedded file original.eml.
pdf-not-set = The text of this message could not be shown as a document. All of it is in the embedded file original.eml.
pdf-picture = Picture
pdf-bytes = bytes
pdf-date-pattern = { $weekday }, { $day } { $month } { $year }, { $time } ({ $zone })

pdf-weekday-1 = Monday
pdf-weekday-2 = Tuesday
pdf-weekday-3 = Wednesday
pdf-weekday-4 = Thursday
pdf-weekday-5 = Friday
pdf-weekday-6 = Saturday
pdf-weekday-7 = Sunday
