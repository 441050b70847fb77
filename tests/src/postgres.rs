//! A temporary PostgreSQL server for tests: in a temporary folder, reached by its socket, gone with the process that started it
//! however that ends. Knows nothing of the product; crates/store includes this file unchanged.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;

/// Creates the cluster, prints where it is, and removes it when its input ends. As the user `postgres` if we are root, which initdb
/// refuses. `$3` is a cluster to copy instead, `$4` a library to preload. The collation of the database is German on purpose:
/// nothing may depend on it. Nothing is synced: the disk is not under test.
const LIFE: &str = r#"
set -e
PATH="$PATH:$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -V | tail -n 1)"
command -v initdb >/dev/null || { echo "no PostgreSQL: apt-get install -y postgresql" >&2; exit 1; }
# In memory where there is plenty: a schema is some four hundred files, and to make those takes a file system longer than
# anything else here. Not where something is synced: then the disk is what is asked about.
place=/tmp
case "$1" in
  *"fsync = on"*) ;;
  *)
    free=$(df -Pk /dev/shm 2>/dev/null | awk 'NR == 2 { print $4 }')
    left=$(awk '$1 == "MemAvailable:" { print $2 }' /proc/meminfo)
    if [ "${free:-0}" -gt 6291456 ] && [ "${left:-0}" -gt 12582912 ]; then place=/dev/shm; fi
    ;;
esac
dir=$(mktemp -d "$place/sealpost-postgres.XXXXXX")
as=""
if [ "$(id -u)" = 0 ]; then
  chown postgres: "$dir"
  # Users of single roles come in, too.
  chmod 711 "$dir"
  as="setpriv --reuid=postgres --regid=postgres --clear-groups"
fi
cd /
end() {
  for one in data standby; do
    [ -e "$dir/$one/postmaster.pid" ] || continue
    pid=$(head -n 1 "$dir/$one/postmaster.pid")
    kill -QUIT "$pid" 2>/dev/null || continue
    while kill -0 "$pid" 2>/dev/null; do sleep 0.05; done
  done
  rm -rf "$dir"
}
trap end EXIT
trap 'exit 1' HUP INT TERM
if [ -n "$3" ]; then
  $as cp -R "$3" "$dir/data"
else
  $as "$(command -v initdb)" -D "$dir/data" -U sealpost -A trust -E UTF8 --no-sync \
    --locale=C.UTF-8 --locale-provider=icu --icu-locale=de >"$dir/initdb.log" 2>&1 || { cat "$dir/initdb.log" >&2; exit 1; }
  $as cp -R "$dir/data" "$dir/new"
fi
cat >>"$dir/data/postgresql.conf" <<CONF
listen_addresses = ''
unix_socket_directories = '$dir'
max_connections = 400
shared_buffers = 64MB
fsync = off
full_page_writes = off
max_wal_senders = 4
port = $2
$1
CONF
LD_PRELOAD="$4" $as "$(command -v postgres)" -D "$dir/data" >"$dir/log" 2>&1 </dev/null &
until pg_isready -q -h "$dir" -p "$2"; do
  kill -0 $! 2>/dev/null || { cat "$dir/log" >&2; exit 1; }
  sleep 0.05
done
echo "$dir"
read -r _ || true
"#;

/// PostgreSQL's own.
const PORT: u16 = 5432;

/// A server that runs.
#[derive(Debug)]
pub struct Cluster {
    folder: PathBuf,
    port: u16,
    /// Keeps its input open.
    _life: Child,
}

impl Cluster {
    /// A server of its own, with these lines at the end of its settings.
    pub fn start(settings: &str) -> Self {
        Self::start_on(PORT, settings)
    }

    /// The same, named by this port.
    fn start_on(port: u16, settings: &str) -> Self {
        Self::begin(port, settings, None, &[])
    }

    /// A server of its own whose processes have this in their environment, started as a copy of [`Self::shared`] in its initial
    /// state.
    pub fn start_with(environment: &[(String, String)]) -> Self {
        // There may be many of them at once.
        let few = "max_connections = 100\nshared_buffers = 16MB\nautovacuum = off\n";
        Self::begin(PORT, few, Some(&Self::shared().folder.join("new")), environment)
    }

    fn begin(port: u16, settings: &str, copied: Option<&Path>, environment: &[(String, String)]) -> Self {
        // The library is for the server, and for nothing else that makes it.
        let (preloaded, others): (Vec<_>, Vec<_>) =
            environment.iter().cloned().partition(|(name, _)| name == "LD_PRELOAD");
        let preloaded = preloaded.first().map_or("", |(_, value)| value.as_str());
        let mut life = Command::new("sh")
            .args(["-c", LIFE, "cluster", settings, &port.to_string()])
            .arg(copied.unwrap_or(Path::new("")))
            .arg(preloaded)
            .envs(others)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(life.stdout.take().unwrap()).read_line(&mut line).unwrap();
        assert!(!line.is_empty(), "PostgreSQL did not start; its output is above");
        Self { folder: PathBuf::from(line.trim_end()), port, _life: life }
    }

