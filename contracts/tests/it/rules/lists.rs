//! The sorted list, by itself: the library behind a proxy, on a slot of the proxy's.

use alloy::primitives::{Address, U256, keccak256};
use alloy::sol_types::SolValue;
use weir_contracts::bindings::{BondingManager, ManagerProxy};
use weir_contracts::{Artifact, contract_id};

use super::expect::{Bare, Reason};
use super::net::{Net, Setup, account, lpt, n};

rules! {
    vec![Setup::d26()];
    what_cannot_be_listed,
    the_room_only_grows,
    keys_descend,
    a_right_hint_places_a_tie,
    wrong_hints_do_no_harm,
    members_leave_from_everywhere,
    a_key_moves_its_member,
    positions_are_checked_at_ends_and_between,
    the_library_itself_holds_nothing,
    bonds_pass_hints_on,
    locks_pass_hints_on,
    transfers_pass_hints_on,
    orchestrators_pass_hints_on,
}

/// Where the list lies.
const SLOT: U256 = U256::from_limbs([1_000, 0, 0, 0]);
const NOBODY: Address = Address::ZERO;

struct List(Address);

/// Calldata of a library function; its first argument is a place in storage.
fn data(function: &str, arguments: &str, values: &[U256]) -> Vec<u8> {
    let comma = if arguments.is_empty() { "" } else { "," };
    let signature = format!("{function}(SortedDoublyLL.Data storage{comma}{arguments})");
    let words = std::iter::once(&SLOT).chain(values).flat_map(|v| v.to_be_bytes::<32>());
    keccak256(signature)[..4].iter().copied().chain(words).collect()
}

fn word(who: Address) -> U256 {
    U256::from_be_bytes(who.into_word().0)
}

fn inserting(who: Address, key: u64, prev: Address, next: Address) -> Vec<u8> {
    data("insert", "address,uint256,address,address", &[word(who), n(key), word(prev), word(next)])
}

fn updating(who: Address, key: u64, prev: Address, next: Address) -> Vec<u8> {
    data("updateKey", "address,uint256,address,address", &[word(who), n(key), word(prev), word(next)])
}

fn removing(who: Address) -> Vec<u8> {
    data("remove", "address", &[word(who)])
}

fn sizing(size: u64) -> Vec<u8> {
    data("setMaxSize", "uint256", &[n(size)])
}

impl List {
    fn new(net: &mut Net, size: u64) -> Self {
        net.register("ListTarget", net.d.sorted_doubly_ll);
        let arguments = ManagerProxy::constructorCall {
            _controller: net.d.controller,
            _targetContractId: contract_id("ListTarget"),
        };
        let list = Self(net.create(Artifact::ManagerProxy, &arguments));
        list.send(net, sizing(size));
        list
    }

    #[track_caller]
    fn send(&self, net: &mut Net, data: Vec<u8>) {
        net.send_raw(NOBODY, self.0, data, U256::ZERO);
    }

    #[track_caller]
    fn refuse(&self, net: &mut Net, data: Vec<u8>, reason: impl Reason) {
        net.refuse_raw(NOBODY, self.0, data, U256::ZERO, reason);
    }

    #[track_caller]
    fn insert(&self, net: &mut Net, who: u8, key: u64) {
        self.send(net, inserting(account(who), key, NOBODY, NOBODY));
    }

    fn read(&self, net: &mut Net, function: &str, arguments: &str, values: &[U256]) -> U256 {
        let output = net.evm.call(self.0, data(function, arguments, values).into()).expect("a view");
        U256::abi_decode(&output).expect("a word")
    }

    fn of(&self, net: &mut Net, function: &str, who: Address) -> U256 {
        self.read(net, function, "address", &[word(who)])
    }

    fn fits(&self, net: &mut Net, key: u64, prev: Address, next: Address) -> bool {
        let values = [n(key), word(prev), word(next)];
        !self.read(net, "validInsertPosition", "uint256,address,address", &values).is_zero()
    }

    /// Members in order, by number; both directions and the counters have to agree.
    #[track_caller]
    fn is(&self, net: &mut Net, wanted: &[u8]) {
        let walk = |net: &mut Net, first: &str, then: &str| {
            let mut found = Vec::new();
            let mut at = self.read(net, first, "", &[]);
            while !at.is_zero() && found.len() < 99 {
                found.push(at.byte(0));
                at = self.of(net, then, account(at.byte(0)));
            }
            found
        };
        assert_eq!(walk(net, "getFirst", "getNext"), wanted);
        let mut back = walk(net, "getLast", "getPrev");
        back.reverse();
        assert_eq!(back, wanted);
        assert_eq!(self.read(net, "getSize", "", &[]), n(wanted.len() as u64));
        assert_eq!(self.read(net, "isEmpty", "", &[]).is_zero(), !wanted.is_empty());
        let room = self.read(net, "getMaxSize", "", &[]);
        assert_eq!(self.read(net, "isFull", "", &[]).is_zero(), n(wanted.len() as u64) != room);
        for who in 1..9 {
            assert_eq!(self.of(net, "contains", account(who)).is_zero(), !wanted.contains(&who), "{who}");
        }
    }
}

