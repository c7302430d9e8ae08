//! Classes of sizes, and the parameters of the proof system.

use p3_bn254::Bn254;
use p3_challenger::{CanObserve, MultiField32Challenger};
use p3_commit::ExtensionMmcs;
use p3_fri::{FriParameters, TwoAdicFriPcs};
use p3_merkle_tree::{MerkleCap, MerkleTreeMmcs};
use p3_symmetric::{Hash, MultiField32PaddingFreeSponge, TruncatedPermutation};
use p3_uni_stark::StarkConfig;
use serde::{Deserialize, Serialize};

use super::poseidon2::{Poseidon2, WIDTH};
use super::statement::WORDS;
use crate::chips::Val;
use crate::prove::Error;
use crate::prove::config::{Challenge, GRINDING};
use crate::prove::tables::Form;
use crate::prove::watched::WatchedDft;

/// The height of all tables, as its logarithm. A circuit verifies the proofs of one class, of any
/// program.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "u8", into = "u8")]
#[repr(u8)]
pub enum Class {
    /// The lowest: the table of bytes has as many rows.
    Tiny = 8,
    Small = 12,
    Medium = 14,
}

impl Class {
    pub const ALL: [Class; 3] = [Class::Tiny, Class::Small, Class::Medium];

    pub const fn log_height(self) -> usize {
        self as usize
    }

    /// Parameters of the low-degree test.
    pub fn fri<M>(self, mmcs: M) -> FriParameters<M> {
        FriParameters {
            // Of what gives 100 bits, the one with the fewest queries: a circuit costs by these.
            log_blowup: 5,
            log_final_poly_len: 3,
            max_log_arity: 3,
            num_queries: 36,
            // The more rows, the more a batch of columns leaves to chance.
            batch_proof_of_work_bits: match self {
                Class::Tiny => GRINDING,
                Class::Small => GRINDING + 3,
                Class::Medium => GRINDING + 5,
            },
            commit_proof_of_work_bits: GRINDING,
            query_proof_of_work_bits: GRINDING,
            mmcs,
        }
    }

    /// All tables, so that proofs of a class have one shape.
    pub(super) const fn form(self) -> Form {
        Form { least: self.log_height(), all: true }
    }
}

impl From<Class> for u8 {
    fn from(class: Class) -> u8 {
        class as u8
    }
}

impl TryFrom<u8> for Class {
    type Error = Error;

    fn try_from(number: u8) -> Result<Class, Error> {
        Class::ALL.into_iter().find(|class| *class as u8 == number).ok_or(Error::Height)
    }
}

type Rate = MultiField32PaddingFreeSponge<Val, Bn254, Poseidon2, WIDTH, 2, 1>;
pub type Compress = TruncatedPermutation<Poseidon2, 2, 1, WIDTH>;
type Mmcs = MerkleTreeMmcs<Val, Bn254, Rate, Compress, 2, 1>;
type Pcs = TwoAdicFriPcs<Val, WatchedDft, Mmcs, ExtensionMmcs<Val, Challenge, Mmcs>>;
pub type Challenger = MultiField32Challenger<Val, Bn254, Poseidon2, WIDTH, 2>;
pub type Commitment = MerkleCap<Val, [Bn254; 1]>;
pub type Wrap = StarkConfig<Pcs, Challenge, Challenger>;

/// Depth at which Merkle trees end in a list of nodes.
pub const CAP_HEIGHT: usize = 5;

/// The parameters, with the words that the transcript starts from.
pub fn config(class: Class, words: [Bn254; WORDS]) -> Wrap {
    let permutation = Poseidon2::default();
    let hash = Rate::new(permutation.clone()).expect("the hash's field is the larger one");
    let mmcs = Mmcs::new(hash, Compress::new(permutation.clone()), CAP_HEIGHT);
    let fri = class.fri(ExtensionMmcs::new(mmcs.clone()));
    let pcs = Pcs::new(WatchedDft::default(), mmcs, fri);
    let mut challenger = Challenger::new(permutation).expect("the hash's field is the larger one");
    challenger.observe(Hash::from(words));
    StarkConfig::new(pcs, challenger)
        .with_ood_proof_of_work_bits(GRINDING)
        .with_lookup_proof_of_work_bits(GRINDING)
}
