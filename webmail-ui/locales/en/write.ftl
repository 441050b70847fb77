# Writing: answers, new messages, drafts

write-new = New message
write-reply = Reply
write-all = Reply to all
write-forward = Forward
write-actions = Reply and forward
write-re = Re:
write-fwd = Fwd:
write-quoted = On { $date } { $who } wrote:
write-forwarded =
    ---------- Forwarded message ----------
    From: { $who }
    Date: { $date }
    Subject: { $subject }
write-title = Write a message
write-to = To
write-to-hint = You can write to addresses at { $domains }. Separate several addresses by commas.
write-to-hint-book = Choose an address from the list. Separate several addresses by commas.
write-cc = Copy to
write-subject = Subject
write-text = Your message
write-files = Attachments
write-add = Add files
write-limit = { $limit } at most, all together.
write-free = Still free: { $free }.
write-drop = You can also drag files here.
write-attach = Attach the chosen files
write-remove = Remove
write-send = Send
write-save = Save draft
write-discard = Discard
write-discard-text = The draft and its attachments will be deleted.
write-discard-yes = Yes, delete
write-safe = Your message travels encrypted, and to { $name } only.
write-saved = The draft is saved. You will find it under “Drafts”.
write-late = Your text is back. It has not been sent yet.
write-saving = Saving …
write-kept = Saved as a draft
write-lost = Not saved. Please check your internet connection and whether you are still logged in.
write-wait = One moment please, files are still being uploaded. Then send again.
write-cancel = Cancel
write-failed = Not uploaded. Please try again.
write-paused = Interrupted. It goes on by itself as soon as the connection is back.
write-came = { $came } of { $all } uploaded. To go on, choose the same file again within a day; or remove it.
write-came-now = of
write-uploading = Uploading:
write-large = too large. All attachments together may have { $limit } at most.
write-left-out = Not all attachments of the message were taken over: together they may have { $limit } at most.
write-too-large = “{ $name }” is too large and was not attached. All attachments together may have { $limit } at most. Remove an attachment or make the file smaller.
write-too-many = “{ $name }” was not attached. A message can have { $n } attachments at most.
write-too-much = “{ $name }” was not attached. Your drafts together hold as much as there is room for: please send or discard some of them.
write-unfinished = “{ $name }” has not been uploaded completely. Choose the same file again, or remove it.
write-nobody = Say who shall get the message.
write-no-address = “{ $name }” is no e-mail address. Please check the spelling.
write-elsewhere = You cannot write to { $name } from here. Please give another address.
write-too-many-recipients = A message can go to { $n } addresses at most. Please remove some.
write-empty = The message is still empty. Write some text or attach a file.
write-sent = Your message is on its way.
write-sent-text = A copy is here under “Sent”. If the message does not arrive, you will read it in your inbox.
drafts-title = Drafts
drafts-empty-title = No drafts
drafts-empty-text = What you write and do not send yet is kept here for you, encrypted.
drafts-nobody = No recipient yet
drafts-gone = The draft is deleted.
drafts-full = You have very many drafts. Please send or discard some before you begin a new one.
