// Written by scripts/build/contracts.ts.
export const risc0Groth16VerifierAbi = [
  {"type":"constructor","inputs":[{"name":"controlRoot_","type":"bytes32","internalType":"bytes32"},{"name":"bn254ControlId_","type":"bytes32","internalType":"bytes32"}],"stateMutability":"nonpayable"},
  {"type":"function","name":"bn254ControlId","inputs":[],"outputs":[{"name":"","type":"bytes32","internalType":"bytes32"}],"stateMutability":"view"},
  {"type":"function","name":"claimOf","inputs":[{"name":"imageId","type":"bytes32","internalType":"bytes32"},{"name":"journalDigest","type":"bytes32","internalType":"bytes32"}],"outputs":[{"name":"","type":"bytes32","internalType":"bytes32"}],"stateMutability":"pure"},
  {"type":"function","name":"controlRoot","inputs":[],"outputs":[{"name":"","type":"bytes32","internalType":"bytes32"}],"stateMutability":"view"},
  {"type":"function","name":"selector","inputs":[],"outputs":[{"name":"","type":"bytes4","internalType":"bytes4"}],"stateMutability":"view"},
  {"type":"function","name":"verify","inputs":[{"name":"seal","type":"bytes","internalType":"bytes"},{"name":"imageId","type":"bytes32","internalType":"bytes32"},{"name":"journalDigest","type":"bytes32","internalType":"bytes32"}],"outputs":[],"stateMutability":"view"},
  {"type":"function","name":"verifyIntegrity","inputs":[{"name":"receipt","type":"tuple","internalType":"struct IRiscZeroVerifier.Receipt","components":[{"name":"seal","type":"bytes","internalType":"bytes"},{"name":"claimDigest","type":"bytes32","internalType":"bytes32"}]}],"outputs":[],"stateMutability":"view"},
  {"type":"error","name":"BadControlId","inputs":[]},
  {"type":"error","name":"SelectorMismatch","inputs":[{"name":"received","type":"bytes4","internalType":"bytes4"},{"name":"expected","type":"bytes4","internalType":"bytes4"}]},
  {"type":"error","name":"VerificationFailed","inputs":[]},
] as const;
