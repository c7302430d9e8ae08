// Written by scripts/build/contracts.ts.
export const provenRunsAbi = [
  {"type":"constructor","inputs":[{"name":"router_","type":"address","internalType":"address"},{"name":"projectId_","type":"uint64","internalType":"uint64"},{"name":"programId_","type":"bytes32","internalType":"bytes32"},{"name":"commits","type":"bool","internalType":"bool"}],"stateMutability":"nonpayable"},
  {"type":"function","name":"commitment","inputs":[],"outputs":[{"name":"","type":"uint256","internalType":"uint256"}],"stateMutability":"view"},
  {"type":"function","name":"latest","inputs":[],"outputs":[{"name":"","type":"bytes32","internalType":"bytes32"}],"stateMutability":"view"},
  {"type":"function","name":"onResult","inputs":[{"name":"taskId","type":"bytes32","internalType":"bytes32"},{"name":"projectId_","type":"uint64","internalType":"uint64"},{"name":"programId_","type":"bytes32","internalType":"bytes32"},{"name":"prover","type":"address","internalType":"address"},{"name":"publicValues","type":"bytes","internalType":"bytes"}],"outputs":[],"stateMutability":"nonpayable"},
  {"type":"function","name":"programId","inputs":[],"outputs":[{"name":"","type":"bytes32","internalType":"bytes32"}],"stateMutability":"view"},
  {"type":"function","name":"projectId","inputs":[],"outputs":[{"name":"","type":"uint64","internalType":"uint64"}],"stateMutability":"view"},
  {"type":"function","name":"router","inputs":[],"outputs":[{"name":"","type":"address","internalType":"address"}],"stateMutability":"view"},
  {"type":"function","name":"run","inputs":[{"name":"taskId","type":"bytes32","internalType":"bytes32"}],"outputs":[{"name":"","type":"tuple","internalType":"struct ProvenRuns.Run","components":[{"name":"inputs","type":"uint64[]","internalType":"uint64[]"},{"name":"outputs","type":"uint64[]","internalType":"uint64[]"},{"name":"prover","type":"address","internalType":"address"}]}],"stateMutability":"view"},
  {"type":"function","name":"total","inputs":[],"outputs":[{"name":"","type":"uint256","internalType":"uint256"}],"stateMutability":"view"},
  {"type":"event","name":"Proven","inputs":[{"name":"taskId","type":"bytes32","indexed":true,"internalType":"bytes32"},{"name":"prover","type":"address","indexed":true,"internalType":"address"},{"name":"inputs","type":"uint64[]","indexed":false,"internalType":"uint64[]"},{"name":"outputs","type":"uint64[]","indexed":false,"internalType":"uint64[]"}],"anonymous":false},
  {"type":"error","name":"AlreadyStored","inputs":[{"name":"taskId","type":"bytes32","internalType":"bytes32"}]},
  {"type":"error","name":"ForeignProgram","inputs":[{"name":"programId","type":"bytes32","internalType":"bytes32"}]},
  {"type":"error","name":"ForeignProject","inputs":[{"name":"projectId","type":"uint64","internalType":"uint64"}]},
  {"type":"error","name":"MalformedStatement","inputs":[]},
  {"type":"error","name":"NotRouter","inputs":[{"name":"caller","type":"address","internalType":"address"}]},
] as const;
