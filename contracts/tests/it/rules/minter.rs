//! Inflation, and the vault.

use alloy::primitives::{Address, Bytes, U256, keccak256};
use weir_contracts::Artifact;
use weir_contracts::bindings::{L1SupplyCache, LivepeerToken, Minter, RoundsManager};

use super::expect::{Bare, ev};
use super::net::{Net, Setup, account, lpt, n};

rules! {
    vec![Setup::d26()];
    a_minter_needs_valid_fractions,
    the_owner_steers_inflation,
    inflation_steps_towards_its_target,
    inflation_ends_at_zero_but_not_at_one,
    the_supply_counts_both_chains,
    without_supply_nothing_is_bonded,
    rewards_are_minted_up_to_the_limit_of_the_round,
    stake_leaves_by_the_bonding_contract_alone,
    eth_comes_and_goes_by_few_contracts,
    eth_is_not_forced_on_who_refuses_it,
    a_vault_moves_to_its_successor,
}

const UNIT: u64 = 1_000_000_000;
const STRANGER: Address = Address::repeat_byte(0x77);

fn arguments(net: &Net, inflation: u64, change: u64, target: u64) -> Minter::constructorCall {
    Minter::constructorCall {
        _controller: net.d.controller,
        _inflation: n(inflation),
        _inflationChange: n(change),
        _targetBondingRate: n(target),
    }
}

fn inflation(net: &mut Net) -> u64 {
    net.read(net.d.minter, &Minter::inflationCall {}).to()
}

fn a_minter_needs_valid_fractions(net: &mut Net) {
    let over = UNIT + 1;
    for (i, c, t, text) in [
        (over, over, over, "_inflation is invalid percentage"),
        (UNIT, over, over, "_inflationChange is invalid percentage"),
        (UNIT, UNIT, over, "_targetBondingRate is invalid percentage"),
    ] {
        let call = arguments(net, i, c, t);
        net.refuse_create(Artifact::Minter, &call, text);
    }
    let call = arguments(net, UNIT, UNIT, UNIT);
    let minter = net.create(Artifact::Minter, &call);
    assert_eq!(net.read(minter, &Minter::inflationCall {}), n(UNIT));
    assert_eq!(net.read(minter, &Minter::inflationChangeCall {}), n(UNIT));
    assert_eq!(net.read(minter, &Minter::targetBondingRateCall {}), n(UNIT));
    assert_eq!(net.read(minter, &Minter::getControllerCall {}), net.d.controller);
}

fn the_owner_steers_inflation(net: &mut Net) {
    let minter = net.d.minter;
    for value in [0, 7, UNIT] {
        let done = net.send(net.owner, minter, &Minter::setTargetBondingRateCall { _targetBondingRate: n(value) });
        net.emits(&done, minter, &[ev(&Minter::ParameterUpdate { param: "targetBondingRate".into() })]);
        assert_eq!(net.read(minter, &Minter::targetBondingRateCall {}), n(value));
        let done = net.send(net.owner, minter, &Minter::setInflationChangeCall { _inflationChange: n(value) });
        net.emits(&done, minter, &[ev(&Minter::ParameterUpdate { param: "inflationChange".into() })]);
        assert_eq!(net.read(minter, &Minter::inflationChangeCall {}), n(value));
    }
    let call = Minter::setTargetBondingRateCall { _targetBondingRate: n(UNIT + 1) };
    net.refuse(net.owner, minter, &call, "_targetBondingRate is invalid percentage");
    let call = Minter::setInflationChangeCall { _inflationChange: n(UNIT + 1) };
    net.refuse(net.owner, minter, &call, "_inflationChange is invalid percentage");
}

/// A round begins with inflation as wanted.
fn step(net: &mut Net, wanted: u64) {
    let supply = net.read(net.d.minter, &Minter::getGlobalTotalSupplyCall {});
    let done = net.next_round();
    let mintable = supply * n(wanted) / n(UNIT);
    let event = Minter::SetCurrentRewardTokens { currentMintableTokens: mintable, currentInflation: n(wanted) };
    net.emits(&done, net.d.minter, &[ev(&event)]);
    assert_eq!(inflation(net), wanted);
    assert_eq!(net.read(net.d.minter, &Minter::currentMintableTokensCall {}), mintable);
    assert_eq!(net.read(net.d.minter, &Minter::currentMintedTokensCall {}), U256::ZERO);
}

fn inflation_steps_towards_its_target(net: &mut Net) {
    let minter = net.d.minter;
    let at = inflation(net);
    step(net, at + 500);
    // A tenth of the supply, with the round that begins.
    let supply = net.read(minter, &Minter::getGlobalTotalSupplyCall {});
    let stake = supply / n(10);
    net.bond(account(1), stake, account(1));
    let target = |rate| Minter::setTargetBondingRateCall { _targetBondingRate: n(rate) };
    net.send(net.owner, minter, &target(UNIT / 10 + 1));
    step(net, at + 1_000);
    net.send(net.owner, minter, &target(UNIT / 10));
    step(net, at + 1_000);
    net.send(net.owner, minter, &target(UNIT / 10 - 1));
    step(net, at + 500);
}

