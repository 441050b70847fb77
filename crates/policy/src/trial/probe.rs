//! Letters to try rules on: ordinary ones, from and to people whom rules name or not, and with what a rule
//! requires. Knows no verdict.

use std::collections::HashMap;
use std::net::IpAddr;

use sealpost_mail::{Address, Direction, Head, Origin, ReversePath};

use super::entrance::Entrance;
use super::sample;
use crate::address::list_entries;
use crate::file_pattern;
use crate::letter_facts::{Deep, Facts, HeadsWithin, Known};
use crate::sensitivity_label;
use crate::spec::{HeaderSpec, RuleSpec, When};

/// Addresses that no rule names: RFC 2606 reserves these names.
const STRANGERS: [&str; 5] = [
    "a.muster@example.com",
    "office@mail.example.net",
    "info@example.org",
    "kanzlei@kanzlei-muster.test",
    "praxis@praxis-muster.example",
];
const SENDERS: [&str; 2] = ["sachbearbeitung@example.com", "max.muster@versicherer-muster.example"];
/// The client's address if no listener gives one.
const SOMEWHERE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 7));
/// Maximum people named by rules that are tried.
const MAX_NAMED: usize = 60;
/// Maximum values of one list that are tried.
const MAX_VALUES: usize = 12;
const USUAL_SIZE: u64 = 20_000;

/// A letter for one recipient.
#[derive(Clone, Debug)]
pub(super) struct Probe {
    reverse_path: ReversePath,
    from: Address,
    recipient: Address,
    origin: Origin,
    /// Its direction.
    pub(super) direction: Direction,
    /// The listener's maximum size.
    max_size: u64,
    subject: Option<String>,
    fields: Vec<(String, String)>,
    deep: Deep,
    thread: bool,
    closed_thread: bool,
    from_partner: bool,
    unopened: bool,
    size: u64,
    /// It has a file, independent of the rule it is tried on.
    pub(super) has_file: bool,
    /// It contains a person or thing that a rule names.
    pub(super) is_named: bool,
    /// It is not an ordinary letter.
    pub(super) is_rare: bool,
}

