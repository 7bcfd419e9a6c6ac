//! The record as JUnit XML, which most CI systems show: a suite for each store, a case for each verdict, and one for each
//! model's number of executions.

use std::{collections::BTreeMap, time::Duration};

use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};

use super::record::{LeftOut, Played, Problem, ProblemKind, Record};

/// The whole document.
pub fn render(record: &Record, allow_drift: bool) -> String {
    let engine = record.identity.engine;
    let mut suites: BTreeMap<String, TestSuite> = BTreeMap::new();
    let mut add = |model: &str, case: TestCase| {
        let store = model.split_once('/').map_or(model, |(store, _)| store);
        let name = format!("{engine}.{store}");
        suites.entry(name.clone()).or_insert_with(|| TestSuite::new(name)).add_test_case(case);
    };
    let problems = record.problems(allow_drift);
    for played in &record.models {
        let mut of_model: Vec<&Problem> = problems.iter().filter(|problem| problem.model == played.model).collect();
        let mut take = |property: Option<&str>| {
            let at = of_model.iter().position(|problem| problem.property.as_deref() == property)?;
            Some(of_model.swap_remove(at))
        };
        for said in &played.verdicts {
            add(&played.model, case(played, &said.property, take(Some(&said.property))));
        }
        add(&played.model, case(played, "executions", take(None)));
    }
    for LeftOut { why, models } in &record.left_out {
        for model in models {
            let mut status = TestCaseStatus::skipped();
            status.set_message(format!("left out: {why}"));
            add(model, named(model, "all properties", status));
        }
    }
    let mut report = Report::new("cargo verify gate");
    report.set_time(Duration::from_millis(record.models.iter().map(|played| played.milliseconds).sum()));
    report.add_test_suites(suites.into_values());
    report.to_string().expect("a report is always XML")
}

fn case(played: &Played, what: &str, problem: Option<&Problem>) -> TestCase {
    let status = match problem {
        None => TestCaseStatus::success(),
        Some(problem) => match problem.kind {
            ProblemKind::AllowedDrift => TestCaseStatus::success(),
            ProblemKind::Differs | ProblemKind::Drift => status(NonSuccessKind::Failure, problem),
            ProblemKind::Truncated | ProblemKind::Vacuous => status(NonSuccessKind::Error, problem),
        },
    };
    let mut case = named(&played.model, what, status);
    case.set_time(Duration::from_millis(played.milliseconds));
    if let Some(problem) = problem {
        case.set_system_out(super::table::problem(problem));
    }
    case
}

fn named(model: &str, what: &str, status: TestCaseStatus) -> TestCase {
    let scenario = model.split_once('/').map_or(model, |(_, scenario)| scenario);
    let mut case = TestCase::new(format!("{scenario} {what}"), status);
    case.set_classname(model.replace('/', "."));
    case
}

fn status(kind: NonSuccessKind, problem: &Problem) -> TestCaseStatus {
    let mut status = TestCaseStatus::non_success(kind);
    status.set_type(problem.kind.word()).set_message(&problem.words).set_description(super::table::problem(problem));
    status
}