fn inflation_ends_at_zero_but_not_at_one(net: &mut Net) {
    let minter = net.d.minter;
    net.send(net.owner, minter, &Minter::setInflationChangeCall { _inflationChange: n(UNIT) });
    let at = inflation(net);
    step(net, at + UNIT);
    step(net, at + 2 * UNIT);
    net.bond(account(1), lpt(1), account(1));
    net.send(net.owner, minter, &Minter::setTargetBondingRateCall { _targetBondingRate: n(0) });
    step(net, at + UNIT);
    step(net, at);
    step(net, 0);
}

fn the_supply_counts_both_chains(net: &mut Net) {
    let (minter, cache) = (net.d.minter, net.d.l1_supply_cache);
    let here = net.read(net.d.token, &LivepeerToken::totalSupplyCall {});
    assert_eq!(net.read(minter, &Minter::getGlobalTotalSupplyCall {}), here);
    let call = L1SupplyCache::setL1CirculatingSupplyCall { _supply: lpt(123) };
    net.refuse(STRANGER, cache, &call, Bare);
    let done = net.send(net.owner, cache, &call);
    net.emits(&done, cache, &[ev(&L1SupplyCache::L1CirculatingSupplySet { supply: lpt(123) })]);
    assert_eq!(net.read(cache, &L1SupplyCache::l1CirculatingSupplyCall {}), lpt(123));
    assert_eq!(net.read(minter, &Minter::getGlobalTotalSupplyCall {}), here + lpt(123));
    let call = L1SupplyCache::transferOwnershipCall { newOwner: STRANGER };
    let done = net.send(net.owner, cache, &call);
    let event = L1SupplyCache::OwnershipTransferred { previousOwner: net.owner, newOwner: STRANGER };
    net.emits(&done, cache, &[ev(&event)]);
    let dummy = net.create(Artifact::DummyL2LPTDataCache, &weir_contracts::bindings::Controller::constructorCall {});
    net.register("L2LPTDataCache", dummy);
    assert_eq!(net.read(minter, &Minter::getGlobalTotalSupplyCall {}), here);
    // Without one no round begins.
    net.register("L2LPTDataCache", Address::ZERO);
    net.end_round();
    net.refuse(net.owner, net.d.rounds_manager, &RoundsManager::initializeRoundCall {}, Bare);
}

fn without_supply_nothing_is_bonded(net: &mut Net) {
    net.bond(account(1), lpt(1), account(1));
    let token = net.create(Artifact::LivepeerToken, &LivepeerToken::constructorCall {});
    net.register("LivepeerToken", token);
    net.send(net.owner, net.d.minter, &Minter::setTargetBondingRateCall { _targetBondingRate: n(0) });
    // No division by a supply of zero: the rate is zero, and equal to the target.
    let at = inflation(net);
    step(net, at);
    net.send(net.owner, net.d.minter, &Minter::setTargetBondingRateCall { _targetBondingRate: n(1) });
    step(net, at + 500);
    assert_eq!(net.read(net.d.minter, &Minter::currentMintableTokensCall {}), U256::ZERO);
}

fn rewards_are_minted_up_to_the_limit_of_the_round(net: &mut Net) {
    let (minter, bm) = (net.d.minter, net.d.bonding_manager);
    let call = |num: u64, denom: u64| Minter::createRewardCall { _fracNum: n(num), _fracDenom: n(denom) };
    for who in [STRANGER, net.owner, net.d.ticket_broker] {
        net.refuse(who, minter, &call(1, 2), "msg.sender not BondingManager");
        net.refuse(who, minter, &Minter::setCurrentRewardTokensCall {}, "msg.sender not RoundsManager");
    }
    let mintable = net.read(minter, &Minter::currentMintableTokensCall {});
    // A third has nine digits only.
    let third = mintable * n(UNIT / 3) / n(UNIT);
    let done = net.send(bm, minter, &call(1, 3));
    assert_eq!(U256::from_be_slice(done.output()), third);
    assert_eq!(net.read(minter, &Minter::currentMintedTokensCall {}), third);
    assert_eq!(net.lpt_of(minter), third);
    net.emits(
        &done,
        net.d.token,
        &[
            ev(&LivepeerToken::Transfer { from: Address::ZERO, to: minter, value: third }),
            ev(&LivepeerToken::Mint { to: minter, amount: third }),
        ],
    );
    net.refuse(bm, minter, &call(1, 1), "minted tokens cannot exceed mintable tokens");
    net.refuse(bm, minter, &call(1, 0), super::expect::DIVISION_BY_ZERO);
    net.send(bm, minter, &call(2, 3));
    net.refuse(bm, minter, &call(1, 3), "minted tokens cannot exceed mintable tokens");
}

