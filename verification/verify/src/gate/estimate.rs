//! How long a run still takes, by what the baseline says. A guess, and none where there is nothing to go by.

use std::time::Duration;

/// The time left for `left` more executions, when `done` have taken `elapsed`. None when nobody knows: no execution is done, or
/// nobody knows how many are left.
pub fn remaining(done: u64, left: Option<u64>, elapsed: Duration) -> Option<Duration> {
    let left = left.filter(|_| done > 0)?;
    Duration::try_from_secs_f64(elapsed.as_secs_f64() * left as f64 / done as f64).ok()
}

/// How many executions are left, when `recorded` are those of the models that have not ended, of which `done` are done. None
/// when a model is not recorded, or has more than its recorded number: then it takes longer, and nobody knows how long.
pub fn left(recorded: impl IntoIterator<Item = Option<u64>>, done: u64) -> Option<u64> {
    recorded.into_iter().sum::<Option<u64>>()?.checked_sub(done)
}

/// In words.
pub fn words(remaining: Option<Duration>) -> String {
    match remaining {
        None => "time left unknown".to_owned(),
        Some(time) if time < Duration::from_secs(100) => format!("about {:.0} s left", time.as_secs_f64()),
        Some(time) => format!("about {:.0} min left", time.as_secs_f64() / 60.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_left_follows_the_recorded_executions_and_is_unknown_without_them() {
        let second = Duration::from_secs(1);
        assert_eq!(words(remaining(100, left([Some(300), Some(100)], 100), second)), "about 3 s left");
        assert_eq!(words(remaining(100, left([Some(100_000)], 0), second)), "about 17 min left");
        assert_eq!(words(remaining(100, left([Some(300), None], 0), second)), "time left unknown");
        assert_eq!(words(remaining(100, left([Some(50)], 51), second)), "time left unknown", "more than recorded");
        assert_eq!(words(remaining(0, left([Some(50)], 0), second)), "time left unknown", "nothing to go by");
        assert_eq!(words(remaining(100, left([], 0), second)), "about 0 s left");
    }
}
