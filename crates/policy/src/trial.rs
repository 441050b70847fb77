//! Tries rules on letters made of their own values: which of them never matches, and which only ever matches letters that another
//! rule has decided before. Judges as the listener does, and reads no real letter.
//!
//! Rules can be compared by their texts ([`When::holds_whenever`](crate::When::holds_whenever)), which proves something; but
//! "everything" can be written in many ways. So letters are tried as well.

mod entrance;
mod probe;
mod sample;

use std::collections::HashMap;

use sealpost_mail::{Direction, Treatment};

use crate::rules::{Fate, Rules};
use crate::spec::RuleSpec;
pub use entrance::Entrance;
use probe::{Kind, Probe, RequiredValues, ordinary, people};

/// What letters have shown about a rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TrialFinding {
    /// It matches no letter made of its own values.
    NeverMet,
    /// Other rules decide before it does.
    Taken {
        /// Their names.
        by: Vec<String>,
        /// For which letters.
        which: Which,
        /// Whether that exposes its letters.
        harm: Harm,
    },
}

/// Whether other rules' decisions expose a rule's letters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Harm {
    /// It protects, and the others relay.
    Exposes,
    /// No letter that it protects leaves in clear.
    None,
}

/// For which of the letters that a rule holds for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Which {
    /// For all that were tried.
    Every,
    /// For ordinary ones: new, with a text, neither signed nor encrypted, with a sender.
    Ordinary,
    /// For ordinary ones between people whom no rule names.
    Strangers,
    /// For ordinary ones without a file.
    Fileless,
    /// For ordinary ones without a file between people whom no rule names.
    FilelessStrangers,
}

/// Tries the rules; outgoing letters are from the `own` domains, if any are known. Results about the n-th rule have number n; the
/// default comes after the last.
#[must_use]
pub fn try_out(
    rules: &Rules,
    specs: &[RuleSpec],
    lists: &HashMap<String, String>,
    entrances: &[Entrance],
    own: &[String],
) -> Vec<(usize, TrialFinding)> {
    let people = people(specs, lists, entrances, own);
    let one = |(place, spec): (usize, &RuleSpec)| {
        let asked = RequiredValues::new(&spec.when, lists);
        Some((place, Trial::of(rules, place, &people, &asked)?))
    };
    let mut found: Vec<(usize, TrialFinding)> = specs.iter().enumerate().filter_map(one).collect();
    let inside: Vec<Probe> =
        people.into_iter().filter(|probe| probe.direction == Direction::Outbound).collect();
    let default = Trial::of(rules, specs.len(), &inside, &RequiredValues::default());
    // A relaying rule that is not needed does no harm.
    let exposed = default.filter(|found| matches!(found, TrialFinding::Taken { harm: Harm::Exposes, .. }));
    found.extend(exposed.map(|found| (specs.len(), found)));
    found
}

/// Whether one of the letters in a class reached the rule, and which rules took the others.
#[derive(Default)]
struct Class {
    tried: bool,
    reached: bool,
    takers: Vec<usize>,
    /// Those of them that relay in clear.
    let_go: Vec<usize>,
    kept: bool,
}

impl Class {
    fn note(&mut self, taker: Option<(usize, Fate)>) {
        self.tried = true;
        let Some((place, fate)) = taker else {
            self.reached = true;
            return;
        };
        let let_go = match fate {
            Fate::InClear => Some(&mut self.let_go),
            Fate::Kept => {
                self.kept = true;
                None
            }
        };
        for takers in std::iter::once(&mut self.takers).chain(let_go) {
            if !takers.contains(&place) {
                takers.push(place);
            }
        }
    }

    fn is_taken(&self) -> bool {
        self.tried && !self.reached
    }

    /// No letter of it is protected, and some were tried.
    fn goes(&self) -> bool {
        self.is_taken() && !self.kept
    }
}

#[derive(Default)]
struct Trial {
    every: Class,
    ordinary: Class,
    strangers: Class,
    fileless: Class,
    fileless_strangers: Class,
}

