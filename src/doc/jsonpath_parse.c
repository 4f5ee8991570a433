/* SPDX-License-Identifier: MIT
 * jsonpath_parse.c - a query as text, read from left to right without going back. */
#include "base/hex.h"
#include "base/json_read.h"
#include "base/limits.h"
#include "base/utf8.h"
#include "doc/jsonpath.h"

/* Parentheses, filters in filters and lists in lists, in all. */
#define PATH_DEPTH 64u
/* Indices are whole numbers that a double holds. */
#define PATH_INDEX_MAX ((INT64_C(1) << 53) - 1)

typedef struct path_reader {
    reader r;
    arena *scratch;
    unsigned depth;
} path_reader;

static path_expr *jsonpath_read_or(path_reader *p);
static void jsonpath_read_segments(path_reader *p, path_query *out);

static void jsonpath_fail(path_reader *p, const char *what) { reader_fail(&p->r, LK_EVALUE, what); }

static void *jsonpath_new(path_reader *p, size_t len) {
    void *at = arena_alloc(p->scratch, len);
    if (at == NULL)
        reader_fail(&p->r, LK_ENOMEM, "out of memory");
    else
        __builtin_memset(at, 0, len);
    return at;
}

static char jsonpath_peek(const path_reader *p) {
    return reader_ok(&p->r) && reader_left(&p->r) > 0 ? (char)*p->r.at : 0;
}

static bool jsonpath_is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

static char jsonpath_skip(path_reader *p) {
    while (jsonpath_is_space(jsonpath_peek(p))) p->r.at++;
    return jsonpath_peek(p);
}

/* Take `word` if it comes next. */
static bool jsonpath_take(path_reader *p, const char *word) {
    size_t len = __builtin_strlen(word);
    if (!reader_ok(&p->r) || reader_left(&p->r) < len) return false;
    if (__builtin_memcmp(p->r.at, word, len) != 0) return false;
    p->r.at += len;
    return true;
}

static void jsonpath_expect(path_reader *p, const char *word, const char *what) {
    jsonpath_skip(p);
    if (!jsonpath_take(p, word)) jsonpath_fail(p, what);
}

static void jsonpath_enter(path_reader *p) {
    if (++p->depth > PATH_DEPTH) reader_fail(&p->r, LK_ELIMIT, "query is nested too deep");
}

/* ---- names and literals ---- */

static bool jsonpath_is_name(char c, bool first) {
    bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || (c & 0x80) != 0;
    return letter || (!first && c >= '0' && c <= '9');
}

static lk_str jsonpath_read_name(path_reader *p) {
    const char *start = (const char *)p->r.at;
    if (!jsonpath_is_name(jsonpath_peek(p), true)) jsonpath_fail(p, "a name is missing");
    while (jsonpath_is_name(jsonpath_peek(p), false)) p->r.at++;
    return (lk_str){start, (size_t)((const char *)p->r.at - start)};
}

static uint32_t jsonpath_read_hex(path_reader *p) {
    uint32_t unit = 0;
    for (unsigned i = 0; i < 4; i++) {
        int digit = hex_digit(jsonpath_peek(p));
        if (digit < 0) jsonpath_fail(p, "\\u without four hexadecimal digits");
        unit = unit << 4 | (uint32_t)(digit & 15);
        if (reader_ok(&p->r)) p->r.at++;
    }
    return unit;
}

static uint32_t jsonpath_read_code(path_reader *p) {
    uint32_t code = jsonpath_read_hex(p);
    if (code < 0xd800 || code > 0xdfff) return code;
    uint32_t low = code < 0xdc00 && jsonpath_take(p, "\\u") ? jsonpath_read_hex(p) : 0;
    if (low < 0xdc00 || low > 0xdfff) jsonpath_fail(p, "half a surrogate pair");
    return 0x10000 + ((code & 0x3ff) << 10) + (low & 0x3ff);
}

