//! PgBouncer in transaction mode in front of a PostgreSQL server, stopped on drop. Knows nothing of the product;
//! crates/store includes this file unchanged.

use std::fs::{File, Permissions};
use std::net::{SocketAddr, TcpStream};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Child, Command};
use std::time::Duration;

/// One that runs.
#[derive(Debug)]
pub struct Bouncer {
    process: Child,
    _folder: tempfile::TempDir,
}

impl Bouncer {
    /// At this address, in front of the server with this socket and port, with these lines at the end of its settings.
    #[must_use]
    pub fn start(address: SocketAddr, socket: &Path, port: u16, settings: &str) -> Self {
        let folder = tempfile::Builder::new().prefix("sealpost-pool-").tempdir().unwrap();
        let settings = format!(
            "[databases]\npostgres = host={} port={port} user=sealpost\n[pgbouncer]\nlisten_addr = {}\nlisten_port = {}\n\
             unix_socket_dir =\nauth_type = any\npool_mode = transaction\ndefault_pool_size = 6\nmax_client_conn = 200\n\
             {settings}",
            socket.display(),
            address.ip(),
            address.port()
        );
        let (file, log) = (folder.path().join("pgbouncer.ini"), folder.path().join("log"));
        std::fs::write(&file, settings).unwrap();
        // It refuses to run as root.
        for path in [folder.path(), &file] {
            std::fs::set_permissions(path, Permissions::from_mode(0o755)).unwrap();
        }
        let output = File::create(&log).unwrap();
        let process = Command::new("setpriv")
            .args(["--reuid=postgres", "--regid=postgres", "--clear-groups", "pgbouncer"])
            .arg(&file)
            .stdout(output.try_clone().unwrap())
            .stderr(output)
            .spawn()
            .unwrap();
        let mut bouncer = Self { process, _folder: folder };
        while TcpStream::connect(address).is_err() {
            let ended = bouncer.process.try_wait().unwrap();
            assert!(ended.is_none(), "{}", std::fs::read_to_string(&log).unwrap_or_default());
            std::thread::sleep(Duration::from_millis(20));
        }
        bouncer
    }
}

impl Drop for Bouncer {
    fn drop(&mut self) {
        let _gone = self.process.kill();
        let _status = self.process.wait();
    }
}
