# What delivery reports say (RFC 3464): plain text, one below the other in each of the operator's languages.
# $to is the recipient's address, set in, $why one of the sentences report-why-…

report-technical = Technical message

report-failed-subject = Not delivered
report-failed =
    Your message to

    { $to }

    could not be delivered. { $why }

    We will not try again.

report-delayed-subject = Delivery delayed
report-delayed =
    Your message to

    { $to }

    has not been delivered yet. { $why }

    You do not need to do anything: we will keep trying { $left }.
report-left-short = for a short while
report-left-hours = for about { $n } more { $n ->
        [one] hour
       *[other] hours
    }
report-left-days = for about { $n } more days

report-passed-on-subject = Passed on
report-passed-on =
    Your message to

    { $to }

    was handed to the next mail server, which sends no further delivery reports.

report-not-notified-subject = Recipient not notified
report-not-notified =
    Your confidential message to

    { $to }

    is waiting, encrypted, in the recipient’s mailbox, but the notification about it could not be delivered. { $why }

    Please inform the recipient by other means.

report-not-reached-subject = Recipient not reached
report-not-reached =
    Your confidential message is in the mailbox of

    { $to }

    but the notification about it could not be delivered: the recipient does not know about the message. Please check the address.
report-perhaps-not-reached =
    Your confidential message is in the mailbox of

    { $to }

    but something came back for the notification about it: most likely it was not delivered, and the recipient does not know about the message. Please check the address, or ask the recipient.

report-refused-subject = Not sent
report-refused =
    Your message was not sent to this recipient:

    { $to }

    Reason: { $why }

    It was accepted for the other recipients.

report-deposited-subject = Deposited
report-deposited =
    Your message to

    { $to }

    has been accepted and is in the recipient’s mailbox, encrypted. { $notice }

    This report does not mean that the recipient has opened or read the message.
report-deposited-now = They are being notified by e‑mail. If that fails, you will be told.
report-deposited-later = They will be notified by e‑mail later, together with other new messages.

report-opened-subject = Opened
report-opened =
    Your confidential message to

    { $to }

    has been opened in the mailbox. That does not mean that it has been read or understood.

## Why (RFC 3463)
report-why-address = There is no such address. Please check its spelling.
report-why-domain = There is no mail server for the part behind the @. Please check its spelling.
report-why-null-mx = No e‑mail is accepted under the name behind the @.
report-why-moved = The recipient has moved to a new address.
report-why-disabled = The mailbox is disabled.
report-why-full = The recipient’s mailbox is full.
report-why-size = The message is too large for the recipient’s server.
report-why-loop = The mail servers are set up so that the message would go round in circles.
report-why-busy = The recipient’s server was not ready to accept it all this time.
report-why-unreachable = The recipient’s server cannot be reached.
report-why-plain = The recipient’s server accepts plain text without accents and special characters only (no 8BITMIME), and we do not change your message, so that signatures stay valid. Please set your mail program to the encoding “quoted-printable”, or write without accents.
report-why-characters = The recipient’s server cannot accept messages with such characters.
report-why-tls = The connection to the recipient’s server is not as safe as this message requires.
report-why-security = The recipient’s server refused it for security reasons.
report-why-other = The recipient’s server did not accept it.

## Report to another domain on TLS (RFC 8460)
tls-report =
    This is a report according to RFC 8460 (SMTP TLS Reporting) from { $organization } to the operators of { $domain }.

    On { $date } (UTC) our connections to your mail servers were
    - encrypted as you publish it: { $secured }
    - not encrypted, or not so: { $failed }

    Details are attached in a form for machines. You receive this report because your domain asks for it under _smtp._tls.
