//! `sealpost store move`: moves a whole store to where another configuration says, or its large letters alone. The
//! services are stopped meanwhile. If interrupted at any moment, the same command continues. Opens nothing; the move is
//! recorded in the audit trail.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use clap::Subcommand;
use sealpost_mail::{Clock as _, Random as _, SystemClock, SystemRandom};
use sealpost_mailbox::audit::{Actor, Event, StoreMove};
use sealpost_store::{
    AuditProver, AuditRow, BucketOptions, Company, LargeBodies, MoveEnd, MoveRows, MoveStep, Moved,
    PostgresOptions, Rows, Store, StoreError, StoreOptions,
};

use super::{complain, complain_all, fail, load_to_note, migrated, prover, runtime, say};
use crate::config::checked as plan;
use crate::config::file::{self as config, Problem};

/// Commands on a store as a whole.
#[derive(Debug, Subcommand)]
pub(crate) enum What {
    /// Moves everything to where another configuration's `[store]` and `gateway.data` say; all services must be
    /// stopped.
    Move {
        /// That configuration. If only `bodies` differs, only the large letters are moved.
        #[arg(long, required_unless_present = "give_up")]
        to: Option<PathBuf>,
        /// Abandons an interrupted move: this store can serve again.
        #[arg(long, conflicts_with = "to")]
        give_up: bool,
    },
}

pub(super) fn run(config: &Path, what: &What) -> ExitCode {
    let What::Move { to, give_up: _ } = what;
    match config::read(config) {
        Ok((read, _source)) => crate::logging::start(&read.log),
        Err(problems) => return complain_all(&problems),
    }
    // What is moved is sealed; the key proves the audit row.
    let key = match load_to_note(config) {
        Ok((_plan, key)) => key,
        Err(problems) => return complain_all(&problems),
    };
    let here = match StoreLocation::of(config) {
        Ok(here) => here,
        Err(problems) => return complain_all(&problems),
    };
    let there = match to.as_deref().map(StoreLocation::of).transpose() {
        Ok(there) => there,
        Err(problems) => return complain_all(&problems),
    };
    let runtime = match runtime() {
        Ok(runtime) => runtime,
        Err(error) => return fail(&error),
    };
    let done = runtime.block_on(async {
        let prover = key.as_ref().map(prover);
        match there {
            None => give_up(&here, prover).await,
            Some(there) => move_between(&here, &there, prover).await,
        }
    });
    done.unwrap_or_else(|error| fail(&error))
}

/// A store as configured.
struct StoreLocation {
    data: PathBuf,
    rows: Rows,
    bodies: LargeBodies,
}

impl StoreLocation {
    fn of(file: &Path) -> Result<Self, Vec<Problem>> {
        let (read, mut source) = config::read(file)?;
        let data = source.path(read.gateway.data.get_ref());
        match (plan::rows(&read, &mut source), plan::bodies(&read, &mut source)) {
            (Some(rows), Some(bodies)) => Ok(Self { data, rows, bodies }),
            (Some(_) | None, Some(_) | None) => Err(source.problems),
        }
    }

    fn open(&self, bodies: &LargeBodies, prover: Option<Arc<dyn AuditProver>>) -> Result<Store, StoreError> {
        Store::open(StoreOptions { prover, ..self.options(bodies) })
    }

    fn options(&self, bodies: &LargeBodies) -> StoreOptions {
        StoreOptions {
            company: Company::Mover,
            rows: self.rows.clone(),
            bodies: bodies.clone(),
            migrated: Some(migrated()),
            ..StoreOptions::new(&self.data)
        }
    }

    fn has_rows_of(&self, other: &Self) -> bool {
        match (&self.rows, &other.rows) {
            (Rows::Folder, Rows::Folder) => same_folder(&self.data, &other.data),
            (Rows::Postgres(one), Rows::Postgres(other)) => same_schema(one, other),
            (Rows::Folder, Rows::Postgres(_)) | (Rows::Postgres(_), Rows::Folder) => false,
        }
    }
}

fn same_folder(one: &Path, other: &Path) -> bool {
    match (one.canonicalize(), other.canonicalize()) {
        (Ok(one), Ok(other)) => one == other,
        (Ok(_) | Err(_), Ok(_) | Err(_)) => one == other,
    }
}

fn same_schema(one: &PostgresOptions, other: &PostgresOptions) -> bool {
    let shares_host = one.hosts.iter().any(|host| other.hosts.contains(host));
    shares_host && one.database == other.database && one.schema == other.schema
}

fn same_bucket(one: &BucketOptions, other: &BucketOptions) -> bool {
    (&one.endpoint, &one.bucket, &one.prefix) == (&other.endpoint, &other.bucket, &other.prefix)
}

