//! The product under test: the real binary with a configuration of its own in a folder of its own.

use std::io::Write as _;
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use tempfile::TempDir;

use crate::postgres::{Cluster, sql_at};
use crate::process::{Process, poll, run};
use crate::{Config, PATIENCE, Sink, Smtp, Web, psql};

/// Path of the binary under test: `SEALPOST_BIN`, or in the folder of the test binary.
#[must_use]
pub fn binary() -> PathBuf {
    if let Some(path) = std::env::var_os("SEALPOST_BIN") {
        return path.into();
    }
    // …/target/debug/deps/flows-0123 → …/target/debug/sealpost
    let me = std::env::current_exe().unwrap();
    let path = me.ancestors().nth(2).unwrap().join("sealpost");
    assert!(path.exists(), "no {}: `cargo xtask test` builds it", path.display());
    path
}

/// Whether the binary under test was built as operators get it.
#[must_use]
pub fn is_release() -> bool {
    binary().parent().is_some_and(|folder| folder.ends_with("release"))
}

/// Sets a file's mode.
pub fn mode(path: &Path, mode: u32) {
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
}

/// A folder with a configuration and a server key, as `sealpost init` and an operator leave it.
pub struct Home {
    folder: TempDir,
}

impl Home {
    /// Writes the configuration and a server key.
    #[must_use]
    pub fn new(config: &Config) -> Self {
        let home = Self::empty();
        home.write("gateway.toml", config.text().as_bytes());
        home.write("server.key", SERVER_KEY.as_bytes());
        home
    }

    /// An empty folder.
    #[must_use]
    pub fn empty() -> Self {
        let folder = tempfile::Builder::new().prefix("sealpost-test-").tempdir().unwrap();
        Self { folder }
    }

    /// The folder.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// The configuration file.
    #[must_use]
    pub fn config(&self) -> PathBuf {
        self.path().join("gateway.toml")
    }

    /// The data folder.
    #[must_use]
    pub fn data(&self) -> PathBuf {
        self.path().join("data")
    }

    /// Writes a file that only we may read.
    pub fn write(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        mode(&path, 0o600);
        path
    }

    /// Runs `sealpost VERB … --config gateway.toml`: exit code, standard output, standard error.
    #[must_use]
    pub fn sealpost(&self, args: &[&str]) -> (i32, String, String) {
        self.sealpost_with(args, &[])
    }

    /// The same with this in its environment.
    #[must_use]
    pub fn sealpost_with(&self, args: &[&str], environment: &[(String, String)]) -> (i32, String, String) {
        let mut command = Command::new(binary());
        command.envs(environment.iter().cloned());
        run(command.args(args).arg("--config").arg(self.config()).current_dir(self.path()))
    }
}

/// Jobs that the product runs by the clock.
pub const JOBS: i64 = 12;

/// The tests' server key: not secret, and not a byte sequence of a library's table.
pub const SERVER_KEY: &str = "sealpost-server-key-1:mDxZNcYL0w8K0W9JWZYAZEvW/JdMNtG6B+PGoy5fk+U=\n";

/// A running gateway.
pub struct Gateway {
    /// Its folder.
    pub home: Home,
    /// Its configuration.
    pub config: Config,
    /// Everything it and its predecessors in this folder printed before the present process.
    pub earlier: String,
    process: Process,
    /// What it is started with.
    environment: Vec<(String, String)>,
}

impl Gateway {
    /// Starts it and waits until it is ready.
    #[must_use]
    pub fn start(config: &Config) -> Self {
        Self::start_in(Home::new(config), config)
    }

    /// Starts it in a folder that was prepared before.
    #[must_use]
    pub fn start_in(home: Home, config: &Config) -> Self {
        Self::begin(home, config, Vec::new())
    }

    /// Starts it with this in its environment, and so again.
    #[must_use]
    pub fn start_with(config: &Config, environment: &[(String, String)]) -> Self {
        Self::begin(Home::new(config), config, environment.to_vec())
    }

    /// Both: a prepared folder, and this in its environment.
    #[must_use]
    pub fn start_in_with(home: Home, config: &Config, environment: &[(String, String)]) -> Self {
        Self::begin(home, config, environment.to_vec())
    }

    fn begin(home: Home, config: &Config, environment: Vec<(String, String)>) -> Self {
        let process = serve(&home, &environment);
        Self { home, config: config.clone(), earlier: String::new(), process, environment }
    }

    /// Starts it with an allocator that returns freed memory at once: its memory is what it uses, not what it
    /// caches.
    #[must_use]
    pub fn start_frugal(config: &Config) -> Self {
        Self::start_with(config, &[("MIMALLOC_PURGE_DELAY".to_owned(), "0".to_owned())])
    }

