//! The Lagrange bases that snarkjs adds to powers of tau when it prepares them for phase 2.
//!
//! Those in G1 of 1, 2, 4, … points follow each other: the Lagrange polynomials, at the secret, of
//! the powers of a root of unity. ffjavascript's root is not halo2's, so their order differs.

use std::iter::successors;

use halo2_axiom::{
    halo2curves::{
        bn256::{Fr, G1Affine},
        ff::{Field as _, PrimeField as _},
        group::prime::PrimeCurveAffine as _,
    },
    poly::{
        EvaluationDomain,
        commitment::{Blind, Params as _, ParamsProver as _},
    },
};
use num_bigint::BigUint;
use rand_chacha::{ChaCha20Rng, rand_core::SeedableRng as _};

use super::{Setup, root_of_unity};

/// The least one, of which ffjavascript's roots are powers.
const NON_RESIDUE: u64 = 5;

fn their_root_of_unity(k: u32) -> Fr {
    let order = BigUint::from_bytes_le((-Fr::ONE).to_repr().as_ref());
    Fr::from(NON_RESIDUE).pow_vartime((order >> k).to_u64_digits())
}

/// @param basis 2^k points
pub fn in_our_order(basis: &[G1Affine], k: u32) -> Vec<G1Affine> {
    let [ours, theirs] = [root_of_unity(k), their_root_of_unity(k)];
    let mut powers = successors(Some(Fr::ONE), |power| Some(power * ours));
    let step = powers.position(|power| power == theirs).expect("the roots are of one order");
    let mut ordered = vec![G1Affine::identity(); basis.len()];
    for (i, point) in basis.iter().enumerate() {
        ordered[step * i % basis.len()] = *point;
    }
    ordered
}

/// Whether a random polynomial has one commitment by its values and by its coefficients. Where a
/// point of the basis is wrong, some coefficient weighs a point that is not zero in their
/// difference, so that one polynomial in the field's order passes.
pub fn is_of_powers(setup: &Setup) -> bool {
    let mut random = ChaCha20Rng::from_entropy();
    let domain = EvaluationDomain::new(2, setup.k());
    let values = (0..setup.n()).map(|_| Fr::random(&mut random)).collect();
    let values = domain.lagrange_from_vec(values);
    let by_values = setup.commit_lagrange(&values, Blind::default());
    by_values == setup.commit(&domain.lagrange_to_coeff(values), Blind::default())
}
