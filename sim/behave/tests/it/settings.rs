//! Parameters: how they are read, and what is said about wrong ones.

use serde::de::DeserializeOwned;
use weir_behave::delegator::{Population, Start};
use weir_behave::gateway::GatewayRules;
use weir_behave::orchestrator::{OrchestratorRules, Pricing};
use weir_behave::process::ProcessConfig;
use weir_behave::voter::{TreasuryRules, VoterRules};
use weir_behave::{KeeperRules, OracleConfig, PoolConfig, Problem, Split};

fn read<T: DeserializeOwned>(text: &str) -> T {
    toml::from_str(text).unwrap_or_else(|e| panic!("{text}: {e}"))
}

/// What is wrong, as key and message.
fn check(problem: Option<Problem>, key: &str, message: &str) {
    let found = problem.expect("a problem");
    assert_eq!((found.key.as_str(), found.message.as_str()), (key, message));
    assert!(!found.help.is_empty());
}

#[test]
fn defaults_make_sense_and_come_back_from_their_text() {
    fn holds<T: Default + serde::Serialize + DeserializeOwned + PartialEq + std::fmt::Debug>(
        problem: fn(&T) -> Option<Problem>,
    ) {
        let value = T::default();
        assert_eq!(problem(&value), None);
        let text = toml::to_string(&value).expect("a table");
        assert_eq!(read::<T>(&text), value, "{text}");
        assert_eq!(read::<T>(""), value);
    }
    holds(OrchestratorRules::problem);
    holds(GatewayRules::problem);
    holds(Population::problem);
    holds(VoterRules::problem);
    holds(TreasuryRules::problem);
    holds(KeeperRules::problem);
    holds(PoolConfig::problem);
    holds(OracleConfig::problem);
    holds(Split::problem);
}

#[test]
fn every_kind_can_be_named_with_nothing_else() {
    fn all<T: DeserializeOwned>(kinds: &[&str], problem: fn(&T) -> Option<Problem>, kind: fn(&T) -> &'static str) {
        for k in kinds {
            let value: T = read(&format!("kind = \"{k}\""));
            assert_eq!(problem(&value), None, "{k}");
            assert_eq!(kind(&value), *k);
        }
    }
    use weir_behave::{delegator as d, gateway as g, keeper as k, orchestrator as o, voter as v};
    all(o::Pricing::KINDS, o::Pricing::problem, o::Pricing::kind);
    all(o::Capacity::KINDS, o::Capacity::problem, o::Capacity::kind);
    all(o::Reliability::KINDS, o::Reliability::problem, o::Reliability::kind);
    all(o::RewardCalls::KINDS, o::RewardCalls::problem, o::RewardCalls::kind);
    all(o::Cheating::KINDS, o::Cheating::problem, o::Cheating::kind);
    all(o::Cuts::KINDS, o::Cuts::problem, o::Cuts::kind);
    all(o::Exit::KINDS, o::Exit::problem, o::Exit::kind);
    all(g::Demand::KINDS, g::Demand::problem, g::Demand::kind);
    all(g::Funding::KINDS, g::Funding::problem, g::Funding::kind);
    all(g::Attack::KINDS, g::Attack::problem, g::Attack::kind);
    all(d::Class::KINDS, d::Class::problem, d::Class::kind);
    all(d::Start::KINDS, d::Start::problem, d::Start::kind);
    all(v::Stance::KINDS, v::Stance::problem, v::Stance::kind);
    all(k::RoundStart::KINDS, k::RoundStart::problem, k::RoundStart::kind);
    all(k::Redemption::KINDS, k::Redemption::problem, k::Redemption::kind);
    all(ProcessConfig::KINDS, ProcessConfig::problem, ProcessConfig::kind);
}

#[test]
fn whole_numbers_and_spreads_serve_as_numbers() {
    let rules: OrchestratorRules = read(
        "pricing = { kind = \"fixed\", wei_per_pixel = 120 }\n\
         costs = { watts = { kind = \"uniform\", from = 200, to = 400 }, life_years = 2 }",
    );
    assert_eq!(rules.problem(), None);
    assert_eq!(rules.costs.life_years, 2.0);
}

#[test]
fn unknown_keys_and_kinds_are_errors() {
    let fails = |text: &str, word: &str| {
        let error = toml::from_str::<OrchestratorRules>(text).expect_err(text).to_string();
        assert!(error.contains(word), "{error}");
    };
    fails("prices = 1", "unknown field `prices`");
    fails("pricing = { kind = \"fixed\", wei = 1 }", "unknown field `wei`");
    fails("pricing = { kind = \"free\" }", "unknown variant `free`");
    fails("exit = { kind = \"never\", rounds = 3 }", "unknown field `rounds`");
    fails("costs = { watts = { kind = \"gauss\" } }", "unknown variant `gauss`");
    fails("costs = { watts = \"many\" }", "a number, or a table");
}

#[test]
fn wrong_values_are_named_with_their_key() {
    let orchestrator = |text: &str| read::<OrchestratorRules>(text).problem();
    check(orchestrator("costs = { life_years = 0 }"), "costs.life_years", "must be above 0, found 0");
    check(orchestrator("pricing = { kind = \"undercut\", step = 1.5 }"), "pricing.step", "must be 0 to 1, found 1.5");
    check(
        orchestrator("reliability = { kind = \"renewal\", up_days = { kind = \"uniform\", from = 3, to = 2 } }"),
        "reliability.up_days.from",
        "3 is above the upper end 2",
    );
    check(
        orchestrator("pricing = { kind = \"fixed\", wei_per_pixel = nan }"),
        "pricing.wei_per_pixel",
        "must be 0 or more, found NaN",
    );
    check(orchestrator("script = { max_operations = 1000 }"), "script.file", "is missing");
    check(
        read::<GatewayRules>("demand = { kind = \"calibrated\", weekdays = [1.0, 2.0] }").problem(),
        "demand.weekdays",
        "has 2 factors",
    );
    check(
        read::<Population>("[start]\nkind = \"list\"\nwallets = [{ stake_lpt = 5 }, { group = \"none\" }]").problem(),
        "start.wallets.2.group",
        "there is no group `none`",
    );
    check(
        read::<ProcessConfig>("kind = \"schedule\"\npoints = [[0, 1], [0, 2]]").problem(),
        "points.2",
        "its day is not after that of the pair before",
    );
}

#[test]
fn a_default_is_the_first_kind() {
    assert_eq!(OrchestratorRules::default().pricing, Pricing::default());
    assert_eq!(Start::default().kind(), "bands");
}
