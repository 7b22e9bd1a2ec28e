/*
 * Readers: many WebSocket clients of one document in one thread, so cheap that they do not become what is measured.
 *
 * They follow the stream for marks: "#~!", 6 digits of an edit's number and 7 digits of the microsecond at which it was
 * due (base 36, monotonic clock, modulo 36^7). A mark may be split over reads and over the frames of one message, never
 * over messages. Nothing else of a message is understood; pings are answered.
 *
 * Arguments: port, path, number of clients, first message as hex frames or "-", keep-alive message as hex frames or "-",
 * smallest size of the message that completes a join (0: the upgrade does).
 * Input: "s" writes the statistics as one JSON line, "r" starts them anew, end of input ends.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
  mark_size = 16,
  mark_prefix = 3,
  mark_time = 9,
  tail_max = mark_size - 1,
  clients_max = 1 << 16,
  head_max = 1024,
  connecting_max = 100,
  keep_alive_seconds = 20,
  bucket_us = 10,
  buckets = 2000001 /* up to 20 s */
};

enum { op_continuation = 0, op_binary = 2, op_ping = 9 };

struct client {
  int upgraded, joined;
  char head[head_max]; /* of the HTTP response */
  int head_length;
  unsigned char frame[10]; /* header of the frame under way */
  int frame_length;
  int opcode;
  uint64_t left;         /* payload bytes of the frame still to come */
  uint64_t message_size; /* of the message under way */
  unsigned char tail[tail_max]; /* end of the message so far, in which a mark may have begun */
  int tail_length;
  unsigned char control[125]; /* payload of a ping */
  int control_length;
};

static struct client *clients[clients_max];
static int descriptors[clients_max];

static struct {
  uint64_t delivered, bytes, reads;
  int upgraded, joined, closed;
  uint32_t latency[buckets];
  uint64_t slowest; /* highest bucket in use */
} seen;

static uint64_t join_size;
static unsigned char hello[8192], keep_alive[1024];
static int hello_length, keep_alive_length;
static int digit_value[256];
static const uint64_t clock_modulus = 78364164096ULL; /* 36^7 */

