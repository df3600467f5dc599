//! The program from outside: what it prints, what it leaves, how it ends.

mod support;

mod cast;
mod devnet;
mod diff;
mod doctor;
mod engines;
mod faces;
mod interrupt;
mod runs;
mod sweeps;
mod transcode;
mod usage;
