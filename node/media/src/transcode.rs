//! A source into the renditions of a ladder.

use crate::decode::VideoDecoder;
use crate::error::MediaError;
use crate::ladder::{Encoder, Ladder, Rung};
use crate::part::Part;
use crate::rung::{Event, Made, RungWorker};
use crate::source::Source;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread;

/// Pictures and packets that wait for a rendition. More would hold memory and gain nothing: all
/// renditions start at the same time.
const QUEUE: usize = 8;

/// Longest name of a rendition; with its extension it stays below what file systems take.
const NAME_MAX: usize = 240;

/// Makes renditions of a source.
pub trait Transcoder {
    /// Makes all renditions of `ladder` of the file `source` in the folder `out`, each as the
    /// rendition's name with the extension of its container. Files of those names are replaced.
    ///
    /// # Errors
    /// [`MediaError`]; no new file is in `out` then.
    fn transcode(&self, source: &Path, ladder: &Ladder, out: &Path) -> Result<Transcoded, MediaError>;
}

/// Makes H.264 with libx264 through libav. The source is decoded once; each rendition is scaled
/// and encoded on a thread of its own.
///
/// Sizes follow [`fit`](crate::geometry::fit). A rendition with a frame rate shows, at each place
/// of its grid, the last picture whose time is nearest to that place or before it. Time stamps are
/// those of the source, as far as the container has them. Sound is copied, or made AAC where the
/// container does not carry its codec. Of several programs, the first video and its best sound are
/// taken. The shape of pixels is kept; a rotation that the source asks players for is not.
#[derive(Debug, Clone, Copy, Default)]
#[non_exhaustive]
pub struct LibavTranscoder {}

/// What a transcoder made.
#[derive(Debug, Clone, PartialEq)]
pub struct Transcoded {
    /// In the order of the ladder.
    pub renditions: Vec<Rendition>,
    /// Frames of the source that were decoded.
    pub decoded_frames: u64,
    /// Pixels of those.
    pub decoded_pixels: u64,
}

/// A file that was made.
#[derive(Debug, Clone, PartialEq)]
pub struct Rendition {
    /// Name of the profile.
    pub name: String,
    /// The file.
    pub path: PathBuf,
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
    /// Frames.
    pub frames: u64,
    /// Pixels of all frames, as fees count them.
    pub pixels: u64,
    /// Length in seconds, from the first frame to the end of the last.
    pub duration: f64,
    /// Length of the file in bytes.
    pub bytes: u64,
}

impl Transcoder for LibavTranscoder {
    fn transcode(&self, source: &Path, ladder: &Ladder, out: &Path) -> Result<Transcoded, MediaError> {
        let names = check(ladder)?;
        let mut source = Source::open(source)?;
        let parts = names.iter().map(|name| Part::create(out, name)).collect::<Result<Vec<_>, _>>()?;
        let (count, made) = run(&mut source, ladder, &parts)?;
        let made = made.into_iter().collect::<Option<Vec<_>>>();
        let Some(made) = made.filter(|_| count.frames > 0) else {
            return Err(MediaError::NoPicture { path: source.path });
        };
        let renditions = ladder
            .rungs
            .iter()
            .zip(&parts)
            .zip(made)
            .map(|((rung, part), made)| rendition(rung, part, made))
            .collect::<Result<_, _>>()?;
        Part::keep_all(parts)?;
        Ok(Transcoded { renditions, decoded_frames: count.frames, decoded_pixels: count.pixels })
    }
}

fn rendition(rung: &Rung, part: &Part, made: Made) -> Result<Rendition, MediaError> {
    let about = fs::metadata(part.temporary()).map_err(|e| MediaError::write(part.target(), &e))?;
    let frame = u64::from(made.width) * u64::from(made.height);
    Ok(Rendition {
        name: rung.profile.name.clone(),
        path: part.target().to_owned(),
        width: made.width,
        height: made.height,
        frames: made.frames,
        pixels: frame.saturating_mul(made.frames),
        duration: made.seconds,
        bytes: about.len(),
    })
}

