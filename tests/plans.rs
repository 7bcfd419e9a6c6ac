//! Plans as JSON: what is written is read again, what is hostile is refused with its place, the reason and the mend, and a
//! file is never half a plan.

// Texts and files have nothing to do with interleavings, and a model cannot follow the file system.
#![cfg(not(loom))]

use std::{
    collections::BTreeSet,
    fs, iter,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    num::NonZeroU16,
    path::{Path, PathBuf},
    thread,
};

use enactor::{
    generation::Generation,
    plan::{
        Endpoint, Plan, RecordSet, Target,
        json::{self, FileError},
    },
};
use fastrand::Rng;

/// A plan that anybody could write: 1 to 20 endpoints, IPv4 and IPv6, the ends of every range.
fn any_plan(rng: &mut Rng) -> Plan {
    let generation = match rng.u8(..4) {
        0 => Generation::FIRST,
        1 => Generation::LAST,
        _ => Generation::new(rng.u64(1..=Generation::LAST.into())).expect("in range"),
    };
    let endpoints = rng.usize(1..=20);
    Plan::new(generation, iter::repeat_with(|| (any_endpoint(rng), any_records(rng))).take(endpoints))
}

fn any_endpoint(rng: &mut Rng) -> Endpoint {
    const LETTERS: &[u8] = b"abcdefghijklmnopqrstuvwxyzABCXYZ0123456789-_";
    let mut label = || {
        let longest = if rng.u8(..8) == 0 { 63 } else { 12 };
        let length = rng.usize(1..=longest);
        iter::repeat_with(|| char::from(LETTERS[rng.usize(..LETTERS.len())])).take(length).collect::<String>()
    };
    let labels = [label(), label(), label()];
    let final_dot = if rng.bool() { "." } else { "" };
    (labels.join(".") + final_dot).parse().expect("a name")
}

fn any_records(rng: &mut Rng) -> RecordSet {
    let count = rng.usize(1..=RecordSet::MAX_TARGETS);
    let mut addresses: BTreeSet<IpAddr> = BTreeSet::new();
    while addresses.len() < count {
        addresses.insert(match rng.u8(..5) {
            0 => Ipv4Addr::BROADCAST.into(),
            1 => Ipv6Addr::UNSPECIFIED.into(),
            2 => Ipv4Addr::from_bits(rng.u32(..)).to_ipv6_mapped().into(),
            3 => Ipv6Addr::from_bits(rng.u128(..)).into(),
            _ => Ipv4Addr::from_bits(rng.u32(..)).into(),
        });
    }
    let mut weight = || if rng.u8(..4) == 0 { NonZeroU16::MAX } else { NonZeroU16::MIN.saturating_add(rng.u16(..)) };
    let targets = addresses.into_iter().map(|address| Target { address, weight: weight() }).collect();
    RecordSet::new(targets).expect("1 to 8 addresses, each once")
}

#[test]
fn a_plan_that_is_written_is_read_again() {
    let mut rng = Rng::with_seed(20_251_020);
    for _ in 0..500 {
        let plan = any_plan(&mut rng);
        let text = json::to_string(&plan);
        assert_eq!(json::from_str(&text).as_ref(), Ok(&plan), "{text}");
        let compact: serde_json::Value = serde_json::from_str(&text).expect("JSON");
        assert_eq!(json::from_str(&compact.to_string()).as_ref(), Ok(&plan), "white space has no meaning: {text}");
    }
}

