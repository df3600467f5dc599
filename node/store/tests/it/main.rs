//! A store on a real file system: killed, full, damaged, shared.

mod backup;
mod crash;
mod file;
mod money;
mod steps;
mod tables;
