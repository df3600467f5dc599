//! Tests of the embedded chain against small hand-written contracts and the token's real one.

mod arbitrum;
mod beside_anvil;
mod cadence;
mod differential;
mod fees;
mod fork;
mod governance;
mod local;
mod logs;
mod past;
mod pool;
mod protocol;
mod rpc;
mod save;
mod sequencer;
mod server;
mod snapshot;
mod support;
