//! The real stream's renditions as ffprobe sees them.

use std::process::Command;

use tempfile::tempdir;

use crate::support::{make, small};

fn ffprobe(path: &std::path::Path, entries: &str) -> String {
    let out = Command::new("ffprobe")
        .args(["-v", "error", "-select_streams", "v:0", "-count_frames", "-show_entries", entries, "-of", "csv=p=0"])
        .arg(path)
        .output()
        .expect("ffprobe is installed with ffmpeg");
    assert!(out.status.success(), "{}: {}", path.display(), String::from_utf8_lossy(&out.stderr));
    String::from_utf8_lossy(&out.stdout).lines().next().unwrap_or_default().trim_matches(',').to_owned()
}

#[test]
fn renditions_lie_in_the_run_folder_and_match_the_ladder() {
    let tmp = tempdir().expect("a temporary folder");
    let dir = tmp.path().join("run");
    let scenario = small(true);
    let outcome = make(&scenario, &dir, 2);
    assert_eq!(outcome.summary.broken().collect::<Vec<_>>(), []);
    let frames_of = [50u64, 50, 32];
    assert_eq!(outcome.summary.kpis["renditions"], (frames_of.len() * scenario.ladder.len()) as f64);
    for (seq, want) in frames_of.iter().enumerate() {
        let folder = dir.join("media").join(format!("segment-{seq:03}"));
        let maker =
            std::fs::read_dir(&folder).expect("the segment was made").next().expect("by somebody").expect("readable");
        for step in &scenario.ladder {
            let path = maker.path().join(format!("{}.ts", step.name));
            let shape = ffprobe(&path, "stream=width,height,nb_read_frames");
            let numbers: Vec<u64> = shape.split(',').map(|n| n.parse().expect("a number")).collect();
            assert_eq!(numbers[..2], [u64::from(step.width.0), u64::from(step.height.0)], "{}", path.display());
            assert!(numbers[2].abs_diff(*want) <= 1, "{}: {} frames, source {want}", path.display(), numbers[2]);
            let duration: f64 = ffprobe(&path, "stream=duration").parse().expect("a duration");
            assert!((duration - *want as f64 / 25.0).abs() <= 0.041, "{}: {duration} s", path.display());
            assert!(maker.path().join(format!("{}.jpg", step.name)).is_file());
        }
    }
}