    /// A server that is reached as `localhost` by TLS and with a password only, `secret` for the user `sealpost`; its
    /// certificate comes from the authority in `ca.pem` in its folder. `other.pem` is another authority.
    pub fn secured() -> Self {
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let cluster = Self::start_on(port, "listen_addresses = '127.0.0.1'");
        cluster.run(&format!(
            "cd '{}' && new='openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes'
             for ca in ca other; do $new -x509 -days 2 -subj /CN=$ca -keyout $ca.key -out $ca.pem; done 2>/dev/null
             $new -subj /CN=db -keyout data/server.key -out db.csr 2>/dev/null
             printf 'subjectAltName=DNS:localhost\nbasicConstraints=CA:FALSE\n' >db.ext
             openssl x509 -req -in db.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -extfile db.ext \
                 -out data/server.crt 2>/dev/null
             printf 'local all all trust\nhostssl all all 127.0.0.1/32 scram-sha-256\n' >data/pg_hba.conf
             echo 'ssl = on' >>data/postgresql.conf; chmod 644 ca.pem other.pem",
            cluster.folder.display()
        ));
        cluster.sql("ALTER ROLE sealpost PASSWORD 'secret'");
        cluster.sql("SELECT pg_reload_conf()");
        cluster
    }

    /// Its port.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The one that the tests of a process share.
    pub fn shared() -> &'static Self {
        static SHARED: OnceLock<Cluster> = OnceLock::new();
        SHARED.get_or_init(|| Self::start(""))
    }

    /// The folder of its socket; its superuser and the one who may come in is `sealpost`.
    pub fn socket(&self) -> &Path {
        &self.folder
    }

    /// A standby that the server's commits wait for from now on.
    pub fn standby(&self) -> Standby {
        let name = self.folder.file_name().unwrap().to_string_lossy().into_owned();
        let data = self.folder.join("standby");
        self.run(&format!(
            "pg_basebackup -h '{socket}' -U sealpost -D '{data}' -R -X stream -c fast --no-sync \
             && echo \"port = 5433\nprimary_conninfo = 'host={socket} user=sealpost application_name={name}'\" \
                >>'{data}/postgresql.auto.conf' && pg_ctl -s -w -D '{data}' -l '{socket}/standby.log' start",
            socket = self.folder.display(),
            data = data.display()
        ));
        self.sql(&format!("ALTER SYSTEM SET synchronous_standby_names = '\"{name}\"'"));
        self.sql("SELECT pg_reload_conf()");
        while self.sql("SELECT count(*) FROM pg_stat_replication WHERE sync_state = 'sync'") != "1" {
            std::thread::sleep(std::time::Duration::from_millis(20));
        }
        Standby { data, primary: self.folder.clone() }
    }

    /// The server's machine loses power, as far as its processes go.
    pub fn kill(&self) {
        self.run(&format!("pg_ctl -s -D '{}/data' stop -m immediate", self.folder.display()));
    }

    /// It comes back.
    pub fn restart(&self) {
        let folder = self.folder.display();
        self.run(&format!("pg_ctl -s -w -D '{folder}/data' -l '{folder}/restarted.log' start"));
    }

    /// Runs a script as the user who owns the servers.
    pub fn run(&self, script: &str) {
        run_in(&self.folder, script);
    }

    /// Does a statement as the superuser in the database `postgres`; returns what it prints.
    pub fn sql(&self, text: &str) -> String {
        self.sql_on(self.port, text)
    }

    /// The same on the other server with this port.
    pub fn sql_on(&self, port: u16, text: &str) -> String {
        sql_at(&[(self.folder.clone(), port)], text)
    }
}

/// A psql in the database `postgres` of the first of these servers, by the folder of its socket and its port, that takes writes.
pub fn psql(servers: &[(PathBuf, u16)]) -> Command {
    let folders: Vec<_> = servers.iter().map(|(folder, _)| folder.display().to_string()).collect();
    let ports: Vec<_> = servers.iter().map(|(_, port)| port.to_string()).collect();
    let mut command = Command::new("psql");
    command
        .env("PGHOST", folders.join(","))
        .env("PGPORT", ports.join(","))
        .env("PGTARGETSESSIONATTRS", if servers.len() > 1 { "read-write" } else { "any" })
        .args(["-X", "-q", "-A", "-t", "-U", "sealpost", "-d", "postgres"]);
    command
}

/// Does a statement there; returns what it prints.
pub fn sql_at(servers: &[(PathBuf, u16)], text: &str) -> String {
    let said = psql(servers).args(["-v", "ON_ERROR_STOP=1", "-c", text]).output().unwrap();
    assert!(said.status.success(), "{text}: {}", String::from_utf8_lossy(&said.stderr));
    String::from_utf8_lossy(&said.stdout).trim_end().to_owned()
}

/// A copy of the server that follows it.
#[derive(Debug)]
pub struct Standby {
    data: PathBuf,
    primary: PathBuf,
}

impl Standby {
    /// It takes over.
    pub fn promote(&self) {
        run_in(&self.primary, &format!("pg_ctl -s -w -D '{}' promote", self.data.display()));
    }

    /// It follows no more.
    pub fn stop(&self) {
        run_in(&self.primary, &format!("pg_ctl -s -w -D '{}' stop -m immediate", self.data.display()));
    }
}

impl Drop for Standby {
    fn drop(&mut self) {
        if self.data.join("postmaster.pid").exists() {
            self.stop();
        }
    }
}

/// As the user who owns the files.
fn run_in(folder: &Path, script: &str) {
    let as_user = r#"PATH="$PATH:$(ls -d /usr/lib/postgresql/*/bin | sort -V | tail -n 1)"; cd /
        if [ "$(id -u)" = 0 ]; then exec setpriv --reuid=postgres --regid=postgres --clear-groups sh -c "$1"
        else exec sh -c "$1"; fi"#;
    let said = Command::new("sh").args(["-c", as_user, "run", script]).output().unwrap();
    assert!(
        said.status.success(),
        "{} in {}: {}",
        script,
        folder.display(),
        String::from_utf8_lossy(&said.stderr)
    );
}
