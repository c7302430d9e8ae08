//! Proofs of zkWasm's machine of which one part was tampered with: both verifiers refuse them.

mod common;

use common::machine::{MACHINE, PROVEN, TABLE_BITS, accepts};
use p3_batch_stark::{OpenedValues, proof::OpenedValuesWithLookups};
use p3_bn254::Bn254;
use p3_field::PrimeCharacteristicRing as _;
use p3_koala_bear::KoalaBear;
use p3_lookup::LookupTerminal;
use p3_symmetric::MerkleCap;
use wrap::{ext::Ext4, inner::Proof, verify::Cap};
use zkwasm::{
    program::isa::Status,
    prove::{
        Statement,
        config::VERSION,
        wrap::{Class, Key, PROFILE, split, verify},
    },
};

struct Run {
    statement: Statement,
    key: Key,
    proof: Proof,
}

impl Run {
    fn honest() -> Self {
        let (statement, bytes) = &*PROVEN;
        let (key, proof) = split(bytes).unwrap();
        let proof = postcard::from_bytes(proof).unwrap();
        Self { statement: statement.clone(), key, proof }
    }

    fn bytes(&self) -> Vec<u8> {
        let key = postcard::to_allocvec(&self.key).unwrap();
        let proof = postcard::to_allocvec(&self.proof).unwrap();
        [vec![VERSION, PROFILE], key, proof].concat()
    }

    fn opened(&mut self, table: usize) -> &mut OpenedValuesWithLookups<Ext4> {
        &mut self.proof.opened_values.instances[table]
    }

    fn row(&mut self, table: usize) -> &mut OpenedValues<Ext4> {
        &mut self.opened(table).base_opened_values
    }

    /// The first table with preprocessed columns.
    fn preprocessed(&mut self) -> &mut Vec<Ext4> {
        let mut rows = self.proof.opened_values.instances.iter_mut();
        &mut rows.find_map(|it| it.base_opened_values.preprocessed.as_mut()).unwrap().local
    }

    fn terminal(&mut self, table: usize, change: Ext4) {
        let LookupTerminal(value) = self.proof.lookup_terminals[table].as_mut().unwrap();
        *value += change;
    }
}

fn node(cap: &mut Cap, index: usize) {
    let mut roots = cap.roots().to_vec();
    roots[index][0] += Bn254::ONE;
    *cap = MerkleCap::new(roots);
}

/// Takes half of the nodes away: a number that is no power of two is no commitment.
fn halve(cap: &mut Cap) {
    let roots = cap.roots()[..cap.num_roots() / 2].to_vec();
    *cap = MerkleCap::new(roots);
}

/// What a case changes, and how.
type Tampering = (String, Box<dyn Fn(&mut Run)>);

fn case(what: impl Into<String>, tamper: impl Fn(&mut Run) + 'static) -> Tampering {
    (what.into(), Box::new(tamper))
}

/// One or two of each kind.
fn tamperings() -> Vec<Tampering> {
    vec![
        case("an input", |it| it.statement.inputs[0] += 1),
        case("an output", |it| it.statement.outputs[0] ^= 1 << 63),
        case("the status", |it| it.statement.status = Status::Unreachable),
        case("a node of the key", |it| node(&mut it.key.commitment, 31)),
        case("the main commitment", |it| node(&mut it.proof.commitments.main, 3)),
        case("a terminal", |it| it.terminal(0, Ext4::ONE)),
        case("the row", |it| it.row(0).trace_local[0] += Ext4::ONE),
        case("the quotient", |it| it.row(0).quotient_chunks[0][3] += Ext4::ONE),
        case("work before ζ", |it| it.proof.ood_pow_witness += KoalaBear::ONE),
        case("the last polynomial", |it| it.proof.opening_proof.final_poly[7] += Ext4::ONE),
        case("a queried row", |it| {
            it.proof.opening_proof.input_openings[0].opened_values[35][0][0] += KoalaBear::ONE;
        }),
        case("a node of a path", |it| {
            let opening = &mut it.proof.opening_proof.input_openings[3].opening_proof;
            opening.sibling_hashes[0][0] += Bn254::ONE;
        }),
        case("a round's row", |it| {
            it.proof.opening_proof.commit_phase_openings[1].sibling_values[0][0] += Ext4::ONE;
        }),
    ]
}

