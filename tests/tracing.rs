//! In production the events are the log: each says who does what to which endpoint with which plan, and what came of it.

// On a model leg the events are off while it explores, and the suite shows them on a replay.
#![cfg(not(loom))]

use std::{
    collections::BTreeMap,
    fmt::Debug,
    mem,
    sync::{Mutex, mpsc},
    thread,
};

use enactor::{
    enactor::{Enactor, Policy, Retry, RunReport},
    generation::Generation,
    operator::Operator,
    plan::{Endpoint, Plan, RecordSet, Target},
    store::{EnactorId, Guarded, PlanStore, Unguarded},
    sync::Arc,
};
use tracing::{
    Dispatch, Event, Subscriber, dispatcher,
    field::{Field, Visit},
    span,
};
use tracing_subscriber::{
    Layer,
    layer::{Context, SubscriberExt as _},
    registry::LookupSpan,
};

/// The fields of an event or a span, as text.
#[derive(Debug, Clone, Default, PartialEq)]
struct Fields(BTreeMap<&'static str, String>);

impl Visit for Fields {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.0.insert(field.name(), value.to_owned());
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.0.insert(field.name(), format!("{value:?}"));
    }
}

impl Fields {
    fn get(&self, name: &str) -> &str {
        self.0.get(name).map_or("", String::as_str)
    }
}

/// One event, and the Enactor's run in which it happened.
#[derive(Debug, Clone)]
struct Line {
    event: Fields,
    run: Fields,
}

impl Line {
    /// As a person reads the log.
    fn told(&self) -> String {
        let message = self.event.get("message");
        match self.run.get("enactor") {
            "" => message.to_owned(),
            enactor => format!("Enactor {enactor} {message}"),
        }
    }
}

/// Called with each line when it is written.
type Then = Box<dyn Fn(&str) + Send + Sync>;

/// Keeps the lines in their order.
struct Log {
    lines: Arc<Mutex<Vec<Line>>>,
    then: Then,
}

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for Log {
    fn on_new_span(&self, attributes: &span::Attributes<'_>, id: &span::Id, context: Context<'_, S>) {
        let mut fields = Fields::default();
        attributes.record(&mut fields);
        context.span(id).expect("a new span is known").extensions_mut().insert(fields);
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let mut line = Line { event: Fields::default(), run: Fields::default() };
        event.record(&mut line.event);
        if let Some(span) = context.event_span(event) {
            line.run = span.extensions().get().cloned().expect("every span keeps its fields");
        }
        let told = line.told();
        self.lines.lock().expect("not poisoned").push(line);
        (self.then)(&told);
    }
}

/// What several threads log, in one order.
#[derive(Clone, Default)]
struct Captured(Arc<Mutex<Vec<Line>>>);

impl Captured {
    /// Does something of which the events are kept; `then` is called at each.
    fn listen<T>(&self, then: impl Fn(&str) + Send + Sync + 'static, body: impl FnOnce() -> T) -> T {
        let log = Log { lines: Arc::clone(&self.0), then: Box::new(then) };
        dispatcher::with_default(&Dispatch::new(tracing_subscriber::registry().with(log)), body)
    }

    fn take(&self) -> Vec<Line> {
        mem::take(&mut self.0.lock().expect("not poisoned"))
    }
}

fn endpoint(name: &str) -> Endpoint {
    name.parse().expect("a name")
}

fn generation(number: u64) -> Generation {
    Generation::new(number).expect("a generation")
}

fn publish<S: PlanStore>(store: &S, number: u64) {
    store.publish(plan(store, number)).expect("newer, and room");
}

fn plan<S: PlanStore>(store: &S, number: u64) -> Arc<Plan> {
    let target = Target { address: [10, 0, 0, number as u8].into(), weight: 1.try_into().expect("1 is not 0") };
    let records = Arc::new(RecordSet::new(vec![target]).expect("one target"));
    let records = store.endpoints().map(|endpoint| (endpoint.clone(), Arc::clone(&records)));
    Arc::new(Plan::new(generation(number), records))
}

fn enactor(id: u32, retention: u32) -> Enactor {
    Enactor::new(EnactorId(id), Policy { retention, retry: Retry::NEVER })
}

