# What the mails say that Sealpost itself writes.
#
# Everywhere: $brand (the insurer), $portal (the mailbox's name), $host and $portal-url.
# Where time runs: $until (day), $until-time (day and time), $days (whole days until then).

direction = ltr

## Below every mail
link-hint = If the button does not work, copy this address into your browser:
help-title = Help
automatic = This e‑mail was sent automatically. Please do not reply to it; reply in the mailbox instead. Only there is your reply confidential.
automatic-inside = This e‑mail was sent automatically. Nobody reads replies to it.
imprint = Legal notice
privacy = Privacy

## The box with the facts
label-from = From
label-subject = Subject
label-date = Date
label-recipient = Recipient
label-letters = Unread messages
label-oldest = Oldest from
label-password = Initial password
label-locked = Locked since
label-unlocked = Unlocked
label-opens = Opens again
label-closed = Last attempt
label-changed = Changed
label-deleted = Deleted
label-login = Logged in
label-network = From the network
label-why = Reason
label-reason = The mail server’s reply
label-own-key = Own key
label-partner-key = Key of a partner

## How to tell a genuine mail
genuine-title = How to tell that this e‑mail is genuine
genuine-link = The link leads to { $host }. You will see exactly this name at the top of your browser.
genuine-type = You do not need the link: type { $portal-url } into your browser yourself and log in.
genuine-never = In e‑mails like this we never ask for bank details, transaction codes or the password of your e‑mail account.
genuine-doubt = Not sure? Do not click anything. Ask us on a telephone number that you already know.

## The first letter
activation-subject = [{ $brand }] Confidential mail for you – please set up your mailbox
activation-heading = A confidential message is waiting for you
activation-intro = { $brand } has written to you in confidence. To keep it confidential, the message is kept encrypted in a mailbox of your own, in the portal “{ $portal }”. The text of the message is not in this e‑mail.
activation-button = Set up mailbox and read
activation-deadline =
    { $days ->
        [0] Please set up the mailbox today. After that the message will be deleted.
        [one] Please set up the mailbox by { $until } (one day left). After that the message will be deleted.
       *[other] Please set up the mailbox by { $until } ({ $days } days left). After that the message will be deleted.
    }
steps-title = Set up once, in about two minutes
step-open = Open the link. There is nothing to install and nothing to pay.
step-password = Think of a password.
step-question = Choose a security question and your answer to it. They let you back into your mailbox if you ever forget the password.

## Reminder: messages wait in a mailbox that has not been set up
reminder-subject =
    { $days ->
        [0] { "[" }{ $brand }] Reminder: confidential mail for you that will be deleted today
        [one] { "[" }{ $brand }] Reminder: confidential mail for you that will be deleted tomorrow
       *[other] { "[" }{ $brand }] Reminder: confidential mail for you that will be deleted in { $days } days
    }
reminder-heading =
    { $count ->
        [one] A message for you is still unread
       *[other] { $count } messages for you are still unread
    }
reminder-intro =
    { $count ->
        [one] Some time ago { $brand } wrote to you in confidence. The message is still kept encrypted in the portal “{ $portal }”. The mailbox there is ready for you but has not been set up yet.
       *[other] Some time ago { $brand } wrote to you in confidence. { $count } messages are still kept encrypted in the portal “{ $portal }”. The mailbox there is ready for you but has not been set up yet.
    }
reminder-deadline =
    { $count ->
        [one] { activation-deadline }
       *[other] { $days ->
            [0] Please set up the mailbox today. After that the first of them will be deleted.
            [one] Please set up the mailbox by { $until } (one day left). After that the first of them will be deleted.
           *[other] Please set up the mailbox by { $until } ({ $days } days left). After that the first of them will be deleted.
        }
    }
reminder-initial-deadline =
    { $count ->
        [one] { initial-deadline }
       *[other] { $days ->
            [0] Please log in today. After that the first of them will be deleted.
            [one] Please log in by { $until } (one day left). After that the first of them will be deleted.
           *[other] Please log in by { $until } ({ $days } days left). After that the first of them will be deleted.
        }
    }

## Reminder: unread messages in a mailbox in use
unread-subject = [{ $brand }] Reminder: unread confidential mail in your mailbox
unread-heading =
    { $count ->
        [one] One message is still unread
       *[other] { $count } messages are still unread
    }
