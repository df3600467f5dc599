//! Pictures of another size and pixel format.

use crate::error::MediaError;
use ffmpeg_next as av;
use ffmpeg_next::software::scaling;

/// Scales bicubically to one size. It adapts to sources whose size changes half-way.
pub(crate) struct Scaler {
    context: Option<scaling::Context>,
    format: av::format::Pixel,
    width: u32,
    height: u32,
}

impl Scaler {
    pub(crate) fn new(format: av::format::Pixel, width: u32, height: u32) -> Self {
        Self { context: None, format, width, height }
    }

    /// A new frame. It owns its memory, because encoders keep references to frames.
    pub(crate) fn scale(&mut self, frame: &av::frame::Video) -> Result<av::frame::Video, MediaError> {
        let failed = MediaError::libav("scaling");
        let fits = |c: &scaling::Context| {
            let input = c.input();
            (input.format, input.width, input.height) == (frame.format(), frame.width(), frame.height())
        };
        let context = match self.context.take().filter(fits) {
            Some(context) => context,
            None => self.context_for(frame).map_err(&failed)?,
        };
        let mut scaled = av::frame::Video::empty();
        self.context.insert(context).run(frame, &mut scaled).map_err(failed)?;
        Ok(scaled)
    }

    fn context_for(&self, frame: &av::frame::Video) -> Result<scaling::Context, av::Error> {
        // Exact arithmetic, so that processors with other vector units make the same pictures.
        let flags = scaling::Flags::BICUBIC | scaling::Flags::ACCURATE_RND | scaling::Flags::BITEXACT;
        scaling::Context::get(
            frame.format(),
            frame.width(),
            frame.height(),
            self.format,
            self.width,
            self.height,
            flags,
        )
    }
}