#[test]
fn no_text_makes_the_reader_panic() {
    let mut rng = Rng::with_seed(0);
    for _ in 0..2_000 {
        let mut bytes = json::to_string(&any_plan(&mut rng)).into_bytes();
        bytes.truncate(600);
        for _ in 0..rng.usize(1..4) {
            let at = rng.usize(..bytes.len());
            bytes[at] = *rng.choice(br#"{}[]",:0123456789-.eE\ ntf"#).expect("not empty");
        }
        if let Err(error) = json::from_str(&String::from_utf8_lossy(&bytes)) {
            assert!(!error.place.is_empty() && !error.reason.is_empty(), "{error}");
        }
    }
}

const TARGET: &str = r#"{"address": "10.0.0.1", "weight": 1}"#;

/// A plan of generation 1 whose one endpoint has these targets.
fn with_targets(targets: &str) -> String {
    format!(r#"{{"generation": 1, "endpoints": {{"a.example": [{targets}]}}}}"#)
}

/// A plan with this generation.
fn with_generation(generation: &str) -> String {
    format!(r#"{{"generation": {generation}, "endpoints": {}}}"#, with_endpoint())
}

fn with_endpoint() -> String {
    format!(r#"{{"a.example": [{TARGET}]}}"#)
}

/// A plan with these members in `endpoints`; `T` stands for a good list of targets.
fn with_endpoints(endpoints: &str) -> String {
    let endpoints = endpoints.replace('T', &format!("[{TARGET}]"));
    format!(r#"{{"generation": 1, "endpoints": {{{endpoints}}}}}"#)
}

/// Each text is refused at `place`, for a reason that begins with `reason` and tells, somewhere, the `mend`.
fn check(texts: &[(String, &str, &str, &str)]) {
    for (text, place, reason, mend) in texts {
        let error = json::from_str(text).expect_err(text);
        assert_eq!(error.place, *place, "{text:?}: {error}");
        assert!(error.reason.starts_with(reason), "{text:?} is refused for another reason: {error}");
        assert!(error.reason.contains(mend), "{text:?} is refused without a mend: {error}");
        assert_eq!(error.to_string(), format!("no plan: at {}: {}", error.place, error.reason));
    }
}

#[test]
fn what_is_no_json_is_refused_at_its_place() {
    const CUT: &str = "the text ends before the plan does, write it again whole";
    const NO_JSON: &str = "this is no JSON, mend it here";
    const MORE: &str = "keep one plan in a file, and nothing after it";
    let good = with_generation("1");
    check(&[
        (String::new(), "the top, line 1, column 1", "EOF", CUT),
        (" \n ".to_owned(), "the top, line 2, column 1", "EOF", CUT),
        (good[..52].to_owned(), "endpoints.a.example[0], line 1, column 52", "EOF", CUT),
        (good[..30].to_owned(), "endpoints, line 1, column 30", "EOF", CUT),
        (good[..good.len() - 1].to_owned(), "the top, line 1, column 84", "EOF", CUT),
        (
            format!("\u{feff}{good}"),
            "the start, line 1, column 1",
            "the text begins with a byte-order mark",
            "without one",
        ),
        ("\0".to_owned(), "the top, line 1, column 1", "expected value", NO_JSON),
        (good.replace("a.ex", "a\0ex"), "endpoints, line 1, column 35", "control character", NO_JSON),
        (good.replace('"', "'"), "the top, line 1, column 2", "key must be a string", NO_JSON),
        (with_generation("NaN"), "generation, line 1, column 16", "expected value", NO_JSON),
        (with_generation("01"), "generation, line 1, column 17", "invalid number", NO_JSON),
        (with_generation("1e999"), "generation, line 1, column 20", "number out of range", "no number of a plan"),
        (with_targets(&format!("{TARGET},")), "endpoints.a.example, line 1, column 84", "trailing comma", NO_JSON),
        (format!("{good}x"), "the end, line 1, column 86", "trailing characters", MORE),
        (format!("{good}\n{good}"), "the end, line 2, column 1", "trailing characters", MORE),
        (format!("{good}\0"), "the end, line 1, column 86", "trailing characters", MORE),
    ]);
}

#[test]
fn what_is_no_plan_is_refused_at_its_place() {
    const DOCUMENT: &str = r#"expected {"generation": …, "endpoints": …}"#;
    const ENDPOINTS: &str = "expected an object of endpoint names, each with a list of targets";
    let nested = "[".repeat(100_000);
    check(&[
        ("null".to_owned(), "the top, line 1, column 4", "invalid type: null", DOCUMENT),
        ("7".to_owned(), "the top, line 1, column 1", "invalid type: integer", DOCUMENT),
        (r#"[1, {"a.example": []}]"#.to_owned(), "the top, line 1, column 1", "invalid type: sequence", DOCUMENT),
        (nested.clone(), "the top, line 1, column 1", "invalid type: sequence", DOCUMENT),
        ("{}".to_owned(), "the top, line 1, column 2", "missing field `generation`", "add it"),
        (r#"{"generation": 1}"#.to_owned(), "the top, line 1, column 17", "missing field `endpoints`", "add it"),
        (
            with_generation(r#"1, "comment": """#),
            "comment, line 1, column 27",
            "unknown field `comment`",
            "expected `generation`",
        ),
        (
            with_generation(r#"1, "generation": 2"#),
            "the top, line 1, column 30",
            "duplicate field `generation`",
            "keep one",
        ),
        (
            with_generation("1").replace(&with_endpoint(), &nested),
            "endpoints, line 1, column 31",
            "invalid type: sequence",
            ENDPOINTS,
        ),
        (
            with_generation("1").replace(&with_endpoint(), "null"),
            "endpoints, line 1, column 35",
            "invalid type: null",
            ENDPOINTS,
        ),
    ]);
}

#[test]
fn a_generation_that_is_none_is_refused_at_its_place() {
    const RANGE: &str = "expected a whole number from 1 to 134217727";
    let nested = "[".repeat(100_000);
    check(&[
        (with_generation("0"), "generation, line 1, column 16", "0 is no generation", "generations start at 1"),
        (
            with_generation("2147483648"),
            "generation, line 1, column 25",
            "generation 2147483648 is past",
            "start a new store",
        ),
        (with_generation("-1"), "generation, line 1, column 17", "invalid type: integer `-1`", RANGE),
        (with_generation("1.0"), "generation, line 1, column 18", "invalid type: floating point `1.0`", RANGE),
        (
            with_generation("18446744073709551616"),
            "generation, line 1, column 35",
            "invalid type: floating point",
            RANGE,
        ),
        (with_generation("\"1\""), "generation, line 1, column 18", "invalid type: string \"1\"", RANGE),
        (with_generation("null"), "generation, line 1, column 19", "invalid type: null", RANGE),
        (with_generation(&nested), "generation, line 1, column 15", "invalid type: sequence", RANGE),
    ]);
}

#[test]
fn endpoints_that_are_none_are_refused_at_their_place() {
    const TWICE: &str = "a.example is listed twice";
    const LABEL: &str = "each label between two dots has 1 to 63 characters";
    const LETTERS: &str = "use letters, digits, hyphens and underscores";
    const LIST: &str = "expected a list of 1 to 8 targets";
    let (label, name) = ("a".repeat(64), "a.".repeat(127));
    let (label_place, name_place) =
        (format!("endpoints.{label}, line 1, column 98"), format!("endpoints.{name}a, line 1, column 289"));
    check(&[
        (with_endpoints(""), "endpoints, line 1, column 33", "a plan needs at least one endpoint", ""),
        (
            with_endpoints(r#""a.example": T, "a.example": T"#),
            "endpoints, line 1, column 96",
            TWICE,
            "keep one of the two",
        ),
        (
            with_endpoints(r#""A.example": T, "a.example": T"#),
            "endpoints, line 1, column 96",
            TWICE,
            "upper and lower case",
        ),
        (
            with_endpoints(r#""a.example": T, "a.example.": T"#),
            "endpoints, line 1, column 97",
            TWICE,
            "keep one of the two",
        ),
        (with_endpoints(r#""": T"#), "endpoints, line 1, column 34", "\"\" is no endpoint", LABEL),
        (with_endpoints(r#""a..b": T"#), "endpoints.a..b, line 1, column 38", "\"a..b\" is no endpoint", LABEL),
        (with_endpoints(&format!(r#""{label}": T"#)), &label_place, "\"aaa", LABEL),
        (with_endpoints(&format!(r#""{name}a": T"#)), &name_place, "\"a.a.", "at most 253 characters; shorten it"),
        (with_endpoints(r#""a b": T"#), "endpoints.a b, line 1, column 37", "\"a b\" is no endpoint", LETTERS),
        (with_endpoints(r#""bü": T"#), "endpoints.bü, line 1, column 37", "\"bü\" is no endpoint", "punycode"),
        (with_endpoints(r#""a\u0000b": T"#), r"endpoints.a\0b, line 1, column 42", r#""a\0b" is no endpoint"#, LETTERS),
        (with_endpoints("5: T"), "endpoints, line 1, column 33", "key must be a string", ""),
        (with_endpoints(r#""a.example": {}"#), "endpoints.a.example, line 1, column 45", "invalid type: map", LIST),
    ]);
}

#[test]
fn targets_that_are_none_are_refused_at_their_place() {
    const TARGET_FORM: &str = r#"expected {"address": …, "weight": …}"#;
    const WEIGHT: &str = "expected a whole number from 1 to 65535";
    const ADDRESS: &str = "write it as 10.0.0.1 or as fd00::1";
    const SET: &str = "endpoints.a.example";
    let with = |field: &str, value: &str| {
        let target = TARGET.replace(if field == "address" { r#""10.0.0.1""# } else { "1}" }, value);
        with_targets(&target)
    };
    let nine: Vec<String> = (1..=9).map(|host| TARGET.replace("0.1", &format!("0.{host}"))).collect();
    let at = |place: &str, column: u32| format!("{SET}{place}, line 1, column {column}");
    check(&[
        (with_targets(""), &at("", 47), "the record set is empty", "leave the endpoint as it was"),
        (with_targets(&nine.join(",")), &at("", 379), "9 targets: a record set has at most 8", "spread them"),
        (
            with_targets(&format!("{TARGET},{TARGET}")),
            &at("", 120),
            "10.0.0.1 is listed twice",
            "the sum of the weights",
        ),
        (with_targets("5"), &at("[0]", 47), "invalid type: integer", TARGET_FORM),
        (with_targets(r#"["10.0.0.1", 1]"#), &at("[0]", 46), "invalid type: sequence", TARGET_FORM),
        (with("weight", "0}"), &at("[0].weight", 81), "weight 0 is no share", "leave out a target"),
        (with("weight", "65536}"), &at("[0].weight", 85), "weight 65536 is over 65535", "scale down"),
        (with("weight", "-1}"), &at("[0].weight", 82), "invalid type: integer `-1`", WEIGHT),
        (with("weight", "0.5}"), &at("[0].weight", 83), "invalid type: floating point `0.5`", WEIGHT),
        (with("weight", "\"1\"}"), &at("[0].weight", 83), "invalid type: string", WEIGHT),
        (with("address", "\"10.0.0\""), &at("[0].address", 66), "\"10.0.0\" is no IP address", ADDRESS),
        (with("address", "\"db.example\""), &at("[0].address", 70), "\"db.example\" is no IP address", ADDRESS),
        (with("address", "10"), &at("[0].address", 60), "invalid type: integer `10`", "an IP address in quotes"),
        (with_targets(r#"{"address": "10.0.0.1"}"#), &at("[0]", 69), "missing field `weight`", "add it"),
        (
            with("weight", "1, \"wieght\": 1}"),
            &at("[0].wieght", 91),
            "unknown field `wieght`",
            "expected `address` or `weight`",
        ),
        (with("weight", "1, \"weight\": 1}"), &at("[0]", 91), "duplicate field `weight`", "keep one of the two"),
    ]);
}

/// An empty directory of this test's own.
fn directory(test: &str) -> PathBuf {
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join(test);
    if directory.exists() {
        fs::remove_dir_all(&directory).expect("a directory that an earlier run has left");
    }
    fs::create_dir_all(&directory).expect("a place for files");
    directory
}

fn names_in(directory: &Path) -> Vec<String> {
    let entries = fs::read_dir(directory).expect("a directory");
    entries.map(|entry| entry.expect("an entry").file_name().into_string().expect("a name of ours")).collect()
}

#[test]
fn a_plan_file_is_replaced_whole_and_nothing_is_left_beside_it() {
    let directory = directory("replaced_whole");
    let (path, mut rng) = (directory.join("plan.json"), Rng::with_seed(1));
    for _ in 0..3 {
        let plan = any_plan(&mut rng);
        json::write(&path, &plan).expect("a writable place");
        assert_eq!(json::read(&path).expect("what was written"), plan);
    }
    fs::write(directory.join(format!("plan.json.{}-0.new", std::process::id())), "left by a process that was killed")
        .expect("a writable place");
    json::write(&path, &any_plan(&mut rng)).expect("what another one left is no obstacle");
    assert_eq!(names_in(&directory).len(), 2, "the plan, and what the other one left");
}

#[test]
fn a_plan_that_cannot_be_written_leaves_everything_as_it_was() {
    let directory = directory("cannot_be_written");
    let plan = any_plan(&mut Rng::with_seed(2));
    let nowhere = directory.join("missing").join("plan.json");
    let error = json::write(&nowhere, &plan).expect_err("there is no such directory");
    assert!(matches!(&error, FileError::Io { .. }), "{error:?}");
    assert!(error.to_string().starts_with(&nowhere.display().to_string()), "{error}");
    let below_a_file = directory.join("file").join("plan.json");
    fs::write(directory.join("file"), "").expect("a writable place");
    json::write(&below_a_file, &plan).expect_err("a file is no directory");
    // The last step fails here, when the new file is whole already.
    fs::create_dir(directory.join("occupied")).expect("a writable place");
    json::write(&directory.join("occupied"), &plan).expect_err("a directory stands there");
    let mut names = names_in(&directory);
    names.sort();
    assert_eq!(names, ["file", "occupied"], "nothing is left beside them");
}

#[test]
fn a_file_without_a_plan_is_refused_by_name() {
    let directory = directory("without_a_plan");
    let path = directory.join("plan.json");
    let error = json::read(&path).expect_err("no file yet");
    assert!(matches!(error, FileError::Io { .. }), "{error:?}");
    fs::write(&path, [b'{', 0xff, b'}']).expect("a writable place");
    let error = json::read(&path).expect_err("not UTF-8");
    assert!(matches!(error, FileError::Io { .. }), "{error:?}");
    fs::write(&path, "{}").expect("a writable place");
    let error = json::read(&path).expect_err("no plan").to_string();
    let expected = "no plan: at the top, line 1, column 2: missing field `generation`: add it";
    assert_eq!(error, format!("{}: {expected}", path.display()));
}

#[test]
fn writers_of_one_file_never_show_half_a_plan() {
    let directory = directory("writers");
    let path = directory.join("plan.json");
    let plans: Vec<Plan> = {
        let mut rng = Rng::with_seed(3);
        iter::repeat_with(|| any_plan(&mut rng)).take(4).collect()
    };
    json::write(&path, &plans[0]).expect("a writable place");
    thread::scope(|scope| {
        for plan in &plans {
            scope.spawn(|| (0..50).for_each(|_| json::write(&path, plan).expect("a writable place")));
        }
        for _ in 0..200 {
            let plan = json::read(&path).expect("a whole plan at every moment");
            assert!(plans.contains(&plan), "two plans in one file");
        }
    });
    assert_eq!(names_in(&directory), ["plan.json"], "nothing is left beside it");
}
