//! A store on a real file system: killed, full, damaged, shared.

mod crash;
mod file;
