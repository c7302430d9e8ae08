// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {Acceptance, Evidence, ReceiptClaim} from "../src/Evidence.sol";
import {Slasher} from "../src/Slasher.sol";
import {ZNodeRegistrar} from "../src/ZNodeRegistrar.sol";
import {EvidenceBase, Report, SlasherBase} from "./utils/EvidenceBase.sol";
import {KeccakVerifier, RawVerifier} from "./utils/Verifiers.sol";

/// Answers no, but reports the same fault again first.
contract ReentrantVerifier {
    Slasher private immutable _slasher;
    bytes private _again;

    constructor(Slasher slasher) {
        _slasher = slasher;
    }

    function arm(bytes calldata again) external {
        _again = again;
    }

    function verify(bytes32, bytes calldata, bytes calldata) external returns (bool) {
        (bool ok,) = address(_slasher).call(_again);
        return ok;
    }
}

/// Answers with any words.
contract SaysWords {
    bytes private _answer;

    constructor(bytes memory answer) {
        _answer = answer;
    }

    fallback(bytes calldata) external returns (bytes memory) {
        return _answer;
    }
}

/// Needs a fixed amount of gas; without it, it says no, as careless verifiers do.
contract HungryVerifier is KeccakVerifier {
    function work(uint256 rounds) external pure {
        bytes32 x;
        for (uint256 i = 0; i < rounds; ++i) {
            x = keccak256(abi.encode(x));
        }
    }

    function verify(bytes32 programId, bytes calldata publicValues, bytes calldata proof)
        external
        view
        override
        returns (bool)
    {
        try this.work(200) {}
        catch {
            return false;
        }
        programId;
        return proof.length == 32 && bytes32(proof) == keccak256(publicValues);
    }
}

