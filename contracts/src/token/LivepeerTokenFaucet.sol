// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.9;

import "../Ownable.sol";
import "./ILivepeerToken.sol";

/// @notice Gives away a fixed amount per request, with a waiting time between requests.
contract LivepeerTokenFaucet is Ownable {
    ILivepeerToken public token;
    uint256 public requestAmount;
    // Hours.
    uint256 public requestWait;

    mapping(address => uint256) public nextValidRequest;
    // Addresses that need not wait.
    mapping(address => bool) public isWhitelisted;

    event Request(address indexed to, uint256 amount);

    constructor(
        address _token,
        uint256 _requestAmount,
        uint256 _requestWait
    ) {
        token = ILivepeerToken(_token);
        requestAmount = _requestAmount;
        requestWait = _requestWait;
    }

    function addToWhitelist(address _addr) external onlyOwner {
        isWhitelisted[_addr] = true;
    }

    function removeFromWhitelist(address _addr) external onlyOwner {
        isWhitelisted[_addr] = false;
    }

    function request() external {
        if (!isWhitelisted[msg.sender]) {
            require(block.timestamp >= nextValidRequest[msg.sender]);
            nextValidRequest[msg.sender] = block.timestamp + requestWait * 1 hours;
        }
        token.transfer(msg.sender, requestAmount);
        emit Request(msg.sender, requestAmount);
    }
}
