//! Where the parts of a postcard encoding are, so that each can be changed.

use std::ops::Range;

use serde::de::value::Error;
use serde::ser::{self, Impossible, Serialize, Serializer};

/// What can be changed of a part.
#[derive(Clone, Debug)]
pub enum Kind {
    /// Numbers, digests or field elements next to each other.
    Bytes,
    /// Where each item starts, then where the last one ends.
    List(Vec<usize>),
    Option,
}

/// A part of an encoding.
#[derive(Clone, Debug)]
pub struct Part {
    /// Names of the fields that lead to it, the same for all items of a list.
    pub path: String,
    pub kind: Kind,
    pub span: Range<usize>,
}

/// The encoding of a value, and its parts.
pub fn outline(value: &impl Serialize) -> (Vec<u8>, Vec<Part>) {
    let mut outline = Outline::default();
    value.serialize(&mut outline).expect("an encodable value");
    (outline.bytes, outline.parts)
}

/// The length of a list as postcard has it.
pub fn length(items: u64) -> Vec<u8> {
    postcard::to_allocvec(&items).expect("memory suffices")
}

#[derive(Default)]
struct Outline {
    bytes: Vec<u8>,
    parts: Vec<Part>,
    path: Vec<&'static str>,
}

impl Outline {
    fn open(&mut self, kind: Kind) -> usize {
        let at = self.bytes.len();
        self.parts.push(Part { path: self.path.join("."), kind, span: at..at });
        self.parts.len() - 1
    }

    fn leaf(&mut self, value: impl Serialize) -> Result<(), Error> {
        let path = self.path.join(".");
        let at = self.bytes.len();
        let part = match self.parts.last() {
            Some(last) if last.path == path && last.span.end == at => self.parts.len() - 1,
            _ => self.open(Kind::Bytes),
        };
        self.bytes.extend(postcard::to_allocvec(&value).expect("memory suffices"));
        self.parts[part].span.end = self.bytes.len();
        Ok(())
    }

    fn below(
        &mut self,
        name: &'static str,
        value: &(impl Serialize + ?Sized),
    ) -> Result<(), Error> {
        self.path.push(name);
        value.serialize(&mut *self)?;
        self.path.pop();
        Ok(())
    }
}

/// The items of a list.
struct Items<'a> {
    outline: &'a mut Outline,
    part: usize,
}

impl ser::SerializeSeq for Items<'_> {
    type Ok = ();
    type Error = Error;

    fn serialize_element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Error> {
        let at = self.outline.bytes.len();
        if let Kind::List(starts) = &mut self.outline.parts[self.part].kind {
            starts.push(at);
        }
        self.outline.below("item", value)
    }

    fn end(self) -> Result<(), Error> {
        let end = self.outline.bytes.len();
        let part = &mut self.outline.parts[self.part];
        part.span.end = end;
        if let Kind::List(starts) = &mut part.kind {
            starts.push(end);
        }
        Ok(())
    }
}

impl ser::SerializeTuple for &mut Outline {
    type Ok = ();
    type Error = Error;

    fn serialize_element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Error> {
        value.serialize(&mut **self)
    }

    fn end(self) -> Result<(), Error> {
        Ok(())
    }
}

impl ser::SerializeStruct for &mut Outline {
    type Ok = ();
    type Error = Error;

    fn serialize_field<T: Serialize + ?Sized>(
        &mut self,
        name: &'static str,
        value: &T,
    ) -> Result<(), Error> {
        self.below(name, value)
    }

    fn end(self) -> Result<(), Error> {
        Ok(())
    }
}

macro_rules! leaves {
    ($($name:ident: $type:ty,)*) => {
        $(fn $name(self, value: $type) -> Result<(), Error> {
            self.leaf(value)
        })*
    };
}

impl<'a> Serializer for &'a mut Outline {
    type Ok = ();
    type Error = Error;
    type SerializeSeq = Items<'a>;
    type SerializeTuple = Self;
    type SerializeStruct = Self;
    type SerializeTupleStruct = Impossible<(), Error>;
    type SerializeTupleVariant = Impossible<(), Error>;
    type SerializeMap = Impossible<(), Error>;
    type SerializeStructVariant = Impossible<(), Error>;

    leaves! {
        serialize_bool: bool,
        serialize_i8: i8,
        serialize_i16: i16,
        serialize_i32: i32,
        serialize_i64: i64,
        serialize_u8: u8,
        serialize_u16: u16,
        serialize_u32: u32,
        serialize_u64: u64,
        serialize_f32: f32,
        serialize_f64: f64,
        serialize_char: char,
        serialize_str: &str,
        serialize_bytes: &[u8],
    }

    fn is_human_readable(&self) -> bool {
        false
    }

    fn serialize_none(self) -> Result<(), Error> {
        let part = self.open(Kind::Option);
        self.bytes.push(0);
        self.parts[part].span.end = self.bytes.len();
        Ok(())
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<(), Error> {
        let part = self.open(Kind::Option);
        self.bytes.push(1);
        self.below("some", value)?;
        self.parts[part].span.end = self.bytes.len();
        Ok(())
    }

    fn serialize_unit(self) -> Result<(), Error> {
        Ok(())
    }

    fn serialize_unit_struct(self, _: &'static str) -> Result<(), Error> {
        Ok(())
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        value: &T,
    ) -> Result<(), Error> {
        value.serialize(self)
    }

    fn serialize_seq(self, len: Option<usize>) -> Result<Items<'a>, Error> {
        let part = self.open(Kind::List(vec![]));
        self.bytes.extend(length(len.expect("a known length") as u64));
        Ok(Items { outline: self, part })
    }

    fn serialize_tuple(self, _: usize) -> Result<Self, Error> {
        Ok(self)
    }

    fn serialize_struct(self, _: &'static str, _: usize) -> Result<Self, Error> {
        Ok(self)
    }

    fn serialize_unit_variant(
        self,
        _: &'static str,
        at: u32,
        _: &'static str,
    ) -> Result<(), Error> {
        self.leaf(at)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        at: u32,
        name: &'static str,
        value: &T,
    ) -> Result<(), Error> {
        self.leaf(at)?;
        self.below(name, value)
    }

    fn serialize_tuple_struct(
        self,
        _: &'static str,
        _: usize,
    ) -> Result<Self::SerializeTupleStruct, Error> {
        unreachable!("proofs have none")
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Self::SerializeTupleVariant, Error> {
        unreachable!("proofs have none")
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Self::SerializeMap, Error> {
        unreachable!("proofs have none")
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Self::SerializeStructVariant, Error> {
        unreachable!("proofs have none")
    }
}