static size_t jsonpath_put_code(char *to, uint32_t code) {
    unsigned more = code < 0x80 ? 0 : code < 0x800 ? 1 : code < 0x10000 ? 2 : 3;
    static const uint8_t lead[] = {0, 0xc0, 0xe0, 0xf0};
    to[0] = (char)(lead[more] | code >> (6 * more));
    for (unsigned i = 1; i <= more; i++) to[i] = (char)(0x80 | (code >> (6 * (more - i)) & 0x3f));
    return more + 1;
}

static size_t jsonpath_read_escape(path_reader *p, char quote, char *to) {
    static const char from[] = "bfnrt/\\", means[] = "\b\f\n\r\t/\\";
    char c = jsonpath_peek(p);
    if (reader_ok(&p->r) && reader_left(&p->r) > 0) p->r.at++;
    if (c == 'u') {
        uint32_t code = jsonpath_read_code(p);
        return reader_ok(&p->r) ? jsonpath_put_code(to, code) : 0; /* half an escape has no room */
    }
    *to = c;
    for (unsigned i = 0; i < sizeof from - 1; i++)
        if (from[i] == c) *to = means[i];
    if (*to == c && c != quote && c != '/' && c != '\\') jsonpath_fail(p, "no such escape");
    return 1;
}

static lk_str jsonpath_read_string(path_reader *p) {
    char quote = jsonpath_peek(p);
    p->r.at++;
    char *copy = arena_bytes(p->scratch, reader_left(&p->r)); /* no escape is longer than it says */
    if (copy == NULL) reader_fail(&p->r, LK_ENOMEM, "out of memory");
    size_t len = 0;
    while (reader_ok(&p->r)) {
        if (reader_left(&p->r) == 0 || *p->r.at < 0x20) {
            jsonpath_fail(p, "string does not end");
        } else if (jsonpath_peek(p) == quote) {
            p->r.at++;
            break;
        } else if (jsonpath_take(p, "\\")) {
            len += jsonpath_read_escape(p, quote, copy + len);
        } else {
            copy[len++] = (char)*p->r.at++;
        }
    }
    return (lk_str){copy, len};
}

static int64_t jsonpath_read_int(path_reader *p) {
    const uint8_t *start = p->r.at;
    bool minus = jsonpath_take(p, "-");
    int64_t v = 0;
    const uint8_t *digits = p->r.at;
    while (jsonpath_peek(p) >= '0' && jsonpath_peek(p) <= '9' && v <= PATH_INDEX_MAX)
        v = v * 10 + (*p->r.at++ - '0');
    size_t len = (size_t)(p->r.at - digits);
    if (v > PATH_INDEX_MAX) jsonpath_fail(p, "index out of range");
    if (len == 0 || (*digits == '0' && (len > 1 || minus))) {
        p->r.at = start;
        jsonpath_fail(p, "no whole number");
    }
    return minus ? -v : v;
}

static void jsonpath_read_literal(path_reader *p, lk_value *out);

static void jsonpath_read_list(path_reader *p, lk_value *out) {
    VEC(lk_value) items = {0};
    jsonpath_enter(p);
    p->r.at++;
    if (jsonpath_skip(p) != ']') {
        do {
            jsonpath_skip(p);
            lk_value *item = arena_vec_push(p->scratch, &items);
            if (item == NULL)
                reader_fail(&p->r, LK_ENOMEM, "out of memory");
            else
                jsonpath_read_literal(p, item);
            jsonpath_skip(p);
        } while (jsonpath_take(p, ","));
    }
    jsonpath_expect(p, "]", "']' is missing");
    p->depth--;
    *out = (lk_value){.type = LK_VALUES, .len = (uint32_t)items.len, .as.values = items.at};
}

