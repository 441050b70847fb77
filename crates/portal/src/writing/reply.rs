//! From a letter to the draft of a reply to it: to whom, which subject, what is quoted. Pure; knows no page.

use sealpost_mail::{Address, Mailbox, Summary};
use sealpost_mailbox::WriteRules;

use sealpost_mailbox::{Content, MAX_SUBJECT};

/// Quoted text longer than this is cut.
const MAX_QUOTED: usize = 100 * 1024;
/// Maximum Message-IDs in References (RFC 5322 §3.6.4 lets them grow for ever).
const MAX_REFERENCES: usize = 20;

/// What kind of letter is begun.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A new letter.
    New,
    /// A reply to the sender.
    Reply,
    /// To everybody the letter was addressed to, as far as allowed.
    All,
    /// A letter forwarded to another address.
    Forward,
}

impl Kind {
    pub(crate) fn parse(text: &str) -> Self {
        match text {
            "reply" => Self::Reply,
            "all" => Self::All,
            "forward" => Self::Forward,
            _ => Self::New,
        }
    }
}

/// Which replies a letter permits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Ways {
    pub(crate) reply: bool,
    pub(crate) all: bool,
    pub(crate) forward: bool,
}

/// To whom a reply goes: To and Cc.
struct Targets {
    to: Vec<Address>,
    cc: Vec<Address>,
}

/// Whom a reply addresses.
#[derive(Clone, Copy)]
enum Audience {
    /// The letter's author.
    Writer,
    /// Everybody who got the letter, too.
    All,
}

/// What a reader may do with this letter.
pub(crate) fn ways(summary: &Summary, own: &str, rules: &WriteRules) -> Ways {
    let one = targets(summary, own, rules, Audience::Writer);
    let all = targets(summary, own, rules, Audience::All);
    Ways {
        reply: !one.to.is_empty(),
        all: !all.to.is_empty() && all.to.len() + all.cc.len() > one.to.len(),
        forward: rules.is_on(),
    }
}

fn targets(summary: &Summary, own: &str, rules: &WriteRules, audience: Audience) -> Targets {
    let own = Address::parse(own).map(|address| address.identity()).unwrap_or_default();
    let mut taken = vec![own.clone()];
    let mut allowed = |people: &[Mailbox]| -> Vec<Address> {
        people
            .iter()
            .filter_map(|one| Address::parse(one.address.as_deref()?.trim()).ok())
            .filter(|address| rules.allows(address))
            .filter(|address| {
                let fresh = !taken.contains(&address.identity());
                taken.push(address.identity());
                fresh
            })
            .collect()
    };
    let is_own = |one: &Mailbox| {
        one.address.as_deref().and_then(|text| Address::parse(text).ok()).is_some_and(|a| a.identity() == own)
    };
    // Replying to one's own letter addresses its recipients.
    if summary.from.iter().any(is_own) {
        let to = allowed(&summary.to);
        let cc = match audience {
            Audience::Writer => Vec::new(),
            Audience::All => allowed(&summary.cc),
        };
        return Targets { to, cc };
    }
    let to = allowed(if summary.reply_to.is_empty() { &summary.from } else { &summary.reply_to });
    let others: Vec<Mailbox> = summary.to.iter().chain(&summary.cc).cloned().collect();
    let cc = match audience {
        Audience::Writer => Vec::new(),
        Audience::All => allowed(&others),
    };
    Targets { to, cc }
}

/// The words a reply begins with, in its writer's language.
pub(crate) struct Words {
    /// The prefix of replies, "Re:".
    pub(crate) re: String,
    /// The prefix of forwarded letters, "Fwd:".
    pub(crate) forwarded: String,
    /// "On 21 November Anna wrote:", or the lines above a forwarded text.
    pub(crate) above: String,
}

/// The draft of a reply.
pub(crate) fn content(
    kind: Kind,
    summary: &Summary,
    text: &str,
    own: &str,
    rules: &WriteRules,
    words: &Words,
) -> Content {
    let (to, cc) = match kind {
        Kind::New | Kind::Forward => (Vec::new(), Vec::new()),
        Kind::Reply => {
            let found = targets(summary, own, rules, Audience::Writer);
            (found.to, found.cc)
        }
        Kind::All => {
            let found = targets(summary, own, rules, Audience::All);
            (found.to, found.cc)
        }
    };
    let list = |all: Vec<Address>| all.iter().map(Address::to_path).collect::<Vec<_>>().join(", ");
    let is_reply = matches!(kind, Kind::Reply | Kind::All);
    let subject = summary.subject.as_deref().unwrap_or_default().trim();
    let parent = summary.message_id.as_deref().map(bare).filter(|_| is_reply);
    let mut references: Vec<String> = match is_reply {
        true if summary.references.is_empty() => summary.in_reply_to.iter().map(|id| bare(id)).collect(),
        true => summary.references.iter().map(|id| bare(id)).collect(),
        false => Vec::new(),
    };
    references.extend(parent.clone());
    // The first identifies the thread, the last ones the position in it.
    if references.len() > MAX_REFERENCES {
        references.drain(1..=references.len() - MAX_REFERENCES);
    }
    Content {
        came_from: String::new(),
        to: list(to),
        cc: list(cc),
        subject: subject_of(subject, if is_reply { &words.re } else { &words.forwarded }),
        text: format!("\n\n{}\n{}", words.above, if is_reply { quoted(text) } else { cut(text).to_owned() }),
        in_reply_to: parent,
        references,
    }
}

