//! The `diamond-types` crate: text only, and nothing that is like a transaction.

use crate::{Document, Form};
use diamond_types::list::encoding::{ENCODE_FULL, ENCODE_PATCH};
use diamond_types::list::ListCRDT;
use diamond_types::{AgentId, LocalVersion};

pub struct Diamond {
    doc: ListCRDT,
    agent: AgentId,
    name: String,
    /// What others have been told of, or told.
    known: LocalVersion,
}

impl Document for Diamond {
    const NAME: &'static [u8] = b"diamond-types\0";
    const CAN: u32 = crate::SYNC | crate::SAVE;

    fn make(peer: u64, _listens: bool) -> Self {
        let name = peer.to_string();
        let mut doc = ListCRDT::new();
        let agent = doc.get_or_create_agent_id(&name);
        Diamond { agent, name, known: doc.oplog.local_version(), doc }
    }
    fn insert(&mut self, pos: usize, text: &str) {
        self.doc.insert(self.agent, pos, text);
    }
    fn remove(&mut self, pos: usize, len: usize) {
        self.doc.delete_without_content(self.agent, pos..pos + len);
    }
    fn commit(&mut self) {}
    fn text(&mut self) -> String {
        self.doc.branch.content().to_string()
    }
    fn update(&mut self) -> Vec<u8> {
        let bytes = self.doc.oplog.encode_from(ENCODE_PATCH, &self.known);
        self.known = self.doc.oplog.local_version();
        bytes
    }
    fn receive(&mut self, update: &[u8]) {
        self.doc.merge_data_and_ff(update).unwrap();
        self.known = self.doc.oplog.local_version();
    }
    fn receive_all(&mut self, updates: &[crate::View]) {
        for update in updates {
            self.doc.oplog.decode_and_add(update.bytes()).unwrap();
        }
        self.known = self.doc.oplog.local_version();
        self.doc.branch.merge(&self.doc.oplog, &self.known);
    }
    fn save(&mut self, form: Form) -> Vec<u8> {
        match form {
            Form::Snapshot => self.doc.oplog.encode(ENCODE_FULL),
            _ => Vec::new(),
        }
    }
    fn open(&mut self, saved: &[u8]) {
        self.doc = ListCRDT::load_from(saved).unwrap();
        self.agent = self.doc.get_or_create_agent_id(&self.name);
        self.known = self.doc.oplog.local_version();
    }
}
