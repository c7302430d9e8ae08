//! What the gates accept, and above all what they refuse.

use halo2_axiom::dev::MockProver;

use super::*;

fn honest(readings: &[i16]) -> Witness {
    let readings: Vec<_> = readings.iter().copied().map(Reading).collect();
    Witness::new(&readings, &Salt([7; 32]), &Binding([9; 32]))
}

fn accepts(witness: &Witness, public: &[Fr]) -> bool {
    let circuit = WeatherCircuit::new(witness.clone());
    MockProver::run(K, &circuit, vec![public.to_vec()]).unwrap().verify().is_ok()
}

#[test]
fn accepts_true_claims() {
    for readings in [&[5i16][..], &[-1, -2], &[i16::MIN, i16::MAX], &[3; 15], &[-4; 16]] {
        let witness = honest(readings);
        assert!(accepts(&witness, &witness.public_values()), "{readings:?}");
    }
}
