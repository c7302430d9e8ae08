//! Reads a powers-of-tau file of snarkjs, whatever ceremony it comes from.
//!
//! All points that are taken are checked: reduced coordinates, on the curve, of the right order,
//! and powers of one secret (by pairings of a random combination). What no file can show is that
//! the secret was destroyed; that rests on the ceremony.
//!
//! Format: `ptau`, version, number of sections (32-bit little-endian each); a section is its type
//! (32 bits), length (64 bits) and bytes. Section 1 has the size and value of the modulus, the
//! power and the ceremony's power; 2 the powers in G1, 3 those in G2, their coordinates in
//! little-endian Montgomery form. A file that is prepared for phase 2 has the Lagrange bases in G1
//! too, in 12 (`lagrange`).

use std::io::{Read, Seek, SeekFrom};

use halo2_axiom::{
    arithmetic::best_multiexp,
    halo2curves::{
        bn256::{Fq, Fr, G1Affine, G2, G2Affine, pairing},
        ff::{Field as _, PrimeField as _},
        group::{Curve as _, cofactor::CofactorGroup as _, prime::PrimeCurveAffine as _},
        serde::SerdeObject as _,
    },
};
use rand_chacha::{ChaCha20Rng, rand_core::SeedableRng as _};

use super::{Setup, assemble, is_unsafe, lagrange};

const VERSION: u32 = 1;
const G1_BYTES: usize = 64;
const G2_BYTES: usize = 128;
/// Types of the sections that are read.
const HEADER: u32 = 1;
const IN_G1: u32 = 2;
const IN_G2: u32 = 3;
const LAGRANGE_IN_G1: u32 = 12;

/// A setup of 2^k powers, of a file's. Its Lagrange basis is computed, in minutes for 2^19, if the
/// file is not prepared for phase 2.
///
/// @throws saying what is wrong with the file
pub fn read(mut file: impl Read + Seek, k: u32) -> Result<Setup, String> {
    let sections = sections(&mut file)?;
    let header = only(&sections, HEADER, "header")?;
    let in_g1 = only(&sections, IN_G1, "powers in G1")?;
    let in_g2 = only(&sections, IN_G2, "powers in G2")?;
    let prepared = match sections.iter().any(|section| section.kind == LAGRANGE_IN_G1) {
        true => Some(only(&sections, LAGRANGE_IN_G1, "Lagrange bases in G1")?),
        false => None,
    };
    let power = power(&header.read(&mut file, 0, 44)?)?;
    if power < k {
        return Err(format!("the file has 2^{power} powers, 2^{k} are needed"));
    }
    let g1_bytes = |points: u64| points * G1_BYTES as u64;
    if in_g1.length != g1_bytes((2 << power) - 1) {
        return Err("the powers in G1 are not as many as the header says".into());
    }
    if in_g2.length != (1 << power) * G2_BYTES as u64 {
        return Err("the powers in G2 are not as many as the header says".into());
    }
    let powers = points_of_g1(&in_g1.read(&mut file, 0, G1_BYTES << k)?, "power")?;
    let bytes = in_g2.read(&mut file, 0, 2 * G2_BYTES)?;
    let [one, secret] = [0, 1].map(|i| point_of_g2(&bytes[i * G2_BYTES..][..G2_BYTES]));
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
    let Some(bases) = prepared else { return Ok(assemble(k, powers, None, secret)) };
    // Those of 1 to 2^power points, and in later versions that of 2^(power + 1).
    if ![2, 4].map(|most| g1_bytes((most << power) - 1)).contains(&bases.length) {
        return Err("the Lagrange bases in G1 are not as long as the header says".into());
    }
    let basis = bases.read(&mut file, g1_bytes((1 << k) - 1), G1_BYTES << k)?;
    let basis = lagrange::in_our_order(&points_of_g1(&basis, "Lagrange point")?, k);
    let setup = assemble(k, powers, Some(basis), secret);
    if !lagrange::is_of_powers(&setup) {
        return Err("the Lagrange basis in G1 is not that of the powers".into());
    }
    Ok(setup)
}

const TOO_SHORT: &str = "the file ends too early";

#[derive(Clone, Copy)]
struct Section {
    kind: u32,
    start: u64,
    length: u64,
}