    /// A session with the listener `inside`, greeted and EHLOed.
    #[must_use]
    pub fn smtp(&self) -> Smtp {
        let mut client = Smtp::connect(self.config.smtp);
        client.ehlo();
        client
    }

    /// A visitor of the portal without a browser.
    #[must_use]
    pub fn web(&self) -> Web {
        Web::new(self.config.web)
    }

    /// The process.
    #[must_use]
    pub fn process(&self) -> &Process {
        &self.process
    }

    /// What it has logged.
    #[must_use]
    pub fn log(&self) -> String {
        format!("{}{}", self.earlier, self.process.output.text())
    }

    /// Waits until it has logged that: a line may come after the answer it is about.
    pub fn wait_logged(&self, what: &str) {
        poll(&format!("{what:?} in the log"), || self.log().contains(what).then_some(()));
    }

    /// `kill -9`.
    pub fn kill(&mut self) {
        self.process.kill();
    }

    /// SIGTERM; it must end well.
    pub fn stop(&mut self) {
        let status = self.process.stop();
        assert!(status.success(), "stopped with {status}:\n{}", self.log());
    }

    /// Whether it has not ended.
    pub fn is_running(&mut self) -> bool {
        self.process.is_running()
    }

    /// Waits until it ends.
    pub fn wait(&mut self) -> std::process::ExitStatus {
        self.process.wait()
    }

    /// Starts it again over the same data.
    pub fn restart(&mut self) {
        self.process.kill();
        self.earlier.push_str(&self.process.output.text());
        self.process = serve(&self.home, &self.environment);
    }

    /// Starts it again over the same data, where it is going to be killed by what it was started with; waits for that.
    pub fn dies(&mut self) {
        self.process.kill();
        self.earlier.push_str(&self.process.output.text());
        self.process = spawn(&self.home, &self.environment);
        let status = self.process.wait();
        assert_eq!(status.signal(), Some(9), "it ended with {status}:\n{}", self.log());
    }

    /// Runs a command of the binary on the same configuration.
    #[must_use]
    pub fn sealpost(&self, args: &[&str]) -> (i32, String, String) {
        self.home.sealpost_with(args, &self.environment)
    }

    /// What such a command says on standard output, having gone well.
    pub fn said(&self, args: &[&str]) -> String {
        let (code, out, err) = self.sealpost(args);
        assert_eq!(code, 0, "{args:?}: {out}{err}");
        out
    }

    /// Counts rows of the store, read from outside while it runs.
    #[must_use]
    pub fn count(&self, sql: &str) -> i64 {
        count(&self.home.data(), sql)
    }

    /// Waits until every job has its row: a clock that is set from now on is seen by all of them.
    pub fn knows_its_jobs(&self) {
        poll("jobs to be known", || (self.count("SELECT count(*) FROM jobs") == JOBS).then_some(()));
    }

    /// Stops it and lets it check its own store: no orphan, no leg without a body.
    pub fn sweep(mut self) {
        self.stop();
        let (code, out, err) = self.sealpost(&["check", "--store"]);
        assert_eq!(code, 0, "the store does not hold together:\n{out}{err}");
    }
}

/// Starts `sealpost serve` and waits for the line that says that it is ready.
fn serve(home: &Home, environment: &[(String, String)]) -> Process {
    let process = spawn(home, environment);
    let _ = process.output.wait("{*\"ready\":true*}");
    process
}

/// Starts `sealpost serve`.
fn spawn(home: &Home, environment: &[(String, String)]) -> Process {
    let mut command = Command::new(binary());
    command.arg("serve").arg("--config").arg(home.config()).current_dir(home.path());
    command.envs(environment.iter().cloned());
    Process::start("sealpost serve", &mut command)
}

/// What `sealpost hash-password` makes of a password given on its input.
#[must_use]
pub fn hash_password(password: &str) -> String {
    let mut command = Command::new(binary());
    let mut child =
        command.arg("hash-password").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(format!("{password}\n").as_bytes()).unwrap();
    let out = child.wait_with_output().unwrap();
    assert!(out.status.success());
    let text = String::from_utf8(out.stdout).unwrap();
    text.lines().find(|line| line.starts_with("$argon2id$")).unwrap().to_owned()
}

/// The schema of the store under `data`, if its rows are in PostgreSQL.
#[must_use]
pub fn schema(data: &Path) -> Option<String> {
    data.join("postgres").exists().then(|| setting(data, "schema = \"").trim_end_matches('"').to_owned())
}

/// The database behind this configuration of the store under `data`.
fn setting(data: &Path, begin: &str) -> String {
    let config = std::fs::read_to_string(data.parent().unwrap().join("gateway.toml")).unwrap();
    config.lines().find_map(|line| line.strip_prefix(begin)).unwrap().to_owned()
}

