//! Designs, plans and what a sweep folder goes through, without the command line.

mod designs;
mod folders;
mod support;
mod sweep_errors;
