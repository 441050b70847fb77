//! `sealpost key rotate`: replaces the server key by a new one, in the store and in the key files. The services are
//! stopped meanwhile. If interrupted at any moment, the same command continues. Shows no key.
//!
//! In this order, so that one of two keys always opens everything: the new key into a file of its own; a mark into the
//! store; the rows; the roles' files; the old key renamed and the new one in its place; the mark removed (decision
//! 0027).

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use sealpost_mail::{Clock as _, SystemClock, SystemRandom};
use sealpost_mailbox::audit::{Actor, Event};
use sealpost_maintenance::{Done, RotateError, Rotation};
use sealpost_store::{AuditRow, Company, LargeBodies, Rotating, Rows, Store, StoreError, StoreOptions};
use sealpost_vault::ServerKey;
use thiserror::Error;

use super::{complain, complain_all, migrated, prover, runtime, say};
use crate::config::checked::{self as plan, KeySource};
use crate::config::file::{self as config, Config, Escrow, Source};

/// Why the key was not changed, or not completely.
#[derive(Debug, Error)]
enum Failed {
    #[error("{0}")]
    Rotate(#[from] RotateError),
    #[error("{0}")]
    Store(#[from] StoreError),
    #[error("{path}: {cause}")]
    File { path: String, cause: String },
    #[error("{0}")]
    Unclear(String),
    #[error("the runtime: {0}")]
    Runtime(std::io::Error),
}

/// Paths of the keys and the store.
struct Places {
    data: PathBuf,
    /// Where the rows are stored.
    rows: Rows,
    /// Where large letters are stored.
    bodies: LargeBodies,
    server: PathBuf,
    /// The new key's file until it replaces the old one.
    next: PathBuf,
    /// Folder of the roles' key files.
    roles: Option<PathBuf>,
    /// Whether they include an escrow key.
    escrow: bool,
}

pub(super) fn run(config: &Path, server_key: Option<&Path>, keys: Option<&Path>) -> ExitCode {
    let (read, mut source) = match config::read(config) {
        Ok(read) => read,
        Err(problems) => return complain_all(&problems),
    };
    crate::logging::start(&read.log);
    let done = Places::of(&read, &mut source, server_key, keys).and_then(|places| places.rotate());
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            complain(format_args!("error: {error}"));
            ExitCode::FAILURE
        }
    }
}

impl Places {
    fn of(
        config: &Config,
        source: &mut Source,
        server_key: Option<&Path>,
        keys: Option<&Path>,
    ) -> Result<Self, Failed> {
        let named = |named: &Option<toml::Spanned<String>>| named.as_ref().map(|text| text.get_ref().clone());
        let server = match (server_key, named(&config.gateway.server_key).map(|text| KeySource::parse(&text)))
        {
            (Some(path), _) => path.to_owned(),
            (None, Some(KeySource::File(path))) => source.path(&path),
            (None, Some(KeySource::Credential(_) | KeySource::Environment(_)) | None) => {
                return Err(Failed::Unclear(
                    "which file holds the server key? The configuration names none: add --server-key FILE"
                        .to_owned(),
                ));
            }
        };
        let roles = match (keys, named(&config.gateway.role_keys)) {
            (Some(folder), _) => Some(folder.to_owned()),
            (None, None) => None,
            (None, Some(word)) if word == plan::CREDENTIALS => {
                return Err(Failed::Unclear(
                    "where are the key files that systemd hands over? Add --keys FOLDER".to_owned(),
                ));
            }
            (None, Some(folder)) => Some(source.path(Path::new(&folder))),
        };
        let next = sealpost_keyfile::with_ending(&server, "next");
        let data = source.path(config.gateway.data.get_ref());
        let escrow = config.gateway.escrow == Escrow::Server;
        let (Some(rows), Some(bodies)) = (plan::rows(config, source), plan::bodies(config, source)) else {
            let problems: Vec<_> = source.problems.iter().map(ToString::to_string).collect();
            return Err(Failed::Unclear(problems.join("\n")));
        };
        Ok(Self { data, rows, bodies, server, next, roles, escrow })
    }

    fn rotate(&self) -> Result<(), Failed> {
        let old = read(&self.server)?;
        let runtime = runtime().map_err(Failed::Runtime)?;
        runtime.block_on(async {
            // Before anything is created: no other process may have the store open.
            let options = StoreOptions {
                company: Company::Alone,
                rows: self.rows.clone(),
                bodies: self.bodies.clone(),
                migrated: Some(migrated()),
                // By the old key: the trail then shows which rows it proved, and the new key is not certain to exist
                // yet.
                prover: Some(prover(&old.keys().audit.writer(plan::WHOLE))),
                ..StoreOptions::new(&self.data)
            };
            let store = Store::open(options)?;
            let done = self.go_on(&store, &old).await;
            store.close().await;
            done
        })
    }

