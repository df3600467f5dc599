//! Numbers, addresses and hashes in byte fields.
//!
//! A number is big-endian without leading zeros: zero is the empty field. Of an address or a hash that is too long
//! the last bytes count, and one that is too short is filled up in front.

use thiserror::Error;
use weir_types::{Address, B256, U256};

/// A number that no word of the chain holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("a number of {bits} bits does not fit 256")]
pub struct TooLarge {
    /// Bits that it has.
    pub bits: usize,
}

/// A number as a field carries it.
#[must_use]
pub fn bytes(n: U256) -> Vec<u8> {
    n.to_be_bytes_trimmed_vec()
}

/// The number of a field.
///
/// # Errors
/// It is larger than a word of the chain.
pub fn number(field: &[u8]) -> Result<U256, TooLarge> {
    U256::try_from_be_slice(trimmed(field)).ok_or_else(|| {
        let digits = trimmed(field);
        let first = digits.first().map_or(0, |byte| 8 - byte.leading_zeros() as usize);
        TooLarge { bits: digits.len().saturating_sub(1).saturating_mul(8).saturating_add(first) }
    })
}

/// A number without the zeros in front.
#[must_use]
pub fn trimmed(field: &[u8]) -> &[u8] {
    let first = field.iter().position(|b| *b != 0).unwrap_or(field.len());
    field.get(first..).unwrap_or_default()
}

fn last<const N: usize>(field: &[u8]) -> [u8; N] {
    let mut out = [0; N];
    let kept = field.len().min(N);
    out[N - kept..].copy_from_slice(&field[field.len() - kept..]);
    out
}

/// The address of a field.
#[must_use]
pub fn address(field: &[u8]) -> Address {
    Address::from(last::<20>(field))
}

/// The hash of a field.
#[must_use]
pub fn hash(field: &[u8]) -> B256 {
    B256::from(last::<32>(field))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_lose_their_zeros_and_nothing_else() {
        for (n, wire) in [(0_u64, &[][..]), (1, &[1]), (256, &[1, 0]), (0xff00, &[0xff, 0])] {
            assert_eq!(bytes(U256::from(n)), wire);
            assert_eq!(number(wire), Ok(U256::from(n)));
            let padded = [&[0; 40][..], wire].concat();
            assert_eq!(number(&padded), Ok(U256::from(n)));
        }
        assert_eq!(number(&bytes(U256::MAX)), Ok(U256::MAX));
        assert_eq!(number(&[&[1][..], &[0; 32]].concat()), Err(TooLarge { bits: 257 }));
        assert_eq!(number(&[0xff; 33]), Err(TooLarge { bits: 264 }));
    }

    #[test]
    fn of_an_address_the_last_bytes_count() {
        let long: Vec<u8> = (0..25).collect();
        assert_eq!(address(&long).as_slice(), &long[5..]);
        assert_eq!(address(&[7]).as_slice()[18..], [0, 7]);
        assert_eq!(address(&[]), Address::ZERO);
        assert_eq!(hash(&[9; 33]), B256::repeat_byte(9));
        assert_eq!(hash(&[9])[31], 9);
    }
}
