//! An independent S3 server for tests: `s3s-fs`, which stores objects as files and checks signatures. Its
//! folder outlives its process, so that it may be killed and restarted. Knows nothing of the product.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;

use rustix::process::Signal;
use tempfile::TempDir;

use crate::gateway::Home;
use crate::process::{Process, poll};
use crate::readers::root;
use crate::{Config, ports};

/// Who may come in.
const ACCESS_KEY: &str = "sealpost-test";
const SECRET_KEY: &str = "not-a-secret-of-anybody";

/// The bucket it has.
pub const BUCKET: &str = "letters";

/// A server with one bucket.
pub struct S3 {
    folder: TempDir,
    address: SocketAddr,
    process: Process,
}

impl S3 {
    /// Starts it.
    #[must_use]
    pub fn start() -> Self {
        let folder = tempfile::Builder::new().prefix("sealpost-s3-").tempdir().unwrap();
        std::fs::create_dir(folder.path().join(BUCKET)).unwrap();
        let address = ports::free();
        let process = serve(folder.path(), address);
        Self { folder, address, process }
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// `kill -9`: there is no listener any more.
    pub fn kill(&mut self) {
        self.process.kill();
    }

    /// Restarts it with its data.
    pub fn restart(&mut self) {
        self.process.kill();
        self.process = serve(self.folder.path(), self.address);
    }

    /// It takes connections and says nothing.
    pub fn pause(&self) {
        self.process.signal(Signal::STOP);
    }

    /// Continues it.
    pub fn go_on(&self) {
        self.process.signal(Signal::CONT);
    }

    /// The keys of its objects, without the ownership mark.
    #[must_use]
    pub fn keys(&self) -> Vec<String> {
        let top = self.folder.path().join(BUCKET);
        let mut keys = Vec::new();
        collect(&top, &top, &mut keys);
        keys.retain(|key| !key.ends_with("sealpost-store"));
        keys.sort();
        keys
    }

    /// Waits until it has this many objects.
    pub fn wait_for(&self, objects: usize) {
        poll(&format!("{objects} objects"), || (self.keys().len() == objects).then_some(()));
    }

    /// An object as a file.
    #[must_use]
    pub fn path(&self, key: &str) -> PathBuf {
        self.folder.path().join(BUCKET).join(key)
    }
}

fn serve(folder: &Path, address: SocketAddr) -> Process {
    let prepared = std::env::var_os("SEALPOST_S3_SERVER").map(PathBuf::from);
    let program = prepared.unwrap_or_else(|| root().join("target/s3-server/bin/s3s-fs"));
    assert!(program.exists(), "no {}: `cargo xtask test` prepares it", program.display());
    let mut command = Command::new(program);
    command.args(["--host", "127.0.0.1", "--port", &address.port().to_string()]);
    command.args(["--access-key", ACCESS_KEY, "--secret-key", SECRET_KEY]).arg(folder);
    let process = Process::start("s3s-fs", &mut command);
    poll("the S3 server", || std::net::TcpStream::connect(address).ok());
    process
}

fn collect(top: &Path, folder: &Path, keys: &mut Vec<String>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        // An object being removed does not count.
        let Ok(entry) = entry else { continue };
        let path = entry.path();
        let name = entry.file_name().to_string_lossy().into_owned();
        if path.is_dir() {
            collect(top, &path, keys);
        } else if !name.starts_with('.') {
            keys.push(path.strip_prefix(top).unwrap().to_string_lossy().into_owned());
        }
    }
}

impl Config {
    /// Large letters go into this server's bucket. Its keys are files that [`S3::keys_into`] writes.
    pub fn bodies_in(&mut self, server: &S3) -> &mut Self {
        self.set("store", "bodies", r#""s3""#)
            .set("store.s3", "endpoint", &format!("\"http://{}\"", server.address))
            .set("store.s3", "bucket", &format!("{BUCKET:?}"))
            .set("store.s3", "access-key-file", r#""s3.access""#)
            .set("store.s3", "secret-key-file", r#""s3.secret""#)
    }
}

impl S3 {
    /// Writes the keys that a configuration of [`Config::bodies_in`] names.
    pub fn keys_into(home: &Home) {
        home.write("s3.access", ACCESS_KEY.as_bytes());
        home.write("s3.secret", format!("{SECRET_KEY}\n").as_bytes());
    }

    /// A folder with that configuration.
    #[must_use]
    pub fn home(config: &Config) -> Home {
        let home = Home::new(config);
        Self::keys_into(&home);
        home
    }
}
