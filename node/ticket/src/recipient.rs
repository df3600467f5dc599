//! An orchestrator's side of tickets: the parameters it asks for and what it checks on receipt.

use std::collections::BTreeMap;

use hmac::{Hmac, KeyInit, Mac};
use num_bigint::BigUint;
use num_rational::BigRational;
use serde::{Deserialize, Serialize};
use sha2::Sha256;
use thiserror::Error;
use weir_types::amount::big;
use weir_types::{Address, B256, L1Block, Price, Round, U256, Wei, WinProb};

pub use crate::issued::Issued;
use crate::issued::Lately;
use crate::sig::is_winning;
use crate::{ExpirationParams, Signature, Ticket, TicketParams, TicketVerifier};

/// L1 blocks for which ticket parameters hold.
pub const PARAMS_VALIDITY: u64 = 40;
/// Nonces that one recipient rand accepts.
pub const MAX_NONCES: usize = 600;
/// Highest price that counts as the usual one of gas.
const AVERAGE_GAS_PRICE: Wei = Wei(U256::from_limbs([3_000_000_000, 0, 0, 0]));
/// Heads in which the usual gas price can become nearly three times as high, or as low.
const GAS_PRICE_INERTIA: u64 = 4_096;
/// Face value over expected value where redemption costs next to nothing.
const EV_MULTIPLIER: u64 = 100;

/// What an orchestrator asks of tickets.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecipientConfig {
    /// Expected value of a ticket.
    pub ev: Wei,
    /// Gas of a redemption, until one is measured.
    pub redeem_gas: u64,
    /// Face value over cost of redemption.
    pub tx_cost_multiplier: u64,
    /// Highest face value; zero for none.
    pub max_face_value: Wei,
}

impl Default for RecipientConfig {
    /// go-livepeer's values on Arbitrum.
    fn default() -> Self {
        Self { ev: Wei::new(8_000_000_000), redeem_gas: 1_200_000, tx_cost_multiplier: 100, max_face_value: Wei::ZERO }
    }
}

/// The chain as the recipient last saw it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ChainView {
    /// L1 block.
    pub l1: L1Block,
    /// Gas price; zero when unknown.
    pub gas_price: Wei,
    /// Round initialised last.
    pub round: Round,
    /// Its stored block hash; zero where the chain kept none.
    pub round_hash: B256,
    /// Hash of the round before.
    pub previous_hash: B256,
}

/// Why there are no parameters for a sender.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ParamsError {
    /// What the sender's money is sure to pay is too little for a ticket worth redeeming.
    #[error("insufficient sender reserve")]
    InsufficientReserve,
}

/// Why a ticket is not taken.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum TicketError {
    /// Made out to somebody else.
    #[error("invalid ticket recipient")]
    Recipient,
    /// Made out by nobody.
    #[error("invalid ticket sender")]
    Sender,
    /// Its parameters are not those that were issued.
    #[error("invalid recipientRand for ticket recipientRandHash")]
    RecipientRand,
    /// Not signed by its sender.
    #[error("invalid ticket signature")]
    Signature,
    /// Its nonce was used before.
    #[error("invalid ticket senderNonce: already seen sender={sender} nonce={nonce}")]
    NonceSeen {
        /// Sender.
        sender: Address,
        /// Nonce.
        nonce: u32,
    },
    /// Its parameters were used too often.
    #[error("invalid ticket senderNonce: too many values sender={sender} nonce={nonce}")]
    TooManyNonces {
        /// Sender.
        sender: Address,
        /// Nonce.
        nonce: u32,
    },
    /// Its parameters hold no longer.
    #[error("TicketParams expired")]
    Expired,
}

impl TicketError {
    /// A fatal error ends a payment at once; after another one the payment's later tickets are
    /// still looked at, without credit.
    #[must_use]
    pub const fn is_fatal(&self) -> bool {
        matches!(self, Self::Recipient | Self::Sender | Self::RecipientRand)
    }
}

/// What became of a ticket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Received {
    /// It wins; its preimage is needed to redeem it. A ticket may win though it is not credited.
    pub won: bool,
    /// The recipient's secret number behind its rand hash.
    pub recipient_rand: U256,
    /// Why it is not credited.
    pub error: Option<TicketError>,
}

