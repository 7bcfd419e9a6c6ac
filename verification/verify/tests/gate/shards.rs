//! Shards, and how they become one verdict.
#![cfg(heddle)]

use super::{Folder, budget_with, json, read, verify};

/// Runs a shard of the quick group into `out`.
fn shard(folder: &Folder, shard: &str, out: &str, more: &[&str]) -> String {
    let path = folder.path(out);
    let run = verify(&[&["gate", "--group", "quick", "--shard", shard, "--out", &path][..], more].concat());
    assert!(run.code == Some(0) || !more.is_empty(), "{}{}", run.stdout, run.stderr);
    path
}

/// The report without what no two runs have in common.
fn timeless(path: &str) -> serde_json::Value {
    let mut document = json(path);
    for model in document["record"]["models"].as_array_mut().expect("models") {
        model["milliseconds"] = 0.into();
    }
    document
}

#[test]
fn the_shards_of_a_run_merge_to_the_verdict_of_the_whole_and_to_nothing_else() {
    let folder = Folder::new();
    let [one, two, three] = ["1/3", "2/3", "3/3"].map(|name| shard(&folder, name, &name.replace('/', "-"), &[]));
    let (merged, whole) = (folder.path("merged"), folder.path("whole"));
    let run = verify(&["merge", &three, &one, &two, "--json", &merged]);
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    assert_eq!(verify(&["gate", "--group", "quick", "--json", &whole]).code, Some(0));
    assert_eq!(timeless(&merged), timeless(&whole));

    // Of another selection, and of another number of shards.
    let other = folder.path("other");
    assert_eq!(verify(&["gate", "--group", "full", "--shard", "3/3", "--out", &other]).code, Some(0));
    let half = shard(&folder, "1/2", "half", &[]);
    let text = read(&two);
    let from = text.find("\"executions\": ").expect("a number");
    let more = folder.file("more", &format!("{}1{}", &text[..from + 14], &text[from + 14..]));
    let cut = folder.file("cut", &text[..text.len() / 2]);
    let newer = folder.file("newer", &text.replacen("\"version\": 1", "\"version\": 2", 1));
    let budget = folder.file("budget", &budget_with("client_looks_twice", "rest", "max_seconds = 99\nrest"));
    for (arguments, words) in [
        (vec![&one, &two], "shard 3/3 is missing"),
        (vec![&three], "shard 1/3 is missing"),
        (vec![&one, &two, &three, &two], "are both shard 2/3"),
        (vec![&one, &two, &other], "the selection of models differs"),
        (vec![&one, &two, &three, &half], "the number of shards differs"),
        (vec![&one, &more, &three], "its checksum is not that of what stands there"),
        (vec![&one, &cut, &three], "EOF while parsing"),
        (vec![&one, &newer, &three], "the file has version 2, and this is for version 1"),
        (vec![&one, &two, &budget], "this is no file of `cargo verify gate`"),
        (vec![&one, &two, &merged], "this is no file of `cargo verify gate`"),
    ] {
        let texts: Vec<&str> = arguments.iter().map(|path| path.as_str()).collect();
        let run = verify(&[&["merge"][..], &texts].concat());
        assert_eq!(run.code, Some(2), "{words}: {}{}", run.stdout, run.stderr);
        assert!(run.stderr.contains(words) && run.stdout.is_empty(), "{words}: {}", run.stderr);
    }
    let run = verify(&["merge", &one, &two, &three, "--budget", &budget]);
    assert_eq!(run.code, Some(2));
    assert!(run.stderr.contains("the shards are not of this checkout: the budget differs"), "{}", run.stderr);
}

#[test]
fn a_red_shard_makes_the_whole_red_and_an_unfinished_one_inconclusive() {
    let folder = Folder::new();
    let text = budget_with("told_client_sees_the_new_plan", "rest = \"proved\"", "rest = \"refuted\"");
    let budget = folder.file("budget", &text);
    let red = ["--budget", &budget, "--jobs", "1"];
    let [one, two] = ["1/2", "2/2"].map(|name| shard(&folder, name, &name.replace('/', "-"), &red));
    let run = verify(&["merge", &one, &two, "--budget", &budget]);
    assert_eq!(run.code, Some(1), "{}{}", run.stdout, run.stderr);
    assert!(run.stdout.contains("never_empty is proved, expected refuted"), "{}", run.stdout);

    let state = folder.path("state");
    let one = shard(&folder, "1/2", "1-2", &["--minutes", "0.000001", "--state", &state]);
    let two = shard(&folder, "2/2", "2-2", &[]);
    let run = verify(&["merge", &one, &two]);
    assert_eq!(run.code, Some(3), "{}{}", run.stdout, run.stderr);
    let run = verify(&["merge", &state, &two]);
    assert_eq!(run.code, Some(2));
    assert!(run.stderr.contains("this is an unfinished run"), "{}", run.stderr);
}
