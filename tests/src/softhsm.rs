//! A SoftHSM token in a folder of its own, in place of an operator's hardware, which can be "unplugged".

use std::path::Path;
use std::process::Command;

use tempfile::TempDir;

use crate::Config;
use crate::process::run;

/// The module, as Debian installs it.
const MODULE: &str = "/usr/lib/softhsm/libsofthsm2.so";
/// The PIN: not secret.
pub const PIN: &str = "47112026";

/// A token.
pub struct SoftHsm {
    folder: TempDir,
}

impl SoftHsm {
    /// One labelled `sealpost`, without keys.
    #[must_use]
    pub fn new() -> Self {
        let hsm = Self { folder: tempfile::tempdir().unwrap() };
        std::fs::create_dir(hsm.tokens()).unwrap();
        let config = format!("directories.tokendir = {}\nobjectstore.backend = file\n", hsm.tokens());
        std::fs::write(hsm.path("softhsm2.conf"), config).unwrap();
        let init = ["--init-token", "--free", "--label", "sealpost", "--so-pin", "12345678", "--pin", PIN];
        hsm.run("softhsm2-util", &init);
        hsm
    }

    /// What its module needs in the environment.
    #[must_use]
    pub fn environment(&self) -> Vec<(String, String)> {
        vec![("SOFTHSM2_CONF".to_owned(), self.path("softhsm2.conf"))]
    }

    /// The gateway has it as the token `hsm`; its PIN is in `token.pin`.
    pub fn configure(&self, config: &mut Config) {
        config
            .section("[token]")
            .set("[token]", "name", r#""hsm""#)
            .set("[token]", "module", &format!("{MODULE:?}"))
            .set("[token]", "label", r#""sealpost""#)
            .set("[token]", "pin-file", r#""token.pin""#);
    }

    /// Puts a private key into it that was made elsewhere (PKCS#8, PEM).
    pub fn import(&self, key: &Path, label: &str) {
        let key = key.to_str().unwrap();
        let import = ["--import", key, "--token", "sealpost", "--label", label, "--id", "4711", "--pin", PIN];
        self.run("softhsm2-util", &import);
    }

    /// Its objects, as another program lists them.
    #[must_use]
    pub fn objects(&self) -> String {
        let list = ["--module", MODULE, "--login", "--pin", PIN, "--list-objects"];
        self.run("pkcs11-tool", &list)
    }

    /// Takes it away, with everything in it.
    pub fn take_away(&self) {
        std::fs::rename(self.tokens(), self.path("drawer")).unwrap();
        std::fs::create_dir(self.tokens()).unwrap();
    }

    /// Puts it back.
    pub fn put_back(&self) {
        std::fs::remove_dir(self.tokens()).unwrap();
        std::fs::rename(self.path("drawer"), self.tokens()).unwrap();
    }

    fn tokens(&self) -> String {
        self.path("tokens")
    }

    fn path(&self, name: &str) -> String {
        self.folder.path().join(name).to_str().unwrap().to_owned()
    }

    fn run(&self, program: &str, args: &[&str]) -> String {
        let (code, out, err) = run(Command::new(program).args(args).envs(self.environment()));
        assert_eq!(code, 0, "{program} {args:?}:\n{out}{err}");
        out
    }
}

impl Default for SoftHsm {
    fn default() -> Self {
        Self::new()
    }
}