impl Section {
    fn read(
        self,
        file: &mut (impl Read + Seek),
        from: u64,
        length: usize,
    ) -> Result<Vec<u8>, String> {
        if self.length < from + length as u64 {
            return Err(TOO_SHORT.into());
        }
        file.seek(SeekFrom::Start(self.start + from)).map_err(|error| error.to_string())?;
        let mut bytes = vec![0; length];
        file.read_exact(&mut bytes).map_err(|_| TOO_SHORT)?;
        Ok(bytes)
    }
}

fn sections(file: &mut (impl Read + Seek)) -> Result<Vec<Section>, String> {
    let whole = file.seek(SeekFrom::End(0)).map_err(|error| error.to_string())?;
    file.rewind().map_err(|error| error.to_string())?;
    if take(file).ok() != Some(*b"ptau") {
        return Err("not a powers-of-tau file".into());
    }
    if u32::from_le_bytes(take(file)?) != VERSION {
        return Err(format!("not version {VERSION} of the format"));
    }
    let count = u32::from_le_bytes(take(file)?);
    let mut start = 12;
    let mut sections = vec![];
    for _ in 0..count {
        let kind = u32::from_le_bytes(take(file)?);
        let length = u64::from_le_bytes(take(file)?);
        start += 12;
        sections.push(Section { kind, start, length });
        start = start.checked_add(length).filter(|end| *end <= whole).ok_or(TOO_SHORT)?;
        file.seek(SeekFrom::Start(start)).map_err(|error| error.to_string())?;
    }
    Ok(sections)
}

fn only(sections: &[Section], kind: u32, name: &str) -> Result<Section, String> {
    let mut found = sections.iter().filter(|section| section.kind == kind);
    match (found.next(), found.next()) {
        (Some(section), None) => Ok(*section),
        _ => Err(format!("the file has not one section of the {name}")),
    }
}

fn take<const N: usize>(file: &mut impl Read) -> Result<[u8; N], String> {
    let mut bytes = [0; N];
    file.read_exact(&mut bytes).map_err(|_| TOO_SHORT)?;
    Ok(bytes)
}

/// There are 2^power points in G2 and about twice as many in G1.
fn power(header: &[u8]) -> Result<u32, String> {
    let number = |at: usize| u32::from_le_bytes(header[at..at + 4].try_into().expect("4 bytes"));
    // The modulus is one more than the field's largest element.
    let mut modulus = (-Fq::ONE).to_repr();
    modulus[0] += 1;
    if number(0) as usize != modulus.len() || header[4..36] != modulus {
        return Err("the file is not for BN254".into());
    }
    let power = number(36);
    if power > Fr::S {
        return Err("the header's power is out of range".into());
    }
    Ok(power)
}

/// @param name of one of them
fn points_of_g1(bytes: &[u8], name: &str) -> Result<Vec<G1Affine>, String> {
    let point = |(i, bytes)| {
        let point = G1Affine::from_raw_bytes(bytes).filter(|p| !bool::from(p.is_identity()));
        point.ok_or_else(|| format!("{name} {i} in G1 is not a point of the group"))
    };
    bytes.chunks_exact(G1_BYTES).enumerate().map(point).collect()
}

fn point_of_g2(bytes: &[u8]) -> Option<G2Affine> {
    let point = G2Affine::from_raw_bytes(bytes)?;
    let in_group =
        !bool::from(point.is_identity()) && bool::from(G2::from(point).is_torsion_free());
    in_group.then_some(point)
}

