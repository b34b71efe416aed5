//! `.dmn` files, DMN 1.2 to 1.5: read into a [`Model`], written as 1.5. Of a file's drawing and of what other tools add nothing is kept.

use super::model::{Decision, HitPolicy, Input, InputData, ItemType, Knowledge, Logic, Model, Output, Row, Table};
use super::problem::{Place, Problem, ProblemKind, TableError};
use super::xml::{self, Node};

/// Namespaces of the versions that are read, the one that is written last.
const SPACES: [&str; 4] = [
    "http://www.omg.org/spec/DMN/20180521/MODEL/",
    "https://www.omg.org/spec/DMN/20191111/MODEL/",
    "https://www.omg.org/spec/DMN/20211108/MODEL/",
    "https://www.omg.org/spec/DMN/20230324/MODEL/",
];

impl Model {
    /// Reads a `.dmn` file.
    pub fn from_dmn(bytes: &[u8]) -> Result<Model, TableError> {
        let whole = |kind| TableError {
            problems: vec![Problem {
                place: Place::of("file"),
                kind,
            }],
        };
        let root = xml::read(bytes).map_err(|why| whole(ProblemKind::Xml(why)))?;
        if root.name != "definitions" || !SPACES.contains(&&*root.space) {
            return Err(whole(ProblemKind::Namespace(root.space.to_string())));
        }
        let mut problems = Vec::new();
        let mut model = Model {
            id: root.get("id"),
            name: root.get("name"),
            namespace: root.get("namespace"),
            ..Model::default()
        };
        for node in root.children.iter().filter(|n| n.space == root.space) {
            match &*node.name {
                "itemDefinition" => model.types.push(item(node)),
                "inputData" => model.inputs.push(InputData {
                    id: node.get("id"),
                    name: name_of(node),
                    kind: type_of(node),
                }),
                "decision" => model.decisions.push(decision(node, &mut problems)),
                "businessKnowledgeModel" => model.functions.push(knowledge(node, &mut problems)),
                "import" => problems.push(Problem {
                    place: Place::of(&node.get("name")),
                    kind: ProblemKind::Unsupported("import".into()),
                }),
                _ => {}
            }
        }
        if problems.is_empty() {
            Ok(model)
        } else {
            Err(TableError { problems })
        }
    }

    /// Writes a `.dmn` file of DMN 1.5. Fails where a text holds a character that XML cannot.
    pub fn to_dmn(&self) -> Result<String, TableError> {
        let mut root = Node::new("definitions")
            .with("xmlns", SPACES[SPACES.len() - 1])
            .with("namespace", &self.namespace)
            .with("name", &self.name)
            .with("id", &self.id);
        root.children
            .extend(self.types.iter().map(|t| write_item("itemDefinition", t)));
        for input in &self.inputs {
            let variable = Node::new("variable")
                .with("name", &input.name)
                .with("typeRef", &input.kind);
            root = root.holding(named("inputData", &input.id, &input.name).holding(variable));
        }
        for function in &self.functions {
            root = root.holding(self.write_knowledge(function));
        }
        for decision in &self.decisions {
            let variable = Node::new("variable")
                .with("name", &decision.name)
                .with("typeRef", &decision.kind);
            let mut node = named("decision", &decision.id, &decision.name).holding(variable);
            node.children
                .extend(decision.needs.iter().map(|id| self.requirement(id)));
            root = root.holding(node.holding(write_logic(&decision.logic, &decision.name)));
        }
        xml::write(&root).ok_or_else(|| TableError {
            problems: vec![Problem {
                place: Place::of("file"),
                kind: ProblemKind::Xml("a text holds a character that XML cannot".into()),
            }],
        })
    }

    fn requirement(&self, id: &str) -> Node {
        let (kind, inner) = if self.inputs.iter().any(|i| i.id == id) {
            ("informationRequirement", "requiredInput")
        } else if self.functions.iter().any(|f| f.id == id) {
            ("knowledgeRequirement", "requiredKnowledge")
        } else {
            ("informationRequirement", "requiredDecision")
        };
        Node::new(kind).holding(Node::new(inner).with("href", &format!("#{id}")))
    }

    fn write_knowledge(&self, function: &Knowledge) -> Node {
        let variable = Node::new("variable")
            .with("name", &function.name)
            .with("typeRef", &function.kind);
        let mut logic = Node::new("encapsulatedLogic");
        for (name, kind) in &function.params {
            logic = logic.holding(Node::new("formalParameter").with("name", name).with("typeRef", kind));
        }
        let logic = logic.holding(write_logic(&function.logic, &function.name));
        let mut node = named("businessKnowledgeModel", &function.id, &function.name)
            .holding(variable)
            .holding(logic);
        node.children
            .extend(function.needs.iter().map(|id| self.requirement(id)));
        node
    }
}