impl Probe {
    pub(super) fn with_facts<T>(&self, look: impl FnOnce(&Facts<'_>) -> T) -> Option<T> {
        let mut lines = vec![
            "Received: from client by gateway; Mon, 2 Mar 2026 08:00:00 +0100".to_owned(),
            "Date: Mon, 2 Mar 2026 08:00:00 +0100".to_owned(),
            format!("From: <{}>", self.from.to_path().trim_matches(['<', '>'])),
            format!("To: <{}>", self.recipient.to_path().trim_matches(['<', '>'])),
            "Message-ID: <4711.trial@example.com>".to_owned(),
            "MIME-Version: 1.0".to_owned(),
            "Content-Type: text/plain; charset=utf-8".to_owned(),
        ];
        lines.extend(self.subject.iter().map(|subject| format!("Subject: {subject}")));
        lines.extend(self.fields.iter().map(|(name, value)| format!("{name}: {value}")));
        let clean = |line: &String| line.replace(['\r', '\n'], " ") + "\r\n";
        let head: String = lines.iter().map(clean).chain(["\r\n".to_owned()]).collect();
        let head = Head::new(head.into_bytes()).ok()?;
        Some(look(&Facts {
            reverse_path: &self.reverse_path,
            origin: &self.origin,
            head: &head,
            recipient: &self.recipient,
            size: self.size,
            deep: &Known::Yes(self.deep.clone().all_plain()),
            heads: &Known::Yes(HeadsWithin::default()),
            thread: &Known::Yes(self.thread),
            closed_thread: &Known::Yes(self.closed_thread),
            from_partner: self.from_partner,
            unopened: self.unopened,
            direction: self.direction,
        }))
    }
}

/// Letters between people whom rules name or do not name, at every listener; strangers come first.
pub(super) fn people(
    specs: &[RuleSpec],
    lists: &HashMap<String, String>,
    entrances: &[Entrance],
    own: &[String],
) -> Vec<Probe> {
    let ways: Vec<Probe> = entrances.iter().flat_map(ways_in).collect();
    let outbound = || ways.iter().filter(|way| way.direction == Direction::Outbound);
    let usual = outbound().find(|way| !way.is_named).or_else(|| outbound().next()).or(ways.first());
    let Some(usual) = usual.cloned() else { return Vec::new() };
    let named: Vec<ReversePath> =
        specs.iter().flat_map(|spec| named(&spec.when, lists)).take(MAX_NAMED).collect();
    let address = |path: &ReversePath| path.address().cloned();
    let mut all = Vec::new();
    let strangers: Vec<Address> = STRANGERS.iter().filter_map(|text| Address::parse(text).ok()).collect();
    let senders: Vec<Address> = SENDERS.iter().filter_map(|text| Address::parse(text).ok()).collect();
    // Outgoing letters are from our own domains: a rule that matches them matches everything.
    let ours: Vec<Address> =
        own.iter().filter_map(|domain| Address::parse(&format!("trial.4711@{domain}")).ok()).collect();
    for (sender, is_ours) in senders.iter().map(|one| (one, false)).chain(ours.iter().map(|one| (one, true)))
    {
        for recipient in &strangers {
            let is_named = !is_ours && !ours.is_empty();
            all.push(Probe { recipient: recipient.clone(), is_named, ..usual.from(sender) });
        }
    }
    all.extend(ways.iter().map(|way| match ours.first() {
        Some(sender) => way.from(sender),
        None => way.clone(),
    }));
    for person in named.iter().filter_map(address) {
        all.push(Probe { recipient: person.clone(), is_named: true, ..usual.clone() });
        all.push(Probe { is_named: true, ..usual.from(&person) });
        // The envelope may differ from the letter.
        all.push(Probe { from: person.clone(), is_named: true, ..usual.clone() });
        all.push(Probe { reverse_path: ReversePath::Address(person), is_named: true, ..usual.clone() });
    }
    // Letters with what each rule requires, also in its `not`, and with the opposite.
    for group in specs.iter().flat_map(|spec| every_group(&spec.when)).take(MAX_NAMED) {
        let mut opposite = usual.clone();
        opposite.miss(group);
        for letter in [RequiredValues::new(group, lists).met(&usual, 0), opposite] {
            all.push(Probe { is_named: true, is_rare: letter.is_special(), ..letter });
        }
    }
    all
}

fn every_group(when: &When) -> Vec<&When> {
    std::iter::once(when).chain(when.not.iter().flat_map(every_group)).collect()
}

fn ways_in(entrance: &Entrance) -> Vec<Probe> {
    let logins = std::iter::once(None).chain(entrance.logins.iter().cloned().map(Some));
    let logins: Vec<Option<String>> = logins.collect();
    let peers = if entrance.peers.is_empty() { vec![SOMEWHERE] } else { entrance.peers.clone() };
    let both = peers.iter().flat_map(|peer| logins.iter().map(move |login| (*peer, login.clone())));
    both.filter_map(|(peer, login)| {
        let sender = Address::parse(SENDERS.first()?).ok()?;
        Some(Probe {
            reverse_path: ReversePath::Address(sender.clone()),
            from: sender,
            recipient: Address::parse(STRANGERS.first()?).ok()?,
            origin: Origin {
                peer,
                listener: entrance.listener.clone(),
                helo: "client.example.com".to_owned(),
                extended: true,
                tls: None,
                login,
            },
            direction: entrance.direction,
            max_size: entrance.max_size,
            subject: Some("Schaden 4711".to_owned()),
            fields: Vec::new(),
            deep: Deep::default(),
            thread: false,
            closed_thread: false,
            from_partner: false,
            unopened: false,
            size: USUAL_SIZE.min(entrance.max_size),
            has_file: false,
            // Most letters come from elsewhere.
            is_named: entrance.few.contains(&peer),
            is_rare: false,
        })
    })
    .collect()
}

impl Probe {
    fn is_special(&self) -> bool {
        let is_report = self.reverse_path == ReversePath::Null;
        self.thread
            || self.closed_thread
            || self.from_partner
            || self.unopened
            || self.deep.encrypted
            || self.deep.signed
            || is_report
    }

