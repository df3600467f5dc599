//! LPT, the faucet, and the registries of service URIs.

use alloy::primitives::{Address, B256, U256, keccak256};
use alloy::signers::SignerSync;
use alloy::sol_types::SolValue;
use weir_contracts::bindings::{LivepeerToken, LivepeerTokenFaucet, ServiceRegistry};

use super::expect::{Bare, ev};
use super::net::{Net, Setup, account, lpt, n, signer};
use crate::chain::{BLOCK_SECONDS, CHAIN_ID};

rules! {
    vec![Setup::d26()];
    the_token_has_its_names,
    minting_takes_a_role,
    burning_takes_a_role_also_for_own_tokens,
    roles_are_given_and_taken_by_the_admin,
    tokens_move_by_balance_and_allowance,
    a_permit_is_a_signed_allowance,
    a_stale_or_foreign_permit_is_refused,
    the_faucet_makes_its_users_wait,
    the_whitelist_need_not_wait,
    services_are_published_by_anyone,
}

const STRANGER: Address = Address::repeat_byte(0x77);
const HOUR: u64 = 3_600;

fn missing(who: Address, role: B256) -> String {
    format!("AccessControl: account {who:#x} is missing role {role:#x}")
}

fn grant(net: &mut Net, role: &str, to: Address) {
    let call = LivepeerToken::grantRoleCall { role: keccak256(role), account: to };
    net.send(net.owner, net.d.token, &call);
}

fn supply(net: &mut Net) -> U256 {
    net.read(net.d.token, &LivepeerToken::totalSupplyCall {})
}

fn the_token_has_its_names(net: &mut Net) {
    let token = net.d.token;
    assert_eq!(net.read(token, &LivepeerToken::nameCall {}), "Livepeer Token");
    assert_eq!(net.read(token, &LivepeerToken::symbolCall {}), "LPT");
    assert_eq!(net.read(token, &LivepeerToken::decimalsCall {}), 18);
    let domain = net.read(token, &LivepeerToken::eip712DomainCall {});
    assert_eq!((domain.name.as_str(), domain.version.as_str()), ("Livepeer Token", "1"));
    assert_eq!((domain.chainId, domain.verifyingContract), (n(CHAIN_ID), token));
}

fn minting_takes_a_role(net: &mut Net) {
    let token = net.d.token;
    let call = LivepeerToken::mintCall { _to: account(1), _amount: n(5) };
    let role = keccak256("MINTER_ROLE");
    // The owner administers the roles and has none.
    for who in [STRANGER, net.owner, net.d.bonding_manager] {
        net.refuse(who, token, &call, missing(who, role));
    }
    let before = supply(net);
    let done = net.send(net.d.minter, token, &call);
    net.emits(
        &done,
        token,
        &[
            ev(&LivepeerToken::Transfer { from: Address::ZERO, to: account(1), value: n(5) }),
            ev(&LivepeerToken::Mint { to: account(1), amount: n(5) }),
        ],
    );
    assert_eq!((net.lpt_of(account(1)), supply(net)), (n(5), before + n(5)));
    let call = LivepeerToken::mintCall { _to: Address::ZERO, _amount: n(5) };
    net.refuse(net.d.minter, token, &call, "ERC20: mint to the zero address");
}

fn burning_takes_a_role_also_for_own_tokens(net: &mut Net) {
    let (token, burner) = (net.d.token, account(1));
    net.send(net.owner, token, &LivepeerToken::transferCall { to: burner, amount: n(10) });
    let burn = LivepeerToken::burnCall { _amount: n(4) };
    let role = keccak256("BURNER_ROLE");
    net.refuse(burner, token, &burn, missing(burner, role));
    let from = LivepeerToken::burnFromCall { _from: net.owner, _amount: n(3) };
    net.refuse(burner, token, &from, missing(burner, role));
    grant(net, "BURNER_ROLE", burner);
    let before = supply(net);
    let done = net.send(burner, token, &burn);
    net.emits(
        &done,
        token,
        &[
            ev(&LivepeerToken::Transfer { from: burner, to: Address::ZERO, value: n(4) }),
            ev(&LivepeerToken::Burn { burner, amount: n(4) }),
        ],
    );
    net.refuse(burner, token, &LivepeerToken::burnCall { _amount: n(7) }, "ERC20: burn amount exceeds balance");
    net.refuse(burner, token, &from, "ERC20: insufficient allowance");
    net.send(net.owner, token, &LivepeerToken::approveCall { spender: burner, amount: n(5) });
    let done = net.send(burner, token, &from);
    // The one who loses the tokens is named, not who burned them.
    net.emits(
        &done,
        token,
        &[
            ev(&LivepeerToken::Approval { owner: net.owner, spender: burner, value: n(2) }),
            ev(&LivepeerToken::Transfer { from: net.owner, to: Address::ZERO, value: n(3) }),
            ev(&LivepeerToken::Burn { burner: net.owner, amount: n(3) }),
        ],
    );
    assert_eq!((net.lpt_of(burner), supply(net)), (n(6), before - n(7)));
}

