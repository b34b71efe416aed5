//! Decisions that need inputs, functions and other decisions.

use std::sync::Arc;

use super::compile::{Compiled, compile};
use super::model::{ItemType, Logic, Model};
use super::problem::{Place, Problem, ProblemKind, TableError};
use super::types::{Type, Types};
use crate::feel::{Expr, Names, Value, expression};

/// Most decisions, functions and inputs of a model, together.
const MAX_NODES: usize = 1000;
/// A model made ready: each expression read, each need resolved.
#[derive(Debug, Clone)]
pub struct Decisions {
    model: Model,
    pub(super) inputs: Vec<Named>,
    pub(super) functions: Vec<Function>,
    pub(super) decisions: Vec<Node>,
    /// The decisions, each after all that it needs.
    pub(super) order: Vec<usize>,
}

#[derive(Debug, Clone)]
pub(super) struct Named {
    pub(super) name: Arc<str>,
    pub(super) of: Arc<Type>,
}

#[derive(Debug, Clone)]
pub(super) struct Node {
    pub(super) name: Arc<str>,
    pub(super) of: Arc<Type>,
    pub(super) inputs: Vec<usize>,
    pub(super) decisions: Vec<usize>,
    pub(super) functions: Vec<usize>,
    pub(super) logic: Ready,
}

#[derive(Debug, Clone)]
pub(super) struct Function {
    pub(super) name: Arc<str>,
    pub(super) of: Arc<Type>,
    pub(super) params: Vec<Named>,
    pub(super) functions: Vec<usize>,
    pub(super) logic: Ready,
}

#[derive(Debug, Clone)]
pub(super) enum Ready {
    Expression(Expr),
    Table(Box<Compiled>),
    Call(String, Vec<(Arc<str>, Expr)>),
}

impl Decisions {
    /// Makes a model ready, or says everything that is wrong with it.
    pub fn new(model: Model) -> Result<Decisions, TableError> {
        let mut problems = Vec::new();
        let made = build(&model, &mut problems);
        match made {
            Some(made) if problems.is_empty() => Ok(Decisions { model, ..made }),
            _ => Err(TableError { problems }),
        }
    }

    /// Reads a `.dmn` file and makes it ready.
    pub fn from_dmn(bytes: &[u8]) -> Result<Decisions, TableError> {
        Decisions::new(Model::from_dmn(bytes)?)
    }

    /// What it was made of.
    pub fn model(&self) -> &Model {
        &self.model
    }

    /// The tables of its decisions.
    pub fn tables(&self) -> impl Iterator<Item = &Compiled> {
        self.decisions.iter().filter_map(|d| match &d.logic {
            Ready::Table(table) => Some(&**table),
            _ => None,
        })
    }
}

fn build(model: &Model, problems: &mut Vec<Problem>) -> Option<Decisions> {
    let nodes = model.inputs.len() + model.functions.len() + model.decisions.len();
    if nodes > MAX_NODES || model.types.len() > MAX_NODES {
        let (what, most) = ("decisions, functions, inputs or types", MAX_NODES);
        problems.push(Problem {
            place: Place::of(&model.name),
            kind: ProblemKind::TooMany { what, most },
        });
        return None;
    }
    unique(model, problems);
    let mut types = Types::new(&model.types, problems);
    let mut base = Names::default();
    model.types.iter().for_each(|t| members(t, &mut base));
    for output in tables(model).flat_map(|t| &t.outputs) {
        base.member(&output.name);
    }
    let mut find = |name: &str, kind: &str, problems: &mut Vec<Problem>| Named {
        name: Arc::from(name),
        of: types.find(kind, &Place::of(name), problems),
    };
    let inputs: Vec<Named> = model.inputs.iter().map(|i| find(&i.name, &i.kind, problems)).collect();
    let kinds: Vec<Named> = model
        .decisions
        .iter()
        .map(|d| find(&d.name, &d.kind, problems))
        .collect();
    let mut functions = Vec::new();
    for function in &model.functions {
        let named = find(&function.name, &function.kind, problems);
        let params: Vec<Named> = function.params.iter().map(|(n, k)| find(n, k, problems)).collect();
        functions.push((named, params));
    }
    let mut maker = Maker {
        model,
        types,
        base,
        problems,
    };
    let functions: Vec<Function> = functions
        .into_iter()
        .zip(&model.functions)
        .map(|((named, params), function)| {
            let (_, _, needs) = maker.needs(&function.name, &function.needs);
            let logic = maker.ready(&function.name, &function.logic, &named.of, &params, &needs);
            Function {
                name: named.name,
                of: named.of,
                params,
                functions: needs,
                logic,
            }
        })
        .collect();
    let decisions: Vec<Node> = model
        .decisions
        .iter()
        .zip(&kinds)
        .map(|(decision, named)| {
            let (ins, outs, needs) = maker.needs(&decision.name, &decision.needs);
            let seen: Vec<Named> = ins
                .iter()
                .map(|i| inputs[*i].clone())
                .chain(outs.iter().map(|d| kinds[*d].clone()))
                .collect();
            let logic = maker.ready(&decision.name, &decision.logic, &named.of, &seen, &needs);
            Node {
                name: named.name.clone(),
                of: named.of.clone(),
                inputs: ins,
                decisions: outs,
                functions: needs,
                logic,
            }
        })
        .collect();
    let names: Vec<&str> = functions.iter().map(|f| &*f.name).collect();
    sorted(&names, |f| &functions[f].functions, problems);
    let names: Vec<&str> = decisions.iter().map(|d| &*d.name).collect();
    let order = sorted(&names, |d| &decisions[d].decisions, problems);
    Some(Decisions {
        model: Model::default(),
        inputs,
        functions,
        decisions,
        order,
    })
}

