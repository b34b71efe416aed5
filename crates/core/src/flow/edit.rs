//! A flow's text made to say another flow: what did not change stays as it is written, comments too.

use std::ops::Range;

use serde::de::DeserializeOwned;

use super::written::{Written, item, items};
use super::{Branch, Flow, FlowError, Node};

/// The text of a flow changed to say `flow`. A step that stays keeps its lines wherever it goes; one that changes keeps those
/// of the keys that do not. Comments go with the step or key that follows them. Where the text cannot be read, or is
/// written in a way that cannot be mended, the whole flow is written anew.
pub fn with_flow(text: &str, flow: &Flow) -> Result<String, FlowError> {
    let lines: Vec<String> = text.lines().map(str::to_owned).collect();
    if let Ok(old) = Flow::read(text) {
        let mut made = keys(&lines, 0, &old, flow);
        made.push(String::new());
        let made = made.join("\n");
        if Flow::read(&made).is_ok_and(|read| read == *flow) {
            return Ok(made);
        }
    }
    let mut anew: Vec<String> = flow.keys().into_iter().flat_map(|(_, lines)| lines).collect();
    anew.push(String::new());
    let anew = anew.join("\n");
    match Flow::read(&anew) {
        Ok(read) if read == *flow => Ok(anew),
        _ => flow.to_yaml(),
    }
}

/// Something whose keys may hold lists of others.
trait Mended: Written + DeserializeOwned + PartialEq {
    /// Whether `other` is this one, changed perhaps.
    fn is(&self, other: &Self) -> bool;
    /// The list under a key, mended; none if there is no list under it.
    fn list(key: &str, old: &Self, new: &Self, lines: &[String]) -> Option<Vec<String>>;
}

impl Mended for Flow {
    fn is(&self, other: &Flow) -> bool {
        self.id == other.id
    }

    fn list(key: &str, old: &Flow, new: &Flow, lines: &[String]) -> Option<Vec<String>> {
        (key == "steps").then(|| list(lines, &old.steps, &new.steps))?
    }
}

impl Mended for Node {
    fn is(&self, other: &Node) -> bool {
        self.id() == other.id()
    }

    fn list(key: &str, old: &Node, new: &Node, lines: &[String]) -> Option<Vec<String>> {
        match (key, old, new) {
            ("branches", Node::Branches(old), Node::Branches(new)) => list(lines, &old.branches, &new.branches),
            _ => None,
        }
    }
}

impl Mended for Branch {
    fn is(&self, other: &Branch) -> bool {
        self.name == other.name
    }

    fn list(key: &str, old: &Branch, new: &Branch, lines: &[String]) -> Option<Vec<String>> {
        (key == "steps").then(|| list(lines, &old.steps, &new.steps))?
    }
}

/// Lines that belong together: comments and empty lines first, then what they are about.
struct Chunk {
    lead: Vec<String>,
    body: Vec<String>,
}

/// The keys of a mapping written at `indent`, changed from `old` to `new`.
fn keys<T: Mended>(lines: &[String], indent: usize, old: &T, new: &T) -> Vec<String> {
    let begins = |line: &str| indent_of(line) == indent && !line.trim_start().starts_with(['-', '#']);
    let (chunks, rest) = chunks(lines, begins);
    let named = |key: &str| {
        let is = |c: &&Chunk| {
            let first = c.body.first().map(|line| line.trim_start());
            first
                .and_then(|line| line.strip_prefix(key))
                .is_some_and(|r| r.starts_with(':'))
        };
        chunks.iter().find(is)
    };
    let before = old.keys();
    let mut made = Vec::new();
    for (key, written) in new.keys() {
        let same = before.iter().any(|(k, lines)| *k == key && *lines == written);
        match named(key) {
            Some(chunk) => {
                made.extend(chunk.lead.iter().cloned());
                if same {
                    made.extend(chunk.body.iter().cloned());
                    continue;
                }
                let mended = chunk
                    .body
                    .split_first()
                    .and_then(|(head, below)| Some((head, T::list(key, old, new, below)?)));
                match mended {
                    Some((head, below)) => {
                        made.push(head.clone());
                        made.extend(below);
                    }
                    None => made.extend(indented(&written, indent)),
                }
            }
            None => made.extend(indented(&written, indent)),
        }
    }
    made.extend(rest.iter().cloned());
    made
}

