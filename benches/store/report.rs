//! What is measured in which order, and the Markdown that says what came of it.

use std::{
    fs,
    io::{self, Write},
    sync::Arc,
    thread,
    time::Duration,
};

use enactor::plan::{Endpoint, Plan};

use crate::{
    contenders::{BORROWED, CONTENDERS, LIMIT, UNGUARDED},
    measure::{Measured, Pace},
    memory::{self, Footprint, Situation},
    rounds::{Rounds, nanoseconds, time, times, turns},
    workload::{self, Changed, Plans},
};

/// The pace at which writers are compared: what all but the slowest of them reach on the machine of `docs/bench.md`.
const PACE: Pace = Pace::Every(Duration::from_nanos(500));

/// How much is measured.
pub(crate) struct Scale {
    name: &'static str,
    /// How many endpoints there are, in one report after the other.
    endpoints: [usize; 2],
    /// Rounds of resolving alone, and of everything else.
    rounds: [usize; 2],
    /// How many names one thread looks up in one round.
    lookups: usize,
    /// How many endpoints are written in one round beside a reader.
    writes: usize,
}

impl Scale {
    /// What is published.
    pub(crate) const FULL: Scale =
        Scale { name: "full", endpoints: [1_000, 200_000], rounds: [15, 15], lookups: 1 << 18, writes: 800_000 };
    /// That everything runs.
    pub(crate) const QUICK: Scale = Scale {
        name: "quick: no measurement",
        endpoints: [100, 2_000],
        rounds: [2, 2],
        lookups: 1 << 12,
        writes: 8_000,
    };
}

/// Measures everything and writes the report, each part when it is done.
pub(crate) fn run(scale: &Scale, out: &mut impl Write) -> io::Result<()> {
    let cores = thread::available_parallelism()?;
    writeln!(out, "Scale: {}. Machine: {}, {cores} cores in use.", scale.name, processor())?;
    for endpoints in scale.endpoints {
        writeln!(out, "\n## {endpoints} endpoints")?;
        let mut bench = Bench::new(scale, endpoints);
        bench.resolve(out)?;
        bench.resolve_while_written(Pace::WithoutPause, out)?;
        bench.resolve_while_written(PACE, out)?;
        bench.roll_out(out)?;
        bench.memory(out)?;
    }
    Ok(())
}

fn processor() -> String {
    let info = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let name = info.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
    name.map_or_else(|| "unknown".to_owned(), |(_, name)| name.to_owned())
}

/// All contenders with the same endpoints and the same plan.
struct Bench<'scale> {
    scale: &'scale Scale,
    plans: Plans,
    contenders: Vec<Box<dyn Measured>>,
    lookups: Vec<Endpoint>,
}

impl<'scale> Bench<'scale> {
    fn new(scale: &'scale Scale, endpoints: usize) -> Self {
        let mut plans = Plans::new(endpoints);
        let first = plans.next(Changed::All);
        let contenders = CONTENDERS.iter().map(|build| build(plans.endpoints(), first.clone())).collect();
        Self { scale, plans, contenders, lookups: workload::lookups(endpoints, scale.lookups) }
    }

    fn resolve(&self, out: &mut impl Write) -> io::Result<()> {
        writeln!(out, "\n### Resolve, nothing else running: ns for each, as a thread sees it\n")?;
        writeln!(out, "| | 1 thread | × limit | 2 threads | × limit |\n|---|---:|---:|---:|---:|")?;
        let mut threads = [1, 2].map(|threads| (threads, vec![Rounds::default(); self.contenders.len()]));
        let mut folds = Vec::new();
        for round in 0..self.scale.rounds[0] {
            for contender in turns(round, self.contenders.len()) {
                for (threads, rounds) in &mut threads {
                    let resolved = self.contenders[contender].resolve(&self.lookups, *threads);
                    rounds[contender].push(resolved.nanoseconds);
                    folds.push(resolved.fold);
                }
            }
        }
        assert!(folds.iter().all(|&fold| fold == folds[0]), "every contender gives the same answers");
        for (number, contender) in self.contenders.iter().enumerate() {
            write!(out, "| {} |", contender.name())?;
            for (_, rounds) in &threads {
                let own = &rounds[number];
                write!(out, " {} | {} |", nanoseconds(own.median()), times(own.ratio(&rounds[LIMIT])))?;
            }
            writeln!(out)?;
        }
        Ok(())
    }

