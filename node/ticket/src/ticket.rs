//! Tickets, their parameters and the payment that carries them.

use num_bigint::BigInt;
use num_integer::Integer;
use num_rational::BigRational;
use num_traits::{Signed, ToPrimitive};
use serde::{Deserialize, Serialize};
use thiserror::Error;
use weir_types::{Address, B256, Credit, L1Block, Price, Round, U256, Wei, WinProb, keccak256};

use crate::value::Value;
use crate::{SigError, Signature, TicketSigner, TicketVerifier, sig};

/// Round in which a ticket was made and that round's block hash: what bounds its life on chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub struct ExpirationParams {
    /// Round in which the parameters were issued.
    pub creation_round: Round,
    /// Block hash the chain stored for that round.
    pub creation_round_block_hash: B256,
}

impl ExpirationParams {
    /// For new tickets in a round. The chain keeps no hash of some L1 blocks, and takes no ticket of such a
    /// round: the round before serves then.
    #[must_use]
    pub fn of(round: Round, hash: B256, previous_hash: B256) -> Self {
        if hash.is_zero() {
            return Self { creation_round: Round(round.0.saturating_sub(1)), creation_round_block_hash: previous_hash };
        }
        Self { creation_round: round, creation_round_block_hash: hash }
    }

    /// True where a part is missing, so that the sender puts in its own view of the round.
    #[must_use]
    pub fn is_incomplete(&self) -> bool {
        self.creation_round.0 == 0 || self.creation_round_block_hash.is_zero()
    }

    /// The ticket's auxiliary data: round and hash as two words, or nothing when both are zero.
    #[must_use]
    pub fn aux_data(&self) -> Vec<u8> {
        self.aux().as_slice().to_vec()
    }

    pub(crate) fn aux(&self) -> Aux {
        let mut bytes = [0; AUX];
        bytes[..32].copy_from_slice(&U256::from(self.creation_round.0).to_be_bytes::<32>());
        bytes[32..].copy_from_slice(self.creation_round_block_hash.as_slice());
        let none = self.creation_round.0 == 0 && self.creation_round_block_hash.is_zero();
        Aux { bytes, len: if none { 0 } else { AUX } }
    }
}

/// Bytes of auxiliary data, where there is any.
const AUX: usize = 64;
/// Bytes of a packed ticket without auxiliary data.
const PACKED: usize = 168;

/// Auxiliary data, without an allocation.
pub(crate) struct Aux {
    bytes: [u8; AUX],
    len: usize,
}

impl Aux {
    pub(crate) fn as_slice(&self) -> &[u8] {
        &self.bytes[..self.len]
    }
}

/// A ticket: a signed promise that pays its face value with its win probability.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ticket {
    /// Who is paid when it wins.
    pub recipient: Address,
    /// Who pays.
    pub sender: Address,
    /// Amount paid when it wins.
    pub face_value: Wei,
    /// Chance of winning.
    pub win_prob: WinProb,
    /// Sender's number of the ticket, unique per recipient rand.
    pub sender_nonce: u32,
    /// Hash of the recipient's secret number.
    pub recipient_rand_hash: B256,
    /// Round in which its parameters were issued.
    pub creation_round: Round,
    /// Block hash of that round.
    pub creation_round_block_hash: B256,
    /// L1 block from which the parameters are no longer good. Not part of the hash.
    pub params_expiration_block: L1Block,
}

impl Ticket {
    /// The round and hash it was made for.
    #[must_use]
    pub const fn expiration_params(&self) -> ExpirationParams {
        ExpirationParams {
            creation_round: self.creation_round,
            creation_round_block_hash: self.creation_round_block_hash,
        }
    }

    /// Auxiliary data as the contract takes it: 64 bytes, or none when round and hash are zero.
    #[must_use]
    pub fn aux_data(&self) -> Vec<u8> {
        self.expiration_params().aux_data()
    }

    /// Tightly packed fields, as the contract hashes them.
    #[must_use]
    pub fn packed(&self) -> Vec<u8> {
        let (bytes, len) = self.packed_bytes();
        bytes[..len].to_vec()
    }

