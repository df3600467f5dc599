//! The community's funds: operations, their order and who may bring them.

use alloy::primitives::{Address, B256, Bytes, U256, keccak256};
use alloy::sol_types::{SolCall, SolValue};
use weir_contracts::Artifact;
use weir_contracts::bindings::{Controller, LivepeerToken, Treasury};

use super::expect::ev;
use super::net::{Net, Setup, account, lpt, n};
use crate::chain::BLOCK_SECONDS;

rules! {
    vec![Setup::d26()];
    a_treasury_is_set_up_once,
    the_governor_alone_has_roles,
    roles_are_needed_for_everything,
    an_operation_waits_and_is_done,
    operations_are_told_apart,
    a_batch_is_done_as_a_whole,
    an_operation_may_wait_for_another,
    an_operation_can_be_cancelled,
    the_delay_is_an_operation_itself,
    eth_and_tokens_are_taken,
}

const DELAY: u64 = 10 * BLOCK_SECONDS;
const STRANGER: Address = Address::repeat_byte(0x77);
const NONE: B256 = B256::ZERO;
const SALT: B256 = B256::repeat_byte(0x5a);

fn role(name: &str) -> B256 {
    keccak256(name)
}

fn missing(who: Address, name: &str) -> String {
    format!("AccessControl: account {who:#x} is missing role {:#x}", role(name))
}

/// One of the owner's, who may do everything there.
fn own(net: &mut Net) -> Address {
    // Created like the Controller: without arguments.
    let treasury = net.create(Artifact::Treasury, &Controller::constructorCall {});
    let owner = net.owner;
    let call =
        Treasury::initializeCall { minDelay: n(DELAY), proposers: vec![owner], executors: vec![owner], admin: owner };
    let done = net.send(owner, treasury, &call);
    let admin = role("TIMELOCK_ADMIN_ROLE");
    let mut wanted = vec![];
    for name in ["TIMELOCK_ADMIN_ROLE", "PROPOSER_ROLE", "EXECUTOR_ROLE", "CANCELLER_ROLE"] {
        let event = Treasury::RoleAdminChanged { role: role(name), previousAdminRole: NONE, newAdminRole: admin };
        wanted.push(ev(&event));
    }
    let granted = |name, account| ev(&Treasury::RoleGranted { role: role(name), account, sender: owner });
    wanted.extend([
        granted("TIMELOCK_ADMIN_ROLE", treasury),
        granted("TIMELOCK_ADMIN_ROLE", owner),
        granted("PROPOSER_ROLE", owner),
        granted("CANCELLER_ROLE", owner),
        granted("EXECUTOR_ROLE", owner),
        ev(&Treasury::MinDelayChange { oldDuration: n(0), newDuration: n(DELAY) }),
        ev(&Treasury::Initialized { version: 1 }),
    ]);
    net.emits(&done, treasury, &wanted);
    treasury
}

/// A gift of LPT.
struct Operation {
    target: Address,
    data: Bytes,
    after: B256,
}

impl Operation {
    fn gift(net: &Net, amount: u64) -> Self {
        let call = LivepeerToken::transferCall { to: account(1), amount: n(amount) };
        Self { target: net.d.token, data: call.abi_encode().into(), after: NONE }
    }

    fn id(&self) -> B256 {
        let words = (self.target, n(0), self.data.clone(), self.after, SALT).abi_encode_params();
        keccak256(words)
    }

    fn schedule(&self, delay: u64) -> Treasury::scheduleCall {
        Treasury::scheduleCall {
            target: self.target,
            value: n(0),
            data: self.data.clone(),
            predecessor: self.after,
            salt: SALT,
            delay: n(delay),
        }
    }

    fn execute(&self) -> Treasury::executeCall {
        Treasury::executeCall {
            target: self.target,
            value: n(0),
            payload: self.data.clone(),
            predecessor: self.after,
            salt: SALT,
        }
    }
}

fn a_treasury_is_set_up_once(net: &mut Net) {
    let own = own(net);
    for treasury in [own, net.d.treasury] {
        let call = Treasury::initializeCall { minDelay: n(0), proposers: vec![], executors: vec![], admin: STRANGER };
        net.refuse(STRANGER, treasury, &call, "Initializable: contract is already initialized");
    }
}

