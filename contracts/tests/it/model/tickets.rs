//! Real tickets with real signatures.

use alloy::primitives::{Address, B256, Bytes, U256, keccak256};
use alloy::signers::SignerSync;
use alloy::sol_types::SolValue;
use weir_contracts::bindings::{BrokerTicket, RoundsManager};

use super::Who;
use super::action::Flaw;
use super::broker::{Origin, Signature, Ticket};
use super::cast::{ACTORS, key};
use super::play::Play;
use super::state::NOBODY;

/// A signed ticket, and what is to be known of it.
#[derive(Debug, Clone)]
pub struct Paper {
    ticket: BrokerTicket,
    signature: Bytes,
    secret: U256,
    facts: Ticket,
}

/// The hash that a sender signs.
fn hash(ticket: &BrokerTicket) -> B256 {
    let packed = [
        ticket.recipient.as_slice(),
        ticket.sender.as_slice(),
        &ticket.faceValue.to_be_bytes::<32>(),
        &ticket.winProb.to_be_bytes::<32>(),
        &ticket.senderNonce.to_be_bytes::<32>(),
        ticket.recipientRandHash.as_slice(),
        &ticket.auxData,
    ];
    keccak256(packed.concat())
}

fn sign(who: Who, ticket: &BrokerTicket) -> Bytes {
    let signature = key(who).sign_message_sync(hash(ticket).as_slice()).expect("a key that signs");
    signature.as_bytes().to_vec().into()
}

impl Paper {
    /// A ticket of the latest round, which wins with a chance in millionths.
    pub fn issue(play: &mut Play, id: u64, sender: Who, recipient: Who, value: U256, chance: u32) -> Self {
        let created = play.model.last_initialized;
        let call = RoundsManager::blockHashForRoundCall { _round: U256::from(created) };
        let block_hash = play.stage.chain.read(play.stage.d.rounds_manager, &call);
        let secret = U256::from_be_bytes(keccak256(id.to_be_bytes()).0);
        let win_prob =
            if chance >= 1_000_000 { U256::MAX } else { U256::MAX / U256::from(1_000_000) * U256::from(chance) };
        let ticket = BrokerTicket {
            recipient: play.stage.book.address(recipient),
            sender: play.stage.book.address(sender),
            faceValue: value,
            winProb: win_prob,
            senderNonce: U256::from(id),
            recipientRandHash: keccak256(secret.to_be_bytes::<32>()),
            auxData: (U256::from(created), block_hash).abi_encode().into(),
        };
        let signature = sign(sender, &ticket);
        let drawn = keccak256([signature.as_ref(), &secret.to_be_bytes::<32>()].concat());
        let facts = Ticket {
            id,
            recipient,
            sender,
            value,
            origin: Origin::Round { created, hash_is_right: true },
            secret_is_right: true,
            signature: Signature::Right,
            wins: U256::from_be_bytes(drawn.0) < win_prob,
            numbers: [win_prob, U256::from(id), secret],
        };
        Self { ticket, signature, secret, facts }
    }

    /// The ticket, the signature and the secret as someone hands them in.
    pub fn handed_in(&self, flaw: Flaw) -> (BrokerTicket, Bytes, U256, Ticket) {
        let Self { mut ticket, mut signature, mut secret, mut facts } = self.clone();
        let Origin::Round { created, .. } = facts.origin else { unreachable!("every ticket has a round") };
        match flaw {
            Flaw::None => {}
            Flaw::NoRecipient => (ticket.recipient, facts.recipient) = (Address::ZERO, NOBODY),
            Flaw::NoSender => (ticket.sender, facts.sender) = (Address::ZERO, NOBODY),
            Flaw::ShortData => {
                ticket.auxData = ticket.auxData[..63].to_vec().into();
                facts.origin = Origin::Malformed;
            }
            Flaw::UnknownRound => {
                ticket.auxData = (U256::ONE, B256::ZERO).abi_encode().into();
                facts.origin = Origin::Round { created: 1, hash_is_right: true };
            }
            Flaw::WrongHash => {
                ticket.auxData = (U256::from(created), B256::repeat_byte(1)).abi_encode().into();
                facts.origin = Origin::Round { created, hash_is_right: false };
            }
            Flaw::WrongSecret => {
                secret += U256::ONE;
                facts.secret_is_right = false;
            }
            Flaw::ShortSignature => {
                signature = signature[..64].to_vec().into();
                facts.signature = Signature::Short;
            }
            Flaw::WrongSignature => {
                signature = sign(facts.sender % ACTORS + 1, &ticket);
                facts.signature = Signature::OfSomeoneElse;
            }
        }
        (ticket, signature, secret, facts)
    }
}
