//! The setup (powers of a secret) and the keys made from it.
//!
//! Both files beside this one are written by the command line: `setup.bin` holds the points of
//! the setup in halo2's raw form, `verifying.key` the verifying key in its processed form.

#[cfg(not(target_arch = "wasm32"))]
pub mod ptau;
#[cfg(test)]
mod tests;

use std::{io, iter, sync::OnceLock};

use halo2_axiom::{
    SerdeFormat,
    arithmetic::g_to_lagrange,
    halo2curves::{
        bn256::{Bn256, Fr, G1Affine, G2Affine},
        ff::{Field, FromUniformBytes},
        group::{GroupEncoding, prime::PrimeCurveAffine},
    },
    plonk::{self, ProvingKey, VerifyingKey, keygen_pk, keygen_vk_custom},
    poly::kzg::commitment::ParamsKZG,
};
use rand::rngs::OsRng;
use sha2::{Digest, Sha256, Sha512};

use crate::{
    circuit::{K, WeatherCircuit},
    transcript::big_endian,
};

pub type Setup = ParamsKZG<Bn256>;

static SETUP: &[u8] = include_bytes!("setup.bin");
static VERIFYING_KEY: &[u8] = include_bytes!("verifying.key");

/// The seed is public, so anyone can forge proofs under this setup.
const UNSAFE_SEED: &[u8] = b"w3bstream unsafe test setup: proves nothing";

/// Selectors share columns where their gates' degrees allow.
const COMPRESS_SELECTORS: bool = true;

/// The setup that was built in. Its bytes are part of the program, so its points are not checked
/// again; the command line did when it wrote them.
pub fn setup() -> &'static Setup {
    static CELL: OnceLock<Setup> = OnceLock::new();
    CELL.get_or_init(|| {
        let mut bytes = SETUP;
        Setup::read_custom(&mut bytes, SerdeFormat::RawBytesUnchecked).expect("the built-in setup")
    })
}

pub fn verifying_key() -> &'static VerifyingKey<G1Affine> {
    static CELL: OnceLock<VerifyingKey<G1Affine>> = OnceLock::new();
    CELL.get_or_init(|| read_verifying_key(VERIFYING_KEY).expect("the built-in verifying key"))
}

/// Derived from the verifying key: its commitments are the costly part.
pub fn proving_key() -> &'static ProvingKey<G1Affine> {
    static CELL: OnceLock<ProvingKey<G1Affine>> = OnceLock::new();
    CELL.get_or_init(|| {
        keygen_pk(setup(), verifying_key().clone(), &WeatherCircuit::empty())
            .expect("the circuit fits its rows")
    })
}

/// SHA-256 of what a verifier needs: verifying key, its digest of the gates, and the setup's
/// secret in G2.
pub fn image_id() -> [u8; 32] {
    let mut hash = Sha256::new();
    hash.update(VERIFYING_KEY);
    hash.update(big_endian(&verifying_key().transcript_repr()));
    hash.update(setup().s_g2().to_bytes());
    hash.finalize().into()
}

/// Whether the built-in setup is the test one, whose secret everybody knows.
pub fn is_unsafe_test_setup() -> bool {
    is_unsafe(&setup().s_g2())
}

pub(crate) fn is_unsafe(secret_in_g2: &G2Affine) -> bool {
    *secret_in_g2 == G2Affine::from(G2Affine::generator() * unsafe_secret())
}

fn unsafe_secret() -> Fr {
    Fr::from_uniform_bytes(&Sha512::digest(UNSAFE_SEED).into())
}

/// Makes the verifying key of the circuit under a setup.
///
/// # Errors
/// If the circuit does not fit the setup's size.
pub fn make_verifying_key(setup: &Setup) -> Result<VerifyingKey<G1Affine>, plonk::Error> {
    keygen_vk_custom(setup, &WeatherCircuit::empty(), COMPRESS_SELECTORS)
}

/// # Errors
/// If the bytes are not a key of this circuit.
pub fn read_verifying_key(bytes: &[u8]) -> io::Result<VerifyingKey<G1Affine>> {
    VerifyingKey::from_bytes::<WeatherCircuit>(bytes, SerdeFormat::Processed, ())
}

/// As it stands in `verifying.key`.
pub fn write_verifying_key(key: &VerifyingKey<G1Affine>) -> Vec<u8> {
    key.to_bytes(SerdeFormat::Processed)
}

/// As it stands in `setup.bin`.
///
/// # Errors
/// Never: it writes to memory.
pub fn write_setup(setup: &Setup) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    setup.write_custom(&mut bytes, SerdeFormat::RawBytes)?;
    Ok(bytes)
}

/// The test setup: a real one but for its secret, which [`UNSAFE_SEED`] gives away.
pub fn unsafe_test_setup() -> Setup {
    let secret = unsafe_secret();
    let powers: Vec<G1Affine> = iter::successors(Some(Fr::ONE), |power| Some(power * secret))
        .take(1 << K)
        .map(|power| (G1Affine::generator() * power).into())
        .collect();
    assemble(powers, (G2Affine::generator() * secret).into())
}

/// A setup of the circuit's size from `2^K` powers of the secret in G1, and the secret in G2.
fn assemble(powers: Vec<G1Affine>, secret: G2Affine) -> Setup {
    let lagrange = g_to_lagrange(powers.iter().map(PrimeCurveAffine::to_curve).collect(), K);
    // The constructor is a method, whose receiver is not looked at.
    let any = Setup::setup(1, OsRng);
    any.from_parts(K, powers, Some(lagrange), G2Affine::generator(), secret)
}