contract SlasherProofsTest is SlasherBase {
    function refused(Report memory r, bytes memory why) private {
        vm.expectRevert(why);
        invalidProof(r);
        vm.assertEq(registrar.stakeOf(1), STAKE, "stake");
    }

    function bare(bytes4 selector) private pure returns (bytes memory) {
        return abi.encodeWithSelector(selector);
    }

    function test_a_proof_that_the_named_verifier_refuses_costs_a_penalty() public {
        vm.expectEmit(address(slasher));
        emit Slasher.FaultProven(1, prover, TASK, 1, 2, PENALTY, reporter);
        invalidProof(report(false));
        vm.snapshotGasLastCall("slasher", "invalid proof, without verification");
        vm.assertEq(registrar.stakeOf(1), STAKE - PENALTY, "stake");
        Report memory r = report(false);
        vm.expectRevert(
            abi.encodeWithSelector(Slasher.AlreadySlashed.selector, prover, TASK, uint64(1))
        );
        invalidProof(r);
    }

    function test_a_right_proof_is_no_fault() public {
        refused(report(true), bare(Slasher.NotRefused.selector));
    }

    function test_exactly_the_claimed_bytes_are_judged() public {
        Report memory r = report(true);
        r.proof = abi.encode(keccak256("bad"));
        refused(r, bare(Slasher.DifferentBytes.selector));
        r = report(true);
        r.publicValues = "other";
        refused(r, bare(Slasher.DifferentBytes.selector));
    }

    function test_acceptance_and_claim_must_belong_together() public {
        Report memory r = report(false);
        r.acceptance.taskId = keccak256("another");
        sign(r, KEY);
        refused(r, bare(Slasher.DifferentTask.selector));
        r = report(false);
        r.acceptance.epoch = 2;
        sign(r, KEY);
        refused(r, bare(Slasher.DifferentEpoch.selector));
        r = report(false);
        r.acceptance.prover = stranger;
        sign(r, KEY);
        refused(r, bare(Slasher.DifferentProver.selector));
    }

    function test_both_must_be_signed_by_the_prover() public {
        Report memory r = report(false);
        r.accepted = stated(KEY + 1, acceptanceHash(r.acceptance), router);
        refused(r, notStated(prover));
        r = report(false);
        r.claimed = stated(KEY + 1, claimHash(r.claim), router);
        refused(r, notStated(prover));
        // A claim's evidence is none of an acceptance.
        r = report(false);
        r.accepted = r.claimed;
        refused(r, notStated(prover));
    }

    function test_a_verifier_that_the_prover_did_not_name_judges_nothing() public {
        Report memory r = report(false);
        r.acceptance.verifier = address(new KeccakVerifier());
        refused(r, notStated(prover));
    }

    function notListed(address verifier_, bytes32 programId) private view returns (bytes memory) {
        return
            abi.encodeWithSelector(
                Slasher.VerifierNotListed.selector, verifier_.codehash, programId
            );
    }

    function test_only_listed_pairs_judge() public {
        address other = address(new HungryVerifier());
        refused(reportOf(KEY, TASK, 1, false, other), notListed(other, PROGRAM));
        refused(reportOf(KEY, TASK, 1, false, stranger), notListed(stranger, PROGRAM));
        // The trap of a project's owner: the verifier of another program for an honest proof.
        Report memory r = report(true);
        r.claim.programId = keccak256("another program");
        sign(r, KEY);
        refused(r, notListed(address(verifier), r.claim.programId));
        slasher.listVerifier(address(verifier).codehash, PROGRAM, 0);
        refused(report(false), notListed(address(verifier), PROGRAM));
    }

    function listed(address verifier_, uint256 limit) private returns (Report memory) {
        slasher.listVerifier(verifier_.codehash, PROGRAM, limit);
        return reportOf(KEY, TASK, 1, true, verifier_);
    }

    function test_odd_answers_prove_nothing() public {
        for (uint8 mode = 0; mode < 7; ++mode) {
            address raw = address(new RawVerifier(RawVerifier.Mode(mode)));
            refused(listed(raw, GAS), bare(Slasher.NotRefused.selector));
        }
        bytes[5] memory answers = [
            bytes(""),
            hex"00",
            abi.encode(uint256(1)),
            abi.encode(uint256(0), uint256(0)),
            abi.encode(uint256(1) << 255)
        ];
        for (uint256 i = 0; i < answers.length; ++i) {
            address words = address(new SaysWords(answers[i]));
            refused(listed(words, GAS), bare(Slasher.NotRefused.selector));
        }
        // And a clean zero is one.
        invalidProof(listed(address(new SaysWords(abi.encode(uint256(0)))), GAS));
        vm.assertEq(registrar.stakeOf(1), STAKE - PENALTY, "stake");
    }

    function test_a_verifier_cannot_report_while_it_judges() public {
        ReentrantVerifier reentrant = new ReentrantVerifier(slasher);
        Report memory r = listed(address(reentrant), 3 * GAS);
        reentrant.arm(
            abi.encodeCall(
                slasher.reportInvalidProof,
                (1, r.acceptance, r.accepted, r.claim, r.claimed, r.publicValues, r.proof)
            )
        );
        // It may read, but write nothing: the inner report fails and the outer counts once.
        invalidProof(r);
        vm.assertEq(registrar.stakeOf(1), STAKE - PENALTY, "stake");
    }

    /// However little or much gas the reporter sends, an honest receipt is not slashed, even by a
    /// verifier that says no when it runs out of gas.
    function testFuzz_starved_gas_slashes_nobody(uint256 gas) public {
        address hungry = address(new HungryVerifier());
        Report memory r = listed(hungry, 120_000);
        gas = bound(gas, 30_000, 400_000);
        vm.prank(reporter);
        (bool ok,) = address(slasher).call{gas: gas}(
            abi.encodeCall(
                slasher.reportInvalidProof,
                (1, r.acceptance, r.accepted, r.claim, r.claimed, r.publicValues, r.proof)
            )
        );
        vm.assertTrue(!ok, "reported");
        vm.assertEq(registrar.stakeOf(1), STAKE, "stake");
    }

    function test_starved_gas_slashes_nobody_at_any_of_many_limits() public {
        address hungry = address(new HungryVerifier());
        bytes memory data = _call(listed(hungry, 120_000));
        uint256 starved;
        for (uint256 gas = 60_000; gas < 300_000; gas += 700) {
            (bool ok, bytes memory why) = address(slasher).call{gas: gas}(data);
            vm.assertTrue(!ok, "reported");
            if (why.length > 4 && bytes4(why) == Slasher.NotEnoughGas.selector) ++starved;
        }
        vm.assertTrue(starved > 50, "the check of the gas was reached");
        vm.assertEq(registrar.stakeOf(1), STAKE, "stake");
        // The sweep ends where the whole check fits: the same call on a bad proof succeeds there.
        Report memory bad = reportOf(KEY, TASK, 1, false, hungry);
        bytes memory badData = _call(bad);
        (bool slashed,) = address(slasher).call{gas: 300_000}(badData);
        vm.assertTrue(slashed, "a bad proof");
    }

    function _call(Report memory r) private view returns (bytes memory) {
        return abi.encodeCall(
            slasher.reportInvalidProof,
            (1, r.acceptance, r.accepted, r.claim, r.claimed, r.publicValues, r.proof)
        );
    }
}