    /// Continues from wherever an earlier run has ended.
    async fn go_on(&self, store: &Store, old: &ServerKey) -> Result<(), Failed> {
        let begun = self.next.exists();
        let new = match (begun, Rotating::of(&self.data)?) {
            (true, _) => self.begun(old)?,
            (false, None) => {
                let new = old.next(&SystemRandom);
                in_file(
                    &self.next,
                    sealpost_keyfile::write_like(&self.next, new.to_file_text().expose(), &self.server),
                )?;
                new
            }
            (false, Some(Rotating { from, to })) if to == old.id() => {
                end(store, from, to).await?;
                say("a change that was cut short at its very end is finished");
                return Ok(());
            }
            (false, Some(Rotating { from, to })) => {
                return Err(Failed::Unclear(format!(
                    "this store stands half under key {from:#04x} and half under {to:#04x}, which was made by a former \
                     run and is not here: put it back as {}",
                    self.next.display()
                )));
            }
        };
        let done = self.with(store, old, &new).await;
        // The key is not this store's: nothing has begun, and the next try must not use the new key.
        if !begun && matches!(done, Err(Failed::Rotate(RotateError::OtherKey))) {
            let _kept = std::fs::remove_file(&self.next);
        }
        done
    }

    /// The new key of an interrupted run.
    fn begun(&self, old: &ServerKey) -> Result<ServerKey, Failed> {
        let new = read(&self.next)?;
        if new.follows(old) {
            say(format_args!("{} is there: going on", self.next.display()));
            return Ok(new);
        }
        Err(Failed::Unclear(format!(
            "{} is not the key after {}: it belongs to another change; take it away if nothing stands under it",
            self.next.display(),
            self.server.display()
        )))
    }

    async fn with(&self, store: &Store, old: &ServerKey, new: &ServerKey) -> Result<(), Failed> {
        let (old_keys, new_keys) = (old.keys(), new.keys());
        let began = noted(&Event::KeyRotationBegan { from: old.id(), to: new.id() });
        let rotation = Rotation { store, old: &old_keys, new: &new_keys, random: &SystemRandom, began };
        let done = rotation.run().await?;
        let aside = self.replace(old, new)?;
        end(store, old.id(), new.id()).await?;
        self.report(&done, old, new, &aside);
        Ok(())
    }

    /// The roles' files first: they can be derived again as long as the new key is in its own file.
    fn replace(&self, old: &ServerKey, new: &ServerKey) -> Result<PathBuf, Failed> {
        if let Some(folder) = &self.roles {
            for (name, text) in plan::role_files(new) {
                let path = folder.join(name);
                if name == plan::ESCROW_FILE && !self.escrow {
                    continue;
                }
                in_file(&path, sealpost_keyfile::replace(&path, text.expose()))?;
            }
        }
        let aside = sealpost_keyfile::with_ending(&self.server, &format!("{:02x}", old.id()));
        if !aside.exists() {
            in_file(&aside, sealpost_keyfile::write_like(&aside, old.to_file_text().expose(), &self.server))?;
        }
        in_file(&self.server, sealpost_keyfile::put_in_place(&self.next, &self.server))?;
        Ok(aside)
    }

    fn report(&self, done: &Done, old: &ServerKey, new: &ServerKey, aside: &Path) {
        say(format_args!(
            "{} mailboxes, {} letters, {} drafts, {} in the queue, {} bounce memos and {} of partners stand under key {:#04x} now, and not under \
             {:#04x} ({} had been made anew before)",
            done.mailboxes,
            done.letters,
            done.drafts,
            done.queued,
            done.bounce_memos,
            done.partners,
            new.id(),
            old.id(),
            done.before
        ));
        if done.strange > 0 {
            complain(format_args!(
                "{} rows opened with neither key, before this change as after it, and were left as they are: see above",
                done.strange
            ));
        }
        say(
            "Everybody logs in again. Start the services; `sealpost key status` says what waits for its owners.",
        );
        say(format_args!(
            "{} opens backups of before and nothing new: take it to them, and delete it here. Copies of {} in safes are \
             out of date.",
            aside.display(),
            self.server.display()
        ));
        if let Some(folder) = &self.roles {
            let escrow = if self.escrow { ", escrow.key into the safe" } else { "" };
            say(format_args!(
                "The key files in {} were replaced: hand them to their services where they are copies{escrow}.",
                folder.display()
            ));
        }
        say(
            "Letters of owners are signed with another key from now on: publish what `sealpost portal-key` prints, and \
             keep the old one for as long as letters are on their way.",
        );
    }
}

/// Removes the mark, and records that the change is done.
async fn end(store: &Store, from: u8, to: u8) -> Result<(), StoreError> {
    store.audited([noted(&Event::KeyRotated { from, to })]).end_rotation().await
}

fn noted(event: &Event<'_>) -> AuditRow {
    event.row(SystemClock.now(), &Actor::of_command(), None)
}

fn read(path: &Path) -> Result<ServerKey, Failed> {
    let failed = |cause: String| Failed::File { path: path.display().to_string(), cause };
    let text = sealpost_keyfile::read(path).map_err(|error| failed(error.to_string()))?;
    ServerKey::parse(text.expose()).map_err(|error| failed(error.to_string()))
}

fn in_file<T>(path: &Path, done: std::io::Result<T>) -> Result<T, Failed> {
    done.map_err(|error| Failed::File { path: path.display().to_string(), cause: error.to_string() })
}
