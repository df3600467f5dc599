//! In-process EVM chain with Arbitrum block semantics behind an alloy transport.
