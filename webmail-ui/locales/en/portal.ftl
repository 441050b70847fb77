# Everything the portal says in English. Every key must exist in every language folder and be used;
# a test proves both.

language-name = English
decimal-separator = .

# ---- dates ----
date-long = { $day } { $month } { $year }, { $time }
date-today = { $time }
date-this-year = { $day } { $month }
date-other = { $day } { $month } { $year }
month-1 = January
month-2 = February
month-3 = March
month-4 = April
month-5 = May
month-6 = June
month-7 = July
month-8 = August
month-9 = September
month-10 = October
month-11 = November
month-12 = December

# ---- frame of every page ----
skip-to-content = Skip to content
account-menu = Your mailbox
log-out = Log out
to-inbox = Inbox
footer-label = Information about this site
footer-imprint = Legal notice
footer-privacy = Privacy
footer-accessibility = Accessibility
footer-contact = Help and contact
footer-language = Language
form-has-errors = Please check your entries
form-has-errors-text =
    { $n ->
        [one] One entry is missing or not correct yet:
       *[other] { $n } entries are missing or not correct yet:
    }

# ---- log-in ----
login-title = Log in
login-lead = { $name }: your confidential mail
login-text = Messages that must stay between us are kept for you here, encrypted.
login-point-kept = Stored encrypted. You open your mailbox with your password; if you forget it, our support can help after checking who you are.
login-point-key = Encrypted with a key that belongs to your mailbox alone. Your password or the answer to your security question releases it.
login-point-mail = When something new has arrived, we send you an e‑mail.
login-point-export = You can save every message and attachment on your own device.
login-address = E‑mail address
login-address-hint = The address our notification was sent to.
login-password = Password
login-button = Log in
login-new = No password yet?
login-new-text = Open the link in our first e‑mail to you. It takes you to a page where you choose your password.
login-trouble = Trouble logging in?
login-trouble-text = How to reach us:
login-note-left = You are logged out.
login-note-over = Your session has ended because you were away for a while. Please log in again.
login-ended-password = Your session was ended because the password of this mailbox was changed in another browser. If that was not you, please contact us at once.
login-ended-question = Your session was ended because the security question of this mailbox was changed in another browser. If that was not you, please contact us at once.
login-ended-reset = Your session was ended because a new password was set using “Forgotten password”. If that was not you, please contact us at once.
login-ended-everywhere = Your session was ended because somebody ended all sessions in your account. If that was not you, please change your password.
login-ended-support = Your session was ended because our support reset or locked the access to this mailbox. You will find the details in the e‑mail we sent you.
login-ended-deleted = Your session was ended because this mailbox was deleted in another browser. If that was not you, please contact us at once.
login-note-kept = Your session had already ended. What you wrote is not lost: log in, and you can go on with it. Only files you had just chosen have to be chosen again.
login-note-copy = Your session had already ended, and your text is too long to be carried over. Please copy it below before you log in.
login-kept-text = Your text
login-note-wrong = The e‑mail address or the password is not correct. Please check both, including upper and lower case, and try again.
login-note-wait =
    { $n ->
        [one] There were several failed attempts. Please wait one second and try again.
       *[other] There were several failed attempts. Please wait { $n } seconds and try again.
    }
login-note-wait-long =
    { $n ->
        [one] There were many failed attempts. From this device you can try again in one minute. “Forgotten password?” is quicker: with a new password you get in at once.
       *[other] There were many failed attempts. From this device you can try again in { $n } minutes. “Forgotten password?” is quicker: with a new password you get in at once.
    }
password-show = Show password
password-hide = Hide password

# ---- activation ----
activate-title = Set up your mailbox
activate-lead = A confidential message is waiting for you. Choose a password, and you can read it right away.
activate-lead-empty = Here you set up your mailbox. There is no message in it at present: it was withdrawn, or its retention period has ended. Choose a password, and you can read new messages right away.
activate-waiting = This message is waiting for you
activate-from = From
activate-subject = Subject
activate-date = Received
activate-subject-none = No subject
activate-more =
    { $n ->
        [one] and one more message
       *[other] and { $n } more messages
    }
