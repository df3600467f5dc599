//! A deployment with people on it.

use alloy::primitives::{Address, B256, Bytes, U256, keccak256};
use alloy::signers::SignerSync;
use alloy::signers::local::PrivateKeySigner;
use alloy::sol_types::SolValue;
use weir_contracts::bindings::{BondingManager, BrokerTicket, LivepeerToken, RoundsManager, TicketBroker};
use weir_contracts::{Deployment, ProtocolParams, Revert};

use crate::chain::{Chain, Outcome};
use crate::deploy::{deployed, owner};

#[derive(Clone)]
pub struct World {
    pub chain: Chain,
    pub d: Deployment,
    nonce: u64,
}

/// A numbered account.
pub fn account(n: u8) -> Address {
    Address::repeat_byte(n)
}

/// A numbered account that can sign.
pub fn signer(n: u8) -> PrivateKeySigner {
    PrivateKeySigner::from_bytes(&B256::repeat_byte(n)).expect("a valid key")
}

pub fn lpt(whole: u64) -> U256 {
    U256::from(whole) * U256::from(10u64).pow(U256::from(18))
}

impl World {
    /// In the first block of a freshly initialised round.
    pub fn new(params: &ProtocolParams) -> Self {
        let (chain, d) = deployed(params);
        let mut w = Self { chain, d, nonce: 0 };
        w.next_round();
        w
    }

    pub fn round(&mut self) -> u64 {
        self.chain.read(self.d.rounds_manager, &RoundsManager::currentRoundCall {}).to()
    }

    pub fn next_round(&mut self) -> Outcome {
        let rm = self.d.rounds_manager;
        let start: u64 = self.chain.read(rm, &RoundsManager::currentRoundStartBlockCall {}).to();
        let length: u64 = self.chain.read(rm, &RoundsManager::roundLengthCall {}).to();
        self.chain.number = start + length - 1;
        self.chain.send(owner(), rm, &RoundsManager::initializeRoundCall {}).expect("a round begins")
    }

    pub fn give(&mut self, who: Address, amount: U256) {
        let token = self.d.token;
        self.chain.send(owner(), token, &LivepeerToken::transferCall { to: who, amount }).expect("the owner has LPT");
        let approve = LivepeerToken::approveCall { spender: self.d.bonding_manager, amount: U256::MAX };
        self.chain.send(who, token, &approve).expect("anyone may approve");
    }

    /// Bonds fresh LPT.
    pub fn bond(&mut self, who: Address, amount: U256, to: Address) -> Result<Outcome, Revert> {
        self.give(who, amount);
        self.chain.send(who, self.d.bonding_manager, &BondingManager::bondCall { _amount: amount, _to: to })
    }

    pub fn commission(&mut self, who: Address, cut: u32, share: u32) -> Result<Outcome, Revert> {
        let call = BondingManager::transcoderCall { _rewardCut: U256::from(cut), _feeShare: U256::from(share) };
        self.chain.send(who, self.d.bonding_manager, &call)
    }

    pub fn reward(&mut self, who: Address) -> Result<Outcome, Revert> {
        self.chain.send(who, self.d.bonding_manager, &BondingManager::rewardCall {})
    }

    pub fn lpt_of(&mut self, who: Address) -> U256 {
        self.chain.read(self.d.token, &LivepeerToken::balanceOfCall { account: who })
    }

    pub fn stake(&mut self, who: Address) -> U256 {
        let call = BondingManager::pendingStakeCall { _delegator: who, _endRound: U256::ZERO };
        self.chain.read(self.d.bonding_manager, &call)
    }

    pub fn fees(&mut self, who: Address) -> U256 {
        let call = BondingManager::pendingFeesCall { _delegator: who, _endRound: U256::ZERO };
        self.chain.read(self.d.bonding_manager, &call)
    }

    pub fn total_stake(&mut self, who: Address) -> U256 {
        let call = BondingManager::transcoderTotalStakeCall { _transcoder: who };
        self.chain.read(self.d.bonding_manager, &call)
    }

    /// Members of the pool from the first to the last.
    pub fn pool(&mut self) -> Vec<Address> {
        let bm = self.d.bonding_manager;
        let mut members = Vec::new();
        let mut at = self.chain.read(bm, &BondingManager::getFirstTranscoderInPoolCall {});
        while !at.is_zero() {
            members.push(at);
            at = self.chain.read(bm, &BondingManager::getNextTranscoderInPoolCall { _transcoder: at });
        }
        members
    }

    /// Gives ETH to a sender, who funds deposit and reserve with it.
    pub fn fund(&mut self, who: Address, deposit: U256, reserve: U256) {
        self.chain.fund(who, self.chain.balance(who) + deposit + reserve);
        let call = TicketBroker::fundDepositAndReserveCall { _depositAmount: deposit, _reserveAmount: reserve };
        self.chain.pay(who, self.d.ticket_broker, &call, deposit + reserve).expect("the sender has the ETH");
    }

    /// A ticket of the current round, and the secret that its recipient drew.
    pub fn ticket(&mut self, sender: Address, recipient: Address, value: U256, win_prob: U256) -> (BrokerTicket, U256) {
        self.nonce += 1;
        let round = U256::from(self.round());
        let hash = self.chain.read(self.d.rounds_manager, &RoundsManager::blockHashForRoundCall { _round: round });
        let secret = U256::from_be_bytes(keccak256(self.nonce.to_be_bytes()).0);
        let ticket = BrokerTicket {
            recipient,
            sender,
            faceValue: value,
            winProb: win_prob,
            senderNonce: U256::from(self.nonce),
            recipientRandHash: keccak256(secret.to_be_bytes::<32>()),
            auxData: (round, hash).abi_encode().into(),
        };
        (ticket, secret)
    }

    /// The sender's signature over the ticket's hash, which the contract computes.
    pub fn sign(&mut self, key: &PrivateKeySigner, ticket: &BrokerTicket) -> Bytes {
        let call = TicketBroker::getTicketHashCall { _ticket: ticket.clone() };
        let hash = self.chain.read(self.d.ticket_broker, &call);
        let signature = key.sign_message_sync(hash.as_slice()).expect("a key that signs");
        signature.as_bytes().to_vec().into()
    }

    pub fn redeem(&mut self, ticket: &BrokerTicket, sig: &Bytes, secret: U256) -> Result<Outcome, Revert> {
        let call = TicketBroker::redeemWinningTicketCall {
            _ticket: ticket.clone(),
            _sig: sig.clone(),
            _recipientRand: secret,
        };
        self.chain.send(ticket.recipient, self.d.ticket_broker, &call)
    }

    /// Pays fees by a ticket that cannot lose.
    pub fn pay_fees(&mut self, key: &PrivateKeySigner, to: Address, value: U256) -> Result<Outcome, Revert> {
        let (ticket, secret) = self.ticket(key.address(), to, value, U256::MAX);
        let sig = self.sign(key, &ticket);
        self.redeem(&ticket, &sig, secret)
    }
}