/// The lines that a run of Enactor 7 with plan `number` leaves about endpoints; each must tell everything about itself.
fn attempts<S: PlanStore>(store: &S, number: u64) -> Vec<Line> {
    let captured = Captured::default();
    captured.listen(|_| {}, || enactor(7, 0).run_with(store, generation(number)));
    let mut lines = captured.take();
    for line in &lines {
        assert_eq!((line.run.get("enactor"), line.run.get("generation")), ("7", &*number.to_string()), "{line:?}");
    }
    lines.retain(|line| !line.event.get("endpoint").is_empty());
    for line in &lines {
        assert_eq!(line.event.get("generation"), number.to_string(), "{line:?}");
        assert!(line.event.get("message").contains(line.event.get("endpoint")), "{line:?}");
    }
    lines
}

fn outcomes<S: PlanStore>(store: &S, number: u64) -> Vec<String> {
    attempts(store, number).iter().map(|line| line.event.get("outcome").to_owned()).collect()
}

#[test]
fn every_attempt_tells_enactor_generation_endpoint_and_outcome() {
    fn check<S: PlanStore>(store: &S) {
        publish(store, 1);
        let lines = attempts(store, 1);
        assert_eq!(lines.len(), 2, "one for each endpoint: {lines:?}");
        let named: Vec<&str> = lines.iter().map(|line| line.event.get("endpoint")).collect();
        assert_eq!(named, store.endpoints().map(Endpoint::as_str).collect::<Vec<_>>());
        assert_eq!(lines[0].event.get("outcome"), "Applied { replaced: None }");
        publish(store, 2);
        assert_eq!(outcomes(store, 2), ["Applied { replaced: Some(Generation(1)) }"; 2]);
        publish(store, 3);
        store.pause();
        assert_eq!(outcomes(store, 3), ["Paused"], "the first one ends the run");
    }
    let endpoints = || [endpoint("a.example"), endpoint("b.example")];
    check(&Guarded::<3>::new(endpoints()).expect("a store"));
    check(&Unguarded::new(endpoints()));
}

#[test]
fn a_refused_attempt_tells_why() {
    let store: Guarded<5> = Guarded::new([endpoint("a.example"), endpoint("b.example")]).expect("a store");
    for number in 1..=3 {
        publish(&store, number);
    }
    let [first, _] = store.endpoints().collect::<Vec<_>>()[..] else { panic!("two endpoints") };
    store.apply_plan(&mut (), first, generation(2));
    assert_eq!(outcomes(&store, 1), ["Stale { applied: Generation(2) }", "Applied { replaced: None }"]);
    store.delete_stale_plans(&mut (), generation(3));
    assert_eq!(outcomes(&store, 2), ["Stale { applied: Generation(2) }", "Deleted"], "withdrawn from the second");
    assert_eq!(outcomes(&store, 9), ["Unpublished", "Unpublished"]);
}

#[test]
fn an_endpoint_that_another_enactor_is_updating_is_busy_in_the_log() {
    let store = Arc::new(Unguarded::new([endpoint("a.example")]));
    publish(&*store, 1);
    let (captured, other) = (Captured::default(), Arc::clone(&store));
    // In the middle of Enactor 1's transaction Enactor 7 comes along.
    let meanwhile = Arc::new(Mutex::new(None));
    let outcome = Arc::clone(&meanwhile);
    let then = move |told: &str| {
        if told == "Enactor 1 applies plan 1 to a.example" {
            let other = Arc::clone(&other);
            publish(&*other, 2);
            let seen = thread::spawn(move || outcomes(&*other, 2)).join().expect("it does not panic");
            *outcome.lock().expect("not poisoned") = Some(seen);
        }
    };
    captured.listen(then, || enactor(1, 0).run(&*store));
    assert_eq!(*meanwhile.lock().expect("not poisoned"), Some(vec!["Busy".to_owned()]));
}

