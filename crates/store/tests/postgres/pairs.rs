//! Concurrency: for every pair of acts at READ COMMITTED with the locks that each takes, rows and results equal those
//! of one of the two sequential orders. SERIALIZABLE would promise the same, at a price.

mod acts;

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Barrier;

use self::acts::Act::{
    Activate, AddFile, BeginReset, ChangeSecrets, ClaimJob, CountTry, DeleteActive, DeleteDraft, DeleteIdle,
    DeleteIdleActive, DeletePending, DeleteTrashed, Deposit, DepositPending, EndSession, Finish, FinishOther,
    Hold, Lease, LogIn, MakeFolder, MoveLetter, Open, PurgeDrafts, PurgeLetters, PurgePending, PurgeTrash,
    RemoveFolder, RemoveLegs, Renew, Reset, Restore, Retry, SaveDraft, Send, Touch, Trash, Use, Withdraw,
};
use self::acts::{Act, Scene};
use crate::cluster::Cluster;
use crate::options;
use crate::rig::Rig;

const PAIRS: &[(Act, Act)] = &[
    // Legs.
    (Lease("one"), Lease("two")),
    (Lease("one"), Finish),
    (Finish, Finish),
    (Finish, FinishOther),
    (Finish, Retry),
    (Finish, RemoveLegs),
    (Retry, RemoveLegs),
    (Lease("one"), RemoveLegs),
    // Letters that arrive in what is being deleted.
    (Deposit, DeleteActive),
    (Deposit, PurgeLetters),
    (Deposit, Hold),
    (Deposit, Reset),
    (DepositPending, DeletePending),
    (DepositPending, PurgePending),
    (DepositPending, PurgeLetters),
    (DepositPending, DeleteIdle),
    (DepositPending, Activate(1)),
    (DepositPending, Renew(60)),
    // Activation and log-in.
    (Activate(1), Activate(2)),
    (Activate(1), Renew(60)),
    (Activate(1), PurgePending),
    (Activate(1), PurgeLetters),
    (Activate(1), DeletePending),
    (Activate(1), DeleteIdle),
    (Renew(60), Renew(61)),
    (Renew(60), PurgePending),
    (LogIn, DeleteIdleActive),
    (BeginReset(60), BeginReset(61)),
    (BeginReset(60), Reset),
    (BeginReset(60), DeleteActive),
    (Reset, Reset),
    (Reset, ChangeSecrets(1)),
    (Reset, AddFile(10)),
    (Reset, Withdraw),
    (Reset, DeleteActive),
    (ChangeSecrets(1), ChangeSecrets(2)),
    (ChangeSecrets(1), LogIn),
    (ChangeSecrets(1), Touch),
    (ChangeSecrets(1), EndSession),
    (LogIn, DeleteActive),
    (Touch, EndSession),
    (CountTry(1), CountTry(2)),
    // Letters and their folders.
    (Withdraw, Open),
    (Withdraw, Trash),
    (Withdraw, PurgeLetters),
    (Withdraw, MoveLetter),
    (Withdraw, Hold),
    (Trash, Trash),
    (Trash, MoveLetter),
    (Trash, DeleteActive),
    (Restore, DeleteTrashed),
    (Restore, PurgeTrash),
    (Restore, PurgeLetters),
    (DeleteTrashed, PurgeTrash),
    (DeleteTrashed, Hold),
    (MoveLetter, RemoveFolder),
    (MakeFolder('a'), MakeFolder('b')),
    (MakeFolder('a'), DeleteActive),
    (Hold, PurgeLetters),
    (Hold, DeleteActive),
    // Drafts.
    (Send, Send),
    (Send, SaveDraft),
    (Send, AddFile(10)),
    (Send, DeleteDraft),
    (Send, DeletePending),
    (AddFile(60), AddFile(60)),
    (AddFile(10), DeleteDraft),
    (AddFile(10), PurgeDrafts),
    (AddFile(10), DeleteActive),
    (SaveDraft, PurgeDrafts),
    (SaveDraft, DeleteActive),
    // Quotas and turns.
    (Use, Use),
    (ClaimJob("one"), ClaimJob("two")),
];

/// How often each pair runs; `SEALPOST_PAIRS` overrides it.
const MEETINGS: u64 = 1;

