//! Compares which letters conditions hold for, as far as their texts tell, without any letter. Judges nothing.

use sealpost_mail::{Network, skeleton};

use crate::address::AddressPattern;
use crate::spec::When;

/// What is true of every incoming letter, whatever its content.
#[derive(Clone, Debug, Default)]
pub struct Always {
    /// The listeners that letters arrive at; empty if that does not follow from their names alone.
    pub listeners: Vec<String>,
    /// Maximum size of a letter.
    pub max_size: u64,
}

/// All lists of addresses, words and numbers that a rule can have, for code that applies to each.
macro_rules! lists {
    ($with:ident) => {
        $with!(
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
            attachment_name,
            attachment_type,
            text_pattern,
            client,
            login,
            listener
        )
    };
}

macro_rules! flags {
    ($with:ident) => {
        $with!(encrypted, signed, reply, reply_to_closed, from_partner, unopened)
    };
}

impl When {
    /// Whether these conditions hold for every letter that the others hold for, as far as the texts tell. `false` also
    /// if undecidable.
    #[must_use]
    pub fn holds_whenever(&self, other: &Self) -> bool {
        let Self {
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
        } = self;
        // A list means any of these: a longer one holds more often.
        fn wider_by<T: PartialEq>(ours: &[T], theirs: &[T], covers: impl Fn(&T, &T) -> bool) -> bool {
            ours.is_empty()
                || (!theirs.is_empty() && theirs.iter().all(|one| ours.iter().any(|wide| covers(wide, one))))
        }
        // As conditions compare them.
        let same_shape = |ours: &String, theirs: &String| skeleton(ours) == skeleton(theirs);
        // A subject that contains the longer text contains the shorter one.
        let holds_shape = |ours: &String, theirs: &String| skeleton(theirs).contains(&skeleton(ours));
        let addresses = |ours: &[String], theirs: &[String]| {
            wider_by(ours, theirs, |ours, theirs| AddressPattern::covers(ours, theirs))
        };
        fn wider<T: PartialEq>(ours: &[T], theirs: &[T]) -> bool {
            ours.is_empty() || (!theirs.is_empty() && theirs.iter().all(|one| ours.contains(one)))
        }
        fn same<T: PartialEq>(ours: Option<&T>, theirs: Option<&T>) -> bool {
            ours.is_none() || ours == theirs
        }
        // Every letter has a recipient; it may lack a From and a reverse-path.
        let everybody = |patterns: &[String]| patterns.iter().any(|pattern| pattern == "*");
        addresses(reverse_path, &other.reverse_path)
            && wider(reverse_path_list, &other.reverse_path_list)
            && addresses(from, &other.from)
            && wider(from_list, &other.from_list)
            && (everybody(recipient) || addresses(recipient, &other.recipient))
            && wider(recipient_list, &other.recipient_list)
            && wider_by(subject_tag, &other.subject_tag, holds_shape)
            && wider(subject_pattern, &other.subject_pattern)
            && wider(header, &other.header)
            && wider_by(sensitivity, &other.sensitivity, same_shape)
            && wider_by(label, &other.label, same_shape)
            && size_at_least.is_none_or(|ours| other.size_at_least.is_some_and(|theirs| theirs >= ours))
            && size_at_most.is_none_or(|ours| other.size_at_most.is_some_and(|theirs| theirs <= ours))
            && wider(attachment_name, &other.attachment_name)
            && wider(attachment_type, &other.attachment_type)
            && wider(text_pattern, &other.text_pattern)
            && same(encrypted.as_ref(), other.encrypted.as_ref())
            && same(signed.as_ref(), other.signed.as_ref())
            && same(reply.as_ref(), other.reply.as_ref())
            && same(reply_to_closed.as_ref(), other.reply_to_closed.as_ref())
            && same(from_partner.as_ref(), other.from_partner.as_ref())
            && same(unopened.as_ref(), other.unopened.as_ref())
            && wider(client, &other.client)
            && (login.iter().any(|one| one == "*") && !other.login.is_empty() || wider(login, &other.login))
            && wider(listener, &other.listener)
            // Each of several groups must hold: fewer hold more often.
            && not.iter().all(|group| other.not.contains(group))
    }

    /// Whether no letter can meet them, because they contradict each other.
    #[must_use]
    pub fn never_holds(&self) -> bool {
        self.not.iter().any(|group| group.holds_whenever(self))
    }

    /// The same without conditions that hold for every letter, except [reports](Self::is_for_reports).
    #[must_use]
    pub fn without_truisms(&self, always: &Always) -> Self {
        let mut when = self.bare(always);
        if when.reverse_path.iter().any(|pattern| pattern == "*") {
            when.reverse_path.clear();
        }
        when
    }

