//! Rust libraries that are measured beside Lorikeet, each behind the table of functions of
//! ../../native/library.h, in a shared library that native_bench loads.

mod automerge;
mod diamond;
mod loro;
mod yrs;

use std::ffi::{c_char, c_void};
use std::hint::black_box;
use std::ptr::null;

#[repr(C)]
#[derive(Clone, Copy)]
pub struct View {
    at: *const u8,
    len: usize,
}

impl View {
    fn of(bytes: &[u8]) -> View {
        View { at: bytes.as_ptr(), len: bytes.len() }
    }
    fn bytes<'a>(self) -> &'a [u8] {
        unsafe { std::slice::from_raw_parts(self.at, self.len) }
    }
    fn text<'a>(self) -> &'a str {
        std::str::from_utf8(self.bytes()).unwrap()
    }
}

pub const SYNC: u32 = 1;
pub const SAVE: u32 = 2;
pub const MAP: u32 = 4;
pub const LIST: u32 = 8;
pub const MOVE: u32 = 16;
pub const PAST: u32 = 32;
pub const UNDO: u32 = 64;
pub const UPDATE: u32 = 128;

#[repr(C)]
#[derive(Clone, Copy, PartialEq)]
pub enum Form {
    Update,
    Snapshot,
    Shallow,
}

/// What library.h says of each call. Those that are not among what it `CAN` are not called.
pub trait Document {
    const NAME: &'static [u8];
    const CAN: u32;
    fn make(peer: u64, listens: bool) -> Self;
    fn insert(&mut self, pos: usize, text: &str);
    fn remove(&mut self, pos: usize, len: usize);
    fn commit(&mut self);
    fn text(&mut self) -> String;
    fn update(&mut self) -> Vec<u8>;
    fn receive(&mut self, update: &[u8]);
    fn receive_all(&mut self, updates: &[View]) {
        for update in updates {
            self.receive(update.bytes());
        }
    }
    fn save(&mut self, form: Form) -> Vec<u8>;
    fn open(&mut self, saved: &[u8]);
    fn put(&mut self, _key: &str, _value: i64) {
        unimplemented!()
    }
    fn get(&mut self, _key: &str) -> i64 {
        unimplemented!()
    }
    fn add(&mut self, _pos: usize, _value: i64) {
        unimplemented!()
    }
    fn push(&mut self, _value: i64) {
        unimplemented!()
    }
    fn shift(&mut self, _from: usize, _to: usize) {
        unimplemented!()
    }
    fn set(&mut self, _pos: usize, _value: i64) {
        unimplemented!()
    }
    fn create(&mut self, _parent: i32) -> i32 {
        unimplemented!()
    }
    fn hang(&mut self, _node: i32, _parent: i32) -> bool {
        unimplemented!()
    }
    fn op_count(&mut self) -> usize {
        unimplemented!()
    }
    fn checkout(&mut self, _counter: i32) {
        unimplemented!()
    }
    fn watch(&mut self) {
        unimplemented!()
    }
    fn undo(&mut self, _redo: bool) -> bool {
        unimplemented!()
    }
    fn read(&mut self) {
        black_box(self.text());
    }
}

/// A document, and the bytes it returned last.
struct Held<D> {
    doc: D,
    out: Vec<u8>,
}

fn held<'a, D>(doc: *mut c_void) -> &'a mut Held<D> {
    unsafe { &mut *(doc as *mut Held<D>) }
}
fn of<'a, D>(doc: *mut c_void) -> &'a mut D {
    &mut held::<D>(doc).doc
}

