//! The powers of a secret that KZG commitments are made with.

#[cfg(not(target_arch = "wasm32"))]
mod cache;
#[cfg(not(target_arch = "wasm32"))]
mod lagrange;
#[cfg(not(target_arch = "wasm32"))]
pub mod ptau;

use halo2_axiom::{
    arithmetic::parallelize,
    halo2curves::{
        bn256::{Bn256, Fr, G1, G1Affine, G2Affine},
        ff::{BatchInvert as _, Field as _, FromUniformBytes as _, PrimeField as _},
        group::{Curve as _, Group as _, prime::PrimeCurveAffine as _},
    },
    poly::kzg::commitment::ParamsKZG,
};
use rand_chacha::{ChaCha20Rng, rand_core::SeedableRng as _};
use sha2::{Digest as _, Sha512};

#[cfg(not(target_arch = "wasm32"))]
pub use cache::{cached_ceremony, cached_test_setup};
#[cfg(not(target_arch = "wasm32"))]
pub(crate) use cache::{open_kept, remove_unused, write_whole};

pub type Setup = ParamsKZG<Bn256>;

/// The seed is public, so anyone can forge proofs under this setup.
const UNSAFE_SEED: &[u8] = b"w3bstream unsafe test setup: proves nothing";

fn unsafe_secret() -> Fr {
    Fr::from_uniform_bytes(&Sha512::digest(UNSAFE_SEED).into())
}

/// Whether a setup's secret, in G2, is the one that everybody knows.
pub fn is_unsafe(secret_in_g2: &G2Affine) -> bool {
    *secret_in_g2 == G2Affine::from(G2Affine::generator() * unsafe_secret())
}

/// A setup of 2^k powers whose secret everybody can compute: proofs under it prove nothing.
pub fn unsafe_test_setup(k: u32) -> Setup {
    let secret = unsafe_secret();
    let mut powers = vec![Fr::ZERO; 1 << k];
    parallelize(&mut powers, |powers, start| {
        let mut power = secret.pow_vartime([start as u64]);
        for to in powers {
            *to = power;
            power *= secret;
        }
    });
    let secret_in_g2 = (G2Affine::generator() * secret).into();
    let lagrange = lagrange_at(secret, k);
    assemble(k, multiples(&powers), Some(multiples(&lagrange)), secret_in_g2)
}

/// What a verifier needs of a setup.
pub fn of_verifier(k: u32, secret_in_g2: G2Affine) -> Setup {
    let one = vec![G1Affine::generator()];
    assemble(k, one.clone(), Some(one), secret_in_g2)
}

/// @param lagrange computed from the powers, at length, if it is not given
fn assemble(
    k: u32,
    powers: Vec<G1Affine>,
    lagrange: Option<Vec<G1Affine>>,
    secret_in_g2: G2Affine,
) -> Setup {
    // The constructor is a method, whose receiver is not looked at.
    let any = Setup::setup(1, ChaCha20Rng::seed_from_u64(0));
    any.from_parts(k, powers, lagrange, G2Affine::generator(), secret_in_g2)
}

/// The root of order 2^k that halo2 takes.
fn root_of_unity(k: u32) -> Fr {
    (k..Fr::S).fold(Fr::ROOT_OF_UNITY, |root, _| root.square())
}

/// The Lagrange polynomials of the 2^k roots of unity, at a point that is none of them.
fn lagrange_at(point: Fr, k: u32) -> Vec<Fr> {
    let root = root_of_unity(k);
    let size = Fr::from(1 << k);
    let scale = (point.pow_vartime([1 << k]) - Fr::ONE) * size.invert().expect("not zero");
    let roots: Vec<_> =
        std::iter::successors(Some(Fr::ONE), |at| Some(at * root)).take(1 << k).collect();
    let mut values: Vec<_> = roots.iter().map(|root| point - root).collect();
    values.iter_mut().batch_invert();
    values.iter().zip(roots).map(|(inverse, root)| scale * root * inverse).collect()
}

/// Bits of a scalar that are looked up at once.
const WINDOW: usize = 8;

/// The generator times each of the scalars.
fn multiples(scalars: &[Fr]) -> Vec<G1Affine> {
    let windows: Vec<Vec<G1Affine>> =
        std::iter::successors(Some(G1::generator()), |base| Some(base * Fr::from(1 << WINDOW)))
            .take(Fr::NUM_BITS as usize / WINDOW + 1)
            .map(|base| {
                let multiples = std::iter::successors(Some(G1::identity()), |at| Some(at + base));
                normalize(&multiples.take(1 << WINDOW).collect::<Vec<_>>())
            })
            .collect();
    let mut products = vec![G1Affine::identity(); scalars.len()];
    parallelize(&mut products, |products, start| {
        let scalars = &scalars[start..start + products.len()];
        let sums: Vec<G1> = scalars
            .iter()
            .map(|scalar| {
                let digits = scalar.to_repr();
                windows
                    .iter()
                    .zip(digits)
                    .fold(G1::identity(), |sum, (multiples, digit)| sum + multiples[digit as usize])
            })
            .collect();
        products.copy_from_slice(&normalize(&sums));
    });
    products
}

fn normalize(points: &[G1]) -> Vec<G1Affine> {
    let mut affine = vec![G1Affine::identity(); points.len()];
    G1::batch_normalize(points, &mut affine);
    affine
}

#[cfg(test)]
mod tests {
    use halo2_axiom::poly::commitment::ParamsProver as _;

    use super::*;

    #[test]
    fn the_test_setup_has_the_powers_of_its_secret_in_both_bases() {
        let secret = unsafe_secret();
        let setup = unsafe_test_setup(5);
        let powers = std::iter::successors(Some(Fr::ONE), |power| Some(power * secret));
        let powers: Vec<G1Affine> =
            powers.take(1 << 5).map(|power| (G1Affine::generator() * power).into()).collect();
        assert_eq!(setup.get_g(), powers);
        assert!(is_unsafe(&setup.s_g2()));
        let computed = assemble(5, powers, None, setup.s_g2());
        assert_eq!(format!("{computed:?}"), format!("{setup:?}"));
    }
}
