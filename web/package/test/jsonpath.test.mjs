// JSONPath here and in loro-crdt. Members of maps come in another order, so what several of them
// give is compared sorted.
import assert from "node:assert/strict";
import test from "node:test";
import { doc, ours, plain, same, theirs } from "./both.mjs";

const BOOKS = [
  { title: "1984", author: "George Orwell", price: 10, tags: ["a", "b"], available: true },
  { title: "Animal Farm", author: "George Orwell", price: 8.5, available: true },
  { title: "Brave New World", author: "Aldous Huxley", price: 12, available: false },
  { title: "Gatsby é😀", author: "F. Scott Fitzgerald", price: null, deep: { x: [[1], 2] } },
];

function filled(library) {
  const made = doc(library);
  const store = made.getMap("store");
  store.set("books", BOOKS);
  store.set("min", 9);
  store.set("who", ["George Orwell", "Jane Austen"]);
  store.set("a key", { "it's": 1, 'a "q"': 2, "\\": 3, "": 4 });
  const list = made.getList("list");
  for (const value of [0, 1, "two", null, true, [5, 6], { k: "v" }, 7.25]) list.push(value);
  const inner = list.pushContainer(new library.LoroMap());
  inner.set("title", "inside");
  inner.setContainer("text", new library.LoroText()).insert(0, "héllo");
  inner.setContainer("list", new library.LoroList()).push("x");
  made.getText("text").insert(0, "abc");
  made.getMap("empty");
  made.commit();
  return made;
}
const key = (value) => JSON.stringify(plain(value));
function ask(library, query, sorted) {
  const found = filled(library).JSONPath(query);
  return sorted ? found.map(key).sort() : found;
}

const ORDERED = [
  "$.store.books[0].title",
  "$['store'].books[*].title",
  '$["store"]["books"][0]["title"]',
  "$ .store [ 'books' ] [ 0 , 2 ] .title",
  "$.store.books[-1].title",
  "$.store.books[-9]",
  "$.store.books[9]",
  "$.store.books[0:3].price",
  "$.store.books[::2].title",
  "$.store.books[::-1].title",
  "$.store.books[-2:].title",
  "$.store.books[:-1].title",
  "$.store.books[3:0:-2].title",
  "$.store.books[1:1]",
  "$.store.books[::0]",
  "$.store.books[9:]",
  "$.store.books[-9:9:3].title",
  "$.store.books[2,0,0].title",
  "$.store.books[0]['title','author','none']",
  "$.store.nothing.at.all",
  "$.store['a key'][\"it's\"]",
  "$.store['a key']['it\\'s','a \"q\"','\\\\','']",
  '$.store["a key"]["a \\"q\\""]',
  "$.store.books[3].deep.x[0][0]",
  "$.store.books[3].deep..[0]",
  "$.list[*]",
  "$.list[-1].text",
  "$.list[-1].list[0]",
  "$.list[-1]",
  "$.text",
  "$.text[0]",
  "$.none",
  "$.list.length",
  "$.list[5][1]",
  "$['\\u0073tore'].min",
  "$",
];
const SORTED = [
  "$..title",
  "$.*",
  "$..*",
  "$.store.*",
  "$..[0]",
  "$..[?(@.price > 9)].title",
  "$..[?@.k]",
];
const FILTERS = [
  "@.title == '1984'",
  "@.title contains 'Farm'",
  "@.title contains ''",
  "@.author in ['George Orwell', \"Jane Austen\"]",
  "@.price in [null, 10]",
  "@.price in []",
  "@.author in $.store.who",
  "@.price >= $.store.min",
  "@.price == 10 || @.price == 12",
  "@.price == 8.5 && @.available == true",
  "!(@.available == false)",
  "!@.tags",
  "@.tags",
  "@.tags[1] == 'b'",
  "@.tags[-1] == 'b'",
  "@['title'] < 'B'",
  "@.title <= '1984'",
  "@.price != null",
  "@.price == null",
  "null == @.price",
  "@.none == null",
  "@.none != 1",
  "@.price != 'x'",
  "'Farm' in @.title",
  "@.price == 1e1",
  "@.price == 8.5e0",
  "@.price > -0.5",
  "(@.price > 9 && (@.available == true || @.tags))",
  "@.title == '1984' || @.title contains 'New' && @.price > 100",
  "count(@.*) > 4",
  "count(@..*) == 5",
  "length(@.title) == 4",
  "length(value(@.title)) == 4",
  "length('abc') == 3",
  "length(value(@.tags)) == 2",
  "length([1,2]) == 2",
  "value(@.title) == '1984'",
  "value(@.*) == null",
  "@.deep.x[0]",
  "@..x",
  "$.store.min",
  "$.store.none",
  "@ == 1",
  "@.available",
  "true == @.available",
  "@.available > false",
  "@.price in [8.5, [10]]",
];
const WRONG = [
  ...["", "store", "$.", "$..", "$[", "$]", "$[]", "$['a]", "$[01]", "$[-0]", "$[1.5]", "$.a b"],
  ...["$ ", " $", "$.[0]", "$.1a", "$[?]", "$[?(@.a]", "$[?@.a ==]", "$[?1]", "$[?'a']", "$[?true]"],
  ...["$[?@.* == 1]", "$[?@..a == 1]", "$[?count(@.a)]", "$[?count(1) > 1]", "$[?length(@.*) > 1]"],
  ...["$[?nope(@.a)]", "$[?count() > 1]", "$[?count(@.a, @.b) > 1]", "$[9007199254740992]"],
  ...["$['\\x']", "$['\\ud800']", "$['\\u12']", "$[0,]", "$[,0]", "$[1:2:3:4]", "$.a.", "$[?!@.a == 1]"],
  ...["$[?@.a = 1]", "$[?@.a && ]", "$[?(@.a)) ]", "$[?@.a === 1]", "$['a' 'b']", "$\n.\na"],
];

