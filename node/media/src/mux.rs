//! Packets into files.

use crate::clock::rescale;
use crate::error::MediaError;
use crate::ladder::Container;
use crate::source::url;
use ffmpeg_next as av;
use std::path::{Path, PathBuf};

/// A stream of an output file.
struct Lane {
    /// Tick of the packets that come in.
    tick: av::Rational,
    /// Last time stamp of decoding that was written, in the file's tick.
    last: Option<i64>,
}

/// Writes one file. Failures name the file that it stands for, not the temporary one.
pub(crate) struct Muxer {
    output: av::format::context::Output,
    target: PathBuf,
    container: Container,
    lanes: Vec<Lane>,
}

impl Muxer {
    pub(crate) fn create(temporary: &Path, target: &Path, container: Container) -> Result<Self, MediaError> {
        let url = url(temporary).ok_or_else(|| MediaError::write(target, &"its name is not UTF-8"))?;
        let format = match container {
            Container::MpegTs => "mpegts",
            Container::Mp4 => "mp4",
        };
        let output = av::format::output_as(&url, format).map_err(|e| MediaError::write(target, &e))?;
        Ok(Self { output, target: target.to_owned(), container, lanes: Vec::new() })
    }

    /// Adds a stream whose packets come in ticks of `tick`. Streams are numbered as they are added.
    pub(crate) fn add(&mut self, parameters: av::codec::Parameters, tick: av::Rational) -> Result<(), MediaError> {
        let failed = MediaError::libav("adding a stream");
        let mut stream = self.output.add_stream(av::encoder::find(av::codec::Id::None)).map_err(failed)?;
        stream.set_parameters(parameters);
        // SAFETY: the stream was just made by libav and its parameters live as long as it does.
        // The tag names the codec as the source's container does; zero has the muxer choose.
        unsafe { (*(*stream.as_mut_ptr()).codecpar).codec_tag = 0 };
        stream.set_time_base(tick);
        self.lanes.push(Lane { tick, last: None });
        Ok(())
    }

    /// Writes what comes before the first packet.
    pub(crate) fn start(&mut self) -> Result<(), MediaError> {
        let mut options = av::Dictionary::new();
        if self.container == Container::Mp4 {
            // Players on the network need the index first.
            options.set("movflags", "+faststart");
        }
        match self.output.write_header_with(options) {
            Ok(_) => Ok(()),
            Err(e) => Err(MediaError::write(&self.target, &e)),
        }
    }

    /// Writes a packet. Time stamps of decoding grow: one that does not is moved by a tick.
    pub(crate) fn write(&mut self, mut packet: av::Packet, lane: usize) -> Result<(), MediaError> {
        let Some(stream) = self.output.stream(lane) else { return Ok(()) };
        let out = stream.time_base();
        let Lane { tick, last } = &mut self.lanes[lane];
        let Some(pts) = packet.pts() else { return Ok(()) };
        let mut dts = rescale(packet.dts().unwrap_or(pts), *tick, out)?;
        let pts = rescale(pts, *tick, out)?;
        if let Some(last) = *last {
            dts = dts.max(last + 1);
        }
        *last = Some(dts);
        packet.set_dts(Some(dts));
        packet.set_pts(Some(pts.max(dts)));
        packet.set_duration(rescale(packet.duration().max(0), *tick, out)?);
        packet.set_stream(lane);
        packet.set_position(-1);
        packet.write_interleaved(&mut self.output).map_err(|e| MediaError::write(&self.target, &e))
    }

    /// Writes what comes after the last packet.
    pub(crate) fn finish(mut self) -> Result<(), MediaError> {
        self.output.write_trailer().map_err(|e| MediaError::write(&self.target, &e))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::encode::{H264Encoder, H264Settings};
    use crate::ladder::{Gop, H264Profile};
    use crate::source::ready;

    /// A picture's way into a file on a device that is always full.
    fn fill(container: Container) -> Result<(), MediaError> {
        ready();
        let mut frame = av::frame::Video::new(av::format::Pixel::YUV420P, 320, 180);
        for plane in 0..3 {
            frame.data_mut(plane).fill(128);
        }
        let settings = H264Settings {
            name: "full",
            width: 320,
            height: 180,
            tick: av::Rational::new(1, 25),
            rate: None,
            bitrate: 0,
            quality: 0,
            profile: H264Profile::Auto,
            gop: Gop::Auto,
            global_header: container == Container::Mp4,
        };
        let mut encoder = H264Encoder::open(&settings, &frame)?;
        let mut muxer = Muxer::create(Path::new("/dev/full"), Path::new("out/full"), container)?;
        muxer.add(encoder.parameters(), encoder.tick())?;
        muxer.start()?;
        encoder.send(&mut frame, 0, 1, true)?;
        encoder.finish()?;
        while let Some(packet) = encoder.packet()? {
            muxer.write(packet, 0)?;
        }
        muxer.finish()
    }

    #[test]
    fn a_full_disk_is_a_failure_to_write() {
        for container in [Container::MpegTs, Container::Mp4] {
            let error = fill(container).expect_err("no space");
            assert!(matches!(&error, MediaError::Write { .. }), "{container:?}: {error}");
            assert!(error.to_string().starts_with("cannot write out/full: No space left"), "{error}");
        }
    }
}
