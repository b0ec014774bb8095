/* A component that tries the network: each argument is one deed, and its outcome is one line of output.
 *
 *   tcp:A.B.C.D:PORT       connect, say "ping", print what is answered
 *   name:NAME:PORT         look the name up, then the same
 *   lookup:NAME            look the name up, print the first address
 *   http:HOST:PORT/PATH    GET by wasi:http
 *   https:HOST:PORT/PATH   the same with TLS
 *   leave:HOST:PORT/PATH   begin the same without TLS, and do not wait for it
 *   bind:A.B.C.D:PORT      bind a TCP socket
 *   spin:N                 count to N million
 *   udp                    make a UDP socket and bind it
 *
 * Built by `python examples/components/build.py tests/network/guest/guest.c tests/network/guest.wasm`; the imports are
 * the Component Model's functions with their flat types.
 */

typedef unsigned int u32;
typedef unsigned long long u64;
typedef unsigned char u8;
typedef unsigned short u16;

#define IMPORT(module, name) __attribute__((import_module(module), import_name(name)))
#define EXPORT(name) __attribute__((export_name(name)))
#define ADDRESS int, int, int, int, int, int, int, int, int, int, int, int

IMPORT("wasi:cli/environment@0.2.0", "get-arguments") void get_arguments(void *);
IMPORT("wasi:cli/stdout@0.2.0", "get-stdout") int get_stdout(void);
IMPORT("wasi:io/streams@0.2.0", "[method]output-stream.blocking-write-and-flush")
void write_flush(int, const void *, u32, void *);
IMPORT("wasi:io/streams@0.2.0", "[method]input-stream.blocking-read") void read_some(int, u64, void *);
IMPORT("wasi:io/streams@0.2.0", "[resource-drop]output-stream") void drop_output(int);
IMPORT("wasi:io/streams@0.2.0", "[resource-drop]input-stream") void drop_input(int);
IMPORT("wasi:io/poll@0.2.0", "[method]pollable.block") void block(int);
IMPORT("wasi:io/poll@0.2.0", "[resource-drop]pollable") void drop_pollable(int);
IMPORT("wasi:sockets/instance-network@0.2.0", "instance-network") int instance_network(void);
IMPORT("wasi:sockets/ip-name-lookup@0.2.0", "resolve-addresses") void resolve(int, const void *, u32, void *);
IMPORT("wasi:sockets/ip-name-lookup@0.2.0", "[method]resolve-address-stream.resolve-next-address")
void resolve_next(int, void *);
IMPORT("wasi:sockets/ip-name-lookup@0.2.0", "[method]resolve-address-stream.subscribe") int resolve_subscribe(int);
IMPORT("wasi:sockets/tcp@0.2.0", "[method]tcp-socket.start-bind") void start_bind(int, int, ADDRESS, void *);
IMPORT("wasi:sockets/tcp@0.2.0", "[method]tcp-socket.start-connect") void start_connect(int, int, ADDRESS, void *);
IMPORT("wasi:sockets/tcp@0.2.0", "[method]tcp-socket.finish-connect") void finish_connect(int, void *);
IMPORT("wasi:sockets/tcp@0.2.0", "[method]tcp-socket.set-keep-alive-enabled") void keep_alive(int, int, void *);
IMPORT("wasi:sockets/tcp@0.2.0", "[method]tcp-socket.subscribe") int tcp_subscribe(int);
IMPORT("wasi:sockets/tcp@0.2.0", "[resource-drop]tcp-socket") void drop_tcp(int);
IMPORT("wasi:sockets/tcp-create-socket@0.2.0", "create-tcp-socket") void create_tcp(int, void *);
IMPORT("wasi:sockets/udp-create-socket@0.2.0", "create-udp-socket") void create_udp(int, void *);
IMPORT("wasi:sockets/udp@0.2.0", "[method]udp-socket.start-bind") void udp_bind(int, int, ADDRESS, void *);
IMPORT("wasi:http/types@0.2.0", "[constructor]fields") int new_fields(void);
IMPORT("wasi:http/types@0.2.0", "[constructor]outgoing-request") int new_request(int);
IMPORT("wasi:http/types@0.2.0", "[method]outgoing-request.set-path-with-query")
int set_path(int, int, const void *, u32);
IMPORT("wasi:http/types@0.2.0", "[method]outgoing-request.set-scheme") int set_scheme(int, int, int, int, int);
IMPORT("wasi:http/types@0.2.0", "[method]outgoing-request.set-authority")
int set_authority(int, int, const void *, u32);
IMPORT("wasi:http/outgoing-handler@0.2.0", "handle") void handle(int, int, int, void *);
IMPORT("wasi:http/types@0.2.0", "[method]future-incoming-response.subscribe") int response_subscribe(int);
IMPORT("wasi:http/types@0.2.0", "[method]future-incoming-response.get") void response_get(int, void *);
IMPORT("wasi:http/types@0.2.0", "[method]incoming-response.status") int response_status(int);
IMPORT("wasi:http/types@0.2.0", "[method]incoming-response.consume") void response_consume(int, void *);
IMPORT("wasi:http/types@0.2.0", "[method]incoming-body.stream") void body_stream(int, void *);

