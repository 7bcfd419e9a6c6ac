//! Makes a program on which something fails small before it is reported.

use crate::program::{Instruction, Operand, Program};

/// A program that still fails and of which no single cut does: no thread,
/// instruction or location less, no ordering weaker, no value simpler.
///
/// `fails` must hold for the program given. It is asked about valid programs
/// only.
#[must_use]
pub fn shrink(program: Program, mut fails: impl FnMut(&Program) -> bool) -> Program {
    let mut smallest = program;
    while let Some(smaller) = cuts(&smallest).into_iter().find(|cut| fails(cut)) {
        smallest = smaller;
    }
    smallest
}

/// Every program one cut away, the boldest cuts first.
fn cuts(program: &Program) -> Vec<Program> {
    let mut cuts = Vec::new();
    let bodies = program.threads();
    for thread in 0..bodies.len() {
        let mut fewer = bodies.to_vec();
        fewer.remove(thread);
        cuts.extend(Program::new(program.locations(), fewer));
    }
    for (thread, body) in bodies.iter().enumerate() {
        for index in 0..body.len() {
            cuts.extend(replaced(program, thread, without(body, &[index])));
            for other in index + 1..body.len() {
                // A lock goes with its unlock.
                cuts.extend(match (body[index], body[other]) {
                    (Instruction::Lock { mutex: a }, Instruction::Unlock { mutex: b }) if a == b => {
                        replaced(program, thread, without(body, &[index, other]))
                    }
                    _ => None,
                });
            }
        }
    }
    cuts.extend(without_idle_location(program));
    for (thread, body) in bodies.iter().enumerate() {
        for index in 0..body.len() {
            for simpler in simpler(body[index]) {
                let mut body = body.clone();
                body[index] = simpler;
                cuts.extend(replaced(program, thread, body));
            }
        }
    }
    cuts
}

fn replaced(program: &Program, thread: usize, body: Vec<Instruction>) -> Option<Program> {
    let mut bodies = program.threads().to_vec();
    bodies[thread] = body;
    Program::new(program.locations(), bodies).ok()
}

/// A thread without some of its instructions; skips over them get shorter.
fn without(body: &[Instruction], removed: &[usize]) -> Vec<Instruction> {
    let kept = body.iter().enumerate();
    kept.filter(|(index, _)| !removed.contains(index))
        .map(|(index, instruction)| match *instruction {
            Instruction::SkipIf { reg, value, count } => {
                let skipped = index + 1..=index + count;
                let gone = removed.iter().filter(|r| skipped.contains(r)).count();
                let count = count - gone;
                Instruction::SkipIf { reg, value, count }
            }
            other => other,
        })
        .collect()
}

/// Without the first location no one names; those after it move up.
fn without_idle_location(program: &Program) -> Option<Program> {
    let named = |loc: usize| {
        let mut instructions = program.threads().iter().flatten();
        instructions.any(|i| i.access().is_some_and(|access| access.0 == loc))
    };
    let idle = (0..program.locations()).find(|loc| !named(*loc))?;
    let mut bodies = program.threads().to_vec();
    let instructions = bodies.iter_mut().flatten();
    for loc in instructions.filter_map(Instruction::loc_mut) {
        *loc -= usize::from(*loc > idle);
    }
    Program::new(program.locations() - 1, bodies).ok()
}

/// The instruction with one weaker ordering, or with 1 for a register it
/// stores, or strong instead of weak. None leads back, so shrinking ends.
fn simpler(instruction: Instruction) -> Vec<Instruction> {
    let mut simpler = Vec::new();
    let mut probe = instruction;
    for (place, (order, legal)) in probe.orders_mut().into_iter().enumerate() {
        for weaker in legal {
            if weaker.is_at_most(*order) && weaker != order {
                let mut weakened = instruction;
                *weakened.orders_mut()[place].0 = *weaker;
                simpler.push(weakened);
            }
        }
    }
    let mut plain = instruction;
    match &mut plain {
        Instruction::Store { value, .. } | Instruction::NonAtomicStore { value, .. } => {
            if let Operand::Register(_) = value {
                *value = Operand::Constant(1);
            }
        }
        Instruction::CompareExchange { weak, .. } => *weak = false,
        _ => {}
    }
    if plain != instruction {
        simpler.push(plain);
    }
    simpler
}

#[cfg(test)]
mod tests {
    use super::shrink;
    use crate::axioms::Axioms;
    use crate::enumerate::{judge, judge_under};
    use crate::mutation::Mutation;
    use crate::program::Program;

    #[test]
    fn a_difference_shrinks_to_the_litmus_test_inside() {
        let text = "6 | st.sc w 3; st.sc u 1; ld.sc z r1; ld.sc y r0; fence.acq | \
                    st.sc y 1; lock v; ld.sc u r0; unlock v | ld.rlx w r0; st.rlx w r0";
        let program: Program = text.parse().expect("a program");
        let mutated = Axioms::mutated(Mutation::NoPscBase);
        let differs = |p: &Program| judge(p).outcomes != judge_under(p, mutated).outcomes;
        assert!(differs(&program));
        let smallest = shrink(program, differs).to_string();
        assert_eq!(smallest, "2 | st.sc y 1; ld.sc x r0 | st.sc x 1; ld.sc y r0");
    }
}
