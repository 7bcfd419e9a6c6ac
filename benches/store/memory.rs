//! How much memory each contender needs: the growth of the resident set of a process that runs nothing else.
//!
//! Resident, not allocated: [`Guarded`](enactor::store::Guarded) reserves all its memory when it is built, and the system
//! commits what is touched. Each contender has a process of its own, since freed memory is rarely given back.

use std::{
    env, fs,
    io::{self, Write},
    process::{Command, Stdio},
    sync::Arc,
};

use enactor::plan::Plan;

use crate::{
    contenders::CONTENDERS,
    workload::{Changed, Plans, RETENTION},
};

/// The argument that makes this program measure itself.
const ARGUMENT: &str = "--measure-memory";

/// What has been rolled out when memory is measured.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Situation {
    /// One plan.
    FirstPlan,
    /// So many plans that the Enactor's clean-up has met some, 1% of the record sets new in each.
    OnePercentEach,
    /// The same with every record set new in each.
    AllEach,
}

impl Situation {
    pub(crate) const ALL: [Situation; 3] = [Situation::FirstPlan, Situation::OnePercentEach, Situation::AllEach];

    fn plans(self, plans: &mut Plans) -> Vec<Arc<Plan>> {
        let (count, changed) = match self {
            Situation::FirstPlan => (1, Changed::All),
            Situation::OnePercentEach => (10, Changed::OnePercent),
            Situation::AllEach => (10, Changed::All),
        };
        (0..count).map(|_| plans.next(changed)).collect()
    }
}

/// Bytes for each endpoint, its name left out.
pub(crate) struct Footprint {
    pub(crate) resident: f64,
    /// What the contender itself says.
    pub(crate) claimed: Option<f64>,
}

/// The footprint of `CONTENDERS[contender]`, from a process of its own. None where the system does not tell.
pub(crate) fn measure(contender: usize, endpoints: usize, situation: Situation) -> io::Result<Option<Footprint>> {
    let situation = Situation::ALL.iter().position(|&one| one == situation).expect("ALL has all");
    let arguments = [contender, endpoints, situation].map(|number| number.to_string());
    let child = Command::new(env::current_exe()?).arg(ARGUMENT).args(arguments).stderr(Stdio::inherit()).output()?;
    if !child.status.success() {
        return Err(io::Error::other(format!("measuring memory: {}", child.status)));
    }
    let mut numbers = std::str::from_utf8(&child.stdout).map_err(io::Error::other)?.split_whitespace();
    let mut bytes = || numbers.next()?.parse().ok().map(|bytes: f64| bytes / endpoints as f64);
    Ok(bytes().map(|resident| Footprint { resident, claimed: bytes() }))
}

/// Whether this process was started by [`measure`]; then it has printed what it found.
pub(crate) fn was_measured(arguments: &[String]) -> io::Result<bool> {
    let Some((ARGUMENT, numbers)) = arguments.split_first().map(|(first, rest)| (first.as_str(), rest)) else {
        return Ok(false);
    };
    let numbers: Vec<usize> = numbers.iter().map(|number| number.parse().expect("a number from `measure`")).collect();
    let &[contender, endpoints, situation] = &numbers[..] else { panic!("three numbers from `measure`") };
    let mut plans = Plans::new(endpoints);

    // The plans stay alive until the end, so that nothing a contender takes fits in a hole that they have left.
    let before_plans = resident();
    let rolled_out = Situation::ALL[situation].plans(&mut plans);
    let before = resident();
    let built = CONTENDERS[contender](plans.endpoints(), Arc::clone(&rolled_out[0]));
    for plan in &rolled_out[1..] {
        built.roll_out(Arc::clone(plan));
    }
    let after = resident();

    if let (Some(before_plans), Some(before), Some(after)) = (before_plans, before, after) {
        let kept = rolled_out.len().min(RETENTION as usize + 1);
        let plans = if built.keeps_plans() { (before - before_plans) / rolled_out.len() * kept } else { 0 };
        let claimed = built.claimed_bytes().map_or_else(String::new, |bytes| bytes.to_string());
        writeln!(io::stdout(), "{} {claimed}", after - before + plans)?;
    }
    Ok(true)
}

/// Bytes of this process that are in memory. None where the system has no such file.
fn resident() -> Option<usize> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let kibibytes = status.lines().find_map(|line| line.strip_prefix("VmRSS:")?.strip_suffix("kB"))?;
    kibibytes.trim().parse::<usize>().ok().map(|kibibytes| kibibytes << 10)
}
