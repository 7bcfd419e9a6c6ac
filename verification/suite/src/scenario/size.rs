//! [`enactors`]: scenarios of any size, made at run time.

use super::{Action, Role, Scenario};
use crate::{
    property::Property::{
        self, Completes, Converges, Linearizable, NeverDangles, NeverEmpty, NeverRegresses, NeverTorn, NeverWedges,
        NoLeak, Reclaims,
    },
    witness::Witness::{self, NewAnswerSeen, OldAnswerSeen, PlanDeleted, StaleWriteRefused},
};

/// How large a scenario is: Enactors that roll out one plan each, all different, under clients that resolve.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use = "nothing is made before `scenario()`"]
pub struct Size {
    enactors: u32,
    endpoints: usize,
    retention: u32,
    clients: u32,
    looks: usize,
}

/// A scenario with so many Enactors, on one endpoint, with retention 0 and no client, unless said otherwise.
///
/// # Panics
/// With none, there is nothing to interleave; with more than 20, nobody would see the end.
pub fn enactors(count: u32) -> Size {
    assert!((1..=20).contains(&count), "a scenario has 1 to 20 Enactors, not {count}");
    Size { enactors: count, endpoints: 1, retention: 0, clients: 0, looks: 1 }
}

impl Size {
    /// On so many endpoints.
    ///
    /// # Panics
    /// Unless there are 1 to 200.
    pub fn endpoints(self, endpoints: usize) -> Self {
        assert!((1..=200).contains(&endpoints), "a scenario has 1 to 200 endpoints, not {endpoints}");
        Self { endpoints, ..self }
    }

    /// How many generations behind the newest applied one a plan is kept.
    ///
    /// # Panics
    /// Above 20.
    pub fn retention(self, retention: u32) -> Self {
        assert!(retention <= 20, "a scenario keeps at most 20 old plans, not {retention}");
        Self { retention, ..self }
    }

    /// With so many clients, each at an endpoint of its own while there are enough.
    ///
    /// # Panics
    /// Above 20.
    pub fn clients(self, clients: u32) -> Self {
        assert!(clients <= 20, "a scenario has at most 20 clients, not {clients}");
        Self { clients, ..self }
    }

    /// Every client resolves so often.
    ///
    /// # Panics
    /// Unless it is 1 to 8 times.
    pub fn looks(self, looks: usize) -> Self {
        assert!((1..=8).contains(&looks), "a client looks 1 to 8 times, not {looks}");
        Self { looks, ..self }
    }

    /// The scenario. It lives as long as the program: make each one once.
    pub fn scenario(self) -> &'static Scenario {
        Box::leak(Box::new(Scenario {
            name: leak(self.name()),
            story: leak(self.story()),
            endpoints: self.endpoints,
            published: self.enactors + 1,
            retention: self.retention,
            twins: &[],
            cast: Vec::leak(self.cast()),
            properties: Vec::leak(self.properties()),
            witnesses: Vec::leak(self.witnesses()),
        }))
    }

    fn name(&self) -> String {
        let Self { enactors, endpoints, retention, clients, looks } = self;
        let looks = if *looks == 1 { String::new() } else { format!("_looks_{looks}") };
        format!("enactors_{enactors}_endpoints_{endpoints}_retention_{retention}_clients_{clients}{looks}")
    }

    fn story(&self) -> String {
        let Self { enactors, endpoints, retention, clients, looks } = self;
        format!(
            "{enactors} Enactors, each with a plan of its own, on {endpoints} endpoints, keeping {retention} old plans, under \
             {clients} clients that resolve {looks} times."
        )
    }

    fn cast(&self) -> Vec<Role> {
        let role = |name: String, does: Vec<Action>| Role { name: leak(name), does: Vec::leak(does) };
        let enactors = (1..=self.enactors).map(|n| role(format!("Enactor {n}"), vec![Action::Enact(n + 1)]));
        let looks = |n: u32| vec![Action::Resolve((n as usize - 1) % self.endpoints); self.looks];
        enactors.chain((1..=self.clients).map(|n| role(format!("Client {n}"), looks(n)))).collect()
    }

    fn properties(&self) -> Vec<Property> {
        let mut properties = vec![
            NeverEmpty, NeverRegresses, NeverDangles, NeverTorn, Converges, NeverWedges, Reclaims, NoLeak, Completes,
        ];
        // The search for an order grows fast with the number of calls.
        if self.enactors <= 4 && self.clients as usize * self.looks <= 8 {
            properties.push(Linearizable);
        }
        properties
    }

    fn witnesses(&self) -> Vec<Witness> {
        let races = self.enactors > 1;
        // The newest run deletes what is older than the retention; plan 1 is the oldest.
        let deletes = self.retention < self.enactors;
        let mut witnesses = Vec::new();
        let mut add = |when: bool, more: &[Witness]| witnesses.extend(more.iter().filter(|_| when));
        // Only what outcomes show: which of two calls came first that do not know of each other is the engine's choice.
        add(races, &[StaleWriteRefused]);
        add(deletes, &[PlanDeleted]);
        add(self.clients > 0, &[OldAnswerSeen, NewAnswerSeen]);
        witnesses
    }
}

fn leak(text: String) -> &'static str {
    String::leak(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn size_is_what_was_asked_for() {
        let scenario = enactors(3).endpoints(2).retention(1).clients(2).looks(2).scenario();
        assert_eq!(scenario.name, "enactors_3_endpoints_2_retention_1_clients_2_looks_2");
        let needs = scenario.needs();
        assert_eq!((needs.endpoints, needs.room, needs.threads), (2, 4, 5));
        assert_eq!(scenario.cast[4].does, [Action::Resolve(1); 2]);
    }

    #[test]
    fn nothing_is_asked_for_that_cannot_happen() {
        assert_eq!(enactors(1).retention(1).scenario().witnesses, []);
        assert!(!enactors(2).retention(2).scenario().witnesses.contains(&PlanDeleted));
    }

    #[test]
    #[should_panic(expected = "a scenario has 1 to 20 Enactors, not 0")]
    fn no_enactor_is_no_scenario() {
        let _ = enactors(0);
    }
}
