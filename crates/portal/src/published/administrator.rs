//! The text for a partner's administrator: what to enter, what to compare, what to send back. Plain text,
//! ready for a ticket or a mail.

use sealpost_partner::{Method, Shown};

use super::form::Form;
use crate::language::{Language, Values};
use crate::links;
use crate::state::Site;

/// Prefix of the file's name, before the language.
pub(crate) const STEM: &str = "administrator-";
/// Columns; mail programs break longer lines anywhere.
const WIDTH: usize = 76;

/// The path of the text in this language.
pub(crate) fn path(language: Language) -> String {
    links::partner_file(&format!("{STEM}{}.txt", language.tag()))
}

/// The text for a partner's administrator.
pub(crate) fn text(site: &Site, language: Language, all: &[Shown]) -> String {
    let brand = &site.config.brand;
    let say = |key: &str| language.say(key);
    let mut lines = Lines::default();
    lines.say(&with(language, "partner-title", "name", &brand.name));
    lines.gap();
    lines.say(&format!("1. {}", say("partner-step-key")));
    lines.say(&say("partner-step-key-text"));
    lines.gap();
    for one in all.iter().filter(|one| one.is_good(site.now())) {
        key(&mut lines, site, language, one);
    }
    lines.say(&format!("2. {}", say("partner-step-compare")));
    lines.say(&say("partner-step-compare-text"));
    lines.gap();
    lines.say(&format!("3. {}", say("partner-step-yours")));
    lines.say(&say("partner-step-yours-text"));
    if let Some(contact) = &brand.contact {
        lines.say(&with(language, "partner-step-yours-to", "who", contact));
    }
    lines.gap();
    lines.say(&format!("4. {}", say("partner-step-try")));
    lines.say(&say("partner-step-try-text"));
    lines.gap();
    lines.say(&say("partner-forms"));
    for form in ["partner-forms-smime", "partner-forms-openpgp", "partner-forms-keys", "partner-forms-never"]
    {
        lines.say(&format!("- {}", say(form)));
    }
    lines.0
}

fn key(lines: &mut Lines, site: &Site, language: Language, one: &Shown) {
    let facts = one.key.key.facts();
    let say = |key: &str| language.say(key);
    let (title, label) = match facts.method {
        Method::Smime => ("partner-smime", "partner-fingerprint-sha256"),
        Method::OpenPgp => ("partner-openpgp", "partner-fingerprint"),
    };
    let domains: Vec<&str> = one.key.domains.iter().map(|domain| domain.as_str()).collect();
    lines.say(&format!("{}: {}", say(title), domains.join(", ")));
    lines.say(&format!("{}:", say(label)));
    // Eight groups per line, for reading aloud.
    let fingerprint = facts.fingerprint.to_string();
    let groups: Vec<&str> = fingerprint.split(' ').collect();
    for half in groups.chunks(8) {
        lines.say(&format!("    {}", half.join(" ")));
    }
    let day = |at| site.calendar.day(language, at);
    let until = facts.not_after.map_or_else(|| say("partner-no-end"), day);
    lines.say(&format!("{}: {}", say("partner-valid-from"), day(facts.not_before)));
    lines.say(&format!("{}: {until}", say("partner-valid-until")));
    let hex = facts.fingerprint.to_hex();
    for form in Form::of(facts.method) {
        // On a line of its own and unbroken: it is clicked or copied.
        lines.0.push_str(&format!("{}/partner/{hex}.{}\n", site.origin.text, form.ending()));
    }
    lines.gap();
}

fn with(language: Language, key: &str, name: &'static str, value: &str) -> String {
    language.say_with(key, Some(&Values::from([(name.into(), value.to_owned().into())])))
}

#[derive(Default)]
struct Lines(String);

impl Lines {
    /// A paragraph, wrapped between words.
    fn say(&mut self, text: &str) {
        let first: String = text.chars().take_while(|c| *c == ' ').collect();
        let next = if text.starts_with("- ") { "  " } else { first.as_str() };
        let (mut indent, mut column) = (first.as_str(), 0);
        for word in text.split_whitespace() {
            let long = word.chars().count();
            if column > 0 && column + 1 + long > WIDTH {
                self.0.push('\n');
                (indent, column) = (next, 0);
            }
            if column == 0 {
                self.0.push_str(indent);
                column = indent.len();
            } else {
                self.0.push(' ');
                column += 1;
            }
            self.0.push_str(word);
            column += long;
        }
        self.0.push('\n');
    }

    fn gap(&mut self) {
        self.0.push('\n');
    }
}
