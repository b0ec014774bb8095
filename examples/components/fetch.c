/* A component that prints the page behind each URL in its arguments: `fetch http://localhost:8080/page`.
 *
 * It declares by hand the functions of WASI 0.2 that it uses; what they take and return is written in `wit`. Most
 * languages have libraries for that. `build.py` makes `fetch.wasm` of this file.
 */

typedef unsigned char u8;
typedef unsigned int u32;
typedef unsigned long long u64;

#define IMPORT(module, name) __attribute__((import_module(module), import_name(name)))
#define EXPORT(name) __attribute__((export_name(name)))

IMPORT("wasi:cli/environment@0.2.0", "get-arguments") void get_arguments(void *);
IMPORT("wasi:cli/stdout@0.2.0", "get-stdout") int get_stdout(void);
IMPORT("wasi:cli/stderr@0.2.0", "get-stderr") int get_stderr(void);
IMPORT("wasi:io/poll@0.2.0", "[method]pollable.block") void block(int);
IMPORT("wasi:io/poll@0.2.0", "[resource-drop]pollable") void drop_pollable(int);
IMPORT("wasi:io/streams@0.2.0", "[method]input-stream.blocking-read") void read_some(int, u64, void *);
IMPORT("wasi:io/streams@0.2.0", "[method]output-stream.blocking-write-and-flush")
void write_flush(int, const void *, u32, void *);
IMPORT("wasi:http/types@0.2.0", "[constructor]fields") int new_fields(void);
IMPORT("wasi:http/types@0.2.0", "[constructor]outgoing-request") int new_request(int);
IMPORT("wasi:http/types@0.2.0", "[method]outgoing-request.set-scheme") int set_scheme(int, int, int, int, int);
IMPORT("wasi:http/types@0.2.0", "[method]outgoing-request.set-authority") int set_authority(int, int, const void *, u32);
IMPORT("wasi:http/types@0.2.0", "[method]outgoing-request.set-path-with-query") int set_path(int, int, const void *, u32);
IMPORT("wasi:http/outgoing-handler@0.2.0", "handle") void handle(int, int, int, void *);
IMPORT("wasi:http/types@0.2.0", "[method]future-incoming-response.subscribe") int response_subscribe(int);
IMPORT("wasi:http/types@0.2.0", "[method]future-incoming-response.get") void response_get(int, void *);
IMPORT("wasi:http/types@0.2.0", "[method]incoming-response.status") int response_status(int);
IMPORT("wasi:http/types@0.2.0", "[method]incoming-response.consume") void response_consume(int, void *);
IMPORT("wasi:http/types@0.2.0", "[method]incoming-body.stream") void body_stream(int, void *);

typedef struct {
  const char *at;
  u32 size;
} text;

#define TEXT(literal) ((text){literal, sizeof(literal) - 1})
enum { PIECE = 4096 }; /* as much as one write takes */

/* What the host hands over lies here, from the end of our own data on. */
extern u8 __heap_base;
static u32 top = (u32)&__heap_base;

EXPORT("cabi_realloc") void *allocate(void *old, u32 old_size, u32 align, u32 size) {
  (void)old, (void)old_size; /* nothing that the host makes is ever made larger */
  u32 at = (top + align - 1) & -align;
  top = at + size;
  while (top > __builtin_wasm_memory_size(0) << 16)
    if (__builtin_wasm_memory_grow(0, 1) == (u32)-1) __builtin_trap();
  return (void *)at;
}

static int out, err;

static void print(int stream, text what) {
  u8 result[16] __attribute__((aligned(8)));
  write_flush(stream, what.at, what.size, result);
}

static int failed(text why, text which) {
  print(err, TEXT("fetch: "));
  print(err, why);
  print(err, which);
  print(err, TEXT("\n"));
  return 1;
}

/* Take a word from the beginning of a text; whether it was there. */
static int take(text *rest, text word) {
  if (rest->size < word.size) return 0;
  for (u32 i = 0; i < word.size; i++)
    if (rest->at[i] != word.at[i]) return 0;
  rest->at += word.size;
  rest->size -= word.size;
  return 1;
}

/* Print a body piece by piece; the memory of each is used again for the next. */
static void copy_body(int response) {
  u8 result[16] __attribute__((aligned(8)));
  response_consume(response, result);
  body_stream(*(int *)(result + 4), result);
  int body = *(int *)(result + 4);
  for (u32 mark = top;; top = mark) {
    read_some(body, PIECE, result);
    if (result[0]) return;
    print(out, *(text *)(result + 4));
  }
}

static int fetch(text url) {
  u8 result[64] __attribute__((aligned(8)));
  text rest = url;
  int tls = take(&rest, TEXT("https://"));
  if (!tls && !take(&rest, TEXT("http://"))) return failed(TEXT("this is no http:// or https:// URL: "), url);
  text host = {rest.at, 0};
  while (rest.size && *rest.at != '/') rest.at++, rest.size--, host.size++;
  if (!rest.size) rest = TEXT("/");

  int request = new_request(new_fields());
  if (set_scheme(request, 1, tls, 0, 0) || set_authority(request, 1, host.at, host.size) ||
      set_path(request, 1, rest.at, rest.size))
    return failed(TEXT("this is no URL: "), url);
  handle(request, 0, 0, result);
  if (result[0]) return failed(TEXT("no request can be made to "), host);
  int future = *(int *)(result + 8), ready = response_subscribe(future);
  block(ready);
  drop_pollable(ready);
  response_get(future, result); /* an option of a result of a result: something came, once, and it is a response */
  if (!result[0] || result[8] || result[16]) return failed(TEXT("nothing came from "), host);

  int response = *(int *)(result + 24), status = response_status(response);
  copy_body(response);
  return status == 200 ? 0 : failed(TEXT("the server is not pleased with "), url);
}

EXPORT("wasi:cli/run@0.2.0#run") int run(void) {
  struct {
    text *items;
    u32 count;
  } arguments;
  int worst = 0;
  out = get_stdout(), err = get_stderr();
  get_arguments(&arguments);
  for (u32 i = 1; i < arguments.count; i++) worst |= fetch(arguments.items[i]);
  return worst;
}
