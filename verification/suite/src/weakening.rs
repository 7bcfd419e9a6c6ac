//! [`Weakening`]: one operation of the source with another ordering, as a text that a command line takes.

use std::{fmt, str::FromStr, sync::atomic::Ordering};

use enactor::sync::model::{Access, Site};

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