#[derive(Debug, Clone, Default)]
struct Nonces {
    /// In order: most come with the next higher number.
    seen: Vec<u32>,
    expires: L1Block,
}

/// Issues parameters and receives tickets.
#[derive(Debug, Clone)]
pub struct Recipient {
    address: Address,
    /// Keyed with a secret of this life of the node.
    mac: Hmac<Sha256>,
    config: RecipientConfig,
    /// Gas of a redemption, as measured last.
    redeem_gas: u64,
    /// Gas price at which a face value must pay for its redemption when the present one is higher.
    usual_gas_price: Option<Wei>,
    nonces: BTreeMap<U256, Nonces>,
    lately: Lately,
}

impl Recipient {
    /// A recipient with a secret of this life of the node: parameters issued under another one are
    /// not taken.
    #[must_use]
    pub fn new(address: Address, secret: [u8; 32], config: RecipientConfig) -> Self {
        let mac = Hmac::new_from_slice(&secret).expect("HMAC takes keys of any length");
        Self {
            address,
            mac,
            redeem_gas: config.redeem_gas,
            config,
            usual_gas_price: None,
            nonces: BTreeMap::new(),
            lately: Lately::default(),
        }
    }

    /// Who is paid.
    #[must_use]
    pub const fn address(&self) -> Address {
        self.address
    }

    /// What it asks of tickets.
    #[must_use]
    pub const fn config(&self) -> &RecipientConfig {
        &self.config
    }

    /// Takes a gas price in. Face values that pay for a redemption at the usual price are asked for through a spike
    /// of the present one: winners can wait for a day or two. The usual price follows the present one slowly and
    /// never lies above that of the original's rule.
    pub fn note_gas_price(&mut self, present: Wei) {
        if present.is_zero() {
            return;
        }
        let usual = match self.usual_gas_price {
            None => present.0,
            // A step of its own size, however high the spike.
            Some(Wei(usual)) => {
                let step = usual.div_ceil(U256::from(GAS_PRICE_INERTIA));
                if present.0 > usual {
                    usual.saturating_add(step).min(present.0)
                } else {
                    (usual - step).max(present.0)
                }
            }
        };
        self.usual_gas_price = Some(Wei(usual).min(AVERAGE_GAS_PRICE));
    }

    /// Takes in what a redemption costs: face values are reckoned by it from now on. Measured as dearer than it was
    /// configured, it turns no sender away whose money pays for a redemption of the configured cost: a measure is a
    /// look back, and one taken in a spike of the chain's fee for data would otherwise end the redemptions that
    /// correct it.
    pub const fn set_redeem_gas(&mut self, gas: u64) {
        self.redeem_gas = gas;
    }

    fn tx_cost(&self, gas_price: Wei) -> U256 {
        U256::from(self.redeem_gas).saturating_mul(gas_price.0)
    }

    /// Face value of a ticket of a sender whose money is sure to pay `max_float`.
    ///
    /// # Errors
    /// [`ParamsError::InsufficientReserve`] when that is not worth a redemption.
    pub fn face_value(&self, max_float: Wei, gas_price: Wei) -> Result<Wei, ParamsError> {
        let c = &self.config;
        let cost = self.tx_cost(gas_price);
        let mut value = cost.saturating_mul(U256::from(c.tx_cost_multiplier));
        if value < c.ev.0 {
            value = c.ev.0.saturating_mul(U256::from(EV_MULTIPLIER));
        }
        value = value.min(max_float.0);
        if !c.max_face_value.is_zero() {
            value = value.min(c.max_face_value.0);
        }
        let usual = self.usual_gas_price.unwrap_or(AVERAGE_GAS_PRICE);
        let least = U256::from(self.redeem_gas.min(c.redeem_gas)).saturating_mul(gas_price.min(usual).0);
        if value < c.ev.0 || value < least {
            return Err(ParamsError::InsufficientReserve);
        }
        Ok(Wei(value))
    }

