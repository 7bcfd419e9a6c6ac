//! [`Weakening`]: one operation of the source with another ordering, as a text that a command line takes; and the audit that tries
//! each.

use std::{collections::BTreeMap, fmt, num::NonZeroUsize, str::FromStr, sync::atomic::Ordering};

use enactor::sync::model::{Access, Site};

use crate::workers::each;

/// How far one search of an audit goes, once an ordering is weaker.
pub const MAX_EXECUTIONS: u64 = 10_000;
/// How far the search for the operations that a scenario reaches goes. What is missed so can only make more orderings look as
/// if they could be weaker.
pub const MAX_TO_REACH: u64 = 2_000;

/// One operation with another ordering; none for a fence that is left out. As text: `file:line:operation:from:to`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Weakening {
    /// The operation, with the ordering that the source gives.
    pub site: Site,
    /// The ordering to use.
    pub order: Option<Ordering>,
}

/// A text that is no weakening.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no weakening: it is file:line:operation:from:to, such as src/store.rs:12:Load:Acquire:Relaxed")]
pub struct NoWeakening(pub String);

const ORDERINGS: [Ordering; 5] =
    [Ordering::Relaxed, Ordering::Acquire, Ordering::Release, Ordering::AcqRel, Ordering::SeqCst];
const ACCESSES: [Access; 5] =
    [Access::Load, Access::Store, Access::ReadModifyWrite, Access::FailedCompareExchange, Access::Fence];
const LEFT_OUT: &str = "LeftOut";

/// What one search says of a weaker ordering.
#[derive(Debug)]
pub enum Noticed<N> {
    /// A property that holds otherwise fails: which, and how to see it.
    By(N),
    /// None does.
    Not {
        /// In so many executions.
        executions: u64,
        /// Whether the search was cut short, so that it may not have come to it.
        truncated: bool,
    },
}

/// What came of one weaker ordering.
#[derive(Debug)]
pub enum Finding<'a, S, N> {
    /// This search notices it.
    Needed {
        /// Which search.
        search: &'a S,
        /// How.
        by: N,
    },
    /// None does.
    CouldBeWeaker {
        /// In so many executions.
        executions: u64,
        /// The searches that were cut short.
        truncated: Vec<&'a S>,
    },
}

/// What came of each weaker ordering of one operation.
#[derive(Debug)]
pub struct Audited<'a, S, N> {
    /// The operation.
    pub site: Site,
    /// How many searches reach it.
    pub reached_by: usize,
    /// Each weaker ordering; none for an operation that is relaxed already.
    pub weaker: Vec<(Weakening, Finding<'a, S, N>)>,
}

/// How an audit comes by what it looks at.
#[derive(Debug)]
pub struct Audit<Sites, Theirs, Weaken> {
    /// The operations that a search reaches, and in how many executions.
    pub sites: Sites,
    /// Whether an operation is of the code that is audited.
    pub is_theirs: Theirs,
    /// Whether a search notices a weaker ordering.
    pub weaken: Weaken,
}

/// What an audit comes to, for whoever watches.
#[derive(Debug, Clone, Copy)]
pub enum Event<'a> {
    /// So many weaker orderings are to be looked at.
    Begins(usize),
    /// One has been: whether it is needed.
    Ended(&'a Weakening, bool),
}

