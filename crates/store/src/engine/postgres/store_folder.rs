//! Ensures that database and folder belong together: large bodies, locks and the notes of deliveries are in the folder.
//! Another folder would lack them, and would take its own files for leftovers. If several nodes share a folder of
//! bodies, that folder belongs to the database and each data folder used with it is adopted; likewise with a bucket.

use std::fs::File;
use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};

use tokio_postgres::Client;

use super::failure::Failure;
use crate::engine::{POSTGRES_MARK, SQLITE_FILE};
use crate::error::StoreError;
use crate::file_permissions::Access;
use crate::large_bodies::LargeBodies;

/// Checks that folder and schema belong together; the first time, records it. Returns their shared id.
pub(super) async fn belongs(
    client: &mut Client,
    schema: &str,
    folder: &Path,
    bodies: &LargeBodies,
) -> Result<String, StoreError> {
    if folder.join(SQLITE_FILE).exists() {
        return Err(StoreError::OtherEngine { folder: folder.to_owned(), holds: "SQLite" });
    }
    let belongs = match bodies {
        LargeBodies::Folder => Some(folder),
        LargeBodies::Shared(shared) => Some(shared.as_path()),
        // It bears its own mark.
        LargeBodies::Bucket(_) => None,
    };
    let ours = belongs.map(read).transpose()?.flatten();
    let theirs = identify(client, schema, belongs).await?;
    if let Some(belongs) = belongs {
        match ours {
            Some(ours) if ours == theirs => {}
            None if is_ours(belongs, &theirs)? => {}
            Some(_) | None => return Err(StoreError::OtherFolder { folder: belongs.to_owned() }),
        }
    }
    match read(folder)? {
        Some(ours) if ours == theirs => {}
        // Letters older than the bucket are in one node's folder.
        None if belongs.is_none() && holds_files(client, schema).await? => {
            return Err(StoreError::OtherFolder { folder: folder.to_owned() });
        }
        None => write(folder, &theirs)?,
        Some(_) => return Err(StoreError::OtherFolder { folder: folder.to_owned() }),
    }
    Ok(theirs)
}

/// Whether the folder has letters that are in no bucket.
async fn holds_files(client: &Client, schema: &str) -> Result<bool, StoreError> {
    let question = format!(
        "SELECT 1 FROM {schema}.bodies b WHERE place = 'file'
         AND NOT EXISTS (SELECT 1 FROM {schema}.objects WHERE body = b.id) LIMIT 1"
    );
    let rows =
        client.query_typed(&question, &[]).await.map_err(|error| StoreError::from(Failure::from(error)))?;
    Ok(!rows.is_empty())
}

fn is_ours(folder: &Path, id: &str) -> Result<bool, StoreError> {
    Ok(read(folder)?.as_deref() == Some(id))
}

fn mark(folder: &Path) -> PathBuf {
    folder.join(POSTGRES_MARK)
}

fn read(folder: &Path) -> Result<Option<String>, StoreError> {
    let path = mark(folder);
    match std::fs::read_to_string(&path) {
        Ok(text) => Ok(Some(text.trim().to_owned())),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(source) => Err(StoreError::Path { path, source }),
    }
}

/// The database's id. A database without one gets one, after the folder: a crash in between leaves a folder with an
/// unused id, which the next start replaces.
async fn identify(client: &mut Client, schema: &str, folder: Option<&Path>) -> Result<String, StoreError> {
    let failed = |error: tokio_postgres::Error| StoreError::from(Failure::from(error));
    let change = client.transaction().await.map_err(failed)?;
    change
        .batch_execute(&format!(
            "SET LOCAL search_path = {schema}; SET LOCAL client_min_messages = warning;
             CREATE TABLE IF NOT EXISTS folder (id TEXT NOT NULL); LOCK TABLE folder IN EXCLUSIVE MODE"
        ))
        .await
        .map_err(failed)?;
    let known =
        change.query_typed("SELECT id FROM folder LIMIT 1", &[]).await.map_err(failed)?.into_iter().next();
    if let Some(row) = known {
        return row.try_get(0).map_err(failed);
    }
    let made = change
        .query_typed("INSERT INTO folder (id) SELECT pg_catalog.gen_random_uuid()::text RETURNING id", &[])
        .await
        .map_err(failed)?;
    let id: String = match made.first() {
        Some(row) => row.try_get(0).map_err(failed)?,
        None => return Err(StoreError::Damaged { what: "the store's id" }),
    };
    folder.map_or(Ok(()), |folder| write(folder, &id))?;
    change.commit().await.map_err(failed)?;
    Ok(id)
}

fn write(folder: &Path, id: &str) -> Result<(), StoreError> {
    let path = mark(folder);
    let mut file = Access::of(folder).file(&path)?;
    let written = file
        .set_len(0)
        .and_then(|()| writeln!(file, "{id}"))
        .and_then(|()| file.sync_all())
        .and_then(|()| File::open(folder)?.sync_all());
    written.map_err(|source| StoreError::Path { path, source })
}
