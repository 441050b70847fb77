# Folders, search, deleting, saving, reading.

folders-label = Folders
sent-title = Sent
sent-empty-text = What you write from here is kept in this folder.
trash-title = Trash
trash-empty-title = The trash is empty
trash-keeps =
    { $n ->
        [one] Deleted messages stay in the trash for one day; after that they are deleted permanently.
       *[other] Deleted messages stay in the trash for { $n } days; after that they are deleted permanently.
    }
to-trash = Go to trash
recipient-unknown = Recipient unknown

search-label = Search sender, subject or text
search-button = Search
search-found =
    { $n ->
        [0] Nothing found
        [one] One message found
       *[other] { $n } messages found
    }
search-for = for “{ $name }”
search-end = Clear search
search-more = There are more matches. Add a word to narrow them down.
search-stopped =
    { $n ->
        [one] In one message we searched sender and subject, but not yet all of the text.
       *[other] In { $n } messages we searched sender and subject, but not yet all of the text.
    }
search-left-out =
    { $n ->
        [one] The oldest message was not searched.
       *[other] The { $n } oldest messages were not searched.
    }
search-none-title = No message found
search-none-text = Try another or a shorter word. All folders are searched, except drafts.
search-title = What are you looking for?
search-text = Type a word, or choose which messages you want to see. All folders are searched, except drafts.
search-unread = Unread only
search-files = With attachments only
search-from = Received on or after
search-to = Received on or before
search-filter = Filter
search-show = Show
files-pages = Pages of attachments
search-before = Previous
search-next = Next
conversation-title = Conversation ({ $n })
conversation-count =
    { $n ->
        [one] One message in this conversation
       *[other] { $n } messages in this conversation
    }
conversation-older =
    { $n ->
        [one] One older message of this conversation is in your folders.
       *[other] { $n } older messages of this conversation are in your folders.
    }
conversation-you = You
conversations-group = Group by conversation
conversations-apart = Show messages one by one
sort-label = Sort
sort-newest = Newest first
sort-oldest = Oldest first
sort-sender = Sender
sort-recipient = Recipient
sort-subject = Subject
sort-largest = Largest first
sort-left-out =
    { $n ->
        [one] The oldest message is not included in this order. You will find it under “Newest first”.
       *[other] The { $n } oldest messages are not included in this order. You will find them under “Newest first”.
    }

pick-all = Select all
do-trash = Delete
do-export = Save …
do-restore = Restore
do-destroy = Delete permanently
do-empty = Empty trash
done-none = Please select messages first, using the boxes on the left.
done-trashed =
    { $n ->
        [one] The message is in the trash now.
       *[other] { $n } messages are in the trash now.
    }
done-restored =
    { $n ->
        [one] The message is back where it was.
       *[other] { $n } messages are back where they were.
    }
done-destroyed =
    { $n ->
        [one] The message is permanently deleted.
       *[other] { $n } messages are permanently deleted.
    }
destroy-title =
    { $n ->
        [one] Delete this message permanently?
       *[other] Delete these { $n } messages permanently?
    }
destroy-text = This cannot be undone.
destroy-cancel = Cancel

export-title = Save
export-heading =
    { $n ->
        [one] Save one message
       *[other] Save { $n } messages
    }
export-lead = You will get a ZIP file to keep on your own device.
export-size = About { $name }.
export-format = Which format?
export-pdf = PDF
export-pdf-text = For reading, printing and keeping. All attachments and the original are embedded in it.
export-pdf-missing = PDF is not available here at the moment. The original (.eml) and Outlook (.msg) are.
export-eml = Original (.eml)
export-eml-text = The message unchanged, with all its details. For mail programs such as Thunderbird or Apple Mail.
export-msg = Outlook (.msg)
export-msg-text = For Microsoft Outlook.
export-button = Save ZIP file
export-wait = PDF files take a moment. Your browser shows the progress; you can go on reading here meanwhile.
export-running = The ZIP file is being saved
export-count = %1 of %2 messages
export-done = Done. The ZIP file is among your downloads.
export-broken = Interrupted. The ZIP file is not complete; please save it again.
export-then-title = Saved? Then you can tidy up here.
export-then-text =
    { $n ->
        [one] The message goes to the trash and can be restored from there for a while.
       *[other] The { $n } messages go to the trash and can be restored from there for a while.
    }
