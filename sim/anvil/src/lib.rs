//! Anvil as a chain to run on: found, started, driven in step and stopped.
//!
//! [`find`] says where the program is, [`Anvil::start`] runs it as a child process that ends with the value,
//! and the handle speaks to it over its socket with many requests in flight. Mining is explicit unless
//! [`Options::automine`] says otherwise: automatic mining is slow on long chains, and explicit mining is what
//! keeps it in step with a simulation. There one of Anvil's blocks stands for one L1 block of Arbitrum, since
//! `block.number` is its own: [`Anvil::advance_to`] takes it to a moment of virtual time.
//!
//! Map: [`program`](mod@program) (where it is), [`options`], [`process`] (the child), `line` (requests and
//! answers), [`error`].

pub mod error;
mod line;
pub mod options;
pub mod process;
pub mod program;

pub use error::AnvilError;
pub use options::{Fork, Options};
pub use process::Anvil;
pub use program::{VERSION, find, is_here, tools_folder};
