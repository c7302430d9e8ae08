use halo2_axiom::{
    halo2curves::{CurveAffine, bn256::Fq2},
    poly::commitment::ParamsProver,
};

use super::*;
use crate::keys::{unsafe_secret, write_setup};

const HEADER: usize = 12 + 12;
const POWERS_G1: usize = HEADER + 44 + 12;

/// A file of snarkjs' form with 2^power powers of a secret, as far as the importer reads it.
fn file(secret: Fr, power: u32) -> Vec<u8> {
    let count = 2usize << power;
    let powers: Vec<Fr> =
        std::iter::successors(Some(Fr::ONE), |power| Some(power * secret)).take(count).collect();
    let mut modulus = (-Fq::ONE).to_repr();
    modulus[0] += 1;
    // The file's power and the ceremony's.
    let powers_of = [power, power].map(u32::to_le_bytes).concat();
    let header = [&32u32.to_le_bytes()[..], &modulus, &powers_of].concat();
    let g1: Vec<u8> = powers[..count - 1]
        .iter()
        .flat_map(|power| G1Affine::from(G1Affine::generator() * power).to_raw_bytes())
        .collect();
    let mut g2: Vec<u8> = powers[..2]
        .iter()
        .flat_map(|power| G2Affine::from(G2Affine::generator() * power).to_raw_bytes())
        .collect();
    g2.resize(G2_BYTES << power, 0);
    let sections = [(1u32, header), (2, g1), (3, g2)];
    let mut file = [MAGIC, &VERSION.to_le_bytes(), &3u32.to_le_bytes()].concat();
    for (kind, bytes) in sections {
        file.extend_from_slice(&kind.to_le_bytes());
        file.extend_from_slice(&(bytes.len() as u64).to_le_bytes());
        file.extend_from_slice(&bytes);
    }
    file
}

fn secret() -> Fr {
    Fr::from(0x1234_5678_9abc_def0)
}

#[track_caller]
fn refuses(bytes: &[u8], wanted: &str) {
    assert_eq!(read(bytes).err().as_deref(), Some(wanted));
}

#[test]
fn reads_the_powers_and_makes_keys_of_them() {
    let setup = read(&file(secret(), K + 1)).unwrap();
    let mut power = Fr::ONE;
    for point in &setup.get_g()[..20] {
        assert_eq!(*point, G1Affine::from(G1Affine::generator() * power));
        power *= secret();
    }
    assert_eq!(setup.get_g().len(), 1 << K);
    assert!(!is_unsafe(&setup.s_g2()));

    let key = crate::keys::make_verifying_key(&setup).unwrap();
    let (name, source) = crate::solidity::verifier(&setup, &key).unwrap();
    assert_eq!(name, "WeatherVerifier");
    assert!(source.contains("contract WeatherVerifier {"));
    assert!(!source.contains("chainid") && !source.contains("constructor"));
}

#[test]
fn makes_the_same_setup_as_from_the_secret() {
    let from_file = read(&file(secret(), K)).unwrap();
    let powers: Vec<G1Affine> =
        std::iter::successors(Some(Fr::ONE), |power| Some(power * secret()))
            .take(1 << K)
            .map(|power| G1Affine::from(G1Affine::generator() * power))
            .collect();
    let direct = assemble(powers, (G2Affine::generator() * secret()).into());
    assert!(write_setup(&from_file).unwrap() == write_setup(&direct).unwrap());
}

#[test]
fn refuses_files_of_another_form() {
    let good = file(secret(), K);
    refuses(b"", "not a powers-of-tau file");
    refuses(b"zkey\x01\0\0\0", "not a powers-of-tau file");
    for length in [4, 6, 11, 15, HEADER - 1, HEADER + 10, POWERS_G1 + 64, good.len() - 1] {
        refuses(&good[..length], "the file ends too early");
    }
    let changed = |at: usize, byte: u8| {
        let mut bytes = good.clone();
        bytes[at] ^= byte;
        bytes
    };
    refuses(&changed(4, 3), "not version 1 of the format");
    refuses(&changed(12, 8), "the file has not one section of the header");
    refuses(&changed(12, 3), "the file has not one section of the header");
    refuses(&changed(HEADER, 1), "the file is not for BN254");
    refuses(&changed(HEADER + 4, 1), "the file is not for BN254");
    refuses(&changed(HEADER + 36, 1), "the powers in G1 are not as many as the header says");
    refuses(&changed(HEADER + 39, 0x80), "the header's power is out of range");
    refuses(&changed(HEADER + 36, K as u8 ^ 3), "the file has 2^3 powers, 2^10 are needed");
    refuses(&file(secret(), K - 1), "the file has 2^9 powers, 2^10 are needed");
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
    let random = |count: u64| G1Affine::from(G1Affine::generator() * Fr::from(count));

    // Off the curve, not reduced, at infinity.
    let off = [Fq::ONE.to_raw_bytes(), Fq::ONE.to_raw_bytes()].concat();
    refuses(&with(POWERS_G1 + 5 * 64, &off), "power 5 in G1 is not a point of the group");
    refuses(&with(POWERS_G1 + 64, &[0xff; 64]), "power 1 in G1 is not a point of the group");
    refuses(&with(POWERS_G1 + 7 * 64, &[0; 64]), "power 7 in G1 is not a point of the group");
    refuses(&with(g2 + G2_BYTES, &[0xff; 128]), "power 1 in G2 is not a point of the group");
    refuses(&with(g2 + G2_BYTES, &[0; 128]), "power 1 in G2 is not a point of the group");
    let foreign = outside_the_group().to_raw_bytes();
    refuses(&with(g2 + G2_BYTES, &foreign), "power 1 in G2 is not a point of the group");

    // Points of the group, but not the powers.
    refuses(&with(POWERS_G1, &random(2).to_raw_bytes()), "the first power is not the generator");
    let second = G2Affine::from(G2Affine::generator() * Fr::from(2)).to_raw_bytes();
    refuses(&with(g2, &second), "the first power is not the generator");
    for at in [1, 2, 511, (1 << K) - 1] {
        refuses(
            &with(POWERS_G1 + at * 64, &random(99).to_raw_bytes()),
            "the points are not powers of one secret",
        );
    }
    refuses(&with(g2 + G2_BYTES, &second), "the points are not powers of one secret");
    // Two swapped powers keep a plain sum.
    let mut swapped = good.clone();
    let (low, high) = swapped.split_at_mut(POWERS_G1 + 9 * 64);
    low[POWERS_G1 + 8 * 64..].swap_with_slice(&mut high[..64]);
    refuses(&swapped, "the points are not powers of one secret");
}

#[test]
fn refuses_setups_without_a_secret() {
    refuses(&file(Fr::ONE, K), "the secret is one: nobody has contributed");
    refuses(&file(unsafe_secret(), K), "this is the unsafe test setup");
    refuses(&file(Fr::ZERO, K), "power 1 in G1 is not a point of the group");
}

/// A point of the twist whose order is not the group's.
fn outside_the_group() -> G2Affine {
    (1..)
        .filter_map(|x: u64| {
            let x = Fq2 { c0: Fq::from(x), c1: Fq::ONE };
            let y = (x.square() * x + G2Affine::b()).sqrt();
            Option::from(y).and_then(|y| Option::from(G2Affine::from_xy(x, y)))
        })
        .find(|point| !bool::from(G2::from(*point).is_torsion_free()))
        .expect("most points of the twist")
}