    /// Float to reckon with for a sender: no more than its deposit, since a gateway signs no ticket that its
    /// deposit does not cover. A lower face value wins more often and is worth the same, so the sender is not
    /// turned away. Where tickets of that size are not worth a redemption, or no deposit is known, the float
    /// stays as it is.
    #[must_use]
    pub fn float_within(&self, max_float: Wei, deposit: Wei, gas_price: Wei) -> Wei {
        let lower = max_float.min(deposit);
        if deposit.is_zero() || self.face_value(lower, gas_price).is_err() { max_float } else { lower }
    }

    /// Probability with which a face value has the configured expected value, rounded up.
    #[must_use]
    pub fn win_prob(&self, face_value: Wei) -> WinProb {
        let ev = self.config.ev.0;
        if face_value.is_zero() {
            return WinProb::ZERO;
        }
        if face_value.0 == ev {
            return WinProb::ONE;
        }
        let (q, r) = U256::MAX.div_rem(face_value.0);
        // The original looks at the low 64 bits of the remainder alone.
        let step = if r.as_limbs()[0] == 0 { q } else { q.saturating_add(U256::from(1u64)) };
        WinProb(ev.saturating_mul(step))
    }

    /// Face value over the cost of redemption; zero where redemption is free.
    ///
    /// # Errors
    /// [`ParamsError`] when there is no face value.
    pub fn tx_cost_multiplier(&self, max_float: Wei, gas_price: Wei) -> Result<BigRational, ParamsError> {
        let value = self.face_value(max_float, gas_price)?;
        let cost = self.tx_cost(gas_price);
        if cost.is_zero() {
            return Ok(BigRational::from_integer(0.into()));
        }
        Ok(BigRational::new(big(value.0), big(cost)))
    }

    /// Parameters for a sender's next tickets, with a seed drawn by the caller.
    ///
    /// # Errors
    /// [`ParamsError`] when the sender's money is too little.
    pub fn ticket_params(
        &self,
        sender: Address,
        price: &Price,
        max_float: Wei,
        view: &ChainView,
        seed: U256,
    ) -> Result<TicketParams, ParamsError> {
        Ok(self.make(sender, price, max_float, view, seed)?.0)
    }

    /// [`Self::ticket_params`] for a sender that is likely to pay soon: the number behind them is kept at hand.
    ///
    /// # Errors
    /// [`ParamsError`] when the sender's money is too little.
    pub fn issue(
        &mut self,
        sender: Address,
        price: &Price,
        max_float: Wei,
        view: &ChainView,
        seed: U256,
    ) -> Result<TicketParams, ParamsError> {
        let (params, issued) = self.make(sender, price, max_float, view, seed)?;
        self.lately.remember(sender, price, &params, issued);
        Ok(params)
    }

    fn make(
        &self,
        sender: Address,
        price: &Price,
        max_float: Wei,
        view: &ChainView,
        seed: U256,
    ) -> Result<(TicketParams, Issued), ParamsError> {
        let face_value = if price.is_free() { Wei::ZERO } else { self.face_value(max_float, view.gas_price)? };
        let win_prob = self.win_prob(face_value);
        let expiration_block = L1Block(view.l1.0.saturating_add(PARAMS_VALIDITY));
        let expiration_params = ExpirationParams::of(view.round, view.round_hash, view.previous_hash);
        let mut params = TicketParams {
            recipient: self.address,
            face_value,
            win_prob,
            recipient_rand_hash: B256::ZERO,
            seed,
            expiration_block,
            expiration_params,
        };
        let issued = Issued::new(self.rand(sender, &params, price));
        params.recipient_rand_hash = issued.hash;
        Ok((params, issued))
    }

    /// The secret number behind parameters as they came back.
    #[must_use]
    pub fn issued(&self, sender: Address, params: &TicketParams, price: &Price) -> Issued {
        let known = self.lately.find(sender, price, params);
        known.unwrap_or_else(|| Issued::new(self.rand(sender, params, price)))
    }

