// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.9;

import "./IController.sol";
import "./IManager.sol";

/// @notice Base of every protocol contract: it knows its Controller and asks it on each guard.
contract Manager is IManager {
    IController public controller;

    modifier onlyController() {
        _onlyController();
        _;
    }

    modifier onlyControllerOwner() {
        _onlyControllerOwner();
        _;
    }

    modifier whenSystemNotPaused() {
        _whenSystemNotPaused();
        _;
    }

    modifier whenSystemPaused() {
        _whenSystemPaused();
        _;
    }

    constructor(address _controller) {
        controller = IController(_controller);
    }

    /// @notice Moves this contract to another Controller; only the current one may.
    function setController(address _controller) external override onlyController {
        controller = IController(_controller);
        emit SetController(_controller);
    }

    // Guards are functions behind the modifiers so that their code exists once per contract.

    function _onlyController() private view {
        require(msg.sender == address(controller), "caller must be Controller");
    }

    function _onlyControllerOwner() private view {
        require(msg.sender == controller.owner(), "caller must be Controller owner");
    }

    function _whenSystemNotPaused() private view {
        require(!controller.paused(), "system is paused");
    }

    function _whenSystemPaused() private view {
        require(controller.paused(), "system is not paused");
    }
}
