//! docs/schema.md: the schema after all migrations, table by table. Used by a test only; knows no row.

use std::fmt::Write as _;
use std::path::Path;

use rusqlite::Connection;

use super::migrate::migrate;

/// What each table is for. A new one needs its line.
const TABLES: &[(&str, &str)] = &[
    ("audit", "what happened and who did it, without content"),
    ("audit_anchors", "where the audit trail ends, and up to where the operator has let it go, proven"),
    (
        "audit_counts",
        "log-ins that failed, by mailbox or login, network and minute, and letters that our own keys for partners opened and \
         signed, until they are a row of the trail",
    ),
    ("believed_time", "what the jobs last believed the time to be"),
    ("bodies", "sealed bodies: small ones here, large ones as files or in a bucket"),
    ("bounce_memos", "what must be known when a notice or a reply comes back (VERP)"),
    ("deposits", "letters in mailboxes: what the list shows and the message key, sealed to the mailbox"),
    ("draft_files", "files of drafts"),
    ("drafts", "letters being written"),
    ("ended_sessions", "sessions that somebody else has ended, so that their browser can be told"),
    ("filed", "which letters lie in folders of their owners' own, and where they lay before"),
    ("fingerprints", "letters accepted lately, so that a lost 250 does not make two of one (RFC 1047)"),
    ("gone_unread", "letters that went unread, and how, until their senders know"),
    ("hook_events", "what the operator's own systems are still to be told, a row for each receiver"),
    ("hooks", "the receivers of that, as the configuration has them"),
    ("job_runs", "how each run of a job ended"),
    ("jobs", "when each job is due, and who has it"),
    ("key_lookups", "what was found lately where partners' keys are looked for"),
    ("key_warnings", "of which step towards a key's end the operator was last told"),
    ("legs", "the queue: one recipient's copy on its way out, its facts in a sealed ticket"),
    ("mailboxes", "one for each address, by its keyed tag"),
    ("moves", "whether this store is on its way to another place, or there no more"),
    (
        "mta_sts_policies",
        "MTA-STS policies of domains that mail goes to, until they run out, sealed, by keyed tag",
    ),
    ("newcomers", "who is between an activation link and a password"),
    ("nodes", "processes that serve over one PostgreSQL, and when each last gave a sign of life"),
    ("ocsp_answers", "what an authority last said of a partner's certificate, and when to ask again"),
    ("objects", "which large bodies are in a bucket, on their way there, or on their way out of it"),
    ("originals", "encrypted letters from the world as they came, for a while, to be opened again"),
    (
        "own_keys",
        "our keys for partners: the public side for whoever shows it, the private side for whoever uses it",
    ),
    (
        "own_folders",
        "folders that owners have made; a name is sealed under a key that only its owner can wrap",
    ),
    (
        "pace",
        "how often an owner is to be told of new letters, as the owner has set it, and when that was last",
    ),
    ("partner_keys", "partners' certificates and keys, with what an operator has said of each"),
    ("partner_places", "which domain or address belongs to which partner, by keyed tag"),
    ("partners", "companies that letters are exchanged with in encrypted form"),
    ("reminded", "when an owner was last reminded of letters, or of the mailbox's end"),
    ("requests", "who has asked support for help"),
    ("resting", "destinations to which nothing comes through, for who looks at the queue"),
    (
        "revocation_lists",
        "lists of revoked certificates that were fetched, and what came of asking for each last",
    ),
    ("schema_version", "which changes have been made and when, and which programs may work with each"),
    ("sent_lately", "what counts against quotas"),
    ("sessions", "who is signed in: the mailbox's secret, sealed under the cookie's"),
    ("threads", "Message-IDs of the portal, as keyed tags: replies to them stay confidential"),
    ("tokens", "links of activation and reset, as keyed hashes"),
    (
        "tls_reported",
        "which domains were told of which day how their servers spoke TLS (RFC 8460), by keyed tag",
    ),
    (
        "tls_sessions",
        "how sessions with servers of recipients' domains went under TLS, counted by day, sealed, by keyed tag",
    ),
    ("tls_submissions", "reports on that which go by https, until their receivers have them"),
    ("told_unfetched", "letters whose senders know that nobody fetches them"),
    ("trash", "letters their owners have deleted, until they go"),
    ("tries", "wrong passwords and answers, by keyed tag"),
    ("unannounced", "letters that wait for the next notice, with others"),
    ("unreachable", "addresses that notices came back from"),
    ("upload_pieces", "pieces of files that are still coming"),
    ("uploads", "files that are still coming"),
    ("waits_from", "from when a letter's waiting counts where a hold has kept it"),
    ("wished", "terms that senders have asked for, by letter"),
    ("withdrawn", "letters that were taken back, until their recipients have been told"),
    ("words", "the words of a letter, for who searches; sealed under its own key"),
    ("wraps", "a mailbox's secret, under each of the ways in"),
];

const TOP: &str = "# The schema

What the rows are after all changes in `crates/store/schema/`, as the engine has it. Every `*_sealed`, `sealed` and `bytes`
column holds what only the vault can open ([formats](formats.md)); every `tag`, `hash` and `mac` is keyed, but
`return_hash`, which is of a random word. Made by
`SEALPOST_WRITE=1 cargo test -p sealpost-store schema_page`; a test holds it to the schema.
";

fn page() -> String {
    let mut connection = Connection::open_in_memory().unwrap();
    migrate(&mut connection).unwrap();
    let mut out = TOP.to_owned();
    let mut question = connection
        .prepare("SELECT name, sql FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name")
        .unwrap();
    let tables = question.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
    for table in tables {
        let (name, sql): (String, String) = table.unwrap();
        let job = TABLES.iter().find(|(known, _)| *known == name).map(|(_, job)| *job);
        let job = job.unwrap_or_else(|| panic!("say in schema_page.rs what the table {name} is for"));
        let _ = write!(out, "\n## {name}\n\n{job}.\n\n```sql\n{sql}\n```\n");
    }
    out
}

#[test]
fn the_page_is_the_schema() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/schema.md");
    let page = page();
    for (name, _) in TABLES {
        assert!(page.contains(&format!("\n## {name}\n")), "there is no table {name} any more");
    }
    if std::env::var_os("SEALPOST_WRITE").is_some() {
        std::fs::write(&file, &page).unwrap();
    }
    assert_eq!(std::fs::read_to_string(&file).unwrap_or_default(), page, "make it again: see its top");
}
