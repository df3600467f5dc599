//! A file cut into segments of whole frames.

use crate::audio::AudioPath;
use crate::clock::seconds;
use crate::decode::VideoDecoder;
use crate::encode::{H264Encoder, H264Settings};
use crate::error::MediaError;
use crate::ladder::{Container, Gop, H264Profile};
use crate::mux::Muxer;
use crate::part::Part;
use crate::picture::Picture;
use crate::scale::Scaler;
use crate::source::{Source, Track};
use ffmpeg_next as av;
use ffmpeg_next::codec::Id;
use std::collections::{BTreeSet, VecDeque};
use std::path::{Path, PathBuf};

/// Shortest and longest segments, in seconds.
const LENGTHS: std::ops::RangeInclusive<f64> = 0.01..=86_400.0;
/// Constant rate factor of video that has to be encoded again: hardly told from its source.
const QUALITY: u32 = 18;
/// A pause that a copied stream may have, in seconds. Longer ones are mended by encoding.
const PAUSE_SECONDS: f64 = 10.0;

/// A segment that was cut.
#[derive(Debug, Clone, PartialEq)]
pub struct SegmentFile {
    /// An MPEG transport stream.
    pub path: PathBuf,
    /// Frames of video.
    pub frames: u64,
    /// Seconds from the first frame to that of the next segment, or to the end of the video.
    pub duration: f64,
}

/// Cuts a file into MPEG-TS segments `segment-00000.ts`, `segment-00001.ts`, … in the folder
/// `out`. A segment starts with the first frame at or after each multiple of `length` seconds, so
/// it is as long as whole frames allow; a stretch without frames gives no segment.
///
/// Video is copied where it has a key frame at every cut, and else encoded again as H.264 of high
/// quality. The segments share one clock: the source's, later by whole seconds where time stamps
/// would be negative.
///
/// # Errors
/// [`MediaError`]; no segment is in `out` then.
pub fn segment(path: &Path, length: f64, out: &Path) -> Result<Vec<SegmentFile>, MediaError> {
    if !LENGTHS.contains(&length) {
        return Err(MediaError::BadLength { seconds: length });
    }
    let mut source = Source::open(path)?;
    let video = source.video()?;
    let audio = match source.audio() {
        Some(track) => Some((track.index, AudioPath::open(path, &track, Container::MpegTs)?)),
        None => None,
    };
    let cutter = Cutter::new(out, video.tick, audio);
    // The scan has used the file up, so it is opened again.
    let cuts = key_cuts(&mut source, &video, length)?;
    let mut source = Source::open(path)?;
    match cuts {
        Some(cuts) => copy(&mut source, &video, &cuts, cutter),
        None => encode(&mut source, &video, length, cutter),
    }
}

/// Counts segments as frames go by.
struct Ruler {
    tick: av::Rational,
    length: f64,
    start: Option<i64>,
    place: i64,
}

impl Ruler {
    const fn new(tick: av::Rational, length: f64) -> Self {
        Self { tick, length, start: None, place: 0 }
    }

    /// Whether the frame shown at `pts` starts a segment.
    fn starts(&mut self, pts: i64) -> bool {
        let Some(start) = self.start else {
            self.start = Some(pts);
            return true;
        };
        // Half a tick makes up for time stamps that were rounded down.
        let half = seconds(1, self.tick) / 2.0;
        let place = ((seconds(pts.saturating_sub(start), self.tick) + half) / self.length).floor() as i64;
        let starts = place > self.place;
        self.place = self.place.max(place);
        starts
    }
}

/// Time stamps of the frames that start segments, if all of them are key frames that nothing after
/// them reaches back behind, and if the stream can go into a transport stream as it is.
fn key_cuts(source: &mut Source, video: &Track, length: f64) -> Result<Option<BTreeSet<i64>>, MediaError> {
    if !matches!(video.parameters.id(), Id::H264 | Id::HEVC | Id::MPEG2VIDEO) {
        return Ok(None);
    }
    // (time of display, whether it is a key frame) in the order of decoding
    let mut stamps: Vec<(i64, bool)> = Vec::new();
    let mut last = None;
    while let Some(packet) = source.read()? {
        if packet.stream() != video.index {
            continue;
        }
        let (Some(pts), Some(dts)) = (packet.pts(), packet.dts()) else { return Ok(None) };
        if packet.is_corrupt() || last.is_some_and(|last| dts <= last) {
            return Ok(None);
        }
        last = Some(dts);
        stamps.push((pts, packet.is_key()));
    }
    let mut shown: Vec<i64> = stamps.iter().map(|s| s.0).collect();
    shown.sort_unstable();
    let pause = video.ticks(PAUSE_SECONDS);
    if shown.windows(2).any(|w| w[0] == w[1] || w[1].saturating_sub(w[0]) > pause) {
        return Ok(None);
    }
    let mut ruler = Ruler::new(video.tick, length);
    let cuts: BTreeSet<i64> = shown.into_iter().filter(|pts| ruler.starts(*pts)).collect();
    let mut keys = BTreeSet::new();
    // What is decoded after a cut must be shown after it.
    let mut earliest = i64::MAX;
    for (pts, key) in stamps.into_iter().rev() {
        if key && pts < earliest {
            keys.insert(pts);
        }
        earliest = earliest.min(pts);
    }
    Ok(cuts.is_subset(&keys).then_some(cuts))
}

