//! That words are bound to a run, each check by itself: the rest of the circuit sees none of these.

use p3_field::PrimeField32 as _;
use zkwasm::prove::wrap::{Key, statement::bytes_of};

use super::*;

const CLASS: Class = Class::Tiny;

/// What the words are compared with, and they.
#[derive(PartialEq)]
struct Parts {
    words: [Fr; WORDS],
    /// Entry, pages, status, whether it is done, how many outputs.
    public: [u32; 5],
    /// Operation, whether it is an input, index, limbs: of each row.
    given: Vec<Vec<u32>>,
    nodes: Vec<Fr>,
}

/// Of a run with two inputs and three outputs.
fn parts(status: Status) -> Parts {
    let (inputs, outputs) = (vec![u64::MAX, 2], vec![3, u64::MAX - 1, 5]);
    let nodes: Vec<_> = (1..=1 << CAP_HEIGHT).map(|node| [Bn254::from_u64(node)]).collect();
    let commitment = MerkleCap::new(nodes.clone());
    let key = Key { class: CLASS, entry: 7, pages: 3, commitment };
    let image_id = key.image_id();
    let airs = tables(CLASS, &inputs, &outputs);
    let columns = airs.iter().map(|it| it.periodic_columns()).find(|it| !it.is_empty()).unwrap();
    let given = columns.iter().map(|column| &column[..MAX_IO]);
    let given = given.map(|it| it.iter().map(|value| value.as_canonical_u32()).collect()).collect();
    let done = u32::from(status == Status::Done);
    let public = [key.entry, key.pages, status as u32, done, outputs.len() as u32];
    let statement = RunStatement { image_id, status, inputs, outputs, binding: [9; 32] };
    assert_eq!(image_id, bytes_of(key.digest()));
    let words = words(&statement, CLASS).map(from_p3);
    Parts { words, public, given, nodes: nodes.iter().map(|node| from_p3(node[0])).collect() }
}

fn holds(parts: &Parts) -> bool {
    let mut tape = Tape::new(16);
    let words = parts.words.map(|word| tape.witness(word));
    let mut load = |value: &u32| tape.load_canonical(KoalaBear::from_u32(*value));
    let statement = Statement {
        public_values: vec![parts.public.iter().map(&mut load).collect(), vec![]],
        given: vec![
            vec![],
            parts.given.iter().map(|it| it.iter().map(&mut load).collect()).collect(),
        ],
        preprocessed: parts.nodes.iter().map(|node| tape.witness(*node)).collect(),
    };
    assert_states(&mut tape, CLASS, &words, &statement).expect("of the shape");
    tape.fault().is_none()
}

const OPERATION: usize = 0;
const IS_INPUT: usize = 1;
const INDEX: usize = 2;
const FIRST_LIMB: usize = 3;

fn byte(at: u32, byte: u64) -> Fr {
    Fr::from(byte << (8 * at))
}

#[test]
fn the_words_of_a_run_are_accepted() {
    for status in Status::ALL {
        assert!(holds(&parts(*status)), "{status:?}");
    }
}

#[test]
fn other_words_are_refused() {
    let bound = [0, 1].into_iter().chain(4..WORDS);
    for word in bound {
        let mut other = parts(Status::Done);
        other.words[word] += Fr::ONE;
        assert!(!holds(&other), "word {word}");
    }
}

#[test]
fn what_words_would_hide_is_refused() {
    let refused = |what: &str, status: Status, change: &dyn Fn(&mut Parts)| {
        let mut other = parts(status);
        change(&mut other);
        assert!(other != parts(status) && !holds(&other), "{what}");
    };
    let done = |what: &str, change: &dyn Fn(&mut Parts)| refused(what, Status::Done, change);
    refused("a failed run that is done", Status::Unreachable, &|it| it.public[3] = 1);
    done("a finished run that is not done", &|it| it.public[3] = 0);
    refused("done, twice", Status::Unreachable, &|it| it.public[3] = 2);
    done("a status that carries into the next byte", &|it| {
        (it.public[2], it.public[3]) = (256, 0);
        it.words[0] += byte(3, 1);
    });
    done("another number of outputs", &|it| {
        it.public[4] = 2;
        it.words[0] -= byte(4, 1);
    });
    done("outputs beyond a byte", &|it| {
        it.public[4] = 256 + 3;
        it.words[0] += byte(5, 1);
    });
    done("an output as an input", &|it| {
        (it.given[IS_INPUT][2], it.given[OPERATION][2]) = (1, Op::Input as u32);
        it.given[INDEX][2] = 2;
        it.words[0] += byte(3, 1);
    });
    done("an output that is said to be an input", &|it| it.given[IS_INPUT][2] = 1);
    done("an input that is said to be an output", &|it| it.given[OPERATION][1] = Op::Output as u32);
    done("another operation", &|it| it.given[OPERATION][4] += 1);
    done("an input after outputs", &|it| {
        for column in [OPERATION, IS_INPUT, INDEX] {
            it.given[column].swap(1, 2);
        }
    });
    done("a row that is left out", &|it| {
        for column in [OPERATION, IS_INPUT, INDEX] {
            it.given[column].swap(4, 5);
        }
    });
    done("two outputs of one index", &|it| it.given[INDEX][3] = 0);
    done("an index in a row that is not used", &|it| it.given[INDEX][MAX_IO - 1] = 1);
    done("a number in a row that is not used", &|it| it.given[FIRST_LIMB][MAX_IO - 1] = 1);
    done("a limb that carries into the next", &|it| {
        // The first input: its lowest limb has what one less of the next is worth.
        it.given[FIRST_LIMB][0] += 1 << 16;
        it.given[FIRST_LIMB + 1][0] -= 1;
    });
    done("an entry for pages", &|it| it.public.swap(0, 1));
    done("nodes of a commitment, exchanged", &|it| it.nodes.swap(0, 1));
    for node in 0..1 << CAP_HEIGHT {
        done("another node", &|it| it.nodes[node] += Fr::ONE);
    }
}
