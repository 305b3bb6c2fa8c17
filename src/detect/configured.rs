//! Files of settings whose keys a library lets variables override: the variables that move a port or an address.

use std::rc::Rc;

use super::listening::Setting;
use crate::fs::Text;
use crate::manifest::{Document, Node};

/// How deep keys lie at most.
const DEEPEST: usize = 3;

/// The last words of keys that say where a program listens.
const PLACES: &[&str] = &["port", "host", "address", "addr", "bind", "listen"];

/// The settings of these files that say where a program listens; `variable` makes the name of a variable of the keys that lead to one.
pub fn settings(files: &[Rc<Text>], variable: impl Fn(&[&str]) -> Option<String>) -> Vec<Setting> {
    let mut found = Vec::new();
    for doc in files.iter().filter_map(|text| Document::parse(text).ok()) {
        let mut keys = Vec::new();
        leaves(doc.root(), &mut keys, &mut |keys, node| {
            let last = keys.last().and_then(|key| key.rsplit(['_', '-']).next()).unwrap_or_default();
            if let (true, Some(name), Some(value)) = (PLACES.contains(&last), variable(keys), node.scalar()) {
                let setting = Setting::key(&keys.join("-"), &value, doc.evidence(keys, node));
                found.push(Setting { variable: Some(name), ..setting });
            }
        });
    }
    found
}

fn leaves<'n>(node: &'n Node, keys: &mut Vec<&'n str>, take: &mut impl FnMut(&[&str], &Node)) {
    for (key, value) in node.entries() {
        keys.push(key);
        if value.scalar().is_some() {
            take(keys, value);
        } else if keys.len() < DEEPEST {
            leaves(value, keys, take);
        }
        keys.pop();
    }
}

/// The keys as one name in capitals.
pub fn name(prefix: &str, keys: &[&str], between: &str) -> String {
    format!("{prefix}{}", keys.join(between)).to_ascii_uppercase().replace('-', "_")
}