static void jsonpath_read_literal(path_reader *p, lk_value *out) {
    char c = jsonpath_peek(p);
    *out = (lk_value){.type = LK_NULL};
    if (c == '\'' || c == '"') {
        lk_str text = jsonpath_read_string(p);
        *out = (lk_value){
            .type = LK_STRING, .len = (uint32_t)text.len, .as.bytes = (const uint8_t *)text.at};
    } else if (c == '[') {
        jsonpath_read_list(p, out);
    } else if (jsonpath_take(p, "true") || jsonpath_take(p, "false")) {
        *out = (lk_value){.type = LK_BOOL, .as.boolean = p->r.at[-2] == 'u'};
    } else if (jsonpath_take(p, "null")) {
        return;
    } else if (c == '-' || (c >= '0' && c <= '9')) {
        json_read_number(&p->r, out);
    } else {
        jsonpath_fail(p, "no value");
    }
}

static bool jsonpath_is_literal(const path_reader *p) {
    char c = jsonpath_peek(p);
    if (c == '\'' || c == '"' || c == '[' || c == '-' || (c >= '0' && c <= '9')) return true;
    path_reader ahead = *p;
    bool word = jsonpath_take(&ahead, "true") || jsonpath_take(&ahead, "false") ||
                jsonpath_take(&ahead, "null");
    return word && jsonpath_peek(&ahead) != '(' && !jsonpath_is_name(jsonpath_peek(&ahead), false);
}

/* ---- filters ---- */

static path_expr *jsonpath_new_expr(path_reader *p, path_expr_kind kind, const path_expr *a,
                                    const path_expr *b) {
    path_expr *e = jsonpath_new(p, sizeof *e);
    if (e == NULL) return NULL;
    e->kind = kind;
    e->a = a;
    e->b = b;
    return e;
}

static path_expr *jsonpath_read_operand(path_reader *p);

static bool jsonpath_is_value(const path_expr *e) {
    return e->kind != PATH_QUERY || e->query.singular;
}

/* count(), value(): of nodes; length(): of a value. */
static path_expr *jsonpath_read_call(path_reader *p) {
    lk_str name = jsonpath_read_name(p);
    static const struct {
        const char *name;
        path_expr_kind kind;
    } known[] = {{"count", PATH_COUNT}, {"length", PATH_LENGTH}, {"value", PATH_VALUE}};
    path_expr_kind kind = PATH_LITERAL;
    for (size_t i = 0; i < countof(known); i++)
        if (name.len == __builtin_strlen(known[i].name) &&
            __builtin_memcmp(name.at, known[i].name, name.len) == 0)
            kind = known[i].kind;
    if (kind == PATH_LITERAL)
        jsonpath_fail(p, jsonpath_peek(p) == '(' ? "function that nothing evaluates"
                                                 : "no expression");
    jsonpath_expect(p, "(", "'(' is missing");
    jsonpath_skip(p);
    path_expr *of = reader_ok(&p->r) ? jsonpath_read_operand(p) : NULL;
    jsonpath_expect(p, ")", "')' is missing");
    if (of == NULL || !reader_ok(&p->r)) return NULL;
    if (kind == PATH_LENGTH ? !jsonpath_is_value(of) : of->kind != PATH_QUERY)
        jsonpath_fail(p, "function of another type of argument");
    return jsonpath_new_expr(p, kind, of, NULL);
}

/* A literal, a query, or a call. */
static path_expr *jsonpath_read_operand(path_reader *p) {
    jsonpath_enter(p);
    path_expr *e = NULL;
    char c = jsonpath_peek(p);
    if (!reader_ok(&p->r)) {
    } else if (jsonpath_is_literal(p)) {
        e = jsonpath_new_expr(p, PATH_LITERAL, NULL, NULL);
        if (e != NULL) jsonpath_read_literal(p, &e->value);
    } else if (c == '@' || c == '$') {
        p->r.at++;
        e = jsonpath_new_expr(p, PATH_QUERY, NULL, NULL);
        if (e != NULL) {
            e->query.relative = c == '@';
            jsonpath_read_segments(p, &e->query);
        }
    } else {
        e = jsonpath_read_call(p);
    }
    p->depth--;
    return e;
}

