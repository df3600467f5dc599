//! Inputs and outputs that cannot be used: a clear failure, and nothing left behind.

use crate::support::{files, ladder, recorded, rung};
use std::fs;
use std::path::{Path, PathBuf};
use weir_media::ladder::Encoder;
use weir_media::{Ladder, LibavTranscoder, MediaError, Rung, Transcoder, probe, segment, thumbnail};

fn small() -> Ladder {
    ladder(vec![rung("a", 256, 144), rung("b", 426, 240)])
}

fn fails(source: &Path, ladder: &Ladder) -> MediaError {
    let out = tempfile::tempdir().expect("a folder");
    let error = LibavTranscoder::default()
        .transcode(source, ladder, out.path())
        .expect_err("a source or ladder that cannot be used");
    assert!(files(out.path()).is_empty(), "{}: {:?}", source.display(), files(out.path()));
    error
}

/// A file with some content in a folder that lives as long as the result.
fn file(name: &str, content: &[u8]) -> (tempfile::TempDir, PathBuf) {
    let dir = tempfile::tempdir().expect("a folder");
    let path = dir.path().join(name);
    fs::write(&path, content).expect("a file");
    (dir, path)
}

#[test]
fn bad_sources_fail_with_their_reason() {
    let dir = tempfile::tempdir().expect("a folder");
    let missing = dir.path().join("missing.ts");
    let cases = [
        (missing.clone(), format!("cannot open {}: No such file or directory (os error 2)", missing.display())),
        (
            dir.path().to_owned(),
            format!("{} is no readable media file: it is not a regular file", dir.path().display()),
        ),
        (recorded("empty.ts"), "is no readable media file: it is empty".to_owned()),
        (recorded("garbage.ts"), "is no readable media file: Invalid data found".to_owned()),
        (recorded("audio_only.ts"), "audio_only.ts has no video stream".to_owned()),
        (recorded("no_first_key.ts"), "has a video stream without a picture that can be decoded".to_owned()),
    ];
    for (path, want) in cases {
        let error = fails(&path, &small()).to_string();
        assert!(error.contains(&want), "{error}");
        let out = tempfile::tempdir().expect("a folder");
        let cut = segment(&path, 2.0, out.path()).expect_err("no segments").to_string();
        assert!(cut.contains(&want) && files(out.path()).is_empty(), "{cut}");
        let picture = thumbnail(&path, 0.0, 100).expect_err("no picture").to_string();
        assert!(picture.contains(&want), "{picture}");
    }
}

#[test]
fn playlists_and_scripts_are_not_followed() {
    let inner = recorded("bbb_0.ts");
    let cases = [
        ("list.m3u8", format!("#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\n{}\n#EXT-X-ENDLIST\n", inner.display())),
        ("list.ts", format!("ffconcat version 1.0\nfile '{}'\n", inner.display())),
        ("list.mpd", format!("<?xml version=\"1.0\"?><MPD><BaseURL>{}</BaseURL></MPD>", inner.display())),
    ];
    for (name, content) in cases {
        let (_dir, path) = file(name, content.as_bytes());
        let error = fails(&path, &small());
        assert!(matches!(error, MediaError::Unreadable { .. }), "{name}: {error}");
    }
}

#[test]
fn names_that_libav_would_read_as_addresses_are_files() {
    let dir = tempfile::tempdir().expect("a folder");
    let odd = dir.path().join("http:a b%d?x#y");
    fs::create_dir(&odd).expect("a folder");
    let source = odd.join("pipe:0.ts");
    fs::copy(recorded("one_frame.ts"), &source).expect("a file");
    let rungs = vec![rung("concat:a|b %03d ü", 256, 144)];
    let done = LibavTranscoder::default().transcode(&source, &ladder(rungs), &odd).expect("a rendition");
    assert_eq!(done.renditions[0].path, odd.join("concat:a|b %03d ü.ts"));
    assert_eq!(files(&odd), ["concat:a|b %03d ü.ts", "pipe:0.ts"]);
}

#[cfg(target_os = "linux")]
#[test]
fn names_that_are_not_text_are_refused() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;
    let dir = tempfile::tempdir().expect("a folder");
    let path = dir.path().join(OsStr::from_bytes(b"\xff.ts"));
    fs::copy(recorded("one_frame.ts"), &path).expect("a file");
    assert!(matches!(fails(&path, &small()), MediaError::Unreadable { .. }));
    let out = dir.path().join(OsStr::from_bytes(b"\xfe"));
    fs::create_dir(&out).expect("a folder");
    let error = LibavTranscoder::default().transcode(&recorded("bbb_0.ts"), &small(), &out).expect_err("no such name");
    assert!(matches!(error, MediaError::Write { .. }), "{error}");
    assert!(files(&out).is_empty());
}

