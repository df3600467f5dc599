//! The repository keeps its own rules.

mod floors;
mod stamp;
mod tidy;
