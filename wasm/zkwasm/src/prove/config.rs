//! Profiles, and the parameters of the proof system under each.

use std::fmt;

use p3_challenger::{GrindingChallenger, HashChallenger, SerializingChallenger32};
use p3_commit::{ExtensionMmcs, UnivariateStarkPcs};
use p3_field::coset::TwoAdicMultiplicativeCoset;
use p3_field::extension::BinomialExtensionField;
use p3_fri::{FriParameters, HidingFriPcs, TwoAdicFriPcs};
use p3_keccak::Keccak256Hash;
use p3_merkle_tree::{MerkleCap, MerkleTreeHidingMmcs, MerkleTreeMmcs};
use p3_symmetric::{CompressionFunctionFromHasher, SerializingHasher};
use p3_uni_stark::{StarkConfig, StarkGenericConfig};
use rand::SeedableRng;
use rand::rngs::StdRng;
use serde::{Deserialize, Serialize};

use super::Error;
use super::tables::Form;
use super::watched::WatchedDft;
use crate::chips::{MIN_LOG_HEIGHT, Val};

/// Version of the tables and of the transcript; a verifier knows exactly one.
pub const VERSION: u8 = 8;

/// Largest height that a prover may choose, as its logarithm.
pub const MAX_LOG_HEIGHT: usize = 20;

/// Most public inputs and outputs together, which the verifier evaluates itself.
pub const MAX_IO: usize = 1 << 16;

/// Bits of each proof of work, but for that before queries where proofs hide.
pub const GRINDING: usize = 16;

/// Coordinates of a challenge.
pub const DIMENSION: usize = 4;

/// How a run is proven. Each program has another image id under each profile.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "u8", into = "u8")]
#[repr(u8)]
pub enum Profile {
    /// Hides nothing of the run.
    Fast = 1,
    /// Hides all of the run but its statement and the heights of its tables.
    Zk = 2,
}

impl Profile {
    pub const ALL: [Profile; 2] = [Profile::Fast, Profile::Zk];

    /// The lowest that a table may be, as a logarithm. Where proofs hide, the random values that a
    /// column is masked with are as many as its rows, and must outnumber what is opened of it: a
    /// value a query, and [`DIMENSION`] for each of two points.
    pub const fn min_log_height(self) -> usize {
        match self {
            Profile::Fast => MIN_LOG_HEIGHT,
            Profile::Zk => {
                let opened = self.queries() + DIMENSION * 2;
                (2 * opened).next_power_of_two().ilog2() as usize
            }
        }
    }

    /// How its tables are made.
    pub const fn form(self) -> Form {
        Form { least: self.min_log_height(), all: false }
    }

    const fn queries(self) -> usize {
        match self {
            Profile::Fast => 204,
            // The most for which tables of 256 rows hide.
            Profile::Zk => 120,
        }
    }

    /// Parameters of the low-degree test.
    pub fn fri<M>(self, mmcs: M) -> FriParameters<M> {
        FriParameters {
            // Masks raise the degree of constraints by 1, to at most 4, and the prover evaluates
            // them where it has the columns' codewords: a blow-up of 2 would not do.
            log_blowup: if self == Profile::Fast { 1 } else { 2 },
            log_final_poly_len: 0,
            max_log_arity: 3,
            num_queries: self.queries(),
            batch_proof_of_work_bits: GRINDING,
            commit_proof_of_work_bits: GRINDING,
            query_proof_of_work_bits: if self == Profile::Fast { GRINDING } else { 19 },
            mmcs,
        }
    }
}

impl From<Profile> for u8 {
    fn from(profile: Profile) -> u8 {
        profile as u8
    }
}

impl TryFrom<u8> for Profile {
    type Error = Error;

    fn try_from(number: u8) -> Result<Profile, Error> {
        Profile::ALL.into_iter().find(|profile| *profile as u8 == number).ok_or(Error::Profile)
    }
}

impl fmt::Display for Profile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Profile::Fast => "fast",
            Profile::Zk => "zk",
        })
    }
}

