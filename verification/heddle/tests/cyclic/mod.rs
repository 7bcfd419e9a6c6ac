//! The executions of a tiny program under RC11 without the axiom that program
//! order ∪ reads-from is acyclic, by brute force. It shares no code with heddle,
//! and with the judge only the axioms: the judge runs programs, and what runs has
//! no such cycle.
//!
//! Every choice of reads-from is taken, then the values follow: each instruction
//! is worked out as soon as what it depends on is known. What never becomes known
//! depends on itself, which is a value out of thin air, and is left out.

use std::collections::BTreeSet;

use heddle_judge::axioms::Axioms;
use heddle_judge::graph::{Action, Event, Graph, Origin};
use heddle_judge::outcome::Outcome;
use heddle_judge::program::{Instruction, Location, Operand, Order, Program, RmwOp, Value};
use heddle_judge::relation::Relation;

/// What an instruction that reads is told to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Decision {
    source: Origin,
    spurious: bool,
}

/// What is known of an instruction that runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Step {
    /// What it reads, if it reads.
    found: Option<Value>,
    /// What it writes, if that is known and it does.
    written: Option<Value>,
    /// Whether all is known.
    known: bool,
}

type Steps = Vec<Vec<Option<Step>>>;

/// The outcomes of executions that have a cycle of program order ∪ reads-from.
pub(crate) fn cyclic_outcomes(program: &Program) -> BTreeSet<Outcome> {
    let bodies = program.threads().iter();
    let decisions = bodies.map(|body| vec![None; body.len()]).collect();
    let mut search = Search { program, decisions, outcomes: BTreeSet::new() };
    search.decide(0, 0);
    search.outcomes
}

struct Search<'p> {
    program: &'p Program,
    decisions: Vec<Vec<Option<Decision>>>,
    outcomes: BTreeSet<Outcome>,
}

fn reads(instruction: Instruction) -> bool {
    !matches!(
        instruction,
        Instruction::Store { .. }
            | Instruction::NonAtomicStore { .. }
            | Instruction::Unlock { .. }
            | Instruction::Fence { .. }
            | Instruction::SkipIf { .. }
    )
}

fn may_write(instruction: Instruction) -> bool {
    !matches!(
        instruction,
        Instruction::Load { .. }
            | Instruction::NonAtomicLoad { .. }
            | Instruction::Fence { .. }
            | Instruction::SkipIf { .. }
    )
}

