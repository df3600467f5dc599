// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.9;

import "../Manager.sol";
import "../bonding/IBondingManager.sol";
import "../bridge/IL2LPTDataCache.sol";
import "../libraries/MathUtilsV2.sol";
import "./ILivepeerToken.sol";
import "./IMinter.sol";

/// @notice Holds all staked tokens and all ETH of the protocol, and mints the rewards.
contract Minter is Manager, IMinter {
    // Tokens minted per round and token in existence, parts of 10^9.
    uint256 public inflation;
    // Step of the inflation, once a round, towards the target.
    uint256 public inflationChange;
    // Part of the supply, of 10^9, that should be at stake.
    uint256 public targetBondingRate;
    // Of the current round.
    uint256 public override currentMintableTokens;
    uint256 public override currentMintedTokens;

    event SetCurrentRewardTokens(uint256 currentMintableTokens, uint256 currentInflation);

    modifier onlyBondingManager() {
        _onlyBondingManager();
        _;
    }

    modifier onlyRoundsManager() {
        require(msg.sender == _contract(keccak256("RoundsManager")), "msg.sender not RoundsManager");
        _;
    }

    modifier onlyBondingManagerOrJobsManager() {
        require(
            msg.sender == _contract(keccak256("BondingManager")) || msg.sender == _contract(keccak256("JobsManager")),
            "msg.sender not BondingManager or JobsManager"
        );
        _;
    }

    modifier onlyMinterOrJobsManager() {
        require(
            msg.sender == _contract(keccak256("Minter")) || msg.sender == _contract(keccak256("JobsManager")),
            "msg.sender not Minter or JobsManager"
        );
        _;
    }

    constructor(
        address _controller,
        uint256 _inflation,
        uint256 _inflationChange,
        uint256 _targetBondingRate
    ) Manager(_controller) {
        require(MathUtils.validPerc(_inflation), "_inflation is invalid percentage");
        require(MathUtils.validPerc(_inflationChange), "_inflationChange is invalid percentage");
        require(MathUtils.validPerc(_targetBondingRate), "_targetBondingRate is invalid percentage");

        inflation = _inflation;
        inflationChange = _inflationChange;
        targetBondingRate = _targetBondingRate;
    }

    function setTargetBondingRate(uint256 _targetBondingRate) external onlyControllerOwner {
        require(MathUtils.validPerc(_targetBondingRate), "_targetBondingRate is invalid percentage");
        targetBondingRate = _targetBondingRate;
        emit ParameterUpdate("targetBondingRate");
    }

    function setInflationChange(uint256 _inflationChange) external onlyControllerOwner {
        require(MathUtils.validPerc(_inflationChange), "_inflationChange is invalid percentage");
        inflationChange = _inflationChange;
        emit ParameterUpdate("inflationChange");
    }

    /// @notice Sends everything to a successor that is not registered yet.
    function migrateToNewMinter(IMinter _newMinter) external onlyControllerOwner {
        require(address(_newMinter) != address(this), "new Minter cannot be current Minter");
        require(address(_newMinter) != address(0), "new Minter cannot be null address");
        require(_newMinter.getController() == controller, "new Minter Controller must be current Controller");
        require(_contract(keccak256("Minter")) == address(this), "new Minter must be registered");

        ILivepeerToken token = _livepeerToken();
        token.transfer(address(_newMinter), token.balanceOf(address(this)));
        _newMinter.depositETH{ value: address(this).balance }();
    }

    /// @notice Mints the share `_fracNum / _fracDenom` of what the round may mint.
    function createReward(uint256 _fracNum, uint256 _fracDenom)
        external
        override
        onlyBondingManager
        whenSystemNotPaused
        returns (uint256)
    {
        uint256 amount = MathUtils.percOf(currentMintableTokens, _fracNum, _fracDenom);
        currentMintedTokens += amount;
        require(currentMintedTokens <= currentMintableTokens, "minted tokens cannot exceed mintable tokens");
        _livepeerToken().mint(address(this), amount);
        return amount;
    }

    function trustedTransferTokens(address _to, uint256 _amount)
        external
        override
        onlyBondingManager
        whenSystemNotPaused
    {
        _livepeerToken().transfer(_to, _amount);
    }

    function trustedBurnTokens(uint256 _amount) external override onlyBondingManager whenSystemNotPaused {
        _livepeerToken().burn(_amount);
    }

    /// @notice Pays ETH out with the 2300 gas of a plain transfer, so the receiver cannot re-enter.
    function trustedWithdrawETH(address payable _to, uint256 _amount)
        external
        override
        onlyBondingManagerOrJobsManager
        whenSystemNotPaused
    {
        _to.transfer(_amount);
    }

    function depositETH() external payable override onlyMinterOrJobsManager returns (bool) {
        return true;
    }

    /// @notice Moves the inflation one step and sets what the new round may mint.
    function setCurrentRewardTokens() external override onlyRoundsManager whenSystemNotPaused {
        uint256 supply = getGlobalTotalSupply();
        _stepInflation(supply);
        currentMintableTokens = MathUtils.percOf(supply, inflation);
        currentMintedTokens = 0;
        emit SetCurrentRewardTokens(currentMintableTokens, inflation);
    }

    function getController() external view override returns (IController) {
        return controller;
    }

    /// @notice Tokens in existence on both layers.
    function getGlobalTotalSupply() public view returns (uint256) {
        IL2LPTDataCache cache = IL2LPTDataCache(_contract(keccak256("L2LPTDataCache")));
        return _livepeerToken().totalSupply() + cache.l1CirculatingSupply();
    }

    function _stepInflation(uint256 _supply) private {
        uint256 bondingRate = 0;
        if (_supply > 0) {
            uint256 bonded = IBondingManager(_contract(keccak256("BondingManager"))).getTotalBonded();
            bondingRate = MathUtils.percPoints(bonded, _supply);
        }

        if (bondingRate < targetBondingRate) {
            inflation += inflationChange;
        } else if (bondingRate > targetBondingRate) {
            inflation = inflationChange > inflation ? 0 : inflation - inflationChange;
        }
    }

    function _onlyBondingManager() private view {
        require(msg.sender == _contract(keccak256("BondingManager")), "msg.sender not BondingManager");
    }

    function _livepeerToken() private view returns (ILivepeerToken) {
        return ILivepeerToken(_contract(keccak256("LivepeerToken")));
    }

    function _contract(bytes32 _id) private view returns (address) {
        return controller.getContract(_id);
    }
}