unread-intro = There is mail in your mailbox in the portal “{ $portal }” that you have not opened yet. Log in there with your e‑mail address and your password.
unread-deadline =
    { $count ->
        [one] It
       *[other] The oldest
    } will be deleted { $days ->
        [0] today.
        [one] after { $until } (one day left).
       *[other] after { $until } ({ $days } days left).
    }

## Reminder: a mailbox will be deleted because nobody uses it any more
idle-subject = [{ $brand }] Your mailbox will be deleted soon
idle-heading = Your mailbox will be deleted soon
idle-intro = Nothing has come to your mailbox in the portal “{ $portal }” for a long time, and you have not been there for a long time. It will therefore be deleted, with everything still in it.
idle-button = Log in and keep it
idle-deadline =
    { $days ->
        [0] It will be deleted today.
        [one] It will be deleted after { $until } (one day left).
       *[other] It will be deleted after { $until } ({ $days } days left).
    }
idle-nothing = If you want to keep it, simply log in once. If you no longer need it, there is nothing to do. If { $brand } writes to you in confidence again, a new one will be created.

## Nobody fetches the message, to the sender
unfetched-subject = Not collected yet: your confidential message of { $sent }
unfetched-heading = Your message has not been collected yet
unfetched-intro =
    { $count ->
        [one] Your confidential message has been in the portal “{ $portal }” since yesterday, and the recipient has not opened it yet.
       *[other] Your confidential message has been in the portal “{ $portal }” for { $count } days, and the recipient has not opened it yet.
    }
unfetched-notified = They were notified by e‑mail.
unfetched-came-back = E‑mails to their address have been returned. They probably do not know about your message.
unfetched-call = Call the recipient: perhaps they have not seen the notification.
unfetched-password = Give them the initial password if they do not have it yet: without it they cannot open the message. It is in the e‑mail that you received about it.
unfetched-post = If it is urgent, or a deadline must be met, send the document by post.
unfetched-deadline = If nobody collects it, the message will be deleted after { $until }.
unfetched-steps = What you can do
unfetched-check-address = Check the address for typing errors.
unfetched-call-anyway = If it was right, call the recipient: perhaps their e‑mail account is full or no longer exists.

## The message was deleted unread, to the sender
unread-gone-subject = Deleted unread: your confidential message of { $sent }
unread-gone-heading = Your message was not read
unread-gone-intro = Your confidential message was kept in the portal “{ $portal }” until its retention period ended. The recipient did not open it. It has now been deleted there.
unread-gone-intro-deleted = The recipient has deleted your confidential message in the portal “{ $portal }” without opening it.
unread-gone-intro-mailbox = Your confidential message was in the portal “{ $portal }”. The recipient’s mailbox there has been deleted with all its messages. By then they had not opened yours.
unread-gone-call = Ask the recipient: perhaps they deleted the message by mistake or took it for unsolicited mail.
unread-gone-again = If they are to have it after all, send the message again: a new mailbox will then be created for them.

## To somebody who answered a notification
safely-subject = Your reply has not arrived – how to reply safely
safely-heading = How to reply safely
safely-intro = You have replied to an automatic e‑mail. Nobody reads e‑mail sent to this address, and an ordinary e‑mail is not protected on its way. Log in to the portal “{ $portal }”, open the message and choose “Reply” there.
afresh-subject = Your e‑mail has not arrived – how to reach us
afresh-heading = How to reach us
afresh-intro = You have written to the address that our automatic e‑mails come from. Nobody reads e‑mail sent to this address. If it is about a confidential message, log in to the portal “{ $portal }”, open the message and choose “Reply” there. For anything else, please use the contact address below.
safely-button = To the portal
safely-gone = What you wrote has been neither kept nor passed on. Please write to us again in the way described.