/// Each part, in each table, commitment and round.
fn all_tamperings() -> Vec<Tampering> {
    let mut all = vec![
        case("inputs", |it| it.statement.inputs.push(0)),
        case("outputs", |it| it.statement.outputs.clear()),
        case("an input as an output", |it| {
            it.statement.outputs = [&it.statement.inputs[..], &it.statement.outputs].concat();
            it.statement.inputs.clear();
        }),
        case("the binding", |it| it.statement.binding[31] ^= 1),
        case("the image id", |it| it.statement.image_id[31] ^= 1),
        case("the entry", |it| it.key.entry ^= 1),
        case("pages", |it| it.key.pages += 1),
        case("two terminals with the same sum", |it| {
            it.terminal(0, Ext4::ONE);
            it.terminal(1, -Ext4::ONE);
        }),
        case("work before lookups", |it| {
            *it.proof.lookup_pow_witness.as_mut().unwrap() += KoalaBear::ONE;
        }),
        case("work before openings", |it| {
            it.proof.opening_proof.batch_pow_witness += KoalaBear::ONE;
        }),
        case("work before queries", |it| {
            it.proof.opening_proof.query_pow_witness += KoalaBear::ONE;
        }),
        case("a queried row, of two queries", |it| {
            it.proof.opening_proof.input_openings[0].opened_values.swap(0, 1);
        }),
    ];
    all.push(case("a node more of paths", |it| {
        let paths = &mut it.proof.opening_proof.input_openings[0].opening_proof;
        paths.sibling_hashes.push(paths.sibling_hashes[0]);
    }));
    all.push(case("a node less of paths", |it| {
        let paths = &mut it.proof.opening_proof.input_openings[0].opening_proof;
        paths.sibling_hashes.pop();
    }));
    for index in 0..32 {
        all.push(case(format!("node {index} of the key"), move |it| {
            node(&mut it.key.commitment, index);
        }));
    }
    for index in [0, 31] {
        let commitments: [fn(&mut Proof) -> &mut Cap; 3] = [
            |it| &mut it.commitments.main,
            |it| &mut it.commitments.quotient_chunks,
            |it| it.commitments.permutation.as_mut().unwrap(),
        ];
        for (i, commitment) in commitments.into_iter().enumerate() {
            all.push(case(format!("node {index} of commitment {i}"), move |it| {
                node(commitment(&mut it.proof), index);
            }));
        }
    }
    let Run { mut proof, .. } = Run::honest();
    for (i, opened) in proof.opened_values.instances.iter_mut().enumerate() {
        let base = &mut opened.base_opened_values;
        let mut add = |what: &str, value: fn(&mut OpenedValuesWithLookups<Ext4>) -> &mut Ext4| {
            all.push(case(format!("{what} of table {i}"), move |it| {
                *value(it.opened(i)) += Ext4::ONE;
            }));
        };
        add("the row", |it| it.base_opened_values.trace_local.last_mut().unwrap());
        add("the quotient", |it| {
            it.base_opened_values.quotient_chunks.last_mut().unwrap().last_mut().unwrap()
        });
        if base.trace_next.is_some() {
            add("the next row", |it| {
                it.base_opened_values.trace_next.as_mut().unwrap().last_mut().unwrap()
            });
        }
        if let Some(preprocessed) = &base.preprocessed {
            add("the preprocessed row", |it| {
                it.base_opened_values.preprocessed.as_mut().unwrap().local.last_mut().unwrap()
            });
            if preprocessed.next.is_some() {
                add("the next preprocessed row", |it| {
                    let rows = it.base_opened_values.preprocessed.as_mut().unwrap();
                    rows.next.as_mut().unwrap().last_mut().unwrap()
                });
            }
        }
        if !opened.permutation_local.is_empty() {
            add("the lookups' row", |it| it.permutation_local.last_mut().unwrap());
            add("the lookups' next row", |it| it.permutation_next.last_mut().unwrap());
            all.push(case(format!("the terminal of table {i}"), move |it| {
                it.terminal(i, Ext4::ONE);
            }));
        }
    }
    let opening = &proof.opening_proof;
    for (i, opened) in opening.input_openings.iter().enumerate() {
        let last = opened.opened_values[0].len() - 1;
        for (query, matrix) in [(0, 0), (17, last / 2), (35, last)] {
            let what = format!("a row of matrix {matrix} of commitment {i} at query {query}");
            all.push(case(what, move |it| {
                let rows = &mut it.proof.opening_proof.input_openings[i].opened_values[query];
                *rows[matrix].last_mut().unwrap() += KoalaBear::ONE;
            }));
        }
        let nodes = opened.opening_proof.sibling_hashes.len();
        for node in [0, nodes / 2, nodes - 1] {
            all.push(case(format!("node {node} of paths of commitment {i}"), move |it| {
                let paths = &mut it.proof.opening_proof.input_openings[i].opening_proof;
                paths.sibling_hashes[node][0] += Bn254::ONE;
            }));
        }
    }
    for (i, round) in opening.commit_phase_openings.iter().enumerate() {
        all.push(case(format!("the commitment of round {i}"), move |it| {
            node(&mut it.proof.opening_proof.commit_phase_commits[i], 0);
        }));
        all.push(case(format!("work of round {i}"), move |it| {
            it.proof.opening_proof.commit_pow_witnesses[i] += KoalaBear::ONE;
        }));
        for query in [0, 35] {
            all.push(case(format!("the row of round {i} at query {query}"), move |it| {
                let rows = &mut it.proof.opening_proof.commit_phase_openings[i].sibling_values;
                *rows[query].last_mut().unwrap() += Ext4::ONE;
            }));
        }
        let nodes = round.opening_proof.sibling_hashes.len();
        for node in [0, nodes - 1] {
            all.push(case(format!("node {node} of paths of round {i}"), move |it| {
                let paths = &mut it.proof.opening_proof.commit_phase_openings[i].opening_proof;
                paths.sibling_hashes[node][0] += Bn254::ONE;
            }));
        }
    }
    for coefficient in 0..opening.final_poly.len() {
        all.push(case(format!("coefficient {coefficient} of the last polynomial"), move |it| {
            it.proof.opening_proof.final_poly[coefficient] += Ext4::ONE;
        }));
    }
    all
}

