//! GitHub's annotations: a line on standard output that marks a line in the changed source.

use enactor_verification::report::{
    columns,
    story::{Sources, Story},
};

/// The line that marks whom `story` blames.
pub fn error(story: &Story, sources: &Sources) -> String {
    let title = story.title();
    let mut message = story.statement.clone();
    if let Some(harm) = columns::harm(story) {
        message += &format!("\n{}", harm.trim_start_matches("! "));
    }
    message += &format!("\nreplay: {}", story.replay);
    let at = story.guilty().and_then(|step| step.place.as_ref()).map_or_else(String::new, |place| {
        format!("file={},line={},", property(&sources.in_repository(&place.file)), place.line)
    });
    format!("::error {at}title={}::{}", property(&title), data(&message))
}

/// A message, with what ends it in GitHub's eyes replaced.
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// The value of a property, which a colon or a comma would end too.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}