static bool jsonpath_take_op(path_reader *p, path_op *op) {
    static const char *const ops[] = {
        [PATH_EQ] = "==", [PATH_NE] = "!=", [PATH_LE] = "<=", [PATH_GE] = ">=",
        [PATH_LT] = "<",  [PATH_GT] = ">",  [PATH_IN] = "in", [PATH_CONTAINS] = "contains"};
    for (unsigned i = 0; i < countof(ops); i++) {
        *op = (path_op)i;
        if (jsonpath_take(p, ops[i])) return true;
    }
    return false;
}

/* A comparison, or the test whether a query finds anything. */
static path_expr *jsonpath_read_test(path_reader *p) {
    path_expr *a = jsonpath_read_operand(p);
    const uint8_t *behind = p->r.at;
    path_op op;
    jsonpath_skip(p);
    if (!jsonpath_take_op(p, &op)) {
        p->r.at = reader_ok(&p->r) ? behind : p->r.at;
        if (a != NULL && a->kind != PATH_QUERY) jsonpath_fail(p, "value that is not compared");
        return a;
    }
    jsonpath_skip(p);
    path_expr *b = reader_ok(&p->r) ? jsonpath_read_operand(p) : NULL;
    if (a == NULL || b == NULL) return NULL;
    if (!jsonpath_is_value(a) || !jsonpath_is_value(b))
        jsonpath_fail(p, "query that can find several nodes is not comparable");
    path_expr *e = jsonpath_new_expr(p, PATH_COMPARE, a, b);
    if (e != NULL) e->op = op;
    return e;
}

static path_expr *jsonpath_read_basic(path_reader *p) {
    bool negate = jsonpath_take(p, "!");
    if (negate) jsonpath_skip(p);
    path_expr *e;
    if (jsonpath_take(p, "(")) {
        jsonpath_skip(p);
        e = jsonpath_read_or(p);
        jsonpath_expect(p, ")", "')' is missing");
    } else {
        e = jsonpath_read_test(p);
        if (negate && e != NULL && e->kind == PATH_COMPARE)
            jsonpath_fail(p, "'!' before a comparison without parentheses");
    }
    return negate ? jsonpath_new_expr(p, PATH_NOT, e, NULL) : e;
}

static path_expr *jsonpath_read_and(path_reader *p) {
    path_expr *e = jsonpath_read_basic(p);
    while (reader_ok(&p->r)) {
        const uint8_t *behind = p->r.at;
        jsonpath_skip(p);
        if (!jsonpath_take(p, "&&")) {
            p->r.at = behind;
            break;
        }
        jsonpath_skip(p);
        e = jsonpath_new_expr(p, PATH_AND, e, jsonpath_read_basic(p));
    }
    return e;
}

static path_expr *jsonpath_read_or(path_reader *p) {
    jsonpath_enter(p);
    path_expr *e = reader_ok(&p->r) ? jsonpath_read_and(p) : NULL;
    while (reader_ok(&p->r)) {
        const uint8_t *behind = p->r.at;
        jsonpath_skip(p);
        if (!jsonpath_take(p, "||")) {
            p->r.at = behind;
            break;
        }
        jsonpath_skip(p);
        e = jsonpath_new_expr(p, PATH_OR, e, jsonpath_read_and(p));
    }
    p->depth--;
    return e;
}

/* ---- selectors and segments ---- */