## Somebody wished by e-mail that the mailbox be deleted
deletion-request-subject = [{ $brand }] Delete your mailbox: please confirm
deletion-request-heading = Do you want to delete your mailbox?
deletion-request-intro = You asked us by e‑mail to delete your mailbox in the portal “{ $portal }”. Nothing has been deleted yet. Please confirm your request on the page that the button opens.
deletion-request-button = Go to the confirmation page
deletion-request-deadline = The link is valid until { $until-time }. After that your request lapses and everything stays as it is.
deletion-request-all = All messages in the mailbox will be lost with it for good. Before you confirm, save what you want to keep.
deletion-request-not-you = You did not ask for this? Then do nothing: this e‑mail alone deletes nothing.
deletion-request-held-subject = [{ $brand }] Your mailbox cannot be deleted at present
deletion-request-held-heading = Your mailbox has to be kept
deletion-request-held-intro = You asked us by e‑mail to delete your mailbox in the portal “{ $portal }”. That is not possible at present: it has to be kept for legal reasons.
deletion-request-held-more = We will gladly tell you what that means and how long it will last. Please use the contact address below.
deletion-request-nothing-subject = [{ $brand }] There is no mailbox for your address
deletion-request-nothing-heading = There is nothing to delete
deletion-request-nothing-intro = You asked us by e‑mail to delete your mailbox in the portal “{ $portal }”. There is none for the address you wrote from. If your mailbox belongs to another address, please write to us from that one.
deletion-request-unproven-subject = [{ $brand }] How to delete your mailbox
deletion-request-unproven-heading = How to delete your mailbox
deletion-request-unproven-intro = You asked us by e‑mail to delete a mailbox in the portal “{ $portal }”. We could not establish that this e‑mail really came from the address given as its sender. We have therefore done nothing.
deletion-request-unproven-steps = What you can do
deletion-request-unproven-login = Log in to the portal and choose “Delete mailbox” under “My account”.
deletion-request-unproven-help = If you cannot log in, please use the contact address below.

## Every further letter
message-subject = [{ $brand }] New confidential message in your mailbox
message-subject-shown = [{ $brand }] New confidential message: { $subject }
message-heading = You have a new message
message-intro = { $brand } has written to you in confidence. The message is in your mailbox in the portal “{ $portal }”. Log in there with your e‑mail address and your password.
message-intro-locked = { $brand } has written to you in confidence. The message is in your mailbox in the portal “{ $portal }”. However, our support has locked the mailbox: for now you cannot log in there. Once it is unlocked we will write to you.
message-button = Log in and read
message-deadline =
    { $days ->
        [0] The message will be deleted today.
        [one] The message will be deleted after { $until } (one day left).
       *[other] The message will be deleted after { $until } ({ $days } days left).
    }
message-keep = Save what you want to keep: the mailbox is for collecting, not for storing.

## The first letter, with an initial password
initial-subject = [{ $brand }] Confidential mail for you – your initial password comes separately
initial-heading = A confidential message is waiting for you
initial-intro = { $brand } has written to you in confidence. The message is kept encrypted in a mailbox of your own, in the portal “{ $portal }”. To log in for the first time you need an initial password. You will receive it separately, usually by telephone or by post.
initial-button = Go to the mailbox
initial-deadline =
    { $days ->
        [0] Please log in today. After that the message will be deleted.
        [one] Please log in by { $until } (one day left). After that the message will be deleted.
       *[other] Please log in by { $until } ({ $days } days left). After that the message will be deleted.
    }
initial-steps = How to read the message
initial-wait = Wait until the sender has given you the initial password.
initial-ask = If you do not have the initial password yet, ask the sender for it, preferably by telephone. Do not wait any longer: without it you cannot open the message.
initial-login = Log in with your e‑mail address and the initial password.
initial-own = Set a password and a security question of your own. The initial password then no longer works.

## The initial password, to the sender
password-for-sender-subject = Please pass on: initial password for your confidential message
password-for-sender-heading = Please pass on this initial password
password-for-sender-intro = Your confidential message is waiting in the portal “{ $portal }”. The recipient knows about it but can only read it once you have given them the initial password.
password-for-sender-deadline =
    { $days ->
        [0] If nobody reads it, the message will be deleted today.
        [one] If nobody reads it, the message will be deleted after { $until } (one day left).
       *[other] If nobody reads it, the message will be deleted after { $until } ({ $days } days left).
    }
password-for-sender-steps = How to do it safely
password-for-sender-tell = Give the initial password by telephone or send it by post. First make sure you know whom you are talking to.
password-for-sender-plain = Capitals and hyphens do not matter: “kxcm 7rtw” is the same as “KXCM-7RTW”.
password-for-sender-never = Do not forward this e‑mail, and do not send the initial password by e‑mail.

## Access reset
again-subject = [{ $brand }] Your access was reset – please set it up again
again-heading = Set up your mailbox again
again-intro = As agreed with our support, your previous access to the portal “{ $portal }” no longer works. With the link you set a new password and a new security question.
again-kept = Your messages stay and can be read again afterwards.
again-lost = The messages you had can no longer be read afterwards: only your old password or the answer to your old security question opened them. If you still need one, ask its sender to send it again.
again-initial-intro = As agreed with our support, your previous access to the portal “{ $portal }” no longer works. Log in with your e‑mail address and the initial password we have given you. After that you set a password and a security question of your own.
again-initial-deadline =
    { $days ->
        [0] The initial password works today only.
        [one] The initial password works for one day, until { $until }.
       *[other] The initial password works for { $days } days, until { $until }.
    }
