//! The transform of the proof system, telling the host of each of its uses.

use p3_dft::{Layout, Radix2DitParallel, TwoAdicSubgroupDft};
use p3_matrix::dense::{RowMajorMatrixView, RowMajorMatrixViewMut};

use crate::chips::{Cells, Val};

/// In WebAssembly the host is asked before each transform of a table's columns: it can show how far
/// the proof is, and end it by not returning.
#[cfg(target_arch = "wasm32")]
mod host {
    #[link(wasm_import_module = "env")]
    unsafe extern "C" {
        pub safe fn zk_step();
    }
}

#[cfg(not(target_arch = "wasm32"))]
mod host {
    pub fn zk_step() {}
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
