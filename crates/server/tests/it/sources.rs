//! What the sources of the server say of its routes.

use std::collections::BTreeSet;
use std::path::Path;

/// Every `.route("…", …)` of the sources whose path begins so, as (method, path): the router itself cannot be asked.
pub fn routes(prefix: &str) -> BTreeSet<(String, String)> {
    let mut found = BTreeSet::new();
    read(
        Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/src")),
        prefix,
        &mut found,
    );
    found
}

fn read(folder: &Path, prefix: &str, found: &mut BTreeSet<(String, String)>) {
    for entry in std::fs::read_dir(folder).expect("sources") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            read(&path, prefix, found);
            continue;
        }
        let text = std::fs::read_to_string(&path).expect("UTF-8");
        for part in text.split(".route(").skip(1) {
            let Some(rest) = part.trim_start().strip_prefix('"') else {
                continue;
            };
            let Some((route, rest)) = rest.split_once('"').filter(|(r, _)| r.starts_with(prefix)) else {
                continue;
            };
            let mut depth = 1;
            let handlers: String = rest
                .chars()
                .take_while(|c| {
                    depth += i32::from(*c == '(') - i32::from(*c == ')');
                    depth > 0
                })
                .collect();
            let methods = ["get", "post", "put", "patch", "delete"];
            let of_route: Vec<&str> = methods
                .into_iter()
                .filter(|m| {
                    handlers
                        .match_indices(&format!("{m}("))
                        .any(|(at, _)| !handlers[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_'))
                })
                .collect();
            assert!(
                !of_route.is_empty(),
                "{route} in {}: no method found in {handlers:?}",
                path.display()
            );
            found.extend(of_route.into_iter().map(|m| (m.to_owned(), route.replace("{*", "{"))));
        }
    }
}
