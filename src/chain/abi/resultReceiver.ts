// Written by scripts/build/contracts.ts.
export const resultReceiverAbi = [
  {"type":"function","name":"onResult","inputs":[{"name":"taskId","type":"bytes32","internalType":"bytes32"},{"name":"projectId","type":"uint64","internalType":"uint64"},{"name":"programId","type":"bytes32","internalType":"bytes32"},{"name":"prover","type":"address","internalType":"address"},{"name":"publicValues","type":"bytes","internalType":"bytes"}],"outputs":[],"stateMutability":"nonpayable"},
] as const;
