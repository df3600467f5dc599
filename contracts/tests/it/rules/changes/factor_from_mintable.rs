//! (b): a factor is worked back from the mintable tokens alone.

use weir_contracts::Change;

use crate::rules::bonding::fees::{a_factor_is_worked_back_from_the_reward, pay};
use crate::rules::net::{Net, account, lpt, n, one27};

rules! {
    super::around(Change::FactorFromMintable);
    a_factor_is_worked_back_from_the_reward,
    the_only_orchestrator_gets_its_factor_back,
}

/// All that was mintable went to it, so that its factor before is one again. With the minted tokens
/// counted in as well it comes out lower, and its delegators get less than was paid.
fn the_only_orchestrator_gets_its_factor_back(net: &mut Net) {
    let (broker, o) = (net.d.ticket_broker, account(1));
    net.orchestrator(o, lpt(1_000), 0, 1_000_000);
    net.next_round();
    net.reward(o);
    net.bonding(broker, &pay(o, lpt(1)));
    let round = net.round();
    let fees = net.earnings(o, round).cumulativeFeeFactor;
    let whole = one27() / n(1_000);
    if net.has(Change::FactorFromMintable) {
        assert!(whole - fees < n(10), "{fees}");
    } else {
        assert!(whole - fees > whole / n(3), "{fees}");
    }
}