    fn from(&self, sender: &Address) -> Self {
        Self { reverse_path: ReversePath::Address(sender.clone()), from: sender.clone(), ..self.clone() }
    }
}

/// All people named by conditions, also in their `not`.
fn named(when: &When, lists: &HashMap<String, String>) -> Vec<ReversePath> {
    let asked = RequiredValues::new(when, lists);
    let all = [&asked.recipients, &asked.froms, &asked.paths].into_iter().flatten();
    let mut named: Vec<ReversePath> = all.filter_map(|pattern| sample::of_address(pattern)).collect();
    named.extend(when.not.iter().flat_map(|group| self::named(group, lists)));
    named
}

/// What kind of letter it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Plain,
    Html,
    Attachment,
    Largest,
    Reply,
    ReplyToClosed,
    Encrypted,
    Signed,
    OfPartner,
    Unopened,
    Report,
    Empty,
}

impl Kind {
    pub(super) const ALL: [Self; 12] = [
        Self::Plain,
        Self::Html,
        Self::Attachment,
        Self::Largest,
        Self::Reply,
        Self::ReplyToClosed,
        Self::Encrypted,
        Self::Signed,
        Self::OfPartner,
        Self::Unopened,
        Self::Report,
        Self::Empty,
    ];
}

/// A letter of this kind between these people.
pub(super) fn ordinary(people: &Probe, kind: Kind) -> Probe {
    let mut letter = people.clone();
    letter.deep.texts.push("Sehr geehrte Frau Muster,\n\nwir melden uns zu Ihrem Anliegen.\n".to_owned());
    match kind {
        Kind::Plain => {}
        // It contains what a rule requires already.
        Kind::Html if letter.is_named => {}
        Kind::Html => {
            letter.subject = Some("Your claim of 3 March".to_owned());
            letter.deep.texts = vec!["Dear Ms Muster, thank you for your letter.".to_owned()];
            letter.fields.push(("X-Mailer".to_owned(), "Mail 1.0".to_owned()));
        }
        Kind::Attachment => {
            letter.deep.attachments.push(("Polizze.pdf".to_owned(), "application/pdf".to_owned()));
        }
        Kind::Largest => {
            letter.size = letter.max_size;
            letter.is_named = true;
        }
        Kind::Reply => (letter.thread, letter.is_rare) = (true, true),
        Kind::ReplyToClosed => (letter.closed_thread, letter.is_rare) = (true, true),
        Kind::Encrypted => {
            letter.deep = Deep { encrypted: true, ..Deep::default() };
            letter.is_rare = true;
        }
        Kind::Signed => (letter.deep.signed, letter.is_rare) = (true, true),
        Kind::OfPartner => (letter.from_partner, letter.deep.signed, letter.is_rare) = (true, true, true),
        Kind::Unopened => {
            letter.deep = Deep { encrypted: true, ..Deep::default() };
            (letter.unopened, letter.is_rare) = (true, true);
        }
        Kind::Report => (letter.reverse_path, letter.is_rare) = (ReversePath::Null, true),
        Kind::Empty => {
            letter.deep.texts.clear();
            letter.size = 600;
            letter.is_rare = true;
        }
    }
    letter.has_file = !letter.deep.attachments.is_empty();
    letter
}

/// What a rule requires.
#[derive(Default)]
pub(super) struct RequiredValues<'w> {
    when: Option<&'w When>,
    recipients: Vec<String>,
    froms: Vec<String>,
    paths: Vec<String>,
    subjects: Vec<String>,
    texts: Vec<String>,
}

