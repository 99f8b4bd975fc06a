/* The points of a scatter, events of the type "embedding": published by the column, and read in
 * place. Part of ringside.h, whose rules of results, memory, threads and growth hold here too.
 */
#ifndef RINGSIDE_POINTS_H
#define RINGSIDE_POINTS_H

#include "ringside.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- Publishing ------------------------------------------------------------------------------ */

typedef struct ringside_point {
  float x, y, z;
  int32_t phase, predicted, cluster; /* -1 where there is none */
  uint8_t is_train;                  /* 0 or 1 */
  uint8_t reserved[3];               /* zeros */
  uint32_t index;                    /* of the point in its cycle */
  uint64_t cycle;                    /* a pass of the producer over its points */
  uint32_t total;     /* points of the complete cycle; 0: unknown, the point is appended */
  uint32_t reserved1; /* 0 */
} ringside_point;

/* Publishes one point as an event. Its coordinates are finite, what is reserved is zero, and
   is_train is 0 or 1. The texts end with NUL; NULL is "", which an episode_id has to say itself. */
RINGSIDE_API int64_t ringside_publish_point(ringside_producer* producer, const char* episode_id,
                                            const char* host_id, const char* profile,
                                            const ringside_point* point);

/* One text for each point, or one for all of them, without a NUL inside. NULL is "" (of SAME, and
   of one of EACH), but for an episode_id, which has to be there. */
enum ringside_text_kind {
  RINGSIDE_TEXT_SAME = 0,   /* `data`: the text of all, `size` bytes */
  RINGSIDE_TEXT_EACH = 1,   /* `data`: const char *const *, each text ended with NUL */
  RINGSIDE_TEXT_JOINED = 2, /* `data`: the texts one after the other, each ended with NUL, `size`
                               bytes in all; there must be as many as points */
  RINGSIDE_TEXT_FIXED = 3,  /* `data`: `size` bytes for each, padded with NUL (NumPy's "S") */
  RINGSIDE_TEXT_UTF32 = 4   /* `data`: `size` uint32_t code points each, padded with 0 ("U") */
};
typedef struct ringside_texts {
  int32_t kind;
  const void* data;
  size_t size;
} ringside_texts;

/* The numbers of a column, one after the other, of any of these kinds. x, y and z are finite and
   fit a float; phase, predicted and cluster are whole numbers of 32 bits, however they are stored,
   and -1 where they are NaN; is_train is 0 or 1. */
enum ringside_number_kind {
  RINGSIDE_FLOAT = 0,
  RINGSIDE_DOUBLE = 1,
  RINGSIDE_INT8 = 2,
  RINGSIDE_INT16 = 3,
  RINGSIDE_INT32 = 4,
  RINGSIDE_INT64 = 5,
  RINGSIDE_UINT8 = 6 /* and bool */
};
typedef struct ringside_numbers {
  int32_t kind;
  const void* data; /* NULL: x, y, z 0; phase, predicted, cluster -1; is_train false */
} ringside_numbers;

#define RINGSIDE_NEXT_CYCLE UINT64_MAX
#define RINGSIDE_TOTAL_UNKNOWN UINT32_MAX

typedef struct ringside_points {
  size_t size;
  size_t count;
  ringside_texts episode_id, host_id, profile;
  ringside_numbers x, y, z;
  ringside_numbers phase, predicted, cluster;
  ringside_numbers is_train;
  uint64_t cycle; /* RINGSIDE_NEXT_CYCLE: after all of this segment: the time in ns since 1970 */
  uint32_t index; /* of the first point in its cycle */
  uint32_t total; /* points of the complete cycle; 0: index + count; RINGSIDE_TOTAL_UNKNOWN */
  size_t batch;   /* points an event: 0 is all of them in one, 1 an event for each */
} ringside_points;

/* Publishes `count` points in one call. Everything is checked before the first event is published.
   Returns the sequence of the last event. Readers find the points at a constant stride, so that
   columns can be used in place (ringside_find_points). */
RINGSIDE_API int64_t ringside_publish_points(ringside_producer* producer,
                                             const ringside_points* points);

/* ---- Reading in place ------------------------------------------------------------------------ */

/* A column in place: the value of point i is at `data + i * stride`. */
typedef struct ringside_strided {
  const void* data;
  ptrdiff_t stride;
} ringside_strided;

/* Texts in place: text i is at `data + i * stride`, padded with NUL to `width` bytes. Or, where
   `names` is not NULL: at `data + i * stride` is the number of point i's text (unsigned, `width`
   bytes) among `name_count` texts, one after the other in `names`, each ended with NUL. Where
   `data` is NULL the texts are not in place: copy them. A number was below `name_count` when it was
   found; what overwrites it may not be, so compare it before you use it. */
typedef struct ringside_strided_texts {
  const void* data;
  ptrdiff_t stride;
  size_t width;
  const char* names;
  size_t name_count;
} ringside_strided_texts;

typedef struct ringside_found_points {
  size_t size;
  ringside_run run; /* the events that hold the points; ask ringside_is_still_valid() after use */
  uint64_t count;   /* of points */
  int32_t is_in_place; /* 1: the columns below; 0: layouts differ, see ringside_copy_points() */
  uint32_t damaged;    /* records among them that are damaged, and whose points are left out */
  ringside_strided x, y, z;                   /* float */
  ringside_strided phase, predicted, cluster; /* int32_t */
  ringside_strided is_train;                  /* uint8_t */
  ringside_strided_texts episode_id, host_id, profile;
  size_t episode_id_bytes, host_id_bytes, profile_bytes; /* of the longest text, NUL not counted */
} ringside_found_points;

enum ringside_which {
  RINGSIDE_LATEST = 0, /* each point of a cycle once: as many events as the newest says it has */
  RINGSIDE_WINDOW = 1  /* every point that is retained */
};

/* Finds the points of a channel of embedding events, and checks each of them that it can be read
   where it stands. A record that is damaged costs its own points. Values are not checked against
   the checksums, nor to be finite, nor texts to be UTF-8: ringside_copy_record() checks a record,
   and docs/producers.md says who holds events to what. Returns RINGSIDE_RUN; RINGSIDE_NOTHING if
   there are none; or an error. RINGSIDE_ERROR_OVERWRITTEN: the producer was faster several times
   over. `names` are the thread's, until its next call of this function. */
RINGSIDE_API int ringside_find_points(const ringside_reader* reader, int which,
                                      ringside_found_points* found);

/* Where to copy points to; NULL leaves a column out. Texts are padded with NUL to their bytes. */
typedef struct ringside_copied_points {
  size_t size;
  float *x, *y, *z;
  int32_t *phase, *predicted, *cluster;
  uint8_t* is_train;
  char *episode_id, *host_id, *profile;
  size_t episode_id_bytes, host_id_bytes, profile_bytes; /* for each text; longer ones are cut */
} ringside_copied_points;

/* Copies `found->count` points out, whatever their layout. RINGSIDE_OK, or
   RINGSIDE_ERROR_OVERWRITTEN: find them again. */
RINGSIDE_API int ringside_copy_points(const ringside_reader* reader,
                                      const ringside_found_points* found,
                                      const ringside_copied_points* to);

#ifdef __cplusplus
}
#endif

#endif
