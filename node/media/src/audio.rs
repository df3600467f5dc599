//! Sound that goes along: copied where the container takes it, else made AAC.

use crate::clock::Clock;
use crate::decode;
use crate::error::MediaError;
use crate::ladder::Container;
use crate::source::Track;
use ffmpeg_next as av;
use ffmpeg_next::codec::Id;
use std::path::Path;

/// What sound becomes where it cannot be copied: AAC, stereo, at a rate and bit rate that every
/// player takes.
const RATE: i32 = 48_000;
const BITS_PER_SECOND: usize = 128_000;
/// Samples of a frame of AAC.
const AAC_FRAME: u32 = 1024;

/// Whether players of a container know a codec in it. The muxers would take more, as private data.
fn carries(container: Container, codec: Id) -> bool {
    match container {
        Container::MpegTs => {
            matches!(codec, Id::AAC | Id::AAC_LATM | Id::MP2 | Id::MP3 | Id::AC3 | Id::EAC3 | Id::OPUS | Id::DTS)
        }
        Container::Mp4 => {
            matches!(codec, Id::AAC | Id::MP2 | Id::MP3 | Id::AC3 | Id::EAC3 | Id::OPUS | Id::ALAC | Id::FLAC)
        }
    }
}

/// The way of the sound into one file.
pub(crate) enum AudioPath {
    /// Packets as they come.
    Copy { clock: Clock, parameters: av::codec::Parameters, tick: av::Rational },
    /// Decoded and encoded again.
    Encode(Box<Reencoder>),
}

impl AudioPath {
    pub(crate) fn open(path: &Path, track: &Track, container: Container) -> Result<Self, MediaError> {
        if carries(container, track.parameters.id()) {
            let parameters = track.parameters.clone();
            return Ok(Self::Copy { clock: Clock::new(track.tick), parameters, tick: track.tick });
        }
        Reencoder::open(path, track, container).map(|r| Self::Encode(Box::new(r)))
    }

    pub(crate) fn parameters(&self) -> av::codec::Parameters {
        match self {
            Self::Copy { parameters, .. } => parameters.clone(),
            Self::Encode(r) => av::codec::Parameters::from(&r.encoder),
        }
    }

    /// Seconds of one tick of the packets that come out.
    pub(crate) fn tick(&self) -> av::Rational {
        match self {
            Self::Copy { tick, .. } => *tick,
            Self::Encode(_) => av::Rational::new(1, RATE),
        }
    }

    /// Takes a packet, or the end of all, and gives what comes out.
    pub(crate) fn push(&mut self, packet: Option<&av::Packet>) -> Result<Vec<av::Packet>, MediaError> {
        match self {
            Self::Copy { clock, .. } => Ok(packet.map(|p| copy(p, clock)).into_iter().collect()),
            Self::Encode(r) => r.push(packet),
        }
    }
}

fn copy(packet: &av::Packet, clock: &mut Clock) -> av::Packet {
    let mut copy = packet.clone();
    let at = clock.place(packet.pts().or(packet.dts()), packet.duration());
    copy.set_pts(Some(at));
    copy.set_dts(Some(at));
    copy
}

/// Decodes sound, resamples it and encodes AAC.
pub(crate) struct Reencoder {
    decoder: av::decoder::Audio,
    clock: Clock,
    tick: av::Rational,
    encoder: av::encoder::Audio,
    resampler: Option<Resampler>,
}

impl Reencoder {
    fn open(path: &Path, track: &Track, container: Container) -> Result<Self, MediaError> {
        let failed = MediaError::libav("opening the audio decoder");
        let decoder = decode::open(path, track, "audio")?.audio().map_err(failed)?;
        let encoder = aac(container).map_err(MediaError::libav("opening the AAC encoder"))?;
        Ok(Self { decoder, clock: Clock::new(track.tick), tick: track.tick, encoder, resampler: None })
    }

    fn push(&mut self, packet: Option<&av::Packet>) -> Result<Vec<av::Packet>, MediaError> {
        // As with video, a packet that cannot be decoded is left out.
        let _ = match packet {
            Some(packet) => self.decoder.send_packet(packet),
            None => self.decoder.send_eof(),
        };
        let mut out = Vec::new();
        let mut frame = av::frame::Audio::empty();
        while self.decoder.receive_frame(&mut frame).is_ok() {
            let at = self.clock.place(frame.timestamp(), frame.packet().duration);
            frame.set_pts(Some(at));
            if self.resampler.as_ref().is_none_or(|r| !r.takes(&frame)) {
                self.drain(&mut out)?;
                self.resampler = Some(Resampler::open(&frame, self.tick)?);
            }
            if let Some(resampler) = &mut self.resampler {
                resampler.source().add(&frame).map_err(MediaError::libav("resampling"))?;
            }
            self.encode(&mut out)?;
        }
        if packet.is_none() {
            self.drain(&mut out)?;
            self.encoder.send_eof().map_err(MediaError::libav("finishing the sound"))?;
            self.receive(&mut out)?;
        }
        Ok(out)
    }

