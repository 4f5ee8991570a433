// SPDX-License-Identifier: MIT
// from_cpp.cpp - the same headers from C++: a document that frees itself.
//
//     c++ from_cpp.cpp $(pkg-config --cflags --libs lorikeet) -o from_cpp && ./from_cpp
//
// prints:
//     {"greeting":"hello from C++"}
#include <lorikeet.h>
#include <lorikeet_room.h>

#include <iostream>
#include <memory>
#include <stdexcept>
#include <string>

static void must(lk_status status) {
    if (status != LK_OK) throw std::runtime_error(lk_status_text(status));
}

static lk_str view(const std::string &s) { return lk_str{s.data(), s.size()}; }

static std::string json(const lk_doc *doc) {
    lk_buf bytes{};
    must(lk_json(doc, &bytes));
    std::string text(reinterpret_cast<const char *>(bytes.at), bytes.len);
    lk_buf_free(&bytes);
    return text;
}

int main() {
    std::unique_ptr<lk_doc, void (*)(lk_doc *)> doc(lk_new(6001, nullptr), lk_free);
    lk_ref greeting;
    must(lk_root(doc.get(), LK_TEXT, view("greeting"), &greeting));
    must(lk_text_insert(doc.get(), greeting, 0, LK_UTF8, view("hello from C++")));
    std::cout << json(doc.get()) << '\n';
}