static uint64_t now_us(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return ((uint64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000) % clock_modulus;
}

static void fail(const char *what) {
  perror(what);
  exit(1);
}

static int read_hex(const char *text, unsigned char *bytes, int max) {
  int length = 0;
  if (*text == '-') return 0;
  for (; text[0] && text[1] && length < max; text += 2) {
    unsigned value;
    if (sscanf(text, "%2x", &value) != 1) break;
    bytes[length++] = value;
  }
  return length;
}

static void record(const unsigned char *mark, uint64_t now) {
  uint64_t due = 0;
  for (int i = mark_time; i < mark_size; i++) due = due * 36 + digit_value[mark[i]];
  uint64_t waited = (now + clock_modulus - due) % clock_modulus;
  /* More than half a turn of the clock is an edit from the future: two readings of one clock, a hair apart. */
  uint64_t bucket = waited > clock_modulus / 2 ? 0 : waited / bucket_us;
  if (bucket >= buckets) bucket = buckets - 1;
  seen.latency[bucket]++;
  if (bucket > seen.slowest) seen.slowest = bucket;
  seen.delivered++;
}

static void scan(struct client *c, const unsigned char *p, int n, uint64_t now) {
  if (c->tail_length > 0) {
    unsigned char seam[2 * tail_max];
    int taken = n < tail_max ? n : tail_max;
    int length = c->tail_length + taken;
    memcpy(seam, c->tail, c->tail_length);
    memcpy(seam + c->tail_length, p, taken);
    for (int i = 0; i < c->tail_length && i + mark_size <= length; i++) {
      if (memcmp(seam + i, "#~!", mark_prefix) == 0) record(seam + i, now);
    }
  }
  const unsigned char *end = p + n, *at = p;
  while (end - at >= mark_size && (at = memmem(at, end - at, "#~!", mark_prefix)) != NULL) {
    if (end - at < mark_size) break;
    record(at, now);
    at += mark_size;
  }
  if (n >= tail_max) {
    memcpy(c->tail, end - tail_max, tail_max);
    c->tail_length = tail_max;
  } else {
    int kept = c->tail_length + n > tail_max ? tail_max - n : c->tail_length;
    memmove(c->tail, c->tail + c->tail_length - kept, kept);
    memcpy(c->tail + kept, p, n);
    c->tail_length = kept + n;
  }
}

static void pong(int fd, const struct client *c) {
  unsigned char frame[6 + sizeof c->control] = {0x8a, 0x80 | c->control_length};
  memcpy(frame + 6, c->control, c->control_length);
  send(fd, frame, 6 + c->control_length, MSG_NOSIGNAL);
}

/* Takes bytes of the header of a frame; returns how many, and whether the header is now whole. */
static int read_header(struct client *c, const unsigned char *p, int n, int *whole) {
  int used = 0;
  *whole = 0;
  while (used < n && !*whole) {
    c->frame[c->frame_length++] = p[used++];
    if (c->frame_length < 2) continue;
    int length = c->frame[1] & 127;
    int extra = length == 126 ? 2 : length == 127 ? 8 : 0;
    if (c->frame_length < 2 + extra) continue;
    c->left = extra == 0 ? length : 0;
    for (int i = 0; i < extra; i++) c->left = c->left << 8 | c->frame[2 + i];
    *whole = 1;
  }
  return used;
}

static void end_frame(int fd, struct client *c) {
  if (c->opcode == op_ping) pong(fd, c);
  int is_data = c->opcode == op_binary || c->opcode == op_continuation;
  int is_last = c->frame[0] & 0x80;
  if (is_data && is_last && !c->joined && c->message_size >= join_size) {
    c->joined = 1;
    seen.joined++;
  }
  c->frame_length = 0;
}

static void read_frames(int fd, struct client *c, const unsigned char *p, int n, uint64_t now) {
  while (n > 0) {
    if (c->left == 0) {
      int whole;
      int used = read_header(c, p, n, &whole);
      p += used;
      n -= used;
      if (!whole) return;
      c->opcode = c->frame[0] & 15;
      if (c->opcode == op_binary) c->message_size = c->tail_length = 0;
      if (c->opcode == op_ping) c->control_length = 0;
      if (c->opcode <= op_binary) c->message_size += c->left;
      if (c->left == 0) {
        end_frame(fd, c);
        continue;
      }
    }
    int piece = (uint64_t)n < c->left ? n : (int)c->left;
    if (c->opcode <= op_binary) {
      scan(c, p, piece, now);
    } else if (c->opcode == op_ping && c->control_length + piece <= (int)sizeof c->control) {
      memcpy(c->control + c->control_length, p, piece);
      c->control_length += piece;
    }
    c->left -= piece;
    p += piece;
    n -= piece;
    if (c->left == 0) end_frame(fd, c);
  }
}

/* Takes bytes of the HTTP response; returns how many of them belong to it. */
static int read_upgrade(int fd, struct client *c, const unsigned char *p, int n) {
  int before = c->head_length;
  int taken = n < head_max - before ? n : head_max - before;
  memcpy(c->head + before, p, taken);
  c->head_length += taken;
  char *end = memmem(c->head, c->head_length, "\r\n\r\n", 4);
  if (end == NULL) {
    if (c->head_length == head_max) fail("the answer to the upgrade is too long");
    return taken;
  }
  if (memmem(c->head, end - c->head, " 101 ", 5) == NULL) {
    fprintf(stderr, "readers: not upgraded: %.*s\n", (int)(end - c->head), c->head);
    exit(1);
  }
  c->upgraded = 1;
  seen.upgraded++;
  if (join_size == 0) {
    c->joined = 1;
    seen.joined++;
  }
  if (hello_length > 0) send(fd, hello, hello_length, MSG_NOSIGNAL);
  return (int)(end + 4 - c->head) - before;
}

static int connect_to(int epoll, int port, const char *path) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  int fd = socket(AF_INET, SOCK_STREAM, 0);
  if (fd < 0 || fd >= clients_max) fail("socket");
  if (connect(fd, (struct sockaddr *)&address, sizeof address) != 0) fail("connect");
  int one = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  fcntl(fd, F_SETFL, O_NONBLOCK);
  clients[fd] = calloc(1, sizeof **clients);
  if (clients[fd] == NULL) fail("calloc");
  struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};
  epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
  char request[2048];
  int length = snprintf(request, sizeof request,
                        "GET %s HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n",
                        path, port);
  send(fd, request, length, MSG_NOSIGNAL);
  return fd;
}

