//! Typed calls, events and errors of each contract, generated from the artifacts.
//!
//! Structs keep the file-level names of the sources; the one that a ticket is redeemed with is
//! also here as [`BrokerTicket`].

macro_rules! contract {
    ($module:ident, $name:ident, $artifact:literal) => {
        #[allow(missing_docs, unreachable_pub, clippy::all, clippy::pedantic, clippy::nursery, clippy::restriction)]
        pub mod $module {
            //! Bindings of one contract.
            alloy::sol!(
                #[allow(missing_docs)]
                #[sol(rpc, ignore_unlinked, extra_derives(Debug, PartialEq, Eq))]
                $name,
                $artifact
            );
        }
        pub use $module::$name;
    };
}

contract!(controller, Controller, "artifacts/Controller.json");
contract!(manager, Manager, "artifacts/Manager.json");
contract!(manager_proxy, ManagerProxy, "artifacts/ManagerProxy.json");
contract!(livepeer_token, LivepeerToken, "artifacts/LivepeerToken.json");
contract!(livepeer_token_faucet, LivepeerTokenFaucet, "artifacts/LivepeerTokenFaucet.json");
contract!(l1_supply_cache, L1SupplyCache, "artifacts/L1SupplyCache.json");
contract!(minter, Minter, "artifacts/Minter.json");
contract!(rounds_manager, RoundsManager, "artifacts/RoundsManager.json");
contract!(adjustable_rounds_manager, AdjustableRoundsManager, "artifacts/AdjustableRoundsManager.json");
contract!(bonding_manager, BondingManager, "artifacts/BondingManager.json");
contract!(bonding_manager_partial, BondingManagerPartial, "artifacts/BondingManagerPartial.json");
contract!(bonding_votes, BondingVotes, "artifacts/BondingVotes.json");
contract!(ticket_broker, TicketBroker, "artifacts/TicketBroker.json");
contract!(livepeer_governor, LivepeerGovernor, "artifacts/LivepeerGovernor.json");
contract!(treasury, Treasury, "artifacts/Treasury.json");
contract!(governor, Governor, "artifacts/Governor.json");
contract!(poll_creator, PollCreator, "artifacts/PollCreator.json");
contract!(poll, Poll, "artifacts/Poll.json");
contract!(merkle_snapshot, MerkleSnapshot, "artifacts/MerkleSnapshot.json");
contract!(service_registry, ServiceRegistry, "artifacts/ServiceRegistry.json");

pub use ticket_broker::MixinTicketBrokerCore::Ticket as BrokerTicket;