fn the_governor_alone_has_roles(net: &mut Net) {
    let d = net.d;
    for name in ["PROPOSER_ROLE", "EXECUTOR_ROLE", "CANCELLER_ROLE", "TIMELOCK_ADMIN_ROLE"] {
        for (who, has) in [
            (d.livepeer_governor, name != "TIMELOCK_ADMIN_ROLE"),
            (d.treasury, name == "TIMELOCK_ADMIN_ROLE"),
            (net.owner, false),
            // Not open to all, either.
            (Address::ZERO, false),
        ] {
            let call = Treasury::hasRoleCall { role: role(name), account: who };
            assert_eq!(net.read(d.treasury, &call), has, "{name} of {who}");
        }
    }
    assert_eq!(net.read(d.treasury, &Treasury::getMinDelayCall {}), n(0));
    let call = Treasury::grantRoleCall { role: role("PROPOSER_ROLE"), account: net.owner };
    net.refuse(net.owner, d.treasury, &call, missing(net.owner, "TIMELOCK_ADMIN_ROLE"));
    // Only by itself, that is by a vote.
    let done = net.send(d.treasury, d.treasury, &call);
    let event = Treasury::RoleGranted { role: role("PROPOSER_ROLE"), account: net.owner, sender: d.treasury };
    net.emits(&done, d.treasury, &[ev(&event)]);
}

fn roles_are_needed_for_everything(net: &mut Net) {
    let treasury = net.d.treasury;
    let gift = Operation::gift(net, 5);
    for who in [STRANGER, net.owner, treasury] {
        net.refuse(who, treasury, &gift.schedule(0), missing(who, "PROPOSER_ROLE"));
        net.refuse(who, treasury, &gift.execute(), missing(who, "EXECUTOR_ROLE"));
        net.refuse(who, treasury, &Treasury::cancelCall { id: SALT }, missing(who, "CANCELLER_ROLE"));
        let text = "TimelockController: caller must be timelock";
        if who != treasury {
            net.refuse(who, treasury, &Treasury::updateDelayCall { newDelay: n(1) }, text);
        }
    }
    // Who has a role can lay it down.
    let own = own(net);
    let call = Treasury::renounceRoleCall { role: role("PROPOSER_ROLE"), account: net.owner };
    let done = net.send(net.owner, own, &call);
    let (account, sender) = (net.owner, net.owner);
    net.emits(&done, own, &[ev(&Treasury::RoleRevoked { role: role("PROPOSER_ROLE"), account, sender })]);
    net.refuse(net.owner, own, &gift.schedule(DELAY), missing(net.owner, "PROPOSER_ROLE"));
}

fn an_operation_waits_and_is_done(net: &mut Net) {
    let treasury = own(net);
    let owner = net.owner;
    net.send(owner, net.d.token, &LivepeerToken::transferCall { to: treasury, amount: n(7) });
    let gift = Operation::gift(net, 5);
    let id = gift.id();
    net.refuse(owner, treasury, &gift.schedule(DELAY - 1), "TimelockController: insufficient delay");
    net.refuse(owner, treasury, &gift.execute(), "TimelockController: operation is not ready");
    let done = net.send(owner, treasury, &gift.schedule(DELAY));
    net.emits(
        &done,
        treasury,
        &[
            ev(&Treasury::CallScheduled {
                id,
                index: n(0),
                target: gift.target,
                value: n(0),
                data: gift.data.clone(),
                predecessor: NONE,
                delay: n(DELAY),
            }),
            ev(&Treasury::CallSalt { id, salt: SALT }),
        ],
    );
    let due = n(net.evm.time() + DELAY);
    assert_eq!(net.read(treasury, &Treasury::getTimestampCall { id }), due);
    assert!(net.read(treasury, &Treasury::isOperationPendingCall { id }));
    net.refuse(owner, treasury, &gift.schedule(DELAY), "TimelockController: operation already scheduled");
    // One block has gone by; the ninth is too early still.
    net.evm.mine(DELAY / BLOCK_SECONDS - 3);
    net.refuse(owner, treasury, &gift.execute(), "TimelockController: operation is not ready");
    let done = net.send(owner, treasury, &gift.execute());
    assert_eq!(n(net.evm.time()), due);
    let event = Treasury::CallExecuted { id, index: n(0), target: gift.target, value: n(0), data: gift.data.clone() };
    net.emits(&done, treasury, &[ev(&event)]);
    assert_eq!(net.lpt_of(account(1)), n(5));
    assert!(net.read(treasury, &Treasury::isOperationDoneCall { id }));
    net.refuse(owner, treasury, &gift.execute(), "TimelockController: operation is not ready");
    net.refuse(owner, treasury, &gift.schedule(DELAY), "TimelockController: operation already scheduled");
}

fn operations_are_told_apart(net: &mut Net) {
    let treasury = own(net);
    let (owner, gift) = (net.owner, Operation::gift(net, 5));
    net.send(owner, treasury, &gift.schedule(DELAY));
    let unsalted = Treasury::scheduleCall { salt: NONE, ..gift.schedule(DELAY) };
    let done = net.send(owner, treasury, &unsalted);
    assert_eq!(done.logs(treasury).len(), 1, "no word of a salt that there is not");
    net.send(owner, treasury, &Operation::gift(net, 6).schedule(DELAY));
    net.evm.mine(DELAY / BLOCK_SECONDS);
    // It has no LPT at all.
    let text = "TimelockController: underlying transaction reverted";
    net.refuse(owner, treasury, &gift.execute(), text);
}

