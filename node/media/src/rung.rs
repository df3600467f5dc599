//! One rendition in the making: scaled, encoded and written on a thread of its own.

use crate::audio::AudioPath;
use crate::clock::{KeyFrames, Pacer, Shown, seconds};
use crate::encode::{H264Encoder, H264Settings, rational};
use crate::error::MediaError;
use crate::geometry::{FrameRate, fit};
use crate::ladder::{Container, Rung};
use crate::mux::Muxer;
use crate::part::Part;
use crate::picture::Picture;
use crate::scale::Scaler;
use crate::source::Track;
use ffmpeg_next as av;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::Receiver;

const VIDEO: usize = 0;
const AUDIO: usize = 1;

/// What a rendition is made from, as it is read from the source.
#[derive(Clone)]
pub(crate) enum Event {
    Picture(Arc<Picture>),
    Audio(Arc<av::Packet>),
}

/// What came out, without the size of the file.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Made {
    pub(crate) width: u32,
    pub(crate) height: u32,
    pub(crate) frames: u64,
    pub(crate) seconds: f64,
}

/// Makes one rendition. Nothing is opened before the first picture, which alone tells the size.
pub(crate) struct RungWorker<'a> {
    rung: &'a Rung,
    path: PathBuf,
    part: &'a Part,
    video: Track,
    audio: Option<Track>,
}

impl<'a> RungWorker<'a> {
    pub(crate) const fn new(rung: &'a Rung, path: PathBuf, part: &'a Part, video: Track, audio: Option<Track>) -> Self {
        Self { rung, path, part, video, audio }
    }

    /// Works until the events end; `None` when there was no picture among them.
    pub(crate) fn run(self, events: Receiver<Event>) -> Result<Option<Made>, MediaError> {
        let mut output: Option<RungOutput> = None;
        // Sound that came before the first picture.
        let mut early: Vec<Arc<av::Packet>> = Vec::new();
        for event in events {
            match (event, &mut output) {
                (Event::Picture(picture), Some(output)) => output.picture(picture)?,
                (Event::Picture(picture), None) => {
                    let output = output.insert(self.open(&picture)?);
                    for packet in early.drain(..) {
                        output.audio(Some(&packet))?;
                    }
                    output.picture(picture)?;
                }
                (Event::Audio(packet), Some(output)) => output.audio(Some(&packet))?,
                (Event::Audio(packet), None) => early.push(packet),
            }
        }
        output.map(RungOutput::finish).transpose()
    }

    fn open(&self, first: &Picture) -> Result<RungOutput, MediaError> {
        let audio = match &self.audio {
            Some(track) => Some(AudioPath::open(&self.path, track, self.rung.container)?),
            None => None,
        };
        RungOutput::open(self.rung, self.part, &self.video, audio, first)
    }
}

/// The open half of a worker.
struct RungOutput {
    scaler: Scaler,
    encoder: H264Encoder,
    muxer: Muxer,
    audio: Option<AudioPath>,
    pacer: Pacer,
    keys: KeyFrames,
    made: Made,
    tick: av::Rational,
    /// Time of the first frame and of the end of the last, in ticks of the rendition.
    span: Option<(i64, i64)>,
    fixed: bool,
}

impl RungOutput {
    fn open(
        rung: &Rung,
        part: &Part,
        video: &Track,
        audio: Option<AudioPath>,
        first: &Picture,
    ) -> Result<Self, MediaError> {
        let profile = &rung.profile;
        let bad =
            || MediaError::BadSize { rendition: profile.name.clone(), width: profile.width, height: profile.height };
        let source = (first.frame.width(), first.frame.height());
        let (width, height) = fit(source, (profile.width, profile.height)).ok_or_else(bad)?;
        let rate = FrameRate::of(profile);
        let tick = grid(rate, &profile.name)?.unwrap_or(video.tick);
        let settings = H264Settings {
            name: &profile.name,
            width,
            height,
            tick,
            rate: rate.or(video.rate),
            bitrate: profile.bitrate,
            quality: rung.quality,
            profile: rung.h264,
            gop: rung.gop,
            global_header: rung.container == Container::Mp4,
        };
        let encoder = H264Encoder::open(&settings, &first.frame)?;
        let mut muxer = Muxer::create(part.temporary(), part.target(), rung.container)?;
        muxer.add(encoder.parameters(), encoder.tick())?;
        if let Some(audio) = &audio {
            muxer.add(audio.parameters(), audio.tick())?;
        }
        muxer.start()?;
        Ok(Self {
            scaler: Scaler::new(av::format::Pixel::YUV420P, width, height),
            encoder,
            muxer,
            audio,
            pacer: Pacer::new(rate, video.tick),
            keys: KeyFrames::new(rung.gop, tick),
            made: Made { width, height, ..Made::default() },
            tick,
            span: None,
            fixed: rate.is_some(),
        })
    }

    fn picture(&mut self, picture: Arc<Picture>) -> Result<(), MediaError> {
        match self.pacer.push(picture) {
            Some(shown) => self.show(&shown),
            None => Ok(()),
        }
    }

    fn show(&mut self, (picture, places): &Shown) -> Result<(), MediaError> {
        let duration = if self.fixed { 1 } else { picture.duration };
        let mut frame = self.scaler.scale(&picture.frame)?;
        for at in places.clone() {
            let key = self.keys.is_due(at);
            self.encoder.send(&mut frame, at, duration, key)?;
            self.made.frames += 1;
            let start = self.span.map_or(at, |(start, _)| start);
            self.span = Some((start, at.saturating_add(duration)));
            self.write_video()?;
        }
        Ok(())
    }

    fn write_video(&mut self) -> Result<(), MediaError> {
        while let Some(packet) = self.encoder.packet()? {
            self.muxer.write(packet, VIDEO)?;
        }
        Ok(())
    }

    fn audio(&mut self, packet: Option<&av::Packet>) -> Result<(), MediaError> {
        let Some(audio) = &mut self.audio else { return Ok(()) };
        for packet in audio.push(packet)? {
            self.muxer.write(packet, AUDIO)?;
        }
        Ok(())
    }

    fn finish(mut self) -> Result<Made, MediaError> {
        if let Some(shown) = self.pacer.finish() {
            self.show(&shown)?;
        }
        self.audio(None)?;
        self.encoder.finish()?;
        self.write_video()?;
        self.muxer.finish()?;
        let (start, end) = self.span.unwrap_or_default();
        Ok(Made { seconds: seconds(end.saturating_sub(start), self.tick), ..self.made })
    }
}

/// Seconds between the frames of a fixed rate.
fn grid(rate: Option<FrameRate>, name: &str) -> Result<Option<av::Rational>, MediaError> {
    let Some(rate) = rate else { return Ok(None) };
    match rational(rate) {
        // H.264 counts fields, so twice the rate has to fit as well.
        Some(r) if r.numerator() <= i32::MAX / 2 => Ok(Some(r.invert())),
        _ => Err(MediaError::BadRate { rendition: name.to_owned(), rate }),
    }
}
