/* What the tests of libringside share: one bus, and a check that says which line was not so. */
#ifndef RINGSIDE_TESTS_ABI_H
#define RINGSIDE_TESTS_ABI_H

#include <stdio.h>
#include <stdlib.h>

#include "ringside.h"

#define CHECK(so)                                                                                  \
  do {                                                                                             \
    if (!(so)) {                                                                                   \
      fprintf(stderr, "%s:%d: not so: %s (%s)\n", __FILE__, __LINE__, #so, ringside_last_error()); \
      exit(1);                                                                                     \
    }                                                                                              \
  } while (0)

extern const char* bus;

/* A producer of the built-in type that the channel is named after. */
ringside_producer* open_producer(const char* channel, const char* name, uint64_t capacity);

/* Different points have different values. */
ringside_point point_of(int i);

/* Points, one an event and in columns: published, found in place, copied, refused. */
void test_points(void);

#endif
