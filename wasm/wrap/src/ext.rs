//! KoalaBear's extension of degree 4, x^4 = 3, over numbers in cells.

use p3_field::{
    BasedVectorSpace as _, PrimeCharacteristicRing as _, extension::BinomialExtensionField,
};
use p3_koala_bear::KoalaBear;

use crate::{koala::Num, tape::Tape};

pub type Ext4 = BinomialExtensionField<KoalaBear, 4>;

/// What x^4 is.
const W: u32 = 3;

/// Coefficients, the constant one first.
pub type Ext = [Num; 4];

/// An element, and all but the first of its coefficients times what x^4 is.
#[derive(Clone)]
pub struct Factor {
    by: Ext,
    wrapped: [Num; 3],
}

impl Tape {
    pub fn residues(&self, ext: &Ext) -> Ext4 {
        Ext4::from_basis_coefficients_fn(|i| self.residue(&ext[i]))
    }

    pub fn fixed_ext(&mut self, value: Ext4) -> Ext {
        coefficients(value).map(|it| self.fixed(it))
    }

    /// A witness whose coefficients are below 2^31.
    pub fn load_ext(&mut self, value: Ext4) -> Ext {
        coefficients(value).map(|it| self.load(it))
    }

    /// A witness whose coefficients are below P.
    pub fn load_canonical_ext(&mut self, value: Ext4) -> Ext {
        coefficients(value).map(|it| self.load_canonical(it))
    }

    /// The element of the base field that a number stands for.
    pub fn lift(&mut self, num: &Num) -> Ext {
        let zero = self.fixed(KoalaBear::ZERO);
        [num.clone(), zero.clone(), zero.clone(), zero]
    }

    /// An element less one of the base field.
    pub fn ext_minus_base(&mut self, a: &Ext, b: &Num) -> Ext {
        let [first, x, y, z] = a.clone();
        [self.minus(&first, b), x, y, z]
    }

    pub fn ext_plus(&mut self, a: &Ext, b: &Ext) -> Ext {
        std::array::from_fn(|i| self.plus(&a[i], &b[i]))
    }

    pub fn ext_minus(&mut self, a: &Ext, b: &Ext) -> Ext {
        std::array::from_fn(|i| self.minus(&a[i], &b[i]))
    }

    /// Coefficients whose products with small ones can be reduced.
    pub fn ext_lazy(&mut self, a: &Ext) -> Ext {
        a.each_ref().map(|it| self.lazy(it))
    }

    /// Coefficients whose products stay cheap to reduce.
    pub fn ext_small(&mut self, a: &Ext) -> Ext {
        a.each_ref().map(|it| self.small(it))
    }

    pub fn ext_reduced(&mut self, a: &Ext) -> Ext {
        a.each_ref().map(|it| self.reduced(it))
    }

    /// What an element is multiplied with several times.
    pub fn factor(&mut self, a: &Ext) -> Factor {
        let by = self.ext_small(a);
        let [_, wrapped @ ..] = &by;
        let wrapped = wrapped.each_ref().map(|it| self.scaled(it, W));
        Factor { by, wrapped }
    }

    /// The sum of products, some of them with elements of the base field, or of such; not reduced.
    pub fn ext_dot(
        &mut self,
        pairs: &[(&Ext, &Factor)],
        scaled: &[(&Ext, &Num)],
        base: &[(Num, Num)],
    ) -> Ext {
        let pairs: Vec<_> = pairs.iter().map(|(a, factor)| (self.ext_lazy(a), factor)).collect();
        std::array::from_fn(|k| {
            let mut terms = vec![];
            for (a, factor) in &pairs {
                for (i, coefficient) in a.iter().enumerate() {
                    let j = (4 + k - i) % 4;
                    let by = if i + j == k { &factor.by[j] } else { &factor.wrapped[j - 1] };
                    terms.push((coefficient.clone(), by.clone()));
                }
            }
            terms.extend(scaled.iter().map(|(a, b)| (a[k].clone(), (*b).clone())));
            if k == 0 {
                terms.extend_from_slice(base);
            }
            self.dot(&terms)
        })
    }

    /// The element whose coefficients are given, each an element of the extension; not reduced.
    pub fn ext_recomposed(&mut self, coefficients: &[Ext]) -> Ext {
        assert_eq!(coefficients.len(), 4);
        let factors = [KoalaBear::ONE, KoalaBear::from_u32(W)].map(|it| self.fixed(it));
        std::array::from_fn(|k| {
            let terms: Vec<_> = (0..4)
                .map(|j| {
                    let factor = &factors[usize::from(j > k)];
                    (self.small(&coefficients[j][(4 + k - j) % 4]), factor.clone())
                })
                .collect();
            self.dot(&terms)
        })
    }

    /// A product, not reduced.
    pub fn ext_times(&mut self, a: &Ext, b: &Ext) -> Ext {
        let b = self.factor(b);
        self.ext_dot(&[(a, &b)], &[], &[])
    }

    /// A multiple by an element of the base field, not reduced.
    pub fn ext_scaled(&mut self, a: &Ext, b: &Num) -> Ext {
        let (a, b) = (self.ext_lazy(a), self.small(b));
        a.map(|it| self.times(&it, &b))
    }

    pub fn assert_same_ext(&mut self, a: &Ext, b: &Ext) {
        for (a, b) in a.iter().zip(b) {
            self.assert_same(a, b);
        }
    }

    /// a / b, where b is known to be other than zero: else the result may be anything.
    pub fn ext_quotient(&mut self, a: &Ext, b: &Ext) -> Ext {
        let value =
            self.residues(a) * p3_field::Field::try_inverse(&self.residues(b)).unwrap_or_default();
        let quotient = self.load_ext(value);
        let product = self.ext_times(&quotient, b);
        self.assert_same_ext(&product, a);
        quotient
    }

    /// 1 / a, and that there is such.
    pub fn ext_inverse(&mut self, a: &Ext) -> Ext {
        let one = self.fixed_ext(Ext4::ONE);
        self.ext_quotient(&one, a)
    }

    /// a^(2^n), reduced.
    pub fn ext_square_times(&mut self, a: &Ext, n: usize) -> Ext {
        (0..n).fold(a.clone(), |a, _| {
            let square = self.ext_times(&a, &a);
            self.ext_reduced(&square)
        })
    }
}

pub fn coefficients(value: Ext4) -> [KoalaBear; 4] {
    std::array::from_fn(|i| value.as_basis_coefficients_slice()[i])
}
