//! Livepeer protocol contracts.
