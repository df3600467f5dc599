//! Probabilistic tickets: parameters, sender and recipient engines, redemption queue, free of I/O.
//!
//! A gateway pays for work with tickets. Each is a signed lottery ticket whose expected value is
//! tiny and whose face value is worth a transaction; only winners go on chain. This crate holds
//! both sides of that game as plain state machines: whoever drives them brings the clock, the
//! chain's view, the seeds and the store.
//!
//! Map of the crate, in reading order: [`ticket`] (tickets, parameters, payments), [`sig`]
//! (signatures and the draw), [`value`] (exact sums), [`recipient`] (an orchestrator's parameters
//! and checks), [`payment`] (a whole payment received), [`balance`] (credit per session),
//! [`sender`] (a gateway's sessions, batches and limits), [`monitor`] (what a sender is good for),
//! [`queue`] (redemption of winners), [`meter`] (work that goes by time), [`topup`] (balances that the other side
//! keeps), [`policy`] (expected value, interval, buffer and reserve in one), [`wire`] (all of it as messages).

pub mod balance;
mod issued;
pub mod meter;
pub mod monitor;
pub mod payment;
pub mod policy;
pub mod queue;
pub mod recipient;
pub mod sender;
pub mod sig;
pub mod ticket;
pub mod topup;
pub mod value;
pub mod wire;

pub use sig::{
    EthVerifier, LazySigner, LazyVerifier, SigError, Signature, SigningKey, TextSigner, TicketSigner, TicketVerifier,
    is_winning,
};
pub use ticket::{ExpirationParams, Payment, PriceError, PriceInfo, SenderParams, Ticket, TicketParams, WinningTicket};
pub use value::Value;