enum { WOULD_BLOCK = 8 };
static const char *const ERRORS[] = {
    "unknown", "access-denied", "not-supported", "invalid-argument", "out-of-memory", "timeout",
    "concurrency-conflict", "not-in-progress", "would-block", "invalid-state", "new-socket-limit",
    "address-not-bindable", "address-in-use", "remote-unreachable", "connection-refused", "connection-reset",
    "connection-aborted", "datagram-too-large", "name-unresolvable", "temporary-resolver-failure",
    "permanent-resolver-failure"};

extern u8 __heap_base;
static u32 top;

EXPORT("cabi_realloc") void *grow(void *old, u32 old_size, u32 align, u32 size) {
  (void)old, (void)old_size; /* nothing that the host makes is ever made larger */
  if (!top) top = (u32)&__heap_base;
  top = (top + align - 1) & -align;
  u32 at = top;
  top += size;
  while (top > __builtin_wasm_memory_size(0) << 16)
    if (__builtin_wasm_memory_grow(0, 1) == (u32)-1) __builtin_trap();
  return (void *)at;
}

void *memcpy(void *to, const void *from, unsigned long count) {
  for (unsigned long i = 0; i < count; i++) ((u8 *)to)[i] = ((const u8 *)from)[i];
  return to;
}

void *memset(void *to, int value, unsigned long count) {
  for (unsigned long i = 0; i < count; i++) ((u8 *)to)[i] = (u8)value;
  return to;
}

static u32 length(const char *text) {
  u32 count = 0;
  while (text[count]) count++;
  return count;
}

static char line[2048];
static u32 used;

static void add_bytes(const char *text, u32 count) {
  for (u32 i = 0; i < count && used < sizeof line - 1; i++)
    line[used++] = text[i] == '\r' || text[i] == '\n' ? ' ' : text[i];
}

static void add(const char *text) { add_bytes(text, length(text)); }

static void add_number(u32 number) {
  char digits[10];
  u32 count = 0;
  do digits[count++] = (char)('0' + number % 10);
  while (number /= 10);
  while (count) add_bytes(&digits[--count], 1);
}

static void say(void) {
  u8 answer[16];
  int out = get_stdout();
  line[used++] = '\n';
  write_flush(out, line, used, answer);
  drop_output(out);
  used = 0;
}

static void error(const char *where, u32 code) {
  add(where);
  add(": ");
  add(code < sizeof ERRORS / sizeof *ERRORS ? ERRORS[code] : "?");
}

typedef struct {
  u8 tag, failed;
  u32 port;
  u8 ip[4];
} Place;

/* Read A.B.C.D:PORT. */
static Place place_of(const char *text, u32 count) {
  Place place = {0};
  u32 at = 0, number = 0, part = 0;
  for (; at <= count; at++) {
    char c = at < count ? text[at] : 0;
    if (c >= '0' && c <= '9') {
      number = number * 10 + (u32)(c - '0');
    } else {
      if (part < 4) place.ip[part] = (u8)number;
      else place.port = number;
      part++;
      number = 0;
    }
  }
  return place;
}

#define FLAT(p) 0, (int)(p).port, (p).ip[0], (p).ip[1], (p).ip[2], (p).ip[3], 0, 0, 0, 0, 0, 0

static void wait_for(int pollable) {
  block(pollable);
  drop_pollable(pollable);
}

static void talk(Place place) {
  u8 result[16] __attribute__((aligned(8)));
  create_tcp(0, result);
  if (result[0]) return error("socket", result[4]);
  int sock = *(int *)(result + 4);
  keep_alive(sock, 1, result);
  start_connect(sock, instance_network(), FLAT(place), result);
  if (result[0]) {
    error("start", result[1]);
    return drop_tcp(sock);
  }
  for (;;) {
    finish_connect(sock, result);
    if (!result[0]) break;
    if (result[4] != WOULD_BLOCK) {
      error("connect", result[4]);
      return drop_tcp(sock);
    }
    wait_for(tcp_subscribe(sock));
  }
  int in = *(int *)(result + 4), out = *(int *)(result + 8);
  write_flush(out, "ping\n", 5, result);
  u8 got[16] __attribute__((aligned(8)));
  read_some(in, 200, got);
  if (got[0]) {
    add("nothing came");
  } else {
    add("got ");
    add_bytes(*(char **)(got + 4), *(u32 *)(got + 8));
  }
  drop_input(in);
  drop_output(out);
  drop_tcp(sock);
}

