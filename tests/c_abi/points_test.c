// Points and columns from C: what is written is what is read, and what is wrong is refused by name.
#include <math.h>
#include <pthread.h>
#include <string.h>

#include "abi.h"

ringside_point point_of(int i) {
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
  CHECK(ringside_is_still_valid(reader, &found.run) == 1);
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
  {
    static char copy[1024], small[8];
    cursor = 998;
    CHECK(ringside_copy_record_into(reader, &cursor, small, sizeof small, &record) ==
          RINGSIDE_ERROR_TOO_LARGE);
    CHECK(cursor == 998 && record.size > sizeof small && record.size <= sizeof copy);
    CHECK(ringside_copy_record_into(reader, &cursor, copy, record.size, &record) == RINGSIDE_RUN);
    CHECK(cursor == 999 && record.sequence == 998 && record.event == copy);
    /* The copy is the caller's, whatever the thread reads next. */
    CHECK(ringside_copy_record(reader, &cursor, &record) == RINGSIDE_RUN);
    CHECK(strstr(ringside_event_json(reader, copy, record.size, NULL), "\"episode-998\"") != NULL);
    CHECK(ringside_copy_record_into(reader, &cursor, copy, 0, &record) == RINGSIDE_NOTHING);
    CHECK(ringside_copy_record_into(reader, &cursor, NULL, 0, &record) == RINGSIDE_ERROR_ARGUMENT);
  }
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

static ringside_points columns_of(const char* const* episodes, size_t count, const double* x) {
  ringside_points points;
  memset(&points, 0, sizeof points);
  points.size = sizeof points;
  points.count = count;
  points.episode_id.kind = RINGSIDE_TEXT_EACH;
  points.episode_id.data = episodes;
  points.x.kind = RINGSIDE_DOUBLE;
  points.x.data = x;
  points.cycle = RINGSIDE_NEXT_CYCLE;
  return points;
}

static uint64_t next_of(ringside_producer* producer) {
  ringside_producer_info info;
  memset(&info, 0, sizeof info);
  info.size = sizeof info;
  CHECK(ringside_producer_describe(producer, &info) == RINGSIDE_OK);
  return info.next;
}

/* ---- columns that cannot be published: nothing of them is */

/* A NUL inside a text, or bytes that are no UTF-8, in each column and each form: named by row. */
static void test_refused_texts(ringside_producer* producer) {
  static const uint32_t ascii[6] = {'o', 'k', 0, 'x', 0, 'y'};
  static const uint32_t wide[6] = {0xE9, 'k', 0, 0xE9, 0, 'y'};
  static const uint32_t surrogate[6] = {'o', 'k', 0, 'x', 0xD800, 0};
  static const char fixed[6] = {'o', 'k', 0, 'x', 0, 'y'};
  const char* const bad[2] = {"ok", "\xC0\xAF"};
  const char* const missing[2] = {"ok", NULL};
  const char* const good[2] = {"a", "b"};
  const ringside_texts forms[5] = {{RINGSIDE_TEXT_UTF32, ascii, 3},
                                   {RINGSIDE_TEXT_UTF32, wide, 3},
                                   {RINGSIDE_TEXT_FIXED, fixed, 3},
                                   {RINGSIDE_TEXT_UTF32, surrogate, 3},
                                   {RINGSIDE_TEXT_EACH, bad, 0}};
  const double x[2] = {1, 2};
  size_t form, column;
  ringside_points points;
  for (form = 0; form < 5; ++form)
    for (column = 0; column < 3; ++column) {
      points = columns_of(good, 2, x);
      (&points.episode_id)[column] = forms[form];
      CHECK(ringside_publish_points(producer, &points) == RINGSIDE_ERROR_ARGUMENT);
      CHECK(strstr(ringside_last_error(), form < 3 ? "row 1 holds a NUL" : "row 1 is not UTF-8"));
    }
  points = columns_of(missing, 2, x);
  CHECK(ringside_publish_points(producer, &points) == RINGSIDE_ERROR_ARGUMENT);
  CHECK(strstr(ringside_last_error(), "episode_id: row 1 is null, and it must be there"));
}

/* Labels may be reals that are whole, and coordinates and truth whole numbers: all that a fit may.
 */
static void test_numbers_of_any_kind(void) {
  static const double labels[3] = {1, NAN, -2147483648.0};
  static const float halves[3] = {1, 0.5f, 2};
  static const int16_t places[3] = {-3, 4, 5};
  static const double truths[3] = {1, 0, 1};
  static const uint8_t not_truths[3] = {1, 0, 2};
  const char* const ids[3] = {"a", "b", "c"};
  ringside_producer* producer = open_producer("embedding", "any_kind", 65536);
  ringside_points points = columns_of(ids, 3, NULL);
  ringside_reader* reader;
  ringside_record record;
  const char* json;
  uint64_t cursor = 0;
  points.cluster.kind = RINGSIDE_DOUBLE;
  points.cluster.data = labels;
  points.y.kind = RINGSIDE_INT16;
  points.y.data = places;
  points.is_train.kind = RINGSIDE_DOUBLE;
  points.is_train.data = truths;
  CHECK(ringside_publish_points(producer, &points) == 0);
  reader = ringside_reader_open(bus, "embedding", "any_kind");
  CHECK(ringside_copy_record(reader, &cursor, &record) == RINGSIDE_RUN);
  json = ringside_event_json(reader, record.event, record.size, NULL);
  CHECK(json != NULL && strstr(json, "\"y\":-3.0") && strstr(json, "\"cluster\":-2147483648"));
  CHECK(strstr(json, "\"cluster\":-1") && strstr(json, "\"is_train\":true"));
  ringside_reader_close(reader);
  points.phase.kind = RINGSIDE_FLOAT;
  points.phase.data = halves;
  CHECK(ringside_publish_points(producer, &points) == RINGSIDE_ERROR_ARGUMENT);
  CHECK(strstr(ringside_last_error(), "phase_int: row 1 is 0.5, and it must be a whole number"));
  points.phase.data = NULL;
  points.is_train.kind = RINGSIDE_UINT8;
  points.is_train.data = not_truths;
  CHECK(ringside_publish_points(producer, &points) == RINGSIDE_ERROR_ARGUMENT);
  CHECK(strstr(ringside_last_error(), "is_train: row 2 is 2, and it must be true or false"));
  points.is_train.kind = 99;
  CHECK(ringside_publish_points(producer, &points) == RINGSIDE_ERROR_ARGUMENT);
  CHECK(next_of(producer) == 1);
  ringside_producer_close(producer);
}

static void test_refused_columns(void) {
  static char longest[70001];
  const char* const good[3] = {"a", "b", "c"};
  const char* const too_long[3] = {"a", "b", longest};
  double x[3] = {1, 2, 3};
  int64_t phase[3] = {1, 2, (int64_t)1 << 31};
  ringside_producer* producer = open_producer("embedding", "refused", 65536);
  ringside_points points = columns_of(too_long, 3, x);
  ringside_point point = point_of(0);
  memset(longest, 'e', sizeof longest - 1);
  points.batch = 1;
  CHECK(ringside_publish_points(producer, &points) == RINGSIDE_ERROR_TOO_LARGE);
  CHECK(strstr(ringside_last_error(), "point 2 ") != NULL);

  points = columns_of(good, 3, x);
  points.phase.kind = RINGSIDE_INT64;
  points.phase.data = phase;
  CHECK(ringside_publish_points(producer, &points) == RINGSIDE_ERROR_ARGUMENT);
  CHECK(strstr(ringside_last_error(),
               "phase_int: row 2 is 2147483648, and it must be a whole number") != NULL);
  points.phase.data = NULL;
  for (x[1] = 1e300; x[1] > 0 || x[1] != x[1]; x[1] = x[1] != x[1] ? -1 : NAN) {
    CHECK(ringside_publish_points(producer, &points) == RINGSIDE_ERROR_ARGUMENT);
    CHECK(strstr(ringside_last_error(), "x: row 1 is ") != NULL);
  }
  point.z = INFINITY;
  CHECK(ringside_publish_point(producer, "e", "h", "p", &point) == RINGSIDE_ERROR_ARGUMENT);
  CHECK(strstr(ringside_last_error(), "z: inf") != NULL);
  point = point_of(0);
  CHECK(ringside_publish_point(producer, NULL, "h", "p", &point) == RINGSIDE_ERROR_ARGUMENT);
  CHECK(strstr(ringside_last_error(), "episode_id: null") != NULL);
  point.is_train = 2;
  CHECK(ringside_publish_point(producer, "e", "h", "p", &point) == RINGSIDE_ERROR_ARGUMENT);
  CHECK(strstr(ringside_last_error(), "is_train: 2") != NULL);
  point = point_of(0);
  point.reserved1 = 1;
  CHECK(ringside_publish_point(producer, "e", "h", "p", &point) == RINGSIDE_ERROR_ARGUMENT);
  test_refused_texts(producer);

  /* Numbers that no caller can mean: refused at once, without as much memory. */
  points.count = 4294967285u;
  memset(&points.episode_id, 0, sizeof points.episode_id);
  memset(&points.x, 0, sizeof points.x);
  CHECK(ringside_publish_points(producer, &points) == RINGSIDE_ERROR_TOO_LARGE);
  points = columns_of(good, 3, x);
  points.host_id.kind = RINGSIDE_TEXT_UTF32;
  points.host_id.data = longest;
  points.host_id.size = (size_t)1 << 62;
  CHECK(ringside_publish_points(producer, &points) == RINGSIDE_ERROR_ARGUMENT);
  CHECK(next_of(producer) == 0);
  ringside_producer_close(producer);
}

/* ---- the number of a cycle: after all that the segment has, whoever numbered it */

static uint64_t cycle_of_last(const char* name) {
  ringside_reader* reader = ringside_reader_open(bus, "embedding", name);
  ringside_record record;
  uint64_t cursor = 0;
  uint64_t cycle;
  const char* at;
  CHECK(reader != NULL && ringside_seek(reader, "last:1", &cursor) == RINGSIDE_OK);
  CHECK(ringside_copy_record(reader, &cursor, &record) == RINGSIDE_RUN);
  at = ringside_event_json(reader, record.event, record.size, NULL);
  CHECK(at != NULL && (at = strstr(at, "\"cycle\":")) != NULL);
  cycle = strtoull(at + 8, NULL, 10);
  ringside_reader_close(reader);
  return cycle;
}

static void test_cycles(void) {
  const char* const episodes[2] = {"a", "b"};
  const double x[2] = {1, 2};
  const uint64_t far = (uint64_t)1 << 62; /* in the year 2116, as a time */
  ringside_points points = columns_of(episodes, 2, x);
  ringside_producer* producer = open_producer("embedding", "cycles", 65536);
  uint64_t first, second;
  CHECK(ringside_publish_points(producer, &points) == 0);
  first = cycle_of_last("cycles");
  CHECK(ringside_publish_points(producer, &points) == 1);
  second = cycle_of_last("cycles");
  CHECK(second > first);
  points.cycle = far;
  CHECK(ringside_publish_points(producer, &points) == 2);
  points.cycle = RINGSIDE_NEXT_CYCLE;
  CHECK(ringside_publish_points(producer, &points) == 3);
  CHECK(cycle_of_last("cycles") == far + 1);
  ringside_producer_close(producer);
  producer = open_producer("embedding", "cycles", 0);
  CHECK(ringside_publish_points(producer, &points) == 4);
  CHECK(cycle_of_last("cycles") == far + 2);
  ringside_producer_close(producer);
}

/* ---- a batch whose points have hosts that it does not have */

static void test_numbers_that_are_none(void) {
  const char* const episodes[2] = {"a", "b"};
  const double x[2] = {1, 2};
  ringside_points points = columns_of(episodes, 2, x);
  ringside_producer* producer = open_producer("embedding", "numbers", 65536);
  ringside_reader* reader;
  ringside_found_points found;
  ringside_record record;
  ringside_copied_points to;
  char hosts[2] = {'?', '?'};
  uint64_t cursor = 0;
  unsigned char* event;
  uint16_t none = 0x1234;
  points.host_id.data = "h";
  points.host_id.size = 1;
  CHECK(ringside_publish_points(producer, &points) == 0);
  reader = ringside_reader_open(bus, "embedding", "numbers");
  memset(&found, 0, sizeof found);
  found.size = sizeof found;
  CHECK(ringside_find_points(reader, RINGSIDE_LATEST, &found) == RINGSIDE_RUN);
  CHECK(found.is_in_place == 1 && found.host_id.data != NULL && found.host_id.name_count == 1);
  CHECK(ringside_copy_record(reader, &cursor, &record) == RINGSIDE_RUN);
  event = ringside_claim(producer, record.size);
  CHECK(event != NULL);
  memcpy(event, record.event, record.size);
  /* Of the second point, where the first event has it. */
  memcpy(event + ((const char*)found.host_id.data + found.host_id.stride -
                  ((const char*)found.run.bytes + 24)),
         &none, sizeof none);
  CHECK(ringside_commit(producer, record.size) == 1);
  CHECK(ringside_find_points(reader, RINGSIDE_LATEST, &found) == RINGSIDE_RUN);
  CHECK(found.count == 2 && found.host_id.data == NULL && found.profile.data != NULL);
  memset(&to, 0, sizeof to);
  to.size = sizeof to;
  to.host_id = hosts;
  to.host_id_bytes = 1;
  CHECK(ringside_copy_points(reader, &found, &to) == RINGSIDE_OK);
  CHECK(hosts[0] == 'h' && hosts[1] == '\0');
  ringside_reader_close(reader);
  ringside_producer_close(producer);
}

/* ---- the latest points are those of one cycle, also while the next one comes */

enum { kLivePoints = 100, kLooks = 5000 };

static void* publish_cycles(void* stop) {
  static double x[kLivePoints];
  ringside_producer* producer = open_producer("embedding", "live", 1 << 20);
  ringside_points points = columns_of(NULL, kLivePoints, x);
  points.episode_id.kind = RINGSIDE_TEXT_SAME;
  points.episode_id.data = "";
  /* Relaxed would do: nothing is read because of it. */
  while (!__atomic_load_n((const int*)stop, __ATOMIC_ACQUIRE))
    CHECK(ringside_publish_points(producer, &points) >= 0);
  ringside_producer_close(producer);
  return NULL;
}

static void test_latest(void) {
  static int stop;
  pthread_t thread;
  ringside_reader* reader = NULL;
  ringside_found_points found;
  int looks = 0;
  memset(&found, 0, sizeof found);
  found.size = sizeof found;
  CHECK(pthread_create(&thread, NULL, publish_cycles, &stop) == 0);
  while (reader == NULL) reader = ringside_reader_open(bus, "embedding", "live");
  while (looks < kLooks) {
    const int step = ringside_find_points(reader, RINGSIDE_LATEST, &found);
    if (step != RINGSIDE_RUN) continue; /* nothing yet, or the producer was faster */
    CHECK(found.count == kLivePoints);
    ++looks;
  }
  __atomic_store_n(&stop, 1, __ATOMIC_RELEASE);
  pthread_join(thread, NULL);
  ringside_reader_close(reader);
}

void test_points(void) {
  test_points_one_by_one();
  test_columns(0);
  test_columns(1);
  test_columns(500);
  test_refused_columns();
  test_numbers_of_any_kind();
  test_cycles();
  test_numbers_that_are_none();
  test_latest();
}