fn roles_are_given_and_taken_by_the_admin(net: &mut Net) {
    let (token, who, role) = (net.d.token, account(1), keccak256("MINTER_ROLE"));
    let call = LivepeerToken::grantRoleCall { role, account: who };
    net.refuse(STRANGER, token, &call, missing(STRANGER, B256::ZERO));
    let done = net.send(net.owner, token, &call);
    let sender = net.owner;
    net.emits(&done, token, &[ev(&LivepeerToken::RoleGranted { role, account: who, sender })]);
    assert!(net.read(token, &LivepeerToken::hasRoleCall { role, account: who }));
    let done = net.send(net.owner, token, &LivepeerToken::revokeRoleCall { role, account: who });
    net.emits(&done, token, &[ev(&LivepeerToken::RoleRevoked { role, account: who, sender })]);
    assert!(!net.read(token, &LivepeerToken::hasRoleCall { role, account: who }));
    let call = LivepeerToken::renounceRoleCall { role, account: who };
    net.refuse(net.owner, token, &call, "AccessControl: can only renounce roles for self");
    assert_eq!(net.read(token, &LivepeerToken::getRoleAdminCall { role }), B256::ZERO);
}

fn tokens_move_by_balance_and_allowance(net: &mut Net) {
    let (token, who, to) = (net.d.token, account(1), account(2));
    net.send(net.owner, token, &LivepeerToken::transferCall { to: who, amount: n(10) });
    let over = LivepeerToken::transferCall { to, amount: n(11) };
    net.refuse(who, token, &over, "ERC20: transfer amount exceeds balance");
    let nowhere = LivepeerToken::transferCall { to: Address::ZERO, amount: n(1) };
    net.refuse(who, token, &nowhere, "ERC20: transfer to the zero address");
    let done = net.send(who, token, &LivepeerToken::approveCall { spender: to, amount: n(3) });
    net.emits(&done, token, &[ev(&LivepeerToken::Approval { owner: who, spender: to, value: n(3) })]);
    let pull = |amount| LivepeerToken::transferFromCall { from: who, to, amount: n(amount) };
    net.refuse(to, token, &pull(4), "ERC20: insufficient allowance");
    net.send(who, token, &LivepeerToken::increaseAllowanceCall { spender: to, addedValue: n(2) });
    let done = net.send(to, token, &pull(4));
    net.emits(
        &done,
        token,
        &[
            ev(&LivepeerToken::Approval { owner: who, spender: to, value: n(1) }),
            ev(&LivepeerToken::Transfer { from: who, to, value: n(4) }),
        ],
    );
    assert_eq!(net.read(token, &LivepeerToken::allowanceCall { owner: who, spender: to }), n(1));
    let call = LivepeerToken::decreaseAllowanceCall { spender: to, subtractedValue: n(2) };
    net.refuse(who, token, &call, "ERC20: decreased allowance below zero");
    // A bond needs the allowance of its proxy.
    let call = weir_contracts::bindings::BondingManager::bondCall { _amount: n(1), _to: who };
    net.refuse_bonding(who, &call, "ERC20: insufficient allowance");
}

/// A permit by account 3 for account 4.
fn permit(net: &mut Net, key: u8, value: U256, deadline: U256, nonce: u64) -> LivepeerToken::permitCall {
    let (owner, spender) = (signer(3).address(), account(4));
    let kind = keccak256("Permit(address owner,address spender,uint256 value,uint256 nonce,uint256 deadline)");
    let message = keccak256((kind, owner, spender, value, n(nonce), deadline).abi_encode());
    let domain = net.read(net.d.token, &LivepeerToken::DOMAIN_SEPARATORCall {});
    let digest = keccak256([&[0x19, 0x01], domain.as_slice(), message.as_slice()].concat());
    let signature = signer(key).sign_hash_sync(&digest).expect("a key that signs");
    LivepeerToken::permitCall {
        owner,
        spender,
        value,
        deadline,
        v: 27 + u8::from(signature.v()),
        r: signature.r().into(),
        s: signature.s().into(),
    }
}

fn a_permit_is_a_signed_allowance(net: &mut Net) {
    let (token, owner, spender) = (net.d.token, signer(3).address(), account(4));
    let deadline = n(net.evm.time() + BLOCK_SECONDS);
    let call = permit(net, 3, n(9), deadline, 0);
    // Anyone may hand it in, in the very last second.
    let done = net.send(STRANGER, token, &call);
    net.emits(&done, token, &[ev(&LivepeerToken::Approval { owner, spender, value: n(9) })]);
    assert_eq!(net.read(token, &LivepeerToken::allowanceCall { owner, spender }), n(9));
    assert_eq!(net.read(token, &LivepeerToken::noncesCall { owner }), n(1));
}

