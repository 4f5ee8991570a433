/* SPDX-License-Identifier: MIT
 * json_read_test.c - text that is JSON and text that is not, numbers against strtod(), and members
 * in any order. */
#include "base/json_read.h"

#include "base/json.h"
#include "check.h"

static reader reader_of(const char *text) {
    return reader_new((lk_bytes){(const uint8_t *)text, strlen(text)});
}

/* The failing byte, or -1 if `text` is one value. */
static int fault_in(const char *text) {
    reader r = reader_of(text);
    json_read_skip(&r);
    json_read_end(&r);
    CHECK(reader_ok(&r) || r.fault.what != NULL);
    return reader_ok(&r) ? -1 : (int)r.fault.offset;
}

static void syntax(void) {
    const char *const good[] = {
        "null",    " true ",    "false",
        "0",       "-1",        "1.5e+3",
        "1E9",     "\"\"",      "\"a\\\"b\\u00e9\"",
        "[]",      "[ ]",       "{}",
        "{ }",     "[1]",       "[1,2]",
        "[[],{}]", "{\"a\":1}", "{\"a\" : [ 1 , {} ] , \"b\":null}",
    };
    for (size_t i = 0; i < countof(good); i++) CHECK_EQ(fault_in(good[i]), -1);
    const struct {
        const char *text;
        int at;
    } bad[] = {
        {"", 0},        {" ", 1},          {"nul", 0},   {"truth", 0},     {"01", 2},
        {"-", 1},       {"1.", 2},         {"1e", 2},    {".5", 0},        {"+1", 0},
        {"\"a", 2},     {"\"\n\"", 1},     {"[", 1},     {"[1", 2},        {"[1,", 3},
        {"[1,]", 3},    {"[,1]", 1},       {"[1 2]", 3}, {"{", 1},         {"{\"a\"", 4},
        {"{\"a\":", 5}, {"{\"a\":1,}", 7}, {"{a:1}", 1}, {"{\"a\" 1}", 5}, {"1 2", 2},
        {"]", 0},       {"\"\\", 2},       {"NaN", 0},
    };
    for (size_t i = 0; i < countof(bad); i++) CHECK_EQ(fault_in(bad[i].text), bad[i].at);
    char deep[2 * JSON_DEPTH + 3] = {0};
    for (int depth = JSON_DEPTH - 1; depth <= JSON_DEPTH; depth++) { /* and the number inside */
        memset(deep, '[', (size_t)depth);
        deep[depth] = '7';
        memset(deep + depth + 1, ']', (size_t)depth);
        reader r = reader_of(deep);
        json_read_skip(&r);
        CHECK_EQ(r.fault.code, depth < JSON_DEPTH ? LK_OK : LK_ELIMIT);
    }
}

static void strings(arena *scratch) {
    const struct {
        const char *text, *want; /* NULL: refused */
    } cases[] = {
        {"\"plain \u00e9\"", "plain \u00e9"},
        {"\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", "\"\\/\b\f\n\r\t"},
        {"\"x\\u0041\\u00e9\\u20AC\\ud83e\\udd9c.\"", "xA\u00e9\u20ac\U0001f99c."},
        {"\"\\ud83e\"", NULL},
        {"\"\\ud83e\\u0041\"", NULL},
        {"\"\\udd9c\"", NULL},
        {"\"\\u12g4\"", NULL},
        {"\"\\x\"", NULL},
        {"\"\\u12\"", NULL},
        {"7", NULL},
    };
    for (size_t i = 0; i < countof(cases); i++) {
        reader r = reader_of(cases[i].text);
        lk_str got = json_read_string(&r, scratch);
        CHECK_EQ(reader_ok(&r), cases[i].want != NULL);
        if (cases[i].want == NULL) continue;
        CHECK_BYTES(got.at, got.len, cases[i].want, strlen(cases[i].want));
        CHECK_EQ(reader_left(&r), 0);
    }
}