fn stake_leaves_by_the_bonding_contract_alone(net: &mut Net) {
    let (d, minter) = (net.d, net.d.minter);
    net.send(net.owner, d.token, &LivepeerToken::transferCall { to: minter, amount: lpt(5) });
    let transfer = Minter::trustedTransferTokensCall { _to: account(1), _amount: lpt(2) };
    let burn = Minter::trustedBurnTokensCall { _amount: lpt(1) };
    for who in [STRANGER, net.owner, d.ticket_broker, d.rounds_manager] {
        net.refuse(who, minter, &transfer, "msg.sender not BondingManager");
        net.refuse(who, minter, &burn, "msg.sender not BondingManager");
    }
    net.pause();
    net.refuse(STRANGER, minter, &transfer, "msg.sender not BondingManager");
    net.send(net.owner, d.controller, &weir_contracts::bindings::Controller::unpauseCall {});
    net.send(d.bonding_manager, minter, &transfer);
    assert_eq!(net.lpt_of(account(1)), lpt(2));
    // The deployment lets the Minter mint, not burn.
    let role = keccak256("BURNER_ROLE");
    let text = format!("AccessControl: account {minter:#x} is missing role {role:#x}");
    net.refuse(d.bonding_manager, minter, &burn, text);
    net.send(net.owner, d.token, &LivepeerToken::grantRoleCall { role, account: minter });
    net.send(d.bonding_manager, minter, &burn);
    assert_eq!(net.lpt_of(minter), lpt(2));
}

fn eth_comes_and_goes_by_few_contracts(net: &mut Net) {
    let (d, minter) = (net.d, net.d.minter);
    let deposit = Minter::depositETHCall {};
    for who in [STRANGER, net.owner, d.bonding_manager, d.rounds_manager] {
        net.refuse_paid(who, minter, &deposit, n(9), "msg.sender not Minter or JobsManager");
    }
    net.pay(d.ticket_broker, minter, &deposit, n(9));
    net.pay(minter, minter, &deposit, n(1));
    net.refuse_raw(STRANGER, minter, Bytes::new(), n(1), Bare);
    let balance = net.evm.balance(minter);
    let withdraw = Minter::trustedWithdrawETHCall { _to: account(1), _amount: n(4) };
    for who in [STRANGER, net.owner, minter, d.rounds_manager] {
        net.refuse(who, minter, &withdraw, "msg.sender not BondingManager or JobsManager");
    }
    for (i, who) in [d.bonding_manager, d.ticket_broker].into_iter().enumerate() {
        net.send(who, minter, &withdraw);
        assert_eq!(net.evm.balance(account(1)), n(4 * (i as u64 + 1)));
    }
    assert_eq!(net.evm.balance(minter), balance - n(8));
    let all = Minter::trustedWithdrawETHCall { _to: account(1), _amount: balance };
    net.refuse(d.bonding_manager, minter, &all, Bare);
}

fn eth_is_not_forced_on_who_refuses_it(net: &mut Net) {
    let (d, minter) = (net.d, net.d.minter);
    net.pay(d.ticket_broker, minter, &Minter::depositETHCall {}, n(9));
    // One that refuses, and one that needs more gas than a transfer has: it writes a slot.
    for code in [&[0x5f, 0x5f, 0xfd][..], &[0x60, 1, 0x5f, 0x55]] {
        let to = net.create_code(code);
        net.refuse(d.bonding_manager, minter, &Minter::trustedWithdrawETHCall { _to: to, _amount: n(4) }, Bare);
    }
    let to = net.create_code(&[0x00]);
    net.send(d.bonding_manager, minter, &Minter::trustedWithdrawETHCall { _to: to, _amount: n(4) });
    assert_eq!(net.evm.balance(to), n(4));
}

fn a_vault_moves_to_its_successor(net: &mut Net) {
    let (d, old) = (net.d, net.d.minter);
    net.bond(account(1), lpt(7), account(1));
    net.pay(d.ticket_broker, old, &Minter::depositETHCall {}, n(33));
    let call = arguments(net, 1, 2, 3);
    let new = net.create(Artifact::Minter, &call);
    let elsewhere = Minter::constructorCall { _controller: STRANGER, ..call };
    let foreign = net.create(Artifact::Minter, &elsewhere);
    let migrate = |to| Minter::migrateToNewMinterCall { _newMinter: to };
    for (to, text) in [
        (old, "new Minter cannot be current Minter"),
        (Address::ZERO, "new Minter cannot be null address"),
        (foreign, "new Minter Controller must be current Controller"),
    ] {
        net.refuse(net.owner, old, &migrate(to), text);
    }
    // The text speaks of the new one, but it is the old one that has to be registered still.
    net.register("Minter", new);
    net.refuse(net.owner, old, &migrate(new), "new Minter must be registered");
    net.register("Minter", old);
    net.send(net.owner, old, &migrate(new));
    assert_eq!((net.lpt_of(old), net.lpt_of(new)), (U256::ZERO, lpt(7)));
    assert_eq!((net.evm.balance(old), net.evm.balance(new)), (U256::ZERO, n(33)));
    let done = net.send(d.controller, new, &Minter::setControllerCall { _controller: STRANGER });
    net.emits(&done, new, &[ev(&Minter::SetController { controller: STRANGER })]);
}