/// What leaves a proof in another shape.
fn misshapen() -> Vec<Tampering> {
    vec![
        case("another class", |it| it.key.class = Class::Small),
        case("half the key", |it| halve(&mut it.key.commitment)),
        case("half a commitment", |it| halve(&mut it.proof.commitments.main)),
        case("half the quotient's", |it| {
            halve(&mut it.proof.commitments.quotient_chunks);
        }),
        case("no commitment to lookups", |it| it.proof.commitments.permutation = None),
        case("a commitment to masks", |it| {
            it.proof.commitments.random = Some(it.proof.commitments.main.clone());
        }),
        case("another height", |it| it.proof.degree_bits[25] += 1),
        case("a table more", |it| it.proof.degree_bits.push(8)),
        case("a table less", |it| {
            it.proof.opened_values.instances.pop();
        }),
        case("no terminal", |it| it.proof.lookup_terminals[0] = None),
        case("a terminal less", |it| {
            it.proof.lookup_terminals.pop();
        }),
        case("no work before lookups", |it| it.proof.lookup_pow_witness = None),
        case("a column less", |it| {
            it.row(0).trace_local.pop();
        }),
        case("a column more", |it| it.row(0).trace_next.as_mut().unwrap().push(Ext4::ONE)),
        case("no next row", |it| it.row(0).trace_next = None),
        case("masks", |it| it.row(0).random = Some(vec![Ext4::ONE; 4])),
        case("a preprocessed column less", |it| {
            it.preprocessed().pop();
        }),
        case("a chunk less", |it| {
            it.row(0).quotient_chunks.pop();
        }),
        case("a coordinate less", |it| {
            it.row(0).quotient_chunks[0].pop();
        }),
        case("a lookup less", |it| {
            it.opened(0).permutation_local.truncate(4);
        }),
        case("a lookup more", |it| it.opened(0).permutation_next.push(Ext4::ONE)),
    ]
}

