/* SPDX-License-Identifier: MIT
 * lz4_plain.c - LZ4 without its slow, high compression. The frame code chooses between the two by
 * the compression level, which base/lz4.c leaves at its default, so none of these is ever reached;
 * the real ones would make the module half as large again. */
#define LZ4_HC_STATIC_LINKING_ONLY
#include <lz4hc.h>

int LZ4_sizeofStateHC(void) { return (int)sizeof(LZ4_streamHC_t); }
LZ4_streamHC_t *LZ4_initStreamHC(void *buffer, size_t size) {
    (void)buffer, (void)size;
    __builtin_trap();
}
void LZ4_resetStreamHC_fast(LZ4_streamHC_t *stream, int level) {
    (void)stream, (void)level;
    __builtin_trap();
}
void LZ4_setCompressionLevel(LZ4_streamHC_t *stream, int level) {
    (void)stream, (void)level;
    __builtin_trap();
}
void LZ4_favorDecompressionSpeed(LZ4_streamHC_t *stream, int favor) {
    (void)stream, (void)favor;
    __builtin_trap();
}
void LZ4_attach_HC_dictionary(LZ4_streamHC_t *stream, const LZ4_streamHC_t *dictionary) {
    (void)stream, (void)dictionary;
    __builtin_trap();
}
int LZ4_saveDictHC(LZ4_streamHC_t *stream, char *to, int len) {
    (void)stream, (void)to, (void)len;
    __builtin_trap();
}
int LZ4_compress_HC_continue(LZ4_streamHC_t *stream, const char *from, char *to, int len, int cap) {
    (void)stream, (void)from, (void)to, (void)len, (void)cap;
    __builtin_trap();
}
int LZ4_compress_HC_extStateHC_fastReset(void *state, const char *from, char *to, int len, int cap,
                                         int level) {
    (void)state, (void)from, (void)to, (void)len, (void)cap, (void)level;
    __builtin_trap();
}