    /// Empties a resampler that takes no more.
    fn drain(&mut self, out: &mut Vec<av::Packet>) -> Result<(), MediaError> {
        if let Some(resampler) = &mut self.resampler {
            resampler.source().flush().map_err(MediaError::libav("resampling"))?;
        }
        self.encode(out)?;
        self.resampler = None;
        Ok(())
    }

    fn encode(&mut self, out: &mut Vec<av::Packet>) -> Result<(), MediaError> {
        let mut frame = av::frame::Audio::empty();
        while self.resampler.as_mut().is_some_and(|r| r.next(&mut frame)) {
            self.encoder.send_frame(&frame).map_err(MediaError::libav("encoding sound"))?;
            self.receive(out)?;
        }
        Ok(())
    }

    fn receive(&mut self, out: &mut Vec<av::Packet>) -> Result<(), MediaError> {
        loop {
            let mut packet = av::Packet::empty();
            match self.encoder.receive_packet(&mut packet) {
                Ok(()) => out.push(packet),
                Err(av::Error::Eof | av::Error::Other { errno: av::error::EAGAIN }) => return Ok(()),
                Err(e) => return Err(MediaError::libav("encoding sound")(e)),
            }
        }
    }
}

fn aac(container: Container) -> Result<av::encoder::Audio, av::Error> {
    let codec = av::encoder::find(Id::AAC).ok_or(av::Error::EncoderNotFound)?;
    let mut context = av::codec::Context::new_with_codec(codec);
    context.set_threading(decode::one_thread());
    if container == Container::Mp4 {
        context.set_flags(av::codec::Flags::GLOBAL_HEADER);
    }
    let mut encoder = context.encoder().audio()?;
    encoder.set_rate(RATE);
    encoder.set_format(av::format::Sample::F32(av::format::sample::Type::Planar));
    encoder.set_channel_layout(av::ChannelLayout::STEREO);
    encoder.set_bit_rate(BITS_PER_SECOND);
    encoder.set_time_base(av::Rational::new(1, RATE));
    encoder.open_as(codec)
}

/// Sound of one form into frames for the AAC encoder.
struct Resampler {
    graph: av::filter::Graph,
    form: (u32, av::format::Sample, u16),
}

impl Resampler {
    fn open(frame: &av::frame::Audio, tick: av::Rational) -> Result<Self, MediaError> {
        let failed = MediaError::libav("opening the resampler");
        let missing = || MediaError::Libav { step: "opening the resampler", reason: "libav lacks a filter".to_owned() };
        let form = form(frame);
        // A frame may name its channels by number only.
        let named = frame.channel_layout();
        let layout = if named.is_empty() { av::ChannelLayout::default(i32::from(form.2)) } else { named };
        let args = format!(
            "time_base={}/{}:sample_rate={}:sample_fmt={}:channel_layout=0x{:x}",
            tick.numerator(),
            tick.denominator(),
            form.0,
            form.1.name(),
            layout.bits()
        );
        let mut graph = av::filter::Graph::new();
        let source = av::filter::find("abuffer").ok_or_else(missing)?;
        let sink = av::filter::find("abuffersink").ok_or_else(missing)?;
        graph.add(&source, "in", &args).map_err(&failed)?;
        graph.add(&sink, "out", "").map_err(&failed)?;
        let spec = format!("aformat=sample_fmts=fltp:sample_rates={RATE}:channel_layouts=stereo,asettb=1/{RATE}");
        graph.output("in", 0).and_then(|p| p.input("out", 0)).and_then(|p| p.parse(&spec)).map_err(&failed)?;
        graph.validate().map_err(failed)?;
        graph.get("out").ok_or_else(missing)?.sink().set_frame_size(AAC_FRAME);
        Ok(Self { graph, form })
    }

    fn takes(&self, frame: &av::frame::Audio) -> bool {
        self.form == form(frame)
    }

    fn source(&mut self) -> Feed {
        Feed(self.graph.get("in"))
    }

    /// Fills `frame`, if there is enough sound for it.
    fn next(&mut self, frame: &mut av::frame::Audio) -> bool {
        self.graph.get("out").is_some_and(|mut out| out.sink().frame(frame).is_ok())
    }
}

fn form(frame: &av::frame::Audio) -> (u32, av::format::Sample, u16) {
    (frame.rate(), frame.format(), frame.channels())
}

/// The entry of a resampler.
struct Feed(Option<av::filter::Context>);

impl Feed {
    fn add(&mut self, frame: &av::frame::Audio) -> Result<(), av::Error> {
        self.0.as_mut().map_or(Err(av::Error::FilterNotFound), |c| c.source().add(frame))
    }

    fn flush(&mut self) -> Result<(), av::Error> {
        self.0.as_mut().map_or(Err(av::Error::FilterNotFound), |c| c.source().flush())
    }
}
