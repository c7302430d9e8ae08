//! Bytes made from proofs that prove nothing: all are refused, and none makes the verifier panic.

mod outline;

use std::collections::BTreeMap;
use std::panic::catch_unwind;

use p3_batch_stark::BatchProof;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use super::config::{Fast, Profile, VERSION, Zk};
use super::{Error, Header, Prover, Statement, verify};
use crate::execute::Inputs;
use crate::program::Program;
use outline::{Kind, Part, length, outline};

/// A proof and where its parts are.
struct Proven {
    profile: Profile,
    statement: Statement,
    bytes: Vec<u8>,
    parts: Vec<Part>,
}

fn prove(text: &str, inputs: &Inputs, profile: Profile) -> Proven {
    let program = Program::from_wasm(&wat::parse_str(text).unwrap()).unwrap();
    let prover = Prover::new(program, profile).unwrap();
    let (statement, bytes) = prover.prove(inputs, [7; 32], [1; 32]).unwrap();
    assert_eq!(verify(&statement, &bytes, profile), Ok(()));
    let (header, rest) = postcard::take_from_bytes::<Header>(&bytes[1..]).unwrap();
    let (encoded, parts) = match profile {
        Profile::Fast => {
            outline(&(VERSION, header, postcard::from_bytes::<BatchProof<Fast>>(rest).unwrap()))
        }
        Profile::Zk => {
            outline(&(VERSION, header, postcard::from_bytes::<BatchProof<Zk>>(rest).unwrap()))
        }
    };
    assert!(encoded == bytes, "the outline is not that of the proof");
    Proven { profile, statement, bytes, parts }
}

fn small(profile: Profile) -> Proven {
    let inputs = Inputs { public: vec![3], private: vec![] };
    prove(include_str!("../../../tests/fibonacci.wat"), &inputs, profile)
}

/// With every table.
fn large(profile: Profile) -> Proven {
    let inputs = Inputs { public: vec![1000], private: vec![0x1234_5678_9abc_def0, 77] };
    prove(include_str!("../../../tests/everything.wat"), &inputs, profile)
}

/// What a part becomes: each way that its kind allows, with a name.
fn changes(bytes: &[u8], part: &Part, random: &mut StdRng) -> Vec<(&'static str, Vec<u8>)> {
    let now = &bytes[part.span.clone()];
    let mut changes = vec![];
    match &part.kind {
        Kind::Bytes => {
            let mut flip = |name, at: usize, bit: u8| {
                let mut other = now.to_vec();
                other[at] ^= 1 << bit;
                changes.push((name, other));
            };
            flip("first bit", 0, 0);
            flip("last bit", now.len() - 1, 7);
            flip("some bit", random.random_range(0..now.len()), random.random_range(0..8));
            changes.push(("zeros", vec![0; now.len()]));
            changes.push(("ones", vec![0xff; now.len()]));
        }
        Kind::Option if now == [0] => {
            changes.push(("something", vec![1]));
            changes.push(("something, a number", vec![1, 0, 0, 0, 0]));
        }
        Kind::Option => {
            changes.push(("nothing", vec![0]));
            changes.push(("neither something nor nothing", [&[2], &now[1..]].concat()));
        }
        Kind::List(starts) => {
            let items: Vec<&[u8]> =
                starts.windows(2).map(|pair| &bytes[pair[0]..pair[1]]).collect();
            let count = items.len() as u64;
            let with = |items: &[&[u8]]| [&length(items.len() as u64), &*items.concat()].concat();
            let body = items.concat();
            if let [first, rest @ ..] = &items[..] {
                changes.push(("without the first", with(rest)));
                changes.push(("without the last", with(&items[..items.len() - 1])));
                changes.push(("the first twice", with(&[&[*first], &items[..]].concat())));
                changes.push(("none", with(&[])));
                let mut turned = items.clone();
                turned.rotate_left(1);
                changes.push(("in another order", with(&turned)));
            }
            changes.push(("a length too many", [length(count + 1), body.clone()].concat()));
            changes.push(("the longest length", [length(u64::MAX), body.clone()].concat()));
            // The same number, as a varint that is not the shortest.
            let mut long = length(count);
            *long.last_mut().expect("a length has bytes") |= 0x80;
            long.push(0);
            changes.push(("a length in another form", [long, body].concat()));
        }
    }
    changes.retain(|(_, other)| other != now);
    changes
}

