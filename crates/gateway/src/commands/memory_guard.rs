//! Protects this process's memory from other processes, for every command: most of them hold a key or a password. Knows
//! none.

use rustix::process::{DumpableBehavior, Resource, Rlimit, set_dumpable_behavior, setrlimit};

use super::complain;

/// Invariant 3: no part of a letter ends up in a crash dump, and no process of the same user can read this one's
/// memory.
pub(super) fn shut() {
    if let Err(error) = set_dumpable_behavior(DumpableBehavior::NotDumpable) {
        complain(format_args!("warning: other processes of this user may look into this one: {error}"));
    }
    if let Err(error) = setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) }) {
        complain(format_args!("warning: core dumps could not be switched off: {error}"));
    }
}