export-then-button =
    { $n ->
        [one] Delete the message here
       *[other] Delete the { $n } messages here
    }
export-everything = Save everything
export-note-file = Note.txt
export-note = These messages could not be converted to the chosen format. They are included unchanged as .eml files:
export-note-damaged = These messages can no longer be opened. Please get in touch with us and give these numbers:
not-made-title = That did not work
not-made-text = This message cannot be converted to this format. You can always save the original.
not-made-eml = Save original (.eml)
back-to-message = Back to the message
message-in-trash = This message is in the trash:
date-day = { $day } { $month } { $year }

file-open = Open
file-look = View
file-within = unpacked
file-name-any = attachment
file-name-letter = message
file-name-invitation = invitation
file-name-delivery-status = delivery-status
file-name-letter-head = message-headers
file-name-receipt = read-receipt
message-broken = This message is damaged or built in an unusual way. Here is what can be read of it.
message-partial = This message is built in an unusual way. Here is what can be read of it; all of it is in the original, which you can save.
inside-title = Attached message
message-encrypted = This message is encrypted and cannot be shown here. Save it and open it in the program that has the key to it.
message-piece = This is only one part of a message that was sent in several parts. Save all of them and open them in a mail program.
event-title = Appointment
event-untitled = Appointment without a title
event-cancelled = This appointment is cancelled.
event-changed = This appointment has been changed. The details below are the current ones.
event-again = Repeats
event-join = Join
event-about = Description
event-save = Save appointment (.ics)
event-theirs = { $date } in the time zone of the invitation ({ $name })
task-title = Task
task-untitled = Task without a title
task-cancelled = This task is cancelled.
task-changed = This task has been changed. The details below are the current ones.
task-due = Due
task-priority = Priority
task-high = high
task-medium = medium
task-low = low
task-state = Status
task-open = not started
task-begun = started
task-percent = { $n }% done
task-done = done
task-done-on = done: { $date }
task-from = Task from
task-save = Save task (.ics)
note-title = Note
note-untitled = Note without a title
note-cancelled = This note is no longer valid.
note-changed = This note has been changed. The details below are the current ones.
note-date = Date
note-from = Note from
note-save = Save note (.ics)
repeat-day =
    { $n ->
        [one] every day
       *[other] every { $n } days
    }
repeat-week =
    { $n ->
        [one] every week
       *[other] every { $n } weeks
    }
repeat-month =
    { $n ->
        [one] every month
       *[other] every { $n } months
    }
repeat-year =
    { $n ->
        [one] every year
       *[other] every { $n } years
    }
repeat-on = { $name } on { $when }
repeat-and = and
repeat-until = { $name }, until { $date }
repeat-times = { $name }, { $number } times
repeat-first = the first { $day }
repeat-second = the second { $day }
repeat-third = the third { $day }
repeat-fourth = the fourth { $day }
repeat-fifth = the fifth { $day }
repeat-last = the last { $day }
repeat-month-day = day { $number }
event-accepted = { $name } has accepted.
event-declined = { $name } has declined.
event-perhaps = { $name } has accepted tentatively.
event-delegated = { $name } will not come and has named somebody else.
event-proposed = { $name } proposes a change. This is the proposal.
event-insists = { $name } has declined the proposal. The original appointment remains.
event-answered = { $name } has answered the invitation.
event-somebody = Somebody who was invited
event-instance = This is a single appointment of a series. It replaces the one on { $date }.
repeat-rule = repeats by a rule given in the calendar file
repeat-once = once
repeat-hour =
    { $n ->
        [one] every hour
       *[other] every { $n } hours
    }
repeat-minute =
    { $n ->
        [one] every minute
       *[other] every { $n } minutes
    }
