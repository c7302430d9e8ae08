// Written by scripts/build/contracts.ts.
export const risc0AdapterAbi = [
  {"type":"constructor","inputs":[{"name":"verifier_","type":"address","internalType":"contract IRiscZeroVerifier"},{"name":"programId_","type":"bytes32","internalType":"bytes32"},{"name":"imageId_","type":"bytes32","internalType":"bytes32"},{"name":"bindingKind_","type":"uint8","internalType":"enum IProofVerifier.Binding"},{"name":"verifyGas_","type":"uint256","internalType":"uint256"}],"stateMutability":"nonpayable"},
  {"type":"function","name":"bindingKind","inputs":[],"outputs":[{"name":"","type":"uint8","internalType":"enum IProofVerifier.Binding"}],"stateMutability":"view"},
  {"type":"function","name":"imageId","inputs":[],"outputs":[{"name":"","type":"bytes32","internalType":"bytes32"}],"stateMutability":"view"},
  {"type":"function","name":"programId","inputs":[],"outputs":[{"name":"","type":"bytes32","internalType":"bytes32"}],"stateMutability":"view"},
  {"type":"function","name":"statement","inputs":[{"name":"publicValues","type":"bytes","internalType":"bytes"}],"outputs":[{"name":"kind","type":"uint8","internalType":"enum IProofVerifier.Binding"},{"name":"inputCommitment","type":"bytes32","internalType":"bytes32"},{"name":"binding","type":"bytes32","internalType":"bytes32"}],"stateMutability":"view"},
  {"type":"function","name":"verifier","inputs":[],"outputs":[{"name":"","type":"address","internalType":"contract IRiscZeroVerifier"}],"stateMutability":"view"},
  {"type":"function","name":"verify","inputs":[{"name":"programId_","type":"bytes32","internalType":"bytes32"},{"name":"publicValues","type":"bytes","internalType":"bytes"},{"name":"proof","type":"bytes","internalType":"bytes"}],"outputs":[{"name":"","type":"bool","internalType":"bool"}],"stateMutability":"view"},
  {"type":"function","name":"verifyGas","inputs":[],"outputs":[{"name":"","type":"uint256","internalType":"uint256"}],"stateMutability":"view"},
  {"type":"error","name":"BadBinding","inputs":[]},
  {"type":"error","name":"NoCode","inputs":[{"name":"account","type":"address","internalType":"address"}]},
  {"type":"error","name":"NotEnoughGas","inputs":[]},
] as const;