fn what_cannot_be_listed(net: &mut Net) {
    let list = List::new(net, 2);
    list.insert(net, 1, 10);
    // In this order: each of them has all faults of those below it.
    list.refuse(net, inserting(account(1), 0, NOBODY, NOBODY), "node already in list");
    list.refuse(net, inserting(NOBODY, 0, NOBODY, NOBODY), "node id is null");
    list.refuse(net, inserting(account(2), 0, NOBODY, NOBODY), "key is zero");
    list.insert(net, 2, 10);
    list.refuse(net, inserting(account(1), 0, NOBODY, NOBODY), "list is full");
    list.refuse(net, removing(account(3)), "node not in list");
    list.refuse(net, updating(account(3), 5, NOBODY, NOBODY), "node not in list");
}

fn the_room_only_grows(net: &mut Net) {
    let list = List::new(net, 1);
    for size in [0, 1] {
        list.refuse(net, sizing(size), "new max size must be greater than old max size");
    }
    list.insert(net, 1, 1);
    list.is(net, &[1]);
    list.send(net, sizing(2));
    list.is(net, &[1]);
    list.insert(net, 2, 2);
    list.is(net, &[2, 1]);
}

fn keys_descend(net: &mut Net) {
    let list = List::new(net, 8);
    list.is(net, &[]);
    for (who, key) in [(1, 20), (2, 40), (3, 10), (4, 30)] {
        list.insert(net, who, key);
        assert_eq!(list.of(net, "getKey", account(who)), n(key));
    }
    list.is(net, &[2, 4, 1, 3]);
    // An equal key without a hint goes before its equals.
    list.insert(net, 5, 30);
    list.insert(net, 6, 10);
    list.insert(net, 7, 40);
    list.is(net, &[7, 2, 5, 4, 1, 6, 3]);
}

fn a_right_hint_places_a_tie(net: &mut Net) {
    let list = List::new(net, 8);
    for (who, key) in [(1, 30), (2, 20), (3, 10)] {
        list.insert(net, who, key);
    }
    list.send(net, inserting(account(4), 20, account(2), account(3)));
    list.is(net, &[1, 2, 4, 3]);
    list.send(net, inserting(account(5), 10, account(3), NOBODY));
    list.is(net, &[1, 2, 4, 3, 5]);
    // A hint of the next alone goes up from there: behind its equals.
    list.send(net, inserting(account(6), 30, NOBODY, account(2)));
    list.is(net, &[1, 6, 2, 4, 3, 5]);
    // From the tail, an equal key goes behind the tail at once.
    list.send(net, inserting(account(7), 10, NOBODY, account(5)));
    list.is(net, &[1, 6, 2, 4, 3, 5, 7]);
    // A hint of the one before alone goes down from there: behind it, before the equals that come later.
    list.send(net, inserting(account(8), 20, account(2), NOBODY));
    list.is(net, &[1, 6, 2, 8, 4, 3, 5, 7]);
}

fn wrong_hints_do_no_harm(net: &mut Net) {
    let hints = [NOBODY, account(1), account(2), account(3), account(9)];
    for key in [40, 30, 25, 20, 10, 5] {
        for prev in hints {
            for next in hints {
                let list = List::new(net, 8);
                for (who, key) in [(1, 30), (2, 20), (3, 10)] {
                    list.insert(net, who, key);
                }
                list.send(net, inserting(account(4), key, prev, next));
                let mut keys = Vec::new();
                let mut at = list.read(net, "getFirst", "", &[]);
                while !at.is_zero() {
                    keys.push(list.of(net, "getKey", account(at.byte(0))));
                    at = list.of(net, "getNext", account(at.byte(0)));
                }
                let place = format!("{key} between {prev} and {next}: {keys:?}");
                assert!(keys.len() == 4 && keys.is_sorted_by(|a, b| a >= b), "{place}");
            }
        }
    }
}

fn members_leave_from_everywhere(net: &mut Net) {
    let list = List::new(net, 8);
    for who in 1..6 {
        list.insert(net, who, 100 - u64::from(who));
    }
    for (who, left) in [(3, &[1, 2, 4, 5][..]), (1, &[2, 4, 5]), (5, &[2, 4]), (2, &[4]), (4, &[])] {
        list.send(net, removing(account(who)));
        list.is(net, left);
        assert!(list.of(net, "getKey", account(who)).is_zero());
    }
    list.insert(net, 3, 1);
    list.is(net, &[3]);
}

