//! [`Rounds`]: one contender's numbers, one from each round. The rounds are taken in turn, so that what else the machine does
//! hits all contenders alike; and a ratio is that of two numbers of the same round.

/// What one contender needed in each round.
#[derive(Clone, Default)]
pub(crate) struct Rounds(Vec<f64>);

impl Rounds {
    pub(crate) fn push(&mut self, value: f64) {
        self.0.push(value);
    }

    pub(crate) fn median(&self) -> f64 {
        median(self.0.clone())
    }

    /// How many times as long as `peer`, in the median round.
    pub(crate) fn ratio(&self, peer: &Rounds) -> f64 {
        median(self.0.iter().zip(&peer.0).map(|(own, peer)| own / peer).collect())
    }
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    values[values.len() / 2]
}

/// The numbers of all `contenders` in the order of this round: each round begins with another one.
pub(crate) fn turns(round: usize, contenders: usize) -> impl Iterator<Item = usize> {
    (0..contenders).map(move |turn| (round + turn) % contenders)
}

/// Nanoseconds, with a digit behind the point where it says something.
pub(crate) fn nanoseconds(value: f64) -> String {
    if value < 100.0 { format!("{value:.1}") } else { format!("{value:.0}") }
}

/// A time in the unit that suits it.
pub(crate) fn time(nanoseconds: f64) -> String {
    match nanoseconds {
        ..1e3 => format!("{nanoseconds:.0} ns"),
        ..1e6 => format!("{:.1} µs", nanoseconds / 1e3),
        _ => format!("{:.1} ms", nanoseconds / 1e6),
    }
}

/// A ratio, such as `1.25×`.
pub(crate) fn times(ratio: f64) -> String {
    format!("{ratio:.2}×")
}