/// The same, of what is found when most of the circuit is laid.
fn misshapen_openings() -> Vec<Tampering> {
    vec![
        case("a round less", |it| {
            it.proof.opening_proof.commit_phase_commits.pop();
        }),
        case("work less", |it| {
            it.proof.opening_proof.commit_pow_witnesses.pop();
        }),
        case("half a round's", |it| {
            halve(&mut it.proof.opening_proof.commit_phase_commits[0]);
        }),
        case("a round's openings less", |it| {
            it.proof.opening_proof.commit_phase_openings.pop();
        }),
        case("a query less of a round", |it| {
            it.proof.opening_proof.commit_phase_openings[1].sibling_values.pop();
        }),
        case("a query more of a round", |it| {
            let rows = &mut it.proof.opening_proof.commit_phase_openings[0].sibling_values;
            rows.push(rows[0].clone());
        }),
        case("another arity", |it| {
            it.proof.opening_proof.commit_phase_openings[0].sibling_values[0].pop();
        }),
        case("a coefficient more", |it| it.proof.opening_proof.final_poly.push(Ext4::ZERO)),
        case("a commitment's openings less", |it| {
            it.proof.opening_proof.input_openings.pop();
        }),
        case("a query less", |it| {
            it.proof.opening_proof.input_openings[1].opened_values.pop();
        }),
        case("a query more", |it| {
            let opened = &mut it.proof.opening_proof.input_openings[0].opened_values;
            opened.push(opened[0].clone());
        }),
        case("a matrix less of a queried row", |it| {
            it.proof.opening_proof.input_openings[0].opened_values[0].pop();
        }),
        case("a column more of a queried row", |it| {
            let rows = &mut it.proof.opening_proof.input_openings[2].opened_values[0];
            rows[0].push(KoalaBear::ZERO);
        }),
    ]
}

/// That both verifiers refuse each of them.
fn refuse(tamperings: Vec<Tampering>, is_misshapen: bool) {
    for (what, tamper) in tamperings {
        let mut run = Run::honest();
        tamper(&mut run);
        let bytes = run.bytes();
        assert!(verify(&run.statement, &bytes).is_err(), "the native verifier accepts {what}");
        if is_misshapen {
            let tape = MACHINE.tape(&run.statement, &bytes, TABLE_BITS);
            assert!(tape.is_err(), "a circuit is laid for {what}");
        } else {
            assert!(!accepts(&run.statement, &bytes), "the circuit accepts {what}");
        }
    }
}

#[test]
fn a_proof_is_its_parts() {
    let run = Run::honest();
    assert_eq!(run.bytes(), PROVEN.1);
}

#[test]
fn each_kind_of_tampering_is_refused() {
    refuse(tamperings(), false);
}

#[test]
#[ignore = "takes minutes"]
fn tampering_with_each_part_is_refused() {
    refuse(all_tamperings(), false);
}

#[test]
fn another_shape_is_refused() {
    refuse(misshapen(), true);
}

#[test]
#[ignore = "takes a minute"]
fn another_shape_of_openings_is_refused() {
    refuse(misshapen_openings(), true);
}

#[test]
fn bytes_beside_a_proof_are_refused() {
    let (statement, proof) = &*PROVEN;
    for bytes in [[proof, &[0][..]].concat(), proof[..proof.len() - 1].to_vec()] {
        assert!(verify(statement, &bytes).is_err());
        assert!(MACHINE.tape(statement, &bytes, TABLE_BITS).is_err());
    }
}