    /// Whether it is about letters with a null reverse-path, which are reports: `reverse-path = "*"` does not hold for
    /// them.
    #[must_use]
    pub fn is_for_reports(&self) -> bool {
        let names = |when: &Self, pattern: &str| when.reverse_path.iter().any(|one| one == pattern);
        names(self, "<>") || self.not.iter().any(|group| names(group, "*"))
    }

    fn bare(&self, always: &Always) -> Self {
        let everybody = |patterns: &mut Vec<String>| {
            if patterns.iter().any(|pattern| pattern == "*") {
                patterns.clear();
            }
        };
        let mut when = self.clone();
        everybody(&mut when.recipient);
        everybody(&mut when.from);
        let networks: Vec<Network> =
            when.client.iter().filter_map(|text| Network::parse(text).ok()).collect();
        if Network::are_everybody(&networks) {
            when.client.clear();
        }
        let all = &always.listeners;
        if !all.is_empty() && all.iter().all(|name| when.listener.contains(name)) {
            when.listener.clear();
        }
        when.size_at_least = when.size_at_least.filter(|size| size.0 > 0);
        when.size_at_most = when.size_at_most.filter(|size| size.0 < always.max_size);
        for group in std::mem::take(&mut when.not) {
            let group = group.bare(always);
            match group.not.as_slice() {
                // A double negation.
                [inner] if (Self { not: Vec::new(), ..group.clone() }) == Self::default() => {
                    match when.and(inner) {
                        Some(both) => when = both,
                        None => when.not.push(group),
                    }
                }
                _ => when.not.push(group),
            }
        }
        when
    }

    /// Conditions that hold only if one of the two holds: what both require, without the parts in which they complement
    /// each other. `None` if the texts do not tell.
    #[must_use]
    pub fn either(&self, other: &Self) -> Option<Self> {
        self.completed(other).or_else(|| other.completed(self)).or_else(|| self.joined(other))
    }

    /// Both.
    fn and(&self, other: &Self) -> Option<Self> {
        let mut both = self.clone();
        macro_rules! lists_of_both {
            ($($field:ident),*) => {$(
                if both.$field.is_empty() {
                    both.$field.clone_from(&other.$field);
                } else if !other.$field.is_empty() && both.$field != other.$field {
                    return None;
                }
            )*};
        }
        macro_rules! flags_of_both {
            ($($field:ident),*) => {$(
                if both.$field.is_some() && other.$field.is_some() && both.$field != other.$field {
                    return None;
                }
                both.$field = both.$field.or(other.$field);
            )*};
        }
        lists!(lists_of_both);
        flags!(flags_of_both);
        both.size_at_least = both.size_at_least.max(other.size_at_least);
        both.size_at_most = match (both.size_at_most, other.size_at_most) {
            (Some(ours), Some(theirs)) => Some(ours.min(theirs)),
            (ours, theirs) => ours.or(theirs),
        };
        for group in &other.not {
            if !both.not.contains(group) {
                both.not.push(group.clone());
            }
        }
        Some(both)
    }

    /// The rest of both if one requires something and the other its opposite.
    fn completed(&self, other: &Self) -> Option<Self> {
        macro_rules! flags_that_differ {
            ($($field:ident),*) => {$(
                if let (Some(ours), Some(theirs)) = (self.$field, other.$field) && ours != theirs {
                    return Self { $field: None, ..self.clone() }.and(&Self { $field: None, ..other.clone() });
                }
            )*};
        }
        flags!(flags_that_differ);
        if let (Some(least), Some(most)) = (self.size_at_least, other.size_at_most)
            && least.0 <= most.0.saturating_add(1)
        {
            return Self { size_at_least: None, ..self.clone() }
                .and(&Self { size_at_most: None, ..other.clone() });
        }
        other.not.iter().enumerate().find_map(|(number, group)| {
            let mut rest = other.clone();
            let _ = rest.not.remove(number);
            self.holds_whenever(&rest.and(group)?).then_some(rest)
        })
    }

