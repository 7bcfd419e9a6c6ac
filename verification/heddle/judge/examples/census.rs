//! Measures the judge on a sample: how fast it is, what the sample is made of,
//! and how many of its programs notice each mutation of the model.
//!
//! `cargo run --release --example census -- [PROGRAMS] [SEED]`

use std::env;
use std::time::Instant;

use heddle_judge::axioms::Axioms;
use heddle_judge::enumerate::{Verdict, judge, judge_under};
use heddle_judge::mutation::Mutation;
use heddle_judge::outcome::Outcome;
use heddle_judge::program::Program;
use heddle_judge::random::Sample;

fn main() {
    let mut arguments = env::args().skip(1).filter_map(|text| text.parse().ok());
    let programs = arguments.next().unwrap_or(10_000);
    let seed = arguments.next().unwrap_or(1);
    let mut sample = Sample::new(seed);
    for (name, uniform) in [("uniform", true), ("perturbed", false)] {
        let programs: Vec<Program> =
            (0..programs / 2).map(|_| if uniform { sample.uniform() } else { sample.perturbed() }).collect();
        report(name, &programs);
    }
}

fn report(name: &str, programs: &[Program]) {
    let start = Instant::now();
    let mut slowest = (0.0, 0);
    let mut verdicts: Vec<Verdict> = Vec::new();
    for (index, program) in programs.iter().enumerate() {
        let start = Instant::now();
        verdicts.push(judge(program));
        let seconds = start.elapsed().as_secs_f64();
        if seconds > slowest.0 {
            slowest = (seconds, index);
        }
    }
    let seconds = start.elapsed().as_secs_f64();
    let count = |test: &dyn Fn(&Verdict) -> bool| verdicts.iter().filter(|v| test(v)).count();
    println!("{name}: {} programs in {seconds:.2} s", programs.len());
    println!("  slowest {:.4} s: {}", slowest.0, programs[slowest.1]);
    let graphs: u64 = verdicts.iter().map(|v| v.graphs).sum();
    println!("  {graphs} graphs");
    println!("  {} racy", count(&|v| v.outcomes.contains(&Outcome::Race)));
    println!("  {} can deadlock", count(&|v| v.deadlocks > 0));
    println!("  {} have more than 20 graphs", count(&|v| v.graphs > 20));
    for mutation in Mutation::ALL {
        let axioms = Axioms::mutated(mutation);
        let pairs = programs.iter().zip(&verdicts);
        let (mut counts, mut outcomes) = (0, 0);
        for (program, verdict) in pairs {
            let mutated = judge_under(program, axioms);
            counts += u32::from(mutated != *verdict);
            outcomes += u32::from(mutated.outcomes != verdict.outcomes);
        }
        println!("  {mutation:?}: {counts} notice it, {outcomes} by their outcomes");
    }
}
