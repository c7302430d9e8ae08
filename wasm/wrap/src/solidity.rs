//! The contract that verifies proofs of a circuit.

use std::rc::Rc;

use halo2_axiom::{
    halo2curves::bn256::{Bn256, Fq, Fr},
    poly::commitment::ParamsProver as _,
};
use snark_verifier::{
    loader::evm::EvmLoader,
    pcs::kzg::{Bdfg21, KzgAs},
    system::halo2::{Config, compile, transcript::evm::EvmTranscript},
    verifier::{SnarkVerifier as _, plonk::PlonkVerifier},
};

use crate::outer::VerifyingKey;

type Verifier = PlonkVerifier<KzgAs<Bn256, Bdfg21>>;

/// The chain id of a local development chain.
const LOCAL_CHAIN: u64 = 31337;
const HEAD: &str = "contract Halo2Verifier {\n    ";
const FIRST: &str = "// Enforce that Solidity memory layout is respected";

/// Name and source of a contract that verifies: its calldata is the public values and the proof; it
/// reverts if the proof does not hold, and returns nothing if it does.
///
/// Under the test setup it works on a local chain only, and its name says why.
///
/// @throws if the generator's output has another form than expected
pub fn contract(key: &VerifyingKey, name: &str) -> Result<(String, String), String> {
    let unsafe_setup = key.is_unsafe();
    let name = if unsafe_setup { format!("UnsafeTestSetup{name}") } else { name.to_owned() };
    let head =
        format!("/// Generated from a verifying key of wasm/wrap.\ncontract {name} {{\n    ");
    let mut changes = vec![("pragma solidity 0.8.19;", "pragma solidity ^0.8.19;".to_owned())];
    if unsafe_setup {
        let head = format!(
            "{head}/// The setup's secret is public: anyone can forge proofs, so no other chain may \
            use this.\n    constructor() {{\n        \
            require(block.chainid == {LOCAL_CHAIN}, \"unsafe test setup\");\n    }}\n\n    "
        );
        let check = format!("if iszero(eq(chainid(), {LOCAL_CHAIN})) {{ revert(0, 0) }}");
        changes.extend([(HEAD, head), (FIRST, format!("{check}\n            {FIRST}"))]);
    } else {
        changes.push((HEAD, head));
    }
    let mut source = generated(key)?.trim().to_owned() + "\n";
    for (from, to) in changes {
        if source.matches(from).count() != 1 {
            return Err(format!("the generated verifier has no single `{from}`"));
        }
        source = source.replacen(from, &to, 1);
    }
    let lines: Vec<_> = source.lines().map(str::trim_end).collect();
    Ok((name, lines.join("\n") + "\n"))
}

fn generated(key: &VerifyingKey) -> Result<String, String> {
    let setup = key.setup();
    let instances = vec![key.instances];
    let config = Config::kzg().with_num_instance(instances.clone());
    let protocol = compile(&setup, &key.key, config);
    let deciding = (setup.get_g()[0], setup.g2(), setup.s_g2()).into();
    let loader = EvmLoader::new::<Fq, Fr>();
    let protocol = protocol.loaded(&loader);
    let mut transcript = EvmTranscript::<_, Rc<EvmLoader>, _, _>::new(&loader);
    let instances = transcript.load_instances(instances);
    let fail = |error| format!("no verifier: {error:?}");
    let proof = Verifier::read_proof(&deciding, &protocol, &instances, &mut transcript);
    let proof = proof.map_err(fail)?;
    Verifier::verify(&deciding, &protocol, &instances, &proof).map_err(fail)?;
    Ok(loader.solidity_code())
}
