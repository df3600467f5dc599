//! Wrong scenarios are answered with file, line and what to do.

use std::path::Path;

use weir_lab::scenario::parse;

use crate::support::{quickstart, quickstart_text};

struct Case {
    name: &'static str,
    from: &'static str,
    to: &'static str,
    /// Line that the error must name: the one on which this text stands.
    on: &'static str,
    says: &'static str,
    help: &'static str,
}

const CASES: &[Case] = &[
    Case {
        name: "unknown version of the contracts",
        from: "protocol = \"D26\"",
        to: "protocol = \"D25\"",
        on: "protocol = \"D25\"",
        says: "`D25` is no version of the protocol: D24 or D26",
        help: "docs/scenarios.md",
    },
    Case {
        name: "upgrade to what is there",
        from: "[token]",
        to: "[[chain.upgrades]]\nround = 2\nprotocol = \"D26\" # again\n\n[token]",
        on: "protocol = \"D26\" # again",
        says: "the contracts are those of D26 already",
        help: "name another version",
    },
    Case {
        name: "upgrade after the last round",
        from: "[token]",
        to: "[[chain.upgrades]]\nround = 99\nprotocol = \"D24\"\n\n[token]",
        on: "round = 99",
        says: "there is no round 99",
        help: "counted from 1",
    },
    Case {
        name: "upgrades out of order",
        from: "[token]",
        to: "[[chain.upgrades]]\nround = 2\nprotocol = \"D24\"\n\n[[chain.upgrades]]\nround = 1 # before\nprotocol = \"D26\"\n\n[token]",
        on: "round = 1 # before",
        says: "round 1 does not come after round 2",
        help: "in the order in which they happen",
    },
    Case {
        name: "unknown key",
        from: "max_sessions = 10",
        to: "max_sesions = 10",
        on: "max_sesions",
        says: "unknown key `max_sesions`",
        help: "did you mean `max_sessions`",
    },
    Case {
        name: "unknown table",
        from: "[faults]",
        to: "[fault]",
        on: "[fault]",
        says: "unknown key `fault`",
        help: "did you mean `faults`",
    },
    Case {
        name: "negative count",
        from: "count = 25",
        to: "count = -25",
        on: "count = -25",
        says: "found -25",
        help: "docs/scenarios.md",
    },
    Case {
        name: "no orchestrators",
        from: "count = 60",
        to: "count = 0",
        on: "count = 0",
        says: "must be a whole number from 1",
        help: "docs/scenarios.md",
    },
    Case {
        name: "negative delegators",
        from: "count = 1500",
        to: "count = -1",
        on: "count = -1",
        says: "-1",
        help: "docs/scenarios.md",
    },
    Case {
        name: "missing clip",
        from: "media/bigbuckbunny.mp4",
        to: "media/none.mp4",
        on: "clip =",
        says: "no such file",
        help: "relative to the scenario",
    },
    Case {
        name: "no deposit",
        from: "deposit_eth = 2.0",
        to: "deposit_eth = 0",
        on: "deposit_eth",
        says: "cannot pay with tickets",
        help: "deposit_eth = 1.0",
    },
    Case {
        name: "deposit left out",
        from: "deposit_eth = 2.0\n",
        to: "",
        on: "[gateways]",
        says: "missing key `deposit_eth`",
        help: "add `deposit_eth",
    },
    Case {
        name: "negative deposit",
        from: "deposit_eth = 2.0",
        to: "deposit_eth = -2.0",
        on: "deposit_eth",
        says: "must not be negative",
        help: "docs/scenarios.md",
    },
    Case {
        name: "negative price",
        from: "median = 137",
        to: "median = -137",
        on: "price_wei_per_pixel",
        says: "-137",
        help: "price is not negative",
    },
    Case {
        name: "negative maximum price",
        from: "max_price_wei_per_pixel = 300",
        to: "max_price_wei_per_pixel = -1",
        on: "max_price_wei_per_pixel",
        says: "must not be negative",
        help: "docs/scenarios.md",
    },
    Case {
        name: "rounds too short",
        from: "length_blocks = 75",
        to: "length_blocks = 30",
        on: "length_blocks",
        says: "fewer than",
        help: "use",
    },
    Case {
        name: "batches beyond a transaction's gas",
        from: "gas_eth = 1.0",
        to: "gas_eth = 1.0\nredeem_batch = 51",
        on: "redeem_batch",
        says: "51 tickets may take more gas than a transaction has",
        help: "use 50 or fewer",
    },
    Case {
        name: "payments beyond the gateways' limit",
        from: "max_total_ev_wei = 100_000_000_000_000",
        to: "max_total_ev_wei = 5_000_000_000_000",
        on: "max_total_ev_wei",
        says: "gateways.max_total_ev_wei: a segment of 2.000 s takes tickets worth 12000000000000 wei, and gateways send \
               less than 5000000000000 wei at once",
        help: "raise it, or lower orchestrators.price_scale or gateways.segment_seconds",
    },
    Case {
        name: "a reserve that pays no winner",
        from: "reserve_eth = 4.0",
        to: "reserve_eth = 0.0000001",
        on: "reserve_eth",
        says: "gateways.reserve_eth: a reserve of 2000000000 wei for each of 50 orchestrators pays no winner: a \
               redemption costs 5250000000000 wei, and a ticket is worth 2000000000000 wei",
        help: "raise it: a winner is worth more than its redemption and more than a ticket",
    },
    Case {
        name: "a deposit that pays no winner",
        from: "deposit_eth = 2.0",
        to: "deposit_eth = 0.000001",
        on: "deposit_eth",
        says: "gateways.deposit_eth: a deposit of 1000000000000 wei pays no winner",
        help: "raise it",
    },
    Case {
        name: "tickets by the thousand",
        from: "ticket_ev_wei = 2_000_000_000_000",
        to: "ticket_ev_wei = 10_000_000_000",
        on: "ticket_ev_wei = 10",
        says: "orchestrators.ticket_ev_wei: a segment takes 1140 tickets, and orchestrators take 600 with the same \
               parameters",
        help: "raise it, and gateways.max_ticket_ev_wei with it",
    },
    Case {
        name: "weights",
        from: "stake_weight = 0.7",
        to: "stake_weight = 0.9",
        on: "selection",
        says: "weights add up to",
        help: "must be 1",
    },
    Case {
        name: "unknown region",
        from: "from = \"asia\", to = \"asia\"",
        to: "from = \"asia\", to = \"mars\"",
        on: "mars",
        says: "`mars` is no region",
        help: "regions are",
    },
    Case {
        name: "no such gateway",
        from: "gateway = 1\n",
        to: "gateway = 26\n",
        on: "gateway = 26",
        says: "there is no gateway 26",
        help: "from 1 to 25",
    },
    Case {
        name: "wrong type",
        from: "active = 50",
        to: "active = \"fifty\"",
        on: "active =",
        says: "active",
        help: "docs/scenarios.md",
    },
    Case {
        name: "another shape than the source",
        from: "width = 426",
        to: "width = 320",
        on: "width = 320",
        says: "cannot become 320x240 without distortion",
        help: "use width = 320 and height = 180",
    },
    Case { name: "broken toml", from: "seed = 5", to: "seed = = 5", on: "seed =", says: "", help: "" },
    Case {
        name: "unknown level",
        from: "chain = \"embedded\"",
        to: "chain = \"moon\"",
        on: "chain =",
        says: "unknown variant `moon`",
        help: "",
    },
];

