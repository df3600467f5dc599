//! What gas may cost: reported prices, caps, and the price of a replacement.

use alloy::providers::Provider;
use alloy::sol;
use serde::{Deserialize, Serialize};
use thiserror::Error;
use weir_types::{Address, U256, Wei};

use crate::ChainError;

sol! {
    /// Arbitrum's prices, as far as they are asked for.
    #[sol(rpc)]
    interface ArbGasInfo {
        function getL1BaseFeeEstimate() external view returns (uint256);
    }
}

/// Where Arbitrum answers questions about gas.
const ARB_GAS_INFO: Address = Address::with_last_byte(0x6c);

/// What a transaction offers for a unit of gas.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fees {
    /// Most that it pays, base fee and tip together.
    pub max_fee: Wei,
    /// Most of it that goes beyond the base fee.
    pub tip: Wei,
}

/// The price of the moment is above what the operator allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("current gas price {price} exceeds the maximum gas price {max}")]
pub struct AboveMax {
    /// The price.
    pub price: Wei,
    /// The limit.
    pub max: Wei,
}

/// Limits on the price of gas.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct GasPolicy {
    /// A price below this one is reported as this one: profit is not reckoned on a price that will not last.
    pub min: Wei,
    /// Nothing is sent at a price above this one, replacements neither.
    pub max: Option<Wei>,
}

/// Per cent by which a replacement pays more. Nodes ask for ten.
const BUMP_PERCENT: u64 = 11;

impl GasPolicy {
    /// The price to reckon with.
    #[must_use]
    pub fn reported(&self, price: Wei) -> Wei {
        price.max(self.min)
    }

    /// What to offer at a base fee: twice that, so that it holds while the fee grows, but no more than the limit.
    ///
    /// # Errors
    /// The base fee with its tip is above the limit.
    pub fn fees(&self, base: Wei, tip: Wei) -> Result<Fees, AboveMax> {
        let price = Wei(base.0.saturating_add(tip.0));
        let wanted = Wei(base.0.saturating_mul(U256::from(2u64)).saturating_add(tip.0));
        match self.max {
            Some(max) if price > max => Err(AboveMax { price, max }),
            Some(max) => Ok(Fees { max_fee: wanted.min(max), tip }),
            None => Ok(Fees { max_fee: wanted, tip }),
        }
    }

    /// What a replacement has to offer over `old`, at a base fee; none when the limit does not allow it.
    #[must_use]
    pub fn replacement(&self, old: Fees, base: Wei) -> Option<Fees> {
        let bump = |v: Wei| {
            let more = v.0.saturating_mul(U256::from(100 + BUMP_PERCENT));
            Wei(more.saturating_add(U256::from(99u64)) / U256::from(100u64))
        };
        let tip = bump(old.tip);
        let now = Wei(base.0.saturating_mul(U256::from(2u64)).saturating_add(tip.0));
        let least = bump(old.max_fee);
        let wanted = least.max(now);
        match self.max {
            Some(max) if least > max => None,
            Some(max) => Some(Fees { max_fee: wanted.min(max), tip }),
            None => Some(Fees { max_fee: wanted, tip }),
        }
    }
}

/// Prices of the moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GasPrices {
    /// A unit of gas on this chain.
    pub price: Wei,
    /// A unit of gas on L1, which a transaction's data pays for; zero on a chain without.
    pub l1_base_fee: Wei,
}

/// Reads the prices of the moment.
///
/// # Errors
/// The endpoint's failure.
pub async fn gas_prices<P: Provider + Clone>(provider: &P) -> Result<GasPrices, ChainError> {
    let price = provider.get_gas_price().await.map_err(|source| ChainError::Rpc { method: "eth_gasPrice", source })?;
    let info = ArbGasInfo::new(ARB_GAS_INFO, provider.clone());
    let l1_base_fee = match info.getL1BaseFeeEstimate().call().await {
        Ok(fee) => Wei(fee),
        // Nobody lives there on other chains.
        Err(alloy::contract::Error::ZeroData(..) | alloy::contract::Error::AbiError(_)) => Wei::ZERO,
        Err(source) => {
            return Err(ChainError::Call { call: "ArbGasInfo.getL1BaseFeeEstimate", source: Box::new(source) });
        }
    };
    Ok(GasPrices { price: Wei::new(price), l1_base_fee })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fees(max_fee: u128, tip: u128) -> Fees {
        Fees { max_fee: Wei::new(max_fee), tip: Wei::new(tip) }
    }

    #[test]
    fn offers_leave_room_and_keep_to_the_limit() {
        let free = GasPolicy::default();
        assert_eq!(free.fees(Wei::new(100), Wei::new(5)), Ok(fees(205, 5)));
        let capped = GasPolicy { max: Some(Wei::new(150)), ..GasPolicy::default() };
        assert_eq!(capped.fees(Wei::new(100), Wei::new(5)), Ok(fees(150, 5)));
        let refused = capped.fees(Wei::new(148), Wei::new(5)).expect_err("too dear");
        assert_eq!(refused, AboveMax { price: Wei::new(153), max: Wei::new(150) });
    }

    #[test]
    fn replacements_pay_more_or_are_not_made() {
        let free = GasPolicy::default();
        assert_eq!(free.replacement(fees(200, 7), Wei::new(10)), Some(fees(222, 8)), "rounded up");
        assert_eq!(free.replacement(fees(200, 0), Wei::new(500)), Some(fees(1000, 0)), "the base fee rose");
        let capped = GasPolicy { max: Some(Wei::new(230)), ..GasPolicy::default() };
        assert_eq!(capped.replacement(fees(200, 0), Wei::new(500)), Some(fees(230, 0)));
        assert_eq!(capped.replacement(fees(222, 0), Wei::new(10)), None, "a smaller rise would be refused");
    }

    #[test]
    fn low_prices_are_reported_as_the_least() {
        let policy = GasPolicy { min: Wei::new(10), max: None };
        assert_eq!(policy.reported(Wei::new(3)), Wei::new(10));
        assert_eq!(policy.reported(Wei::new(30)), Wei::new(30));
    }
}