/* start? : stop? (: step?)?, or an index */
static void jsonpath_read_range(path_reader *p, path_selector *s) {
    s->kind = PATH_INDEX;
    s->step = 1;
    s->has_start = jsonpath_peek(p) != ':';
    if (s->has_start) s->start = jsonpath_read_int(p);
    const uint8_t *behind = p->r.at;
    if (jsonpath_skip(p) != ':') {
        p->r.at = reader_ok(&p->r) ? behind : p->r.at;
        return;
    }
    s->kind = PATH_SLICE;
    p->r.at++;
    char c = jsonpath_skip(p);
    s->has_stop = c == '-' || (c >= '0' && c <= '9');
    if (s->has_stop) s->stop = jsonpath_read_int(p);
    jsonpath_skip(p);
    if (!jsonpath_take(p, ":")) return;
    c = jsonpath_skip(p);
    if (c == '-' || (c >= '0' && c <= '9')) s->step = jsonpath_read_int(p);
}

static path_selector *jsonpath_read_selector(path_reader *p) {
    path_selector *s = jsonpath_new(p, sizeof *s);
    if (s == NULL) return NULL;
    char c = jsonpath_skip(p);
    if (c == '\'' || c == '"') {
        s->kind = PATH_NAME;
        s->name = jsonpath_read_string(p);
    } else if (jsonpath_take(p, "*")) {
        s->kind = PATH_WILD;
    } else if (jsonpath_take(p, "?")) {
        s->kind = PATH_FILTER;
        jsonpath_skip(p);
        s->filter = jsonpath_read_or(p);
    } else {
        jsonpath_read_range(p, s);
    }
    jsonpath_skip(p);
    return s;
}

static path_selector *jsonpath_read_selectors(path_reader *p) {
    path_selector *first = NULL, **end = &first;
    if (jsonpath_take(p, "[")) {
        do {
            *end = jsonpath_read_selector(p);
            if (!reader_ok(&p->r)) return first;
            end = &(*end)->next;
        } while (jsonpath_take(p, ","));
        jsonpath_expect(p, "]", "']' is missing");
        return first;
    }
    path_selector *s = first = jsonpath_new(p, sizeof *s);
    if (s == NULL) return NULL;
    s->kind = jsonpath_take(p, "*") ? PATH_WILD : PATH_NAME;
    if (s->kind == PATH_NAME) s->name = jsonpath_read_name(p);
    return first;
}

static void jsonpath_read_segments(path_reader *p, path_query *out) {
    path_segment **end = &out->segments;
    out->singular = true;
    while (reader_ok(&p->r)) {
        const uint8_t *behind = p->r.at;
        char c = jsonpath_skip(p);
        if (c != '.' && c != '[') {
            p->r.at = behind;
            return;
        }
        path_segment *s = jsonpath_new(p, sizeof *s);
        if (s == NULL) return;
        s->recursive = jsonpath_take(p, "..");
        if (!s->recursive && jsonpath_take(p, ".") && jsonpath_peek(p) == '[')
            jsonpath_fail(p, "'.' before '['");
        s->selectors = jsonpath_read_selectors(p);
        if (!reader_ok(&p->r)) return;
        out->singular = out->singular && !s->recursive && s->selectors->next == NULL &&
                        (s->selectors->kind == PATH_NAME || s->selectors->kind == PATH_INDEX);
        *end = s;
        end = &s->next;
    }
}

lk_status jsonpath_parse(lk_str text, arena *scratch, path_query *out, lk_fault *fault) {
    path_reader p = {.r = reader_new((lk_bytes){(const uint8_t *)text.at, text.len}),
                     .scratch = scratch};
    *out = (path_query){0};
    if (!utf8_valid((const uint8_t *)text.at, text.len)) jsonpath_fail(&p, "query is not UTF-8");
    if (!jsonpath_take(&p, "$")) jsonpath_fail(&p, "query does not begin with '$'");
    jsonpath_read_segments(&p, out);
    if (reader_left(&p.r) > 0) jsonpath_fail(&p, "query goes on behind its end");
    if (p.r.fault.code == LK_ECORRUPT) p.r.fault.code = LK_EVALUE; /* a number that is none */
    *fault = p.r.fault;
    return p.r.fault.code;
}