/// A list changed from `old` to `new`; none where it is not written with a line for each.
fn list<T: Mended>(lines: &[String], old: &[T], new: &[T]) -> Option<Vec<String>> {
    let first = lines
        .iter()
        .find(|l| !l.trim().is_empty() && !l.trim_start().starts_with('#'))?;
    let indent = indent_of(first);
    let begins = |line: &str| indent_of(line) == indent && line.trim_start().starts_with("- ");
    let (chunks, rest) = chunks(lines, begins);
    let mut read: Vec<Option<(T, Chunk)>> = Vec::new();
    for chunk in chunks {
        let mut one: Vec<T> = serde_norway::from_str(&chunk.body.join("\n")).ok()?;
        read.push(Some((one.pop()?, chunk)));
    }
    if read.len() != old.len() {
        return None;
    }
    // What stays as it is finds its lines first, so that what changes does not take them.
    let find = |read: &mut Vec<Option<(T, Chunk)>>, fits: &dyn Fn(&T) -> bool| {
        let at = read.iter().position(|one| one.as_ref().is_some_and(|(t, _)| fits(t)));
        at.and_then(|at| read[at].take())
    };
    let kept: Vec<Option<(T, Chunk)>> = new.iter().map(|n| find(&mut read, &|t| t == n)).collect();
    let mut made = Vec::new();
    for (at, (one, kept)) in new.iter().zip(kept).enumerate() {
        let changed = |read: &mut Vec<Option<(T, Chunk)>>| {
            let by_name = find(read, &|t| t.is(one));
            // A branch whose name changed is the one that stood in its place.
            by_name.or_else(|| {
                let there = read.get_mut(at)?;
                let gone = there
                    .as_ref()
                    .is_some_and(|(t, _)| !new.iter().any(|n| n.is(t)) && old.len() == new.len());
                if gone { there.take() } else { None }
            })
        };
        match kept {
            Some((_, chunk)) => made.extend(chunk.lead.into_iter().chain(chunk.body)),
            None => match changed(&mut read) {
                Some((was, chunk)) => {
                    made.extend(chunk.lead);
                    made.extend(mended(&chunk.body, indent, &was, one));
                }
                None => made.extend(indented(&item(one), indent)),
            },
        }
    }
    made.extend(rest);
    Some(made)
}

/// Something in a list, changed.
fn mended<T: Mended>(body: &[String], indent: usize, was: &T, one: &T) -> Vec<String> {
    let anew = || indented(&items(std::slice::from_ref(one)), indent);
    let Some((first, rest)) = body.split_first() else {
        return anew();
    };
    let after_dash = &first[indent + 1..];
    let key_indent = indent + 1 + indent_of(after_dash);
    if after_dash.trim_start().starts_with(['{', '#']) {
        return anew();
    }
    let mut lines = vec![format!("{}{}", " ".repeat(key_indent), after_dash.trim_start())];
    lines.extend(rest.iter().cloned());
    let mut made = keys(&lines, key_indent, was, one);
    // The dash belongs to the first key; comments before that stand before the dash.
    if let Some(line) = made
        .iter_mut()
        .find(|l| indent_of(l) == key_indent && !l.trim_start().starts_with('#'))
    {
        line.replace_range(indent..=indent, "-");
    }
    made
}

/// The chunks that begin where `begins` says, and the comments that stand last.
fn chunks(lines: &[String], begins: impl Fn(&str) -> bool) -> (Vec<Chunk>, Vec<String>) {
    let silent = |line: &str| line.trim().is_empty() || line.trim_start().starts_with('#');
    let starts: Vec<usize> = (0..lines.len())
        .filter(|at| !silent(&lines[*at]) && begins(&lines[*at]))
        .collect();
    let mut found = Vec::new();
    let mut from = 0;
    for (n, start) in starts.iter().enumerate() {
        let most = starts.get(n + 1).copied().unwrap_or(lines.len());
        let mut end = most;
        while end > start + 1 && silent(&lines[end - 1]) {
            end -= 1;
        }
        let take = |range: Range<usize>| lines[range].to_vec();
        found.push(Chunk {
            lead: take(from..*start),
            body: take(*start..end),
        });
        from = end;
    }
    (found, lines[from..].to_vec())
}

fn indented(lines: &[String], indent: usize) -> Vec<String> {
    lines
        .iter()
        .map(|line| format!("{}{line}", " ".repeat(indent)))
        .collect()
}