static void check_number(const char *text) {
    reader r = reader_of(text);
    lk_value got;
    json_read_number(&r, &got);
    double want = strtod(text, NULL);
    CHECK_EQ(reader_ok(&r), want - want == 0);
    if (!reader_ok(&r)) return;
    double v = got.type == LK_I64 ? (double)got.as.i64 : got.as.f64;
    if (v != want) fprintf(stderr, "%s read as %.17g\n", text, v);
    CHECK(v == want);
}

static void numbers(void) {
    const char *const texts[] = {
        "0",
        "-0.0",
        "1e308",
        "1e309",
        "-1.7976931348623157e308",
        "1.7976931348623159e308",
        "5e-324",
        "2.4703282292062327e-324",
        "2.4703282292062328e-324",
        "2.4703282292062329e-324",
        "1e-400",
        "2.2250738585072011e-308",
        "9007199254740993",
        "9007199254740993.0000000000000000000001",
        "0.000000000000000000000000000000000000000123456789012345678901234567890",
        "123456789012345678901234567890",
        "9223372036854775807",
        "9223372036854775808",
        "1e23",
        "8.41e21",
        "179769313486231580793728971405303415079934132710037826936173778980444968292764750946649017"
        "977587207096330286"
        "416692887910946555547851940402630657488671505820681908902000708383676273854845817711531764"
        "475730270069855571"
        "366959622842914819860834936475292719074168444365510704342711559699508093042880",
    };
    for (size_t i = 0; i < countof(texts); i++) check_number(texts[i]);
    rng seed = {3};
    for (int i = 0; i < 20000; i++) {
        char text[64];
        uint64_t bits = rng_u64(&seed);
        double v;
        memcpy(&v, &bits, sizeof v);
        if (v - v != 0) continue;
        snprintf(text, sizeof text, "%.*e", (int)rng_below(&seed, 19), v);
        check_number(text);
        snprintf(text, sizeof text, "%" PRIu64 "e%d", rng_u64(&seed) >> 1,
                 (int)rng_below(&seed, 700) - 350);
        check_number(text);
    }
    const struct {
        const char *text;
        bool fits;
    } whole[] = {{"-128", true},  {"127", true},  {"128", false},
                 {"-129", false}, {"1.0", false}, {"1e1", false}};
    for (size_t i = 0; i < countof(whole); i++) {
        reader r = reader_of(whole[i].text);
        int64_t got = json_read_int(&r, -128, 127);
        CHECK_EQ(reader_ok(&r), whole[i].fits);
        if (whole[i].fits) CHECK_EQ(got, atoi(whole[i].text));
    }
}

static void members(void) {
    const char *const names[] = {"a", "b", "c"};
    const uint8_t *at[3];
    reader r = reader_of(" {\n \"b\" : [1, 2] , \"x\":{\"a\":0},\t\"a\":\"v\"} 5");
    json_read_members(&r, names, countof(names), at);
    CHECK(reader_ok(&r) && at[2] == NULL);
    CHECK_EQ(json_read_int(&r, 0, 9), 5);
    r.at = at[0];
    CHECK_EQ(json_read_peek(&r), '"');
    r.at = at[1];
    bool first = true;
    for (int i = 1; i <= 2; i++) {
        CHECK(json_read_item(&r, &first));
        CHECK_EQ(json_read_int(&r, 0, 9), i);
    }
    CHECK(!json_read_item(&r, &first) && reader_ok(&r));
    r = reader_of("{\"a\":1,\"a\":2}");
    json_read_members(&r, names, countof(names), at);
    CHECK_EQ(r.fault.code, LK_ECORRUPT);
}

int main(void) {
    arena scratch;
    arena_init(&scratch, &mem_default);
    syntax();
    strings(&scratch);
    numbers();
    members();
    arena_drop(&scratch);
    printf("json_read: syntax, strings, 40000 numbers, members\n");
    return 0;
}