/// Asserts that bytes are refused; a panic says which they were.
fn refused(proven: &Proven, bytes: &[u8], what: impl Fn() -> String) -> Error {
    match catch_unwind(|| verify(&proven.statement, bytes, proven.profile)) {
        Ok(Err(error)) => error,
        Ok(Ok(())) => panic!("accepted: {}", what()),
        Err(_) => panic!("the verifier panicked: {}", what()),
    }
}

/// Changes parts of a proof, `samples` of those that have the same path.
fn change_parts(proven: &Proven, samples: usize) {
    let Proven { bytes, parts, .. } = proven;
    let mut random = StdRng::seed_from_u64(1);
    let mut paths: BTreeMap<&str, Vec<&Part>> = BTreeMap::new();
    for part in parts {
        paths.entry(&part.path).or_default().push(part);
    }
    let (mut cases, mut errors) = (0, BTreeMap::<String, u32>::new());
    for (path, same) in &paths {
        let mut chosen = vec![0, same.len() - 1];
        chosen.extend((2..samples).map(|_| random.random_range(0..same.len())));
        chosen.dedup();
        for part in chosen.into_iter().map(|at| same[at]) {
            for (how, other) in changes(bytes, part, &mut random) {
                let (before, after) = (&bytes[..part.span.start], &bytes[part.span.end..]);
                let bad = [before, &other, after].concat();
                let what = || format!("{path} at {:?}: {how}", part.span);
                *errors.entry(format!("{:?}", refused(proven, &bad, what))).or_default() += 1;
                cases += 1;
            }
        }
    }
    println!("{cases} changes of {} kinds of parts: {errors:?}", paths.len());
    assert!(paths.len() > 30 && cases > 300, "{cases}");
}

/// Changes that do not mind what parts there are; `other` is a proof of something else.
fn edit(proven: &Proven, other: &[u8], count: usize) {
    let bytes = &proven.bytes;
    let mut random = StdRng::seed_from_u64(2);
    for number in 0..count {
        let at = random.random_range(0..bytes.len());
        let length = random.random_range(1..40);
        let end = (at + length).min(bytes.len());
        let bad = match number % 6 {
            0 => {
                let mut bad = bytes.clone();
                bad[at] ^= random.random_range(1..=255u8);
                bad
            }
            1 => bytes[..at].to_vec(),
            2 => [&bytes[..at], &bytes[end..]].concat(),
            3 => {
                let more: Vec<u8> = (0..length).map(|_| random.random()).collect();
                [&bytes[..at], &more, &bytes[at..]].concat()
            }
            // The other proof from here on, or for a while.
            4 => [&bytes[..at], &other[at.min(other.len())..]].concat(),
            _ => {
                let end = random.random_range(at..bytes.len());
                let part = &other[at.min(other.len())..end.min(other.len())];
                [&bytes[..at], part, &bytes[end..]].concat()
            }
        };
        if bad != *bytes {
            refused(proven, &bad, || format!("edit {number} at {at}"));
        }
    }
}

#[test]
fn no_part_of_a_proof_may_change() {
    change_parts(&small(Profile::Fast), 10);
    change_parts(&small(Profile::Zk), 3);
}

#[test]
fn edited_proofs_are_refused() {
    for (profile, count) in [(Profile::Fast, 1500), (Profile::Zk, 500)] {
        let proven = small(profile);
        let other = prove(r#"(module (func (export "zkmain")))"#, &Inputs::default(), profile);
        edit(&proven, &other.bytes, count);
        refused(&proven, &other.bytes, || "another proof".to_owned());
        refused(&other, &proven.bytes, || "another statement".to_owned());
    }
}

#[test]
#[ignore = "takes minutes"]
fn no_part_of_a_proof_of_all_tables_may_change() {
    for profile in Profile::ALL {
        let proven = large(profile);
        change_parts(&proven, 20);
        edit(&proven, &small(profile).bytes, 6000);
    }
}