/* Look a name up; the first address of IPv4 is kept. */
static Place look_up(const char *name, u32 count) {
  Place place = {.failed = 1};
  u8 result[32] __attribute__((aligned(8)));
  resolve(instance_network(), name, count, result);
  if (result[0]) {
    error("lookup", result[4]);
    return place;
  }
  int stream = *(int *)(result + 4);
  for (;;) {
    resolve_next(stream, result);
    if (result[0] && result[2] == WOULD_BLOCK) {
      wait_for(resolve_subscribe(stream));
    } else if (result[0]) {
      error("lookup", result[2]);
      return place;
    } else if (!result[2]) {
      add("lookup: no address");
      return place;
    } else if (!result[4]) {
      place.failed = 0;
      memcpy(place.ip, result + 6, 4);
      return place;
    }
  }
}

static void get(int tls, int wait, const char *text, u32 count) {
  u8 result[64] __attribute__((aligned(8)));
  u32 slash = 0;
  while (slash < count && text[slash] != '/') slash++;
  int request = new_request(new_fields());
  set_scheme(request, 1, tls, 0, 0);
  set_authority(request, 1, text, slash);
  set_path(request, 1, text + slash, count - slash);
  handle(request, 0, 0, result);
  if (result[0]) {
    add("handle: error ");
    return add_number(result[8]);
  }
  int future = *(int *)(result + 8);
  if (!wait) return add("begun");
  wait_for(response_subscribe(future));
  response_get(future, result);
  if (!result[0] || result[8]) return add("no response");
  if (result[16]) {
    add("http error ");
    return add_number(result[24]);
  }
  int response = *(int *)(result + 24);
  add("status ");
  add_number((u32)response_status(response));
  response_consume(response, result);
  body_stream(*(int *)(result + 4), result);
  read_some(*(int *)(result + 4), 200, result);
  if (!result[0]) {
    add(" ");
    add_bytes(*(char **)(result + 4), *(u32 *)(result + 8));
  }
}

static int starts(const char **text, u32 *count, const char *word) {
  u32 size = length(word);
  if (*count < size) return 0;
  for (u32 i = 0; i < size; i++)
    if ((*text)[i] != word[i]) return 0;
  *text += size;
  *count -= size;
  return 1;
}

static void deed(const char *text, u32 count) {
  u8 result[16] __attribute__((aligned(8)));
  add_bytes(text, count);
  add(" -> ");
  if (starts(&text, &count, "tcp:")) {
    talk(place_of(text, count));
  } else if (starts(&text, &count, "name:")) {
    u32 colon = count;
    while (colon && text[colon - 1] != ':') colon--;
    Place place = look_up(text, colon - 1);
    if (place.failed) return;
    for (u32 i = colon; i < count; i++) place.port = place.port * 10 + (u32)(text[i] - '0');
    talk(place);
  } else if (starts(&text, &count, "lookup:")) {
    Place place = look_up(text, count);
    for (u32 i = 0; i < 4 && !place.failed; i++) {
      if (i) add(".");
      add_number(place.ip[i]);
    }
  } else if (starts(&text, &count, "http:") || starts(&text, &count, "https:")) {
    get(text[-2] == 's', 1, text, count);
  } else if (starts(&text, &count, "leave:")) {
    get(0, 0, text, count);
  } else if (starts(&text, &count, "spin:")) {
    u32 millions = 0;
    for (u32 i = 0; i < count; i++) millions = millions * 10 + (u32)(text[i] - '0');
    for (volatile u32 i = 0; i < millions * 1000000; i++) continue;
    add("done");
  } else if (starts(&text, &count, "bind:")) {
    Place place = place_of(text, count);
    create_tcp(0, result);
    start_bind(*(int *)(result + 4), instance_network(), FLAT(place), result);
    if (result[0]) error("bind", result[1]);
    else add("bound");
  } else if (starts(&text, &count, "udp")) {
    Place place = {.ip = {127, 0, 0, 1}};
    create_udp(0, result);
    if (result[0]) return error("socket", result[4]);
    udp_bind(*(int *)(result + 4), instance_network(), FLAT(place), result);
    if (result[0]) error("bind", result[1]);
    else add("bound");
  } else {
    add("?");
  }
}

/* The same as a function: one deed, and its outcome. */
EXPORT("attempt") void *attempt(const char *text, u32 count) {
  static struct { char *text; u32 count; } outcome;
  used = 0;
  deed(text, count);
  outcome.text = line;
  outcome.count = used;
  used = 0;
  return &outcome;
}

EXPORT("wasi:cli/run@0.2.0#run") int run(void) {
  struct { struct { const char *text; u32 count; } *items; u32 count; } arguments;
  get_arguments(&arguments);
  for (u32 i = 1; i < arguments.count; i++) {
    deed(arguments.items[i].text, arguments.items[i].count);
    say();
  }
  return 0;
}
