//! Connecting: TLS to a server certified by the authority, and a password.

use std::time::Duration;

use sealpost_mail::Secret;
use sealpost_store::{
    ArrivalRows, Committed, PostgresHost, PostgresOptions, PostgresTls, Rows, Store, StoreOptions,
};
use tempfile::TempDir;

use crate::cluster::Cluster;
use crate::options;
use crate::rig::{NOW, Rig};

fn secured(cluster: &Cluster, scratch: &TempDir, change: impl FnOnce(&mut PostgresOptions)) -> StoreOptions {
    let folder = scratch.path().join("store");
    let mut options = options(cluster, &folder);
    options.hosts = vec![PostgresHost { name: "localhost".to_owned(), port: cluster.port() }];
    options.tls = PostgresTls::Verified { authorities: cluster.socket().join("ca.pem") };
    options.password = Some(Secret::new("secret".to_owned()));
    options.patience = Duration::from_secs(10);
    change(&mut options);
    StoreOptions { rows: Rows::Postgres(Box::new(options)), ..StoreOptions::new(folder) }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_server_is_who_the_authority_says_and_we_are_who_the_password_says() {
    let cluster = Cluster::secured();
    let scratch = tempfile::tempdir().unwrap();
    let refused = |change: &dyn Fn(&mut PostgresOptions)| {
        Store::open(secured(&cluster, &scratch, change)).unwrap_err().to_string()
    };
    let stranger = refused(&|options| {
        options.tls = PostgresTls::Verified { authorities: cluster.socket().join("other.pem") };
    });
    assert!(stranger.contains("UnknownIssuer"), "{stranger}");
    // It is at this address, but its certificate does not name it.
    let unnamed = refused(&|options| "127.0.0.1".clone_into(&mut options.hosts[0].name));
    assert!(unnamed.contains("certificate not valid for name"), "{unnamed}");
    let clear = refused(&|options| options.tls = PostgresTls::Off);
    assert!(clear.contains("28000"), "{clear}");
    let wrong = refused(&|options| options.password = Some(Secret::new("wrong".to_owned())));
    assert!(wrong.contains("28P01"), "{wrong}");
    let none = refused(&|options| options.tls = PostgresTls::Verified { authorities: "/dev/null".into() });
    assert!(none.contains("there is no certificate in it"), "{none}");

    let good = secured(&cluster, &scratch, |_| {});
    if let Rows::Postgres(options) = &good.rows {
        assert!(options.facts().unwrap().tls);
    }
    let rig = Rig::with(good, scratch);
    let body = rig.body(100).await;
    let mut rows = ArrivalRows::new(NOW);
    rows.legs.push(rig.leg(body.id(), "a.example"));
    rows.body = Some(body);
    assert!(matches!(rig.store.commit_arrival(rows).await.unwrap(), Committed::New(_)));
    rig.clean().await;
}
