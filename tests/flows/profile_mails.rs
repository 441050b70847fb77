//! The content of each mail in the profiles' scenarios, in German and in English: its subject, its essential
//! sentences, and the target of its link. Knows no scenario.

use jiff::civil::Date;

/// What an operator writes, and the owners read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Language {
    German,
    English,
}

impl Language {
    /// As the configuration and a form name it.
    pub(crate) fn tag(self) -> &'static str {
        self.either("de", "en")
    }

    pub(crate) fn either<'a>(self, german: &'a str, english: &'a str) -> &'a str {
        match self {
            Self::German => german,
            Self::English => english,
        }
    }

    /// As mails write a day.
    pub(crate) fn day(self, date: Date) -> String {
        match self {
            Self::German => date.strftime("%d.%m.%Y").to_string(),
            Self::English => date.strftime("%-d %B %Y").to_string(),
        }
    }

    /// As pages write one.
    pub(crate) fn day_in_full(self, date: Date) -> String {
        const MONTHS: [&str; 12] = [
            "Januar",
            "Februar",
            "März",
            "April",
            "Mai",
            "Juni",
            "Juli",
            "August",
            "September",
            "Oktober",
            "November",
            "Dezember",
        ];
        match self {
            Self::German => {
                let month = MONTHS[usize::try_from(date.month() - 1).unwrap()];
                format!("{}. {month} {}", date.day(), date.year())
            }
            Self::English => self.day(date),
        }
    }

    /// A mail contains no word of the other language; a sender's subject is kept unchanged.
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

/// Where the link of a mail leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Leads {
    /// To the page on which a mailbox is set up.
    ToSetUp,
    /// To the log-in.
    ToLogIn,
    /// No link.
    Nowhere,
}

/// A day of deletion, and the days until then.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Until {
    pub(crate) date: Date,
    pub(crate) days: i64,
}

