//! The real stream: its clip, cut into segments, and what orchestrators really make of it.
//!
//! Codecs work beside the simulation, on a thread of their own. Their bytes differ by library and
//! machine, so nothing of them enters the simulation; what it assumed of each rendition (size and
//! frames) is compared with what came out when the run is over.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::thread;

use sha2::{Digest, Sha256};
use weir_media::{Ladder, LibavTranscoder, MediaError, Rung, SegmentFile, Transcoder};
use weir_types::Profile;

use crate::LabError;
use crate::clip::{ClipInfo, ClipSegment};

/// A rendition that an orchestrator made.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct RenditionRow {
    pub(crate) stream: u64,
    pub(crate) seq: u64,
    pub(crate) profile: String,
    /// Relative to the run folder.
    pub(crate) path: String,
    pub(crate) width: u32,
    pub(crate) height: u32,
    pub(crate) frames: u64,
    pub(crate) duration_seconds: f64,
    pub(crate) bytes: u64,
    pub(crate) source_frames: u64,
    pub(crate) source_duration_seconds: f64,
    /// Relative to the run folder; empty where none could be made.
    pub(crate) thumbnail: String,
    pub(crate) orchestrator: String,
}

/// A clip cut into segments below a run folder.
#[derive(Debug)]
pub(crate) struct Clip {
    pub(crate) info: ClipInfo,
    files: Vec<SegmentFile>,
}

impl Clip {
    /// Cuts the clip into segments of `seconds` below `run/media/source`.
    pub(crate) fn cut(clip: &Path, seconds: u32, run: &Path) -> Result<Self, LabError> {
        let read = |e: std::io::Error| LabError::Read { path: clip.to_owned(), reason: e.to_string() };
        let sha256 = hex(&Sha256::digest(fs::read(clip).map_err(read)?));
        let out = run.join("media").join("source");
        fs::create_dir_all(&out).map_err(|source| LabError::Write { path: out.clone(), source })?;
        let fail = |source| LabError::Clip { path: clip.to_owned(), source };
        let video = weir_media::probe(clip).map_err(fail)?.video;
        let video = video.ok_or_else(|| fail(MediaError::NoVideo { path: clip.to_owned() }))?;
        let files = weir_media::segment(clip, f64::from(seconds), &out).map_err(fail)?;
        let segments = files
            .iter()
            .map(|f| ClipSegment {
                frames: u32::try_from(f.frames).unwrap_or(u32::MAX),
                duration_ms: (f.duration * 1000.0).round() as u64,
            })
            .collect();
        Ok(Self { info: ClipInfo { sha256, width: video.width, height: video.height, segments }, files })
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

struct Job {
    seq: u64,
    orchestrator: String,
}

type Made = ((u64, String), Result<Vec<RenditionRow>, String>);

/// Transcodes segments of the real stream on a thread of its own.
pub(crate) struct Studio {
    jobs: Option<mpsc::Sender<Job>>,
    worker: Option<thread::JoinHandle<Vec<Made>>>,
    started: BTreeMap<(u64, String), ()>,
}

impl Studio {
    /// Starts the thread.
    pub(crate) fn open(clip: Clip, profiles: Vec<Profile>, run: &Path) -> Self {
        let (jobs, inbox) = mpsc::channel::<Job>();
        let run = run.to_owned();
        let worker = thread::spawn(move || {
            let mut made: Vec<Made> = Vec::new();
            for job in inbox {
                let result = make(&clip, &profiles, &run, &job);
                made.push(((job.seq, job.orchestrator), result));
            }
            made
        });
        Self { jobs: Some(jobs), worker: Some(worker), started: BTreeMap::new() }
    }

    /// An orchestrator starts on a segment.
    pub(crate) fn start(&mut self, seq: u64, orchestrator: &str) {
        // A repeated request makes the same bytes again.
        if self.started.insert((seq, orchestrator.to_owned()), ()).is_some() {
            return;
        }
        if let Some(jobs) = &self.jobs {
            // The thread only ends after this sender is gone; a panic in it shows in `close`.
            let _ = jobs.send(Job { seq, orchestrator: orchestrator.to_owned() });
        }
    }

    /// Waits for all work. Renditions by segment and orchestrator, or why there are none.
    pub(crate) fn close(mut self) -> BTreeMap<(u64, String), Result<Vec<RenditionRow>, String>> {
        drop(self.jobs.take());
        let made = self.worker.take().map(thread::JoinHandle::join);
        match made {
            Some(Ok(made)) => made.into_iter().collect(),
            _ => self.started.into_keys().map(|k| (k, Err("the transcoder thread died".to_owned()))).collect(),
        }
    }
}

fn make(clip: &Clip, profiles: &[Profile], run: &Path, job: &Job) -> Result<Vec<RenditionRow>, String> {
    let index = usize::try_from(job.seq).map_err(|e| e.to_string())?;
    let source = clip.files.get(index).ok_or_else(|| format!("the clip has no segment {index}"))?;
    let relative = PathBuf::from("media").join(format!("segment-{:03}", job.seq)).join(&job.orchestrator);
    let out = run.join(&relative);
    fs::create_dir_all(&out).map_err(|e| format!("cannot create {}: {e}", out.display()))?;
    let ladder = Ladder::new(profiles.iter().map(Rung::from).collect()).map_err(|e| e.to_string())?;
    let done = LibavTranscoder::default().transcode(&source.path, &ladder, &out).map_err(|e| e.to_string())?;
    let mut rows = Vec::new();
    for (profile, r) in profiles.iter().zip(&done.renditions) {
        let file = r.path.file_name().map(|f| relative.join(f)).unwrap_or_default();
        let thumbnail = thumbnail(&r.path, r.duration / 2.0, run, &relative.join(format!("{}.jpg", profile.name)));
        rows.push(RenditionRow {
            stream: 0,
            seq: job.seq,
            profile: profile.name.clone(),
            path: file.to_string_lossy().into_owned(),
            width: r.width,
            height: r.height,
            frames: r.frames,
            duration_seconds: r.duration,
            bytes: r.bytes,
            source_frames: source.frames,
            source_duration_seconds: source.duration,
            thumbnail,
            orchestrator: job.orchestrator.clone(),
        });
    }
    Ok(rows)
}

/// A picture for the report; a run does not fail for want of one.
fn thumbnail(path: &Path, at: f64, run: &Path, relative: &Path) -> String {
    let Ok(jpeg) = weir_media::thumbnail(path, at, 240) else { return String::new() };
    match fs::write(run.join(relative), jpeg) {
        Ok(()) => relative.to_string_lossy().into_owned(),
        Err(_) => String::new(),
    }
}