activate-step-password = Choose your password
activate-address = Your mailbox belongs to
activate-password = Password
activate-repeat = Repeat the password
activate-rules = The password needs:
rule-length = at least { $n } characters
rule-upper = a capital letter
rule-digit = a digit
rule-special = a special character like ! ? + –
rule-guess = Several words that have nothing to do with each other are strong and easy to remember.
rule-met = done
rule-unmet = still missing
activate-step-question = Choose a security question
activate-question-text = If you ever forget your password, you can use the answer to set a new one. Only you should know it.
activate-lost-kept = If you forget the answer too, our support can open your mailbox for you again after checking who you are. Your messages are kept.
activate-lost-gone = If you forget both, your messages can no longer be opened, not even by us. They would have to be sent again.
activate-question = Question
activate-question-choose = Please choose
activate-question-own-option = My own question
activate-own-question = Your own question
activate-own-question-hint = Only if you chose “My own question” above.
activate-answer = Your answer
activate-answer-hint = Upper and lower case and punctuation do not matter.
activate-step-language = Language
activate-language = Language of this site and of our e‑mails to you
activate-button = Set up mailbox
activate-button-hint = After that you log in with your e‑mail address and your password; you no longer need the link.
question-school = What was the name of your first school?
question-teacher = What was the name of your favourite teacher?
question-street = In which street did you grow up?
question-job = Where did you first earn money?
question-holiday = Where did you spend your best holiday?
question-book = Which book did you love as a child?

# ---- what is wrong with an entry, and how to mend it ----
password-empty = Please choose a password.
password-several = The password does not yet meet all the rules.
password-short = The password is too short. Add some characters.
password-no-upper = The password has no capital letter. Add one.
password-no-digit = The password has no digit. Add one.
password-no-special = The password has no special character. Add one, such as ! or ?
password-address = The password is too much like your e‑mail address. Choose something else.
password-common = Very many people use this password, so attackers try it first. Choose something else.
password-related = Attackers first try names, places, years and whatever belongs to your address or to us. Add words that have nothing to do with them.
password-guessable = This password is easy to guess. Several words that have nothing to do with each other make a good one.
password-long = The password is too long. 256 characters are enough.
repeat-differs = The two passwords differ. Enter the same one twice.
question-missing = Please choose a question, or write your own.
answer-short = The answer is too short. It needs at least three letters or digits.
answer-long = The answer is too long. 200 characters are enough.
answer-is-password = The answer must not be your password. Choose another answer.

# ---- links that lead nowhere ----
link-used-title = Your mailbox is already set up
link-used-text = This link was used to set your password, and it works only once. Log in with your e‑mail address and your password.
link-superseded-title = There is a newer link
link-superseded-text = We have since sent you a new e‑mail for your mailbox. Only the link in that one works; this one no longer does. If you cannot find the newer e‑mail, ask for another one.
link-expired-title = This link has expired
link-expired-text = The link in our e‑mail works for a limited time.
link-unknown-title = This link does not work
link-unknown-text = It may be incomplete: some mail programs break long links. Please copy the whole link from our e‑mail into the address bar, or click it again there.
link-to-login = Go to log-in

# ---- inbox ----
inbox-title = Inbox
inbox-count =
    { $n ->
        [0] No messages
        [one] One message
       *[other] { $n } messages
    }
inbox-unread =
    { $n ->
        [0] all read
        [one] one unread
       *[other] { $n } unread
    }