again-initial-stranger = If you did not arrange this with us, please contact us.
again-button = Set up mailbox again
again-deadline = The link works until { $until-time } and only once. After that, the page it leads to lets you ask for a new one.
again-stranger = If you did not arrange this with us, do not use the link, and please contact us.

## Forgotten password
reset-subject = [{ $brand }] Set a new password for your mailbox
reset-heading = Set a new password
reset-intro = Somebody, probably you, told the portal “{ $portal }” that they have forgotten the password of your mailbox. With the link and the answer to your security question you can set a new one.
reset-button = Set new password
reset-deadline = The link works until { $until-time }, and only once.
reset-stranger = If this was not you, there is nothing to do: your password stays as it is.

## Password changed
changed-subject = [{ $brand }] The password of your mailbox was changed
changed-heading = Your password was changed
changed-intro = The password of your mailbox in the portal “{ $portal }” was changed by somebody who knew the old one. All other sessions were ended.
changed-intro-forgotten = For your mailbox in the portal “{ $portal }” a new password was set, with the answer to your security question. All sessions were ended. Your messages are all still there.
changed-you = If this was you, there is nothing to do.
changed-stranger = If this was not you, please contact us at once, and change the password of your e‑mail account.

## Security question changed
question-subject = [{ $brand }] The security question of your mailbox was changed
question-heading = Your security question was changed
question-intro = Your mailbox in the portal “{ $portal }” has another security question. It was changed by somebody who knew the password. All other sessions were ended.
question-stranger = If this was not you, somebody knows your password. Please contact us at once, and change the password.

## Mailbox deleted
deleted-subject = [{ $brand }] Your mailbox was deleted
deleted-heading = Your mailbox was deleted
deleted-intro = Your mailbox in the portal “{ $portal }” was deleted permanently, with all messages. It was done by somebody who knew the password. If { $brand } writes to you in confidence again, you will get a new mailbox to set up.
deleted-intro-requested = Your mailbox in the portal “{ $portal }” was deleted permanently, with all messages. Somebody confirmed this with the link in the e‑mail that we sent in answer to your request. If { $brand } writes to you in confidence again, you will get a new mailbox to set up.
deleted-stranger = If this was not you, please contact us at once, and change the password of your e‑mail account.

## Logged in from an unknown browser
browser-subject = [{ $brand }] New log-in to your mailbox
browser-heading = Log-in from a new device
browser-intro = Somebody logged in to your mailbox in the portal “{ $portal }” with your password, from a device or browser that we do not know yet.
browser-stranger = If this was not you, somebody knows your password. Log in, change the password under “My account”, and tell us. That ends all other sessions.

## Mailbox locked
locked-subject = [{ $brand }] Too many wrong passwords for your mailbox
locked-heading = Logging in is blocked for a while
locked-intro = A wrong password was entered too often for your mailbox in the portal “{ $portal }”. To protect your messages nobody can log in from an unknown device for now. Devices from which you have logged in before are not affected. Your messages are all still there, and new ones still arrive.
locked-button = Go to the mailbox
locked-you = If this was you, use “Forgotten password” on the log-in page: with a new password you get in at once. You can also wait.
locked-stranger = If this was not you, somebody else has tried, without success. You need not do anything. As long as it goes on, we will write to you at most once a day.

## The way by the security question is closed
answers-subject = [{ $brand }] Too many wrong answers to your security question
answers-heading = “Forgotten password” is blocked for a while
answers-intro = A wrong answer to the security question was entered too often for your mailbox in the portal “{ $portal }”. To protect your messages, the password cannot be reset in this way for a while. Your password still works.
answers-you = If this was you and you remember the password, log in with it: that also unlocks this option again. If not, wait, or ask our support for help under “Forgotten password” on the log-in page.
answers-stranger = If this was not you, somebody else has tried, without success. Please tell us, and choose a question under “My account” whose answer only you know.

