//! Roundcube as Debian has it: nginx, php-fpm, Dovecot and SQLite in a folder that vanishes, with one mailbox.

use std::net::SocketAddr;
use std::os::unix::fs::{PermissionsExt as _, chown};
use std::path::Path;
use std::process::Command;

use rig::process::{Process, poll, run};
use rig::{Web, ports};
use tempfile::TempDir;

use crate::web::{Visited, cookies};

/// The owner of the mailbox's files; Dovecot refuses root.
const NOBODY: u32 = 65_534;
const USER: &str = "anna";
const PASSWORD: &str = "Birnbaum-1947-Leiter";
const PROGRAM: &str = "/usr/share/roundcube";

pub(crate) struct Roundcube {
    pub(crate) visited: Visited,
    _servers: [Process; 3],
    _folder: TempDir,
}

impl Roundcube {
    /// Of the package.
    pub(crate) fn version() -> String {
        let (_code, out, _err) =
            run(Command::new("dpkg-query").args(["--show", "--showformat=${Version}", "roundcube-core"]));
        out
    }

    /// Starts all of it, with these letters in the inbox.
    pub(crate) fn start(letters: &[Vec<u8>]) -> Self {
        let folder = tempfile::Builder::new().prefix("roundcube-").tempdir().unwrap();
        let here = folder.path();
        std::fs::set_permissions(here, std::fs::Permissions::from_mode(0o755)).unwrap();
        fill(&here.join("mail"), letters);
        let (imap, web) = (ports::free(), ports::free());
        let dovecot = dovecot(here, imap);
        let php = php(here, imap);
        let nginx = nginx(here, web);
        for address in [imap, web] {
            poll("Roundcube", || std::net::TcpStream::connect(address).ok());
        }
        let visited = signed_in(web, letters.len());
        Self { visited, _servers: [nginx, php, dovecot], _folder: folder }
    }
}

/// A maildir with letters that have been seen.
fn fill(mail: &Path, letters: &[Vec<u8>]) {
    let owned = |path: &Path| {
        std::fs::create_dir_all(path).unwrap();
        chown(path, Some(NOBODY), Some(NOBODY)).unwrap();
    };
    owned(mail);
    for name in ["cur", "new", "tmp"] {
        owned(&mail.join(name));
    }
    for (number, letter) in letters.iter().enumerate() {
        let file = mail.join("cur").join(format!("{}.{number}.bench:2,S", 1_764_000_000 + number));
        std::fs::write(&file, letter).unwrap();
        chown(&file, Some(NOBODY), Some(NOBODY)).unwrap();
    }
}

fn dovecot(here: &Path, imap: SocketAddr) -> Process {
    let at = here.display();
    let text = format!(
        "base_dir = {at}/dovecot\nstate_dir = {at}/dovecot\nlog_path = {at}/dovecot.log\nprotocols = imap\n\
         listen = 127.0.0.1\nssl = no\ndisable_plaintext_auth = no\nmail_location = maildir:{at}/mail\n\
         first_valid_uid = 1\nmail_max_userip_connections = 100\n\
         passdb {{\n  driver = static\n  args = password={PASSWORD}\n}}\n\
         userdb {{\n  driver = static\n  args = uid={NOBODY} gid={NOBODY} home={at}/mail\n}}\n\
         service imap-login {{\n  inet_listener imap {{\n    port = {}\n  }}\n  inet_listener imaps {{\n    port = 0\n  }}\n}}\n",
        imap.port()
    );
    let file = here.join("dovecot.conf");
    std::fs::write(&file, text).unwrap();
    Process::start("dovecot", Command::new("/usr/sbin/dovecot").arg("-F").arg("-c").arg(&file))
}