fn indent_of(line: &str) -> usize {
    line.len() - line.trim_start_matches(' ').len()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::flow::{Mode, Place, STANDARD, Who};

    const OURS: &str = r#"# Who signs.
id: ours
version: 4
name: { zh: 我们的, en: Ours }   # both
steps:
  # The head first.
  - id: head
    name: { zh: 负责人, en: Head }
    who: !department_head 1
    late: # working days
      - { after: 2, do: remind }

  # Then two at once.
  - id: fork
    name: { zh: 并行, en: Side by side }
    choose: every
    branches:
      # Large ones.
      - name: { zh: 大额, en: Large }
        when: { amount_from: { amount: "10000.00", currency: CNY } } # since 2025
        steps:
          - { id: boss, name: { zh: 总经理, en: Boss }, who: !position 总经理 } # the boss
      - name: { zh: 财务, en: Finance }
        steps:
          - id: finance
            # Half of them.
            mode: !share "0.5"
            name: { zh: 财务, en: Finance }
            who: !role finance
  - { id: told, name: { zh: 抄送, en: Copy }, copy: !role auditor }
# The end.
"#;

    fn changed(change: impl FnOnce(&mut Flow)) -> (Flow, String) {
        let mut flow = Flow::from_yaml(OURS).expect("a flow");
        change(&mut flow);
        let text = with_flow(OURS, &flow).expect("a text");
        assert_eq!(Flow::read(&text).expect("read again"), flow, "{text}");
        (flow, text)
    }

    #[test]
    fn nothing_changed_changes_nothing() {
        assert_eq!(changed(|_| {}).1, OURS);
        let standard = Flow::from_yaml(STANDARD).expect("a flow");
        assert_eq!(with_flow(STANDARD, &standard).expect("a text"), STANDARD);
    }

    #[test]
    fn a_changed_step_keeps_what_it_can() {
        let (_, text) = changed(|flow| {
            let Node::Step(step) = &mut flow.steps[0] else {
                panic!("a step")
            };
            step.who = Who::DepartmentHead(2);
        });
        assert_eq!(text, OURS.replace("!department_head 1", "!department_head 2"));
    }

    #[test]
    fn deep_in_a_branch_all_around_stays() {
        let (_, text) = changed(|flow| {
            let fork = flow.fork_mut("fork").expect("a fork");
            let Node::Step(finance) = &mut fork.branches[1].steps[0] else {
                panic!("a step")
            };
            finance.mode = Mode::All;
            fork.branches[0].name.en = "Big".to_owned();
        });
        for kept in [
            "# Who signs.",
            "en: Ours }   # both",
            "late: # working days",
            "# Large ones.",
            "# since 2025",
            "# the boss",
            "# Half of them.",
            "# The end.",
        ] {
            assert!(text.contains(kept), "{kept}\n{text}");
        }
        assert!(text.contains("mode: all"), "{text}");
        assert!(text.contains("en: Big"), "{text}");
    }

    #[test]
    fn steps_come_go_and_move_with_their_comments() {
        let (_, text) = changed(|flow| {
            assert!(flow.shift("head", true));
            assert!(flow.remove("told").is_some());
            let made = flow.node("finance").cloned().expect("a step");
            let Node::Step(mut step) = made else { panic!("a step") };
            step.id = "second".to_owned();
            step.who = Who::Employee("1002".to_owned());
            assert!(flow.insert(&Place::default(), Node::Step(step)));
        });
        let second = text.find("- id: second").expect("the new one");
        let two = text.find("# Then two at once.").expect("its comment");
        let head = text.find("# The head first.").expect("its comment");
        assert!(second < two && two < head, "{text}");
        assert!(text.contains("who: !employee \"1002\""), "{text}");
        assert!(!text.contains("told"));
    }

    #[test]
    fn settings_are_put_before_the_steps_and_taken_out_again() {
        let (mut flow, text) = changed(|flow| flow.settings.if_own = crate::flow::Fallback::StandIn("E7".to_owned()));
        assert!(text.contains("settings:\n  if_own: !stand_in E7\nsteps:"), "{text}");
        flow.settings = Default::default();
        assert_eq!(with_flow(&text, &flow).expect("a text"), OURS);
    }

    #[test]
    fn a_text_of_another_shape_is_written_anew_and_says_the_same() {
        let flow = Flow::from_yaml(OURS).expect("a flow");
        for other in ["", "not: a flow", "{ id: ours }", &flow.to_yaml().expect("yaml")] {
            let text = with_flow(other, &flow).expect("a text");
            assert_eq!(Flow::read(&text).expect("read again"), flow, "{text}");
        }
    }
}
