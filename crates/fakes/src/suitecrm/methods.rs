//! The operations that may be called.

use std::fmt::Write as _;

use serde_json::{Map, Value};

use super::{
    PASSWORD_MD5, USER,
    db::{Db, Row},
    sql,
    xml::{Element, escaped},
};

/// A refusal as SuiteCRM numbers and names it.
pub struct Refusal(pub &'static str, pub String);

type Done = Result<String, Refusal>;

fn refusal(number: &'static str, name: &str, description: &str) -> Refusal {
    Refusal(number, format!("{name}\u{0}{description}"))
}

fn no_access() -> Refusal {
    refusal("40", "Access Denied", "You do not have access")
}

impl Db {
    /// Calls an operation; gives what stands in its `return`. `deaf` lets a list forget its conditions.
    pub(super) fn call(&mut self, operation: &str, args: &[Element], deaf: bool) -> Done {
        let text = |n: usize| args.get(n).map_or("", |arg: &Element| arg.text.as_str());
        let module = match operation {
            "login" | "logout" | "get_server_info" => "",
            _ => text(1),
        };
        self.calls.push(format!("{operation}/{module}"));
        match operation {
            "get_server_info" => {
                return Ok(format!(
                    "{}{}{}",
                    string("flavor", "CE"),
                    string("version", "6.5.25"),
                    string("gmt_time", &self.gmt())
                ));
            }
            "login" => return self.login(&args[0]),
            _ if !self.sessions.contains(text(0)) => {
                return Err(refusal("11", "Invalid Session ID", "The session ID is invalid"));
            }
            "logout" => {
                self.sessions.remove(text(0));
                return Ok(String::new());
            }
            _ => {}
        }
        if !self.modules.contains_key(module) {
            return Err(refusal(
                "20",
                "Module Does Not Exist",
                "This module is not available on this server",
            ));
        }
        if self.denied.contains(module) {
            return Err(no_access());
        }
        match operation {
            "get_module_fields" => Ok(self.module_fields(module, &texts(&args[2]))),
            "get_entries_count" => {
                let count = self
                    .module(module)
                    .rows
                    .values()
                    .filter(|r| r.of("deleted") == "0")
                    .count();
                Ok(int("result_count", count))
            }
            "get_entry" => Ok(self.entry(module, text(2), &texts(&args[3]), &links(&args[4]))),
            "get_entry_list" => self.list(module, args, deaf),
            "set_entry" => self.set_entry(module, &args[2]),
            _ => Err(refusal(
                "1000",
                "Invalid call for this module",
                "Please look at WSDL file for details",
            )),
        }
    }

    fn login(&mut self, auth: &Element) -> Done {
        self.logins += 1;
        if auth.of("user_name") != USER || auth.of("password") != PASSWORD_MD5 {
            return Err(refusal(
                "10",
                "Invalid Login",
                "Login attempt failed please check the username and password",
            ));
        }
        let session = format!("session{}", self.logins);
        self.sessions.insert(session.clone());
        let pairs = [("user_id", "1"), ("user_name", USER), ("user_currency_id", "-99")];
        let pairs = pairs.map(|(name, value)| (name.to_owned(), value.to_owned()));
        Ok(entry(&session, "Users", &pairs))
    }

    fn module_fields(&mut self, module: &str, names: &[String]) -> String {
        let all = &self.module(module).fields;
        let fields = all.iter().filter(|(name, _)| names.is_empty() || names.contains(name));
        let mut items = String::new();
        let mut count = 0;
        for (name, kind) in fields {
            count += 1;
            let options: &[(&str, &str)] = match name.as_str() {
                "sales_stage" => &[
                    ("Prospecting", "初步接触"),
                    ("Negotiation/Review", "谈判"),
                    ("Closed Won", "赢单"),
                    ("Closed Lost", "输单"),
                ],
                _ => &[],
            };
            let options: Vec<_> = options
                .iter()
                .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()))
                .collect();
            let _ = write!(
                items,
                "<item xsi:type=\"tns:field\">{}{}{}{}</item>",
                string("name", name),
                string("type", kind),
                int("required", 0),
                pair_list("options", &options)
            );
        }
        format!(
            "{}{}{}",
            string("module_name", module),
            string("table_name", &self.module(module).table.clone()),
            array("module_fields", "tns:field", count, &items)
        )
    }

    fn entry(&mut self, module: &str, id: &str, fields: &[String], links: &[String]) -> String {
        let row = self.module(module).rows.get(id).cloned().unwrap_or_default();
        if row.of("deleted") != "0" {
            let warning = "Access to this object is denied since it has been deleted or does not exist";
            let pairs = [
                ("warning".to_owned(), warning.to_owned()),
                ("deleted".to_owned(), "1".to_owned()),
            ];
            let item = format!(
                "<item xsi:type=\"tns:entry_value\">{}</item>",
                entry(id, module, &pairs)
            );
            return array("entry_list", "tns:entry_value", 1, &item)
                + &array("relationship_list", "tns:link_list2", 0, "");
        }
        shown(module, &[&row], fields, links)
    }

    fn list(&mut self, module: &str, args: &[Element], deaf: bool) -> Done {
        let text = |n: usize| args[n].text.as_str();
        let table = self.module(module).table.clone();
        // What its checker of SQL does not like is refused as if it were a matter of rights.
        let condition = sql::condition(text(2), &table).map_err(|_| no_access())?;
        let order = sql::order(text(3), &table).map_err(|_| no_access())?;
        let max: usize = text(7).parse().unwrap_or(20);
        let both = text(8) != "0";
        let mut rows: Vec<&Row> = self.modules[module].rows.values().collect();
        rows.retain(|row| both || row.of("deleted") == "0");
        if !deaf {
            rows.retain(|row| condition.holds(&|column| row.of(column).to_owned()));
        }
        rows.sort_by(|a, b| {
            let by = order.iter().map(|column| sql::compare(a.of(column), b.of(column)));
            by.fold(std::cmp::Ordering::Equal, std::cmp::Ordering::then)
        });
        rows.truncate(max);
        Ok(format!(
            "{}{}{}{}",
            int("result_count", rows.len()),
            int("total_count", rows.len()),
            int("next_offset", rows.len()),
            shown(module, &rows, &texts(&args[5]), &links(&args[6]))
        ))
    }

    fn set_entry(&mut self, module: &str, list: &Element) -> Done {
        let pairs = list
            .children
            .iter()
            .map(|pair| (pair.of("name").to_owned(), pair.of("value").to_owned()));
        let mut vals: Map<String, Value> = pairs.map(|(name, value)| (name, Value::from(value))).collect();
        let id = vals.remove("id").and_then(|id| id.as_str().map(str::to_owned));
        let id = self.save(module, id.as_deref().filter(|id| !id.is_empty()), Value::Object(vals));
        let id = id.ok_or_else(|| refusal("1001", "Invalid data sent", "The data sent is invalid"))?;
        Ok(string("id", &id))
    }
}

