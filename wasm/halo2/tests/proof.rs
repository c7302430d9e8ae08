//! Proofs of the built-in keys: what verifies, and that nothing near it does.

use std::sync::OnceLock;

use halo2_axiom::{
    halo2curves::bn256::{Bn256, Fr, G1Affine},
    poly::commitment::ParamsProver,
};
use proptest::prelude::*;
use serde_json::json;
use snark_verifier::{
    loader::native::NativeLoader,
    pcs::kzg::{Bdfg21, KzgAs},
    system::halo2::{Config, compile, transcript::evm::EvmTranscript},
    verifier::{SnarkVerifier, plonk::PlonkVerifier},
};
use weather_halo2::{
    circuit::{PUBLIC_VALUES, SLOTS},
    input::Input,
    keys,
    prover::{self, PROOF_BYTES, PUBLIC_BYTES, Proof},
    transcript::from_big_endian,
};

const WORD: usize = 32;

fn input(readings: &[f64], binding: u8) -> Input {
    let messages: Vec<_> =
        readings.iter().map(|value| json!({ "value": value }).to_string()).collect();
    let json = json!({
        "messages": messages,
        "salt": format!("0x{}", "5a".repeat(32)),
        "binding": format!("0x{}", format!("{binding:02x}").repeat(32)),
    });
    Input::parse(json.to_string().as_bytes()).unwrap()
}

fn proof() -> &'static Proof {
    static PROOF: OnceLock<Proof> = OnceLock::new();
    PROOF.get_or_init(|| prover::prove(&input(&[1.5, -2.5, 4.0], 0x77), |_, _| {}).unwrap())
}

fn word(public_values: &[u8], index: usize) -> &[u8] {
    &public_values[index * WORD..][..WORD]
}

/// snark-verifier's own native verifier, from which the Solidity one is generated.
fn other_verifier_accepts(public_values: &[u8], proof: &[u8]) -> bool {
    type Verifier = PlonkVerifier<KzgAs<Bn256, Bdfg21>>;
    let (setup, key) = (keys::setup(), keys::verifying_key());
    let config = Config::kzg().with_num_instance(vec![PUBLIC_VALUES]);
    let protocol = compile(setup, key, config);
    let deciding_key = (setup.get_g()[0], setup.g2(), setup.s_g2()).into();
    let instances: Vec<Fr> = public_values
        .chunks_exact(WORD)
        .map(|word| from_big_endian(word.try_into().unwrap()).unwrap())
        .collect();
    let mut transcript = EvmTranscript::<G1Affine, NativeLoader, _, _>::new(proof);
    Verifier::read_proof(
        &deciding_key,
        &protocol,
        std::slice::from_ref(&instances),
        &mut transcript,
    )
    .and_then(|proof| Verifier::verify(&deciding_key, &protocol, &[instances], &proof))
    .is_ok()
}

#[test]
fn proves_one_to_all_slots() {
    for count in [1, SLOTS - 1, SLOTS] {
        let readings: Vec<f64> = (0..count).map(|i| 3276.7 - i as f64 * 436.9).collect();
        let input = input(&readings, 1);
        let proven = prover::prove(&input, |_, _| {}).unwrap();
        assert_eq!(proven.proof.len(), PROOF_BYTES);
        assert_eq!(proven.public_values.len(), PUBLIC_BYTES);
        assert_eq!(word(&proven.public_values, 3)[WORD - 1], count as u8);
        assert_eq!(word(&proven.public_values, 4), prover::commit(&input));
        assert_eq!(prover::verify(&proven.public_values, &proven.proof), Ok(()));
        assert!(other_verifier_accepts(&proven.public_values, &proven.proof));
    }
}

#[test]
fn states_the_statistics_in_offset_binary() {
    // Floor of (15 - 25 + 40) / 3 tenths.
    let offset = |tenths: i64| (tenths + 32768).to_be_bytes();
    for (index, tenths) in [(0, 10), (1, -25), (2, 40)] {
        assert_eq!(word(&proof().public_values, index)[24..], offset(tenths));
    }
    let rounded = prover::prove(&input(&[-0.1, 0.0], 1), |_, _| {}).unwrap();
    assert_eq!(word(&rounded.public_values, 0)[24..], offset(-1));
}

#[test]
fn carries_the_binding_in_two_halves() {
    let halves = [word(&proof().public_values, 5), word(&proof().public_values, 6)];
    for half in halves {
        assert_eq!(half, [[0; 16], [0x77; 16]].concat());
    }
}

#[test]
fn two_proofs_of_one_statement_differ() {
    let other = prover::prove(&input(&[1.5, -2.5, 4.0], 0x77), |_, _| {}).unwrap();
    assert_eq!(other.public_values, proof().public_values);
    assert_ne!(other.proof, proof().proof);
}

#[test]
fn refuses_to_prove_without_a_binding() {
    let mut input = input(&[1.0], 1);
    input.binding = None;
    let error = prover::prove(&input, |_, _| {}).err();
    assert_eq!(error, Some("binding: missing".into()));
}

#[test]
fn reports_progress_to_the_end() {
    let steps = std::cell::RefCell::new(Vec::new());
    prover::prove(&input(&[1.0], 1), |done, total| steps.borrow_mut().push((done, total))).unwrap();
    let steps = steps.into_inner();
    let total = steps[0].1;
    assert_eq!(steps, (1..=total).map(|done| (done, total)).collect::<Vec<_>>());
}

