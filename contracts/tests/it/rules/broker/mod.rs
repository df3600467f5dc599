//! Deposits, reserves and tickets.

pub mod funds;
pub mod redeem;
pub mod reserve;

use alloy::primitives::{Address, B256, Bytes, LogData, U256, keccak256};
use alloy::signers::SignerSync;
use alloy::sol_types::SolValue;
use weir_contracts::bindings::{BrokerTicket, RoundsManager, TicketBroker};

use super::expect::{Reason, ev};
use super::net::{Done, Net, n, signer};

/// Number of the account that sends tickets; it can sign.
pub const SENDER: u8 = 9;

pub fn sender() -> Address {
    signer(SENDER).address()
}

/// A ticket with all that its redemption takes.
#[derive(Clone)]
pub struct Signed {
    pub ticket: BrokerTicket,
    pub sig: Bytes,
    pub rand: U256,
}

impl Signed {
    pub fn redeem(&self) -> TicketBroker::redeemWinningTicketCall {
        TicketBroker::redeemWinningTicketCall {
            _ticket: self.ticket.clone(),
            _sig: self.sig.clone(),
            _recipientRand: self.rand,
        }
    }

    /// Signed anew, by that account.
    pub fn sign(mut self, key: u8) -> Self {
        let signature = signer(key).sign_message_sync(hash(&self.ticket).as_slice()).expect("a key that signs");
        self.sig = signature.as_bytes().to_vec().into();
        self
    }

    /// The same with another content, signed by its sender.
    pub fn with(mut self, change: impl FnOnce(&mut BrokerTicket)) -> Self {
        change(&mut self.ticket);
        self.sign(SENDER)
    }

    pub fn redeemed(&self) -> LogData {
        let t = &self.ticket;
        ev(&TicketBroker::WinningTicketRedeemed {
            sender: t.sender,
            recipient: t.recipient,
            faceValue: t.faceValue,
            winProb: t.winProb,
            senderNonce: t.senderNonce,
            recipientRand: self.rand,
            auxData: t.auxData.clone(),
        })
    }

    pub fn paid(&self, amount: U256) -> LogData {
        let (sender, recipient) = (self.ticket.sender, self.ticket.recipient);
        ev(&TicketBroker::WinningTicketTransfer { sender, recipient, amount })
    }
}

/// The seven fields without gaps.
pub fn hash(t: &BrokerTicket) -> B256 {
    let fixed = (t.recipient, t.sender, t.faceValue, t.winProb, t.senderNonce, t.recipientRandHash);
    keccak256([fixed.abi_encode_packed(), t.auxData.to_vec()].concat())
}

pub fn aux(round: U256, hash: B256) -> Bytes {
    (round, hash).abi_encode().into()
}

/// A ticket of this round that wins.
pub fn ticket(net: &mut Net, to: Address, face: U256) -> Signed {
    net.tickets += 1;
    let round = net.round();
    let block = net.read(net.d.rounds_manager, &RoundsManager::blockHashForRoundCall { _round: round });
    let rand = U256::from_be_bytes(keccak256(net.tickets.to_be_bytes()).0);
    let ticket = BrokerTicket {
        recipient: to,
        sender: sender(),
        faceValue: face,
        winProb: U256::MAX,
        senderNonce: n(net.tickets),
        recipientRandHash: keccak256(rand.to_be_bytes::<32>()),
        auxData: aux(round, block),
    };
    Signed { ticket, sig: Bytes::new(), rand }.sign(SENDER)
}

/// A redemption by the recipient that goes through.
#[track_caller]
pub fn redeem(net: &mut Net, ticket: &Signed) -> Done {
    net.send(ticket.ticket.recipient, net.d.ticket_broker, &ticket.redeem())
}

#[track_caller]
pub fn refuse(net: &mut Net, ticket: &Signed, reason: impl Reason) {
    net.refuse(ticket.ticket.recipient, net.d.ticket_broker, &ticket.redeem(), reason);
}

pub fn fund(net: &mut Net, deposit: U256, reserve: U256) -> Done {
    let call = TicketBroker::fundDepositAndReserveCall { _depositAmount: deposit, _reserveAmount: reserve };
    net.pay(sender(), net.d.ticket_broker, &call, deposit + reserve)
}

/// Deposit, round of withdrawal, reserve, and what was claimed of it in this round.
pub fn info(net: &mut Net, who: Address) -> [U256; 4] {
    let got = net.read(net.d.ticket_broker, &TicketBroker::getSenderInfoCall { _sender: who });
    [got.sender.deposit, got.sender.withdrawRound, got.reserve.fundsRemaining, got.reserve.claimedInCurrentRound]
}