/// Whether each point is the one before it times the secret: for random r, the pairings of
/// `Σ r[i]·p[i]` with the secret and of `Σ r[i]·p[i+1]` with one are equal.
fn are_powers(points: &[G1Affine], secret: &G2Affine) -> bool {
    let mut random = ChaCha20Rng::from_entropy();
    let weights: Vec<Fr> = points[1..].iter().map(|_| Fr::random(&mut random)).collect();
    let low = best_multiexp(&weights, &points[..points.len() - 1]).to_affine();
    let high = best_multiexp(&weights, &points[1..]).to_affine();
    pairing(&low, secret) == pairing(&high, &G2Affine::generator())
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use halo2_axiom::poly::commitment::ParamsProver as _;

    use super::*;

    /// `snarkjs powersoftau prepare phase2` of 2^6 powers, with a contribution.
    const PREPARED: &[u8] = include_bytes!("snarkjs.ptau");
    const NOT_OF_POWERS: &str = "the Lagrange basis in G1 is not that of the powers";

    /// The least for which halo2's root of unity is not ffjavascript's.
    const K: u32 = 6;
    const HEAD: usize = 12 + 12;
    const POWERS: usize = HEAD + 44 + 12;

    fn secret() -> Fr {
        Fr::from(0x1234_5678_9abc_def0)
    }

    fn in_g1(scalar: Fr) -> Vec<u8> {
        G1Affine::from(G1Affine::generator() * scalar).to_raw_bytes()
    }

    /// A file of snarkjs' form with 2^power powers of a secret, as far as it is read.
    fn file(secret: Fr, power: u32) -> Vec<u8> {
        let powers = std::iter::successors(Some(Fr::ONE), |power| Some(power * secret));
        let g1: Vec<u8> = powers.take((2 << power) - 1).flat_map(in_g1).collect();
        let mut g2: Vec<u8> = [Fr::ONE, secret]
            .iter()
            .flat_map(|power| G2Affine::from(G2Affine::generator() * power).to_raw_bytes())
            .collect();
        g2.resize(G2_BYTES << power, 0);
        let mut modulus = (-Fq::ONE).to_repr();
        modulus[0] += 1;
        let powers = [power, power].map(u32::to_le_bytes).concat();
        let header = [&32u32.to_le_bytes()[..], &modulus, &powers].concat();
        let mut file = [&b"ptau"[..], &VERSION.to_le_bytes(), &3u32.to_le_bytes()].concat();
        for (kind, bytes) in [(HEADER, header), (IN_G1, g1), (IN_G2, g2)] {
            file.extend(kind.to_le_bytes());
            file.extend((bytes.len() as u64).to_le_bytes());
            file.extend(bytes);
        }
        file
    }

    #[track_caller]
    fn refuses(bytes: &[u8], wanted: &str) {
        assert_eq!(read(Cursor::new(bytes), K).err().as_deref(), Some(wanted));
    }

    #[test]
    fn reads_the_powers_that_are_needed_of_a_larger_file() {
        let setup = read(Cursor::new(file(secret(), K + 1)), K).expect("a good file");
        let points: Vec<u8> = setup.get_g().iter().flat_map(|point| point.to_raw_bytes()).collect();
        let powers = std::iter::successors(Some(Fr::ONE), |power| Some(power * secret()));
        assert_eq!(points, powers.take(1 << K).flat_map(in_g1).collect::<Vec<_>>());
        assert!(!is_unsafe(&setup.s_g2()));
    }

    #[test]
    fn refuses_files_of_another_form() {
        let good = file(secret(), K);
        refuses(b"", "not a powers-of-tau file");
        refuses(b"zkey\x01\0\0\0", "not a powers-of-tau file");
        for length in [4, 6, 11, 15, HEAD - 1, HEAD + 10, POWERS + 64, good.len() - 1] {
            refuses(&good[..length], TOO_SHORT);
        }
        let changed = |at: usize, byte: u8| {
            let mut bytes = good.clone();
            bytes[at] ^= byte;
            bytes
        };
        refuses(&changed(4, 3), "not version 1 of the format");
        refuses(&changed(12, 8), "the file has not one section of the header");
        refuses(&changed(12, 3), "the file has not one section of the header");
        refuses(&changed(HEAD, 1), "the file is not for BN254");
        refuses(&changed(HEAD + 4, 1), "the file is not for BN254");
        refuses(&changed(HEAD + 36, 1), "the powers in G1 are not as many as the header says");
        refuses(&changed(HEAD + 39, 0x80), "the header's power is out of range");
        refuses(&file(secret(), K - 1), "the file has 2^5 powers, 2^6 are needed");
    }

    #[test]
    fn refuses_points_that_are_wrong() {
        let good = file(secret(), K);
        let g2 = good.len() - (G2_BYTES << K);
        let with = |at: usize, bytes: &[u8]| {
            let mut file = good.clone();
            file[at..at + bytes.len()].copy_from_slice(bytes);
            file
        };
        let off = [Fq::ONE.to_raw_bytes(), Fq::ONE.to_raw_bytes()].concat();
        refuses(&with(POWERS + 5 * 64, &off), "power 5 in G1 is not a point of the group");
        refuses(&with(POWERS + 64, &[0xff; 64]), "power 1 in G1 is not a point of the group");
        refuses(&with(POWERS + 7 * 64, &[0; 64]), "power 7 in G1 is not a point of the group");
        refuses(&with(g2 + 128, &[0xff; 128]), "power 1 in G2 is not a point of the group");
        refuses(&with(POWERS, &in_g1(secret())), "the first power is not the generator");
        refuses(&with(POWERS + 9 * 64, &in_g1(Fr::ONE)), "the points are not powers of one secret");
        refuses(&file(Fr::ONE, K), "the secret is one: nobody has contributed");
        refuses(&file(super::super::unsafe_secret(), K), "this is the unsafe test setup");
    }

    fn bases() -> Section {
        let sections = sections(&mut Cursor::new(PREPARED)).expect("a good file");
        only(&sections, LAGRANGE_IN_G1, "bases").expect("prepared")
    }

    /// Where the basis of 2^K points is in the prepared file.
    fn basis() -> std::ops::Range<usize> {
        let start = bases().start as usize + ((1 << K) - 1) * G1_BYTES;
        start..start + (G1_BYTES << K)
    }

    fn with_basis(bytes: &[u8]) -> Vec<u8> {
        let mut file = PREPARED.to_vec();
        file[basis()].copy_from_slice(bytes);
        file
    }

    /// The prepared file up to this many points of its bases.
    fn cut(points: u64) -> Vec<u8> {
        let bases = bases();
        let length = points * G1_BYTES as u64;
        let mut file = PREPARED[..(bases.start + length) as usize].to_vec();
        file[8..12].copy_from_slice(&8u32.to_le_bytes());
        file[bases.start as usize - 8..][..8].copy_from_slice(&length.to_le_bytes());
        file
    }

    #[test]
    fn reads_the_basis_of_a_prepared_file_as_it_is_computed() {
        let mut without = PREPARED.to_vec();
        without[bases().start as usize - 12] = 99;
        for k in 1..=K {
            let [read, computed] = [PREPARED, &without[..]]
                .map(|file| format!("{:?}", read(Cursor::new(file), k).expect("a good file")));
            assert_eq!(read, computed);
        }
        let read = |file: &[u8]| format!("{:?}", read(Cursor::new(file), K).expect("a good file"));
        assert_eq!(read(&cut((2 << K) - 1)), read(PREPARED));
    }

    #[test]
    fn refuses_a_basis_that_is_wrong() {
        let good = &PREPARED[basis()];
        let changed = |i: usize, point: G1Affine| {
            let mut points = good.to_vec();
            points[i * G1_BYTES..][..G1_BYTES].copy_from_slice(&point.to_raw_bytes());
            with_basis(&points)
        };
        for i in 0..1 << K {
            let point = points_of_g1(&good[i * G1_BYTES..][..G1_BYTES], "").expect("a point")[0];
            let other = (point + G1Affine::generator()).to_affine();
            refuses(&changed(i, -point), NOT_OF_POWERS);
            refuses(&changed(i, other), NOT_OF_POWERS);
            let nowhere = format!("Lagrange point {i} in G1 is not a point of the group");
            refuses(&changed(i, G1Affine::identity()), &nowhere);
            for byte in (0..G1_BYTES).step_by(9) {
                let mut points = good.to_vec();
                points[i * G1_BYTES + byte] ^= 1;
                refuses(&with_basis(&points), &nowhere);
            }
        }
        let first = good.chunks(G1_BYTES).take(2).rev().flatten().copied();
        let swapped: Vec<u8> = first.chain(good[2 * G1_BYTES..].iter().copied()).collect();
        refuses(&with_basis(&swapped), NOT_OF_POWERS);
        let ours = lagrange::in_our_order(&points_of_g1(good, "").expect("points"), K);
        let ours: Vec<u8> = ours.iter().flat_map(|point| point.to_raw_bytes()).collect();
        refuses(&with_basis(&ours), NOT_OF_POWERS);
        let other = &PREPARED[bases().start as usize..][..G1_BYTES << K];
        refuses(&with_basis(other), NOT_OF_POWERS);
    }

    #[test]
    fn refuses_bases_of_another_form() {
        let too_few = "the Lagrange bases in G1 are not as long as the header says";
        for points in [0, 1, (1 << K) - 1, (2 << K) - 2, 2 << K, (4 << K) - 2] {
            refuses(&cut(points), too_few);
        }
        let mut twice = PREPARED.to_vec();
        let next = bases().start + bases().length;
        twice[next as usize] = LAGRANGE_IN_G1 as u8;
        refuses(&twice, "the file has not one section of the Lagrange bases in G1");
    }
}
