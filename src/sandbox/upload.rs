//! Files: what PHP and GLPI take of an upload, and how they become documents of an item.

use axum::body::Bytes;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::answer::NotAdded;
use super::call::Call;
use super::caller::Caller;
use super::failures::Failure;
use super::helpdesk::Helpdesk;
use super::php::{Row, elements, flag, int_of, text, text_of};
use super::settings::Version;
use super::status;
use super::text::{decode, encode};
use super::uploaded_file::{Picture, Upload};

/// The files of one call, and after how many of them PHP is to die.
pub(super) struct Arrived<'a> {
    pub(super) files: &'a [Incoming],
    pub(super) dies_after: Option<usize>,
}

/// A file of GLPI's temporary folder; one that was refused is named there but is not there.
pub(super) struct Incoming {
    name: String,
    mime: String,
    bytes: Option<Bytes>,
}

/// What became of a call's files.
#[derive(Default)]
pub(super) struct Received {
    /// The first file of every field: GLPI looks at no other.
    pub(super) files: Vec<Incoming>,
    /// `upload_result` of the answer: the first field's only, whatever the others met.
    pub(super) result: Option<Value>,
}

/// Takes the files of a call as GLPI's upload handler does.
pub(super) fn receive(desk: &Helpdesk, call: &Call) -> Received {
    let mut received = Received::default();
    let mut fields: Vec<(&str, Vec<Value>)> = Vec::new();
    let count = call.uploads.len();
    for (at, upload) in call.uploads.iter().enumerate() {
        let lost = call.failure == Some(Failure::FileLeftOut) && at + 1 == count;
        let prefix = format!("{:014x}.{at:08}", fingerprint(&upload.bytes, at));
        let name = encode(&upload.name);
        let error = refusal(desk, upload, lost);
        let too_big = upload.bytes.len() > desk.limits.file || lost;
        let size = if too_big { 0 } else { upload.bytes.len() };
        let mut entry = json!({
            "name": format!("{prefix}{name}"), "size": size,
            "type": if too_big { "" } else { upload.content_type.as_str() },
            "prefix": prefix, "display": name, "filesize": size_in_words(size),
            "id": format!("doc{}{at}{size}", upload.field),
        });
        let taken = error.is_none();
        if let Some(error) = error {
            entry["error"] = error;
        } else {
            let host = "http://127.0.0.1";
            let query = format!("{}={prefix}{name}", upload.field);
            entry["url"] = format!("{host}/files/{prefix}{name}").into();
            entry["deleteUrl"] = format!("{host}/apirest.php?{query}").into();
            entry["deleteType"] = "DELETE".into();
        }
        let known = fields.iter_mut().find(|(field, _)| *field == upload.field);
        if let Some((_, entries)) = known {
            entries.push(entry);
        } else {
            fields.push((&upload.field, vec![entry]));
            received.files.push(Incoming {
                name,
                mime: media_type(upload),
                bytes: taken.then(|| upload.bytes.clone()),
            });
        }
    }
    let first = fields.into_iter().next();
    received.result = first.map(|(field, entries)| json!({ field: entries }));
    received
}

fn refusal(desk: &Helpdesk, upload: &Upload, lost: bool) -> Option<Value> {
    let extension = upload.name.rsplit_once('.').map_or_else(String::new, |(_, extension)| extension.to_lowercase());
    let mut types = desk.store.rows("DocumentType");
    let allowed = types.any(|kind| flag(kind, "is_uploadable") && text_of(kind, "ext") == extension);
    let named = Picture::by_name(&upload.name);
    if upload.bytes.len() > desk.limits.file || lost {
        let message = "Le fichier téléchargé excède la directive upload_max_filesize dans php.ini";
        Some(message.into())
    } else if !allowed {
        Some("Type de fichier non autorisé".into())
    } else if upload.bytes.is_empty() {
        Some("Le fichier est trop petit".into())
    } else if named.is_some() && named != Picture::by_content(&upload.bytes) {
        // the handler has no words for a picture of another kind than its name says
        Some(false.into())
    } else {
        None
    }
}

fn media_type(upload: &Upload) -> String {
    infer::get(&upload.bytes).map_or_else(|| upload.content_type.clone(), |kind| kind.mime_type().to_owned())
}

fn size_in_words(bytes: usize) -> String {
    match bytes {
        0..1024 => format!("{bytes} o"),
        1024..1_048_576 => format!("{} Kio", bytes >> 10),
        _ => format!("{} Mio", bytes >> 20),
    }
}

fn fingerprint(bytes: &[u8], salt: usize) -> u64 {
    let digest = Sha256::new_with_prefix(salt.to_le_bytes()).chain_update(bytes).finalize();
    digest.iter().take(7).fold(0, |sum, byte| sum << 8 | u64::from(*byte))
}

