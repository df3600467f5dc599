//! Role machines of the Livepeer network: gateway, orchestrator, redeemer and the others, free of I/O.
