// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.9;

import "@openzeppelin/contracts/utils/Arrays.sol";

/// @notice Look-ups in ascending arrays that only ever grow at the end.
library SortedArrays {
    using Arrays for uint256[];

    error DecreasingValues(uint256 newValue, uint256 lastValue);

    /// @notice Index of the last element not above `_val`; the length if every element is, 0 if
    /// there is none.
    function findLowerBound(uint256[] storage _array, uint256 _val) internal view returns (uint256) {
        uint256 len = _array.length;
        if (len == 0) {
            return 0;
        }
        // The common question is about the newest element.
        if (_array[len - 1] <= _val) {
            return len - 1;
        }
        uint256 upper = _array.findUpperBound(_val);
        if (_array[upper] == _val) {
            return upper;
        }
        return upper == 0 ? len : upper - 1;
    }

    /// @notice Appends a value; the last one again is no change, a smaller one an error.
    function pushSorted(uint256[] storage array, uint256 val) internal {
        uint256 len = array.length;
        if (len > 0) {
            uint256 last = array[len - 1];
            if (val < last) {
                revert DecreasingValues({ newValue: val, lastValue: last });
            }
            if (val == last) {
                return;
            }
        }
        array.push(val);
    }
}
