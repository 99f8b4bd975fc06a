/* libringside from C, as strictly as C99 goes: what is published comes back, what is wrong is
   refused with its code, and nothing is lost in silence. Prints `ok` and ends with 0, or says which
   line was not so. */
#define _POSIX_C_SOURCE 200809L
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "ringside.h"

#define CHECK(so)                                                                                  \
  do {                                                                                             \
    if (!(so)) {                                                                                   \
      fprintf(stderr, "%s:%d: not so: %s (%s)\n", __FILE__, __LINE__, #so, ringside_last_error()); \
      exit(1);                                                                                     \
    }                                                                                              \
  } while (0)

static const char* bus;

static ringside_producer* open_producer(const char* channel, const char* name, uint64_t capacity) {
  ringside_producer_options options = RINGSIDE_PRODUCER_OPTIONS_INIT;
  options.bus = bus;
  options.channel = channel;
  options.producer = name;
  options.type = channel;
  options.capacity = capacity;
  return ringside_producer_open(&options);
}

static ringside_point point_of(int i) {
  ringside_point point;
  memset(&point, 0, sizeof point);
  point.x = (float)i;
  point.y = (float)i + 0.5f;
  point.z = -(float)i;
  point.phase = i % 5;
  point.predicted = -1;
  point.cluster = i % 7;
  point.is_train = (uint8_t)(i % 2);
  point.index = (uint32_t)i;
  point.total = 1000;
  return point;
}

static float float_at(ringside_strided column, size_t i) {
  float value;
  memcpy(&value, (const char*)column.data + (ptrdiff_t)i * column.stride, sizeof value);
  return value;
}

static int32_t int_at(ringside_strided column, size_t i) {
  int32_t value;
  memcpy(&value, (const char*)column.data + (ptrdiff_t)i * column.stride, sizeof value);
  return value;
}

/* ---- a point an event: published, found in place, copied, printed -----------------------------
 */

static void test_points_one_by_one(void) {
  ringside_producer* producer = open_producer("embedding", "points", 1 << 20);
  ringside_reader* reader;
  ringside_found_points found;
  ringside_reader_info info;
  ringside_record record;
  uint64_t cursor = 0;
  size_t length = 0;
  int i;
  CHECK(producer != NULL);
  for (i = 0; i < 1000; ++i) {
    char episode[32];
    const ringside_point point = point_of(i);
    snprintf(episode, sizeof episode, "episode-%d", i); /* lengths differ; the layout does not */
    CHECK(ringside_publish_point(producer, episode, "host-1", NULL, &point) == i);
  }
  reader = ringside_reader_open(bus, "embedding", "points");
  CHECK(reader != NULL);
  memset(&info, 0, sizeof info);
  info.size = sizeof info;
  CHECK(ringside_reader_describe(reader, &info) == RINGSIDE_OK);
  CHECK(info.oldest == 0 && info.next == 1000 && strcmp(info.schema_id, "RSEV") == 0);
  memset(&found, 0, sizeof found);
  found.size = sizeof found;
  CHECK(ringside_find_points(reader, RINGSIDE_LATEST, &found) == RINGSIDE_RUN);
  CHECK(found.count == 1000 && found.is_in_place == 1 && found.run.count == 1000);
  CHECK((const char*)found.x.data > (const char*)info.mapping);
  CHECK((const char*)found.x.data < (const char*)info.mapping + info.mapping_size);
  for (i = 0; i < 1000; ++i) {
    char episode[32];
    const char* there = (const char*)found.episode_id.data + i * found.episode_id.stride;
    snprintf(episode, sizeof episode, "episode-%d", i);
    CHECK(float_at(found.x, (size_t)i) == (float)i && float_at(found.z, (size_t)i) == -(float)i);
    CHECK(int_at(found.phase, (size_t)i) == i % 5 && int_at(found.cluster, (size_t)i) == i % 7);
    CHECK(strncmp(there, episode, found.episode_id.width) == 0);
  }
  CHECK(ringside_is_whole(reader, &found.run) == 1);
  CHECK(ringside_seek(reader, "last:1", &cursor) == RINGSIDE_OK && cursor == 999);
  CHECK(ringside_copy_record(reader, &cursor, &record) == RINGSIDE_RUN && cursor == 1000);
  CHECK(record.sequence == 999 && record.timestamp_ns > 0);
  {
    const char* json = ringside_event_json(reader, record.event, record.size, &length);
    CHECK(json != NULL && length == strlen(json));
    CHECK(strstr(json, "\"episode_id\":\"episode-999\"") != NULL);
    CHECK(strstr(json, "\"predicted_int\":-1") != NULL);
  }
  CHECK(ringside_copy_record(reader, &cursor, &record) == RINGSIDE_NOTHING);
  ringside_reader_close(reader);
  ringside_producer_close(producer);
}

/* ---- columns in one call, of every kind, in batches of every size -----------------------------
 */

enum { kCount = 1200 };

static void test_columns(size_t batch) {
  static double x[kCount];
  static float y[kCount];
  static int64_t phase[kCount];
  static int8_t cluster[kCount];
  static uint8_t is_train[kCount];
  static char fixed[kCount][12];
  static uint32_t wide[kCount][4];
  static char joined[kCount * 8];
  size_t joined_size = 0;
  ringside_points points;
  ringside_found_points found;
  ringside_copied_points copied;
  static float xs[kCount];
  static int32_t phases[kCount];
  static char episodes[kCount][12], hosts[kCount][8], profiles[kCount][8];
  char name[32];
  ringside_producer* producer;
  ringside_reader* reader;
  int i;
  const size_t events = batch == 0 ? 1 : (kCount + batch - 1) / batch;
  snprintf(name, sizeof name, "columns-%d", (int)batch);
  producer = open_producer("embedding", name, 4 << 20);
  CHECK(producer != NULL);
  memset(&points, 0, sizeof points);
  memset(fixed, 0, sizeof fixed);
  memset(wide, 0, sizeof wide);
  for (i = 0; i < kCount; ++i) {
    x[i] = i * 0.25;
    y[i] = (float)i;
    phase[i] = i % 3 - 1;
    cluster[i] = (int8_t)(i % 11);
    is_train[i] = (uint8_t)(i % 2);
    snprintf(fixed[i], sizeof fixed[i], "ep-%d", i);
    wide[i][0] = 'h';
    wide[i][1] = 0xE9; /* two bytes in UTF-8 */
    wide[i][2] = (uint32_t)('0' + i % 10);
    joined_size += (size_t)snprintf(joined + joined_size, 8, "p%d", i % 4) + 1;
  }
  points.size = sizeof points;
  points.count = kCount;
  points.episode_id.kind = RINGSIDE_TEXT_FIXED;
  points.episode_id.data = fixed;
  points.episode_id.size = sizeof fixed[0];
  points.host_id.kind = RINGSIDE_TEXT_UTF32;
  points.host_id.data = wide;
  points.host_id.size = 4;
  points.profile.kind = RINGSIDE_TEXT_JOINED;
  points.profile.data = joined;
  points.profile.size = joined_size;
  points.x.kind = RINGSIDE_DOUBLE;
  points.x.data = x;
  points.y.kind = RINGSIDE_FLOAT;
  points.y.data = y;
  points.phase.kind = RINGSIDE_INT64;
  points.phase.data = phase;
  points.cluster.kind = RINGSIDE_INT8;
  points.cluster.data = cluster;
  points.is_train.kind = RINGSIDE_UINT8;
  points.is_train.data = is_train;
  points.cycle = RINGSIDE_NEXT_CYCLE;
  points.batch = batch;
  CHECK(ringside_publish_points(producer, &points) == (int64_t)events - 1);
  reader = ringside_reader_open(bus, "embedding", name);
  CHECK(reader != NULL);
  memset(&found, 0, sizeof found);
  found.size = sizeof found;
  CHECK(ringside_find_points(reader, RINGSIDE_LATEST, &found) == RINGSIDE_RUN);
  CHECK(found.count == kCount && found.run.count == events);
  CHECK(found.is_in_place == (batch <= 1));
  if (found.is_in_place)
    for (i = 0; i < kCount; ++i)
      CHECK(float_at(found.x, (size_t)i) == (float)(i * 0.25) &&
            int_at(found.phase, (size_t)i) == i % 3 - 1 &&
            int_at(found.predicted, (size_t)i) == -1);
  memset(&copied, 0, sizeof copied);
  copied.size = sizeof copied;
  copied.x = xs;
  copied.phase = phases;
  copied.episode_id = episodes[0];
  copied.episode_id_bytes = sizeof episodes[0];
  copied.host_id = hosts[0];
  copied.host_id_bytes = sizeof hosts[0];
  copied.profile = profiles[0];
  copied.profile_bytes = sizeof profiles[0];
  CHECK(ringside_copy_points(reader, &found, &copied) == RINGSIDE_OK);
  for (i = 0; i < kCount; ++i) {
    char host[8];
    snprintf(host, sizeof host, "h\xC3\xA9%d", i % 10);
    CHECK(xs[i] == (float)(i * 0.25) && phases[i] == i % 3 - 1);
    CHECK(strcmp(episodes[i], fixed[i]) == 0 && strcmp(hosts[i], host) == 0);
    CHECK(profiles[i][0] == 'p' && profiles[i][1] == '0' + i % 4);
  }
  /* The same once more is the next cycle, and is what is found then. */
  CHECK(ringside_publish_points(producer, &points) == (int64_t)(2 * events) - 1);
  CHECK(ringside_find_points(reader, RINGSIDE_LATEST, &found) == RINGSIDE_RUN);
  CHECK(found.count == kCount && found.run.first == events);
  CHECK(ringside_find_points(reader, RINGSIDE_WINDOW, &found) == RINGSIDE_RUN);
  CHECK(found.count == 2 * kCount);
  /* What cannot be is refused before anything is published. */
  phase[kCount - 1] = INT64_C(1) << 40;
  CHECK(ringside_publish_points(producer, &points) == RINGSIDE_ERROR_ARGUMENT);
  CHECK(strstr(ringside_last_error(), "phase") != NULL);
  phase[kCount - 1] = 0;
  fixed[7][2] = (char)0xFF;
  CHECK(ringside_publish_points(producer, &points) == RINGSIDE_ERROR_ARGUMENT);
  CHECK(strstr(ringside_last_error(), "episode_id") != NULL);
  fixed[7][2] = '\0'; /* inside a text */
  CHECK(ringside_publish_points(producer, &points) == RINGSIDE_ERROR_ARGUMENT);
  fixed[7][2] = '-';
  points.profile.size -= 1;
  CHECK(ringside_publish_points(producer, &points) == RINGSIDE_ERROR_ARGUMENT);
  points.profile.size += 1;
  points.total = kCount - 1;
  CHECK(ringside_publish_points(producer, &points) == RINGSIDE_ERROR_ARGUMENT);
  CHECK(ringside_find_points(reader, RINGSIDE_WINDOW, &found) == RINGSIDE_RUN);
  CHECK(found.count == 2 * kCount);
  ringside_reader_close(reader);
  ringside_producer_close(producer);
}

/* ---- bytes, JSON, and room in the ring --------------------------------------------------------
 */

static void test_events(void) {
  static const char json[] = "{\"seed\": 7, \"sequence\": 0, \"words\": [1, 2, 3]}";
  ringside_producer* producer = open_producer("load", "events", 65536);
  ringside_reader* reader;
  ringside_record record;
  ringside_run run;
  uint64_t cursor = 0;
  size_t offset = 0, size = 0;
  unsigned char event[256];
  unsigned char odd[257];
  void* room;
  CHECK(producer != NULL);
  CHECK(ringside_publish_json(producer, json, strlen(json)) == 0);
  reader = ringside_reader_open(bus, "load", "events");
  CHECK(reader != NULL);
  CHECK(ringside_copy_record(reader, &cursor, &record) == RINGSIDE_RUN);
  size = record.size;
  CHECK(size <= sizeof event);
  memcpy(event, record.event, size);
  CHECK(ringside_publish(producer, event, size) == 1);
  memcpy(odd + 1, event, size);
  CHECK(ringside_publish(producer, odd + 1, size) == 2); /* from an odd address */
  room = ringside_claim(producer, size + 8);
  CHECK(room != NULL && (uintptr_t)room % 8 == 0);
  memcpy(room, event, size);
  CHECK(ringside_commit(producer, size) == 3);
  CHECK(ringside_next_run(reader, &cursor, 0, &run) == RINGSIDE_RUN);
  CHECK(run.first == 1 && run.count == 3 && cursor == 4);
  while (ringside_next_record(&run, &offset, &record) == RINGSIDE_RUN)
    CHECK(record.size == size && memcmp(record.event, event, size) == 0);
  CHECK(offset == run.size && ringside_is_whole(reader, &run) == 1);

  CHECK(ringside_publish(producer, event, size - 1) == RINGSIDE_ERROR_EVENT);
  CHECK(ringside_publish(producer, "", 0) == RINGSIDE_ERROR_EVENT);
  CHECK(ringside_publish(producer, NULL, 5) == RINGSIDE_ERROR_ARGUMENT);
  CHECK(ringside_publish(NULL, event, size) == RINGSIDE_ERROR_ARGUMENT);
  CHECK(ringside_publish_json(producer, "{\"nose\": 1}", 11) == RINGSIDE_ERROR_EVENT);
  CHECK(strstr(ringside_last_error(), "nose") != NULL);
  CHECK(ringside_publish_json(producer, "{\"seed\": \"x\"}", 13) == RINGSIDE_ERROR_EVENT);
  CHECK(ringside_publish_json(producer, "{\"seed\": 1} x", 13) == RINGSIDE_ERROR_EVENT);
  CHECK(ringside_publish_json(producer, "{\"seed\": 1.5}", 13) == RINGSIDE_ERROR_EVENT);
  CHECK(ringside_publish_json(producer, "{\"seed\": -1}", 12) == RINGSIDE_ERROR_EVENT);
  CHECK(ringside_publish_json(producer, "{\"seed\": 1, \"seed\": 2}", 22) == RINGSIDE_ERROR_EVENT);
  CHECK(ringside_publish_json(producer, "table T {}", 10) == RINGSIDE_ERROR_EVENT);
  CHECK(ringside_publish_json(producer, "{\"seed\": 1}\0x", 13) == RINGSIDE_ERROR_EVENT);
  CHECK(ringside_publish_json(producer, "", 0) == RINGSIDE_ERROR_EVENT);
  CHECK(ringside_claim(producer, 1 << 20) == NULL);
  CHECK(ringside_last_error_code() == RINGSIDE_ERROR_TOO_LARGE);
  CHECK(ringside_commit(producer, size) == RINGSIDE_ERROR_ARGUMENT); /* nothing is claimed */
  room = ringside_claim(producer, 64);
  CHECK(room != NULL);
  memset(room, 0xFF, 64);
  CHECK(ringside_commit(producer, 64) == RINGSIDE_ERROR_EVENT);
  CHECK(ringside_publish_json(producer, json, strlen(json)) == 4); /* and goes on */
  {
    ringside_point point = point_of(1);
    CHECK(ringside_publish_point(producer, "e", "", "", &point) == RINGSIDE_ERROR_ARGUMENT);
  }
  ringside_reader_close(reader);
  ringside_producer_close(producer);
}

/* ---- laps, waiting, names, lists --------------------------------------------------------------
 */

static void test_lap(void) {
  static const char json[] = "{\"seed\": 7, \"words\": [1, 2, 3]}";
  ringside_producer* producer = open_producer("load", "lap", 65536);
  ringside_reader* reader;
  ringside_run run;
  uint64_t cursor = 0;
  int64_t last = 0;
  CHECK(producer != NULL);
  CHECK(ringside_publish_json(producer, json, strlen(json)) == 0);
  reader = ringside_reader_open(bus, "load", "lap");
  CHECK(ringside_next_run(reader, &cursor, 0, &run) == RINGSIDE_RUN);
  CHECK(ringside_is_whole(reader, &run) == 1);
  while (last < 2000) last = ringside_publish_json(producer, json, strlen(json));
  CHECK(ringside_is_whole(reader, &run) == 0);
  cursor = run.first;
  CHECK(ringside_next_run(reader, &cursor, 0, &run) == RINGSIDE_GAP);
  CHECK(run.first == 0 && run.count == cursor && cursor > 0);
  CHECK(ringside_next_run(reader, &cursor, 1000, &run) == RINGSIDE_RUN);
  CHECK(run.size <= 1000 && run.count > 1);
  ringside_reader_close(reader);
  ringside_producer_close(producer);
}

static void* publish_soon(void* producer) {
  const struct timespec pause = {0, 50000000};
  nanosleep(&pause, NULL);
  CHECK(ringside_publish_json(producer, "{\"seed\": 1}", 11) == 1);
  return NULL;
}

static void test_wait(void) {
  ringside_producer* producer = open_producer("load", "wait", 65536);
  ringside_reader* reader;
  pthread_t thread;
  CHECK(producer != NULL && ringside_publish_json(producer, "{\"seed\": 1}", 11) == 0);
  reader = ringside_reader_open(bus, "load", "wait");
  CHECK(ringside_wait(reader, 0, -1) == RINGSIDE_RUN);
  CHECK(ringside_wait(reader, 1, 0) == RINGSIDE_NOTHING);
  CHECK(ringside_wait(reader, 1, 20) == RINGSIDE_NOTHING);
  CHECK(pthread_create(&thread, NULL, publish_soon, producer) == 0);
  CHECK(ringside_wait(reader, 1, 10000) == RINGSIDE_RUN);
  pthread_join(thread, NULL);
  ringside_producer_close(producer);
  producer = open_producer("load", "wait", 131072); /* another cap: another epoch */
  CHECK(producer != NULL);
  CHECK(ringside_wait(reader, 1, 10000) == RINGSIDE_RUN); /* what there was is still read */
  CHECK(ringside_wait(reader, 2, 10000) == RINGSIDE_ENDED);
  ringside_reader_close(reader);
  ringside_producer_close(producer);
}

static void test_owners(void) {
  ringside_producer* producer = open_producer("load", "owner", 65536);
  ringside_producer_info info;
  int status = 0;
  pid_t child;
  CHECK(producer != NULL);
  CHECK(open_producer("load", "owner", 65536) == NULL);
  CHECK(ringside_last_error_code() == RINGSIDE_ERROR_IN_USE);
  child = fork();
  CHECK(child >= 0);
  if (child == 0) {
    CHECK(ringside_publish_json(producer, "{\"seed\": 1}", 11) == RINGSIDE_ERROR_FORKED);
    ringside_producer_close(producer);
    _exit(0);
  }
  CHECK(waitpid(child, &status, 0) == child && status == 0);
  CHECK(ringside_publish_json(producer, "{\"seed\": 1}", 11) == 0); /* the child took nothing */
  child = fork();
  if (child == 0) {
    ringside_producer_close(producer);
    pause();
    _exit(0);
  }
  ringside_producer_close(producer);
  {
    /* The child lets go of the name as soon as it has closed what it inherited. */
    const struct timespec nap = {0, 1000000};
    int i;
    for (i = 0; i < 5000; ++i) {
      producer = open_producer("load", "owner", 0);
      if (producer != NULL) break;
      nanosleep(&nap, NULL);
    }
  }
  kill(child, 9);
  waitpid(child, &status, 0);
  CHECK(producer != NULL);
  memset(&info, 0, sizeof info);
  info.size = sizeof info;
  CHECK(ringside_producer_describe(producer, &info) == RINGSIDE_OK);
  CHECK(info.origin == RINGSIDE_TAKEN_UP && info.next == 1 && info.capacity == 65536);
  ringside_producer_close(producer);
}

static void test_refusals(void) {
  ringside_producer_options options = RINGSIDE_PRODUCER_OPTIONS_INIT;
  struct {
    ringside_producer_options known;
    uint64_t later;
  } grown;
  ringside_reader_info info;
  CHECK(ringside_producer_open(NULL) == NULL);
  CHECK(ringside_producer_open(&options) == NULL);
  CHECK(ringside_last_error_code() == RINGSIDE_ERROR_NAME);
  options.bus = bus;
  options.channel = "load";
  options.producer = "x/y";
  options.type = "load";
  CHECK(ringside_producer_open(&options) == NULL);
  CHECK(ringside_last_error_code() == RINGSIDE_ERROR_NAME);
  options.producer = "refused";
  options.type = "lode";
  CHECK(ringside_producer_open(&options) == NULL);
  CHECK(strstr(ringside_last_error(), "lode") != NULL);
  options.type = NULL;
  options.schema = "no schema";
  options.schema_size = 9;
  CHECK(ringside_producer_open(&options) == NULL);
  CHECK(ringside_last_error_code() == RINGSIDE_ERROR_ARGUMENT);
  options.schema = NULL;
  options.type = "load";
  options.size = 8;
  CHECK(ringside_producer_open(&options) == NULL);
  CHECK(ringside_last_error_code() == RINGSIDE_ERROR_ARGUMENT);
  memset(&grown, 0, sizeof grown);
  grown.known = options;
  grown.known.size = sizeof grown;
  grown.later = 1;
  CHECK(ringside_producer_open(&grown.known) == NULL); /* an option of a later version */
  grown.later = 0;
  {
    ringside_producer* producer = ringside_producer_open(&grown.known);
    CHECK(producer != NULL);
    ringside_producer_close(producer);
  }
  CHECK(ringside_reader_open(bus, "load", "nobody") == NULL);
  CHECK(ringside_last_error_code() == RINGSIDE_ERROR_NOT_FOUND);
  memset(&info, 0, sizeof info);
  CHECK(ringside_reader_describe(NULL, &info) == RINGSIDE_ERROR_ARGUMENT);
  CHECK(strchr(ringside_last_error(), '\n') == NULL);
}

static void test_list(void) {
  ringside_list* list = ringside_list_open(bus);
  ringside_segment segment;
  size_t i, seen = 0;
  CHECK(list != NULL && ringside_list_count(list) > 5);
  memset(&segment, 0, sizeof segment);
  segment.size = sizeof segment;
  for (i = 0; i < ringside_list_count(list); ++i) {
    CHECK(ringside_list_get(list, i, &segment) == RINGSIDE_OK);
    if (strcmp(segment.channel, "embedding") == 0 && strcmp(segment.producer, "points") == 0) {
      CHECK(segment.next == 1000 && strcmp(segment.schema_id, "RSEV") == 0);
      CHECK(segment.capacity == 1 << 20 && segment.is_live == 0 && segment.epoch != 0);
      ++seen;
    }
  }
  CHECK(seen == 1);
  CHECK(ringside_list_get(list, i, &segment) == RINGSIDE_ERROR_ARGUMENT);
  ringside_list_close(list);
  list = ringside_list_open("/nonexistent/bus");
  CHECK(list != NULL && ringside_list_count(list) == 0);
  ringside_list_close(list);
}

int main(int argc, char** argv) {
  char made[] = "/dev/shm/ringside-abi-XXXXXX";
  char command[64];
  (void)argv;
  CHECK(argc == 1);
  bus = mkdtemp(made);
  CHECK(bus != NULL);
  CHECK(ringside_abi() == RINGSIDE_ABI &&
        strcmp(ringside_version(), RINGSIDE_EXPECTED_VERSION) == 0);
  CHECK(ringside_last_error_code() == RINGSIDE_OK && strcmp(ringside_last_error(), "") == 0);
  test_points_one_by_one();
  test_columns(0);
  test_columns(1);
  test_columns(500);
  test_events();
  test_lap();
  test_wait();
  test_owners();
  test_refusals();
  test_list();
  snprintf(command, sizeof command, "rm -r %s", bus);
  CHECK(system(command) == 0);
  puts("ok");
  return 0;
}