    fn resolve_while_written(&mut self, pace: Pace, out: &mut impl Write) -> io::Result<()> {
        write!(out, "\n### Resolve on one thread while another one rolls out plans ")?;
        match pace {
            Pace::WithoutPause => writeln!(out, "without pause\n")?,
            Pace::Every(time) => {
                writeln!(out, "at the same pace: one every {} ns for each endpoint\n", time.as_nanos())?
            }
        }
        writeln!(out, "| | ns for each | × limit | p99 | p99.9 | longest | a plan every, ns for each endpoint |")?;
        writeln!(out, "|---|---:|---:|---:|---:|---:|---:|")?;
        let mut rounds = vec![<[Rounds; 5]>::default(); self.contenders.len()];
        let mut pool = Vec::new();
        for round in 0..self.scale.rounds[1] {
            let count = self.scale.writes.div_ceil(self.plans.endpoints().len());
            // Freed before the next ones are made: at the full scale they are some hundred megabytes.
            pool.clear();
            pool.extend((0..count).map(|_| self.plans.next(Changed::All)));
            for contender in turns(round, self.contenders.len()).filter(|&contender| contender != BORROWED) {
                let seen = self.contenders[contender].resolve_while_written(&self.lookups, &pool, pace);
                let numbers = [seen.median, seen.percentile_99, seen.percentile_99_9, seen.longest, seen.write];
                rounds[contender].iter_mut().zip(numbers).for_each(|(rounds, number)| rounds.push(number));
            }
        }
        for (number, contender) in self.contenders.iter().enumerate().filter(|&(number, _)| number != BORROWED) {
            let [median, percentile_99, percentile_99_9, longest, write] = &rounds[number];
            let ratio = times(median.ratio(&rounds[LIMIT][0]));
            let tail = [percentile_99, percentile_99_9, longest].map(|rounds| time(rounds.median())).join(" | ");
            let (median, write) = (nanoseconds(median.median()), nanoseconds(write.median()));
            writeln!(out, "| {} | {median} | {ratio} | {tail} | {write} |", contender.name())?;
        }
        Ok(())
    }

    fn roll_out(&mut self, out: &mut impl Write) -> io::Result<()> {
        writeln!(out, "\n### Roll out one plan, nothing else running: ns for each endpoint\n")?;
        write!(out, "| | publish | apply | × `Unguarded` | clean-up | together | × `Unguarded` ")?;
        writeln!(out, "| 1% changed: publish | together |\n|---|---:|---:|---:|---:|---:|---:|---:|---:|")?;
        let mut rounds = vec![<[Rounds; 6]>::default(); self.contenders.len()];
        let endpoints = self.plans.endpoints().len();
        let count = (self.scale.writes / 4).div_ceil(endpoints);
        let mut pool = Vec::new();
        for round in 0..self.scale.rounds[1] {
            pool.clear();
            pool.extend(
                (0..count).map(|_| [Changed::All, Changed::OnePercent].map(|changed| self.plans.next(changed))),
            );
            for contender in turns(round, self.contenders.len()) {
                let mut sums = [0.0; 6];
                for [all, one_percent] in &pool {
                    // A plan of its own: who keeps plans also has to free them.
                    let [all, one_percent] = [all, one_percent].map(|plan| Arc::new(Plan::clone(plan)));
                    let [all, one_percent] = [all, one_percent].map(|plan| self.contenders[contender].roll_out(plan));
                    let phases = [all.publish, all.apply, all.clean_up, all.total()];
                    let phases = phases.into_iter().chain([one_percent.publish, one_percent.total()]);
                    sums.iter_mut().zip(phases).for_each(|(sum, phase)| *sum += phase.as_nanos() as f64);
                }
                for (rounds, sum) in rounds[contender].iter_mut().zip(sums) {
                    rounds.push(sum / (count * endpoints) as f64);
                }
            }
        }
        for (number, contender) in self.contenders.iter().enumerate().filter(|&(number, _)| number != BORROWED) {
            let [publish, apply, clean_up, together, one_percent_publish, one_percent] =
                rounds[number].each_ref().map(|rounds| nanoseconds(rounds.median()));
            let name = contender.name();
            let [apply_ratio, ratio] = [1, 3].map(|part| times(rounds[number][part].ratio(&rounds[UNGUARDED][part])));
            if rounds[number][0].median() > 0.0 {
                write!(out, "| {name} | {publish} | {apply} | {apply_ratio} | {clean_up} | {together} | {ratio} ")?;
                writeln!(out, "| {one_percent_publish} | {one_percent} |")?;
            } else {
                // It writes each endpoint at once, and has nothing to clean up.
                writeln!(out, "| {name} | – | – | – | – | {together} | {ratio} | – | {one_percent} |")?;
            }
        }
        Ok(())
    }

    /// Of every contender that could be used, each in a process of its own.
    fn memory(&self, out: &mut impl Write) -> io::Result<()> {
        writeln!(out, "\n### Memory: resident bytes for each endpoint, its name left out\n")?;
        writeln!(out, "| | after one plan | after 10 plans, 1% changed | after 10 plans, all changed |")?;
        writeln!(out, "|---|---:|---:|---:|")?;
        for (number, contender) in
            self.contenders.iter().enumerate().filter(|&(number, _)| number != BORROWED && number != LIMIT)
        {
            write!(out, "| {} |", contender.name())?;
            for situation in Situation::ALL {
                match memory::measure(number, self.plans.endpoints().len(), situation)? {
                    None => write!(out, " not known |")?,
                    Some(Footprint { resident, claimed: None }) => write!(out, " {resident:.0} |")?,
                    Some(Footprint { resident, claimed: Some(claimed) }) => {
                        write!(out, " {resident:.0} (says {claimed:.0}) |")?;
                    }
                }
            }
            writeln!(out)?;
        }
        Ok(())
    }
}
