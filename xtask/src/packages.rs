//! System packages: installs missing ones with apt if permitted, else prints the exact command.
//!
//! Must never know: what the packages are used for beyond one line to print.

use std::process::{Command, Stdio};

/// One thing the machine must have.
pub(crate) struct Need {
    /// Shell test that succeeds when it is there.
    probe: &'static str,
    /// Debian and Ubuntu package that brings it.
    package: &'static str,
    /// What we need it for.
    purpose: &'static str,
}

/// Enough for the demo.
pub(crate) const BUILD: &[Need] = &[
    Need {
        probe: "command -v cc && command -v make",
        package: "build-essential",
        purpose: "C compiler for SQLite and the cryptographic libraries",
    },
    Need {
        probe: "perl -MIPC::Cmd -MFile::Compare -MTime::Piece -e 1",
        package: "perl",
        purpose: "configures OpenSSL before it is built",
    },
    Need {
        probe: "ls /usr/lib/llvm-*/lib/ | grep -q '^libclang.*[.]so'",
        package: "libclang-dev",
        purpose: "reads OpenSSL's headers for OpenPGP",
    },
];

/// What the tests and the benchmark need beyond [`BUILD`].
pub(crate) const TEST: &[Need] = &[
    Need {
        probe: "command -v postfix && command -v smtp-source",
        package: "postfix",
        purpose: "the insurer's mail server, the reference for conformance and benchmark",
    },
    Need {
        probe: "ls /usr/lib/postgresql/*/bin/initdb && command -v psql",
        package: "postgresql",
        purpose: "the second engine; the tests start servers of their own",
    },
    Need {
        probe: "command -v haproxy || test -x /usr/sbin/haproxy",
        package: "haproxy",
        purpose: "a balancer in front of listeners and portal",
    },
    Need {
        probe: "command -v pgbouncer || test -x /usr/sbin/pgbouncer",
        package: "pgbouncer",
        purpose: "a pool in front of the database",
    },
    Need { probe: "command -v chromium", package: "chromium", purpose: "the recipient's browser" },
    Need { probe: "command -v chromedriver", package: "chromium-driver", purpose: "drives the browser" },
    Need {
        probe: "command -v npm",
        package: "npm",
        purpose: "fetches axe-core, html-validate and HTML CodeSniffer, which judge our pages",
    },
    Need {
        probe: "command -v openssl",
        package: "openssl",
        purpose: "a TLS client that is not ours, and another program's S/MIME",
    },
    Need {
        probe: "command -v softhsm2-util && test -e /usr/lib/softhsm/libsofthsm2.so",
        package: "softhsm2",
        purpose: "a token that private keys lie in",
    },
    Need {
        probe: "command -v slapd && command -v slapadd && test -e /etc/ldap/schema/inetorgperson.schema",
        package: "slapd",
        purpose: "a directory that has partners' certificates",
    },
    Need { probe: "command -v pkcs11-tool", package: "opensc", purpose: "another program's view of a token" },
    Need {
        probe: "command -v gpg && command -v gpg-agent",
        package: "gnupg",
        purpose: "another program's OpenPGP",
    },
    Need { probe: "command -v sq", package: "sq", purpose: "another version of Sequoia's OpenPGP" },
    Need {
        probe: "command -v rnp && command -v rnpkeys",
        package: "rnp",
        purpose: "the OpenPGP of Thunderbird",
    },
    Need { probe: "command -v gpgsm", package: "gpgsm", purpose: "another program's S/MIME" },
    Need {
        probe: "command -v cmsutil && command -v certutil && command -v pk12util",
        package: "libnss3-tools",
        purpose: "the S/MIME of Thunderbird",
    },
    Need {
        probe: "command -v java && command -v javac",
        package: "default-jdk-headless",
        purpose: "runs BouncyCastle",
    },
    Need {
        probe: "test -e /usr/share/java/bcmail.jar && test -e /usr/share/java/javax.mail.jar",
        package: "libbcmail-java",
        purpose: "the S/MIME of gateways written in Java",
    },
    Need { probe: "command -v node", package: "nodejs", purpose: "runs OpenPGP.js" },
    Need {
        probe: "command -v pdfinfo && command -v pdfdetach && command -v pdftotext",
        package: "poppler-utils",
        purpose: "reads PDF files",
    },
    Need { probe: "command -v qpdf", package: "qpdf", purpose: "checks PDF files" },
    Need {
        probe: "command -v msgconvert",
        package: "libemail-outlook-message-perl",
        purpose: "reads .msg files",
    },
    Need {
        probe: "perl -MEmail::Address -e 1",
        package: "libemail-address-perl",
        purpose: "lets msgconvert read addresses",
    },
    Need {
        probe: "/usr/bin/python3 -c 'import venv, ensurepip'",
        package: "python3-venv",
        purpose: "installs more readers of our formats, for the tests alone",
    },
];