impl Search<'_> {
    fn decide(&mut self, thread: usize, index: usize) {
        let Some(body) = self.program.threads().get(thread) else {
            self.work_out();
            return;
        };
        let Some(instruction) = body.get(index).copied() else {
            self.decide(thread + 1, 0);
            return;
        };
        if !reads(instruction) {
            self.decide(thread, index + 1);
            return;
        }
        let (loc, _) = instruction.access().expect("what reads has a location");
        for source in self.sources(loc, (thread, index), instruction) {
            for spurious in [false, true] {
                let weak = matches!(instruction, Instruction::CompareExchange { weak: true, .. });
                if !spurious || weak {
                    self.decisions[thread][index] = Some(Decision { source, spurious });
                    self.decide(thread, index + 1);
                }
            }
        }
    }

    fn sources(&self, loc: Location, reader: (usize, usize), instruction: Instruction) -> Vec<Origin> {
        let mut sources = vec![Origin::Initial(loc)];
        let locks = matches!(instruction, Instruction::Lock { .. });
        for (thread, body) in self.program.threads().iter().enumerate() {
            for (index, writer) in body.iter().enumerate() {
                let fits = if locks { matches!(writer, Instruction::Unlock { .. }) } else { may_write(*writer) };
                // Coherence: no read reads what its own thread writes later.
                let later = thread == reader.0 && index >= reader.1;
                if fits && !later && writer.access().is_some_and(|access| access.0 == loc) {
                    sources.push(Origin::Instruction { thread, index });
                }
            }
        }
        sources
    }

    /// Finds the values; if all follow, looks at every modification order.
    fn work_out(&mut self) {
        let bodies = self.program.threads().iter();
        let mut steps: Steps = bodies.map(|body| vec![None; body.len()]).collect();
        let mut registers = Vec::new();
        loop {
            let before = steps.clone();
            registers.clear();
            let mut ended = true;
            for thread in 0..steps.len() {
                let Some((values, all)) = self.run(thread, &mut steps) else {
                    return;
                };
                ended &= all;
                registers.push(values.into_iter().map(|value| value.unwrap_or(0)).collect::<Vec<Value>>());
            }
            if steps == before {
                if ended {
                    self.judge(&steps, &registers);
                }
                return;
            }
        }
    }

    /// One thread as far as it is known: its registers and whether all of it is.
    /// `None` if a decision contradicts what is known.
    fn run(&self, thread: usize, steps: &mut Steps) -> Option<(Vec<Option<Value>>, bool)> {
        let body = &self.program.threads()[thread];
        let mut registers = vec![Some(0); self.program.registers(thread)];
        let mut index = 0;
        let mut all = true;
        while let Some(instruction) = body.get(index).copied() {
            let value = |operand| match operand {
                Operand::Constant(value) => Some(value),
                Operand::Register(reg) => registers[reg],
            };
            let mut step = Step { found: None, written: None, known: true };
            let mut skipped = 0;
            if let Instruction::SkipIf { reg, value, count } = instruction {
                match registers[reg] {
                    None => return Some((registers, false)),
                    Some(held) if held == value => skipped = count,
                    Some(_) => {}
                }
            } else if reads(instruction) {
                step = self.read(thread, index, instruction, value, steps)?;
                let target = match instruction {
                    Instruction::Lock { .. } => None,
                    other => other.registers().next(),
                };
                if let Some(reg) = target {
                    registers[reg] = step.found;
                }
            } else {
                match instruction {
                    Instruction::Store { value: stored, .. } | Instruction::NonAtomicStore { value: stored, .. } => {
                        step.written = value(stored);
                        step.known = step.written.is_some();
                    }
                    Instruction::Unlock { .. } => step.written = Some(0),
                    _ => {}
                }
            }
            all &= step.known;
            let is_event = !matches!(instruction, Instruction::SkipIf { .. });
            steps[thread][index] = is_event.then_some(step);
            index += 1 + skipped;
        }
        Some((registers, all))
    }

    fn read(
        &self,
        thread: usize,
        index: usize,
        instruction: Instruction,
        value: impl Fn(Operand) -> Option<Value>,
        steps: &Steps,
    ) -> Option<Step> {
        let Decision { source, spurious } = self.decisions[thread][index].expect("every read has a decision");
        let found = match source {
            Origin::Initial(_) => Some(0),
            Origin::Instruction { thread, index } => match steps[thread][index] {
                // Not there yet; the judgement at the end sees if it never comes.
                None => None,
                Some(step) if step.known && step.written.is_none() => return None,
                Some(step) => step.written,
            },
        };
        let unknown = Step { found, written: None, known: false };
        Some(match instruction {
            Instruction::Rmw { op, .. } => {
                let written = match op {
                    RmwOp::Add(operand) => found.zip(value(operand)).map(|(found, more)| found.wrapping_add(more)),
                    RmwOp::Swap(operand) => value(operand),
                };
                Step { found, written, known: found.is_some() && written.is_some() }
            }
            Instruction::CompareExchange { expected, new, .. } => {
                let (Some(read), Some(expected), Some(new)) = (found, value(expected), value(new)) else {
                    return Some(unknown);
                };
                if spurious && read != expected {
                    return None;
                }
                let written = (read == expected && !spurious).then_some(new);
                Step { found, written, known: true }
            }
            Instruction::Lock { .. } => Step { found, written: Some(1), known: true },
            _ => Step { found, written: None, known: found.is_some() },
        })
    }

    fn judge(&mut self, steps: &Steps, registers: &[Vec<Value>]) {
        let Some(mut graph) = self.graph(steps) else {
            return;
        };
        if graph.po.union(&graph.rf).is_acyclic() {
            return;
        }
        let axioms = Axioms::RC11;
        let hb = axioms.happens_before(&graph);
        if !hb.is_irreflexive() {
            return;
        }
        let mut orders = vec![graph.mo.clone()];
        for loc in 0..self.program.locations() {
            let found = modification_orders(&mut graph, &hb, loc);
            orders = orders.iter().flat_map(|chosen| found.iter().map(|order| chosen.union(order))).collect();
        }
        for order in orders {
            graph.mo = order;
            if axioms.is_consistent(&graph, &hb) {
                let outcome = if axioms.is_racy(&graph, &hb) {
                    Outcome::Race
                } else {
                    let memory = (0..self.program.locations()).map(|loc| graph.last_value(loc)).collect();
                    Outcome::Complete { registers: registers.to_vec(), memory }
                };
                self.outcomes.insert(outcome);
            }
        }
    }

    /// The events; `None` if a source never ran.
    fn graph(&self, steps: &Steps) -> Option<Graph> {
        let ran = || steps.iter().flatten().flatten();
        let events = |step: &Step| (usize::from(step.found.is_some()) + usize::from(step.written.is_some())).max(1);
        let size = self.program.locations() + ran().map(events).sum::<usize>();
        let mut graph = Graph::initial(self.program.locations(), size);
        let mut reads = Vec::new();
        for (thread, steps) in steps.iter().enumerate() {
            for (index, step) in steps.iter().enumerate() {
                let Some(step) = step else {
                    continue;
                };
                let instruction = self.program.threads()[thread][index];
                let order = order_of(instruction, step);
                let event = |action| Event { origin: Origin::Instruction { thread, index }, action, order };
                let Some((loc, _)) = instruction.access() else {
                    graph.push(event(Action::Fence));
                    continue;
                };
                if let Some(value) = step.found {
                    let source = self.decisions[thread][index].expect("every read has a decision").source;
                    reads.push((source, graph.push(event(Action::Read { loc, value }))));
                }
                if let Some(value) = step.written {
                    let write = graph.push(event(Action::Write { loc, value }));
                    if step.found.is_some() {
                        graph.rmw.insert(write - 1, write);
                    }
                }
            }
        }
        for (source, read) in reads {
            let write = (0..graph.events.len()).find(|id| {
                let event = &graph.events[*id];
                event.is_write() && event.origin == source && event.loc() == graph.events[read].loc()
            })?;
            graph.rf.insert(write, read);
        }
        Some(graph)
    }
}

