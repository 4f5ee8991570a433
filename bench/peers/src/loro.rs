//! The `loro` crate.

use crate::{Document, Form, View};
use loro::{ExportMode, Frontiers, LoroDoc, TreeID, TreeParentId, UndoManager, ID};
use std::hint::black_box;
use std::sync::{Arc, Mutex};

pub struct Loro {
    doc: LoroDoc,
    text: loro::LoroText,
    map: loro::LoroMap,
    list: loro::LoroList,
    movable: loro::LoroMovableList,
    tree: loro::LoroTree,
    undo: Option<UndoManager>,
    sent: Arc<Mutex<Vec<u8>>>,
}

fn parent_of(counter: i32) -> TreeParentId {
    if counter < 0 {
        return TreeParentId::Root;
    }
    TreeParentId::Node(TreeID::new(1, counter))
}

impl Document for Loro {
    const NAME: &'static [u8] = b"loro\0";
    const CAN: u32 = crate::SYNC
        | crate::SAVE
        | crate::MAP
        | crate::LIST
        | crate::MOVE
        | crate::PAST
        | crate::UNDO
        | crate::UPDATE;

    fn make(peer: u64, listens: bool) -> Self {
        let doc = LoroDoc::new();
        doc.set_peer_id(peer).unwrap();
        let sent = Arc::new(Mutex::new(Vec::new()));
        if listens {
            let sent = sent.clone();
            doc.subscribe_local_update(Box::new(move |update| {
                *sent.lock().unwrap() = update.clone();
                true
            }))
            .detach();
        }
        Loro {
            text: doc.get_text("text"),
            map: doc.get_map("map"),
            list: doc.get_list("list"),
            movable: doc.get_movable_list("movable"),
            tree: doc.get_tree("tree"),
            undo: None,
            sent,
            doc,
        }
    }
    fn insert(&mut self, pos: usize, text: &str) {
        self.text.insert(pos, text).unwrap();
    }
    fn remove(&mut self, pos: usize, len: usize) {
        self.text.delete(pos, len).unwrap();
    }
    fn commit(&mut self) {
        self.doc.commit();
    }
    fn text(&mut self) -> String {
        self.text.to_string()
    }
    fn update(&mut self) -> Vec<u8> {
        self.doc.commit();
        std::mem::take(&mut self.sent.lock().unwrap())
    }
    fn receive(&mut self, update: &[u8]) {
        self.doc.import(update).unwrap();
    }
    fn receive_all(&mut self, updates: &[View]) {
        let all: Vec<_> = updates.iter().map(|update| update.bytes().to_vec()).collect();
        self.doc.import_batch(&all).unwrap();
    }
    fn save(&mut self, form: Form) -> Vec<u8> {
        let mode = match form {
            Form::Update => ExportMode::all_updates(),
            Form::Snapshot => ExportMode::Snapshot,
            Form::Shallow => ExportMode::shallow_snapshot_owned(self.doc.oplog_frontiers()),
        };
        self.doc.export(mode).unwrap()
    }
    fn open(&mut self, saved: &[u8]) {
        self.receive(saved);
    }
    fn put(&mut self, key: &str, value: i64) {
        self.map.insert(key, value).unwrap();
    }
    fn get(&mut self, key: &str) -> i64 {
        *self.map.get(key).unwrap().into_value().unwrap().as_i64().unwrap()
    }
    fn add(&mut self, pos: usize, value: i64) {
        self.list.insert(pos, value).unwrap();
    }
    fn push(&mut self, value: i64) {
        self.movable.push(value).unwrap();
    }
    fn shift(&mut self, from: usize, to: usize) {
        self.movable.mov(from, to).unwrap();
    }
    fn set(&mut self, pos: usize, value: i64) {
        self.movable.set(pos, value).unwrap();
    }
    fn create(&mut self, parent: i32) -> i32 {
        self.tree.create(parent_of(parent)).unwrap().counter
    }
    fn hang(&mut self, node: i32, parent: i32) -> bool {
        self.tree.mov(TreeID::new(1, node), parent_of(parent)).is_ok()
    }
    fn op_count(&mut self) -> usize {
        self.doc.len_ops()
    }
    fn checkout(&mut self, counter: i32) {
        if counter < 0 {
            return self.doc.checkout_to_latest();
        }
        self.doc.checkout(&Frontiers::from(ID::new(1, counter))).unwrap();
    }
    fn watch(&mut self) {
        let mut undo = UndoManager::new(&self.doc);
        undo.set_merge_interval(0);
        undo.set_max_undo_steps(10_000);
        self.undo = Some(undo);
    }
    fn undo(&mut self, redo: bool) -> bool {
        let undo = self.undo.as_mut().unwrap();
        if redo { undo.redo() } else { undo.undo() }.unwrap()
    }
    fn read(&mut self) {
        black_box(self.doc.get_deep_value());
    }
}
