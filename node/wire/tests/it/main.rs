//! The wire: what is written is read again, and whatever is read never stops the reader.

mod addresses;
mod byoc;
mod decoders;
mod image;
mod json;
mod playlist;
mod texts;
mod trickle;
