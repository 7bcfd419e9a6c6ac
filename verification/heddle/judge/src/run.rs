//! Every way a program can run, when each read may read any write.
//!
//! Since an instruction runs at most once, a run is determined by one decision
//! for each instruction that reads: which instruction's write it reads. The
//! machine here branches over *all* of them, and then simply waits for the
//! chosen write to run. A choice whose write never runs is dropped. So exactly
//! the runs whose program order ∪ reads-from is acyclic remain, each once: its
//! decisions lead to it, and no other decisions do.

use crate::axioms::Axioms;
use crate::graph::Origin;
use crate::mutation::Mutation;
use crate::program::{Instruction, Location, Operand, Program, RmwOp, Value};

/// What an instruction that reads is told to do.
#[derive(Clone, Copy, Debug)]
enum Decision {
    Read {
        source: Origin,
        /// Fail although the value is the expected one.
        spurious: bool,
    },
    /// A lock that is never acquired.
    WaitForever,
}

/// What an executed instruction did.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Step {
    /// Where it read from, and what.
    pub(crate) read: Option<(Origin, Value)>,
    /// What it wrote.
    pub(crate) written: Option<Value>,
}

/// A program part-way through, then at its end.
#[derive(Clone, Debug)]
pub(crate) struct Run<'p> {
    program: &'p Program,
    axioms: Axioms,
    decisions: Vec<Vec<Option<Decision>>>,
    positions: Vec<usize>,
    pub(crate) registers: Vec<Vec<Value>>,
    /// By thread and instruction; `None` if skipped or not reached.
    pub(crate) steps: Vec<Vec<Option<Step>>>,
}

enum Progress {
    Moved,
    Waiting,
    Undecided,
    /// The decisions contradict each other.
    Impossible,
}