fn copy(
    source: &mut Source,
    video: &Track,
    cuts: &BTreeSet<i64>,
    mut cutter: Cutter<'_>,
) -> Result<Vec<SegmentFile>, MediaError> {
    while let Some(packet) = source.read()? {
        if packet.stream() == video.index {
            let cut = packet.pts().is_some_and(|pts| cuts.contains(&pts));
            cutter.video(packet, cut, &video.parameters)?;
        } else {
            cutter.audio(&packet)?;
        }
    }
    cutter.finish(&source.path)
}

fn encode(
    source: &mut Source,
    video: &Track,
    length: f64,
    mut cutter: Cutter<'_>,
) -> Result<Vec<SegmentFile>, MediaError> {
    let mut decoder = VideoDecoder::open(&source.path, video)?;
    let mut again: Option<Again> = None;
    loop {
        let packet = source.read()?;
        match &packet {
            Some(p) if p.stream() == video.index => decoder.send(Some(p)),
            Some(p) => cutter.audio(p)?,
            None => decoder.send(None),
        }
        while let Some(picture) = decoder.picture() {
            let again = match &mut again {
                Some(again) => again,
                None => again.insert(Again::open(video, &picture, length)?),
            };
            again.picture(&picture)?;
            again.drain(&mut cutter)?;
        }
        if packet.is_none() {
            break;
        }
    }
    if let Some(mut again) = again {
        again.encoder.finish()?;
        again.drain(&mut cutter)?;
    }
    cutter.finish(&source.path)
}

/// Encodes video with key frames at the cuts.
struct Again {
    scaler: Scaler,
    encoder: H264Encoder,
    ruler: Ruler,
    /// Cuts whose packets have not come out yet.
    cuts: BTreeSet<i64>,
}

impl Again {
    fn open(video: &Track, first: &Picture, length: f64) -> Result<Self, MediaError> {
        // 4:2:0 has no odd sides.
        let (width, height) = (first.frame.width() & !1, first.frame.height() & !1);
        let settings = H264Settings {
            name: "segment",
            width,
            height,
            tick: video.tick,
            rate: video.rate,
            bitrate: 0,
            quality: QUALITY,
            profile: H264Profile::Auto,
            gop: Gop::Auto,
            global_header: false,
        };
        Ok(Self {
            scaler: Scaler::new(av::format::Pixel::YUV420P, width, height),
            encoder: H264Encoder::open(&settings, &first.frame)?,
            ruler: Ruler::new(video.tick, length),
            cuts: BTreeSet::new(),
        })
    }

    fn picture(&mut self, picture: &Picture) -> Result<(), MediaError> {
        let cut = self.ruler.starts(picture.pts);
        if cut {
            self.cuts.insert(picture.pts);
        }
        let mut frame = self.scaler.scale(&picture.frame)?;
        self.encoder.send(&mut frame, picture.pts, picture.duration, cut)
    }

    fn drain(&mut self, cutter: &mut Cutter<'_>) -> Result<(), MediaError> {
        while let Some(packet) = self.encoder.packet()? {
            let cut = packet.pts().is_some_and(|pts| self.cuts.remove(&pts));
            cutter.video(packet, cut, &self.encoder.parameters())?;
        }
        Ok(())
    }
}

/// A segment that is being written.
struct Current {
    muxer: Muxer,
    start: i64,
    end: i64,
    frames: u64,
}

/// Deals packets out to segments.
struct Cutter<'a> {
    out: &'a Path,
    tick: av::Rational,
    audio: Option<(usize, AudioPath)>,
    /// Sound whose segment is not known yet.
    waiting: VecDeque<av::Packet>,
    current: Option<Current>,
    parts: Vec<Part>,
    files: Vec<SegmentFile>,
    /// Whole seconds by which the segments' clock is later than the source's.
    shift: Option<i64>,
}

