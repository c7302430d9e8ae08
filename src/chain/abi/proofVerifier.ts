// Written by scripts/build/contracts.ts.
export const proofVerifierAbi = [
  {"type":"function","name":"statement","inputs":[{"name":"publicValues","type":"bytes","internalType":"bytes"}],"outputs":[{"name":"kind","type":"uint8","internalType":"enum IProofVerifier.Binding"},{"name":"inputCommitment","type":"bytes32","internalType":"bytes32"},{"name":"binding","type":"bytes32","internalType":"bytes32"}],"stateMutability":"view"},
  {"type":"function","name":"verify","inputs":[{"name":"programId","type":"bytes32","internalType":"bytes32"},{"name":"publicValues","type":"bytes","internalType":"bytes"},{"name":"proof","type":"bytes","internalType":"bytes"}],"outputs":[{"name":"","type":"bool","internalType":"bool"}],"stateMutability":"view"},
  {"type":"error","name":"NotEnoughGas","inputs":[]},
] as const;
