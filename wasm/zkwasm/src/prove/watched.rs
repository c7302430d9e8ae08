//! What the host is told of a proof: its tables, and each use of the proof system's transform.

use std::fmt::{self, Write};

use p3_dft::{Layout, Radix2DitParallel, TwoAdicSubgroupDft};
use p3_matrix::Matrix;
use p3_matrix::dense::{RowMajorMatrixView, RowMajorMatrixViewMut};

use crate::chips::{Cells, Filled, Table, Val};

/// In WebAssembly the host is asked before each transform of a table's columns: it can show how far
/// the proof is, and end it by not returning.
#[cfg(target_arch = "wasm32")]
mod host {
    #[link(wasm_import_module = "env")]
    unsafe extern "C" {
        pub safe fn zk_step();
        /// A table of the proof that is being made: its name, and the logarithm of its height.
        fn zk_table(name: *const u8, length: usize, log_height: u32);
    }

    pub fn tell(name: &str, log_height: u32) {
        // SAFETY: the host reads the name's bytes before it returns.
        unsafe { zk_table(name.as_ptr(), name.len(), log_height) }
    }
}

#[cfg(not(target_arch = "wasm32"))]
mod host {
    pub fn zk_step() {}
    pub fn tell(_name: &str, _log_height: u32) {}
}

/// The name of a table, as the crate's README has it.
pub fn name(table: &Table) -> String {
    /// Takes what comes before the fields, which may be large.
    struct Head(String);
    impl fmt::Write for Head {
        fn write_str(&mut self, text: &str) -> fmt::Result {
            self.0 += text.split('(').next().unwrap_or("");
            if text.contains('(') { Err(fmt::Error) } else { Ok(()) }
        }
    }
    let mut head = Head(String::new());
    let _ends_at_the_fields = write!(head, "{table:?}");
    head.0
}

/// Tells the host what will be proven, before the first transform.
pub fn tables(filled: &[Filled]) {
    for Filled { table, cells, .. } in filled {
        host::tell(&name(table), cells.height().ilog2());
    }
}

#[derive(Clone, Default)]
pub struct WatchedDft(Radix2DitParallel<Val>);

impl TwoAdicSubgroupDft<Val> for WatchedDft {
    type Evaluations = <Radix2DitParallel<Val> as TwoAdicSubgroupDft<Val>>::Evaluations;

    fn dft_batch(&self, mat: Cells) -> Self::Evaluations {
        host::zk_step();
        self.0.dft_batch(mat)
    }

    fn coset_dft_batch(&self, mat: Cells, shift: Val) -> Self::Evaluations {
        host::zk_step();
        self.0.coset_dft_batch(mat, shift)
    }

    fn idft_batch(&self, mat: Cells) -> Cells {
        host::zk_step();
        self.0.idft_batch(mat)
    }

    fn coset_idft_batch(&self, mat: Cells, shift: Val) -> Cells {
        host::zk_step();
        self.0.coset_idft_batch(mat, shift)
    }

    fn coset_lde_batch_with_transform<T>(
        &self,
        mat: Cells,
        added_bits: usize,
        shift: Val,
        transform: T,
    ) -> Self::Evaluations
    where
        T: FnOnce(&mut RowMajorMatrixViewMut<'_, Val>, Layout),
    {
        host::zk_step();
        self.0.coset_lde_batch_with_transform(mat, added_bits, shift, transform)
    }

    fn coset_lde_batch_with_blocks<T, K, C>(
        &self,
        mat: Cells,
        added_bits: usize,
        shift: Val,
        transform: T,
        make_consumer: K,
    ) -> Self::Evaluations
    where
        T: FnOnce(&mut RowMajorMatrixViewMut<'_, Val>, Layout),
        K: FnOnce(usize) -> C,
        C: Fn(usize, RowMajorMatrixView<'_, Val>) + Sync,
    {
        host::zk_step();
        self.0.coset_lde_batch_with_blocks(mat, added_bits, shift, transform, make_consumer)
    }
}