impl<'a> Cutter<'a> {
    const fn new(out: &'a Path, tick: av::Rational, audio: Option<(usize, AudioPath)>) -> Self {
        Self {
            out,
            tick,
            audio,
            waiting: VecDeque::new(),
            current: None,
            parts: Vec::new(),
            files: Vec::new(),
            shift: None,
        }
    }

    fn audio(&mut self, packet: &av::Packet) -> Result<(), MediaError> {
        if let Some((index, path)) = &mut self.audio
            && packet.stream() == *index
        {
            self.waiting.extend(path.push(Some(packet))?);
        }
        Ok(())
    }

    fn video(
        &mut self,
        mut packet: av::Packet,
        cut: bool,
        parameters: &av::codec::Parameters,
    ) -> Result<(), MediaError> {
        let Some(pts) = packet.pts() else { return Ok(()) };
        if cut {
            self.deal(Some(seconds(pts, self.tick)))?;
            self.close(Some(pts))?;
            self.open(pts, parameters)?;
        }
        // Packets before the first cut cannot be shown without what came before them.
        let Some(current) = &mut self.current else { return Ok(()) };
        current.frames += 1;
        current.end = current.end.max(pts.saturating_add(packet.duration()));
        // What is heard before this packet is decoded belongs to this segment whatever follows.
        let decoded = packet.dts().unwrap_or(pts);
        self.deal(Some(seconds(decoded, self.tick)))?;
        self.move_by_shift(&mut packet, self.tick);
        self.write(packet, 0)
    }

    /// Writes the sound before a moment, or all of it, into the current segment.
    fn deal(&mut self, before: Option<f64>) -> Result<(), MediaError> {
        let Some(tick) = self.audio.as_ref().map(|(_, path)| path.tick()) else { return Ok(()) };
        if self.current.is_none() {
            return Ok(());
        }
        let is_due =
            |p: &mut av::Packet| before.is_none_or(|before| seconds(p.pts().unwrap_or(i64::MIN), tick) < before);
        while let Some(mut packet) = self.waiting.pop_front_if(is_due) {
            self.move_by_shift(&mut packet, tick);
            self.write(packet, 1)?;
        }
        Ok(())
    }

    fn move_by_shift(&self, packet: &mut av::Packet, tick: av::Rational) {
        let shift = self.shift.unwrap_or(0).saturating_mul(i64::from(tick.denominator())) / i64::from(tick.numerator());
        packet.set_pts(packet.pts().map(|t| t.saturating_add(shift)));
        packet.set_dts(packet.dts().map(|t| t.saturating_add(shift)));
    }

    fn write(&mut self, packet: av::Packet, lane: usize) -> Result<(), MediaError> {
        self.current.as_mut().map_or(Ok(()), |c| c.muxer.write(packet, lane))
    }

    fn open(&mut self, pts: i64, parameters: &av::codec::Parameters) -> Result<(), MediaError> {
        // A second is more than frames are decoded ahead of their display.
        self.shift.get_or_insert_with(|| (1.0 - seconds(pts, self.tick)).ceil().max(0.0) as i64);
        let part = Part::create(self.out, &format!("segment-{:05}.ts", self.files.len()))?;
        let mut muxer = Muxer::create(part.temporary(), part.target(), Container::MpegTs)?;
        muxer.add(parameters.clone(), self.tick)?;
        if let Some((_, audio)) = &self.audio {
            muxer.add(audio.parameters(), audio.tick())?;
        }
        muxer.start()?;
        self.parts.push(part);
        self.current = Some(Current { muxer, start: pts, end: pts, frames: 0 });
        Ok(())
    }

    fn close(&mut self, next: Option<i64>) -> Result<(), MediaError> {
        let (Some(current), Some(part)) = (self.current.take(), self.parts.last()) else { return Ok(()) };
        current.muxer.finish()?;
        let length = next.unwrap_or(current.end).saturating_sub(current.start);
        self.files.push(SegmentFile {
            path: part.target().to_owned(),
            frames: current.frames,
            duration: seconds(length, self.tick),
        });
        Ok(())
    }

    fn finish(mut self, source: &Path) -> Result<Vec<SegmentFile>, MediaError> {
        if let Some((_, path)) = &mut self.audio {
            self.waiting.extend(path.push(None)?);
        }
        self.deal(None)?;
        self.close(None)?;
        if self.files.is_empty() {
            return Err(MediaError::NoPicture { path: source.to_owned() });
        }
        Part::keep_all(self.parts)?;
        Ok(self.files)
    }
}
