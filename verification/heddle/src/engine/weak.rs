//! Why no interleaving explains an execution: which lines would have to have
//! stronger orderings for RC11 to forbid it.
//!
//! Each claim is tried: the graph with those orderings is inconsistent, and with
//! fewer of them it is not. With all accesses sequentially consistent only
//! interleavings are left, unless something besides atomics is in play; then
//! nothing is said.

use super::Engine;
use crate::failure::{TooWeak, Unseen, Weak};
use crate::graph::{Event, EventId, Graph, Kind, Mode, NONE, Site, What, same_site};

/// Steps that go against the order, and lines, that are worth naming.
const NAMED: usize = 4;
/// Events beyond which trying would take too long.
const MAX_EVENTS: usize = 300;

/// How much stronger a line is made.
#[derive(Clone, Copy)]
enum Strength {
    /// What it can be without [`Mode::SeqCst`].
    AcqRel,
    SeqCst,
}

impl Engine {
    /// The execution of a replay as far as no interleaving explains it; `places`
    /// are those of its events among the steps.
    pub(super) fn weak(&self, places: &[usize]) -> Weak {
        let mut unseen = self.unseen(places);
        unseen.truncate(NAMED);
        let too_weak = if places.len() > MAX_EVENTS { Vec::new() } else { too_weak(&self.graph) };
        Weak { unseen, too_weak }
    }

    fn unseen(&self, places: &[usize]) -> Vec<Unseen> {
        let graph = &self.graph;
        let mut unseen = Vec::new();
        for id in 0..graph.len() {
            let event = graph.event(id);
            let place = match event.kind {
                Kind::Read => graph.place_of(event.source),
                Kind::Write if !event.rmw => event.place,
                _ => continue,
            };
            // The first one that was there and is newer.
            let later = graph.location(event.location).order[place as usize..].iter();
            let Some(write) = later.copied().filter(|write| *write < id).min() else {
                continue;
            };
            let (step, write) = (places[id as usize], places[write as usize]);
            unseen.push(if event.kind == Kind::Read {
                Unseen::Read { step, write }
            } else {
                Unseen::Write { step, write }
            });
        }
        unseen
    }
}

/// A smallest set of lines that forbid the execution if they are stronger.
fn too_weak(graph: &Graph) -> Vec<TooWeak> {
    for strength in [Strength::AcqRel, Strength::SeqCst] {
        let mut sites = sites(graph, strength);
        if !is_forbidden(graph, &sites, strength) {
            continue;
        }
        let mut index = 0;
        while index < sites.len() {
            let site = sites.remove(index);
            if !is_forbidden(graph, &sites, strength) {
                sites.insert(index, site);
                index += 1;
            }
        }
        return sites.iter().filter_map(|site| line(graph, site, strength)).collect();
    }
    Vec::new()
}

/// The lines with an atomic operation that could be stronger.
fn sites(graph: &Graph, strength: Strength) -> Vec<Site> {
    let mut sites: Vec<Site> = Vec::new();
    for event in &graph.events {
        let stronger = stronger(event, strength) != event.mode;
        if stronger && !sites.iter().any(|site| same_site(site, event.site)) {
            sites.push(event.site);
        }
    }
    sites
}

fn line(graph: &Graph, site: &Site, strength: Strength) -> Option<TooWeak> {
    let mut events = graph.events.iter().filter(|event| same_site(event.site, site));
    let event = events.find(|event| stronger(event, strength) != event.mode)?;
    let (ordering, enough) = (event.mode.into(), stronger(event, strength).into());
    Some(TooWeak { site: event.site, ordering, enough })
}

/// The ordering that an event would have. Locks have theirs from heddle.
fn stronger(event: &Event, strength: Strength) -> Mode {
    let has_ordering = match event.kind {
        Kind::Read | Kind::Write => event.what == What::Atomic && !event.exclusive && !event.blocked,
        Kind::Fence => true,
        Kind::Spawn | Kind::Join | Kind::Choose => false,
    };
    if !has_ordering || event.mode == Mode::SeqCst {
        return event.mode;
    }
    match strength {
        Strength::SeqCst => Mode::SeqCst,
        Strength::AcqRel if event.rmw || event.kind == Kind::Fence => Mode::AcqRel,
        Strength::AcqRel if event.kind == Kind::Write => Mode::Release,
        Strength::AcqRel => Mode::Acquire,
    }
}

/// Whether RC11 forbids the execution if these lines are stronger.
fn is_forbidden(graph: &Graph, sites: &[Site], strength: Strength) -> bool {
    if sites.is_empty() {
        return false;
    }
    let mut graph = graph.clone();
    for event in &mut graph.events {
        if sites.iter().any(|site| same_site(site, event.site)) {
            event.mode = stronger(event, strength);
        }
    }
    let events: Vec<EventId> = (0..graph.len()).collect();
    // A replay adds causes first, so each event finds the clocks that it needs.
    for id in events.iter().copied() {
        let event = *graph.event(id);
        let previous = graph.previous(id);
        graph.event_mut(id).release_fence = match event.kind {
            Kind::Fence if event.mode.releases() => id,
            _ if previous == NONE => NONE,
            _ => graph.event(previous).release_fence,
        };
        graph.update_views(id);
    }
    let is_coherent = |id: &EventId| {
        let event = graph.event(*id);
        match event.kind {
            Kind::Read => graph.is_coherent(*id),
            Kind::Write => graph.earliest(*id, event.location) < event.place,
            _ => true,
        }
    };
    !events.iter().all(is_coherent) || !graph.is_sc_consistent(&events)
}