/// Both results and all rows.
type End = (String, String, String);

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn any_two_at_once_end_as_one_after_the_other() {
    let meetings = std::env::var("SEALPOST_PAIRS").map_or(MEETINGS, |times| times.parse().unwrap());
    let mut rig = Rig::new();
    let schema = options(Cluster::shared(), &rig.folder()).schema;
    let tables = Tables::of(&schema);
    let (mut wrong, mut seen) = (Vec::new(), [0, 0]);
    for (one, other) in PAIRS {
        let first = meet(&mut rig, &tables, *one, *other, Order::OneFirst).await;
        let second = meet(&mut rig, &tables, *one, *other, Order::OtherFirst).await;
        for nth in 0..meetings {
            let end = meet(&mut rig, &tables, *one, *other, Order::AtOnce(nth)).await;
            match [&first, &second].iter().position(|serial| **serial == end) {
                Some(which) => seen[which] += 1,
                None => wrong.push(format!(
                    "{one:?} and {other:?}:\n{}\n one first:\n{}\n other first:\n{}",
                    shown(&end, &first),
                    shown(&first, &second),
                    shown(&second, &first)
                )),
            }
        }
    }
    assert!(wrong.is_empty(), "{} ends of no order:\n{}", wrong.len(), wrong.join("\n"));
    // Otherwise they never overlapped.
    assert!(seen.iter().all(|times| *times > 0), "{seen:?}");
    rig.clean().await;
}

#[derive(Clone, Copy)]
enum Order {
    OneFirst,
    OtherFirst,
    /// At once, or one of them a little later.
    AtOnce(u64),
}

async fn meet(rig: &mut Rig, tables: &Tables, one: Act, other: Act, order: Order) -> End {
    rig.ids = Arc::default();
    let scene = Scene::set(rig).await;
    let (one, other) = (one.prepare(rig, &scene).await, other.prepare(rig, &scene).await);
    let (one, other) = match order {
        Order::OneFirst => {
            let one = one.await;
            (one, other.await)
        }
        Order::OtherFirst => {
            let other = other.await;
            (one.await, other)
        }
        Order::AtOnce(nth) => {
            let gate = Arc::new(Barrier::new(2));
            let later =
                |turn: u64| Duration::from_micros(if nth % 3 == turn { 500 * (1 + nth / 3 % 4) } else { 0 });
            let [one, other] = [(one, later(1)), (other, later(2))].map(|(act, pause)| {
                let gate = Arc::clone(&gate);
                tokio::spawn(async move {
                    let _both_are_there = gate.wait().await;
                    if !pause.is_zero() {
                        tokio::time::sleep(pause).await;
                    }
                    act.await
                })
            });
            (one.await.unwrap(), other.await.unwrap())
        }
    };
    (one, other, tables.take())
}

/// Reads every table except those about the store itself, and empties it.
struct Tables(String);

impl Tables {
    fn of(schema: &str) -> Self {
        let names = Cluster::shared().sql(&format!(
            "SELECT tablename FROM pg_tables WHERE schemaname = '{schema}'
             AND tablename NOT IN ('schema_version', 'folder') ORDER BY 1"
        ));
        let names: Vec<&str> = names.lines().collect();
        // Numbers assigned by the server are not part of the result.
        let each = names.iter().map(|name| {
            format!("SELECT '{name} ' || (to_jsonb(one) - 'number' - 'seq')::text AS line FROM {name} AS one")
        });
        let each: Vec<String> = each.collect();
        Self(format!(
            "SET search_path = {schema};
             SELECT string_agg(line, E'\\n' ORDER BY line COLLATE \"C\") FROM ({}) AS every;
             TRUNCATE {} RESTART IDENTITY",
            each.join(" UNION ALL "),
            names.join(", ")
        ))
    }

    fn take(&self) -> String {
        Cluster::shared().sql(&self.0)
    }
}

/// What the other one lacks.
fn shown(end: &End, beside: &End) -> String {
    let known: Vec<&str> = beside.2.lines().collect();
    let own: Vec<&str> = end.2.lines().filter(|line| !known.contains(line)).collect();
    format!("  {} / {}\n  {}", end.0, end.1, own.join("\n  "))
}
