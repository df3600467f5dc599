// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.9;

import "./FeesToActive.sol";

/// @notice Change (b): a factor is worked back from what the round may mint, which includes what it
/// minted already.
abstract contract FactorFromMintable is FeesToActive {
    function _roundRewards() internal view virtual override returns (uint256) {
        return _minter().currentMintableTokens();
    }
}