fn a_key_moves_its_member(net: &mut Net) {
    let list = List::new(net, 3);
    for (who, key) in [(1, 30), (2, 20), (3, 10)] {
        list.insert(net, who, key);
    }
    // The list is full and stays so: the member leaves before it comes back.
    for (who, key, order) in [(3, 25, [1, 3, 2]), (1, 5, [3, 2, 1]), (2, 99, [2, 3, 1]), (2, 98, [2, 3, 1])] {
        list.send(net, updating(account(who), key, NOBODY, NOBODY));
        list.is(net, &order);
        assert_eq!(list.of(net, "getKey", account(who)), n(key));
    }
    list.send(net, updating(account(3), 0, NOBODY, NOBODY));
    list.is(net, &[2, 1]);
}

fn positions_are_checked_at_ends_and_between(net: &mut Net) {
    let list = List::new(net, 8);
    assert!(list.fits(net, 7, NOBODY, NOBODY));
    for (who, key) in [(1, 30), (2, 20), (3, 10)] {
        list.insert(net, who, key);
    }
    let (a, b, c) = (account(1), account(2), account(3));
    for (key, prev, next, fits) in [
        (7, NOBODY, NOBODY, false),
        (30, NOBODY, a, true),
        (29, NOBODY, a, false),
        (20, NOBODY, b, false),
        (10, c, NOBODY, true),
        (11, c, NOBODY, false),
        (10, b, NOBODY, false),
        (30, a, b, true),
        (20, a, b, true),
        (31, a, b, false),
        (19, a, b, false),
        (20, a, c, false),
        (25, b, a, false),
    ] {
        assert_eq!(list.fits(net, key, prev, next), fits, "{key} between {prev} and {next}");
    }
}

fn the_library_itself_holds_nothing(net: &mut Net) {
    let library = net.d.sorted_doubly_ll;
    net.refuse_raw(NOBODY, library, inserting(account(1), 1, NOBODY, NOBODY), U256::ZERO, Bare);
    net.refuse_raw(NOBODY, library, sizing(9), U256::ZERO, Bare);
}

/// The orchestrator that moves.
const MOVER: Address = Address::repeat_byte(2);
/// Another that makes it move.
const OTHER: Address = Address::repeat_byte(3);
/// No hint.
const NONE: [Address; 2] = [NOBODY; 2];

/// Every call that moves an orchestrator, so that it ends level with account 1.
type Move = fn(&mut Net, Address, Address);

/// Without a hint it comes before its equal, with the equal and who is behind that as neighbours
/// between them.
fn check_hint(net: &mut Net, what: &str, behind: Address, act: Move) {
    let equal = account(1);
    for (prev, next, wanted) in [(NOBODY, NOBODY, [MOVER, equal]), (equal, behind, [equal, MOVER])] {
        net.evm.rewind();
        net.bond(equal, lpt(10), equal);
        act(net, prev, next);
        let pool = net.pool();
        assert_eq!(pool[..2], wanted, "{what}");
    }
}

fn bonding_with(amount: u64, to: Address, old: [Address; 2], new: [Address; 2]) -> BondingManager::bondWithHintCall {
    BondingManager::bondWithHintCall {
        _amount: lpt(amount),
        _to: to,
        _oldDelegateNewPosPrev: old[0],
        _oldDelegateNewPosNext: old[1],
        _currDelegateNewPosPrev: new[0],
        _currDelegateNewPosNext: new[1],
    }
}

fn bonds_pass_hints_on(net: &mut Net) {
    check_hint(net, "bond", NOBODY, |net, prev, next| {
        net.give(MOVER, lpt(10));
        net.bonding(MOVER, &bonding_with(10, MOVER, NONE, [prev, next]));
    });
    check_hint(net, "bond for another", NOBODY, |net, prev, next| {
        net.bond(MOVER, lpt(4), MOVER);
        net.give(OTHER, lpt(6));
        net.bonding(
            OTHER,
            &BondingManager::bondForWithHintCall {
                _amount: lpt(6),
                _owner: OTHER,
                _to: MOVER,
                _oldDelegateNewPosPrev: NOBODY,
                _oldDelegateNewPosNext: NOBODY,
                _currDelegateNewPosPrev: prev,
                _currDelegateNewPosNext: next,
            },
        );
    });
    check_hint(net, "bond away", account(4), |net, prev, next| {
        net.bond(MOVER, lpt(10), MOVER);
        net.bond(OTHER, lpt(7), MOVER);
        net.bond(account(4), lpt(1), account(4));
        net.bonding(OTHER, &bonding_with(0, account(4), [prev, next], NONE));
    });
}

