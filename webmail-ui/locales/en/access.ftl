# Access: forgotten passwords, requests to support, the own account.

# ---- forgotten password ----
login-forgot = Forgotten password?
login-note-reset = Your new password is set. Please log in with it. All your messages are still there.
forgot-title = Forgotten password
forgot-text-mail = We will send you an e‑mail with a link. With the link and the answer to your security question you can set a new password. Your messages stay readable.
forgot-text-answer = With the answer to your security question you can set a new password. Your messages stay readable.
forgot-button-mail = Send link
forgot-button-answer = Continue
forgot-back = Back to log-in
forgot-address-missing = Please enter your e‑mail address.
forgot-sent-title = Please check your e‑mail
forgot-sent-text = If there is a mailbox for this address, an e‑mail with a link is on its way:
forgot-sent-hint = Nothing there? Please check your spam folder as well. After a few minutes you can try again. The link works for one hour.
reset-title = Set a new password
reset-lead = Answer your security question and choose a new password.
reset-step-answer = Your security question
reset-step-password = New password
reset-button = Save new password
reset-button-hint = You will then be logged out on all devices and can log in again with the new password.
reset-tries =
    { $n ->
        [one] You have one more attempt.
       *[other] You have { $n } more attempts.
    }
answer-missing = Please enter the answer to your security question.
answer-wrong = The answer is not correct.
reset-closed-title = This option is locked
reset-closed-text = The answer was wrong too often. To protect you, this option is locked for between one hour and one week. Our support can help sooner. Your current password still works. We will tell the owner of the mailbox by e‑mail.
reset-used-title = This link has already been used
reset-used-text = This link works only once, and a new password has already been set with it. Log in with that password, or request a new link under “Forgotten password”.
reset-expired-title = This link has expired
reset-expired-text = The link works for a short time only. You can request a new one under “Forgotten password” on the log-in page.

# ---- with the initial password ----
login-new-initial = The first time, log in with your e‑mail address and the initial password that the sender gives you by telephone or by post. After that you choose a password of your own.
login-password-initial = Password (the first time: initial password)
login-initial-lost = Initial password missing or expired?
first-lead = Your initial password is correct. Now choose a password of your own, and you can read your message at once.
first-button-hint = After that the initial password no longer works.
password-is-initial = That is the initial password, and the sender knows it, too. Choose a password of your own.

# ---- the own account ----
login-note-deleted = Your mailbox is deleted. If we write to you in confidence again, you will get a new one.
account-title = My account
account-back = Back to “My account”
account-saved = Saved.
account-secrets-saved = Saved. You are now logged out on all other devices.
account-details = About you
account-name = Your name
account-name-hint = We see this name when you reply. You can leave it empty.
account-zone = Time zone
account-save = Save
account-secrets = Password and security question
account-secrets-text = For both you need your current password.
change-password = Change password
change-password-hint = You will then be logged out on all other devices, and for your safety we will send you an e‑mail.
change-question = Change security question
question-present = Your current question:
question-save = Save question and answer
current-password = Current password
current-missing = Please enter your current password.
current-wrong = The current password is not correct. Check upper and lower case.
current-wait = There were several failed attempts. Please wait one minute and try again.
account-sessions = Where you are logged in
account-sessions-text = Is there a device you do not know? Log out everywhere and change your password.
device-unknown = Unknown device
session-here = this device
session-began = Logged in:
session-seen = Last used:
leave-everywhere = Log out everywhere
account-goes = If no new message arrives and you do not log in, your mailbox will be deleted permanently after { $date }.
account-delete-text = Your mailbox will be deleted permanently, with everything in it.
account-delete-go = Delete mailbox …
delete-title = Delete mailbox
delete-warning =
    { $n ->
        [0] Your mailbox will be deleted permanently. This cannot be undone.
        [one] Your mailbox will be deleted permanently, with one message. This cannot be undone.
       *[other] Your mailbox will be deleted permanently, with { $n } messages. This cannot be undone.
    }
delete-warning-text = Save what you want to keep first. Your contract is not affected. If we write to you in confidence again, a new, empty mailbox will be created.
delete-sure = Yes, I want to delete my mailbox with all messages.
delete-held = Your mailbox is being kept for legal reasons at the moment and cannot be deleted. Please contact us.
delete-sure-missing = Please tick the box to confirm that you want to delete everything.
delete-button = Delete permanently
delete-not = Cancel
deletion-request-warning = You asked us by e‑mail to delete your mailbox. All messages in it will be lost for good.
deletion-request-held-title = Your mailbox is being kept
deletion-request-expired-text = This link was valid for a few days only. Nothing has been deleted. If you still want your mailbox to be deleted, please write to us again, or log in and choose “My account”.
deletion-request-unknown-text = This link does not exist, or no longer works. Part of it may be missing, or the mailbox has already been deleted.

# ---- the end of a session ----
idle-title = Are you still there?
idle-text = In two minutes we will log you out to keep your messages safe. Would you like to stay logged in?
idle-stay = Stay logged in
session-until = You are logged in until { $time }, or longer if you open a page before then. If you send something after that, it is still there once you have logged in again.

# ---- a new link, and the way by support ----
renew-text = We can send a new link to your e‑mail address.
renew-button = Ask for a new link
renew-title = Your new link
renew-sent-text = If your mailbox is still waiting for you, an e‑mail with a new link is on its way to your address. Please check your spam folder as well.
renew-asked-text = We have passed on your request. Our support will check it; then you will receive an e‑mail with a new link.
support-too = Forgotten the answer as well?
support-go = Ask support for help
support-title = Help from support
support-lead = If you have forgotten both password and answer, or cannot get into your mailbox for another reason, our support can reset your access. First we check that it is really you.
support-kept = Your messages are kept. You get an e‑mail and choose a new password and security question.
support-lost = The messages you have now cannot be read afterwards: only your password or the answer to your security question opens them. They would have to be sent again.
support-note = How can we reach you?
support-note-hint = For example your telephone number and a good time to call. Please do not send passwords or bank details.
support-note-missing = Please write how we can reach you.
support-button = Send request
support-sent-title = Your request has arrived
support-sent-text = If there is a mailbox for this address, our support will get in touch with you. After that you receive an e‑mail that lets you set up your access again. If you remember your password before that, it still works.
