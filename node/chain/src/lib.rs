//! Chain driver over any alloy provider: reads, transactions, events.
