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

    but a reply came back to the notification about it: most likely it was not delivered, and the recipient does not know about the message. Please check the address, or ask the recipient.

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
report-why-busy = The recipient’s server was never ready to accept it in all that time.
report-why-unreachable = The recipient’s server cannot be reached.
report-why-plain = The recipient’s server accepts plain text without accents and special characters only (no 8BITMIME), and we do not change your message, so that signatures stay valid. Please set your mail program to the encoding “quoted-printable”, or write without accents.
report-why-characters = The recipient’s server cannot accept messages with such characters.
report-why-tls = The connection to the recipient’s server is not as safe as this message requires.
report-why-security = The recipient’s server refused it for security reasons.
report-why-other = The recipient’s server did not accept it.

## Why a recipient was left out
report-refused-by-rule = A rule does not allow it.
report-refused-undecided = It cannot be judged: part of it is damaged, encrypted, ambiguous, too long or in an unknown encoding.
report-refused-full = The recipient’s mailbox is full.
report-refused-not-encrypted = It must be encrypted. { $problem }
report-refused-not-signed = It must be signed. { $problem }
key-problem-no-partner = The recipient’s domain does not belong to a partner.
key-problem-other-partner = The recipient does not belong to the partner that the rule names.
key-problem-partner-suspended = The partner is suspended.
key-problem-untested = The connection to the partner has not been tested yet.
key-problem-no-key = The partner has no key.
key-problem-not-confirmed = Nobody has confirmed the partner’s key.
key-problem-suspended = The partner’s key is suspended.
key-problem-expired = The partner’s key has expired.
key-problem-not-yet-valid = The partner’s key is not valid yet.
key-problem-revoked = The partner’s key is revoked.
key-problem-weak-key = The partner’s key is too weak.
key-problem-weak-hash = The partner’s certificate was issued with a broken hash function.
key-problem-wrong-usage = The partner’s key must not be used for encryption.
key-problem-authority = The partner’s key belongs to a certificate authority.
key-problem-other-address = The partner’s key is for another address.
key-problem-unreadable-name = The partner’s key names an address that cannot be read.
key-problem-not-vouched-for = Nobody has compared the partner’s key, and the signed zone that publishes it does not speak for this address.
key-problem-no-sender = The message does not name exactly one sender.
key-problem-other-sender = The “Sender” of the message belongs to another domain than “From”.
key-problem-not-theirs = Your access does not permit writing for the domain in “From”.
key-problem-from-world = The message came from outside, and messages from outside are not signed.
key-problem-no-own-key = There is no key of our own for the sender’s domain ({ $method }).

## Report to another domain on TLS (RFC 8460)
tls-report =
    This is a report according to RFC 8460 (SMTP TLS Reporting) from { $organization } to the operators of { $domain }.

    On { $date } (UTC) our connections to your mail servers were
    - encrypted as you publish it: { $secured }
    - not encrypted, or not so: { $failed }

    Details are attached in a form for machines. You receive this report because your domain asks for it under _smtp._tls.
