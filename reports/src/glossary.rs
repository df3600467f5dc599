//! What the words mean, and what each invariant says.

/// Terms for somebody who has never seen Livepeer.
pub(crate) const TERMS: [(&str, &str); 12] = [
    (
        "Orchestrator",
        "A machine’s operator who transcodes video for fees and vouches for the work with a stake; the tables, like the Livepeer subgraph, call it a transcoder.",
    ),
    (
        "Gateway",
        "Whoever brings video into the network, picks orchestrators and pays them; the tables call it a broadcaster.",
    ),
    ("Delegator", "A holder of LPT who lends its stake to one orchestrator and shares in what that one earns."),
    (
        "Round",
        "The protocol’s unit of time, some 21 hours on the real network: in each one new LPT may be claimed once.",
    ),
    ("Ticket", "A signed lottery ticket with which a gateway pays for a piece of work, without touching the chain."),
    (
        "Winning ticket",
        "A ticket whose draw came out in its holder’s favour, so that the chain will pay its face value.",
    ),
    (
        "Redemption",
        "The transaction that hands in a winning ticket and moves its face value out of the gateway’s funds.",
    ),
    ("Face value", "What one winning ticket pays."),
    (
        "Expected value",
        "Face value times the chance to win: what a ticket is worth on average, and so what it pays for.",
    ),
    (
        "Reward call",
        "The transaction by which an orchestrator claims its part of a round’s new LPT, for itself and its delegators.",
    ),
    ("LPT", "The Livepeer token: its stake decides who may work and how new tokens are shared."),
    (
        "Deposit and reserve",
        "A gateway’s funds in the contracts: the deposit pays winning tickets, the reserve vouches for them when it runs dry.",
    ),
];

/// What an invariant says; nothing for one that this version does not know.
pub(crate) fn invariant(name: &str) -> &'static str {
    match name {
        "eth_conserved" => "Every wei of the start is with an actor, in a contract, or paid for gas.",
        "lpt_supply" => "The supply of LPT grew by what rewards minted and by nothing else.",
        "tickets_redeemed_once" => "No ticket was paid twice, and the broker knows each one as used.",
        "deposits_match_fees" => {
            "What left deposits and reserves is what redemptions moved, and what stakers may withdraw is there."
        }
        "ev_within_4_sigma" => {
            "Over many tickets, what a gateway paid in expected value is what its orchestrator earned."
        }
        "served_within_credit" => "Nobody worked for a session whose balance was below its rule.",
        "media_matches_model" => "Real renditions have the sizes and frames that their fees were reckoned on.",
        _ => "",
    }
}

/// What a level of fidelity means; nothing for one that this version does not know.
pub(crate) fn fidelity(layer: &str, level: &str) -> &'static str {
    match (layer, level) {
        ("traffic", "segment") => "every segment is a message through the role machines",
        ("traffic", "round") => "the demand of a round is reckoned at once, without its single segments",
        ("chain", "embedded") => "the contracts’ real bytecode in an EVM in process",
        ("signatures", "real") => "secp256k1 on every ticket and message",
        ("media", "model") => "sizes and times from a work model; a real stream is transcoded besides",
        _ => "",
    }
}
