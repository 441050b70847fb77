//! What the mails and pages of the profiles' scenarios say, in German and in English. Knows no scenario.

/// What an operator writes, and the owners read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Language {
    German,
    English,
}

/// Each way of saying a thing.
const WORDS: &[(&str, &str)] = &[
    ("Vertrauliche Post für Sie", "Confidential mail for you"),
    ("Vertrauliche Post", "Confidential mail"),
    ("Erinnerung", "Reminder"),
    ("Eine Nachricht für Sie ist noch ungelesen", "A message for you is still unread"),
    ("2 Nachrichten für Sie", "2 messages for you"),
    ("2 Nachrichten", "2 messages"),
    ("Neue vertrauliche Nachricht für Sie", "New confidential message for you"),
    ("Neue vertrauliche Nachricht", "New confidential message"),
    ("Ungelesene vertrauliche Post", "unread confidential mail"),
    ("Noch nicht abgeholt", "Not collected yet"),
    ("mit der Post", "by post"),
    ("Ungelesen gelöscht", "Deleted unread"),
    ("Ihr Postfach wird bald gelöscht", "Your mailbox will be deleted soon"),
    ("Anmelden und behalten", "Log in and keep it"),
    ("Startpasswort kommt gesondert", "your initial password comes separately"),
    ("Startpasswort", "initial password"),
    ("wird Ihr Postfach nach dem", "your mailbox will be deleted permanently after"),
];

/// The same where a number of days stands in between.
const DAYS: &[([&str; 2], [&str; 2])] = &[
    (["noch ", " Tage"], ["(", " days left"]),
    (["wird in ", " Tagen gelöscht"], ["will be deleted in ", " days"]),
    (["in ", " Tagen"], ["in ", " days"]),
    (["seit ", " Tagen"], ["for ", " days"]),
];

impl Language {
    /// As the configuration and a form name it.
    pub(crate) fn tag(self) -> &'static str {
        match self {
            Self::German => "de",
            Self::English => "en",
        }
    }

    /// What is put in German here, in this language. Addresses and paths are what they are.
    pub(crate) fn words(self, german: &str) -> String {
        let is_name = german.contains('@') || german.starts_with('/');
        if self == Self::German || is_name {
            return german.to_owned();
        }
        if let Some((_, english)) = WORDS.iter().find(|(known, _)| *known == german) {
            return (*english).to_owned();
        }
        let days = DAYS.iter().find_map(|([before, behind], [first, last])| {
            let days: u32 = german.strip_prefix(before)?.strip_suffix(behind)?.parse().ok()?;
            Some(format!("{first}{days}{last}"))
        });
        days.unwrap_or_else(|| panic!("no English for {german:?}"))
    }

    /// A mail has no word of the other language; whatever a sender put into a subject stands there as it was.
    pub(crate) fn is_spoken_in(self, mail: &str) {
        let foreign = match self {
            Self::German => ["mailbox", "message", "deleted"],
            Self::English => ["Postfach", "Nachricht", "gelöscht"],
        };
        for word in foreign {
            assert!(!mail.contains(word), "{word}: {mail}");
        }
    }
}
