//! Leaves and paths against Plonky3's trees.

mod common;

use common::holds;
use halo2_axiom::halo2curves::{bn256::Fr, ff::Field as _};
use p3_commit::{BatchOpeningRef, Mmcs as _};
use p3_field::{PrimeCharacteristicRing as _, PrimeField32 as _};
use p3_koala_bear::KoalaBear;
use p3_matrix::{Dimensions, Matrix as _, dense::RowMajorMatrix};
use p3_symmetric::CryptographicHasher as _;
use rand::{RngExt as _, SeedableRng as _, rngs::StdRng};
use wrap::{
    field::from_p3,
    hash, inner,
    tape::{Cell, Tape},
};

/// Order of KoalaBear.
const P: u32 = KoalaBear::ORDER_U32;

/// An opening of a tree, as plain numbers.
#[derive(Clone)]
struct Opening {
    leaf: Vec<Fr>,
    index: usize,
    log_height: usize,
    siblings: Vec<Fr>,
    cap: Vec<Fr>,
}

fn random(rng: &mut StdRng) -> KoalaBear {
    KoalaBear::from_u32(rng.random_range(0..P))
}

fn number(value: KoalaBear) -> Fr {
    Fr::from(u64::from(value.as_canonical_u32()))
}

/// Opens a random row of random matrices of one height.
fn opening(rng: &mut StdRng, log_height: usize, widths: &[usize], cap_height: usize) -> Opening {
    let mmcs = inner::mmcs(cap_height);
    let height = 1 << log_height;
    let matrices: Vec<_> = widths
        .iter()
        .map(|width| {
            RowMajorMatrix::new((0..height * width).map(|_| random(rng)).collect(), *width)
        })
        .collect();
    let dimensions: Vec<_> =
        matrices.iter().map(|it| Dimensions { width: it.width(), height }).collect();
    let (commitment, data) = mmcs.commit(matrices);
    let index = rng.random_range(0..height);
    let opened = mmcs.open_batch(index, &data);
    let reference = BatchOpeningRef::new(&opened.opened_values, &opened.opening_proof);
    mmcs.verify_batch(&commitment, &dimensions, index, reference).expect("Plonky3 agrees");
    Opening {
        leaf: opened.opened_values.concat().into_iter().map(number).collect(),
        index,
        log_height,
        siblings: opened.opening_proof.iter().map(|node| from_p3(node[0])).collect(),
        cap: commitment.roots().iter().map(|node| from_p3(node[0])).collect(),
    }
}

fn load(tape: &mut Tape, values: &[Fr]) -> Vec<Cell> {
    values.iter().map(|value| tape.witness(*value)).collect()
}

/// A circuit of the opening, as a verifier would lay it.
fn tape(opening: &Opening) -> Tape {
    let mut tape = Tape::new(8);
    let leaf = load(&mut tape, &opening.leaf);
    leaf.iter().for_each(|element| tape.assert_bits(*element, hash::DIGIT_BITS));
    let bits = (0..opening.log_height).map(|i| Fr::from((opening.index >> i & 1) as u64));
    let index = load(&mut tape, &bits.collect::<Vec<_>>());
    index.iter().for_each(|bit| tape.assert_bit(*bit));
    let siblings = load(&mut tape, &opening.siblings);
    let cap = load(&mut tape, &opening.cap);
    cap.iter().for_each(|root| tape.expose(*root));
    let digest = hash::leaf(&mut tape, &leaf);
    let top = hash::one_hot(&mut tape, &index[siblings.len()..]);
    hash::assert_opens(&mut tape, digest, &index, &siblings, (&cap, &top));
    tape
}

#[test]
fn leaves_hash_as_plonky3_hashes_them() {
    let mut rng = StdRng::seed_from_u64(1);
    for length in [1, 7, 8, 9, 15, 16, 17, 24, 25, 40] {
        let mut elements: Vec<_> = (0..length).map(|_| random(&mut rng)).collect();
        elements[0] = KoalaBear::from_u32(P - 1);
        let mut tape = Tape::new(8);
        let cells = load(&mut tape, &elements.iter().map(|it| number(*it)).collect::<Vec<_>>());
        let digest = hash::leaf(&mut tape, &cells);
        let words: Vec<_> = elements.chunks(8).map(|it| tape.load_word(it)[0]).collect();
        let of_words = hash::leaf_of_words(&mut tape, &words);
        let want = from_p3(inner::leaf_hash().hash_iter(elements)[0]);
        assert_eq!([digest, of_words].map(|it| tape.value(it)), [want; 2]);
        assert!(holds(&tape));
    }
}