pub type Challenge = BinomialExtensionField<Val, DIMENSION>;
pub type Challenger = SerializingChallenger32<Val, HashChallenger<u8, Keccak256Hash, 32>>;
pub type Commitment = MerkleCap<Val, [u8; 32]>;
type Hash = SerializingHasher<Keccak256Hash>;
type Compress = CompressionFunctionFromHasher<Keccak256Hash, 2, 32>;

/// The parameters of the engine under a profile, with what the transcript starts from.
pub trait Config:
    StarkGenericConfig<
        Challenge = Challenge,
        Challenger: GrindingChallenger<Witness = Val>,
        Pcs: UnivariateStarkPcs<
            Challenge,
            Self::Challenger,
            Domain = TwoAdicMultiplicativeCoset<Val>,
            Commitment: Sync,
            ProverData: Sync,
            ProverError: Send,
        > + Sync,
    >
{
}
impl<C> Config for C where
    C: StarkGenericConfig<
            Challenge = Challenge,
            Challenger: GrindingChallenger<Witness = Val>,
            Pcs: UnivariateStarkPcs<
                Challenge,
                Self::Challenger,
                Domain = TwoAdicMultiplicativeCoset<Val>,
                Commitment: Sync,
                ProverData: Sync,
                ProverError: Send,
            > + Sync,
        >
{
}

type FastMmcs = MerkleTreeMmcs<Val, u8, Hash, Compress, 2, 32>;
type FastPcs = TwoAdicFriPcs<Val, WatchedDft, FastMmcs, ExtensionMmcs<Val, Challenge, FastMmcs>>;
pub type Fast = StarkConfig<FastPcs, Challenge, Challenger>;

/// Each row of a table that is part of a leaf brings 4 elements, of 31 bits each, of salt.
type ZkMmcs = MerkleTreeHidingMmcs<Val, u8, Hash, Compress, StdRng, 2, 32, 4>;
type ZkPcs = HidingFriPcs<Val, WatchedDft, ZkMmcs, ExtensionMmcs<Val, Challenge, ZkMmcs>, StdRng>;
pub type Zk = StarkConfig<ZkPcs, Challenge, Challenger>;

/// Depth at which Merkle trees end in a list of nodes.
const CAP_HEIGHT: usize = 4;

/// The profile `fast`, with what the transcript starts from.
pub fn fast(seed: Vec<u8>) -> Fast {
    let (hash, compress) = hashes();
    let mmcs = FastMmcs::new(hash, compress, CAP_HEIGHT);
    let fri = Profile::Fast.fri(ExtensionMmcs::new(mmcs.clone()));
    with_grinding(FastPcs::new(WatchedDft::default(), mmcs, fri), seed)
}

/// The profile `zk`, with what the transcript starts from and what salts and masks are drawn from.
pub fn zk(seed: Vec<u8>, rng: &mut StdRng) -> Zk {
    let (hash, compress) = hashes();
    let mmcs = ZkMmcs::new(hash, compress, CAP_HEIGHT, StdRng::from_rng(rng));
    // A clone draws other salts.
    let fri = Profile::Zk.fri(ExtensionMmcs::new(mmcs.clone()));
    let pcs = ZkPcs::new(WatchedDft::default(), mmcs, fri, DIMENSION, StdRng::from_rng(rng));
    with_grinding(pcs, seed)
}

/// The profile `zk` for who has nothing to hide: keys are committed to with salts that everyone
/// knows, so that all come to the same key, and a verifier draws none.
pub fn public_zk(seed: Vec<u8>) -> Zk {
    zk(seed, &mut StdRng::from_seed(PUBLIC_ENTROPY))
}

/// No prover's entropy.
pub const PUBLIC_ENTROPY: [u8; 32] = [0; 32];

fn hashes() -> (Hash, Compress) {
    (Hash::new(Keccak256Hash {}), Compress::new(Keccak256Hash {}))
}

fn with_grinding<P: Clone>(pcs: P, seed: Vec<u8>) -> StarkConfig<P, Challenge, Challenger> {
    StarkConfig::new(pcs, Challenger::from_hasher(seed, Keccak256Hash {}))
        .with_ood_proof_of_work_bits(GRINDING)
        .with_lookup_proof_of_work_bits(GRINDING)
}