impl<'w> RequiredValues<'w> {
    pub(super) fn new(when: &'w When, lists: &HashMap<String, String>) -> Self {
        let both = |patterns: &[String], named: &[String]| -> Vec<String> {
            let texts = named.iter().filter_map(|name| lists.get(name));
            let listed = texts.flat_map(|text| list_entries(text)).map(|(_, entry)| entry.to_owned());
            // One condition after the other: if both exist, entries of the list are tried first.
            listed.take(MAX_VALUES).chain(patterns.iter().take(MAX_VALUES).cloned()).collect()
        };
        let samples = |patterns: &[String]| -> Vec<String> {
            patterns.iter().take(MAX_VALUES).filter_map(|pattern| sample::of_regex(pattern)).collect()
        };
        Self {
            when: Some(when),
            recipients: both(&when.recipient, &when.recipient_list),
            froms: both(&when.from, &when.from_list),
            paths: both(&when.reverse_path, &when.reverse_path_list),
            subjects: samples(&when.subject_pattern),
            texts: samples(&when.text_pattern),
        }
    }

    /// Nothing is required: the default.
    pub(super) fn are_none(&self) -> bool {
        self.when.is_none()
    }

    /// Lists that are still empty: such a rule waits to be needed.
    pub(super) fn are_for_nobody(&self) -> bool {
        let Some(when) = self.when else { return false };
        (self.recipients.is_empty() && !when.recipient_list.is_empty())
            || (self.froms.is_empty() && !when.from_list.is_empty())
            || (self.paths.is_empty() && !when.reverse_path_list.is_empty())
    }

    /// The letter with what the rule requires, once for each value in its lists.
    pub(super) fn met_by(&self, letter: &Probe) -> Vec<Probe> {
        let Some(when) = self.when else { return vec![letter.clone()] };
        let longest = [
            self.recipients.len(),
            self.froms.len(),
            self.paths.len(),
            when.subject_tag.len(),
            self.subjects.len(),
            self.texts.len(),
            when.header.len(),
            when.client.len(),
            when.login.len(),
            when.listener.len(),
        ];
        // Named ones are tried with a plain letter; the rest with the first value.
        let many = match letter.is_named || letter.is_rare {
            true => 1,
            false => longest.into_iter().max().unwrap_or(1).clamp(1, MAX_VALUES),
        };
        let mut all: Vec<Probe> = (0..many).map(|nth| self.met(letter, nth)).collect();
        // And without what a `not` in it is about.
        let mut without = all.clone();
        without.iter_mut().for_each(|letter| when.not.iter().for_each(|group| letter.miss(group)));
        all.extend(without);
        all
    }

    fn met(&self, letter: &Probe, nth: usize) -> Probe {
        let mut letter = letter.clone();
        let address = |patterns: &[String]| pick(patterns, nth).and_then(|one| sample::of_address(one));
        // Every address is tried already.
        let is_any = |patterns: &[String]| pick(patterns, nth).is_some_and(|one| one == "*");
        if !is_any(&self.recipients)
            && let Some(recipient) = address(&self.recipients).and_then(|path| path.address().cloned())
        {
            letter.recipient = recipient;
        }
        if !is_any(&self.froms)
            && let Some(from) = address(&self.froms).and_then(|path| path.address().cloned())
        {
            letter.from = from;
        }
        if !is_any(&self.paths)
            && let Some(path) = address(&self.paths)
        {
            letter.reverse_path = path;
        }
        if let Some(subject) = pick(&self.subjects, nth) {
            letter.subject = Some(subject.clone());
        }
        letter.deep.texts.extend(pick(&self.texts, nth).cloned());
        if let Some(when) = self.when {
            letter.meet(when, nth);
        }
        letter
    }
}

