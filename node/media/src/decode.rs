//! Packets into pictures.

use crate::clock::Clock;
use crate::error::MediaError;
use crate::picture::Picture;
use crate::source::Track;
use ffmpeg_next as av;
use std::path::Path;

/// Decodes one video stream on one thread.
pub(crate) struct VideoDecoder {
    decoder: av::decoder::Video,
    clock: Clock,
    frame_ticks: i64,
}

impl VideoDecoder {
    pub(crate) fn open(path: &Path, track: &Track) -> Result<Self, MediaError> {
        let decoder = open(path, track, "video")?.video().map_err(MediaError::libav("opening the video decoder"))?;
        Ok(Self { decoder, clock: Clock::new(track.tick), frame_ticks: track.frame_ticks() })
    }

    /// Takes a packet, or the end of all. A packet that cannot be decoded is no failure: the
    /// stream may recover at the next one.
    pub(crate) fn send(&mut self, packet: Option<&av::Packet>) {
        let _ = match packet {
            Some(packet) => self.decoder.send_packet(packet),
            None => self.decoder.send_eof(),
        };
    }

    /// The next picture in the order of display, as long as there is one.
    pub(crate) fn picture(&mut self) -> Option<Picture> {
        let mut frame = av::frame::Video::empty();
        self.decoder.receive_frame(&mut frame).ok()?;
        let told = frame.packet().duration;
        let duration = if told > 0 { told } else { self.frame_ticks };
        let pts = self.clock.place(frame.timestamp(), duration);
        Some(Picture { frame, pts, duration })
    }
}

/// Opens a decoder that works on the caller's thread.
pub(crate) fn open(path: &Path, track: &Track, medium: &'static str) -> Result<av::decoder::Opened, MediaError> {
    let id = track.parameters.id();
    let Some(codec) = av::decoder::find(id) else {
        return Err(MediaError::UnsupportedCodec { path: path.to_owned(), medium, codec: id.name().to_owned() });
    };
    let failed = MediaError::libav("opening a decoder");
    let mut context = av::codec::Context::from_parameters(track.parameters.clone()).map_err(&failed)?;
    context.set_threading(one_thread());
    let mut decoder = context.decoder();
    decoder.set_packet_time_base(track.tick);
    decoder.open_as(codec).map_err(failed)
}

/// Codecs that share work among threads may make other bytes each time.
pub(crate) fn one_thread() -> av::threading::Config {
    // Fields vary with libav's version.
    av::threading::Config { kind: av::threading::Type::None, count: 1, ..Default::default() }
}
