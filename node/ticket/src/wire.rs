//! Payments and tickets as messages of the network.

use thiserror::Error;
use weir_types::{L1Block, Round, U256, Wei, WinProb};
use weir_wire::{TooLarge, field, net};

use crate::{ExpirationParams, Payment, PriceInfo, SenderParams, Signature, Ticket, TicketParams, WinningTicket};

/// A message that no ticket of this chain can have.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum WireError {
    /// A number that is larger than the chain's.
    #[error("{field}: {source}")]
    Number {
        /// Which field.
        field: &'static str,
        /// How large it is.
        source: TooLarge,
    },
    /// A round below zero.
    #[error("creation round {0} is below zero")]
    Round(i64),
    /// A ticket without what makes it one.
    #[error("ticket lacks {0}")]
    Missing(&'static str),
}

fn number(name: &'static str, bytes: &[u8]) -> Result<U256, WireError> {
    field::number(bytes).map_err(|source| WireError::Number { field: name, source })
}

fn block(bytes: &[u8]) -> Result<L1Block, WireError> {
    let n = number("expiration block", bytes)?;
    let bits = n.bit_len();
    u64::try_from(n)
        .map(L1Block)
        .map_err(|_| WireError::Number { field: "expiration block", source: TooLarge { bits } })
}

impl TryFrom<&net::TicketExpirationParams> for ExpirationParams {
    type Error = WireError;

    fn try_from(m: &net::TicketExpirationParams) -> Result<Self, WireError> {
        let round = u64::try_from(m.creation_round).map_err(|_| WireError::Round(m.creation_round))?;
        Ok(Self { creation_round: Round(round), creation_round_block_hash: field::hash(&m.creation_round_block_hash) })
    }
}

impl From<&ExpirationParams> for net::TicketExpirationParams {
    fn from(p: &ExpirationParams) -> Self {
        Self {
            creation_round: i64::try_from(p.creation_round.0).unwrap_or(i64::MAX),
            creation_round_block_hash: p.creation_round_block_hash.to_vec(),
        }
    }
}

impl TryFrom<&net::TicketParams> for TicketParams {
    type Error = WireError;

    fn try_from(m: &net::TicketParams) -> Result<Self, WireError> {
        let expiration = m.expiration_params.as_ref().map(ExpirationParams::try_from).transpose()?;
        Ok(Self {
            recipient: field::address(&m.recipient),
            face_value: Wei(number("face value", &m.face_value)?),
            win_prob: WinProb(number("win probability", &m.win_prob)?),
            recipient_rand_hash: field::hash(&m.recipient_rand_hash),
            seed: number("seed", &m.seed)?,
            expiration_block: block(&m.expiration_block)?,
            expiration_params: expiration.unwrap_or_default(),
        })
    }
}

impl From<&TicketParams> for net::TicketParams {
    fn from(p: &TicketParams) -> Self {
        let unset = p.expiration_params == ExpirationParams::default();
        Self {
            recipient: p.recipient.to_vec(),
            face_value: field::bytes(p.face_value.0),
            win_prob: field::bytes(p.win_prob.0),
            recipient_rand_hash: p.recipient_rand_hash.to_vec(),
            seed: field::bytes(p.seed),
            expiration_block: field::bytes(U256::from(p.expiration_block.0)),
            expiration_params: (!unset).then(|| (&p.expiration_params).into()),
        }
    }
}

impl From<&net::PriceInfo> for PriceInfo {
    fn from(m: &net::PriceInfo) -> Self {
        Self { price_per_unit: m.price_per_unit, pixels_per_unit: m.pixels_per_unit }
    }
}

impl From<&PriceInfo> for net::PriceInfo {
    fn from(p: &PriceInfo) -> Self {
        Self { price_per_unit: p.price_per_unit, pixels_per_unit: p.pixels_per_unit, ..Self::default() }
    }
}

impl From<&net::TicketSenderParams> for SenderParams {
    fn from(m: &net::TicketSenderParams) -> Self {
        // A signature of another length is nobody's: whoever checks it says so.
        Self { nonce: m.sender_nonce, sig: Signature::lenient(&m.sig) }
    }
}

impl From<&SenderParams> for net::TicketSenderParams {
    fn from(p: &SenderParams) -> Self {
        Self { sender_nonce: p.nonce, sig: p.sig.as_bytes().to_vec() }
    }
}

impl TryFrom<&net::Payment> for Payment {
    type Error = WireError;

    fn try_from(m: &net::Payment) -> Result<Self, WireError> {
        Ok(Self {
            sender: field::address(&m.sender),
            ticket_params: m.ticket_params.as_ref().map(TicketParams::try_from).transpose()?,
            expiration_params: m.expiration_params.as_ref().map(ExpirationParams::try_from).transpose()?,
            tickets: m.ticket_sender_params.iter().map(SenderParams::from).collect(),
            expected_price: m.expected_price.as_ref().map(PriceInfo::from),
        })
    }
}

impl From<&Payment> for net::Payment {
    fn from(p: &Payment) -> Self {
        Self {
            ticket_params: p.ticket_params.as_ref().map(net::TicketParams::from),
            sender: if p.sender.is_zero() { Vec::new() } else { p.sender.to_vec() },
            expiration_params: p.expiration_params.as_ref().map(net::TicketExpirationParams::from),
            ticket_sender_params: p.tickets.iter().map(net::TicketSenderParams::from).collect(),
            expected_price: p.expected_price.as_ref().map(net::PriceInfo::from),
        }
    }
}

impl TryFrom<&net::Ticket> for WinningTicket {
    type Error = WireError;

    fn try_from(m: &net::Ticket) -> Result<Self, WireError> {
        let params = m.ticket_params.as_ref().ok_or(WireError::Missing("parameters"))?;
        let own = m.sender_params.as_ref().ok_or(WireError::Missing("number and signature"))?;
        let round = m.expiration_params.as_ref().ok_or(WireError::Missing("its round"))?;
        let (params, round) = (TicketParams::try_from(params)?, ExpirationParams::try_from(round)?);
        Ok(Self {
            ticket: params.ticket(field::address(&m.sender), own.sender_nonce, round),
            sig: Signature::lenient(&own.sig),
            recipient_rand: number("recipient rand", &m.recipient_rand)?,
        })
    }
}

impl From<&WinningTicket> for net::Ticket {
    fn from(w: &WinningTicket) -> Self {
        let Ticket { recipient, sender, face_value, win_prob, sender_nonce, recipient_rand_hash, .. } = &w.ticket;
        Self {
            ticket_params: Some(net::TicketParams {
                recipient: recipient.to_vec(),
                face_value: field::bytes(face_value.0),
                win_prob: field::bytes(win_prob.0),
                recipient_rand_hash: recipient_rand_hash.to_vec(),
                seed: Vec::new(),
                expiration_block: field::bytes(U256::from(w.ticket.params_expiration_block.0)),
                expiration_params: None,
            }),
            sender: sender.to_vec(),
            expiration_params: Some((&w.ticket.expiration_params()).into()),
            sender_params: Some(net::TicketSenderParams {
                sender_nonce: *sender_nonce,
                sig: w.sig.as_bytes().to_vec(),
            }),
            recipient_rand: field::bytes(w.recipient_rand),
        }
    }
}
