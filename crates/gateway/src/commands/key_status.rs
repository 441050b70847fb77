//! `sealpost key status`: which keys the store uses, and what still waits for its owner. Counts by the byte
//! that names a key in each sealed row; opens none of them.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::ExitCode;

use sealpost_store::{Company, KeyUse, Rotating, Store, StoreError, StoreOptions};

use super::{OutputFormat, complain_all, fail, runtime, say};
use crate::config::checked::{Plan, SupportKeys};

pub(super) fn run(config: &Path, format: OutputFormat) -> ExitCode {
    let (plan, keys) = match Plan::load_for_support(config) {
        Ok(loaded) => loaded,
        Err(problems) => return complain_all(&problems),
    };
    let runtime = match runtime() {
        Ok(runtime) => runtime,
        Err(error) => return fail(&error),
    };
    let asked = runtime.block_on(async {
        let under_way = Rotating::of(&plan.data)?;
        // During a change of keys no other process may have it open, and a running one is reported.
        let company = if under_way.is_some() { Company::Alone } else { Company::Others };
        let store = Store::open(StoreOptions { company, ..plan.store() })?;
        let uses = store.key_uses().await;
        store.close().await;
        Ok::<_, StoreError>((under_way, uses?))
    });
    match asked {
        Ok((under_way, uses)) => {
            let status = Status::of(&plan, &keys, under_way, &uses);
            if format == OutputFormat::Json {
                say(status.json())
            } else {
                status.show()
            }
            ExitCode::SUCCESS
        }
        Err(error) => fail(&error),
    }
}

/// A key, and the rows under it.
struct Key {
    id: u8,
    state: KeyState,
    rows: BTreeMap<&'static str, u64>,
}

/// The role of a key in this installation.
#[derive(Clone, Copy, PartialEq, Eq)]
enum KeyState {
    /// New rows are sealed with it.
    Present,
    /// An earlier key; what it has sealed can still be opened.
    Remembered,
    /// It is missing: what it has sealed cannot be opened.
    Missing,
}

struct Status {
    under_way: Option<Rotating>,
    server: Vec<Key>,
    escrow: Vec<Key>,
}

impl Status {
    fn of(plan: &Plan, keys: &SupportKeys, under_way: Option<Rotating>, uses: &[KeyUse]) -> Self {
        let role = &keys.role;
        let mut server = vec![Key::new(role.queue.rows.id(), KeyState::Present)];
        // Kept for what only an owner can reseal.
        server.extend(role.way_in.pepper.earlier_ids().map(|id| Key::new(id, KeyState::Remembered)));
        let mut escrow: Vec<Key> = plan
            .escrow
            .public(&role.way_in)
            .iter()
            .map(|public| Key::new(public.id(), KeyState::Present))
            .collect();
        for used in uses {
            let keys = if used.what == "escrow" { &mut escrow } else { &mut server };
            let at = match keys.iter().position(|key| key.id == used.key_id) {
                Some(at) => at,
                None => {
                    keys.push(Key::new(used.key_id, KeyState::Missing));
                    keys.len() - 1
                }
            };
            if let Some(key) = keys.get_mut(at) {
                *key.rows.entry(plural(&used.what)).or_default() += used.rows;
            }
        }
        Self { under_way, server, escrow }
    }

    fn show(&self) {
        if let Some(Rotating { from, to }) = self.under_way {
            say(format_args!(
                "a change from key {from:#04x} to {to:#04x} was cut short: no service starts until `sealpost key rotate` \
                 has finished it"
            ));
        }
        for key in &self.server {
            say(format_args!(
                "server key {:#04x}, {}: {}",
                key.id,
                key.server_word(self.under_way),
                key.counts()
            ));
        }
        for key in &self.escrow {
            let word = match key.state {
                KeyState::Present => "present",
                KeyState::Remembered | KeyState::Missing => {
                    "another: keep it, or `sealpost key rotate-escrow`"
                }
            };
            say(format_args!("escrow key {:#04x}, {word}: {}", key.id, key.counts()));
        }
        let remembered = self.server.iter().filter(|key| key.state == KeyState::Remembered);
        let waiting: u64 = remembered.map(Key::total).sum();
        if waiting > 0 {
            say(format_args!(
                "{waiting} rows wait for their owners: a password at its next log-in, an answer when question or password \
                 are set again, an initial password at activation. Until then they open under a secret of the key \
                 before, which the present key file keeps."
            ));
        }
    }

    fn json(&self) -> String {
        let keys = |keys: &[Key]| {
            let key = |key: &Key| {
                let present = key.state == KeyState::Present;
                let at_hand = key.state != KeyState::Missing;
                serde_json::json!({
                    "id": key.id, "present": present, "at_hand": at_hand, "rows": key.rows,
                })
            };
            keys.iter().map(key).collect::<Vec<_>>()
        };
        let under_way =
            self.under_way.map(|Rotating { from, to }| serde_json::json!({"from": from, "to": to}));
        serde_json::json!({
            "under_way": under_way, "server": keys(&self.server), "escrow": keys(&self.escrow),
        })
        .to_string()
    }
}

impl Key {
    fn new(id: u8, state: KeyState) -> Self {
        Self { id, state, rows: BTreeMap::new() }
    }

    fn total(&self) -> u64 {
        self.rows.values().sum()
    }

    fn server_word(&self, under_way: Option<Rotating>) -> &'static str {
        match self.state {
            KeyState::Present => "present",
            KeyState::Remembered => "before, remembered",
            KeyState::Missing if under_way.is_some_and(|rotating| rotating.to == self.id) => "the next one",
            KeyState::Missing => "not here: what stands under it cannot be opened",
        }
    }

    fn counts(&self) -> String {
        if self.rows.is_empty() {
            return "nothing".to_owned();
        }
        let words: Vec<String> = self.rows.iter().map(|(what, rows)| format!("{rows} {what}")).collect();
        words.join(", ")
    }
}

fn plural(what: &str) -> &'static str {
    match what {
        "address" => "addresses",
        "question" => "questions",
        "profile" => "profiles",
        "activation" => "activation wraps",
        "link" => "links",
        "initial" => "initial passwords",
        "password" => "passwords",
        "answer" => "answers",
        "escrow" => "escrow wraps",
        "ticket" => "legs in the queue",
        "bounce memo" => "bounce memos",
        "request" => "notes of requests",
        "decision" => "decisions",
        "withdrawn" => "letters taken back",
        "partner" => "partners",
        "partner key" => "partners' keys",
        "own key" => "keys of our own for partners",
        _other => "others",
    }
}