#[test]
fn ladders_that_cannot_be_made_are_refused() {
    let with = |change: &dyn Fn(&mut Rung)| {
        let mut r = rung("x", 256, 144);
        change(&mut r);
        ladder(vec![rung("good", 256, 144), r])
    };
    let cases: [(Ladder, &str); 9] = [
        (with(&|r| r.encoder = Encoder::Hevc), "rendition x: no encoder for HEVC"),
        (with(&|r| r.encoder = Encoder::Vp9), "rendition x: no encoder for VP9"),
        (with(&|r| (r.profile.width, r.profile.height) = (0, 0)), "a size of 0x0 cannot be encoded"),
        (with(&|r| r.profile.width = 9000), "a size of 9000x144 cannot be encoded"),
        (with(&|r| r.profile.fps = u32::MAX), "a frame rate of 4294967295 cannot be encoded"),
        (with(&|r| r.profile.name = "../x".to_owned()), "rendition name \"../x\" is no file name"),
        (with(&|r| r.profile.name = String::new()), "rendition name \"\" is empty"),
        (with(&|r| r.profile.name = "x".repeat(300)), "is too long"),
        (with(&|r| r.profile.name = "a\nb".to_owned()), "rendition name \"a\\nb\" is no file name"),
    ];
    for (ladder, want) in cases {
        let error = fails(&recorded("bbb_0.ts"), &ladder).to_string();
        assert!(error.contains(want), "{error}");
    }
    let twice = Ladder { rungs: vec![rung("x", 256, 144), rung("x", 426, 240)] };
    assert!(matches!(fails(&recorded("bbb_0.ts"), &twice), MediaError::BadName { .. }));
}

#[test]
fn outputs_that_cannot_be_written_are_named() {
    let dir = tempfile::tempdir().expect("a folder");
    let missing = dir.path().join("missing");
    let (_kept, plain) = file("file", b"");
    for out in [missing, plain, PathBuf::from("/proc")] {
        for error in [
            LibavTranscoder::default().transcode(&recorded("bbb_0.ts"), &small(), &out).map(drop),
            segment(&recorded("bbb_0.ts"), 1.0, &out).map(drop),
        ] {
            let error = error.expect_err("nowhere to write");
            assert!(matches!(error, MediaError::Write { .. }), "{error}");
            assert!(error.to_string().starts_with(&format!("cannot write {}", out.display())), "{error}");
        }
    }
    assert!(files(dir.path()).is_empty());
}

#[test]
fn a_name_that_is_taken_by_a_folder_takes_all_renditions_back() {
    let out = tempfile::tempdir().expect("a folder");
    fs::create_dir(out.path().join("b.ts")).expect("a folder");
    let error =
        LibavTranscoder::default().transcode(&recorded("one_frame.ts"), &small(), out.path()).expect_err("b is taken");
    assert!(matches!(error, MediaError::Write { .. }), "{error}");
    assert_eq!(files(out.path()), ["b.ts"], "a.ts was made and removed");
}

#[test]
fn cut_off_and_damaged_files_end_in_a_result_or_an_error() {
    let ladder = ladder(vec![rung("a", 256, 144)]);
    for name in ["bbb_0.ts", "frag.mp4", "rotate90.mp4", "vp9.webm", "mpeg2.ts"] {
        let whole = fs::read(recorded(name)).expect("a file");
        for part in 1..4 {
            let mut bytes = whole[..whole.len() * part / 4].to_vec();
            if part == 3 {
                // Every 97th byte is another one.
                bytes.iter_mut().skip(200).step_by(97).for_each(|b| *b ^= 0x55);
            }
            let (dir, path) = file(name, &bytes);
            match LibavTranscoder::default().transcode(&path, &ladder, dir.path()) {
                Ok(done) => assert!(done.renditions[0].frames > 0 && done.decoded_frames > 0, "{name}, {part}/4"),
                Err(error) => {
                    let known = matches!(
                        error,
                        MediaError::Unreadable { .. } | MediaError::NoVideo { .. } | MediaError::NoPicture { .. }
                    );
                    assert!(known, "{name}, {part}/4: {error}");
                    assert_eq!(files(dir.path()), [name]);
                }
            }
            let _ = (probe(&path), thumbnail(&path, 0.5, 64), segment(&path, 0.5, dir.path()));
        }
    }
}