impl Probe {
    /// Adapts the letter to these conditions, except addresses and patterns.
    fn meet(&mut self, when: &When, nth: usize) {
        if let Some(tag) = pick(&when.subject_tag, nth) {
            let subject = self.subject.clone().unwrap_or_default();
            self.subject = Some(format!("{tag} {subject}"));
        }
        if let Some(header) = pick(&when.header, nth) {
            self.meet_header(header, nth);
        }
        if let Some(value) = pick(&when.sensitivity, nth) {
            self.fields.push(("Sensitivity".to_owned(), value.clone()));
        }
        if let Some(label) = pick(&when.label, nth) {
            let label = sensitivity_label::bare(label);
            let (id, name) = (label.replace(' ', ""), label);
            let value = format!("MSIP_Label_{id}_Enabled=true; MSIP_Label_{id}_Name={name}");
            self.fields.push(("msip_labels".to_owned(), value));
        }
        if !when.attachment_name.is_empty() || !when.attachment_type.is_empty() {
            let first = |all: Option<Vec<String>>| all.and_then(|all| all.into_iter().next());
            let name = pick(&when.attachment_name, nth).and_then(|name| first(file_pattern::names(name)));
            let kind = pick(&when.attachment_type, nth).and_then(|kind| first(file_pattern::expanded(kind)));
            let name = sample::of_wildcard(name.as_deref().unwrap_or("x.bin"));
            let kind = sample::of_wildcard(kind.as_deref().unwrap_or("application/octet-stream"));
            self.deep.attachments.push((name, kind));
        }
        self.size = when.size_at_least.map_or(self.size, |least| self.size.max(least.0)).min(self.max_size);
        self.size = when.size_at_most.map_or(self.size, |most| self.size.min(most.0));
        self.deep.encrypted = when.encrypted.unwrap_or(self.deep.encrypted);
        self.deep.signed = when.signed.unwrap_or(self.deep.signed);
        self.thread = when.reply.unwrap_or(self.thread);
        self.closed_thread = when.reply_to_closed.unwrap_or(self.closed_thread);
        self.from_partner = when.from_partner.unwrap_or(self.from_partner);
        self.unopened = when.unopened.unwrap_or(self.unopened);
        // What was not decrypted arrived encrypted.
        self.deep.encrypted |= self.unopened;
        let network = pick(&when.client, nth).and_then(|text| sealpost_mail::Network::parse(text).ok());
        if let Some(network) = network.filter(|network| !network.contains(self.origin.peer)) {
            self.origin.peer = network.first();
        }
        match pick(&when.login, nth).map(String::as_str) {
            Some("*") => drop(self.origin.login.get_or_insert_with(|| "somebody".to_owned())),
            Some(login) => self.origin.login = Some(login.to_owned()),
            None => {}
        }
        if let Some(listener) =
            pick(&when.listener, nth).filter(|_| !when.listener.contains(&self.origin.listener))
        {
            self.origin.listener.clone_from(listener);
        }
    }

    fn meet_header(&mut self, header: &HeaderSpec, nth: usize) {
        let pattern = pick(&header.pattern, nth).and_then(|pattern| sample::of_regex(pattern));
        let value = pick(&header.equals, nth).cloned().or(pattern);
        match (value, header.present) {
            (None, Some(false)) => self.fields.retain(|(name, _)| !name.eq_ignore_ascii_case(&header.name)),
            (Some(value), _) if header.name.eq_ignore_ascii_case("Subject") => self.subject = Some(value),
            (value, Some(true) | None) | (value @ Some(_), Some(false)) => {
                self.fields.push((header.name.clone(), value.unwrap_or_else(|| "yes".to_owned())));
            }
        }
    }

    /// Adapts the letter to the opposite of one of these conditions.
    fn miss(&mut self, group: &When) {
        self.deep.encrypted = group.encrypted.map_or(self.deep.encrypted, |asked| !asked);
        self.deep.signed = group.signed.map_or(self.deep.signed, |asked| !asked);
        self.thread = group.reply.map_or(self.thread, |asked| !asked);
        self.closed_thread = group.reply_to_closed.map_or(self.closed_thread, |asked| !asked);
        self.from_partner = group.from_partner.map_or(self.from_partner, |asked| !asked);
        self.unopened = group.unopened.map_or(self.unopened, |asked| !asked);
        for header in &group.header {
            let is_asked_away = header.present == Some(false);
            let opposite = HeaderSpec {
                name: header.name.clone(),
                present: Some(is_asked_away),
                ..HeaderSpec::default()
            };
            self.meet_header(&opposite, 0);
        }
        group.not.iter().for_each(|inner| self.meet(inner, 0));
    }
}

fn pick<T>(values: &[T], nth: usize) -> Option<&T> {
    values.get(nth.checked_rem(values.len())?)
}
