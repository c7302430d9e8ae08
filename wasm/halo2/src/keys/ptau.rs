//! Reads a powers-of-tau file of snarkjs, whatever ceremony it comes from.
//!
//! All points that are taken are checked: reduced coordinates, on the curve, of the right order,
//! and powers of one secret (by pairings of a random combination). What no file can show is that
//! the secret was destroyed; that rests on the ceremony.
//!
//! Format: `ptau`, version, number of sections (32-bit little-endian each); a section is its type
//! (32 bits), length (64 bits) and bytes. Section 1 has the size and value of the modulus, the
//! power and the ceremony's power; 2 the powers in G1, 3 those in G2, their coordinates in
//! little-endian Montgomery form.

use halo2_axiom::{
    arithmetic::best_multiexp,
    halo2curves::{
        bn256::{Fq, Fr, G1Affine, G2, G2Affine, pairing},
        ff::{Field, PrimeField},
        group::{Curve, cofactor::CofactorGroup, prime::PrimeCurveAffine},
        serde::SerdeObject,
    },
};
use rand::rngs::OsRng;

use super::{Setup, assemble, is_unsafe};
use crate::circuit::K;

const MAGIC: &[u8] = b"ptau";
const VERSION: u32 = 1;
const G1_BYTES: usize = 64;
const G2_BYTES: usize = 128;

/// The setup of the circuit's size.
///
/// # Errors
/// What is wrong with the file.
pub fn read(file: &[u8]) -> Result<Setup, String> {
    let sections = Sections::read(file)?;
    let power = read_header(sections.get(1, "header")?)?;
    if power < K {
        return Err(format!("the file has 2^{power} powers, 2^{K} are needed"));
    }
    let in_g1 = sections.get(2, "powers in G1")?;
    let in_g2 = sections.get(3, "powers in G2")?;
    if in_g1.len() as u64 != ((2u64 << power) - 1) * G1_BYTES as u64 {
        return Err("the powers in G1 are not as many as the header says".into());
    }
    if in_g2.len() as u64 != (1u64 << power) * G2_BYTES as u64 {
        return Err("the powers in G2 are not as many as the header says".into());
    }

    let powers: Vec<G1Affine> = in_g1
        .chunks_exact(G1_BYTES)
        .take(1 << K)
        .enumerate()
        .map(|(i, bytes)| {
            let point = G1Affine::from_raw_bytes(bytes).filter(|p| !bool::from(p.is_identity()));
            point.ok_or_else(|| format!("power {i} in G1 is not a point of the group"))
        })
        .collect::<Result<_, _>>()?;
    let [one, secret] = [0, 1].map(|i| read_g2(&in_g2[i * G2_BYTES..][..G2_BYTES]));
    let one = one.ok_or("power 0 in G2 is not a point of the group")?;
    let secret = secret.ok_or("power 1 in G2 is not a point of the group")?;

    if powers[0] != G1Affine::generator() || one != G2Affine::generator() {
        return Err("the first power is not the generator".into());
    }
    if secret == one {
        return Err("the secret is one: nobody has contributed".into());
    }
    if is_unsafe(&secret) {
        return Err("this is the unsafe test setup".into());
    }
    if !are_powers(&powers, &secret) {
        return Err("the points are not powers of one secret".into());
    }

    Ok(assemble(powers, secret))
}

struct Sections<'a>(Vec<(u32, &'a [u8])>);

impl<'a> Sections<'a> {
    fn read(file: &'a [u8]) -> Result<Self, String> {
        let mut rest = file.strip_prefix(MAGIC).ok_or("not a powers-of-tau file")?;
        if take_u32(&mut rest)? != VERSION {
            return Err(format!("not version {VERSION} of the format"));
        }
        let count = take_u32(&mut rest)?;
        let mut sections = Vec::new();
        for _ in 0..count {
            let kind = take_u32(&mut rest)?;
            let length = u64::from_le_bytes(take(&mut rest)?);
            let length = usize::try_from(length).map_err(|_| "a section is too long")?;
            let (bytes, after) = rest.split_at_checked(length).ok_or(TOO_SHORT)?;
            rest = after;
            sections.push((kind, bytes));
        }
        Ok(Self(sections))
    }

    fn get(&self, kind: u32, name: &str) -> Result<&'a [u8], String> {
        let mut found = self.0.iter().filter(|section| section.0 == kind);
        match (found.next(), found.next()) {
            (Some(section), None) => Ok(section.1),
            _ => Err(format!("the file has not one section of the {name}")),
        }
    }
}

const TOO_SHORT: &str = "the file ends too early";

fn take<const N: usize>(bytes: &mut &[u8]) -> Result<[u8; N], String> {
    let (taken, rest) = bytes.split_first_chunk().ok_or(TOO_SHORT)?;
    *bytes = rest;
    Ok(*taken)
}

fn take_u32(bytes: &mut &[u8]) -> Result<u32, String> {
    take(bytes).map(u32::from_le_bytes)
}

/// The power: there are `2^power` points in G2 and about twice as many in G1.
fn read_header(mut header: &[u8]) -> Result<u32, String> {
    let size = take_u32(&mut header)?;
    // The modulus is one more than the field's largest element.
    let mut modulus = (-Fq::ONE).to_repr();
    modulus[0] += 1;
    if size as usize != modulus.len() || take::<32>(&mut header)? != modulus {
        return Err("the file is not for BN254".into());
    }
    let power = take_u32(&mut header)?;
    if power > Fr::S {
        return Err("the header's power is out of range".into());
    }
    Ok(power)
}

fn read_g2(bytes: &[u8]) -> Option<G2Affine> {
    let point = G2Affine::from_raw_bytes(bytes)?;
    let in_group =
        !bool::from(point.is_identity()) && bool::from(G2::from(point).is_torsion_free());
    in_group.then_some(point)
}

/// Whether each point is the one before it times the secret: for random r, the pairings of
/// `Σ r[i]·p[i]` with the secret and of `Σ r[i]·p[i+1]` with one are equal.
pub(super) fn are_powers(points: &[G1Affine], secret: &G2Affine) -> bool {
    let random: Vec<Fr> = points[1..].iter().map(|_| Fr::random(OsRng)).collect();
    let low = best_multiexp(&random, &points[..points.len() - 1]).to_affine();
    let high = best_multiexp(&random, &points[1..]).to_affine();
    pairing(&low, secret) == pairing(&high, &G2Affine::generator())
}

#[cfg(test)]
#[path = "ptau_tests.rs"]
mod tests;