repeat-workdays = every working day from Monday to Friday
repeat-in-week = { $name } in week { $number }
repeat-in-month = { $name } in { $month }
repeat-date = { $number } { $month }
repeat-except = { $name }, except on { $date }
repeat-also = { $name }, and also on { $date }
repeat-only-also = also on { $date }
repeat-last-but-one = the last but one { $day }
repeat-workday = working day (Monday to Friday)
repeat-weekend-day = day of a weekend
repeat-any-day = day
weekday-1 = Monday
weekday-2 = Tuesday
weekday-3 = Wednesday
weekday-4 = Thursday
weekday-5 = Friday
weekday-6 = Saturday
weekday-7 = Sunday
message-pictures =
    { $n ->
        [one] One picture in the message
       *[other] { $n } pictures in the message
    }
files-all = Save all attachments (.zip)
files-zip = attachments
people-more =
    { $n ->
        [one] and one more person
       *[other] and { $n } more
    }
charset-title = Wrong characters?
charset-text = Some messages name the wrong character set. You can choose another one here.
charset-label = Character set
charset-own = as the message says
charset-show = Show
charset-unicode = Unicode
charset-west = Western European
charset-central = Central European
charset-cyrillic = Cyrillic
charset-greek = Greek
charset-turkish = Turkish
charset-baltic = Baltic
charset-mac = Western European, old Mac
charset-dos = Western European, DOS
charset-japanese = Japanese
charset-chinese = Chinese
charset-korean = Korean
event-starts = Begins
event-ends = Ends
event-place = Location
event-from = Invitation from
search-narrow = Narrow down and sort
pick-page = Select page
pick-every = Select all { $n } messages, on the other pages too
do-more = More …
do-read = Mark as read
do-unread = Mark as unread
do-undo = Undo
done-read =
    { $n ->
        [0] These messages were already marked as read.
        [one] One message is now marked as read.
       *[other] { $n } messages are now marked as read.
    }
done-unread =
    { $n ->
        [0] These messages were already marked as unread.
        [one] One message is now marked as unread.
       *[other] { $n } messages are now marked as unread.
    }
done-many = That is too many messages to save at once. Please select no more than { $n }, or use “Save everything” below the list.
trash-sure-title =
    { $n ->
        [one] Delete this message?
       *[other] Delete these { $n } messages?
    }
page-size = Messages per page
keys-show = Show keyboard shortcuts
keys-title = Keyboard shortcuts
keys-move = Next and previous message
keys-pick = Select or deselect
keys-this = Show these shortcuts
keys-off = You can turn shortcuts off under
keys-close = Close
account-grouped = Group messages by conversation
account-grouped-hint = A message and the replies to it then share one line in your inbox.
account-keys = Use keyboard shortcuts
account-keys-hint = Single keys then take you through your messages. “?” shows which.
account-pace = E‑mails about new messages
pace-at-once = at once, one by one
pace-hourly = hourly, in one e‑mail
pace-daily = daily, in one e‑mail

# ---- Folders of one's own ----
folders-own = Folders
folders-manage = Manage folders
folders-text = Sort your messages the way you need them. A folder does not change how long a message is kept.
folder-new = New folder
folder-new-name = Name of the folder
folder-make = Create
folder-rename = Rename
folder-save = Save
folder-remove = Delete folder
folder-made = The folder has been created.
folder-renamed = The folder has been renamed.
folder-removed = The folder has been deleted.
folder-remove-title = Delete the folder “{ $name }”?
folder-remove-text =
    { $n ->
        [one] The message in it is not deleted. It goes back to your inbox or to Sent.
       *[other] The { $n } messages in it are not deleted. They go back to your inbox or to Sent.
    }
folder-nameless = Please give the folder a name.
folder-taken = There is already a folder with this name. Please choose another name.
folder-too-many = You cannot have more than { $n } folders. Please delete one first.
folder-gone = This folder no longer exists.
folder-empty-text = There are no messages in this folder. Select messages in a list, then choose “More …” and “Move …”.
do-move = Move …
move-title =
    { $n ->
        [one] Move one message
       *[other] Move { $n } messages
    }
move-where = Where to?
move-house = Back to the inbox
move-house-text = Messages you have sent go back to Sent.
move-new-name = Name of the new folder
move-button = Move
move-unsaid = Please choose a folder, or give a new folder a name.
done-moved =
    { $n ->
        [0] Nothing was moved.
        [one] One message has been moved.
       *[other] { $n } messages have been moved.
    }
done-moved-back =
    { $n ->
        [one] One message is back where it was.
       *[other] { $n } messages are back where they were.
    }
