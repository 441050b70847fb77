//! Random bytes and ids as an argument. The only file that may ask the system for them.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::hex::hex;

/// Where random bytes come from.
pub trait Random: Send + Sync {
    /// Fills `out` with random bytes.
    fn fill(&self, out: &mut [u8]);

    /// An unguessable identifier, as 32 lower-case hex digits: rows, files, Message-IDs.
    fn id(&self) -> String {
        let mut raw = [0_u8; 16];
        self.fill(&mut raw);
        hex(&raw)
    }
}

/// The operating system's generator.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemRandom;

/// Ids of one process are consecutive: rows that are written together are then adjacent in every index, and a
/// commit writes a few pages instead of one for each row and index. Eighty bits stay random.
static FOLLOWING: OnceLock<AtomicU64> = OnceLock::new();

impl Random for SystemRandom {
    fn id(&self) -> String {
        let mut raw = [0_u8; 16];
        self.fill(&mut raw);
        let (start, tail) = raw.split_at(6);
        let seed = start.iter().fold(0_u64, |value, byte| (value << 8) | u64::from(*byte));
        let count = FOLLOWING.get_or_init(|| AtomicU64::new(seed)).fetch_add(1, Ordering::Relaxed);
        format!("{:012x}{}", count & 0xFFFF_FFFF_FFFF, hex(tail))
    }

    #[expect(clippy::panic, reason = "a machine without randomness must not go on writing secrets")]
    #[expect(clippy::disallowed_methods, reason = "the one place that asks for randomness")]
    fn fill(&self, out: &mut [u8]) {
        if let Err(error) = getrandom::fill(out) {
            panic!("the operating system gives no randomness: {error}");
        }
    }
}

/// Tests only: a repeatable sequence (SplitMix64). Never secret.
#[derive(Debug, Default)]
pub struct SequenceRandom(AtomicU64);

impl Random for SequenceRandom {
    fn fill(&self, out: &mut [u8]) {
        for chunk in out.chunks_mut(8) {
            let mut z =
                self.0.fetch_add(0x9E37_79B9_7F4A_7C15, Ordering::SeqCst).wrapping_add(0x9E37_79B9_7F4A_7C15);
            z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
            z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
            z ^= z >> 31;
            for (to, from) in chunk.iter_mut().zip(z.to_le_bytes()) {
                *to = from;
            }
        }
    }
}
