//! The program from outside: what it prints, what it leaves, how it ends.

mod support;

mod cast;
mod devnet;
mod doctor;
mod faces;
mod interrupt;
mod runs;
mod transcode;
mod usage;