fn batch(net: &Net, amounts: &[u64]) -> Treasury::scheduleBatchCall {
    let data = |amount: &u64| Operation::gift(net, *amount).data;
    Treasury::scheduleBatchCall {
        targets: vec![net.d.token; amounts.len()],
        values: vec![n(0); amounts.len()],
        payloads: amounts.iter().map(data).collect(),
        predecessor: NONE,
        salt: NONE,
        delay: n(DELAY),
    }
}

fn executing(b: &Treasury::scheduleBatchCall) -> Treasury::executeBatchCall {
    Treasury::executeBatchCall {
        targets: b.targets.clone(),
        values: b.values.clone(),
        payloads: b.payloads.clone(),
        predecessor: b.predecessor,
        salt: b.salt,
    }
}

fn a_batch_is_done_as_a_whole(net: &mut Net) {
    let treasury = own(net);
    let owner = net.owner;
    net.send(owner, net.d.token, &LivepeerToken::transferCall { to: treasury, amount: n(7) });
    let (good, bad) = (batch(net, &[3, 4]), batch(net, &[3, 5]));
    for b in [&good, &bad] {
        net.send(owner, treasury, b);
        for (values, payloads) in [(1, 2), (2, 1)] {
            let mut odd = b.clone();
            odd.values.truncate(values);
            odd.payloads.truncate(payloads);
            net.refuse(owner, treasury, &odd, "TimelockController: length mismatch");
            net.refuse(owner, treasury, &executing(&odd), "TimelockController: length mismatch");
        }
    }
    net.evm.mine(DELAY / BLOCK_SECONDS);
    let text = "TimelockController: underlying transaction reverted";
    net.refuse(owner, treasury, &executing(&bad), text);
    assert_eq!(net.lpt_of(account(1)), n(0));
    let done = net.send(owner, treasury, &executing(&good));
    assert_eq!((done.logs(treasury).len(), net.lpt_of(account(1))), (2, n(7)));
}

fn an_operation_may_wait_for_another(net: &mut Net) {
    let treasury = own(net);
    let owner = net.owner;
    net.send(owner, net.d.token, &LivepeerToken::transferCall { to: treasury, amount: n(20) });
    let first = Operation::gift(net, 5);
    let second = Operation { after: first.id(), ..Operation::gift(net, 6) };
    net.send(owner, treasury, &first.schedule(DELAY));
    net.send(owner, treasury, &second.schedule(DELAY));
    net.evm.mine(DELAY / BLOCK_SECONDS);
    net.refuse(owner, treasury, &second.execute(), "TimelockController: missing dependency");
    net.send(owner, treasury, &first.execute());
    net.send(owner, treasury, &second.execute());
    assert_eq!(net.lpt_of(account(1)), n(11));
}

fn an_operation_can_be_cancelled(net: &mut Net) {
    let treasury = own(net);
    let (owner, gift) = (net.owner, Operation::gift(net, 5));
    let call = Treasury::cancelCall { id: gift.id() };
    net.refuse(owner, treasury, &call, "TimelockController: operation cannot be cancelled");
    net.send(owner, treasury, &gift.schedule(DELAY));
    let done = net.send(owner, treasury, &call);
    net.emits(&done, treasury, &[ev(&Treasury::Cancelled { id: gift.id() })]);
    assert!(!net.read(treasury, &Treasury::isOperationCall { id: gift.id() }));
    net.send(owner, treasury, &gift.schedule(DELAY));
}

fn the_delay_is_an_operation_itself(net: &mut Net) {
    let treasury = own(net);
    let owner = net.owner;
    let change = Operation {
        target: treasury,
        data: Treasury::updateDelayCall { newDelay: n(3) }.abi_encode().into(),
        after: NONE,
    };
    net.send(owner, treasury, &change.schedule(DELAY));
    net.evm.mine(DELAY / BLOCK_SECONDS);
    let done = net.send(owner, treasury, &change.execute());
    let event = Treasury::MinDelayChange { oldDuration: n(DELAY), newDuration: n(3) };
    assert_eq!(done.logs(treasury)[0], ev(&event));
    assert_eq!(net.read(treasury, &Treasury::getMinDelayCall {}), n(3));
}

fn eth_and_tokens_are_taken(net: &mut Net) {
    let treasury = net.d.treasury;
    net.send_raw(account(1), treasury, Bytes::new(), n(12));
    assert_eq!(net.evm.balance(treasury), n(12));
    net.send(net.owner, net.d.token, &LivepeerToken::transferCall { to: treasury, amount: lpt(1) });
    assert_eq!(net.lpt_of(treasury), lpt(1));
    let call = Treasury::onERC721ReceivedCall { _0: STRANGER, _1: STRANGER, _2: U256::ZERO, _3: Bytes::new() };
    assert_eq!(net.read(treasury, &call).0, [0x15, 0x0b, 0x7a, 0x02]);
}
