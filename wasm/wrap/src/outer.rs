//! Keys and proofs of a laid tape: Halo2 with KZG commitments, and the contract that verifies them.

use std::rc::Rc;

use halo2_axiom::{
    halo2curves::bn256::{Bn256, Fq, Fr, G1Affine},
    plonk::{ProvingKey, create_proof, keygen_pk, keygen_vk, verify_proof},
    poly::{
        commitment::{Params as _, ParamsProver as _},
        kzg::{
            commitment::{KZGCommitmentScheme, ParamsKZG},
            multiopen::{ProverSHPLONK, VerifierSHPLONK},
            strategy::SingleStrategy,
        },
    },
    transcript::{TranscriptReadBuffer, TranscriptWriterBuffer},
};
use rand_chacha::{ChaCha20Rng, rand_core::SeedableRng as _};
use snark_verifier::{
    loader::{evm::EvmLoader, native::NativeLoader},
    pcs::kzg::{Bdfg21, KzgAs},
    system::halo2::{Config, compile, transcript::evm::EvmTranscript},
    verifier::{SnarkVerifier, plonk::PlonkVerifier},
};

use crate::{
    circuit::{Laid, Size},
    tape::Tape,
};

pub type Setup = ParamsKZG<Bn256>;
type Verifier = PlonkVerifier<KzgAs<Bn256, Bdfg21>>;
type Transcript<S> = EvmTranscript<G1Affine, NativeLoader, S, Vec<u8>>;

/// The chain id of a local development chain.
const LOCAL_CHAIN: u64 = 31337;

/// A setup of 2^k powers whose secret everybody can compute: proofs under it prove nothing.
pub fn unsafe_test_setup(k: u32) -> Setup {
    Setup::setup(k, ChaCha20Rng::seed_from_u64(0))
}

/// What proofs of one circuit are made and verified with.
pub struct Keys {
    pub size: Size,
    pub setup: Setup,
    key: ProvingKey<G1Affine>,
    instances: usize,
}

impl Keys {
    /// @param tape of any proof of the circuit's shape
    /// @throws if it does not fit the setup's rows
    pub fn new(setup: Setup, tape: &Tape) -> Result<Self, String> {
        let size = Size::of(tape, setup.k())?;
        let circuit = Laid { tape, size, changed: None };
        let fail = |error| format!("no key: {error:?}");
        let key = keygen_vk(&setup, &circuit).map_err(fail)?;
        let key = keygen_pk(&setup, key, &circuit).map_err(fail)?;
        Ok(Self { size, setup, key, instances: tape.instances.len() })
    }

    /// Proves that a tape's constraints hold.
    ///
    /// @throws if they do not
    pub fn prove(&self, tape: &Tape) -> Result<Vec<u8>, String> {
        if let Some(fault) = tape.fault() {
            return Err(format!("what is to be proven does not hold: {fault}"));
        }
        let mut transcript: Transcript<Vec<u8>> =
            TranscriptWriterBuffer::<_, G1Affine, _>::init(vec![]);
        create_proof::<KZGCommitmentScheme<_>, ProverSHPLONK<_>, _, _, _, _>(
            &self.setup,
            &self.key,
            &[Laid { tape, size: self.size, changed: None }],
            &[&[&tape.instance()]],
            ChaCha20Rng::from_entropy(),
            &mut transcript,
        )
        .map_err(|error| format!("no proof: {error:?}"))?;
        Ok(transcript.finalize())
    }

    /// Whether a proof holds of public values.
    pub fn verifies(&self, instance: &[Fr], proof: &[u8]) -> bool {
        let mut transcript: Transcript<&[u8]> = TranscriptReadBuffer::<_, G1Affine, _>::init(proof);
        verify_proof::<KZGCommitmentScheme<_>, VerifierSHPLONK<_>, _, _, _>(
            self.setup.verifier_params(),
            self.key.get_vk(),
            SingleStrategy::new(&self.setup),
            &[&[instance]],
            &mut transcript,
        )
        .is_ok()
    }

    /// The source of a contract that verifies: its calldata is the public values and the proof; it
    /// reverts if the proof does not hold, and returns nothing if it does.
    ///
    /// It works on a local chain only, and its name says why: no setup but the test's is read yet.
    ///
    /// @throws if the generator's output has another form than expected
    pub fn contract(&self, name: &str) -> Result<String, String> {
        let mut source = self.generated()?.trim().to_owned() + "\n";
        for (from, to) in [
            ("pragma solidity 0.8.19;", "pragma solidity ^0.8.19;".to_owned()),
            (
                "contract Halo2Verifier {\n    ",
                format!(
                    "/// Generated from a verifying key of wasm/wrap.\n\
                    contract UnsafeTestSetup{name} {{\n    \
                    /// The setup's secret is public: anyone can forge proofs, so no other chain \
                    may use this.\n    \
                    constructor() {{\n        \
                    require(block.chainid == {LOCAL_CHAIN}, \"unsafe test setup\");\n    }}\n\n    "
                ),
            ),
            (
                "// Enforce that Solidity memory layout is respected",
                format!(
                    "if iszero(eq(chainid(), {LOCAL_CHAIN})) {{ revert(0, 0) }}\n            \
                    // Enforce that Solidity memory layout is respected"
                ),
            ),
        ] {
            if source.matches(from).count() != 1 {
                return Err(format!("the generated verifier has no single `{from}`"));
            }
            source = source.replacen(from, &to, 1);
        }
        let lines: Vec<_> = source.lines().map(str::trim_end).collect();
        Ok(lines.join("\n") + "\n")
    }

    fn generated(&self) -> Result<String, String> {
        let instances = vec![self.instances];
        let config = Config::kzg().with_num_instance(instances.clone());
        let protocol = compile(&self.setup, self.key.get_vk(), config);
        let deciding = (self.setup.get_g()[0], self.setup.g2(), self.setup.s_g2()).into();
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
}
