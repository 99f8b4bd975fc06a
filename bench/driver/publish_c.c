/* `ringside_bench_c`: what libringside of this build costs a C program, for bench/compare. It takes
 * turns as bench/driver/turns.hpp says. */
#define _GNU_SOURCE
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <time.h>

#include "ringside.h"

static int fail(const char* what) {
  fprintf(stderr, "ringside_bench_c: %s: %s\n", what, ringside_last_error());
  return 1;
}

static double now_ns(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

int main(int argc, char** argv) {
  if (argc != 3) {
    fprintf(stderr, "usage: ringside_bench_c BUS EVENTS\n");
    return 2;
  }
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  const unsigned long events = strtoul(argv[2], NULL, 10);
  ringside_producer_options options = RINGSIDE_PRODUCER_OPTIONS_INIT;
  options.bus = argv[1];
  options.channel = "embedding";
  options.producer = "c";
  options.type = "embedding";
  /* A turn is more than a lap, so the first one, which is not counted, touches every page. */
  options.capacity_bytes = 16u << 20;
  ringside_producer* producer = ringside_producer_open(&options);
  if (producer == NULL) return fail("open");
  printf("{\"contract\":1}\n");
  fflush(stdout);
  char line[64];
  uint64_t next = 0;
  while (fgets(line, sizeof line, stdin) != NULL) {
    ringside_point point;
    memset(&point, 0, sizeof point);
    const double start = now_ns();
    for (unsigned long i = 0; i < events; ++i) {
      point.x = (float)i;
      if (ringside_publish_point(producer, "train-00007", "host", "fashion-mnist", &point) < 0)
        return fail("publish");
    }
    const double taken = now_ns() - start;
    next += events;
    /* Outside the time that counts: the segment has them all. */
    ringside_producer_info info;
    memset(&info, 0, sizeof info);
    info.size = sizeof info;
    if (ringside_producer_describe(producer, &info) != RINGSIDE_OK) return fail("describe");
    if (info.next != next) {
      fprintf(stderr, "ringside_bench_c: the segment ends at %llu where %llu were published\n",
              (unsigned long long)info.next, (unsigned long long)next);
      return 1;
    }
    printf("{\"ns\":%f}\n", taken / (double)events);
    fflush(stdout);
  }
  ringside_producer_close(producer);
  return 0;
}
