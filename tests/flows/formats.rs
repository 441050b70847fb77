//! What lies on the disk can be opened without our code: `tests/formats/read.py` does it with a library of others.

use rig::readers::{python, root, said};

#[test]
fn somebody_else_opens_one_of_every_sealed_format() {
    let told = said(python().arg(root().join("tests/formats/read.py")));
    assert!(told.contains("opened: records") && told.contains("session"), "{told}");
}