    fn packed_bytes(&self) -> ([u8; PACKED + AUX], usize) {
        let mut bytes = [0; PACKED + AUX];
        bytes[..20].copy_from_slice(self.recipient.as_slice());
        bytes[20..40].copy_from_slice(self.sender.as_slice());
        bytes[40..72].copy_from_slice(&self.face_value.0.to_be_bytes::<32>());
        bytes[72..104].copy_from_slice(&self.win_prob.0.to_be_bytes::<32>());
        bytes[104..136].copy_from_slice(&U256::from(self.sender_nonce).to_be_bytes::<32>());
        bytes[136..PACKED].copy_from_slice(self.recipient_rand_hash.as_slice());
        let aux = self.expiration_params().aux();
        let len = PACKED + aux.as_slice().len();
        bytes[PACKED..len].copy_from_slice(aux.as_slice());
        (bytes, len)
    }

    /// Hash that is signed and that the contract marks as used.
    #[must_use]
    pub fn hash(&self) -> B256 {
        let (bytes, len) = self.packed_bytes();
        keccak256(&bytes[..len])
    }

    /// A signature over it.
    #[must_use]
    pub fn sign(&self, signer: &dyn TicketSigner) -> Signature {
        let (bytes, len) = self.packed_bytes();
        signer.sign_message(&bytes[..len])
    }

    /// Checks that its sender signed it.
    ///
    /// # Errors
    /// [`SigError`] says what is wrong with the signature.
    pub fn verify(&self, sig: &Signature, verifier: &dyn TicketVerifier) -> Result<(), SigError> {
        let (bytes, len) = self.packed_bytes();
        verifier.verify_message(self.sender, &bytes[..len], sig)
    }

    /// Expected value.
    #[must_use]
    pub fn expected_value(&self) -> Credit {
        self.value().credit()
    }

    /// Expected value in the form that sums cheaply.
    #[must_use]
    pub fn value(&self) -> Value {
        Value::expected(self.face_value, self.win_prob)
    }

    /// True when the ticket wins with this signature and recipient's number.
    #[must_use]
    pub fn wins(&self, sig: &Signature, recipient_rand: U256) -> bool {
        sig::is_winning(&sig.0, recipient_rand, self.win_prob)
    }
}

/// Hash of a recipient's number, as it stands in a ticket.
#[must_use]
pub fn rand_hash(recipient_rand: U256) -> B256 {
    keccak256(recipient_rand.to_be_bytes::<32>())
}

/// What a recipient asks of the next tickets.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TicketParams {
    /// Who is to be paid.
    pub recipient: Address,
    /// Face value.
    pub face_value: Wei,
    /// Win probability.
    pub win_prob: WinProb,
    /// Hash of the recipient's secret number.
    pub recipient_rand_hash: B256,
    /// Public part from which the recipient derives its number again.
    pub seed: U256,
    /// L1 block from which the parameters are no longer good.
    pub expiration_block: L1Block,
    /// Round and hash to put into the tickets.
    pub expiration_params: ExpirationParams,
}

impl TicketParams {
    /// Expected value of one ticket.
    #[must_use]
    pub fn expected_value(&self) -> Credit {
        self.value().credit()
    }

    /// Expected value of one ticket in the form that sums cheaply.
    #[must_use]
    pub fn value(&self) -> Value {
        Value::expected(self.face_value, self.win_prob)
    }

    /// The ticket of a sender with a nonce.
    #[must_use]
    pub fn ticket(&self, sender: Address, nonce: u32, expiration: ExpirationParams) -> Ticket {
        Ticket {
            recipient: self.recipient,
            sender,
            face_value: self.face_value,
            win_prob: self.win_prob,
            sender_nonce: nonce,
            recipient_rand_hash: self.recipient_rand_hash,
            creation_round: expiration.creation_round,
            creation_round_block_hash: expiration.creation_round_block_hash,
            params_expiration_block: self.expiration_block,
        }
    }
}

/// What differs between the tickets of one payment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct SenderParams {
    /// The ticket's nonce.
    pub nonce: u32,
    /// Signature over the ticket's hash.
    pub sig: Signature,
}

