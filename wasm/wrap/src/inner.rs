//! The hashes, trees and transcript of the STARK that is wrapped.

use p3_bn254::{Bn254, Poseidon2Bn254};
use p3_challenger::MultiField32Challenger;
use p3_koala_bear::KoalaBear;
use p3_merkle_tree::MerkleTreeMmcs;
use p3_symmetric::{MultiField32PaddingFreeSponge, TruncatedPermutation};

use crate::poseidon2;

pub type Permutation = Poseidon2Bn254<3>;
pub type LeafHash = MultiField32PaddingFreeSponge<KoalaBear, Bn254, Permutation, 3, 2, 1>;
pub type Compression = TruncatedPermutation<Permutation, 2, 1, 3>;
pub type Mmcs = MerkleTreeMmcs<KoalaBear, Bn254, LeafHash, Compression, 2, 1>;
pub type Challenger = MultiField32Challenger<KoalaBear, Bn254, Permutation, 3, 2>;

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