/// Visits every maximal run: all threads are at their end, or wait for a mutex
/// that is never given back.
pub(crate) fn for_each_run(program: &Program, axioms: Axioms, visit: &mut dyn FnMut(&Run<'_>)) {
    let bodies = program.threads();
    let start = Run {
        program,
        axioms,
        decisions: bodies.iter().map(|body| vec![None; body.len()]).collect(),
        positions: vec![0; bodies.len()],
        registers: (0..bodies.len()).map(|thread| vec![0; program.registers(thread)]).collect(),
        steps: bodies.iter().map(|body| vec![None; body.len()]).collect(),
    };
    start.explore(visit);
}

impl Run<'_> {
    /// Whether some thread waits forever.
    pub(crate) fn is_deadlocked(&self) -> bool {
        (0..self.positions.len()).any(|thread| !self.is_finished(thread))
    }

    fn is_finished(&self, thread: usize) -> bool {
        self.positions[thread] == self.program.threads()[thread].len()
    }

    fn explore(mut self, visit: &mut dyn FnMut(&Run<'_>)) {
        let mut moved = true;
        let mut undecided = None;
        while moved {
            moved = false;
            undecided = None;
            for thread in 0..self.positions.len() {
                match self.advance(thread) {
                    Progress::Moved => moved = true,
                    Progress::Undecided => undecided = Some(thread),
                    Progress::Waiting => {}
                    Progress::Impossible => return,
                }
            }
        }
        let Some(thread) = undecided else {
            if self.is_maximal() {
                visit(&self);
            }
            return;
        };
        let index = self.positions[thread];
        for decision in self.choices(thread, index) {
            let mut next = self.clone();
            next.decisions[thread][index] = Some(decision);
            next.explore(visit);
        }
    }

    /// Every decision an instruction that reads could be given.
    fn choices(&self, thread: usize, index: usize) -> Vec<Decision> {
        let instruction = self.program.threads()[thread][index];
        let Some((loc, _)) = instruction.access() else {
            return Vec::new();
        };
        let mut sources = vec![Origin::Initial(loc)];
        for (thread, body) in self.program.threads().iter().enumerate() {
            let writers = body.iter().enumerate().filter(|(_, i)| may_give(**i, loc));
            sources.extend(writers.map(|(index, _)| Origin::Instruction { thread, index }));
        }
        let read = |spurious| {
            let sources = sources.iter();
            sources.map(move |source| Decision::Read { source: *source, spurious })
        };
        let mut choices: Vec<Decision> = read(false).collect();
        match instruction {
            Instruction::Lock { .. } => choices.push(Decision::WaitForever),
            Instruction::CompareExchange { weak: true, .. } if !self.axioms.has(Mutation::WeakNeverFails) => {
                choices.extend(read(true));
            }
            _ => {}
        }
        choices
    }

    /// Executes the thread's next instruction if its decision allows.
    fn advance(&mut self, thread: usize) -> Progress {
        let index = self.positions[thread];
        let Some(instruction) = self.program.threads()[thread].get(index).copied() else {
            return Progress::Waiting;
        };
        let mut step = Step { read: None, written: None };
        let mut next = index + 1;
        match instruction {
            Instruction::Store { value, .. } | Instruction::NonAtomicStore { value, .. } => {
                step.written = Some(self.value(thread, value));
            }
            Instruction::Unlock { .. } => step.written = Some(0),
            Instruction::Fence { .. } => {}
            Instruction::SkipIf { reg, value, count } => {
                if self.registers[thread][reg] == value {
                    next += count;
                }
            }
            _ => match self.read(thread, index, instruction) {
                Ok(read) => step = read,
                Err(progress) => return progress,
            },
        }
        let is_event = !matches!(instruction, Instruction::SkipIf { .. });
        self.steps[thread][index] = is_event.then_some(step);
        self.positions[thread] = next;
        Progress::Moved
    }

    /// Executes an instruction that reads.
    fn read(&mut self, thread: usize, index: usize, instruction: Instruction) -> Result<Step, Progress> {
        let decision = self.decisions[thread][index].ok_or(Progress::Undecided)?;
        let Decision::Read { source, spurious } = decision else {
            return Err(Progress::Waiting);
        };
        let found = self.written_by(source)?;
        let (reg, written) = match instruction {
            Instruction::Rmw { reg, op, .. } => {
                let operand = self.value(thread, op.operand());
                let written = match op {
                    RmwOp::Add(_) => found.wrapping_add(operand),
                    RmwOp::Swap(_) => operand,
                };
                (Some(reg), Some(written))
            }
            Instruction::CompareExchange { reg, expected, new, .. } => {
                let expected = self.value(thread, expected) == found;
                if spurious && !expected {
                    // It fails anyway: the same run as without the decision.
                    return Err(Progress::Impossible);
                }
                let new = self.value(thread, new);
                (Some(reg), (expected && !spurious).then_some(new))
            }
            Instruction::Lock { .. } => (None, Some(1)),
            other => (other.registers().next(), None),
        };
        if written.is_some() && self.is_taken(source) {
            return Err(Progress::Impossible);
        }
        if let Some(reg) = reg {
            self.registers[thread][reg] = found;
        }
        let read = Some((source, found));
        Ok(Step { read, written })
    }

    fn value(&self, thread: usize, operand: Operand) -> Value {
        match operand {
            Operand::Constant(value) => value,
            Operand::Register(reg) => self.registers[thread][reg],
        }
    }

    fn written_by(&self, source: Origin) -> Result<Value, Progress> {
        let Origin::Instruction { thread, index } = source else {
            return Ok(0);
        };
        match self.steps[thread][index] {
            Some(step) => step.written.ok_or(Progress::Impossible),
            None if self.positions[thread] > index => Err(Progress::Impossible),
            None => Err(Progress::Waiting),
        }
    }

    /// Whether a read-modify-write already follows this write. Two of them
    /// would both have to come next in modification order.
    fn is_taken(&self, source: Origin) -> bool {
        let mut steps = self.steps.iter().flatten().flatten();
        self.axioms.updates_follow_their_source()
            && steps.any(|step| step.written.is_some() && step.read.is_some_and(|read| read.0 == source))
    }

    fn is_maximal(&self) -> bool {
        (0..self.positions.len()).all(|thread| {
            let index = self.positions[thread];
            let waits = || match self.program.threads()[thread][index] {
                Instruction::Lock { mutex } => {
                    let decision = self.decisions[thread][index];
                    matches!(decision, Some(Decision::WaitForever)) && self.is_held(mutex)
                }
                _ => false,
            };
            self.is_finished(thread) || waits()
        })
    }

    /// Whether a mutex was locked and not given back.
    fn is_held(&self, mutex: Location) -> bool {
        let bodies = self.program.threads().iter().zip(&self.steps);
        let executed = |wanted: Instruction| {
            let steps = bodies.clone().flat_map(|(body, steps)| body.iter().zip(steps));
            steps.filter(|(instruction, step)| **instruction == wanted && step.is_some()).count()
        };
        executed(Instruction::Lock { mutex }) > executed(Instruction::Unlock { mutex })
    }
}

/// Whether an instruction may write what a read of the location can take: for
/// a mutex, only an unlock lets a lock in.
fn may_give(instruction: Instruction, loc: Location) -> bool {
    match instruction {
        Instruction::Store { .. }
        | Instruction::NonAtomicStore { .. }
        | Instruction::Rmw { .. }
        | Instruction::CompareExchange { .. }
        | Instruction::Unlock { .. } => instruction.access().is_some_and(|a| a.0 == loc),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::for_each_run;
    use crate::axioms::Axioms;
    use crate::interleave::{Memory, interleave};
    use crate::mutation::Mutation;
    use crate::program::{Kind, Program};
    use crate::random::Sample;

    /// Whatever order threads run in and whatever earlier write each read
    /// takes, this module finds that run, and finds it once. Mutexes are left
    /// out: there, `interleave` follows the memory and not the choice.
    #[test]
    fn runs_are_the_interleavings_in_which_reads_take_any_write() {
        let has_mutex = |p: &Program| (0..p.locations()).any(|loc| p.kind(loc) == Kind::Mutex);
        let programs = Sample::new(11).filter(|program| !has_mutex(program));
        for program in programs.take(400) {
            let mut runs = 0;
            let axioms = Axioms::mutated(Mutation::NoAtomicity);
            for_each_run(&program, axioms, &mut |_| runs += 1);
            let all = interleave(&program, Memory::Any);
            assert_eq!((all.graphs, all.deadlocks), (runs, 0), "{program}");
        }
    }
}
