// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {Task} from "./Task.sol";
import {W3bstreamRouter} from "./W3bstreamRouter.sol";
import {IProjectRegistrar} from "./interfaces/IProjectRegistrar.sol";
import {IRewardPool} from "./interfaces/IRewardPool.sol";

/// Pays provers for accepted tasks out of what projects deposited, in one token or the chain's
/// coin. A task's greatest fee is escrowed before the task is dispatched; when the router accepts
/// the result, the prover is credited gas and fee and the project gets the rest back; when it does
/// not until the deadline, the project gets all of it back.
///
/// What is deposited is what arrived, so a token may keep a part of each transfer. A token whose
/// balances change by themselves would have to be made up for by all who hold credit here: make no
/// pool of one.
contract RewardPool is ReentrancyGuardTransient, IRewardPool {
    using SafeERC20 for IERC20;

    struct Item {
        Task task;
        /// Most that the task may cost.
        uint128 maxFee;
        /// What the prover gets beside the gas.
        uint128 fee;
        /// Token units for 1e18 wei of gas: the price of gas in this token, fixed for this task.
        /// 1e18 where the pool is of the chain's coin.
        uint128 gasRate;
        /// Seconds since 1970 from which a task that was not accepted can be refunded.
        uint64 deadline;
    }

    struct Escrow {
        uint64 projectId;
        uint64 deadline;
        uint128 maxFee;
        uint128 fee;
        uint128 gasRate;
    }

    event Deposited(uint64 indexed projectId, address indexed from, uint256 amount);
    event DepositWithdrawn(uint64 indexed projectId, address indexed to, uint256 amount);
    event Escrowed(
        bytes32 indexed taskId,
        uint64 indexed projectId,
        uint256 maxFee,
        uint256 fee,
        uint256 gasRate,
        uint256 deadline
    );
    event Paid(
        bytes32 indexed taskId,
        uint64 indexed projectId,
        address indexed prover,
        uint256 paid,
        uint256 returned
    );
    event Refunded(bytes32 indexed taskId, uint64 indexed projectId, uint256 amount);
    event Withdrawn(address indexed prover, uint256 amount);

    error NoCode(address account);
    error WrongValue(uint256 value);
    error ZeroAmount();
    error UnknownProject(uint64 projectId);
    error NotProjectOwner(uint64 projectId, address caller);
    error NotProjectOperator(uint64 projectId, address caller);
    error NotThePoolOfTheRouter();
    error FeeAboveMaximum(bytes32 taskId);
    error BadGasRate(bytes32 taskId);
    error BadDeadline(bytes32 taskId);
    error AlreadyEscrowed(bytes32 taskId);
    error AlreadyAccepted(bytes32 taskId);
    error InsufficientDeposit(uint64 projectId, uint256 deposit);
    error NoEscrow(bytes32 taskId);
    error NotOver(bytes32 taskId, uint256 deadline);
    error OnlyRouter();
    error NothingToWithdraw();
    error TransferFailed();

    /// Longest time from escrow to deadline: nobody's coins are locked for good by a typing error.
    uint256 public constant MAX_TERM = 90 days;
    /// Gas rate of the chain's own coin.
    uint128 public constant NATIVE_RATE = 1e18;
    /// Wei a gas above twice the base fee that is repaid.
    uint256 public constant PRIORITY_FEE = 2 gwei;

    W3bstreamRouter public immutable router;
    IProjectRegistrar public immutable projectRegistrar;
    /// Zero: the chain's coin.
    IERC20 public immutable token;

    /// What a project deposited and did not escrow.
    mapping(uint64 projectId => uint256) public depositOf;
    /// What a prover can withdraw.
    mapping(address prover => uint256) public credits;
    /// Zero `deadline`: there is none, or it was paid or refunded.
    mapping(bytes32 taskId => Escrow) public escrows;

    constructor(address router_, address token_) {
        if (router_.code.length == 0) revert NoCode(router_);
        if (token_ != address(0) && token_.code.length == 0) revert NoCode(token_);
        router = W3bstreamRouter(router_);
        projectRegistrar = W3bstreamRouter(router_).projectRegistrar();
        token = IERC20(token_);
    }

    /// Adds to what a project can escrow. Anyone may; only the project's owner takes it out again.
    /// In a pool of the chain's coin, `amount` is what is sent along.
    function deposit(uint64 projectId, uint256 amount) external payable nonReentrant {
        try projectRegistrar.ownerOf(projectId) returns (address) {}
        catch {
            revert UnknownProject(projectId);
        }
        uint256 arrived = _receive(amount);
        if (arrived == 0) revert ZeroAmount();
        depositOf[projectId] += arrived;
        emit Deposited(projectId, msg.sender, arrived);
    }

    /// Takes back what is not escrowed. Project's owner only.
    function withdrawDeposit(uint64 projectId, uint256 amount) external nonReentrant {
        if (projectRegistrar.ownerOf(projectId) != msg.sender) {
            revert NotProjectOwner(projectId, msg.sender);
        }
        if (amount == 0) revert ZeroAmount();
        _take(projectId, amount);
        emit DepositWithdrawn(projectId, msg.sender, amount);
        _send(msg.sender, amount);
    }

    /// Sets the tasks' greatest fees aside, out of their projects' deposits. For whoever may operate
    /// each task's project. All or none: a task that has an escrow, or was accepted, reverts.
    function escrow(Item[] calldata items) external nonReentrant {
        // Another router would never pay, and hold back the refund of what it accepted.
        if (router.rewardPool() != address(this)) revert NotThePoolOfTheRouter();
        for (uint256 i = 0; i < items.length; ++i) {
            _escrow(items[i]);
        }
    }

    function _escrow(Item calldata item) private {
        uint64 projectId = item.task.projectId;
        // The id is computed from the task, so nobody can escrow for another project's task.
        bytes32 id = router.taskId(item.task);
        if (!projectRegistrar.canOperateProject(msg.sender, projectId)) {
            revert NotProjectOperator(projectId, msg.sender);
        }
        if (item.fee > item.maxFee) revert FeeAboveMaximum(id);
        if (address(token) == address(0) && item.gasRate != NATIVE_RATE) revert BadGasRate(id);
        if (item.deadline <= block.timestamp || item.deadline > block.timestamp + MAX_TERM) {
            revert BadDeadline(id);
        }
        if (escrows[id].deadline != 0) revert AlreadyEscrowed(id);
        if (router.accepted(id)) revert AlreadyAccepted(id);
        _take(projectId, item.maxFee);
        escrows[id] = Escrow(projectId, item.deadline, item.maxFee, item.fee, item.gasRate);
        emit Escrowed(id, projectId, item.maxFee, item.fee, item.gasRate, item.deadline);
    }

    /// @inheritdoc IRewardPool
    function pay(bytes32 taskId, address prover, uint256 gasUsed) external {
        if (msg.sender != address(router)) revert OnlyRouter();
        Escrow memory e = escrows[taskId];
        if (e.deadline == 0) return;
        delete escrows[taskId];
        uint256 wanted = _gasCost(gasUsed, e.gasRate) + e.fee;
        uint256 paid = wanted < e.maxFee ? wanted : e.maxFee;
        uint256 returned = e.maxFee - paid;
        credits[prover] += paid;
        if (returned > 0) depositOf[e.projectId] += returned;
        emit Paid(taskId, e.projectId, prover, paid, returned);
    }

    /// Gives tasks that were not accepted until their deadlines back to their projects' deposits.
    /// Anyone may.
    function refund(bytes32[] calldata taskIds) external {
        for (uint256 i = 0; i < taskIds.length; ++i) {
            bytes32 id = taskIds[i];
            Escrow memory e = escrows[id];
            if (e.deadline == 0) revert NoEscrow(id);
            // The receiver of a result that is being accepted must not take the reward away.
            if (router.accepted(id)) revert AlreadyAccepted(id);
            if (block.timestamp < e.deadline) revert NotOver(id, e.deadline);
            delete escrows[id];
            depositOf[e.projectId] += e.maxFee;
            emit Refunded(id, e.projectId, e.maxFee);
        }
    }

    /// Pays out what the caller earned as a prover.
    function withdraw() external nonReentrant {
        uint256 amount = credits[msg.sender];
        if (amount == 0) revert NothingToWithdraw();
        credits[msg.sender] = 0;
        emit Withdrawn(msg.sender, amount);
        _send(msg.sender, amount);
    }

    /// The price is the submitter's to choose, and a block's producer gets its tip back: more than
    /// twice the base fee and a common tip is not needed to get into a block, and not repaid.
    function _gasCost(uint256 gasUsed, uint256 rate) private view returns (uint256) {
        uint256 most = 2 * block.basefee + PRIORITY_FEE;
        uint256 price = tx.gasprice < most ? tx.gasprice : most;
        return gasUsed * price * rate / 1e18;
    }

    function _take(uint64 projectId, uint256 amount) private {
        uint256 available = depositOf[projectId];
        if (amount > available) revert InsufficientDeposit(projectId, available);
        depositOf[projectId] = available - amount;
    }

    /// What arrived of `amount`.
    function _receive(uint256 amount) private returns (uint256) {
        if (address(token) == address(0)) {
            if (msg.value != amount) revert WrongValue(msg.value);
            return amount;
        }
        if (msg.value != 0) revert WrongValue(msg.value);
        uint256 before = token.balanceOf(address(this));
        token.safeTransferFrom(msg.sender, address(this), amount);
        return token.balanceOf(address(this)) - before;
    }

    function _send(address to, uint256 amount) private {
        if (address(token) != address(0)) return token.safeTransfer(to, amount);
        (bool ok,) = to.call{value: amount}("");
        if (!ok) revert TransferFailed();
    }
}