## An answer from the portal did not arrive, into the mailbox
returned-subject = Not delivered: your message
returned-heading = Your message has not arrived
returned-intro = What you wrote could not be delivered. Nothing is lost: your message is still under “Sent”.
returned-button = View your message
returned-more = Check the address and send the message again, or get in touch with us.
waiting-subject = Not delivered yet: your message
waiting-heading = Your message is still on its way
waiting-intro = What you wrote could not be delivered so far. We keep trying.
waiting-more = There is nothing you need to do. If it cannot be delivered, we will tell you here.

## The same by ordinary mail, to the owner: not what, not to whom
cameback-subject = One of your messages has not arrived
cameback-heading = One of your messages has been returned
cameback-intro = What you wrote in the portal “{ $portal }” could not be delivered. Nothing is lost. Your inbox says why, and what you can do.
cameback-button = Read it in your inbox

## New messages that no mail has told of yet
digest-subject =
    { $count ->
        [one] { "[" }{ $brand }] New confidential message for you
       *[other] { "[" }{ $brand }] { $count } new confidential messages for you
    }
digest-heading =
    { $count ->
        [one] You have a new message
       *[other] You have { $count } new messages
    }
digest-intro =
    { $count ->
        [one] { $brand } has written to you in confidence. The message is in your mailbox in the portal “{ $portal }”. Log in there with your e‑mail address and your password.
       *[other] { $brand } has written to you in confidence. The messages are in your mailbox in the portal “{ $portal }”. Log in there with your e‑mail address and your password. You choose how often you get these e‑mails under “My account”.
    }
digest-intro-newcomer =
    { $count ->
        [one] { $brand } has sent you another confidential message. It is kept encrypted in the portal “{ $portal }”. The mailbox there is ready for you but has not been set up yet.
       *[other] { $brand } has sent you { $count } more confidential messages. They are kept encrypted in the portal “{ $portal }”. The mailbox there is ready for you but has not been set up yet.
    }
digest-deadline =
    { $count ->
        [one] It
       *[other] The first of them
    } will be deleted { $days ->
        [0] today.
        [one] after { $until } (one day left).
       *[other] after { $until } ({ $days } days left).
    }

## Support has done something to the mailbox
support-deleted-subject = [{ $brand }] Your mailbox was deleted
support-deleted-heading = Your mailbox was deleted
support-deleted-intro = Our support has permanently deleted your mailbox in the portal “{ $portal }”, with all messages.
support-deleted-more = If { $brand } writes to you in confidence again, you will get a new mailbox to set up.
support-locked-subject = [{ $brand }] Your mailbox was locked
support-locked-heading = Your mailbox is locked
support-locked-intro = Our support has locked your mailbox in the portal “{ $portal }”. For now nobody can log in there, not even you; all sessions were ended.
support-locked-more = Your messages are all still there, and new ones still arrive. Once the mailbox is unlocked we will write to you.
support-unlocked-subject = [{ $brand }] Your mailbox is open again
support-unlocked-heading = Your mailbox is open again
support-unlocked-intro = Our support has unlocked your mailbox in the portal “{ $portal }”. You can log in there again with your e‑mail address and your password.
support-unlocked-more = This e‑mail contains no link: type the address of the portal into your browser yourself.
support-ask = If you do not know why, please ask us on a telephone number that you already know.

## Keys end, to the operator
keys-subject =
    { $count ->
        [one] A key for encrypted e‑mail is about to expire
       *[other] { $count } keys for encrypted e‑mail are about to expire
    }
keys-heading =
    { $count ->
        [one] A key is about to expire
       *[other] { $count } keys are about to expire
    }
keys-intro = { $portal } uses these keys to exchange encrypted e‑mail with other companies. After the day given, no message is encrypted or signed with them any more. There is no successor yet.
keys-steps = What to do
keys-own = Own key: make a new one (sealpost domain-key make) and give it to the partners before the old one expires.
keys-partner = Key of a partner: ask the partner for the new one and add it (sealpost partner add).
keys-all = sealpost domain-key list and sealpost partner list show all keys and when they expire.

## A test of an encrypted connection, to another company
partner-test-subject = Test of the encrypted connection
partner-reply-subject = The encrypted connection works
partner-greeting = Hello,
partner-test = This message was encrypted for your company and signed by { $brand }. If you can read it, the connection works in your direction. Some gateways answer it by themselves. If yours does not, please reply briefly.
partner-reply = Your test message has arrived, could be decrypted and had a valid signature of your company. The gateway of { $brand } wrote this reply by itself, and encrypted it for you and signed it. If you can read it, the connection works in both directions.
partner-end = { $brand }