/// All kinds of mails that are sent.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Mail<'a> {
    /// The first one, with the link.
    Activation { until: Until },
    /// Another letter, before the mailbox is set up.
    OneMore { until: Until },
    /// This many letters wait in a pending mailbox.
    Reminder { letters: u32, until: Until },
    /// The first one where the password comes from its sender.
    Initial { until: Until },
    /// The same as [`Self::Reminder`] there.
    InitialReminder { letters: u32, until: Until },
    /// The password, for the sender.
    Password { recipient: &'a str, until: Until },
    /// A further letter, with its subject where that is shown.
    Message { subject: Option<&'a str>, until: Option<Until> },
    /// Unread letters of a mailbox in use.
    Unread { letters: u32, until: Until },
    /// The mailbox will be deleted.
    Idle { until: Until },
    /// The first password of one's own took the place of the initial one.
    PasswordChanged,
    /// To a sender: the letter was not fetched.
    NotFetched { recipient: &'a str, sent: Date, waits: i64, until: Option<Date>, initial: bool },
    /// To a sender: it went unread, by time.
    GoneUnread { recipient: &'a str, sent: Date },
}

/// The recipient of the mails.
#[derive(Clone, Copy, Debug)]
pub(crate) struct House {
    pub(crate) brand: &'static str,
    pub(crate) portal: &'static str,
}

/// What one of them says.
#[derive(Clone, Debug)]
pub(crate) struct Wording {
    /// A time of day follows ", ".
    pub(crate) subject: String,
    pub(crate) says: Vec<String>,
    pub(crate) leads: Leads,
}

/// "(noch 7 Tage)"
fn left(language: Language, days: i64) -> String {
    match (language, days) {
        (Language::German, 1) => "(noch ein Tag)".to_owned(),
        (Language::German, _) => format!("(noch {days} Tage)"),
        (Language::English, 1) => "(one day left)".to_owned(),
        (Language::English, _) => format!("({days} days left)"),
    }
}

impl Mail<'_> {
    pub(crate) fn wording(&self, language: Language, house: House) -> Wording {
        let either = |german: &str, english: &str| language.either(german, english).to_owned();
        let brand = house.brand;
        let named = |german: &str, english: &str| format!("[{brand}] {}", language.either(german, english));
        let set_up = |until: Until, which: [&str; 2]| match language {
            Language::German => format!(
                "Bitte richten Sie das Postfach bis zum {} ein {}. Danach wird {} gelöscht.",
                language.day(until.date),
                left(language, until.days),
                which[0]
            ),
            Language::English => format!(
                "Please set up the mailbox by {} {}. After that {} will be deleted.",
                language.day(until.date),
                left(language, until.days),
                which[1]
            ),
        };
        let log_in = |until: Until, which: [&str; 2]| match language {
            Language::German => format!(
                "Bitte melden Sie sich bis zum {} an {}. Danach wird {} gelöscht.",
                language.day(until.date),
                left(language, until.days),
                which[0]
            ),
            Language::English => format!(
                "Please log in by {} {}. After that {} will be deleted.",
                language.day(until.date),
                left(language, until.days),
                which[1]
            ),
        };
        // "Sie wird nach dem 9.1. gelöscht (noch 7 Tage)."
        let goes = |it: [&str; 2], until: Until| match language {
            Language::German => {
                format!(
                    "{} wird nach dem {} gelöscht {}.",
                    it[0],
                    language.day(until.date),
                    left(language, until.days)
                )
            }
            Language::English => {
                format!(
                    "{} will be deleted after {} {}.",
                    it[1],
                    language.day(until.date),
                    left(language, until.days)
                )
            }
        };
        let message = ["die Nachricht", "the message"];
        let first = ["die erste davon", "the first of them"];
        let of = |letters: u32| if letters == 1 { message } else { first };
        let waiting = |letters: u32| match (language, letters) {
            (Language::German, 1) => "Eine Nachricht für Sie ist noch ungelesen".to_owned(),
            (Language::German, _) => format!("{letters} Nachrichten für Sie sind noch ungelesen"),
            (Language::English, 1) => "A message for you is still unread".to_owned(),
            (Language::English, _) => format!("{letters} messages for you are still unread"),
        };
        let reminder = |days: i64| match language {
            Language::German => {
                format!("[{brand}] Erinnerung: Vertrauliche Post für Sie, die in {days} Tagen gelöscht wird")
            }
            Language::English => {
                format!("[{brand}] Reminder: confidential mail for you that will be deleted in {days} days")
            }
        };
        match *self {
            Self::Activation { until } => Wording {
                subject: named(
                    "Vertrauliche Post für Sie – bitte Postfach einrichten",
                    "Confidential mail for you – please set up your mailbox",
                ),
                says: vec![
                    either(
                        "Eine vertrauliche Nachricht wartet auf Sie",
                        "A confidential message is waiting for you",
                    ),
                    set_up(until, message),
                ],
                leads: Leads::ToSetUp,
            },
            Self::OneMore { until } => Wording {
                subject: named("Neue vertrauliche Nachricht für Sie", "New confidential message for you"),
                says: vec![
                    either("Sie haben eine neue Nachricht", "You have a new message"),
                    either("ist aber noch nicht eingerichtet", "but has not been set up yet"),
                    goes(["Sie", "It"], until),
                ],
                leads: Leads::ToSetUp,
            },
            Self::Reminder { letters, until } => Wording {
                subject: reminder(until.days),
                says: vec![waiting(letters), set_up(until, of(letters))],
                leads: Leads::ToSetUp,
            },
            Self::Initial { until } => Wording {
                subject: named(
                    "Vertrauliche Post für Sie – Ihr Startpasswort kommt gesondert",
                    "Confidential mail for you – your initial password comes separately",
                ),
                says: vec![
                    either(
                        "Zum ersten Anmelden brauchen Sie ein Startpasswort.",
                        "To log in for the first time you need an initial password.",
                    ),
                    log_in(until, message),
                ],
                leads: Leads::ToLogIn,
            },
            Self::InitialReminder { letters, until } => Wording {
                subject: reminder(until.days),
                says: vec![
                    waiting(letters),
                    log_in(until, of(letters)),
                    either(
                        "Haben Sie das Startpasswort noch nicht?",
                        "If you do not have the initial password yet, ask the sender for it",
                    ),
                ],
                leads: Leads::ToLogIn,
            },
            Self::Password { recipient, until } => Wording {
                subject: either(
                    "Bitte weitergeben: Startpasswort zu Ihrer vertraulichen Nachricht",
                    "Please pass on: initial password for your confidential message",
                ),
                says: vec![
                    recipient.to_owned(),
                    either(
                        "Nennen Sie das Startpasswort am Telefon",
                        "Give the initial password by telephone",
                    ),
                    match language {
                        Language::German => format!(
                            "Liest sie niemand, wird die Nachricht nach dem {} gelöscht {}.",
                            language.day(until.date),
                            left(language, until.days)
                        ),
                        Language::English => goes(["", "If nobody reads it, the message"], until),
                    },
                ],
                leads: Leads::Nowhere,
            },
            Self::Message { subject, until } => {
                let subject = match subject {
                    Some(subject) => format!(
                        "[{brand}] {}: {subject}",
                        language.either("Neue vertrauliche Nachricht", "New confidential message")
                    ),
                    None => named(
                        "Neue vertrauliche Nachricht in Ihrem Postfach",
                        "New confidential message in your mailbox",
                    ),
                };
                let mut says = vec![
                    either("Sie haben eine neue Nachricht", "You have a new message"),
                    either(
                        "Melden Sie sich dort mit Ihrer E‑Mail-Adresse und Ihrem Passwort an.",
                        "Log in there with your e‑mail address and your password.",
                    ),
                ];
                says.extend(until.map(|until| goes(["Die Nachricht", "The message"], until)));
                Wording { subject, says, leads: Leads::ToLogIn }
            }
            Self::Unread { letters, until } => Wording {
                subject: named(
                    "Erinnerung: Ungelesene vertrauliche Post in Ihrem Postfach",
                    "Reminder: unread confidential mail in your mailbox",
                ),
                says: vec![
                    match (language, letters) {
                        (Language::German, 1) => "Eine Nachricht ist noch ungelesen".to_owned(),
                        (Language::German, _) => format!("{letters} Nachrichten sind noch ungelesen"),
                        (Language::English, 1) => "One message is still unread".to_owned(),
                        (Language::English, _) => format!("{letters} messages are still unread"),
                    },
                    goes(if letters == 1 { ["Sie", "It"] } else { ["Die älteste", "The oldest"] }, until),
                ],
                leads: Leads::ToLogIn,
            },
            Self::Idle { until } => Wording {
                subject: named("Ihr Postfach wird bald gelöscht", "Your mailbox will be deleted soon"),
                says: vec![
                    goes(["Es", "It"], until),
                    either("Anmelden und behalten", "Log in and keep it"),
                    either(
                        "Möchten Sie es behalten, melden Sie sich einfach einmal an.",
                        "If you want to keep it, simply log in once.",
                    ),
                ],
                leads: Leads::ToLogIn,
            },
            Self::PasswordChanged => Wording {
                subject: named(
                    "Das Passwort Ihres Postfachs wurde geändert",
                    "The password of your mailbox was changed",
                ),
                says: vec![
                    either(
                        "wurde von jemandem geändert, der das alte kannte.",
                        "was changed by somebody who knew the old one.",
                    ),
                    either(
                        "Das waren Sie? Dann ist nichts zu tun.",
                        "If this was you, there is nothing to do.",
                    ),
                ],
                leads: Leads::Nowhere,
            },
            Self::NotFetched { recipient, sent, waits, until, initial } => {
                let mut says = vec![
                    recipient.to_owned(),
                    match language {
                        Language::German => format!(
                            "Ihre vertrauliche Nachricht liegt seit {waits} Tagen im Portal „{}“, und der Empfänger hat sie noch \
                             nicht geöffnet.",
                            house.portal
                        ),
                        Language::English => format!(
                            "Your confidential message has been in the portal “{}” for {waits} days, and the recipient has not \
                             opened it yet.",
                            house.portal
                        ),
                    },
                    either("Er wurde per E‑Mail benachrichtigt.", "They were notified by e‑mail."),
                    either("senden Sie das Schreiben mit der Post.", "send the document by post."),
                ];
                says.extend(until.map(|until| match language {
                    Language::German => {
                        format!(
                            "Holt sie niemand ab, wird die Nachricht nach dem {} gelöscht.",
                            language.day(until)
                        )
                    }
                    Language::English => {
                        format!(
                            "If nobody collects it, the message will be deleted after {}.",
                            language.day(until)
                        )
                    }
                }));
                says.extend(initial.then(|| {
                    either("Nennen Sie ihm dabei das Startpasswort", "Give them the initial password")
                }));
                Wording {
                    subject: format!(
                        "{} {}",
                        language.either(
                            "Noch nicht abgeholt: Ihre vertrauliche Nachricht vom",
                            "Not collected yet: your confidential message of"
                        ),
                        format_args!("{}, ", language.day(sent))
                    ),
                    says,
                    leads: Leads::Nowhere,
                }
            }
            Self::GoneUnread { recipient, sent } => Wording {
                subject: format!(
                    "{} {}",
                    language.either(
                        "Ungelesen gelöscht: Ihre vertrauliche Nachricht vom",
                        "Deleted unread: your confidential message of"
                    ),
                    format_args!("{}, ", language.day(sent))
                ),
                says: vec![
                    recipient.to_owned(),
                    either(
                        "bis ihre Frist abgelaufen war. Der Empfänger hat sie nicht geöffnet. Jetzt ist sie dort gelöscht.",
                        "until its retention period ended. The recipient did not open it. It has now been deleted there.",
                    ),
                ],
                leads: Leads::Nowhere,
            },
        }
    }
}

impl Wording {
    /// Whether it is this mail.
    pub(crate) fn is(&self, subject: &str, text: &str) -> bool {
        let is_subject = match self.subject.ends_with(", ") {
            true => subject.strip_prefix(self.subject.as_str()).is_some_and(is_time),
            false => subject == self.subject,
        };
        is_subject && self.says.iter().all(|words| text.contains(words))
    }
}

/// "10:00 Uhr", "10:00"
fn is_time(text: &str) -> bool {
    let text = text.strip_suffix(" Uhr").unwrap_or(text);
    text.len() == 5
        && text.chars().enumerate().all(|(at, c)| if at == 2 { c == ':' } else { c.is_ascii_digit() })
}