/// The messages of one call; GLPI shows the last one of the kind that came up last.
#[derive(Default)]
pub(super) struct Messages(Vec<(Level, String)>);

/// Kinds of messages.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Level {
    /// Something was done.
    Info,
    /// Something was not.
    Error,
}

impl Messages {
    pub(super) fn push(&mut self, level: Level, message: impl Into<String>) {
        self.0.push((level, message.into()));
    }

    /// What `getGlpiLastMessage` picks: messages are grouped by kind, kinds in order of appearance.
    pub(super) fn last(self) -> String {
        let Some((first, _)) = self.0.first() else {
            return String::new();
        };
        let other = self.0.iter().rposition(|(level, _)| level != first);
        let at = other.unwrap_or(self.0.len() - 1);
        self.0.into_iter().nth(at).map_or_else(String::new, |(_, m)| m)
    }
}

/// An item that gets documents, and who is their author.
pub(super) struct Owner<'a> {
    pub(super) kind: &'a str,
    pub(super) id: i64,
    pub(super) author: i64,
}

/// Makes documents of the files, ties them to their item, and turns `<img>` tags that carry the
/// tag of a picture into a link to it. GLPI 11 dies of a file that was refused.
pub(super) fn attach(
    desk: &mut Helpdesk,
    owner: &Owner<'_>,
    input: &Row,
    arrived: &Arrived<'_>,
    messages: &mut Messages,
) -> Result<(), NotAdded> {
    let files = arrived.files;
    if files.is_empty() {
        return if arrived.dies_after.is_some() { Err(NotAdded::Died) } else { Ok(()) };
    }
    let row = desk.store.get(owner.kind, owner.id);
    let mut content = decode(&row.map(|row| text_of(row, "content")).unwrap_or_default());
    let tags = input.get("_tag_filename").map(elements).unwrap_or_default();
    let mut pictures = Vec::new();
    for (at, file) in files.iter().enumerate() {
        let refused = file.bytes.is_none() && desk.version == Version::Eleven;
        if refused || arrived.dies_after == Some(at) {
            return Err(NotAdded::Died);
        }
        let tag = tags.get(at).map(|tag| text(tag)).unwrap_or_default();
        let Some(bytes) = &file.bytes else {
            messages.push(Level::Error, format!("Fichier {} introuvable.", file.name));
            continue;
        };
        let digest = sha1sum(bytes);
        let twin = desk.store.rows("Document").find(|row| text_of(row, "sha1sum") == digest);
        let twin = twin.map(|row| (int_of(row, "id"), text_of(row, "tag")));
        let document = if let Some((id, its_tag)) = twin {
            // the file is known: the old document takes the new name, and lends its tag
            let name = file.name.clone();
            desk.store.set("Document", id, "filename", name);
            if !tag.is_empty() {
                content = content.replace(&tag, &its_tag);
            }
            id
        } else {
            messages.push(Level::Info, "Document copié avec succès.");
            insert_document(desk, owner, file, &digest, &tag, bytes)
        };
        let row = desk.store.get("Document", document);
        let its_tag = row.map(|row| text_of(row, "tag")).unwrap_or_default();
        let is_picture = row.is_some_and(|row| text_of(row, "mime").starts_with("image/"));
        let inline = is_picture && content.contains(&its_tag);
        link(desk, owner, document, inline);
        if is_picture && !tag.is_empty() {
            pictures.push((document, its_tag, bytes.clone()));
        } else if !tag.is_empty() {
            content = content.replace(&format!("#{tag}#"), "");
        }
    }
    if arrived.dies_after.is_some() {
        return Err(NotAdded::Died);
    }
    for (document, tag, bytes) in pictures {
        let url = format!("/front/document.send.php?docid={document}&itemtype={}&items_id={}", owner.kind, owner.id);
        content = show_picture(&content, &tag, &url, &bytes);
    }
    desk.store.set(owner.kind, owner.id, "content", encode(&content));
    Ok(())
}

/// A document of its own with a file, tied to the item it names: without its file, and with
/// `_only_if_upload_succeed` or an item, there is none.
pub(super) fn add_document(
    desk: &mut Helpdesk,
    caller: &Caller,
    input: &Row,
    files: &[Incoming],
) -> Result<i64, String> {
    let (kind, item) = (text_of(input, "itemtype"), int_of(input, "items_id"));
    let Some(file) = files.first() else { return Err(String::new()) };
    let Some(bytes) = &file.bytes else { return Err(format!("Fichier {} introuvable.", file.name)) };
    let tag = input.get("_tag_filename").map(elements).unwrap_or_default();
    let tag = tag.first().map(|tag| text(tag)).unwrap_or_default();
    let owner = Owner { kind: &kind, id: item, author: caller.user };
    let id = insert_document(desk, &owner, file, &sha1sum(bytes), &tag, bytes);
    if item > 0 {
        link(desk, &owner, id, false);
        if kind == "Ticket" && desk.version != Version::Eleven {
            // an input of its own cannot forbid it
            status::take_into_account(desk, caller, item);
        }
    }
    Ok(id)
}

