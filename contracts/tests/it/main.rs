//! Integration tests of the contracts.
