//! What a proof says.

use sha2::{Digest, Sha256};

use super::config::VERSION;
use crate::program::isa::Status;

/// The public part of a run: the program of this image id, given these public inputs and some
/// private ones, ended with this status and gave these outputs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statement {
    pub image_id: [u8; 32],
    pub status: Status,
    /// Public inputs; the run may have left the last ones untaken.
    pub inputs: Vec<u64>,
    pub outputs: Vec<u64>,
    /// Ties the proof to its task and prover; the run does not see it.
    pub binding: [u8; 32],
}

impl Statement {
    /// Digest that seeds the transcript, with the proof's header.
    pub(super) fn seed(&self, header: &[u8]) -> Vec<u8> {
        let mut hash = Sha256::new_with_prefix(b"zkwasm statement");
        hash.update([VERSION, self.status as u8]);
        hash.update(self.image_id);
        hash.update(self.binding);
        for list in [&self.inputs, &self.outputs] {
            hash.update((list.len() as u64).to_le_bytes());
            list.iter().for_each(|value| hash.update(value.to_le_bytes()));
        }
        hash.update(header);
        hash.finalize().to_vec()
    }
}
