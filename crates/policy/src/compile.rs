//! Compiles rules from their written form to the checked one. Every mistake is reported here, before any
//! letter.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use regex::{Regex, RegexBuilder};
use sealpost_mail::{
    Grounds, Network, Otherwise, Refusal, Reply, Treatment, caseless, composed, is_bracket, skeleton,
};
use thiserror::Error;

use crate::address::{AddressPattern, AddressSet};
use crate::condition::{Condition, HeaderTest, Test, ValueTest, bare_word};
use crate::file_name::NamePattern;
use crate::file_pattern;
use crate::media_type;
use crate::sensitivity_label;
use crate::spec::{HeaderSpec, OtherwiseSpec, REFUSED, TreatmentSpec, When};
use crate::subject_tag::{self, SubjectTag};

/// What is wrong with a rule, and how to fix it.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("rule `{rule}`, `{field}`: {message}")]
pub struct RuleError {
    /// The rule's name, `default`, or the list's name.
    pub rule: String,
    /// The key with the mistake.
    pub field: String,
    /// What is wrong.
    pub message: String,
    hint: String,
}

impl RuleError {
    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> &str {
        &self.hint
    }

    pub(crate) fn new(rule: &str, field: &str, message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { rule: rule.to_owned(), field: field.to_owned(), message: message.into(), hint: hint.into() }
    }
}

/// The parsed lists.
pub(crate) type Lists = HashMap<String, Arc<AddressSet>>;

pub(crate) fn lists(texts: &HashMap<String, String>) -> Result<Lists, RuleError> {
    let read = |(name, text): (&String, &String)| match AddressSet::parse_list(text) {
        Ok(set) => Ok((name.clone(), Arc::new(set))),
        Err(line) => Err(RuleError::new(
            name,
            "lists",
            format!("line {line} of the list is neither an address nor a domain"),
            "write one address, domain or *.domain per line; # starts a comment",
        )),
    };
    texts.iter().map(read).collect()
}

/// Maximum nesting of `not`.
const MAX_DEPTH: usize = 8;

/// Compiles the conditions of one rule. Cheap ones come first, so that the text is searched only if all
/// others hold.
pub(crate) fn when(
    rule: &str,
    spec: &When,
    lists: &Lists,
    tags: &Arc<HashSet<String>>,
) -> Result<Vec<Test>, RuleError> {
    Compiler { rule, lists, tags }.all_of("when", spec, 0)
}

/// The words of all tags in these conditions.
pub(crate) fn tags<'s>(specs: impl Iterator<Item = &'s When>) -> HashSet<String> {
    let mut open: Vec<&When> = specs.collect();
    let mut tags = HashSet::new();
    while let Some(when) = open.pop() {
        tags.extend(when.subject_tag.iter().map(|tag| subject_tag::core(tag)));
        open.extend(&when.not);
    }
    tags
}

/// What `^` and `$` match in the value of a pattern.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Lines {
    /// The value is one line.
    One,
    /// It has several lines, and they match at each.
    Each,
}

struct Compiler<'a> {
    rule: &'a str,
    lists: &'a Lists,
    tags: &'a Arc<HashSet<String>>,
}