fn order_of(instruction: Instruction, step: &Step) -> Option<Order> {
    match instruction {
        Instruction::Load { order, .. }
        | Instruction::Store { order, .. }
        | Instruction::Rmw { order, .. }
        | Instruction::Fence { order } => Some(order),
        Instruction::CompareExchange { success, failure, .. } => {
            Some(if step.written.is_some() { success } else { failure })
        }
        Instruction::Lock { .. } => Some(Order::Acquire),
        Instruction::Unlock { .. } => Some(Order::Release),
        Instruction::NonAtomicLoad { .. } | Instruction::NonAtomicStore { .. } | Instruction::SkipIf { .. } => None,
    }
}

/// The modification orders of one location that are coherent and atomic.
fn modification_orders(graph: &mut Graph, hb: &Relation, loc: Location) -> Vec<Relation> {
    let is_write = |id: &usize| graph.events[*id].is_write() && graph.events[*id].loc() == Some(loc);
    let writes: Vec<usize> = (0..graph.events.len()).filter(is_write).collect();
    let mut orders = Vec::new();
    permute(&mut writes.clone(), 1, &mut |writes| {
        let mut order = Relation::empty(graph.events.len());
        for (place, before) in writes.iter().enumerate() {
            for after in &writes[place + 1..] {
                order.insert(*before, *after);
            }
        }
        graph.mo = order.clone();
        if Axioms::RC11.is_atomic(graph) && Axioms::RC11.is_coherent(graph, hb) {
            orders.push(order);
        }
    });
    graph.mo = Relation::empty(graph.events.len());
    orders
}

fn permute(writes: &mut Vec<usize>, from: usize, found: &mut dyn FnMut(&[usize])) {
    if from >= writes.len() {
        found(writes);
        return;
    }
    for place in from..writes.len() {
        writes.swap(from, place);
        permute(writes, from + 1, found);
        writes.swap(from, place);
    }
}