impl<Sites, Theirs, Weaken> Audit<Sites, Theirs, Weaken> {
    /// Weakens each ordering that the `searches` reach, one step and one at a time, and asks each search that reaches it, with so many
    /// `workers`. In the order of the source.
    pub fn run<'a, S, N>(
        &self,
        searches: &'a [S],
        workers: NonZeroUsize,
        watch: impl Fn(Event<'_>) + Sync,
    ) -> Vec<Audited<'a, S, N>>
    where
        S: Sync,
        N: Send,
        Sites: Fn(&S) -> (Vec<Site>, u64) + Sync,
        Theirs: Fn(&Site) -> bool + Sync,
        Weaken: Fn(&S, &Weakening) -> Noticed<N> + Sync,
    {
        let mut by_size: Vec<_> = searches.iter().zip(each(searches, workers, &self.sites)).collect();
        // Where there is less to go through the answer comes sooner, and is shorter.
        by_size.sort_by_key(|(_, (_, executions))| *executions);
        let mut reached: BTreeMap<Site, Vec<&S>> = BTreeMap::new();
        for (search, (sites, _)) in by_size {
            let theirs = sites.into_iter().filter(&self.is_theirs);
            theirs.for_each(|site| reached.entry(site).or_default().push(search));
        }
        let weaker = |site: &Site| {
            let site = *site;
            site.weaker().into_iter().map(move |order| Weakening { site, order })
        };
        let weakenings: Vec<Weakening> = reached.keys().flat_map(weaker).collect();
        watch(Event::Begins(weakenings.len()));
        let findings = each(&weakenings, workers, |weakening| {
            let finding = self.ask(weakening, &reached[&weakening.site]);
            watch(Event::Ended(weakening, matches!(finding, Finding::Needed { .. })));
            finding
        });
        let mut found = weakenings.into_iter().zip(findings).peekable();
        let audited = reached.into_iter().map(|(site, searches)| Audited {
            site,
            reached_by: searches.len(),
            weaker: std::iter::from_fn(|| found.next_if(|(weakening, _)| weakening.site == site)).collect(),
        });
        audited.collect()
    }

    fn ask<'a, S, N>(&self, weakening: &Weakening, searches: &[&'a S]) -> Finding<'a, S, N>
    where
        Weaken: Fn(&S, &Weakening) -> Noticed<N>,
    {
        let (mut executions, mut truncated) = (0, Vec::new());
        for &search in searches {
            match (self.weaken)(search, weakening) {
                Noticed::By(by) => return Finding::Needed { search, by },
                Noticed::Not { executions: played, truncated: cut } => {
                    executions += played;
                    truncated.extend(cut.then_some(search));
                }
            }
        }
        Finding::CouldBeWeaker { executions, truncated }
    }
}

impl fmt::Display for Weakening {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { site, order } = self;
        write!(f, "{}:{}:{:?}:{:?}:", site.file, site.line, site.access, site.ordering())?;
        match order {
            Some(order) => write!(f, "{order:?}"),
            None => f.write_str(LEFT_OUT),
        }
    }
}

impl FromStr for Weakening {
    type Err = NoWeakening;

    fn from_str(text: &str) -> Result<Self, NoWeakening> {
        parse(text).ok_or_else(|| NoWeakening(text.to_owned()))
    }
}

fn parse(text: &str) -> Option<Weakening> {
    let mut parts = text.rsplitn(5, ':');
    let (to, from, access, line, file) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    let ordering = |name: &str| ORDERINGS.into_iter().find(|order| format!("{order:?}") == name);
    let access = ACCESSES.into_iter().find(|known| format!("{known:?}") == access)?;
    // A command line is read once, and a site's file lives as long as the program.
    let site = Site::new(file.to_owned().leak(), line.parse().ok()?, access, ordering(from)?);
    let order = if to == LEFT_OUT { None } else { Some(ordering(to)?) };
    (order.is_some() || access == Access::Fence).then_some(Weakening { site, order })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_weakening_is_what_its_text_says() {
        for text in ["src/store/guarded.rs:190:Fence:Acquire:LeftOut", "src/a:b.rs:1:Load:SeqCst:Acquire"] {
            assert_eq!(text.parse::<Weakening>().expect("a weakening").to_string(), text);
        }
    }

    #[test]
    fn a_garbled_weakening_is_refused() {
        for text in ["", "::::", "f.rs:1:Load:Acquire", "f.rs:x:Load:Acquire:Relaxed", "f.rs:1:Load:Acquire:LeftOut"] {
            assert_eq!(text.parse::<Weakening>(), Err(NoWeakening(text.to_owned())));
        }
    }
}
