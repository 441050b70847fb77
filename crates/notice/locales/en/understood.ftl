# What people write and we read: never shown. Words are separated by spaces and compared in lower case.

# Beginnings of words by which somebody asks that something be deleted: not of words that tell of a deletion.
understood-deletion = delete deleti erase erasure
# Before the subject of a reply or of a forwarded message.
understood-reply-marks = re: fwd: fw:
# Above quoted text: how such a line ends, how it begins.
understood-quote-ends = wrote:
understood-quote-beginnings = from:
