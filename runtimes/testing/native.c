/* A native program of the ws_ form for tests: its proof is "native", it holds that alone valid. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static const char describe[] =
    "{\"name\":\"native\",\"runtime\":\"halo2\",\"binding\":\"none\",\"unsafeTestSetup\":false,"
    "\"publicValues\":[],"
    "\"imageId\":\"0xabababababababababababababababababababababababababababababababab\"}";
static const char commitment[32] = {1};
static const char proof[] = "\0\0\0\0native";
static const char *out = "";
static size_t out_len = 0;

static int32_t answer(const char *bytes, size_t length, int32_t code) {
  out = bytes;
  out_len = length;
  return code;
}

const char *ws_out_ptr(void) { return out; }
size_t ws_out_len(void) { return out_len; }
int32_t ws_describe(void) { return answer(describe, sizeof describe - 1, 0); }
int32_t ws_commit(const char *input, size_t length) { return answer(commitment, 32, 0); }

int32_t ws_prove(const char *input, size_t length) {
  if (memmem(input, length, "refuse", 6)) return answer("not this one", 12, 1);
  if (memmem(input, length, "abort", 5)) abort();
  while (memmem(input, length, "spin", 4)) {
  }
  return answer(proof, sizeof proof - 1, 0);
}

int32_t ws_verify(const char *values, size_t values_len, const char *given, size_t length) {
  return length == 6 && !memcmp(given, "native", 6) ? answer("", 0, 0) : answer("other", 5, 1);
}