inbox-empty-title = No messages yet
inbox-empty-text = When we have a confidential message for you, we send you an e‑mail, and the message appears here.
inbox-welcome = Your mailbox is ready.
inbox-welcome-text = From now on you log in with your e‑mail address and your password.
inbox-welcome-save = Please save important messages on your own device: they are kept here for a limited time only.
unread-mark = Unread
sender-unknown = Sender unknown
subject-none = No subject
attachment-count =
    { $n ->
        [one] One attachment
       *[other] { $n } attachments
    }
inbox-withdrawn = A message received on { $received } was withdrawn on { $at } by { $by }.
held-note = Your mailbox is being kept for legal reasons: nothing in it is deleted, even when its retention period ends. We are glad to answer your questions.
held-kept = This is not possible at the moment: your mailbox is being kept for legal reasons, so nothing is deleted permanently.
days-left =
    { $n ->
        [0] will be deleted today
        [one] will be deleted tomorrow
       *[other] will be deleted in { $n } days
    }
pages-label = Pages
page-newer = Newer
page-older = Older
page-of = Page { $number }
page-of-total = of { $n }

# ---- message ----
message-from = From
message-to = To
message-cc = Copy to
message-date = Date
message-size = Size
message-actions = What you can do with this message
message-as-text = Show as plain text
message-as-html = Show with formatting
message-save-and-more = Save and more
message-print = Print
message-print-text = To print the message, please show it as plain text: that way all of it is printed.
message-attachments =
    { $n ->
        [one] One attachment
       *[other] { $n } attachments
    }
message-download = Save
message-content = Message
message-frame = Content of the message
message-too-complex = The formatting of this message is too complex to be shown safely. You therefore see its text only.
message-cut = The text is very long and not shown completely. Save the message to read all of it.
message-empty = This message has no text.
frame-places = The links in this message lead to:
table-region = Table { $number }
frame-remote-images =
    { $n ->
        [one] One picture from the internet is not loaded, so that other servers cannot tell that you are reading the message.
       *[other] { $n } pictures from the internet are not loaded, so that other servers cannot tell that you are reading the message.
    }

# ---- accessibility statement ----
accessibility-title = Accessibility
accessibility-intro = Everybody should be able to read their mail here. This site follows the Web Content Accessibility Guidelines (WCAG) 2.2, level AA, and EN 301 549.
accessibility-how = What you can rely on
accessibility-how-keyboard = Everything works with the keyboard alone, and without JavaScript.
accessibility-how-reader = Headings, lists, forms and messages are marked up for screen readers. Errors say what is wrong and how to put it right.
accessibility-how-zoom = You can enlarge the page to 400% and use your own colours. The page follows your system’s light or dark setting.
accessibility-limits = What we cannot promise
accessibility-limits-text = Messages and attachments are shown as their senders made them. “Show as plain text” often helps.
accessibility-contact = Found a barrier?
accessibility-contact-text = We will look into it and reply. Please write to:
accessibility-contact-none = Please tell the company that wrote to you. They will pass it on.

# ---- problems ----
problem-missing-title = This page does not exist
problem-missing-text = The address is not complete, or the message has been deleted.
problem-forged-title = This page was too old
problem-forged-text = For your safety we accept a form only from a page that you opened here shortly before. Please open the page again and repeat your entry. Cookies must be allowed.
problem-form-title = We could not read that
problem-form-text = The request was not complete. Please go back and try again.
problem-many-title = Too many requests
problem-many-text = Very many requests came in a short time, from you or from others in the same network. Your messages are not affected.
problem-busy-title = One moment, please
problem-busy-text = This is not possible just now. Your messages are not affected.
problem-fault-title = Something went wrong here
problem-fault-text = This is our fault, not yours. Your messages are not affected. Please try again in a few minutes.
problem-damaged-title = This message cannot be opened
problem-damaged-text = It was damaged on our side; this is our fault, not yours. Your other messages are not affected. Please get in touch with us, so that the sender can send it again.
problem-home = Go to the start page
problem-wait =
    { $n ->
        [one] Please try again in one second.
       *[other] Please try again in { $n } seconds.
    }