#[test]
fn opens_what_plonky3_commits_to() {
    let mut rng = StdRng::seed_from_u64(2);
    let shapes: [(usize, &[usize], usize); 5] =
        [(3, &[5], 0), (4, &[3, 9, 1], 1), (2, &[16], 2), (6, &[20, 4], 3), (1, &[1], 0)];
    for (log_height, widths, cap_height) in shapes {
        assert!(holds(&tape(&opening(&mut rng, log_height, widths, cap_height))));
    }
}

#[test]
fn rejects_anything_else() {
    let mut rng = StdRng::seed_from_u64(3);
    let honest = opening(&mut rng, 4, &[3, 2], 1);
    assert!(holds(&tape(&honest)));
    let refused = |change: &dyn Fn(&mut Opening)| {
        let mut changed = honest.clone();
        change(&mut changed);
        !holds(&tape(&changed))
    };
    for element in 0..honest.leaf.len() {
        assert!(refused(&|it| it.leaf[element] += Fr::ONE), "element {element}");
    }
    for bit in 0..honest.log_height {
        assert!(refused(&|it| it.index ^= 1 << bit), "bit {bit} of the index");
    }
    for level in 0..honest.siblings.len() {
        assert!(refused(&|it| it.siblings[level] += Fr::ONE), "sibling {level}");
    }
    let root = honest.index >> honest.siblings.len();
    assert!(refused(&|it| it.cap[root] += Fr::ONE), "the root above");
    assert!(!refused(&|it| it.cap[1 - root] += Fr::ONE), "the other root is another's concern");
}

#[test]
fn one_of_all_numbers_is_chosen() {
    for bits in 0..4 {
        for index in 0..1 << bits {
            let mut tape = Tape::new(8);
            let values: Vec<_> = (0..bits).map(|i| Fr::from((index >> i & 1) as u64)).collect();
            let cells = load(&mut tape, &values);
            let one_hot = hash::one_hot(&mut tape, &cells);
            let chosen: Vec<_> = one_hot.iter().map(|it| tape.value(*it) == Fr::ONE).collect();
            assert_eq!(chosen, (0..1 << bits).map(|i| i == index).collect::<Vec<_>>());
            let table: Vec<_> = (0..1 << bits).map(|i| tape.constant(Fr::from(100 + i))).collect();
            let entry = hash::entry(&mut tape, &table, &one_hot);
            assert_eq!(tape.value(entry), Fr::from(100 + index as u64));
            assert!(holds(&tape));
        }
    }
}

#[test]
fn a_word_has_one_opening() {
    let mut rng = StdRng::seed_from_u64(4);
    let mut other = opening(&mut rng, 2, &[4], 0);
    // The same packed word by other digits: one too large, the next one less.
    other.leaf[0] += Fr::from(1 << hash::DIGIT_BITS);
    other.leaf[1] -= Fr::ONE;
    assert!(!holds(&tape(&other)));
    let mut other = opening(&mut rng, 2, &[4], 0);
    other.leaf[3] = -Fr::ONE;
    assert!(!holds(&tape(&other)));
}

#[test]
fn every_cell_of_a_path_is_bound() {
    let mut rng = StdRng::seed_from_u64(5);
    let honest = tape(&opening(&mut rng, 2, &[2], 1));
    assert!(holds(&honest));
    for cell in 0..honest.base.len() {
        let mut changed = honest.clone();
        changed.base[cell] += Fr::ONE;
        assert!(!holds(&changed), "cell {cell}");
    }
    for lookup in 0..honest.lookups.len() {
        let mut changed = honest.clone();
        changed.lookups[lookup].1 += Fr::ONE;
        assert!(!holds(&changed), "lookup {lookup}");
    }
}