#[test]
fn refuses_a_proof_with_any_word_changed() {
    let Proof { public_values, proof } = proof();
    for at in (0..proof.len()).step_by(WORD) {
        for change in [1, 0x80] {
            for end in [0, WORD - 1] {
                let mut changed = proof.clone();
                changed[at + end] ^= change;
                assert!(prover::verify(public_values, &changed).is_err(), "byte {}", at + end);
            }
        }
        let mut zeroed = proof.clone();
        zeroed[at..at + WORD].fill(0);
        assert!(prover::verify(public_values, &zeroed).is_err(), "word at {at}");
    }
}

#[test]
fn refuses_scalars_that_are_not_reduced() {
    // The order of the scalar field, added to a proof's last evaluation.
    let Proof { public_values, proof } = proof();
    let at = PROOF_BYTES - 2 * 64 - WORD;
    let mut changed = proof.clone();
    let mut carry = 0;
    for (byte, order) in changed[at..at + WORD].iter_mut().zip(field_order()).rev() {
        let sum = u16::from(*byte) + u16::from(order) + carry;
        (*byte, carry) = (sum as u8, sum >> 8);
    }
    assert_eq!(carry, 0);
    assert!(prover::verify(public_values, &changed).is_err());
}

#[test]
fn refuses_proofs_of_another_length() {
    let Proof { public_values, proof } = proof();
    for length in [0, 1, WORD, PROOF_BYTES - WORD, PROOF_BYTES - 1] {
        assert!(prover::verify(public_values, &proof[..length]).is_err(), "{length}");
    }
    let longer = [&proof[..], &[0]].concat();
    assert!(prover::verify(public_values, &longer).is_err());
}

#[test]
fn refuses_each_public_value_changed() {
    let Proof { public_values, proof } = proof();
    for at in 0..public_values.len() {
        for change in [1, 0x10] {
            let mut changed = public_values.clone();
            changed[at] ^= change;
            assert!(prover::verify(&changed, proof).is_err(), "byte {at}");
            let readable = changed
                .chunks_exact(WORD)
                .all(|word| from_big_endian::<Fr>(word.try_into().unwrap()).is_some());
            assert!(!readable || !other_verifier_accepts(&changed, proof), "byte {at}");
        }
    }
}

#[test]
fn names_public_values_out_of_range() {
    let Proof { public_values, proof } = proof();
    for (index, byte, name) in [
        (0, 29, "mean"),
        (1, 29, "min"),
        (2, 0, "max"),
        (3, 30, "count"),
        (3, 31, "count"),
        (4, 0, "inputCommitment"),
        (5, 15, "bindingHi"),
        (6, 15, "bindingLo"),
    ] {
        let mut changed = public_values.clone();
        changed[index * WORD + byte] = 0xff;
        let error = prover::verify(&changed, proof);
        assert_eq!(error, Err(format!("public values: {name} out of range")));
    }
    for count in [0, SLOTS as u8 + 1] {
        let mut changed = public_values.clone();
        changed[4 * WORD - 1] = count;
        let error = prover::verify(&changed, proof);
        assert_eq!(error, Err("public values: count out of range".into()));
    }
    for length in [0, PUBLIC_BYTES - WORD, PUBLIC_BYTES - 1] {
        assert!(prover::verify(&public_values[..length], proof).is_err(), "{length}");
    }
}

#[test]
fn refuses_a_proof_moved_to_another_binding_or_input() {
    let moved = prover::prove(&input(&[1.5, -2.5, 4.0], 0x78), |_, _| {}).unwrap();
    let other = prover::prove(&input(&[-2.5, 1.5, 4.0], 0x77), |_, _| {}).unwrap();
    for Proof { public_values, .. } in [&moved, &other] {
        assert!(prover::verify(public_values, &proof().proof).is_err());
    }
    // The same statistics, so the commitment alone tells them apart.
    assert_eq!(other.public_values[..4 * WORD], proof().public_values[..4 * WORD]);
}

#[test]
fn the_commitment_covers_salt_count_and_order() {
    let commit = |readings: &[f64]| prover::commit(&input(readings, 1));
    let base = commit(&[1.0, 2.0]);
    assert_eq!(base, prover::commit(&input(&[1.0, 2.0], 2)), "not the binding");
    assert_ne!(base, commit(&[2.0, 1.0]));
    assert_ne!(base, commit(&[1.0, 2.0, -3276.8]), "a slot of zero is not an unused one");
    for flipped in [0, 31] {
        let mut salted = input(&[1.0, 2.0], 1);
        salted.salt.0[flipped] ^= 1;
        assert_ne!(base, prover::commit(&salted));
    }
}

fn field_order() -> [u8; WORD] {
    let mut order = weather_halo2::transcript::big_endian(&-Fr::one());
    order[WORD - 1] += 1;
    order
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn refuses_random_bytes(
        bytes in prop::collection::vec(any::<u8>(), PROOF_BYTES),
        at in 0..PROOF_BYTES,
        byte in 1..=u8::MAX,
    ) {
        let Proof { public_values, proof } = proof();
        prop_assert!(prover::verify(public_values, &bytes).is_err());
        let mut changed = proof.clone();
        changed[at] ^= byte;
        prop_assert!(prover::verify(public_values, &changed).is_err());
    }
}