fn insert_document(
    desk: &mut Helpdesk,
    owner: &Owner<'_>,
    file: &Incoming,
    digest: &str,
    tag: &str,
    bytes: &Bytes,
) -> i64 {
    let extension = file.name.rsplit('.').next().unwrap_or_default().to_uppercase();
    let of_ticket = owner.kind == "Ticket";
    let generated = || format!("{:08x}-{}", fingerprint(bytes, 0) >> 24, &digest[..24]);
    let row = json!({
        "name": if of_ticket { format!("Document ticket {}", owner.id) } else { file.name.clone() },
        "filename": file.name, "mime": file.mime, "sha1sum": digest, "users_id": owner.author,
        "filepath": format!("{extension}/{}/{}.{extension}", &digest[..2], &digest[2..]),
        "tickets_id": if of_ticket { owner.id } else { 0 },
        "tag": if tag.is_empty() { generated() } else { tag.to_owned() },
    });
    let row = row.as_object().cloned().unwrap_or_default();
    let id = desk.store.insert("Document", &row);
    desk.store.files.insert(id, bytes.clone());
    id
}

fn link(desk: &mut Helpdesk, owner: &Owner<'_>, document: i64, inline: bool) {
    let mut links = desk.store.rows_of("Document_Item", "documents_id", document);
    let linked = links.any(|link| text_of(link, "itemtype") == owner.kind && int_of(link, "items_id") == owner.id);
    drop(links);
    if linked {
        return;
    }
    let row = json!({
        "documents_id": document, "itemtype": owner.kind, "items_id": owner.id,
        "users_id": owner.author, "timeline_position": if inline { -1 } else { 1 },
    });
    if let Value::Object(row) = row {
        desk.store.insert("Document_Item", &row);
    }
}

/// `Toolbox::convertTagToImage`: `#tag#` and every `<img … tag …>` become the linked picture.
fn show_picture(content: &str, tag: &str, url: &str, bytes: &[u8]) -> String {
    let content = content.replace(&format!("#{tag}#"), &format!("<img alt='{tag}'/>"));
    let mut shown = String::with_capacity(content.len());
    let mut rest = content.as_str();
    while let Some(start) = rest.find("<img") {
        let end = rest[start..].find('>').map_or(rest.len(), |at| start + at + 1);
        let image = &rest[start..end];
        shown.push_str(&rest[..start]);
        if image.contains(tag) {
            let width = attribute(image, "width").or_else(|| png_width(bytes));
            let width = width.map_or_else(String::new, |width| format!(" width=\"{width}\""));
            let image = format!("<img alt=\"{tag}\"{width} src=\"{url}\" />");
            let link = format!("<a href=\"{url}\" target=\"_blank\" >{image}</a>");
            shown.push_str(&link);
        } else {
            shown.push_str(image);
        }
        rest = &rest[end..];
    }
    shown.push_str(rest);
    shown
}

fn attribute(tag: &str, name: &str) -> Option<String> {
    let (_, value) = tag.split_once(&format!("{name}=\""))?;
    let (value, _) = value.split_once('"')?;
    Some(value.to_owned())
}

fn png_width(bytes: &[u8]) -> Option<String> {
    let width = bytes.strip_prefix(b"\x89PNG\r\n\x1a\n")?.get(8..12)?;
    let width = u32::from_be_bytes(width.try_into().ok()?);
    Some(width.to_string())
}

/// GLPI knows a document by its SHA-1, and so may a client.
fn sha1sum(bytes: &[u8]) -> String {
    sha1_smol::Sha1::from(bytes).digest().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_kind_of_message_wins() {
        use Level::{Error, Info};
        for (messages, expected) in [
            (vec![], ""),
            (vec![(Info, "copied"), (Info, "added")], "added"),
            (vec![(Info, "copied"), (Error, "gone"), (Info, "added")], "gone"),
            (vec![(Error, "gone"), (Info, "copied"), (Info, "added")], "added"),
            (vec![(Error, "gone")], "gone"),
        ] {
            let mut all = Messages::default();
            for (level, message) in messages {
                all.push(level, message);
            }
            assert_eq!(all.last(), expected);
        }
    }

    #[test]
    fn an_inline_picture_becomes_a_link() {
        let content = "<p>a <img src=\"x\"> b <img id=\"TAG\" width=\"4\" height=\"4\"> c</p>";
        assert_eq!(
            show_picture(content, "TAG", "/doc", b""),
            "<p>a <img src=\"x\"> b <a href=\"/doc\" target=\"_blank\" >\
             <img alt=\"TAG\" width=\"4\" src=\"/doc\" /></a> c</p>"
        );
    }
}
