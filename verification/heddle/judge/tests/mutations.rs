//! Whether the sample would notice an error in the model.

use heddle_judge::axioms::Axioms;
use heddle_judge::enumerate::{judge, judge_under};
use heddle_judge::mutation::Mutation;
use heddle_judge::random::Sample;

/// How many programs any test compared on should at least be.
const PROGRAMS: usize = 2_000;

#[test]
fn the_sample_notices_every_mutation() {
    let programs: Vec<_> = Sample::new(1).take(PROGRAMS).collect();
    let verdicts: Vec<_> = programs.iter().map(judge).collect();
    let unnoticed: Vec<Mutation> = Mutation::ALL
        .into_iter()
        .filter(|mutation| {
            let axioms = Axioms::mutated(*mutation);
            let mut pairs = programs.iter().zip(&verdicts);
            !pairs.any(|(program, verdict)| judge_under(program, axioms) != *verdict)
        })
        .collect();
    assert!(unnoticed.is_empty(), "{unnoticed:?}");
}
