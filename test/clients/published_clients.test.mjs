// Published libraries built on loro-crdt, unmodified: the package manager was told that ours is what
// they depend on (package.json), and so they get it.
import assert from "node:assert/strict";
import { createServer } from "node:net";
import test, { after } from "node:test";
import { JSDOM } from "jsdom";
import { EphemeralStore, LoroDoc, LorikeetError, UndoManager } from "loro-crdt";
import { WebSocket } from "ws";

const { window } = new JSDOM("<body></body>", { pretendToBeVisual: true });
const DOM = ["document", "Node", "Range", "MutationObserver", "HTMLElement", "getSelection", "getComputedStyle"];
for (const name of [...DOM, "requestAnimationFrame", "cancelAnimationFrame"]) globalThis[name] = window[name];
Object.assign(globalThis, { window, WebSocket });
Object.defineProperty(globalThis, "navigator", { value: window.navigator, configurable: true });
window.Range.prototype.getClientRects = () => [];
window.Range.prototype.getBoundingClientRect = () => ({ left: 0, right: 0, top: 0, bottom: 0 });

after(() => window.close());
// Heartbeats that a library never ends must not keep this process.
const { setInterval } = globalThis;
globalThis.setInterval = (...args) => setInterval(...args).unref();

const turns = async (count = 20) => {
  for (let i = 0; i < count; i++) await new Promise((resolve) => setTimeout(resolve, 1));
};
const until = async (fits, what) => {
  for (let i = 0; i < 2000 && !fits(); i++) await turns(1);
  assert.ok(fits(), what);
};

/** Two documents that hear of each other's changes as they are made. */
function pair() {
  const docs = [new LoroDoc(), new LoroDoc()];
  docs.forEach((made, i) => {
    made.setPeerId(i + 1);
    made.subscribeLocalUpdates((bytes) => docs[1 - i].import(bytes));
  });
  return docs;
}

test("they got ours", () => assert.equal(typeof LorikeetError, "function"));

test("loro-codemirror: two editors", async () => {
  const { EditorState } = await import("@codemirror/state");
  const { EditorView } = await import("@codemirror/view");
  const { LoroExtensions, getTextFromDoc } = await import("loro-codemirror");
  const docs = pair();
  getTextFromDoc(docs[0]).insert(0, "hello");
  docs[0].commit();
  const views = docs.map((made) => {
    const user = { name: `user ${made.peerIdStr}`, colorClassName: "user" };
    const ephemeral = { ephemeral: new EphemeralStore(), user };
    const extensions = LoroExtensions(made, ephemeral, new UndoManager(made, {}));
    return new EditorView({ state: EditorState.create({ extensions }), parent: document.body });
  });
  await turns();
  const type = (i, from, insert, to = from) => views[i].dispatch({ changes: { from, to, insert } });
  type(1, 5, ", wörld 😀");
  type(0, 0, "> ");
  await turns();
  type(1, 2, "", 4);
  await turns();
  for (const view of views) assert.equal(view.state.doc.toString(), "> llo, wörld 😀");
  for (const made of docs) assert.equal(getTextFromDoc(made).toString(), "> llo, wörld 😀");
  for (const view of views) view.destroy();
});

test("loro-prosemirror: two editors, marks, undo", async () => {
  const { Schema } = await import("prosemirror-model");
  const { EditorState } = await import("prosemirror-state");
  const { EditorView } = await import("prosemirror-view");
  const { LoroSyncPlugin, LoroUndoPlugin, undo } = await import("loro-prosemirror");
  const schema = new Schema({
    nodes: {
      doc: { content: "paragraph+" },
      paragraph: { content: "text*", toDOM: () => ["p", 0] },
      text: {},
    },
    marks: { strong: { toDOM: () => ["strong", 0] } },
  });
  const docs = pair();
  const views = docs.map((made) => {
    made.configTextStyle({ strong: { expand: "after" } });
    const plugins = [LoroSyncPlugin({ doc: made }), LoroUndoPlugin({ doc: made })];
    return new EditorView(document.body, { state: EditorState.create({ schema, plugins }) });
  });
  await turns();
  const [a, b] = views;
  const same = () => assert.deepEqual(a.state.doc.toJSON(), b.state.doc.toJSON());
  a.dispatch(a.state.tr.insertText("hello", 1));
  await turns();
  same();
  b.dispatch(b.state.tr.addMark(1, 3, schema.marks.strong.create()));
  b.dispatch(b.state.tr.split(4));
  await turns();
  same();
  assert.deepEqual([a.state.doc.childCount, a.state.doc.textContent], [2, "hello"]);
  assert.ok(a.state.doc.rangeHasMark(1, 3, schema.marks.strong));
  undo(b.state, b.dispatch);
  await turns();
  same();
  for (const view of views) view.destroy();
});

