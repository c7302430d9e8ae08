use halo2_axiom::poly::{commitment::ParamsProver, kzg::commitment::ParamsKZG};

use super::*;

#[test]
fn the_built_in_keys_are_those_of_the_circuit() {
    let made = make_verifying_key(setup()).unwrap();
    assert!(
        write_verifying_key(&made) == VERIFYING_KEY,
        "the circuit changed: run setup --unsafe-test or import-ptau"
    );
    assert_eq!(made.transcript_repr(), verifying_key().transcript_repr());
}

#[test]
fn the_built_in_setup_is_sound() {
    let mut bytes = SETUP;
    let checked = Setup::read_custom(&mut bytes, SerdeFormat::RawBytes).unwrap();
    assert!(bytes.is_empty());
    assert!(ptau::are_powers(checked.get_g(), &checked.s_g2()));
    let rebuilt = assemble(checked.get_g().to_vec(), checked.s_g2());
    assert!(write_setup(&rebuilt).unwrap() == SETUP);
}

#[test]
fn knows_the_test_setup() {
    let test = unsafe_test_setup();
    assert!(is_unsafe(&test.s_g2()));
    assert!(!is_unsafe(&ParamsKZG::<Bn256>::setup(1, OsRng).s_g2()));
    // A real setup may be built in by whoever runs this.
    assert_eq!(is_unsafe_test_setup(), write_setup(&test).unwrap() == SETUP);
}