extern "C" fn make<D: Document>(peer: u64, listens: bool) -> *mut c_void {
    let doc = D::make(peer, listens);
    Box::into_raw(Box::new(Held { doc, out: Vec::new() })) as *mut c_void
}
extern "C" fn drop_doc<D: Document>(doc: *mut c_void) {
    drop(unsafe { Box::from_raw(doc as *mut Held<D>) });
}
extern "C" fn insert<D: Document>(doc: *mut c_void, pos: usize, text: View) {
    of::<D>(doc).insert(pos, text.text());
}
extern "C" fn remove<D: Document>(doc: *mut c_void, pos: usize, len: usize) {
    of::<D>(doc).remove(pos, len);
}
extern "C" fn commit<D: Document>(doc: *mut c_void) {
    of::<D>(doc).commit();
}
/// One text for all documents, whose memory is measured.
extern "C" fn text<D: Document>(doc: *mut c_void) -> View {
    static TEXT: std::sync::Mutex<String> = std::sync::Mutex::new(String::new());
    let mut text = TEXT.lock().unwrap();
    *text = of::<D>(doc).text();
    View::of(text.as_bytes())
}
extern "C" fn update<D: Document>(doc: *mut c_void) -> View {
    let held = held::<D>(doc);
    held.out = held.doc.update();
    View::of(&held.out)
}
extern "C" fn receive<D: Document>(doc: *mut c_void, update: View) {
    of::<D>(doc).receive(update.bytes());
}
extern "C" fn receive_all<D: Document>(doc: *mut c_void, updates: *const View, len: usize) {
    of::<D>(doc).receive_all(unsafe { std::slice::from_raw_parts(updates, len) });
}
extern "C" fn save<D: Document>(doc: *mut c_void, form: Form) -> View {
    let held = held::<D>(doc);
    held.out = held.doc.save(form);
    View::of(&held.out)
}
extern "C" fn open<D: Document>(doc: *mut c_void, saved: View) {
    of::<D>(doc).open(saved.bytes());
}
extern "C" fn put<D: Document>(doc: *mut c_void, key: View, value: i64) {
    of::<D>(doc).put(key.text(), value);
}
extern "C" fn get<D: Document>(doc: *mut c_void, key: View) -> i64 {
    of::<D>(doc).get(key.text())
}
extern "C" fn add<D: Document>(doc: *mut c_void, pos: usize, value: i64) {
    of::<D>(doc).add(pos, value);
}
extern "C" fn push<D: Document>(doc: *mut c_void, value: i64) {
    of::<D>(doc).push(value);
}
extern "C" fn shift<D: Document>(doc: *mut c_void, from: usize, to: usize) {
    of::<D>(doc).shift(from, to);
}
extern "C" fn set<D: Document>(doc: *mut c_void, pos: usize, value: i64) {
    of::<D>(doc).set(pos, value);
}
extern "C" fn create<D: Document>(doc: *mut c_void, parent: i32) -> i32 {
    of::<D>(doc).create(parent)
}
extern "C" fn hang<D: Document>(doc: *mut c_void, node: i32, parent: i32) -> bool {
    of::<D>(doc).hang(node, parent)
}
extern "C" fn op_count<D: Document>(doc: *mut c_void) -> usize {
    of::<D>(doc).op_count()
}
extern "C" fn checkout<D: Document>(doc: *mut c_void, counter: i32) {
    of::<D>(doc).checkout(counter);
}
extern "C" fn watch<D: Document>(doc: *mut c_void) {
    of::<D>(doc).watch();
}
extern "C" fn undo<D: Document>(doc: *mut c_void, redo: bool) -> bool {
    of::<D>(doc).undo(redo)
}

extern "C" fn read<D: Document>(doc: *mut c_void) {
    of::<D>(doc).read();
}

#[repr(C)]
pub struct Library {
    name: *const c_char,
    can: u32,
    make: extern "C" fn(u64, bool) -> *mut c_void,
    drop: extern "C" fn(*mut c_void),
    insert: extern "C" fn(*mut c_void, usize, View),
    remove: extern "C" fn(*mut c_void, usize, usize),
    commit: extern "C" fn(*mut c_void),
    text: extern "C" fn(*mut c_void) -> View,
    update: extern "C" fn(*mut c_void) -> View,
    receive: extern "C" fn(*mut c_void, View),
    receive_all: extern "C" fn(*mut c_void, *const View, usize),
    save: extern "C" fn(*mut c_void, Form) -> View,
    open: extern "C" fn(*mut c_void, View),
    put: extern "C" fn(*mut c_void, View, i64),
    get: extern "C" fn(*mut c_void, View) -> i64,
    add: extern "C" fn(*mut c_void, usize, i64),
    push: extern "C" fn(*mut c_void, i64),
    shift: extern "C" fn(*mut c_void, usize, usize),
    set: extern "C" fn(*mut c_void, usize, i64),
    create: extern "C" fn(*mut c_void, i32) -> i32,
    hang: extern "C" fn(*mut c_void, i32, i32) -> bool,
    op_count: extern "C" fn(*mut c_void) -> usize,
    checkout: extern "C" fn(*mut c_void, i32),
    watch: extern "C" fn(*mut c_void),
    undo: extern "C" fn(*mut c_void, bool) -> bool,
    read: extern "C" fn(*mut c_void),
}
unsafe impl Sync for Library {}

const fn library<D: Document>() -> Library {
    Library {
        name: D::NAME.as_ptr() as *const c_char,
        can: D::CAN,
        make: make::<D>,
        drop: drop_doc::<D>,
        insert: insert::<D>,
        remove: remove::<D>,
        commit: commit::<D>,
        text: text::<D>,
        update: update::<D>,
        receive: receive::<D>,
        receive_all: receive_all::<D>,
        save: save::<D>,
        open: open::<D>,
        put: put::<D>,
        get: get::<D>,
        add: add::<D>,
        push: push::<D>,
        shift: shift::<D>,
        set: set::<D>,
        create: create::<D>,
        hang: hang::<D>,
        op_count: op_count::<D>,
        checkout: checkout::<D>,
        watch: watch::<D>,
        undo: undo::<D>,
        read: read::<D>,
    }
}

static LIBRARIES: [Library; 4] = [
    library::<loro::Loro>(),
    library::<diamond::Diamond>(),
    library::<yrs::Yrs>(),
    library::<automerge::Automerge>(),
];

/// The libraries there are, by number; NULL behind the last.
#[no_mangle]
pub extern "C" fn bench_library(at: usize) -> *const Library {
    LIBRARIES.get(at).map_or(null(), |library| library)
}