/// For pictures of the webmail.
pub(crate) const PICTURES: &[Need] =
    &[Need { probe: "command -v pngquant", package: "pngquant", purpose: "makes pictures small" }];

/// Another webmail, for comparison measurements.
pub(crate) const WEB: &[Need] = &[
    Need {
        probe: "test -e /usr/share/roundcube/SQL/sqlite.initial.sql && test -e /etc/roundcube/defaults.inc.php",
        package: "roundcube-core roundcube-sqlite3",
        purpose: "the webmail ours is measured beside",
    },
    Need { probe: "command -v dovecot", package: "dovecot-imapd", purpose: "where Roundcube finds letters" },
    Need { probe: "ls /usr/sbin/php-fpm*", package: "php-fpm", purpose: "runs Roundcube" },
    Need { probe: "command -v nginx", package: "nginx-light", purpose: "the web server before Roundcube" },
];

/// Postfix alone: the benchmark.
pub(crate) fn postfix() -> &'static [Need] {
    TEST.get(..1).unwrap_or(TEST)
}

/// Daemons are in sbin, which a user's PATH often lacks.
const PATH: &str = "PATH=$PATH:/usr/sbin:/sbin; ";

/// Makes sure that everything is there, or says what to type.
pub(crate) fn need(needs: &[Need]) -> Result<(), String> {
    let missing: Vec<&Need> = needs.iter().filter(|need| !shell(need.probe)).collect();
    if missing.is_empty() {
        return Ok(());
    }
    for need in &missing {
        println!("missing: {:<22} ({})", need.package, need.purpose);
    }
    let names = missing.iter().map(|need| need.package).collect::<Vec<_>>().join(" ");
    let by_hand = format!("sudo apt-get update && sudo apt-get install --no-install-recommends -y {names}");
    let mut command = if shell("test \"$(id -u)\" = 0") {
        Command::new("sh")
    } else if shell("sudo -n true") {
        let mut command = Command::new("sudo");
        command.args(["-n", "sh"]);
        command
    } else {
        return Err(format!("neither root nor sudo without a password, so please type:\n\n    {by_hand}\n"));
    };
    println!("installing: {names}");
    let installed = command.arg("-c").arg(script(&names)).status().is_ok_and(|status| status.success());
    if installed && needs.iter().all(|need| shell(need.probe)) {
        Ok(())
    } else {
        Err(format!("apt could not install all of it; please type:\n\n    {by_hand}\n"))
    }
}

/// Installs without starting any daemon: we run our own instances, never the system's.
fn script(names: &str) -> String {
    format!(
        "set -e
         export DEBIAN_FRONTEND=noninteractive
         if [ ! -e /usr/sbin/policy-rc.d ]; then
             trap 'rm -f /usr/sbin/policy-rc.d' EXIT
             printf '#!/bin/sh\\nexit 101\\n' > /usr/sbin/policy-rc.d
             chmod 755 /usr/sbin/policy-rc.d
         fi
         apt-get update -q
         apt-get install --no-install-recommends -y -q {names}"
    )
}

fn shell(test: &str) -> bool {
    Command::new("sh")
        .arg("-c")
        .arg(format!("{PATH}{test}"))
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}