fn php(here: &Path, imap: SocketAddr) -> Process {
    let at = here.display();
    for name in ["logs", "temp", "config"] {
        std::fs::create_dir(here.join(name)).unwrap();
    }
    let config = format!(
        "<?php\n$config = [];\n$config['db_dsnw'] = 'sqlite:///{at}/roundcube.db?mode=0600';\n\
         $config['imap_host'] = '127.0.0.1:{}';\n$config['des_key'] = 'bench-bench-bench-bench!';\n\
         $config['log_dir'] = '{at}/logs/';\n$config['temp_dir'] = '{at}/temp/';\n$config['plugins'] = [];\n\
         $config['skin'] = 'elastic';\n$config['language'] = 'de_DE';\n$config['mail_pagesize'] = 50;\n",
        imap.port()
    );
    std::fs::write(here.join("config/config.inc.php"), config).unwrap();
    for name in ["defaults.inc.php", "mimetypes.php"] {
        std::fs::copy(Path::new("/etc/roundcube").join(name), here.join("config").join(name)).unwrap();
    }
    let made = "$d = new PDO('sqlite:' . $argv[1]); $d->exec(file_get_contents($argv[2]));";
    let (code, out, err) = run(Command::new("php")
        .args(["-r", made, "--"])
        .arg(here.join("roundcube.db"))
        .arg(Path::new(PROGRAM).join("SQL/sqlite.initial.sql")));
    assert_eq!(code, 0, "{out}{err}");
    let pool = format!(
        "[global]\nerror_log = {at}/php.log\n[www]\nuser = root\ngroup = root\nlisten = {at}/php.sock\npm = static\n\
         pm.max_children = {}\nenv[ROUNDCUBE_CONFIG_DIR] = {at}/config\n",
        4
    );
    let file = here.join("php-fpm.conf");
    std::fs::write(&file, pool).unwrap();
    let version =
        std::fs::read_dir("/etc/php").unwrap().flatten().map(|entry| entry.file_name()).max().unwrap();
    let program = format!("/usr/sbin/php-fpm{}", version.to_string_lossy());
    let php = Process::start("php-fpm", Command::new(program).args(["-R", "-F", "-y"]).arg(&file));
    poll("php-fpm", || here.join("php.sock").exists().then_some(()));
    php
}

fn nginx(here: &Path, web: SocketAddr) -> Process {
    let at = here.display();
    let text = format!(
        "daemon off;\nuser root;\nworker_processes 2;\npid {at}/nginx.pid;\nerror_log {at}/nginx.log;\n\
         events {{ worker_connections 256; }}\nhttp {{\n  access_log off;\n  include /etc/nginx/mime.types;\n\
         client_body_temp_path {at}/temp/body; proxy_temp_path {at}/temp/proxy; fastcgi_temp_path {at}/temp/fastcgi;\n\
         uwsgi_temp_path {at}/temp/uwsgi; scgi_temp_path {at}/temp/scgi;\n\
         server {{\n    listen {web};\n    root {PROGRAM};\n    index index.php;\n\
         location ~ \\.php$ {{ include /etc/nginx/fastcgi_params; fastcgi_param SCRIPT_FILENAME {PROGRAM}$fastcgi_script_name;\n\
         fastcgi_pass unix:{at}/php.sock; }}\n  }}\n}}\n"
    );
    let file = here.join("nginx.conf");
    std::fs::write(&file, text).unwrap();
    Process::start("nginx", Command::new("/usr/sbin/nginx").arg("-c").arg(&file).arg("-p").arg(here))
}

fn signed_in(web: SocketAddr, letters: usize) -> Visited {
    let mut browser = Web::new(web);
    // Roundcube sends its pages in pieces.
    let form = browser.get("/");
    let token = form
        .text()
        .split("name=\"_token\" value=\"")
        .nth(1)
        .and_then(|rest| rest.split('"').next().map(str::to_owned));
    assert!(token.is_some(), "no form to log in: {}", form.text());
    let token = token.unwrap();
    let fields = [
        ("_token", token.as_str()),
        ("_task", "login"),
        ("_action", "login"),
        ("_timezone", "Europe/Berlin"),
        ("_url", ""),
        ("_user", USER),
        ("_pass", PASSWORD),
    ];
    let answer = browser.post("/?_task=login", &fields);
    assert_eq!(answer.status, 302, "not signed in: {}", answer.text());
    let inbox = vec![
        "/?_task=mail&_mbox=INBOX".to_owned(),
        "/?_task=mail&_action=list&_mbox=INBOX&_remote=1&_unlock=loading1".to_owned(),
    ];
    let letter = vec!["/?_task=mail&_mbox=INBOX&_uid=1&_action=show".to_owned()];
    browser.extra.push("X-Requested-With: XMLHttpRequest".to_owned());
    let list = browser.get(&inbox[1]).text();
    assert_eq!(list.matches("add_message_row").count(), letters, "not all letters are there: {list}");
    let shown = browser.get(&letter[0]).text();
    assert!(shown.contains("Haftpflicht"), "the letter is not shown: {shown}");
    Visited { address: web, cookies: cookies(&browser), log_in: vec!["/".to_owned()], inbox, letter }
}
