//! Making a decision: what it needs first, each once.

use std::cell::{Cell, RefCell};
use std::sync::Arc;

use super::graph::{Decisions, Function, Node, Ready};
use super::problem::Place;
use super::trace::{Diagnostic, DiagnosticKind, Trace};
use super::types::Type;
use crate::feel::{Fault, Functions, Scope, Value, eval};

/// Most calls of functions in one decision, so that functions that call each other twice end.
const MAX_CALLS: u32 = 10_000;
/// How deep functions may call each other.
const MAX_CALLS_DEEP: u32 = 30;

/// What a decision came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// Its value.
    pub value: Value,
    /// What went wrong on the way, in this decision and those it needs; empty if all is well.
    pub diagnostics: Vec<Diagnostic>,
    /// The tables that were asked, in order.
    pub traces: Vec<Trace>,
}

impl Decisions {
    /// Makes a decision, by its name, from values by name; a value that bears the name of another decision stands for it. `None` if
    /// there is no such decision.
    pub fn decide(&self, decision: &str, given: &[(Arc<str>, Value)]) -> Option<Answer> {
        let wanted = self.decisions.iter().position(|d| &*d.name == decision)?;
        let mut answer = Answer {
            value: Value::Null,
            diagnostics: Vec::new(),
            traces: Vec::new(),
        };
        let value_of = |name: &str| given.iter().find(|(n, _)| &**n == name).map(|(_, v)| v.clone());
        let needed = self.needed(wanted, &value_of);
        let mut inputs: Vec<Option<Value>> = vec![None; self.inputs.len()];
        let mut done: Vec<Option<Value>> = vec![None; self.decisions.len()];
        for at in self.order.iter().copied().filter(|d| needed[*d]) {
            let node = &self.decisions[at];
            if let Some(value) = value_of(&node.name).filter(|_| at != wanted) {
                done[at] = Some(typed(node, value, &mut answer.diagnostics));
                continue;
            }
            for input in &node.inputs {
                let of = &self.inputs[*input];
                inputs[*input].get_or_insert_with(|| {
                    let value = value_of(&of.name).unwrap_or_else(|| {
                        answer.diagnostics.push(Diagnostic {
                            place: Place::of(&node.name),
                            kind: DiagnosticKind::NotGiven(of.name.to_string()),
                        });
                        Value::Null
                    });
                    take(&of.of, value, &of.name, &mut answer.diagnostics)
                });
            }
            let mut names: Vec<(Arc<str>, Value)> = Vec::new();
            names.extend(
                node.inputs
                    .iter()
                    .map(|i| (self.inputs[*i].name.clone(), inputs[*i].clone().unwrap_or_default())),
            );
            names.extend(
                node.decisions
                    .iter()
                    .map(|d| (self.decisions[*d].name.clone(), done[*d].clone().unwrap_or_default())),
            );
            let value = self.carry_out(node, &names, &mut answer);
            done[at] = Some(typed(node, value, &mut answer.diagnostics));
        }
        answer.value = done[wanted].take().unwrap_or_default();
        Some(answer)
    }

    /// Which decisions must be made for one.
    fn needed(&self, wanted: usize, given: &dyn Fn(&str) -> Option<Value>) -> Vec<bool> {
        let mut needed = vec![false; self.decisions.len()];
        let mut open = vec![wanted];
        while let Some(at) = open.pop() {
            if std::mem::replace(&mut needed[at], true) {
                continue;
            }
            if at == wanted || given(&self.decisions[at].name).is_none() {
                open.extend(&self.decisions[at].decisions);
            }
        }
        needed
    }

    fn carry_out(&self, node: &Node, names: &[(Arc<str>, Value)], answer: &mut Answer) -> Value {
        let calls = Cell::new(0);
        let made = RefCell::default();
        let library = Library {
            all: &self.functions,
            known: &node.functions,
            depth: 0,
            calls: &calls,
            made: &made,
        };
        let scope = Scope {
            names,
            input: None,
            functions: &library,
        };
        let mut faults = Vec::new();
        let value = carry_out(&node.logic, &scope, &made, &mut faults);
        let place = Place::of(&node.name);
        let made = made.into_inner();
        answer.traces.extend(made.traces);
        answer.diagnostics.extend(made.diagnostics);
        answer.diagnostics.extend(faults.into_iter().map(|fault| Diagnostic {
            place: place.clone(),
            kind: DiagnosticKind::Fault(fault),
        }));
        value
    }
}

