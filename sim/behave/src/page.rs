//! The pages of docs/behaviours, made from the declarations of the parameters.

use std::fmt::Write as _;

use crate::delegator::{self, Population};
use crate::gateway::{self, GatewayRules};
use crate::keeper::KeeperRules;
use crate::oracle::OracleConfig;
use crate::orchestrator::{self, OrchestratorRules, Split};
use crate::pool::PoolConfig;
use crate::process::ProcessConfig;
use crate::script::ScriptConfig;
use crate::setting::{ActDoc, KeyDoc, Named, Section, Sections, Setting, prose};
use crate::view::{Network, Peer};
use crate::voter::{self, TreasuryRules, VoterRules};

/// Names and meanings of what is seen, and whether scripts see it.
type Keys = &'static [(&'static str, &'static [&'static str], bool)];

/// A page: the name of its file, and its text.
pub type Page = (&'static str, String);

/// All pages.
#[must_use]
pub fn pages() -> Vec<Page> {
    vec![
        ("orchestrators.md", orchestrators()),
        ("gateways.md", gateways()),
        ("delegators.md", delegators()),
        ("governance.md", governance()),
        ("keepers.md", keepers()),
        ("processes.md", processes()),
        ("scripts.md", scripts()),
        ("README.md", index()),
    ]
}

const MADE: &str = "Made from the code by `WEIR_UPDATE=1 cargo test -p weir-behave page::`; a test holds it there.";

fn head(title: &str, intro: &str) -> String {
    format!("# {title}\n\n{intro}\n\n{MADE}\n")
}

/// The sections of some tables, each met once.
fn tables(add: &[fn(&mut Sections)]) -> String {
    let mut sections = Sections::default();
    for add in add {
        add(&mut sections);
    }
    sections.all.iter().map(section).collect()
}

fn section(section: &Section) -> String {
    let mut out = format!("\n## {}\n\n{}\n", section.name, section.meaning);
    for kind in &section.kinds {
        if !kind.kind.is_empty() {
            let _ = writeln!(out, "\n### `{}`\n\n{}", kind.kind, kind.meaning);
        }
        out.push_str(&keys(&kind.keys));
    }
    out
}

/// A text inside a table: lines of a table end at a bar.
fn cell(text: &str) -> String {
    text.replace('|', "\\|")
}

fn keys(keys: &[KeyDoc]) -> String {
    if keys.is_empty() {
        return String::new();
    }
    let mut out = "\n| key | takes | default | meaning |\n|---|---|---|---|\n".to_owned();
    for k in keys {
        let default = if k.default.is_empty() { "must be given" } else { &k.default };
        let _ = writeln!(out, "| `{}` | {} | {} | {} |", k.key, cell(&k.form), cell(default), cell(&k.meaning));
    }
    out
}

fn seen(title: &str, keys: Keys) -> String {
    let mut out = format!("\n### {title}\n\n| key | meaning |\n|---|---|\n");
    for (key, lines, _) in keys.iter().filter(|(_, _, shown)| *shown) {
        let _ = writeln!(out, "| `{key}` | {} |", cell(&prose(lines)));
    }
    out
}

fn acts(title: &str, acts: &[ActDoc]) -> String {
    let mut out = format!("\n### {title}\n\n| act | keys | meaning |\n|---|---|---|\n");
    for act in acts {
        let keys =
            act.keys.iter().map(|(key, lines)| format!("`{key}`: {}", prose(lines))).collect::<Vec<_>>().join(" ");
        let _ = writeln!(out, "| `{}` | {} | {} |", act.name, cell(&keys), cell(&prose(act.meaning)));
    }
    out
}

fn index() -> String {
    let intro = "What actors of a scenario do, and what happens around them. Every table below is a table of the scenario; \
        every key has a default, and a key that is not known is an error.";
    let mut out = head("Behaviours", intro);
    let pages = [
        ("orchestrators.md", "prices, capacity, reliability, reward calls, cheating, cuts, exit, clones"),
        ("gateways.md", "demand, money, checks, attacks"),
        ("delegators.md", "who they are, what they do with stake and rewards, when they look and move"),
        ("governance.md", "who asks the treasury for money, and who votes how"),
        ("keepers.md", "who starts rounds and redeems tickets, and when"),
        ("processes.md", "prices, gas, mood, the bonding rate; the pool for LPT; how prices reach actors"),
        ("scripts.md", "behaviours of your own"),
    ];
    out.push_str("\n| page | what it is about |\n|---|---|\n");
    for (file, about) in pages {
        let _ = writeln!(out, "| [{file}]({file}) | {about} |");
    }
    out
}

fn orchestrators() -> String {
    let intro = "An orchestrator is put together from its ways: most keys name one by `kind`.\n\n\
        ```toml\npricing = { kind = \"cost_plus\", margin = { kind = \"uniform\", from = 0.1, to = 0.6 } }\n\
        reward_calls = { kind = \"gas_aware\", margin = 1.5 }\nexit = { kind = \"losses\", rounds = 60 }\n```";
    head("Orchestrators", intro) + &tables(&[OrchestratorRules::sections, Split::sections])
}

fn gateways() -> String {
    let intro = "A gateway has users who want streams, money that pays for them, and eyes for what comes back.\n\n\
        ```toml\ndemand = { kind = \"calibrated\", streams = 20 }\nfunding = { kind = \"top_up\" }\n\
        checks = { rate = 0.02, avoid_days = 3 }\n```";
    head("Gateways", intro) + &tables(&[GatewayRules::sections])
}

fn delegators() -> String {
    let intro = "Delegators are made in groups: who they are by size, and how each group behaves.\n\n\
        ```toml\nstart = { kind = \"bands\", wallets = 300 }\n\n[groups.everybody.rules]\n\
        class = { kind = \"extractor\", every_days = 45 }\nattention = { rate = 0.05, threshold = 0.02 }\n```";
    head("Delegators", intro) + &tables(&[Population::sections])
}

fn governance() -> String {
    let intro = "Who asks the treasury for money, and how stake votes.";
    head("Governance", intro) + &tables(&[TreasuryRules::sections, VoterRules::sections])
}

fn keepers() -> String {
    head("Keepers", "Who starts rounds and redeems tickets, and when.") + &tables(&[KeeperRules::sections])
}

fn processes() -> String {
    let intro = "Numbers that move over time. They are named, and one may follow another:\n\n\
        ```toml\n[eth_usd]\nkind = \"gbm\"\nstart = 2976\n\n[lpt_usd]\nkind = \"gbm\"\nstart = 3.14\n\
        follows = \"eth_usd\"\nscale = 0.0348\ndf = 2.93\n```";
    head("Processes", intro) + &tables(&[ProcessConfig::sections, PoolConfig::sections, OracleConfig::sections])
}

fn scripts() -> String {
    let mut out = head("Scripts", SCRIPTS) + &tables(&[ScriptConfig::sections]);
    out.push_str("\n## What is seen, and what can be done\n");
    out.push_str(&seen("`view.network`", Network::KEYS));
    out.push_str(&seen("An orchestrator in a list", Peer::KEYS));
    let families: [(&str, &str, Keys, &[ActDoc]); 4] = [
        ("an orchestrator", "Acts of an orchestrator", orchestrator::View::KEYS, orchestrator::Act::DOCS),
        ("a gateway", "Acts of a gateway", gateway::View::KEYS, gateway::Act::DOCS),
        ("a delegator", "Acts of a delegator", delegator::View::KEYS, delegator::Act::DOCS),
        ("who asks the treasury", "Acts of who asks the treasury", voter::TreasuryView::KEYS, voter::TreasuryAct::DOCS),
    ];
    for (who, title, view, can) in families {
        out.push_str(&seen(&format!("The view of {who}"), view));
        out.push_str(&acts(title, can));
    }
    out.push_str(&seen("The view of `reward_call`", orchestrator::RewardView::KEYS));
    out.push_str(&seen("The view of `vote`", voter::View::KEYS));
    out.push_str(&seen("`view.proposal` of `vote`", voter::Proposal::KEYS));
    out.push_str(&seen("A lock of a delegator", delegator::Lock::KEYS));
    out
}

const SCRIPTS: &str = "A behaviour may be a script in [Rhai](https://rhai.rs) beside the scenario. Its function \
`think(view)` is asked when a round starts, and returns what the actor does, as an array of acts:

```rust
// Asks more while busy, and now and then sets its cuts anew.
fn init() {
    #{ price: 120.0 }
}

fn think(view) {
    let load = if view.sessions_max > 0.0 { view.sessions / view.sessions_max } else { 0.0 };
    this.price = max(20.0, this.price * exp(0.3 * (load - 0.6)));
    let acts = [#{ act: \"set_price\", wei_per_pixel: this.price }];
    if view.network.round % 10 == 0 && chance() < 0.5 {
        acts.push(#{ act: \"set_cuts\", reward_cut: 0.05, fee_share: 0.5 });
    }
    acts
}
```

- What it keeps from call to call is in `this`, a map: what `init()` returned at first, or empty. \
`\"price\" in this` asks whether something is there.
- Chance comes from `chance()`, evenly from 0 to 1, and `normal()`, with mean 0 and standard deviation 1. Both draw \
from the actor's own stream: the same seed gives the same acts.
- `sqrt`, `exp`, `ln`, `log10`, `pow`, `sin`, `cos`, `tanh`, `floor`, `ceiling`, `round`, `abs`, `min`, `max`, \
`to_int` and `to_float` are the same on every machine; Rhai's own functions of arrays, maps and texts are there too.
- There is no clock, file, module, `eval`, `**` or output; `print` says nothing to anybody.
- An orchestrator's script may have `reward_call(view)`, which returns `true` or `false`. A voter's script has \
`vote(view)`, which returns `\"for\"`, `\"against\"`, `\"abstain\"` or `()`.
- A call ends with an error after `max_operations`; so do calls that go too deep, and texts and lists that grow too \
long. An error names the script, the line, the column and what to do, and ends the run.
- Functions see their parameters and `this` alone. Statements outside functions are an error: nothing would run them.";
