//! Which room may know which: the table, and what the code says.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

use syn::{ItemUse, UseTree, visit::Visit};

/// Each room, the floors from the top to the bottom, and the rooms it may know. A room may only know what stands
/// below it: so there are no circles.
const ROOMS: &[(&str, &[&str])] = &[
    (
        "cli",
        &[
            "announcements",
            "app",
            "audit",
            "config",
            "figures",
            "flow/deliver",
            "flow/deposit",
            "flow/directory",
            "flow/judging",
            "flow/proof",
            "flow/route",
            "flow/screen",
            "glpi",
            "id",
            "intake",
            "intake/form",
            "intake/imap",
            "intake/mime",
            "knowledge",
            "letters",
            "lifecycle/escalation",
            "lifecycle/note",
            "portal_hook",
            "people",
            "request",
            "sandbox",
            "smtp",
            "telemetry",
            "text",
        ],
    ),
    (
        "app",
        &[
            "announcements",
            "config",
            "figures",
            "flow/deliver",
            "flow/deposit",
            "flow/directory",
            "flow/ledger",
            "flow/pipeline",
            "flow/proof",
            "flow/quarantine",
            "flow/receipts",
            "flow/route",
            "flow/screen",
            "flow/suggester",
            "glpi",
            "hindrance",
            "http",
            "id",
            "intake",
            "intake/imap",
            "intake/lmtp",
            "knowledge",
            "letters",
            "lifecycle/drafts",
            "lifecycle/escalation",
            "lifecycle/notices",
            "lifecycle/sweep",
            "listener",
            "people",
            "portal",
            "request",
            "smtp",
            "text",
            "working_time",
        ],
    ),
    // Whether all that was received is there.
    (
        "audit",
        &[
            "config",
            "flow/deliver",
            "flow/deposit",
            "flow/receipts",
            "flow/route",
            "glpi",
            "id",
            "intake",
            "intake/imap",
            "intake/mime",
            "request",
            "text",
        ],
    ),
    // What people see and do.
    (
        "http",
        &[
            "announcements",
            "config",
            "figures",
            "flow/route",
            "id",
            "intake",
            "intake/form",
            "knowledge",
            "lifecycle/drafts",
            "lifecycle/escalation",
            "lifecycle/note",
            "lifecycle/notices",
            "listener",
            "offload",
            "people",
            "portal",
            "request",
            "text",
            "working_time",
        ],
    ),
    (
        "portal",
        &[
            "announcements",
            "config",
            "course",
            "figures",
            "flow/directory",
            "flow/route",
            "glpi",
            "id",
            "knowledge",
            "lifecycle/note",
            "offload",
            "remembered",
            "remembered",
            "request",
            "text",
            "working_time",
        ],
    ),
    // What became of tickets, and how long that took.
    (
        "figures",
        &[
            "course",
            "flow/directory",
            "flow/ledger",
            "flow/route",
            "glpi",
            "id",
            "knowledge",
            "letters",
            // A list of questions that leaves GLPI is masked as the draft of an article is.
            "lifecycle/drafts",
            "lifecycle/note",
            "people",
            "request",
            "smtp",
            "text",
            "working_time",
        ],
    ),
    ("course", &["glpi", "id", "remembered", "request", "text", "working_time"]),
    // A request comes in.
    ("intake/lmtp", &["company", "config", "intake", "listener", "request"]),
    ("intake/imap", &["company", "config", "flow/pipeline", "hindrance", "intake", "request", "text"]),
    ("intake/form", &["flow/screen", "id", "intake/mime", "offload", "request", "text"]),
    ("intake", &["company", "flow/deposit", "flow/pipeline", "intake/mime", "offload", "request"]),
    ("intake/mime", &["offload", "request", "text"]),
    // What becomes of a ticket.
    (
        "lifecycle/sweep",
        &[
            "config",
            "flow/ledger",
            "flow/receipts",
            "glpi",
            "id",
            "lifecycle/escalation",
            "lifecycle/notices",
            "request",
        ],
    ),
    (
        "lifecycle/escalation",
        &[
            "config",
            "flow/deliver",
            "flow/ledger",
            "flow/route",
            "glpi",
            "id",
            "lifecycle/drafts",
            "lifecycle/note",
            "lifecycle/notices",
            "remembered",
            "request",
            "working_time",
        ],
    ),
    (
        "lifecycle/notices",
        &[
            "config",
            "flow/ledger",
            "flow/route",
            "glpi",
            "id",
            "letters",
            "lifecycle/note",
            "portal_hook",
            "request",
            "smtp",
            "text",
            "working_time",
        ],
    ),
    ("lifecycle/drafts", &["config", "flow/route", "glpi", "id", "lifecycle/note", "request", "text"]),
    ("lifecycle/note", &["id", "request", "text"]),
    // … and becomes a ticket.
    (
        "flow/pipeline",
        &[
            "flow/deliver",
            "flow/deposit",
            "flow/directory",
            "flow/judging",
            "flow/ledger",
            "flow/proof",
            "flow/quarantine",
            "flow/receipts",
            "flow/route",
            "flow/screen",
            "flow/suggester",
            "id",
            "letters",
            "request",
            "telemetry",
        ],
    ),
    ("flow/deposit", &["config", "id", "letters", "offload", "remembered", "request", "text"]),
    (
        "flow/receipts",
        &["announcements", "config", "flow/route", "glpi", "id", "knowledge", "letters", "request", "smtp", "text"],
    ),
    ("flow/suggester", &["config", "glpi", "knowledge", "request", "text"]),
    // What is answered already.
    (
        "announcements",
        &[
            "config",
            "flow/deliver",
            "flow/directory",
            "flow/ledger",
            "flow/route",
            "glpi",
            "id",
            "letters",
            "people",
            "request",
            "smtp",
            "text",
        ],
    ),
    ("knowledge", &["config", "flow/route", "glpi", "id", "remembered", "text"]),
    ("flow/quarantine", &["config", "flow/ledger", "letters", "request"]),
    (
        "flow/deliver",
        &[
            "config",
            "flow/ledger",
            "flow/route",
            "flow/screen",
            "glpi",
            "id",
            "offload",
            "remembered",
            "request",
            "text",
        ],
    ),
    ("flow/ledger", &["config", "flow/screen", "glpi", "hindrance", "id", "request", "text"]),
    ("flow/route", &["config", "flow/screen", "request", "text"]),
    ("flow/directory", &["config", "glpi", "hindrance", "id", "remembered", "request", "text"]),
    ("flow/judging", &["flow/proof", "flow/screen", "request"]),
    ("flow/proof", &["config", "flow/screen", "offload", "request", "text"]),
    ("flow/screen", &["config", "id", "request", "text"]),
    // What people are written.
    ("letters", &["config", "id", "request", "smtp", "text"]),
    // Who may see what is not one requester's.
    ("people", &["config", "glpi", "id", "remembered", "request", "text"]),
    // Tools.
    ("telemetry", &["config", "request", "text"]),
    ("working_time", &["config", "text"]),
    ("smtp", &["config", "hindrance", "text"]),
    ("portal_hook", &["config", "hindrance", "text"]),
    ("config", &["id", "request", "text"]),
    ("request", &["company", "id", "text"]),
    ("glpi", &["hindrance", "id", "remembered", "text"]),
    ("hindrance", &["text"]),
    ("text", &["id"]),
    ("listener", &[]),
    ("offload", &[]),
    ("company", &[]),
    ("remembered", &[]),
    // Which ids there are: everybody may speak of them.
    ("id", &[]),
    // To try it on. It shares no type with the client: a shared type would hide a wrong field name.
    ("sandbox", &[]),
];