fn named(element: &str, id: &str, name: &str) -> Node {
    Node::new(element).with("name", name).with("id", id)
}

/// The name by which expressions know something: its variable's, or its own.
fn name_of(node: &Node) -> String {
    let variable = node.child("variable").map(|v| v.get("name")).filter(|n| !n.is_empty());
    let name = variable.unwrap_or_else(|| node.get("name"));
    name.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The type of something's variable.
fn type_of(node: &Node) -> String {
    node.child("variable").map(|v| v.get("typeRef")).unwrap_or_default()
}

fn item(node: &Node) -> ItemType {
    ItemType {
        name: node.get("name"),
        base: node
            .child("typeRef")
            .map(|t| t.text.trim().to_owned())
            .unwrap_or_default(),
        allowed: node.said_in("allowedValues"),
        is_list: node.attribute("isCollection").is_some_and(|v| v.trim() == "true"),
        members: node.all("itemComponent").map(item).collect(),
    }
}

fn write_item(element: &str, item: &ItemType) -> Node {
    let mut node = Node::new(element).with("name", &item.name);
    if item.is_list {
        node = node.with("isCollection", "true");
    }
    if !item.base.is_empty() {
        node = node.holding(Node {
            text: item.base.clone(),
            ..Node::new("typeRef")
        });
    }
    node = node.saying("allowedValues", &item.allowed);
    node.children
        .extend(item.members.iter().map(|m| write_item("itemComponent", m)));
    node
}

/// The ids of what an element requires, in its order.
fn needs(node: &Node) -> Vec<String> {
    let inner = |n: &Node| {
        let kinds = ["requiredInput", "requiredDecision", "requiredKnowledge"];
        let href = kinds.into_iter().find_map(|kind| n.child(kind))?.get("href");
        Some(href.rsplit('#').next().unwrap_or_default().to_owned())
    };
    let requirements =
        |n: &&Node| n.space == node.space && matches!(&*n.name, "informationRequirement" | "knowledgeRequirement");
    node.children.iter().filter(requirements).filter_map(inner).collect()
}

fn decision(node: &Node, problems: &mut Vec<Problem>) -> Decision {
    let (id, name) = (node.get("id"), name_of(node));
    let logic = logic(node, &id, &name, problems);
    Decision {
        kind: type_of(node),
        needs: needs(node),
        logic,
        id,
        name,
    }
}

fn knowledge(node: &Node, problems: &mut Vec<Problem>) -> Knowledge {
    let (id, name) = (node.get("id"), name_of(node));
    let absent = Node::default();
    let body = node.child("encapsulatedLogic").unwrap_or(&absent);
    let params = body.all("formalParameter");
    Knowledge {
        kind: type_of(node),
        params: params.map(|p| (p.get("name"), p.get("typeRef"))).collect(),
        needs: needs(node),
        logic: logic(body, &id, &name, problems),
        id,
        name,
    }
}

/// How something is decided. What cannot be carried out is said, and stands as null.
fn logic(node: &Node, id: &str, name: &str, problems: &mut Vec<Problem>) -> Logic {
    const OTHERS: [&str; 10] = [
        "context",
        "list",
        "relation",
        "functionDefinition",
        "conditional",
        "filter",
        "for",
        "every",
        "some",
        "iterator",
    ];
    let mut say = |kind| {
        problems.push(Problem {
            place: Place::of(name),
            kind,
        });
        Logic::Expression("null".into())
    };
    let language = |n: &Node| n.get("expressionLanguage");
    let foreign = |n: &Node| !language(n).is_empty() && !language(n).to_uppercase().contains("FEEL");
    if let Some(expression) = node.child("literalExpression") {
        if foreign(expression) {
            return say(ProblemKind::Unsupported(language(expression)));
        }
        return Logic::Expression(expression.said());
    }
    if let Some(found) = node.child("decisionTable") {
        return match table(found, id, name) {
            Ok(table) => Logic::Table(table),
            Err(kind) => say(kind),
        };
    }
    if let Some(call) = node.child("invocation") {
        let binding = |b: &Node| {
            let name = b.child("parameter").map(|p| p.get("name")).unwrap_or_default();
            (name, b.said_in("literalExpression"))
        };
        let bindings: Vec<(String, String)> = call.all("binding").map(binding).collect();
        let boxed = call
            .all("binding")
            .find_map(|b| b.children.iter().find(|c| OTHERS.contains(&&*c.name)));
        if let Some(boxed) = boxed {
            return say(ProblemKind::Unsupported(boxed.name.clone()));
        }
        return Logic::Call(call.said_in("literalExpression"), bindings);
    }
    match node.children.iter().find(|c| OTHERS.contains(&&*c.name)) {
        Some(other) => say(ProblemKind::Unsupported(other.name.clone())),
        None => say(ProblemKind::Missing("table or expression")),
    }
}

fn table(node: &Node, id: &str, name: &str) -> Result<Table, ProblemKind> {
    let hit = hit_policy(&node.get("hitPolicy"), &node.get("aggregation"))?;
    let own = node.get("id");
    let label = node.get("label");
    let fallback = if id.is_empty() { name } else { id };
    Ok(Table {
        id: if own.is_empty() { fallback.to_owned() } else { own },
        name: if label.is_empty() { name.to_owned() } else { label },
        hit,
        inputs: node.all("input").map(input).collect(),
        outputs: node.all("output").map(output).collect(),
        rows: node.all("rule").map(row).collect(),
    })
}

fn hit_policy(name: &str, aggregation: &str) -> Result<HitPolicy, ProblemKind> {
    if name.is_empty() && aggregation.is_empty() {
        return Ok(HitPolicy::Unique);
    }
    let same = |h: &HitPolicy| h.names() == (name, Some(aggregation).filter(|a| !a.is_empty()));
    let found = HitPolicy::ALL.into_iter().find(same);
    found.ok_or_else(|| ProblemKind::HitPolicy(format!("{name} {aggregation}").trim().to_owned()))
}

fn input(node: &Node) -> Input {
    let asked = node.child("inputExpression");
    Input {
        id: node.get("id"),
        label: node.get("label"),
        expression: asked.map(Node::said).unwrap_or_default(),
        kind: asked.map(|a| a.get("typeRef")).unwrap_or_default(),
        allowed: node.said_in("inputValues"),
    }
}

fn output(node: &Node) -> Output {
    Output {
        id: node.get("id"),
        name: node.get("name"),
        label: node.get("label"),
        kind: node.get("typeRef"),
        allowed: node.said_in("outputValues"),
        default: node.said_in("defaultOutputEntry"),
    }
}

fn row(node: &Node) -> Row {
    let notes: Vec<String> = node
        .all("annotationEntry")
        .map(Node::said)
        .filter(|t| !t.is_empty())
        .collect();
    Row {
        id: node.get("id"),
        inputs: node.all("inputEntry").map(Node::said).collect(),
        outputs: node.all("outputEntry").map(Node::said).collect(),
        note: notes.join("\n"),
    }
}

fn write_logic(logic: &Logic, name: &str) -> Node {
    match logic {
        Logic::Expression(text) => Node::new("literalExpression").holding(Node::text(text)),
        Logic::Table(table) => write_table(table, name),
        Logic::Call(function, bindings) => {
            let mut call = Node::new("invocation").saying("literalExpression", function);
            for (name, text) in bindings {
                let parameter = Node::new("parameter").with("name", name);
                let value = Node::new("literalExpression").holding(Node::text(text));
                call = call.holding(Node::new("binding").holding(parameter).holding(value));
            }
            call
        }
    }
}

fn write_table(table: &Table, decision: &str) -> Node {
    let (hit, aggregation) = table.hit.names();
    let label = if table.name == decision { "" } else { &*table.name };
    let mut node = Node::new("decisionTable")
        .with("id", &table.id)
        .with("label", label)
        .with("hitPolicy", hit)
        .with("aggregation", aggregation.unwrap_or_default());
    for input in &table.inputs {
        let asked = Node::new("inputExpression")
            .with("typeRef", &input.kind)
            .holding(Node::text(&input.expression));
        let column = Node::new("input")
            .with("id", &input.id)
            .with("label", &input.label)
            .holding(asked);
        node = node.holding(column.saying("inputValues", &input.allowed));
    }
    for output in &table.outputs {
        let column = Node::new("output")
            .with("id", &output.id)
            .with("name", &output.name)
            .with("label", &output.label)
            .with("typeRef", &output.kind);
        let column = column.saying("outputValues", &output.allowed);
        node = node.holding(column.saying("defaultOutputEntry", &output.default));
    }
    let has_notes = table.rows.iter().any(|r| !r.note.is_empty());
    if has_notes {
        node = node.holding(Node::new("annotation").with("name", "note"));
    }
    for row in &table.rows {
        let mut rule = Node::new("rule").with("id", &row.id);
        let cell = |element: &str, text: &String| Node::new(element).holding(Node::text(text));
        rule.children.extend(row.inputs.iter().map(|t| cell("inputEntry", t)));
        rule.children.extend(row.outputs.iter().map(|t| cell("outputEntry", t)));
        if has_notes {
            rule.children.push(cell("annotationEntry", &row.note));
        }
        node = node.holding(rule);
    }
    node
}
