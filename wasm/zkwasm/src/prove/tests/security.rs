//! What each profile's parameters prove, computed of all tables together at their highest.

use std::sync::Arc;

use p3_air::BaseAir;
use p3_air::symbolic::AirLayout;
use p3_batch_stark::symbolic::get_symbolic_constraints;
use p3_batch_stark::{ProverData, num_batched_openings};
use p3_fri::FriParameters;
use p3_lookup::{InteractionSymbolicBuilder, LogUpGadget};
use p3_security::grinding::GrindingSites;
use p3_security::logup::{self, LogUpAir};
use p3_security::shape::{InstanceShape, StarkAirParams};
use p3_security::stark::proven_security_report;
use p3_uni_stark::OpeningShape;

use crate::chips::{Table, Val, io};
use crate::prove::config::{self, Challenge, Config, DIMENSION, GRINDING, MAX_LOG_HEIGHT, Profile};
use crate::prove::engine::TableAir;
use crate::prove::mask::Masked;
use crate::prove::tables;

/// Every table, with the height of the fixed ones.
fn all() -> Vec<Table> {
    let io = Arc::new(io::columns(&[], &[]));
    tables::shape([const { None }; tables::FIXED], io, u32::MAX)
}

/// What the bounds depend on.
struct Measure {
    name: String,
    /// With those of the lookups.
    constraints: usize,
    /// Of the highest constraint.
    degree: usize,
    /// Values that are opened.
    openings: usize,
    interactions: usize,
    /// Fields of the widest tuple.
    width: usize,
}

fn measure<C: Config, A: TableAir<C> + std::fmt::Debug>(
    config: &C,
    airs: &[A],
    log_height: usize,
) -> Vec<Measure> {
    let zk = config.is_zk();
    let heights = vec![log_height + zk; airs.len()];
    let data = ProverData::from_airs_and_degrees(config, airs, &heights).unwrap();
    let shape = if zk == 1 { OpeningShape::hiding(DIMENSION) } else { OpeningShape::new() };
    let measure = |(air, lookups): (&A, &p3_lookup::Lookups<Val>)| {
        let layout = AirLayout::from_air::<Val>(air);
        let builder = InteractionSymbolicBuilder::<Val, Challenge>::from_air(air, layout);
        let (base, extension) = get_symbolic_constraints::<Val, Challenge, _, _>(
            air,
            layout,
            lookups,
            &LogUpGadget::new(),
        );
        let degrees = base.iter().map(|c| c.degree_multiple());
        let degree = degrees.chain(extension.iter().map(|c| c.degree_multiple())).max().unwrap();
        let chunks = (degree + zk - 1).next_power_of_two() << zk;
        let next = !BaseAir::<Val>::main_next_row_columns(air).is_empty();
        let (width, fixed) = (BaseAir::<Val>::width(air), BaseAir::<Val>::preprocessed_width(air));
        let openings = num_batched_openings(
            width,
            next,
            fixed,
            false,
            chunks,
            lookups.len(),
            DIMENSION,
            shape,
        );
        let interactions = builder.global_interactions();
        let name = format!("{air:?}").replace("Masked(", "");
        let name = name.split(['(', ')']).next().unwrap().to_owned();
        println!(
            "| {name} | {width} | {fixed} | {} | {} | {degree} |",
            builder.base_constraints().len(),
            interactions.len(),
        );
        Measure {
            name,
            constraints: base.len() + extension.len(),
            degree,
            openings,
            interactions: interactions.len(),
            width: interactions.iter().map(|i| i.fields.len()).max().unwrap(),
        }
    };
    println!("| table | columns | preprocessed | constraints | interactions | degree |");
    airs.iter().zip(&data.common.lookups).map(measure).collect()
}

/// The tables under each profile.
fn measures(profile: Profile) -> Vec<Measure> {
    match profile {
        Profile::Fast => measure(&config::fast(vec![]), &all(), MAX_LOG_HEIGHT),
        Profile::Zk => {
            let masked: Vec<Masked> = all().into_iter().map(Masked).collect();
            measure(&config::public_zk(vec![]), &masked, MAX_LOG_HEIGHT)
        }
    }
}

/// The engine does not check this: beyond it, it would make slower proofs of a lower security than
/// is computed here.
#[test]
fn the_blow_up_suffices_for_each_constraint() {
    for profile in Profile::ALL {
        let blowup = 1 << profile.fri(()).log_blowup;
        let most = if profile == Profile::Zk { blowup } else { blowup + 1 };
        for Measure { name, degree, .. } in measures(profile) {
            assert!(degree <= most, "{name}: {degree} under {profile}");
        }
    }
}

/// Bits that tables prove, of `2^(log_height + zk)` rows each, and what bounds them.
fn proven_bits<M>(
    measures: &[Measure],
    fri: &FriParameters<M>,
    log_height: usize,
    zk: usize,
) -> (f64, String) {
    let degree = measures.iter().map(|m| m.degree).max().unwrap();
    let air = StarkAirParams {
        num_constraints: measures.iter().map(|m| m.constraints).sum(),
        max_constraint_degree: degree,
        num_quotient_chunks: (degree + zk - 1).next_power_of_two() << zk,
        max_combo: 2,
    };
    let shape = InstanceShape {
        log_trace_length: log_height + zk,
        modulus_bits: 123,
        collision_resistance: 128,
        num_batched_functions: measures.iter().map(|m| m.openings).sum(),
    };
    let sites = GrindingSites {
        out_of_domain: GRINDING,
        lookup_challenge: GRINDING,
        ..fri.grinding_sites()
    };
    let lookups = LogUpAir {
        num_interactions: measures.iter().map(|m| m.interactions).sum(),
        max_message_width: measures.iter().map(|m| m.width).max().unwrap(),
    };
    let lookups = logup::security_term(&lookups, &shape, &sites).unwrap();
    let report = proven_security_report(&fri.security_regime(), &air, &shape, &[lookups], &sites);
    let bound = format!("{}; {air:?} {shape:?}", report.binding().1.label);
    (report.security_bits(), bound)
}

#[test]
fn each_profile_has_100_proven_bits() {
    for profile in Profile::ALL {
        let zk = usize::from(profile == Profile::Zk);
        let fri = profile.fri(());
        let (bits, bound) = proven_bits(&measures(profile), &fri, MAX_LOG_HEIGHT, zk);
        println!("{profile}: {bits:.1} bits, bound by {bound}");
        assert!(bits >= 100.0, "{profile}: {bits:.1} bits, bound by {bound}");
    }
}

#[cfg(feature = "wrap")]
#[test]
fn each_class_that_circuits_verify_has_100_proven_bits() {
    use crate::prove::wrap::{Class, config, statement::WORDS};
    for class in Class::ALL {
        let words = [Default::default(); WORDS];
        let measures = measure(&config::config(class, words), &all(), class.log_height());
        let fri = class.fri(());
        let (bits, bound) = proven_bits(&measures, &fri, class.log_height(), 0);
        println!("{class:?}: {bits:.1} bits, bound by {bound}");
        assert!(bits >= 100.0, "{class:?}: {bits:.1} bits, bound by {bound}");
    }
}
