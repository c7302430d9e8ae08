// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {ERC721} from "@openzeppelin/contracts/token/ERC721/ERC721.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {IZNodeRegistrar} from "./interfaces/IZNodeRegistrar.sol";

/// Znodes as tokens, with the stake that stands behind them. Functions and events about names,
/// operators and pauses are Sprout's; the stake is new.
/// The owner holds the stake and never needs to prove: provers are operators, each of one znode.
contract ZNodeRegistrar is ERC721, ReentrancyGuardTransient, IZNodeRegistrar {
    struct ZNode {
        string did;
        bool paused;
    }

    struct Stake {
        uint256 active;
        uint256 pending;
        uint256 releaseAt;
    }

    event ZNodeUpserted(string indexed znodeDID);
    event ZNodePaused(string indexed znodeDID);
    event ZNodeUnpaused(string indexed znodeDID);
    event OperatorAdded(string indexed znodeDID, address indexed operator);
    event OperatorRemoved(string indexed znodeDID, address indexed operator);
    /// `operator` now proves for `znodeId`; zero: for none.
    event OperatorBound(address indexed operator, uint64 indexed znodeId);
    event Staked(uint64 indexed znodeId, uint256 amount, uint256 active);
    event Unstaking(uint64 indexed znodeId, uint256 amount, uint256 active, uint256 releaseAt);
    event Withdrawn(uint64 indexed znodeId, address indexed to, uint256 amount);
    event Slashed(uint64 indexed znodeId, uint256 amount, uint256 active);
    event SlasherSet(address indexed slasher);

    error UnknownZNode(uint64 znodeId);
    error NotZNodeOwner(uint64 znodeId, address caller);
    error NotAnOperator(uint64 znodeId, address caller);
    error ZeroAddress();
    error ZeroAmount();
    error InsufficientStake(uint256 active);
    error NothingToWithdraw();
    error StakeLocked(uint256 releaseAt);
    error NotAdmin();
    error NotSlasher();
    error SlasherAlreadySet();
    error TransferFailed();

    /// Least active stake, in wei, of a znode whose operators may prove.
    uint256 public immutable minStake;
    /// Seconds from `unstake` to `withdraw`.
    uint256 public immutable unstakeDelay;
    /// Who may set the slasher, once.
    address public immutable admin;
    /// Who may slash; zero until set.
    address public slasher;

    /// Number of znodes; ids run from 1.
    uint64 public znodeCount;
    mapping(uint64 znodeId => ZNode) public znodes;
    mapping(string did => uint64 znodeId) public znodeDIDs;
    /// The znode that an address proves for; zero: none.
    mapping(address operator => uint64 znodeId) public znodeOf;
    /// Until when (seconds since 1970) a znode's stake answers for what an operator signed: without
    /// end while the operator is bound to it, `unstakeDelay` after that. Neither removing nor
    /// re-binding an operator saves the stake.
    mapping(address operator => mapping(uint64 znodeId => uint256)) public liableUntil;
    mapping(uint64 znodeId => mapping(address account => bool)) private _operators;
    mapping(uint64 znodeId => Stake) private _stakes;

    constructor(uint256 minStake_, uint256 unstakeDelay_, address admin_)
        ERC721("ZNodeToken", "ZTK")
    {
        minStake = minStake_;
        unstakeDelay = unstakeDelay_;
        admin = admin_;
    }

    modifier onlyZNodeOperator(string calldata did) {
        require(canOperateZNode(msg.sender, did), "Not authorized to operate this znode");
        _;
    }

    modifier onlyZNodeOwner(string calldata did) {
        require(ownerOf(znodeDIDs[did]) == msg.sender, "Only the owner can perform this action");
        _;
    }

    modifier onlyOwnerOf(uint64 znodeId) {
        if (ownerOf(znodeId) != msg.sender) revert NotZNodeOwner(znodeId, msg.sender);
        _;
    }

    /// True for the znode's owner and operators; false for an unknown znode.
    function canOperateZNode(address operator, string calldata did) public view returns (bool) {
        uint64 znodeId = znodeDIDs[did];
        address owner = _ownerOf(znodeId);
        return owner != address(0) && (owner == operator || _operators[znodeId][operator]);
    }

    /// @inheritdoc IZNodeRegistrar
    /// @dev It proves for a znode that is not paused and whose active stake is at least `minStake`.
    function isEligible(address operator) external view returns (bool) {
        uint64 znodeId = znodeOf[operator];
        return znodeId != 0 && !znodes[znodeId].paused && _stakes[znodeId].active >= minStake;
    }

    /// Whether the znode's stake answers now for what `operator` signed.
    function isLiable(address operator, uint64 znodeId) external view returns (bool) {
        return block.timestamp < liableUntil[operator][znodeId];
    }

    /// Wei at stake that was not asked back.
    function stakeOf(uint64 znodeId) external view returns (uint256) {
        return _stakes[znodeId].active;
    }

    /// Wei asked back, and the time (seconds since 1970) from which it can be withdrawn.
    function pendingOf(uint64 znodeId) external view returns (uint256 amount, uint256 releaseAt) {
        Stake storage s = _stakes[znodeId];
        return (s.pending, s.releaseAt);
    }

    /// Mints a znode named `did` to the caller. It has no operator and no stake yet.
    function createZNode(string calldata did) external returns (uint64 znodeId) {
        require(bytes(did).length != 0, "Empty DID value");
        require(znodeDIDs[did] == 0, "The DID value has already been registered");
        znodeId = ++znodeCount;
        znodes[znodeId].did = did;
        znodeDIDs[did] = znodeId;
        _mint(msg.sender, znodeId);
        emit ZNodeUpserted(did);
    }

    /// Lets `operator` prove for the znode. An address that proves for another znode stays there
    /// until it calls `chooseZNode`, so nobody can take a prover away or keep it from its own znode.
    function addOperator(string calldata did, address operator) external onlyZNodeOwner(did) {
        if (operator == address(0)) revert ZeroAddress();
        uint64 znodeId = znodeDIDs[did];
        _operators[znodeId][operator] = true;
        emit OperatorAdded(did, operator);
        if (znodeOf[operator] == 0) _bind(operator, znodeId);
    }

    /// Takes an operator's rights.
    function removeOperator(string calldata did, address operator) external onlyZNodeOwner(did) {
        uint64 znodeId = znodeDIDs[did];
        _operators[znodeId][operator] = false;
        emit OperatorRemoved(did, operator);
        if (znodeOf[operator] == znodeId) _bind(operator, 0);
    }

    /// The caller proves for this znode from now on; the znode's owner must have added it.
    function chooseZNode(string calldata did) external {
        uint64 znodeId = znodeDIDs[did];
        if (!_operators[znodeId][msg.sender]) revert NotAnOperator(znodeId, msg.sender);
        _bind(msg.sender, znodeId);
    }

    /// Makes the znode's operators ineligible.
    function pauseZNode(string calldata did) external onlyZNodeOperator(did) {
        ZNode storage znode = znodes[znodeDIDs[did]];
        require(!znode.paused, "ZNode is already paused");
        znode.paused = true;
        emit ZNodePaused(did);
    }

    /// Takes a pause back.
    function unpauseZNode(string calldata did) external onlyZNodeOperator(did) {
        ZNode storage znode = znodes[znodeDIDs[did]];
        require(znode.paused, "ZNode is not paused");
        znode.paused = false;
        emit ZNodeUnpaused(did);
    }

    /// Adds the sent wei to the znode's stake. Anyone may; it belongs to the znode's owner.
    function stake(uint64 znodeId) external payable {
        if (_ownerOf(znodeId) == address(0)) revert UnknownZNode(znodeId);
        if (msg.value == 0) revert ZeroAmount();
        Stake storage s = _stakes[znodeId];
        s.active += msg.value;
        emit Staked(znodeId, msg.value, s.active);
    }

    /// Asks `amount` wei back. All that is asked back waits `unstakeDelay` from the latest call.
    function unstake(uint64 znodeId, uint256 amount) external onlyOwnerOf(znodeId) {
        if (amount == 0) revert ZeroAmount();
        Stake storage s = _stakes[znodeId];
        if (amount > s.active) revert InsufficientStake(s.active);
        s.active -= amount;
        s.pending += amount;
        s.releaseAt = block.timestamp + unstakeDelay;
        emit Unstaking(znodeId, amount, s.active, s.releaseAt);
    }

    /// Pays out what was asked back, once the delay is over.
    function withdraw(uint64 znodeId) external nonReentrant onlyOwnerOf(znodeId) {
        Stake storage s = _stakes[znodeId];
        uint256 amount = s.pending;
        if (amount == 0) revert NothingToWithdraw();
        if (block.timestamp < s.releaseAt) revert StakeLocked(s.releaseAt);
        s.pending = 0;
        s.releaseAt = 0;
        emit Withdrawn(znodeId, msg.sender, amount);
        _send(msg.sender, amount);
    }

    /// Names the contract that may slash. Once, by the admin.
    function setSlasher(address slasher_) external {
        if (msg.sender != admin) revert NotAdmin();
        if (slasher != address(0)) revert SlasherAlreadySet();
        if (slasher_ == address(0)) revert ZeroAddress();
        slasher = slasher_;
        emit SlasherSet(slasher_);
    }

    /// Takes up to `amount` wei, from the active stake first, then from what was asked back, and
    /// pays it to the slasher. Returns what was taken.
    function slash(uint64 znodeId, uint256 amount) external nonReentrant returns (uint256 taken) {
        if (msg.sender != slasher) revert NotSlasher();
        Stake storage s = _stakes[znodeId];
        uint256 fromActive = amount < s.active ? amount : s.active;
        uint256 rest = amount - fromActive;
        uint256 fromPending = rest < s.pending ? rest : s.pending;
        s.active -= fromActive;
        s.pending -= fromPending;
        taken = fromActive + fromPending;
        emit Slashed(znodeId, taken, s.active);
        _send(msg.sender, taken);
    }

    function _bind(address operator, uint64 znodeId) private {
        uint64 before = znodeOf[operator];
        if (before != 0) liableUntil[operator][before] = block.timestamp + unstakeDelay;
        if (znodeId != 0) liableUntil[operator][znodeId] = type(uint256).max;
        znodeOf[operator] = znodeId;
        emit OperatorBound(operator, znodeId);
    }

    function _send(address to, uint256 amount) private {
        (bool ok,) = to.call{value: amount}("");
        if (!ok) revert TransferFailed();
    }
}