    /// Two that differ in one list only, combined with both lists. Only lists of networks and listeners can become
    /// exhaustive; words cannot.
    fn joined(&self, other: &Self) -> Option<Self> {
        macro_rules! the_only_difference {
            ($($field:ident),*) => {$(
                if !self.$field.is_empty()
                    && !other.$field.is_empty()
                    && (Self { $field: Vec::new(), ..self.clone() }) == (Self { $field: Vec::new(), ..other.clone() })
                {
                    let mut joined = self.clone();
                    joined.$field.extend(other.$field.iter().filter(|one| !self.$field.contains(one)).cloned());
                    return Some(joined);
                }
            )*};
        }
        the_only_difference!(client, listener);
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn when(text: &str) -> When {
        toml::from_str(text).unwrap_or_else(|error| panic!("{text}: {error}"))
    }

    fn always() -> Always {
        Always { listeners: vec!["inside".into()], max_size: 1000 }
    }

    #[test]
    fn no_field_is_forgotten() {
        macro_rules! names {
            ($($field:ident),*) => { vec![$(stringify!($field).replace('_', "-")),*] };
        }
        let mut here = lists!(names);
        here.extend(flags!(names));
        here.extend(["size-at-least", "size-at-most", "not"].map(str::to_owned));
        here.sort();
        let error = toml::from_str::<When>("no-condition = 1").unwrap_err().to_string();
        let (_, expected) = error.split_once("expected one of").unwrap();
        let mut all: Vec<String> = expected.split('`').skip(1).step_by(2).map(str::to_owned).collect();
        all.sort();
        assert_eq!(here, all);
    }

    #[test]
    fn what_always_holds_is_no_condition() {
        for truism in [
            "from = '*'",
            "reverse-path = ['a@b.example', '*']",
            "recipient = '*'",
            "size-at-least = 0",
            "size-at-most = 1000",
            "listener = 'inside'",
            "client = ['0.0.0.0/1', '128.0.0.0/1']",
            "[not]\n[not.not]\nrecipient = '*'",
        ] {
            assert_eq!(when(truism).without_truisms(&always()), When::default(), "{truism}");
        }
        for condition in ["size-at-least = 1", "size-at-most = 999", "listener = 'x'", "client = '0.0.0.0/1'"]
        {
            assert_ne!(when(condition).without_truisms(&always()), When::default(), "{condition}");
        }
    }

    #[test]
    fn what_contradicts_itself_never_holds() {
        for never in [
            "encrypted = true\nnot = { encrypted = true }",
            "subject-tag = '[streng vertraulich]'\nnot = { subject-tag = 'vertraulich' }",
            "recipient = 'a@x.example'\nnot = [{ signed = true }, { recipient = 'x.example' }]",
            "signed = true\nnot = { recipient = '*' }",
        ] {
            assert!(when(never).without_truisms(&always()).never_holds(), "{never}");
        }
        for possible in [
            "recipient = 'x.example'\nnot = { recipient = 'a@x.example' }",
            "encrypted = true\nnot = { encrypted = true, signed = true }",
            "not = { reverse-path = '*' }",
            "not = { encrypted = true }",
        ] {
            assert!(!when(possible).without_truisms(&always()).never_holds(), "{possible}");
        }
    }

    #[test]
    fn two_may_leave_nothing() {
        for (first, second) in [
            ("encrypted = true", "encrypted = false"),
            ("size-at-least = 500", "size-at-most = 499"),
            ("subject-tag = '[x-y]'", "not = { subject-tag = '[x-y]' }"),
            ("recipient = 'x.example'", "not = { recipient = 'a@x.example' }"),
            ("client = '0.0.0.0/1'", "client = '128.0.0.0/1'"),
        ] {
            for (first, second) in [(first, second), (second, first)] {
                let left = when(first).either(&when(second)).map(|left| left.without_truisms(&always()));
                assert_eq!(left, Some(When::default()), "{first} {second}");
            }
        }
        let left = when("encrypted = true\nrecipient = 'x.example'").either(&when("encrypted = false"));
        assert_eq!(left, Some(when("recipient = 'x.example'")));
        for (first, second) in [
            ("encrypted = true", "signed = false"),
            ("size-at-least = 500", "size-at-most = 498"),
            ("recipient = 'a@x.example'", "not = { recipient = 'x.example' }"),
        ] {
            assert_eq!(when(first).either(&when(second)), None, "{first} {second}");
        }
    }

    #[test]
    fn a_rule_that_always_holds_where_another_does() {
        let when = |text: &str| {
            let mut one: std::collections::HashMap<String, When> =
                toml::from_str(&format!("when = {text}")).unwrap();
            one.remove("when").unwrap()
        };
        for (wide, narrow) in [
            (r#"{ recipient = "*" }"#, r#"{ reply = true }"#),
            (
                r#"{ recipient = "web.example" }"#,
                r#"{ recipient = "eva@web.example", subject-tag = "[x-y]" }"#,
            ),
            (r#"{ reverse-path = "*" }"#, r#"{ reverse-path = "*@a.example" }"#),
            (r#"{ subject-tag = "vertraulich" }"#, r#"{ subject-tag = "[Streng  VERTRAULICH]" }"#),
            (r#"{ label = "streng vertraulich" }"#, r#"{ label = "Streng  Vertraulich" }"#),
        ] {
            assert!(when(wide).holds_whenever(&when(narrow)), "{wide} {narrow}");
        }
        for (wide, narrow) in [
            (r#"{ reverse-path = "*" }"#, r#"{ reply = true }"#),
            (r#"{ from = "*" }"#, r#"{ recipient = "*" }"#),
            (r#"{ subject-tag = "[streng vertraulich]" }"#, r#"{ subject-tag = "vertraulich" }"#),
        ] {
            assert!(!when(wide).holds_whenever(&when(narrow)), "{wide} {narrow}");
        }
    }
}