for (const query of ORDERED) test(query, () => same((library) => ask(library, query)));
for (const query of SORTED) test(query, () => same((library) => ask(library, query, true)));
for (const filter of FILTERS) {
  const query = `$.store.books[?${filter}].title`;
  test(query, () => same((library) => ask(library, query)));
}
for (const query of WRONG) {
  test(`wrong: ${query}`, () => {
    assert.throws(() => filled(theirs).JSONPath(query));
    assert.throws(() => filled(ours).JSONPath(query), ours.EVALUE);
  });
}

test("what loro-crdt traps on is an error, or an answer", () => {
  for (const query of ["$..[?match(@.title, 'a.*')]", "$.store.books[?search(@.title, 'a')]"]) {
    assert.throws(() => filled(ours).JSONPath(query), ours.EVALUE);
  }
});

test("queries that would never end are refused", () => {
  const made = doc(ours);
  let deep = [1];
  for (let i = 0; i < 100; i++) deep = [deep, i];
  made.getMap("map").set("deep", deep);
  assert.throws(() => made.JSONPath(`$${"..*".repeat(8)}`), ours.ELIMIT);
  assert.throws(() => made.JSONPath(`$[?${"(".repeat(100)}@.a${")".repeat(100)}]`), ours.ELIMIT);
  assert.equal(made.JSONPath("$..*").length, 203);
});

test("an error says where the query is wrong", () => {
  assert.throws(() => doc(ours).JSONPath("$.a[?@.b ==]"), { offset: 11 });
});

const WATCHED = [
  ...["$.map.a", "$.map.b", "$.map.*", "$.map[*].x", "$..x", "$.list[0]", "$.list[2]", "$.list[-1]"],
  ...["$.list[0].x", "$.none", "$.map[?@.x].y", "$.list[?(@ > 3)]", "$.list[0:1]", "$", "$.text"],
  ...["$.map.child.x", "$.map.child.y", "$.map.child", "$.map.child..x", "$.map.child.list[0]"],
];
const CHANGES = {
  a: (made) => made.getMap("map").set("a", { x: 2 }),
  list: (made) => made.getList("list").insert(1, 4),
  text: (made) => made.getText("text").insert(0, "!"),
  x: (made) => made.getMap("map").get("child").set("x", 5),
  deep: (made) => made.getMap("map").get("child").get("list").push(1),
  gone: (made) => made.getMap("map").delete("child"),
};
test("subscribers hear of what may concern them", () => {
  for (const query of WATCHED) {
    same((library) => {
      const made = doc(library);
      const child = made.getMap("map").setContainer("child", new library.LoroMap());
      child.setContainer("list", new library.LoroList());
      made.commit();
      const told = [];
      made.subscribeJsonpath(query, () => told.push(query));
      for (const [name, change] of Object.entries(CHANGES)) {
        told.push(name);
        change(made);
        made.commit();
      }
      return told;
    });
  }
});

test("subscribers", () => {
  same((library) => {
    const made = filled(library);
    let told = 0;
    const stop = made.subscribeJsonpath("$.store.books[0].title", (...args) => {
      told += 1 + args.length;
    });
    made.getMap("store").set("books", []);
    made.getMap("store").set("books", [{ title: "new" }]);
    const seen = [told];
    made.commit();
    seen.push(told);
    stop();
    made.getMap("store").set("books", []);
    made.commit();
    return [...seen, told];
  });
  same((library) => doc(library).subscribeJsonpath("nope", () => {}));
});
