//! Proofs of the circuit itself.

mod common;

use common::toy;
use halo2_axiom::halo2curves::{bn256::Fr, ff::Field as _};
use wrap::{
    outer::{ProvingKey, VerifyingKey},
    setup::unsafe_test_setup,
};

#[test]
fn one_set_of_keys_proves_and_verifies_all_proofs_of_a_shape() {
    let run = toy::prove(toy::PARAMETERS, 1, 1);
    let shape = run.shape();
    let tape = run.tape(&shape, 12).expect("the proof has the shape");
    let keys = ProvingKey::new(unsafe_test_setup(14), &tape).expect("it fits");
    let other = toy::prove(toy::PARAMETERS, 7, 99).tape(&shape, 12).expect("it has the shape");
    let instance = other.instance();
    let mut kept = vec![];
    keys.write(&mut kept).expect("memory suffices");
    assert!(ProvingKey::read(&kept[..], unsafe_test_setup(13)).is_err(), "of another setup");
    let keys = ProvingKey::read(&kept[..], unsafe_test_setup(14)).expect("as it was written");
    let proof = keys.prove(&other).expect("it holds");
    let key = &keys.verifying;
    println!("{:?}: {} bytes", key.size, proof.len());
    assert_eq!(key.proof_bytes(), proof.len());
    assert!(key.is_unsafe());
    assert!(key.verifies(&instance, &proof));
    assert!(!key.verifies(&tape.instance(), &proof), "of another proof");
    assert!(!key.verifies(&instance[1..], &proof), "a public value is missing");
    assert!(!key.verifies(&instance, &[&proof[..], &[0]].concat()), "a byte more");
    assert!(!key.verifies(&instance, &proof[..proof.len() - 32]), "a word less");
    for i in 0..instance.len() {
        let mut changed = instance.clone();
        changed[i] += Fr::ONE;
        assert!(!key.verifies(&changed, &proof), "public value {i}");
    }
    for place in (0..proof.len()).step_by(61) {
        let mut changed = proof.clone();
        changed[place] ^= 1;
        assert!(!key.verifies(&instance, &changed), "byte {place}");
    }
    refuses_other_keys(key, &instance, &proof);
    let mut false_claim = other;
    false_claim.base[0] += Fr::ONE;
    assert!(keys.prove(&false_claim).is_err());
}

/// A key has one form, and a proof one key.
fn refuses_other_keys(key: &VerifyingKey, instance: &[Fr], proof: &[u8]) {
    let bytes = key.to_bytes();
    let read = VerifyingKey::from_bytes(&bytes).expect("as it was written");
    assert_eq!(read.to_bytes(), bytes);
    assert!(read.verifies(instance, proof));
    for at in (0..bytes.len()).filter(|at| *at < 80 || at % 13 == 0) {
        let mut changed = bytes.clone();
        changed[at] ^= 1;
        let holds = VerifyingKey::from_bytes(&changed).map(|key| key.verifies(instance, proof));
        assert!(!matches!(holds, Ok(true)), "byte {at}");
    }
    for length in 0..bytes.len() {
        assert!(VerifyingKey::from_bytes(&bytes[..length]).is_err(), "{length} bytes");
    }
    assert!(VerifyingKey::from_bytes(&[&bytes[..], &[0]].concat()).is_err(), "a byte more");
}
