//! What a verifier needs of a program, and the id that names it.

use std::sync::Arc;

use p3_bn254::Bn254;
use p3_field::PrimeCharacteristicRing;
use p3_symmetric::PseudoCompressionFunction;
use serde::{Deserialize, Serialize};

use super::config::{self, Class, Commitment, Compress};
use super::poseidon2::Poseidon2;
use super::statement::{WORDS, bytes_of};
use crate::chips::Cells;
use crate::program::Program;
use crate::prove::config::VERSION;
use crate::prove::engine;
use crate::prove::tables::{FIXED, fixed_tables};

/// Where a program starts, and the commitment to its preprocessed columns.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Key {
    pub class: Class,
    pub entry: u32,
    pub pages: u32,
    pub commitment: Commitment,
}

impl Key {
    pub(super) fn of(program: &Program, fixed: &[Arc<Cells>; FIXED], class: Class) -> Key {
        let airs = fixed_tables(fixed.clone().map(Some));
        let heights = [class.log_height(); FIXED];
        let commitment =
            engine::commit(&config::config(class, [Bn254::ZERO; WORDS]), &airs, &heights);
        Key { class, entry: program.entry, pages: program.image.pages, commitment }
    }

    /// The node of a chain whose first value says what the key is, and whose others are those of the
    /// commitment. A circuit computes it with one permutation each.
    ///
    /// Why it tells keys apart: the chains of all keys are equally long, and a class, an entry and
    /// pages each have a place of their own in the first value.
    pub fn digest(&self) -> Bn254 {
        let compress = Compress::new(Poseidon2::default());
        let kinds = u64::from(VERSION) | u64::from(self.class as u8) << 8;
        let first = Bn254::new([kinds, u64::from(self.entry) | u64::from(self.pages) << 32, 0, 0]);
        let chain = |node, value: &[Bn254; 1]| compress.compress([node, *value]);
        let [digest] = self.commitment.roots().iter().fold([first], chain);
        digest
    }

    pub fn image_id(&self) -> [u8; 32] {
        bytes_of(self.digest())
    }
}
