//! A file that goes to GLPI with what it belongs to.

use bytes::Bytes;
use sha1_smol::Sha1;

/// A file that goes along.
#[derive(Debug, Clone)]
pub struct Upload {
    /// Its name, as the sender gave it.
    pub name: String,
    /// Its media type; one that does not parse is left out.
    pub content_type: String,
    /// Its bytes.
    pub bytes: Bytes,
    /// For an inline image, the `id` of its `<img>` in the content; GLPI puts the document's link
    /// there.
    pub tag: Option<String>,
    /// The SHA-1 of its bytes, in hex: GLPI knows a document by it.
    sha1: String,
}

impl Upload {
    /// A file of these bytes, of which the digest is taken here, once: of large ones that takes its time.
    pub fn new(name: String, content_type: String, bytes: Bytes, tag: Option<String>) -> Self {
        let sha1 = Sha1::from(&bytes).digest().to_string();
        Self { name, content_type, bytes, tag, sha1 }
    }

    /// The SHA-1 of its bytes, in hex.
    pub fn sha1(&self) -> &str {
        &self.sha1
    }
}
