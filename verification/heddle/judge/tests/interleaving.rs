//! The enumerator against sequential consistency by taking turns.

use heddle_judge::enumerate::{Verdict, judge};
use heddle_judge::interleave::{Memory, interleave};
use heddle_judge::program::{Kind, Program};
use heddle_judge::random::Sample;

fn is_atomic(program: &Program) -> bool {
    (0..program.locations()).all(|loc| program.kind(loc) != Kind::NonAtomic)
}

fn assert_agree(program: &Program) {
    let turns = interleave(program, Memory::Latest);
    let expected = Verdict { outcomes: turns.outcomes, graphs: turns.graphs, deadlocks: turns.deadlocks, races: 0 };
    assert_eq!(judge(program), expected, "{program}");
}

#[test]
fn seq_cst_programs_do_what_interleavings_do() {
    let programs = Sample::new(21).filter(is_atomic);
    for program in programs.take(3_000) {
        assert_agree(&program.sequential());
    }
}

#[test]
fn locks_in_opposite_order_deadlock_in_one_graph() {
    let text = "2 | lock x; lock y; unlock y; unlock x | lock y; lock x; unlock x; unlock y";
    let program: Program = text.parse().expect("a program");
    let verdict = judge(&program);
    assert_eq!((verdict.graphs, verdict.deadlocks), (2, 1));
    assert_agree(&program);
}