async fn move_between(
    here: &StoreLocation,
    there: &StoreLocation,
    prover: Option<Arc<dyn AuditProver>>,
) -> Result<ExitCode, StoreError> {
    if here.has_rows_of(there) {
        return move_bodies(here, there, prover).await;
    }
    if same_folder(&here.data, &there.data) {
        return Ok(refuse("both name the same gateway.data: a store that moves needs a new folder"));
    }
    if let (LargeBodies::Bucket(one), LargeBodies::Bucket(other)) = (&here.bodies, &there.bodies)
        && same_bucket(one, other)
    {
        return Ok(refuse(
            "both name the same place in the same bucket, which belongs to one store: give the new one a prefix of \
             its own",
        ));
    }
    let from = here.open(&here.bodies, prover.clone())?;
    let to = match there.open(&there.bodies, prover) {
        Ok(to) => to,
        Err(error) => {
            from.close().await;
            return Err(error);
        }
    };
    let rows =
        MoveRows { began: noted(&Event::StoreMoveBegan), moved: |moved| done(StoreMove::Whole, moved) };
    let ended = from.move_to(&to, &SystemRandom.id(), SystemClock.now(), &rows, &mut tell).await;
    to.close().await;
    from.close().await;
    match ended? {
        MoveEnd::Done(moved) => {
            moved_it(&moved);
            say(format_args!(
                "the other configuration's store is the store now; this one does not start any more"
            ));
            Ok(ExitCode::SUCCESS)
        }
        MoveEnd::Occupied => Ok(refuse(
            "the other place holds a store, or a part of another move: empty it, or name another (a schema, a folder)",
        )),
        MoveEnd::LeftBefore => Ok(refuse("this store was moved away before")),
        MoveEnd::Differs(names) => {
            for name in names.iter().take(20) {
                complain(format_args!("differs: {name}"));
            }
            Ok(refuse(
                "the copy is not what is here: somebody has changed rows meanwhile. Empty the other place, say \
                 `sealpost store move --give-up`, and begin again",
            ))
        }
        MoveEnd::Unsound(problems) => {
            problems.iter().take(20).for_each(|problem| complain(format_args!("error: {problem:?}")));
            Ok(refuse(
                "the copy does not hold together, as the store itself may not: `sealpost check --store` tells",
            ))
        }
    }
}

async fn move_bodies(
    here: &StoreLocation,
    there: &StoreLocation,
    prover: Option<Arc<dyn AuditProver>>,
) -> Result<ExitCode, StoreError> {
    let moved = match (&here.bodies, &there.bodies) {
        (LargeBodies::Folder, LargeBodies::Bucket(_)) => {
            // Files in the data folder are still read there.
            let store = here.open(&there.bodies, prover)?;
            let moved = noting(&store, async || store.move_into_bucket(&mut tell).await).await;
            store.close().await;
            moved?
        }
        (LargeBodies::Bucket(_), LargeBodies::Folder) => {
            let store = here.open(&here.bodies, prover)?;
            let moved = noting(&store, async || store.move_out_of_bucket(&mut tell).await).await;
            store.close().await;
            moved?
        }
        (LargeBodies::Bucket(one), LargeBodies::Bucket(other)) if !same_bucket(one, other) => {
            return Ok(refuse(
                "from bucket to bucket: first to a folder, then on; or copy the bucket, mark and all",
            ));
        }
        (LargeBodies::Bucket(_), LargeBodies::Shared(_)) => {
            return Ok(refuse("first to the data folder, then move that folder to where all nodes share it"));
        }
        (LargeBodies::Shared(_), LargeBodies::Bucket(_)) => {
            return Ok(refuse(
                "first move what is in the common folder into bodies/ of one node's data folder, and leave bodies out",
            ));
        }
        (
            LargeBodies::Folder | LargeBodies::Shared(_) | LargeBodies::Bucket(_),
            LargeBodies::Folder | LargeBodies::Shared(_) | LargeBodies::Bucket(_),
        ) => {
            return Ok(refuse(
                "both configurations name the same store, and large letters at the same place",
            ));
        }
    };
    moved_it(&moved);
    Ok(ExitCode::SUCCESS)
}

async fn give_up(here: &StoreLocation, prover: Option<Arc<dyn AuditProver>>) -> Result<ExitCode, StoreError> {
    let store = here.open(&here.bodies, prover)?;
    let given = store.audited([done(StoreMove::GivenUp, &Moved::default())]).give_up_move().await;
    store.close().await;
    match given? {
        true => {
            say(format_args!("given up: this store serves again. Empty the other place before a new move"));
            Ok(ExitCode::SUCCESS)
        }
        false => Ok(refuse("no move is under way from here")),
    }
}

/// Many transactions, and objects that are part of none: the trail records the beginning and the result.
async fn noting(
    store: &Store,
    act: impl AsyncFnOnce() -> Result<Moved, StoreError>,
) -> Result<Moved, StoreError> {
    store.append_audit(vec![noted(&Event::BodiesMoveBegan)]).await?;
    let moved = act().await?;
    store.append_audit(vec![done(StoreMove::Bodies, &moved)]).await?;
    Ok(moved)
}

fn done(what: StoreMove, moved: &Moved) -> AuditRow {
    noted(&Event::StoreMoved { what, rows: moved.rows, bodies: moved.bodies })
}

fn noted(event: &Event<'_>) -> AuditRow {
    event.row(SystemClock.now(), &Actor::of_command(), None)
}

fn tell(step: MoveStep) {
    match step {
        MoveStep::Bodies(bodies) => say(format_args!("{bodies} bodies copied")),
        MoveStep::Table(name, rows) if rows > 0 => say(format_args!("{name}: {rows} rows copied")),
        MoveStep::Table(..) => {}
        MoveStep::Comparing => say(format_args!("comparing both …")),
    }
}

fn moved_it(moved: &Moved) {
    say(format_args!(
        "moved and compared: {} rows, {} bodies of {} bytes",
        moved.rows, moved.bodies, moved.octets
    ));
}

fn refuse(why: &str) -> ExitCode {
    complain(format_args!("error: {why}"));
    ExitCode::FAILURE
}
