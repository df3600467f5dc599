//! Prices, discovery, selection, sessions and admission of the Livepeer market, free of I/O.
