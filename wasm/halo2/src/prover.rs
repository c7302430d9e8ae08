//! Proving, verifying, committing.

use halo2_axiom::{
    halo2curves::{bn256::Fr, ff::PrimeField},
    plonk::{create_proof, verify_proof},
    poly::kzg::{
        commitment::KZGCommitmentScheme,
        multiopen::{ProverSHPLONK, VerifierSHPLONK},
        strategy::SingleStrategy,
    },
};
use rand::{SeedableRng, rngs::StdRng};

use crate::{
    circuit::{PUBLIC_VALUES, SLOTS, WeatherCircuit, Witness},
    input::{Binding, Input},
    keys,
    transcript::{Reader, SCALAR_BYTES, Writer, big_endian, from_big_endian},
};

/// Commitments in a proof; progress counts them, and the check at the end.
pub const PROOF_POINTS: usize = 11;
const PROOF_SCALARS: usize = 23;
/// Bytes of every proof.
pub const PROOF_BYTES: usize = PROOF_POINTS * 64 + PROOF_SCALARS * SCALAR_BYTES;
pub const PUBLIC_BYTES: usize = PUBLIC_VALUES * SCALAR_BYTES;

/// Names of the public values, in order.
pub const PUBLIC_NAMES: [&str; PUBLIC_VALUES] =
    ["mean", "min", "max", "count", "inputCommitment", "bindingHi", "bindingLo"];

pub struct Proof {
    /// [`PUBLIC_VALUES`] words.
    pub public_values: Vec<u8>,
    pub proof: Vec<u8>,
}

/// The input commitment as a word.
pub fn commit(input: &Input) -> [u8; 32] {
    let witness = Witness::new(&input.readings, &input.salt, &Binding([0; 32]));
    let [.., commitment, _, _] = witness.public_values();
    big_endian(&commitment)
}

/// Proves and verifies the proof; `progress` gets steps done and their number.
///
/// # Errors
/// A text without anything of the input.
pub fn prove(input: &Input, progress: impl Fn(u32, u32)) -> Result<Proof, String> {
    let binding = input.binding.as_ref().ok_or("binding: missing")?;
    let witness = Witness::new(&input.readings, &input.salt, binding);

    let total = PROOF_POINTS as u32 + 2;
    let mut done = 0;
    let mut step = || {
        done += 1;
        progress(done, total);
    };
    keys::proving_key();
    step();
    let proof = prove_claim(witness, &mut step)?;
    // halo2 proves a wrong witness too, and the proof is then invalid.
    verify(&proof.public_values, &proof.proof)?;
    step();
    Ok(proof)
}

/// Proves what a witness claims, true or not; `step` is called as often as a proof has points.
fn prove_claim(witness: Witness, step: impl FnMut()) -> Result<Proof, String> {
    let public = witness.public_values();
    let mut transcript = Writer::new(step);
    create_proof::<KZGCommitmentScheme<_>, ProverSHPLONK<_>, _, _, _, _>(
        keys::setup(),
        keys::proving_key(),
        &[WeatherCircuit::new(witness)],
        &[&[&public]],
        StdRng::from_entropy(),
        &mut transcript,
    )
    .map_err(|error| format!("proving failed: {error}"))?;
    let public_values = public.iter().flat_map(big_endian).collect();
    Ok(Proof { public_values, proof: transcript.finish() })
}

/// # Errors
/// Why the proof does not hold.
pub fn verify(public_values: &[u8], proof: &[u8]) -> Result<(), String> {
    let public = read_public_values(public_values)?;
    if proof.len() != PROOF_BYTES {
        return Err(format!("proof: {} bytes, must be {PROOF_BYTES}", proof.len()));
    }
    let setup = keys::setup();
    let mut transcript = Reader::new(proof);
    verify_proof::<KZGCommitmentScheme<_>, VerifierSHPLONK<_>, _, _, _>(
        setup,
        keys::verifying_key(),
        SingleStrategy::new(setup),
        &[&[&public]],
        &mut transcript,
    )
    .map_err(|_| "proof: does not prove the public values")?;
    if transcript.remaining() > 0 {
        return Err("proof: bytes left over".into());
    }
    Ok(())
}

/// The circuit bounds all but the binding's halves; checking the rest here as well makes the
/// accepted encodings of a statement one.
fn read_public_values(bytes: &[u8]) -> Result<[Fr; PUBLIC_VALUES], String> {
    if bytes.len() != PUBLIC_BYTES {
        return Err(format!("public values: {} bytes, must be {PUBLIC_BYTES}", bytes.len()));
    }
    let bits = [16, 16, 16, 8, 256, 128, 128];
    let mut values = [Fr::zero(); PUBLIC_VALUES];
    for (i, word) in bytes.chunks_exact(SCALAR_BYTES).enumerate() {
        let word: [u8; 32] = word.try_into().expect("a word");
        let fits = word[..32 - bits[i] / 8].iter().all(|byte| *byte == 0);
        let value = from_big_endian(word).filter(|_| fits);
        values[i] =
            value.ok_or_else(|| format!("public values: {} out of range", PUBLIC_NAMES[i]))?;
    }
    let count = values[3].to_repr()[0];
    if !(1..=SLOTS as u8).contains(&count) {
        return Err("public values: count out of range".into());
    }
    Ok(values)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::input::{Reading, Salt};

    fn witness(readings: &[i16]) -> Witness {
        let readings: Vec<_> = readings.iter().copied().map(Reading).collect();
        Witness::new(&readings, &Salt([3; 32]), &Binding([4; 32]))
    }

    #[test]
    fn a_proof_of_a_wrong_witness_does_not_verify() {
        let honest = prove_claim(witness(&[10, 20, 31]), || {}).unwrap();
        assert_eq!(verify(&honest.public_values, &honest.proof), Ok(()));

        let mut wrong = witness(&[10, 20, 31]);
        wrong.mean += Fr::one();
        let wrong = prove_claim(wrong, || {}).unwrap();
        assert_eq!(
            verify(&wrong.public_values, &wrong.proof),
            Err("proof: does not prove the public values".into())
        );
    }

    #[test]
    fn a_proof_has_the_points_that_progress_counts() {
        let mut points = 0;
        prove_claim(witness(&[1]), || points += 1).unwrap();
        assert_eq!(points, PROOF_POINTS);
    }
}