test("loro-mirror: state there and back", async () => {
  const { Mirror, schema } = await import("loro-mirror");
  const todo = schema.LoroMap({ id: schema.String(), text: schema.LoroText(), done: schema.Boolean() });
  const shape = schema({ todos: schema.LoroMovableList(todo, (item) => item.id) });
  const docs = pair();
  const [a, b] = docs.map((doc) => new Mirror({ doc, schema: shape, initialState: { todos: [] } }));
  const item = (id) => ({ id, text: `do ${id}`, done: false });
  a.setState({ todos: [item("1"), item("2"), item("3")] });
  await turns();
  b.setState((state) => void state.todos.reverse());
  await turns();
  a.setState((state) => {
    state.todos[0].done = true;
    state.todos[1].text = "do something else";
  });
  await turns();
  const plain = ({ todos }) => todos.map(({ id, text, done }) => [id, text, done]);
  const wanted = [["3", "do 3", true], ["2", "do something else", false], ["1", "do 1", false]];
  for (const mirror of [a, b]) assert.deepEqual(plain(mirror.getState()), wanted);
  for (const doc of docs) assert.deepEqual(plain(doc.toJSON()), wanted);
});

const freePort = () =>
  new Promise((resolve) => {
    const server = createServer().listen(0, () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });

test("loro-websocket, loro-adaptors, loro-protocol: two clients of a server", async () => {
  const { SimpleServer } = await import("loro-websocket/server");
  const { LoroWebsocketClient } = await import("loro-websocket");
  const { LoroAdaptor } = await import("loro-adaptors/loro");
  const server = new SimpleServer({ port: await freePort() });
  await server.start();
  const peers = [];
  for (let i = 0; i < 2; i++) {
    const client = new LoroWebsocketClient({ url: `ws://localhost:${server.config.port}` });
    await client.waitConnected();
    const crdtAdaptor = new LoroAdaptor();
    const room = await client.join({ roomId: "room", crdtAdaptor });
    peers.push({ client, room, doc: crdtAdaptor.getDoc() });
  }
  const [a, b] = peers.map(({ doc }) => doc);
  a.getText("t").insert(0, "from a");
  a.commit();
  await until(() => b.getText("t").toString() === "from a", "b hears of a");
  b.getMap("m").set("k", [1, { two: null }]);
  b.commit();
  await until(() => a.getMap("m").get("k") !== undefined, "a hears of b");
  assert.deepEqual(a.toJSON(), b.toJSON());
  for (const { client, room } of peers) {
    await room.destroy();
    client.destroy();
  }
  await server.stop();
});

test("@loro-extended: a typed document in two repositories", async () => {
  const { change, Shape } = await import("@loro-extended/change");
  const { Bridge, BridgeAdapter, Repo } = await import("@loro-extended/repo");
  const shape = Shape.doc({
    title: Shape.text(),
    count: Shape.counter(),
    tags: Shape.list(Shape.plain.string()),
  });
  const bridge = new Bridge();
  const repos = ["a", "b"].map((name) => {
    const adapters = [new BridgeAdapter({ bridge, adapterType: name })];
    return new Repo({ identity: { name, type: "user" }, adapters });
  });
  const [a, b] = repos.map((repo) => repo.get("doc", shape));
  change(a.doc, (draft) => {
    draft.title.insert(0, "hello");
    draft.tags.push("one");
    draft.count.increment(2);
  });
  await b.waitForSync();
  change(b.doc, (draft) => draft.title.insert(5, " there"));
  await until(() => a.doc.toJSON().title === "hello there", "a hears of b");
  assert.deepEqual(a.doc.toJSON(), { title: "hello there", count: 2, tags: ["one"] });
  assert.deepEqual(b.doc.toJSON(), a.doc.toJSON());
  for (const repo of repos) await repo.reset();
});
