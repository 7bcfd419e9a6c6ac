//! Stronger orderings and more fences never add a behaviour. RC11 promises
//! that; an axiom with a sign or a side confused does not keep it.

use heddle_judge::enumerate::{Verdict, judge};
use heddle_judge::outcome::Outcome;
use heddle_judge::program::{Instruction, Order, Program};
use heddle_judge::random::Sample;

/// Every program that differs by one stronger ordering.
fn strengthened(program: &Program) -> Vec<Program> {
    let mut stronger = Vec::new();
    for (thread, body) in program.threads().iter().enumerate() {
        for (index, instruction) in body.iter().enumerate() {
            let places = instruction.to_owned().orders_mut().len();
            for (place, wanted) in (0..places).flat_map(|p| Order::ALL.map(|o| (p, o))) {
                let mut bodies = program.threads().to_vec();
                let mut orders = bodies[thread][index].orders_mut();
                let (order, legal) = &mut orders[place];
                let is_stronger = order.is_at_most(wanted) && **order != wanted;
                if legal.contains(&wanted) && is_stronger {
                    **order = wanted;
                    drop(orders);
                    stronger.extend(Program::new(program.locations(), bodies));
                }
            }
        }
    }
    stronger
}

/// Every program that has one more `SeqCst` fence. Where a skip jumps over the
/// new place, the skip would end elsewhere, so threads with skips are left out.
fn fenced(program: &Program) -> Vec<Program> {
    let mut fenced = Vec::new();
    for (thread, body) in program.threads().iter().enumerate() {
        let skips = |i: &Instruction| matches!(i, Instruction::SkipIf { .. });
        for place in 0..=body.len() {
            let order = Order::SeqCst;
            let mut bodies = program.threads().to_vec();
            bodies[thread].insert(place, Instruction::Fence { order });
            if !body.iter().any(skips) {
                fenced.extend(Program::new(program.locations(), bodies));
            }
        }
    }
    fenced
}

/// What a racy program does means nothing, so only race-free ones compare.
fn assert_adds_nothing(weak: &Program, strong: &Program, before: &Verdict) {
    let after = judge(strong);
    assert!(after.outcomes.is_subset(&before.outcomes), "{weak} to {strong}");
    assert!(after.graphs <= before.graphs, "{weak} to {strong}");
    assert!(after.deadlocks <= before.deadlocks, "{weak} to {strong}");
}

#[test]
fn stronger_orderings_add_no_outcome_and_no_graph() {
    for program in Sample::new(31).take(500) {
        let before = judge(&program);
        if !before.outcomes.contains(&Outcome::Race) {
            for stronger in strengthened(&program) {
                assert_adds_nothing(&program, &stronger, &before);
            }
        }
    }
}

#[test]
fn fences_add_no_outcome_and_no_graph() {
    for program in Sample::new(32).take(500) {
        let before = judge(&program);
        if !before.outcomes.contains(&Outcome::Race) {
            for stronger in fenced(&program) {
                assert_adds_nothing(&program, &stronger, &before);
            }
        }
    }
}
