//! The `yrs` crate. It keeps no past, so its snapshot is its second encoding, which takes less.

use crate::{Document, Form, View};
use std::collections::VecDeque;
use std::hint::black_box;
use yrs::updates::decoder::Decode;
use yrs::types::ToJson;
use yrs::undo::{Options as UndoOptions, UndoManager};
use yrs::{Array, ArrayRef, Doc, GetString, Map, MapRef, OffsetKind, Options, Out};
use yrs::{Any, ClientID, ReadTxn, StateVector, Text, TextRef, Transact, Update};

/// Kept until the commit, since a transaction cannot be kept open beside its document.
enum Edit {
    Insert(u32, String),
    Remove(u32, u32),
    Put(String, i64),
    Add(u32, i64),
}

pub struct Yrs {
    doc: Doc,
    text: TextRef,
    map: MapRef,
    list: ArrayRef,
    edits: VecDeque<Edit>,
    undo: Option<UndoManager<()>>,
}

impl Yrs {
    fn apply(&mut self) -> Vec<u8> {
        let mut txn = self.doc.transact_mut();
        for edit in self.edits.drain(..) {
            match edit {
                Edit::Insert(pos, text) => self.text.insert(&mut txn, pos, &text),
                Edit::Remove(pos, len) => self.text.remove_range(&mut txn, pos, len),
                Edit::Put(key, value) => drop(self.map.insert(&mut txn, key, Any::from(value))),
                Edit::Add(pos, value) => drop(self.list.insert(&mut txn, pos, Any::from(value))),
            }
        }
        txn.commit();
        txn.encode_update_v1()
    }
}

impl Document for Yrs {
    const NAME: &'static [u8] = b"yrs\0";
    const CAN: u32 =
        crate::SYNC | crate::SAVE | crate::MAP | crate::LIST | crate::UNDO | crate::UPDATE;

    fn make(peer: u64, _listens: bool) -> Self {
        let mut options = Options::with_client_id(ClientID::new(peer));
        options.offset_kind = OffsetKind::Utf16;
        let doc = Doc::with_options(options);
        Yrs {
            text: doc.get_or_insert_text("text"),
            map: doc.get_or_insert_map("map"),
            list: doc.get_or_insert_array("list"),
            edits: VecDeque::new(),
            undo: None,
            doc,
        }
    }
    fn insert(&mut self, pos: usize, text: &str) {
        self.edits.push_back(Edit::Insert(pos as u32, text.to_string()));
    }
    fn remove(&mut self, pos: usize, len: usize) {
        self.edits.push_back(Edit::Remove(pos as u32, len as u32));
    }
    fn commit(&mut self) {
        self.apply();
    }
    fn text(&mut self) -> String {
        self.text.get_string(&self.doc.transact())
    }
    fn update(&mut self) -> Vec<u8> {
        self.apply()
    }
    fn receive(&mut self, update: &[u8]) {
        self.doc.transact_mut().apply_update(Update::decode_v1(update).unwrap()).unwrap();
    }
    fn receive_all(&mut self, updates: &[View]) {
        let mut txn = self.doc.transact_mut();
        for update in updates {
            txn.apply_update(Update::decode_v1(update.bytes()).unwrap()).unwrap();
        }
    }
    fn save(&mut self, form: Form) -> Vec<u8> {
        let txn = self.doc.transact();
        match form {
            Form::Update => txn.encode_state_as_update_v1(&StateVector::default()),
            _ => Vec::new(),
        }
    }
    fn open(&mut self, saved: &[u8]) {
        self.receive(saved);
    }
    fn put(&mut self, key: &str, value: i64) {
        self.edits.push_back(Edit::Put(key.to_string(), value));
    }
    fn get(&mut self, key: &str) -> i64 {
        match self.map.get(&self.doc.transact(), key) {
            Some(Out::Any(Any::Number(value))) => value.as_i64().unwrap(),
            other => panic!("{key}: {other:?}"),
        }
    }
    fn add(&mut self, pos: usize, value: i64) {
        self.edits.push_back(Edit::Add(pos as u32, value));
    }
    fn watch(&mut self) {
        let options = UndoOptions { capture_timeout_millis: 0, ..UndoOptions::default() };
        let mut undo = UndoManager::with_options(options);
        undo.expand_scope(&self.doc, &self.text);
        self.undo = Some(undo);
    }
    fn undo(&mut self, redo: bool) -> bool {
        let undo = self.undo.as_mut().unwrap();
        if redo { undo.redo_blocking() } else { undo.undo_blocking() }
    }
    fn read(&mut self) {
        black_box(self.doc.to_json(&self.doc.transact()));
    }
}
