//! A gateway whose escrow keys are in a safe: the current one, and the next. Rotates nothing.

use std::process::Command;

use rig::gateway::{Home, binary};
use rig::process::run;
use rig::{Config, Gateway};

/// Started with the key in `old/`; the one in `new/` is made and not in use.
pub(crate) fn with_old_key(config: &mut Config) -> Gateway {
    config.set("gateway", "escrow", r#""offline""#).set("gateway", "escrow-public", r#""old/escrow.public""#);
    let home = Home::new(config);
    for folder in ["old", "new"] {
        let mut command = Command::new(binary());
        let (code, out, err) = run(command.args(["key", "escrow", "--folder"]).arg(home.path().join(folder)));
        assert_eq!(code, 0, "{out}{err}");
    }
    Gateway::start_in(home, config)
}

/// Names the key in `new/` in the configuration, for the next start.
pub(crate) fn name_new_key(gateway: &Gateway, config: &mut Config) {
    config.set("gateway", "escrow-public", r#""new/escrow.public""#);
    gateway.home.write("gateway.toml", config.text().as_bytes());
}