/// What a replay folds the zone and the plans from.
#[test]
fn every_change_says_what_it_is() {
    fn check<S: PlanStore>(store: &S) {
        let captured = Captured::default();
        let automation = || {
            publish(store, 1);
            enactor(1, 0).run(store);
            publish(store, 2);
            enactor(1, 0).run(store);
            let operator = Operator::new(store);
            operator.pause();
            // What is refused is no change.
            enactor(1, 0).run_with(store, generation(9));
            operator.repair(plan(store, 3)).expect("the operator's right");
            operator.resume();
        };
        captured.listen(|_| {}, automation);
        let changes = captured.take().into_iter().filter(|line| !line.event.get("change").is_empty());
        let fields = |line: Line| ["change", "generation", "endpoint"].map(|name| line.event.get(name).to_owned());
        let changes: Vec<String> = changes.map(|line| fields(line).join(" ").trim_end().to_owned()).collect();
        let expected = [
            "publish 1",
            "apply 1 a.example",
            "publish 2",
            "apply 2 a.example",
            "delete 1",
            "pause",
            "publish 3",
            "apply 3 a.example",
            "resume",
        ];
        assert_eq!(changes, expected);
    }
    check(&Guarded::<3>::new([endpoint("a.example")]).expect("a store"));
    check(&Unguarded::new([endpoint("a.example")]));
}

/// INCIDENT 3 to 11.
const STORY: &str = "
publishes plan 1
Enactor 3 finds plan 1 newer than what is applied
Enactor 3 applies plan 1 to ENDPOINT
Enactor 3 cleans up plans older than 1
Enactor 3 finishes the run with plan 1
publishes plan 2
Enactor 1 finds plan 2 newer than what is applied
publishes plan 3
Enactor 2 finds plan 3 newer than what is applied
Enactor 2 applies plan 3 to ENDPOINT
Enactor 2 cleans up plans older than 3
Enactor 1 applies plan 2 to ENDPOINT
Enactor 1 cleans up plans older than 1
Enactor 1 finishes the run with plan 2
Enactor 2 deletes plan 1
Enactor 2 deletes plan 2
Enactor 2 finishes the run with plan 3
publishes plan 4
Enactor 3 finds plan 4 newer than what is applied
Enactor 3 cannot apply plan 4: the active plan of ENDPOINT is gone
pauses the automation
publishes plan 5
applies plan 5 to ENDPOINT
repairs the zone with plan 5
resumes the automation
";

#[test]
fn the_log_of_the_outage_tells_its_story() {
    const ENDPOINT: &str = "dynamodb.us-east-1.amazonaws.com";
    let store = Arc::new(Unguarded::new([endpoint(ENDPOINT)]));
    let captured = Captured::default();
    captured.listen(
        |_| {},
        || {
            publish(&*store, 1);
            enactor(3, 0).run(&*store);
            publish(&*store, 2);
        },
    );
    // Enactor 1 stops for a long while after its freshness check.
    let (checked, has_checked) = mpsc::channel();
    let (go, may_go) = mpsc::channel();
    let may_go = Mutex::new(may_go);
    let slow = thread::spawn({
        let (captured, store) = (captured.clone(), Arc::clone(&store));
        let then = move |told: &str| {
            if told.starts_with("Enactor 1 finds plan 2") {
                checked.send(()).expect("the test waits");
                may_go.lock().expect("not poisoned").recv().expect("the test lets it go");
            }
        };
        move || captured.listen(then, || enactor(1, 3).run(&*store))
    });
    has_checked.recv().expect("Enactor 1 makes its check");
    captured.listen(|_| {}, || publish(&*store, 3));
    // Enactor 2 is fast; as it begins to clean up, Enactor 1 goes on.
    let slow = Mutex::new(Some(slow));
    let then = move |told: &str| {
        if told.starts_with("Enactor 2 cleans up") {
            go.send(()).expect("Enactor 1 waits");
            let slow = slow.lock().expect("not poisoned").take().expect("only once");
            slow.join().expect("it does not panic");
        }
    };
    captured.listen(then, || enactor(2, 0).run(&*store));
    assert!(store.resolve(&endpoint(ENDPOINT)).expect("a known endpoint").is_empty(), "the outage");
    captured.listen(
        |_| {},
        || {
            publish(&*store, 4);
            assert!(matches!(enactor(3, 0).run(&*store), RunReport::Wedged { .. }));
            let operator = Operator::new(&*store);
            operator.pause();
            operator.repair(plan(&*store, 5)).expect("the operator's way out");
            operator.resume();
        },
    );
    let told: Vec<String> = captured.take().iter().map(Line::told).collect();
    assert_eq!(told.join("\n"), STORY.trim().replace("ENDPOINT", ENDPOINT));
}