impl Compiler<'_> {
    fn error(&self, field: &str, message: impl Into<String>, hint: impl Into<String>) -> RuleError {
        RuleError::new(self.rule, field, message, hint)
    }

    fn all_of(&self, place: &str, spec: &When, depth: usize) -> Result<Vec<Test>, RuleError> {
        if depth > MAX_DEPTH {
            return Err(self.error("not", "it stands in itself too deeply", "make two rules of it"));
        }
        // A condition added to the file and forgotten here does not compile.
        let When {
            reverse_path,
            reverse_path_list,
            from,
            from_list,
            recipient,
            recipient_list,
            subject_tag,
            subject_pattern,
            header,
            sensitivity,
            label,
            size_at_least,
            size_at_most,
            attachment_name,
            attachment_type,
            text_pattern,
            encrypted,
            signed,
            reply,
            reply_to_closed,
            from_partner,
            unopened,
            client,
            login,
            listener,
            not,
        } = spec;
        let mut tests = Vec::new();
        let mut add = |field, condition| tests.push(Test { field, condition });

        if !client.is_empty() {
            add(
                "client",
                Condition::Client(self.each(
                    "client",
                    client,
                    |text| text.parse::<Network>().ok(),
                    "write a network like 192.0.2.0/24 or one address, without bits set beyond the prefix",
                )?),
            );
        }
        if !login.is_empty() {
            add("login", Condition::Login(self.words("login", login)?));
        }
        if !listener.is_empty() {
            add("listener", Condition::Listener(self.words("listener", listener)?));
        }
        if let &Some(size) = size_at_least {
            add("size-at-least", Condition::SizeAtLeast(size.0));
        }
        if let &Some(size) = size_at_most {
            if size_at_least.is_some_and(|least| least > size) {
                return Err(self.error(
                    "size-at-most",
                    "it is below size-at-least, so the rule never holds",
                    "swap the two sizes",
                ));
            }
            add("size-at-most", Condition::SizeAtMost(size.0));
        }
        if !reverse_path.is_empty() {
            add("reverse-path", Condition::ReversePath(self.addresses("reverse-path", reverse_path)?));
        }
        if !reverse_path_list.is_empty() {
            add(
                "reverse-path-list",
                Condition::ReversePath(self.named("reverse-path-list", reverse_path_list)?),
            );
        }
        if !recipient.is_empty() {
            add("recipient", Condition::Recipient(self.addresses("recipient", recipient)?));
        }
        if !recipient_list.is_empty() {
            add("recipient-list", Condition::Recipient(self.named("recipient-list", recipient_list)?));
        }
        if !from.is_empty() {
            add("from", Condition::From(self.addresses("from", from)?));
        }
        if !from_list.is_empty() {
            add("from-list", Condition::From(self.named("from-list", from_list)?));
        }
        if !sensitivity.is_empty() {
            add("sensitivity", Condition::Sensitivity(self.sensitivity(sensitivity)?));
        }
        if !label.is_empty() {
            let labels = self.words("label", label)?;
            let labels = labels.iter().map(|label| skeleton(sensitivity_label::bare(label)));
            add("label", Condition::Label(labels.collect()));
        }
        if !subject_tag.is_empty() {
            add("subject-tag", Condition::SubjectTag(self.tags(subject_tag)?));
        }
        if !subject_pattern.is_empty() {
            add(
                "subject-pattern",
                Condition::SubjectPattern(self.patterns("subject-pattern", subject_pattern, Lines::One)?),
            );
        }
        if !header.is_empty() {
            let tests: Result<Vec<_>, _> = header.iter().map(|header| self.header(header)).collect();
            add("header", Condition::Header(tests?));
        }
        if let &Some(wanted) = reply {
            add("reply", Condition::Reply(wanted));
        }
        if let &Some(wanted) = reply_to_closed {
            add("reply-to-closed", Condition::ReplyToClosed(wanted));
        }
        if let &Some(wanted) = from_partner {
            add("from-partner", Condition::FromPartner(wanted));
        }
        if let &Some(wanted) = unopened {
            add("unopened", Condition::Unopened(wanted));
        }
        if let &Some(wanted) = encrypted {
            add("encrypted", Condition::Encrypted(wanted));
        }
        if let &Some(wanted) = signed {
            add("signed", Condition::Signed(wanted));
        }
        if !attachment_name.is_empty() {
            let names = self.wildcards("attachment-name", attachment_name, file_pattern::names)?;
            add("attachment-name", Condition::AttachmentName(names));
        }
        if !attachment_type.is_empty() {
            let named = |pattern: &str| {
                let types = file_pattern::expanded(pattern)?;
                Some(types.iter().flat_map(|kind| media_type::names_of(kind)).collect())
            };
            let types = self.wildcards("attachment-type", attachment_type, named)?;
            add("attachment-type", Condition::AttachmentType(types));
        }
        for group in not {
            add("not", Condition::Not(self.all_of("not", group, depth + 1)?));
        }
        if !text_pattern.is_empty() {
            // People mean a line by ^ and $ in a letter; the whole text is \A and \z.
            let patterns = self.patterns("text-pattern", text_pattern, Lines::Each)?;
            add("text-pattern", Condition::TextPattern(patterns));
        }
        if tests.is_empty() {
            return Err(self.error(
                place,
                "there is no condition in it",
                "name at least one; for every letter write recipient = \"*\" or use the default",
            ));
        }
        Ok(tests)
    }

    /// Converts every text.
    fn each<T>(
        &self,
        field: &str,
        texts: &[String],
        parse: impl Fn(&str) -> Option<T>,
        hint: &str,
    ) -> Result<Vec<T>, RuleError> {
        let one = |text: &String| {
            parse(text).ok_or_else(|| self.error(field, format!("`{text}` cannot be understood"), hint))
        };
        texts.iter().map(one).collect()
    }

    fn words(&self, field: &str, words: &[String]) -> Result<Vec<String>, RuleError> {
        let good = |word: &str| {
            let ok = !word.is_empty() && word.trim() == word && !word.chars().any(char::is_control);
            // Compared by its look: an invisible text would equal nothing, or be in everything.
            (ok && !skeleton(word).is_empty()).then(|| word.to_owned())
        };
        self.each(field, words, good, "write it without spaces around it")
    }

    fn addresses(&self, field: &str, patterns: &[String]) -> Result<Vec<Arc<AddressSet>>, RuleError> {
        let hint = "write an address, a domain, *.domain, or name-*@domain";
        let mut set = AddressSet::default();
        for pattern in self.each(field, patterns, AddressPattern::parse, hint)? {
            set.add(pattern);
        }
        if set.has_null() && field != "reverse-path" {
            return Err(self.error(field, "<> is a reverse-path only", "leave it out here"));
        }
        Ok(vec![Arc::new(set)])
    }

    fn named(&self, field: &str, names: &[String]) -> Result<Vec<Arc<AddressSet>>, RuleError> {
        let find = |name: &String| {
            self.lists.get(name).cloned().ok_or_else(|| {
                self.error(
                    field,
                    format!("there is no list `{name}`"),
                    format!("add {name} = \"file\" under [lists], or correct the name"),
                )
            })
        };
        names.iter().map(find).collect()
    }

    fn sensitivity(&self, values: &[String]) -> Result<Vec<String>, RuleError> {
        let known = |value: &str| {
            let known = ["personal", "private", "company-confidential"];
            known.iter().any(|known| bare_word(known) == bare_word(value)).then(|| bare_word(value))
        };
        self.each("sensitivity", values, known, "RFC 4021 has personal, private and company-confidential")
    }

    fn tags(&self, tags: &[String]) -> Result<Vec<SubjectTag>, RuleError> {
        let good = |tag: &str| {
            let ok =
                (2..=100).contains(&tag.len()) && tag.trim() == tag && !tag.chars().any(char::is_control);
            // An invisible text is in every subject, and brackets alone are in many.
            let shows = skeleton(tag).chars().any(|c| !is_bracket(c) && !c.is_whitespace());
            (ok && shows).then(|| SubjectTag::new(tag, self.tags))
        };
        let hint = "a tag is plain text of 2 to 100 bytes without spaces around it, like [vertraulich]";
        self.each("subject-tag", tags, good, hint)
    }

    fn patterns(&self, field: &str, patterns: &[String], lines: Lines) -> Result<Vec<Regex>, RuleError> {
        let compile = |pattern: &String| {
            let built = RegexBuilder::new(&composed(pattern))
                .multi_line(lines == Lines::Each)
                .size_limit(1 << 20)
                .dfa_size_limit(4 << 20)
                .build();
            let regex = built.map_err(|error| {
                // The first lines show the pattern with a mark below it; the last one says what is wrong.
                let text = error.to_string();
                let last = text.lines().last().unwrap_or_default().trim_start_matches("error: ").to_owned();
                self.error(
                    field,
                    format!("`{pattern}` is no regular expression: {last}"),
                    "escape what is meant literally with a backslash, in single quotes: '\\[x\\]'",
                )
            })?;
            if regex.is_match("") {
                return Err(self.error(
                    field,
                    format!("`{pattern}` matches everything, even an empty text"),
                    "leave the condition out, or demand at least one character",
                ));
            }
            Ok(regex)
        };
        patterns.iter().map(compile).collect()
    }

    fn wildcards(
        &self,
        field: &str,
        patterns: &[String],
        meant: impl Fn(&str) -> Option<Vec<String>>,
    ) -> Result<Vec<NamePattern>, RuleError> {
        let words = self.words(field, patterns)?;
        let hint = "braces name what may stand in one place: *.{pdf,docx}";
        let meant = self.each(field, &words, meant, hint)?;
        Ok(meant.iter().flatten().map(|pattern| NamePattern::new(pattern)).collect())
    }

    fn header(&self, spec: &HeaderSpec) -> Result<HeaderTest, RuleError> {
        // RFC 5322 §3.6.8: printable ASCII except the colon.
        if spec.name.is_empty() || !spec.name.bytes().all(|b| b.is_ascii_graphic() && b != b':') {
            return Err(self.error(
                "header",
                format!("`{}` is no name of a header field", spec.name),
                "write the name without its colon, like X-Classification",
            ));
        }
        if let Some(unseen) = spec.equals.iter().find(|value| !value.is_empty() && skeleton(value).is_empty())
        {
            return Err(self.error(
                "header",
                format!("nothing is to be seen of the value {unseen:?}"),
                "write what the field says; \"\" is a field that is empty",
            ));
        }
        let valued = !spec.equals.is_empty() || !spec.pattern.is_empty();
        let value = match (valued, spec.present) {
            (false, present) => ValueTest::Present(present.unwrap_or(true)),
            (true, Some(false)) => {
                return Err(self.error(
                    "header",
                    "a field that is not there equals nothing",
                    "leave out present = false, or put the condition into `not`",
                ));
            }
            (true, None | Some(true)) => ValueTest::Like {
                equals: spec.equals.iter().map(|value| skeleton(value)).collect(),
                plain: spec.equals.iter().map(|value| caseless(value)).collect(),
                patterns: self.patterns("header", &spec.pattern, Lines::One)?,
            },
        };
        Ok(HeaderTest { name: spec.name.clone(), value })
    }
}