    /// The secret number behind parameters: nothing is stored, it is derived again from what comes
    /// back, so that changed parameters lead to another number.
    #[must_use]
    pub fn rand(&self, sender: Address, p: &TicketParams, price: &Price) -> U256 {
        let mut mac = self.mac.clone();
        minimal(&mut mac, p.seed);
        mac.update(sender.as_slice());
        minimal(&mut mac, p.face_value.0);
        minimal(&mut mac, p.win_prob.0);
        minimal(&mut mac, U256::from(p.expiration_block.0));
        magnitude(&mut mac, price.ratio().numer().magnitude());
        magnitude(&mut mac, price.ratio().denom().magnitude());
        mac.update(p.expiration_params.aux().as_slice());
        U256::from_be_slice(&mac.finalize().into_bytes())
    }

    /// Check a ticket and remember its nonce. The sender's standing is for the caller to check.
    pub fn receive(
        &mut self,
        ticket: &Ticket,
        sig: &Signature,
        seed: U256,
        price: &Price,
        l1: L1Block,
        verifier: &dyn TicketVerifier,
    ) -> Received {
        let params = TicketParams {
            recipient: self.address,
            face_value: ticket.face_value,
            win_prob: ticket.win_prob,
            recipient_rand_hash: ticket.recipient_rand_hash,
            seed,
            expiration_block: ticket.params_expiration_block,
            expiration_params: ticket.expiration_params(),
        };
        let rand = self.issued(ticket.sender, &params, price);
        self.receive_under(ticket, sig, &rand, l1, verifier)
    }

    /// [`Self::receive`] with the secret number behind the ticket's parameters: tickets of one payment have it in
    /// common.
    pub fn receive_under(
        &mut self,
        ticket: &Ticket,
        sig: &Signature,
        issued: &Issued,
        l1: L1Block,
        verifier: &dyn TicketVerifier,
    ) -> Received {
        let recipient_rand = issued.rand;
        let refuse = |won, e| Received { won, recipient_rand, error: Some(e) };
        if ticket.recipient != self.address {
            return refuse(false, TicketError::Recipient);
        }
        if ticket.sender.is_zero() {
            return refuse(false, TicketError::Sender);
        }
        if issued.hash != ticket.recipient_rand_hash {
            return refuse(false, TicketError::RecipientRand);
        }
        if ticket.verify(sig, verifier).is_err() {
            return refuse(false, TicketError::Signature);
        }
        let won = is_winning(sig.as_ref(), recipient_rand, ticket.win_prob);
        if let Err(e) = self.note(recipient_rand, ticket) {
            return refuse(won, e);
        }
        if ticket.params_expiration_block <= l1 {
            return refuse(won, TicketError::Expired);
        }
        Received { won, recipient_rand, error: None }
    }

    fn note(&mut self, rand: U256, ticket: &Ticket) -> Result<(), TicketError> {
        let (sender, nonce) = (ticket.sender, ticket.sender_nonce);
        let nonces = self.nonces.entry(rand).or_default();
        let Err(at) = nonces.seen.binary_search(&nonce) else {
            return Err(TicketError::NonceSeen { sender, nonce });
        };
        if nonces.seen.len() >= MAX_NONCES {
            return Err(TicketError::TooManyNonces { sender, nonce });
        }
        nonces.seen.insert(at, nonce);
        nonces.expires = ticket.params_expiration_block;
        Ok(())
    }

    /// Forget nonces of parameters that hold no longer: their tickets are refused as expired.
    pub fn clean_up(&mut self, l1: L1Block) {
        self.nonces.retain(|_, n| n.expires > l1);
    }

    /// Parameters whose nonces are remembered.
    #[must_use]
    pub fn remembered(&self) -> usize {
        self.nonces.len()
    }
}

/// Big-endian without leading zeros.
fn minimal(mac: &mut impl Mac, v: U256) {
    mac.update(weir_wire::field::trimmed(&v.to_be_bytes::<32>()));
}

/// The same for a number of any size.
fn magnitude(mac: &mut impl Mac, v: &BigUint) {
    let mut first = true;
    for digit in v.iter_u64_digits().rev() {
        let bytes = digit.to_be_bytes();
        mac.update(if first { weir_wire::field::trimmed(&bytes) } else { &bytes });
        first = false;
    }
}
