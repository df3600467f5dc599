//! What actors of a scenario do, and the processes around them: policies with parameters, prices, gas, demand.
