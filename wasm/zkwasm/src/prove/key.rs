//! What a verifier needs of a program, and the id that names it.

use std::sync::Arc;

use p3_matrix::Matrix;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::config::{self, Commitment, MAX_LOG_HEIGHT, Profile, VERSION};
use super::engine;
use super::mask::Masked;
use super::tables::{FIXED, fixed_tables};
use crate::chips::Cells;
use crate::program::Program;

/// Where a program starts, and the commitment to its preprocessed columns.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Key {
    pub profile: Profile,
    pub entry: u32,
    pub pages: u32,
    /// Logarithms of the heights of the tables with preprocessed columns.
    pub logs: [u8; FIXED],
    pub commitment: Commitment,
}

impl Key {
    pub(super) fn of(program: &Program, fixed: &[Arc<Cells>; FIXED], profile: Profile) -> Key {
        let logs = fixed.each_ref().map(|cells| cells.height().ilog2() as u8);
        let heights = logs.map(usize::from);
        let airs = fixed_tables(fixed.clone().map(Some));
        let commitment = match profile {
            Profile::Fast => engine::commit(&config::fast(vec![]), &airs, &heights),
            Profile::Zk => engine::commit(&config::public_zk(vec![]), &airs.map(Masked), &heights),
        };
        Key { profile, entry: program.entry, pages: program.image.pages, logs, commitment }
    }

    /// Hash of all that a verifier needs to know of the program, the profile and the tables.
    pub fn image_id(&self) -> [u8; 32] {
        let mut hash = Sha256::new_with_prefix(b"zkwasm image");
        hash.update([VERSION]);
        hash.update(postcard::to_allocvec(self).expect("memory suffices"));
        hash.finalize().into()
    }

    pub(super) fn is_allowed(&self) -> bool {
        let allowed = self.profile.min_log_height()..=MAX_LOG_HEIGHT;
        self.logs.iter().all(|log| allowed.contains(&usize::from(*log)))
    }
}
