//! The STARK that is wrapped: its hashes, trees, transcript and parameters.

use p3_batch_stark::BatchProof;
use p3_bn254::{Bn254, Poseidon2Bn254};
use p3_challenger::{CanObserve as _, MultiField32Challenger};
use p3_commit::ExtensionMmcs;
use p3_dft::Radix2DitParallel;
use p3_fri::{FriParameters, TwoAdicFriPcs};
use p3_koala_bear::KoalaBear;
use p3_merkle_tree::MerkleTreeMmcs;
use p3_symmetric::{Hash, MultiField32PaddingFreeSponge, TruncatedPermutation};
use p3_uni_stark::StarkConfig;

use crate::{ext::Ext4, poseidon2};

pub type Permutation = Poseidon2Bn254<3>;
pub type LeafHash = MultiField32PaddingFreeSponge<KoalaBear, Bn254, Permutation, 3, 2, 1>;
pub type Compression = TruncatedPermutation<Permutation, 2, 1, 3>;
pub type Mmcs = MerkleTreeMmcs<KoalaBear, Bn254, LeafHash, Compression, 2, 1>;
pub type FoldMmcs = ExtensionMmcs<KoalaBear, Ext4, Mmcs>;
pub type Challenger = MultiField32Challenger<KoalaBear, Bn254, Permutation, 3, 2>;
pub type Pcs = TwoAdicFriPcs<KoalaBear, Radix2DitParallel<KoalaBear>, Mmcs, FoldMmcs>;
pub type Config = StarkConfig<Pcs, Ext4, Challenger>;
pub type Proof = BatchProof<Config>;

/// What its soundness hangs on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Parameters {
    pub log_blowup: usize,
    pub queries: usize,
    pub max_log_arity: usize,
    pub log_final_poly_len: usize,
    /// Trees are committed to by their layer of 2^this nodes.
    pub cap_height: usize,
    /// Bits of work before each challenge,
    pub work: usize,
    /// and before that which batches openings.
    pub batch_work: usize,
}

impl Parameters {
    pub fn fri<M>(self, mmcs: M) -> FriParameters<M> {
        FriParameters {
            log_blowup: self.log_blowup,
            log_final_poly_len: self.log_final_poly_len,
            max_log_arity: self.max_log_arity,
            num_queries: self.queries,
            batch_proof_of_work_bits: self.batch_work,
            commit_proof_of_work_bits: self.work,
            query_proof_of_work_bits: self.work,
            mmcs,
        }
    }

    pub fn mmcs(self) -> Mmcs {
        mmcs(self.cap_height)
    }

    /// @param words what the transcript starts with
    pub fn config<const N: usize>(self, words: [Bn254; N]) -> Config {
        let mut challenger = challenger();
        challenger.observe(Hash::from(words));
        let fri = self.fri(ExtensionMmcs::new(self.mmcs()));
        StarkConfig::new(Pcs::new(Radix2DitParallel::default(), self.mmcs(), fri), challenger)
            .with_ood_proof_of_work_bits(self.work)
            .with_lookup_proof_of_work_bits(self.work)
    }
}

pub fn leaf_hash() -> LeafHash {
    LeafHash::new(poseidon2::native()).expect("KoalaBear is smaller than BN254's scalar field")
}

/// Trees whose commitment is the layer of 2^`cap_height` nodes.
pub fn mmcs(cap_height: usize) -> Mmcs {
    Mmcs::new(leaf_hash(), Compression::new(poseidon2::native()), cap_height)
}

pub fn challenger() -> Challenger {
    Challenger::new(poseidon2::native()).expect("KoalaBear is smaller than BN254's scalar field")
}
