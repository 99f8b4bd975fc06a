/* libringside from C, as strictly as C99 goes: what is published comes back, what is wrong is
   refused with its code, and nothing is lost in silence. Prints `ok` and ends with 0, or says which
   line was not so. */
#define _POSIX_C_SOURCE 200809L
#include "abi.h"

#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

const char* bus;

ringside_producer* open_producer(const char* channel, const char* name, uint64_t capacity) {
  ringside_producer_options options = RINGSIDE_PRODUCER_OPTIONS_INIT;
  options.bus = bus;
  options.channel = channel;
  options.producer = name;
  options.type = channel;
  options.capacity_bytes = capacity;
  return ringside_producer_open(&options);
}

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
  CHECK(offset == run.size && ringside_is_still_valid(reader, &run) == 1);

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

/* ---- a claim that something else came after is gone ----------------------------------------- */

static void test_claims(void) {
  static char longest[200];
  ringside_producer* producer = open_producer("embedding", "claims", 65536);
  const ringside_point point = {0, 0, 0, 0, 0, 0, 0, {0, 0, 0}, 0, 0, 0, 0};
  ringside_reader* reader;
  uint64_t cursor = 9;
  ringside_record record;
  ringside_run run;
  CHECK(ringside_commit(producer, 8) == RINGSIDE_ERROR_ARGUMENT);
  CHECK(ringside_claim(producer, 2000) != NULL);
  memset(longest, 'e', sizeof longest - 1); /* too long for the template: the builder comes in */
  CHECK(ringside_publish_point(producer, longest, "", "", &point) == 0);
  CHECK(ringside_commit(producer, 2000) == RINGSIDE_ERROR_ARGUMENT);
  CHECK(ringside_publish_point(producer, "e", "", "", &point) == 1);

  /* Sizes that nothing has are refused before a byte is looked at, at odd addresses too. */
  CHECK(ringside_publish(producer, longest + 1, SIZE_MAX) == RINGSIDE_ERROR_TOO_LARGE);
  CHECK(ringside_publish_json(producer, longest, SIZE_MAX) == RINGSIDE_ERROR_TOO_LARGE);

  /* A cursor of what is not published yet is no damage. */
  reader = ringside_reader_open(bus, "embedding", "claims");
  CHECK(ringside_copy_record(reader, &cursor, &record) == RINGSIDE_ERROR_NOT_FOUND);
  CHECK(ringside_next_run(reader, &cursor, 0, &run) == RINGSIDE_ERROR_NOT_FOUND);
  CHECK(cursor == 9);
  ringside_reader_close(reader);
  ringside_producer_close(producer);
}

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
  CHECK(ringside_is_still_valid(reader, &run) == 1);
  while (last < 2000) last = ringside_publish_json(producer, json, strlen(json));
  CHECK(ringside_is_still_valid(reader, &run) == 0);
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

static void test_capacity(uint64_t asked, uint64_t given) {
  ringside_producer* producer = open_producer("embedding", "capacity", asked);
  ringside_producer_info info;
  memset(&info, 0, sizeof info);
  info.size = sizeof info;
  CHECK(producer != NULL);
  CHECK(ringside_producer_describe(producer, &info) == RINGSIDE_OK && info.capacity_bytes == given);
  ringside_producer_close(producer);
}

static ringside_producer* open_owner(uint64_t sync_interval_ms) {
  ringside_producer_options options = RINGSIDE_PRODUCER_OPTIONS_INIT;
  options.bus = bus;
  options.channel = "load";
  options.producer = sync_interval_ms > 0 ? "syncing" : "owner";
  options.type = "load";
  options.capacity_bytes = 65536;
  options.sync_interval_ms = sync_interval_ms;
  return ringside_producer_open(&options);
}

static void test_owners(uint64_t sync_interval_ms) {
  ringside_producer* producer = open_owner(sync_interval_ms);
  ringside_producer_info info;
  int status = 0;
  pid_t child;
  CHECK(producer != NULL);
  CHECK(open_owner(sync_interval_ms) == NULL);
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
      producer = open_owner(sync_interval_ms);
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
  CHECK(info.origin == RINGSIDE_REOPENED && info.next == 1 && info.capacity_bytes == 65536);
  CHECK(info.takes_points == 0 && info.reserved == 0);
  ringside_producer_close(producer);
  producer = open_producer("embedding", "owner", 65536);
  CHECK(producer != NULL);
  CHECK(ringside_producer_describe(producer, &info) == RINGSIDE_OK && info.takes_points == 1);
  /* As a program asks that was built before the struct grew. */
  info.takes_points = 7;
  info.size = offsetof(ringside_producer_info, takes_points);
  CHECK(ringside_producer_describe(producer, &info) == RINGSIDE_OK && info.takes_points == 7);
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
      CHECK(segment.capacity_bytes == 1 << 20 && segment.is_live == 0 && segment.epoch != 0);
      ++seen;
    }
  }
  CHECK(seen == 1);
  CHECK(ringside_list_get(list, i, &segment) == RINGSIDE_ERROR_ARGUMENT);
  ringside_list_close(list);
  CHECK(ringside_list_open("/nonexistent/bus") == NULL);
  CHECK(ringside_last_error_code() == RINGSIDE_ERROR_NOT_FOUND);
  CHECK(strstr(ringside_last_error(), "there is no bus at /nonexistent/bus") != NULL);
  CHECK(strcmp(ringside_bus_path("/some/bus"), "/some/bus") == 0);
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
  test_points();
  test_events();
  test_claims();
  test_lap();
  test_wait();
  test_capacity(1, 65536);
  test_capacity(65537, 131072);
  test_owners(0);
  test_owners(50);
  test_refusals();
  test_list();
  snprintf(command, sizeof command, "rm -r %s", bus);
  CHECK(system(command) == 0);
  puts("ok");
  return 0;
}