/// What tables inside an expression's functions left behind.
#[derive(Default)]
struct Made {
    traces: Vec<Trace>,
    diagnostics: Vec<Diagnostic>,
}

/// The functions that something may call.
struct Library<'a> {
    all: &'a [Function],
    known: &'a [usize],
    depth: u32,
    calls: &'a Cell<u32>,
    made: &'a RefCell<Made>,
}

impl Functions for Library<'_> {
    fn call(
        &self,
        name: &str,
        placed: &[Value],
        named: &[(Arc<str>, Value)],
        faults: &mut Vec<Fault>,
    ) -> Option<Value> {
        let function = self.known.iter().map(|f| &self.all[*f]).find(|f| &*f.name == name)?;
        self.calls.set(self.calls.get() + 1);
        if self.depth >= MAX_CALLS_DEEP || self.calls.get() > MAX_CALLS {
            faults.push(Fault::TooLarge);
            return Some(Value::Null);
        }
        let mut names = Vec::with_capacity(function.params.len());
        for (i, param) in function.params.iter().enumerate() {
            let by_name = || named.iter().find(|(n, _)| *n == param.name).map(|(_, v)| v);
            let Some(value) = placed.get(i).or_else(by_name).and_then(|v| param.of.take(v.clone())) else {
                faults.push(Fault::BadArgument(name.to_owned()));
                return Some(Value::Null);
            };
            names.push((param.name.clone(), value));
        }
        if placed.len() + named.len() != names.len() {
            faults.push(Fault::BadArgument(name.to_owned()));
            return Some(Value::Null);
        }
        let library = Library {
            known: &function.functions,
            depth: self.depth + 1,
            ..*self
        };
        let scope = Scope {
            names: &names,
            input: None,
            functions: &library,
        };
        let value = carry_out(&function.logic, &scope, self.made, faults);
        Some(function.of.take(value).unwrap_or_else(|| {
            faults.push(Fault::Mismatch(name.to_owned(), None, None));
            Value::Null
        }))
    }
}

fn carry_out(logic: &Ready, scope: &Scope<'_>, made: &RefCell<Made>, faults: &mut Vec<Fault>) -> Value {
    match logic {
        Ready::Expression(expr) => eval(expr, scope, faults),
        Ready::Table(table) => {
            let outcome = table.decide_in(scope);
            let mut made = made.borrow_mut();
            made.diagnostics.extend(outcome.trace.diagnostics.iter().cloned());
            made.traces.push(outcome.trace);
            outcome.value
        }
        Ready::Call(function, bindings) => {
            let named: Vec<(Arc<str>, Value)> = bindings
                .iter()
                .map(|(n, e)| (n.clone(), eval(e, scope, faults)))
                .collect();
            scope.functions.call(function, &[], &named, faults).unwrap_or_else(|| {
                faults.push(Fault::NoValue(function.clone()));
                Value::Null
            })
        }
    }
}

/// A decision's value as its type has it.
fn typed(node: &Node, value: Value, diagnostics: &mut Vec<Diagnostic>) -> Value {
    take(&node.of, value, &node.name, diagnostics)
}

/// A value as a type has it; null, and a word of it, if it is of another.
fn take(of: &Type, value: Value, name: &str, diagnostics: &mut Vec<Diagnostic>) -> Value {
    let found = value.kind();
    let refused = if found == Some(of.kind) {
        Some(value.clone())
    } else {
        None
    };
    of.take(value).unwrap_or_else(|| {
        let kind = match refused {
            Some(value) => DiagnosticKind::NotAllowed(value),
            None => DiagnosticKind::WrongKind { wanted: of.kind, found },
        };
        diagnostics.push(Diagnostic {
            place: Place::of(name),
            kind,
        });
        Value::Null
    })
}