/// Checks `then` and the default.
pub(crate) fn then(rule: &str, spec: TreatmentSpec) -> Result<Treatment, RuleError> {
    match spec {
        TreatmentSpec::Relay { tls, sign } => Ok(Treatment::Relay { tls, sign }),
        TreatmentSpec::Portal => Ok(Treatment::Portal),
        TreatmentSpec::Hold { tls } => Ok(Treatment::Hold { tls }),
        TreatmentSpec::Domain { partner, otherwise } => {
            if partner.as_ref().is_some_and(|name| name.is_empty() || name.trim() != name) {
                let hint =
                    "name a partner as `sealpost partner list` shows it, or write \"domain\" for all of them";
                return Err(RuleError::new(rule, "then", "the partner has no name", hint));
            }
            let otherwise = match otherwise {
                OtherwiseSpec::Refused => Otherwise::Refuse(None),
                OtherwiseSpec::Portal => Otherwise::Portal,
                OtherwiseSpec::Hold { tls } => Otherwise::Hold { tls },
                OtherwiseSpec::Refuse { text } => Otherwise::Refuse(Some(refusal(rule, &text)?)),
            };
            Ok(Treatment::Domain { partner, otherwise })
        }
        TreatmentSpec::Refuse { text } => {
            let grounds = if text == REFUSED { Grounds::Unworded } else { Grounds::Written };
            Ok(Treatment::Refuse(Refusal { reply: refusal(rule, &text)?, grounds }))
        }
    }
}

fn refusal(rule: &str, text: &str) -> Result<Reply, RuleError> {
    // RFC 5321 §4.5.3.1.5: a reply line has at most 512 octets; RFC 6531 §3.7.4: plain ASCII.
    let good = |c: char| c == ' ' || c.is_ascii_graphic();
    if text.trim().is_empty() || text.len() > 300 || !text.chars().all(good) {
        return Err(RuleError::new(
            rule,
            "then",
            "the text of a refusal must be one line of ASCII of at most 300 characters",
            "write ae for ä, and keep it short",
        ));
    }
    Ok(Reply::refuse(550, 7, 1, text.trim()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_nobody_sees_is_no_tag_and_no_value() {
        for (when, field) in [
            ("subject-tag = '[ ]'", "subject-tag"),
            ("subject-tag = '[]'", "subject-tag"),
            ("subject-tag = '\u{200b}\u{ad}'", "subject-tag"),
            ("label = '\u{200b}'", "label"),
            ("header = { name = 'X', equals = '\u{200b}' }", "header"),
        ] {
            let spec: When = toml::from_str(when).unwrap();
            let error = super::when("r", &spec, &Lists::new(), &Arc::default()).unwrap_err();
            assert_eq!(error.field, field, "{when}");
        }
    }
}