/// The room a path of modules leads into: the longest name that fits.
pub(super) fn room(path: &[String]) -> Option<&'static str> {
    let named = |(name, _): &&(&'static str, _)| {
        let mut parts = path.iter();
        name.split('/').all(|part| parts.next().is_some_and(|it| it == part))
    };
    ROOMS.iter().filter(named).map(|(name, _)| *name).max_by_key(|name| name.len())
}

/// The modules a file is, from the crate's root.
pub(super) fn modules(file: &Path) -> Vec<String> {
    let path = file.strip_prefix("src").unwrap().with_extension("");
    let mut parts: Vec<String> = path.iter().map(|part| part.to_str().unwrap().to_owned()).collect();
    if matches!(parts.last().map(String::as_str), Some("mod" | "lib" | "main")) {
        parts.pop();
    }
    parts
}

/// What a file of the code refers to, each as a path from the crate's root; its tests do not count.
pub(super) struct References {
    here: Vec<String>,
    /// The modules that this file declares.
    children: BTreeSet<String>,
    pub(super) found: BTreeSet<Vec<String>>,
    /// What is handed on under this file's name.
    pub(super) handed_on: BTreeSet<Vec<String>>,
    /// The first word of every path in the code.
    pub(super) mentioned: BTreeSet<String>,
    /// Where the names that `use` brings into this file come from.
    pub(super) imported: BTreeMap<String, Vec<String>>,
}

/// Every file by the module it is, with what it refers to.
pub(super) type Sources = BTreeMap<Vec<String>, (String, References)>;

impl References {
    /// A path from the crate's root, where it is one of this crate.
    fn absolute(&self, path: &[String]) -> Option<Vec<String>> {
        let ups = path.iter().take_while(|part| *part == "super").count();
        match path.first().map(String::as_str) {
            Some("crate") => Some(path[1..].to_vec()),
            Some("self") if path.len() > 1 => Some(self.here.iter().chain(&path[1..]).cloned().collect()),
            Some(child) if self.children.contains(child) => Some(self.here.iter().chain(path).cloned().collect()),
            Some("super") => {
                let above = self.here.len().checked_sub(ups)?;
                Some(self.here[..above].iter().chain(&path[ups..]).cloned().collect())
            }
            _ => None,
        }
    }

