//! Generates the verifier contract.

use std::rc::Rc;

use halo2_axiom::{
    halo2curves::bn256::{Bn256, Fq, Fr, G1Affine},
    plonk::VerifyingKey,
    poly::commitment::ParamsProver,
};
use snark_verifier::{
    loader::evm::EvmLoader,
    pcs::kzg::{Bdfg21, KzgAs},
    system::halo2::{Config, compile, transcript::evm::EvmTranscript},
    verifier::{SnarkVerifier, plonk::PlonkVerifier},
};

use crate::{
    circuit::PUBLIC_VALUES,
    keys::{self, Setup},
};

type Verifier = PlonkVerifier<KzgAs<Bn256, Bdfg21>>;

/// The chain id of a local development chain.
const LOCAL_CHAIN: u64 = 31337;

/// The contract's source and its name. Its calldata is the public values and the proof; it reverts
/// if the proof does not hold, and returns nothing if it does.
///
/// Under the test setup the name says so, and the contract works on a local chain only.
///
/// # Errors
/// If the generator's output has another form than expected.
pub fn verifier(setup: &Setup, key: &VerifyingKey<G1Affine>) -> Result<(String, String), String> {
    let generated = generate(setup, key)?;
    let is_unsafe = keys::is_unsafe(&setup.s_g2());
    let name = if is_unsafe { "UnsafeTestSetupWeatherVerifier" } else { "WeatherVerifier" };
    let mut source = generated.trim().to_owned() + "\n";
    let guard = if is_unsafe {
        format!(
            "\
    /// The setup's secret is public: anyone can forge proofs, so no other chain may use this.
    constructor() {{
        require(block.chainid == {LOCAL_CHAIN}, \"unsafe test setup\");
    }}

    "
        )
    } else {
        "    ".to_owned()
    };
    let check = if is_unsafe {
        format!("if iszero(eq(chainid(), {LOCAL_CHAIN})) {{ revert(0, 0) }}\n            ")
    } else {
        String::new()
    };
    for (from, to) in [
        ("pragma solidity 0.8.19;", "pragma solidity ^0.8.19;".to_owned()),
        (
            "contract Halo2Verifier {\n    ",
            format!(
                "/// Generated from the verifying key of wasm/halo2.\ncontract {name} {{\n{guard}"
            ),
        ),
        (
            "// Enforce that Solidity memory layout is respected",
            format!("{check}// Enforce that Solidity memory layout is respected"),
        ),
    ] {
        if source.matches(from).count() != 1 {
            return Err(format!("the generated verifier has no single `{from}`"));
        }
        source = source.replacen(from, &to, 1);
    }
    let source: Vec<_> = source.lines().map(str::trim_end).collect();
    Ok((name.to_owned(), source.join("\n") + "\n"))
}

fn generate(setup: &Setup, key: &VerifyingKey<G1Affine>) -> Result<String, String> {
    let instances = vec![PUBLIC_VALUES];
    let protocol = compile(setup, key, Config::kzg().with_num_instance(instances.clone()));
    let deciding_key = (setup.get_g()[0], setup.g2(), setup.s_g2()).into();
    let loader = EvmLoader::new::<Fq, Fr>();
    let protocol = protocol.loaded(&loader);
    let mut transcript = EvmTranscript::<_, Rc<EvmLoader>, _, _>::new(&loader);
    let instances = transcript.load_instances(instances);
    let proof = Verifier::read_proof(&deciding_key, &protocol, &instances, &mut transcript)
        .map_err(|error| format!("{error:?}"))?;
    Verifier::verify(&deciding_key, &protocol, &instances, &proof)
        .map_err(|error| format!("{error:?}"))?;
    Ok(loader.solidity_code())
}
