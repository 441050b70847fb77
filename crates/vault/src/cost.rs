//! The cost parameters of Argon2id, with bounds: they are read from rows, and a row may be forged. Knows no
//! password.

use argon2::{Algorithm, Argon2, Params, Version};

use crate::argon2_memory::Argon2Memory;
use crate::error::VaultError;
use crate::primitive::Key;

/// Argon2id parameters (RFC 9106), known to be within bounds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Argon2Cost(Params);

/// The maximum memory that a row can make us use: 128 MiB.
const MAX_MEMORY_KIB: u32 = 128 * 1024;
const MAX_PASSES: u32 = 16;
const MAX_LANES: u32 = 4;

impl Argon2Cost {
    /// 19 MiB, 2 passes, 1 lane: the second recommendation of the OWASP password storage cheat sheet.
    #[must_use]
    pub fn standard() -> Self {
        Self(Params::DEFAULT)
    }

    /// Other parameters, within bounds.
    pub fn new(memory_kib: u32, passes: u32, lanes: u32) -> Result<Self, VaultError> {
        if memory_kib > MAX_MEMORY_KIB || passes > MAX_PASSES || lanes > MAX_LANES {
            return Err(VaultError::Cost);
        }
        Params::new(memory_kib, passes, lanes, None).map(Self).map_err(|_below_minimum| VaultError::Cost)
    }

    /// Memory in KiB, passes, lanes.
    pub(crate) fn numbers(&self) -> [u32; 3] {
        [self.0.m_cost(), self.0.t_cost(), self.0.p_cost()]
    }

    /// Argon2id version 0x13 of `input`. Its memory is erased: it depends on the password.
    pub(crate) fn derive(&self, input: &[u8], salt: &[u8; 32]) -> Result<Key, VaultError> {
        let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, self.0.clone());
        let mut memory = Argon2Memory::of(self.0.block_count())?;
        Key::filled(|out| {
            argon2
                .hash_password_into_with_memory(input, salt, out, memory.blocks())
                .map_err(|_out_of_bounds| VaultError::Cost)
        })
    }
}

impl Default for Argon2Cost {
    fn default() -> Self {
        Self::standard()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hostile_row_cannot_ask_for_a_gigabyte() {
        for (memory, passes, lanes) in [
            (1 << 20, 2, 1),
            (u32::MAX, 2, 1),
            (19456, 17, 1),
            (19456, 2, 5),
            (0, 2, 1),
            (19456, 0, 1),
            (16, 1, 4),
        ] {
            assert_eq!(Argon2Cost::new(memory, passes, lanes), Err(VaultError::Cost));
        }
        assert!(Argon2Cost::new(MAX_MEMORY_KIB, 1, 1).is_ok());
    }

    #[test]
    fn the_standard_is_what_the_documents_say() {
        assert_eq!(Argon2Cost::standard().numbers(), [19 * 1024, 2, 1]);
    }
}
