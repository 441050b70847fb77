//! An OpenLDAP directory in a folder of its own: entries with certificates, and a log of queries. Knows
//! nothing of the product but its directory settings.

use std::fmt::Write as _;
use std::fs;
use std::net::SocketAddr;
use std::process::Command;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use tempfile::TempDir;

use crate::process::{Process, poll, run};
use crate::{Authority, Config, ports};

/// The user who may read below `ou=closed`, and its password: not secret.
pub const READER: (&str, &str) = ("cn=reader,o=Clinic", "reader 4711");

/// Schemas as Debian installs them, with what GnuPG puts into directories, and who may read what.
const CONFIG: &str = "
include /etc/ldap/schema/core.schema
include /etc/ldap/schema/cosine.schema
include /etc/ldap/schema/inetorgperson.schema
attributetype ( 1.3.6.1.4.1.3401.8.2.11 NAME 'pgpKey' EQUALITY caseIgnoreMatch
  SYNTAX 1.3.6.1.4.1.1466.115.121.1.15 SINGLE-VALUE )
objectclass ( 1.3.6.1.4.1.3401.8.2.99 NAME 'keyHolder' SUP top AUXILIARY MAY pgpKey )
modulepath /usr/lib/ldap
moduleload back_mdb
pidfile FOLDER/pid
argsfile FOLDER/args
TLS
database mdb
suffix \"o=Clinic\"
directory FOLDER/rows
maxsize 16777216
access to dn.subtree=\"ou=closed,o=Clinic\" by dn.exact=\"cn=reader,o=Clinic\" read by * none
access to attrs=userPassword by anonymous auth
access to * by * read
";

/// Whether it speaks TLS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Speaks {
    /// By a certificate for `localhost`.
    Tls,
    /// Not at all.
    Clear,
}

/// A running directory.
pub struct Slapd {
    process: Process,
    ldap: SocketAddr,
    ldaps: SocketAddr,
    _folder: TempDir,
}

impl Slapd {
    /// One with these entries, as LDIF.
    #[must_use]
    pub fn new(authority: &Authority, speaks: Speaks, entries: &[String]) -> Self {
        let folder = tempfile::Builder::new().prefix("sealpost-slapd-").tempdir().unwrap();
        let path = folder.path().to_str().unwrap();
        fs::create_dir(folder.path().join("rows")).unwrap();
        let (certificate, key) = authority.issue(&["localhost"]).write(folder.path(), "ldap");
        let tls = match speaks {
            Speaks::Tls => {
                format!(
                    "TLSCertificateFile {}\nTLSCertificateKeyFile {}",
                    certificate.display(),
                    key.display()
                )
            }
            Speaks::Clear => String::new(),
        };
        let config = CONFIG.replace("FOLDER", path).replace("\nTLS\n", &format!("\n{tls}\n"));
        let (file, rows) = (folder.path().join("slapd.conf"), folder.path().join("entries.ldif"));
        fs::write(&file, config).unwrap();
        fs::write(&rows, format!("{}{}", top(), entries.concat())).unwrap();
        let add = run(program("slapadd").arg("-q").arg("-f").arg(&file).arg("-l").arg(&rows));
        assert_eq!(add.0, 0, "slapadd: {add:?}");

        let (ldap, ldaps) = (ports::free(), ports::free());
        let addresses = match speaks {
            Speaks::Tls => format!("ldap://{ldap}/ ldaps://{ldaps}/"),
            Speaks::Clear => format!("ldap://{ldap}/"),
        };
        // It stays in the foreground while it logs queries.
        let mut command = program("slapd");
        command.args(["-h", &addresses, "-d", "stats", "-f"]).arg(&file);
        let process = Process::start("slapd", &mut command);
        let _ = process.output.wait("*slapd starting");
        Self { process, ldap, ldaps, _folder: folder }
    }

    /// Its address for TLS from the first octet.
    #[must_use]
    pub fn ldaps(&self) -> String {
        format!("ldaps://localhost:{}", self.ldaps.port())
    }

    /// Its address for StartTLS and for clear text.
    #[must_use]
    pub fn ldap(&self) -> String {
        format!("ldap://localhost:{}", self.ldap.port())
    }

    /// What it has been asked until now.
    #[must_use]
    pub fn log(&self) -> String {
        self.process.output.text()
    }

    /// Waits until it has logged something.
    pub fn wait_logged(&self, what: &str) {
        poll(what, || self.log().contains(what).then_some(()));
    }

    /// It is gone.
    pub fn stop(&mut self) {
        self.process.kill();
    }
}

/// The gateway asks the directory at this address about `clinic.example`; its authority is in `ca.pem`.
pub fn configure(config: &mut Config, url: &str) {
    config
        .set("partners", "lookup", r#"["ldap"]"#)
        .section("[partners.ldap]")
        .set("[partners.ldap]", "url", &format!("{url:?}"))
        .set("[partners.ldap]", "base", r#""o=Clinic""#)
        .set("[partners.ldap]", "domains", r#"["clinic.example"]"#)
        .set("[partners.ldap]", "networks", r#"["127.0.0.0/8", "::1/128"]"#)
        .set("[partners.ldap]", "ca", r#""ca.pem""#);
}

/// A person below `ou=people` or `ou=closed`, with these attributes.
#[must_use]
pub fn person(below: &str, address: &str, attributes: &[(&str, &[u8])]) -> String {
    let mut entry = format!(
        "dn: cn={name},ou={below},o=Clinic\nobjectClass: inetOrgPerson\nobjectClass: keyHolder\ncn: {name}\nsn: {name}\nmail: \
         {address}\n",
        name = address.replace('@', " at ")
    );
    for (name, value) in attributes {
        writeln!(entry, "{name}:: {}", STANDARD.encode(value)).unwrap();
    }
    entry + "\n"
}

/// An entry that refers to another directory.
#[must_use]
pub fn referral(to: &str) -> String {
    format!(
        "dn: ou=elsewhere,o=Clinic\nobjectClass: referral\nobjectClass: extensibleObject\nou: elsewhere\nref: {to}\n\n"
    )
}

fn top() -> String {
    let (reader, password) = READER;
    let mut top = "dn: o=Clinic\nobjectClass: organization\no: Clinic\n\n".to_owned();
    for unit in ["people", "closed"] {
        write!(top, "dn: ou={unit},o=Clinic\nobjectClass: organizationalUnit\nou: {unit}\n\n").unwrap();
    }
    top + &format!(
        "dn: {reader}\nobjectClass: organizationalRole\nobjectClass: simpleSecurityObject\ncn: reader\nuserPassword: {password}\n\n"
    )
}

fn program(name: &str) -> Command {
    let mut command = Command::new(name);
    let path = std::env::var("PATH").unwrap_or_default();
    command.env("PATH", format!("{path}:/usr/sbin:/sbin"));
    command
}
