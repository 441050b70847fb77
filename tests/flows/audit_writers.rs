//! Several processes write the audit trail at once, and one is killed: it remains one chain, and contains
//! nothing that did not happen.

use std::process::{Child, Command, Stdio};

use rig::gateway::binary;
use rig::{Config, Gateway, Hop, Smtp, letters};

const LETTERS: usize = 40;

/// A command that runs in parallel.
fn beside(gateway: &Gateway, args: &[&str]) -> Child {
    let mut command = Command::new(binary());
    command.args(args).arg("--config").arg(gateway.home.config()).current_dir(gateway.home.path());
    command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
}

fn verified(gateway: &Gateway) -> String {
    let (code, out, err) = gateway.sealpost(&["audit", "verify"]);
    assert_eq!(code, 0, "{out}{err}");
    out
}

#[test]
fn many_writers_and_a_kill_leave_one_chain() {
    let hop = Hop::new();
    let config = Config::new(&hop);
    let mut gateway = Gateway::start(&config);
    let letter = letters::plain("[vertraulich] x", "x");
    gateway.smtp().letter("a@insurer.example", &["k@web.example"], &letter).expect("250 *");
    let accepted = std::thread::scope(|scope| {
        let clients: Vec<_> = (0..4)
            .map(|client| {
                let (letter, config) = (&letter, &config);
                scope.spawn(move || {
                    let mut accepted = 0;
                    let mut session = Smtp::connect(config.smtp);
                    session.ehlo();
                    for nth in 0..LETTERS / 4 {
                        let to = format!("k{client}-{nth}@web.example");
                        session.letter("a@insurer.example", &[&to], letter).expect("250 *");
                        accepted += 1;
                    }
                    accepted
                })
            })
            .collect();
        for turn in 0..6 {
            let end: &[&str] = if turn % 2 == 0 { &[] } else { &["--end"] };
            let hold = [&["mailbox", "hold", "k@web.example", "--note", "Verfahren"], end].concat();
            let mut running = [beside(&gateway, &hold), beside(&gateway, &["jobs", "run", "retention"])];
            for child in &mut running {
                child.wait().unwrap();
            }
        }
        clients.into_iter().map(|client| client.join().unwrap()).sum::<usize>()
    });
    assert_eq!(accepted, LETTERS);
    let deposited = "SELECT count(*) FROM audit WHERE action = 'letter.deposited'";
    assert_eq!(gateway.count(deposited), i64::try_from(accepted).unwrap() + 1);
    assert_eq!(gateway.count("SELECT count(*) FROM audit WHERE action = 'mailbox.held'"), 3);
    assert_eq!(gateway.count("SELECT count(*) FROM audit WHERE action = 'mailbox.hold-ended'"), 3);
    assert_eq!(gateway.count("SELECT count(*) - max(seq) FROM audit"), 0);
    verified(&gateway);

    // Killed while letters come and while a command writes.
    let mut held = beside(&gateway, &["mailbox", "hold", "k@web.example", "--note", "Verfahren"]);
    let mut session = gateway.smtp();
    for nth in 0..5 {
        session.letter("a@insurer.example", &[&format!("z{nth}@web.example")], &letter).expect("250 *");
    }
    session.envelope("a@insurer.example", &["amid@web.example"]);
    session.say("DATA").expect("354 *");
    session.bytes(&letter);
    session.bytes(b".\r\n");
    gateway.kill();
    held.wait().unwrap();
    gateway.restart();
    gateway.smtp().letter("a@insurer.example", &["after@web.example"], &letter).expect("250 *");
    verified(&gateway);
    // Each letter that is there has its row, and each row its letter.
    let without = "SELECT count(*) FROM deposits WHERE id NOT IN (SELECT object FROM audit WHERE action = 'letter.deposited')";
    let too_many = "SELECT count(*) FROM audit WHERE action = 'letter.deposited' AND object NOT IN (SELECT id FROM deposits)";
    assert_eq!((gateway.count(without), gateway.count(too_many)), (0, 0));
    gateway.sweep();
}