/// Why a price of a message is no price.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum PriceError {
    /// Absent.
    #[error("expected price is nil")]
    Missing,
    /// A denominator of zero.
    #[error("pixels per unit is 0")]
    ZeroUnits,
    /// Below zero.
    #[error("price is negative: {per_unit}/{units}")]
    Negative {
        /// Wei.
        per_unit: i64,
        /// Pixels.
        units: i64,
    },
}

/// A price as messages carry it: any two numbers, not yet known to make sense.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub struct PriceInfo {
    /// Wei per unit.
    pub price_per_unit: i64,
    /// Pixels in a unit.
    pub pixels_per_unit: i64,
}

impl PriceInfo {
    /// The form of a price on the wire, or `None` where a term does not fit.
    #[must_use]
    pub fn of(price: &Price) -> Option<Self> {
        Some(Self { price_per_unit: price.ratio().numer().to_i64()?, pixels_per_unit: price.ratio().denom().to_i64()? })
    }

    /// The signed quotient.
    ///
    /// # Errors
    /// [`PriceError::ZeroUnits`] without a denominator.
    pub fn ratio(&self) -> Result<BigRational, PriceError> {
        if self.pixels_per_unit == 0 {
            return Err(PriceError::ZeroUnits);
        }
        // Words are reduced faster than integers of any length.
        let (num, den) = (i128::from(self.price_per_unit), i128::from(self.pixels_per_unit));
        let divisor = num.gcd(&den) * den.signum();
        Ok(BigRational::new_raw(BigInt::from(num / divisor), BigInt::from(den / divisor)))
    }

    /// The price.
    ///
    /// # Errors
    /// [`PriceError`] for a zero denominator or a negative price.
    pub fn price(&self) -> Result<Price, PriceError> {
        let ratio = self.ratio()?;
        if ratio.is_negative() {
            return Err(PriceError::Negative { per_unit: self.price_per_unit, units: self.pixels_per_unit });
        }
        Price::from_ratio(ratio).ok_or(PriceError::ZeroUnits)
    }
}

/// Tickets and what is needed to check them, sent with a request for work.
///
/// Without `ticket_params` it means: no tickets now, work from what is left of the balance.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Payment {
    /// Who pays; the zero address where the message named none.
    pub sender: Address,
    /// Parameters of the tickets; their own expiration parameters stay unset on the wire.
    pub ticket_params: Option<TicketParams>,
    /// Round and hash in the tickets.
    pub expiration_params: Option<ExpirationParams>,
    /// One entry per ticket.
    pub tickets: Vec<SenderParams>,
    /// Price the sender works with.
    pub expected_price: Option<PriceInfo>,
}

impl Payment {
    /// The expected price.
    ///
    /// # Errors
    /// [`PriceError`] when it is missing or makes no sense.
    pub fn price(&self) -> Result<Price, PriceError> {
        self.expected_price.ok_or(PriceError::Missing)?.price()
    }

    /// The expected price, for which one that may be the same is known already.
    pub(crate) fn price_like(&self, known: Option<&Price>) -> Result<Price, PriceError> {
        match known {
            Some(known) if self.expected_price.is_some_and(|p| Some(p) == PriceInfo::of(known)) => Ok(known.clone()),
            _ => self.price(),
        }
    }
}

/// A winning ticket with all that redeems it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WinningTicket {
    /// The ticket.
    pub ticket: Ticket,
    /// Its sender's signature.
    pub sig: Signature,
    /// The recipient's secret number. Showing it lets the sender tell which of its other tickets
    /// of the same parameters win.
    pub recipient_rand: U256,
}

/// Signs a ticket.
///
/// # Errors
/// [`SigError::WrongSigner`] when the key is not the ticket's sender's.
pub fn sign_ticket(ticket: &Ticket, signer: &dyn TicketSigner) -> Result<Signature, SigError> {
    if signer.address() != ticket.sender {
        return Err(SigError::WrongSigner { found: signer.address(), expected: ticket.sender });
    }
    Ok(ticket.sign(signer))
}