fn texts(list: &Element) -> Vec<String> {
    list.children.iter().map(|item| item.text.clone()).collect()
}

fn links(list: &Element) -> Vec<String> {
    list.children.iter().map(|link| link.of("name").to_owned()).collect()
}

/// `entry_list` and `relationship_list`.
fn shown(module: &str, rows: &[&Row], fields: &[String], links: &[String]) -> String {
    let (mut entries, mut related) = (String::new(), String::new());
    for row in rows {
        let pairs: Vec<(String, String)> = fields
            .iter()
            .filter_map(|field| Some((field.clone(), html(row.fields.get(field)?))))
            .collect();
        let _ = write!(
            entries,
            "<item xsi:type=\"tns:entry_value\">{}</item>",
            entry(row.of("id"), module, &pairs)
        );
        if links.is_empty() {
            continue;
        }
        let mut lists = String::new();
        // A link to nothing is left out.
        let there: Vec<_> = links
            .iter()
            .filter_map(|link| Some((link, row.links.get(link)?)))
            .collect();
        for (link, ids) in &there {
            let mut records = String::new();
            for id in *ids {
                let pairs = [("id".to_owned(), id.clone())];
                let _ = write!(
                    records,
                    "<item xsi:type=\"tns:link_value2\">{}</item>",
                    pair_list("link_value", &pairs)
                );
            }
            let _ = write!(
                lists,
                "<item xsi:type=\"tns:link_name_value\">{}{}</item>",
                string("name", link),
                array("records", "tns:link_value2", ids.len(), &records)
            );
        }
        let _ = write!(
            related,
            "<item xsi:type=\"tns:link_list2\">{}</item>",
            array("link_list", "tns:link_name_value", there.len(), &lists)
        );
    }
    let count = if links.is_empty() { 0 } else { rows.len() };
    array("entry_list", "tns:entry_value", rows.len(), &entries)
        + &array("relationship_list", "tns:link_list2", count, &related)
}

fn entry(id: &str, module: &str, pairs: &[(String, String)]) -> String {
    format!(
        "{}{}{}",
        string("id", id),
        string("module_name", module),
        pair_list("name_value_list", pairs)
    )
}

fn pair_list(name: &str, pairs: &[(String, String)]) -> String {
    let items = pairs.iter().fold(String::new(), |mut xml, (name, value)| {
        let _ = write!(
            xml,
            "<item xsi:type=\"tns:name_value\">{}{}</item>",
            string("name", name),
            string("value", value)
        );
        xml
    });
    array(name, "tns:name_value", pairs.len(), &items)
}

fn array(name: &str, of: &str, count: usize, items: &str) -> String {
    format!("<{name} xsi:type=\"SOAP-ENC:Array\" SOAP-ENC:arrayType=\"{of}[{count}]\">{items}</{name}>")
}

fn string(name: &str, text: &str) -> String {
    format!("<{name} xsi:type=\"xsd:string\">{}</{name}>", escaped(text))
}

fn int(name: &str, n: usize) -> String {
    format!("<{name} xsi:type=\"xsd:int\">{n}</{name}>")
}

/// SuiteCRM's texts leave it as HTML.
fn html(text: &str) -> String {
    text.replace('"', "&quot;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('\'', "&#039;")
}
