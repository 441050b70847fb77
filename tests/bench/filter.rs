//! An administrator's own solution: a script that Postfix starts for every letter and that starts `openssl`
//! or `gpg`.

use std::path::{Path, PathBuf};

use rig::gateway::mode;
use rig::process::run;
use rig::{gpg, openssl};
use tempfile::TempDir;

use crate::partners::{ADDRESSES, CLOSED_HEAD, Kind, Way, entity};

/// A script with its keys, readable only for the user it runs as.
pub(crate) struct Filter {
    folder: TempDir,
    /// What its partner sent, if letters come in.
    letter: Option<Vec<u8>>,
    /// GnuPG's folders are theirs.
    houses: Vec<gpg::House>,
}

impl Filter {
    pub(crate) fn new(kind: Kind, way: Way) -> Self {
        // The path of a socket of GnuPG's has at most 108 characters.
        let folder = tempfile::Builder::new().prefix("f").tempdir_in("/tmp").unwrap();
        mode(folder.path(), 0o755);
        let mut filter = Self { folder, letter: None, houses: Vec::new() };
        let commands = match kind {
            Kind::Smime => filter.smime(way),
            Kind::OpenPgp => filter.openpgp(way),
        };
        let script = filter.script();
        // 75 is EX_TEMPFAIL: Postfix keeps the letter.
        let text = format!("#!/bin/sh\nset -o pipefail 2>/dev/null\nfrom=$1; shift\n{commands} || exit 75\n");
        std::fs::write(&script, text.replace("#!/bin/sh", "#!/bin/bash")).unwrap();
        mode(&script, 0o755);
        let own =
            run(std::process::Command::new("chown").args(["-R", "nobody:nogroup"]).arg(filter.folder.path()));
        assert_eq!(own.0, 0, "{}", own.2);
        filter
    }

    pub(crate) fn script(&self) -> PathBuf {
        self.folder.path().join("filter.sh")
    }

    pub(crate) fn letter(&self) -> Option<Vec<u8>> {
        self.letter.clone()
    }

    fn write(&self, name: &str, bytes: impl AsRef<[u8]>) -> String {
        let path = self.folder.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        path.display().to_string()
    }

    fn smime(&mut self, way: Way) -> String {
        // The own key as Sealpost makes it, or the two would not do the same work.
        let (ours, theirs) = (openssl::House::of_bits(ADDRESSES[0], 3072), openssl::House::new(ADDRESSES[1]));
        let pem = |house: &openssl::House| std::fs::read_to_string(house.certificate()).unwrap();
        let key = self.write("ours.key", std::fs::read(ours.path("key.pem")).unwrap());
        let (own, partner) = (self.write("ours.pem", pem(&ours)), self.write("theirs.pem", pem(&theirs)));
        match way {
            Way::Out => format!(
                "openssl cms -sign -signer {own} -inkey {key} \
                 | openssl cms -encrypt -aes256 -from \"$from\" -to \"$2\" -subject Befund {partner} \
                 | /usr/sbin/sendmail -G -i -f \"$from\" \"$@\""
            ),
            Way::In => {
                self.letter = Some(theirs.close(CLOSED_HEAD, &entity(), &pem(&ours)));
                format!(
                    "openssl cms -decrypt -recip {own} -inkey {key} \
                     | openssl cms -verify -CAfile {partner} -purpose any 2>/dev/null \
                     | /usr/sbin/sendmail -G -i -f \"$from\" \"$@\""
                )
            }
        }
    }

    fn openpgp(&mut self, way: Way) -> String {
        let (ours, theirs) = (gpg::House::small(ADDRESSES[0]), gpg::House::new(ADDRESSES[1]));
        let home = self.folder.path().join("home");
        ours.import(&std::fs::read_to_string(theirs.key()).unwrap());
        theirs.import(&std::fs::read_to_string(ours.key()).unwrap());
        copy(ours.folder(), &home);
        let gpg = format!("gpg --batch --no-tty --homedir {} --trust-model always", home.display());
        let commands = match way {
            Way::Out => {
                let head = self.write(
                    "head",
                    "Subject: Befund\nMIME-Version: 1.0\nContent-Type: multipart/encrypted; \
                     protocol=\"application/pgp-encrypted\"; boundary=\"b\"\n\n--b\nContent-Type: \
                     application/pgp-encrypted\n\nVersion: 1\n\n--b\nContent-Type: application/octet-stream\n\n",
                );
                let foot = self.write("foot", "\n--b--\n");
                let theirs = ADDRESSES[1];
                format!(
                    "{gpg} --armor --sign --encrypt -r {theirs} 2>/dev/null | cat {head} - {foot} \
                     | /usr/sbin/sendmail -G -i -f \"$from\" \"$@\""
                )
            }
            Way::In => {
                self.letter = Some(theirs.close(CLOSED_HEAD, &entity(), ADDRESSES[0]));
                format!(
                    "sed -n '/^-----BEGIN PGP/,/^-----END PGP/p' | {gpg} --decrypt 2>/dev/null \
                     | /usr/sbin/sendmail -G -i -f \"$from\" \"$@\""
                )
            }
        };
        self.houses = vec![ours, theirs];
        commands
    }
}

impl Drop for Filter {
    fn drop(&mut self) {
        // The agent started by the filter's first gpg is removed with the folder.
        let home = self.folder.path().join("home");
        if home.exists() {
            let _ =
                run(std::process::Command::new("gpgconf").arg("--homedir").arg(home).args(["--kill", "all"]));
        }
    }
}

/// A key ring with its secret keys, without the sockets of its agent.
fn copy(from: &Path, to: &Path) {
    std::fs::create_dir(to).unwrap();
    mode(to, 0o700);
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let (kind, path) = (entry.file_type().unwrap(), to.join(entry.file_name()));
        if kind.is_dir() {
            copy(&entry.path(), &path);
        } else if kind.is_file() {
            std::fs::copy(entry.path(), path).unwrap();
        }
    }
}