/// File names of a ladder's renditions, if all of them can be made.
fn check(ladder: &Ladder) -> Result<Vec<String>, MediaError> {
    let mut names: Vec<String> = Vec::with_capacity(ladder.rungs.len());
    for rung in &ladder.rungs {
        let name = &rung.profile.name;
        let bad = |reason| Err(MediaError::BadName { name: name.clone(), reason });
        if rung.encoder != Encoder::H264 {
            let encoder = rung.encoder.to_string();
            return Err(MediaError::UnsupportedEncoder { rendition: name.clone(), encoder });
        }
        if name.is_empty() {
            return bad("is empty");
        }
        if name.len() > NAME_MAX {
            return bad("is too long");
        }
        if name.starts_with('.') || name.chars().any(|c| matches!(c, '/' | '\\') || c.is_control()) {
            return bad("is no file name");
        }
        let file = format!("{name}.{}", rung.container.extension());
        if names.contains(&file) {
            return bad("is taken by another rendition");
        }
        names.push(file);
    }
    Ok(names)
}

/// What was decoded.
#[derive(Default)]
struct Decoded {
    frames: u64,
    pixels: u64,
}

/// Decodes on this thread and encodes on one thread for each rendition.
fn run(source: &mut Source, ladder: &Ladder, parts: &[Part]) -> Result<(Decoded, Vec<Option<Made>>), MediaError> {
    let (video, audio) = (source.video()?, source.audio());
    let mut decoder = VideoDecoder::open(&source.path, &video)?;
    let audio_index = audio.as_ref().map(|a| a.index);
    thread::scope(|scope| {
        let mut feeds = Vec::new();
        let mut workers = Vec::new();
        for (rung, part) in ladder.rungs.iter().zip(parts) {
            let (feed, events) = sync_channel(QUEUE);
            let worker = RungWorker::new(rung, source.path.clone(), part, video.clone(), audio.clone());
            let thread = thread::Builder::new()
                .spawn_scoped(scope, move || worker.run(events))
                .map_err(|e| MediaError::Libav { step: "starting a thread", reason: e.to_string() })?;
            feeds.push(feed);
            workers.push(thread);
        }
        let decoded = feed(source, &mut decoder, (video.index, audio_index), &feeds);
        // The workers finish when nothing can come any more.
        drop(feeds);
        let mut made = Vec::new();
        for worker in workers {
            // A panic of a worker is one of ours and goes on.
            made.push(worker.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
        }
        // A worker that fails ends the reading, so its reason comes first.
        let made = made.into_iter().collect::<Result<Vec<_>, _>>()?;
        Ok((decoded?, made))
    })
}

/// Reads the source to its end and tells all workers; ends early when one of them is gone.
fn feed(
    source: &mut Source,
    decoder: &mut VideoDecoder,
    (video, audio): (usize, Option<usize>),
    feeds: &[SyncSender<Event>],
) -> Result<Decoded, MediaError> {
    let tell = |event: Event| feeds.iter().all(|feed| feed.send(event.clone()).is_ok());
    let mut decoded = Decoded::default();
    loop {
        let packet = source.read()?;
        match &packet {
            Some(p) if p.stream() == video => decoder.send(Some(p)),
            None => decoder.send(None),
            Some(_) => {}
        }
        while let Some(picture) = decoder.picture() {
            decoded.frames += 1;
            decoded.pixels += picture.pixels();
            if !tell(Event::Picture(Arc::new(picture))) {
                return Ok(decoded);
            }
        }
        match packet {
            Some(p) if Some(p.stream()) == audio => {
                if !tell(Event::Audio(Arc::new(p))) {
                    return Ok(decoded);
                }
            }
            Some(_) => {}
            None => return Ok(decoded),
        }
    }
}
