// The forms of publishing that C has, for the count of what each costs.
#include "tests/cost/c_forms.h"

#include <stdio.h>

#include "ringside.h"

enum { POINTS = 1000 };
/* A few hundred events fill the first: what is counted comes after the first lap. */
enum { CAPACITY = 64 * 1024, BATCH_CAPACITY = 1024 * 1024 };

static ringside_producer* open_producer(const char* bus, uint64_t capacity) {
  ringside_producer_options options = RINGSIDE_PRODUCER_OPTIONS_INIT;
  options.bus = bus;
  options.channel = "embedding";
  options.producer = "c";
  options.type = "embedding";
  options.capacity_bytes = capacity;
  return ringside_producer_open(&options);
}

/* Closes the producer. Whether the last event got the last number. */
static int finish(ringside_producer* producer, int64_t last, uint64_t count) {
  int failed = producer == NULL || last != (int64_t)count - 1;
  if (failed) fprintf(stderr, "ringside_cost: %s\n", ringside_last_error());
  ringside_producer_close(producer);
  return failed;
}

int publish_c_events(const char* bus, const void* event, size_t size, uint64_t count) {
  ringside_producer* producer = open_producer(bus, CAPACITY);
  int64_t last = -1;
  uint64_t i;
  for (i = 0; i < count && producer != NULL; ++i) last = ringside_publish(producer, event, size);
  return finish(producer, last, count);
}

int publish_c_points(const char* bus, uint64_t count) {
  ringside_producer* producer = open_producer(bus, CAPACITY);
  ringside_point point = {0};
  int64_t last = -1;
  uint64_t i;
  point.x = 0.5f;
  point.cluster = 4;
  for (i = 0; i < count && producer != NULL; ++i) {
    point.cycle = i;
    last = ringside_publish_point(producer, "episode-00001", "worker-1", "fast", &point);
  }
  return finish(producer, last, count);
}

int publish_c_columns(const char* bus, uint64_t count) {
  static float x[POINTS], y[POINTS], z[POINTS];
  static int32_t cluster[POINTS];
  static char episode_id[POINTS][16];
  ringside_producer* producer = open_producer(bus, BATCH_CAPACITY);
  ringside_points points = {0};
  int64_t last = -1;
  uint64_t i;
  for (i = 0; i < POINTS; ++i) {
    x[i] = (float)i;
    y[i] = x[i] * 0.5f;
    z[i] = x[i] * 0.25f;
    cluster[i] = (int32_t)(i % 10);
    snprintf(episode_id[i], sizeof episode_id[i], "episode-%05d", (int)i);
  }
  points.size = sizeof points;
  points.count = POINTS;
  points.episode_id.kind = RINGSIDE_TEXT_FIXED;
  points.episode_id.data = episode_id;
  points.episode_id.size = sizeof episode_id[0];
  points.host_id.data = "worker-1";
  points.host_id.size = 8;
  points.x.data = x;
  points.y.data = y;
  points.z.data = z;
  points.cluster.kind = RINGSIDE_INT32;
  points.cluster.data = cluster;
  for (i = 0; i < count && producer != NULL; ++i) {
    points.cycle = i;
    last = ringside_publish_points(producer, &points);
  }
  return finish(producer, last, count);
}
