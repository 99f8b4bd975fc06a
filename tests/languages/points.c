/* The C writer.
 *
 *   points_c BUS PRODUCER CYCLE (one | all) <points.tsv
 */
#include <ringside.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST = 64, LONGEST = 4096 };

static char lines[MOST][LONGEST];
static const char *episodes[MOST], *hosts[MOST], *profiles[MOST];
static float x[MOST], y[MOST], z[MOST];
static int32_t phases[MOST], predicted[MOST], clusters[MOST];
static uint8_t is_train[MOST];

static int failed(void) {
  fprintf(stderr, "points_c: %s\n", ringside_last_error());
  return 1;
}

/* Unlike strtok(), takes an empty column for one. */
static char* column(char** rest) {
  char* begin = *rest;
  char* end = begin + strcspn(begin, "\t\n");
  *rest = end + (*end != '\0');
  *end = '\0';
  return begin;
}

static float float_of(const char* hex) {
  const uint32_t bits = (uint32_t)strtoul(hex, NULL, 16);
  float value;
  memcpy(&value, &bits, sizeof(value));
  return value;
}

static uint32_t parse(void) {
  uint32_t count = 0;
  while (count < MOST && fgets(lines[count], LONGEST, stdin) != NULL) {
    char* rest = lines[count];
    episodes[count] = column(&rest);
    hosts[count] = column(&rest);
    profiles[count] = column(&rest);
    x[count] = float_of(column(&rest));
    y[count] = float_of(column(&rest));
    z[count] = float_of(column(&rest));
    phases[count] = (int32_t)strtol(column(&rest), NULL, 10);
    predicted[count] = (int32_t)strtol(column(&rest), NULL, 10);
    clusters[count] = (int32_t)strtol(column(&rest), NULL, 10);
    is_train[count] = *column(&rest) == '1';
    ++count;
  }
  return count;
}

static int64_t publish_one_by_one(ringside_producer* producer, uint64_t cycle, uint32_t total) {
  int64_t done = 0;
  uint32_t i;
  for (i = 0; i < total && done >= 0; ++i) {
    ringside_point point = {0};
    point.x = x[i];
    point.y = y[i];
    point.z = z[i];
    point.phase = phases[i];
    point.predicted = predicted[i];
    point.cluster = clusters[i];
    point.is_train = is_train[i];
    point.cycle = cycle;
    point.index = i;
    point.total = total;
    done = ringside_publish_point(producer, episodes[i], hosts[i], profiles[i], &point);
  }
  return done;
}

static ringside_texts each(const char** texts) {
  ringside_texts all = {RINGSIDE_TEXT_EACH, NULL, 0};
  all.data = texts;
  return all;
}

static ringside_numbers numbers(int32_t kind, const void* data) {
  ringside_numbers all = {0, NULL};
  all.kind = kind;
  all.data = data;
  return all;
}

static int64_t publish_all(ringside_producer* producer, uint64_t cycle, uint32_t total) {
  ringside_points points;
  memset(&points, 0, sizeof(points));
  points.size = sizeof(points);
  points.count = total;
  points.episode_id = each(episodes);
  points.host_id = each(hosts);
  points.profile = each(profiles);
  points.x = numbers(RINGSIDE_FLOAT, x);
  points.y = numbers(RINGSIDE_FLOAT, y);
  points.z = numbers(RINGSIDE_FLOAT, z);
  points.phase = numbers(RINGSIDE_INT32, phases);
  points.predicted = numbers(RINGSIDE_INT32, predicted);
  points.cluster = numbers(RINGSIDE_INT32, clusters);
  points.is_train = numbers(RINGSIDE_UINT8, is_train);
  points.cycle = cycle;
  return ringside_publish_points(producer, &points);
}

int main(int argc, char** argv) {
  ringside_producer_options options = RINGSIDE_PRODUCER_OPTIONS_INIT;
  ringside_producer* producer;
  uint64_t cycle;
  uint32_t total;
  if (argc != 5) return fputs("points_c BUS PRODUCER CYCLE (one | all)\n", stderr), 2;
  options.bus = argv[1];
  options.channel = "embedding";
  options.producer = argv[2];
  options.type = "embedding";
  options.capacity_bytes = 1 << 20;
  cycle = strtoull(argv[3], NULL, 10);
  total = parse();
  producer = ringside_producer_open(&options);
  if (producer == NULL) return failed();
  if ((strcmp(argv[4], "one") == 0 ? publish_one_by_one(producer, cycle, total)
                                   : publish_all(producer, cycle, total)) < 0)
    return failed();
  ringside_producer_close(producer);
  return 0;
}