impl Trial {
    fn of(rules: &Rules, place: usize, people: &[Probe], asked: &RequiredValues<'_>) -> Option<TrialFinding> {
        let mut trial = Self::default();
        for letter in people.iter().flat_map(|person| Kind::ALL.map(|kind| ordinary(person, kind))) {
            for letter in asked.met_by(&letter) {
                trial.note(rules, place, &letter);
            }
            if trial.fileless_strangers.reached && trial.strangers.reached && trial.every.reached {
                return None;
            }
        }
        trial.found(rules, place, asked)
    }

    fn note(&mut self, rules: &Rules, place: usize, letter: &Probe) {
        let Some(Some(decided)) = letter
            .with_facts(|facts| rules.would_hold(place, facts).then(|| rules.decided_before(place, facts)))
        else {
            return;
        };
        self.every.note(decided);
        if !letter.is_rare {
            self.ordinary.note(decided);
            if !letter.has_file {
                self.fileless.note(decided);
            }
            if !letter.is_named {
                self.strangers.note(decided);
                if !letter.has_file {
                    self.fileless_strangers.note(decided);
                }
            }
        }
    }

    fn found(self, rules: &Rules, place: usize, asked: &RequiredValues<'_>) -> Option<TrialFinding> {
        if !self.every.tried {
            return (!asked.are_for_nobody()).then_some(TrialFinding::NeverMet);
        }
        let protects = !matches!(rules.treatment(place), Treatment::Relay { .. });
        let names = |takers: &[usize]| takers.iter().map(|place| rules.name(*place).to_owned()).collect();
        let all = [
            (&self.every, Which::Every),
            (&self.ordinary, Which::Ordinary),
            (&self.strangers, Which::Strangers),
        ];
        // Some may be protected by other rules: what counts is that an ordinary one is not.
        let is_open = if self.strangers.tried { self.strangers.goes() } else { !self.every.kept };
        let exposed = all.into_iter().find(|(class, _)| class.is_taken() && is_open && protects);
        // Most letters have no file: a rule reached only by those that have one protects little. A default may be meant for them
        // alone.
        let fileless =
            [(&self.fileless, Which::Fileless), (&self.fileless_strangers, Which::FilelessStrangers)];
        let is_open = self.fileless_strangers.goes() && !asked.are_none();
        let bare = fileless.into_iter().find(|(class, _)| class.is_taken() && is_open && protects);
        if let Some((class, which)) = exposed.or(bare) {
            return Some(TrialFinding::Taken { by: names(&class.let_go), which, harm: Harm::Exposes });
        }
        let by = names(&self.every.takers);
        self.every.is_taken().then_some(TrialFinding::Taken { by, which: Which::Every, harm: Harm::None })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::TreatmentSpec;

    fn found(rules: &str) -> Vec<(usize, TrialFinding)> {
        found_with(rules, "relay")
    }

    fn found_with(rules: &str, default: &str) -> Vec<(usize, TrialFinding)> {
        found_of(rules, default, &[])
    }

    fn found_of(rules: &str, default: &str, own: &[&str]) -> Vec<(usize, TrialFinding)> {
        #[derive(serde::Deserialize)]
        struct File {
            rule: Vec<RuleSpec>,
        }
        let specs = toml::from_str::<File>(rules).unwrap_or_else(|error| panic!("{rules}: {error}")).rule;
        let default = match default {
            "portal" => TreatmentSpec::Portal,
            _ => {
                TreatmentSpec::Relay { tls: sealpost_mail::TlsFloor::None, sign: sealpost_mail::Signing::Off }
            }
        };
        let lists = HashMap::from([
            ("all".to_owned(), "# everybody\n*\n".to_owned()),
            ("clinics".to_owned(), "clinic.example\n*.hospital.example\n".to_owned()),
        ]);
        let entrances = [Entrance {
            listener: "inside".to_owned(),
            peers: ["10.0.0.0", "10.255.255.255", "::1"].map(|peer| peer.parse().unwrap()).to_vec(),
            few: vec!["::1".parse().unwrap()],
            logins: vec!["exchange".to_owned()],
            direction: Direction::Outbound,
            max_size: 50 << 20,
        }];
        let compiled = Rules::new(specs.clone(), default, &lists).unwrap_or_else(|error| panic!("{error}"));
        let own: Vec<String> = own.iter().map(|domain| (*domain).to_owned()).collect();
        try_out(&compiled, &specs, &lists, &entrances, &own)
    }

    fn rule(name: &str, when: &str, then: &str) -> String {
        format!("[[rule]]\nname = '{name}'\nwhen = {when}\nthen = '{then}'\n")
    }

    #[test]
    fn whatever_takes_every_ordinary_letter_is_seen_however_it_is_written() {
        for (wide, which) in [
            ("{ recipient = '*' }", Which::Every),
            ("{ header = { name = 'From' } }", Which::Every),
            ("{ header = { name = 'from', present = true } }", Which::Every),
            ("{ header = { name = 'Date' } }", Which::Every),
            ("{ header = { name = 'From', pattern = '@' } }", Which::Every),
            ("{ recipient-list = 'all' }", Which::Every),
            ("{ from-list = 'all' }", Which::Every),
            ("{ not = { size-at-least = '51 MiB' } }", Which::Every),
            (
                "{ recipient = ['*.example', '*.com', '*.net', '*.org', '*.test', '*.at', '*.de', 'example.com', 'example.net', 'example.org', 'insurer.example'] }",
                Which::Every,
            ),
            ("{ client = ['10.0.0.0/8', '::1'] }", Which::Every),
            ("{ client = '10.0.0.0/8' }", Which::Strangers),
            ("{ not = { attachment-name = '*' } }", Which::Fileless),
            ("{ not = { attachment-type = '*/*' } }", Which::Fileless),
            ("{ not = { attachment-type = 'application/*' } }", Which::Fileless),
            ("{ reply = false, not = { attachment-name = '*' } }", Which::Fileless),
            ("{ not = { not = { not = { attachment-name = '*' } } } }", Which::Fileless),
            ("{ size-at-most = '10 MiB', not = { attachment-name = '*' } }", Which::FilelessStrangers),
            ("{ not = [{ attachment-name = '*' }, { sensitivity = 'private' }] }", Which::FilelessStrangers),
            ("{ reply = false }", Which::Ordinary),
            ("{ encrypted = false }", Which::Ordinary),
            ("{ signed = false }", Which::Ordinary),
            ("{ from-partner = false }", Which::Ordinary),
            ("{ unopened = false }", Which::Ordinary),
            ("{ not = { reply = true } }", Which::Ordinary),
            ("{ text-pattern = '.' }", Which::Ordinary),
            ("{ text-pattern = '(?s).+' }", Which::Ordinary),
            ("{ text-pattern = '[^§]' }", Which::Ordinary),
            ("{ subject-pattern = '\\w' }", Which::Every),
            ("{ reverse-path = '*' }", Which::Ordinary),
            ("{ not = { reverse-path = '<>' } }", Which::Ordinary),
            ("{ not = { recipient = 'eva@clinic.example' } }", Which::Strangers),
            ("{ not = { recipient-list = 'clinics' } }", Which::Strangers),
            ("{ not = { from = 'chef@insurer.example' } }", Which::Strangers),
            ("{ size-at-most = '10 MiB' }", Which::Strangers),
            ("{ header = { name = 'X-Never', present = false } }", Which::Strangers),
            ("{ not = { sensitivity = 'private' } }", Which::Strangers),
            ("{ not = [{ sensitivity = 'private' }, { label = 'Geheim' }] }", Which::Strangers),
        ] {
            let wide = rule("wide", &wide.replace("'\\w'", "'''\\w'''"), "relay");
            let tagged = rule("tagged", "{ subject-tag = '[vertraulich]' }", "portal");
            let taken = TrialFinding::Taken { by: vec!["wide".to_owned()], which, harm: Harm::Exposes };
            assert_eq!(found(&format!("{wide}{tagged}")), [(1, taken)], "{wide}");
        }
    }

    #[test]
    fn a_rule_that_no_letter_meets_is_seen() {
        for never in [
            "{ subject-pattern = 'x^y' }",
            "{ header = { name = 'From', present = false } }",
            "{ encrypted = true, not = { header = { name = 'From' } } }",
            "{ not = { recipient-list = 'all' } }",
            "{ recipient = 'eva@clinic.example', not = { recipient-list = 'clinics' } }",
            "{ subject-tag = '[streng-geheim]', not = { subject-pattern = '(?i)geheim' } }",
            "{ sensitivity = 'private', not = { header = { name = 'Sensitivity' } } }",
        ] {
            let never = rule("never", never, "portal");
            assert_eq!(found(&never), [(0, TrialFinding::NeverMet)], "{never}");
        }
    }

    #[test]
    fn honest_rules_are_left_alone() {
        for honest in [
            &[("{ subject-tag = '[a-b]' }", "relay"), ("{ subject-tag = '[c-d]' }", "portal")][..],
            &[("{ reverse-path = '*@insurer.example' }", "relay"), ("{ sensitivity = 'private' }", "portal")],
            &[("{ recipient = 'clinic.example' }", "relay"), ("{ label = 'Vertraulich' }", "portal")],
            &[("{ login = 'exchange' }", "relay"), ("{ subject-tag = '[x-y]' }", "portal")],
            &[("{ client = '10.0.0.0/9' }", "relay"), ("{ subject-tag = '[x-y]' }", "portal")],
            &[
                ("{ not = { attachment-name = '*' } }", "relay"),
                ("{ subject-tag = '[x-y]', attachment-name = '*' }", "portal"),
            ],
            &[("{ attachment-name = '*' }", "relay"), ("{ subject-tag = '[x-y]' }", "portal")],
            &[("{ size-at-least = '10 MiB' }", "relay"), ("{ attachment-name = '*.xlsx' }", "portal")],
            &[("{ encrypted = true }", "relay"), ("{ attachment-type = 'image/*' }", "portal")],
            &[("{ reply = true }", "relay"), ("{ text-pattern = '''(?i)\\bvertraulich\\b''' }", "portal")],
            &[
                ("{ reverse-path = '<>' }", "relay"),
                ("{ subject-pattern = '''^(?i)geheim:\\s+\\d{4}$''' }", "portal"),
            ],
            &[("{ not = { reply = false } }", "portal"), ("{ recipient-list = 'clinics' }", "hold")],
            &[
                ("{ header = { name = 'X-Class', equals = 'secret' } }", "portal"),
                ("{ header = { name = 'X-Class', pattern = '[pq]ublic' } }", "relay"),
            ],
            &[
                ("{ not = { header = { name = 'X-Safe', present = false } } }", "relay"),
                ("{ signed = true, reply = true }", "portal"),
            ],
        ] {
            let rules: String = honest
                .iter()
                .enumerate()
                .map(|(n, (when, then))| rule(&format!("r{n}"), when, then))
                .collect();
            assert_eq!(found(&rules), [], "{rules}");
        }
    }

    #[test]
    fn a_rule_for_all_of_our_own_domains_is_one_for_everybody() {
        let tagged = rule("tagged", "{ subject-tag = '[vertraulich]' }", "portal");
        for wide in [
            "{ from = '*@insurer.example' }",
            "{ reverse-path = 'insurer.example' }",
            "{ header = { name = 'From', pattern = '@insurer' } }",
            "{ from = ['insurer.example', 'other.example'] }",
        ] {
            let wide = rule("wide", wide, "relay");
            let taken = TrialFinding::Taken {
                by: vec!["wide".to_owned()],
                which: Which::Strangers,
                harm: Harm::Exposes,
            };
            assert_eq!(
                found_of(&format!("{wide}{tagged}"), "relay", &["insurer.example"]),
                [(1, taken)],
                "{wide}"
            );
        }
        let department = rule("wide", "{ from = 'unfall@insurer.example' }", "relay");
        assert_eq!(found_of(&format!("{department}{tagged}"), "relay", &["insurer.example"]), []);
        let brand = rule("wide", "{ from = '*@insurer.example' }", "relay");
        let two = ["insurer.example", "brand.example"];
        assert_eq!(found_of(&format!("{brand}{tagged}"), "relay", &two), []);
    }

    #[test]
    fn two_that_take_every_letter_together_are_seen() {
        for (first, second) in [
            ("{ attachment-name = '*' }", "{ not = { attachment-name = '*' } }"),
            ("{ size-at-most = '1 MiB' }", "{ size-at-least = '1 MiB' }"),
            ("{ header = { name = 'X-A' } }", "{ header = { name = 'X-A', present = false } }"),
            ("{ client = '10.0.0.0/9' }", "{ client = ['10.128.0.0/9', '::1'] }"),
            ("{ encrypted = true }", "{ not = { encrypted = true } }"),
        ] {
            let rules = [
                rule("first", first, "relay"),
                rule("second", second, "relay"),
                rule("tagged", "{ subject-tag = '[vertraulich]' }", "portal"),
            ];
            let found = found(&rules.concat());
            assert!(
                matches!(found.last(), Some((2, TrialFinding::Taken { harm: Harm::Exposes, .. }))),
                "{first} {second}: {found:?}"
            );
        }
    }

    /// What looks like another program's notation but is intended.
    #[test]
    fn patterns_of_files_and_labels_meet_letters_of_their_own() {
        for when in [
            "{ attachment-name = '*.{pdf,doc}' }",
            "{ attachment-name = '.pdf' }",
            "{ attachment-type = 'application/x-pdf' }",
            "{ attachment-type = 'image/{jpg,png}' }",
            "{ label = '{f42aa342-8706-4288-bd11-ebb85995028c}' }",
            "{ sensitivity = 'Company Confidential' }",
        ] {
            assert_eq!(found(&rule("one", when, "portal")), [], "{when}");
        }
    }

    /// Protection by other rules does not make it less wrong.
    #[test]
    fn rules_above_that_protect_excuse_nothing() {
        let rules = [
            rule("department", "{ reverse-path = '*@unfall.insurer.example' }", "portal"),
            rule("partner", "{ recipient = '*@clinic.example' }", "hold"),
            rule("wide", "{ header = { name = 'From' } }", "relay"),
            rule("tagged", "{ subject-tag = '[vertraulich]' }", "portal"),
        ];
        let taken =
            TrialFinding::Taken { by: vec!["wide".to_owned()], which: Which::Every, harm: Harm::Exposes };
        assert_eq!(found(&rules.concat()), [(3, taken)]);
        // Here they are all protected, except those that were encrypted before.
        let rules = [
            rule("encrypted", "{ encrypted = true }", "relay"),
            rule("wide", "{ header = { name = 'From' } }", "portal"),
            rule("tagged", "{ subject-tag = '[vertraulich]' }", "hold"),
        ];
        let by = vec!["wide".to_owned(), "encrypted".to_owned()];
        assert_eq!(
            found(&rules.concat()),
            [(2, TrialFinding::Taken { by, which: Which::Every, harm: Harm::None })]
        );
    }

    #[test]
    fn the_default_is_a_rule_too() {
        let wide = rule("wide", "{ reply = false }", "relay");
        let taken =
            TrialFinding::Taken { by: vec!["wide".to_owned()], which: Which::Ordinary, harm: Harm::Exposes };
        assert_eq!(found_with(&wide, "portal"), [(1, taken)]);
        assert_eq!(found(&wide), []);
    }
}
