//! The operations that are called, with their arguments in order, and what a service says of itself in its WSDL.
//!
//! Source: SuiteCRM's `service/v2`, `v3`, `v3_1`, `v4` and `v4_1` registries, each of which adds to the one before.

use std::collections::HashMap;

use reqwest::Url;

use crate::{
    connector::Error,
    soap::{self, Node},
};

/// Of all operations and types.
pub const NAMESPACE: &str = "http://www.sugarcrm.com/sugarcrm";

/// The operations that are called, and the names of their arguments.
pub const OPERATIONS: &[(&str, &[&str])] = &[
    ("login", &["user_auth", "application_name", "name_value_list"]),
    ("logout", &["session"]),
    ("get_server_info", &[]),
    ("get_module_fields", &["session", "module_name", "fields"]),
    ("get_entries_count", &["session", "module_name", "query", "deleted"]),
    (
        "get_entry",
        &[
            "session",
            "module_name",
            "id",
            "select_fields",
            "link_name_to_fields_array",
            "track_view",
        ],
    ),
    (
        "get_entry_list",
        &[
            "session",
            "module_name",
            "query",
            "order_by",
            "offset",
            "select_fields",
            "link_name_to_fields_array",
            "max_results",
            "deleted",
            "favorites",
        ],
    ),
    ("set_entry", &["session", "module_name", "name_value_list"]),
];

/// What does not fit in the WSDL of the service at `address`; empty if all does. Fails if it is none.
pub fn misfits(wsdl: &[u8], address: &Url) -> Result<Vec<String>, Error> {
    let root = soap::read(wsdl)?;
    if root.name != "definitions" || root.attribute("targetNamespace") != Some(NAMESPACE) {
        return Err(Error::Broken(
            "what answers at the address is no SuiteCRM by SOAP".into(),
        ));
    }
    let messages: HashMap<&str, Vec<&str>> = root
        .all("message")
        .filter_map(|message| {
            let parts = message.all("part").filter_map(|part| part.attribute("name"));
            Some((message.attribute("name")?, parts.collect()))
        })
        .collect();
    let offered: HashMap<&str, &str> = root
        .all("portType")
        .flat_map(|port| port.all("operation"))
        .filter_map(|operation| {
            let input = operation.child("input")?.attribute("message")?;
            let input = input.rsplit(':').next().unwrap_or(input);
            Some((operation.attribute("name")?, input))
        })
        .collect();
    let mut misfits = Vec::new();
    for (operation, args) in OPERATIONS {
        let Some(input) = offered.get(operation) else {
            misfits.push(format!(
                "SuiteCRM's service does not offer {operation}: let its administrator update it"
            ));
            continue;
        };
        let theirs = messages.get(input).map(Vec::as_slice).unwrap_or_default();
        if theirs != *args {
            misfits.push(format!(
                "SuiteCRM's {operation} takes other arguments than v4_1 does: {}",
                theirs.join(", ")
            ));
        }
    }
    let elsewhere = addresses(&root)
        .into_iter()
        .find(|place| Url::parse(place).map_or(true, |url| host(&url) != host(address)));
    if let Some(place) = elsewhere {
        misfits.push(format!(
            "SuiteCRM says that its service is at {}: requests go to the address entered all the same; let its \
             administrator set site_url, or enter that address",
            crate::http::one_line(place)
        ));
    }
    Ok(misfits)
}

fn addresses(root: &Node) -> Vec<&str> {
    let ports = root.all("service").flat_map(|service| service.all("port"));
    ports
        .filter_map(|port| port.child("address")?.attribute("location"))
        .collect()
}

fn host(url: &Url) -> (Option<&str>, Option<u16>) {
    (url.host_str(), url.port_or_known_default())
}