fn a_stale_or_foreign_permit_is_refused(net: &mut Net) {
    let token = net.d.token;
    let deadline = n(net.evm.time() + BLOCK_SECONDS - 1);
    let call = permit(net, 3, n(9), deadline, 0);
    net.refuse(STRANGER, token, &call, "ERC20Permit: expired deadline");
    let foreign = permit(net, 5, n(9), U256::MAX, 0);
    net.refuse(STRANGER, token, &foreign, "ERC20Permit: invalid signature");
    let early = permit(net, 3, n(9), U256::MAX, 1);
    net.refuse(STRANGER, token, &early, "ERC20Permit: invalid signature");
    let good = permit(net, 3, n(9), U256::MAX, 0);
    net.send(STRANGER, token, &good);
    net.refuse(STRANGER, token, &good, "ERC20Permit: invalid signature");
    let broken = LivepeerToken::permitCall { v: 29, ..good };
    net.refuse(STRANGER, token, &broken, "ECDSA: invalid signature");
}

fn the_faucet_makes_its_users_wait(net: &mut Net) {
    let (faucet, who) = (net.d.faucet.expect("a test network has one"), account(1));
    assert_eq!(net.read(faucet, &LivepeerTokenFaucet::tokenCall {}), net.d.token);
    assert_eq!(net.read(faucet, &LivepeerTokenFaucet::requestAmountCall {}), lpt(10));
    assert_eq!(net.read(faucet, &LivepeerTokenFaucet::requestWaitCall {}), n(1));
    let request = LivepeerTokenFaucet::requestCall {};
    let done = net.send(who, faucet, &request);
    net.emits(&done, faucet, &[ev(&LivepeerTokenFaucet::Request { to: who, amount: lpt(10) })]);
    assert_eq!(net.lpt_of(who), lpt(10));
    let next = n(net.evm.time() + HOUR);
    assert_eq!(net.read(faucet, &LivepeerTokenFaucet::nextValidRequestCall(who)), next);
    net.refuse(who, faucet, &request, Bare);
    // Two blocks have gone by; the last second of the hour is too early, the next is not.
    net.evm.mine(HOUR / BLOCK_SECONDS - 3);
    net.refuse(who, faucet, &request, Bare);
    net.send(who, faucet, &request);
    assert_eq!(net.lpt_of(who), lpt(20));
    // Others never waited.
    net.send(account(2), faucet, &request);
}

fn the_whitelist_need_not_wait(net: &mut Net) {
    let (faucet, who) = (net.d.faucet.expect("a test network has one"), account(1));
    let request = LivepeerTokenFaucet::requestCall {};
    let add = LivepeerTokenFaucet::addToWhitelistCall { _addr: who };
    let remove = LivepeerTokenFaucet::removeFromWhitelistCall { _addr: who };
    net.refuse(who, faucet, &add, Bare);
    net.send(net.owner, faucet, &add);
    assert!(net.read(faucet, &LivepeerTokenFaucet::isWhitelistedCall(who)));
    for _ in 0..3 {
        net.send(who, faucet, &request);
    }
    assert_eq!(net.lpt_of(who), lpt(30));
    assert!(net.read(faucet, &LivepeerTokenFaucet::nextValidRequestCall(who)).is_zero());
    net.refuse(who, faucet, &remove, Bare);
    net.send(net.owner, faucet, &remove);
    // Nothing was noted while it was listed.
    net.send(who, faucet, &request);
    net.refuse(who, faucet, &request, Bare);
    let call = LivepeerTokenFaucet::transferOwnershipCall { newOwner: who };
    let done = net.send(net.owner, faucet, &call);
    let event = LivepeerTokenFaucet::OwnershipTransferred { previousOwner: net.owner, newOwner: who };
    net.emits(&done, faucet, &[ev(&event)]);
}

fn services_are_published_by_anyone(net: &mut Net) {
    for registry in [net.d.service_registry, net.d.ai_service_registry] {
        for (who, uri) in [(account(1), "https://a.example:8935"), (account(2), "not a URI"), (account(1), "")] {
            let done = net.send(who, registry, &ServiceRegistry::setServiceURICall { _serviceURI: uri.into() });
            let event = ServiceRegistry::ServiceURIUpdate { addr: who, serviceURI: uri.into() };
            net.emits(&done, registry, &[ev(&event)]);
            assert_eq!(net.read(registry, &ServiceRegistry::getServiceURICall { _addr: who }), uri);
        }
        assert_eq!(net.read(registry, &ServiceRegistry::getServiceURICall { _addr: account(2) }), "not a URI");
        assert_eq!(net.read(registry, &ServiceRegistry::getServiceURICall { _addr: account(3) }), "");
    }
}
