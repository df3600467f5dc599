//! The crate from outside: what it makes of real media, held against ffprobe and against records
//! of another transcoder.

mod support;

mod bad;
mod conformance;
mod cut;
mod ladder;
mod models;
mod probing;
