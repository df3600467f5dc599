//! Anvil as a child process.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use alloy_primitives::{Address, U256};
use serde_json::json;
use weir_anvil::{Anvil, AnvilError, Fork, Options, VERSION, find, is_here, program};

fn script(folder: &Path, text: &str) -> PathBuf {
    let path = folder.join("anvil");
    std::fs::write(&path, text).expect("a file");
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).expect("a mode");
    path
}

fn runs(pid: u32) -> bool {
    Command::new("kill").args(["-0", &pid.to_string()]).status().expect("kill is there").success()
}

#[test]
fn time_goes_in_steps_and_only_when_it_is_told_to() {
    let Some(program) = is_here() else { return };
    assert_eq!(program::version(&program).expect("it says so"), VERSION);
    let options = Options { number: 1_000, timestamp: Some(1_700_000_000), ..Options::default() };
    let mut anvil = Anvil::start(&program, options).expect("it starts");
    assert_eq!((anvil.number().expect("it answers"), anvil.time().expect("it answers")), (1_000, 1_700_000_000));

    let who = Address::repeat_byte(7);
    anvil.set_balance(who, U256::from(1_000_000_000u64)).expect("it answers");
    let to = Address::repeat_byte(8);
    let send = |nonce| json!([{ "from": who, "to": to, "value": "0x5", "gasPrice": "0x0", "nonce": nonce }]);
    let both = [("eth_sendTransaction", send("0x0")), ("eth_sendTransaction", send("0x1"))];
    anvil.ask_all(&both).expect("it takes them");
    assert_eq!(anvil.number().expect("it answers"), 1_000, "nothing is mined by itself");
    // 50 s in: the block of 48 s is next.
    anvil.advance_to(50).expect("it mines");
    assert_eq!((anvil.number().expect("it answers"), anvil.time().expect("it answers")), (1_003, 1_700_000_036));
    anvil.advance_to(40).expect("nothing to do");
    anvil.mine(1).expect("it mines");
    assert_eq!((anvil.number().expect("it answers"), anvil.time().expect("it answers")), (1_004, 1_700_000_048));
    assert_eq!(anvil.balance(to).expect("it answers"), U256::from(10));
    assert_eq!(anvil.nonce(who).expect("it answers"), 2);
    anvil.mine_before(1_010).expect("it mines");
    assert_eq!(anvil.number().expect("it answers"), 1_009);
    anvil.mine_before(1_005).expect("nothing to do");
    assert_eq!(anvil.number().expect("it answers"), 1_009);
}

#[test]
fn a_refusal_is_an_error_and_the_line_goes_on() {
    let Some(program) = is_here() else { return };
    let mut anvil = Anvil::start(&program, Options::default()).expect("it starts");
    let error = anvil.ask("eth_noSuchThing", json!([])).expect_err("there is none");
    assert!(matches!(&error, AnvilError::Refused { method, .. } if method == "eth_noSuchThing"), "{error}");
    let mark = anvil.snapshot().expect("it answers");
    anvil.set_storage(Address::repeat_byte(9), U256::from(1), U256::from(77)).expect("it answers");
    assert_eq!(anvil.storage(Address::repeat_byte(9), U256::from(1)).expect("it answers"), U256::from(77));
    anvil.revert(&mark).expect("it is there");
    assert_eq!(anvil.storage(Address::repeat_byte(9), U256::from(1)).expect("it answers"), U256::ZERO);
    let error = anvil.revert(&json!("0x99")).expect_err("there is none");
    assert!(matches!(error, AnvilError::Answer { .. } | AnvilError::Refused { .. }), "{error}");
}

#[test]
fn it_ends_with_the_value_and_leaves_nothing() {
    let Some(program) = is_here() else { return };
    let anvil = Anvil::start(&program, Options::default()).expect("it starts");
    let (pid, socket) = (anvil.pid(), anvil.socket());
    assert!(runs(pid) && socket.exists());
    drop(anvil);
    assert!(!runs(pid) && !socket.exists() && !socket.parent().expect("a folder").exists());

    let mut anvil = Anvil::start(&program, Options::default()).expect("it starts");
    Command::new("kill").args(["-9", &anvil.pid().to_string()]).status().expect("kill is there");
    let error = (0..100)
        .find_map(|_| {
            std::thread::sleep(std::time::Duration::from_millis(20));
            anvil.number().err()
        })
        .expect("it is gone");
    assert!(matches!(error, AnvilError::Ended { .. } | AnvilError::Line(_)), "{error}");
}

#[test]
fn one_forks_another_over_http() {
    let Some(program) = is_here() else { return };
    let options = Options { http: true, number: 500, ..Options::default() };
    let mut remote = Anvil::start(&program, options).expect("it starts");
    remote.set_balance(Address::repeat_byte(3), U256::from(42)).expect("it answers");
    remote.mine(1).expect("it mines");
    let fork = Some(Fork { url: remote.http().expect("it was asked for"), block: Some(501) });
    let mut fork = Anvil::start(&program, Options { fork, ..Options::default() }).expect("it starts");
    assert_eq!(fork.number().expect("it answers"), 501);
    assert_eq!(fork.balance(Address::repeat_byte(3)).expect("it answers"), U256::from(42));
}

#[test]
fn what_is_not_anvil_is_told_from_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let missing = find(Some(&folder.path().join("nothing"))).expect_err("it is not there");
    assert!(matches!(missing, AnvilError::NotFound { .. }), "{missing}");
    assert!(missing.to_string().contains("weir doctor --install anvil"), "{missing}");

    let fails = script(folder.path(), "#!/bin/sh\necho 'Error: no such option' >&2\nexit 2\n");
    assert_eq!(find(Some(&fails)).expect("it is there"), fails);
    let error = Anvil::start(&fails, Options::default()).expect_err("it ends");
    assert!(matches!(error, AnvilError::Ended { .. }), "{error:?}");
    assert!(error.to_string().contains("no such option"), "{error}");
    assert!(matches!(program::version(&fails), Err(AnvilError::NotAnvil { .. })));

    std::fs::write(&fails, "text").expect("a file");
    std::fs::set_permissions(&fails, std::fs::Permissions::from_mode(0o644)).expect("a mode");
    let error = Anvil::start(&fails, Options::default()).expect_err("it is no program");
    assert!(matches!(error, AnvilError::Start { .. }), "{error:?}");
}