fn locks_pass_hints_on(net: &mut Net) {
    check_hint(net, "unbond", NOBODY, |net, prev, next| {
        net.bond(MOVER, lpt(15), MOVER);
        net.next_round();
        let call = BondingManager::unbondWithHintCall { _amount: lpt(5), _newPosPrev: prev, _newPosNext: next };
        net.bonding(MOVER, &call);
    });
    check_hint(net, "rebond", NOBODY, |net, prev, next| {
        net.bond(MOVER, lpt(10), MOVER);
        net.next_round();
        net.unbond(MOVER, lpt(5));
        let call = BondingManager::rebondWithHintCall { _unbondingLockId: n(0), _newPosPrev: prev, _newPosNext: next };
        net.bonding(MOVER, &call);
    });
    check_hint(net, "rebond from unbonded", NOBODY, |net, prev, next| {
        net.bond(MOVER, lpt(4), MOVER);
        net.bond(OTHER, lpt(6), account(1));
        net.bond(account(1), lpt(4), account(1));
        net.next_round();
        net.unbond(OTHER, lpt(6));
        net.unbond(account(1), lpt(4));
        net.bonding(
            OTHER,
            &BondingManager::rebondFromUnbondedWithHintCall {
                _to: MOVER,
                _unbondingLockId: n(0),
                _newPosPrev: prev,
                _newPosNext: next,
            },
        );
    });
}

fn transfers_pass_hints_on(net: &mut Net) {
    check_hint(net, "transfer away", account(4), |net, prev, next| {
        net.bond(MOVER, lpt(10), MOVER);
        net.bond(OTHER, lpt(7), MOVER);
        net.bond(account(4), lpt(1), account(4));
        net.next_round();
        net.bond(account(5), lpt(1), account(4));
        net.bonding(OTHER, &transfer(account(5), lpt(7), [prev, next], NONE));
    });
    check_hint(net, "transfer to", account(4), |net, prev, next| {
        net.bond(MOVER, lpt(3), MOVER);
        net.bond(OTHER, lpt(7), account(4));
        net.bond(account(4), lpt(1), account(4));
        net.next_round();
        net.bond(account(5), lpt(1), MOVER);
        net.bonding(OTHER, &transfer(account(5), lpt(6), NONE, [prev, next]));
    });
}

fn orchestrators_pass_hints_on(net: &mut Net) {
    check_hint(net, "rates", NOBODY, |net, prev, next| {
        // The pool is full with more; then there is room, and it comes in by its rates.
        for who in 5..7 {
            net.bond(account(who), lpt(30), account(who));
        }
        net.bond(MOVER, lpt(10), MOVER);
        net.next_round();
        for who in 5..7 {
            net.unbond(account(who), lpt(30));
        }
        let call = BondingManager::transcoderWithHintCall {
            _rewardCut: n(0),
            _feeShare: n(0),
            _newPosPrev: prev,
            _newPosNext: next,
        };
        net.bonding(MOVER, &call);
    });
    reward_passes_hints_on(net, false);
    reward_passes_hints_on(net, true);
}

fn transfer(to: Address, amount: U256, old: [Address; 2], new: [Address; 2]) -> BondingManager::transferBondCall {
    BondingManager::transferBondCall {
        _delegator: to,
        _amount: amount,
        _oldDelegateNewPosPrev: old[0],
        _oldDelegateNewPosNext: old[1],
        _newDelegateNewPosPrev: new[0],
        _newDelegateNewPosNext: new[1],
    }
}

/// Two with the same stake and so the same reward: the second to call is level with the first.
fn reward_passes_hints_on(net: &mut Net, by_caller: bool) {
    let (a, b, caller) = (account(1), account(2), account(9));
    for (hint, wanted) in [(NOBODY, [b, a]), (a, [a, b])] {
        net.evm.rewind();
        net.bond(a, lpt(10), a);
        net.bond(b, lpt(10), b);
        net.bonding(b, &BondingManager::setRewardCallerCall { _rewardCaller: caller });
        net.next_round();
        net.reward(a);
        if by_caller {
            net.bonding(
                caller,
                &BondingManager::rewardForTranscoderWithHintCall {
                    _transcoder: b,
                    _newPosPrev: hint,
                    _newPosNext: NOBODY,
                },
            );
        } else {
            net.bonding(b, &BondingManager::rewardWithHintCall { _newPosPrev: hint, _newPosNext: NOBODY });
        }
        assert_eq!(net.pool(), wanted);
    }
}
