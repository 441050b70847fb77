//! A primary and its synchronous standby that change roles: whichever is lost, the other takes over and gets a new
//! standby. Knows nothing of the product.

use crate::postgres::Cluster;

/// One of the two: its folder below the cluster's, and its port there.
#[derive(Clone, Copy, Debug)]
struct Side {
    data: &'static str,
    port: u16,
}

const SIDES: [Side; 2] = [Side { data: "data", port: 5432 }, Side { data: "standby", port: 5433 }];

/// Both.
#[derive(Debug)]
pub struct Pair {
    cluster: Cluster,
    /// Which of the sides takes writes.
    primary: usize,
}

impl Pair {
    /// A server and a standby that its commits wait for.
    #[must_use]
    pub fn start(settings: &str) -> Self {
        let pair = Self { cluster: Cluster::start(settings), primary: 0 };
        pair.make_standby();
        pair
    }

    /// The server alone, for comparison.
    #[must_use]
    pub fn without_standby(settings: &str) -> Self {
        Self { cluster: Cluster::start(settings), primary: 0 }
    }

    /// The cluster with both.
    #[must_use]
    pub fn cluster(&self) -> &Cluster {
        &self.cluster
    }

    /// Both, as `hosts` has them.
    #[must_use]
    pub fn hosts(&self) -> String {
        let folder = self.cluster.socket().display();
        let each: Vec<_> = SIDES.iter().map(|side| format!("\"{folder}:{}\"", side.port)).collect();
        format!("[{}]", each.join(", "))
    }

    /// Does a statement on the primary.
    pub fn sql(&self, text: &str) -> String {
        self.cluster.sql_on(SIDES[self.primary].port, text)
    }

    /// The process of each of the servers that run.
    #[must_use]
    pub fn servers(&self) -> Vec<u32> {
        let files = SIDES.iter().map(|side| self.cluster.socket().join(side.data).join("postmaster.pid"));
        files.filter_map(|file| std::fs::read_to_string(file).ok()?.lines().next()?.parse().ok()).collect()
    }

    fn folder(&self) -> String {
        self.cluster.socket().display().to_string()
    }

    /// Makes the side that is not the primary its standby, from nothing, and waits until commits wait for it.
    pub fn make_standby(&self) {
        let (primary, standby) = (SIDES[self.primary], SIDES[1 - self.primary]);
        let folder = self.folder();
        self.cluster.run(&format!(
            "cd '{folder}' && rm -rf '{data}' \
             && pg_basebackup -h '{folder}' -p {from} -U sealpost -D '{data}' -R -X stream -c fast --no-sync \
             && echo \"port = {port}\nprimary_conninfo = 'host={folder} port={from} user=sealpost application_name={data}'\n{waits}\" \
                >>'{data}/postgresql.auto.conf' \
             && pg_ctl -s -w -D '{data}' -l '{folder}/{data}.log' start",
            data = standby.data,
            from = primary.port,
            port = standby.port,
            // Once it is promoted it says "done" of nothing that the other one has not.
            waits = format_args!("synchronous_standby_names = '{}'", primary.data),
        ));
        self.sql(&format!("ALTER SYSTEM SET synchronous_standby_names = '\"{}\"'", standby.data));
        self.sql("SELECT pg_reload_conf()");
        crate::process::poll("the standby to be synchronous", || {
            (self.sql("SELECT count(*) FROM pg_stat_replication WHERE sync_state = 'sync'") == "1")
                .then_some(())
        });
    }

    /// The primary's machine loses power and the standby is promoted, as by an administrator.
    pub fn fail_over(&mut self) {
        let (lost, next) = (SIDES[self.primary], SIDES[1 - self.primary]);
        let folder = self.folder();
        self.cluster.run(&format!("pg_ctl -s -D '{folder}/{}' stop -m immediate", lost.data));
        self.cluster.run(&format!("pg_ctl -s -w -D '{folder}/{}' promote", next.data));
        self.primary = 1 - self.primary;
    }

    /// The standby is away when the primary's machine loses power: it comes back and takes over with what it has.
    pub fn fail_over_to_what_was_away(&mut self) {
        let (lost, next) = (SIDES[self.primary], SIDES[1 - self.primary]);
        let folder = self.folder();
        self.cluster.run(&format!("pg_ctl -s -D '{folder}/{}' stop -m immediate", lost.data));
        self.restart_standby();
        self.cluster.run(&format!("pg_ctl -s -w -D '{folder}/{}' promote", next.data));
        self.primary = 1 - self.primary;
    }

    /// The standby's machine loses power.
    pub fn kill_standby(&self) {
        let standby = SIDES[1 - self.primary];
        self.cluster.run(&format!("pg_ctl -s -D '{}/{}' stop -m immediate", self.folder(), standby.data));
    }

    /// It comes back and catches up.
    pub fn restart_standby(&self) {
        let (folder, standby) = (self.folder(), SIDES[1 - self.primary]);
        self.cluster.run(&format!(
            "pg_ctl -s -w -D '{folder}/{data}' -l '{folder}/{data}.log' start",
            data = standby.data
        ));
    }
}