#[test]
fn each_mistake_is_named_with_its_line_and_a_remedy() {
    for c in CASES {
        let text = quickstart_text();
        assert!(text.contains(c.from), "{}: the quickstart has no `{}`", c.name, c.from);
        let text = text.replacen(c.from, c.to, 1);
        let error = parse(&quickstart(), &text).expect_err(c.name);
        let shown = error.to_string();
        let (line, _) = error.place().unwrap_or_else(|| panic!("{}: no line in {shown}", c.name));
        let at = text.lines().nth(line - 1).unwrap_or_default();
        assert!(at.contains(c.on), "{}: names line {line} `{at}`: {shown}", c.name);
        assert!(shown.contains("quickstart.toml:"), "{}: {shown}", c.name);
        assert!(shown.contains(c.says), "{}: {shown}", c.name);
        assert!(error.help().contains(c.help), "{}: {shown}", c.name);
    }
}

#[test]
fn a_missing_file_is_named() {
    let error = weir_lab::scenario::load(Path::new("nowhere.toml")).expect_err("there is no such file");
    assert!(error.to_string().starts_with("nowhere.toml: cannot read the scenario"), "{error}");
}

#[test]
fn the_quickstart_is_sound() {
    weir_lab::scenario::load(&quickstart()).expect("the quickstart scenario is sound");
}
