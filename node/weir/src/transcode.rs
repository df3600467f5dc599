//! `weir transcode`: a file into renditions, as an orchestrator makes them.

use std::fs;
use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::{Value, json};
use weir_media::{Ladder, LibavTranscoder, MediaError, Rendition, Transcoded, Transcoder, ladder};

use crate::failure::Failure;
use crate::output;

/// What is transcoded into what.
#[derive(Debug, Args)]
pub(crate) struct TranscodeArgs {
    /// Source: MPEG-TS, MP4, or what else libav reads.
    #[arg(value_name = "IN")]
    source: PathBuf,
    /// A JSON file with a ladder of renditions, or built-in profiles as a comma list, for example
    /// P240p30fps16x9,P360p30fps16x9.
    #[arg(long, value_name = "LADDER")]
    profiles: String,
    /// Folder for the renditions, made if it is not there.
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// Print the result as one JSON object.
    #[arg(long)]
    json: bool,
}

/// Does it.
pub(crate) fn run(arguments: TranscodeArgs) -> Result<(), Failure> {
    let TranscodeArgs { source, profiles, out, json } = arguments;
    let ladder = read(&profiles)?;
    let is_new = !out.exists();
    let write = |reason| from_media(&MediaError::Write { path: out.clone(), reason });
    fs::create_dir_all(&out).map_err(|e| write(e.to_string()))?;
    let done = LibavTranscoder::default().transcode(&source, &ladder, &out).map_err(|error| {
        if is_new {
            // A failure leaves nothing behind; a folder that somebody else has used since stays.
            let _ = fs::remove_dir(&out);
        }
        from_media(&error)
    })?;
    if json {
        output::result(&object(&source, &done).to_string());
    } else {
        table(&done.renditions).iter().for_each(|line| output::result(line));
    }
    Ok(())
}

/// The ladder of a file or of built-in names. No built-in name has a dot or a slash, so an argument
/// that has one is a path, whether there is such a file or not.
fn read(profiles: &str) -> Result<Ladder, Failure> {
    let path = Path::new(profiles);
    if !profiles.contains(['.', '/']) && !path.is_file() {
        return Ladder::presets(profiles).map_err(|error| {
            Failure::usage(error.to_string()).help("--profiles takes built-in names as a comma list, or a JSON file")
        });
    }
    let text = fs::read_to_string(path).map_err(|error| {
        let names: Vec<&str> = ladder::preset_names().collect();
        Failure::usage(format!("cannot read {profiles}: {error}"))
            .help(format!("--profiles takes a JSON file, or some of {}", names.join(",")))
    })?;
    Ladder::parse(&text).map_err(|error| {
        Failure::usage(format!("{profiles}: {error}")).help(
            "a ladder looks like [{\"name\": \"240p\", \"width\": 426, \"height\": 240, \"bitrate\": 600000, \
             \"fps\": 30, \"gop\": \"2\"}]",
        )
    })
}

fn table(renditions: &[Rendition]) -> Vec<String> {
    let width = renditions.iter().map(|r| r.name.chars().count()).max().unwrap_or(0);
    let line = |r: &Rendition| {
        let size = format!("{}x{}", r.width, r.height);
        format!(
            "{:width$}  {size:9}  {:6} frames  {:9.3} s  {:10} bytes  {}",
            r.name,
            r.frames,
            r.duration,
            r.bytes,
            r.path.display()
        )
    };
    renditions.iter().map(line).collect()
}

fn object(source: &Path, done: &Transcoded) -> Value {
    let rendition = |r: &Rendition| {
        json!({
            "name": r.name,
            "path": r.path,
            "width": r.width,
            "height": r.height,
            "frames": r.frames,
            "pixels": r.pixels,
            "seconds": r.duration,
            "bytes": r.bytes,
        })
    };
    json!({
        "source": source,
        "decoded": { "frames": done.decoded_frames, "pixels": done.decoded_pixels },
        "renditions": done.renditions.iter().map(rendition).collect::<Vec<_>>(),
    })
}

fn from_media(error: &MediaError) -> Failure {
    let message = error.to_string();
    match error {
        MediaError::Open { .. }
        | MediaError::Unreadable { .. }
        | MediaError::NoVideo { .. }
        | MediaError::NoPicture { .. }
        | MediaError::UnsupportedCodec { .. } => {
            Failure::usage(message).help("name a file with video that starts with a key frame")
        }
        MediaError::UnsupportedEncoder { .. } => Failure::usage(message).help("leave out `encoder`, or say \"H.264\""),
        MediaError::BadSize { .. } | MediaError::BadRate { .. } | MediaError::BadName { .. } => {
            Failure::usage(message).help("change this rendition in the ladder")
        }
        MediaError::Write { .. } => {
            Failure::failed(message).help("make room and check the folder's permissions, or name another with --out")
        }
        _ => Failure::failed(message),
    }
}
