//! The repository keeps its own rules.

mod circles;
mod floors;
mod stamp;
mod tidy;
