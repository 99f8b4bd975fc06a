/* Publishing through libringside, so many times. Each returns 0, or 1 with what failed on standard
   error. */
#ifndef RINGSIDE_COST_C_FORMS_H
#define RINGSIDE_COST_C_FORMS_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* `size` bytes, a finished event of the type "embedding". */
int publish_c_events(const char* bus, const void* event, size_t size, uint64_t count);
int publish_c_points(const char* bus, uint64_t count);
/* Columns of 1,000 points each. */
int publish_c_columns(const char* bus, uint64_t count);

#ifdef __cplusplus
}
#endif

#endif
