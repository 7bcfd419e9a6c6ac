//! The execution graph of a run.

use crate::axioms::Axioms;
use crate::graph::{Action, Event, Graph, Origin};
use crate::mutation::Mutation;
use crate::program::{Instruction, Order, Program};
use crate::relation::members;
use crate::run::{Run, Step};

/// The events and reads-from of a run, with no modification order yet.
pub(crate) fn graph_of(program: &Program, axioms: Axioms, run: &Run<'_>) -> Graph {
    let events = |step: &Step| {
        let accesses = usize::from(step.read.is_some()) + usize::from(step.written.is_some());
        accesses.max(1)
    };
    let steps = run.steps.iter().flatten().flatten();
    let size = program.locations() + steps.map(events).sum::<usize>();
    let mut graph = Graph::initial(program.locations(), size);
    let mut reads = Vec::new();
    for (thread, steps) in run.steps.iter().enumerate() {
        for (index, step) in steps.iter().enumerate() {
            let Some(step) = step else {
                continue;
            };
            let instruction = program.threads()[thread][index];
            let event = |action| Event {
                origin: Origin::Instruction { thread, index },
                action,
                order: order_of(instruction, *step, axioms),
            };
            let Some((loc, _)) = instruction.access() else {
                graph.push(event(Action::Fence));
                continue;
            };
            if let Some((source, value)) = step.read {
                let read = graph.push(event(Action::Read { loc, value }));
                reads.push((source, read));
            }
            if let Some(value) = step.written {
                let write = graph.push(event(Action::Write { loc, value }));
                if step.read.is_some() {
                    graph.rmw.insert(write - 1, write);
                }
            }
        }
    }
    for (source, read) in reads {
        let write = graph.select(|e| e.is_write() && e.origin == source && e.loc() == graph.events[read].loc());
        for write in members(write) {
            graph.rf.insert(write, read);
        }
    }
    graph
}

/// The ordering of the events of an executed instruction.
fn order_of(instruction: Instruction, step: Step, axioms: Axioms) -> Option<Order> {
    let lock = |order| {
        if axioms.has(Mutation::LocksDoNotSynchronise) { Order::Relaxed } else { order }
    };
    match instruction {
        Instruction::Load { order, .. }
        | Instruction::Store { order, .. }
        | Instruction::Rmw { order, .. }
        | Instruction::Fence { order } => Some(order),
        Instruction::CompareExchange { success, failure, .. } => {
            Some(if step.written.is_some() || axioms.has(Mutation::FailureAsSuccess) {
                success
            } else if axioms.has(Mutation::FailureIsRelaxed) {
                Order::Relaxed
            } else {
                failure
            })
        }
        Instruction::Lock { .. } => Some(lock(Order::Acquire)),
        Instruction::Unlock { .. } => Some(lock(Order::Release)),
        Instruction::NonAtomicLoad { .. } | Instruction::NonAtomicStore { .. } | Instruction::SkipIf { .. } => None,
    }
}
