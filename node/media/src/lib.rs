//! Probe, decode, scale, encode and mux of video segments through libav.