/// The servers that have the rows of the store under `data`, bypassing whatever blocks the gateway's way
/// there.
fn servers(data: &Path) -> Vec<(PathBuf, u16)> {
    let hosts = setting(data, "hosts = ");
    let servers: Vec<(PathBuf, u16)> = hosts
        .split('"')
        .filter(|host| host.starts_with('/'))
        .map(|host| host.rsplit_once(':').unwrap_or((host, "5432")))
        .map(|(folder, port)| (PathBuf::from(folder), port.parse().unwrap()))
        .collect();
    match servers.is_empty() {
        true => vec![(Cluster::shared().socket().to_owned(), Cluster::shared().port())],
        false => servers,
    }
}

/// Asks for rows in that schema.
fn ask(data: &Path, schema: &str, sql: &str) -> String {
    psql::ask(&servers(data), &format!("SET search_path = {schema}"), sql)
}

/// Counts rows in the store under `data`.
#[must_use]
pub fn count(data: &Path, sql: &str) -> i64 {
    if let Some(schema) = schema(data) {
        let sql = sql.replace("AS BLOB)", "AS TEXT)::bytea");
        return ask(data, &schema, &sql).parse().unwrap();
    }
    let file = find_database(data);
    let flags = rusqlite::OpenFlags::SQLITE_OPEN_READ_ONLY;
    let rows = rusqlite::Connection::open_with_flags(file, flags).unwrap();
    rows.busy_timeout(PATIENCE).unwrap();
    rows.query_row(sql, [], |row| row.get(0)).unwrap_or_else(|e| panic!("{sql}: {e}"))
}

/// Changes rows in the store under `data`, as an attacker with write access.
pub fn change(data: &Path, sql: &str) {
    if let Some(schema) = schema(data) {
        let bytes = sql.replace("x'", "'\\x");
        let _nothing = sql_at(&servers(data), &format!("SET search_path = {schema}; {bytes}"));
        return;
    }
    let rows = rusqlite::Connection::open(find_database(data)).unwrap();
    rows.busy_timeout(PATIENCE).unwrap();
    rows.execute_batch(sql).unwrap_or_else(|e| panic!("{sql}: {e}"));
}

/// The first column of a query's rows, as bytes.
#[must_use]
pub fn blobs(data: &Path, sql: &str) -> Vec<Vec<u8>> {
    if let Some(schema) = schema(data) {
        let sql = sql.replace("AS BLOB)", "AS TEXT)::bytea");
        let hex = format!("SELECT encode(one, 'hex') FROM ({sql}) AS all_of (one)");
        let digits = |line: &str| {
            (0..line.len()).step_by(2).map(|at| u8::from_str_radix(&line[at..at + 2], 16).unwrap()).collect()
        };
        return ask(data, &schema, &hex).lines().map(digits).collect();
    }
    let flags = rusqlite::OpenFlags::SQLITE_OPEN_READ_ONLY;
    let rows = rusqlite::Connection::open_with_flags(find_database(data), flags).unwrap();
    rows.busy_timeout(PATIENCE).unwrap();
    let mut asked = rows.prepare(sql).unwrap();
    asked.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
}

/// The database under `data`.
#[must_use]
pub fn find_database(data: &Path) -> PathBuf {
    let mut files = std::fs::read_dir(data).unwrap().map(|entry| entry.unwrap().path());
    files
        .find(|path| path.extension().is_some_and(|e| e == "db" || e == "sqlite" || e == "sqlite3"))
        .unwrap_or_else(|| panic!("no database in {}", data.display()))
}

/// `sealpost demo --data DIR --json`.
pub struct Demo {
    /// Its folder.
    pub folder: TempDir,
    /// The SMTP front door.
    pub smtp: SocketAddr,
    /// The portal.
    pub web: SocketAddr,
    /// Every mail that left.
    pub sink: Sink,
    /// The configuration it runs on.
    pub config: PathBuf,
    /// Its data folder.
    pub data: PathBuf,
    /// The process.
    pub process: Process,
}

impl Demo {
    /// Starts it and waits for its line of JSON.
    #[must_use]
    pub fn start() -> Self {
        let folder = tempfile::Builder::new().prefix("sealpost-demo-").tempdir().unwrap();
        let mut command = Command::new(binary());
        command.args(["demo", "--json", "--data"]).arg(folder.path().join("demo"));
        let process = Process::start("sealpost demo", &mut command);
        let line = process.output.wait("{\"*}");
        let json: serde_json::Value = serde_json::from_str(&line).unwrap();
        let text = |key: &str| json[key].as_str().unwrap_or_else(|| panic!("no {key} in {line}")).to_owned();
        Self {
            smtp: text("smtp").parse().unwrap(),
            web: text("web").strip_prefix("http://").unwrap().parse().unwrap(),
            sink: Sink::at(text("sink")),
            config: text("config").into(),
            data: text("data").into(),
            folder,
            process,
        }
    }
}