/// Each id and each name is there once.
fn unique(model: &Model, problems: &mut Vec<Problem>) {
    let inputs = model.inputs.iter().map(|i| (&i.id, &i.name));
    let functions = model.functions.iter().map(|f| (&f.id, &f.name));
    let decisions = model.decisions.iter().map(|d| (&d.id, &d.name));
    let mut ids = std::collections::BTreeSet::new();
    let mut names = std::collections::BTreeSet::new();
    for (id, name) in inputs.chain(functions).chain(decisions) {
        let twice = [(!id.is_empty() && !ids.insert(id), id), (!names.insert(name), name)];
        for (_, what) in twice.into_iter().filter(|(twice, _)| *twice) {
            problems.push(Problem {
                place: Place::of(name),
                kind: ProblemKind::Twice(what.clone()),
            });
        }
    }
}

fn members(item: &ItemType, names: &mut Names) {
    for member in &item.members {
        names.member(&member.name);
        members(member, names);
    }
}

fn tables(model: &Model) -> impl Iterator<Item = &super::model::Table> {
    let logics = model
        .decisions
        .iter()
        .map(|d| &d.logic)
        .chain(model.functions.iter().map(|f| &f.logic));
    logics.filter_map(|logic| match logic {
        Logic::Table(table) => Some(table),
        _ => None,
    })
}

struct Maker<'a, 'p> {
    model: &'a Model,
    types: Types<'a>,
    base: Names,
    problems: &'p mut Vec<Problem>,
}

impl Maker<'_, '_> {
    /// The inputs, decisions and functions that ids name.
    fn needs(&mut self, name: &str, ids: &[String]) -> (Vec<usize>, Vec<usize>, Vec<usize>) {
        let (mut inputs, mut decisions, mut functions) = (Vec::new(), Vec::new(), Vec::new());
        for id in ids {
            let model = self.model;
            if let Some(at) = model.inputs.iter().position(|i| i.id == *id) {
                inputs.push(at);
            } else if let Some(at) = model.decisions.iter().position(|d| d.id == *id) {
                decisions.push(at);
            } else if let Some(at) = model.functions.iter().position(|f| f.id == *id) {
                functions.push(at);
            } else {
                self.problems.push(Problem {
                    place: Place::of(name),
                    kind: ProblemKind::Unknown(id.clone()),
                });
            }
        }
        (inputs, decisions, functions)
    }

    fn ready(&mut self, name: &str, logic: &Logic, of: &Type, seen: &[Named], functions: &[usize]) -> Ready {
        let mut names = self.base.clone();
        seen.iter().for_each(|n| names.value(&n.name));
        functions
            .iter()
            .for_each(|f| names.function(&self.model.functions[*f].name));
        let mut read = |text: &str| {
            expression(text, &names).unwrap_or_else(|error| {
                let text = text.to_owned();
                self.problems.push(Problem {
                    place: Place::of(name),
                    kind: ProblemKind::Feel { text, error },
                });
                Expr::Const(Value::Null)
            })
        };
        match logic {
            Logic::Expression(text) => Ready::Expression(read(text)),
            Logic::Call(function, bindings) => {
                let ready = bindings.iter().map(|(n, text)| (Arc::from(&**n), read(text))).collect();
                if !functions.iter().any(|f| self.model.functions[*f].name == *function) {
                    self.problems.push(Problem {
                        place: Place::of(name),
                        kind: ProblemKind::Unknown(function.clone()),
                    });
                }
                Ready::Call(function.clone(), ready)
            }
            Logic::Table(table) => {
                let kinds: Vec<_> = seen.iter().map(|n| (n.name.clone(), n.of.clone())).collect();
                let made = compile(table.clone(), &names, &kinds, &mut self.types, of, self.problems);
                Ready::Table(Box::new(made))
            }
        }
    }
}

/// All of them, each after those that it needs. A circle is said.
fn sorted<'a>(names: &[&str], needs: impl Fn(usize) -> &'a Vec<usize>, problems: &mut Vec<Problem>) -> Vec<usize> {
    let mut order: Vec<usize> = Vec::new();
    let mut done = vec![false; names.len()];
    while order.len() < names.len() {
        let free = |at: &usize| !done[*at] && needs(*at).iter().all(|n| done[*n]);
        let ready: Vec<usize> = (0..names.len()).filter(free).collect();
        if ready.is_empty() {
            let left: Vec<usize> = (0..names.len()).filter(|at| !done[*at]).collect();
            let through = needs(left[0]).iter().find(|n| !done[**n]).copied().unwrap_or(left[0]);
            problems.push(Problem {
                place: Place::of(names[left[0]]),
                kind: ProblemKind::Circle(names[through].to_owned()),
            });
            return order;
        }
        for at in ready {
            done[at] = true;
            order.push(at);
        }
    }
    order
}