    /// The paths of a `use`, each with the name it has here.
    fn leaves(tree: &UseTree, before: &[String], leaves: &mut Vec<(Vec<String>, String)>) {
        let with = |name: String| before.iter().cloned().chain([name]).collect::<Vec<_>>();
        match tree {
            UseTree::Path(path) => Self::leaves(&path.tree, &with(path.ident.to_string()), leaves),
            UseTree::Name(name) if name.ident == "self" => {
                leaves.push((before.to_vec(), before.last().cloned().unwrap_or_default()));
            }
            UseTree::Name(name) => leaves.push((with(name.ident.to_string()), name.ident.to_string())),
            UseTree::Rename(name) => leaves.push((with(name.ident.to_string()), name.rename.to_string())),
            UseTree::Glob(_) => leaves.push((before.to_vec(), String::new())),
            UseTree::Group(group) => group.items.iter().for_each(|tree| Self::leaves(tree, before, leaves)),
        }
    }
}

fn is_test(attributes: &[syn::Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        attribute.path().is_ident("cfg")
            && attribute.parse_args::<syn::Ident>().is_ok_and(|condition| condition == "test")
    })
}

impl<'ast> Visit<'ast> for References {
    fn visit_item_mod(&mut self, item: &'ast syn::ItemMod) {
        if is_test(&item.attrs) {
            return;
        }
        if item.content.is_none() {
            self.children.insert(item.ident.to_string());
        } else {
            self.here.push(item.ident.to_string());
            syn::visit::visit_item_mod(self, item);
            self.here.pop();
        }
    }

    fn visit_item_use(&mut self, item: &'ast ItemUse) {
        let mut leaves = Vec::new();
        Self::leaves(&item.tree, &[], &mut leaves);
        for (path, name) in leaves {
            let Some(path) = self.absolute(&path) else { continue };
            if !matches!(item.vis, syn::Visibility::Inherited) {
                self.handed_on.insert(path.clone());
            }
            self.imported.insert(name, path.clone());
            self.found.insert(path);
        }
    }

    /// `pub(in crate::room)` hands nothing in.
    fn visit_visibility(&mut self, _: &'ast syn::Visibility) {}

    fn visit_path(&mut self, path: &'ast syn::Path) {
        let parts: Vec<String> = path.segments.iter().map(|segment| segment.ident.to_string()).collect();
        self.found.extend(self.absolute(&parts));
        self.mentioned.extend(parts.into_iter().next());
        syn::visit::visit_path(self, path);
    }
}

/// What every file of the code refers to, and what it hands on.
pub(super) fn references() -> Sources {
    let all = super::sources("src").into_iter().map(|(path, text)| {
        let file = syn::parse_file(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let here = modules(&path);
        let mut references = References {
            here: here.clone(),
            children: BTreeSet::new(),
            found: BTreeSet::new(),
            handed_on: BTreeSet::new(),
            mentioned: BTreeSet::new(),
            imported: BTreeMap::new(),
        };
        references.visit_file(&file);
        (here, (path.display().to_string(), references))
    });
    all.collect()
}

#[test]
fn no_room_knows_one_that_it_may_not() {
    let mut used: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    let mut wrong = Vec::new();
    for (here, (file, references)) in references() {
        let Some(from) = room(&here) else { continue };
        let (_, allowed) = ROOMS.iter().find(|(name, _)| *name == from).unwrap();
        for path in &references.found {
            // A floor's own name leads to rooms only.
            let Some(to) = room(path).filter(|to| *to != from) else { continue };
            if !allowed.contains(&to) {
                wrong.push(format!("{file} uses {}: {from} may not know {to}", path.join("::")));
            }
            used.entry(from).or_default().insert(to);
        }
        for path in &references.handed_on {
            if room(path) != Some(from) {
                wrong.push(format!("{file} hands on {} of another room", path.join("::")));
            }
        }
    }
    for (name, allowed) in ROOMS {
        let used = used.remove(name).unwrap_or_default();
        let needless = allowed.iter().filter(|room| !used.contains(*room));
        wrong.extend(needless.map(|room| format!("{name} does not need {room}: the table allows more than is used")));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn rooms_know_only_what_stands_below_them() {
    for (place, (name, allowed)) in ROOMS.iter().enumerate() {
        for room in *allowed {
            let other = ROOMS.iter().position(|(other, _)| other == room);
            assert!(other.is_some_and(|other| other > place), "{name} knows {room}, which stands above it or nowhere");
        }
    }
}

#[test]
fn every_file_stands_in_a_room() {
    for (path, _) in super::sources("src") {
        let here = modules(&path);
        let is_map = here.is_empty() || path.ends_with("mod.rs") && here.len() == 1;
        assert!(room(&here).is_some() || is_map, "{} stands in no room of the table", path.display());
    }
}