fn bare(id: &str) -> String {
    id.trim().trim_matches(['<', '>']).to_owned()
}

/// With a single prefix, however often it went to and fro.
fn subject_of(subject: &str, prefix: &str) -> String {
    let mut rest = subject;
    while let Some((word, after)) = rest.split_once(':') {
        let known = ["re", "aw", "fwd", "fw", "wg"].iter().any(|one| word.trim().eq_ignore_ascii_case(one));
        if !known {
            break;
        }
        rest = after.trim_start();
    }
    format!("{prefix} {rest}").trim().chars().take(MAX_SUBJECT).collect()
}

fn cut(text: &str) -> &str {
    let mut end = text.len().min(MAX_QUOTED);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.get(..end).unwrap_or_default().trim_end()
}

/// RFC 3676 §4.5: quote marks are adjacent.
fn quoted(text: &str) -> String {
    cut(text)
        .lines()
        .map(|line| if line.starts_with('>') { format!(">{line}\n") } else { format!("> {line}\n") })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn people(all: &[&str]) -> Vec<Mailbox> {
        all.iter().map(|one| Mailbox { name: None, address: Some((*one).to_owned()), group: None }).collect()
    }

    fn letter() -> Summary {
        Summary {
            from: people(&["anna@insurer.example"]),
            to: people(&["Max@web.example", "eva@evil.example"]),
            cc: people(&["leistung@insurer.example", "ANNA@insurer.example"]),
            reply_to: Vec::new(),
            subject: Some("AW: Re: Ihr Unfall".into()),
            date: None,
            message_id: Some("two@insurer.example".into()),
            in_reply_to: vec!["one@insurer.example".into()],
            references: Vec::new(),
            attachments: Vec::new(),
            size: 1,
            preview: None,
        }
    }

    fn rules() -> WriteRules {
        WriteRules { domains: vec!["insurer.example".into()], ..WriteRules::default() }
    }

    fn words() -> Words {
        Words { re: "Re:".into(), forwarded: "Fwd:".into(), above: "Anna wrote:".into() }
    }

    #[test]
    fn replies_stay_within_what_is_allowed() {
        let make = |kind| content(kind, &letter(), "a\n> b\n", "max@web.example", &rules(), &words());
        let reply = make(Kind::Reply);
        assert_eq!((reply.to.as_str(), reply.cc.as_str()), ("anna@insurer.example", ""));
        let all = make(Kind::All);
        assert_eq!(all.cc, "leistung@insurer.example");
        assert_eq!(all.subject, "Re: Ihr Unfall");
        assert_eq!(all.text, "\n\nAnna wrote:\n> a\n>> b\n");
        assert_eq!(all.in_reply_to.as_deref(), Some("two@insurer.example"));
        assert_eq!(all.references, ["one@insurer.example", "two@insurer.example"]);
        let forward = make(Kind::Forward);
        assert_eq!((forward.to.as_str(), forward.subject.as_str()), ("", "Fwd: Ihr Unfall"));
        assert!(forward.in_reply_to.is_none() && forward.references.is_empty());
        assert_eq!(
            ways(&letter(), "max@web.example", &rules()),
            Ways { reply: true, all: true, forward: true }
        );
    }

    #[test]
    fn a_reply_to_elsewhere_leads_nowhere() {
        let mut letter = letter();
        letter.reply_to = people(&["anna@evil.example"]);
        let found = ways(&letter, "max@web.example", &rules());
        assert_eq!((found.reply, found.all), (false, false));
        assert_eq!(ways(&letter, "max@web.example", &WriteRules::default()), Ways::default());
    }

    #[test]
    fn answering_oneself_goes_on_to_the_same_people() {
        let mut sent = letter();
        sent.from = people(&["MAX@web.example"]);
        sent.to = people(&["anna@insurer.example"]);
        let reply = content(Kind::Reply, &sent, "", "max@web.example", &rules(), &words());
        assert_eq!(reply.to, "anna@insurer.example");
    }

    #[test]
    fn threads_do_not_grow_for_ever() {
        let mut long = letter();
        long.references = (0..100).map(|n| format!("{n}@x.example")).collect();
        let reply = content(Kind::Reply, &long, "", "max@web.example", &rules(), &words());
        assert_eq!(reply.references.len(), MAX_REFERENCES);
        assert_eq!(
            (reply.references[0].as_str(), reply.references[1].as_str()),
            ("0@x.example", "82@x.example")
        );
        assert_eq!(reply.references.last().unwrap(), "two@insurer.example");
    }
}
