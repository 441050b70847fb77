//! Permissions of the store's files: private to one user, or shared by a group whose members run one role each. The
//! folder's mode, set by the operator, decides. Knows no row.

use std::fs::{DirBuilder, File, OpenOptions, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::Path;

use crate::error::StoreError;

/// Who may read and write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Access {
    /// The user who created it.
    Private,
    /// The folder's group: one user per role.
    Group,
}

impl Access {
    /// A folder that its group may use was set up that way on purpose.
    pub(crate) fn of(folder: &Path) -> Self {
        match std::fs::metadata(folder) {
            Ok(facts) if facts.permissions().mode() & 0o070 == 0o070 => Self::Group,
            Ok(_) | Err(_) => Self::Private,
        }
    }

    pub(crate) fn file_mode(self) -> u32 {
        match self {
            Self::Private => 0o600,
            Self::Group => 0o660,
        }
    }

    /// The setgid bit, by which new files get the folder's group, is inherited from the parent folder; setting it is
    /// what `RestrictSUIDSGID` in our units refuses.
    fn folder_mode(self) -> u32 {
        match self {
            Self::Private => 0o700,
            Self::Group => 0o770,
        }
    }

    /// Creates a folder, or tightens the mode of an existing one.
    pub(crate) fn folder(self, folder: &Path) -> Result<(), StoreError> {
        let failed = |source| StoreError::Path { path: folder.to_owned(), source };
        DirBuilder::new().recursive(true).mode(self.folder_mode()).create(folder).map_err(failed)?;
        let facts = std::fs::metadata(folder).map_err(failed)?;
        close(facts.permissions().mode(), self.folder_mode(), |mode| std::fs::set_permissions(folder, mode))
            .map_err(failed)
    }

    /// Opens a file, creating it if needed, and tightens its mode.
    pub(crate) fn file(self, path: &Path) -> Result<File, StoreError> {
        let failed = |source| StoreError::Path { path: path.to_owned(), source };
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false).mode(self.file_mode());
        let file = options.open(path).map_err(failed)?;
        let facts = file.metadata().map_err(failed)?;
        close(facts.permissions().mode(), self.file_mode(), |mode| file.set_permissions(mode))
            .map_err(failed)?;
        Ok(file)
    }
}

/// Only the owner may change a mode: nothing is done if nothing needs changing.
fn close(present: u32, wanted: u32, set: impl FnOnce(Permissions) -> io::Result<()>) -> io::Result<()> {
    if present & 0o777 == wanted {
        return Ok(());
    }
    // The setgid bit is the operator's choice.
    set(Permissions::from_mode(present & 0o7000 | wanted))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_made_in_a_folder_of_a_group_is_the_group_s() {
        let scratch = tempfile::tempdir().unwrap();
        let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o7777;
        assert_eq!(Access::of(scratch.path()), Access::Private);
        std::fs::set_permissions(scratch.path(), Permissions::from_mode(0o2770)).unwrap();
        let access = Access::of(scratch.path());
        assert_eq!(access, Access::Group);
        let (folder, file) = (scratch.path().join("bodies"), scratch.path().join("lock"));
        // Independent of the umask: the first round may have to set modes, the second finds them right.
        for _ in 0..2 {
            access.folder(&folder).unwrap();
            drop(access.file(&file).unwrap());
        }
        assert_eq!((mode(&folder), mode(&file)), (0o2770, 0o660));
    }
}
