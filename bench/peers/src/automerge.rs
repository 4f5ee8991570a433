//! The `automerge` crate. All its documents begin as the same one, which holds the containers.

use crate::{Document, Form, View};
use automerge::transaction::Transactable;
use automerge::{ActorId, AutoCommit, Change, LoadOptions, ObjId, ObjType, ReadDoc, TextEncoding, ROOT};
use std::hint::black_box;
use std::sync::OnceLock;

pub struct Automerge {
    doc: AutoCommit,
    actor: ActorId,
    text: ObjId,
    map: ObjId,
    list: ObjId,
}

fn beginning() -> &'static [u8] {
    static BYTES: OnceLock<Vec<u8>> = OnceLock::new();
    BYTES.get_or_init(|| {
        let mut doc = AutoCommit::new().with_actor(ActorId::from([0]));
        for (name, kind) in [("text", ObjType::Text), ("map", ObjType::Map), ("list", ObjType::List)] {
            doc.put_object(ROOT, name, kind).unwrap();
        }
        doc.save()
    })
}

fn load(bytes: &[u8], actor: &ActorId) -> AutoCommit {
    let options = LoadOptions::new().text_encoding(TextEncoding::UnicodeCodePoint);
    AutoCommit::load_with_options(bytes, options).unwrap().with_actor(actor.clone())
}

impl Document for Automerge {
    const NAME: &'static [u8] = b"automerge\0";
    const CAN: u32 = crate::SYNC | crate::SAVE | crate::MAP | crate::LIST;

    fn make(peer: u64, _listens: bool) -> Self {
        let actor = ActorId::from(peer.to_be_bytes());
        let doc = load(beginning(), &actor);
        let object = |name| doc.get(ROOT, name).unwrap().unwrap().1;
        Automerge { text: object("text"), map: object("map"), list: object("list"), actor, doc }
    }
    fn insert(&mut self, pos: usize, text: &str) {
        self.doc.splice_text(&self.text, pos, 0, text).unwrap();
    }
    fn remove(&mut self, pos: usize, len: usize) {
        self.doc.splice_text(&self.text, pos, len as isize, "").unwrap();
    }
    fn commit(&mut self) {
        self.doc.commit();
    }
    fn text(&mut self) -> String {
        self.doc.text(&self.text).unwrap()
    }
    fn update(&mut self) -> Vec<u8> {
        self.doc.commit();
        let change = self.doc.get_last_local_change();
        change.map_or(Vec::new(), |change| change.raw_bytes().to_vec())
    }
    fn receive(&mut self, update: &[u8]) {
        self.doc.apply_changes([Change::from_bytes(update.to_vec()).unwrap()]).unwrap();
    }
    fn receive_all(&mut self, updates: &[View]) {
        let change = |update: &View| Change::from_bytes(update.bytes().to_vec()).unwrap();
        self.doc.apply_changes(updates.iter().map(change).collect::<Vec<_>>()).unwrap();
    }
    fn save(&mut self, form: Form) -> Vec<u8> {
        match form {
            Form::Snapshot => self.doc.save(),
            _ => Vec::new(),
        }
    }
    fn open(&mut self, saved: &[u8]) {
        self.doc = load(saved, &self.actor);
    }
    fn put(&mut self, key: &str, value: i64) {
        self.doc.put(&self.map, key, value).unwrap();
    }
    fn get(&mut self, key: &str) -> i64 {
        self.doc.get(&self.map, key).unwrap().unwrap().0.as_i64().unwrap()
    }
    fn add(&mut self, pos: usize, value: i64) {
        self.doc.insert(&self.list, pos, value).unwrap();
    }
    fn read(&mut self) {
        black_box(self.doc.hydrate(&ROOT, None).unwrap());
    }
}