static void reset(void) {
  memset(seen.latency, 0, (seen.slowest + 1) * sizeof seen.latency[0]);
  seen.delivered = seen.bytes = seen.reads = seen.slowest = 0;
}

static double latency_ms(double share) {
  uint64_t wanted = (uint64_t)(share * seen.delivered), count = 0;
  if (wanted == 0) wanted = 1;
  for (uint64_t bucket = 0; bucket <= seen.slowest; bucket++) {
    count += seen.latency[bucket];
    if (count >= wanted) return bucket * bucket_us / 1000.0;
  }
  return 0;
}

static void print_statistics(void) {
  printf("{\"delivered\":%llu,\"p50\":%.2f,\"p99\":%.2f,\"bytes\":%llu,\"reads\":%llu,"
         "\"upgraded\":%d,\"joined\":%d,\"closed\":%d}\n",
         (unsigned long long)seen.delivered, latency_ms(0.5), latency_ms(0.99), (unsigned long long)seen.bytes,
         (unsigned long long)seen.reads, seen.upgraded, seen.joined, seen.closed);
  fflush(stdout);
}

static void read_commands(void) {
  char commands[64];
  int n = read(0, commands, sizeof commands);
  if (n <= 0) exit(0);
  for (int i = 0; i < n; i++) {
    if (commands[i] == 'r') reset();
    if (commands[i] == 's') print_statistics();
  }
}

static void read_client(int fd, uint64_t now) {
  static unsigned char buffer[1 << 20];
  struct client *c = clients[fd];
  int n = recv(fd, buffer, sizeof buffer, 0);
  if (n < 0 && errno == EAGAIN) return;
  if (n <= 0) {
    seen.closed++;
    close(fd);
    free(c);
    clients[fd] = NULL;
    return;
  }
  seen.reads++;
  seen.bytes += n;
  int used = c->upgraded ? 0 : read_upgrade(fd, c, buffer, n);
  if (c->upgraded && used < n) read_frames(fd, c, buffer + used, n - used, now);
}

int main(int argc, char **argv) {
  if (argc != 7) {
    fprintf(stderr, "usage: readers port path count hello-hex keep-alive-hex join-size\n");
    return 2;
  }
  int port = atoi(argv[1]), count = atoi(argv[3]);
  hello_length = read_hex(argv[4], hello, sizeof hello);
  keep_alive_length = read_hex(argv[5], keep_alive, sizeof keep_alive);
  join_size = strtoull(argv[6], NULL, 10);
  for (int i = 0; i < 36; i++) digit_value[(int)"0123456789abcdefghijklmnopqrstuvwxyz"[i]] = i;
  struct rlimit files;
  getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  setrlimit(RLIMIT_NOFILE, &files);

  int epoll = epoll_create1(0);
  struct epoll_event input = {.events = EPOLLIN, .data.fd = 0};
  epoll_ctl(epoll, EPOLL_CTL_ADD, 0, &input);
  int opened = 0;
  time_t kept_alive = time(NULL);
  for (;;) {
    while (opened < count && opened - seen.upgraded < connecting_max) {
      descriptors[opened++] = connect_to(epoll, port, argv[2]);
    }
    if (keep_alive_length > 0 && time(NULL) - kept_alive > keep_alive_seconds) {
      kept_alive = time(NULL);
      for (int i = 0; i < opened; i++) {
        if (clients[descriptors[i]] != NULL) send(descriptors[i], keep_alive, keep_alive_length, MSG_NOSIGNAL);
      }
    }
    struct epoll_event events[512];
    int ready = epoll_wait(epoll, events, 512, 1000);
    uint64_t now = now_us();
    for (int i = 0; i < ready; i++) {
      int fd = events[i].data.fd;
      /* Reading takes time; a clock read every 16 clients keeps latencies true to some 50 us. */
      if (i % 16 == 15) now = now_us();
      if (fd == 0) read_commands();
      else if (clients[fd] != NULL) read_client(fd, now);
    }
  }
}