/// Real frames of TypeScript, judged by the contract.
contract SlasherVectorsTest is EvidenceBase {
    string private json;
    ZNodeRegistrar private registrar;
    Slasher private slasher;
    address private prover;

    function setUp() public {
        json = vm.readFile("test/vectors/evidence.json");
        address router = vm.parseJsonAddress(json, ".router");
        vm.chainId(vm.parseJsonUint(json, ".chainId"));
        registrar = new ZNodeRegistrar(1 ether, 1 days, address(this));
        vm.etch(router, hex"00");
        slasher = new Slasher(router, address(registrar), address(this), 1 ether, 5000);
        registrar.setSlasher(address(slasher));
        prover = vm.parseJsonAddress(json, ".acceptance.prover");
        registrar.createZNode("did:key:one");
        registrar.addOperator("did:key:one", prover);
        vm.deal(address(this), 10 ether);
        registrar.stake{value: 10 ether}(1);
    }

    function evidenceAt(string memory path) private view returns (Evidence memory) {
        return Evidence({
            payloadHash: vm.parseJsonBytes32(json, string.concat(path, ".payloadHash")),
            root: vm.parseJsonBytes32(json, string.concat(path, ".root")),
            index: vm.parseJsonUint(json, string.concat(path, ".index")),
            count: vm.parseJsonUint(json, string.concat(path, ".count")),
            path: vm.parseJsonBytes32Array(json, string.concat(path, ".path")),
            signature: vm.parseJsonBytes(json, string.concat(path, ".signature"))
        });
    }

    function receiptAt(uint256 i) private pure returns (string memory) {
        return string.concat(".receipts[", vm.toString(i), "]");
    }

    function claimAt(uint256 i) private view returns (ReceiptClaim memory) {
        string memory path = string.concat(receiptAt(i), ".claim");
        return ReceiptClaim({
            taskId: vm.parseJsonBytes32(json, string.concat(path, ".taskId")),
            epoch: uint64(vm.parseJsonUint(json, string.concat(path, ".epoch"))),
            prover: vm.parseJsonAddress(json, string.concat(path, ".prover")),
            programId: vm.parseJsonBytes32(json, string.concat(path, ".programId")),
            publicValuesHash: vm.parseJsonBytes32(json, string.concat(path, ".publicValuesHash")),
            proofHash: vm.parseJsonBytes32(json, string.concat(path, ".proofHash"))
        });
    }

    function test_equivocation_in_real_frames_is_a_fault() public {
        for (uint256 i = 0; i < 3; ++i) {
            uint256 j = (i + 1) % 3;
            Evidence memory e = evidenceAt(string.concat(receiptAt(i), ".evidence"));
            Evidence memory f = evidenceAt(string.concat(receiptAt(j), ".evidence"));
            ReceiptClaim memory a = claimAt(i);
            ReceiptClaim memory b = claimAt(j);
            if (i > 0) vm.expectPartialRevert(Slasher.AlreadySlashed.selector);
            slasher.reportEquivocation(1, a, e, b, f);
        }
        vm.assertEq(registrar.stakeOf(1), 9 ether, "stake");
    }

    /// The receipts' proofs are right for the keccak verifier and wrong for one that always says no.
    function test_receipts_in_real_frames_are_judged() public {
        address verifier = vm.parseJsonAddress(json, ".acceptance.verifier");
        Acceptance memory acceptance = Acceptance({
            taskId: vm.parseJsonBytes32(json, ".acceptance.taskId"),
            epoch: uint64(vm.parseJsonUint(json, ".acceptance.epoch")),
            prover: prover,
            verifier: verifier
        });
        Evidence memory ea = evidenceAt(".acceptanceEvidence");
        vm.etch(verifier, address(new KeccakVerifier()).code);
        for (uint256 i = 0; i < 3; ++i) {
            ReceiptClaim memory claim = claimAt(i);
            slasher.listVerifier(verifier.codehash, claim.programId, 200_000);
            bytes memory values =
                vm.parseJsonBytes(json, string.concat(receiptAt(i), ".publicValues"));
            bytes memory proof = vm.parseJsonBytes(json, string.concat(receiptAt(i), ".proof"));
            Evidence memory ec = evidenceAt(string.concat(receiptAt(i), ".evidence"));
            vm.expectRevert(Slasher.NotRefused.selector);
            slasher.reportInvalidProof(1, acceptance, ea, claim, ec, values, proof);
        }
        // PUSH1 0, PUSH1 0, MSTORE, PUSH1 32, PUSH1 0, RETURN
        vm.etch(verifier, hex"600060005260206000f3");
        ReceiptClaim memory c = claimAt(2);
        slasher.listVerifier(verifier.codehash, c.programId, 200_000);
        slasher.reportInvalidProof(
            1,
            acceptance,
            ea,
            c,
            evidenceAt(string.concat(receiptAt(2), ".evidence")),
            vm.parseJsonBytes(json, string.concat(receiptAt(2), ".publicValues")),
            vm.parseJsonBytes(json, string.concat(receiptAt(2), ".proof"))
        );
        vm.assertEq(registrar.stakeOf(1), 9 ether, "stake");
    }
}
