//! What the machine has, and what is fetched for it.

#![cfg(unix)]

use std::io::{Read, Write};
use std::net::TcpListener;

use serde_json::Value;
use tempfile::tempdir;

use crate::support::weir;

/// A registry that answers everything with this.
fn registry(status: &'static str, body: &'static [u8]) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.expect("a connection");
            let mut request = [0; 2048];
            let read = stream.read(&mut request).unwrap_or(0);
            let asked = String::from_utf8_lossy(&request[..read]).into_owned();
            assert!(asked.starts_with("GET /@foundry-rs/anvil-"), "{asked}");
            let head = format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", body.len());
            let _ = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(body));
        }
    });
    url
}

#[test]
fn what_is_there_is_told_with_what_to_do() {
    let home = tempdir().expect("a temporary folder");
    let mut command = weir();
    command.env_remove("WEIR_ANVIL").env("XDG_DATA_HOME", home.path()).args(["doctor", "--json"]);
    let said: Value = serde_json::from_slice(&command.assert().success().get_output().stdout).expect("JSON");
    for what in ["cores", "libav", "tools"] {
        assert_eq!(said[what]["state"], "good", "{said}");
    }
    assert!(said["libav"]["found"].as_str().is_some_and(|text| text.starts_with("libavcodec ")), "{said}");
    assert!(said["anvil"]["state"] == "good" || said["anvil"]["state"] == "missing", "{said}");

    // One that is named and is none is no reason to look for another.
    let wrong = home.path().join("no-anvil");
    let assert = weir().env("WEIR_ANVIL", &wrong).env("XDG_DATA_HOME", home.path()).arg("doctor").assert().success();
    let text = String::from_utf8_lossy(&assert.get_output().stdout).into_owned();
    assert!(text.contains("anvil    missing") && text.contains("weir doctor --install anvil"), "{text}");

    // A home that cannot be written.
    std::fs::write(home.path().join("file"), "").expect("a file");
    let assert = weir().env("XDG_DATA_HOME", home.path().join("file")).arg("doctor").assert().code(1);
    let text = String::from_utf8_lossy(&assert.get_output().stdout).into_owned();
    assert!(text.contains("tools    bad"), "{text}");
}

#[test]
fn nothing_is_installed_that_is_not_what_it_should_be() {
    let cases: [(&str, &[u8], &str); 3] = [
        ("200 OK", b"something else", "its SHA-512 is"),
        ("404 Not Found", b"", "HTTP status 404"),
        ("200 OK", b"", "its SHA-512 is"),
    ];
    for (status, body, says) in cases {
        let home = tempdir().expect("a temporary folder");
        let mut command = weir();
        command.env("npm_config_registry", registry(status, body)).env("XDG_DATA_HOME", home.path());
        let assert = command.args(["doctor", "--install", "anvil"]).assert().code(1);
        let talk = String::from_utf8_lossy(&assert.get_output().stderr).into_owned();
        assert!(talk.contains(says), "{talk}");
        assert!(!home.path().join("weir/tools/anvil").exists());
    }
    let home = tempdir().expect("a temporary folder");
    let mut command = weir();
    command.env("npm_config_registry", "http://127.0.0.1:9").env("XDG_DATA_HOME", home.path());
    let assert = command.args(["doctor", "--install", "anvil"]).assert().code(1);
    let talk = String::from_utf8_lossy(&assert.get_output().stderr).into_owned();
    assert!(talk.contains("refused") && talk.contains("npm_config_registry"), "{talk}");
}
