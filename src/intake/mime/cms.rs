//! The content of a CMS message (RFC 5652), which S/MIME wraps mails in (RFC 8551). No signature is
//! verified here.

use bcder::{
    ConstOid, Mode, OctetString, Oid, Tag,
    decode::{Constructed, DecodeError, IntoSource, Source},
};
use bytes::Bytes;

/// id-signedData, 1.2.840.113549.1.7.2.
const SIGNED: ConstOid = Oid(&[42, 134, 72, 134, 247, 13, 1, 7, 2]);
/// id-envelopedData, 1.2.840.113549.1.7.3.
const ENVELOPED: ConstOid = Oid(&[42, 134, 72, 134, 247, 13, 1, 7, 3]);
/// id-encryptedData, 1.2.840.113549.1.7.6.
const ENCRYPTED: ConstOid = Oid(&[42, 134, 72, 134, 247, 13, 1, 7, 6]);
/// id-ct-authEnvelopedData, 1.2.840.113549.1.9.16.1.23 (RFC 5083).
const AUTH_ENVELOPED: ConstOid = Oid(&[42, 134, 72, 134, 247, 13, 1, 9, 16, 1, 23]);

/// What a CMS message turned out to be.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Cms {
    /// Signed content: a MIME entity.
    Signed(Bytes),
    /// Signatures or certificates alone.
    Bare,
    /// For its addressee only.
    Encrypted,
    /// Of another kind, or damaged.
    Unreadable,
}

/// Opens a CMS message, BER of indefinite length included, as signing programs stream it.
pub(super) fn open(message: &Bytes) -> Cms {
    Constructed::decode(message.clone().into_source(), Mode::Ber, |message| message.take_sequence(content_info))
        .unwrap_or(Cms::Unreadable)
}

/// RFC 5652 section 3: `ContentInfo`.
fn content_info<S: Source>(info: &mut Constructed<'_, S>) -> Result<Cms, DecodeError<S::Error>> {
    let kind = Oid::take_from(info)?;
    if kind == SIGNED {
        return info.take_constructed_if(Tag::CTX_0, |info| info.take_sequence(signed_data));
    }
    skip_rest(info)?;
    let is_encrypted = kind == ENVELOPED || kind == ENCRYPTED || kind == AUTH_ENVELOPED;
    Ok(if is_encrypted { Cms::Encrypted } else { Cms::Unreadable })
}

/// RFC 5652 section 5.1: `SignedData`.
fn signed_data<S: Source>(data: &mut Constructed<'_, S>) -> Result<Cms, DecodeError<S::Error>> {
    let _version = data.skip_one()?;
    let _digest_algorithms = data.skip_one()?;
    let content = data.take_sequence(|content| {
        let _content_type = content.skip_one()?;
        content.take_opt_constructed_if(Tag::CTX_0, OctetString::take_from)
    })?;
    skip_rest(data)?;
    Ok(content.map_or(Cms::Bare, |content| Cms::Signed(content.into_bytes())))
}

/// `Constructed::skip_all` takes the end of a value of indefinite length for an error.
fn skip_rest<S: Source>(value: &mut Constructed<'_, S>) -> Result<(), DecodeError<S::Error>> {
    while value.skip_opt(|_, _, _| Ok(()))?.is_some() {}
    Ok(())
}

#[cfg(test)]
pub(super) mod tests {
    use proptest::prelude::*;

    use super::{Bytes, Cms, open};

    const SIGNED: &[u8] = b"\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02";
    const ENVELOPED: &[u8] = b"\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x03";
    const DATA: &[u8] = b"\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x01";

    /// A value of definite length.
    fn definite(tag: u8, pieces: &[&[u8]]) -> Vec<u8> {
        let content = pieces.concat();
        let length = u32::try_from(content.len()).unwrap().to_be_bytes();
        [&[tag, 0x84][..], &length, &content].concat()
    }

    /// A value of indefinite length.
    fn streamed(tag: u8, pieces: &[&[u8]]) -> Vec<u8> {
        [&[tag, 0x80][..], &pieces.concat(), b"\0\0"].concat()
    }

    type Encode = fn(u8, &[&[u8]]) -> Vec<u8>;

    fn signed_as(value: Encode, content: &[u8]) -> Vec<u8> {
        let content = value(0xa0, &[content]);
        let encapsulated = value(0x30, &[DATA, &content]);
        let data = value(0x30, &[b"\x02\x01\x01", b"\x31\x00", &encapsulated, b"\x31\x00"]);
        value(0x30, &[SIGNED, &value(0xa0, &[&data])])
    }

    /// A signed mail.
    pub(in crate::intake::mime) fn signed(content: &[u8]) -> Vec<u8> {
        signed_as(definite, &definite(0x04, &[content]))
    }

    /// An encrypted mail.
    pub(in crate::intake::mime) fn enveloped() -> Vec<u8> {
        definite(0x30, &[ENVELOPED, &definite(0xa0, &[&definite(0x30, &[b"\x02\x01\x00"])])])
    }

    fn opened(message: Vec<u8>) -> Cms {
        open(&message.into())
    }

    #[test]
    fn signed_content_is_found_whole_or_streamed() {
        let expected = Cms::Signed(Bytes::from_static(b"Subject: x\n\nBonjour"));
        assert_eq!(opened(signed(b"Subject: x\n\nBonjour")), expected);
        let pieces = [definite(0x04, &[b"Subject: x\n"]), definite(0x04, &[b"\nBonjour"])];
        let pieces = streamed(0x24, &[&pieces[0], &pieces[1]]);
        assert_eq!(opened(signed_as(streamed, &pieces)), expected);
        // What a relay adds below does no harm.
        assert_eq!(opened([signed(b"Subject: x\n\nBonjour"), b"\r\n".to_vec()].concat()), expected);
    }

    #[test]
    fn other_messages_are_told_apart() {
        assert_eq!(opened(enveloped()), Cms::Encrypted);
        let encapsulated = definite(0x30, &[DATA]);
        let data = definite(0x30, &[b"\x02\x01\x01", b"\x31\x00", &encapsulated, b"\x31\x00"]);
        assert_eq!(opened(definite(0x30, &[SIGNED, &definite(0xa0, &[&data])])), Cms::Bare);
        let mut broken = signed(b"Bonjour");
        broken.truncate(broken.len() - 8);
        for message in [broken, vec![], b"Bonjour".to_vec(), b"\x30\x80".repeat(500_000), b"\x24\x80".repeat(500_000)] {
            assert_eq!(opened(message), Cms::Unreadable);
        }
        // Deep in the content, too.
        assert_eq!(opened(signed_as(definite, &b"\x24\x80".repeat(500_000))), Cms::Unreadable);
    }

    proptest! {
        #[test]
        fn any_bytes_are_something(bytes in prop::collection::vec(any::<u8>(), 0..300), cut in any::<prop::sample::Index>()) {
            let _ = opened(bytes.clone());
            let mut message = signed(b"Subject: x\n\nBonjour");
            let at = cut.index(message.len());
            message.splice(at..at, bytes.into_iter().take(3));
            let _ = opened(message);
        }
    }
}
